//! A whole cluster: database servers, and the nodes that know them as instances, in one folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::dev::error::DevError;
use crate::dev::files;
use crate::dev::instance::{Instance, InstanceOptions};
use crate::dev::node::{self, Node, NodeOptions};
use crate::dev::process::{Life, Process};
use crate::dev::server::{DatabaseServer, Sizing};

/// In a cluster's folder: the key of the instances' passwords.
pub const KEY_FILE: &str = "instance.key";
/// Nodes that vote, when there are as many; the others are learners.
const VOTERS: usize = 3;
/// How long the nodes may take to find together.
const VOTERS_PATIENCE: Duration = Duration::from_secs(60);

/// What a cluster is made of.
#[derive(Clone, Debug)]
pub struct ClusterOptions {
    /// Folder of the cluster; made if it is missing.
    pub directory: PathBuf,
    /// Folder of the template data directories, which clusters can share.
    pub templates: PathBuf,
    pub instances: u16,
    /// Nodes to start; those of an earlier, larger start come along.
    pub nodes: u16,
    /// The programs of the instances, in turn: two of them make a cluster of both families. Never empty.
    pub servers: Vec<DatabaseServer>,
    pub sizing: Sizing,
    /// More options of the database servers.
    pub server_extra: Vec<String>,
    /// The `ostrakon` program that runs the nodes; `None`: the one that runs now.
    pub program: Option<PathBuf>,
    /// Port of node 1, the next one of node 2, and so on. `None`: the ports of the last time, or free ones.
    pub node_port: Option<u16>,
    /// More lines of the nodes' configuration files.
    pub node_settings: String,
    pub life: Life,
    /// Progress on standard output.
    pub announce: bool,
}

impl ClusterOptions {
    /// For people: durable, outlives the terminal, announces its steps.
    pub fn development(directory: &Path, server: DatabaseServer) -> Self {
        Self {
            sizing: Sizing::DEVELOPMENT,
            life: Life::Outlives,
            announce: true,
            ..Self::test(directory, directory, server)
        }
    }

    /// For tests: small, quiet, ends with the test. `templates` is shared by all of them.
    pub fn test(directory: &Path, templates: &Path, server: DatabaseServer) -> Self {
        Self {
            directory: directory.to_owned(),
            templates: templates.to_owned(),
            instances: 2,
            nodes: 1,
            servers: vec![server],
            sizing: Sizing::TEST,
            server_extra: Vec::new(),
            program: None,
            node_port: None,
            node_settings: String::new(),
            life: Life::WithStarter,
            announce: false,
        }
    }

    fn instance(&self, number: u16) -> Result<InstanceOptions, DevError> {
        let mut servers = self.servers.iter().cycle();
        let server = servers.nth(usize::from(number.saturating_sub(1)));
        let server = server.ok_or_else(|| DevError::NoServer("none was named".to_owned()))?;
        Ok(InstanceOptions {
            name: format!("i{number}"),
            directory: self.directory.join(format!("instance{number}")),
            templates: self.templates.clone(),
            server: server.clone(),
            sizing: self.sizing.clone(),
            extra: self.server_extra.clone(),
            life: self.life,
        })
    }

    /// The key of the instances' passwords, which all nodes share.
    fn key_file(&self) -> PathBuf {
        self.directory.join(KEY_FILE)
    }

    /// Every other node's address is told to a new one, so that it finds the group whichever of them runs.
    fn node(&self, number: u16) -> Result<NodeOptions, DevError> {
        let folder = |number: u16| self.directory.join(format!("node{number}"));
        let known = greatest(&self.directory, "node", self.nodes.max(1));
        let mut join = Vec::new();
        for other in (1..=known).filter(|other| number > 1 && *other != number && folder(*other).is_dir()) {
            join.push(format!("127.0.0.1:{}", node::peer_port(&folder(other))?));
        }
        let program = match &self.program {
            Some(program) => program.clone(),
            None => std::env::current_exe()
                .map_err(DevError::file("finding", Path::new("the running program")))?,
        };
        Ok(NodeOptions {
            number: number.into(),
            directory: folder(number),
            program,
            port: self.node_port.map(|first| first.saturating_add(number - 1)),
            join,
            // For the characters that paths have, Rust's quoting is TOML's. The user's own lines may begin a section: they come last.
            settings: format!("key_file = {:?}\n{}", self.key_file().to_string_lossy(), self.node_settings),
            environment: Vec::new(),
            life: self.life,
        })
    }
}

/// A running cluster. Dropping it kills what it started, the nodes first, unless [`Cluster::keep`] was called.
#[derive(Debug)]
pub struct Cluster {
    // Fields drop in this order.
    /// In order of their numbers; never empty.
    pub nodes: Vec<Node>,
    pub instances: Vec<Instance>,
    options: ClusterOptions,
}

impl Cluster {
    /// Starts what is missing of the cluster in the options' folder and makes the instances known to the nodes. Idempotent.
    pub fn start(options: &ClusterOptions) -> Result<Self, DevError> {
        let directory = files::absolute(&options.directory)?;
        let _alone = lock(&directory)?;
        let options = ClusterOptions { directory, ..options.clone() };
        let instances = start_instances(&options)?;
        let mut cluster = Self { nodes: Vec::new(), instances, options };
        cluster.start_nodes()?;
        if cluster.nodes.len() > 1 {
            announce(&cluster.options, "Waiting for the nodes to find together ...");
            cluster.wait_for_voters()?;
        }
        cluster.register()?;
        Ok(cluster)
    }

    /// Starts the nodes: at once, since none may be able to answer before a majority runs; but the first one of a new cluster before
    /// those that join it.
    fn start_nodes(&mut self) -> Result<(), DevError> {
        let count = greatest(&self.options.directory, "node", self.options.nodes.max(1));
        announce(&self.options, &format!("Starting {count} node{} ...", if count == 1 { "" } else { "s" }));
        let key = crate::secret::SecretKey::load(&self.options.key_file(), true);
        key.map_err(|e| DevError::Program {
            program: "making the key file".to_owned(),
            detail: e.to_string(),
        })?;
        let is_new = !self.options.directory.join("node1/data").is_dir();
        let alone = if is_new { 1 } else { 0 };
        for number in 1..=alone {
            let node = Node::start(self.options.node(number)?)?;
            self.add(node);
        }
        let others: Vec<_> =
            (alone + 1..=count).map(|number| self.options.node(number)).collect::<Result<_, _>>()?;
        let started = at_once(others, Node::start)?;
        started.into_iter().for_each(|node| self.add(node));
        Ok(())
    }

    fn add(&mut self, node: Node) {
        let (port, pid) = (node.port(), node.pid().unwrap_or(0));
        announce(&self.options, &format!("  {}: port {port}, pid {pid}", node.name()));
        self.nodes.push(node);
    }

    /// One more node, which joins the others.
    pub fn add_node(&mut self) -> Result<(), DevError> {
        // The number of a node that was removed is never used again; its folder is still there.
        let number = greatest(&self.options.directory, "node", 1) + 1;
        let join = self.nodes.iter().map(Node::peer_address).collect();
        let node = Node::start(NodeOptions { join, ..self.options.node(number)? })?;
        self.add(node);
        Ok(())
    }

    /// Waits until as many of the nodes vote as should, and all voters are there.
    pub fn wait_for_voters(&self) -> Result<(), DevError> {
        let wanted = self.nodes.len().min(VOTERS);
        let end = Instant::now() + VOTERS_PATIENCE;
        loop {
            let asked = self.voters();
            if matches!(asked, Ok((voters, all)) if all && voters >= wanted) {
                return Ok(());
            }
            if Instant::now() > end {
                let voters = asked.map_or(0, |(voters, _)| voters);
                return Err(DevError::NoVoters { wanted, voters, log: self.node().log() });
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// How many nodes vote, and whether they all answer.
    fn voters(&self) -> Result<(usize, bool), DevError> {
        let answer = self.node().connect()?.setup("SHOW NODES")?;
        let place = |name: &str| answer.columns.iter().position(|column| column == name);
        let (Some(role), Some(state)) = (place("ROLE"), place("STATE")) else { return Ok((0, false)) };
        let (mut voters, mut all) = (0, true);
        for row in &answer.rows {
            let cell = |at: usize| row.get(at).and_then(|cell| cell.as_deref());
            if matches!(cell(role), Some(b"leader" | b"voter")) {
                voters += 1;
                all &= cell(state) != Some(b"unreachable");
            }
        }
        Ok((voters, all))
    }

    /// The first node.
    pub fn node(&self) -> &Node {
        &self.nodes[0]
    }

    /// The first node, to be stopped and started.
    pub fn node_mut(&mut self) -> &mut Node {
        &mut self.nodes[0]
    }

    /// Makes the servers known to the nodes: those that they do not list yet.
    fn register(&self) -> Result<(), DevError> {
        let mut client = self.node().connect()?;
        let known = client.setup("SHOW INSTANCES")?;
        for instance in &self.instances {
            let listed = known
                .rows
                .iter()
                .any(|row| row.iter().flatten().any(|value| value == instance.name().as_bytes()));
            if !listed {
                client.setup(&format!(
                    "CREATE INSTANCE {} HOST='127.0.0.1' PORT={} USER='root' PASSWORD=''",
                    instance.name(),
                    instance.port()
                ))?;
            }
        }
        Ok(())
    }

    /// Leaves everything running when this value is dropped.
    pub fn keep(mut self) {
        self.nodes.iter_mut().for_each(|node| node.keep());
        self.instances.iter_mut().for_each(|instance| instance.keep());
    }
}

/// The greatest number that the cluster's folder holds a member of that kind for, `least` at least: what an earlier, larger `up` made.
fn greatest(directory: &Path, kind: &str, least: u16) -> u16 {
    (least..)
        .take_while(|n| *n == least || directory.join(format!("{kind}{n}")).is_dir())
        .last()
        .unwrap_or(least)
}

/// Does it to all at once, since most of a start is waiting; the results are in order.
fn at_once<T: Send, R: Send>(
    all: Vec<T>,
    each: impl Fn(T) -> Result<R, DevError> + Sync,
) -> Result<Vec<R>, DevError> {
    let each = &each;
    std::thread::scope(|scope| {
        let started: Vec<_> = all.into_iter().map(|one| scope.spawn(move || each(one))).collect();
        let join = |start: std::thread::ScopedJoinHandle<'_, _>| {
            start.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        started.into_iter().map(join).collect()
    })
}

fn announce(options: &ClusterOptions, line: &str) {
    if options.announce {
        crate::dev::say(line);
    }
}

fn start_instances(options: &ClusterOptions) -> Result<Vec<Instance>, DevError> {
    let count = greatest(&options.directory, "instance", options.instances);
    let templates = files::absolute(&options.templates)?;
    for server in &options.servers {
        let label = server.label();
        if !templates.join(format!("template-{label}")).is_dir() {
            announce(options, &format!("Making a data directory of {label} to copy from (once) ..."));
        }
        server.template(&templates)?;
    }
    let programs: Vec<_> =
        options.servers.iter().map(|server| server.program.display().to_string()).collect();
    announce(options, &format!("Starting {count} database servers ({}) ...", programs.join(", ")));
    let begin = Instant::now();
    let all = (1..=count).map(|number| options.instance(number)).collect::<Result<_, _>>()?;
    let instances = at_once(all, Instance::start)?;
    let seconds = begin.elapsed().as_secs_f64();
    for instance in &instances {
        let (port, pid) = (instance.port(), instance.pid().unwrap_or(0));
        announce(options, &format!("  {}: port {port}, pid {pid} ({seconds:.1} s)", instance.name()));
    }
    Ok(instances)
}

/// Holds off a second `up` or `down` of the same folder until this one is done.
fn lock(directory: &Path) -> Result<fs::File, DevError> {
    let path = directory.join("lock");
    let file = fs::OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(DevError::file("opening", &path))?;
    rustix::fs::flock(&file, rustix::fs::FlockOperation::LockExclusive)
        .map_err(|error| DevError::file("locking", &path)(error.into()))?;
    Ok(file)
}

/// A server or node of a cluster's folder, running or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Name of its folder: `node1`, `instance2`.
    pub name: String,
    pub directory: PathBuf,
    pub pid: Option<u32>,
    pub port: Option<u16>,
}

/// What the folder holds, nodes first, in order of their numbers; empty when there is no such folder.
pub fn members(directory: &Path) -> Result<Vec<Found>, DevError> {
    if !directory.is_dir() {
        return Ok(Vec::new());
    }
    let directory = files::absolute(directory)?;
    let mut found = Vec::new();
    for entry in fs::read_dir(&directory).map_err(DevError::file("reading", &directory))? {
        let entry = entry.map_err(DevError::file("reading", &directory))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some((rank, number)) = rank(&name) else { continue };
        let path = entry.path();
        let member = Found {
            pid: Process::find(&path).map(|process| process.pid()),
            port: files::read_number(&path.join("port")),
            name,
            directory: path,
        };
        found.push((rank, number, member));
    }
    found.sort_by_key(|(rank, number, _)| (*rank, *number));
    Ok(found.into_iter().map(|(_, _, member)| member).collect())
}

/// Nodes before instances: a node that ends while its servers run has somewhere to write to.
fn rank(name: &str) -> Option<(u8, u32)> {
    let number = |prefix: &str| name.strip_prefix(prefix).and_then(|n| n.parse().ok());
    number("node").map(|n| (0, n)).or_else(|| number("instance").map(|n| (1, n)))
}

/// Stops every running member and gives their names.
pub fn stop_all(directory: &Path) -> Result<Vec<String>, DevError> {
    if !directory.is_dir() {
        return Ok(Vec::new());
    }
    let _alone = lock(directory)?;
    let mut stopped = Vec::new();
    for member in members(directory)? {
        if let Some(mut process) = Process::find(&member.directory) {
            process.stop()?;
            stopped.push(member.name);
        }
    }
    Ok(stopped)
}

/// Removes a stopped cluster's folder. Refuses when anything is in it that a cluster does not make.
pub fn remove(directory: &Path) -> Result<(), DevError> {
    for entry in fs::read_dir(directory).map_err(DevError::file("reading", directory))? {
        let entry = entry.map_err(DevError::file("reading", directory))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if rank(&name).is_none() && name != "lock" && name != KEY_FILE && !name.starts_with("template-") {
            return Err(DevError::NotOurs { path: directory.to_owned(), found: name });
        }
    }
    files::remove_directory(directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_stop_before_instances_and_ten_comes_after_two() {
        let mut names = ["instance10", "instance2", "node1", "lock", "instancex"];
        names.sort_by_key(|name| rank(name).unwrap_or((9, 0)));
        assert_eq!(names[..3], ["node1", "instance2", "instance10"]);
    }

    #[test]
    fn a_folder_with_a_strangers_file_is_not_removed() {
        let directory = std::env::temp_dir().join(format!("ostrakon-remove-{}", std::process::id()));
        fs::create_dir_all(directory.join("instance1")).unwrap();
        fs::write(directory.join("thesis.txt"), "years of work").unwrap();
        assert!(matches!(remove(&directory), Err(DevError::NotOurs { .. })));
        assert!(directory.join("instance1").is_dir());
        fs::remove_file(directory.join("thesis.txt")).unwrap();
        remove(&directory).unwrap();
        assert!(!directory.exists());
    }
}
