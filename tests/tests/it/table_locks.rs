//! LOCK TABLES: what it allows is what one server allows, and it excludes the sessions of all nodes.

use std::time::{Duration, Instant};

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use ostrakon_tests::cluster::{TestCluster, connect, refused, run, value};
use ostrakon_tests::family::on_mysql;
use ostrakon_tests::pair::Pair;

/// Every statement answers as on one server, while tables are locked in one way and another.
pub async fn statements_under_locks(pair: &mut Pair) {
    pair.create("CREATE TABLE t (id INT PRIMARY KEY, v INT)", "DBPARTITION BY HASH(id)").await;
    pair.create(
        "CREATE TABLE u (id INT PRIMARY KEY, v INT)",
        "DBPARTITION BY HASH(id) TBPARTITION BY HASH(id) TBPARTITIONS 2",
    )
    .await;
    pair.create("CREATE TABLE one (id INT PRIMARY KEY AUTO_INCREMENT, v INT)", "").await;
    pair.create("CREATE TABLE copy (id INT PRIMARY KEY, v INT)", "BROADCAST").await;
    pair.prepare("CREATE VIEW seen AS SELECT t.id, one.v FROM t JOIN one ON t.id = one.id").await;
    pair.prepare("INSERT INTO t VALUES (1, 1), (2, 2), (3, 3), (4, 4)").await;
    pair.prepare("INSERT INTO u VALUES (1, 1), (2, 2), (3, 3), (4, 4)").await;
    pair.prepare("INSERT INTO one (v) VALUES (1), (2), (3)").await;
    pair.prepare("INSERT INTO copy VALUES (1, 1), (2, 2)").await;
    for sql in [
        // READ: read by this session, written by nobody.
        "LOCK TABLES t READ, one READ LOCAL",
        "SELECT COUNT(*), SUM(v) FROM t",
        "SELECT v FROM t WHERE id = 2",
        "SELECT t.id, one.v FROM t JOIN one ON t.id = one.id ORDER BY t.id",
        "SELECT v FROM u WHERE id = 1",
        "SELECT COUNT(*) FROM t JOIN u ON t.id = u.id",
        "SELECT 1",
        "SELECT COUNT(*) FROM information_schema.TABLES WHERE TABLE_NAME = 't'",
        "INSERT INTO t VALUES (9, 9)",
        "UPDATE one SET v = 9",
        "DELETE FROM copy",
        "SELECT v FROM t WHERE id = 2 FOR UPDATE",
        "SET autocommit = 0",
        "SELECT SUM(v) FROM t",
        "COMMIT",
        "SELECT SUM(v) FROM one",
        "SET autocommit = 1",
        "SELECT v FROM u WHERE id = 1",
        "UNLOCK TABLES",
        "SELECT v FROM u WHERE id = 1",
        "UNLOCK TABLES",
        // WRITE: in one group, in many, and in all copies.
        "LOCK TABLES t WRITE, u AS x READ, copy WRITE, one WRITE",
        "INSERT INTO t VALUES (5, 5)",
        "INSERT INTO t VALUES (6, 6), (7, 7), (8, 8), (9, 9)",
        "INSERT INTO t VALUES (10, 10), (1, 1), (11, 11), (12, 12)",
        "SELECT COUNT(*), SUM(v) FROM t",
        "UPDATE t SET v = v + 1",
        "UPDATE t SET v = v * 2 WHERE id IN (1, 2, 3)",
        "DELETE FROM t WHERE id = 9",
        "SELECT COUNT(*), SUM(v) FROM t",
        "INSERT INTO copy VALUES (3, 3), (4, 4)",
        "SELECT SUM(v) FROM copy",
        "INSERT INTO one (v) VALUES (7)",
        "SELECT LAST_INSERT_ID()",
        "SELECT SUM(x.v) FROM u AS x",
        "SELECT SUM(v) FROM u",
        "SELECT SUM(v) FROM seen",
        "INSERT INTO t SELECT id + 100, v FROM u AS x",
        "SELECT COUNT(*), SUM(v) FROM t",
        "SELECT v / 0, missing FROM t",
        "SELECT COUNT(*), SUM(v) FROM t",
        "DELETE x FROM u AS x WHERE x.id = 1",
        "SAVEPOINT s",
        // The documented way: transactions under locks.
        "SET autocommit = 0",
        "UPDATE t SET v = 0",
        "SELECT SUM(v) FROM t",
        "ROLLBACK",
        "SELECT SUM(v) FROM t",
        "UPDATE t SET v = 1 WHERE id < 5",
        "SAVEPOINT s",
        "DELETE FROM t",
        "INSERT INTO one (v) VALUES (8)",
        "ROLLBACK TO SAVEPOINT s",
        "INSERT INTO t VALUES (13, 13), (1, 1), (14, 14)",
        "COMMIT",
        "SELECT COUNT(*), SUM(v) FROM t",
        "SELECT COUNT(*), SUM(v) FROM one",
        "UPDATE t SET v = 3 WHERE id = 3",
        "SET autocommit = 1",
        "INSERT INTO t VALUES (15, 15), (16, 16), (17, 17)",
        "SELECT COUNT(*), SUM(v) FROM t",
        // BEGIN gives them back.
        "BEGIN",
        "SELECT v FROM u WHERE id = 1",
        "UPDATE u SET v = 9 WHERE id = 1",
        // LOCK TABLES commits.
        "LOCK TABLE u WRITE",
        "SELECT v FROM u WHERE id = 1",
        "ROLLBACK",
        "SELECT v FROM u WHERE id = 1",
        "SELECT v FROM t WHERE id = 1",
        // Another LOCK TABLES gives them back, even when it fails.
        "LOCK TABLES missing READ",
        "SELECT v FROM t WHERE id = 1",
        "LOCK TABLES t READ, t WRITE",
        "LOCK TABLES t AS a READ, t AS b WRITE",
        "SELECT COUNT(*) FROM t a",
        "UNLOCK TABLES",
    ] {
        pair.same(sql).await;
    }
    // DDL waits for nobody, so it would wait for its own session's locks.
    run(&mut pair.node, "LOCK TABLES t WRITE").await;
    for sql in
        ["ALTER TABLE t ADD COLUMN w INT", "TRUNCATE t", "CREATE TABLE other (id INT)", "CHECK TABLE t"]
    {
        assert_eq!(refused(&mut pair.node, sql).await.0, 1192, "{sql}");
    }
    run(&mut pair.node, "ALTER TABLE t DISABLE KEYS").await;
    run(&mut pair.node, "UNLOCK TABLES").await;
    // A gather's connection is none of those that have the locks.
    run(&mut pair.node, "LOCK TABLES t WRITE, u READ, u AS x READ").await;
    let (errno, message) = refused(&mut pair.node, "SELECT COUNT(*) FROM t JOIN u ON t.v = u.v + 1").await;
    assert!(errno == 1235 && message.contains("locked with WRITE"), "{errno}: {message}");
    run(&mut pair.node, "SELECT COUNT(*) FROM u JOIN u AS x ON u.v = x.v + 1").await;
    run(&mut pair.node, "UNLOCK TABLES").await;
    // What would wait for this session's own lock is refused.
    run(&mut pair.node, "LOCK TABLES t WRITE, one READ, seen READ").await;
    assert_eq!(refused(&mut pair.node, "SHOW COLUMNS FROM seen").await.0, 1235);
    let prepared = pair.node.prep("SELECT COUNT(*) FROM t WHERE v > (SELECT AVG(v) FROM one)").await;
    assert!(prepared.is_err_and(|e| e.to_string().contains("locked with WRITE")));
    let (errno, message) = refused(&mut pair.node, "/*+TDDL:node(0)*/ SELECT 1").await;
    assert!(errno == 1235 && message.contains("LOCK TABLES"), "{errno}: {message}");
    run(&mut pair.node, "UNLOCK TABLES").await;
    // A view stands for what it reads.
    pair.same("LOCK TABLES seen READ").await;
    pair.same("SELECT COUNT(*) FROM seen").await;
    pair.same("SELECT COUNT(*) FROM t").await;
    pair.same("SELECT v FROM u WHERE id = 1").await;
    pair.same("UNLOCK TABLES").await;
    // Prepared statements, of before and of meanwhile.
    pair.prepare("LOCK TABLES t WRITE").await;
    for (sql, values) in [
        ("SELECT v FROM t WHERE id = ?", vec![3.into()]),
        ("UPDATE t SET v = ?", vec![4.into()]),
        ("SELECT SUM(v) FROM t", vec![]),
        ("SELECT v FROM u WHERE id = ?", vec![3.into()]),
    ] {
        pair.same_prepared(sql, values).await;
    }
    pair.same("UNLOCK TABLES").await;
}

#[tokio::test]
async fn statements_under_locks_answer_as_on_one_server() {
    let mut pair = Pair::start().await;
    statements_under_locks(&mut pair).await;
    // MariaDB's WAIT.
    pair.prepare(if on_mysql() { "LOCK TABLES t WRITE" } else { "LOCK TABLES t WRITE WAIT 5" }).await;
    pair.same("UPDATE t SET v = 5").await;
    pair.same("UNLOCK TABLES").await;
    assert_eq!(pair.cluster.open_transactions(), 0);
}

/// Sessions of two nodes, on a table in two groups.
pub async fn locks_exclude(cluster: &TestCluster) {
    let mut one = cluster.database("app", "").await;
    run(&mut one, "CREATE TABLE t (id INT PRIMARY KEY, v INT) DBPARTITION BY HASH(id)").await;
    run(&mut one, "INSERT INTO t VALUES (1, 1), (2, 2), (3, 3), (4, 4)").await;
    let port = cluster.cluster.nodes.last().expect("a node").port();
    let mut two = connect(port, Some("app")).await;
    run(&mut two, "SET lock_wait_timeout = 1").await;

    run(&mut one, "LOCK TABLES t READ").await;
    assert_eq!(value::<i64>(&mut two, "SELECT SUM(v) FROM t").await, 10);
    assert_eq!(refused(&mut two, "UPDATE t SET v = 9 WHERE id = 1").await.0, 1205);
    assert_eq!(refused(&mut two, "INSERT INTO t VALUES (5, 5), (6, 6), (7, 7)").await.0, 1205);
    assert_eq!(refused(&mut two, "LOCK TABLES t WRITE").await.0, 1205);
    run(&mut two, "LOCK TABLES t READ").await;
    run(&mut two, "UNLOCK TABLES").await;

    run(&mut one, "LOCK TABLES t WRITE").await;
    assert_eq!(refused(&mut two, "SELECT SUM(v) FROM t").await.0, 1205);
    assert_eq!(refused(&mut two, "SELECT v FROM t WHERE id = 1").await.0, 1205);
    assert_eq!(refused(&mut two, "LOCK TABLES t READ").await.0, 1205);
    // Who waits gets it when it is free, and sees all that was written under the lock.
    run(&mut two, "SET lock_wait_timeout = 50").await;
    let waits = async { value::<i64>(&mut two, "SELECT SUM(v) FROM t").await };
    let writes = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        run(&mut one, "UPDATE t SET v = v + 1").await;
        run(&mut one, "UPDATE t SET v = v + 1").await;
        run(&mut one, "UNLOCK TABLES").await;
    };
    assert_eq!(tokio::join!(waits, writes).0, 18);

    // A transaction that has written is waited for, and one with locks in one group and a wish for the other's ends nobody's life.
    let (first, second) = keys(&mut one).await;
    run(&mut one, "BEGIN").await;
    run(&mut one, &format!("UPDATE t SET v = 0 WHERE id = {second}")).await;
    let begun = Instant::now();
    let locks = async {
        run(&mut two, "LOCK TABLES t WRITE").await;
        let sum = value::<i64>(&mut two, "SELECT SUM(v) FROM t").await;
        run(&mut two, "UNLOCK TABLES").await;
        sum
    };
    let commits = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        // The first group is locked at times: who locks lets go of it while the second is busy.
        run(&mut one, &format!("UPDATE t SET v = 0 WHERE id = {first}")).await;
        run(&mut one, "COMMIT").await;
    };
    let (sum, ()) = tokio::join!(locks, commits);
    let rest: i64 = value(&mut one, "SELECT SUM(v) FROM t").await;
    assert_eq!(sum, rest, "the lock came behind the commit");
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());

    // KILL QUERY ends the waiting.
    run(&mut one, "LOCK TABLES t READ").await;
    let id: u64 = value(&mut two, "SELECT CONNECTION_ID()").await;
    let waits = async { refused(&mut two, "LOCK TABLES t WRITE").await };
    let kills = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        run(&mut connect(port, None).await, &format!("KILL QUERY {id}")).await;
    };
    let ((errno, message), ()) = tokio::join!(waits, kills);
    assert_eq!(errno, 1317, "{message}");

    // They end with COM_RESET_CONNECTION, and with their session.
    one.reset().await.unwrap();
    run(&mut one, "USE app").await;
    run(&mut two, "UPDATE t SET v = 1").await;
    run(&mut two, "LOCK TABLES t WRITE").await;
    two.disconnect().await.unwrap();
    run(&mut one, "SET lock_wait_timeout = 20").await;
    assert_eq!(value::<i64>(&mut one, "SELECT SUM(v) FROM t").await, 4);

    // What an instance's account may not do is told without physical names.
    run(&mut one, "CREATE TABLE parts (id INT PRIMARY KEY) DBPARTITION BY HASH(id) TBPARTITION BY HASH(id) TBPARTITIONS 2").await;
    let mut server = connect(cluster.cluster.instances[0].port(), None).await;
    run(&mut server, "CREATE USER less@'%' IDENTIFIED BY 'p'").await;
    let rights =
        "SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, ALTER, INDEX, CREATE TEMPORARY TABLES, PROCESS";
    run(&mut server, &format!("GRANT {rights}, LOCK TABLES ON *.* TO less@'%'")).await;
    run(&mut one, "ALTER INSTANCE i1 USER='less' PASSWORD='p'").await;
    run(&mut one, "LOCK TABLES t WRITE").await;
    let (errno, message) = refused(&mut one, "LOCK TABLES parts WRITE").await;
    assert!(
        errno == 1227 && message.contains("CREATE VIEW") && !message.contains("parts"),
        "{errno}: {message}"
    );
    run(&mut server, "REVOKE LOCK TABLES ON *.* FROM less@'%'").await;
    run(&mut one, "ALTER INSTANCE i1 USER='less' PASSWORD='p'").await;
    let (errno, message) = refused(&mut one, "LOCK TABLES t READ").await;
    assert!(errno == 1227 && message.contains("'i1' needs LOCK TABLES"), "{errno}: {message}");
    run(&mut one, "ALTER INSTANCE i1 USER='root' PASSWORD=''").await;

    // A connection with locks that its server closes ends the session, which is told why.
    run(&mut one, "LOCK TABLES t WRITE").await;
    run(&mut one, "UPDATE t SET v = 2").await;
    cluster.close_idle_connections(0).await;
    let (errno, message) = refused(&mut one, "UPDATE t SET v = 3 WHERE id = 1").await;
    assert!(errno == 1430 && message.contains("table locks in group"), "{errno}: {message}");
    assert!(one.query_drop("SELECT 1").await.is_err(), "the session has ended");
    let mut three = connect(port, Some("app")).await;
    assert_eq!(value::<i64>(&mut three, "SELECT SUM(v) FROM t").await, 8);
}

/// Rows in the first group and in the second.
async fn keys(client: &mut Conn) -> (i64, i64) {
    let keys = ostrakon_tests::groups::key_of_each_group(client, "t", 2).await;
    (keys[0], keys[1])
}

#[tokio::test]
async fn locks_exclude_the_sessions_of_all_nodes() {
    let cluster = TestCluster::start_with(|options| options.nodes = 3);
    locks_exclude(&cluster).await;
}
