//! A bank: amounts move between accounts of many groups while nodes and servers die. No transfer that was acknowledged is lost, none is half there.
//!
//! `make bank KILLS=500` makes the loop as long as that; `OSTRAKON_BANK_SEED` deals the same faults again.

mod clients;
mod ledger;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mysql_async::Conn;
use ostrakon::dev::instance::Instance;
use ostrakon::dev::node::Node;
use ostrakon::dev::server::ServerKind;
use ostrakon_tests::branches;
use ostrakon_tests::cluster::{PlainServer, TestCluster, connect, run};
use ostrakon_tests::family::{self, server_of};
use ostrakon_tests::physical::{self, PhysicalTable};
use tokio::task::block_in_place;

use crate::faults::{Fault, Faults};
use clients::{Client, Stage};
use ledger::{Ledger, Outcome, Transfer};
use verdict::{Books, OPENING};

/// Faults in `make test`.
const FAULTS: u64 = 6;
const GROUPS: u64 = 4;
const ACCOUNTS: u64 = 200;
const WRITERS: u64 = 16;
/// They read in `atomic` mode.
const READERS: u64 = 3;
/// After the last fault, whatever is in doubt must have been resolved within this time.
const RESOLVED_WITHIN: Duration = Duration::from_secs(30);
const TABLES: [&str; 5] = ["account", "transfer", "history", "twin", "note"];

/// What befalls a cluster: more often a death than a pause.
const OF_A_CLUSTER: [Fault; 8] = [
    Fault::KillNode,
    Fault::KillNode,
    Fault::KillServer,
    Fault::KillServer,
    Fault::KillBoth,
    Fault::StopNode,
    Fault::StopServer,
    Fault::CutConnections,
];
const OF_A_SERVER: [Fault; 3] = [Fault::KillServer, Fault::StopServer, Fault::CutConnections];

pub fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name)
        .map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// Makes the tables, each sharded by a key of its own; on a plain server the clauses are left out.
async fn open(client: &mut Conn, is_sharded: bool) {
    let clause = |text: &'static str| if is_sharded { text } else { "" };
    let tables = [
        (
            "account (id BIGINT NOT NULL PRIMARY KEY, balance BIGINT NOT NULL)",
            clause("DBPARTITION BY HASH(id)"),
        ),
        (
            "transfer (id BIGINT NOT NULL PRIMARY KEY, payer BIGINT NOT NULL, payee BIGINT NOT NULL, amount BIGINT NOT NULL)",
            clause("DBPARTITION BY HASH(id)"),
        ),
        (
            "history (transfer BIGINT NOT NULL, account BIGINT NOT NULL, amount BIGINT NOT NULL, PRIMARY KEY (account, transfer))",
            clause("DBPARTITION BY HASH(account)"),
        ),
        ("twin (id BIGINT NOT NULL PRIMARY KEY, step BIGINT NOT NULL)", clause("DBPARTITION BY HASH(id)")),
        ("note (id BIGINT NOT NULL PRIMARY KEY)", clause("BROADCAST")),
    ];
    for (table, clause) in tables {
        run(client, &format!("CREATE TABLE {table} {clause}")).await;
    }
    let rows: Vec<String> = (0..ACCOUNTS).map(|id| format!("({id}, {OPENING})")).collect();
    run(client, &format!("INSERT INTO account VALUES {}", rows.join(", "))).await;
}

/// Writers and readers run while the faults strike. Gives all that they were told.
async fn business(
    stage: &Arc<Stage>,
    readers: u64,
    faults: &mut Faults,
    strikes: u64,
    nodes: &mut [Node],
    servers: &mut [Instance],
) -> Ledger {
    let mut clients = Vec::new();
    for writer in 0..WRITERS {
        clients.push(tokio::spawn(Client::new(stage, writer).write()));
    }
    for reader in WRITERS..WRITERS + readers {
        clients.push(tokio::spawn(Client::new(stage, reader).read()));
    }
    let begin = Instant::now();
    for _ in 0..strikes {
        tokio::time::sleep(faults.pause()).await;
        block_in_place(|| faults.strike(nodes, servers));
    }
    let struck = begin.elapsed();
    // All may finish what they are at, on nodes and servers that are well.
    tokio::time::sleep(Duration::from_secs(1)).await;
    stage.stop();
    let mut ledger = Ledger::default();
    for client in clients {
        ledger.join(client.await.expect("a client does not panic"));
    }
    println!("{strikes} faults in {:.0} s: {faults}\n{ledger}", struck.as_secs_f64());
    ledger
}

/// Reads all tables where they are.
async fn books(tables: &BTreeMap<&str, Vec<PhysicalTable>>) -> Books {
    let mut notes: BTreeMap<String, BTreeSet<u64>> = BTreeMap::new();
    for table in &tables["note"] {
        notes.insert(table.group.clone(), table.rows::<u64>("id").await.into_iter().collect());
    }
    let transfers =
        physical::rows::<(u64, u64, u64, i64)>(&tables["transfer"], "id, payer, payee, amount").await;
    let transfer = |(_, (id, payer, payee, amount))| Transfer { id, payer, payee, amount };
    let alone = |(_, row)| row;
    Books {
        accounts: physical::rows::<(u64, i64)>(&tables["account"], "id, balance")
            .await
            .into_iter()
            .map(alone)
            .collect(),
        transfers: transfers.into_iter().map(transfer).collect(),
        history: physical::rows::<(u64, u64, i64)>(&tables["history"], "transfer, account, amount")
            .await
            .into_iter()
            .map(|(_, row)| row)
            .collect(),
        twins: physical::rows::<u64>(&tables["twin"], "id").await.into_iter().map(|(_, id)| id).collect(),
        notes,
    }
}

/// Waits until no branch of ours is prepared anywhere.
pub async fn nothing_stays_in_doubt(servers: &[Instance], since: Instant) {
    loop {
        let mut left = Vec::new();
        for server in servers {
            left.extend(branches::prepared(server.port()).await);
        }
        if left.is_empty() {
            println!("nothing in doubt {:.1?} after the last fault", since.elapsed());
            return;
        }
        assert!(since.elapsed() < RESOLVED_WITHIN, "still in doubt after {RESOLVED_WITHIN:?}: {left:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn must_be_right(ledger: &Ledger, books: &Books) {
    let wrong = verdict::violations(ledger, books, ACCOUNTS);
    assert!(wrong.is_empty(), "{} violations, the first: {:#?}", wrong.len(), &wrong[..wrong.len().min(10)]);
}

/// A run in which nothing was done proves nothing.
fn must_show_something(ledger: &Ledger, strikes: u64) {
    let acknowledged = ledger.count(Outcome::Acknowledged);
    assert!(acknowledged > 20 * (strikes + 1), "only {acknowledged} transfers: this proves little");
    let unknown = ledger.count(Outcome::Unknown);
    assert!(unknown > 0 && ledger.count(Outcome::Refused) > 0, "every transaction went well: {ledger}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bank_on_a_plain_server_that_dies_passes_its_own_judgement() {
    let seed = number("OSTRAKON_BANK_SEED", rand::random::<u32>().into());
    println!("OSTRAKON_BANK_SEED={seed}");
    let mut plain = PlainServer::start();
    let mut client = connect(plain.port(), None).await;
    run(&mut client, "CREATE DATABASE bank").await;
    run(&mut client, "USE bank").await;
    open(&mut client, false).await;
    drop(client);
    let stage = Arc::new(Stage::new(vec![plain.port()], ACCOUNTS, seed));
    let mut faults = Faults::new(seed, &OF_A_SERVER);
    let servers = std::slice::from_mut(&mut plain.instance);
    let ledger = business(&stage, 0, &mut faults, 3, &mut [], servers).await;
    let place = |table| (table, vec![PhysicalTable::plain(plain.port(), "bank", table)]);
    must_be_right(&ledger, &books(&TABLES.map(place).into()).await);
    must_show_something(&ledger, 3);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bank_over_groups_loses_nothing_and_halves_nothing_when_nodes_and_servers_die() {
    over_groups(&family::asked_for(), number("OSTRAKON_KILLS", FAULTS)).await;
}

/// Three nodes before two servers of these families, which give up a deadlock that none of them sees soon.
pub fn cluster_of(kinds: &[ServerKind]) -> TestCluster {
    TestCluster::start_with(|options| {
        options.nodes = 3;
        options.server_extra.push("--innodb-lock-wait-timeout=10".to_owned());
        options.servers = kinds.iter().map(|kind| server_of(*kind)).collect();
    })
}

/// The whole run, on instances of these families.
pub async fn over_groups(kinds: &[ServerKind], strikes: u64) {
    let seed = number("OSTRAKON_BANK_SEED", rand::random::<u32>().into());
    let readers = number("OSTRAKON_BANK_READERS", READERS);
    let groups = number("OSTRAKON_BANK_GROUPS", GROUPS);
    println!("OSTRAKON_BANK_SEED={seed} OSTRAKON_KILLS={strikes} OSTRAKON_BANK_GROUPS={groups} {kinds:?}");
    let mut test = cluster_of(kinds);
    // A collation that both families have.
    let clauses = format!("DBPARTITIONS {groups} CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci");
    let mut client = test.database("bank", &clauses).await;
    open(&mut client, true).await;
    drop(client);
    let stage =
        Arc::new(Stage::new(test.cluster.nodes.iter().map(|node| node.port()).collect(), ACCOUNTS, seed));
    let mut faults = Faults::new(seed, &OF_A_CLUSTER);
    let cluster = &mut test.cluster;
    let ledger =
        business(&stage, readers, &mut faults, strikes, &mut cluster.nodes, &mut cluster.instances).await;
    nothing_stays_in_doubt(&test.cluster.instances, faults.last()).await;
    let mut client = test.client(Some("bank")).await;
    let mut tables = BTreeMap::new();
    for table in TABLES {
        tables.insert(table, physical::tables(&test, &mut client, table).await);
    }
    must_be_right(&ledger, &books(&tables).await);
    branches_are_whole(&test, groups > 1).await;
    must_show_something(&ledger, strikes);
    assert!(readers == 0 || ledger.sums.values().sum::<u64>() > strikes, "few reads of the sum: {ledger}");
}

/// Every branch row belongs to a committed transaction, all of whose branches are there.
async fn branches_are_whole(test: &TestCluster, are_several: bool) {
    let (mut rows, mut decisions) = (Vec::new(), Vec::new());
    for server in &test.cluster.instances {
        rows.extend(branches::branch_rows(server.port()).await);
        decisions.extend(branches::decision_rows(server.port()).await);
    }
    let wrong = branches::faults(&rows, &decisions);
    assert!(wrong.is_empty(), "{} faults, the first: {:#?}", wrong.len(), &wrong[..wrong.len().min(10)]);
    assert_eq!(!rows.is_empty(), are_several, "transactions that wrote in several groups: {}", rows.len());
    let committed = decisions.iter().filter(|row| row.state == branches::COMMITTED).count();
    println!(
        "{} branches of {committed} committed transactions, {} aborted by others",
        rows.len(),
        decisions.len() - committed
    );
}
