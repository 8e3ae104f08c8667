//! CREATE, ALTER and DROP USER. Accounts are names: hosts other than '%', and what else an account of MySQL's has, are refused by name.

use super::administration::{Account, Admin, Secret};
use super::command::Command;
use super::cursor::Cursor;
use crate::RouterError;
use crate::lexer::{TokenKind, decode_identifier, decode_string};

/// Longest name of an account, in characters (MariaDB's limit; MySQL's is 32).
const NAME_CHARS_MAX: usize = 80;

/// What follows CREATE USER.
pub(super) fn create(c: &mut Cursor<'_>) -> Result<Command, RouterError> {
    let if_not_exists = c.accept_all(&["IF", "NOT", "EXISTS"]);
    account(c, "CREATE USER", |account| Admin::CreateUser { account, if_not_exists })
}

/// What follows ALTER USER.
pub(super) fn alter(c: &mut Cursor<'_>) -> Result<Command, RouterError> {
    let if_exists = c.accept_all(&["IF", "EXISTS"]);
    account(c, "ALTER USER", |account| Admin::AlterUser { account, if_exists })
}

/// What follows DROP USER.
pub(super) fn drop(c: &mut Cursor<'_>) -> Result<Command, RouterError> {
    let if_exists = c.accept_all(&["IF", "EXISTS"]);
    let mut names = Vec::new();
    loop {
        names.push(name(c)?);
        if !c.accept_op(",") {
            break;
        }
    }
    c.finish()?;
    Ok(Command::Admin(Admin::DropUser { names, if_exists }))
}

/// `name[@'%'] IDENTIFIED [WITH | VIA plugin] BY 'password'`.
fn account(
    c: &mut Cursor<'_>,
    statement: &str,
    make: impl FnOnce(Account) -> Admin,
) -> Result<Command, RouterError> {
    let name = name(c)?;
    let refused = |what: &str| Ok(Command::Refused(format!("{statement} with {what}")));
    if c.is_op(",") {
        return refused("several accounts: one statement for each");
    }
    if c.at_end() {
        return refused("no password: say IDENTIFIED BY '...'");
    }
    if !c.accept("IDENTIFIED") {
        return match c.peek().kind {
            TokenKind::Word => {
                let word = String::from_utf8_lossy(c.bytes(c.peek())).to_ascii_uppercase();
                refused(&word)
            }
            _ => Err(c.error()),
        };
    }
    let mut plugin = None;
    if c.accept_any(&["WITH", "VIA"]) {
        plugin = Some(c.name_or_string()?.to_ascii_lowercase());
    }
    if c.is_any(&["AS", "USING"]) || c.are(&["BY", "PASSWORD"]) {
        return refused("a password's hash: give the password itself by BY '...'");
    }
    if c.are(&["BY", "RANDOM"]) {
        return refused("a random password");
    }
    if c.at_end() {
        return refused("no password: say BY '...' after the plugin");
    }
    c.expect("BY")?;
    let password = Secret(c.string()?);
    if !c.at_end() {
        return match c.peek().kind {
            TokenKind::Word => {
                let word = String::from_utf8_lossy(c.bytes(c.peek())).to_ascii_uppercase();
                refused(&format!("{word} after the password"))
            }
            _ if c.is_op(",") => refused("several accounts: one statement for each"),
            _ => Err(c.error()),
        };
    }
    Ok(Command::Admin(make(Account { name, plugin, password })))
}

/// `name`, `'name'@'%'`.
fn name(c: &mut Cursor<'_>) -> Result<String, RouterError> {
    let at = *c;
    let name = c.name_or_string()?;
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
        return Err(match name.is_empty() {
            true => at.error(),
            false => RouterError::new(
                1470,
                "HY000",
                format!(
                    "String '{name}' is too long for user name (should be no longer than {NAME_CHARS_MAX})"
                ),
            ),
        });
    }
    let host = if c.peek().kind == TokenKind::UserVariable {
        let token = c.advance();
        let raw = c.bytes(token).get(1..).unwrap_or_default();
        let host = match raw.first() {
            Some(b'`') => decode_identifier(raw).into_owned(),
            Some(b'\'' | b'"') => String::from_utf8_lossy(&decode_string(raw, c.mode())).into_owned(),
            _ => String::from_utf8_lossy(raw).into_owned(),
        };
        Some(host)
    } else if c.accept_op("@") {
        // With a space after it, or `@%`, which is no name.
        Some(if c.accept_op("%") { "%".to_owned() } else { c.name_or_string()? })
    } else {
        None
    };
    match host {
        Some(host) if host != "%" => Err(RouterError::not_supported(format_args!(
            "accounts for a host ('{name}'@'{host}'): an account is for all hosts, '{name}'@'%'"
        ))),
        _ => Ok(name),
    }
}
