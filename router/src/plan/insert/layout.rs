//! Where the parts of an INSERT stand: its table, its columns, its rows, what follows them.

use std::ops::Range;

use crate::RouterError;
use crate::plan::tokens::Tokens;
use crate::plan::tree::Name;

/// Where the parts of an INSERT stand, as token indexes.
pub(super) struct Layout {
    pub table: Vec<Name>,
    /// Column names, if there is a list.
    pub columns: Option<Vec<String>>,
    /// Index of the list's `)`.
    pub columns_end: usize,
    /// The rows: token ranges of `( ... )`, or the assignments of SET as one.
    pub rows: Vec<Range<usize>>,
    /// Index of the first token behind the rows.
    pub tail: usize,
    pub set_form: bool,
    /// Index where the query of INSERT ... SELECT starts.
    pub query: Option<usize>,
}

/// Finds the parts.
pub(super) fn layout(tokens: &Tokens<'_>) -> Result<Layout, RouterError> {
    let mut at = 1;
    while tokens.is_any_word(at, &["LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED", "IGNORE"]) {
        at += 1;
    }
    if tokens.is_word(at, "INTO") {
        at += 1;
    }
    let syntax = |at: usize| {
        let near = String::from_utf8_lossy(tokens.bytes(at)).into_owned();
        RouterError::syntax(format_args!("INSERT near '{near}'"))
    };
    let mut table = Vec::new();
    loop {
        let name = tokens.name(at).ok_or_else(|| syntax(at))?;
        table.push(Name { text: name, span: tokens.start(at)..tokens.end(at) });
        at += 1;
        if !tokens.is_op(at, ".") || table.len() > 1 {
            break;
        }
        at += 1;
    }
    if tokens.is_word(at, "PARTITION") {
        return Err(RouterError::not_supported("PARTITION (...) in INSERT"));
    }
    let mut found = Layout {
        table,
        columns: None,
        columns_end: at,
        rows: Vec::new(),
        tail: at,
        set_form: false,
        query: None,
    };
    if tokens.is_op(at, "(")
        && !tokens.is_any_word(at + 1, &["SELECT", "WITH", "TABLE"])
        && !tokens.is_op(at + 1, "(")
    {
        let close = tokens.close(at);
        found.columns = Some(column_list(tokens, at + 1, close)?);
        found.columns_end = close;
        at = close + 1;
    }
    if tokens.is_any_word(at, &["VALUES", "VALUE"]) {
        value_rows(tokens, at + 1, &mut found)?;
    } else if tokens.is_word(at, "SET") && found.columns.is_none() {
        found.set_form = true;
        let end = tokens.find(at, tokens.len(), |at| starts_tail(tokens, at));
        found.columns = Some(assigned_columns(tokens, at + 1, end)?);
        found.rows.push(at + 1..end);
        found.tail = end;
    } else if tokens.is_any_word(at, &["SELECT", "WITH", "TABLE"]) || tokens.is_op(at, "(") {
        found.query = Some(at);
        found.tail = tokens.find(at, tokens.len(), |at| starts_tail(tokens, at));
    } else {
        return Err(syntax(at));
    }
    Ok(found)
}

fn starts_tail(tokens: &Tokens<'_>, at: usize) -> bool {
    (tokens.are_words(at, &["ON", "DUPLICATE"])) || tokens.is_word(at, "RETURNING")
}

fn column_list(tokens: &Tokens<'_>, from: usize, to: usize) -> Result<Vec<String>, RouterError> {
    if from >= to {
        return Ok(Vec::new());
    }
    let name = |part: Range<usize>| tokens.name(part.start).filter(|_| part.len() == 1);
    let names: Option<Vec<String>> = tokens.split(from, to).into_iter().map(name).collect();
    names.ok_or_else(|| RouterError::not_supported("qualified names in the column list of INSERT"))
}

fn assigned_columns(tokens: &Tokens<'_>, from: usize, to: usize) -> Result<Vec<String>, RouterError> {
    let mut columns = Vec::new();
    for part in tokens.split(from, to) {
        match tokens.name(part.start) {
            Some(name) if tokens.is_op(part.start + 1, "=") => columns.push(name),
            _ => return Err(RouterError::not_supported("this form of INSERT ... SET")),
        }
    }
    Ok(columns)
}

fn value_rows(tokens: &Tokens<'_>, mut at: usize, found: &mut Layout) -> Result<(), RouterError> {
    loop {
        let start = at;
        if tokens.is_word(at, "ROW") {
            at += 1;
        }
        if !tokens.is_op(at, "(") {
            let near = String::from_utf8_lossy(tokens.bytes(at)).into_owned();
            return Err(RouterError::syntax(format_args!("the rows of INSERT near '{near}'")));
        }
        at = tokens.close(at) + 1;
        found.rows.push(start..at);
        if !tokens.is_op(at, ",") {
            found.tail = at;
            return Ok(());
        }
        at += 1;
    }
}
