//! Lists over many groups, read and appended to while nodes and servers die: what clients saw is checked for the anomalies of Adya and Elle.

mod clients;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use mysql_async::Conn;
use ostrakon::dev::instance::Instance;
use ostrakon::dev::node::Node;
use ostrakon_tests::cluster::{PlainServer, connect, run};
use ostrakon_tests::elle::{self, history::History, history::Outcome, history::Reading, history::parse_list};
use ostrakon_tests::family;
use ostrakon_tests::physical::{self, PhysicalTable};
use tokio::task::block_in_place;

use crate::bank::{cluster_of, nothing_stays_in_doubt, number};
use crate::faults::{Fault, Faults};
use clients::{Client, Stage};

/// Read in snapshots; read FOR UPDATE.
const TABLES: [&str; 2] = ["plain", "locked"];
/// Keys of each table; few enough for one INSERT, more than a run uses.
const KEYS: u64 = 2000;
const CLIENTS: u64 = 5;
/// Of these, some more on the first table, which see each transaction wholly or not at all.
const ATOMIC: u64 = 3;
/// Faults in `make test`.
const FAULTS: u64 = 4;
const GROUPS: u64 = 4;

const OF_A_CLUSTER: [Fault; 4] = [Fault::KillNode, Fault::KillServer, Fault::CutConnections, Fault::StopNode];
const OF_A_SERVER: [Fault; 2] = [Fault::KillServer, Fault::CutConnections];

async fn make_lists(client: &mut Conn, clause: &str) {
    for table in TABLES {
        run(
            client,
            &format!("CREATE TABLE {table} (k BIGINT NOT NULL PRIMARY KEY, v TEXT NOT NULL) {clause}"),
        )
        .await;
        let rows: Vec<String> = (0..KEYS).map(|key| format!("({key}, '')")).collect();
        run(client, &format!("INSERT INTO {table} VALUES {}", rows.join(", "))).await;
    }
}

/// Clients work on both tables while the faults strike; gives what they saw of each.
async fn histories(
    (ports, seed, atomic): (&[u16], u64, u64),
    faults: &mut Faults,
    strikes: u64,
    nodes: &mut [Node],
    servers: &mut [Instance],
) -> [History; 2] {
    let stages = TABLES.map(|table| Arc::new(Stage::new(ports.to_vec(), table, KEYS, seed)));
    let mut clients = [Vec::new(), Vec::new()];
    for number in 0..CLIENTS {
        clients[0].push(tokio::spawn(Client::new(&stages[0], number, Reading::Plain).run()));
        clients[1].push(tokio::spawn(Client::new(&stages[1], number, Reading::Locking).run()));
    }
    for number in CLIENTS..CLIENTS + atomic {
        clients[0].push(tokio::spawn(Client::new(&stages[0], number, Reading::Atomic).run()));
    }
    for _ in 0..strikes {
        tokio::time::sleep(faults.pause()).await;
        block_in_place(|| faults.strike(nodes, servers));
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    stages.iter().for_each(|stage| stage.stop());
    let mut seen = [History::default(), History::default()];
    let mut errors: BTreeMap<String, (u64, String)> = BTreeMap::new();
    for (clients, history) in clients.into_iter().zip(&mut seen) {
        for client in clients {
            let (transactions, said) = client.await.expect("a client does not panic");
            history.transactions.extend(transactions);
            for text in said {
                let errno = text.split(':').next().unwrap_or_default().to_owned();
                errors.entry(errno).or_insert((0, text)).0 += 1;
            }
        }
    }
    println!("{strikes} faults: {faults}");
    for (times, text) in errors.values() {
        println!("  {times} times: {text}");
    }
    seen
}

/// Reads the lists of the end where they are, and judges.
async fn must_be_right(mut history: History, table: &str, places: &[PhysicalTable], strikes: u64) {
    for (_, (key, text)) in physical::rows::<(u64, String)>(places, "k, v").await {
        history.finals.insert(key, parse_list(&text));
    }
    let of = |outcome| history.transactions.iter().filter(|one| one.outcome == outcome).count() as u64;
    let committed = of(Outcome::Committed);
    let elements: usize = history.finals.values().map(Vec::len).sum();
    println!(
        "{table}: {committed} committed, {} aborted, {} not known; {elements} elements",
        of(Outcome::Aborted),
        of(Outcome::Unknown)
    );
    let found = elle::check(&history);
    let first: Vec<String> =
        found.iter().take(3).map(|one| format!("{:?}: {}", one.kind, one.text)).collect();
    assert!(found.is_empty(), "{table}: {} anomalies, the first:\n{}", found.len(), first.join("\n"));
    assert!(committed > 3 * (strikes + 1), "only {committed} transactions: this proves little");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn elle_on_a_plain_server_that_dies_finds_no_anomaly() {
    let seed = number("OSTRAKON_ELLE_SEED", rand::random::<u32>().into());
    println!("OSTRAKON_ELLE_SEED={seed}");
    let mut plain = PlainServer::start();
    let mut client = connect(plain.port(), None).await;
    run(&mut client, "CREATE DATABASE lists").await;
    run(&mut client, "USE lists").await;
    make_lists(&mut client, "").await;
    drop(client);
    let port = plain.port();
    let mut faults = Faults::new(seed, &OF_A_SERVER);
    let servers = std::slice::from_mut(&mut plain.instance);
    let seen = histories((&[port], seed, 0), &mut faults, 2, &mut [], servers).await;
    for (history, table) in seen.into_iter().zip(TABLES) {
        must_be_right(history, table, &[PhysicalTable::plain(port, "lists", table)], 2).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn elle_over_groups_finds_no_anomaly_when_nodes_and_servers_die() {
    let strikes = number("OSTRAKON_KILLS", FAULTS);
    let seed = number("OSTRAKON_ELLE_SEED", rand::random::<u32>().into());
    let atomic = number("OSTRAKON_ELLE_ATOMIC", ATOMIC);
    let groups = number("OSTRAKON_ELLE_GROUPS", GROUPS);
    println!("OSTRAKON_ELLE_SEED={seed} OSTRAKON_KILLS={strikes} OSTRAKON_ELLE_GROUPS={groups}");
    let mut test = cluster_of(&family::asked_for());
    // A collation that both families have.
    let clauses = format!("DBPARTITIONS {groups} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci");
    let mut client = test.database("lists", &clauses).await;
    make_lists(&mut client, "DBPARTITION BY HASH(k)").await;
    drop(client);
    let ports: Vec<u16> = test.cluster.nodes.iter().map(|node| node.port()).collect();
    let mut faults = Faults::new(seed, &OF_A_CLUSTER);
    let cluster = &mut test.cluster;
    let (nodes, servers) = (&mut cluster.nodes, &mut cluster.instances);
    let seen = histories((&ports, seed, atomic), &mut faults, strikes, nodes, servers).await;
    nothing_stays_in_doubt(&test.cluster.instances, faults.last()).await;
    let mut client = test.client(Some("lists")).await;
    for (history, table) in seen.into_iter().zip(TABLES) {
        let places = physical::tables(&test, &mut client, table).await;
        must_be_right(history, table, &places, strikes).await;
    }
}
