//! The door of the flat parser: the first words choose the statement.

use super::command::Command;
use super::cursor::Cursor;
use super::{admin, explain, set, show, transaction};
use crate::RouterError;
use crate::lexer::{SqlMode, Token};

/// Parses a flat statement: SET, SHOW, USE, transaction control, administration, and everything that is refused by name. `None`: it
/// is SELECT, DML, DDL or unknown, and the other parsers have the word.
///
/// # Errors
/// 1064 when a flat statement is malformed, 1065 when there is nothing but white space and comments.
pub fn parse_command(text: &[u8], tokens: &[Token], mode: SqlMode) -> Result<Option<Command>, RouterError> {
    let mut cursor = Cursor::new(text, tokens, mode);
    let c = &mut cursor;
    if c.at_end() {
        return Err(RouterError::new(1065, "42000", "Query was empty"));
    }
    if let Some(refused) = admin::refused(c) {
        return Ok(Some(refused));
    }
    let command = if c.accept("SET") {
        set::parse(c)?
    } else if c.accept("SHOW") {
        show::parse(c)?
    } else if c.accept("BEGIN") {
        transaction::begin(c)?
    } else if c.accept("START") {
        transaction::start(c)?
    } else if c.accept("COMMIT") {
        transaction::commit(c)?
    } else if c.accept("ROLLBACK") {
        transaction::rollback(c)?
    } else if c.accept("SAVEPOINT") {
        transaction::savepoint(c)?
    } else if c.accept("RELEASE") {
        transaction::release(c)?
    } else if c.accept("USE") {
        admin::use_database(c)?
    } else if c.accept("KILL") {
        admin::kill(c)?
    } else if c.accept_any(&["EXPLAIN", "DESCRIBE", "DESC"]) {
        explain::parse(c)?
    } else if c.accept("FLUSH") || c.accept_all(&["UNLOCK", "TABLES"]) || c.accept_all(&["UNLOCK", "TABLE"]) {
        admin::flush(c)
    } else if c.accept_all(&["CREATE", "INSTANCE"]) {
        admin::create_instance(c)?
    } else if c.accept_all(&["DROP", "INSTANCE"]) {
        admin::drop_instance(c)?
    } else if is_keys_switch(*c) {
        Command::Nothing
    } else {
        return Ok(None);
    };
    Ok(Some(command))
}

/// `ALTER TABLE t DISABLE | ENABLE KEYS`, which dumps have around each table's rows: InnoDB does nothing for it.
fn is_keys_switch(mut c: Cursor<'_>) -> bool {
    c.accept_all(&["ALTER", "TABLE"])
        && c.object_name().is_ok()
        && c.accept_any(&["DISABLE", "ENABLE"])
        && c.accept("KEYS")
        && c.at_end()
}
