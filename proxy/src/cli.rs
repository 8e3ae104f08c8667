//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Many MySQL or MariaDB servers behind one MySQL endpoint.
#[derive(Debug, Parser)]
#[command(name = "ostrakon", version, about)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a node in the foreground until SIGTERM or SIGINT.
    Start {
        /// Configuration file (TOML).
        #[arg(long, short)]
        config: PathBuf,
    },
    /// A local cluster for development: instances, a node, sample data.
    #[command(subcommand)]
    Dev(crate::dev::DevCommand),
}

/// Exit status for a wrong command line or configuration (EX_USAGE of sysexits.h).
const EX_USAGE: u8 = 64;

impl Cli {
    /// Runs the command; failures are printed with what to do.
    pub fn run(self) -> ExitCode {
        match self.command {
            Command::Start { config } => start(&config),
            Command::Dev(command) => crate::dev::run(command),
        }
    }
}

fn start(path: &std::path::Path) -> ExitCode {
    let config = match ostrakon_conf::Config::load(path) {
        Ok(config) => config,
        Err(e) => {
            eprintln!("ostrakon: the configuration is not usable:\n{e}");
            return ExitCode::from(EX_USAGE);
        }
    };
    let filter = tracing_subscriber::EnvFilter::try_from_env("OSTRAKON_LOG")
        .unwrap_or_else(|_| tracing_subscriber::EnvFilter::new("info"));
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(std::io::stderr).init();
    match crate::node::run(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("ostrakon: {e}");
            ExitCode::FAILURE
        }
    }
}
