//! DESCRIBE and EXPLAIN: one word for two statements, the columns of a table and the plan of a query.

use super::command::{Command, Show, ShowWhat};
use super::cursor::Cursor;
use crate::RouterError;
use crate::lexer::TokenKind;

/// What DRDS can explain and this version cannot.
const DRDS_FORMS: [&str; 11] = [
    "SHARDING",
    "SIMPLE",
    "DETAIL",
    "LOGICALVIEW",
    "PHYSICAL",
    "COST",
    "OPTIMIZER",
    "BASELINE",
    "JSON_PLAN",
    "ADVISOR",
    "STATISTICS",
];

/// Parses what follows EXPLAIN, DESCRIBE or DESC.
pub(super) fn parse(c: &mut Cursor<'_>) -> Result<Command, RouterError> {
    if starts_statement(c, 0) {
        return explain(c, false);
    }
    if c.are(&["FOR", "CONNECTION"]) || is_format_for_connection(c) {
        return Ok(Command::Refused("EXPLAIN FOR CONNECTION".into()));
    }
    if let Some(form) = DRDS_FORMS.iter().find(|form| c.is(form) && starts_statement(c, 1)) {
        return Ok(Command::Refused(format!("EXPLAIN {form}")));
    }
    if c.is("ANALYZE") && starts_statement(c, 1) {
        c.advance();
        return Ok(Command::ExplainAnalyze(rest(c)));
    }
    if skip_options(c)? {
        return if starts_statement(c, 0) { explain(c, true) } else { Err(c.error()) };
    }
    describe(c)
}

/// True when the token `n` ahead starts something that has a plan.
fn starts_statement(c: &Cursor<'_>, n: usize) -> bool {
    const FIRST: [&str; 7] = ["SELECT", "INSERT", "REPLACE", "UPDATE", "DELETE", "WITH", "VALUES"];
    FIRST.iter().any(|word| c.word_ahead(n, word))
        || c.op_ahead(n, "(")
        || (c.word_ahead(n, "TABLE") && c.ahead(n + 1).kind != TokenKind::End)
}

fn is_format_for_connection(c: &Cursor<'_>) -> bool {
    c.is("FORMAT") && c.op_ahead(1, "=") && c.word_ahead(3, "FOR")
}

/// EXTENDED, PARTITIONS, ANALYZE, EXECUTE, `FORMAT = x`, `INTO @v`, `FOR SCHEMA x`; true when there was one.
fn skip_options(c: &mut Cursor<'_>) -> Result<bool, RouterError> {
    let mut found = false;
    loop {
        let plain = ["EXTENDED", "PARTITIONS", "ANALYZE", "EXECUTE"].iter().any(|word| c.is(word));
        if plain && (starts_statement(c, 1) || c.word_ahead(1, "FORMAT")) {
            c.advance();
        } else if c.is("FORMAT") && c.op_ahead(1, "=") {
            c.advance();
            c.advance();
            c.name_or_string()?;
        } else if c.is("INTO") || c.are(&["FOR", "SCHEMA"]) || c.are(&["FOR", "DATABASE"]) {
            return Err(RouterError::not_supported("EXPLAIN with INTO or FOR SCHEMA"));
        } else {
            return Ok(found);
        }
        found = true;
    }
}

fn explain(c: &mut Cursor<'_>, server: bool) -> Result<Command, RouterError> {
    Ok(Command::Explain { inner: rest(c), server })
}

/// `TRACE statement`
pub(super) fn trace(c: &mut Cursor<'_>) -> Result<Option<Command>, RouterError> {
    if !(c.is("TRACE") && starts_statement(c, 1)) {
        return Ok(None);
    }
    c.advance();
    Ok(Some(Command::Trace(rest(c))))
}

/// The byte range of all that follows.
pub(super) fn rest(c: &mut Cursor<'_>) -> std::ops::Range<usize> {
    let start = c.start();
    while !c.at_end() {
        c.advance();
    }
    start..c.peek().end as usize
}

/// `DESC table [column | 'pattern']`
fn describe(c: &mut Cursor<'_>) -> Result<Command, RouterError> {
    let name = c.object_name()?;
    let like = if c.at_end() { None } else { Some(c.name_or_string()?) };
    c.finish()?;
    let what = ShowWhat::Columns { full: false, extended: false, database: name.database, table: name.name };
    Ok(Command::Show(Show { what, like, filter: None }))
}
