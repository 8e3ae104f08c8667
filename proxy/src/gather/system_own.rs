//! Rows of system tables that the node has itself: its clients, and variables as SHOW shows them.

use ostrakon_router::plan::{INFORMATION_SCHEMA, SystemRows, SystemSource};

use super::load::LoadColumn;
use super::system::Row;
use crate::session::show::sessions::Listed;
use crate::session::{Failure, Session};

/// Bytes of a variable's value that the servers' tables of variables hold: performance_schema's, and MariaDB's in information_schema.
const VALUE_MAX: [usize; 2] = [1024, 2048];

impl Session {
    /// Rows of a source with these columns; none where they are not the node's affair.
    pub(super) async fn own_rows(
        &mut self,
        source: &SystemSource,
        columns: &[LoadColumn],
    ) -> Result<Vec<Row>, Failure> {
        match source.system.rows {
            SystemRows::Sessions => {
                let row = |listed: &Listed| columns.iter().map(|column| cell(listed, &column.name)).collect();
                Ok(self.listed_sessions().iter().map(row).collect())
            }
            SystemRows::Variables { global } => {
                let is_old = source.system.schema == INFORMATION_SCHEMA;
                let set = self.variables(global).await?;
                Ok(set.rows.into_iter().map(|row| variable(row, is_old)).collect())
            }
            SystemRows::Databases | SystemRows::Tables | SystemRows::Nothing | SystemRows::Server => {
                Ok(Vec::new())
            }
        }
    }
}

/// What PROCESSLIST of either family says of a client. Columns that count what a server does are 0.
fn cell(listed: &Listed, column: &str) -> Option<Vec<u8>> {
    let text = |text: &str| Some(text.as_bytes().to_vec());
    let number = |number: u64| Some(number.to_string().into_bytes());
    match column.to_ascii_uppercase().as_str() {
        "ID" => number(u64::from(listed.id)),
        "USER" => text(&listed.user),
        "HOST" => text(&listed.host),
        "DB" => listed.database.as_deref().and_then(text),
        "COMMAND" => text(listed.command),
        "TIME" => number(listed.seconds()),
        "STATE" => text(""),
        "INFO" | "INFO_BINARY" => listed.statement.as_deref().and_then(text),
        "TIME_MS" => {
            let microseconds = listed.microseconds;
            text(&format!("{}.{:03}", microseconds / 1000, microseconds % 1000))
        }
        // Of the engine of a server.
        "EXECUTION_ENGINE" => text("PRIMARY"),
        _ => number(0),
    }
}

/// A row of SHOW VARIABLES, as a table has it. `is_old`: names in upper case, as in information_schema.
fn variable(mut row: Row, is_old: bool) -> Row {
    if is_old && let Some(Some(name)) = row.first_mut() {
        name.make_ascii_uppercase();
    }
    let most = if is_old { VALUE_MAX[1] } else { VALUE_MAX[0] };
    if let Some(Some(value)) = row.get_mut(1)
        && value.len() > most
    {
        let end = (0..=most).rev().find(|end| std::str::from_utf8(&value[..*end]).is_ok()).unwrap_or(0);
        value.truncate(end);
    }
    row
}
