//! A node's memory stays small, whatever goes through it: a long scan of many groups, and a gather that is over its budget.
//! `OSTRAKON_SCAN_MB=5000` makes the scan longer.

use mysql_async::prelude::Queryable;
use ostrakon_tests::cluster::{TestCluster, refused, run, value};

/// What a node may hold at most, in bytes.
const MOST: u64 = 256 << 20;
/// Rows of the table, a kilobyte each.
const ROWS: u64 = 60_000;

#[tokio::test]
async fn long_scans_and_gathers_over_their_budget_take_little_memory() {
    let cluster = TestCluster::start_with(|options| {
        options.node_settings = "[limits]\ngather_bytes = 50000000\n".into();
    });
    let mut client = cluster.database("app", "DBPARTITIONS = 4").await;
    run(
        &mut client,
        "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, pad VARCHAR(1000)) DBPARTITION BY HASH(id)",
    )
    .await;
    run(&mut client, "CREATE TABLE times (n INT NOT NULL PRIMARY KEY) BROADCAST").await;
    for first in (0..ROWS).step_by(2000) {
        let rows: Vec<String> =
            (first..first + 2000).map(|id| format!("({id},'{}')", format!("{id:010}").repeat(100))).collect();
        run(&mut client, &format!("INSERT INTO t VALUES {}", rows.join(","))).await;
    }
    let megabytes: u64 =
        std::env::var("OSTRAKON_SCAN_MB").ok().and_then(|text| text.parse().ok()).unwrap_or(240);
    let times = megabytes / 60;
    let rows: Vec<String> = (0..times).map(|n| format!("({n})")).collect();
    run(&mut client, &format!("INSERT INTO times VALUES {}", rows.join(","))).await;

    let mut found = 0u64;
    let mut bytes = 0u64;
    let mut answer = client.query_iter("SELECT t.id, t.pad FROM t CROSS JOIN times").await.unwrap();
    while let Some(row) = answer.next().await.unwrap() {
        found += 1;
        bytes += row.get::<String, _>(1).map_or(0, |pad| pad.len() as u64);
    }
    drop(answer);
    assert_eq!(found, ROWS * times);
    let after_scan = most_memory(&cluster);

    let (errno, message) = refused(&mut client, "SELECT COUNT(DISTINCT pad) FROM t").await;
    assert!(errno == 1104 && message.contains("limits.gather_bytes"), "{errno} {message}");
    let after_gather = most_memory(&cluster);
    println!(
        "{} MB scanned: {} MB of memory; then a gather of 60 MB with a budget of 50 MB: {} MB",
        bytes >> 20,
        after_scan >> 20,
        after_gather >> 20
    );
    assert!(after_gather < MOST, "the node has held {} MB", after_gather >> 20);
    // What was gathered is gone, and the session goes on.
    assert_eq!(value::<u64>(&mut client, "SELECT COUNT(DISTINCT id) FROM t WHERE id < 100").await, 100);
}

/// The most that the node's process has ever held, in bytes.
fn most_memory(cluster: &TestCluster) -> u64 {
    let pid = cluster.cluster.node().pid().expect("the node runs");
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("the node's status");
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("Linux tells the most memory");
    let kilobytes: u64 = line.split_whitespace().nth(1).and_then(|text| text.parse().ok()).expect("a number");
    kilobytes << 10
}
