//! `ostrakon config`: settings of the whole cluster.

use clap::Subcommand;

use super::connection::{Remote, name, text};
use super::output::Failure;

#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Settings, their values and what they may be.
    List,
    /// Give a setting a value.
    Set { setting: String, value: String },
    /// Give a setting its default again.
    Reset { setting: String },
}

impl ConfigCommand {
    pub fn run(&self, remote: &mut Remote) -> Result<(), Failure> {
        match self {
            Self::List => remote.show("SHOW SETTINGS"),
            Self::Set { setting, value } => remote.change(
                &format!("ALTER CLUSTER SET {} = {}", name(setting), text(value)),
                &format!("{setting} is {value}."),
            ),
            Self::Reset { setting } => remote.change(
                &format!("ALTER CLUSTER RESET {}", name(setting)),
                &format!("{setting} has its default."),
            ),
        }
    }
}
