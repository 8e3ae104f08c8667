//! SHOW: what Ostrakon answers itself, what any server may answer, and what is refused by name.

use super::account::whom;
use super::administration::Whom;
use super::command::{Absent, Command, Scope, Show, ShowWhat};
use super::cursor::Cursor;
use crate::RouterError;
use crate::lexer::TokenKind;

/// One server's answer is the cluster's: these describe the server software or the connection.
const PASSED: [&[&str]; 13] = [
    &["ENGINES"],
    &["STORAGE", "ENGINES"],
    &["CHARACTER", "SET"],
    &["CHAR", "SET"],
    &["CHARSET"],
    &["COLLATION"],
    &["PLUGINS"],
    &["PRIVILEGES"],
    &["PROFILES"],
    &["PROFILE"],
    &["AUTHORS"],
    &["CONTRIBUTORS"],
    &["LOCALES"],
];

/// MySQL's, MariaDB's and DRDS's others.
const REFUSED: &[&[&str]] = &[
    &["BINLOG", "EVENTS"],
    &["RELAYLOG", "EVENTS"],
    &["ENGINE"],
    &["PROCEDURE", "CODE"],
    &["FUNCTION", "CODE"],
    &["PACKAGE", "BODY", "CODE"],
    &["CREATE", "PROCEDURE"],
    &["CREATE", "FUNCTION"],
    &["CREATE", "TRIGGER"],
    &["CREATE", "EVENT"],
    &["CREATE", "SEQUENCE"],
    &["CREATE", "PACKAGE"],
    &["CREATE", "SERVER"],
    &["EXPLAIN"],
    &["ANALYZE"],
    &["PARSE_TREE"],
    &["USER_STATISTICS"],
    &["CLIENT_STATISTICS"],
    &["INDEX_STATISTICS"],
    &["TABLE_STATISTICS"],
    &["USER"],
    &["HOST_CACHE"],
    &["MUTEX"],
    &["INNODB"],
    &["PLUGINS", "SONAME"],
    &["SLOW"],
    &["PHYSICAL_SLOW"],
    &["DS"],
    &["STATS"],
    &["STC"],
    &["HTC"],
    &["DB", "STATUS"],
    &["TABLE", "INFO"],
    &["GLOBAL", "INDEX"],
    &["METADATA", "LOCK"],
    &["PHYSICAL_PROCESSLIST"],
    &["CONNECTION"],
    &["RECYCLEBIN"],
    &["MOVE", "DATABASE"],
    &["JOB"],
];

/// What no logical database has, with a database.
const ABSENT_OF_DATABASE: [(&[&str], &str); 3] =
    [(&["TRIGGERS"], "TRIGGERS"), (&["EVENTS"], "EVENTS"), (&["OPEN", "TABLES"], "OPEN TABLES")];

/// What no cluster has: stored programs, which can be listed with LIKE and WHERE, and the state of replication.
const ABSENT: [(&[&str], &str, bool); 14] = [
    (&["PROCEDURE", "STATUS"], "PROCEDURE STATUS", true),
    (&["FUNCTION", "STATUS"], "FUNCTION STATUS", true),
    (&["PACKAGE", "STATUS"], "PACKAGE STATUS", true),
    (&["PACKAGE", "BODY", "STATUS"], "PACKAGE BODY STATUS", true),
    (&["MASTER", "STATUS"], "MASTER STATUS", false),
    (&["BINARY", "LOG", "STATUS"], "BINARY LOG STATUS", false),
    (&["BINLOG", "STATUS"], "BINLOG STATUS", false),
    (&["SLAVE", "STATUS"], "SLAVE STATUS", false),
    (&["SLAVE", "HOSTS"], "SLAVE HOSTS", false),
    (&["REPLICA", "STATUS"], "REPLICA STATUS", false),
    (&["REPLICA", "HOSTS"], "REPLICA HOSTS", false),
    (&["REPLICAS"], "REPLICAS", false),
    (&["ALL", "SLAVES", "STATUS"], "ALL SLAVES STATUS", false),
    (&["ALL", "REPLICAS", "STATUS"], "ALL REPLICAS STATUS", false),
];

/// Parses what follows SHOW.
pub(super) fn parse(c: &mut Cursor<'_>) -> Result<Command, RouterError> {
    // DRDS's SHOW CONNECTION is another statement.
    if c.accept_all(&["CONNECTION", "ATTRIBUTES"]) {
        return finish(c, ShowWhat::ConnectionAttributes);
    }
    if let Some(words) = REFUSED.iter().find(|words| c.are(words)) {
        return Ok(Command::Refused(format!("SHOW {}", words.join(" "))));
    }
    if c.is("COUNT") {
        return counted(c);
    }
    let extended = c.accept("EXTENDED");
    let full = c.accept("FULL");
    if let Some(words) = REFUSED.iter().find(|words| full && c.are(words)) {
        return Ok(Command::Refused(format!("SHOW FULL {}", words.join(" "))));
    }
    if extended || full {
        let what = if c.accept_any(&["COLUMNS", "FIELDS"]) {
            columns(c, full, extended)?
        } else if c.accept("TABLES") {
            ShowWhat::Tables { full, database: from_database(c)? }
        } else if extended && !full && c.accept_any(&["INDEX", "INDEXES", "KEYS"]) {
            index(c)?
        } else if full
            && !extended
            && let Some(what) = absent_of_database(c)?
        {
            what
        } else if full && !extended && c.accept("PROCESSLIST") {
            ShowWhat::Processlist { full }
        } else if full && !extended && c.accept("RULE") {
            rule(c, full)?
        } else if full && !extended && c.accept("DDL") {
            ShowWhat::Ddl { full }
        } else if full && !extended && c.accept_any(&["TRANS", "TRANSACTIONS"]) {
            ShowWhat::Trans { full }
        } else {
            return Err(c.error());
        };
        return finish(c, what);
    }
    scoped(c)
}

/// `COUNT(*) WARNINGS`
fn counted(c: &mut Cursor<'_>) -> Result<Command, RouterError> {
    c.expect("COUNT")?;
    c.expect_op("(")?;
    c.expect_op("*")?;
    c.expect_op(")")?;
    let what = if c.accept("WARNINGS") {
        ShowWhat::Warnings { count: true, limit: None }
    } else if c.accept("ERRORS") {
        ShowWhat::Errors { count: true, limit: None }
    } else {
        return Err(c.error());
    };
    c.finish()?;
    Ok(Command::Show(Show { what, like: None, filter: None }))
}

/// `[GLOBAL | SESSION | LOCAL] VARIABLES | STATUS`, `{GLOBAL | LOCAL} DEADLOCKS`, and all that has no word before it.
fn scoped(c: &mut Cursor<'_>) -> Result<Command, RouterError> {
    let global = c.accept("GLOBAL");
    let local = c.is("LOCAL");
    let session = !global && c.accept_any(&["SESSION", "LOCAL"]);
    if c.accept("VARIABLES") {
        return finish(c, ShowWhat::Variables { global });
    }
    if (global || local) && c.accept("DEADLOCKS") {
        return finish(c, ShowWhat::Deadlocks { global });
    }
    if c.accept("STATUS") {
        return finish(c, ShowWhat::Status { global });
    }
    if global || session {
        return Err(c.error());
    }
    if PASSED.iter().any(|words| c.are(words)) {
        return Ok(Command::ShowPassed);
    }
    if c.accept_all(&["BINARY", "LOGS"]) || c.accept_all(&["MASTER", "LOGS"]) {
        c.finish()?;
        return Err(RouterError::new(1381, "HY000", "You are not using binary logging".to_owned()));
    }
    let what = match absent(c)? {
        Some(what) => what,
        None => plain(c)?,
    };
    finish(c, what)
}

fn absent_of_database(c: &mut Cursor<'_>) -> Result<Option<ShowWhat>, RouterError> {
    for (words, shown) in ABSENT_OF_DATABASE {
        if c.accept_all(words) {
            let scope = Scope::Database(from_database(c)?);
            return Ok(Some(ShowWhat::Absent(Absent { words: shown, scope })));
        }
    }
    Ok(None)
}

fn absent(c: &mut Cursor<'_>) -> Result<Option<ShowWhat>, RouterError> {
    if let Some(what) = absent_of_database(c)? {
        return Ok(Some(what));
    }
    for (words, shown, filtered) in ABSENT {
        if c.accept_all(words) {
            return Ok(Some(ShowWhat::Absent(Absent { words: shown, scope: Scope::Server { filtered } })));
        }
    }
    Ok(None)
}

fn plain(c: &mut Cursor<'_>) -> Result<ShowWhat, RouterError> {
    if c.accept_any(&["DATABASES", "SCHEMAS"]) {
        return Ok(ShowWhat::Databases);
    }
    if c.accept("TABLES") {
        return Ok(ShowWhat::Tables { full: false, database: from_database(c)? });
    }
    if c.accept_all(&["TABLE", "STATUS"]) {
        return Ok(ShowWhat::TableStatus { database: from_database(c)? });
    }
    if c.accept_all(&["CREATE", "TABLE"]) {
        let name = c.object_name()?;
        return Ok(ShowWhat::CreateTable { database: name.database, table: name.name });
    }
    if c.accept_all(&["CREATE", "VIEW"]) {
        let name = c.object_name()?;
        return Ok(ShowWhat::CreateView { database: name.database, view: name.name });
    }
    if c.accept_all(&["CREATE", "DATABASE"]) || c.accept_all(&["CREATE", "SCHEMA"]) {
        let if_not_exists = c.accept_all(&["IF", "NOT", "EXISTS"]);
        return Ok(ShowWhat::CreateDatabase { database: c.name()?, if_not_exists });
    }
    if c.accept_any(&["COLUMNS", "FIELDS"]) {
        return columns(c, false, false);
    }
    if c.accept_any(&["INDEX", "INDEXES", "KEYS"]) {
        return index(c);
    }
    if c.accept("WARNINGS") {
        return Ok(ShowWhat::Warnings { count: false, limit: limit(c)? });
    }
    if c.accept("ERRORS") {
        return Ok(ShowWhat::Errors { count: false, limit: limit(c)? });
    }
    if c.accept("GRANTS") {
        let account = if c.accept("FOR") { whom(c)? } else { Whom::Current };
        if c.is("USING") {
            return Err(RouterError::not_supported("roles"));
        }
        return Ok(ShowWhat::Grants(account));
    }
    if c.accept_all(&["CREATE", "USER"]) {
        return Ok(ShowWhat::CreateUser(if c.at_end() { Whom::Current } else { whom(c)? }));
    }
    if c.accept("PROCESSLIST") {
        return Ok(ShowWhat::Processlist { full: false });
    }
    drds(c)
}

fn drds(c: &mut Cursor<'_>) -> Result<ShowWhat, RouterError> {
    if c.accept("RULE") {
        return rule(c, false);
    }
    if c.accept("TRACE") {
        return Ok(ShowWhat::Trace);
    }
    if c.accept("DDL") {
        return Ok(if c.accept("RESULT") { ShowWhat::DdlResult } else { ShowWhat::Ddl { full: false } });
    }
    if c.accept("TOPOLOGY") {
        let (database, table) = from_table(c)?;
        return Ok(ShowWhat::Topology { database, table });
    }
    if c.accept("PARTITIONS") {
        let (database, table) = from_table(c)?;
        return Ok(ShowWhat::Partitions { database, table });
    }
    if c.accept_any(&["TRANS", "TRANSACTIONS"]) {
        return if c.accept("INDOUBT") {
            Ok(ShowWhat::TransInDoubt)
        } else if c.peek().kind == TokenKind::String {
            Ok(ShowWhat::TransOutcome(c.string()?))
        } else {
            Ok(ShowWhat::Trans { full: false })
        };
    }
    let plain = [
        ("BROADCASTS", ShowWhat::Broadcasts),
        ("NODE", ShowWhat::Node),
        ("DATASOURCES", ShowWhat::Datasources),
        ("SEQUENCES", ShowWhat::Sequences),
        ("INSTANCES", ShowWhat::Instances),
        ("GROUPS", ShowWhat::Groups),
        ("NODES", ShowWhat::Nodes),
        ("USERS", ShowWhat::Users),
        ("SETTINGS", ShowWhat::Settings),
        ("HELP", ShowWhat::Help),
    ];
    for (word, what) in plain {
        if c.accept(word) {
            return Ok(what);
        }
    }
    Err(c.error())
}

fn rule(c: &mut Cursor<'_>, full: bool) -> Result<ShowWhat, RouterError> {
    if !c.is_any(&["FROM", "IN"]) {
        return Ok(ShowWhat::Rule { full, database: None, table: None });
    }
    let (database, table) = from_table(c)?;
    Ok(ShowWhat::Rule { full, database, table: Some(table) })
}

fn columns(c: &mut Cursor<'_>, full: bool, extended: bool) -> Result<ShowWhat, RouterError> {
    let (database, table) = from_table(c)?;
    Ok(ShowWhat::Columns { full, extended, database, table })
}

fn index(c: &mut Cursor<'_>) -> Result<ShowWhat, RouterError> {
    let (database, table) = from_table(c)?;
    Ok(ShowWhat::Index { database, table })
}

/// `FROM table [FROM database]`, `FROM database.table`. The second FROM wins, as on the servers.
fn from_table(c: &mut Cursor<'_>) -> Result<(Option<String>, String), RouterError> {
    if !c.accept_any(&["FROM", "IN"]) {
        return Err(c.error());
    }
    let name = c.object_name()?;
    let database = from_database(c)?;
    Ok((database.or(name.database), name.name))
}

fn from_database(c: &mut Cursor<'_>) -> Result<Option<String>, RouterError> {
    if c.accept_any(&["FROM", "IN"]) { c.name().map(Some) } else { Ok(None) }
}

/// `LIMIT n`, `LIMIT offset, n`, `LIMIT n OFFSET offset`: (offset, n).
fn limit(c: &mut Cursor<'_>) -> Result<Option<(u64, u64)>, RouterError> {
    if !c.accept("LIMIT") {
        return Ok(None);
    }
    let first = c.unsigned()?;
    if c.accept_op(",") {
        return Ok(Some((first, c.unsigned()?)));
    }
    let offset = if c.accept("OFFSET") { c.unsigned()? } else { 0 };
    Ok(Some((offset, first)))
}

/// Reads LIKE or WHERE where the statement can have them, and the end.
fn finish(c: &mut Cursor<'_>, what: ShowWhat) -> Result<Command, RouterError> {
    let (mut like, mut filter) = (None, None);
    let filtered = !matches!(
        what,
        ShowWhat::CreateTable { .. }
            | ShowWhat::CreateView { .. }
            | ShowWhat::CreateDatabase { .. }
            | ShowWhat::Warnings { .. }
            | ShowWhat::Errors { .. }
            | ShowWhat::Processlist { .. }
            | ShowWhat::Grants(_)
            | ShowWhat::CreateUser(_)
            | ShowWhat::Absent(Absent { scope: Scope::Server { filtered: false }, .. })
            | ShowWhat::Help
    );
    if filtered && c.accept("LIKE") {
        like = Some(c.string()?);
    } else if what == ShowWhat::Sequences && c.is_any(&["ORDER", "LIMIT"]) {
        // DRDS's: clauses of a query without WHERE.
        let start = c.start();
        while !c.at_end() {
            c.advance();
        }
        filter = Some(format!("TRUE {}", c.code(&(start..c.last_end()))?));
    } else if filtered && c.accept("WHERE") {
        let start = c.start();
        while !c.at_end() {
            c.advance();
        }
        if c.last_end() <= start {
            return Err(c.error());
        }
        filter = Some(c.code(&(start..c.last_end()))?);
    }
    c.finish()?;
    Ok(Command::Show(Show { what, like, filter }))
}
