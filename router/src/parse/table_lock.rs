//! LOCK TABLES and UNLOCK TABLES.

use super::command::{Command, LockedTable};
use super::cursor::Cursor;
use crate::RouterError;

/// Both forms, told by their first two words.
pub(super) fn parse(c: &mut Cursor<'_>) -> Result<Option<Command>, RouterError> {
    let words = |verb, c: &mut Cursor<'_>| c.accept_all(&[verb, "TABLES"]) || c.accept_all(&[verb, "TABLE"]);
    if words("LOCK", c) {
        return lock(c).map(Some);
    }
    if words("UNLOCK", c) {
        c.finish()?;
        return Ok(Some(Command::UnlockTables));
    }
    Ok(None)
}

/// `t [[AS] alias] {READ [LOCAL] | [LOW_PRIORITY] WRITE [CONCURRENT]} [, ...] [WAIT n | NOWAIT]`; the last words are MariaDB's.
fn lock(c: &mut Cursor<'_>) -> Result<Command, RouterError> {
    let mut tables = Vec::new();
    loop {
        let name = c.object_name()?;
        let alias = match c.accept("AS") || !c.is_any(&["READ", "WRITE", "LOW_PRIORITY"]) {
            true => Some(c.name()?),
            false => None,
        };
        let writes = match c.accept("READ") {
            true => {
                // On InnoDB READ LOCAL is READ (manual, LOCK TABLES).
                c.accept("LOCAL");
                false
            }
            false => {
                c.accept("LOW_PRIORITY");
                c.expect("WRITE")?;
                c.accept("CONCURRENT");
                true
            }
        };
        tables.push(LockedTable { name, alias, writes });
        if !c.accept_op(",") {
            break;
        }
    }
    let wait = if c.accept("NOWAIT") {
        Some(0)
    } else if c.accept("WAIT") {
        Some(c.unsigned()?)
    } else {
        None
    };
    c.finish()?;
    Ok(Command::LockTables { tables, wait })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexer::{SqlMode, tokenize};
    use crate::parse::parse_command;

    fn parsed(text: &str) -> Result<Option<Command>, RouterError> {
        let mode = SqlMode::default();
        let tokens = tokenize(text.as_bytes(), mode).unwrap();
        parse_command(text.as_bytes(), &tokens, mode)
    }

    #[test]
    fn locks_name_tables_aliases_and_kinds() {
        for (text, expected, waits) in [
            ("LOCK TABLES t READ", "t:r", None),
            ("LOCK TABLE `t` WRITE", "t:w", None),
            ("LOCK TABLES t READ /*!32311 LOCAL */,`d`.`u` READ /*!32311 LOCAL */", "t:r d.u:r", None),
            ("lock tables a as b read local, a c low_priority write", "a=b:r a=c:w", None),
            ("LOCK TABLES t WRITE CONCURRENT WAIT 3", "t:w", Some(3)),
            ("LOCK TABLES t WRITE NOWAIT", "t:w", Some(0)),
            ("LOCK TABLES `read` READ, `write` `write` WRITE", "read:r write=write:w", None),
        ] {
            let Some(Command::LockTables { tables, wait }) = parsed(text).unwrap() else { panic!("{text}") };
            let shown: Vec<String> = tables
                .iter()
                .map(|locked| {
                    let database =
                        locked.name.database.iter().map(|name| format!("{name}.")).collect::<String>();
                    let alias = locked.alias.iter().map(|alias| format!("={alias}")).collect::<String>();
                    format!("{database}{}{alias}:{}", locked.name.name, if locked.writes { "w" } else { "r" })
                })
                .collect();
            assert_eq!((shown.join(" ").as_str(), wait), (expected, waits), "{text}");
        }
        assert_eq!(parsed("UNLOCK TABLES").unwrap(), Some(Command::UnlockTables));
        assert_eq!(parsed("unlock table").unwrap(), Some(Command::UnlockTables));
        for text in
            ["LOCK TABLES", "LOCK TABLES t", "LOCK TABLES t READ,", "LOCK TABLES t READ t", "UNLOCK TABLES t"]
        {
            assert!(parsed(text).is_err(), "{text}");
        }
    }
}
