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
    /// Rows that cannot be stored are left out with a warning.
    pub ignores: bool,
    /// Index where the query of INSERT ... SELECT starts.
    pub query: Option<usize>,
}

/// Finds the parts.
pub(super) fn layout(tokens: &Tokens<'_>) -> Result<Layout, RouterError> {
    let mut at = 1;
    let mut ignores = false;
    while tokens.is_any_word(at, &["LOW_PRIORITY", "HIGH_PRIORITY", "DELAYED", "IGNORE"]) {
        ignores |= tokens.is_word(at, "IGNORE");
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
        ignores,
        query: None,
    };
    if tokens.is_op(at, "(")
        && !tokens.is_any_word(at + 1, &["SELECT", "WITH", "TABLE"])
        && !tokens.is_op(at + 1, "(")
    {
        let close = tokens.close(at);
        found.columns = Some(column_list(tokens, at + 1, close, &found.table)?);
        found.columns_end = close;
        at = close + 1;
    }
    if tokens.is_any_word(at, &["VALUES", "VALUE"]) {
        value_rows(tokens, at + 1, &mut found)?;
    } else if tokens.is_word(at, "SET") && found.columns.is_none() {
        found.set_form = true;
        let end = tokens.find(at, tokens.len(), |at| starts_tail(tokens, at));
        found.columns = Some(assigned_columns(tokens, at + 1, end, &found.table)?);
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

fn column_list(
    tokens: &Tokens<'_>,
    from: usize,
    to: usize,
    table: &[Name],
) -> Result<Vec<String>, RouterError> {
    if from >= to {
        return Ok(Vec::new());
    }
    tokens.split(from, to).into_iter().map(|part| column_name(tokens, part, table)).collect()
}

fn assigned_columns(
    tokens: &Tokens<'_>,
    from: usize,
    to: usize,
    table: &[Name],
) -> Result<Vec<String>, RouterError> {
    let name = |part: Range<usize>| {
        let equals = assigned_at(tokens, &part);
        if equals >= part.end {
            return Err(RouterError::not_supported("this form of INSERT ... SET"));
        }
        column_name(tokens, part.start..equals, table)
    };
    tokens.split(from, to).into_iter().map(name).collect()
}

/// Index of the `=` of an assignment.
pub(super) fn assigned_at(tokens: &Tokens<'_>, part: &Range<usize>) -> usize {
    tokens.find(part.start, part.end, |at| tokens.is_op(at, "="))
}

/// `c`, `t.c` or `db.t.c`, where nothing but the table can be named.
fn column_name(tokens: &Tokens<'_>, part: Range<usize>, table: &[Name]) -> Result<String, RouterError> {
    let mut names = Vec::new();
    for at in part.clone() {
        let is_name = (at - part.start).is_multiple_of(2);
        match tokens.name(at).filter(|_| is_name) {
            Some(name) => names.push(name),
            None if !is_name && tokens.is_op(at, ".") => {}
            None => return Err(RouterError::not_supported("this form of a column's name in INSERT")),
        }
    }
    let all = names.join(".");
    let Some(column) = names.pop().filter(|_| part.len() % 2 == 1) else {
        return Err(RouterError::not_supported("this form of a column's name in INSERT"));
    };
    // The database is left out where it is the current one.
    let is_table = names.iter().rev().zip(table.iter().rev()).all(|(name, known)| *name == known.text);
    if !is_table || names.len() > 2 {
        return Err(RouterError::new(1054, "42S22", format!("Unknown column '{all}' in 'field list'")));
    }
    Ok(column)
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
