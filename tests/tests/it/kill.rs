//! KILL and clients that leave: long answers, stalled clients and waiting DDL end, and nobody else is hurt.

use std::time::Duration;

use mysql_async::prelude::Queryable;
use ostrakon_tests::cluster::{TestCluster, refused, run, value};
use ostrakon_tests::wire::Wire;
use tokio::io::AsyncReadExt;

/// Ten seconds, in which all of this must end.
const SOON: Duration = Duration::from_secs(10);

async fn settles(what: &str, count: impl Fn() -> usize) {
    for _ in 0..100 {
        if count() == 0 {
            return;
        }
        // InnoDB shows its transactions as they were until nobody has asked for 0.1 s.
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    panic!("{} {what} are left after ten seconds", count());
}

async fn wide_table(cluster: &TestCluster) -> mysql_async::Conn {
    let mut client = cluster.database("app", "DBPARTITIONS 4").await;
    run(&mut client, "CREATE TABLE w (id INT PRIMARY KEY, pad LONGTEXT) DBPARTITION BY HASH(id)").await;
    let rows: Vec<String> = (0..64).map(|id| format!("({id}, REPEAT('p', 500000))")).collect();
    run(&mut client, &format!("INSERT INTO w VALUES {}", rows.join(","))).await;
    client
}

#[tokio::test]
async fn a_client_that_does_not_read_can_be_killed() {
    let cluster = TestCluster::start();
    let mut client = wide_table(&cluster).await;
    for sql in
        ["SELECT pad FROM w ORDER BY id", "SELECT a.pad, REPEAT('q', 4000000) FROM w a WHERE id IN (1, 1)"]
    {
        let mut stalled = Wire::log_in(cluster.port(), "app").await;
        stalled.send_query(sql).await;
        let mut little = [0; 100];
        stalled.stream().read_exact(&mut little).await.unwrap();
        tokio::time::sleep(Duration::from_millis(500)).await;
        let sessions: Vec<mysql_async::Row> = client.query("SHOW PROCESSLIST").await.unwrap();
        let own: u64 = value(&mut client, "SELECT CONNECTION_ID()").await;
        for row in sessions {
            let id: u64 = row.get(0).unwrap();
            if id != own {
                run(&mut client, &format!("KILL {id}")).await;
            }
        }
        settles("running statements", || cluster.running_statements()).await;
        for _ in 0..50 {
            if client.query::<mysql_async::Row, _>("SHOW PROCESSLIST").await.unwrap().len() == 1 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let left: Vec<mysql_async::Row> = client.query("SHOW PROCESSLIST").await.unwrap();
        assert_eq!(left.len(), 1, "{sql}: the killed session is still there");
        drop(stalled);
    }
}

#[tokio::test]
async fn a_long_answer_that_keeps_coming_ends_with_kill_query() {
    let cluster = TestCluster::start();
    let mut client = wide_table(&cluster).await;
    let mut reader = cluster.client(Some("app")).await;
    let id: u64 = value(&mut reader, "SELECT CONNECTION_ID()").await;
    // More than can be read in the time of the test, and never a pause.
    let digits = "(SELECT 0 d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 \
                  UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)";
    let from: Vec<String> = (0..9).map(|n| format!("{digits} d{n}")).collect();
    let sql = format!("SELECT REPEAT('x', 200) FROM {}", from.join(", "));
    let reading = tokio::spawn(async move {
        let mut rows = 0u64;
        let mut result = reader.query_iter(sql).await?;
        while result.next().await?.is_some() {
            rows += 1;
        }
        Ok::<u64, mysql_async::Error>(rows)
    });
    tokio::time::sleep(Duration::from_millis(700)).await;
    run(&mut client, &format!("KILL QUERY {id}")).await;
    let outcome = tokio::time::timeout(SOON, reading).await.expect("KILL QUERY ends it").unwrap();
    assert!(
        matches!(outcome, Err(mysql_async::Error::Server(ref e)) if e.code == 1317),
        "an answer that was cut must end with an error: {outcome:?}"
    );
}

#[tokio::test]
async fn ddl_that_waits_for_a_lock_ends_with_its_client_and_holds_nobody_up() {
    let cluster = TestCluster::start();
    let mut holder = cluster.database("app", "DBPARTITIONS 2").await;
    let mut other = cluster.client(Some("app")).await;
    run(&mut holder, "CREATE TABLE t (id INT PRIMARY KEY, v INT) DBPARTITION BY HASH(id)").await;
    run(&mut holder, "BEGIN").await;
    run(&mut holder, "SELECT COUNT(*) FROM t").await;
    let mut leaving = Wire::log_in(cluster.port(), "app").await;
    leaving.send_query("ALTER TABLE t ADD COLUMN w INT").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    drop(leaving);
    let next = run(&mut other, "CREATE TABLE u (id INT PRIMARY KEY) DBPARTITION BY HASH(id)");
    tokio::time::timeout(SOON, next).await.expect("DDL goes on when the waiting client has left");
    // And with KILL QUERY.
    let id: u64 = value(&mut other, "SELECT CONNECTION_ID()").await;
    let waiting = tokio::spawn(async move { refused(&mut other, "ALTER TABLE t ADD COLUMN w INT").await.0 });
    tokio::time::sleep(Duration::from_millis(500)).await;
    run(&mut holder, &format!("KILL QUERY {id}")).await;
    assert_eq!(tokio::time::timeout(SOON, waiting).await.expect("KILL QUERY ends it").unwrap(), 1317);
    run(&mut holder, "COMMIT").await;
    run(&mut holder, "ALTER TABLE t ADD COLUMN w INT").await;
    settles("open transactions", || cluster.open_transactions()).await;
}

#[tokio::test]
async fn a_node_that_starts_before_its_instances_learns_what_they_are_when_they_come() {
    let mut cluster = TestCluster::start();
    drop(cluster.database("app", "DBPARTITIONS 2").await);
    let mut client = cluster.client(None).await;
    let version: String = value(&mut client, "SELECT VERSION()").await;
    cluster.cluster.node_mut().stop().unwrap();
    for instance in &mut cluster.cluster.instances {
        instance.stop().unwrap();
    }
    cluster.cluster.node_mut().restart().unwrap();
    for instance in &mut cluster.cluster.instances {
        instance.restart().unwrap();
    }
    let mut learnt = String::new();
    for _ in 0..100 {
        let mut client = cluster.client(None).await;
        if let Ok(Some(now)) = client.query_first::<String, _>("SELECT VERSION()").await {
            learnt = now;
            if learnt == version {
                break;
            }
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(learnt, version);
}
