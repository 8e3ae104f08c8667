//! Transactions behave as one server's, in one group and over many.

use ostrakon_tests::cluster::{TestCluster, refused, run, value};
use ostrakon_tests::pair::Pair;

const TABLE: &str = "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v INT)";

async fn ten_rows() -> Pair {
    let mut pair = Pair::start().await;
    pair.create(TABLE, "DBPARTITION BY HASH(id)").await;
    pair.prepare("INSERT INTO t VALUES (1,1),(2,2),(3,3),(4,4),(5,5),(6,6),(7,7),(8,8),(9,9),(10,10)").await;
    pair
}

#[tokio::test]
async fn commit_keeps_and_rollback_undoes_in_every_form() {
    let mut pair = ten_rows().await;
    for script in [
        "BEGIN; UPDATE t SET v = 10 WHERE id = 1; COMMIT",
        "START TRANSACTION; UPDATE t SET v = 20 WHERE id = 1; ROLLBACK",
        "SET autocommit = 0; UPDATE t SET v = 30 WHERE id = 2; COMMIT; UPDATE t SET v = 31 WHERE id = 2; ROLLBACK; SET autocommit = 1",
        "BEGIN; UPDATE t SET v = 40 WHERE id = 3; SAVEPOINT a; UPDATE t SET v = 41 WHERE id = 3; ROLLBACK TO a; COMMIT",
        "BEGIN; UPDATE t SET v = 50 WHERE id = 4; SAVEPOINT a; UPDATE t SET v = 51 WHERE id = 4; RELEASE SAVEPOINT a; COMMIT",
        "SAVEPOINT lonely; UPDATE t SET v = 60 WHERE id = 5",
        "BEGIN; SAVEPOINT early; UPDATE t SET v = 65 WHERE id = 5; ROLLBACK TO early; COMMIT",
        "BEGIN; UPDATE t SET v = 70 WHERE id = 6; BEGIN; ROLLBACK",
        "BEGIN; UPDATE t SET v = 80 WHERE id = 7; SET autocommit = 1; ROLLBACK",
        "SET autocommit = 0; UPDATE t SET v = 90 WHERE id = 8; SET autocommit = 1; ROLLBACK",
        "START TRANSACTION READ ONLY; SELECT v FROM t WHERE id = 1; COMMIT",
        "BEGIN; DELETE FROM t WHERE id = 9; COMMIT AND CHAIN; INSERT INTO t VALUES (9, 99); ROLLBACK",
    ] {
        for statement in script.split("; ") {
            pair.same(statement).await;
        }
        pair.same("SELECT * FROM t ORDER BY id").await;
    }
    pair.same("ROLLBACK TO SAVEPOINT never_made").await;
    pair.same("COMMIT").await;
    pair.same("SELECT @@autocommit").await;
}

#[tokio::test]
async fn ddl_commits_the_open_transaction() {
    let mut pair = ten_rows().await;
    pair.prepare("BEGIN").await;
    pair.prepare("UPDATE t SET v = 77 WHERE id = 1").await;
    pair.create("CREATE TABLE other (id INT PRIMARY KEY)", "DBPARTITION BY HASH(id)").await;
    pair.prepare("ROLLBACK").await;
    pair.same("SELECT v FROM t WHERE id = 1").await;
}

#[tokio::test]
async fn an_error_in_a_transaction_undoes_the_statement_only() {
    let mut pair = ten_rows().await;
    pair.prepare("BEGIN").await;
    pair.same("UPDATE t SET v = 5 WHERE id = 1").await;
    pair.same("INSERT INTO t VALUES (1, 0)").await;
    pair.same("COMMIT").await;
    pair.same("SELECT v FROM t WHERE id = 1").await;
}

#[tokio::test]
async fn a_transaction_over_many_groups_is_one_servers() {
    let mut pair = ten_rows().await;
    pair.create("CREATE TABLE copies (id INT NOT NULL PRIMARY KEY, v INT)", "BROADCAST").await;
    pair.prepare("INSERT INTO copies VALUES (1,1),(2,2)").await;
    for script in [
        "BEGIN; UPDATE t SET v = v + 10 WHERE id = 1; UPDATE t SET v = v - 10 WHERE id = 2; UPDATE t SET v = 0 WHERE id = 3; COMMIT",
        "BEGIN; UPDATE t SET v = v + 10; SELECT SUM(v) FROM t; ROLLBACK",
        "BEGIN; UPDATE t SET v = v + 1; UPDATE copies SET v = v + 1; COMMIT",
        "BEGIN; UPDATE copies SET v = 7 WHERE id = 1; SELECT * FROM copies ORDER BY id; ROLLBACK",
        "BEGIN; SELECT v FROM t WHERE id = 1; DELETE FROM t WHERE id > 8; SELECT COUNT(*) FROM t; COMMIT",
        "BEGIN; INSERT INTO t VALUES (11,11),(12,12),(13,13),(14,14); SAVEPOINT a; UPDATE t SET v = 1; ROLLBACK TO a; COMMIT",
        "BEGIN; SAVEPOINT a; UPDATE t SET v = 2; RELEASE SAVEPOINT a; SAVEPOINT b; DELETE FROM t; ROLLBACK TO b; COMMIT",
        "SET autocommit = 0; UPDATE t SET v = v * 2; COMMIT; UPDATE t SET v = 0; ROLLBACK; SET autocommit = 1",
        "SET autocommit = 0; UPDATE t SET v = v + 3; SET autocommit = 1; ROLLBACK",
        "BEGIN; UPDATE t SET v = 40; COMMIT AND CHAIN; UPDATE t SET v = 41; ROLLBACK AND CHAIN; UPDATE t SET v = v + 1; COMMIT",
        "BEGIN; UPDATE t SET v = 50; BEGIN; ROLLBACK",
        "BEGIN; UPDATE t SET v = v + 1; INSERT INTO t VALUES (100,0),(1,0),(101,0),(102,0); UPDATE t SET v = v + 1; COMMIT",
        "BEGIN; INSERT INTO copies VALUES (3,3),(1,1); INSERT INTO copies VALUES (3,3); COMMIT",
        "START TRANSACTION READ ONLY; SELECT SUM(v) FROM t; SELECT v FROM t WHERE id = 1; COMMIT",
        "START TRANSACTION READ WRITE; UPDATE t SET v = 60; COMMIT",
        "START TRANSACTION WITH CONSISTENT SNAPSHOT; SELECT SUM(v) FROM t; UPDATE t SET v = v + 1; SELECT SUM(v) FROM t; COMMIT",
        "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; BEGIN; SELECT SUM(v) FROM t; UPDATE t SET v = v + 1; COMMIT",
        "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; BEGIN; UPDATE t SET v = v + 1; COMMIT; SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "UPDATE t SET v = v + 1; UPDATE copies SET v = v + 1; INSERT INTO t VALUES (21,1),(22,2),(1,3)",
        "BEGIN; UPDATE t SET v = 5; UPDATE t SET v = 5; COMMIT",
        "SET timestamp = 1000000000; BEGIN; UPDATE t SET v = UNIX_TIMESTAMP(NOW()); COMMIT; SET timestamp = DEFAULT",
    ] {
        for statement in script.split("; ") {
            pair.same(statement).await;
        }
        pair.same("SELECT * FROM t ORDER BY id").await;
        pair.same("SELECT * FROM copies ORDER BY id").await;
    }
}

#[tokio::test]
async fn transaction_control_by_prepared_statements_reaches_every_group() {
    let mut pair = ten_rows().await;
    for end in ["COMMIT", "ROLLBACK"] {
        pair.same_prepared("BEGIN", vec![]).await;
        pair.same_prepared("UPDATE t SET v = v + ? WHERE id = ?", vec![5.into(), 1.into()]).await;
        pair.same_prepared("UPDATE t SET v = v - ? WHERE id = ?", vec![5.into(), 2.into()]).await;
        pair.same_prepared("UPDATE t SET v = v + ?", vec![1.into()]).await;
        pair.same_prepared(end, vec![]).await;
        pair.same("SELECT * FROM t ORDER BY id").await;
    }
}

#[tokio::test]
async fn a_transaction_that_writes_one_group_may_read_the_others() {
    let mut pair = ten_rows().await;
    for statement in [
        "BEGIN",
        "UPDATE t SET v = 500 WHERE id = 1",
        "SELECT v FROM t WHERE id = 1",
        "SELECT COUNT(*), SUM(v) FROM t",
        "SELECT * FROM t ORDER BY id",
        "COMMIT",
        "SELECT SUM(v) FROM t",
    ] {
        pair.same(statement).await;
    }
}

#[tokio::test]
async fn uncommitted_rows_are_not_seen_by_another_client_and_isolation_is_obeyed() {
    let cluster = TestCluster::start();
    let mut one = cluster.database("app", "").await;
    let mut two = cluster.client(Some("app")).await;
    run(&mut one, &format!("{TABLE} DBPARTITION BY HASH(id)")).await;
    run(&mut one, "INSERT INTO t VALUES (1, 1)").await;
    let read = "SELECT v FROM t WHERE id = 1";
    run(&mut one, "BEGIN").await;
    run(&mut one, "UPDATE t SET v = 2 WHERE id = 1").await;
    assert_eq!(value::<i32>(&mut one, read).await, 2);
    assert_eq!(value::<i32>(&mut two, read).await, 1);
    run(&mut two, "SET SESSION TRANSACTION ISOLATION LEVEL READ UNCOMMITTED").await;
    assert_eq!(value::<i32>(&mut two, read).await, 2);
    run(&mut two, "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ").await;
    run(&mut two, "BEGIN").await;
    assert_eq!(value::<i32>(&mut two, read).await, 1);
    run(&mut one, "COMMIT").await;
    assert_eq!(value::<i32>(&mut two, read).await, 1, "a repeatable read repeats");
    run(&mut two, "COMMIT").await;
    assert_eq!(value::<i32>(&mut two, read).await, 2);
}

#[tokio::test]
async fn locks_wait_and_time_out_with_the_servers_own_error() {
    let cluster = TestCluster::start();
    let mut one = cluster.database("app", "").await;
    let mut two = cluster.client(Some("app")).await;
    run(&mut one, &format!("{TABLE} DBPARTITION BY HASH(id)")).await;
    run(&mut one, "INSERT INTO t VALUES (1, 1)").await;
    run(&mut one, "BEGIN").await;
    run(&mut one, "SELECT * FROM t WHERE id = 1 FOR UPDATE").await;
    run(&mut two, "SET SESSION innodb_lock_wait_timeout = 1").await;
    let (errno, _) = refused(&mut two, "UPDATE t SET v = 3 WHERE id = 1").await;
    assert_eq!(errno, 1205);
    drop(one);
    // The lock goes with the client that held it.
    run(&mut two, "SET SESSION innodb_lock_wait_timeout = 20").await;
    run(&mut two, "UPDATE t SET v = 3 WHERE id = 1").await;
}

#[tokio::test]
async fn set_transaction_is_for_the_next_transaction_only() {
    let cluster = TestCluster::start();
    let mut one = cluster.database("app", "").await;
    let mut two = cluster.client(Some("app")).await;
    run(&mut one, &format!("{TABLE} DBPARTITION BY HASH(id)")).await;
    run(&mut one, "INSERT INTO t VALUES (1, 1)").await;
    run(&mut one, "BEGIN").await;
    run(&mut one, "UPDATE t SET v = 2 WHERE id = 1").await;
    let read = "SELECT v FROM t WHERE id = 1";
    run(&mut two, "SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED").await;
    run(&mut two, "BEGIN").await;
    assert_eq!(value::<i32>(&mut two, read).await, 2);
    run(&mut two, "COMMIT").await;
    run(&mut two, "BEGIN").await;
    assert_eq!(value::<i32>(&mut two, read).await, 1);
    run(&mut two, "COMMIT").await;
    // A statement of its own is a transaction too.
    run(&mut two, "SET TRANSACTION ISOLATION LEVEL READ UNCOMMITTED").await;
    assert_eq!(value::<i32>(&mut two, read).await, 2);
    assert_eq!(value::<i32>(&mut two, read).await, 1);
    run(&mut two, "SET TRANSACTION READ ONLY").await;
    run(&mut two, "BEGIN").await;
    assert_eq!(refused(&mut two, "INSERT INTO t VALUES (5, 5)").await.0, 1792);
    run(&mut two, "ROLLBACK").await;
    run(&mut one, "COMMIT").await;
}

#[tokio::test]
async fn a_failed_statement_over_several_physical_tables_undoes_all_of_itself_and_no_more() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "DBPARTITIONS 1").await;
    run(&mut client, &format!("{TABLE} DBPARTITION BY HASH(id) TBPARTITION BY HASH(id) TBPARTITIONS 4"))
        .await;
    run(&mut client, "INSERT INTO t VALUES (7, 7)").await;
    run(&mut client, "BEGIN").await;
    run(&mut client, "INSERT INTO t VALUES (100, 1), (101, 1), (102, 1)").await;
    let (errno, _) =
        refused(&mut client, "INSERT INTO t VALUES (1,1),(2,2),(3,3),(4,4),(5,5),(6,6),(7,0),(8,8)").await;
    assert_eq!(errno, 1062);
    assert_eq!(value::<i64>(&mut client, "SELECT COUNT(*) FROM t").await, 4);
    run(&mut client, "COMMIT").await;
    assert_eq!(value::<i64>(&mut client, "SELECT COUNT(*) FROM t").await, 4);
    // The same prepared; and one that a server refuses before anything ran.
    run(&mut client, "BEGIN").await;
    run(&mut client, "DELETE FROM t WHERE id = 100").await;
    let rows = "INSERT INTO t VALUES (?,1),(?,2),(?,3),(?,0)";
    let failed = mysql_async::prelude::Queryable::exec_drop(&mut client, rows, (21, 22, 23, 7)).await;
    assert!(matches!(failed, Err(mysql_async::Error::Server(ref e)) if e.code == 1062), "{failed:?}");
    assert_eq!(refused(&mut client, "UPDATE t SET nothing = 1").await.0, 1054);
    run(&mut client, "COMMIT").await;
    assert_eq!(value::<i64>(&mut client, "SELECT COUNT(*) FROM t").await, 3);
}

#[tokio::test]
async fn a_failed_write_to_a_broadcast_table_leaves_what_earlier_statements_did_in_other_groups() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "DBPARTITIONS 4").await;
    run(&mut client, &format!("{TABLE} DBPARTITION BY HASH(id)")).await;
    run(&mut client, "CREATE TABLE b (id INT PRIMARY KEY) BROADCAST").await;
    run(&mut client, "INSERT INTO t VALUES (1, 0), (2, 0), (3, 0), (4, 0)").await;
    run(&mut client, "INSERT INTO b VALUES (1)").await;
    run(&mut client, "BEGIN").await;
    run(&mut client, "UPDATE t SET v = 7").await;
    // The first copy refuses it; the others never hear of it.
    assert_eq!(refused(&mut client, "INSERT INTO b VALUES (2), (1)").await.0, 1062);
    assert_eq!(value::<i64>(&mut client, "SELECT COUNT(*) FROM t WHERE v = 7").await, 4);
    let prepared =
        mysql_async::prelude::Queryable::exec_drop(&mut client, "INSERT INTO b VALUES (?)", (1,)).await;
    assert!(matches!(prepared, Err(mysql_async::Error::Server(ref e)) if e.code == 1062), "{prepared:?}");
    assert_eq!(refused(&mut client, "UPDATE t SET nothing = 1").await.0, 1054);
    run(&mut client, "COMMIT").await;
    assert_eq!(value::<i64>(&mut client, "SELECT COUNT(*) FROM t WHERE v = 7").await, 4);
    assert_eq!(value::<i64>(&mut client, "SELECT COUNT(*) FROM b").await, 1);
}
