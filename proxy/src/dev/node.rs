//! One Ostrakon node of a cluster: its configuration file, its process, kill -9 and a new start on the same data and port.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::dev::client::{Client, Login};
use crate::dev::error::DevError;
use crate::dev::process::{Life, Process};
use crate::dev::{files, port};

/// How long a node may take to answer.
const START_PATIENCE: Duration = Duration::from_secs(60);
/// Tries with another port, when somebody takes the one that was free.
const PORT_TRIES: usize = 5;

/// How to run a node.
#[derive(Clone, Debug)]
pub struct NodeOptions {
    /// The node's own folder; made if it is missing.
    pub directory: PathBuf,
    /// The `ostrakon` program.
    pub program: PathBuf,
    /// A port that the node must have; `None`: the one that it had before, or a free one.
    pub port: Option<u16>,
    /// More lines of the configuration file, TOML.
    pub settings: String,
    /// Environment of the process, for example `RUST_LOG`.
    pub environment: Vec<(String, String)>,
    pub life: Life,
}

/// A node that runs, or ran. Dropping it kills it, unless [`Node::keep`] was called.
#[derive(Debug)]
pub struct Node {
    options: NodeOptions,
    directory: PathBuf,
    port: u16,
    process: Option<Process>,
    kept: bool,
}

impl Node {
    /// Starts the node, or takes over the one that runs in its folder. One that runs on another port than the options ask for, or
    /// whose program was built again since, is stopped and started.
    pub fn start(options: NodeOptions) -> Result<Self, DevError> {
        let directory = files::absolute(&options.directory)?;
        let known_port = files::read_number::<u16>(&directory.join("port"));
        let wanted = options.port.or(known_port);
        let mut node = Self { options, directory, port: wanted.unwrap_or(0), process: None, kept: false };
        if let Some(mut process) = Process::find(&node.directory) {
            if wanted == known_port && !process.is_outdated() {
                node.process = Some(process);
                // What ran before goes on, whatever this call comes to.
                node.kept = true;
                node.wait_ready()?;
                return Ok(node);
            }
            process.stop()?;
        }
        match wanted {
            Some(port) => node.start_on(port)?,
            None => node.start_on_free_port()?,
        }
        Ok(node)
    }

    fn start_on_free_port(&mut self) -> Result<(), DevError> {
        for attempt in 1.. {
            let port = port::free()?;
            match self.start_on(port) {
                Err(DevError::Ended { .. }) if attempt < PORT_TRIES && !port::is_free(port) => continue,
                other => return other,
            }
        }
        Err(DevError::NoPort)
    }

    fn start_on(&mut self, number: u16) -> Result<(), DevError> {
        if !port::wait_free(number, Duration::from_secs(10)) {
            return Err(DevError::PortTaken { name: "the node".to_owned(), port: number });
        }
        self.port = number;
        let config = self.directory.join("ostrakon.toml");
        files::write(&config, &self.configuration())?;
        let mut command = Command::new(&self.options.program);
        command.arg("start").arg("--config").arg(&config);
        command.envs(self.options.environment.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        self.process = Some(Process::spawn(command, &self.directory, &self.log_file(), self.options.life)?);
        self.wait_ready()?;
        files::write(&self.directory.join("port"), &format!("{number}\n"))
    }

    /// The configuration file: the few fields that a single node needs, and `root` without a password, on loopback.
    fn configuration(&self) -> String {
        // For the characters that paths have, Rust's quoting is TOML's.
        let data = format!("{:?}", self.directory.join("data").to_string_lossy());
        let listen = format!("127.0.0.1:{}", self.port);
        let settings = &self.options.settings;
        format!(
            "# Written by `ostrakon dev`: changes are lost at the next start.\nnode_id = 1\ndata_directory = {data}\n\
             listen = \"{listen}\"\n{settings}\n[[users]]\nname = \"root\"\npassword = \"\"\n\
             plugin = \"mysql_native_password\"\n"
        )
    }

    fn wait_ready(&mut self) -> Result<(), DevError> {
        let end = Instant::now() + START_PATIENCE;
        loop {
            let answers = self.connect().is_ok();
            if !self.process.as_mut().is_some_and(Process::runs) {
                return Err(DevError::Ended { name: "the node".to_owned(), log: self.log() });
            }
            if answers {
                return Ok(());
            }
            if Instant::now() > end {
                let seconds = START_PATIENCE.as_secs();
                return Err(DevError::Silent {
                    name: "the node".to_owned(),
                    port: self.port,
                    seconds,
                    log: self.log(),
                });
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// A connection of `root` without a default database.
    pub fn connect(&self) -> Result<Client, DevError> {
        Client::connect(&Login::root(self.port)).map_err(|source| DevError::Connect {
            name: "the node".to_owned(),
            port: self.port,
            source,
        })
    }

    /// The log's path: all that the node prints.
    pub fn log_file(&self) -> PathBuf {
        self.directory.join("node.log")
    }

    /// The log's end.
    pub fn log(&self) -> String {
        files::log_tail(&self.log_file())
    }

    /// The port on 127.0.0.1; it stays the same over restarts.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The node's folder, absolute.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The node's pid, if it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Process::pid)
    }

    /// True while the process is there.
    pub fn runs(&mut self) -> bool {
        self.process.as_mut().is_some_and(Process::runs)
    }

    /// Ends the node in order.
    pub fn stop(&mut self) -> Result<(), DevError> {
        self.process.take().map_or(Ok(()), |mut process| process.stop())
    }

    /// kill -9.
    pub fn kill(&mut self) -> Result<(), DevError> {
        self.process.take().map_or(Ok(()), |mut process| process.kill())
    }

    /// Starts it again on the same data and port, killing it first if it runs.
    pub fn restart(&mut self) -> Result<(), DevError> {
        self.kill()?;
        self.start_on(self.port)
    }

    /// Leaves the node running when this value is dropped.
    pub fn keep(&mut self) {
        self.kept = true;
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        if !self.kept {
            // A failure here has no one left to be told.
            let _ = self.kill();
        }
    }
}
