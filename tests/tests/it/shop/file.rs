//! Data files of the hand-written cases: schema, rows, and cases by topic.

use std::path::{Path, PathBuf};

use ostrakon::dev::server::ServerKind;
use ostrakon_tests::place;

/// The folder of the shop's files.
pub fn folder() -> PathBuf {
    place::repository().join("tests/data/shop")
}

/// A case: one statement, and what its comment says of how it is run and compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Case {
    pub topic: String,
    /// Of the statement's first line.
    pub line: usize,
    pub sql: String,
    /// Rows are compared without their order, although there is an ORDER BY: it is not total.
    pub sorted: bool,
    /// Why the cluster refuses it.
    pub refused: Option<String>,
    /// Doubles may differ in their last digits.
    pub approximate: bool,
    /// The tables that are compared afterwards; those that the statement names if this is missing.
    pub after: Option<Vec<String>>,
    /// It changes the session for what follows.
    pub session: bool,
    /// The data is filled anew before it.
    pub reset: bool,
    /// The plain server must answer with one of these errors.
    pub errors: Vec<u16>,
    /// The plain server must answer without rows, or change none.
    pub empty: bool,
    /// It is known to go through temporary tables: no EXPLAIN comes between the statements of a session to tell.
    pub gathered: bool,
}

/// Reads a file that must be there.
fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Statements of `schema.sql` or `data.sql`.
pub fn statements(name: &str) -> Vec<String> {
    read(&text(&folder().join(name)), name).into_iter().map(|case| case.sql).collect()
}

/// The cases of all topics for that family of servers, by the files' names: `windows_mysql` is for MySQL only.
pub fn cases(kind: ServerKind) -> Vec<Case> {
    let not_mine = match kind {
        ServerKind::MariaDb => "_mysql",
        ServerKind::MySql => "_mariadb",
    };
    let folder = folder().join("cases");
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a readable folder").path()).collect();
    files.sort();
    let mut all = Vec::new();
    for path in files.iter().filter(|path| path.extension().is_some_and(|ending| ending == "sql")) {
        let topic = path.file_stem().unwrap_or_default().to_string_lossy();
        if topic.ends_with(not_mine) {
            continue;
        }
        all.extend(read(&text(path), &topic));
    }
    all
}

/// Takes a file apart: a statement ends at a line that ends with `;`, and the lines before it that start with `-- ` are its comment.
pub fn read(text: &str, topic: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut case = Case::default();
    for (number, line) in text.lines().enumerate() {
        let at = || format!("{topic}:{}", number + 1);
        if case.sql.is_empty() {
            let line = line.trim_end();
            if line.is_empty() {
                // A comment with a blank line behind it is the file's.
                case = Case::default();
                continue;
            }
            if let Some(comment) = line.strip_prefix("--") {
                note(&mut case, comment, &at());
                continue;
            }
            case.line = number + 1;
        } else {
            case.sql.push('\n');
        }
        case.sql.push_str(line.trim_end());
        if case.sql.ends_with(';') {
            case.sql.pop();
            case.topic = topic.to_owned();
            cases.push(std::mem::take(&mut case));
        }
    }
    assert!(case.sql.is_empty(), "{topic}: the last statement has no `;`: {}", case.sql);
    cases
}

/// Takes one line of a case's comment. `word: more` with a known word in front says something; the rest is for people.
fn note(case: &mut Case, comment: &str, at: &str) {
    let (word, more) = comment.trim().split_once(':').unwrap_or((comment, ""));
    let more = more.trim();
    match word.trim() {
        "sorted" => case.sorted = true,
        "approximate" => case.approximate = true,
        "session" => case.session = true,
        "reset" => case.reset = true,
        "gathered" => case.gathered = true,
        "refused" => {
            assert!(!more.is_empty(), "{at}: `refused` needs its reason");
            case.refused = Some(more.to_owned());
        }
        "error" => {
            let numbers = more.split('|').map(|number| number.trim().parse());
            case.errors =
                numbers.map(|number| number.unwrap_or_else(|_| panic!("{at}: `error: {more}`"))).collect();
        }
        "empty" | "nothing" => case.empty = true,
        "after" => case.after = Some(more.split(',').map(|name| name.trim().to_owned()).collect()),
        _ => {}
    }
}

/// A statement of the schema for one of the two: the cluster gets what stands in `/*SHARD ... SHARD*/`, the plain server does not.
pub fn schema(statement: &str, for_cluster: bool) -> String {
    let mut made = String::new();
    let mut rest = statement;
    while let Some((before, after)) = rest.split_once("/*SHARD") {
        let (inside, behind) =
            after.split_once("SHARD*/").unwrap_or_else(|| panic!("no SHARD*/ in {statement}"));
        made.push_str(before);
        if for_cluster {
            made.push_str(inside.trim());
        }
        rest = behind;
    }
    made.push_str(rest);
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_taken_apart_into_cases() {
        let text = "-- sorted\n\n-- sorted\n-- after: a, b\nSELECT 1\n  -- no end;here\nFROM a;\n-- refused: because\nDELETE FROM a;\n";
        let cases = read(text, "joins");
        assert_eq!(cases.len(), 2);
        assert_eq!((cases[0].line, cases[0].sorted), (5, true));
        assert_eq!(cases[0].sql, "SELECT 1\n  -- no end;here\nFROM a");
        assert_eq!(cases[0].after, Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(cases[1].refused.as_deref(), Some("because"));
        assert!(!cases[1].sorted);
        let cases = read("-- sorted\n\n-- error: 1054|1247\nSELECT x;\n", "errors");
        assert_eq!((cases[0].sorted, &cases[0].errors[..]), (false, &[1054, 1247][..]));
    }

    #[test]
    fn sharding_clauses_are_for_the_cluster() {
        let statement = "CREATE TABLE t (a INT) /*SHARD DBPARTITION BY HASH(a) SHARD*/";
        assert_eq!(schema(statement, true), "CREATE TABLE t (a INT) DBPARTITION BY HASH(a)");
        assert_eq!(schema(statement, false), "CREATE TABLE t (a INT) ");
    }
}
