//! Several nodes: each is listed and may be asked for all, accounts and settings are everywhere, members change, a drain moves the leader.

use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row};
use ostrakon::dev::cluster::KEY_FILE;
use ostrakon::dev::node::{Node, NodeOptions};
use ostrakon::dev::process::Life;
use ostrakon_tests::cluster::{TestCluster, connect, options, refused, run};
use ostrakon_tests::place;

/// ID, ROLE, STATE of SHOW NODES.
async fn nodes(client: &mut Conn) -> Vec<(u64, String, String)> {
    let rows: Vec<Row> = client.query("SHOW NODES").await.unwrap();
    let line = |row: &Row| (row.get("ID").unwrap(), row.get("ROLE").unwrap(), row.get("STATE").unwrap());
    rows.iter().map(line).collect()
}

/// Waits for SHOW NODES to be as wanted.
async fn wait(client: &mut Conn, what: &str, wanted: impl Fn(&[(u64, String, String)]) -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let listed = nodes(client).await;
        if wanted(&listed) {
            return;
        }
        assert!(Instant::now() < end, "{what}: {listed:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn leader(listed: &[(u64, String, String)]) -> Option<u64> {
    listed.iter().find(|node| node.1 == "leader").map(|node| node.0)
}

fn all_vote(listed: &[(u64, String, String)]) -> bool {
    listed.len() == 3
        && leader(listed).is_some()
        && listed.iter().all(|node| node.1 != "learner" && node.2 == "alive")
}

/// Waits until the statement of a session that is open ends so: 0, or an error's number.
async fn comes_to(client: &mut Conn, sql: &str, wanted: u16) {
    let end = Instant::now() + Duration::from_secs(10);
    loop {
        let got = match client.query_drop(sql).await {
            Ok(()) => 0,
            Err(mysql_async::Error::Server(error)) => error.code,
            Err(error) => panic!("{sql}: {error}"),
        };
        if got == wanted {
            return;
        }
        assert!(Instant::now() < end, "{sql}: {got}, not {wanted}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The account `app` may do nothing yet. Its open sessions on other nodes follow what one node is told, and so do its next logins.
async fn a_grant_of_one_node_is_in_force_on_the_others(admins: &mut [Conn], ports: &[u16]) {
    let log_in = async |password: &str| {
        Conn::new(options(ports[2], None).user(Some("app")).pass(Some(password.to_owned()))).await
    };
    run(&mut admins[0], "CREATE DATABASE shared").await;
    run(&mut admins[0], "CREATE TABLE shared.t (id INT PRIMARY KEY)").await;
    let mut app = log_in("secret").await.unwrap();
    comes_to(&mut app, "SELECT * FROM shared.t", 1142).await;
    run(&mut admins[0], "GRANT SELECT ON shared.* TO app").await;
    comes_to(&mut app, "SELECT * FROM shared.t", 0).await;
    comes_to(&mut app, "INSERT INTO shared.t VALUES (1)", 1142).await;
    run(&mut admins[1], "GRANT INSERT ON shared.t TO app").await;
    comes_to(&mut app, "INSERT INTO shared.t VALUES (2)", 0).await;
    run(&mut admins[0], "REVOKE INSERT ON shared.t FROM app").await;
    comes_to(&mut app, "INSERT INTO shared.t VALUES (3)", 1142).await;
    run(&mut admins[1], "REVOKE SELECT ON shared.* FROM app").await;
    comes_to(&mut app, "SELECT * FROM shared.t", 1142).await;
    // Open sessions stay when the password changes; the next login has the new one.
    run(&mut admins[1], "ALTER USER app IDENTIFIED BY 'other'").await;
    let end = Instant::now() + Duration::from_secs(10);
    while log_in("secret").await.is_ok() {
        assert!(Instant::now() < end, "the old password lets in");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    log_in("other").await.unwrap();
    comes_to(&mut app, "SELECT 1", 0).await;
    run(&mut admins[0], "DROP USER app").await;
    comes_to(&mut app, "SELECT * FROM shared.t", 1142).await;
    run(&mut admins[0], "DROP DATABASE shared").await;
}

#[tokio::test]
async fn three_nodes_are_administered_from_any_of_them() {
    let mut cluster = TestCluster::start_with(|options| options.nodes = 3);
    let ports: Vec<u16> = cluster.cluster.nodes.iter().map(|node| node.port()).collect();
    let mut clients = Vec::new();
    for port in &ports {
        clients.push(connect(*port, None).await);
    }
    wait(&mut clients[1], "all three vote", all_vote).await;
    // What one says, another does and knows.
    run(&mut clients[2], "CREATE USER app IDENTIFIED BY 'secret'").await;
    run(&mut clients[1], "ALTER CLUSTER SET drain_timeout_s = 1").await;
    let end = Instant::now() + Duration::from_secs(10);
    for port in &ports {
        while let Err(error) = Conn::new(options(*port, None).user(Some("app")).pass(Some("secret"))).await {
            assert!(Instant::now() < end, "port {port}: {error}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    a_grant_of_one_node_is_in_force_on_the_others(&mut clients, &ports).await;
    // The instances were made known to one node: the others have asked them what they are, too.
    let version = connect(ports[0], None).await.server_version();
    for port in &ports {
        while connect(*port, None).await.server_version() != version {
            assert!(Instant::now() < end, "port {port} tells another version");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    // A voter is made a learner, and with one voter fewer wanted it stays one.
    let listed = nodes(&mut clients[0]).await;
    let first = leader(&listed).unwrap();
    let follower = listed.iter().map(|node| node.0).find(|id| *id != first).unwrap();
    run(&mut clients[0], "ALTER CLUSTER SET voters = 1").await;
    run(&mut clients[0], &format!("ALTER CLUSTER DEMOTE NODE {follower}")).await;
    let is = |id: u64, role: &'static str| {
        move |listed: &[(u64, String, String)]| listed.iter().any(|node| node.0 == id && node.1 == role)
    };
    wait(&mut clients[2], "a learner", is(follower, "learner")).await;
    run(&mut clients[1], &format!("ALTER CLUSTER PROMOTE NODE {follower}")).await;
    wait(&mut clients[2], "a voter", is(follower, "voter")).await;
    run(&mut clients[2], "ALTER CLUSTER SET voters = 3").await;
    run(&mut clients[2], &format!("ALTER CLUSTER TRANSFER LEADER TO NODE {follower}")).await;
    wait(&mut clients[0], "the leader", is(follower, "leader")).await;

    // The leader drains: another one leads, and its clients are sent away.
    let others: Vec<usize> = (0..3).filter(|at| *at as u64 + 1 != follower).collect();
    let mut admin = clients.remove(others[0]);
    drop(clients);
    run(&mut admin, &format!("ALTER CLUSTER DRAIN NODE {follower}")).await;
    wait(&mut admin, "drains and leads no more", |listed| {
        let node = listed.iter().find(|node| node.0 == follower);
        node.is_some_and(|node| node.2 == "draining" && node.1 == "voter") && leader(listed).is_some()
    })
    .await;
    let at = follower as usize - 1;
    match Conn::new(options(ports[at], None)).await {
        Err(mysql_async::Error::Server(error)) => assert_eq!(error.code, 1053),
        other => panic!("a draining node took a client: {:?}", other.err()),
    }
    // A restart ends it.
    cluster.cluster.nodes[at].restart().unwrap();
    wait(&mut admin, "back after the restart", all_vote).await;
    connect(ports[at], None).await;

    // A node that is down is told from the others, can be taken out, and is not let in again.
    cluster.cluster.nodes[at].kill().unwrap();
    wait(&mut admin, "down", |listed| {
        listed.iter().any(|node| node.0 == follower && node.2 == "unreachable") && leader(listed).is_some()
    })
    .await;
    let rows: Vec<Row> = admin.query("CHECK CLUSTER").await.unwrap();
    let text = |row: &Row, name: &str| row.get::<String, _>(name).unwrap();
    let down = rows.iter().find(|row| text(row, "OBJECT") == format!("node {follower}")).unwrap();
    assert_eq!((text(down, "CHECK_NAME"), text(down, "STATUS")), ("node_reachable".into(), "error".into()));
    run(&mut admin, &format!("ALTER CLUSTER REMOVE NODE {follower}")).await;
    wait(&mut admin, "gone", |listed| listed.len() == 2 && listed.iter().all(|node| node.0 != follower))
        .await;
    let (errno, message) =
        refused(&mut admin, &format!("ALTER CLUSTER ADD NODE {follower} ADDRESS '127.0.0.1:1'")).await;
    assert!(errno == 1105 && message.contains("was removed"), "{errno} {message}");
    run(&mut admin, "CREATE DATABASE still_works").await;
}

#[tokio::test]
async fn a_node_joins_with_the_clusters_key_file_only() {
    let cluster = TestCluster::start();
    let key = cluster.folder().join(KEY_FILE);
    let folder = cluster.folder().join("late");
    let start = |key: &std::path::Path| {
        Node::start(NodeOptions {
            number: 2,
            directory: folder.clone(),
            program: place::ostrakon(),
            port: None,
            join: vec![cluster.cluster.node().peer_address()],
            settings: format!("key_file = {:?}", key.to_string_lossy()),
            environment: Vec::new(),
            life: Life::WithStarter,
        })
    };
    let own = cluster.folder().join("own.key");
    let missing = start(&own).unwrap_err().to_string();
    assert!(missing.contains("is missing") && missing.contains("copy it"), "{missing}");
    assert!(!own.exists(), "a joining node has made a key of its own");
    std::fs::write(&own, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n").unwrap();
    std::fs::set_permissions(&own, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let other = start(&own).unwrap_err().to_string();
    assert!(other.contains("another key"), "{other}");
    let node = start(&key).unwrap();
    let mut client = connect(node.port(), None).await;
    run(&mut client, "CREATE DATABASE made_by_the_second_node").await;
}
