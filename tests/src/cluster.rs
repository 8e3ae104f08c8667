//! A cluster, or a plain server, that one test owns.

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, OptsBuilder};
use ostrakon::dev::cluster::{Cluster, ClusterOptions};
use ostrakon::dev::error::DevError;
use ostrakon::dev::instance::{Instance, InstanceOptions};
use ostrakon::dev::server::{DatabaseServer, ServerKind, Sizing};

use crate::family::{self, server_of};
use crate::place::{self, Folder};

/// Options of the async client for `root` on a local port: TCP only, and no pooling.
pub fn options(port: u16, database: Option<&str>) -> OptsBuilder {
    OptsBuilder::default()
        .ip_or_hostname("127.0.0.1")
        .tcp_port(port)
        .user(Some("root"))
        .db_name(database)
        .prefer_socket(false)
}

/// Connects as `root`; the test fails with the reason when that is refused.
pub async fn connect(port: u16, database: Option<&str>) -> Conn {
    let connecting = Conn::new(options(port, database));
    connecting
        .await
        .unwrap_or_else(|error| panic!("connecting to port {port}, database {database:?}: {error}"))
}

fn started<T>(result: Result<T, DevError>) -> T {
    result.unwrap_or_else(|error| panic!("{error}. {}", error.advice()))
}

/// Instances and a node, in a folder of their own. Killed at the end of the test.
#[derive(Debug)]
pub struct TestCluster {
    // Fields drop in this order: processes before their folder.
    pub cluster: Cluster,
    folder: Folder,
}

impl TestCluster {
    /// Two instances and a node with the default configuration.
    pub fn start() -> Self {
        Self::start_with(|_| {})
    }

    /// As [`TestCluster::start`], with options changed by `change`.
    pub fn start_with(change: impl FnOnce(&mut ClusterOptions)) -> Self {
        let folder = Folder::new();
        let servers: Vec<_> = family::asked_for().into_iter().map(server_of).collect();
        let templates = place::base().join("templates");
        let mut options = ClusterOptions::test(folder.path(), &templates, servers[0].clone());
        options.servers = servers;
        options.program = Some(place::ostrakon());
        change(&mut options);
        let cluster = started(Cluster::start(&options));
        // The servers of tests sync nothing at a commit: they are killed, the machine is not.
        let mut client = started(cluster.node().connect());
        if let Err(error) = client.query("ALTER CLUSTER SET commit_on_unsafe_instances = allow") {
            panic!("allowing commits on servers that do not sync: {error}");
        }
        Self { cluster, folder }
    }

    /// Instances of these families, in turn, and a node.
    pub fn of(kinds: &[ServerKind]) -> Self {
        Self::start_with(|options| options.servers = kinds.iter().map(|kind| server_of(*kind)).collect())
    }

    /// The node's port.
    pub fn port(&self) -> u16 {
        self.cluster.node().port()
    }

    /// The test's folder, for files of its own.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// A client of the node.
    pub async fn client(&self, database: Option<&str>) -> Conn {
        connect(self.port(), database).await
    }

    /// Makes a logical database and gives a client that uses it. `clauses`: DRDS's, for example `DEFAULT_SHARDING = PRIMARY_KEY`.
    pub async fn database(&self, name: &str, clauses: &str) -> Conn {
        let mut client = self.client(None).await;
        run(&mut client, &format!("CREATE DATABASE {name} {clauses}")).await;
        run(&mut client, &format!("USE {name}")).await;
        client
    }

    /// An instance closes the connections over which nothing runs.
    pub async fn close_idle_connections(&self, instance: usize) {
        let mut server = connect(self.cluster.instances[instance].port(), None).await;
        let sleeping: Vec<u64> = server
            .query("SELECT ID FROM information_schema.PROCESSLIST WHERE COMMAND = 'Sleep' AND ID <> CONNECTION_ID()")
            .await
            .expect("an instance lists its connections");
        for id in sleeping {
            // It may have ended by itself.
            let _ = server.query_drop(format!("KILL {id}")).await;
        }
    }

    /// Connections that the instances have from anywhere but this question itself: what the node's pools hold.
    pub fn backend_connections(&self) -> usize {
        self.count("SELECT COUNT(*) FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND user = 'root'")
    }

    /// Transactions open on the instances.
    pub fn open_transactions(&self) -> usize {
        self.count("SELECT COUNT(*) FROM information_schema.innodb_trx")
    }

    /// Statements that run on the instances now, but for this question itself.
    pub fn running_statements(&self) -> usize {
        self.count(
            "SELECT COUNT(*) FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND user = 'root' AND command = 'Query'",
        )
    }

    fn count(&self, sql: &str) -> usize {
        let one = |instance: &Instance| -> usize {
            let mut client = started(instance.connect());
            let answer = client.query(sql).unwrap_or_else(|error| panic!("{}: {error}", instance.name()));
            answer.first().and_then(|text| text.parse().ok()).expect("COUNT(*) gives a number")
        };
        self.cluster.instances.iter().map(one).sum()
    }
}

impl Drop for TestCluster {
    fn drop(&mut self) {
        for node in &self.cluster.nodes {
            if std::thread::panicking() {
                eprintln!("{}", node.log());
                continue;
            }
            let log = std::fs::read_to_string(node.log_file()).unwrap_or_default();
            // A test may ask for a panic at a failpoint.
            let asked_for = |line: &str| line.contains("src/failpoint.rs");
            if let Some(line) = log.lines().find(|line| line.contains("panicked at") && !asked_for(line)) {
                panic!("{} panicked: {line}", node.name());
            }
        }
    }
}

/// One server without Ostrakon: what every answer is compared with.
#[derive(Debug)]
pub struct PlainServer {
    pub instance: Instance,
    _folder: Folder,
}

impl PlainServer {
    /// Starts it, from the same template as the cluster's instances.
    pub fn start() -> Self {
        Self::of(server_of(family::usual()))
    }

    /// As [`PlainServer::start`], with a program that the test chooses.
    pub fn of(server: DatabaseServer) -> Self {
        Self::sized(server, Sizing::TEST)
    }

    /// As [`PlainServer::of`], of a size that the test chooses.
    pub fn sized(server: DatabaseServer, sizing: Sizing) -> Self {
        let folder = Folder::new();
        let (directory, templates) = (folder.path().join("instance"), place::base().join("templates"));
        let options =
            InstanceOptions { sizing, ..InstanceOptions::test("plain", &directory, &templates, server) };
        Self { instance: started(Instance::start(options)), _folder: folder }
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.instance.port()
    }
}

/// Runs a statement that must succeed and drops its rows.
pub async fn run(client: &mut Conn, sql: &str) {
    if let Err(error) = client.query_drop(sql).await {
        panic!("{}: {error}", shorten(sql));
    }
}

/// Runs a statement that must fail, and gives the server's error number and text.
pub async fn refused(client: &mut Conn, sql: &str) -> (u16, String) {
    match client.query_drop(sql).await {
        Ok(()) => panic!("{} was not refused", shorten(sql)),
        Err(mysql_async::Error::Server(error)) => (error.code, error.message),
        Err(error) => panic!("{}: not an error of the server's: {error}", shorten(sql)),
    }
}

/// The first value of the first row, which must be there.
pub async fn value<T: mysql_async::prelude::FromValue + Send + 'static>(client: &mut Conn, sql: &str) -> T {
    match client.query_first::<T, _>(sql).await {
        Ok(Some(value)) => value,
        Ok(None) => panic!("{} gave no row", shorten(sql)),
        Err(error) => panic!("{}: {error}", shorten(sql)),
    }
}

/// The start of a long statement.
pub fn shorten(sql: &str) -> String {
    sql.chars().take(300).collect()
}
