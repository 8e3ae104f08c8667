//! Clients that do not keep to the protocol cannot stop the node, nor get past the login.

use std::time::Duration;

use ostrakon_tests::cluster::{TestCluster, run, value};
use ostrakon_tests::wire::Wire;
use rand::rngs::StdRng;
use rand::{Rng, RngCore, SeedableRng};

/// Commands by their first byte, with the known ones and some that do not exist.
const COMMANDS: [u8; 20] = [0, 1, 2, 3, 4, 9, 10, 14, 17, 18, 22, 23, 24, 25, 26, 27, 28, 31, 100, 255];

async fn bytes_before_login(port: u16, random: &mut StdRng) {
    let mut wire = Wire::connect(port).await;
    let mut bytes = vec![0; random.random_range(1..2000)];
    random.fill_bytes(&mut bytes);
    wire.send_raw(&bytes).await;
    let _ = tokio::time::timeout(Duration::from_millis(100), wire.read_to_end()).await;
}

async fn bent_login(port: u16, random: &mut StdRng) {
    let mut wire = Wire::connect(port).await;
    wire.read_packet().await;
    let mut login = Wire::login("app");
    match random.random_range(0..3) {
        0 => login.truncate(random.random_range(0..login.len())),
        1 => {
            let at = random.random_range(0..login.len());
            login[at] = random.random();
        }
        _ => random.fill_bytes(&mut login[4..]),
    }
    wire.send_packet(1, &login).await;
    let _ = tokio::time::timeout(Duration::from_millis(100), wire.read_packet()).await;
}

async fn bent_command(port: u16, random: &mut StdRng) {
    let mut wire = Wire::log_in(port, "app").await;
    let mut payload = vec![0; random.random_range(1..300)];
    random.fill_bytes(&mut payload);
    payload[0] = COMMANDS[random.random_range(0..COMMANDS.len())];
    wire.send_packet(random.random_range(0..2), &payload).await;
    let _ = tokio::time::timeout(Duration::from_millis(100), wire.read_packet()).await;
}

/// A true statement's prepared form, executed with a payload that lies about its parameters.
async fn bent_execute(port: u16, random: &mut StdRng) {
    let mut wire = Wire::log_in(port, "app").await;
    wire.send_packet(0, b"\x16SELECT * FROM t WHERE id = ? AND v = ?").await;
    let Some(answer) = wire.read_packet().await else { return };
    let id = answer.get(1..5).map(<[u8]>::to_vec).unwrap_or_default();
    let mut payload = [b"\x17".as_slice(), &id, &[0, 1, 0, 0, 0]].concat();
    let mut rest = vec![0; random.random_range(0..40)];
    random.fill_bytes(&mut rest);
    payload.extend(rest);
    wire.send_packet(0, &payload).await;
    let _ = tokio::time::timeout(Duration::from_millis(100), wire.read_to_end()).await;
}

#[tokio::test]
async fn garbage_in_every_state_stops_neither_the_node_nor_its_other_clients() {
    let mut cluster = TestCluster::start();
    let mut client = cluster.database("app", "").await;
    run(&mut client, "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v INT) DBPARTITION BY HASH(id)").await;
    run(&mut client, "INSERT INTO t VALUES (1, 10), (2, 20), (3, 30)").await;
    let mut random = StdRng::seed_from_u64(20_240_229);
    for round in 0..40 {
        bytes_before_login(cluster.port(), &mut random).await;
        bent_login(cluster.port(), &mut random).await;
        bent_command(cluster.port(), &mut random).await;
        bent_execute(cluster.port(), &mut random).await;
        assert_eq!(value::<i64>(&mut client, "SELECT SUM(v) FROM t").await, 60, "round {round}");
    }
    assert!(cluster.cluster.node_mut().runs());
    let mut fresh = cluster.client(Some("app")).await;
    assert_eq!(value::<i64>(&mut fresh, "SELECT v FROM t WHERE id = 2").await, 20);
}

/// True when a result or an OK came: that is, when the statement ran.
async fn ran(wire: &mut Wire) -> bool {
    let answer = tokio::time::timeout(Duration::from_secs(5), wire.read_packet()).await;
    matches!(answer, Ok(Some(packet)) if packet.first() != Some(&0xff))
}

#[tokio::test]
async fn commands_before_or_after_a_failed_login_do_not_run() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "").await;
    run(&mut client, "CREATE TABLE t (id INT NOT NULL PRIMARY KEY) DBPARTITION BY HASH(id)").await;
    // Before the login.
    let mut wire = Wire::connect(cluster.port()).await;
    wire.read_packet().await;
    wire.send_query("INSERT INTO app.t VALUES (1)").await;
    assert!(!ran(&mut wire).await);
    // After a login that failed, on the same connection.
    let mut wire = Wire::connect(cluster.port()).await;
    wire.read_packet().await;
    let mut login = Wire::login("app");
    let at = login.windows(4).position(|four| four == b"root").unwrap();
    login[at..at + 4].copy_from_slice(b"evil");
    wire.send_packet(1, &login).await;
    let mut refused = false;
    while let Ok(Some(packet)) = tokio::time::timeout(Duration::from_secs(5), wire.read_packet()).await {
        match packet.first() {
            Some(0xff) => {
                refused = true;
                break;
            }
            Some(0xfe) => wire.send_packet(3, &[]).await,
            _ => break,
        }
    }
    assert!(refused, "a stranger without a password was not refused");
    wire.send_query("INSERT INTO app.t VALUES (2)").await;
    assert!(!ran(&mut wire).await);
    assert_eq!(value::<i64>(&mut client, "SELECT COUNT(*) FROM t").await, 0);
}

#[tokio::test]
async fn a_client_that_never_logs_in_is_sent_away_and_does_not_hold_up_others() {
    let cluster = TestCluster::start_with(|options| {
        options.node_settings = "[limits]\nlogin_timeout_ms = 500".to_owned()
    });
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(Wire::connect(cluster.port()).await);
    }
    let mut client = cluster.client(None).await;
    assert_eq!(value::<i64>(&mut client, "SELECT 1").await, 1);
    for wire in &mut silent {
        let closed = tokio::time::timeout(Duration::from_secs(10), wire.read_to_end()).await;
        assert!(closed.is_ok(), "a silent client is still connected after 10 s");
    }
}
