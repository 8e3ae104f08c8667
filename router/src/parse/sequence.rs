//! Statements on sequences, in DRDS's words.

use ostrakon_catalog::schema::SequenceKind;

use super::command::{Command, SequenceOptions, SequenceStatement};
use super::cursor::Cursor;
use super::ddl::ObjectName;
use crate::RouterError;

/// Parses a statement on sequences; `None`: it is none.
pub(super) fn parse(c: &mut Cursor<'_>) -> Result<Option<Command>, RouterError> {
    let statement = if let Some(kind) = created(c) {
        create(c, kind)?
    } else if c.accept_all(&["ALTER", "SEQUENCE"]) {
        alter(c)?
    } else if c.accept_all(&["DROP", "SEQUENCE"]) {
        let if_exists = c.accept_all(&["IF", "EXISTS"]);
        let mut names = vec![c.object_name()?];
        while c.accept_op(",") {
            names.push(c.object_name()?);
        }
        SequenceStatement::Drop { names, if_exists }
    } else if c.accept_all(&["INSPECT", "SEQUENCE", "RANGE", "FOR"]) {
        SequenceStatement::Inspect(one_or_all(c)?)
    } else if c.accept_all(&["CLEAR", "SEQUENCE", "CACHE", "FOR"]) {
        SequenceStatement::ClearCache(one_or_all(c)?)
    } else if c.accept_all(&["CONVERT", "ALL", "SEQUENCES", "FROM"]) {
        let from = kind(c)?;
        c.expect("TO")?;
        SequenceStatement::ConvertAll { from, to: kind(c)? }
    } else {
        return Ok(None);
    };
    c.finish()?;
    Ok(Some(Command::Sequence(Box::new(statement))))
}

/// `CREATE [GROUP | SIMPLE | TIME] SEQUENCE`; GROUP when none is named.
fn created(c: &mut Cursor<'_>) -> Option<Named> {
    let named = [
        ("GROUP", Named::Kind(SequenceKind::default())),
        ("SIMPLE", Named::Kind(SequenceKind::Simple)),
        ("TIME", Named::Kind(SequenceKind::Time)),
        ("NEW", Named::New),
    ];
    if c.accept_all(&["CREATE", "SEQUENCE"]) {
        return Some(Named::Kind(SequenceKind::default()));
    }
    named.into_iter().find(|(word, _)| c.accept_all(&["CREATE", word, "SEQUENCE"])).map(|(_, kind)| kind)
}

enum Named {
    Kind(SequenceKind),
    /// PolarDB-X 2.0's.
    New,
}

fn kind(c: &mut Cursor<'_>) -> Result<SequenceKind, RouterError> {
    if c.accept("GROUP") {
        Ok(SequenceKind::default())
    } else if c.accept("SIMPLE") {
        Ok(SequenceKind::Simple)
    } else if c.accept("TIME") {
        Ok(SequenceKind::Time)
    } else if c.is("NEW") {
        Err(new_sequences())
    } else {
        Err(c.error())
    }
}

fn new_sequences() -> RouterError {
    RouterError::not_supported(
        "NEW sequences; GROUP, SIMPLE and TIME are there, and SIMPLE gives values without gaps in order",
    )
}

fn create(c: &mut Cursor<'_>, named: Named) -> Result<SequenceStatement, RouterError> {
    let Named::Kind(mut kind) = named else { return Err(new_sequences()) };
    let if_not_exists = c.accept_all(&["IF", "NOT", "EXISTS"]);
    let name = c.object_name()?;
    let options = options(c)?;
    if c.is("UNIT") {
        kind = units(c, kind)?;
    }
    check(kind, &options)?;
    Ok(SequenceStatement::Create { name, if_not_exists, kind, options })
}

fn alter(c: &mut Cursor<'_>) -> Result<SequenceStatement, RouterError> {
    let name = c.object_name()?;
    let change_to = if c.accept_all(&["CHANGE", "TO"]) { Some(kind(c)?) } else { None };
    let options = options(c)?;
    if c.is("UNIT") {
        return Err(RouterError::not_supported("UNIT COUNT in ALTER SEQUENCE: units stay as they were made"));
    }
    match change_to {
        None if options == SequenceOptions::default() => return Err(c.error()),
        Some(SequenceKind::Group { .. } | SequenceKind::Simple) if options.start_with.is_none() => {
            return Err(RouterError::syntax("ALTER SEQUENCE ... CHANGE TO needs START WITH n"));
        }
        Some(kind) => check(kind, &options)?,
        None => {}
    }
    Ok(SequenceStatement::Alter { name, change_to, options })
}

/// `START WITH n`, `INCREMENT BY n`, `MAXVALUE n`, `CYCLE`, `NOCYCLE`, in any order.
fn options(c: &mut Cursor<'_>) -> Result<SequenceOptions, RouterError> {
    let mut found = SequenceOptions::default();
    loop {
        if found.start_with.is_none() && c.accept("START") {
            c.accept("WITH");
            found.start_with = Some(c.unsigned()?);
        } else if found.increment.is_none() && c.accept("INCREMENT") {
            c.accept("BY");
            found.increment = Some(c.unsigned()?);
        } else if found.maximum.is_none() && c.accept("MAXVALUE") {
            found.maximum = Some(c.unsigned()?);
        } else if found.cycle.is_none() && c.accept("CYCLE") {
            found.cycle = Some(true);
        } else if found.cycle.is_none() && c.accept("NOCYCLE") {
            found.cycle = Some(false);
        } else if c.is_any(&["RESTART", "MINVALUE", "NOMINVALUE", "NOMAXVALUE", "CACHE", "NOCACHE"]) {
            let option = c.name()?.to_uppercase();
            return Err(RouterError::not_supported(format_args!(
                "MariaDB's {option} of sequences; START WITH n sets the next value"
            )));
        } else {
            return Ok(found);
        }
    }
}

/// `UNIT COUNT n INDEX i`, behind GROUP alone.
pub(super) fn units(c: &mut Cursor<'_>, kind: SequenceKind) -> Result<SequenceKind, RouterError> {
    c.expect("UNIT")?;
    c.expect("COUNT")?;
    let unit_count = c.small::<u32>()?;
    c.expect("INDEX")?;
    let unit_index = c.small::<u32>()?;
    if !matches!(kind, SequenceKind::Group { .. }) {
        return Err(RouterError::not_supported("UNIT COUNT for other than GROUP sequences"));
    }
    if unit_count == 0 || unit_index >= unit_count {
        return Err(RouterError::syntax(format_args!(
            "UNIT COUNT {unit_count} INDEX {unit_index}: INDEX must be from 0 to under UNIT COUNT"
        )));
    }
    Ok(SequenceKind::Group { unit_count, unit_index })
}

/// What `AUTO_INCREMENT BY` may be followed by.
pub(super) fn column_kind(c: &mut Cursor<'_>) -> Result<SequenceKind, RouterError> {
    let kind = kind(c)?;
    if c.is("UNIT") { units(c, kind) } else { Ok(kind) }
}

/// Options that have no meaning for a kind are refused.
///
/// # Errors
/// 1235.
pub fn check(kind: SequenceKind, options: &SequenceOptions) -> Result<(), RouterError> {
    let refuse = |what: &str, kind: &str| {
        Err(RouterError::not_supported(format_args!("{what} for a {kind} sequence; SIMPLE ones have it")))
    };
    let name = match kind {
        SequenceKind::Simple => return Ok(()),
        SequenceKind::Group { .. } => "GROUP",
        SequenceKind::Time => "TIME",
    };
    if options.increment.is_some_and(|by| by != 1) {
        return refuse("INCREMENT BY", name);
    }
    if options.maximum.is_some() {
        return refuse("MAXVALUE", name);
    }
    if options.cycle == Some(true) {
        return refuse("CYCLE", name);
    }
    Ok(())
}

/// A sequence, or ALL of the current database.
fn one_or_all(c: &mut Cursor<'_>) -> Result<Option<ObjectName>, RouterError> {
    if c.is("ALL") && c.ahead(1).kind == crate::lexer::TokenKind::End {
        c.advance();
        return Ok(None);
    }
    c.object_name().map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexer::{SqlMode, tokenize};

    fn parsed(sql: &str) -> Result<SequenceStatement, u16> {
        let mode = SqlMode::default();
        let tokens = tokenize(sql.as_bytes(), mode).unwrap();
        let mut cursor = Cursor::new(sql.as_bytes(), &tokens, mode);
        match parse(&mut cursor) {
            Ok(Some(Command::Sequence(statement))) => Ok(*statement),
            Ok(other) => panic!("{sql}: {other:?}"),
            Err(e) => Err(e.errno),
        }
    }

    #[test]
    fn each_kind_is_created_with_its_options() {
        let of = |sql| match parsed(sql).unwrap() {
            SequenceStatement::Create { kind, options, .. } => (kind, options),
            other => panic!("{other:?}"),
        };
        let none = SequenceOptions::default();
        assert_eq!(of("CREATE SEQUENCE s"), (SequenceKind::default(), none.clone()));
        assert_eq!(of("create time sequence db.s"), (SequenceKind::Time, none.clone()));
        let units = SequenceKind::Group { unit_count: 3, unit_index: 2 };
        let from = SequenceOptions { start_with: Some(7), ..none };
        assert_eq!(of("CREATE GROUP SEQUENCE s START WITH 7 UNIT COUNT 3 INDEX 2"), (units, from));
        let all =
            SequenceOptions { start_with: Some(1), increment: Some(2), maximum: Some(9), cycle: Some(true) };
        let sql = "CREATE SIMPLE SEQUENCE s START WITH 1 INCREMENT BY 2 MAXVALUE 9 CYCLE";
        assert_eq!(of(sql), (SequenceKind::Simple, all));
    }

    #[test]
    fn what_has_no_meaning_is_refused() {
        for (sql, errno) in [
            ("CREATE NEW SEQUENCE s", 1235),
            ("CREATE SEQUENCE s INCREMENT BY 2", 1235),
            ("CREATE TIME SEQUENCE s CYCLE", 1235),
            ("CREATE GROUP SEQUENCE s MAXVALUE 5", 1235),
            ("CREATE SIMPLE SEQUENCE s UNIT COUNT 2 INDEX 1", 1235),
            ("CREATE SEQUENCE s UNIT COUNT 2 INDEX 2", 1064),
            ("CREATE SEQUENCE s UNIT COUNT 0 INDEX 0", 1064),
            ("CREATE SEQUENCE s START WITH -1", 1064),
            ("CREATE SEQUENCE s START WITH 1 START WITH 2", 1064),
            ("CREATE SEQUENCE s MINVALUE 1", 1235),
            ("ALTER SEQUENCE s", 1064),
            ("ALTER SEQUENCE s CHANGE TO SIMPLE", 1064),
            ("ALTER SEQUENCE s CHANGE TO GROUP START WITH 1 CYCLE", 1235),
            ("ALTER SEQUENCE s START WITH 1 UNIT COUNT 2 INDEX 1", 1235),
            ("DROP SEQUENCE", 1064),
            ("CONVERT ALL SEQUENCES FROM GROUP", 1064),
        ] {
            assert_eq!(parsed(sql), Err(errno), "{sql}");
        }
    }

    #[test]
    fn the_other_statements_are_read() {
        let change = parsed("ALTER SEQUENCE s CHANGE TO SIMPLE START WITH 5").unwrap();
        assert!(matches!(change, SequenceStatement::Alter { change_to: Some(SequenceKind::Simple), .. }));
        let drop = parsed("DROP SEQUENCE IF EXISTS a, d.b").unwrap();
        assert!(matches!(drop, SequenceStatement::Drop { names, if_exists: true } if names.len() == 2));
        assert!(matches!(parsed("INSPECT SEQUENCE RANGE FOR d.s"), Ok(SequenceStatement::Inspect(Some(_)))));
        assert!(matches!(parsed("CLEAR SEQUENCE CACHE FOR ALL"), Ok(SequenceStatement::ClearCache(None))));
        let convert = parsed("CONVERT ALL SEQUENCES FROM GROUP TO TIME").unwrap();
        assert!(matches!(convert, SequenceStatement::ConvertAll { to: SequenceKind::Time, .. }));
    }
}
