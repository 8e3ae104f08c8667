//! What can go wrong while a cluster starts or stops: each failure says what happened and what to do.

use std::path::{Path, PathBuf};

/// A failure of the launcher.
#[derive(Debug, thiserror::Error)]
pub enum DevError {
    /// A file or folder could not be read, written, copied or removed.
    #[error("{what} {}: {source}", path.display())]
    File {
        /// The verb: "reading", "writing" ...
        what: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    /// No database server is installed, or the one named is not one.
    #[error("no MariaDB or MySQL server: {0}")]
    NoServer(String),
    /// A data directory was made by the other family of servers.
    #[error("{} was made by {maker}, which {} is not", data.display(), program.display())]
    OtherFamily { data: PathBuf, maker: &'static str, program: PathBuf },
    /// A program could not be run, or it ended with a failure.
    #[error("{program} failed: {detail}")]
    Program { program: String, detail: String },
    /// A server or node ended before it answered.
    #[error("{name} ended while it started.\n{log}")]
    Ended {
        name: String,
        /// The log's last lines.
        log: String,
    },
    /// A server or node runs, and does not answer.
    #[error("{name} did not answer on 127.0.0.1:{port} within {seconds} s.\n{log}")]
    Silent { name: String, port: u16, seconds: u64, log: String },
    /// A port that has to stay the same is in use by another program.
    #[error("port {port}, needed by {name}, is in use by another program")]
    PortTaken { name: String, port: u16 },
    /// No free port was found.
    #[error("no free port on 127.0.0.1 was found")]
    NoPort,
    /// A process is still there after it was told to end.
    #[error("process {pid} does not end")]
    StillRuns { pid: u32 },
    /// A statement was refused while the cluster was set up.
    #[error("{statement}: {source}")]
    Setup {
        statement: String,
        #[source]
        source: crate::dev::client::ClientError,
    },
    /// A connection for setting up could not be made.
    #[error("connecting to {name} on 127.0.0.1:{port}: {source}")]
    Connect {
        name: String,
        port: u16,
        #[source]
        source: crate::dev::client::ClientError,
    },
    /// The nodes run, and do not make a group.
    #[error("{voters} of {wanted} nodes vote, or one of them does not answer.\n{log}")]
    NoVoters { wanted: usize, voters: usize, log: String },
    /// A folder asked to be removed does not look like a cluster's.
    #[error("{} is not a cluster's folder: {found} is in it", path.display())]
    NotOurs { path: PathBuf, found: String },
}

impl DevError {
    /// A closure for `map_err` on IO.
    pub fn file(what: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { what, path, source }
    }

    /// What the user should do, in one sentence or two.
    pub fn advice(&self) -> String {
        match self {
            Self::File { path, .. } => {
                format!("look at the space and the rights there (df -h {0}; ls -ld {0}), then run it again", path.display())
            }
            Self::NoServer(_) => "install mariadb-server-core (Debian, Ubuntu) or another package with the program mariadbd, or name a \
                                  server with --mysqld PATH"
                .to_owned(),
            Self::OtherFamily { maker, .. } => format!(
                "name a server of {maker} (make up MYSQLD=/path, dev up --mysqld /path), or remove the data with `make down CLEAN=1`"
            ),
            Self::Program { .. } => {
                "read the message above; if the data is damaged, `make down CLEAN=1` removes it, then run it again".to_owned()
            }
            Self::Ended { .. } | Self::Silent { .. } | Self::NoVoters { .. } => "read the log lines above; `make down`, then `make up` starts everything \
                                                          afresh, and `make down CLEAN=1` before it removes the data as well"
                .to_owned(),
            Self::PortTaken { name, .. } if name.starts_with("node ") => {
                "choose another port (OSTRAKON_PORT=3317 make up), or stop the other program".to_owned()
            }
            Self::PortTaken { .. } => {
                "stop the other program, or remove the cluster with `make down CLEAN=1` and start it again".to_owned()
            }
            Self::NoPort => "too many ports are in use on this machine; stop something and run it again".to_owned(),
            Self::StillRuns { pid } => format!("look at it with `ps -fp {pid}` and end it by hand (kill -9 {pid})"),
            Self::Setup { .. } | Self::Connect { .. } => {
                "look at node.log in the node's folder; if the catalog is damaged, `make down CLEAN=1` removes the data".to_owned()
            }
            Self::NotOurs { .. } => "give the folder that `dev up` was given; nothing was removed".to_owned(),
        }
    }
}
