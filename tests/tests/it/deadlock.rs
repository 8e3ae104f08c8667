//! Deadlocks over several instances: found at once, one victim, the others go on. And long waits that are none.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, Row};
use ostrakon_tests::cluster::{TestCluster, connect, run, value};
use ostrakon_tests::physical;

use crate::transaction_limits::no_transaction_is_left;

/// Far below the servers' own limit for a lock wait.
const PATIENCE: Duration = Duration::from_secs(20);

const TABLE: &str = "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v INT) DBPARTITION BY HASH(id)";

/// What a client's statement came to.
type Outcome = Result<(), mysql_async::Error>;

fn code(outcome: &Outcome) -> Option<(u16, String)> {
    match outcome {
        Ok(()) => None,
        Err(mysql_async::Error::Server(e)) => Some((e.code, e.state.clone())),
        Err(e) => panic!("not an error of the server's: {e}"),
    }
}

fn deadlock() -> Option<(u16, String)> {
    Some((1213, "40001".to_owned()))
}

/// A table over so many groups, and the id of one row in each.
async fn row_in_each_group(cluster: &TestCluster, groups: usize) -> Vec<i32> {
    let mut client = cluster.database("app", &format!("DBPARTITIONS {groups}")).await;
    run(&mut client, TABLE).await;
    let rows: Vec<String> = (0..64).map(|id| format!("({id}, 0)")).collect();
    run(&mut client, &format!("INSERT INTO t VALUES {}", rows.join(","))).await;
    // The instances are asked past Ostrakon: the second branch's commit may still be on its way.
    no_transaction_is_left(cluster).await;
    let mut ids = Vec::new();
    for table in physical::tables(cluster, &mut client, "t").await {
        let rows: Vec<(i32,)> = table.rows("id").await;
        ids.push(rows.first().expect("64 rows are enough for each group").0);
    }
    assert_eq!(ids.len(), groups);
    ids
}

/// A client of each of these nodes, round robin.
async fn clients(cluster: &TestCluster, count: usize) -> Vec<Conn> {
    let mut clients = Vec::new();
    for node in cluster.cluster.nodes.iter().cycle().take(count) {
        clients.push(connect(node.port(), Some("app")).await);
    }
    clients
}

fn update(id: i32) -> String {
    format!("UPDATE t SET v = v + 1 WHERE id = {id}")
}

/// How a client of a ring asks for the row that the next one has locked.
#[derive(Clone, Copy, Debug)]
enum Second {
    /// One group's, passed through.
    Text,
    Prepared,
    /// Over the groups of its own row and of the next one's.
    Scattered,
    /// Rows of both, merged.
    Merged,
}

impl Second {
    async fn run(self, client: &mut Conn, own: i32, next: i32) -> Outcome {
        match self {
            Self::Text => client.query_drop(update(next)).await,
            Self::Prepared => client.exec_drop("UPDATE t SET v = v + 1 WHERE id = ?", (next,)).await,
            Self::Scattered => {
                client.query_drop(format!("UPDATE t SET v = v + 1 WHERE id IN ({own}, {next})")).await
            }
            Self::Merged => {
                client.query_drop(format!("SELECT v FROM t WHERE id IN ({own}, {next}) FOR UPDATE")).await
            }
        }
    }

    /// What it adds to the own row and to the next one.
    fn adds(self) -> (i32, i32) {
        match self {
            Self::Text | Self::Prepared => (0, 1),
            Self::Scattered => (1, 1),
            Self::Merged => (0, 0),
        }
    }
}

/// Each client locks its own row, one after the other, and then asks for the next one's. Returns the clients with what came of it and when.
async fn ring(clients: Vec<Conn>, ids: &[i32], second: Second) -> Vec<(Conn, Outcome, Duration)> {
    let mut begun = Vec::new();
    for (at, mut client) in clients.into_iter().enumerate() {
        run(&mut client, "BEGIN").await;
        run(&mut client, &update(ids[at])).await;
        begun.push(client);
    }
    let since = Instant::now();
    let mut waiting = Vec::new();
    for (at, mut client) in begun.into_iter().enumerate() {
        let (own, next) = (ids[at], ids[(at + 1) % ids.len()]);
        waiting.push(tokio::spawn(async move {
            let outcome = second.run(&mut client, own, next).await;
            let took = since.elapsed();
            // Each commits, so that the one before it can.
            if outcome.is_ok() {
                run(&mut client, "COMMIT").await;
            }
            (client, outcome, took)
        }));
    }
    let mut ended = Vec::new();
    for waiting in waiting {
        ended.push(tokio::time::timeout(PATIENCE, waiting).await.expect("the deadlock ends").unwrap());
    }
    ended
}

/// Rings of all kinds, over so many groups. The time that is judged is that of the fastest, since the machine may have other work.
pub async fn rings_end(cluster: &TestCluster, members: usize) {
    let ids = row_in_each_group(cluster, members).await;
    let mut expected = vec![0; members];
    let mut times = Vec::new();
    let kinds = [Second::Text, Second::Prepared, Second::Scattered, Second::Merged];
    for second in kinds {
        let ended = ring(clients(cluster, members).await, &ids, second).await;
        let outcomes: Vec<_> = ended.iter().map(|(_, outcome, _)| code(outcome)).collect();
        let (victim, others) = outcomes.split_last().expect("a ring has members");
        assert_eq!(*victim, deadlock(), "{second:?}: the youngest is the victim: {outcomes:?}");
        assert!(others.iter().all(Option::is_none), "{second:?}: the others go on: {outcomes:?}");
        times.push(ended.iter().map(|(_, _, took)| *took).max().unwrap());
        for (at, (mut client, outcome, _)) in ended.into_iter().enumerate() {
            if outcome.is_ok() {
                let (own, next) = second.adds();
                expected[at] += 1 + own;
                expected[(at + 1) % members] += next;
            }
            // Nothing is open any longer, not even for the victim: this commits by itself.
            run(&mut client, &update(ids[at])).await;
            expected[at] += 1;
        }
        let mut client = cluster.client(Some("app")).await;
        for (id, expected) in ids.iter().zip(&expected) {
            let v: i32 = value(&mut client, &format!("SELECT v FROM t WHERE id = {id}")).await;
            assert_eq!(v, *expected, "{second:?}: row {id}");
        }
    }
    println!("deadlocks ended after {times:?}");
    assert!(times.iter().min() < Some(&Duration::from_millis(1500)), "too slow: {times:?}");
    deadlocks_are_shown(cluster, kinds.len(), members).await;
    no_transaction_is_left(cluster).await;
}

async fn deadlocks_are_shown(cluster: &TestCluster, count: usize, members: usize) {
    let mut client = cluster.client(Some("app")).await;
    let shown: Vec<Row> = client.query("SHOW GLOBAL DEADLOCKS").await.unwrap();
    assert_eq!(shown.len(), count * members, "{shown:?}");
    for cycle in shown.chunks(members) {
        let victims: Vec<String> = cycle.iter().map(|row| row.get("VICTIM").unwrap()).collect();
        assert_eq!((victims[0].as_str(), victims.iter().filter(|v| *v == "YES").count()), ("YES", 1));
        let mut waited_for = BTreeSet::new();
        for row in cycle {
            let statement: String = row.get("STATEMENT").unwrap();
            assert!(statement.contains("FROM t") || statement.contains("UPDATE t"), "{statement}");
            waited_for.insert(row.get::<String, _>("WAITS_FOR_GROUP").unwrap());
            let id: String = row.get("TRANS_ID").unwrap();
            assert!(id.starts_with("o1."), "{id}");
            assert_eq!(row.get::<String, _>("USER").unwrap(), "root");
        }
        assert_eq!(waited_for.len(), members, "each waits in another group: {waited_for:?}");
    }
    // Each node has those of its own victims.
    let mut local = 0;
    for node in &cluster.cluster.nodes {
        let mut client = connect(node.port(), None).await;
        local += client.query::<Row, _>("SHOW LOCAL DEADLOCKS").await.unwrap().len();
    }
    assert_eq!(local, shown.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_groups_of_one_server_are_two_sides_of_a_deadlock() {
    rings_end(&TestCluster::start_with(|options| options.instances = 1), 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_clients_of_a_node_that_wait_crosswise_cost_one_victim() {
    rings_end(&TestCluster::start(), 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_clients_of_two_nodes_that_wait_crosswise_cost_one_victim() {
    rings_end(&TestCluster::start_with(|options| options.nodes = 2), 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ring_of_three_on_three_instances_costs_one_victim() {
    let three = |options: &mut ostrakon::dev::cluster::ClusterOptions| {
        options.instances = 3;
        options.nodes = 3;
    };
    rings_end(&TestCluster::start_with(three), 3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_wait_for_a_lock_is_no_deadlock() {
    let cluster = TestCluster::start();
    let ids = row_in_each_group(&cluster, 2).await;
    let mut clients = clients(&cluster, 2).await;
    let (mut waiter, mut holder) = (clients.remove(0), clients.remove(0));
    run(&mut holder, "BEGIN").await;
    run(&mut holder, &update(ids[1])).await;
    run(&mut holder, "SELECT COUNT(*) FROM t").await;
    run(&mut waiter, "BEGIN").await;
    run(&mut waiter, &update(ids[0])).await;
    let sql = update(ids[1]);
    let waiting = tokio::spawn(async move {
        run(&mut waiter, &sql).await;
        run(&mut waiter, "COMMIT").await;
    });
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(!waiting.is_finished(), "it waits for the lock");
    run(&mut holder, "COMMIT").await;
    tokio::time::timeout(PATIENCE, waiting).await.expect("the wait ends with the lock").unwrap();
    let shown: Vec<Row> = holder.query("SHOW GLOBAL DEADLOCKS").await.unwrap();
    assert!(shown.is_empty(), "{shown:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_scattered_write_of_its_own_is_run_again_when_it_is_the_victim() {
    let cluster = TestCluster::start();
    let ids = row_in_each_group(&cluster, 2).await;
    let mut clients = clients(&cluster, 2).await;
    let (mut elder, mut scattered) = (clients.remove(0), clients.remove(0));
    run(&mut elder, "BEGIN").await;
    run(&mut elder, &update(ids[1])).await;
    let sql = format!("UPDATE t SET v = v + 10 WHERE id IN ({}, {})", ids[0], ids[1]);
    let waiting = tokio::spawn(async move {
        run(&mut scattered, &sql).await;
        scattered
    });
    // It has the first row by then, and waits for the second.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let crosswise = elder.query_drop(update(ids[0]));
    tokio::time::timeout(PATIENCE, crosswise).await.expect("the deadlock ends").unwrap();
    run(&mut elder, "COMMIT").await;
    let mut scattered = tokio::time::timeout(PATIENCE, waiting).await.expect("it runs again").unwrap();
    for id in &ids {
        assert_eq!(value::<i32>(&mut scattered, &format!("SELECT v FROM t WHERE id = {id}")).await, 11);
    }
    assert_eq!(scattered.query::<Row, _>("SHOW LOCAL DEADLOCKS").await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_query_of_one_that_waits_stays_an_interruption() {
    let cluster = TestCluster::start();
    let ids = row_in_each_group(&cluster, 2).await;
    let mut clients = clients(&cluster, 2).await;
    let (mut waiter, mut holder) = (clients.remove(0), clients.remove(0));
    run(&mut holder, "BEGIN").await;
    run(&mut holder, &update(ids[1])).await;
    let id: u64 = value(&mut waiter, "SELECT CONNECTION_ID()").await;
    run(&mut waiter, "BEGIN").await;
    run(&mut waiter, &update(ids[0])).await;
    let sql = update(ids[1]);
    let waiting = tokio::spawn(async move {
        let outcome = waiter.query_drop(sql).await;
        (waiter, outcome)
    });
    tokio::time::sleep(Duration::from_millis(1000)).await;
    run(&mut holder, &format!("KILL QUERY {id}")).await;
    let (mut waiter, outcome) = tokio::time::timeout(PATIENCE, waiting).await.expect("it ends").unwrap();
    assert_eq!(code(&outcome), Some((1317, "70100".to_owned())));
    // The transaction goes on.
    run(&mut waiter, "COMMIT").await;
    assert_eq!(value::<i32>(&mut waiter, &format!("SELECT v FROM t WHERE id = {}", ids[0])).await, 1);
}
