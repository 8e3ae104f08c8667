//! KILL, USE, FLUSH, DO, and the statements of MySQL's that are refused by name.

use super::command::Command;
use super::cursor::Cursor;
use super::explain::rest;
use crate::RouterError;
use crate::lexer::TokenKind;

/// Statements told by their first words that this version refuses. Longer forms stand before shorter ones.
const REFUSED: &[&[&str]] = &[
    &["LOCK", "INSTANCE"],
    &["UNLOCK", "INSTANCE"],
    &["XA"],
    &["LOAD", "XML"],
    &["LOAD", "INDEX"],
    &["CALL"],
    &["HANDLER"],
    &["ANALYZE"],
    &["OPTIMIZE"],
    &["CHECK", "GLOBAL"],
    &["CHECK", "VIEW"],
    &["REPAIR"],
    &["CHECKSUM"],
    &["RESET"],
    &["PURGE"],
    &["INSTALL"],
    &["UNINSTALL"],
    &["SHUTDOWN"],
    &["RESTART"],
    &["BACKUP", "DATABASE"],
    &["BACKUP", "TABLE"],
    &["BACKUP", "LOCK"],
    &["BACKUP", "UNLOCK"],
    &["BACKUP", "STAGE"],
    &["BACKUP", "TO"],
    &["CLONE"],
    &["IMPORT", "TABLE"],
    &["HELP"],
    &["SIGNAL"],
    &["RESIGNAL"],
    &["GET", "DIAGNOSTICS"],
    &["GET", "CURRENT"],
    &["GET", "STACKED"],
    &["CHANGE"],
    &["STOP"],
    &["BINLOG"],
    &["CACHE", "INDEX"],
    &["CLEAR"],
    &["INSPECT"],
    &["CONVERT"],
    &["RECOVER"],
    &["CANCEL"],
    &["FLASHBACK"],
    &["MOVE"],
    &["REBALANCE"],
    &["REFRESH"],
    &["RELOAD"],
    &["ALTER", "DATABASE"],
    &["ALTER", "SCHEMA"],
    &["CREATE", "OR", "REPLACE", "TEMPORARY", "TABLE"],
    &["CREATE", "SHADOW", "TABLE"],
    &["CREATE", "OR", "REPLACE", "TABLE"],
];

/// Objects whose CREATE, ALTER and DROP are refused.
const OBJECTS: &[&str] = &[
    "ROLE",
    "PROCEDURE",
    "FUNCTION",
    "TRIGGER",
    "EVENT",
    "SEQUENCE",
    "PACKAGE",
    "SERVER",
    "TABLESPACE",
    "LOGFILE",
    "UNDO",
    "LIBRARY",
    "RESOURCE",
    "SPATIAL",
];

/// The statement, when it is one that is refused by its first words.
pub(super) fn refused(c: &Cursor<'_>) -> Option<Command> {
    if c.is("DO") {
        return Some(evaluated(*c));
    }
    if let Some(words) = REFUSED.iter().find(|words| c.are(words)) {
        return Some(Command::Refused(words.join(" ")));
    }
    let verb = ["CREATE", "ALTER", "DROP"].iter().find(|verb| c.is(verb))?;
    let object = refused_object(*c)?;
    Some(Command::Refused(format!("{verb} {object}")))
}

/// `DO expression`: any server evaluates it, unless it is for its effect on a connection, which is shared.
fn evaluated(mut c: Cursor<'_>) -> Command {
    /// The session's own values, which a server does not know here.
    const OF_THE_SESSION: &[&str] = &["LAST_INSERT_ID", "ROW_COUNT", "FOUND_ROWS"];
    /// Named locks, which one connection has.
    const LOCKS: &[&str] = &["GET_LOCK", "RELEASE_LOCK", "RELEASE_ALL_LOCKS", "IS_FREE_LOCK", "IS_USED_LOCK"];
    let mut start = c;
    start.advance();
    let query = rest(&mut start);
    let mut is_planned = false;
    while !c.at_end() {
        if let Some(word) = OF_THE_SESSION.iter().find(|word| c.is(word)) {
            return Command::Refused(format!("{word} in DO"));
        }
        if c.is_op(":=") {
            return Command::Refused("an assignment to a user variable in DO; use SET".to_owned());
        }
        is_planned |= c.is("SELECT") || LOCKS.iter().any(|word| c.is(word));
        c.advance();
    }
    if is_planned { Command::Evaluate(query) } else { Command::ShowPassed }
}

/// The kind of object after CREATE, ALTER or DROP, past `OR REPLACE`, `DEFINER = ...`, `SQL SECURITY ...`, `AGGREGATE`.
fn refused_object(mut c: Cursor<'_>) -> Option<&'static str> {
    c.advance();
    // A spatial index is an index; a spatial reference system is not ours.
    if c.are(&["SPATIAL", "INDEX"]) || c.are(&["SPATIAL", "KEY"]) {
        return None;
    }
    for _ in 0..24 {
        if let Some(object) = OBJECTS.iter().find(|object| c.is(object)) {
            return Some(object);
        }
        let modifier =
            ["OR", "REPLACE", "DEFINER", "SQL", "SECURITY", "INVOKER", "AGGREGATE", "ALGORITHM", "UNDEFINED"];
        let value = [
            "MERGE",
            "TEMPTABLE",
            "CURRENT_USER",
            "CURRENT_ROLE",
            "PUBLIC",
            "TEMPORARY",
            "IF",
            "NOT",
            "EXISTS",
        ];
        let token = c.peek();
        // Names and punctuation of DEFINER = user@host.
        let definer =
            matches!(token.kind, TokenKind::String | TokenKind::QuotedIdent | TokenKind::UserVariable)
                || c.is_op("=")
                || c.is_op("@")
                || c.is_op("(")
                || c.is_op(")")
                || c.previous().is_some_and(|before| c.bytes(before) == b"=");
        if !c.is_any(&modifier) && !c.is_any(&value) && !definer {
            return None;
        }
        c.advance();
    }
    None
}

/// What follows USE.
pub(super) fn use_database(c: &mut Cursor<'_>) -> Result<Command, RouterError> {
    let name = c.name()?;
    c.finish()?;
    Ok(Command::Use(name))
}

/// What follows KILL: `[CONNECTION | QUERY] id`; the other forms are refused.
pub(super) fn kill(c: &mut Cursor<'_>) -> Result<Command, RouterError> {
    let query = c.accept("QUERY");
    if !query {
        c.accept("CONNECTION");
    }
    if c.peek().kind != TokenKind::Integer || c.ahead(1).kind != TokenKind::End {
        return Ok(Command::Refused("KILL of anything but a connection's number".into()));
    }
    let id = c.unsigned()?;
    Ok(Command::Kill { query, id })
}

/// FLUSH: nothing to do here but for HOSTS, and a FLUSH that locks is refused, because the lock would be believed.
pub(super) fn flush(c: &mut Cursor<'_>) -> Command {
    let mut words = *c;
    while !words.at_end() {
        if words.are(&["WITH", "READ", "LOCK"]) || words.are(&["FOR", "EXPORT"]) {
            return Command::Refused("FLUSH TABLES ... WITH READ LOCK".into());
        }
        words.advance();
    }
    if flushes_hosts(*c) { Command::FlushHosts } else { Command::Nothing }
}

/// `HOSTS` among what FLUSH lists; not a table of that name.
fn flushes_hosts(mut c: Cursor<'_>) -> bool {
    if !c.accept("LOCAL") {
        c.accept("NO_WRITE_TO_BINLOG");
    }
    if c.are(&["TABLES"]) || c.are(&["TABLE"]) {
        return false;
    }
    while !c.at_end() {
        if c.accept("HOSTS") {
            return true;
        }
        c.advance();
    }
    false
}
