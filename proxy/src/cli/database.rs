//! `ostrakon database`: logical databases.

use clap::{Subcommand, ValueEnum};

use super::connection::{Remote, name};
use super::output::Failure;

#[derive(Debug, Subcommand)]
pub enum DatabaseCommand {
    /// Logical databases.
    List,
    /// Make a database with its groups.
    Create {
        database: String,
        /// Number of groups.
        #[arg(long)]
        groups: Option<u32>,
        /// What a table without a sharding clause becomes.
        #[arg(long)]
        default_sharding: Option<DefaultSharding>,
    },
    /// Drop a database with all that is in it.
    Drop {
        database: String,
        /// The data is gone for ever.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DefaultSharding {
    Single,
    PrimaryKey,
}

impl DatabaseCommand {
    pub fn run(&self, remote: &mut Remote) -> Result<(), Failure> {
        match self {
            Self::List => remote.show("SHOW DATABASES WHERE `Database` <> 'information_schema'"),
            Self::Create { database, groups, default_sharding } => {
                let groups = groups.map(|n| format!(" DBPARTITIONS {n}")).unwrap_or_default();
                let sharding = match default_sharding {
                    None => "",
                    Some(DefaultSharding::Single) => " DEFAULT_SHARDING = SINGLE",
                    Some(DefaultSharding::PrimaryKey) => " DEFAULT_SHARDING = PRIMARY_KEY",
                };
                remote.change(
                    &format!("CREATE DATABASE {}{groups}{sharding}", name(database)),
                    &format!("Database {database} was created."),
                )
            }
            Self::Drop { database, yes } => {
                if !yes {
                    return Err(Failure::Usage(format!(
                        "all data of {database} would be gone for ever: say --yes"
                    )));
                }
                remote.change(
                    &format!("DROP DATABASE {}", name(database)),
                    &format!("Database {database} was dropped."),
                )
            }
        }
    }
}
