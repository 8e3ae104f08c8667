//! `ostrakon trans`: open transactions.

use clap::Subcommand;

use super::connection::Remote;
use super::output::Failure;

#[derive(Debug, Subcommand)]
pub enum TransCommand {
    /// Open transactions of the node, with the groups that they have touched.
    List,
}

impl TransCommand {
    pub fn run(&self, remote: &mut Remote) -> Result<(), Failure> {
        let Self::List = self;
        remote.show("SHOW FULL TRANS")
    }
}
