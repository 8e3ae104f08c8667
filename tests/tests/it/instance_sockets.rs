//! Instances on the node's machine over their Unix sockets: the same work, and no server in another's place.

use std::fmt::Write as _;
use std::time::Duration;

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use ostrakon_tests::cluster::{TestCluster, refused, run, value};

/// Starts the node again with sockets for its instances: that of instance `socket_of[at]` for instance `at`.
async fn restart(cluster: &mut TestCluster, before: &str, socket_of: &[usize]) {
    let instances = &cluster.cluster.instances;
    let mut settings = format!("{before}\n[instance_sockets]\n");
    for (instance, other) in instances.iter().zip(socket_of) {
        let socket = instances[*other].directory().join("data/mysqld.sock");
        writeln!(settings, "\"127.0.0.1:{}\" = {:?}", instance.port(), socket.to_string_lossy()).unwrap();
    }
    let node = cluster.cluster.node_mut();
    *node.settings_mut() = settings;
    tokio::task::block_in_place(|| node.restart()).unwrap();
}

/// How many of the node's connections to all instances come by a socket, and how many by TCP.
fn connections(cluster: &TestCluster) -> (u64, u64) {
    let mut counts = (0, 0);
    for instance in &cluster.cluster.instances {
        let mut direct = instance.connect().unwrap();
        let mut count = |condition: &str| -> u64 {
            let sql = format!(
                "SELECT COUNT(*) FROM information_schema.PROCESSLIST \
                 WHERE USER = 'root' AND ID <> CONNECTION_ID() AND {condition}"
            );
            direct.query(&sql).unwrap().first().unwrap().parse().unwrap()
        };
        counts.0 += count("HOST = 'localhost'");
        counts.1 += count("HOST LIKE '127.0.0.1:%'");
    }
    counts
}

async fn work(cluster: &TestCluster, client: &mut Conn) {
    run(client, "INSERT INTO t SELECT seq, REPEAT('x', 50000) FROM ids").await;
    run(client, "BEGIN").await;
    run(client, "UPDATE t SET pad = CONCAT(pad, 'y')").await;
    run(client, "COMMIT").await;
    assert_eq!(value::<u64>(client, "SELECT SUM(LENGTH(pad)) FROM t").await, 64 * 50_001);
    // Long answers, as they come, and merged.
    let pads: Vec<String> = client.query("SELECT pad FROM t ORDER BY id").await.unwrap();
    assert_eq!(pads.len(), 64);
    assert!(pads.iter().all(|pad| pad.len() == 50_001 && pad.ends_with("xy")));
    for id in 1..=64 {
        let found: Option<u64> =
            client.exec_first("SELECT LENGTH(pad) FROM t WHERE id = ?", (id,)).await.unwrap();
        assert_eq!(found, Some(50_001));
    }
    let id: u64 = value(client, "SELECT CONNECTION_ID()").await;
    let mut killer = cluster.client(None).await;
    let killing = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(300)).await;
        run(&mut killer, &format!("KILL QUERY {id}")).await;
    });
    let locked = "SELECT id FROM t WHERE id = 1 FOR UPDATE";
    let mut holder = cluster.client(Some("app")).await;
    run(&mut holder, "BEGIN").await;
    run(&mut holder, locked).await;
    assert_eq!(refused(client, locked).await.0, 1317);
    run(&mut holder, "COMMIT").await;
    killing.await.unwrap();
    run(client, "DELETE FROM t").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_work_goes_over_the_sockets_and_each_leads_to_its_server() {
    let mut cluster = tokio::task::block_in_place(TestCluster::start);
    let mut client = cluster.database("app", "DBPARTITIONS 4").await;
    run(&mut client, "CREATE TABLE t (id INT PRIMARY KEY, pad LONGTEXT) DBPARTITION BY HASH(id)").await;
    run(&mut client, "CREATE TABLE ids (seq INT PRIMARY KEY) BROADCAST").await;
    let rows: Vec<String> = (1..=64).map(|id| format!("({id})")).collect();
    run(&mut client, &format!("INSERT INTO ids VALUES {}", rows.join(","))).await;
    work(&cluster, &mut client).await;
    let (by_socket, by_tcp) = connections(&cluster);
    assert!(by_socket == 0 && by_tcp > 0, "{by_socket} and {by_tcp}");

    let before = cluster.cluster.node_mut().settings_mut().clone();
    restart(&mut cluster, &before, &[0, 1]).await;
    let mut client = cluster.client(Some("app")).await;
    work(&cluster, &mut client).await;
    let (by_socket, by_tcp) = connections(&cluster);
    assert!(by_socket > 0 && by_tcp == 0, "{by_socket} and {by_tcp}");

    // The second instance's rows must not come from the first.
    restart(&mut cluster, &before, &[0, 0]).await;
    // A client that asks nothing when it logs in: any server could be asked.
    let mut client = cluster.cluster.node().connect().unwrap();
    let text = client.query("SELECT COUNT(*) FROM app.t").unwrap_err().to_string();
    let port = cluster.cluster.instances[0].port();
    assert!(text.contains(&format!("its Unix socket leads to the server at port {port}")), "{text}");
}
