//! DRDS's statements about DDL jobs, and CHECK TABLE.

use super::command::{CheckMode, Command, JobSelection, JobStatement};
use super::cursor::Cursor;
use crate::RouterError;

/// Statements about jobs that have no meaning here, with the reason.
const REFUSED: [(&[&str], &str); 5] = [
    (
        &["CHANGE", "DDL"],
        "CHANGE DDL: a job goes on with RECOVER DDL or back with ROLLBACK DDL, as it was submitted",
    ),
    (
        &["INSPECT", "DDL"],
        "INSPECT DDL CACHE: every node keeps all jobs in the catalog, there is no cache; use SHOW FULL DDL",
    ),
    (
        &["CLEAR", "DDL"],
        "CLEAR DDL CACHE: every node keeps all jobs in the catalog, there is no cache to clear",
    ),
    (&["PAUSE", "DDL"], "PAUSE DDL: use CANCEL DDL, which takes the job back"),
    (&["CONTINUE", "DDL"], "CONTINUE DDL: use RECOVER DDL, which lets a parked job go on"),
];

/// The statement, when it is about jobs or is CHECK TABLE. Reads nothing otherwise. ROLLBACK DDL has its own way here, from ROLLBACK.
pub(super) fn parse(c: &mut Cursor<'_>) -> Result<Option<Command>, RouterError> {
    if let Some((_, reason)) = REFUSED.iter().find(|(words, _)| c.are(words)) {
        return Ok(Some(Command::Refused((*reason).to_owned())));
    }
    let statement = if c.accept_all(&["RECOVER", "DDL"]) {
        JobStatement::Recover(selection(c)?)
    } else if c.accept_all(&["CANCEL", "DDL"]) {
        JobStatement::Cancel(selection(c)?)
    } else if c.accept_all(&["REMOVE", "DDL"]) {
        return remove(c).map(Some);
    } else if c.accept_all(&["CHECK", "TABLE"]) || c.accept_all(&["CHECK", "TABLES"]) {
        return check_table(c).map(Some);
    } else {
        return Ok(None);
    };
    c.finish()?;
    Ok(Some(Command::Job(statement)))
}

/// `DDL id [, id]`, what follows ROLLBACK.
pub(super) fn rollback(c: &mut Cursor<'_>) -> Result<Command, RouterError> {
    c.expect("DDL")?;
    let ids = numbers(c)?;
    c.finish()?;
    Ok(Command::Job(JobStatement::Rollback(ids)))
}

/// `ALL | id [, id]`
fn selection(c: &mut Cursor<'_>) -> Result<JobSelection, RouterError> {
    if c.accept("ALL") { Ok(JobSelection::All) } else { numbers(c).map(JobSelection::Ids) }
}

fn numbers(c: &mut Cursor<'_>) -> Result<Vec<u64>, RouterError> {
    let mut ids = vec![c.unsigned()?];
    while c.accept_op(",") {
        let id = c.unsigned()?;
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(ids)
}

/// `ALL {COMPLETED | PENDING} | id [, id]`
fn remove(c: &mut Cursor<'_>) -> Result<Command, RouterError> {
    let statement = if c.accept_all(&["ALL", "COMPLETED"]) {
        JobStatement::RemoveCompleted
    } else if c.accept_all(&["ALL", "PENDING"]) {
        JobStatement::RemovePending
    } else {
        JobStatement::Remove(numbers(c)?)
    };
    c.finish()?;
    Ok(Command::Job(statement))
}

/// `t [, t2 ...] [QUICK | REPAIR PLAN]`. Of MySQL's other options those are taken whose answer a whole check gives too.
fn check_table(c: &mut Cursor<'_>) -> Result<Command, RouterError> {
    let mut tables = vec![c.object_name()?];
    while c.accept_op(",") {
        tables.push(c.object_name()?);
    }
    let mode = if c.accept("QUICK") {
        CheckMode::Quick
    } else if c.accept_all(&["REPAIR", "PLAN"]) {
        CheckMode::RepairPlan
    } else if c.are(&["FOR", "UPGRADE"]) || c.is("FAST") {
        return Ok(Command::Refused(
            "CHECK TABLE FOR UPGRADE and FAST: they ask about one server's files; without them the tables are compared".into(),
        ));
    } else {
        c.accept_any(&["MEDIUM", "EXTENDED", "CHANGED"]);
        CheckMode::Full
    };
    c.finish()?;
    Ok(Command::CheckTable { tables, mode })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexer::{SqlMode, tokenize};
    use crate::parse::parse_command;

    fn parse(text: &str) -> Result<Option<Command>, RouterError> {
        let tokens = tokenize(text.as_bytes(), SqlMode::default())?;
        parse_command(text.as_bytes(), &tokens, SqlMode::default())
    }

    #[test]
    fn statements_about_jobs_are_told_from_others() {
        use JobStatement::*;
        let ids = |ids: &[u64]| JobSelection::Ids(ids.to_vec());
        for (text, expected) in [
            ("RECOVER DDL ALL", Recover(JobSelection::All)),
            ("recover ddl 7", Recover(ids(&[7]))),
            ("RECOVER DDL 7, 9,7", Recover(ids(&[7, 9]))),
            ("ROLLBACK DDL 7", Rollback(vec![7])),
            ("/* why */ rollback /* x */ ddl 18446744073709551615", Rollback(vec![u64::MAX])),
            ("CANCEL DDL ALL", Cancel(JobSelection::All)),
            ("CANCEL DDL 1, 2", Cancel(ids(&[1, 2]))),
            ("REMOVE DDL ALL COMPLETED", RemoveCompleted),
            ("REMOVE DDL ALL PENDING", RemovePending),
            ("REMOVE DDL 3", Remove(vec![3])),
        ] {
            assert_eq!(parse(text).unwrap(), Some(Command::Job(expected)), "{text}");
        }
        // A savepoint may have that name.
        assert_eq!(parse("ROLLBACK TO ddl").unwrap(), Some(Command::RollbackTo("ddl".into())));
    }

    #[test]
    fn what_is_malformed_is_refused_and_never_taken_for_a_rollback() {
        for text in [
            "ROLLBACK DDL",
            "ROLLBACK DDL ALL",
            "ROLLBACK WORK DDL 7",
            "ROLLBACK DDL 7 8",
            "ROLLBACK DDL '7'",
            "RECOVER DDL",
            "RECOVER DDL ALL 7",
            "CANCEL DDL -1",
            "REMOVE DDL ALL",
            "REMOVE DDL ALL RUNNING",
            "CHECK TABLE",
            "CHECK TABLE t,",
            "CHECK TABLE t REPAIR",
            "CHECK TABLE t QUICK EXTENDED",
        ] {
            assert_eq!(parse(text).unwrap_err().errno, 1064, "{text}");
        }
    }

    #[test]
    fn what_has_no_meaning_here_is_refused_with_the_reason() {
        for text in ["CHANGE DDL 7", "INSPECT DDL CACHE", "CLEAR DDL CACHE", "PAUSE DDL 7", "CONTINUE DDL 7"]
        {
            match parse(text) {
                Ok(Some(Command::Refused(reason))) => assert!(reason.contains("DDL"), "{text}: {reason}"),
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn check_table_takes_names_and_one_option() {
        for (text, names, expected) in [
            ("CHECK TABLE t", vec![(None, "t")], CheckMode::Full),
            ("check tables a, d.`b c` quick", vec![(None, "a"), (Some("d"), "b c")], CheckMode::Quick),
            ("CHECK TABLE t EXTENDED", vec![(None, "t")], CheckMode::Full),
            ("CHECK TABLE t REPAIR PLAN", vec![(None, "t")], CheckMode::RepairPlan),
        ] {
            let Ok(Some(Command::CheckTable { tables, mode })) = parse(text) else { panic!("{text}") };
            let found: Vec<_> = tables.iter().map(|t| (t.database.as_deref(), t.name.as_str())).collect();
            assert_eq!((found, mode), (names, expected), "{text}");
        }
        assert!(matches!(parse("CHECK TABLE t FOR UPGRADE"), Ok(Some(Command::Refused(_)))));
    }
}
