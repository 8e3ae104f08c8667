//! Commands on the files of a node that does not run: a backup restored, a group forced.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use ostrakon_conf::Config;
use ostrakon_meta::{MetaConfig, MetaError, recover};

use super::EX_USAGE;

#[derive(Debug, Subcommand)]
pub enum RecoverCommand {
    /// Make this node's data a cluster of one, when most of the voters are lost for good. Changes that this node has not seen are lost,
    /// and all other nodes must be stopped and never started again.
    ForceNewGroup {
        /// Configuration file of the node.
        #[arg(long, short)]
        config: PathBuf,
        /// Says that you have read the manual: other nodes may have acknowledged what this one does not know.
        #[arg(long)]
        i_know_that_changes_may_be_lost: bool,
        #[command(flatten)]
        skip: Skip,
    },
}

#[derive(Debug, Args)]
pub struct Restore {
    /// Configuration file of the node; its data_directory must have no catalog.
    #[arg(long, short)]
    config: PathBuf,
    /// What `backup create` made.
    #[arg(long)]
    input: PathBuf,
    #[command(flatten)]
    skip: Skip,
}

#[derive(Debug, Args)]
pub struct Skip {
    /// Values that each sequence leaves out, since they may have been given without this catalog's knowing.
    #[arg(long, value_name = "VALUES", default_value_t = recover::SKIP)]
    skip_sequence_values: u64,
}

impl RecoverCommand {
    pub fn run(self) -> ExitCode {
        let Self::ForceNewGroup { config, i_know_that_changes_may_be_lost, skip } = self;
        if !i_know_that_changes_may_be_lost {
            eprintln!(
                "ostrakon: this gives up what other nodes may have acknowledged: see 'Quorum lost for good' in docs/operations.md, and \
                 add --i-know-that-changes-may-be-lost"
            );
            return ExitCode::from(EX_USAGE);
        }
        with(&config, |meta| recover::force_new_group(&meta.directory, skip.skip_sequence_values))
    }
}

impl Restore {
    pub fn run(self) -> ExitCode {
        let bytes = match std::fs::read(&self.input) {
            Ok(bytes) => bytes,
            Err(error) => {
                eprintln!("ostrakon: {}: {error}", self.input.display());
                return ExitCode::from(EX_USAGE);
            }
        };
        let skip = self.skip.skip_sequence_values;
        with(&self.config, |meta| recover::restore(&meta.directory, meta.node_id, &bytes, skip))
    }
}

fn with(path: &Path, run: impl FnOnce(&MetaConfig) -> Result<(), MetaError>) -> ExitCode {
    let config = match Config::load(path) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("ostrakon: the configuration is not usable:\n{error}");
            return ExitCode::from(EX_USAGE);
        }
    };
    if let Err(error) = std::fs::create_dir_all(&config.data_directory) {
        eprintln!("ostrakon: data directory {}: {error}", config.data_directory.display());
        return ExitCode::FAILURE;
    }
    let meta = crate::member::meta_config(&config);
    match run(&meta) {
        Ok(()) => {
            println!(
                "Node {} is a cluster of one now: start it. All other nodes need an empty data_directory, and join it anew.",
                meta.node_id
            );
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("ostrakon: {error}");
            ExitCode::FAILURE
        }
    }
}
