//! ALTER CLUSTER, BACKUP CATALOG, CHECK CLUSTER, RESOLVE TRANS.

use super::administration::Admin;
use super::command::Command;
use super::cursor::Cursor;
use crate::RouterError;
use crate::lexer::TokenKind;

/// What follows ALTER CLUSTER.
pub(super) fn alter(c: &mut Cursor<'_>) -> Result<Command, RouterError> {
    let admin = if c.accept_all(&["ADD", "NODE"]) {
        let node = c.unsigned()?;
        c.expect("ADDRESS")?;
        c.accept_op("=");
        Admin::AddNode { node, address: c.string()? }
    } else if c.accept_all(&["REMOVE", "NODE"]) {
        Admin::RemoveNode { node: c.unsigned()? }
    } else if c.accept_all(&["PROMOTE", "NODE"]) {
        Admin::PromoteNode { node: c.unsigned()? }
    } else if c.accept_all(&["DEMOTE", "NODE"]) {
        Admin::DemoteNode { node: c.unsigned()? }
    } else if c.accept_all(&["DRAIN", "NODE"]) {
        Admin::DrainNode { node: c.unsigned()?, draining: true }
    } else if c.accept_all(&["UNDRAIN", "NODE"]) {
        Admin::DrainNode { node: c.unsigned()?, draining: false }
    } else if c.accept_all(&["TRANSFER", "LEADER", "TO", "NODE"]) {
        Admin::TransferLeader { to: c.unsigned()? }
    } else if c.accept("SET") {
        let name = c.name_or_string()?.to_ascii_lowercase();
        c.expect_op("=")?;
        Admin::SetSetting { name, value: value(c)? }
    } else if c.accept("RESET") {
        Admin::ResetSetting { name: c.name_or_string()?.to_ascii_lowercase() }
    } else {
        return Err(c.error());
    };
    c.finish()?;
    Ok(Command::Admin(admin))
}

/// What follows BACKUP CATALOG.
pub(super) fn backup(c: &mut Cursor<'_>) -> Result<Command, RouterError> {
    c.finish()?;
    Ok(Command::Admin(Admin::BackupCatalog))
}

/// What follows CHECK CLUSTER.
pub(super) fn check(c: &mut Cursor<'_>) -> Result<Command, RouterError> {
    c.finish()?;
    Ok(Command::Admin(Admin::CheckCluster))
}

/// What follows RESOLVE TRANS.
pub(super) fn resolve(c: &mut Cursor<'_>) -> Result<Command, RouterError> {
    let id = c.string()?;
    c.finish()?;
    Ok(Command::Admin(Admin::ResolveTransaction { id }))
}

/// A setting's value as text: a word, a string, a number.
fn value(c: &mut Cursor<'_>) -> Result<String, RouterError> {
    let sign = if c.accept_op("-") { "-" } else { "" };
    match c.peek().kind {
        TokenKind::Integer | TokenKind::Decimal => {
            let token = c.advance();
            Ok(format!("{sign}{}", String::from_utf8_lossy(c.bytes(token))))
        }
        _ if sign.is_empty() => c.name_or_string(),
        _ => Err(c.error()),
    }
}
