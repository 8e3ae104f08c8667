//! information_schema as a database: USE, and SHOW of its tables. Queries of them are `gather/system.rs`'s.

use ostrakon_catalog::Catalog;
use ostrakon_router::RouterError;
use ostrakon_router::parse::command::{Show, ShowWhat};
use ostrakon_router::plan::{INFORMATION_SCHEMA, SYSTEM_TABLES, system_table_named};

use super::result::{ResultSet, quote_string};
use super::show::to_result;
use super::{Failure, Session};
use crate::error::SqlError;

/// The database that a client may make its current one by this name.
///
/// Errors: 1049.
pub fn usable_database(catalog: &Catalog, name: &str) -> Result<String, SqlError> {
    if catalog.database(name).is_some() {
        return Ok(name.to_owned());
    }
    match name.eq_ignore_ascii_case(INFORMATION_SCHEMA) {
        true => Ok(INFORMATION_SCHEMA.to_owned()),
        false => Err(RouterError::unknown_database(name).into()),
    }
}

/// The names of its tables, as a list of SQL literals.
fn table_list() -> String {
    let tables = SYSTEM_TABLES.iter().filter(|table| table.schema == INFORMATION_SCHEMA);
    tables.map(|table| quote_string(table.name)).collect::<Vec<_>>().join(", ")
}

/// `information_schema.table`, for a server.
///
/// Errors: 1109.
fn table(name: &str) -> Result<String, SqlError> {
    match system_table_named(INFORMATION_SCHEMA, name) {
        Some(table) => Ok(format!("{INFORMATION_SCHEMA}.{}", table.name)),
        None => Err(SqlError::new(1109, "42S02", format!("Unknown table '{name}' in {INFORMATION_SCHEMA}"))),
    }
}

impl Session {
    /// The name of a statement's database, or the current one, means information_schema.
    pub(super) fn means_information_schema(&self, database: Option<&str>) -> bool {
        let name = database.or(self.database.as_deref());
        name.is_some_and(|name| name.eq_ignore_ascii_case(INFORMATION_SCHEMA))
    }

    /// A SHOW about its tables, without the statement's LIKE and WHERE; `None` where it is about something else.
    pub(super) async fn show_information_schema(
        &mut self,
        show: &Show,
    ) -> Result<Option<ResultSet>, Failure> {
        let (database, sql) = match &show.what {
            ShowWhat::Tables { database, .. } => (
                database,
                Ok(format!(
                    "SELECT TABLE_NAME, TABLE_TYPE FROM {INFORMATION_SCHEMA}.TABLES WHERE TABLE_SCHEMA = '{INFORMATION_SCHEMA}' \
                     AND TABLE_NAME IN ({}) ORDER BY TABLE_NAME",
                    table_list()
                )),
            ),
            ShowWhat::TableStatus { database } => (
                database,
                Ok(format!("SHOW TABLE STATUS FROM {INFORMATION_SCHEMA} WHERE Name IN ({})", table_list())),
            ),
            ShowWhat::Columns { full, extended, database, table: name } => {
                let extended = if *extended { "EXTENDED " } else { "" };
                let full = if *full { "FULL " } else { "" };
                let sql = |table| format!("SHOW {extended}{full}COLUMNS FROM {table}");
                (database, table(name).map(sql))
            }
            ShowWhat::Index { database, table: name } => {
                (database, table(name).map(|table| format!("SHOW INDEX FROM {table}")))
            }
            ShowWhat::CreateTable { database, table: name } => {
                (database, table(name).map(|table| format!("SHOW CREATE TABLE {table}")))
            }
            ShowWhat::CreateDatabase { database, .. } if self.means_information_schema(Some(database)) => {
                return Ok(Some(
                    self.described(&format!("SHOW CREATE DATABASE {INFORMATION_SCHEMA}")).await?,
                ));
            }
            _ => return Ok(None),
        };
        if !self.means_information_schema(database.as_deref()) {
            return Ok(None);
        }
        let mut set = self.described(&sql?).await?;
        if let ShowWhat::Tables { full, database } = &show.what {
            let pattern = show.like.as_ref().map(|like| format!(" ({like})")).unwrap_or_default();
            let name = database.as_deref().unwrap_or(INFORMATION_SCHEMA);
            if let [names, kinds] = set.columns.as_mut_slice() {
                names.0 = format!("Tables_in_{name}{pattern}");
                kinds.0 = "Table_type".to_owned();
            }
            if !full {
                set.columns.truncate(1);
                set.rows.iter_mut().for_each(|row| row.truncate(1));
            }
        }
        Ok(Some(set))
    }

    /// What any server answers to a statement about the servers themselves.
    pub(super) async fn described(&mut self, sql: &str) -> Result<ResultSet, Failure> {
        let mut lease = self.lease_any().await?;
        let answer = lease.connection.query(sql).await;
        self.release(lease);
        Ok(to_result(answer?))
    }
}
