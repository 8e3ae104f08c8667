//! Gathered statements that are given up: killed, left by their client, out of time. They end at once and leave nothing on the servers.

use std::path::Path;
use std::time::{Duration, Instant};

use mysql_async::Conn;
use ostrakon_tests::cluster::{TestCluster, connect, refused, run, value};
use ostrakon_tests::physical;
use ostrakon_tests::wire::Wire;

/// Off the shard key, so that it is gathered.
const QUERY: &str = "SELECT COUNT(*) FROM a JOIN b ON a.x = b.x";

/// Two tables of 200 rows.
async fn filled(settings: &str) -> (TestCluster, Conn) {
    let cluster = TestCluster::start_with(|options| options.node_settings = settings.to_owned());
    let mut client = cluster.database("app", "DBPARTITIONS 4").await;
    for table in ["a", "b"] {
        run(
            &mut client,
            &format!("CREATE TABLE {table} (id INT PRIMARY KEY, x INT) DBPARTITION BY HASH(id)"),
        )
        .await;
        let rows: Vec<String> = (0..200).map(|id| format!("({id}, {id})")).collect();
        run(&mut client, &format!("INSERT INTO {table} VALUES {}", rows.join(","))).await;
    }
    (cluster, client)
}

/// Locks all physical tables of `a` and `b`, so that whatever reads them stands still. They are free when the clients are dropped.
async fn locked(cluster: &TestCluster, client: &mut Conn) -> Vec<Conn> {
    let mut holders = Vec::new();
    let mut tables = physical::tables(cluster, client, "a").await;
    tables.extend(physical::tables(cluster, client, "b").await);
    for instance in &cluster.cluster.instances {
        let here = tables.iter().filter(|table| table.port == instance.port());
        let names: Vec<String> = here.map(|table| format!("{} WRITE", table.name)).collect();
        let mut holder = connect(instance.port(), None).await;
        run(&mut holder, &format!("LOCK TABLES {}", names.join(", "))).await;
        holders.push(holder);
    }
    holders
}

async fn settles(what: &str, cluster: &TestCluster) {
    for _ in 0..100 {
        if cluster.running_statements() == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{what}: statements run on after ten seconds");
}

/// After what was given up, the next one is answered, and twice more over the same connections.
async fn works(client: &mut Conn) {
    for _ in 0..3 {
        assert_eq!(value::<i64>(client, QUERY).await, 200);
    }
}

#[tokio::test]
async fn kill_query_ends_a_gathered_statement_that_waits() {
    let (cluster, mut client) = filled("").await;
    works(&mut client).await;
    let holders = locked(&cluster, &mut client).await;
    let mut waiting = cluster.client(Some("app")).await;
    let id: u64 = value(&mut waiting, "SELECT CONNECTION_ID()").await;
    let waits = tokio::spawn(async move {
        let answer = refused(&mut waiting, QUERY).await;
        (answer, waiting)
    });
    tokio::time::sleep(Duration::from_millis(700)).await;
    let killed = Instant::now();
    run(&mut client, &format!("KILL QUERY {id}")).await;
    let ((errno, message), mut waiting) = waits.await.unwrap();
    assert_eq!(errno, 1317, "{message}");
    assert!(killed.elapsed() < Duration::from_secs(5), "{:?}", killed.elapsed());
    settles("killed", &cluster).await;
    drop(holders);
    works(&mut waiting).await;
}

#[tokio::test]
async fn a_client_that_leaves_ends_its_gathered_statement() {
    let (cluster, mut client) = filled("").await;
    let holders = locked(&cluster, &mut client).await;
    let mut leaving = Wire::log_in(cluster.port(), "app").await;
    leaving.send_query(QUERY).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    drop(leaving);
    settles("left", &cluster).await;
    drop(holders);
    works(&mut client).await;
}

#[tokio::test]
async fn a_gathered_statement_ends_when_its_time_is_over() {
    let (cluster, mut client) = filled("[limits]\ngather_time_s = 2\n").await;
    let holders = locked(&cluster, &mut client).await;
    let begun = Instant::now();
    let (errno, message) = refused(&mut client, QUERY).await;
    assert_eq!(errno, 3024, "{message}");
    assert!(message.contains("limits.gather_time_s"), "{message}");
    assert!(begun.elapsed() < Duration::from_secs(12), "{:?}", begun.elapsed());
    settles("late", &cluster).await;
    drop(holders);
    works(&mut client).await;
}

/// A statement that fails in the middle leaves no temporary table: the same names are made again, over the same connections or new ones.
#[tokio::test]
async fn a_failed_gather_leaves_no_table() {
    let (cluster, mut client) =
        filled("[limits]\ngather_connections_per_instance = 1\ngather_rows = 300\n").await;
    for _ in 0..3 {
        let (errno, message) = refused(&mut client, QUERY).await;
        assert_eq!(errno, 1104, "{message}");
        let (errno, _) = refused(
            &mut client,
            "SELECT (SELECT a.id FROM a JOIN b ON a.x = b.x WHERE a.x < 50 AND b.x < 50)",
        )
        .await;
        assert_eq!(errno, 1242);
        assert_eq!(
            value::<i64>(
                &mut client,
                "SELECT COUNT(*) FROM a JOIN b ON a.x = b.x WHERE a.x < 50 AND b.x < 50"
            )
            .await,
            50
        );
    }
    settles("failed", &cluster).await;
    assert_eq!(temporary_files(cluster.folder()), 0);
    // MariaDB's are files, so this would have seen them.
    let mut own = connect(cluster.cluster.instances[0].port(), None).await;
    let version: String = value(&mut own, "SELECT VERSION()").await;
    if version.contains("MariaDB") {
        run(&mut own, "CREATE TEMPORARY TABLE __ostrakon.t (a INT) ENGINE=Aria").await;
        assert!(temporary_files(cluster.folder()) > 0);
    }
}

/// Files of temporary tables, in this folder and all below.
fn temporary_files(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let count = |entry: std::fs::DirEntry| {
        let path = entry.path();
        let is_table = entry.file_name().to_string_lossy().starts_with("#sql-temptable");
        if path.is_dir() { temporary_files(&path) } else { usize::from(is_table) }
    };
    entries.map(count).sum()
}
