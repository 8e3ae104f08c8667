//! INSERT and REPLACE with values that a server works out first: subqueries, and expressions that place a row or that each copy would work
//! out by itself. Literals stand in their place then, and the rest of the statement is the user's own text.

use std::ops::Range;

use ostrakon_catalog::column::ColumnType;

use super::layout::Layout;
use super::{apart, cell, fills, row_values, update_assignments, value_columns};
use crate::RouterError;
use crate::lexer::{SqlMode, TokenKind};
use crate::plan::bind::{Binder, Kind, Reference};
use crate::plan::gather::literal;
use crate::plan::rows_first::{Literal, RowsFirst};
use crate::plan::special::{Special, VARYING};
use crate::plan::text::{Cutter, Piece, marks, text};
use crate::plan::tokens::Tokens;
use crate::plan::{Arguments, Request, RoutedPlan, nextval, returning};

/// An INSERT or REPLACE of rows with such values.
#[derive(Debug)]
pub struct InsertComputed {
    /// In the order of the text.
    pub values: Vec<ComputedValue>,
    /// Rows of the statement.
    pub rows: usize,
    /// IGNORE.
    pub ignores: bool,
    mode: SqlMode,
    /// The text around the values: one piece more than there are values.
    around: Vec<Vec<Piece>>,
    columns: Vec<String>,
}

/// A value that a server works out.
#[derive(Debug)]
pub struct ComputedValue {
    /// Type of the column that it goes into.
    pub data_type: ColumnType,
    /// It is assigned by ON DUPLICATE KEY UPDATE: one server works it out only where there is a duplicate.
    pub is_update: bool,
    expression: Vec<Piece>,
}

impl InsertComputed {
    /// The query for some of the values: one row.
    pub fn query(&self, values: Range<usize>, arguments: &Arguments<'_>) -> Literal {
        let values = self.values.get(values).unwrap_or_default();
        let values: Vec<Literal> =
            values.iter().map(|value| literal::render(&value.expression, arguments, self.mode)).collect();
        [b"SELECT ".as_slice(), &values.join(&b", "[..])].concat()
    }

    /// The statement with these in the place of its values.
    pub fn statement(&self, values: &[Literal], arguments: &Arguments<'_>) -> Literal {
        let mut out = Vec::new();
        for (at, pieces) in self.around.iter().enumerate() {
            out.extend(literal::render(pieces, arguments, self.mode));
            out.extend(values.get(at).into_iter().flatten());
        }
        out
    }

    /// Whether the table has a column of that name: an expression that asks for it reads the row that is inserted.
    pub fn has_column(&self, name: &str) -> bool {
        let name = name.rsplit('.').next().unwrap_or(name);
        self.columns.iter().any(|column| column.eq_ignore_ascii_case(name))
    }
}

/// Plans such a statement; `None`: it has no such value.
///
/// Errors: 1136 and 1054 as for any INSERT, 1235 for what cannot be worked out first.
pub(super) fn plan(
    request: &Request<'_>,
    tokens: &Tokens<'_>,
    layout: &Layout,
    binder: &Binder<'_>,
    reference: &Reference,
    special: &Special,
) -> Result<Option<RoutedPlan>, RouterError> {
    let found = find(request, tokens, layout, reference, special)?;
    if found.is_empty() {
        return Ok(None);
    }
    check(tokens, layout, reference, special, &found)?;
    if !request.mode.server.mariadb {
        refuse_own_table(tokens, reference, &found)?;
    }
    let cutter = Cutter::new(&request.template.holes, marks(tokens));
    let mut values = Vec::with_capacity(found.len());
    let mut around = Vec::with_capacity(found.len() + 1);
    let mut from = 0;
    // 0x41 and x'41' have one template, and are not the same in MariaDB.
    let has_bits = found.iter().any(|value| tokens.kind(value.range.start) == TokenKind::Hex);
    for Found { range, data_type, is_update } in found {
        let (start, end) = (tokens.start(range.start), tokens.end(range.end.saturating_sub(1)));
        let mut expression = cutter.range(start, end);
        // As a number: that is what such a literal is for a column of numbers, and alone it is a text.
        if range.len() == 1 && is_hybrid(tokens, range.start, request.mode) && data_type.is_integer() {
            expression.push(text("+0"));
        }
        values.push(ComputedValue { data_type, is_update, expression });
        around.push(cutter.range(from, start));
        from = end;
    }
    around.push(cutter.range(from, request.template.length));
    let insert = InsertComputed {
        values,
        rows: layout.rows.len(),
        ignores: layout.ignores,
        mode: request.mode,
        around,
        columns: reference.table.columns.iter().map(|column| column.name.clone()).collect(),
    };
    let alone = cutter.range(0, request.template.length);
    let rows_first = RowsFirst::Computed(insert);
    let mut plan = apart(
        request,
        binder,
        (reference, special),
        rows_first,
        alone,
        "values that a server works out first",
    );
    plan.cacheable = layout.rows.len() <= super::CACHED_ROWS && !has_bits;
    Ok(Some(plan))
}

/// A value to work out.
struct Found {
    range: Range<usize>,
    data_type: ColumnType,
    is_update: bool,
}

/// The values that a server must work out, in the order of the text.
fn find(
    request: &Request<'_>,
    tokens: &Tokens<'_>,
    layout: &Layout,
    reference: &Reference,
    special: &Special,
) -> Result<Vec<Found>, RouterError> {
    let table = &reference.table;
    let columns = value_columns(layout, table);
    let copied = reference.kind == Kind::Broadcast;
    let mut found = Vec::new();
    for (number, row) in layout.rows.iter().enumerate() {
        let values = row_values(tokens, layout, row);
        let reads = values.iter().any(|value| selects(tokens, value));
        if values.len() != columns.len() {
            if reads {
                let message = format!("Column count doesn't match value count at row {}", number + 1);
                return Err(RouterError::new(1136, "21S01", message));
            }
            continue;
        }
        for (name, range) in columns.iter().zip(values) {
            let Some((ordinal, column)) = table.column(name) else {
                if selects(tokens, &range) {
                    return Err(unknown(name));
                }
                continue;
            };
            let places = reference.kind == Kind::Sharded && reference.moves_by(ordinal)
                || column.auto_increment && fills(reference);
            let is_unknown = |range: &Range<usize>| {
                if !column.auto_increment && !reference.placer.is_key(ordinal) {
                    // A generated shard key is worked out from the text itself.
                    return Ok(!is_constant(tokens, range));
                }
                let number = column.auto_increment && is_hybrid(tokens, range.start, request.mode);
                Ok::<_, RouterError>(number || cell(tokens, range, &special.nexts, request)?.is_none())
            };
            let varies = || {
                copied && range.clone().any(|at| tokens.is_any_word(at, VARYING) && tokens.is_op(at + 1, "("))
            };
            if selects(tokens, &range) || varies() || places && is_unknown(&range)? {
                found.push(Found { range, data_type: column.data_type.clone(), is_update: false });
            }
        }
    }
    for assignment in update_assignments(tokens, layout) {
        let equals = tokens.find(assignment.start, assignment.end, |at| tokens.is_op(at, "="));
        let range = equals + 1..assignment.end;
        if range.is_empty() || !selects(tokens, &range) {
            continue;
        }
        let name = equals.checked_sub(1).and_then(|at| tokens.name(at)).unwrap_or_default();
        let Some((_, column)) = table.column(&name) else {
            return Err(unknown(&name));
        };
        found.push(Found { range, data_type: column.data_type.clone(), is_update: true });
    }
    Ok(found)
}

fn check(
    tokens: &Tokens<'_>,
    layout: &Layout,
    reference: &Reference,
    special: &Special,
    found: &[Found],
) -> Result<(), RouterError> {
    let table = &reference.table;
    let refuse = |what: &str| {
        RouterError::not_supported(format_args!("{what} in INSERT ... VALUES into table '{}'", table.name))
    };
    if let Some(name) = layout.columns.iter().flatten().find(|name| table.column(name).is_none()) {
        return Err(unknown(name));
    }
    nextval::refuse(special, "INSERT with an expression that is worked out first")?;
    if special.sets_last_id {
        return Err(refuse("LAST_INSERT_ID(expression) beside an expression that is worked out first"));
    }
    if returning::clause(tokens, layout.tail).is_some() {
        return Err(refuse("RETURNING beside a value that is worked out first"));
    }
    let selects_in = |range: &Range<usize>| selects(tokens, range);
    let inside = |at: usize| found.iter().any(|value| value.range.contains(&at) && selects_in(&value.range));
    if (0..tokens.len()).any(|at| tokens.is_word(at, "SELECT") && !inside(at)) {
        return Err(refuse("a subquery"));
    }
    let reads_target =
        |value: &Found| value.range.clone().any(|at| tokens.name(at).is_some_and(|name| name == table.name));
    if found.iter().any(|value| value.is_update && reads_target(value)) {
        return Err(RouterError::not_supported(format_args!(
            "a subquery on the table itself in ON DUPLICATE KEY UPDATE of table '{}'",
            table.name
        )));
    }
    // MariaDB reads the columns' defaults then, and otherwise what the values before have made.
    let column_named = |value: Range<usize>| {
        let outside = move |at: &usize| !found.iter().any(|computed| computed.range.contains(at));
        let is_column = |at: usize| {
            let name = tokens.name(at).filter(|_| !tokens.is_op(at + 1, "(") && !tokens.is_op(at + 1, "."));
            name.is_some_and(|name| table.column(&name).is_some())
        };
        value.filter(outside).any(is_column)
    };
    let mut values = layout.rows.iter().flat_map(|row| row_values(tokens, layout, row));
    if found.iter().any(reads_target) && values.any(column_named) {
        return Err(refuse("a value that reads a column, beside a subquery on the table itself,"));
    }
    // Which values a server has made itself is known of rows that are placed here.
    let given = table.auto_increment().is_some_and(|(_, column)| {
        value_columns(layout, table).iter().any(|name| name.eq_ignore_ascii_case(&column.name))
    });
    if reference.kind == Kind::Single && given {
        return Err(refuse("a subquery beside an AUTO_INCREMENT value"));
    }
    Ok(())
}

/// MySQL reads no table that the statement writes, but for a derived table of it.
///
/// Errors: 1093; 1235 where the table's name stands deeper than that.
fn refuse_own_table(tokens: &Tokens<'_>, reference: &Reference, found: &[Found]) -> Result<(), RouterError> {
    let name = &reference.table.name;
    for Found { range, .. } in found {
        let own = |at: &usize| tokens.name(*at).is_some_and(|word| word == *name);
        let Some(at) = range.clone().find(own) else { continue };
        let is_source = at > 0 && tokens.is_any_word(at - 1, &["FROM", "JOIN", "STRAIGHT_JOIN"]);
        let depth = (range.start..at).fold(0i32, |depth, at| {
            depth + i32::from(tokens.is_op(at, "(")) - i32::from(tokens.is_op(at, ")"))
        });
        if is_source && depth == 1 && tokens.is_op(range.start, "(") {
            let message = format!("You can't specify target table '{name}' for update in FROM clause");
            return Err(RouterError::new(1093, "HY000", message));
        }
        return Err(RouterError::not_supported(format_args!(
            "a subquery on table '{name}' itself in INSERT ... VALUES"
        )));
    }
    Ok(())
}

fn unknown(name: &str) -> RouterError {
    RouterError::new(1054, "42S22", format!("Unknown column '{name}' in 'field list'"))
}

fn selects(tokens: &Tokens<'_>, range: &Range<usize>) -> bool {
    range.clone().any(|at| tokens.is_word(at, "SELECT"))
}

/// A text that means the same each time: literals, and what says of which type they are.
fn is_constant(tokens: &Tokens<'_>, range: &Range<usize>) -> bool {
    const WORDS: [&str; 14] = [
        "AS",
        "BINARY",
        "CAST",
        "CHAR",
        "DATE",
        "DATETIME",
        "DEFAULT",
        "FALSE",
        "N",
        "NULL",
        "SIGNED",
        "TIME",
        "TIMESTAMP",
        "TRUE",
    ];
    let is_literal =
        |at: usize| matches!(tokens.kind(at), TokenKind::String | TokenKind::Hex | TokenKind::Bit);
    range.clone().all(|at| match tokens.kind(at) {
        TokenKind::Word => {
            tokens.is_any_word(at, &WORDS) || tokens.bytes(at).starts_with(b"_") && is_literal(at + 1)
        }
        TokenKind::Op => !tokens.is_op(at, ":="),
        TokenKind::QuotedIdent | TokenKind::UserVariable | TokenKind::SystemVariable | TokenKind::End => {
            false
        }
        _ => true,
    })
}

/// A literal of bits that is a number where one is wanted. In MariaDB x'41' is not.
fn is_hybrid(tokens: &Tokens<'_>, at: usize, mode: SqlMode) -> bool {
    match tokens.kind(at) {
        TokenKind::Bit => true,
        TokenKind::Hex => tokens.bytes(at).starts_with(b"0x") || !mode.server.mariadb,
        _ => false,
    }
}
