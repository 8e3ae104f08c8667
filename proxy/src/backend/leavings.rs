//! What is made in a server's system schema for a while, and may be left there by who was killed. Its names have the connection's number, so what lost
//! connections have left is known.

use ostrakon_router::sharding::topology::quote;

use super::connection::Connection;
pub use crate::commit::system_schema::SCHEMA;
use crate::error::SqlError;

/// What the names of views for table locks begin with.
pub const LOCKS: &str = "lock_";
/// What the names of tables begin with whose columns are those of views.
pub const COLUMNS: &str = "columns_";

/// The name of a connection's `number`-th.
pub fn name(kind: &str, connection: u32, number: usize) -> String {
    format!("{kind}{connection}_{number}")
}

/// With the schema.
pub fn quoted(name: &str) -> String {
    format!("`{SCHEMA}`.{}", quote(name))
}

/// The names of those whose connections are gone.
pub async fn deserted(connection: &mut Connection, kind: &str) -> Result<Vec<String>, SqlError> {
    let sql = format!(
        "SELECT t.TABLE_NAME FROM information_schema.TABLES t WHERE t.TABLE_SCHEMA = '{SCHEMA}' AND t.TABLE_NAME LIKE '{kind}%' \
         AND NOT EXISTS (SELECT 1 FROM information_schema.PROCESSLIST p WHERE t.TABLE_NAME LIKE CONCAT('{kind}', p.ID, '|_%') ESCAPE '|')"
    );
    let answer = connection.query(&sql).await?;
    Ok((0..answer.rows.len()).map(|row| answer.text(row, 0)).collect())
}

pub async fn drop_views(connection: &mut Connection, names: &[String]) -> Result<(), SqlError> {
    drop_all(connection, "VIEW", names).await
}

pub async fn drop_tables(connection: &mut Connection, names: &[String]) -> Result<(), SqlError> {
    drop_all(connection, "TABLE", names).await
}

async fn drop_all(connection: &mut Connection, what: &str, names: &[String]) -> Result<(), SqlError> {
    if names.is_empty() {
        return Ok(());
    }
    let names: Vec<String> = names.iter().map(|name| quoted(name)).collect();
    connection.query(&format!("DROP {what} IF EXISTS {}", names.join(", "))).await.map(|_| ())
}
