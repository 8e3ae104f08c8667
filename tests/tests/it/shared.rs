//! Short statements of several clients over connections that they share: fewer connections, and nothing of one client reaches another.

use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row};
use ostrakon_tests::cluster::{TestCluster, connect, run, value};
use ostrakon_tests::physical;

/// Runs of a template after which it is known to be short.
const PROVEN: usize = 20;
const ROWS: i64 = 200;

/// One worker, so that its clients meet.
fn start(more: &str) -> TestCluster {
    TestCluster::start_with(|options| options.node_settings = format!("workers = 1\n{more}"))
}

async fn table(client: &mut Conn, name: &str) {
    run(
        client,
        &format!(
            "CREATE TABLE {name} (id INT PRIMARY KEY, v INT, at TIMESTAMP NULL) DBPARTITION BY HASH(id)"
        ),
    )
    .await;
    let rows: Vec<String> =
        (0..ROWS).map(|id| format!("({id}, {}, FROM_UNIXTIME({}))", id * 7, 1_000_000_000 + id)).collect();
    run(client, &format!("INSERT INTO {name} VALUES {}", rows.join(", "))).await;
}

/// So often that the node knows it for short.
async fn prove(client: &mut Conn, template: impl Fn(i64) -> String) {
    for id in 0..PROVEN as i64 {
        let _: Vec<Row> = client.query(template(id)).await.unwrap();
    }
}

fn by_id(id: i64) -> String {
    format!("SELECT v FROM t WHERE id = {id}")
}

fn time_by_id(id: i64) -> String {
    format!("SELECT at FROM t WHERE id = {id}")
}

#[tokio::test]
async fn many_clients_use_few_connections_and_each_gets_its_own_answer() {
    let cluster = start("");
    let mut first = cluster.database("app", "DBPARTITIONS 2").await;
    table(&mut first, "t").await;
    prove(&mut first, by_id).await;
    prove(&mut first, time_by_id).await;
    let mut tasks = Vec::new();
    for number in 0..60i64 {
        let mut client = cluster.client(Some("app")).await;
        // A session's settings are its own, also where it shares a connection.
        let zone = number % 3;
        if zone > 0 {
            run(&mut client, &format!("SET time_zone = '+0{zone}:00'")).await;
        }
        tasks.push(tokio::spawn(async move {
            for round in 0..60i64 {
                let id = (number * 13 + round) % ROWS;
                assert_eq!(value::<i64>(&mut client, &by_id(id)).await, id * 7);
                let at: String = value(&mut client, &time_by_id(id)).await;
                let minute_and_second = 46 * 60 + 40 + id;
                let told = format!(
                    "2001-09-09 0{}:{:02}:{:02}",
                    1 + zone,
                    minute_and_second / 60,
                    minute_and_second % 60
                );
                assert_eq!(at, told, "client {number}");
            }
            client
        }));
    }
    let mut clients = Vec::new();
    for task in tasks {
        clients.push(task.await.unwrap());
    }
    // Sixty clients at once would have had sixty.
    let connections = cluster.backend_connections();
    assert!(connections < 45, "{connections} backend connections");
}

#[tokio::test]
async fn errors_and_warnings_stay_with_their_statement() {
    let cluster = start("");
    let mut first = cluster.database("app", "DBPARTITIONS 2").await;
    table(&mut first, "t").await;
    run(&mut first, "CREATE TABLE s (k INT, v INT) BROADCAST").await;
    run(&mut first, "INSERT INTO s VALUES (1, 1), (2, 2), (2, 3)").await;
    let warns = |id: i64| format!("SELECT MOD(10, v) FROM t WHERE id = {id}");
    let fails = |id: i64| {
        let k = if id == 77 { 2 } else { 1 };
        format!("SELECT (SELECT s.v FROM s WHERE s.k = {k}) FROM t WHERE id = {id}")
    };
    prove(&mut first, by_id).await;
    prove(&mut first, |id| warns(id + 1)).await;
    prove(&mut first, fails).await;
    let mut tasks = Vec::new();
    for number in 0..30i64 {
        let mut client = cluster.client(Some("app")).await;
        tasks.push(tokio::spawn(async move {
            for round in 0..40i64 {
                let id = (number * 7 + round) % ROWS;
                match (number + round) % 5 {
                    0 => {
                        // Division by 0.
                        let none: Option<Option<i64>> = client.query_first(warns(0)).await.unwrap();
                        assert_eq!(none, Some(None));
                        let warnings: Vec<(String, u16, String)> =
                            client.query("SHOW WARNINGS").await.unwrap();
                        assert_eq!(warnings.iter().map(|w| w.1).collect::<Vec<_>>(), [1365], "{warnings:?}");
                    }
                    1 => {
                        let failed = client.query_drop(fails(77)).await;
                        assert!(
                            matches!(&failed, Err(mysql_async::Error::Server(e)) if e.code == 1242),
                            "{failed:?}"
                        );
                    }
                    _ => {
                        assert_eq!(value::<i64>(&mut client, &by_id(id)).await, id * 7);
                        let warnings: Vec<Row> = client.query("SHOW WARNINGS").await.unwrap();
                        assert!(warnings.is_empty(), "{warnings:?}");
                        assert_eq!(value::<i64>(&mut client, "SELECT FOUND_ROWS()").await, 1);
                    }
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn a_slow_statement_holds_up_nobody() {
    const HELD: Duration = Duration::from_secs(4);
    let cluster = start("[limits]\nshared_connections_per_instance = 1\n");
    let mut first = cluster.database("app", "DBPARTITIONS 2").await;
    table(&mut first, "t").await;
    table(&mut first, "slow").await;
    let slow_by_id = |id: i64| format!("SELECT v FROM slow WHERE id = {id}");
    prove(&mut first, by_id).await;
    prove(&mut first, slow_by_id).await;
    // Both were short. From now on one is not: its table is locked on the servers.
    let mut holders = Vec::new();
    for locked in physical::tables(&cluster, &mut first, "slow").await {
        let mut holder = connect(locked.port, None).await;
        run(&mut holder, &format!("LOCK TABLES {} WRITE", locked.name)).await;
        holders.push(holder);
    }
    let begun = Instant::now();
    let mut slow = Vec::new();
    for id in 0..8i64 {
        let mut client = cluster.client(Some("app")).await;
        slow.push(tokio::spawn(async move {
            assert_eq!(value::<i64>(&mut client, &slow_by_id(id)).await, id * 7);
            Instant::now()
        }));
    }
    let mut short = Vec::new();
    for number in 0..20i64 {
        let mut client = cluster.client(Some("app")).await;
        short.push(tokio::spawn(async move {
            let mut times = Vec::new();
            for round in 0..40i64 {
                let id = (number + round) % ROWS;
                let asked = Instant::now();
                assert_eq!(value::<i64>(&mut client, &by_id(id)).await, id * 7);
                times.push(asked.elapsed());
            }
            (Instant::now(), times)
        }));
    }
    let mut times = Vec::new();
    let mut last = begun;
    for task in short {
        let (ended, took) = task.await.unwrap();
        last = last.max(ended);
        times.extend(took);
    }
    times.sort();
    println!(
        "short statements beside slow ones: p50 {:?}, p99 {:?}, longest {:?}",
        times[times.len() / 2],
        times[times.len() * 99 / 100],
        times[times.len() - 1]
    );
    tokio::time::sleep(HELD.saturating_sub(begun.elapsed())).await;
    let freed = Instant::now();
    for mut holder in holders {
        run(&mut holder, "UNLOCK TABLES").await;
    }
    for task in slow {
        assert!(task.await.unwrap() >= freed, "a read of a locked table was answered");
    }
    assert!(last < freed, "short statements waited for the slow ones");
}
