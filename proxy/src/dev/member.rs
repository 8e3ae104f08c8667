//! What a database server and a node have in common: a folder, a port that stays the same, a process, and a log.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::dev::client::{Client, Login};
use crate::dev::error::DevError;
use crate::dev::process::{Life, Process};
use crate::dev::{files, port};

/// Tries with another port, when somebody takes the one that was free.
const PORT_TRIES: usize = 5;
/// How long a port that was just given up may take to be free.
const PORT_PATIENCE: Duration = Duration::from_secs(10);
/// Between two questions to a member that starts.
const ASK_AGAIN: Duration = Duration::from_millis(20);

/// A member of a cluster that runs, or ran. Dropping it kills it, unless [`Member::keep`] was called.
#[derive(Debug)]
pub struct Member {
    name: String,
    directory: PathBuf,
    /// Where its process prints.
    output: PathBuf,
    /// What a failure shows the end of.
    log: PathBuf,
    /// How long it may take to answer after a start.
    patience: Duration,
    life: Life,
    port: u16,
    process: Option<Process>,
    kept: bool,
}

impl Member {
    /// A member in its folder, which is made if it is missing. `output` and `log` are names of files in it.
    pub fn new(
        name: &str,
        directory: &Path,
        (output, log): (&str, &str),
        patience: Duration,
        life: Life,
    ) -> Result<Self, DevError> {
        let directory = files::absolute(directory)?;
        let port = files::read_number(&directory.join("port")).unwrap_or(0);
        let (name, process, kept) = (name.to_owned(), None, false);
        let (output, log) = (directory.join(output), directory.join(log));
        Ok(Self { name, directory, output, log, patience, life, port, process, kept })
    }

    /// The port that it had before, if it has ever answered.
    pub fn known_port(&self) -> Option<u16> {
        Some(self.port).filter(|port| *port != 0)
    }

    /// Goes on with a process that runs already. It is kept, whatever becomes of the caller.
    pub fn take_over(&mut self, process: Process) -> Result<(), DevError> {
        self.process = Some(process);
        self.kept = true;
        self.wait_ready()
    }

    /// Starts `command(port)` on that port, or on a free one, and waits for its answer. The port is written down only then.
    pub fn launch(
        &mut self,
        port: Option<u16>,
        command: impl Fn(u16) -> Result<Command, DevError>,
    ) -> Result<(), DevError> {
        if let Some(port) = port {
            return self.launch_on(port, &command);
        }
        for attempt in 1.. {
            let port = port::free()?;
            match self.launch_on(port, &command) {
                Err(DevError::Ended { .. }) if attempt < PORT_TRIES && !port::is_free(port) => continue,
                other => return other,
            }
        }
        Err(DevError::NoPort)
    }

    fn launch_on(
        &mut self,
        number: u16,
        command: &impl Fn(u16) -> Result<Command, DevError>,
    ) -> Result<(), DevError> {
        if !port::wait_free(number, PORT_PATIENCE) {
            return Err(DevError::PortTaken { name: self.name.clone(), port: number });
        }
        self.port = number;
        self.process = Some(Process::spawn(command(number)?, &self.directory, &self.output, self.life)?);
        self.wait_ready()?;
        files::write(&self.directory.join("port"), &format!("{number}\n"))
    }

    fn wait_ready(&mut self) -> Result<(), DevError> {
        let end = Instant::now() + self.patience;
        loop {
            // The connection must be to our own process, not to whoever took the port: so the process is asked after the answer.
            let answers = self.connect().is_ok();
            if !self.runs() {
                return Err(DevError::Ended { name: self.name.clone(), log: self.log() });
            }
            if answers {
                return Ok(());
            }
            if Instant::now() > end {
                let (name, port, seconds) = (self.name.clone(), self.port, self.patience.as_secs());
                return Err(DevError::Silent { name, port, seconds, log: self.log() });
            }
            std::thread::sleep(ASK_AGAIN);
        }
    }

    /// A connection of `root` without a default database.
    pub fn connect(&self) -> Result<Client, DevError> {
        Client::connect(&Login::root(self.port)).map_err(|source| DevError::Connect {
            name: self.name.clone(),
            port: self.port,
            source,
        })
    }

    /// For messages, and for SQL.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The port on 127.0.0.1; it stays the same over restarts.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Its folder, absolute.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Its log's path.
    pub fn log_file(&self) -> &Path {
        &self.log
    }

    /// The log's end.
    pub fn log(&self) -> String {
        files::log_tail(&self.log)
    }

    /// Its pid, if it was not stopped.
    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Process::pid)
    }

    /// True while the process is there.
    pub fn runs(&mut self) -> bool {
        self.process.as_mut().is_some_and(Process::runs)
    }

    /// The process, for freezing and thawing.
    pub fn process(&mut self) -> Option<&mut Process> {
        self.process.as_mut()
    }

    /// Ends it in order.
    pub fn stop(&mut self) -> Result<(), DevError> {
        self.process.take().map_or(Ok(()), |mut process| process.stop())
    }

    /// kill -9.
    pub fn kill(&mut self) -> Result<(), DevError> {
        self.process.take().map_or(Ok(()), |mut process| process.kill())
    }

    /// Leaves it running when this value is dropped.
    pub fn keep(&mut self) {
        self.kept = true;
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        if !self.kept {
            // A failure here has no one left to be told.
            let _ = self.kill();
        }
    }
}
