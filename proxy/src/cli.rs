//! The command line: runs a node, a cluster for development, or sends a statement of administration to a node.

mod backup;
mod config;
mod connection;
mod database;
mod doctor;
mod group;
mod instance;
mod job;
mod node;
mod offline;
mod output;
mod sequence;
mod start;
mod table;
mod trans;
mod user;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};

use connection::{Connecting, Remote};
use output::Failure;

/// Many MySQL or MariaDB servers behind one MySQL endpoint.
#[derive(Debug, Parser)]
#[command(name = "ostrakon", version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// Commands that are sent to a node, and how to reach it.
#[derive(Debug, Args)]
struct To<C: Subcommand> {
    #[command(flatten)]
    connecting: Connecting,
    #[command(subcommand)]
    command: C,
}

impl<C: Subcommand> To<C> {
    fn send(self, run: impl FnOnce(&C, &mut Remote) -> Result<(), Failure>) -> ExitCode {
        Remote::with(&self.connecting, |remote| run(&self.command, remote))
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a node in the foreground until SIGTERM or SIGINT.
    Start {
        /// Configuration file (TOML).
        #[arg(long, short)]
        config: PathBuf,
        /// Peer addresses of members of a cluster: with an empty data_directory the node joins it. Without meaning afterwards.
        #[arg(long, value_name = "HOST:PORT", value_delimiter = ',')]
        join: Vec<String>,
    },
    /// What is left when the cluster cannot be had back: on the files of a node that does not run.
    #[command(subcommand)]
    Recover(offline::RecoverCommand),
    /// A local cluster for development: instances, a node, sample data.
    #[command(subcommand)]
    Dev(crate::dev::DevCommand),
    /// Nodes of the cluster: list, add, remove, promote, demote, drain.
    Node(To<node::NodeCommand>),
    /// Database servers: list, add, alter, drain, remove.
    Instance(To<instance::InstanceCommand>),
    /// Groups: physical databases and the instances that they are on.
    Group(To<group::GroupCommand>),
    /// Logical databases.
    Database(To<database::DatabaseCommand>),
    /// Logical tables: list, show, check.
    Table(To<table::TableCommand>),
    /// Accounts of clients.
    User(To<user::UserCommand>),
    /// Sequences.
    Sequence(To<sequence::SequenceCommand>),
    /// DDL jobs: list, show, recover, rollback, cancel, remove.
    Job(To<job::JobCommand>),
    /// Transactions: open ones, in-doubt ones, what one came to.
    Trans(To<trans::TransCommand>),
    /// Settings of the whole cluster.
    Config(To<config::ConfigCommand>),
    /// Backups of the catalog.
    Backup(To<backup::BackupCommand>),
    /// Check nodes, instances and the catalog. Exit code 1 when there is an error.
    Doctor(Connecting),
    /// Print the completion script of a shell.
    Completions { shell: clap_complete::Shell },
}

/// Exit status for a wrong command line or configuration (EX_USAGE of sysexits.h).
const EX_USAGE: u8 = 64;

impl Cli {
    /// Reads the command line. Help and version end the program with 0, a wrong command line with 64.
    pub fn read() -> Result<Self, ExitCode> {
        Self::try_parse().map_err(|error| {
            // Nobody is left to be told when the terminal is gone.
            let _ = error.print();
            if error.use_stderr() { ExitCode::from(EX_USAGE) } else { ExitCode::SUCCESS }
        })
    }

    /// Runs the command; failures are printed with what to do.
    pub fn run(self) -> ExitCode {
        match self.command {
            Command::Start { config, join } => start::start(&config, join),
            Command::Recover(command) => command.run(),
            Command::Backup(To { command: backup::BackupCommand::Restore(restore), .. }) => restore.run(),
            Command::Dev(command) => crate::dev::run(command),
            Command::Completions { shell } => {
                clap_complete::generate(shell, &mut Cli::command(), "ostrakon", &mut std::io::stdout());
                ExitCode::SUCCESS
            }
            Command::Node(to) => to.send(node::NodeCommand::run),
            Command::Instance(to) => to.send(instance::InstanceCommand::run),
            Command::Group(to) => to.send(group::GroupCommand::run),
            Command::Database(to) => to.send(database::DatabaseCommand::run),
            Command::Table(to) => to.send(table::TableCommand::run),
            Command::User(to) => to.send(user::UserCommand::run),
            Command::Sequence(to) => to.send(sequence::SequenceCommand::run),
            Command::Job(to) => to.send(job::JobCommand::run),
            Command::Trans(to) => to.send(trans::TransCommand::run),
            Command::Config(to) => to.send(config::ConfigCommand::run),
            Command::Backup(to) => to.send(backup::BackupCommand::run),
            Command::Doctor(connecting) => Remote::with(&connecting, doctor::run),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
