//! `ostrakon group`: physical databases.

use clap::Subcommand;

use super::connection::{Remote, name};
use super::output::Failure;

#[derive(Debug, Subcommand)]
pub enum GroupCommand {
    /// Groups of all databases, or of one.
    List { database: Option<String> },
}

impl GroupCommand {
    pub fn run(&self, remote: &mut Remote) -> Result<(), Failure> {
        let Self::List { database } = self;
        if let Some(database) = database {
            remote.query(&format!("USE {}", name(database)))?;
        }
        remote.show("SHOW GROUPS")
    }
}
