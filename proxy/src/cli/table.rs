//! `ostrakon table`: logical tables.

use clap::Subcommand;

use super::connection::{Remote, name};
use super::output::Failure;

#[derive(Debug, Subcommand)]
pub enum TableCommand {
    /// Tables of a database, with their sharding rules.
    List { database: String },
    /// Definition of a table, with its sharding clause.
    Show { database: String, table: String },
    /// Compare a table's physical tables with one another and with the catalog.
    Check {
        database: String,
        table: String,
        /// Print what would mend the table. Nothing is changed.
        #[arg(long)]
        repair_plan: bool,
    },
}

impl TableCommand {
    pub fn run(&self, remote: &mut Remote) -> Result<(), Failure> {
        match self {
            Self::List { database } => {
                remote.query(&format!("USE {}", name(database)))?;
                remote.show("SHOW RULE")
            }
            Self::Show { database, table } => {
                remote.show(&format!("SHOW CREATE TABLE {}.{}", name(database), name(table)))
            }
            Self::Check { database, table, repair_plan } => {
                let plan = if *repair_plan { " REPAIR PLAN" } else { "" };
                remote.show(&format!("CHECK TABLE {}.{}{plan}", name(database), name(table)))
            }
        }
    }
}
