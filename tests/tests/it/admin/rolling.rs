//! A rolling restart as the operations page has it, by the command line, under load: no client sees an error but those of a node that drains.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Error};
use ostrakon_tests::cluster::{TestCluster, connect, options, run, value};
use ostrakon_tests::place;
use serde_json::Value;
use tokio::task::block_in_place;

const CLIENTS: u64 = 6;
const PATIENCE: Duration = Duration::from_secs(60);

/// The command line against the node on this port.
fn asked(port: u16, arguments: &[&str]) -> Value {
    let mut command = std::process::Command::new(place::ostrakon());
    command.args(arguments).args(["--port", &port.to_string(), "--output", "json"]);
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {text}"))
}

/// Waits for `ostrakon node list` to say this of the node.
async fn wait(port: u16, node: u64, what: &str, wanted: impl Fn(&Value) -> bool) {
    let end = Instant::now() + PATIENCE;
    loop {
        let listed = block_in_place(|| asked(port, &["node", "list"]));
        let row = listed.as_array().unwrap().iter().find(|row| row["id"] == node);
        if row.is_some_and(&wanted) {
            return;
        }
        assert!(Instant::now() < end, "node {node} is not {what}: {listed}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

struct Load {
    stop: AtomicBool,
    rows: AtomicU64,
}

/// Transactions of two statements in one group; a client whose node lets it go is served by another. Gives the errors that it should not have seen.
async fn client(load: Arc<Load>, ports: Vec<u16>, number: u64) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut turn = number as usize;
    let mut id = number;
    while !load.stop.load(Ordering::Relaxed) {
        turn += 1;
        // A node that drains says 1053, one that is down nothing: a load balancer tries the next.
        let Ok(mut connection) = Conn::new(options(ports[turn % ports.len()], Some("app"))).await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        while !load.stop.load(Ordering::Relaxed) {
            let statements = [
                "BEGIN".to_owned(),
                format!("INSERT INTO t (id, v) VALUES ({id}, 1)"),
                format!("UPDATE t SET v = v + 1 WHERE id = {id}"),
                "COMMIT".to_owned(),
            ];
            let mut place = 0;
            let answer = loop {
                let Some(sql) = statements.get(place) else { break Ok(()) };
                match connection.query_drop(sql.as_str()).await {
                    Ok(()) => place += 1,
                    Err(error) => break Err(error),
                }
            };
            match answer {
                Ok(()) => {
                    load.rows.fetch_add(1, Ordering::Relaxed);
                    id += CLIENTS;
                }
                // Between two transactions, where a client expects it.
                Err(Error::Io(_)) if place == 0 => break,
                Err(Error::Server(error)) if place == 0 && error.code == 1053 => break,
                Err(error) => {
                    wrong.push(format!("{}: {error}", statements[place]));
                    id += CLIENTS;
                    break;
                }
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    wrong
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_nodes_are_restarted_one_after_the_other_under_load() {
    let mut test = TestCluster::start_with(|options| options.nodes = 3);
    let mut admin = test.database("app", "DBPARTITIONS 4").await;
    run(&mut admin, "CREATE TABLE t (id BIGINT NOT NULL PRIMARY KEY, v INT) DBPARTITION BY HASH(id)").await;
    drop(admin);
    let ports: Vec<u16> = test.cluster.nodes.iter().map(|node| node.port()).collect();
    asked(ports[0], &["config", "set", "drain_timeout_s", "1"]);
    let load = Arc::new(Load { stop: AtomicBool::new(false), rows: AtomicU64::new(0) });
    let clients: Vec<_> =
        (0..CLIENTS).map(|number| tokio::spawn(client(Arc::clone(&load), ports.clone(), number))).collect();
    for at in 0..3 {
        let (node, other) = (test.cluster.nodes[at].number(), ports[(at + 1) % 3]);
        let before = load.rows.load(Ordering::Relaxed);
        block_in_place(|| asked(other, &["node", "drain", &node.to_string()]));
        wait(other, node, "drained", |row| row["state"] == "draining" && row["sessions"] == 0).await;
        block_in_place(|| {
            test.cluster.nodes[at].stop().unwrap();
            test.cluster.nodes[at].restart().unwrap_or_else(|error| panic!("{error}"));
        });
        wait(other, node, "back", |row| row["state"] == "alive" && row["lag"] == 0).await;
        // DDL works all the while, on the node that is back too.
        let mut client = connect(ports[at], Some("app")).await;
        run(&mut client, &format!("CREATE TABLE after{at} (id INT PRIMARY KEY) DBPARTITION BY HASH(id)"))
            .await;
        assert!(load.rows.load(Ordering::Relaxed) > before + 20, "the load stood still");
    }
    load.stop.store(true, Ordering::Relaxed);
    for client in clients {
        assert_eq!(client.await.unwrap(), Vec::<String>::new());
    }
    let mut client = connect(ports[0], Some("app")).await;
    let rows = load.rows.load(Ordering::Relaxed);
    assert_eq!(value::<u64>(&mut client, "SELECT COUNT(*) FROM t WHERE v = 2").await, rows);
    assert_eq!(value::<u64>(&mut client, "SELECT COUNT(*) FROM t").await, rows);
}
