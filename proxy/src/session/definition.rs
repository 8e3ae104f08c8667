//! A table's definition as its server tells it: what CREATE or ALTER really made is read back, never assumed.

use ostrakon_catalog::column::{Column, ColumnType, Key};
use ostrakon_router::lexer::{self, SqlMode};
use ostrakon_router::parse::ddl::Ddl;

use super::collations::Collations;
use crate::backend::connection::Connection;
use crate::error::SqlError;

/// Columns and keys of a physical table (`quoted`: `` `db`.`table` ``).
pub async fn read(
    connection: &mut Connection,
    quoted: &str,
    mode: SqlMode,
    collations: &Collations,
) -> Result<(Vec<Column>, Vec<Key>), SqlError> {
    let answer = connection.query(&format!("SHOW CREATE TABLE {quoted}")).await?;
    let text = answer.text(0, 1);
    parse(&text, mode, collations)
}

/// Parses what SHOW CREATE TABLE printed. It does not depend on the session's sql_mode here: the connection's quoting is the default.
pub fn parse(
    text: &str,
    mode: SqlMode,
    collations: &Collations,
) -> Result<(Vec<Column>, Vec<Key>), SqlError> {
    let mode = SqlMode { server: mode.server, ..SqlMode::default() };
    let unreadable = |why: &str| {
        SqlError::other(format!("The table was made, but its definition cannot be read back ({why}): {text}"))
    };
    let tokens = lexer::tokenize(text.as_bytes(), mode).map_err(|e| unreadable(&e.message))?;
    let parsed = ostrakon_router::parse::parse_ddl(text.as_bytes(), &tokens, mode)
        .map_err(|e| unreadable(&e.message))?;
    let Some(Ddl::CreateTable(create)) = parsed else { return Err(unreadable("not a CREATE TABLE")) };
    let mut columns = create.columns;
    fill_charsets(&mut columns, create.charset.as_deref(), create.collation.as_deref(), collations);
    Ok((columns, create.keys))
}

/// Gives string columns that name no character set or collation those of their table or of the character set.
pub fn fill_charsets(
    columns: &mut [Column],
    table_charset: Option<&str>,
    table_collation: Option<&str>,
    collations: &Collations,
) {
    for column in columns {
        if let ColumnType::Char { charset, collation, .. }
        | ColumnType::VarChar { charset, collation, .. }
        | ColumnType::Text { charset, collation } = &mut column.data_type
        {
            if charset.is_none() && collation.is_none() {
                *charset = table_charset.map(str::to_owned);
                *collation = table_collation.map(str::to_owned);
            }
            if collation.is_none()
                && let Some(name) = charset.as_deref()
            {
                *collation = collations.default_of(name).map(str::to_owned);
            }
        }
    }
}
