//! One database server of a cluster: made from the template, started, stopped, killed and started again on its own port.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::dev::client::{Client, Login};
use crate::dev::error::DevError;
use crate::dev::process::{Life, Process};
use crate::dev::server::{DatabaseServer, Sizing};
use crate::dev::{files, port};

/// How long a server may take to answer: crash recovery included.
const START_PATIENCE: Duration = Duration::from_secs(90);
/// Tries with another port, when somebody takes the one that was free.
const PORT_TRIES: usize = 5;

/// How to make and run an instance.
#[derive(Clone, Debug)]
pub struct InstanceOptions {
    /// For messages and for SQL: `i1`.
    pub name: String,
    /// The instance's own folder; made if it is missing.
    pub directory: PathBuf,
    /// Where templates are kept, for all instances of this machine's user.
    pub templates: PathBuf,
    pub server: DatabaseServer,
    pub sizing: Sizing,
    /// More options of the server, for example `--innodb-lock-wait-timeout=3`; they come last, so they win.
    pub extra: Vec<String>,
    pub life: Life,
}

impl InstanceOptions {
    /// A small server for tests in `directory`.
    pub fn test(name: &str, directory: &Path, templates: &Path, server: DatabaseServer) -> Self {
        Self {
            name: name.to_owned(),
            directory: directory.to_owned(),
            templates: templates.to_owned(),
            server,
            sizing: Sizing::TEST,
            extra: Vec::new(),
            life: Life::WithStarter,
        }
    }
}

/// A database server that runs, or ran. Dropping it kills it, unless [`Instance::keep`] was called.
#[derive(Debug)]
pub struct Instance {
    options: InstanceOptions,
    directory: PathBuf,
    port: u16,
    process: Option<Process>,
    kept: bool,
}

impl Instance {
    /// Starts the instance, or takes over the one that runs in its folder. A data directory that is there is used again.
    pub fn start(options: InstanceOptions) -> Result<Self, DevError> {
        let directory = files::absolute(&options.directory)?;
        let known_port = files::read_number(&directory.join("port"));
        if let (Some(process), Some(port)) = (Process::find(&directory), known_port) {
            // What ran before goes on, whatever this call comes to.
            let mut instance = Self { options, directory, port, process: Some(process), kept: true };
            instance.wait_ready()?;
            return Ok(instance);
        }
        let data = directory.join("data");
        if !data.is_dir() {
            let template = options.server.template(&files::absolute(&options.templates)?)?;
            let partial = directory.join("data.partial");
            files::remove_directory(&partial)?;
            files::copy_directory(&template, &partial)?;
            std::fs::rename(&partial, &data).map_err(DevError::file("renaming to", &data))?;
        }
        options.server.prepare(&directory)?;
        let mut instance = Self { options, directory, port: 0, process: None, kept: false };
        match known_port {
            Some(port) => instance.start_on(port)?,
            None => instance.start_on_free_port()?,
        }
        Ok(instance)
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

    /// Starts the process and waits for its answer. The port is written down only then.
    fn start_on(&mut self, number: u16) -> Result<(), DevError> {
        if !port::wait_free(number, Duration::from_secs(10)) {
            return Err(DevError::PortTaken { name: self.options.name.clone(), port: number });
        }
        self.port = number;
        let data = self.directory.join("data");
        // A killed MySQL leaves this behind, and refuses to start with it.
        let _ = std::fs::remove_file(data.join("mysqld.sock.lock"));
        let options = &self.options;
        let command = options.server.command(&self.directory, &data, number, &options.sizing, &options.extra);
        self.process =
            Some(Process::spawn(command, &self.directory, &self.directory.join("output.log"), options.life)?);
        self.wait_ready()?;
        files::write(&self.directory.join("port"), &format!("{number}\n"))
    }

    fn wait_ready(&mut self) -> Result<(), DevError> {
        let end = Instant::now() + START_PATIENCE;
        loop {
            // The connection must be to our own process, not to whoever took the port: so the process is asked after the answer.
            let answers = self
                .connect()
                .and_then(|mut client| client.query("SELECT 1").map_err(|e| self.unreachable(e)))
                .is_ok();
            if !self.process.as_mut().is_some_and(Process::runs) {
                return Err(DevError::Ended { name: self.options.name.clone(), log: self.log() });
            }
            if answers {
                return Ok(());
            }
            if Instant::now() > end {
                let seconds = START_PATIENCE.as_secs();
                return Err(DevError::Silent {
                    name: self.options.name.clone(),
                    port: self.port,
                    seconds,
                    log: self.log(),
                });
            }
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    fn unreachable(&self, source: crate::dev::client::ClientError) -> DevError {
        DevError::Connect { name: self.options.name.clone(), port: self.port, source }
    }

    fn log(&self) -> String {
        files::log_tail(&self.directory.join("error.log"))
    }

    /// A connection of `root` to the server itself, past the node.
    pub fn connect(&self) -> Result<Client, DevError> {
        Client::connect(&Login::root(self.port)).map_err(|source| self.unreachable(source))
    }

    /// The name given in the options.
    pub fn name(&self) -> &str {
        &self.options.name
    }

    /// The port on 127.0.0.1; it stays the same over restarts.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The instance's folder, absolute.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The server's pid, if it runs.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Process::pid)
    }

    /// Ends the server in order.
    pub fn stop(&mut self) -> Result<(), DevError> {
        self.process.take().map_or(Ok(()), |mut process| process.stop())
    }

    /// kill -9.
    pub fn kill(&mut self) -> Result<(), DevError> {
        self.process.take().map_or(Ok(()), |mut process| process.kill())
    }

    /// The process, for freezing and thawing.
    pub fn process(&mut self) -> Option<&mut Process> {
        self.process.as_mut()
    }

    /// Starts it again on the same data and port, after a stop or kill (or an end of its own).
    pub fn restart(&mut self) -> Result<(), DevError> {
        self.kill()?;
        self.start_on(self.port)
    }

    /// Leaves the server running when this value is dropped.
    pub fn keep(&mut self) {
        self.kept = true;
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        if !self.kept {
            // A failure here has no one left to be told.
            let _ = self.kill();
        }
    }
}
