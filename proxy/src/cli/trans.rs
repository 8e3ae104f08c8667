//! `ostrakon trans`: open transactions, what crashed commits have left, what became of one.

use clap::Subcommand;

use super::connection::{Remote, text};
use super::output::Failure;

#[derive(Debug, Subcommand)]
pub enum TransCommand {
    /// Open transactions of all nodes, with the groups that they have touched.
    List,
    /// Branches of transactions over several groups that the instances hold prepared.
    Indoubt,
    /// What a transaction came to.
    Show { id: String },
    /// Decide a prepared transaction now, and finish its branches.
    Resolve { id: String },
}

impl TransCommand {
    pub fn run(&self, remote: &mut Remote) -> Result<(), Failure> {
        match self {
            Self::List => remote.show("SHOW FULL TRANS"),
            Self::Indoubt => remote.show("SHOW TRANS INDOUBT"),
            Self::Show { id } => remote.show(&format!("SHOW TRANS {}", text(id))),
            Self::Resolve { id } => remote.show(&format!("RESOLVE TRANS {}", text(id))),
        }
    }
}
