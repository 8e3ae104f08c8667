//! What is measured: a plain server with all rows, the floor and HAProxy before it, and a node over two instances with two groups.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use ostrakon::client::{Answer, Client, Login};
use ostrakon::dev::cluster::{self, Cluster, ClusterOptions};
use ostrakon::dev::files;
use ostrakon::dev::instance::{Instance, InstanceOptions};
use ostrakon::dev::member::Member;
use ostrakon::dev::process::{Life, Process};
use ostrakon::dev::server::{DatabaseServer, Sizing};

use crate::Outcome;
use crate::data::{self, Layout};

/// Logical databases of the node, and what their tables are. The plain server has the first one only.
pub const SHARDED: &str = "sbtest";
pub const WHOLE: &str = "single";

/// What a server of a benchmark gets: all rows in memory; a commit is written at once, and synced once a second.
const SIZING: Sizing = Sizing {
    buffer_pool_mib: 512,
    redo_log_mib: 512,
    flush_log_at_commit: 2,
    syncs_files: true,
    max_connections: 4000,
};
/// How long a forwarder may take to answer.
const START_PATIENCE: Duration = Duration::from_secs(10);

/// Who the client talks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    Direct,
    Floor,
    HaProxy,
    Node,
}

impl Target {
    pub const ALL: [Self; 4] = [Self::Direct, Self::Floor, Self::HaProxy, Self::Node];

    pub fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Floor => "floor",
            Self::HaProxy => "HAProxy",
            Self::Node => "Ostrakon",
        }
    }
}

/// Where a client connects, and the processes that its statements go through.
#[derive(Clone, Debug)]
pub struct Place {
    pub port: u16,
    pub database: String,
    /// Between client and servers.
    pub proxy: Option<u32>,
    pub servers: Vec<u32>,
}

/// The programs that are run.
#[derive(Clone, Debug)]
pub struct Programs {
    pub ostrakon: PathBuf,
    pub floor: PathBuf,
    pub haproxy: PathBuf,
    pub server: DatabaseServer,
    /// Threads of the floor, of HAProxy and of the node.
    pub threads: usize,
}

/// Everything runs. Dropping it ends all of it; the rows stay for the next time.
pub struct Stage {
    // Fields drop in this order: who connects goes before whom it connects to.
    floor: Member,
    haproxy: Member,
    cluster: Cluster,
    plain: Instance,
    directory: PathBuf,
    programs: Programs,
}

impl Stage {
    /// Starts everything in `directory`, and loads the rows unless they are there.
    pub fn start(directory: &Path, programs: &Programs) -> Outcome<Self> {
        let mark = directory.join("loaded");
        let loaded = format!("{} {}\n", data::VERSION, programs.server.label());
        let is_loaded = std::fs::read_to_string(&mark).is_ok_and(|found| found == loaded);
        end_left_over(&files::absolute(directory)?)?;
        if !is_loaded {
            files::remove_directory(directory)?;
        }
        let directory = files::absolute(directory)?;
        let plain = Instance::start(InstanceOptions {
            sizing: SIZING,
            life: Life::Service,
            ..InstanceOptions::test("plain", &directory.join("plain"), &directory, programs.server.clone())
        })?;
        let cluster = Cluster::start(&ClusterOptions {
            sizing: SIZING,
            life: Life::Service,
            program: Some(programs.ostrakon.clone()),
            // One client more than the largest workload has, for the harness itself.
            node_settings: format!("workers = {}\n[limits]\nmax_connections = 12000\n", programs.threads),
            ..ClusterOptions::test(&directory.join("cluster"), &directory, programs.server.clone())
        })?;
        let floor = floor(&directory, programs, plain.port())?;
        let haproxy = haproxy(&directory, programs, plain.port())?;
        let stage = Self { floor, haproxy, cluster, plain, directory, programs: programs.clone() };
        if !is_loaded {
            stage.load()?;
            files::write(&mark, &loaded)?;
        }
        Ok(stage)
    }

    fn load(&self) -> Outcome<()> {
        eprintln!("Loading the rows (once; the next run finds them) ...");
        // The servers write a commit at once but sync it once a second: a node refuses to commit over groups on such ones unless told.
        let mut client = self.client(Target::Node, None)?;
        client.setup("ALTER CLUSTER SET commit_on_unsafe_instances = allow")?;
        for database in [SHARDED, WHOLE] {
            client.setup(&format!("CREATE DATABASE {database} DBPARTITIONS 2"))?;
        }
        self.client(Target::Direct, None)?.setup(&format!("CREATE DATABASE {SHARDED}"))?;
        let all = [
            (Target::Direct, SHARDED, Layout::Whole),
            (Target::Node, SHARDED, Layout::Sharded),
            (Target::Node, WHOLE, Layout::Whole),
        ];
        for (target, database, layout) in all {
            data::load(&mut self.client(target, Some(database))?, layout)?;
        }
        Ok(())
    }

    /// Starts a proxy afresh: its memory is that of a new process.
    pub fn restart(&mut self, target: Target) -> Outcome<()> {
        match target {
            Target::Direct => self.plain.restart()?,
            Target::Floor => {
                self.floor.kill()?;
                self.floor = floor(&self.directory, &self.programs, self.plain.port())?;
            }
            Target::HaProxy => {
                self.haproxy.kill()?;
                self.haproxy = haproxy(&self.directory, &self.programs, self.plain.port())?;
            }
            Target::Node => self.cluster.node_mut().restart()?,
        }
        Ok(())
    }

    pub fn programs(&self) -> &Programs {
        &self.programs
    }

    /// Where it lives, absolute.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// A connection of `root`.
    pub fn client(&self, target: Target, database: Option<&str>) -> Outcome<Client> {
        let database = database.map(str::to_owned);
        Ok(Client::connect(&Login { database, ..Login::root(self.port(target)) })?)
    }

    pub fn port(&self, target: Target) -> u16 {
        match target {
            Target::Direct => self.plain.port(),
            Target::Floor => self.floor.port(),
            Target::HaProxy => self.haproxy.port(),
            Target::Node => self.cluster.node().port(),
        }
    }

    /// A target, and the database that stands for this one of the node's.
    pub fn place(&self, target: Target, database: &'static str) -> Place {
        Place {
            port: self.port(target),
            database: self.database(target, database).to_owned(),
            proxy: self.proxy(target),
            servers: self.servers(target),
        }
    }

    /// The database that stands for this one of the node's: the plain server has one.
    pub fn database(&self, target: Target, database: &'static str) -> &'static str {
        if target == Target::Node { database } else { SHARDED }
    }

    /// Where the rows of one of the node's tables are: for each physical table the port of its server, and its name.
    pub fn physical(&self, database: &str, table: &str) -> Outcome<Vec<(u16, String)>> {
        let mut client = self.client(Target::Node, Some(database))?;
        let groups = client.setup("SHOW GROUPS")?;
        let topology = client.setup(&format!("SHOW TOPOLOGY FROM {table}"))?;
        let mut found = Vec::new();
        for row in 0..topology.rows.len() {
            let group = cell(&topology, row, "GROUP_NAME")?;
            let of_group = (0..groups.rows.len())
                .find(|at| cell(&groups, *at, "GROUP_NAME").is_ok_and(|name| name == group));
            let at = of_group.ok_or_else(|| format!("SHOW GROUPS does not list {group}"))?;
            let instance = cell(&groups, at, "INSTANCE")?;
            let server = self.cluster.instances.iter().find(|one| one.name() == instance);
            let port = server.ok_or_else(|| format!("there is no instance {instance}"))?.port();
            let name = format!(
                "`{}`.`{}`",
                cell(&groups, at, "PHYSICAL_DATABASE")?,
                cell(&topology, row, "TABLE_NAME")?
            );
            found.push((port, name));
        }
        Ok(found)
    }

    /// The process between client and server.
    pub fn proxy(&self, target: Target) -> Option<u32> {
        match target {
            Target::Direct => None,
            Target::Floor => self.floor.pid(),
            Target::HaProxy => self.haproxy.pid(),
            Target::Node => self.cluster.node().pid(),
        }
    }

    /// The processes of the servers behind it.
    fn servers(&self, target: Target) -> Vec<u32> {
        match target {
            Target::Node => self.cluster.instances.iter().filter_map(|instance| instance.pid()).collect(),
            _ => self.plain.pid().into_iter().collect(),
        }
    }
}

/// Ends what a run has left that was killed: it would be in the way, and nobody would end it.
fn end_left_over(directory: &Path) -> Outcome<()> {
    cluster::stop_all(&directory.join("cluster"))?;
    for entry in std::fs::read_dir(directory)? {
        if let Some(mut process) = Process::find(&entry?.path()) {
            process.stop()?;
        }
    }
    Ok(())
}

fn cell(answer: &Answer, row: usize, column: &str) -> Outcome<String> {
    let at = answer.columns.iter().position(|name| name == column);
    let value = at.and_then(|at| answer.rows.get(row)?.get(at)?.as_ref());
    let value = value.ok_or_else(|| format!("no value in column {column}"))?;
    Ok(String::from_utf8_lossy(value).into_owned())
}

fn floor(directory: &Path, programs: &Programs, backend: u16) -> Outcome<Member> {
    let logs = ("floor.log", "floor.log");
    let folder = directory.join("floor");
    let mut member = Member::new("the floor", &folder, logs, START_PATIENCE, Life::Service)?;
    let folder = member.directory().to_owned();
    member.launch(None, |port| {
        let mut command = Command::new(&programs.floor);
        command.args([port.to_string(), backend.to_string(), programs.threads.to_string()]);
        // The launcher knows its processes by a path of theirs in the command line; this one reads no file.
        command.arg(folder.join("floor"));
        Ok(command)
    })?;
    Ok(member)
}

fn haproxy(directory: &Path, programs: &Programs, backend: u16) -> Outcome<Member> {
    let logs = ("haproxy.log", "haproxy.log");
    let folder = directory.join("haproxy");
    let mut member = Member::new("HAProxy", &folder, logs, START_PATIENCE, Life::Service)?;
    let file = member.directory().join("haproxy.cfg");
    let threads = programs.threads;
    member.launch(None, |port| {
        files::write(
            &file,
            &format!(
                "global\n    nbthread {threads}\n    maxconn 4000\ndefaults\n    mode tcp\n    timeout connect 5s\n    timeout client 1h\n    \
                 timeout server 1h\nfrontend clients\n    bind 127.0.0.1:{port}\n    default_backend servers\nbackend servers\n    \
                 server plain 127.0.0.1:{backend}\n"
            ),
        )?;
        let mut command = Command::new(&programs.haproxy);
        command.arg("-db").arg("-f").arg(&file);
        Ok(command)
    })?;
    Ok(member)
}
