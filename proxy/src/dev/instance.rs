//! One database server of a cluster: made from the template, started, stopped, killed and started again on its own port.

use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::dev::error::DevError;
use crate::dev::files;
use crate::dev::member::Member;
use crate::dev::process::{Life, Process};
use crate::dev::server::{DatabaseServer, Sizing};

/// How long a server may take to answer: crash recovery included.
const START_PATIENCE: Duration = Duration::from_secs(240);

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

/// A database server of a cluster, running or not.
#[derive(Debug)]
pub struct Instance {
    options: InstanceOptions,
    member: Member,
}

impl Instance {
    /// Starts the instance, or takes over the one that runs in its folder. A data directory that is there is used again.
    pub fn start(options: InstanceOptions) -> Result<Self, DevError> {
        let files = ("output.log", "error.log");
        let member = Member::new(&options.name, &options.directory, files, START_PATIENCE, options.life)?;
        let mut instance = Self { options, member };
        if let (Some(process), Some(_)) = (Process::find(instance.directory()), instance.known_port()) {
            instance.take_over(process)?;
            return Ok(instance);
        }
        let data = instance.directory().join("data");
        if !data.is_dir() {
            let template =
                instance.options.server.template(&files::absolute(&instance.options.templates)?)?;
            let partial = instance.directory().join("data.partial");
            files::remove_directory(&partial)?;
            files::copy_directory(&template, &partial)?;
            std::fs::rename(&partial, &data).map_err(DevError::file("renaming to", &data))?;
        }
        instance.options.server.check_data(&data)?;
        instance.options.server.prepare(instance.directory())?;
        let port = instance.known_port();
        instance.launch(port)?;
        Ok(instance)
    }

    fn launch(&mut self, port: Option<u16>) -> Result<(), DevError> {
        let Self { options, member } = self;
        let directory = member.directory().to_owned();
        let data = directory.join("data");
        // A killed MySQL leaves this behind, and refuses to start with it.
        let _ = std::fs::remove_file(data.join("mysqld.sock.lock"));
        let command = |port: u16| -> Result<Command, DevError> {
            Ok(options.server.command(&directory, &data, port, &options.sizing, &options.extra))
        };
        member.launch(port, command)
    }

    /// Starts it again on the same data and port, killing it first if it runs.
    pub fn restart(&mut self) -> Result<(), DevError> {
        self.kill()?;
        let port = self.known_port();
        self.launch(port)
    }
}

impl Deref for Instance {
    type Target = Member;

    fn deref(&self) -> &Member {
        &self.member
    }
}

impl DerefMut for Instance {
    fn deref_mut(&mut self) -> &mut Member {
        &mut self.member
    }
}
