//! The door of the flat parser: the first words choose the statement.

use super::command::Command;
use super::cursor::Cursor;
use super::{
    admin, cluster, explain, grant, guard, instance, job, prepared, sequence, set, show, table_lock,
    transaction, user,
};
use crate::RouterError;
use crate::lexer::{Keyword, SqlMode, Token, TokenKind};

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
    let first = c.peek();
    if first.kind != TokenKind::Word {
        return Ok(None);
    }
    // The frequent ones first: transaction control and SET are parsed again each time.
    let parse: fn(&mut Cursor<'_>) -> Result<Command, RouterError> = match Keyword::of(c.bytes(first)) {
        Keyword::Select
        | Keyword::Insert
        | Keyword::Replace
        | Keyword::Update
        | Keyword::Delete
        | Keyword::With
        | Keyword::Values
        | Keyword::Table => return Ok(None),
        Keyword::Set => set::parse,
        Keyword::Show => show::parse,
        Keyword::Begin => transaction::begin,
        Keyword::Start => transaction::start,
        Keyword::Commit => transaction::commit,
        Keyword::Rollback => transaction::rollback,
        Keyword::Savepoint => transaction::savepoint,
        Keyword::Release => transaction::release,
        Keyword::Use => admin::use_database,
        Keyword::Kill => admin::kill,
        Keyword::Explain => explain::parse,
        _ => return rare(c),
    };
    c.advance();
    parse(c).map(Some)
}

/// What is known by more than its first word, or seldom.
fn rare(c: &mut Cursor<'_>) -> Result<Option<Command>, RouterError> {
    if let Some(command) = job::parse(c)? {
        return Ok(Some(command));
    }
    if let Some(command) = sequence::parse(c)? {
        return Ok(Some(command));
    }
    if let Some(command) = explain::trace(c)? {
        return Ok(Some(command));
    }
    if let Some(command) = guard::alter(c)? {
        return Ok(Some(command));
    }
    if let Some(command) = prepared::parse(c)? {
        return Ok(Some(command));
    }
    if let Some(refused) = admin::refused(c) {
        return Ok(Some(refused));
    }
    if let Some(command) = table_lock::parse(c)? {
        return Ok(Some(command));
    }
    let command = if c.accept("FLUSH") {
        admin::flush(c)
    } else if let Some(command) = administration(c)? {
        command
    } else if is_keys_switch(*c) {
        Command::Nothing
    } else {
        return Ok(None);
    };
    Ok(Some(command))
}

/// Statements about the cluster itself.
fn administration(c: &mut Cursor<'_>) -> Result<Option<Command>, RouterError> {
    type Parse = fn(&mut Cursor<'_>) -> Result<Command, RouterError>;
    const STATEMENTS: [([&str; 2], Parse); 11] = [
        (["CREATE", "INSTANCE"], instance::create),
        (["ALTER", "INSTANCE"], instance::alter),
        (["DROP", "INSTANCE"], instance::drop),
        (["CREATE", "USER"], user::create),
        (["ALTER", "USER"], user::alter),
        (["DROP", "USER"], user::drop),
        (["RENAME", "USER"], user::rename),
        (["ALTER", "CLUSTER"], cluster::alter),
        (["BACKUP", "CATALOG"], cluster::backup),
        (["CHECK", "CLUSTER"], cluster::check),
        (["RESOLVE", "TRANS"], cluster::resolve),
    ];
    if c.accept("GRANT") {
        return grant::grant(c).map(Some);
    }
    if c.accept("REVOKE") {
        return grant::revoke(c).map(Some);
    }
    let found = STATEMENTS.iter().find(|(words, _)| c.accept_all(words));
    found.map(|(_, parse)| parse(c)).transpose()
}

/// `ALTER TABLE t DISABLE | ENABLE KEYS`, which dumps have around each table's rows: InnoDB does nothing for it.
fn is_keys_switch(mut c: Cursor<'_>) -> bool {
    c.accept_all(&["ALTER", "TABLE"])
        && c.object_name().is_ok()
        && c.accept_any(&["DISABLE", "ENABLE"])
        && c.accept("KEYS")
        && c.at_end()
}
