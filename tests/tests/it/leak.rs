//! Clients that leave in any state leave nothing behind: no backend connection, no transaction, no running statement.

use std::time::{Duration, Instant};

use ostrakon_tests::cluster::{TestCluster, run, value};
use ostrakon_tests::wire::Wire;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::io::AsyncReadExt;

/// Connections that the pools may keep idle beyond what was open before: a pool that grew under load keeps some.
const IDLE_ALLOWANCE: usize = 64;

/// Each way of leaving.
const STATES: usize = 9;

async fn leave_in_state(port: u16, state: usize, random: &mut StdRng) {
    if state == 0 {
        Wire::connect(port).await;
        return;
    }
    if state == 1 {
        let mut wire = Wire::connect(port).await;
        let login = Wire::login("app");
        wire.send_packet(1, &login[..random.random_range(1..login.len())]).await;
        return;
    }
    let mut wire = Wire::log_in(port, "app").await;
    let key = random.random_range(0..100);
    match state {
        2 => wire.send_query(&format!("SELECT * FROM t WHERE id = {key}")).await,
        // In the middle of a transaction that holds a lock.
        3 => {
            wire.send_query("BEGIN").await;
            wire.read_packet().await;
            wire.send_query(&format!("UPDATE t SET v = v + 1 WHERE id = {key}")).await;
            wire.read_packet().await;
        }
        // A statement that would run for long.
        4 => {
            wire.send_query("SELECT SLEEP(600)").await;
            // InnoDB shows its transactions as they were until nobody has asked for 0.1 s.
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
        // In the middle of a result that is larger than the buffers.
        5 => {
            wire.send_query("SELECT t.*, REPEAT('p', 100000) FROM t").await;
            let mut some = [0; 5000];
            let _ = wire.stream().read_exact(&mut some).await;
        }
        // In the middle of a merge.
        6 => {
            wire.send_query("SELECT id, REPEAT('p', 100000) FROM t ORDER BY id").await;
            let mut some = [0; 5000];
            let _ = wire.stream().read_exact(&mut some).await;
        }
        // In the middle of a packet.
        7 => wire.send_raw(&[200, 0, 0, 0, 3, b'S', b'E']).await,
        // With autocommit off, after a read.
        _ => {
            wire.send_query("SET autocommit = 0").await;
            wire.read_packet().await;
            wire.send_query("SELECT COUNT(*) FROM t FOR UPDATE").await;
            wire.read_packet().await;
        }
    }
}

/// Waits until `count` is at most `limit`.
async fn settles(what: &str, limit: usize, count: impl Fn() -> usize) {
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        let now = count();
        if now <= limit {
            return;
        }
        assert!(
            Instant::now() < end,
            "{now} {what} are left 20 s after the last client went; at most {limit} were expected"
        );
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_leave_in_any_state_leave_nothing_behind() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "").await;
    run(&mut client, "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v INT) DBPARTITION BY HASH(id)").await;
    let rows: Vec<String> = (0..100).map(|id| format!("({id}, {id})")).collect();
    run(&mut client, &format!("INSERT INTO t VALUES {}", rows.join(","))).await;
    run(&mut client, "SELECT COUNT(*) FROM t").await;
    let before = cluster.backend_connections();
    let mut random = StdRng::seed_from_u64(7);
    for round in 0..6 {
        let leaving = (0..STATES * 4).map(|number| {
            let (port, mut random) = (cluster.port(), StdRng::seed_from_u64(random.random()));
            // Each client gets some seconds: one that waits for a lock of another leaves while it waits.
            tokio::spawn(async move {
                let _ = tokio::time::timeout(
                    Duration::from_secs(2),
                    leave_in_state(port, number % STATES, &mut random),
                )
                .await;
            })
        });
        for task in leaving.collect::<Vec<_>>() {
            task.await.unwrap_or_else(|error| panic!("round {round}: {error}"));
        }
    }
    settles("running statements", 0, || cluster.running_statements()).await;
    settles("open transactions", 0, || cluster.open_transactions()).await;
    settles("backend connections", before + IDLE_ALLOWANCE, || cluster.backend_connections()).await;
    // Every row can be written: no lock is held.
    run(&mut client, "SET SESSION innodb_lock_wait_timeout = 2").await;
    for id in 0..100 {
        run(&mut client, &format!("UPDATE t SET v = 1 WHERE id = {id}")).await;
    }
    assert_eq!(value::<u64>(&mut client, "SELECT COUNT(*) FROM t WHERE v = 1").await, 100);
}

#[tokio::test]
async fn idle_clients_hold_no_backend_connection() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "").await;
    run(&mut client, "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v INT) DBPARTITION BY HASH(id)").await;
    run(&mut client, "INSERT INTO t VALUES (1, 1)").await;
    let mut idle = Vec::new();
    for _ in 0..150 {
        let mut wire = Wire::log_in(cluster.port(), "app").await;
        wire.send_query("SELECT v FROM t WHERE id = 1").await;
        wire.read_packet().await;
        idle.push(wire);
    }
    let held = cluster.backend_connections();
    assert!(held < 60, "150 idle clients hold {held} backend connections");
    drop(idle);
}
