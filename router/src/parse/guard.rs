//! The scatter guard's options: in CREATE DATABASE, ALTER DATABASE, and ALTER TABLE ... SET.

use ostrakon_catalog::guard::GuardChange;

use super::administration::Admin;
use super::command::Command;
use super::cursor::Cursor;
use crate::RouterError;
use crate::lexer::TokenKind;

const ALLOW_FULL_TABLE_SCAN: &str = "ALLOW_FULL_TABLE_SCAN";
const FORBID_EXECUTE_DML_ALL: &str = "FORBID_EXECUTE_DML_ALL";

/// `ALTER {DATABASE | SCHEMA} [name] [SET] option [=] {ON | OFF} [, ...]` and `ALTER TABLE name [SET] ALLOW_FULL_TABLE_SCAN [=] {ON | OFF | DEFAULT}`.
/// `None`: another ALTER.
///
/// # Errors
/// 1064 for a value that is none.
pub(super) fn alter(c: &mut Cursor<'_>) -> Result<Option<Command>, RouterError> {
    if !c.is("ALTER") {
        return Ok(None);
    }
    let mut ahead = *c;
    ahead.advance();
    let admin = if ahead.accept_any(&["DATABASE", "SCHEMA"]) {
        let is_option = |c: &Cursor<'_>| {
            let mut c = *c;
            c.accept("SET");
            c.is_any(&[ALLOW_FULL_TABLE_SCAN, FORBID_EXECUTE_DML_ALL])
        };
        let name = match is_option(&ahead) {
            true => None,
            false => match ahead.name() {
                Ok(name) => Some(name),
                Err(_) => return Ok(None),
            },
        };
        if !is_option(&ahead) {
            return Ok(None);
        }
        ahead.accept("SET");
        let mut change = GuardChange::default();
        while !ahead.at_end() {
            if change != GuardChange::default() {
                ahead.accept_op(",");
            }
            if !option(&mut ahead, &mut change)? {
                return Err(ahead.error());
            }
        }
        Admin::AlterDatabase { name, change }
    } else if ahead.accept("TABLE") {
        let Ok(table) = ahead.object_name() else { return Ok(None) };
        ahead.accept("SET");
        if !ahead.accept(ALLOW_FULL_TABLE_SCAN) {
            return Ok(None);
        }
        ahead.accept_op("=");
        let allow_full_table_scan = match ahead.accept("DEFAULT") {
            true => None,
            false => Some(switch(&mut ahead)?),
        };
        Admin::GuardTable { table, allow_full_table_scan }
    } else {
        return Ok(None);
    };
    ahead.finish()?;
    *c = ahead;
    Ok(Some(Command::Admin(admin)))
}

/// One option of a database, if there is one.
pub(super) fn option(c: &mut Cursor<'_>, change: &mut GuardChange) -> Result<bool, RouterError> {
    let slot = if c.accept(ALLOW_FULL_TABLE_SCAN) {
        &mut change.allow_full_table_scan
    } else if c.accept(FORBID_EXECUTE_DML_ALL) {
        &mut change.forbid_execute_dml_all
    } else {
        return Ok(false);
    };
    c.accept_op("=");
    *slot = Some(switch(c)?);
    Ok(true)
}

fn switch(c: &mut Cursor<'_>) -> Result<bool, RouterError> {
    if c.accept_any(&["ON", "TRUE"]) {
        return Ok(true);
    }
    if c.accept_any(&["OFF", "FALSE"]) {
        return Ok(false);
    }
    match c.peek().kind {
        TokenKind::Integer => match c.unsigned()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(c.error()),
        },
        _ => Err(c.error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexer::{SqlMode, tokenize};
    use crate::parse::ddl::Ddl;
    use crate::parse::{parse_command, parse_ddl};

    fn command(text: &str) -> Result<Option<Command>, RouterError> {
        let mode = SqlMode::default();
        parse_command(text.as_bytes(), &tokenize(text.as_bytes(), mode).unwrap(), mode)
    }

    #[test]
    fn a_databases_options_are_read() {
        let off = GuardChange { allow_full_table_scan: Some(false), ..GuardChange::default() };
        let both = GuardChange { allow_full_table_scan: Some(true), forbid_execute_dml_all: Some(true) };
        for (text, name, change) in [
            ("ALTER DATABASE d SET allow_full_table_scan = OFF", Some("d"), off),
            ("alter schema `d` allow_full_table_scan 0", Some("d"), off),
            ("ALTER DATABASE ALLOW_FULL_TABLE_SCAN = FALSE", None, off),
            ("ALTER DATABASE SET ALLOW_FULL_TABLE_SCAN=1, FORBID_EXECUTE_DML_ALL=TRUE", None, both),
            ("ALTER DATABASE d ALLOW_FULL_TABLE_SCAN=ON FORBID_EXECUTE_DML_ALL=ON", Some("d"), both),
        ] {
            let expected = Admin::AlterDatabase { name: name.map(str::to_owned), change };
            assert_eq!(command(text).unwrap(), Some(Command::Admin(expected)), "{text}");
        }
        for text in [
            "ALTER DATABASE d SET ALLOW_FULL_TABLE_SCAN",
            "ALTER DATABASE d SET ALLOW_FULL_TABLE_SCAN = 2",
            "ALTER DATABASE d SET ALLOW_FULL_TABLE_SCAN = ON CHARACTER SET utf8",
            "ALTER TABLE t SET ALLOW_FULL_TABLE_SCAN = MAYBE",
        ] {
            assert_eq!(command(text).unwrap_err().errno, 1064, "{text}");
        }
        for text in [
            "ALTER DATABASE d CHARACTER SET utf8",
            "ALTER DATABASE CHARACTER SET utf8",
            "ALTER DATABASE d SET",
        ] {
            assert!(matches!(command(text), Ok(Some(Command::Refused(_)))), "{text}");
        }
        assert_eq!(command("ALTER TABLE t ADD COLUMN a INT").unwrap(), None);
    }

    #[test]
    fn a_tables_own_option_is_read() {
        for (text, allowed) in [
            ("ALTER TABLE d.t SET ALLOW_FULL_TABLE_SCAN = OFF", Some(false)),
            ("ALTER TABLE d.t ALLOW_FULL_TABLE_SCAN=1", Some(true)),
            ("ALTER TABLE d.t SET ALLOW_FULL_TABLE_SCAN = DEFAULT", None),
        ] {
            match command(text).unwrap() {
                Some(Command::Admin(Admin::GuardTable { table, allow_full_table_scan })) => {
                    assert_eq!((table.name.as_str(), allow_full_table_scan), ("t", allowed));
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn create_database_takes_the_same_options() {
        let text =
            b"CREATE DATABASE d DBPARTITIONS 4 ALLOW_FULL_TABLE_SCAN = OFF FORBID_EXECUTE_DML_ALL = ON";
        let mode = SqlMode::default();
        match parse_ddl(text, &tokenize(text, mode).unwrap(), mode).unwrap() {
            Some(Ddl::CreateDatabase { guard, .. }) => assert_eq!(
                guard,
                GuardChange { allow_full_table_scan: Some(false), forbid_execute_dml_all: Some(true) }
            ),
            other => panic!("{other:?}"),
        }
    }
}
