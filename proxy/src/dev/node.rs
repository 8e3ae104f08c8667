//! One Ostrakon node of a cluster: its configuration file, its ports, and a new start on the same data and ports.

use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::dev::error::DevError;
use crate::dev::member::Member;
use crate::dev::process::{Life, Process};
use crate::dev::{files, port};

/// How long a node may take to answer.
const START_PATIENCE: Duration = Duration::from_secs(60);
/// Holds the port for the other nodes.
const PEER_PORT: &str = "peer-port";

/// How to run a node.
#[derive(Clone, Debug)]
pub struct NodeOptions {
    /// Its number in the group, from 1.
    pub number: u64,
    /// The node's own folder; made if it is missing.
    pub directory: PathBuf,
    /// The `ostrakon` program.
    pub program: PathBuf,
    /// A port that the node must have; `None`: the one that it had before, or a free one.
    pub port: Option<u16>,
    /// Peer addresses of the group that a new node joins; none: it is a group of its own.
    pub join: Vec<String>,
    /// More lines of the configuration file, TOML.
    pub settings: String,
    /// Environment of the process, for example `RUST_LOG`.
    pub environment: Vec<(String, String)>,
    pub life: Life,
}

/// A node of a cluster, running or not.
#[derive(Debug)]
pub struct Node {
    options: NodeOptions,
    peer_port: u16,
    member: Member,
}

impl Node {
    /// Starts the node, or takes over the one that runs in its folder. One that runs on another port than the options ask for, or
    /// whose program was built again since, is stopped and started.
    pub fn start(options: NodeOptions) -> Result<Self, DevError> {
        let name = format!("node {}", options.number);
        let log = ("node.log", "node.log");
        let member = Member::new(&name, &options.directory, log, START_PATIENCE, options.life)?;
        let peer_port = peer_port(member.directory())?;
        let wanted = options.port.or(member.known_port());
        let mut node = Self { options, peer_port, member };
        if let Some(mut process) = Process::find(node.directory()) {
            if wanted == node.known_port() && !process.is_outdated() {
                node.take_over(process)?;
                return Ok(node);
            }
            process.stop()?;
        }
        node.launch(wanted)?;
        Ok(node)
    }

    fn launch(&mut self, port: Option<u16>) -> Result<(), DevError> {
        let Self { options, peer_port, member } = self;
        let directory = member.directory().to_owned();
        let command = |port: u16| -> Result<Command, DevError> {
            let config = directory.join("ostrakon.toml");
            files::write(&config, &configuration(options, &directory, port, *peer_port))?;
            let mut command = Command::new(&options.program);
            command.arg("start").arg("--config").arg(&config);
            options.join.iter().for_each(|peer| {
                command.arg("--join").arg(peer);
            });
            command.envs(options.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())));
            Ok(command)
        };
        member.launch(port, command)
    }

    /// Its number in the group.
    pub fn number(&self) -> u64 {
        self.options.number
    }

    /// Where other nodes reach it.
    pub fn peer_address(&self) -> String {
        format!("127.0.0.1:{}", self.peer_port)
    }

    /// More lines of its configuration file, as of its next start.
    pub fn settings_mut(&mut self) -> &mut String {
        &mut self.options.settings
    }

    /// Starts it again on the same data and ports, killing it first if it runs.
    pub fn restart(&mut self) -> Result<(), DevError> {
        self.kill()?;
        let port = self.known_port();
        self.launch(port)
    }
}

/// The port for other nodes: the one that it had before, or a free one, which is written down at once, since others are told it.
pub(super) fn peer_port(directory: &Path) -> Result<u16, DevError> {
    let file = directory.join(PEER_PORT);
    if let Some(known) = files::read_number(&file) {
        return Ok(known);
    }
    let port = port::free()?;
    files::write(&file, &format!("{port}\n"))?;
    Ok(port)
}

/// The configuration file: the few fields that a node needs, and `root` without a password, on loopback.
fn configuration(options: &NodeOptions, directory: &Path, port: u16, peer_port: u16) -> String {
    // For the characters that paths have, Rust's quoting is TOML's.
    let data = format!("{:?}", directory.join("data").to_string_lossy());
    let NodeOptions { number, settings, .. } = options;
    format!(
        "# Written by `ostrakon dev`: changes are lost at the next start.\nnode_id = {number}\ndata_directory = {data}\n\
         listen = \"127.0.0.1:{port}\"\n{settings}\n[peer]\nlisten = \"127.0.0.1:{peer_port}\"\n[[users]]\nname = \"root\"\npassword = \"\"\n\
         plugin = \"mysql_native_password\"\n"
    )
}

impl Deref for Node {
    type Target = Member;

    fn deref(&self) -> &Member {
        &self.member
    }
}

impl DerefMut for Node {
    fn deref_mut(&mut self) -> &mut Member {
        &mut self.member
    }
}
