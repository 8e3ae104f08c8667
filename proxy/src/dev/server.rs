//! The database server's program: MariaDB or MySQL, how each makes a data directory, and the options each is started with.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::dev::error::DevError;
use crate::dev::files;

/// Which of the two families a server binary belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerKind {
    MariaDb,
    MySql,
}

impl ServerKind {
    fn name(self) -> &'static str {
        match self {
            Self::MariaDb => "MariaDB",
            Self::MySql => "MySQL",
        }
    }
}

/// A server binary that runs on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseServer {
    pub kind: ServerKind,
    pub program: PathBuf,
    /// The first version number that `--version` prints, for example `10.11.6`.
    pub version: String,
}

/// Names that distributions give to the server.
const PROGRAMS: [&str; 2] = ["mariadbd", "mysqld"];

/// Numbers the data directories that this process makes: two threads may make the same one at once.
static TEMPLATES: AtomicU32 = AtomicU32::new(1);

/// A server's own folder for temporary files.
const TEMPORARY: &str = "tmp";

/// How much memory and durability a server gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sizing {
    /// innodb_buffer_pool_size in MiB.
    pub buffer_pool_mib: u32,
    /// Size of the redo log in MiB.
    pub redo_log_mib: u32,
    /// innodb_flush_log_at_trx_commit: 1 syncs at each commit, 2 survives kill -9 of the server but not of the machine.
    pub flush_log_at_commit: u8,
    /// False: InnoDB never asks the kernel to sync a file. What a killed server has written is in the kernel all the same.
    pub syncs_files: bool,
    pub max_connections: u32,
}

impl Sizing {
    /// For people: durable.
    pub const DEVELOPMENT: Self = Self {
        buffer_pool_mib: 256,
        redo_log_mib: 128,
        flush_log_at_commit: 1,
        syncs_files: true,
        max_connections: 2000,
    };
    /// For tests: small, and without any sync. They kill servers, not the machine.
    pub const TEST: Self = Self {
        buffer_pool_mib: 64,
        redo_log_mib: 32,
        flush_log_at_commit: 2,
        syncs_files: false,
        max_connections: 2000,
    };
}

impl DatabaseServer {
    /// The server at `path`, or the first one found on this machine: MariaDB's before MySQL's.
    pub fn find(path: Option<&Path>) -> Result<Self, DevError> {
        if let Some(path) = path {
            let path = fs::canonicalize(path)
                .map_err(|error| DevError::NoServer(format!("{}: {error}", path.display())))?;
            return Self::probe(&path);
        }
        let found = PROGRAMS.iter().find_map(|name| files::find_program(name));
        let found =
            found.ok_or_else(|| DevError::NoServer("neither mariadbd nor mysqld is installed".to_owned()))?;
        Self::probe(&found)
    }

    fn probe(program: &Path) -> Result<Self, DevError> {
        let output =
            Command::new(program).arg("--no-defaults").arg("--version").stdin(Stdio::null()).output();
        let output = output.map_err(|error| DevError::NoServer(format!("{}: {error}", program.display())))?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let kind = if text.contains("MariaDB") { ServerKind::MariaDb } else { ServerKind::MySql };
        let version = first_version(&text).ok_or_else(|| {
            DevError::NoServer(format!(
                "{} --version says {text:?}, which is no server's answer",
                program.display()
            ))
        })?;
        Ok(Self { kind, program: program.to_owned(), version })
    }

    /// A name for folders: kind and version.
    pub fn label(&self) -> String {
        format!("{}-{}", self.kind.name().to_lowercase(), self.version)
    }

    /// Refuses a data directory that the other family made: either server would damage it or end with a riddle.
    pub fn check_data(&self, data: &Path) -> Result<(), DevError> {
        let maker = if data.join("aria_log_control").is_file() {
            ServerKind::MariaDb
        } else if data.join("mysql.ibd").is_file() {
            ServerKind::MySql
        } else {
            return Ok(());
        };
        if maker == self.kind {
            return Ok(());
        }
        Err(DevError::OtherFamily {
            data: data.to_owned(),
            maker: maker.name(),
            program: self.program.clone(),
        })
    }

    /// Makes, once, a data directory below `base` that instances are copied from, and gives its path. Several processes and threads may do it at once.
    pub fn template(&self, base: &Path) -> Result<PathBuf, DevError> {
        let template = base.join(format!("template-{}", self.label()));
        if template.is_dir() {
            return Ok(template);
        }
        let number = TEMPLATES.fetch_add(1, Ordering::Relaxed);
        let own = format!("template-{}-{}-{number}.partial", self.label(), std::process::id());
        let partial = base.join(own);
        files::remove_directory(&partial)?;
        let made = self.initialize(&files::absolute(&partial)?);
        if let Err(error) = made {
            files::remove_directory(&partial)?;
            return Err(error);
        }
        if let Err(error) = fs::rename(&partial, &template) {
            files::remove_directory(&partial)?;
            // Another process was first: its template is as good.
            if !template.is_dir() {
                return Err(DevError::file("renaming to", &template)(error));
            }
        }
        Ok(template)
    }

    /// Makes the system tables in the empty folder `data`, with `root` without a password.
    fn initialize(&self, data: &Path) -> Result<(), DevError> {
        let mut command = match self.kind {
            ServerKind::MySql => {
                let mut command = Command::new(&self.program);
                command.args([
                    "--no-defaults",
                    "--initialize-insecure",
                    "--secure-file-priv=NULL",
                    "--log-error-verbosity=1",
                    // What is copied for each server; it grows there to the size that is asked for.
                    "--innodb-redo-log-capacity=8M",
                ]);
                command
            }
            ServerKind::MariaDb => {
                let mut command = Command::new(self.install_program()?);
                command.args(["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db"]);
                command.args(["--skip-name-resolve", "--innodb-log-file-size=16M"]);
                command
            }
        };
        command.arg(format!("--datadir={}", data.display())).args(run_as_root()).stdin(Stdio::null());
        // See `prepare`. Beside the data directory, which has to be empty.
        let temporary = data.with_extension("tmp");
        files::absolute(&temporary)?;
        command.arg(format!("--tmpdir={}", temporary.display()));
        let program = command.get_program().to_string_lossy().into_owned();
        let output = command
            .output()
            .map_err(|error| DevError::Program { program: program.clone(), detail: error.to_string() })?;
        files::remove_directory(&temporary)?;
        if output.status.success() {
            return Ok(());
        }
        let said = [output.stdout, output.stderr].concat();
        Err(DevError::Program {
            program,
            detail: format!("{}\n{}", output.status, String::from_utf8_lossy(&said)),
        })
    }

    /// MariaDB's install script: beside the server, in its `scripts` folder, or on the search path.
    fn install_program(&self) -> Result<PathBuf, DevError> {
        let names = ["mariadb-install-db", "mysql_install_db"];
        let home = self.program.parent().unwrap_or(Path::new("/"));
        let near = [home.to_owned(), home.join("../bin"), home.join("../scripts")];
        let beside =
            near.iter().flat_map(|folder| names.map(|name| folder.join(name))).find(|file| file.is_file());
        beside
            .or_else(|| names.iter().find_map(|name| files::find_program(name)))
            .ok_or_else(|| DevError::NoServer("mariadb-install-db is missing".to_owned()))
    }

    /// The command that runs a server on `data` in `directory`, on loopback.
    pub fn command(
        &self,
        directory: &Path,
        data: &Path,
        port: u16,
        sizing: &Sizing,
        extra: &[String],
    ) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--no-defaults").args(run_as_root());
        command.arg(format!("--datadir={}", data.display()));
        // Relative to the data directory: a socket's path may have 107 bytes only.
        command.args(["--socket=mysqld.sock", "--bind-address=127.0.0.1"]);
        command.arg(format!("--port={port}"));
        command.arg(format!("--tmpdir={}", directory.join(TEMPORARY).display()));
        command.arg(format!("--pid-file={}", directory.join("mysqld.pid").display()));
        command.arg(format!("--log-error={}", directory.join("error.log").display()));
        command.arg(format!("--innodb-buffer-pool-size={}M", sizing.buffer_pool_mib));
        command.arg(format!("--innodb-flush-log-at-trx-commit={}", sizing.flush_log_at_commit));
        if !sizing.syncs_files {
            command.arg("--innodb-flush-method=nosync");
        }
        command.arg(format!("--max-connections={}", sizing.max_connections));
        // The node's own limit decides on packets, not the instances'.
        command.args(["--max-allowed-packet=1G", "--character-set-server=utf8mb4"]);
        match self.kind {
            ServerKind::MariaDb => {
                command.args(["--skip-name-resolve", "--skip-log-bin", "--performance-schema=OFF"]);
                command.arg(format!("--innodb-log-file-size={}M", sizing.redo_log_mib));
            }
            ServerKind::MySql => {
                // root exists for localhost only: the init file gives it to 127.0.0.1, which is never resolved. The performance schema
                // stays on: only there does MySQL say who waits for whom.
                command.args([
                    "--skip-name-resolve",
                    "--mysqlx=OFF",
                    "--secure-file-priv=NULL",
                    "--disable-log-bin",
                ]);
                // By default it sorts no row that is longer than 256 KiB, where MariaDB has 2 MiB.
                command.arg("--sort-buffer-size=2M");
                command.arg(format!("--innodb-redo-log-capacity={}M", sizing.redo_log_mib));
                command.arg(format!("--init-file={}", directory.join("init.sql").display()));
            }
        }
        command.args(extra);
        command
    }

    /// Files and folders that `command` refers to and that must stand in `directory` before.
    ///
    /// Each server needs a folder of its own for temporary files: MariaDB removes every `#sql*` in it when it starts, and in `/tmp`
    /// those may be the temporary tables of another server that runs (seen with 10.11, as error 1051 in the midst of a statement).
    pub fn prepare(&self, directory: &Path) -> Result<(), DevError> {
        files::absolute(&directory.join(TEMPORARY))?;
        match self.kind {
            ServerKind::MariaDb => Ok(()),
            ServerKind::MySql => files::write(
                &directory.join("init.sql"),
                "CREATE USER IF NOT EXISTS root@'127.0.0.1' IDENTIFIED BY '';\n\
                 GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;\n",
            ),
        }
    }
}

/// Both servers refuse to run as root unless they are told to.
fn run_as_root() -> Option<&'static str> {
    rustix::process::geteuid().is_root().then_some("--user=root")
}

/// `Ver 10.11.6-MariaDB`, `Ver 8.4.3 for Linux`: the digits and dots after `Ver`.
fn first_version(text: &str) -> Option<String> {
    let after = text.split("Ver ").nth(1)?;
    let version: String = after.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    version.contains('.').then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_both_families_are_read() {
        let maria = "mariadbd  Ver 10.11.6-MariaDB-0+deb12u1 for debian-linux-gnu on x86_64 (Debian 12)";
        assert_eq!(first_version(maria).as_deref(), Some("10.11.6"));
        let mysql = "/usr/sbin/mysqld  Ver 8.4.3 for Linux on x86_64 (MySQL Community Server - GPL)";
        assert_eq!(first_version(mysql).as_deref(), Some("8.4.3"));
        assert_eq!(first_version("GNU bash, version 5"), None);
    }
}
