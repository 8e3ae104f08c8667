//! RETURNING over several physical tables (MariaDB), in order: as one server answers, by text and prepared, in transactions and by itself; and all or nothing.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row, Value};
use ostrakon::dev::server::ServerKind;
use ostrakon_tests::cluster::{TestCluster, refused, run, value};
use ostrakon_tests::pair::Pair;

async fn filled() -> Pair {
    let mut pair = Pair::of(ServerKind::MariaDb).await;
    let columns = "id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, n VARCHAR(60), d DECIMAL(10,3), f FLOAT, t DATETIME(3), \
                   b BIT(5), bl BLOB, e ENUM('x','y'), u INT UNSIGNED, c VARCHAR(40) AS (CONCAT(n, '/', u))";
    pair.create(
        &format!("CREATE TABLE t ({columns})"),
        "DBPARTITION BY HASH(id) TBPARTITION BY HASH(id) TBPARTITIONS 2",
    )
    .await;
    pair.create("CREATE TABLE s (id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, n VARCHAR(20))", "").await;
    pair.create("CREATE TABLE c (id INT NOT NULL PRIMARY KEY, n VARCHAR(20), at DATETIME(6))", "BROADCAST")
        .await;
    pair
}

fn values(values: &[&str]) -> Vec<Value> {
    values.iter().map(|text| Value::from(*text)).collect()
}

async fn same_warnings(pair: &mut Pair) {
    type Warnings = Vec<(String, u16, String)>;
    let node: Warnings = pair.node.query("SHOW WARNINGS").await.unwrap();
    let plain: Warnings = pair.plain.query("SHOW WARNINGS").await.unwrap();
    assert_eq!(node, plain);
}

/// The error of a statement, which may have answered with rows before.
async fn failed(client: &mut Conn, sql: &str) -> u16 {
    match client.query::<Row, _>(sql).await {
        Err(mysql_async::Error::Server(error)) => error.code,
        other => panic!("{sql}: {other:?}"),
    }
}

#[tokio::test]
async fn rows_come_in_the_order_of_values_in_both_protocols() {
    let mut pair = filled().await;
    for prepared in [false, true] {
        let rows = match prepared {
            true => values(&["9", "7", "8", "3", "1", "5"]),
            false => Vec::new(),
        };
        let text = |sql: &str| match prepared {
            true => sql.to_owned(),
            false => {
                ["9", "7", "8", "3", "1", "5"].iter().fold(sql.to_owned(), |sql, id| sql.replacen('?', id, 1))
            }
        };
        for (verb, tail) in [
            ("INSERT INTO", ""),
            ("INSERT IGNORE INTO", ""),
            ("INSERT INTO", "ON DUPLICATE KEY UPDATE n = CONCAT(t.n, '+'), u = u + 1"),
            ("INSERT IGNORE INTO", "ON DUPLICATE KEY UPDATE n = 'z'"),
            ("REPLACE INTO", ""),
        ] {
            let sql = text(&format!(
                "{verb} t (id, n, d, f, t, b, bl, e, u) VALUES \
                 (?,'a',1.5,0.1,'2024-01-01 10:11:12.123',b'101',x'00FF','x',1),(?,'b',NULL,1e10,NULL,NULL,'','y',2), \
                 (?,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL),(?,'d',3,4,'2024-01-02',b'1','x',1,3), \
                 (?,'e',3,4,'2024-01-02',b'1','x',1,3),(?,'f',3,4,'2024-01-02',b'1','x',1,3) {tail} \
                 RETURNING *, t.id + 1, t.n AS name, DATABASE(), n IS NULL"
            ));
            if prepared {
                pair.same_prepared(&sql, rows.clone()).await;
            } else {
                pair.same(&sql).await;
            }
            same_warnings(&mut pair).await;
        }
        let some = if prepared { values(&["3", "8", "100"]) } else { Vec::new() };
        let text = |sql: &str| {
            if prepared {
                sql.to_owned()
            } else {
                sql.replacen('?', "3", 1).replacen('?', "8", 1).replacen('?', "100", 1)
            }
        };
        let sql = text("DELETE FROM t WHERE id IN (?, ?) ORDER BY id DESC LIMIT 2 RETURNING *, t.id + ?");
        if prepared {
            pair.same_prepared(&sql, some).await;
        } else {
            pair.same(&sql).await;
        }
        pair.same("SELECT * FROM t ORDER BY id").await;
        if prepared {
            let sql = "DELETE FROM t WHERE u < ? RETURNING id, f, d, t, b, bl, e, u";
            pair.same_set_prepared(sql, values(&["3"])).await;
            let sql = "DELETE FROM t WHERE n = ? ORDER BY id LIMIT ? RETURNING id, u * ?";
            pair.same_prepared(sql, vec![Value::from("nobody"), Value::from(3), Value::from(4)]).await;
            pair.same_prepared(sql, vec![Value::from("e"), Value::from(0), Value::from(4)]).await;
            let sql = "INSERT INTO t (n, u) SELECT n, u + ? FROM t WHERE id < 0 RETURNING id, u * ?, c";
            pair.same_prepared(sql, values(&["3", "4"])).await;
            let sql = "INSERT INTO t (id, n, u) SELECT id + ?, n, u FROM t ORDER BY id RETURNING id, u * ?, c, f, t";
            pair.same_prepared(sql, values(&["1000", "4"])).await;
        }
        pair.same_set("DELETE FROM t WHERE id <> 77 RETURNING *").await;
        pair.same_set("DELETE FROM t WHERE id <> 77 RETURNING *").await;
    }
}

#[tokio::test]
async fn the_session_learns_what_it_learns_from_one_server() {
    let mut pair = filled().await;
    let learnt = "SELECT ROW_COUNT(), LAST_INSERT_ID()";
    for sql in [
        "INSERT INTO s (n) VALUES ('a'), ('b') RETURNING id",
        "INSERT INTO s (n) SELECT 'c' UNION SELECT 'd' RETURNING id, n",
        "INSERT INTO s VALUES (50, 'given') RETURNING id",
        "INSERT IGNORE INTO s VALUES (50, 'again') RETURNING id",
        "REPLACE INTO s (n) VALUES ('r') RETURNING n",
        "DELETE FROM s WHERE id = 1 RETURNING n",
        "DELETE FROM s WHERE 1 = 0 RETURNING n",
        "INSERT INTO t (n) VALUES ('one') RETURNING n",
        "INSERT INTO t (id, n) VALUES (500, 'x'), (501, 'y'), (502, 'z') RETURNING id",
        "INSERT IGNORE INTO t (id, n) VALUES (500, 'x'), (501, 'y'), (502, 'z') RETURNING id",
        "DELETE FROM t WHERE n > 'y' RETURNING n",
        "DELETE FROM t WHERE 1 = 0 RETURNING n",
    ] {
        pair.same(sql).await;
        pair.same(learnt).await;
    }
    // The numbers are the sequence's own: that of the first row is told.
    let made: Vec<u64> =
        pair.node.query("INSERT INTO t (n) VALUES ('p'), ('q'), ('r'), ('s') RETURNING id").await.unwrap();
    assert_eq!(value::<u64>(&mut pair.node, "SELECT LAST_INSERT_ID()").await, made[0]);
    let made: Vec<u64> = pair.node.query("INSERT INTO t (n) SELECT n FROM t RETURNING id").await.unwrap();
    assert_eq!(value::<u64>(&mut pair.node, "SELECT LAST_INSERT_ID()").await, made[0]);
    pair.same("SELECT 1 UNION SELECT 2").await;
    run(&mut pair.node, "INSERT INTO t (n) VALUES ('p'), ('q'), ('r') RETURNING id").await;
    assert_eq!(value::<u64>(&mut pair.node, "SELECT FOUND_ROWS()").await, 2);
}

#[tokio::test]
async fn a_write_that_fails_leaves_nothing_and_one_that_is_rolled_back_too() {
    let mut pair = filled().await;
    let table = "SELECT id, n FROM t ORDER BY id";
    for autocommit in [true, false] {
        pair.same("REPLACE INTO t (id, n) VALUES (1, 'a'), (2, 'b'), (3, 'c'), (4, 'd') RETURNING id, n")
            .await;
        if !autocommit {
            pair.prepare("BEGIN").await;
        }
        for sql in [
            "INSERT INTO t (id, n) VALUES (10, 'x'), (11, 'y'), (12, 'z'), (4, 'dup'), (13, 'w') RETURNING id",
            "INSERT INTO t (id, n) SELECT 20 + id, n FROM t UNION ALL SELECT 4, 'dup' RETURNING id",
            "INSERT INTO t (id, n) VALUES (10, 'x'), (11, 'y') RETURNING nothing",
            "DELETE FROM t WHERE id > 0 RETURNING EXP(1000 * id) AND nothing",
            "DELETE FROM t ORDER BY id LIMIT 3 RETURNING nothing",
        ] {
            let errno = failed(&mut pair.node, sql).await;
            assert_eq!(errno, failed(&mut pair.plain, sql).await, "{sql}");
            pair.same(table).await;
        }
        pair.same("INSERT INTO t (id, n) VALUES (31, 'x'), (32, 'y'), (33, 'z') RETURNING id").await;
        pair.same("DELETE FROM t ORDER BY id DESC LIMIT 5 RETURNING id, n").await;
        pair.same(table).await;
        if !autocommit {
            pair.prepare("ROLLBACK").await;
            pair.same(table).await;
        }
    }
}

#[tokio::test]
async fn copies_of_a_broadcast_table_answer_once_and_stay_equal() {
    let mut pair = filled().await;
    pair.prepare("SET timestamp = 1700000000.25").await;
    pair.same("INSERT INTO c VALUES (3, 'c', NOW(6)), (1, 'a', NOW(6)), (2, 'b', NULL) RETURNING *, NOW(6)")
        .await;
    pair.same("REPLACE INTO c VALUES (3, 'cc', NOW()) RETURNING *").await;
    pair.same("DELETE FROM c ORDER BY id LIMIT 1 RETURNING c.id, n").await;
    pair.same("SET timestamp = DEFAULT").await;
    run(&mut pair.node, "INSERT INTO c VALUES (8, 'x', NOW(6)), (9, 'y', NOW(6)) RETURNING at").await;
    let told: Vec<Row> = pair.node.query("CHECK TABLE c").await.unwrap();
    assert_eq!(told.len(), 1, "{told:?}");
}

#[tokio::test]
async fn rows_are_in_the_client_s_character_set() {
    let mut pair = filled().await;
    pair.prepare("INSERT INTO t (id, n) VALUES (1, 'ä€'), (2, 'ö'), (3, 'ü')").await;
    pair.prepare("SET NAMES latin1").await;
    pair.same("INSERT INTO t (id, n) SELECT id + 10, n FROM t ORDER BY id RETURNING id, n, HEX(n)").await;
    pair.same("DELETE FROM t WHERE id < 10 ORDER BY id DESC LIMIT 2 RETURNING n").await;
    pair.same_set("DELETE FROM t WHERE id > 1 RETURNING n").await;
}

#[tokio::test]
async fn what_is_returned_is_within_the_memory_of_a_merge() {
    let cluster = TestCluster::start_with(|options| {
        options.node_settings = "[limits]\nmerge_memory = 1000000\n".into();
    });
    let mut client = cluster.database("app", "DBPARTITIONS = 4").await;
    run(
        &mut client,
        "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, pad VARCHAR(1000)) DBPARTITION BY HASH(id)",
    )
    .await;
    let rows = |first: u32, count: u32| {
        let rows: Vec<String> = (first..first + count).map(|id| format!("({id},REPEAT('x',1000))")).collect();
        rows.join(",")
    };
    let few = format!("INSERT INTO t VALUES {} RETURNING id, pad", rows(1, 900));
    assert_eq!(client.query::<(u32, String), _>(&few).await.unwrap().len(), 900);
    for sql in [
        format!("INSERT INTO t VALUES {} RETURNING id, pad", rows(1001, 1100)),
        "DELETE FROM t WHERE id > 0 RETURNING id, pad, pad AS again".to_owned(),
        "INSERT INTO t SELECT id + 1000, 'x' FROM t RETURNING id, REPEAT(pad, 5000)".to_owned(),
    ] {
        let (errno, message) = refused(&mut client, &sql).await;
        assert!(errno == 1038 && message.contains("limits.merge_memory"), "{errno} {message}");
        assert_eq!(value::<u64>(&mut client, "SELECT COUNT(*) FROM t").await, 900);
    }
    assert_eq!(client.query::<u32, _>("DELETE FROM t WHERE id > 0 RETURNING id").await.unwrap().len(), 900);
}

#[tokio::test]
async fn one_row_is_prepared_too() {
    let mut pair = filled().await;
    pair.create(
        "CREATE TABLE k (id INT NOT NULL, k INT NOT NULL, n INT, PRIMARY KEY (k, id))",
        "DBPARTITION BY HASH(k)",
    )
    .await;
    let row = || vec![Value::from(6), Value::from(2), Value::from(289)];
    for _ in 0..2 {
        pair.same_prepared("INSERT INTO k (k, n, id) VALUES (?, ?, ?) RETURNING *", row()).await;
        pair.same("DELETE FROM k").await;
    }
    for (kind, rule) in [
        ("VARCHAR(20)", "DBPARTITION BY HASH(k)"),
        ("DATE", "DBPARTITION BY YYYYDD(k)"),
        ("DATETIME", "DBPARTITION BY RIGHT_SHIFT(id, 1) TBPARTITION BY WEEK(k) TBPARTITIONS 2"),
    ] {
        let table = format!("CREATE TABLE d (id SMALLINT NOT NULL, k {kind} NOT NULL, PRIMARY KEY (k, id))");
        pair.create(&table, rule).await;
        let row = vec![Value::from("2024-02-29"), Value::from(1)];
        pair.same_prepared("INSERT INTO d (k, id) VALUES (?, ?) RETURNING id, k", row).await;
        pair.same("DROP TABLE d").await;
    }
    pair.same_prepared("INSERT INTO s (id, n) VALUES (?, ?) RETURNING id, n", values(&["3", "a"])).await;
    pair.same_prepared("INSERT IGNORE INTO c (id, n) VALUES (?, ?) RETURNING id, n", values(&["3", "a"]))
        .await;
}
