//! PREPARE, EXECUTE and DEALLOCATE PREPARE as SQL.

use super::command::{Command, PreparedCommand};
use super::cursor::Cursor;
use crate::RouterError;
use crate::lexer::TokenKind;

/// The statement, if it is one of these. MySQL takes a string or a user variable where MariaDB takes expressions, and has no EXECUTE IMMEDIATE.
pub(super) fn parse(c: &mut Cursor<'_>) -> Result<Option<Command>, RouterError> {
    let command = if c.accept("PREPARE") {
        let name = c.name()?;
        c.expect("FROM")?;
        PreparedCommand::Prepare { name, source: expression(c, true)? }
    } else if c.accept("EXECUTE") {
        if c.mode().server.mariadb && c.accept("IMMEDIATE") {
            let source = expression(c, true)?;
            PreparedCommand::ExecuteImmediate { source, values: values(c)? }
        } else {
            PreparedCommand::Execute { name: c.name()?, values: values(c)? }
        }
    } else if c.accept_all(&["DEALLOCATE", "PREPARE"]) || c.accept_all(&["DROP", "PREPARE"]) {
        PreparedCommand::Deallocate(c.name()?)
    } else {
        return Ok(None);
    };
    c.finish()?;
    Ok(Some(Command::Prepared(command)))
}

/// `[USING a, b ...]`
fn values(c: &mut Cursor<'_>) -> Result<Vec<String>, RouterError> {
    let mut values = Vec::new();
    if c.accept("USING") {
        values.push(expression(c, false)?);
        while c.accept_op(",") {
            values.push(expression(c, false)?);
        }
    }
    Ok(values)
}

fn expression(c: &mut Cursor<'_>, is_text: bool) -> Result<String, RouterError> {
    let before = *c;
    let is_plain = match c.peek().kind {
        TokenKind::UserVariable => true,
        TokenKind::String => is_text,
        _ => false,
    };
    let start = c.start();
    let end = loop {
        if c.at_end() || c.is_op(",") || c.is("USING") {
            break c.last_end();
        }
        if !c.is_op("(") || c.skip_parentheses().is_err() {
            c.advance();
        }
    };
    // Adjacent strings are one.
    let is_string = |c: &mut Cursor<'_>| c.string().is_ok();
    let mut rest = before;
    let is_one = match before.peek().kind {
        TokenKind::String => is_string(&mut rest) && rest.last_end() == end,
        _ => before.peek().end as usize == end,
    };
    let is_allowed = c.mode().server.mariadb || is_plain && is_one;
    if end <= start || !is_allowed {
        return Err(before.error());
    }
    c.code(&(start..end))
}

#[cfg(test)]
mod tests {
    use super::super::parse_command;
    use super::*;
    use crate::lexer::{ServerVersion, SqlMode, tokenize};

    fn parsed(text: &str, mariadb: bool) -> Result<PreparedCommand, u16> {
        let mode = SqlMode { server: ServerVersion { mariadb, number: 80_036 }, ..SqlMode::default() };
        let tokens = tokenize(text.as_bytes(), mode).unwrap();
        match parse_command(text.as_bytes(), &tokens, mode) {
            Ok(Some(Command::Prepared(command))) => Ok(command),
            Ok(other) => panic!("{text}: {other:?}"),
            Err(e) => Err(e.errno),
        }
    }

    #[test]
    fn statements_on_prepared_statements_are_read() {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        for mariadb in [true, false] {
            let prepare = |name: &str, source: &str| {
                Ok(PreparedCommand::Prepare { name: name.into(), source: source.into() })
            };
            assert_eq!(parsed("PREPARE s FROM 'SELECT 1'", mariadb), prepare("s", "'SELECT 1'"));
            assert_eq!(parsed("prepare `A b` from 'a' 'b'", mariadb), prepare("A b", "'a' 'b'"));
            assert_eq!(parsed("PREPARE s FROM @`x y`", mariadb), prepare("s", "@`x y`"));
            let execute =
                |values: &[&str]| Ok(PreparedCommand::Execute { name: "s".into(), values: texts(values) });
            assert_eq!(parsed("EXECUTE s", mariadb), execute(&[]));
            assert_eq!(parsed("EXECUTE s USING @a, @b", mariadb), execute(&["@a", "@b"]));
            for text in ["DEALLOCATE PREPARE s", "DROP PREPARE s"] {
                assert_eq!(parsed(text, mariadb), Ok(PreparedCommand::Deallocate("s".into())));
            }
            for text in [
                "PREPARE s",
                "PREPARE s FROM",
                "EXECUTE",
                "EXECUTE s USING",
                "EXECUTE s USING @a,",
                "DROP PREPARE s x",
            ] {
                assert_eq!(parsed(text, mariadb), Err(1064), "{text}");
            }
        }
    }

    #[test]
    fn expressions_are_mariadbs() {
        let values = vec!["1 + f(2, 3)".to_owned(), "'x'".to_owned()];
        for (text, expected) in [
            (
                "PREPARE s FROM CONCAT('a', @b)",
                PreparedCommand::Prepare { name: "s".into(), source: "CONCAT('a', @b)".into() },
            ),
            (
                "EXECUTE s USING 1 + f(2, 3), 'x'",
                PreparedCommand::Execute { name: "s".into(), values: values.clone() },
            ),
            (
                "EXECUTE IMMEDIATE 'a' USING 1 + f(2, 3), 'x'",
                PreparedCommand::ExecuteImmediate { source: "'a'".into(), values },
            ),
        ] {
            assert_eq!(parsed(text, true), Ok(expected), "{text}");
            assert_eq!(parsed(text, false), Err(1064), "{text}");
        }
        for text in
            ["PREPARE s FROM @a + 1", "PREPARE s FROM 5", "EXECUTE s USING 'a'", "EXECUTE s USING @a + 1"]
        {
            assert_eq!(parsed(text, false), Err(1064), "{text}");
        }
    }
}
