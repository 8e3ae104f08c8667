//! Transaction control: BEGIN, START TRANSACTION, COMMIT, ROLLBACK, savepoints.

use super::command::Command;
use super::cursor::Cursor;
use crate::RouterError;

/// What follows BEGIN.
pub(super) fn begin(c: &mut Cursor<'_>) -> Result<Command, RouterError> {
    if c.is("NOT") {
        return Ok(Command::Refused("BEGIN NOT ATOMIC".into()));
    }
    c.accept("WORK");
    c.finish()?;
    Ok(Command::Begin { read_only: None, consistent_snapshot: false })
}

/// What follows START.
pub(super) fn start(c: &mut Cursor<'_>) -> Result<Command, RouterError> {
    if !c.accept("TRANSACTION") {
        let what = if c.is_name() { c.name()?.to_uppercase() } else { return Err(c.error()) };
        return Ok(Command::Refused(format!("START {what}")));
    }
    let (mut read_only, mut consistent_snapshot) = (None, false);
    if !c.at_end() {
        loop {
            if c.accept_all(&["WITH", "CONSISTENT", "SNAPSHOT"]) {
                consistent_snapshot = true;
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
    }
    c.finish()?;
    Ok(Command::Begin { read_only, consistent_snapshot })
}

/// What follows COMMIT.
pub(super) fn commit(c: &mut Cursor<'_>) -> Result<Command, RouterError> {
    c.accept("WORK");
    let (chain, release) = completion(c)?;
    Ok(Command::Commit { chain, release })
}

/// What follows ROLLBACK.
pub(super) fn rollback(c: &mut Cursor<'_>) -> Result<Command, RouterError> {
    if c.is("DDL") {
        return super::job::rollback(c);
    }
    c.accept("WORK");
    if c.accept("TO") {
        // `TO SAVEPOINT x`, and `TO x` where x may be called savepoint.
        if c.is("SAVEPOINT") && c.ahead(1).kind != crate::lexer::TokenKind::End {
            c.advance();
        }
        let name = c.name()?;
        c.finish()?;
        return Ok(Command::RollbackTo(name));
    }
    let (chain, release) = completion(c)?;
    Ok(Command::Rollback { chain, release })
}

/// `[AND [NO] CHAIN] [[NO] RELEASE]`
fn completion(c: &mut Cursor<'_>) -> Result<(bool, bool), RouterError> {
    let mut chain = false;
    if c.accept("AND") {
        chain = !c.accept("NO");
        c.expect("CHAIN")?;
    }
    let mut release = false;
    if !c.at_end() {
        release = !c.accept("NO");
        c.expect("RELEASE")?;
    }
    if chain && release {
        return Err(c.error());
    }
    c.finish()?;
    Ok((chain, release))
}

/// What follows SAVEPOINT.
pub(super) fn savepoint(c: &mut Cursor<'_>) -> Result<Command, RouterError> {
    let name = c.name()?;
    c.finish()?;
    Ok(Command::Savepoint(name))
}

/// What follows RELEASE.
pub(super) fn release(c: &mut Cursor<'_>) -> Result<Command, RouterError> {
    c.expect("SAVEPOINT")?;
    let name = c.name()?;
    c.finish()?;
    Ok(Command::ReleaseSavepoint(name))
}
