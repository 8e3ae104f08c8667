//! Packets of 16 MiB and more, in both directions, and a stalled client of a large result.

use mysql_async::prelude::Queryable;
use ostrakon_tests::cluster::{TestCluster, connect, options, refused, run, value};

#[tokio::test]
async fn big_values_cross_the_packet_boundary_in_both_directions() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "").await;
    run(&mut client, "CREATE TABLE big (id INT PRIMARY KEY, v LONGBLOB) DBPARTITION BY HASH(id)").await;
    // Around the largest single packet, 2^24 - 1 bytes of payload, and well above it.
    for (id, length) in
        [(1, (1 << 24) - 200), (2, (1 << 24) - 1), (3, 1 << 24), (4, (1 << 24) + 1), (5, 40 << 20)]
    {
        let value = vec![b'a' + id as u8; length];
        client.exec_drop("INSERT INTO big VALUES (?, ?)", (id, &value)).await.unwrap();
        let back: Vec<u8> =
            client.query_first(format!("SELECT v FROM big WHERE id = {id}")).await.unwrap().unwrap();
        assert!(back == value, "{length} bytes came back changed");
        let back: Vec<u8> =
            client.exec_first("SELECT v FROM big WHERE id = ?", (id,)).await.unwrap().unwrap();
        assert!(back == value, "{length} bytes came back changed by a prepared statement");
    }
    let text = format!("SELECT LENGTH('{}')", "t".repeat(17 << 20));
    assert_eq!(value::<u64>(&mut client, &text).await, 17 << 20);
    let lengths: Vec<u64> = client.query("SELECT LENGTH(v) FROM big ORDER BY id").await.unwrap();
    assert_eq!(lengths.last(), Some(&(40 << 20)));
}

#[tokio::test]
async fn big_packets_over_the_limit_get_1153_and_others_are_served_on() {
    let cluster = TestCluster::start_with(|options| {
        options.node_settings = "[limits]\nmax_allowed_packet = 1048576".to_owned()
    });
    let mut client = connect(cluster.port(), None).await;
    assert_eq!(value::<u64>(&mut client, "SELECT @@max_allowed_packet").await, 1 << 20);
    let large = options(cluster.port(), None).max_allowed_packet(Some(1 << 30));
    let mut sender = mysql_async::Conn::new(large).await.unwrap();
    match sender.query_drop(format!("SELECT '{}'", "x".repeat(3 << 20))).await {
        Err(mysql_async::Error::Server(error)) => assert_eq!(error.code, 1153),
        Err(_) => {} // The server may close before the error is read, as MySQL does.
        Ok(()) => panic!("a packet over the limit was taken"),
    }
    assert_eq!(value::<i64>(&mut client, "SELECT 1").await, 1);
    assert_eq!(refused(&mut client, "SELECT nothing").await.0, 1054);
}

/// Resident memory of the node in MiB.
fn node_memory_mib(cluster: &TestCluster) -> u64 {
    let pid = cluster.cluster.node().pid().unwrap();
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

#[tokio::test]
async fn big_results_wait_for_a_stalled_client_without_memory() {
    use tokio::io::AsyncReadExt;
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "").await;
    run(&mut client, "CREATE TABLE w (id INT PRIMARY KEY, pad LONGTEXT) DBPARTITION BY HASH(id)").await;
    let rows: Vec<String> = (0..64).map(|id| format!("({id}, REPEAT('p', 4000000))")).collect();
    for part in rows.chunks(8) {
        run(&mut client, &format!("INSERT INTO w VALUES {}", part.join(","))).await;
    }
    let before = node_memory_mib(&cluster);
    // One row at a time is 4 MB; the whole is 256 MB. The client asks, reads a little, and stalls.
    for sql in ["SELECT id, pad FROM w", "SELECT id, pad FROM w ORDER BY id"] {
        let mut stalled = ostrakon_tests::wire::Wire::log_in(cluster.port(), "app").await;
        stalled.send_query(sql).await;
        let mut little = [0; 1000];
        stalled.stream().read_exact(&mut little).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        let grown = node_memory_mib(&cluster).saturating_sub(before);
        assert!(grown < 128, "{sql}: {grown} MiB are held for a client that does not read");
    }
}
