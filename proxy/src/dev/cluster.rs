//! A whole cluster: database servers, one node that knows them as instances, in one folder.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use crate::dev::error::DevError;
use crate::dev::files;
use crate::dev::instance::{Instance, InstanceOptions};
use crate::dev::node::{Node, NodeOptions};
use crate::dev::process::{Life, Process};
use crate::dev::server::{DatabaseServer, Sizing};

/// What a cluster is made of.
#[derive(Clone, Debug)]
pub struct ClusterOptions {
    /// Folder of the cluster; made if it is missing.
    pub directory: PathBuf,
    /// Folder of the template data directories, which clusters can share.
    pub templates: PathBuf,
    pub instances: u16,
    pub server: DatabaseServer,
    pub sizing: Sizing,
    /// More options of the database servers.
    pub server_extra: Vec<String>,
    /// The `ostrakon` program that runs the node; `None`: the one that runs now.
    pub program: Option<PathBuf>,
    /// `None`: the port of the last time, or a free one.
    pub node_port: Option<u16>,
    /// More lines of the node's configuration file.
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
            server,
            sizing: Sizing::TEST,
            server_extra: Vec::new(),
            program: None,
            node_port: None,
            node_settings: String::new(),
            life: Life::WithStarter,
            announce: false,
        }
    }

    fn instance(&self, number: u16) -> InstanceOptions {
        InstanceOptions {
            name: format!("i{number}"),
            directory: self.directory.join(format!("instance{number}")),
            templates: self.templates.clone(),
            server: self.server.clone(),
            sizing: self.sizing.clone(),
            extra: self.server_extra.clone(),
            life: self.life,
        }
    }
}

/// A running cluster. Dropping it kills what it started, the node first, unless [`Cluster::keep`] was called.
#[derive(Debug)]
pub struct Cluster {
    // Fields drop in this order.
    pub node: Node,
    pub instances: Vec<Instance>,
}

impl Cluster {
    /// Starts what is missing of the cluster in the options' folder and makes the instances known to the node. Idempotent.
    pub fn start(options: &ClusterOptions) -> Result<Self, DevError> {
        let directory = files::absolute(&options.directory)?;
        let _alone = lock(&directory)?;
        let instances = start_instances(options, &directory)?;
        let program = match &options.program {
            Some(program) => program.clone(),
            None => std::env::current_exe()
                .map_err(DevError::file("finding", Path::new("the running program")))?,
        };
        announce(options, "Starting the node ...");
        let node = Node::start(NodeOptions {
            directory: directory.join("node1"),
            program,
            port: options.node_port,
            settings: options.node_settings.clone(),
            environment: Vec::new(),
            life: options.life,
        })?;
        announce(options, &format!("  node: port {}, pid {}", node.port(), node.pid().unwrap_or(0)));
        let cluster = Self { node, instances };
        cluster.register()?;
        Ok(cluster)
    }

    /// Makes the servers known to the node: those that it does not list yet.
    fn register(&self) -> Result<(), DevError> {
        let mut client = self.node.connect()?;
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
        self.node.keep();
        self.instances.iter_mut().for_each(Instance::keep);
    }
}

fn announce(options: &ClusterOptions, line: &str) {
    if options.announce {
        crate::dev::say(line);
    }
}

/// Starts all servers at once: most of a start is waiting. Those of an earlier, larger `up` come along.
fn start_instances(options: &ClusterOptions, directory: &Path) -> Result<Vec<Instance>, DevError> {
    let mut count = options.instances;
    while directory.join(format!("instance{}", count + 1)).is_dir() {
        count += 1;
    }
    let template_exists = options.templates.join(format!("template-{}", options.server.label())).is_dir();
    if !template_exists {
        announce(
            options,
            &format!("Making a data directory of {} to copy from (once) ...", options.server.label()),
        );
    }
    options.server.template(&files::absolute(&options.templates)?)?;
    announce(
        options,
        &format!("Starting {count} database servers ({}) ...", options.server.program.display()),
    );
    let begin = Instant::now();
    let mut instances = Vec::new();
    std::thread::scope(|scope| -> Result<(), DevError> {
        let starts: Vec<_> =
            (1..=count).map(|n| scope.spawn(move || Instance::start(options.instance(n)))).collect();
        for start in starts {
            let instance = start.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
            let pid = instance.pid().unwrap_or(0);
            let seconds = begin.elapsed().as_secs_f64();
            announce(
                options,
                &format!("  {}: port {}, pid {pid} ({seconds:.1} s)", instance.name(), instance.port()),
            );
            instances.push(instance);
        }
        Ok(())
    })?;
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
pub struct Member {
    /// Name of its folder: `node1`, `instance2`.
    pub name: String,
    pub directory: PathBuf,
    pub pid: Option<u32>,
    pub port: Option<u16>,
}

/// What the folder holds, nodes first, in order of their numbers; empty when there is no such folder.
pub fn members(directory: &Path) -> Result<Vec<Member>, DevError> {
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
        let member = Member {
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
        if rank(&name).is_none() && name != "lock" && !name.starts_with("template-") {
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
