//! kill -9 of the node under load: what was acknowledged is there after the next start, and nothing else is needed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use ostrakon_tests::cluster::{TestCluster, connect, options, run, value};

/// Inserts its own numbers until told to stop or cut off; gives those that were acknowledged, and the one in doubt.
async fn writer(port: u16, number: u64, stop: Arc<AtomicBool>) -> (Vec<u64>, Option<u64>) {
    let mut acknowledged = Vec::new();
    let Ok(mut client) = Conn::new(options(port, Some("app"))).await else { return (acknowledged, None) };
    for step in 0u64.. {
        if stop.load(Ordering::Relaxed) {
            break;
        }
        let id = number * 1_000_000 + step;
        match client.query_drop(format!("INSERT INTO t VALUES ({id}, {step})")).await {
            Ok(()) => acknowledged.push(id),
            Err(_) => return (acknowledged, Some(id)),
        }
    }
    (acknowledged, None)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crash_of_the_node_under_load_loses_no_acknowledged_row() {
    let mut cluster = TestCluster::start();
    let mut client = cluster.database("app", "").await;
    run(&mut client, "CREATE TABLE t (id BIGINT NOT NULL PRIMARY KEY, step BIGINT) DBPARTITION BY HASH(id)")
        .await;
    let mut all = Vec::new();
    for round in 0..5u64 {
        let stop = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (0..8)
            .map(|n| tokio::spawn(writer(cluster.port(), round * 10 + n + 1, Arc::clone(&stop))))
            .collect();
        tokio::time::sleep(Duration::from_millis(700)).await;
        cluster.cluster.node_mut().kill().unwrap();
        stop.store(true, Ordering::Relaxed);
        for task in writers {
            all.extend(task.await.unwrap().0);
        }
        cluster.cluster.node_mut().restart().unwrap();
        let mut client = cluster.client(Some("app")).await;
        let there: std::collections::BTreeSet<u64> =
            client.query("SELECT id FROM t").await.unwrap().into_iter().collect();
        let lost: Vec<_> = all.iter().filter(|id| !there.contains(id)).collect();
        assert!(lost.is_empty(), "round {round}: {} of {} acknowledged rows are lost", lost.len(), all.len());
        assert_eq!(cluster.open_transactions(), 0);
    }
    assert!(all.len() > 100, "only {} rows were written: this proves little", all.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crash_in_the_middle_of_ddl_keeps_every_acknowledged_table() {
    let mut cluster = TestCluster::start();
    drop(cluster.database("app", "DBPARTITIONS 4").await);
    let mut made: Vec<String> = Vec::new();
    for round in 0..4 {
        let port = cluster.port();
        let task = tokio::spawn(async move {
            let mut client = connect(port, Some("app")).await;
            let mut acknowledged = Vec::new();
            for number in 0.. {
                let name = format!("r{round}_{number}");
                let sql = format!(
                    "CREATE TABLE {name} (id INT NOT NULL PRIMARY KEY, v INT) DBPARTITION BY HASH(id)"
                );
                if client.query_drop(sql).await.is_err() {
                    break;
                }
                acknowledged.push(name);
            }
            acknowledged
        });
        tokio::time::sleep(Duration::from_millis(400 + 137 * round)).await;
        cluster.cluster.node_mut().kill().unwrap();
        made.extend(task.await.unwrap());
        cluster.cluster.node_mut().restart().unwrap();
        let mut client = cluster.client(Some("app")).await;
        let there: Vec<String> = client.query("SHOW TABLES").await.unwrap();
        for name in &made {
            assert!(there.contains(name), "round {round}: the acknowledged table {name} is lost");
        }
        // Whatever is listed works as a whole, in every group.
        for name in &there {
            assert_eq!(
                value::<u64>(&mut client, &format!("SELECT COUNT(*) FROM {name}")).await % 8,
                0,
                "{name}"
            );
            if made.contains(name)
                && value::<u64>(&mut client, &format!("SELECT COUNT(*) FROM {name}")).await == 0
            {
                run(
                    &mut client,
                    &format!("INSERT INTO {name} VALUES (1,1),(2,2),(3,3),(4,4),(5,5),(6,6),(7,7),(8,8)"),
                )
                .await;
            }
        }
    }
    assert!(made.len() > 3, "only {} tables were made: this proves little", made.len());
}

#[tokio::test]
async fn crash_of_an_instance_is_an_error_and_its_return_needs_no_restart_of_the_node() {
    let mut cluster = TestCluster::start();
    let mut client = cluster.database("app", "").await;
    run(&mut client, "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v INT) DBPARTITION BY HASH(id)").await;
    let rows: Vec<String> = (0..40).map(|id| format!("({id}, {id})")).collect();
    run(&mut client, &format!("INSERT INTO t VALUES {}", rows.join(","))).await;
    cluster.cluster.instances[1].kill().unwrap();
    // Never a partial answer.
    let outcome = client.query_first::<i64, _>("SELECT COUNT(*) FROM t").await;
    assert!(outcome.is_err(), "a count over a dead instance answered {outcome:?}");
    cluster.cluster.instances[1].restart().unwrap();
    let mut client = cluster.client(Some("app")).await;
    let mut count = None;
    for _ in 0..100 {
        // The kill may have come before a branch's XA COMMIT: until that is made up for, only an atomic read waits for it.
        run(&mut client, "SET ostrakon_read_consistency = 'atomic'").await;
        if let Ok(answer) = client.query_first::<i64, _>("SELECT COUNT(*) FROM t").await {
            count = answer;
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        client = cluster.client(Some("app")).await;
    }
    assert_eq!(count, Some(40));
}

/// Rows, the sum of their keys, and how many there are twice.
async fn keys(client: &mut Conn) -> (u64, i64, u64) {
    let sql = "SELECT COUNT(*), SUM(k), COUNT(*) - COUNT(DISTINCT id) FROM m";
    client.query_first(sql).await.unwrap().expect("one row")
}

/// An UPDATE of a shard key moves each row by statements of its own, in one transaction: a crash anywhere leaves all rows where they were, or all moved.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crash_in_the_middle_of_moving_rows_moves_all_or_none() {
    const ROWS: u64 = 400;
    let mut cluster = TestCluster::start();
    let mut client = cluster.database("app", "").await;
    run(
        &mut client,
        "CREATE TABLE m (id INT NOT NULL, k INT NOT NULL, PRIMARY KEY (id, k)) DBPARTITION BY HASH(k)",
    )
    .await;
    let rows: Vec<String> = (0..ROWS).map(|id| format!("({id},{id})")).collect();
    run(&mut client, &format!("INSERT INTO m VALUES {}", rows.join(","))).await;
    let (mut moved, mut crashed) = (0i64, 0);
    for round in 0..6u64 {
        let port = cluster.port();
        let task = tokio::spawn(async move {
            let mut client = connect(port, Some("app")).await;
            client.query_drop("UPDATE m SET k = k + 1000").await.is_ok()
        });
        // The last round goes to its end: the moves are no empty work.
        let is_last = round == 5;
        if !is_last {
            tokio::time::sleep(Duration::from_millis(40 + 90 * round)).await;
            cluster.cluster.node_mut().kill().unwrap();
        }
        let done = task.await.unwrap();
        if !is_last {
            cluster.cluster.node_mut().restart().unwrap();
            crashed += u32::from(!done);
        }
        let mut client = cluster.client(Some("app")).await;
        let (count, sum, twice) = keys(&mut client).await;
        assert_eq!((count, twice), (ROWS, 0), "round {round}");
        let first: i64 = (0..ROWS as i64).sum();
        let times = (sum - first) / (1000 * ROWS as i64);
        assert_eq!(
            sum,
            first + times * 1000 * ROWS as i64,
            "round {round}: some rows moved and others did not"
        );
        // What was in doubt may have been committed; what was acknowledged must be.
        assert!(times == moved || times == moved + 1, "round {round}: {times} after {moved}");
        assert!(!done || times == moved + 1, "round {round}: an acknowledged move is lost");
        moved = times;
        // Each row is where its key is looked for.
        let key = 7 + times * 1000;
        assert_eq!(value::<u64>(&mut client, &format!("SELECT COUNT(*) FROM m WHERE k = {key}")).await, 1);
    }
    assert!(crashed > 0, "no crash met a move: this proves nothing");
    assert!(moved > 0, "nothing was moved");
}
