//! CREATE, ALTER, RENAME and DROP USER, SET PASSWORD.

use super::account::{account_name, options, specs, whom};
use super::administration::{Admin, Given, Identified, Secret, Whom};
use super::command::Command;
use super::cursor::Cursor;
use crate::RouterError;

/// What follows CREATE USER.
pub(super) fn create(c: &mut Cursor<'_>) -> Result<Command, RouterError> {
    let if_not_exists = c.accept_all(&["IF", "NOT", "EXISTS"]);
    let accounts = specs(c)?;
    let options = options(c, None)?;
    c.finish()?;
    if accounts.iter().any(|spec| spec.identified.is_none()) {
        return Err(RouterError::not_supported("CREATE USER without a password: say IDENTIFIED BY '...'"));
    }
    if accounts.iter().any(|spec| spec.whom == Whom::Current) {
        return Err(RouterError::syntax("CREATE USER CURRENT_USER"));
    }
    Ok(Command::Admin(Admin::CreateUser { accounts, options, if_not_exists }))
}

/// What follows ALTER USER.
pub(super) fn alter(c: &mut Cursor<'_>) -> Result<Command, RouterError> {
    let if_exists = c.accept_all(&["IF", "EXISTS"]);
    // MySQL's other name of the account itself.
    if c.accept("USER") {
        c.expect_op("(")?;
        c.expect_op(")")?;
        c.expect("IDENTIFIED")?;
        c.expect("BY")?;
        let password = Secret(c.string()?);
        c.finish()?;
        return Ok(set_password(Whom::Current, Given::Password(password)));
    }
    let accounts = specs(c)?;
    let options = options(c, None)?;
    c.finish()?;
    Ok(Command::Admin(Admin::AlterUser { accounts, options, if_exists }))
}

/// What follows DROP USER.
pub(super) fn drop(c: &mut Cursor<'_>) -> Result<Command, RouterError> {
    let if_exists = c.accept_all(&["IF", "EXISTS"]);
    let mut accounts = vec![whom(c)?];
    while c.accept_op(",") {
        accounts.push(whom(c)?);
    }
    c.finish()?;
    Ok(Command::Admin(Admin::DropUser { accounts, if_exists }))
}

/// What follows RENAME USER.
pub(super) fn rename(c: &mut Cursor<'_>) -> Result<Command, RouterError> {
    let mut renames = Vec::new();
    loop {
        let from = account_name(c)?;
        c.expect("TO")?;
        renames.push((from, account_name(c)?));
        if !c.accept_op(",") {
            break;
        }
    }
    c.finish()?;
    Ok(Command::Admin(Admin::RenameUser { renames }))
}

/// What follows SET PASSWORD: `[FOR account] = 'p' | PASSWORD('p') | '*hash'`.
pub(super) fn password(c: &mut Cursor<'_>) -> Result<Command, RouterError> {
    let account = if c.accept("FOR") { whom(c)? } else { Whom::Current };
    if c.is("TO") {
        return Err(RouterError::not_supported("a random password"));
    }
    if !c.accept_op("=") {
        c.expect_op(":=")?;
    }
    let given = if c.accept("PASSWORD") {
        c.expect_op("(")?;
        let text = c.string()?;
        c.expect_op(")")?;
        Given::Password(Secret(text))
    } else {
        let text = c.string()?;
        // MariaDB takes a hash there and MySQL a password: a text of this form is the hash.
        match is_native_hash(&text) {
            true => Given::Hash(Secret(text)),
            false => Given::Password(Secret(text)),
        }
    };
    if c.is("REPLACE") || c.are(&["RETAIN", "CURRENT"]) {
        return Err(RouterError::not_supported("REPLACE and RETAIN CURRENT PASSWORD"));
    }
    c.finish()?;
    Ok(set_password(account, given))
}

fn set_password(account: Whom, given: Given) -> Command {
    let plugin = match given {
        Given::Password(_) => None,
        Given::Hash(_) => Some("mysql_native_password".to_owned()),
    };
    Command::Admin(Admin::SetPassword { account, identified: Identified { plugin, given } })
}

fn is_native_hash(text: &str) -> bool {
    let digits = text.strip_prefix('*').unwrap_or_default();
    digits.len() == 40 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}
