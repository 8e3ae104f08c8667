//! Sequences over three nodes: no value twice, SIMPLE without a hole, and what one node changes the others follow.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use ostrakon_tests::cluster::{TestCluster, connect, refused, run, value};

const NODES: u16 = 3;
/// Clients on each node.
const CLIENTS: usize = 2;
/// Rounds of each client.
const ROUNDS: usize = 30;
/// Values that the second statement of a round takes.
const MANY: usize = 40;

/// Three nodes, database `app`, and a client in it on each node.
async fn three_nodes() -> (TestCluster, Vec<Conn>) {
    let cluster = TestCluster::start_with(|options| options.nodes = NODES);
    drop(cluster.database("app", "").await);
    let mut clients = Vec::new();
    for node in &cluster.cluster.nodes {
        clients.push(connect(node.port(), Some("app")).await);
    }
    (cluster, clients)
}

/// What one client was given.
#[derive(Default)]
struct Taken {
    group: Vec<u64>,
    simple: Vec<u64>,
    time: Vec<u64>,
    ids: Vec<u64>,
}

/// Takes values of all kinds in turn.
async fn take(mut client: Conn) -> Taken {
    let mut taken = Taken::default();
    for round in 0..ROUNDS {
        for (sequence, values) in [("g", &mut taken.group), ("s", &mut taken.simple), ("ts", &mut taken.time)]
        {
            values.push(value(&mut client, &format!("SELECT {sequence}.NEXTVAL")).await);
            let many = format!("SELECT {sequence}.NEXTVAL FROM dual WHERE COUNT = {MANY}");
            let many: Vec<u64> = client.query(many).await.unwrap();
            assert_eq!(many.len(), MANY, "{sequence}");
            values.extend(many);
        }
        run(&mut client, &format!("INSERT INTO a (v) VALUES ({round}), ({round})")).await;
        let first = client.last_insert_id().expect("an id was made");
        taken.ids.push(first);
    }
    taken
}

fn assert_rises(values: &[u64], what: &str) {
    for pair in values.windows(2) {
        assert!(pair[0] < pair[1], "{what}: {} after {} in one client", pair[1], pair[0]);
    }
}

/// All values, which must differ.
fn distinct<'a>(of: impl Iterator<Item = &'a Vec<u64>>, what: &str) -> BTreeSet<u64> {
    let mut seen = BTreeSet::new();
    for value in of.flatten() {
        assert!(seen.insert(*value), "{what}: {value} was given twice");
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_of_all_nodes_never_get_a_value_twice_and_simple_has_no_hole() {
    let (cluster, mut clients) = three_nodes().await;
    run(&mut clients[0], "CREATE SEQUENCE g").await;
    run(&mut clients[1], "CREATE SIMPLE SEQUENCE s INCREMENT BY 1").await;
    run(&mut clients[2], "CREATE TIME SEQUENCE ts").await;
    let table =
        "CREATE TABLE a (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, v INT) DBPARTITION BY HASH(id)";
    run(&mut clients[0], table).await;
    let mut running = Vec::new();
    for _ in 0..CLIENTS {
        for node in &cluster.cluster.nodes {
            running.push(tokio::spawn(take(connect(node.port(), Some("app")).await)));
        }
    }
    let mut all = Vec::new();
    for client in running {
        all.push(client.await.unwrap());
    }
    for taken in &all {
        assert_rises(&taken.group, "GROUP");
        assert_rises(&taken.simple, "SIMPLE");
        assert_rises(&taken.time, "TIME");
        assert_rises(&taken.ids, "AUTO_INCREMENT");
    }
    let count = all.len() * ROUNDS * (MANY + 1);
    assert_eq!(distinct(all.iter().map(|taken| &taken.group), "GROUP").len(), count);
    assert_eq!(distinct(all.iter().map(|taken| &taken.time), "TIME").len(), count);
    let simple = distinct(all.iter().map(|taken| &taken.simple), "SIMPLE");
    assert_eq!(simple, (1..=count as u64).collect(), "SIMPLE has a hole");
    // Physical tables do not know each other's keys: what came twice would stand here twice.
    let written: Vec<u64> = clients[1].query("SELECT id FROM a").await.unwrap();
    assert_eq!(written.len(), all.len() * ROUNDS * 2);
    let written = distinct(std::iter::once(&written), "AUTO_INCREMENT");
    let told = distinct(all.iter().map(|taken| &taken.ids), "AUTO_INCREMENT");
    assert!(told.is_subset(&written), "an id that a client was told is not there");
}

#[tokio::test]
async fn a_sequence_made_on_one_node_is_there_on_the_others_at_once() {
    let (_cluster, mut clients) = three_nodes().await;
    run(&mut clients[0], "CREATE TABLE n (id BIGINT, v INT) DBPARTITION BY HASH(v)").await;
    for round in 0..20 {
        let maker = round % 3;
        let (next, after) = ((round + 1) % 3, (round + 2) % 3);
        run(&mut clients[maker], &format!("CREATE SIMPLE SEQUENCE q{round}")).await;
        // In a plan on one node, and as a command on the other, with nothing between: whichever lags catches up.
        run(&mut clients[next], &format!("INSERT INTO n VALUES (q{round}.NEXTVAL + {round}00, 1)")).await;
        assert_eq!(value::<u64>(&mut clients[after], &format!("SELECT q{round}.NEXTVAL")).await, 2);
        let other = format!("CREATE SEQUENCE p{round}");
        run(&mut clients[maker], &other).await;
        let prepared: Option<u64> =
            clients[next].exec_first(format!("SELECT p{round}.NEXTVAL + ?"), (0,)).await.unwrap();
        assert!(prepared.is_some_and(|value| value > 0));
        run(&mut clients[after], &format!("ALTER SEQUENCE p{round} CHANGE TO SIMPLE START WITH 7")).await;
        assert_eq!(refused(&mut clients[next], &other).await.0, 1050);
        run(&mut clients[next], &format!("DROP SEQUENCE p{round}")).await;
        assert_eq!(refused(&mut clients[maker], &format!("DROP SEQUENCE p{round}")).await.0, 4091);
    }
    assert_eq!(refused(&mut clients[1], "SELECT nothing.NEXTVAL").await.0, 4091);
    assert_eq!(refused(&mut clients[1], "INSERT INTO n VALUES (nothing.NEXTVAL, 1)").await.0, 4091);
}

#[tokio::test]
async fn a_new_start_is_followed_by_all_nodes() {
    let (_cluster, mut clients) = three_nodes().await;
    run(&mut clients[0], "CREATE SEQUENCE g").await;
    run(&mut clients[0], "CREATE SIMPLE SEQUENCE s").await;
    for client in &mut clients {
        // Each node has a range from before in its memory.
        assert!(value::<u64>(client, "SELECT g.NEXTVAL").await < 100_000);
        assert!(value::<u64>(client, "SELECT s.NEXTVAL").await < 100_000);
    }
    run(&mut clients[1], "ALTER SEQUENCE g START WITH 5000000").await;
    run(&mut clients[2], "ALTER SEQUENCE s START WITH 5000000").await;
    let mut seen = BTreeSet::new();
    for (sequence, altered_on) in [("g", 1), ("s", 2)] {
        for (at, client) in clients.iter_mut().enumerate() {
            let sql = format!("SELECT {sequence}.NEXTVAL");
            let end = Instant::now() + Duration::from_secs(5);
            let mut next: u64 = value(client, &sql).await;
            // Until the change is applied there a node may give values of its old range; SIMPLE has none.
            while next < 5_000_000 {
                assert!(at != altered_on && sequence == "g", "node {}: {sequence} gave {next}", at + 1);
                assert!(Instant::now() < end, "node {} goes on with its old range: {next}", at + 1);
                tokio::time::sleep(Duration::from_millis(5)).await;
                next = value(client, &sql).await;
            }
            assert!(seen.insert((sequence, next)), "{sequence}: {next} was given twice");
        }
    }
    let simple: Vec<u64> = seen.iter().filter(|(name, _)| *name == "s").map(|(_, value)| *value).collect();
    assert_eq!(simple, [5_000_000, 5_000_001, 5_000_002]);
}

#[tokio::test]
async fn truncate_resets_the_keys_of_all_nodes() {
    let (_cluster, mut clients) = three_nodes().await;
    let table =
        "CREATE TABLE a (id BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY, v INT) DBPARTITION BY HASH(id)";
    run(&mut clients[0], table).await;
    // With an explicit key, each node is far above the start.
    run(&mut clients[1], "INSERT INTO a VALUES (900000, 0)").await;
    for client in &mut clients {
        run(client, "INSERT INTO a (v) VALUES (1)").await;
    }
    run(&mut clients[2], "INSERT INTO a (v) VALUES (2)").await;
    run(&mut clients[2], "TRUNCATE TABLE a").await;
    let mut ids = BTreeSet::new();
    for client in &mut clients {
        run(client, "INSERT INTO a (v) VALUES (3)").await;
        let id = client.last_insert_id().expect("an id was made");
        assert!(id < 900_000, "{id} is from before TRUNCATE");
        assert!(ids.insert(id), "{id} was given twice");
    }
    assert!(ids.contains(&1), "keys begin anew: {ids:?}");
    let written: Vec<u64> = clients[0].query("SELECT id FROM a ORDER BY id").await.unwrap();
    assert_eq!(written, ids.into_iter().collect::<Vec<_>>());
}
