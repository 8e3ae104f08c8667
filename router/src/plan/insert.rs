//! INSERT and REPLACE: own parser on our tokens, so that hundreds of rows cost no syntax tree. Finds each row's bytes, its shard key
//! and its AUTO_INCREMENT value.

pub(super) mod computed;
pub(super) mod generated;
mod layout;
mod moved;
pub(super) mod query;
pub(super) mod selected;
pub(super) mod upsert;

use std::ops::Range;
use std::sync::Arc;

use ostrakon_catalog::schema::Table;

use super::bind::{Binder, Kind, Reference};
use super::nextval::Next;
use super::rows::{AutoValue, Cell, Row, Rows};
use super::rows_first::RowsFirst;
use super::select::assemble;
use super::special::{NamedLocks, Special, refuse_assignment, refuse_locks, special};
use super::text::{Cutter, Edit, Piece, text};
use super::tokens::Tokens;
use super::tree::Name;
use super::values::Operand;
use super::{
    Body as PlanBody, Combine, Request, RoutedPlan, SequenceName, StatementClass, access, moment, nextval,
    returning,
};
use crate::RouterError;
use crate::sharding::topology::quote;
use layout::{Layout, layout};

/// More rows than this are planned anew each time: their template is unlikely to come again, and large.
const CACHED_ROWS: usize = 16;

/// An INSERT's table, and the tokens of its query if it has one.
pub(crate) fn parts(tokens: &Tokens<'_>) -> Result<(Vec<Name>, Option<Range<usize>>), RouterError> {
    let layout = layout(tokens)?;
    let query = layout.query.map(|query| query..layout.tail);
    Ok((layout.table, query))
}

/// Plans an INSERT or REPLACE.
///
/// Errors: 1136 when a row has another number of values than there are columns, those of binding, and 1235 for what cannot be placed.
pub(crate) fn plan(request: &Request<'_>, tokens: &Tokens<'_>) -> Result<RoutedPlan, RouterError> {
    let mut plan = planned(request, tokens)?;
    plan.needs = access::of_insert(tokens, &plan);
    Ok(plan)
}

fn planned(request: &Request<'_>, tokens: &Tokens<'_>) -> Result<RoutedPlan, RouterError> {
    let mut special = special(tokens)?;
    refuse_assignment(&special)?;
    refuse_locks(special.locks)?;
    let layout = layout(tokens)?;
    if let Some(query) = layout.query {
        nextval::refuse(&special, "INSERT ... SELECT")?;
        return query::plan(request, tokens, &layout, query, special);
    }
    let mut binder = Binder::new(request);
    let index = binder.table(&layout.table, None)?;
    let reference = binder.references[index].clone();
    let groups = binder.database.as_ref().map_or(0, |database| database.groups.len());
    if let Some(plan) = computed::plan(request, tokens, &layout, &binder, &reference, &special)? {
        return Ok(plan);
    }
    if moved::moved(tokens, &layout, &reference).is_some()
        && let Some(plan) = upsert::plan(request, tokens, &layout, &binder, &reference, &special)
    {
        return Ok(plan);
    }
    let returning = returning::clause(tokens, layout.tail);
    let class = if returning.is_some() { StatementClass::WriteReturning } else { StatementClass::Write };
    check(tokens, &layout, &reference, &special, groups)?;
    nextval::in_rows(tokens, &mut special, &layout.rows)?;
    let nextvals = nextval::bind(request, &special.nexts)?;
    check_columns(tokens, &layout, &reference, &special.nexts, &nextvals, request)?;
    let mut edits = special.edits;
    edits.push(Edit::new(reference.span.clone(), vec![Piece::Table(0)]));
    edits.extend(qualifiers(
        tokens,
        &reference,
        binder.database.as_ref().map_or("", |database| &database.name),
    ));
    let mut cutter = Cutter::new(&request.template.holes, edits);
    if let Some(clause) = &returning {
        let labels = returning::labels(tokens, clause, &cutter, request.mode);
        cutter.edits.extend(labels);
    }
    let end = request.template.length;
    if reference.kind == Kind::Single
        || (reference.kind == Kind::Broadcast && groups == 1 && !fills(&reference))
    {
        let hides = returning.is_some() && reference.table.auto_increment().is_some();
        let analysis = binder.alone(reference);
        let alone = cutter.range(0, end);
        let mut plan = assemble(request, analysis, class, Combine::Counts, alone, Vec::new());
        plan.cacheable = layout.rows.len() <= CACHED_ROWS;
        plan.sets_last_id = special.sets_last_id;
        plan.hides_generated = hides;
        plan.user_variables = special.variables;
        plan.nextvals = nextvals;
        return Ok(plan);
    }
    if let Some(unknown) = layout.columns.iter().flatten().find(|name| reference.table.column(name).is_none())
    {
        // The shards may have a column that the catalog does not: an ALTER that failed half way.
        return Err(RouterError::new(1054, "42S22", format!("Unknown column '{unknown}' in 'field list'")));
    }
    let rows = rows(tokens, &layout, &reference, &special.nexts, request)?;
    let auto = fills(&reference);
    let combine = if reference.kind == Kind::Broadcast {
        Combine::Broadcast
    } else if special.sets_last_id {
        Combine::Never("LAST_INSERT_ID(expression)".into())
    } else {
        Combine::Counts
    };
    let adds_column = auto && missing(&layout, &reference.table).is_some();
    let head = head(tokens, &layout, &reference, &cutter, adds_column);
    let mode = request.mode;
    let generated = generated::keys(tokens, &layout, &reference, &special.nexts, &cutter, mode)?;
    let in_tokens = |range: &Range<usize>| moment::in_tokens(tokens, range.clone());
    let reads_time = moment::of_table(&reference.table)
        || layout.rows.iter().any(in_tokens)
        || in_tokens(&(layout.tail..tokens.len()));
    let name = reference.table.auto_increment().map(|(_, column)| quote(&column.name));
    let assigned = name.filter(|_| layout.set_form);
    let body = Rows {
        mode,
        generated,
        groups,
        everywhere: reference.kind == Kind::Broadcast,
        // A row that is left out returns none, and of several nobody could tell which.
        one_by_one: returning.is_some() && (1..4).any(|at| tokens.is_word(at, "IGNORE")),
        head,
        rows: rows
            .into_iter()
            .zip(&layout.rows)
            .map(|(row, range)| row.cut(tokens, &cutter, range, assigned.as_deref()))
            .collect(),
        tail: cutter.range(tail_start(tokens, &layout), end),
        ignores: layout.ignores,
        reference,
    };
    let database = binder.database.clone();
    let sequence = match (&database, auto) {
        (Some(database), true) => {
            Some((database.name.as_str().into(), body.reference.table.name.as_str().into()))
        }
        _ => None,
    };
    Ok(RoutedPlan {
        class,
        combine,
        tables: binder.table_names(),
        database,
        sequence,
        cacheable: layout.rows.len() <= CACHED_ROWS,
        reason: "rows of several physical tables".into(),
        reads_time,
        calc_found_rows: false,
        sets_last_id: special.sets_last_id,
        hides_generated: false,
        writes_whole: None,
        user_variables: special.variables,
        assigned: Vec::new(),
        locks: NamedLocks::None,
        nextvals,
        needs: Vec::new(),
        shareable: false,
        // Rows that the client gives, and nothing to look for.
        quickness: super::Quickness::presumed(),
        body: PlanBody::Rows(Box::new(body)),
    })
}

/// Byte where the text behind the rows starts.
fn tail_start(tokens: &Tokens<'_>, layout: &Layout) -> usize {
    layout.tail.checked_sub(1).map_or(0, |before| tokens.end(before))
}

/// True for tables whose AUTO_INCREMENT column is filled here.
fn fills(reference: &Reference) -> bool {
    reference.kind != Kind::Single && reference.table.auto_increment().is_some()
}

/// What may not be written to several groups.
fn check(
    tokens: &Tokens<'_>,
    layout: &Layout,
    reference: &Reference,
    special: &Special,
    groups: usize,
) -> Result<(), RouterError> {
    let clause = returning::clause(tokens, layout.tail).unwrap_or(0..0);
    if clause.clone().any(|at| tokens.is_word(at, "SELECT")) {
        return Err(RouterError::not_supported("a subquery in RETURNING of INSERT or REPLACE"));
    }
    if reference.kind == Kind::Single || groups == 1 && reference.kind == Kind::Broadcast {
        let reads = (0..tokens.len()).any(|at| tokens.is_word(at, "SELECT"));
        return match reads {
            true => Err(RouterError::not_supported("a subquery in INSERT ... VALUES")),
            false => Ok(()),
        };
    }
    let name = &reference.table.name;
    if (0..tokens.len()).any(|at| tokens.is_word(at, "SELECT")) {
        return Err(RouterError::not_supported(format_args!(
            "a subquery in INSERT ... VALUES into table '{name}'"
        )));
    }
    if let (Kind::Broadcast, Some(function)) = (reference.kind, &special.varies) {
        return Err(RouterError::not_supported(format_args!(
            "{function} in a write to broadcast table '{name}': it differs from copy to copy"
        )));
    }
    match moved::moved(tokens, layout, reference) {
        Some(column) => Err(RouterError::not_supported(format_args!(
            "ON DUPLICATE KEY UPDATE of {} '{column}' of table '{name}'",
            reference.table.column(&column).map_or("", |(ordinal, _)| reference.part_in_placing(ordinal))
        ))),
        None => Ok(()),
    }
}

/// The assignments of ON DUPLICATE KEY UPDATE.
fn update_assignments(tokens: &Tokens<'_>, layout: &Layout) -> Vec<Range<usize>> {
    let start = tokens
        .find(layout.tail, tokens.len(), |at| tokens.are_words(at, &["ON", "DUPLICATE", "KEY", "UPDATE"]));
    if start >= tokens.len() {
        return Vec::new();
    }
    let end = tokens.find(start, tokens.len(), |at| tokens.is_word(at, "RETURNING"));
    tokens.split(start + 4, end)
}

/// Whether ON DUPLICATE KEY UPDATE reads VALUES(column), of which MySQL says that it is deprecated.
fn has_values_function(tokens: &Tokens<'_>, layout: &Layout) -> bool {
    let mut assigned = update_assignments(tokens, layout).into_iter().flatten();
    assigned.any(|at| tokens.is_word(at, "VALUES") && tokens.is_op(at + 1, "("))
}

/// `t.` and `db.t.` before a column: the target has no alias, so the physical name stands there.
fn qualifiers(tokens: &Tokens<'_>, reference: &Reference, database: &str) -> Vec<Edit> {
    let mut edits = Vec::new();
    for at in 0..tokens.len() {
        let is_name = tokens.end(at) == reference.span.end;
        let is_qualifier = tokens.is_op(at + 1, ".")
            && tokens.name(at).is_some_and(|name| name == reference.table.name)
            && (tokens.name(at + 2).is_some() && !tokens.is_op(at + 3, ".") || tokens.is_op(at + 2, "*"));
        if is_name || !is_qualifier {
            continue;
        }
        let before =
            at.checked_sub(1).filter(|before| tokens.is_op(*before, ".")).and_then(|dot| dot.checked_sub(1));
        let start = match before {
            None => at,
            Some(before) if tokens.name(before).is_some_and(|name| name == database) => before,
            Some(_) => continue,
        };
        edits.push(Edit::new(tokens.start(start)..tokens.end(at), vec![Piece::Table(0)]));
    }
    edits
}

/// The names that the values of a row are for.
fn value_columns(layout: &Layout, table: &Table) -> Vec<String> {
    match &layout.columns {
        Some(columns) if !columns.is_empty() => columns.clone(),
        // `INSERT INTO t () VALUES ()` names none, and an empty list before values means what no list means.
        Some(_) if layout.rows.iter().any(|row| row.len() == 2) => Vec::new(),
        _ => table
            .columns
            .iter()
            .filter(|column| !column.invisible)
            .map(|column| column.name.clone())
            .collect(),
    }
}

/// The AUTO_INCREMENT column, when the statement does not name it.
fn missing(layout: &Layout, table: &Table) -> Option<usize> {
    let (ordinal, column) = table.auto_increment()?;
    let named = value_columns(layout, table).iter().any(|name| name.eq_ignore_ascii_case(&column.name));
    // Without a list and with empty rows, every column takes its default.
    let empty = layout.columns.is_none() && layout.rows.iter().all(|row| row.len() == 2);
    (!named || empty).then_some(ordinal)
}

/// The text up to the first row. Where the user names no columns, the catalog's are named: a statement that was planned before an ALTER that
/// is under way or just done then fails or means the same, and never puts a value into another column than the one that placed the row.
fn head(
    tokens: &Tokens<'_>,
    layout: &Layout,
    reference: &Reference,
    cutter: &Cutter<'_>,
    adds_column: bool,
) -> Vec<Piece> {
    let first = layout.rows.first().map_or(0, |row| tokens.start(row.start));
    let added = reference.table.auto_increment().filter(|_| adds_column && !layout.set_form);
    let added = added.map(|(_, column)| quote(&column.name));
    let mut pieces;
    if layout.columns.is_none() {
        let all = || value_columns(layout, &reference.table).iter().map(|name| quote(name)).collect();
        let empty = layout.rows.iter().all(|row| tokens.is_op(row.end.saturating_sub(2), "("));
        let names: Vec<String> = match added {
            Some(name) => vec![name],
            // VALUES (): every column takes its default.
            None if empty => return cutter.range(0, first),
            None => all(),
        };
        let behind = layout.table.last().map_or(0, |name| name.span.end);
        pieces = cutter.range(0, behind);
        pieces.push(text(format!(" ({})", names.join(", "))));
        pieces.extend(cutter.range(behind, first));
    } else {
        let Some(name) = added else { return cutter.range(0, first) };
        let close = tokens.start(layout.columns_end);
        let comma = if tokens.is_op(layout.columns_end.saturating_sub(1), "(") { "" } else { ", " };
        pieces = cutter.range(0, close);
        pieces.push(text(format!("{comma}{name}")));
        pieces.extend(cutter.range(close, first));
    }
    pieces
}

/// Reads each row's shard key and AUTO_INCREMENT value.
fn rows(
    tokens: &Tokens<'_>,
    layout: &Layout,
    reference: &Reference,
    nexts: &[Next],
    request: &Request<'_>,
) -> Result<Vec<Row>, RouterError> {
    let table = &reference.table;
    let columns = value_columns(layout, table);
    let auto = table.auto_increment().filter(|_| fills(reference)).map(|(ordinal, _)| ordinal);
    let added = missing(layout, table).filter(|_| auto.is_some());
    let mut rows = Vec::with_capacity(layout.rows.len());
    for (number, range) in layout.rows.iter().enumerate() {
        let values = row_values(tokens, layout, range);
        if values.len() != columns.len() && !(values.is_empty() && layout.columns.is_none()) {
            let message = format!("Column count doesn't match value count at row {}", number + 1);
            return Err(RouterError::new(1136, "21S01", message));
        }
        let find = |ordinal: usize| {
            let name = table.columns.get(ordinal).map_or("", |column| &column.name);
            let position = columns.iter().position(|column| column.eq_ignore_ascii_case(name))?;
            values.get(position).cloned()
        };
        let auto_value = match auto {
            None => None,
            Some(_) if added.is_some() => Some(AutoValue { cell: Cell::Default, tokens: None }),
            Some(ordinal) => {
                let value = find(ordinal);
                let cell = match &value {
                    Some(value) => cell(tokens, value, nexts, request)?.ok_or_else(|| {
                        RouterError::not_supported(format_args!(
                            "an expression as the AUTO_INCREMENT value of table '{}'",
                            table.name
                        ))
                    })?,
                    None => Cell::Default,
                };
                Some(AutoValue { cell, tokens: value })
            }
        };
        let mut keys = Vec::new();
        if reference.kind == Kind::Sharded {
            for ordinal in reference.placer.key_ordinals() {
                let value = find(*ordinal).filter(|_| generated::position(reference, *ordinal).is_none());
                let known = value.as_ref().map(|value| cell(tokens, value, nexts, request)).transpose()?;
                keys.push(key(*ordinal, known, auto, reference)?);
            }
        }
        rows.push(Row { keys, auto: auto_value, pieces: Vec::new(), auto_at: None });
    }
    Ok(rows)
}

/// `value`: what the statement gives, if it names the column; `None` in it: an expression.
fn key(
    ordinal: usize,
    value: Option<Option<Cell>>,
    auto: Option<usize>,
    reference: &Reference,
) -> Result<Cell, RouterError> {
    let column = reference.table.columns.get(ordinal);
    if let Some(position) = generated::position(reference, ordinal) {
        // What the statement gives for it a server ignores, or refuses.
        return Ok(Cell::Generated(position));
    }
    if auto == Some(ordinal) {
        return Ok(Cell::Auto);
    }
    let Some(value) = value else { return Ok(Cell::Default) };
    value.ok_or_else(|| {
        RouterError::not_supported(format_args!(
            "an expression as the value of shard key column '{}' of table '{}'; give a literal or a parameter",
            column.map_or("", |column| &column.name),
            reference.table.name
        ))
    })
}

/// A TIME sequence's values go into BIGINT columns alone.
fn check_columns(
    tokens: &Tokens<'_>,
    layout: &Layout,
    reference: &Reference,
    nexts: &[Next],
    names: &[SequenceName],
    request: &Request<'_>,
) -> Result<(), RouterError> {
    if nexts.is_empty() {
        return Ok(());
    }
    let columns = value_columns(layout, &reference.table);
    for range in &layout.rows {
        for (column, value) in columns.iter().zip(row_values(tokens, layout, range)) {
            let inside = |next: &Next| value.start <= next.tokens.start && next.tokens.end <= value.end;
            let Some((_, column)) = reference.table.column(column) else { continue };
            for (_, name) in nexts.iter().zip(names).filter(|(next, _)| inside(next)) {
                nextval::check_column(request, name, &column.name, &column.data_type)?;
            }
        }
    }
    Ok(())
}

/// Token ranges of a row's values.
fn row_values(tokens: &Tokens<'_>, layout: &Layout, range: &Range<usize>) -> Vec<Range<usize>> {
    if layout.set_form {
        return tokens
            .split(range.start, range.end)
            .into_iter()
            .map(|part| layout::assigned_at(tokens, &part) + 1..part.end)
            .collect();
    }
    let open = if tokens.is_op(range.start, "(") { range.start } else { range.start + 1 };
    if open + 2 == range.end {
        return Vec::new();
    }
    tokens.split(open + 1, range.end - 1)
}

/// What a value is, if it is known without evaluating anything.
fn cell(
    tokens: &Tokens<'_>,
    value: &Range<usize>,
    nexts: &[Next],
    request: &Request<'_>,
) -> Result<Option<Cell>, RouterError> {
    let mut range = value.clone();
    while range.len() > 2 && tokens.is_op(range.start, "(") && tokens.close(range.start) + 1 == range.end {
        range = range.start + 1..range.end - 1;
    }
    let at = range.start;
    if let Ok(index) = nexts.binary_search_by_key(&range.start, |next| next.tokens.start)
        && nexts.get(index).is_some_and(|next| next.tokens == range)
    {
        return Ok(Some(Cell::Next(index)));
    }
    if range.len() == 1 {
        if tokens.is_word(at, "DEFAULT") {
            return Ok(Some(Cell::Default));
        }
        if tokens.is_word(at, "NULL") || tokens.bytes(at) == b"\\N" {
            return Ok(Some(Cell::Value(Operand::Null)));
        }
        if tokens.is_any_word(at, &["TRUE", "FALSE"]) {
            return Ok(Some(Cell::Value(Operand::Fixed(i64::from(tokens.is_word(at, "TRUE"))))));
        }
        return Ok(Operand::of(tokens, tokens.start(at), false, request.mode).map(Cell::Value));
    }
    if range.len() == 2 && (tokens.is_op(at, "-") || tokens.is_op(at, "+")) {
        let negative = tokens.is_op(at, "-");
        return Ok(Operand::of(tokens, tokens.start(at + 1), negative, request.mode).map(Cell::Value));
    }
    if range.len() == 3 && tokens.is_word(at, "LAST_INSERT_ID") && tokens.is_op(at + 1, "(") {
        return Ok(Some(Cell::Session(super::SessionFunction::LastInsertId)));
    }
    Ok(None)
}

/// The plan of an INSERT that needs rows first, on one shard too: no server runs its text as it is.
fn apart(
    request: &Request<'_>,
    binder: &Binder<'_>,
    (reference, special): (&Reference, &Special),
    rows_first: RowsFirst,
    alone: Vec<Piece>,
    reason: &str,
) -> RoutedPlan {
    let mut analysis = binder.alone(reference.clone());
    analysis.scatter = Err(reason.into());
    let combine = Combine::RowsFirst(Arc::new(rows_first));
    let mut plan = assemble(request, analysis, StatementClass::Write, combine, alone, Vec::new());
    if let PlanBody::Tables(tables) = &mut plan.body {
        tables.apart = true;
    }
    plan.user_variables.clone_from(&special.variables);
    plan
}
