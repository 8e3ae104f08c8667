//! INSERT ... ON DUPLICATE KEY UPDATE after which a row may belong to another physical table: each row is inserted by itself, and where its
//! primary key is taken, the row that has it is updated as by an UPDATE of a shard key.

use std::ops::Range;

use ostrakon_catalog::column::{Column, ColumnType, KeyKind};

use super::layout::{Layout, assigned_at};
use super::{apart, fills, row_values, update_assignments, value_columns};
use crate::lexer::{SqlMode, TokenKind};
use crate::plan::bind::{Binder, Kind, Reference};
use crate::plan::gather::literal;
use crate::plan::rows_first::{Literal, RowsFirst};
use crate::plan::special::Special;
use crate::plan::text::{Cutter, Edit, Piece, marks, text};
use crate::plan::tokens::Tokens;
use crate::plan::{Arguments, Request, RoutedPlan, returning};
use crate::sharding::topology::quote;

/// Such a statement.
#[derive(Debug)]
pub struct Upsert {
    /// VALUES(column) is in it.
    pub has_values_function: bool,
    mode: SqlMode,
    /// The text up to the first row.
    head: Vec<Piece>,
    rows: Vec<UpsertRow>,
}

/// One of its rows.
#[derive(Debug)]
struct UpsertRow {
    values: Vec<Piece>,
    /// The UPDATE of the row that has its key.
    update: Vec<Piece>,
}

impl Upsert {
    /// How many rows it has.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// The INSERT of one row.
    pub fn insert(&self, row: usize, arguments: &Arguments<'_>) -> Literal {
        let values = self.rows.get(row).map_or(&[][..], |row| &row.values);
        [literal::render(&self.head, arguments, self.mode), literal::render(values, arguments, self.mode)]
            .concat()
    }

    /// The UPDATE of the row that is in its way.
    pub fn update(&self, row: usize, arguments: &Arguments<'_>) -> Literal {
        literal::render(self.rows.get(row).map_or(&[][..], |row| &row.update), arguments, self.mode)
    }
}

/// Plans it; `None`: it cannot be done so.
pub(super) fn plan(
    request: &Request<'_>,
    tokens: &Tokens<'_>,
    layout: &Layout,
    binder: &Binder<'_>,
    reference: &Reference,
    special: &Special,
) -> Option<RoutedPlan> {
    let returns = returning::clause(tokens, layout.tail).is_some();
    let odd = layout.ignores || returns || special.sets_last_id || special.varies.is_some();
    let is_plain = special.nexts.is_empty() && tokens.is_word(layout.tail, "ON");
    if reference.kind != Kind::Sharded || fills(reference) || odd || !is_plain {
        return None;
    }
    let columns = value_columns(layout, &reference.table);
    let key = only_key(reference)?;
    let rows = layout
        .rows
        .iter()
        .map(|range| row(request, tokens, layout, reference, (&columns, &key), range))
        .collect::<Option<Vec<_>>>()?;
    let cutter = Cutter::new(&request.template.holes, marks(tokens));
    let first = layout.rows.first().map_or(0, |row| tokens.start(row.start));
    let upsert = Upsert {
        has_values_function: super::has_values_function(tokens, layout),
        mode: request.mode,
        head: cutter.range(0, first),
        rows,
    };
    let alone = cutter.range(0, request.template.length);
    let rows_first = RowsFirst::Upsert(upsert);
    let mut plan = apart(
        request,
        binder,
        (reference, special),
        rows_first,
        alone,
        "ON DUPLICATE KEY UPDATE of a shard key",
    );
    plan.cacheable = layout.rows.len() <= super::CACHED_ROWS;
    Some(plan)
}

/// The columns of the primary key, which is the only unique key: what is in a row's way is known by them.
fn only_key(reference: &Reference) -> Option<Vec<&Column>> {
    let mut unique =
        reference.table.keys.iter().filter(|key| matches!(key.kind, KeyKind::Primary | KeyKind::Unique));
    let key = unique.next().filter(|key| key.kind == KeyKind::Primary && unique.next().is_none())?;
    key.columns.iter().map(|name| reference.table.column(name).map(|(_, column)| column)).collect()
}

fn row(
    request: &Request<'_>,
    tokens: &Tokens<'_>,
    layout: &Layout,
    reference: &Reference,
    (columns, key): (&[String], &[&Column]),
    range: &Range<usize>,
) -> Option<UpsertRow> {
    let values = row_values(tokens, layout, range);
    if values.len() != columns.len() {
        return None;
    }
    let value_of = |name: &str| {
        let position = columns.iter().position(|column| column.eq_ignore_ascii_case(name))?;
        values.get(position).cloned()
    };
    let span = |range: &Range<usize>| tokens.start(range.start)..tokens.end(range.end.saturating_sub(1));
    let plain = Cutter::new(&request.template.holes, marks(tokens));
    let pieces = |range: &Range<usize>| {
        let span = span(range);
        plain.range(span.start, span.end)
    };
    let mut edits = marks(tokens);
    let assignments = update_assignments(tokens, layout);
    for part in &assignments {
        let equals = assigned_at(tokens, part);
        let name = tokens.name(equals.checked_sub(1)?)?;
        let (_, assigned) = reference.table.column(&name)?;
        let mut at = equals + 1;
        while at < part.end {
            if tokens.is_any_word(at, &["SELECT", "DEFAULT"]) {
                return None;
            }
            if tokens.is_any_word(at, &["VALUES", "VALUE"]) && tokens.is_op(at + 1, "(") {
                let close = tokens.close(at + 1);
                let named = tokens.name(at + 2).filter(|_| close == at + 3)?;
                let (_, column) = reference.table.column(&named)?;
                let value = value_of(&named)?;
                let is_whole = at == equals + 1 && close + 1 == part.end;
                if !stands_for(tokens, &value, column, is_whole.then_some(assigned)) {
                    return None;
                }
                edits.push(Edit::new(span(&(at..close + 1)), pieces(&value)));
                at = close;
            }
            at += 1;
        }
    }
    let cutter = Cutter::new(&request.template.holes, edits);
    let table = format!("{}.{}", quote(&reference.database.name), quote(&reference.table.name));
    let mut update = vec![text(format!("UPDATE {table} SET "))];
    for (number, part) in assignments.iter().enumerate() {
        update.extend((number > 0).then(|| text(", ")));
        let span = span(part);
        update.extend(cutter.range(span.start, span.end));
    }
    for (number, column) in key.iter().enumerate() {
        let value = value_of(&column.name).filter(|value| finds(tokens, value, &column.data_type))?;
        update.push(text(format!(
            "{}{table}.{} = ",
            if number > 0 { " AND " } else { " WHERE " },
            quote(&column.name)
        )));
        update.extend(pieces(&value));
    }
    Some(UpsertRow { values: pieces(range), update })
}

/// Whether a literal finds the row that has it: what it does not find is an error and no harm, and it finds no other.
fn finds(tokens: &Tokens<'_>, value: &Range<usize>, data_type: &ColumnType) -> bool {
    match data_type {
        ColumnType::Char { .. } | ColumnType::VarChar { .. } => {
            value.len() == 1 && tokens.kind(value.start) == TokenKind::String
        }
        ColumnType::Date => value.len() == 1 && tokens.kind(value.start) == TokenKind::String,
        integer if integer.is_integer() => is_integer(tokens, value),
        _ => false,
    }
}

/// Whether the text of a value means what VALUES(column) means. `assigned`: the column that it is assigned to as it is.
fn stands_for(tokens: &Tokens<'_>, value: &Range<usize>, column: &Column, assigned: Option<&Column>) -> bool {
    let is_null = value.len() == 1 && tokens.is_word(value.start, "NULL");
    match assigned {
        Some(assigned) if assigned.data_type == column.data_type => {
            is_null
                || is_integer(tokens, value)
                || value.len() == 1
                    && matches!(
                        tokens.kind(value.start),
                        TokenKind::String | TokenKind::Decimal | TokenKind::Float
                    )
        }
        _ => is_null || column.data_type.is_integer() && is_integer(tokens, value),
    }
}

fn is_integer(tokens: &Tokens<'_>, value: &Range<usize>) -> bool {
    let digits = if tokens.is_op(value.start, "-") { value.start + 1 } else { value.start };
    digits + 1 == value.end && tokens.kind(digits) == TokenKind::Integer
}
