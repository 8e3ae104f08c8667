//! CREATE, ALTER and DROP INSTANCE.

use ostrakon_catalog::schema::InstanceTls;

use super::administration::{Admin, InstanceChange, Secret};
use super::command::Command;
use super::cursor::Cursor;
use crate::RouterError;

/// What follows CREATE INSTANCE: `name HOST='h' PORT=n USER='u' PASSWORD='p' TLS=mode`, in any order, with commas or without.
pub(super) fn create(c: &mut Cursor<'_>) -> Result<Command, RouterError> {
    let name = c.name_or_string()?;
    let change = properties(c)?;
    let host = change.host.ok_or_else(|| RouterError::syntax("CREATE INSTANCE needs HOST = '...'"))?;
    Ok(Command::Admin(Admin::CreateInstance {
        name,
        host,
        port: change.port.unwrap_or(3306),
        user: change.user.unwrap_or_else(|| "root".into()),
        password: change.password.unwrap_or_default(),
        tls: change.tls,
    }))
}

/// What follows ALTER INSTANCE: the same properties, or DRAIN, or UNDRAIN. MySQL's own ALTER INSTANCE statements are about a server's keys and
/// logs.
pub(super) fn alter(c: &mut Cursor<'_>) -> Result<Command, RouterError> {
    for words in [&["ROTATE"][..], &["RELOAD", "TLS"], &["RELOAD", "KEYRING"], &["ENABLE"], &["DISABLE"]] {
        if c.are(words) {
            return Ok(Command::Refused(format!("ALTER INSTANCE {}", words.join(" "))));
        }
    }
    let name = c.name_or_string()?;
    let draining = match (c.accept("DRAIN"), c.accept("UNDRAIN")) {
        (true, false) => Some(true),
        (false, true) => Some(false),
        _ => None,
    };
    let change = match draining {
        Some(_) => InstanceChange { draining, ..InstanceChange::default() },
        None => properties(c)?,
    };
    if change == InstanceChange::default() {
        return Err(c.error());
    }
    c.finish()?;
    Ok(Command::Admin(Admin::AlterInstance { name, change }))
}

/// What follows DROP INSTANCE.
pub(super) fn drop(c: &mut Cursor<'_>) -> Result<Command, RouterError> {
    let name = c.name_or_string()?;
    c.finish()?;
    Ok(Command::Admin(Admin::DropInstance { name }))
}

fn properties(c: &mut Cursor<'_>) -> Result<InstanceChange, RouterError> {
    let mut change = InstanceChange::default();
    while !c.at_end() {
        c.accept_op(",");
        if c.accept("HOST") {
            set(c, &mut change.host)?;
        } else if c.accept("USER") {
            set(c, &mut change.user)?;
        } else if c.accept("PASSWORD") {
            let mut text = change.password.take().map(|secret| secret.0);
            set(c, &mut text)?;
            change.password = text.map(Secret);
        } else if change.port.is_none() && c.accept("PORT") {
            c.accept_op("=");
            change.port = Some(c.small::<u16>()?);
        } else if change.tls.is_none() && c.accept("TLS") {
            c.accept_op("=");
            let mode = c.name_or_string()?;
            let known = InstanceTls::ALL.into_iter().find(|tls| mode.eq_ignore_ascii_case(tls.name()));
            change.tls = Some(known.ok_or_else(|| {
                RouterError::syntax(format!(
                    "TLS is DISABLED, REQUIRED, VERIFY_CA or VERIFY_IDENTITY, not '{mode}'"
                ))
            })?);
        } else {
            return Err(c.error());
        }
    }
    Ok(change)
}

/// Each property once.
fn set(c: &mut Cursor<'_>, slot: &mut Option<String>) -> Result<(), RouterError> {
    if slot.is_some() {
        return Err(c.error());
    }
    c.accept_op("=");
    *slot = Some(c.name_or_string()?);
    Ok(())
}
