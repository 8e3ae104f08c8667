//! Reads with `ostrakon_read_consistency = 'atomic'` see all of a transaction over several groups, or nothing of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use mysql_async::prelude::Queryable;
use ostrakon_tests::cluster::{TestCluster, connect, refused, run, value};

const ACCOUNTS: i64 = 24;
const EACH: i64 = 1000;

async fn bank() -> TestCluster {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "DBPARTITIONS 4").await;
    run(
        &mut client,
        "CREATE TABLE account (id INT PRIMARY KEY, balance BIGINT NOT NULL) DBPARTITION BY HASH(id)",
    )
    .await;
    let rows: Vec<String> = (0..ACCOUNTS).map(|id| format!("({id}, {EACH})")).collect();
    run(&mut client, &format!("INSERT INTO account VALUES {}", rows.join(","))).await;
    cluster
}

/// Moves money between accounts until told to stop, and says how often.
async fn transfers(cluster: Arc<TestCluster>, seed: u64, stop: Arc<AtomicBool>) -> u64 {
    let mut client = cluster.client(Some("app")).await;
    let mut state = seed;
    let mut next = |below: i64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from(state >> 33).unwrap() % below
    };
    let mut done = 0;
    while !stop.load(Ordering::Relaxed) {
        let (from, to) = (next(ACCOUNTS), next(ACCOUNTS));
        if from == to {
            continue;
        }
        // In one order, so that nobody waits crosswise.
        let (first, second) = (from.min(to), from.max(to));
        let amount = |id| if id == from { -7 } else { 7 };
        run(&mut client, "BEGIN").await;
        for id in [first, second] {
            run(
                &mut client,
                &format!("UPDATE account SET balance = balance + {} WHERE id = {id}", amount(id)),
            )
            .await;
        }
        run(&mut client, "COMMIT").await;
        done += 1;
    }
    done
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sum_is_constant_in_every_atomic_read() {
    let cluster = Arc::new(bank().await);
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> =
        (1..=4).map(|n| tokio::spawn(transfers(Arc::clone(&cluster), n, Arc::clone(&stop)))).collect();
    let reads = Arc::new(AtomicU64::new(0));
    let mut readers = Vec::new();
    for way in 0..4 {
        let (cluster, reads) = (Arc::clone(&cluster), Arc::clone(&reads));
        readers.push(tokio::spawn(async move {
            let mut client = cluster.client(Some("app")).await;
            let level = if way == 3 { "snapshot" } else { "atomic" };
            run(&mut client, &format!("SET ostrakon_read_consistency = '{level}'")).await;
            for _ in 0..60 {
                let sum: i64 = match way {
                    0 | 3 => value(&mut client, "SELECT SUM(balance) FROM account").await,
                    1 => {
                        let rows: Vec<(i64, i64)> =
                            client.exec("SELECT id, balance FROM account ORDER BY id", ()).await.unwrap();
                        assert_eq!(rows.len() as i64, ACCOUNTS);
                        rows.iter().map(|row| row.1).sum()
                    }
                    _ => {
                        // Statement by statement, in one transaction, whose reads repeat.
                        run(&mut client, "BEGIN").await;
                        let mut sum = 0;
                        for id in 0..ACCOUNTS {
                            let sql = format!("SELECT balance FROM account WHERE id = {id}");
                            sum += value::<i64>(&mut client, &sql).await;
                        }
                        assert_eq!(value::<i64>(&mut client, "SELECT SUM(balance) FROM account").await, sum);
                        run(&mut client, "COMMIT").await;
                        sum
                    }
                };
                assert_eq!(sum, ACCOUNTS * EACH, "a read of way {way} has seen half of a transfer");
                reads.fetch_add(1, Ordering::Relaxed);
            }
        }));
    }
    for reader in readers {
        reader.await.unwrap();
    }
    stop.store(true, Ordering::Relaxed);
    let mut moved = 0;
    for writer in writers {
        moved += writer.await.unwrap();
    }
    assert!(moved > 50, "only {moved} transfers were made: the reads have shown nothing");
    assert_eq!(reads.load(Ordering::Relaxed), 240);
}

#[tokio::test]
async fn an_atomic_transaction_may_write_and_its_limits_are_refused() {
    let cluster = bank().await;
    let mut client = cluster.client(Some("app")).await;
    run(&mut client, "SET ostrakon_read_consistency = 'ATOMIC'").await;
    run(&mut client, "BEGIN").await;
    assert_eq!(value::<i64>(&mut client, "SELECT SUM(balance) FROM account").await, ACCOUNTS * EACH);
    run(&mut client, "UPDATE account SET balance = balance + 1").await;
    assert_eq!(value::<i64>(&mut client, "SELECT SUM(balance) FROM account").await, ACCOUNTS * (EACH + 1));
    assert_eq!(refused(&mut client, "SET ostrakon_read_consistency = 'shard'").await.0, 1568);
    run(&mut client, "COMMIT").await;
    assert_eq!(value::<i64>(&mut client, "SELECT SUM(balance) FROM account").await, ACCOUNTS * (EACH + 1));
    run(&mut client, "SET TRANSACTION ISOLATION LEVEL READ COMMITTED").await;
    run(&mut client, "BEGIN").await;
    assert_eq!(refused(&mut client, "SELECT SUM(balance) FROM account").await.0, 1235);
    run(&mut client, "ROLLBACK").await;
    let (errno, _) = refused(&mut client, "SET ostrakon_read_consistency = 'serial'").await;
    assert_eq!(errno, 1231);
    // A session's own time and zone are not the rows'.
    run(&mut client, "SET timestamp = 86400, time_zone = '+09:00'").await;
    assert_eq!(value::<i64>(&mut client, "SELECT SUM(balance) FROM account").await, ACCOUNTS * (EACH + 1));
    assert_eq!(value::<String>(&mut client, "SELECT CAST(NOW() AS CHAR)").await, "1970-01-02 09:00:00");
    // DRDS's policies are understood.
    run(&mut client, "SET drds_transaction_policy = '2PC'").await;
    let notes: Vec<(String, u16, String)> = client.query("SHOW WARNINGS").await.unwrap();
    assert!(notes.iter().any(|note| note.2.contains("two-phase")), "{notes:?}");
    assert_eq!(refused(&mut client, "SET drds_transaction_policy = 'HOPE'").await.0, 1231);
}

#[tokio::test]
async fn a_transaction_stays_open_when_its_snapshots_do_not_agree() {
    let cluster = bank().await;
    let mut client = cluster.client(Some("app")).await;
    run(&mut client, "SET ostrakon_read_consistency = 'atomic'").await;
    assert_eq!(value::<i64>(&mut client, "SELECT SUM(balance) FROM account").await, ACCOUNTS * EACH);
    let groups: Vec<mysql_async::Row> = client.query("SHOW GROUPS").await.unwrap();
    let column = |row: usize, name: &str| groups[row].get::<String, _>(name).unwrap();
    // A transaction that the first group shows, and the second one never will.
    let (shows, lacks) = (column(0, "GROUP_NAME"), column(1, "GROUP_NAME"));
    let instance = cluster.cluster.instances.iter().find(|i| i.name() == column(0, "INSTANCE")).unwrap();
    let mut server = connect(instance.port(), None).await;
    let row = format!("VALUES ('o1.1.1.a.b', 0, '{shows}', '{shows},{lacks}')");
    run(&mut server, &format!("INSERT INTO __ostrakon.branch (gtrid, ordinal, name, branches) {row}")).await;
    run(&mut client, "BEGIN").await;
    let (errno, message) = refused(&mut client, "SELECT SUM(balance) FROM account").await;
    assert_eq!(errno, 1205, "{message}");
    assert!(message.contains(lacks.as_str()), "{message}");
    run(&mut server, "DELETE FROM __ostrakon.branch WHERE gtrid = 'o1.1.1.a.b'").await;
    // The BEGIN holds: what follows is undone by ROLLBACK.
    run(&mut client, "UPDATE account SET balance = balance + 1").await;
    assert_eq!(value::<i64>(&mut client, "SELECT SUM(balance) FROM account").await, ACCOUNTS * (EACH + 1));
    run(&mut client, "ROLLBACK").await;
    assert_eq!(value::<i64>(&mut client, "SELECT SUM(balance) FROM account").await, ACCOUNTS * EACH);
    assert_eq!(cluster.open_transactions(), 0);
}
