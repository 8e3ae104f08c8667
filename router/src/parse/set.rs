//! SET in all its forms: variables, user variables, NAMES, CHARACTER SET, TRANSACTION.

use super::command::{Assignment, Command, Isolation, SetValue, TransactionScope};
use super::cursor::Cursor;
use super::user;
use crate::RouterError;
use crate::lexer::{TokenKind, decode_identifier, decode_string};

/// Where `name = value` goes. A GLOBAL or SESSION holds for all assignments of that form after it (tried: MariaDB 10.11).
#[derive(Clone, Copy, PartialEq)]
enum Scope {
    Session,
    Global,
}

/// Parses what follows SET.
pub(super) fn parse(c: &mut Cursor<'_>) -> Result<Command, RouterError> {
    if c.is("PASSWORD") && (c.word_ahead(1, "FOR") || c.op_ahead(1, "=") || c.op_ahead(1, ":=")) {
        c.advance();
        return user::password(c);
    }
    if let Some(refused) = refused(c) {
        return Ok(Command::Refused(refused.into()));
    }
    if let Some(transaction) = transaction(c)? {
        return Ok(transaction);
    }
    let mut scope = Scope::Session;
    let mut assignments = vec![assignment(c, &mut scope)?];
    while c.accept_op(",") {
        assignments.push(assignment(c, &mut scope)?);
    }
    c.finish()?;
    Ok(Command::Set(assignments))
}

fn refused(c: &Cursor<'_>) -> Option<&'static str> {
    let assigned = c.op_ahead(1, "=") || c.op_ahead(1, ":=");
    if assigned {
        return None;
    }
    if c.are(&["DEFAULT", "ROLE"]) {
        Some("SET DEFAULT ROLE")
    } else if c.is("ROLE") {
        Some("SET ROLE")
    } else if c.are(&["RESOURCE", "GROUP"]) {
        Some("SET RESOURCE GROUP")
    } else if c.is("STATEMENT") {
        Some("SET STATEMENT")
    } else {
        None
    }
}

/// `[SESSION | LOCAL | GLOBAL] TRANSACTION ...`
fn transaction(c: &mut Cursor<'_>) -> Result<Option<Command>, RouterError> {
    let (scope, words) = if c.are(&["GLOBAL", "TRANSACTION"]) {
        (TransactionScope::Global, 2)
    } else if c.are(&["SESSION", "TRANSACTION"]) || c.are(&["LOCAL", "TRANSACTION"]) {
        (TransactionScope::Session, 2)
    } else if c.is("TRANSACTION") && !c.op_ahead(1, "=") {
        (TransactionScope::Next, 1)
    } else {
        return Ok(None);
    };
    for _ in 0..words {
        c.advance();
    }
    let (mut isolation, mut read_only) = (None, None);
    loop {
        if isolation.is_none() && c.accept_all(&["ISOLATION", "LEVEL"]) {
            isolation = Some(isolation_level(c)?);
        } else if read_only.is_none() && c.accept_all(&["READ", "ONLY"]) {
            read_only = Some(true);
        } else if read_only.is_none() && c.accept_all(&["READ", "WRITE"]) {
            read_only = Some(false);
        } else {
            return Err(c.error());
        }
        if !c.accept_op(",") {
            break;
        }
    }
    c.finish()?;
    Ok(Some(Command::SetTransaction { scope, isolation, read_only }))
}

fn isolation_level(c: &mut Cursor<'_>) -> Result<Isolation, RouterError> {
    if c.accept_all(&["READ", "UNCOMMITTED"]) {
        Ok(Isolation::ReadUncommitted)
    } else if c.accept_all(&["READ", "COMMITTED"]) {
        Ok(Isolation::ReadCommitted)
    } else if c.accept_all(&["REPEATABLE", "READ"]) {
        Ok(Isolation::RepeatableRead)
    } else if c.accept("SERIALIZABLE") {
        Ok(Isolation::Serializable)
    } else {
        Err(c.error())
    }
}

fn assignment(c: &mut Cursor<'_>, scope: &mut Scope) -> Result<Assignment, RouterError> {
    match c.peek().kind {
        TokenKind::UserVariable => return user_variable(c),
        TokenKind::SystemVariable => return system_variable(c),
        _ => {}
    }
    if c.is("NAMES") {
        c.advance();
        return names(c);
    }
    let charset = !is_assigned(c) && c.accept("CHARSET");
    if charset || c.accept_all(&["CHARACTER", "SET"]) || c.accept_all(&["CHAR", "SET"]) {
        return Ok(Assignment::CharacterSet(name_or_default(c)?));
    }
    // A word followed by `=` is a variable, whatever its name.
    if !is_assigned(c) {
        if c.accept_any(&["GLOBAL", "PERSIST", "PERSIST_ONLY"]) {
            *scope = Scope::Global;
        } else if c.accept_any(&["SESSION", "LOCAL"]) {
            *scope = Scope::Session;
        }
    }
    let mut name = c.name()?.to_lowercase();
    if c.accept_op(".") {
        name = format!("{name}.{}", c.name()?.to_lowercase());
    }
    let value = value(c)?;
    Ok(scoped(*scope, name, value))
}

fn is_assigned(c: &Cursor<'_>) -> bool {
    c.op_ahead(1, "=") || c.op_ahead(1, ":=")
}

fn scoped(scope: Scope, name: String, value: SetValue) -> Assignment {
    match scope {
        Scope::Session => Assignment::Session { name, value },
        Scope::Global => Assignment::Global { name, value },
    }
}

/// `NAMES x [COLLATE y]`, `NAMES DEFAULT`.
fn names(c: &mut Cursor<'_>) -> Result<Assignment, RouterError> {
    let charset = name_or_default(c)?;
    let collation = if c.accept("COLLATE") { name_or_default(c)? } else { None };
    Ok(Assignment::Names { charset, collation })
}

fn name_or_default(c: &mut Cursor<'_>) -> Result<Option<String>, RouterError> {
    if c.accept("DEFAULT") {
        return Ok(None);
    }
    c.name_or_string().map(|name| Some(name.to_lowercase()))
}

/// The name in `@name`, `` @`name` ``, `@'name'`, lower case.
fn user_variable(c: &mut Cursor<'_>) -> Result<Assignment, RouterError> {
    let before = *c;
    let token = c.advance();
    let raw = c.bytes(token).get(1..).unwrap_or_default();
    let name = match raw.first() {
        Some(b'\'' | b'"') => String::from_utf8(decode_string(raw, c.mode()).into_owned()),
        _ => Ok(decode_identifier(raw).into_owned()),
    };
    let name = name.map_err(|_| before.error())?.to_lowercase();
    Ok(Assignment::User { name, value: value(c)? })
}

/// `@@session.name`, `@@global.name`, and `@@name`, which is the session's whatever was said before (tried: MariaDB 10.11).
fn system_variable(c: &mut Cursor<'_>) -> Result<Assignment, RouterError> {
    let before = *c;
    let token = c.advance();
    let raw = std::str::from_utf8(c.bytes(token)).map_err(|_| before.error())?;
    let name = raw.get(2..).unwrap_or_default().replace('`', "").to_lowercase();
    let (scope, name) = match name.split_once('.') {
        Some(("session" | "local", name)) => (Scope::Session, name.to_owned()),
        Some(("global" | "persist" | "persist_only", name)) => (Scope::Global, name.to_owned()),
        _ => (Scope::Session, name),
    };
    if name.is_empty() {
        return Err(before.error());
    }
    Ok(scoped(scope, name, value(c)?))
}

/// `= expression`, up to a comma of the top level.
fn value(c: &mut Cursor<'_>) -> Result<SetValue, RouterError> {
    if !c.accept_op("=") {
        c.expect_op(":=")?;
    }
    let before = *c;
    let range = c.skip_expression();
    if range.is_empty() || c.is_op(")") {
        return Err(c.error());
    }
    if before.is("DEFAULT") && c.last_end() == before.peek().end as usize {
        return Ok(SetValue::Default);
    }
    Ok(SetValue::Expression(c.code(&range)?))
}
