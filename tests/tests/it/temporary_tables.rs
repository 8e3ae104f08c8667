//! Temporary tables: what they are on one server, beside tables of all shards.

use mysql_async::prelude::Queryable;
use ostrakon_tests::cluster::{connect, refused, run, value};
use ostrakon_tests::family::on_mysql;
use ostrakon_tests::pair::Pair;

/// Every statement answers as on one server.
pub async fn temporary_tables(pair: &mut Pair) {
    pair.create("CREATE TABLE s (id INT PRIMARY KEY, v INT, name VARCHAR(20))", "DBPARTITION BY HASH(id)")
        .await;
    pair.create("CREATE TABLE one (id INT PRIMARY KEY AUTO_INCREMENT, v INT)", "").await;
    pair.create("CREATE TABLE copy (id INT PRIMARY KEY, v INT)", "BROADCAST").await;
    pair.prepare("CREATE VIEW seen AS SELECT id, v FROM s WHERE v > 1").await;
    pair.prepare("INSERT INTO s VALUES (1, 1, 'a'), (2, 2, 'b'), (3, 3, 'c'), (4, 4, 'd'), (5, 5, 'e')")
        .await;
    pair.prepare("INSERT INTO one (v) VALUES (10), (20), (30)").await;
    pair.prepare("INSERT INTO copy VALUES (1, 100), (2, 200)").await;
    for sql in [
        "CREATE TEMPORARY TABLE w (id INT PRIMARY KEY AUTO_INCREMENT, v DECIMAL(10,2) NOT NULL, name VARCHAR(20) DEFAULT 'x', KEY by_v (v))",
        "CREATE TEMPORARY TABLE w (id INT)",
        "CREATE TEMPORARY TABLE IF NOT EXISTS w (id INT)",
        "SHOW WARNINGS",
        "INSERT INTO w (v) VALUES (1.5), (2.25), (3)",
        "SELECT LAST_INSERT_ID()",
        "SELECT * FROM w ORDER BY id",
        "SELECT app.w.v FROM app.w WHERE w.id = 2",
        "UPDATE w SET name = 'y' WHERE v > 2",
        "SELECT name, COUNT(*), SUM(v) FROM w GROUP BY name ORDER BY name",
        "INSERT INTO w (id, v) VALUES (1, 1)",
        // With a single table and a broadcast one, which its server has.
        "SELECT w.id, one.v FROM w JOIN one ON w.id = one.id ORDER BY w.id",
        "SELECT w.id, copy.v FROM w LEFT JOIN copy ON w.id = copy.id ORDER BY w.id",
        // With sharded ones.
        "SELECT w.id, s.name, w.v FROM w JOIN s ON w.id = s.id ORDER BY w.id",
        "SELECT s.id FROM s WHERE s.id IN (SELECT id FROM w WHERE v > 2) ORDER BY s.id",
        "SELECT w.id, (SELECT MAX(s.v) FROM s WHERE s.v <= w.v) FROM w ORDER BY w.id",
        "SELECT COUNT(*) FROM seen JOIN w ON seen.id = w.id",
        "SELECT id FROM w UNION ALL SELECT id FROM s ORDER BY 1",
        "INSERT INTO w (v, name) SELECT v, name FROM s WHERE v > 3",
        "SELECT COUNT(*), SUM(v) FROM w",
        "INSERT INTO s SELECT id + 100, v, name FROM w",
        "SELECT COUNT(*), SUM(v) FROM s",
        "UPDATE s JOIN w ON s.id = w.id SET s.v = 50 WHERE w.id < 3",
        "SELECT id, v FROM s ORDER BY id",
        "DELETE FROM s WHERE id IN (SELECT id + 100 FROM w)",
        "DELETE w FROM w JOIN s ON w.id = s.id WHERE s.v = 50",
        "SELECT id FROM w ORDER BY id",
        // Made from queries.
        "CREATE TEMPORARY TABLE q AS SELECT id, v, name FROM s WHERE id < 4",
        "SELECT * FROM q ORDER BY id",
        "CREATE TEMPORARY TABLE sums SELECT name, COUNT(*) AS n, SUM(v) AS total, AVG(v) AS mean FROM s GROUP BY name",
        "SELECT * FROM sums ORDER BY name",
        "CREATE TEMPORARY TABLE none AS SELECT 1 AS a, 'b' AS b, NULL AS c",
        "SELECT * FROM none",
        "CREATE TEMPORARY TABLE joined ENGINE=InnoDB AS SELECT w.id, s.name FROM w JOIN s ON w.id = s.id",
        "SELECT * FROM joined ORDER BY id",
        "CREATE TEMPORARY TABLE bad AS SELECT missing FROM s",
        "SELECT * FROM bad",
        "CREATE TEMPORARY TABLE likes LIKE s",
        "INSERT INTO likes SELECT * FROM s",
        "SELECT COUNT(*) FROM likes",
        "DROP TEMPORARY TABLE sums, none, joined",
        "SELECT * FROM sums",
        // In transactions.
        "BEGIN",
        "INSERT INTO s VALUES (50, 50, 'x'), (51, 51, 'y'), (52, 52, 'z')",
        "INSERT INTO w (id, v) VALUES (20, 9)",
        "UPDATE one SET v = v + 1",
        "SELECT COUNT(*) FROM s",
        "ROLLBACK",
        "SELECT COUNT(*) FROM s",
        "SELECT COUNT(*) FROM w",
        "SELECT SUM(v) FROM one",
        "CREATE TEMPORARY TABLE inside (id INT)",
        "START TRANSACTION",
        "INSERT INTO s VALUES (60, 60, 'x'), (61, 61, 'y'), (62, 62, 'z')",
        "INSERT INTO inside VALUES (1), (2)",
        "SAVEPOINT a",
        "DELETE FROM inside",
        "DELETE FROM s WHERE id = 60",
        "ROLLBACK TO SAVEPOINT a",
        "CREATE TEMPORARY TABLE late (id INT)",
        "DROP TEMPORARY TABLE q",
        "COMMIT",
        "INSERT INTO late VALUES (1)",
        "SELECT COUNT(*) FROM s",
        "SELECT COUNT(*) FROM inside",
        "SET autocommit = 0",
        "INSERT INTO inside SELECT id FROM s WHERE id > 59",
        "COMMIT",
        "SELECT COUNT(*) FROM inside",
        "SET autocommit = 1",
        // One hides a table of its name.
        "CREATE TEMPORARY TABLE s (id INT, only_here INT)",
        "INSERT INTO s VALUES (1, 2)",
        "SELECT * FROM s",
        "SELECT v FROM s",
        "DROP TABLE s",
        "SELECT COUNT(*) FROM s",
        // The word TEMPORARY keeps a transaction open.
        "CREATE TEMPORARY TABLE gone (id INT)",
        "BEGIN",
        "INSERT INTO s VALUES (70, 70, 'x'), (71, 71, 'y')",
        "DROP TABLE gone",
        "ROLLBACK",
        "SELECT COUNT(*) FROM s",
        // Changed.
        "TRUNCATE w",
        "INSERT INTO w (v) VALUES (7)",
        "SELECT id, v FROM w",
        "ALTER TABLE w ADD COLUMN more INT DEFAULT 5, DROP COLUMN name",
        "SELECT * FROM w",
        "CREATE INDEX more ON w (more)",
        "INSERT INTO w (v, more) VALUES (8, 6)",
        "SELECT more, COUNT(*) FROM w GROUP BY more ORDER BY more",
        "DROP INDEX more ON w",
        "SET @x = (SELECT COUNT(*) FROM w JOIN s ON s.id = w.id)",
        "SELECT @x",
        "CREATE VIEW of_temporary AS SELECT * FROM w",
        "DROP TEMPORARY TABLE s",
        "DROP TEMPORARY TABLE IF EXISTS missing",
        "DROP TABLE w",
        "SELECT * FROM w",
    ] {
        match sql.starts_with("SHOW") {
            true => pair.same_labels(sql).await,
            false => pair.same(sql).await,
        }
    }
    // Definitions are told as on a server.
    pair.prepare("CREATE TEMPORARY TABLE d (id BIGINT UNSIGNED NOT NULL, t TEXT, KEY k (id))").await;
    for sql in ["SHOW CREATE TABLE d", "SHOW COLUMNS FROM d", "DESCRIBE d", "SHOW TABLES LIKE 'd'"] {
        pair.same_labels(sql).await;
    }
    for (sql, values) in [
        ("INSERT INTO d VALUES (?, ?)", vec![1.into(), "one".into()]),
        ("INSERT INTO d VALUES (?, ?), (?, ?)", vec![2.into(), "two".into(), 3.into(), "three".into()]),
        ("SELECT * FROM d WHERE id = ?", vec![2.into()]),
        ("SELECT s.id, d.t FROM s JOIN d ON s.id = d.id WHERE d.id > ? ORDER BY s.id", vec![1.into()]),
    ] {
        pair.same_prepared(sql, values).await;
    }
}

#[tokio::test]
async fn temporary_tables_answer_as_on_one_server() {
    let mut pair = Pair::start().await;
    temporary_tables(&mut pair).await;
    let returning = if on_mysql() { "" } else { " RETURNING id" };
    pair.same(&format!("INSERT INTO d VALUES (7, 'seven'){returning}")).await;
    let client = &mut pair.node;
    for (sql, what) in [
        ("CREATE TEMPORARY TABLE x (id INT) DBPARTITION BY HASH(id)", "it is its session's"),
        ("LOCK TABLES s READ", "temporary tables"),
        ("CREATE TEMPORARY TABLE s AS SELECT * FROM s", "same name"),
        ("CREATE TEMPORARY TABLE seen AS SELECT * FROM seen", "same name"),
        ("CREATE TABLE real LIKE d", "LIKE temporary table"),
        ("RENAME TABLE d TO e", "RENAME of temporary table"),
    ] {
        let (errno, message) = refused(client, sql).await;
        assert!(errno == 1235 && message.contains(what), "{sql}: {errno}: {message}");
    }
    // In another database only when there is none any more, wherever the last one was dropped.
    run(client, "CREATE DATABASE second").await;
    assert_eq!(refused(client, "CREATE TEMPORARY TABLE second.x (id INT)").await.0, 1235);
    let mut third = connect(pair.cluster.port(), Some("app")).await;
    run(&mut third, "CREATE TEMPORARY TABLE x (id INT)").await;
    run(&mut third, "BEGIN").await;
    run(&mut third, "INSERT INTO x VALUES (1)").await;
    run(&mut third, "DROP TEMPORARY TABLE x").await;
    run(&mut third, "COMMIT").await;
    run(&mut third, "CREATE TEMPORARY TABLE second.x (id INT)").await;
    run(&mut third, "INSERT INTO second.x VALUES (1)").await;
    assert_eq!(value::<i64>(&mut third, "SELECT COUNT(*) FROM second.x").await, 1);
    run(&mut third, "DROP TABLE second.x").await;
    run(&mut third, "LOCK TABLES one READ").await;
    run(&mut third, "UNLOCK TABLES").await;
    // A view reads what it was made over.
    run(client, "CREATE TEMPORARY TABLE s (id INT)").await;
    assert_eq!(refused(client, "SELECT COUNT(*) FROM seen").await.0, 1235);
    run(client, "DROP TEMPORARY TABLE s").await;
    assert_eq!(value::<i64>(client, "SELECT COUNT(*) > 0 FROM seen").await, 1);

    // A name is no right to what it hides.
    run(client, "CREATE USER few IDENTIFIED BY 'p'").await;
    run(client, "GRANT CREATE TEMPORARY TABLES ON app.* TO few").await;
    run(client, "CREATE SEQUENCE numbers").await;
    let options =
        ostrakon_tests::cluster::options(pair.cluster.port(), Some("app")).user(Some("few")).pass(Some("p"));
    let mut few = mysql_async::Conn::new(options).await.unwrap();
    assert_eq!(refused(&mut few, "SELECT * FROM s").await.0, 1142);
    for name in ["s", "seen", "numbers", "fresh"] {
        run(&mut few, &format!("CREATE TEMPORARY TABLE {name} (own INT)")).await;
    }
    run(&mut few, "INSERT INTO s VALUES (1)").await;
    assert_eq!(value::<i64>(&mut few, "SELECT own FROM s").await, 1);
    run(&mut few, "SHOW CREATE TABLE seen").await;
    for sql in [
        "DROP VIEW seen",
        "CREATE OR REPLACE VIEW seen AS SELECT 1",
        "CREATE TABLE fresh (id INT)",
        "CHECK TABLE s",
        "DROP SEQUENCE numbers",
        "SELECT numbers.NEXTVAL",
        "CREATE TABLE copied LIKE s",
        "SHOW CREATE VIEW seen",
        "CREATE TEMPORARY TABLE more AS SELECT * FROM one",
        "CREATE TEMPORARY TABLE more LIKE one",
    ] {
        let (errno, message) = refused(&mut few, sql).await;
        assert!(errno == 1142 || errno == 1146 || errno == 1227, "{sql}: {errno}: {message}");
    }
    drop(few);

    // No other session knows them, and none gets the connection.
    let port = pair.cluster.port();
    let mut other = connect(port, Some("app")).await;
    assert_eq!(refused(&mut other, "SELECT * FROM d").await.0, 1146);
    run(&mut other, "CREATE TEMPORARY TABLE d (other INT)").await;
    run(&mut other, "INSERT INTO d VALUES (1), (2)").await;
    assert_eq!(value::<i64>(&mut other, "SELECT COUNT(*) FROM d").await, 2);
    assert_eq!(value::<i64>(client, "SELECT COUNT(*) FROM d").await, 4);
    other.reset().await.unwrap();
    run(&mut other, "USE app").await;
    assert_eq!(refused(&mut other, "SELECT * FROM d").await.0, 1146);

    // They outlive errors and KILL QUERY, and are gone with their connection.
    assert_eq!(refused(client, "SELECT missing FROM d").await.0, 1054);
    let id: u64 = value(client, "SELECT CONNECTION_ID()").await;
    let sleeps = client.query_drop("SELECT SLEEP(20) FROM d");
    let kills = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        run(&mut other, &format!("KILL QUERY {id}")).await;
    };
    let _ = tokio::join!(sleeps, kills);
    assert_eq!(value::<i64>(client, "SELECT COUNT(*) FROM d").await, 4);
    pair.cluster.close_idle_connections(0).await;
    let (errno, message) = refused(client, "SELECT * FROM d").await;
    assert!(errno == 1430 && message.contains("temporary tables was lost"), "{errno}: {message}");
    assert!(client.query_drop("SELECT 1").await.is_err(), "the session has ended");
    assert_eq!(pair.cluster.open_transactions(), 0);
}
