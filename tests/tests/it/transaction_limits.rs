//! Transactions that hold locks without end: idle clients, overlong transactions, statements that are killed or left while they wait.

use std::time::{Duration, Instant};

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use ostrakon_tests::cluster::{TestCluster, connect, refused, run, value};
use ostrakon_tests::physical;
use ostrakon_tests::wire::Wire;

const PATIENCE: Duration = Duration::from_secs(30);
/// InnoDB answers questions for its transactions from a copy, which it makes anew only when nobody has asked for 0.1 s.
const INNODB_TRX_IS_NEW: Duration = Duration::from_millis(150);

async fn ten_rows(cluster: &TestCluster) -> Conn {
    let mut client = cluster.database("app", "DBPARTITIONS 4").await;
    run(&mut client, "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v INT) DBPARTITION BY HASH(id)").await;
    let rows: Vec<String> = (1..=10).map(|id| format!("({id}, 0)")).collect();
    run(&mut client, &format!("INSERT INTO t VALUES {}", rows.join(","))).await;
    // The instances are asked past Ostrakon: a branch's commit may still be on its way.
    no_transaction_is_left(cluster).await;
    client
}

/// Waits until the instances have neither a transaction nor a statement.
pub async fn no_transaction_is_left(cluster: &TestCluster) {
    let begun = Instant::now();
    while cluster.open_transactions() > 0 || cluster.running_statements() > 0 {
        if begun.elapsed() > PATIENCE {
            panic!("left on the instances: {:#?}", left(cluster).await);
        }
        tokio::time::sleep(INNODB_TRX_IS_NEW).await;
    }
}

async fn left(cluster: &TestCluster) -> Vec<String> {
    let mut left = Vec::new();
    for instance in &cluster.cluster.instances {
        let mut client = connect(instance.port(), None).await;
        for sql in [
            "SELECT CONCAT_WS(' ', trx_state, trx_started, trx_mysql_thread_id, trx_query) FROM information_schema.innodb_trx",
            "SELECT CONCAT_WS(' ', id, command, time, state, info) FROM information_schema.processlist",
        ] {
            let rows: Vec<String> = client.query(sql).await.unwrap();
            left.extend(rows.into_iter().map(|row| format!("{}: {row}", instance.name())));
        }
    }
    left
}

async fn sum(client: &mut Conn) -> i64 {
    value(client, "SELECT SUM(v) FROM t").await
}

#[tokio::test]
async fn a_client_that_idles_in_a_transaction_is_rolled_back_and_closed() {
    let cluster = TestCluster::start();
    let mut other = ten_rows(&cluster).await;
    run(&mut other, "ALTER CLUSTER SET transaction_idle_timeout_s = 2").await;
    let mut idle = cluster.client(Some("app")).await;
    let mut outside = cluster.client(Some("app")).await;
    run(&mut outside, "UPDATE t SET v = v + 1 WHERE id = 1").await;
    run(&mut idle, "BEGIN").await;
    run(&mut idle, "UPDATE t SET v = v + 1").await;
    // A statement that takes longer is no idling.
    run(&mut idle, "SELECT SLEEP(2.5)").await;
    let open: i64 = value(&mut idle, "SELECT @@in_transaction").await;
    assert_eq!(open, 1, "the transaction is still open");
    no_transaction_is_left(&cluster).await;
    assert!(idle.query_drop("COMMIT").await.is_err(), "the connection was closed");
    run(&mut outside, "UPDATE t SET v = v + 1").await;
    // By who has committed: another session may see one group's part of it before the other's.
    assert_eq!(sum(&mut outside).await, 11);
    run(&mut other, "ALTER CLUSTER RESET transaction_idle_timeout_s").await;
    let mut idle = cluster.client(Some("app")).await;
    run(&mut idle, "BEGIN").await;
    run(&mut idle, "UPDATE t SET v = v + 1").await;
    tokio::time::sleep(Duration::from_millis(2500)).await;
    run(&mut idle, "COMMIT").await;
    assert_eq!(sum(&mut idle).await, 21);
}

#[tokio::test]
async fn an_overlong_transaction_fails_at_its_next_statement_and_is_rolled_back() {
    let cluster = TestCluster::start();
    let mut client = ten_rows(&cluster).await;
    run(&mut client, "ALTER CLUSTER SET transaction_time_limit_s = 1").await;
    for next in ["UPDATE t SET v = v + 1 WHERE id = 1", "COMMIT", "SELECT COUNT(*) FROM t"] {
        run(&mut client, "BEGIN").await;
        run(&mut client, "UPDATE t SET v = v + 1").await;
        tokio::time::sleep(Duration::from_millis(1200)).await;
        let (code, message) = refused(&mut client, next).await;
        assert_eq!(code, 1613, "{next}: {message}");
        assert!(message.contains("transaction_time_limit_s"), "{message}");
        no_transaction_is_left(&cluster).await;
        assert_eq!(sum(&mut client).await, 0, "{next}");
    }
    // Rolling back is what it is told to do anyway.
    run(&mut client, "BEGIN").await;
    run(&mut client, "UPDATE t SET v = v + 1").await;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    run(&mut client, "ROLLBACK").await;
    run(&mut client, "BEGIN").await;
    run(&mut client, "UPDATE t SET v = v + 1").await;
    run(&mut client, "COMMIT").await;
    assert_eq!(sum(&mut client).await, 10);
    let (code, _) = refused(&mut client, "ALTER CLUSTER SET transaction_time_limit_s = 86400").await;
    assert_eq!(code, 1231);
}

/// Locks the row `id` on its instance, past Ostrakon, until the client that is returned goes.
async fn lock(cluster: &TestCluster, client: &mut Conn, id: i32) -> Conn {
    for table in physical::tables(cluster, client, "t").await {
        let rows: Vec<(i32,)> = table.rows("id").await;
        if rows.contains(&(id,)) {
            let mut holder = connect(table.port, None).await;
            run(&mut holder, "BEGIN").await;
            run(&mut holder, &format!("SELECT * FROM {} WHERE id = {id} FOR UPDATE", table.name)).await;
            return holder;
        }
    }
    panic!("row {id} is nowhere");
}

/// Waits until the statement waits on an instance.
async fn statement_waits(cluster: &TestCluster) {
    let begun = Instant::now();
    while cluster.running_statements() == 0 {
        assert!(begun.elapsed() < PATIENCE, "the statement does not wait");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
}

/// All rows can be written at once: nobody holds a lock.
async fn nothing_is_locked(cluster: &TestCluster, client: &mut Conn) {
    no_transaction_is_left(cluster).await;
    let writing = run(client, "UPDATE t SET v = v + 100");
    tokio::time::timeout(PATIENCE, writing).await.expect("no row is locked");
    run(client, "UPDATE t SET v = v - 100").await;
}

#[tokio::test]
async fn a_scattered_write_that_waits_in_one_group_ends_everywhere_with_kill_query() {
    let cluster = TestCluster::start();
    let mut client = ten_rows(&cluster).await;
    let mut admin = cluster.client(Some("app")).await;
    for (begin, id) in [("DO 0", 1), ("DO 0", 10), ("BEGIN", 1), ("BEGIN", 10)] {
        let holder = lock(&cluster, &mut admin, id).await;
        let own: u64 = value(&mut client, "SELECT CONNECTION_ID()").await;
        run(&mut client, begin).await;
        let waiting = tokio::spawn(async move {
            let refused = refused(&mut client, "UPDATE t SET v = v + 1").await;
            (client, refused)
        });
        statement_waits(&cluster).await;
        run(&mut admin, &format!("KILL QUERY {own}")).await;
        let (back, (code, message)) =
            tokio::time::timeout(PATIENCE, waiting).await.expect("KILL QUERY ends it").unwrap();
        client = back;
        assert_eq!(code, 1317, "{begin}: {message}");
        if begin == "BEGIN" {
            // The statement is undone, and the transaction goes on.
            assert_eq!(sum(&mut client).await, 0);
            run(&mut client, "UPDATE t SET v = 0 WHERE id = 5").await;
            run(&mut client, "COMMIT").await;
        }
        drop(holder);
        nothing_is_locked(&cluster, &mut admin).await;
        assert_eq!(sum(&mut admin).await, 0, "{begin}");
    }
}

#[tokio::test]
async fn a_scattered_write_whose_client_leaves_while_it_waits_ends_everywhere() {
    let cluster = TestCluster::start();
    let mut admin = ten_rows(&cluster).await;
    for (begin, id) in [(false, 1), (false, 10), (true, 1), (true, 10)] {
        let holder = lock(&cluster, &mut admin, id).await;
        let mut leaving = Wire::log_in(cluster.port(), "app").await;
        if begin {
            for sql in ["BEGIN", "UPDATE t SET v = v + 1 WHERE id = 5"] {
                leaving.send_query(sql).await;
                leaving.read_packet().await.expect("an answer");
            }
        }
        leaving.send_query("UPDATE t SET v = v + 1").await;
        statement_waits(&cluster).await;
        drop(leaving);
        let begun = Instant::now();
        while cluster.running_statements() > 0 {
            assert!(begun.elapsed() < PATIENCE, "a statement goes on without its client");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        drop(holder);
        nothing_is_locked(&cluster, &mut admin).await;
        assert_eq!(sum(&mut admin).await, 0);
    }
}
