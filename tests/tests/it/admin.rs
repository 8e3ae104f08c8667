//! Administration: instances with encrypted passwords, accounts in the catalog, settings, nodes, drain; as SQL and by the command line.

mod command_line;
mod doctor;
mod members;
mod rolling;
mod users;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use mysql_async::Row;
use mysql_async::prelude::Queryable;
use ostrakon_catalog::Command;
use ostrakon_tests::cluster::{TestCluster, connect, refused, run, value};
use ostrakon_tests::place;

/// The key file of the cluster's node.
fn key_file(cluster: &TestCluster) -> std::path::PathBuf {
    cluster.folder().join(ostrakon::dev::cluster::KEY_FILE)
}

/// All bytes of the node's files, but for the key file.
fn files_of_node(cluster: &TestCluster) -> Vec<u8> {
    fn collect(folder: &std::path::Path, out: &mut Vec<u8>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, out);
            } else if path.file_name().is_none_or(|name| name != "instance.key") {
                out.extend(std::fs::read(&path).unwrap_or_default());
            }
        }
    }
    let mut out = Vec::new();
    collect(cluster.cluster.node().directory(), &mut out);
    out
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|part| part == text.as_bytes())
}

/// An account on all servers, with a password.
fn make_account(cluster: &TestCluster, name: &str, password: &str) {
    for instance in &cluster.cluster.instances {
        let mut client = instance.connect().unwrap();
        client.query(&format!("CREATE USER '{name}'@'%' IDENTIFIED BY '{password}'")).unwrap();
        client.query(&format!("GRANT ALL ON *.* TO '{name}'@'%'")).unwrap();
    }
}

#[tokio::test]
async fn an_instances_password_is_on_no_disk_and_in_no_answer() {
    const PASSWORD: &str = "Qz7secretQz7";
    let mut cluster = TestCluster::start();
    make_account(&cluster, "ostrakon", PASSWORD);
    let mut client = cluster.client(None).await;
    run(&mut client, "CREATE DATABASE app").await;
    run(&mut client, "CREATE TABLE app.t (id INT PRIMARY KEY) DBPARTITION BY HASH(id)").await;
    for name in ["i1", "i2"] {
        run(&mut client, &format!("ALTER INSTANCE {name} USER='ostrakon' PASSWORD='{PASSWORD}'")).await;
        assert_eq!(client.affected_rows(), 1);
    }
    run(&mut client, "INSERT INTO app.t VALUES (1), (2), (3)").await;
    assert_eq!(value::<i64>(&mut client, "SELECT COUNT(*) FROM app.t").await, 3);
    // What is opened from now on is the new account's, in a pool that was there before as well.
    for instance in &cluster.cluster.instances {
        let accounts = "SELECT COUNT(*) FROM information_schema.processlist WHERE user = 'ostrakon'";
        let open = instance.connect().unwrap().query(accounts).unwrap().first();
        assert_ne!(open.as_deref(), Some("0"), "{}", instance.name());
    }
    // A wrong password is refused, and changes nothing.
    let (errno, message) = refused(&mut client, "ALTER INSTANCE i1 PASSWORD='Wrong9Wrong9'").await;
    assert_eq!(errno, 1429, "{message}");
    assert!(!message.contains("Wrong9"), "{message}");
    drop(client);
    // The key comes back with the node, and the password with the key.
    cluster.cluster.node_mut().restart().unwrap();
    let mut client = cluster.client(Some("app")).await;
    assert_eq!(value::<i64>(&mut client, "SELECT COUNT(*) FROM t").await, 3);
    for sql in ["SHOW INSTANCES", "SHOW FULL PROCESSLIST", "SHOW VARIABLES", "SHOW SETTINGS"] {
        let rows: Vec<Row> = client.query(sql).await.unwrap();
        assert!(!format!("{rows:?}").contains(PASSWORD), "{sql}");
    }
    let files = files_of_node(&cluster);
    assert!(!holds(&files, PASSWORD) && !holds(&files, "Wrong9Wrong9"));
    // What a backup holds, which nobody has compressed.
    for stored in passwords(&mut client).await {
        assert!(stored.starts_with("ostrakon1:") && !stored.contains(PASSWORD), "{stored}");
    }
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(key_file(&cluster)).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
}

#[tokio::test]
async fn a_node_with_another_key_or_none_does_not_start() {
    let mut cluster = TestCluster::start();
    make_account(&cluster, "ostrakon", "secret");
    let mut client = cluster.client(None).await;
    run(&mut client, "ALTER INSTANCE i1 USER='ostrakon' PASSWORD='secret'").await;
    drop(client);
    cluster.cluster.node_mut().stop().unwrap();
    let path = key_file(&cluster);
    let key = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let missing = cluster.cluster.node_mut().restart().unwrap_err().to_string();
    assert!(missing.contains("is missing") && missing.contains("copy it from another node"), "{missing}");
    // 32 zero bytes.
    std::fs::write(&path, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n").unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let other = cluster.cluster.node_mut().restart().unwrap_err().to_string();
    assert!(other.contains("another key") && other.contains("copy the key file"), "{other}");
    std::fs::write(&path, key).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    let open = cluster.cluster.node_mut().restart().unwrap_err().to_string();
    assert!(open.contains("chmod 600"), "{open}");
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    cluster.cluster.node_mut().restart().unwrap();
    connect(cluster.port(), None).await;
}

#[tokio::test]
async fn passwords_of_an_older_catalog_work_and_are_encrypted_at_the_start() {
    let mut cluster = TestCluster::start();
    make_account(&cluster, "ostrakon", "plain9Plain9");
    cluster.cluster.node_mut().stop().unwrap();
    // As a version before key files left it.
    let catalog = cluster.cluster.node().directory().join("data/catalog");
    let meta = ostrakon_meta::MetaNode::open(ostrakon_meta::MetaConfig::new(1, catalog)).unwrap();
    meta.propose(Command::DropSetting { name: "internal.instance_key".to_owned() }).await.unwrap();
    for name in ["i1", "i2"] {
        let (user, password) = (Some("ostrakon".to_owned()), Some("plain9Plain9".to_owned()));
        let (name, tls) = (name.to_owned(), None);
        let altered =
            Command::AlterInstance { name, host: None, port: None, user, password, draining: None, tls };
        meta.propose(altered).await.unwrap();
    }
    meta.shutdown().await;
    cluster.cluster.node_mut().restart().unwrap();
    let mut client = cluster.client(None).await;
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        let stored = passwords(&mut client).await;
        assert_eq!(stored.len(), 2);
        if stored.iter().all(|password| password.starts_with("ostrakon1:")) {
            break;
        }
        assert!(std::time::Instant::now() < end, "{stored:?}");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    run(&mut client, "CREATE DATABASE app").await;
}

/// What the catalog holds of the instances' passwords.
async fn passwords(client: &mut mysql_async::Conn) -> Vec<String> {
    let row: Row = client.query_first("BACKUP CATALOG").await.unwrap().unwrap();
    let data = BASE64.decode(row.get::<String, _>("DATA").unwrap()).unwrap();
    let catalog = ostrakon_meta::backup::decode(&data).unwrap().catalog;
    catalog.instances.values().map(|instance| instance.password.clone()).collect()
}

#[tokio::test]
async fn a_statement_is_listed_without_its_password() {
    let cluster = TestCluster::start();
    let mut client = cluster.client(None).await;
    let mut slow = cluster.client(None).await;
    // Takes connections and says nothing, so that the statement lasts.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = silent.local_addr().unwrap().port();
    let create = format!("CREATE INSTANCE i9 HOST='127.0.0.1' PORT={port} PASSWORD='hidden9Hidden9'");
    let creating = tokio::spawn(async move { refused(&mut slow, &create).await });
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    let shown = loop {
        let rows: Vec<Row> = client.query("SHOW FULL PROCESSLIST").await.unwrap();
        assert!(!format!("{rows:?}").contains("hidden9"), "{rows:?}");
        let mut infos = rows.iter().filter_map(|row| row.get::<Option<String>, _>("Info").flatten());
        if let Some(info) = infos.find(|info| info.contains("INSTANCE")) {
            break info;
        }
        assert!(std::time::Instant::now() < end, "the statement was not listed");
    };
    assert_eq!(shown, format!("CREATE INSTANCE i9 HOST='127.0.0.1' PORT={port} PASSWORD <secret>"));
    let (errno, message) = creating.await.unwrap();
    assert!(errno == 1429 && !message.contains("hidden9"), "{message}");
    let log = std::fs::read_to_string(cluster.cluster.node().log_file()).unwrap();
    assert!(!log.contains("hidden9"));
}

#[tokio::test]
async fn an_instance_is_not_moved_to_a_server_that_lacks_its_groups() {
    let cluster = TestCluster::start();
    let mut client = cluster.client(None).await;
    run(&mut client, "CREATE DATABASE app DBPARTITIONS 4").await;
    let other = cluster.cluster.instances[1].port();
    let (errno, message) = refused(&mut client, &format!("ALTER INSTANCE i1 PORT={other}")).await;
    assert_eq!(errno, 1105);
    assert!(message.contains("another server"), "{message}");
    let (errno, _) = refused(&mut client, "ALTER INSTANCE i1 PORT=1").await;
    assert_eq!(errno, 1429);
    let (errno, _) = refused(&mut client, "ALTER INSTANCE nothing DRAIN").await;
    assert_eq!(errno, 1477);
    let (errno, _) = refused(&mut client, "DROP INSTANCE i1").await;
    assert_eq!(errno, 1451);
    let own = cluster.cluster.instances[0].port();
    run(&mut client, &format!("ALTER INSTANCE i1 HOST='localhost' PORT={own}")).await;
    assert_eq!(value::<String>(&mut client, "SHOW DATABASES").await, "app");
}

#[tokio::test]
async fn a_draining_instance_gets_no_new_groups() {
    let cluster = TestCluster::start();
    let mut client = cluster.client(None).await;
    run(&mut client, "ALTER INSTANCE i1 DRAIN").await;
    assert_eq!(client.affected_rows(), 1);
    run(&mut client, "ALTER INSTANCE i1 DRAIN").await;
    assert_eq!(client.affected_rows(), 0);
    run(&mut client, "CREATE DATABASE a DBPARTITIONS 4").await;
    let groups = |rows: Vec<Row>, instance: &str| {
        rows.iter().filter(|row| row.get::<String, _>("INSTANCE").as_deref() == Some(instance)).count()
    };
    let rows: Vec<Row> = client.query("SHOW GROUPS").await.unwrap();
    assert_eq!(groups(rows, "i1"), 0);
    let rows: Vec<Row> = client.query("SHOW INSTANCES").await.unwrap();
    let state = |row: &Row| (row.get::<String, _>("NAME").unwrap(), row.get::<String, _>("STATE").unwrap());
    let states: Vec<_> = rows.iter().map(state).collect();
    assert_eq!(states, [("i1".to_owned(), "draining".to_owned()), ("i2".to_owned(), "active".to_owned())]);
    run(&mut client, "ALTER INSTANCE i2 DRAIN").await;
    assert_eq!(refused(&mut client, "CREATE DATABASE b").await.0, 1105);
    run(&mut client, "ALTER INSTANCE i1 UNDRAIN").await;
    run(&mut client, "CREATE DATABASE b DBPARTITIONS 2").await;
    let rows: Vec<Row> = client.query("SHOW GROUPS").await.unwrap();
    assert_eq!(groups(rows, "i1"), 2);
}

#[tokio::test]
async fn settings_are_typed_and_known() {
    let mut cluster = TestCluster::start();
    let mut client = cluster.client(None).await;
    let voters = "SHOW SETTINGS WHERE NAME = 'voters'";
    let setting =
        |row: Row| (row.get::<String, _>("VALUE").unwrap(), row.get::<String, _>("DEFAULT_VALUE").unwrap());
    let read = |row: Option<Row>| setting(row.expect("there is such a setting"));
    assert_eq!(read(client.query_first(voters).await.unwrap()), ("3".to_owned(), "3".to_owned()));
    run(&mut client, "ALTER CLUSTER SET voters = 5").await;
    assert_eq!(read(client.query_first(voters).await.unwrap()), ("5".to_owned(), "3".to_owned()));
    for (sql, errno) in [
        ("ALTER CLUSTER SET voters = 4", 1231),
        ("ALTER CLUSTER SET voters = 'many'", 1231),
        ("ALTER CLUSTER SET nothing = 1", 1193),
        ("ALTER CLUSTER RESET nothing", 1193),
        ("ALTER CLUSTER SET `internal.instance_key` = 'x'", 1193),
        ("ALTER CLUSTER RESET `internal.instance_key`", 1193),
    ] {
        assert_eq!(refused(&mut client, sql).await.0, errno, "{sql}");
    }
    drop(client);
    cluster.cluster.node_mut().restart().unwrap();
    let mut client = cluster.client(None).await;
    assert_eq!(read(client.query_first(voters).await.unwrap()), ("5".to_owned(), "3".to_owned()));
    run(&mut client, "ALTER CLUSTER RESET voters").await;
    assert_eq!(read(client.query_first(voters).await.unwrap()), ("3".to_owned(), "3".to_owned()));
}

#[tokio::test]
async fn a_single_node_is_its_own_leader() {
    let cluster = TestCluster::start();
    let mut client = cluster.client(None).await;
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    let rows = loop {
        let rows: Vec<Row> = client.query("SHOW NODES").await.unwrap();
        // Whoever set the cluster up has closed his connection: the node sees that in its own time.
        let sessions: Option<String> = rows.first().and_then(|row| row.get("SESSIONS"));
        if sessions.as_deref() == Some("1") || std::time::Instant::now() > end {
            break rows;
        }
    };
    let [row] = rows.as_slice() else { panic!("{rows:?}") };
    let text = |name: &str| row.get::<String, _>(name).unwrap();
    assert_eq!((text("ID"), text("ROLE"), text("STATE")), ("1".into(), "leader".into(), "alive".into()));
    assert_eq!(text("SQL_ADDRESS"), format!("127.0.0.1:{}", cluster.port()));
    assert_eq!(text("VERSION"), env!("CARGO_PKG_VERSION"));
    assert_eq!((text("LAG"), text("SESSIONS")), ("0".into(), "1".into()));
    assert!(text("APPLIED").parse::<u64>().unwrap() > 0);
    for sql in ["ALTER CLUSTER PROMOTE NODE 9", "ALTER CLUSTER REMOVE NODE 9", "ALTER CLUSTER DRAIN NODE 9"] {
        let (errno, message) = refused(&mut client, sql).await;
        assert_eq!((errno, message.contains("no node 9")), (1105, true), "{sql}: {message}");
    }
    // The only voter cannot go.
    refused(&mut client, "ALTER CLUSTER REMOVE NODE 1").await;
    run(&mut client, "CREATE DATABASE still_works").await;
}

#[tokio::test]
async fn a_draining_node_takes_no_clients_and_lets_go_of_idle_ones() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "").await;
    run(&mut client, "CREATE TABLE t (id INT PRIMARY KEY)").await;
    let mut idle = cluster.client(Some("app")).await;
    run(&mut client, "BEGIN").await;
    run(&mut client, "INSERT INTO t VALUES (1)").await;
    let mut admin = cluster.client(None).await;
    run(&mut admin, "ALTER CLUSTER SET drain_timeout_s = 1").await;
    run(&mut admin, "ALTER CLUSTER DRAIN NODE 1").await;
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        match mysql_async::Conn::new(ostrakon_tests::cluster::options(cluster.port(), None)).await {
            Err(mysql_async::Error::Server(error)) => {
                assert_eq!(error.code, 1053);
                break;
            }
            other => assert!(std::time::Instant::now() < end, "{:?}", other.err()),
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    while idle.ping().await.is_ok() {
        // Each ping makes it idle anew, which is no reason to stay.
        assert!(std::time::Instant::now() < end, "the idle client was not closed");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    // An open transaction is carried to its end.
    run(&mut client, "INSERT INTO t VALUES (2)").await;
    run(&mut client, "COMMIT").await;
    while client.ping().await.is_ok() {
        assert!(std::time::Instant::now() < end, "the client was not closed after its transaction");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    // A new start ends the drain.
    let mut cluster = cluster;
    cluster.cluster.node_mut().restart().unwrap();
    let mut client = cluster.client(Some("app")).await;
    assert_eq!(value::<i64>(&mut client, "SELECT COUNT(*) FROM t").await, 2);
}

#[tokio::test]
async fn open_transactions_are_listed() {
    let cluster = TestCluster::start();
    let mut client = cluster.database("app", "DBPARTITIONS 4").await;
    run(&mut client, "CREATE TABLE t (id INT PRIMARY KEY) DBPARTITION BY HASH(id)").await;
    let mut other = cluster.client(Some("app")).await;
    let listed = |rows: Vec<Row>| -> Vec<(String, String, String)> {
        let text = |row: &Row, name: &str| row.get::<String, _>(name).unwrap();
        rows.iter().map(|row| (text(row, "USER"), text(row, "DATABASE"), text(row, "GROUPS"))).collect()
    };
    assert_eq!(listed(other.query("SHOW TRANS").await.unwrap()), []);
    run(&mut client, "BEGIN").await;
    let open = |groups: &str| [("root".to_owned(), "app".to_owned(), groups.to_owned())];
    assert_eq!(listed(other.query("SHOW TRANS").await.unwrap()), open("0"));
    run(&mut client, "INSERT INTO t VALUES (1)").await;
    assert_eq!(listed(other.query("SHOW TRANS").await.unwrap()), open("1"));
    run(&mut client, "SELECT COUNT(*) FROM t").await;
    assert_eq!(listed(other.query("SHOW TRANS").await.unwrap()), open("4"));
    let rows: Vec<Row> = other.query("SHOW FULL TRANS").await.unwrap();
    assert_eq!(rows[0].get::<String, _>("GROUP_NAMES").unwrap().split(' ').count(), 4);
    run(&mut client, "COMMIT").await;
    assert_eq!(listed(other.query("SHOW TRANS").await.unwrap()), []);
}

/// The program under test with arguments for the cluster's node.
fn ostrakon(cluster: &TestCluster, arguments: &[&str]) -> std::process::Command {
    let mut command = std::process::Command::new(place::ostrakon());
    command.args(arguments).args(["--port", &cluster.port().to_string()]);
    command
}
