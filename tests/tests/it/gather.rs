//! Queries that neither pass nor merge are gathered, and answered as one server answers.

use mysql_async::Value;
use mysql_async::prelude::Queryable;
use ostrakon_tests::cluster::{TestCluster, refused, run, value};
use ostrakon_tests::pair::Pair;

async fn filled() -> Pair {
    fill(Pair::start().await).await
}

/// Gives both four tables of all kinds.
pub async fn fill(mut pair: Pair) -> Pair {
    pair.create(
        "CREATE TABLE c (id INT NOT NULL PRIMARY KEY, name VARCHAR(20), city VARCHAR(20), born DATE, boss INT)",
        "DBPARTITION BY HASH(id) TBPARTITION BY HASH(id) TBPARTITIONS 2",
    )
    .await;
    pair.create(
        "CREATE TABLE o (id INT NOT NULL PRIMARY KEY, c_id INT, total DECIMAL(10,2), at DATETIME(3), state ENUM('new','paid'))",
        "DBPARTITION BY HASH(id)",
    )
    .await;
    pair.create("CREATE TABLE b (code CHAR(2) PRIMARY KEY, city VARCHAR(20))", "BROADCAST").await;
    pair.create("CREATE TABLE s (id INT PRIMARY KEY, o_id INT, f FLOAT)", "").await;
    let rows = |count: i64, row: &dyn Fn(i64) -> String| (1..=count).map(row).collect::<Vec<_>>().join(",");
    let customers = rows(40, &|n| {
        let boss = if n % 7 == 0 { "NULL".to_owned() } else { (n % 7).to_string() };
        format!("({n},'n{}','city{}','19{}-0{}-11',{boss})", n % 9, n % 4, 50 + n, n % 9 + 1)
    });
    let orders = rows(120, &|n| {
        let state = if n % 3 == 0 { "new" } else { "paid" };
        format!(
            "({n},{},{}.{:02},'2024-01-{:02} 10:00:00.{:03}','{state}')",
            n * 7 % 45,
            n * 3,
            n % 100,
            n % 28 + 1,
            n
        )
    });
    let places = rows(4, &|n| format!("('c{n}','city{n}')"));
    let singles = rows(30, &|n| format!("({n},{},{}.3)", n * 4, n));
    for (table, rows) in [("c", customers), ("o", orders), ("b", places), ("s", singles)] {
        pair.prepare(&format!("INSERT INTO {table} VALUES {rows}")).await;
    }
    pair
}

pub const QUERIES: &[&str] = &[
    "SELECT c.name, o.total FROM c JOIN o ON o.c_id = c.id ORDER BY o.id",
    "SELECT c.name, o.total FROM c, o WHERE o.c_id = c.id AND o.total > 100 AND c.city = 'city1' ORDER BY o.id",
    "SELECT c.name, COUNT(*), SUM(o.total), AVG(total) FROM c JOIN o ON o.c_id = c.id GROUP BY c.name HAVING COUNT(*) > 3 ORDER BY 1",
    "SELECT c.id, o.id FROM c LEFT JOIN o ON o.c_id = c.id AND o.total > 200 ORDER BY 1, 2",
    "SELECT c.id, o.id FROM c RIGHT JOIN o ON o.c_id = c.id AND c.city = 'city2' ORDER BY 2",
    "SELECT c.id, o.id FROM c LEFT JOIN o ON o.c_id = c.id WHERE o.id IS NULL ORDER BY 1",
    "SELECT * FROM c JOIN o ON o.c_id = c.id JOIN b USING (city) ORDER BY o.id",
    "SELECT * FROM c NATURAL JOIN b ORDER BY id",
    "SELECT a.id, b.id FROM c a JOIN c b ON a.boss = b.id ORDER BY 1, 2",
    "SELECT id FROM c WHERE id IN (SELECT c_id FROM o WHERE total > 150) ORDER BY id",
    "SELECT id FROM c WHERE NOT EXISTS (SELECT * FROM o WHERE o.c_id = c.id AND state = 'new') ORDER BY id",
    "SELECT id, (SELECT MAX(total) FROM o WHERE o.c_id = c.id) m FROM c ORDER BY id",
    "SELECT d.n, COUNT(*) FROM (SELECT c_id, COUNT(*) n FROM o GROUP BY c_id) d GROUP BY d.n ORDER BY 1",
    "WITH t AS (SELECT c_id, SUM(total) x FROM o GROUP BY c_id) SELECT c.id, t.x FROM c LEFT JOIN t ON t.c_id = c.id ORDER BY 1",
    "WITH RECURSIVE up AS (SELECT id, boss, 0 d FROM c WHERE id = 40 UNION ALL SELECT c.id, c.boss, d + 1 FROM c JOIN up ON c.id = up.boss WHERE d < 5) \
     SELECT * FROM up ORDER BY d",
    "WITH t AS (SELECT c_id, COUNT(*) n FROM o GROUP BY c_id), u AS (SELECT n, COUNT(*) m FROM t GROUP BY n) \
     SELECT t.c_id, u.m, (SELECT MAX(n) FROM t) FROM t JOIN u ON u.n = t.n JOIN u AS w ON w.m = u.m ORDER BY 1, 2",
    "WITH RECURSIVE up AS (SELECT id, boss, 0 d FROM c WHERE id = 40 UNION ALL SELECT c.id, c.boss, d + 1 FROM c JOIN up ON c.id = up.boss WHERE d < 3) \
     SELECT a.id, (SELECT COUNT(*) FROM up) FROM up a ORDER BY a.d",
    "SELECT state, COUNT(*) FROM o GROUP BY state UNION ALL SELECT 'all', COUNT(*) FROM o UNION SELECT city, id FROM c WHERE id < 4 ORDER BY 1, 2",
    "SELECT id FROM c WHERE id IN (SELECT c_id FROM o GROUP BY c_id HAVING SUM(total) > 500) AND city IN (SELECT city FROM b) ORDER BY id",
    "SELECT c.id, c.name, COUNT(o.id) FROM c JOIN o ON o.c_id = c.id GROUP BY c.id ORDER BY c.id",
    "SELECT * FROM (SELECT DISTINCT city FROM b) q LEFT JOIN c USING (city) JOIN s ON s.id = LENGTH(city) ORDER BY 1, 2",
    "SELECT v.x, o.id FROM (SELECT 1 AS x) v, o WHERE o.id < 4 ORDER BY o.id",
    "SELECT id, city FROM c WHERE (city, name) IN (SELECT b.city, c2.name FROM c c2 JOIN b ON b.city = c2.city) ORDER BY id",
    "WITH u AS (SELECT 1) SELECT city, COUNT(*) FROM c GROUP BY city ORDER BY COUNT(*) DESC, city LIMIT 2",
    "WITH c AS (SELECT c_id AS k FROM o) SELECT COUNT(*) FROM c WHERE k IN (WITH c AS (SELECT o_id AS k FROM s) SELECT k FROM c)",
    "SELECT x FROM (SELECT x FROM (SELECT x FROM (SELECT x FROM (SELECT x FROM (SELECT x FROM (SELECT x FROM (SELECT c.id x FROM c JOIN o ON c.id = o.c_id) a) b) c) d) e) f) g ORDER BY x",
    "SELECT id, RANK() OVER (PARTITION BY city ORDER BY born, id) r FROM c ORDER BY id",
    "SELECT city, name, COUNT(*) FROM c GROUP BY city, name WITH ROLLUP",
    "SELECT city FROM c UNION SELECT city FROM b ORDER BY 1",
    "SELECT id FROM c INTERSECT SELECT c_id FROM o ORDER BY 1",
    "SELECT COUNT(DISTINCT c_id), GROUP_CONCAT(DISTINCT state ORDER BY state SEPARATOR '|') FROM o",
    "SELECT c.id, s.f FROM c JOIN o ON o.c_id = c.id JOIN s ON s.o_id = o.id ORDER BY s.id",
    "SELECT c.id AS `a b`, c.id+1, /* hi */ UPPER(name) FROM c USE INDEX (PRIMARY) JOIN o ON o.c_id = c.id WHERE o.id = 5",
    "SELECT app.c.id, o.* FROM app.c JOIN app.o ON app.o.c_id = app.c.id WHERE app.c.id < 9 ORDER BY o.id",
    "SELECT id FROM c JOIN o ON o.c_id = c.id",
    "SELECT nothing FROM c JOIN o ON o.c_id = c.id",
    "SELECT id, (SELECT total FROM o) FROM c",
    "SELECT COUNT(*) FROM c CROSS JOIN o",
    "SELECT SQL_CALC_FOUND_ROWS c.id FROM c JOIN o ON o.c_id = c.id ORDER BY o.id LIMIT 3",
    "SELECT FOUND_ROWS()",
    "SELECT c.id FROM c JOIN o ON o.c_id = c.id ORDER BY o.total DESC, o.id LIMIT 5 OFFSET 3",
];

#[tokio::test]
async fn what_neither_passes_nor_merges_is_gathered() {
    let mut pair = filled().await;
    for sql in QUERIES {
        pair.same(sql).await;
    }
    for sql in QUERIES {
        if !sql.contains("FOUND_ROWS") {
            pair.same_prepared(sql, Vec::new()).await;
        }
    }
    let sql = "SELECT c.id, o.id, ? FROM c JOIN o ON o.c_id = c.id WHERE o.total > ? AND c.name <> ? ORDER BY o.id LIMIT ?";
    let values = [Value::from("x'\\"), Value::from(33.5), Value::from("n3"), Value::from(7)];
    pair.same_prepared(sql, values.to_vec()).await;
}

#[tokio::test]
async fn rows_that_the_transaction_has_written_are_gathered() {
    let mut pair = filled().await;
    pair.prepare("BEGIN").await;
    pair.prepare("UPDATE o SET total = total + 1000 WHERE id < 50").await;
    pair.prepare("INSERT INTO c VALUES (100, 'x', 'y', NULL, 1)").await;
    pair.same("SELECT c.id, SUM(o.total) FROM c LEFT JOIN o ON o.c_id = c.id GROUP BY c.id ORDER BY 1").await;
    pair.prepare("ROLLBACK").await;
    pair.same("SELECT c.id, SUM(o.total) FROM c LEFT JOIN o ON o.c_id = c.id GROUP BY c.id ORDER BY 1").await;
}

#[tokio::test]
async fn tables_of_several_databases_are_gathered() {
    let mut pair = filled().await;
    run(&mut pair.node, "CREATE DATABASE other DBPARTITIONS = 3").await;
    run(&mut pair.plain, "CREATE DATABASE other").await;
    pair.create(
        "CREATE TABLE other.t (id INT PRIMARY KEY, c_id INT, n VARCHAR(9))",
        "DBPARTITION BY HASH(id)",
    )
    .await;
    pair.prepare("INSERT INTO other.t VALUES (1,1,'a'),(2,3,'b'),(3,5,'c'),(4,NULL,'d')").await;
    pair.same("SELECT c.name, t.n FROM c JOIN other.t t ON t.c_id = c.id ORDER BY t.id").await;
    pair.same("SELECT other.t.n, app.b.code FROM other.t, app.b ORDER BY 1, 2").await;
    assert_eq!(value::<i64>(&mut pair.node, "SELECT COUNT(*) FROM other.t a, c").await, 160);
}

/// What EXPLAIN says is what the trace of the run shows, source by source.
#[tokio::test]
async fn explain_tells_what_is_sent() {
    let mut pair = filled().await;
    for sql in QUERIES.iter().filter(|sql| **sql != "SELECT FOUND_ROWS()") {
        let Ok(explained) = pair.node.query::<mysql_async::Row, _>(format!("EXPLAIN {sql}")).await else {
            continue;
        };
        let texts = |rows: &[mysql_async::Row], column: &str| -> Vec<String> {
            rows.iter().map(|row| any_copy(row.get(column).unwrap_or_default())).collect()
        };
        let mut planned = texts(&explained, "STATEMENT");
        if pair.node.query::<mysql_async::Row, _>(format!("TRACE {sql}")).await.is_err() {
            continue;
        }
        let traced: Vec<mysql_async::Row> = pair.node.query("SHOW TRACE").await.unwrap();
        let mut sent = texts(&traced, "STATEMENT");
        planned.sort();
        sent.sort();
        assert_eq!(planned, sent, "{sql}");
        let analyzed: Vec<mysql_async::Row> =
            pair.node.query(format!("EXPLAIN ANALYZE {sql}")).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
        assert_eq!(analyzed.len(), sent.len() + 1, "{sql}");
    }
}

/// The statement, with a broadcast table's copy in whatever group as that in the first.
fn any_copy(statement: String) -> String {
    match statement.find("`.`b_") {
        Some(at) => format!("{}0000{}", &statement[..at - 4], &statement[at..]),
        None => statement,
    }
}

#[tokio::test]
async fn user_variables_are_assigned_as_by_one_server() {
    let mut pair = filled().await;
    for sql in [
        "SELECT @a := 7, @b := 'x', @c := 1.50, @d := NULL, @e := 2e0",
        "SELECT @a, @b, @c, @d, @e",
        "SELECT @r := @r + 1, t.id FROM (SELECT c.id FROM c JOIN o ON o.c_id = c.id ORDER BY o.id LIMIT 50) t, (SELECT @r := 0) v",
        "SELECT @r, @r + 1",
        "SELECT @last := MAX(id) FROM c",
        "SELECT id, name FROM c WHERE id = @last",
        "SELECT @one := name FROM c WHERE id = 3",
        "SELECT @one, COLLATION(@one)",
        "SELECT COUNT(*) FROM c, o WHERE o.c_id = c.id AND c.id > @r",
    ] {
        pair.same(sql).await;
    }
    pair.prepare("BEGIN").await;
    pair.same("SELECT @t := SUM(total) FROM o").await;
    pair.prepare("ROLLBACK").await;
    pair.same("SELECT @t").await;
    assert_eq!(refused(&mut pair.node, "UPDATE c SET boss = (@a := @a + 1) WHERE id = 3").await.0, 1235);
    // Another session must not see them.
    let mut other = pair.cluster.client(Some("app")).await;
    for _ in 0..20 {
        assert_eq!(value::<Option<i64>>(&mut other, "SELECT @a").await, None);
    }
}

/// A gathered statement that takes long.
const SLOW: &str = "SELECT SLEEP(1), c.id FROM c JOIN o ON o.c_id = c.id";

#[tokio::test]
async fn what_is_killed_or_left_leaves_no_table_behind() {
    let mut pair = filled().await;
    for round in 0..4 {
        let mut slow = pair.cluster.client(Some("app")).await;
        let id: u64 = value(&mut slow, "SELECT CONNECTION_ID()").await;
        let running = tokio::spawn(async move {
            let answer = slow.query::<mysql_async::Row, _>(SLOW).await;
            answer.map(|_| slow)
        });
        while pair.cluster.running_statements() == 0 {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        match round % 2 {
            0 => {
                run(&mut pair.node, &format!("KILL QUERY {id}")).await;
                let ended = running.await.unwrap();
                assert!(matches!(&ended, Err(mysql_async::Error::Server(e)) if e.code == 1317), "{ended:?}");
            }
            // The client is gone in the middle.
            _ => running.abort(),
        }
        while pair.cluster.running_statements() > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        // Tables of the same names are made anew on whatever connection comes.
        for _ in 0..4 {
            pair.same(QUERIES[0]).await;
        }
    }
}

#[tokio::test]
async fn a_gathered_statement_has_a_time_limit() {
    let cluster = TestCluster::start_with(|options| {
        options.node_settings = "[limits]\ngather_time_s = 1\ngather_rows = 50\n".into()
    });
    let mut client = cluster.database("app", "DBPARTITIONS = 2").await;
    run(&mut client, "CREATE TABLE t (id INT PRIMARY KEY, a INT) DBPARTITION BY HASH(id)").await;
    run(&mut client, "INSERT INTO t VALUES (1, 2), (2, 3), (3, 4), (4, 5)").await;
    let (errno, _) = refused(&mut client, "SELECT SLEEP(3) FROM t x JOIN t y ON x.a = y.id").await;
    assert!(errno == 1969 || errno == 3024, "{errno}");
    assert_eq!(value::<i64>(&mut client, "SELECT COUNT(*) FROM t x JOIN t y ON x.a = y.id").await, 3);
    let rows: Vec<String> = (5..60).map(|id| format!("({id}, {id})")).collect();
    run(&mut client, &format!("INSERT INTO t VALUES {}", rows.join(","))).await;
    let (errno, message) = refused(&mut client, "SELECT COUNT(*) FROM t x JOIN t y ON x.a = y.id").await;
    assert!(errno == 1104 && message.contains("limits.gather_rows"), "{errno} {message}");
    // What fits is answered.
    assert_eq!(
        value::<i64>(
            &mut client,
            "SELECT COUNT(*) FROM t x JOIN t y ON x.a = y.id WHERE x.id < 5 AND y.id < 5"
        )
        .await,
        3
    );
}

#[tokio::test]
async fn many_gathers_at_once_share_few_connections() {
    let cluster = TestCluster::start_with(|options| {
        options.node_settings = "[limits]\ngather_connections_per_instance = 4\n".into()
    });
    let mut client = cluster.database("app", "DBPARTITIONS = 4").await;
    run(&mut client, "CREATE TABLE t (id INT PRIMARY KEY, a INT) DBPARTITION BY HASH(id)").await;
    run(&mut client, "CREATE TABLE u (id INT PRIMARY KEY, a INT) DBPARTITION BY HASH(id)").await;
    let rows: Vec<String> = (1..=100).map(|id| format!("({id}, {})", id % 10)).collect();
    for table in ["t", "u"] {
        run(&mut client, &format!("INSERT INTO {table} VALUES {}", rows.join(","))).await;
    }
    let mut others = Vec::new();
    for _ in 0..24 {
        let mut other = cluster.client(Some("app")).await;
        others.push(tokio::spawn(async move {
            for _ in 0..5 {
                assert_eq!(
                    value::<i64>(&mut other, "SELECT COUNT(*) FROM t JOIN u ON t.a = u.a").await,
                    1000
                );
            }
        }));
    }
    for other in others {
        other.await.unwrap();
    }
}
