//! Thousands of clients, each with settings of its own, over a hundred backend connections: each sees its own values and nobody else's, and none
//! keeps a backend connection for itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ostrakon_tests::cluster::{TestCluster, run, value};
use ostrakon_tests::raw::Raw;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::sync::Semaphore;

/// Clients, where `OSTRAKON_CLIENTS` says nothing.
const CLIENTS: usize = 10_000;

/// Backend connections, to both instances together.
const BACKENDS: usize = 100;

/// To one instance by the pool. The rest is for what a node does beside serving.
const POOLED: usize = 46;

/// So many clients speak at once, more than there are connections: some wait.
const SPEAKING: usize = 300;

/// How often each client asks.
const ROUNDS: usize = 3;

/// Rows of the table.
const ROWS: usize = 64;

/// What a client that has SET nothing sees.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Seen {
    mark: Option<String>,
    last_insert_id: String,
    time_zone: String,
    sql_mode: String,
    collation: String,
    concat: String,
    isolation: String,
    row: String,
}

/// A client's own mixture: its SET, and what it has to see from then on.
fn mixture(client: usize, defaults: &Seen) -> (String, Seen) {
    let mut expected = defaults.clone();
    let mut set = format!("SET @mark = 'client {client}', last_insert_id = {client}");
    expected.mark = Some(format!("client {client}"));
    expected.last_insert_id = client.to_string();
    expected.row = (client % ROWS * 10).to_string();
    if client.is_multiple_of(2) {
        expected.time_zone = format!("+{:02}:{:02}", client % 13, client % 4 * 15);
        set.push_str(&format!(", time_zone = '{}'", expected.time_zone));
    }
    if client.is_multiple_of(3) {
        let mode = ["", "PIPES_AS_CONCAT", "ANSI_QUOTES", "NO_ZERO_DATE"][client / 3 % 4];
        expected.sql_mode = mode.to_owned();
        set.push_str(&format!(", sql_mode = '{mode}'"));
    }
    if client.is_multiple_of(5) {
        expected.concat = (1000 + client).to_string();
        set.push_str(&format!(", group_concat_max_len = {}", expected.concat));
    }
    if client.is_multiple_of(7) {
        let names = [("latin1", "latin1_bin"), ("utf8mb4", "utf8mb4_bin")];
        let (charset, collation) = names[client / 7 % 2];
        expected.collation = collation.to_owned();
        set.push_str(&format!(", NAMES {charset} COLLATE {collation}"));
    }
    if client.is_multiple_of(11) {
        expected.isolation = "READ-COMMITTED".to_owned();
    }
    (set, expected)
}

/// The texts of a row of the text protocol.
fn texts(row: &[u8]) -> Vec<Option<String>> {
    let (mut texts, mut at) = (Vec::new(), 0);
    while let Some(length) = row.get(at) {
        at += 1;
        if *length == 0xFB {
            texts.push(None);
            continue;
        }
        // No value here is longer than 250 bytes but the sql_mode, perhaps.
        let length = match *length {
            0xFC => {
                at += 2;
                usize::from(u16::from_le_bytes([row[at - 2], row[at - 1]]))
            }
            length => usize::from(length),
        };
        texts.push(Some(String::from_utf8_lossy(&row[at..at + length]).into_owned()));
        at += length;
    }
    texts
}

async fn ask(client: &mut Raw, question: &str, number: usize) -> Seen {
    let answer = client.query(&question.replace('?', &(number % ROWS).to_string())).await;
    let error = answer.single.as_ref().or(answer.end.as_ref()).map(|end| String::from_utf8_lossy(end));
    let row = answer.rows.first().unwrap_or_else(|| panic!("client {number}: {error:?}"));
    let mut texts = texts(row).into_iter();
    let mark = texts.next().flatten();
    let mut next = || texts.next().flatten().unwrap_or_default();
    Seen {
        mark,
        last_insert_id: next(),
        time_zone: next(),
        sql_mode: next(),
        collation: next(),
        concat: next(),
        isolation: next(),
        row: next(),
    }
}

/// Each client is a socket here, and one of the node's, which takes its limit from us.
fn allow_files(clients: usize) {
    let limit = getrlimit(Resource::Nofile);
    let needed = clients as u64 + 2_000;
    if limit.current.is_none_or(|current| current >= needed) {
        return;
    }
    assert!(
        limit.maximum.is_none_or(|maximum| maximum >= needed),
        "{clients} clients need {needed} open files, and this system allows {:?} (ulimit -Hn)",
        limit.maximum
    );
    setrlimit(Resource::Nofile, Rlimit { current: Some(needed), maximum: limit.maximum })
        .expect("a soft limit below the hard one");
}

/// Looks at the servers until it is told to stop: the most backend connections that there were.
fn watch(cluster: &Arc<TestCluster>, stop: &Arc<AtomicBool>) -> tokio::task::JoinHandle<usize> {
    let (cluster, stop) = (Arc::clone(cluster), Arc::clone(stop));
    tokio::task::spawn_blocking(move || {
        let mut most = 0;
        while !stop.load(Ordering::Relaxed) {
            most = most.max(cluster.backend_connections());
            std::thread::sleep(Duration::from_millis(200));
        }
        most
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_with_settings_of_their_own_share_a_hundred_connections() {
    let count = std::env::var("OSTRAKON_CLIENTS").ok().and_then(|text| text.parse().ok()).unwrap_or(CLIENTS);
    allow_files(count);
    let cluster = Arc::new(TestCluster::start_with(|options| {
        options.node_settings = format!(
            "[limits]\nmax_connections = {}\nconnections_per_instance = {POOLED}\nconnection_wait_ms = 60000\nlogin_timeout_ms = 60000\n",
            count + 10
        );
    }));
    let mut client = cluster.database("app", "DBPARTITIONS 4").await;
    run(&mut client, "CREATE TABLE t (id INT NOT NULL PRIMARY KEY, v INT) DBPARTITION BY HASH(id)").await;
    let rows: Vec<String> = (0..ROWS).map(|id| format!("({id}, {})", id * 10)).collect();
    run(&mut client, &format!("INSERT INTO t VALUES {}", rows.join(","))).await;
    let version = value::<String>(&mut client, "SELECT VERSION()").await;
    let isolation = if version.contains("MariaDB") { "tx_isolation" } else { "transaction_isolation" };
    let question = Arc::new(format!(
        "SELECT @mark, LAST_INSERT_ID(), @@time_zone, @@sql_mode, @@collation_connection, @@group_concat_max_len, @@{isolation}, v FROM t WHERE id = ?"
    ));
    let mut fresh = Raw::log_in(cluster.port(), "app", true).await;
    let defaults = Arc::new(ask(&mut fresh, &question, 0).await);
    assert_eq!(defaults.mark, None);

    let stop = Arc::new(AtomicBool::new(false));
    let watching = watch(&cluster, &stop);
    let speaking = Arc::new(Semaphore::new(SPEAKING));
    let port = cluster.port();
    let mut clients = Vec::with_capacity(count);
    for number in 0..count {
        let (speaking, defaults) = (Arc::clone(&speaking), Arc::clone(&defaults));
        clients.push(tokio::spawn(async move {
            let _turn = speaking.acquire_owned().await.expect("the semaphore is never closed");
            let mut client = Raw::log_in(port, "app", true).await;
            let (set, expected) = mixture(number, &defaults);
            let mut sets = vec![set];
            if number.is_multiple_of(11) {
                sets.push("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED".to_owned());
            }
            for set in sets {
                let answer = client.query(&set).await;
                assert_eq!(answer.errno(), None, "client {number}: {set}: {answer:?}");
            }
            (number, client, expected)
        }));
    }
    let mut ready = Vec::with_capacity(count);
    for client in clients {
        ready.push(client.await.unwrap_or_else(|error| panic!("{error}")));
    }
    // All are connected now, and each asks in turn with all others.
    for round in 0..ROUNDS {
        let mut asking = Vec::with_capacity(count);
        for (number, mut client, expected) in ready {
            let (speaking, question) = (Arc::clone(&speaking), Arc::clone(&question));
            asking.push(tokio::spawn(async move {
                let _turn = speaking.acquire_owned().await.expect("the semaphore is never closed");
                let seen = ask(&mut client, &question, number).await;
                assert_eq!(seen, expected, "client {number}, round {round}");
                (number, client, expected)
            }));
        }
        ready = Vec::with_capacity(count);
        for client in asking {
            ready.push(client.await.unwrap_or_else(|error| panic!("{error}")));
        }
        // Not the same neighbours on the same connections each time.
        ready.rotate_left(count / 3);
        ready.reverse();
    }
    assert_eq!(ask(&mut fresh, &question, 0).await, *defaults, "who has SET nothing sees the defaults");
    stop.store(true, Ordering::Relaxed);
    let most = watching.await.expect("the watch");
    assert!(most <= BACKENDS, "{count} clients had {most} backend connections");
    assert!(most > 10, "{most} backend connections: the servers were not asked rightly");
}
