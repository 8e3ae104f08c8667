//! The launcher: a development cluster of real database servers and Ostrakon nodes, started and stopped by pid.
//!
//! `ostrakon dev up|down|status` is for people; the test kit calls [`cluster::Cluster`], [`instance::Instance`] and [`node::Node`]
//! itself. Everything blocks: it runs before and after a node, never inside one.
//! **Invariant:** a process is signalled only by the pid that this launcher wrote down, and only while `/proc/PID/cmdline` still
//! names our own directory; never by name.
//! **Invariant:** every server binds loopback only, because `root` has no password here.

pub mod cluster;
pub mod error;
pub mod files;
pub mod instance;
pub mod member;
pub mod node;
pub mod port;
pub mod process;
pub mod sample;
pub mod server;

pub use crate::client;

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use crate::dev::cluster::{Cluster, ClusterOptions};
use crate::dev::error::DevError;
use crate::dev::server::DatabaseServer;

/// `ostrakon dev ...`
#[derive(Clone, Debug, clap::Subcommand)]
pub enum DevCommand {
    /// Starts database servers and nodes, with sample data. Running it again is safe: what runs is kept.
    Up(UpArguments),
    /// Stops what `up` started, by pid. The data stays, unless --clean.
    Down {
        /// Where the cluster lives.
        #[arg(long, env = "OSTRAKON_DEV_DIRECTORY", default_value = "target/dev")]
        directory: PathBuf,
        /// Removes the data as well.
        #[arg(long)]
        clean: bool,
    },
    /// Says what runs, with pids and ports. Exit code 0: everything runs.
    Status {
        /// Where the cluster lives.
        #[arg(long, env = "OSTRAKON_DEV_DIRECTORY", default_value = "target/dev")]
        directory: PathBuf,
    },
}

/// `ostrakon dev up ...`
#[derive(Clone, Debug, clap::Args)]
pub struct UpArguments {
    /// Database servers to start.
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u16).range(1..=64))]
    pub instances: u16,
    /// A server binary (mariadbd or mysqld). Default: the MariaDB server on this machine, else MySQL's.
    #[arg(long)]
    pub mysqld: Option<PathBuf>,
    /// Nodes to start: the first three vote.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=16))]
    pub nodes: u16,
    /// The first node's port on 127.0.0.1; the next one is the second node's, and so on.
    #[arg(long, env = "OSTRAKON_PORT", default_value_t = 3307)]
    pub port: u16,
    /// Where the cluster lives: one folder for each server and node.
    #[arg(long, env = "OSTRAKON_DEV_DIRECTORY", default_value = "target/dev")]
    pub directory: PathBuf,
    /// Leaves out the databases `shop` and `sbtest`.
    #[arg(long)]
    pub no_sample: bool,
}

/// Runs one `ostrakon dev` command, printing progress on standard output and a failure, with its remedy, on standard error.
pub fn run(command: DevCommand) -> ExitCode {
    let outcome = match command {
        DevCommand::Up(arguments) => up(&arguments).map(|()| true),
        DevCommand::Down { directory, clean } => down(&directory, clean).map(|()| true),
        DevCommand::Status { directory } => status(&directory),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("\nFailed: {error}");
            eprintln!("What to do: {}", error.advice());
            ExitCode::FAILURE
        }
    }
}

impl client::Client {
    /// Runs one statement; a failure names it.
    pub fn setup(&mut self, sql: &str) -> Result<client::Answer, DevError> {
        let shown: String = sql.chars().take(200).collect();
        self.query(sql).map_err(|source| DevError::Setup { statement: shown, source })
    }
}

/// One line of progress. Who has stopped reading (`ostrakon dev up | head`) does not stop the work.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn up(arguments: &UpArguments) -> Result<(), DevError> {
    let server = DatabaseServer::find(arguments.mysqld.as_deref())?;
    let options = ClusterOptions {
        instances: arguments.instances,
        nodes: arguments.nodes,
        node_port: Some(arguments.port),
        ..ClusterOptions::development(&arguments.directory, server)
    };
    let cluster = Cluster::start(&options)?;
    if !arguments.no_sample {
        sample::create(&mut cluster.node().connect()?)?;
    }
    let ports: Vec<u16> = cluster.nodes.iter().map(|node| node.port()).collect();
    cluster.keep();
    say(&welcome(&ports, arguments.no_sample));
    Ok(())
}

/// What `make up` prints last.
fn welcome(ports: &[u16], no_sample: bool) -> String {
    let port = ports.first().copied().unwrap_or_default();
    let others: Vec<String> = ports.iter().skip(1).map(u16::to_string).collect();
    let others = if others.is_empty() { String::new() } else { format!(", and on {}", others.join(" and ")) };
    let client = if files::find_program("mariadb").is_some() { "mariadb" } else { "mysql" };
    let database = if no_sample { "" } else { " shop" };
    let mut text = format!(
        "\nOstrakon answers on 127.0.0.1:{port}{others} (user root, no password, loopback only).\n\n    {client} -h 127.0.0.1 -P {port} -u root{database}\n"
    );
    if !no_sample {
        text.push_str("\nThree statements worth trying:\n");
        for (statement, remark) in sample::WORTH_TRYING {
            text.push_str(&format!("\n    {statement}\n        {remark}\n"));
        }
        text.push_str(&format!(
            "\nsysbench: sysbench oltp_read_write --mysql-host=127.0.0.1 --mysql-port={port} --mysql-user=root --mysql-db=sbtest \
             --tables=4 --table-size=10000 prepare\n"
        ));
    }
    text.push_str("\nStop it with `make down` (`make down CLEAN=1` removes the data as well).");
    text
}

fn down(directory: &std::path::Path, clean: bool) -> Result<(), DevError> {
    let stopped = cluster::stop_all(directory)?;
    if stopped.is_empty() {
        say("Nothing was running.");
    }
    for name in stopped {
        say(&format!("Stopped {name}."));
    }
    if clean && directory.exists() {
        cluster::remove(directory)?;
        say(&format!("Removed {}.", directory.display()));
    }
    Ok(())
}

fn status(directory: &std::path::Path) -> Result<bool, DevError> {
    let members = cluster::members(directory)?;
    if members.is_empty() {
        say(&format!("There is no cluster in {}. Start one with `make up`.", directory.display()));
        return Ok(false);
    }
    let mut all = true;
    for member in members {
        let port = member.port.map_or_else(|| "-".to_owned(), |p| p.to_string());
        match member.pid {
            Some(pid) => say(&format!("{:<12} runs     pid {pid:<8} port {port}", member.name)),
            None => {
                all = false;
                say(&format!("{:<12} stopped  {:<12} port {port}", member.name, ""));
            }
        }
    }
    Ok(all)
}
