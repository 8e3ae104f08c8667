//! GRANT and REVOKE of privileges on everything, a database or a table.

use ostrakon_catalog::privilege::Privileges;

use super::account::{options, specs, whom};
use super::administration::{Admin, GrantLevel, Granted};
use super::command::Command;
use super::cursor::Cursor;
use crate::RouterError;
use crate::lexer::TokenKind;
use crate::privilege::named;

/// What follows GRANT.
pub(super) fn grant(c: &mut Cursor<'_>) -> Result<Command, RouterError> {
    let granted = privileges(c, "GRANT")?;
    if c.is("TO") {
        return Err(roles());
    }
    c.expect("ON")?;
    let level = level(c)?;
    c.expect("TO")?;
    let accounts = specs(c)?;
    let mut with_grant_option = false;
    let options = options(c, Some(&mut with_grant_option))?;
    if c.is("AS") {
        return Err(RouterError::not_supported("GRANT ... AS another account"));
    }
    c.finish()?;
    let mut granted = granted;
    if with_grant_option {
        granted.set = granted.set | Privileges::GRANT_OPTION;
    }
    Ok(Command::Admin(Admin::Grant { granted, level, accounts, options }))
}

/// What follows REVOKE.
pub(super) fn revoke(c: &mut Cursor<'_>) -> Result<Command, RouterError> {
    let if_exists = c.accept_all(&["IF", "EXISTS"]);
    let granted = privileges(c, "REVOKE")?;
    let level = if c.accept("ON") { Some(level(c)?) } else { None };
    c.expect("FROM")?;
    let mut accounts = vec![whom(c)?];
    while c.accept_op(",") {
        accounts.push(whom(c)?);
    }
    let ignores_unknown = c.accept_all(&["IGNORE", "UNKNOWN", "USER"]);
    c.finish()?;
    match level {
        Some(level) => {
            Ok(Command::Admin(Admin::Revoke { granted, level, accounts, if_exists, ignores_unknown }))
        }
        None if granted.all && granted.set == Privileges::GRANT_OPTION => {
            Ok(Command::Admin(Admin::RevokeAll { accounts, ignores_unknown }))
        }
        None => Err(RouterError::syntax("REVOKE without ON takes ALL PRIVILEGES, GRANT OPTION")),
    }
}

fn roles() -> RouterError {
    RouterError::not_supported("roles; grant privileges to the accounts")
}

/// The list of privileges, up to ON, TO or FROM.
fn privileges(c: &mut Cursor<'_>, statement: &str) -> Result<Granted, RouterError> {
    let mut granted = Granted::default();
    let start = *c;
    loop {
        let before = *c;
        let mut words: Vec<String> = Vec::new();
        while c.peek().kind == TokenKind::Word && !c.is_any(&["ON", "TO", "FROM"]) {
            let token = c.advance();
            words.push(String::from_utf8_lossy(c.bytes(token)).to_ascii_uppercase());
        }
        let name = words.join(" ");
        match (name.as_str(), named(&name)) {
            ("ALL" | "ALL PRIVILEGES", _) => granted.all = true,
            ("USAGE", _) => {}
            ("PROXY", _) => return Err(RouterError::not_supported(format_args!("{statement} PROXY"))),
            (_, Some(Privileges::NONE)) => granted.without_meaning.push(name),
            (_, Some(privilege)) => granted.set = granted.set | privilege,
            // The name of a role is one word, or a string, perhaps with a host; a list of privileges has an ON behind it.
            (_, None) => return Err(if is_of_roles(start) { roles() } else { before.error() }),
        }
        if c.is_op("(") {
            return Err(RouterError::not_supported(format_args!(
                "{statement} of privileges on columns; grant them on the table, or make a view"
            )));
        }
        if !c.accept_op(",") {
            return Ok(granted);
        }
    }
}

/// No ON stands in it: it grants roles.
fn is_of_roles(mut c: Cursor<'_>) -> bool {
    while !c.at_end() {
        if c.is("ON") {
            return false;
        }
        c.advance();
    }
    true
}

/// `*.*`, `*`, `db.*`, `db.t`, `t`.
fn level(c: &mut Cursor<'_>) -> Result<GrantLevel, RouterError> {
    if let Some(word) = ["FUNCTION", "PROCEDURE", "PACKAGE", "LIBRARY"].iter().find(|word| c.is(word))
        && !c.op_ahead(1, ".")
    {
        return Err(RouterError::not_supported(format_args!("privileges on a {word}")));
    }
    if c.is("TABLE") && !c.op_ahead(1, ".") {
        c.advance();
    }
    if c.accept_op("*") {
        if !c.accept_op(".") {
            return Ok(GrantLevel::CurrentDatabase);
        }
        c.expect_op("*")?;
        return Ok(GrantLevel::Everything);
    }
    let first = c.name()?;
    if !c.accept_op(".") {
        return Ok(GrantLevel::Table { database: None, table: first });
    }
    if c.accept_op("*") {
        return Ok(GrantLevel::Database(first));
    }
    Ok(GrantLevel::Table { database: Some(first), table: c.name()? })
}
