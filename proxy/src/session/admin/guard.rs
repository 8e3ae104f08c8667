//! ALTER DATABASE and ALTER TABLE ... SET: the scatter guard of a database, and of one of its tables.

use ostrakon_catalog::command::Command as CatalogCommand;
use ostrakon_router::parse::administration::Admin;

use crate::error::SqlError;
use crate::session::{Failure, Session};

impl Session {
    /// Errors: 1046, 1049, 1146; 1235 for a table that is not sharded, of which nothing is ever scanned over groups.
    pub(super) async fn change_guard(&mut self, admin: &Admin) -> Result<(), Failure> {
        let command = match admin {
            Admin::AlterDatabase { name, change } => {
                let name = match name {
                    Some(name) => name.clone(),
                    None => self.current_database()?.to_owned(),
                };
                CatalogCommand::AlterDatabase { name, change: *change }
            }
            Admin::GuardTable { table, allow_full_table_scan } => {
                let database = match &table.database {
                    Some(name) => name.clone(),
                    None => self.current_database()?.to_owned(),
                };
                let catalog = self.catalog();
                let found = catalog.table(&database, &table.name);
                if found.is_some_and(|found| found.rule().is_none()) {
                    return Err(SqlError::not_supported(format!(
                        "ALLOW_FULL_TABLE_SCAN of table '{}', which is not sharded",
                        table.name
                    ))
                    .into());
                }
                CatalogCommand::GuardTable {
                    database,
                    table: table.name.clone(),
                    allow_full_table_scan: *allow_full_table_scan,
                }
            }
            _ => return Ok(()),
        };
        self.propose(command).await?;
        Ok(())
    }
}
