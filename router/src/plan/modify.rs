//! UPDATE and DELETE: analysed as the SELECT that reads the same rows, then checked for what a write may not do on many shards.

use std::ops::Range;

use super::analysis::{Analysis, Analyst};
use super::ast::{self, Part};
use super::bind::{Binder, Kind};
use super::select::{assemble, edits};
use super::special::{Special, refuse_assignment, special};
use super::text::{Cutter, Edit, Piece};
use super::tokens::Tokens;
use super::tree::{Body, Expr, Item, Query, Source};
use super::{Body as PlanBody, Combine, Request, RoutedPlan, StatementClass, fallback, guard, nextval};
use crate::RouterError;

const MODIFIERS: &[&str] = &["LOW_PRIORITY", "QUICK", "IGNORE"];

/// A write, as its clauses.
struct Write {
    parts: Vec<Part>,
    /// Names in front of FROM or USING that say which tables a multi-table DELETE empties.
    targets: Vec<Range<usize>>,
    limited: bool,
    returning: bool,
    is_delete: bool,
}

/// Plans an UPDATE or DELETE.
///
/// Errors: those of binding; 1235 for what cannot be written shard by shard.
pub(crate) fn plan(request: &Request<'_>, tokens: &Tokens<'_>) -> Result<RoutedPlan, RouterError> {
    let mut plan = planned(request, tokens)?;
    plan.writes_whole = guard::whole_table_write(tokens, &plan);
    Ok(plan)
}

fn planned(request: &Request<'_>, tokens: &Tokens<'_>) -> Result<RoutedPlan, RouterError> {
    let special = special(tokens)?;
    refuse_assignment(&special)?;
    nextval::refuse(&special, "UPDATE and DELETE")?;
    let write = if tokens.is_word(0, "UPDATE") { update(tokens) } else { delete(tokens) };
    let class = match &write {
        Some(write) if write.returning => StatementClass::WriteReturning,
        _ => StatementClass::Write,
    };
    let Some(write) = write else {
        return fallback::plan(request, tokens, special, class, "the clauses of this write");
    };
    match ast::parse(tokens, &write.parts, request.mode) {
        Ok(query) => analysed(request, tokens, &write, &query, special, class),
        Err(message) => fallback::plan(request, tokens, special, StatementClass::Write, &message),
    }
}

/// `UPDATE t SET a = 1 WHERE c` as `SELECT a, 1 FROM t WHERE c`.
fn update(tokens: &Tokens<'_>) -> Option<Write> {
    let mut first = 1;
    while tokens.is_any_word(first, MODIFIERS) {
        first += 1;
    }
    let end = tokens.len();
    let set = tokens.find(first, end, |at| tokens.is_word(at, "SET"));
    let clauses =
        tokens.find(set, end, |at| tokens.is_any_word(at, &["WHERE", "ORDER", "LIMIT", "RETURNING"]));
    if set >= end {
        return None;
    }
    let mut parts = vec![Part::Word("SELECT")];
    for (index, assignment) in tokens.split(set + 1, clauses).into_iter().enumerate() {
        let equals = tokens.find(assignment.start, assignment.end, |at| tokens.is_op(at, "="));
        if equals >= assignment.end {
            return None;
        }
        if index > 0 {
            parts.push(Part::Comma);
        }
        parts.push(Part::Tokens(assignment.start..equals));
        parts.push(Part::Comma);
        let is_default = equals + 2 == assignment.end && tokens.is_word(equals + 1, "DEFAULT");
        parts.push(match is_default {
            true => Part::Word("NULL"),
            false => Part::Tokens(equals + 1..assignment.end),
        });
    }
    parts.push(Part::Word("FROM"));
    parts.push(Part::Tokens(first..set));
    parts.push(Part::Tokens(clauses..end));
    let limited = tokens.find(clauses, end, |at| tokens.is_word(at, "LIMIT")) < end;
    Some(Write { parts, targets: Vec::new(), limited, returning: false, is_delete: false })
}

/// The three forms of DELETE as `SELECT NULL FROM ...`.
fn delete(tokens: &Tokens<'_>) -> Option<Write> {
    let mut first = 1;
    while tokens.is_any_word(first, MODIFIERS) {
        first += 1;
    }
    let end = tokens.len();
    let returning_at = tokens.find(first, end, |at| tokens.is_word(at, "RETURNING"));
    let returning = returning_at < end;
    let from = tokens.find(first, end, |at| tokens.is_word(at, "FROM"));
    if from >= end {
        return None;
    }
    let using = tokens.find(from, end, |at| tokens.is_any_word(at, &["USING", "WHERE", "JOIN"]));
    let (targets, tables) = if from > first {
        (tokens.split(first, from), from + 1)
    } else if tokens.is_word(using, "USING") {
        (tokens.split(from + 1, using), using + 1)
    } else {
        (Vec::new(), from + 1)
    };
    let mut parts = vec![Part::Word("SELECT")];
    parts.push(match returning {
        true => Part::Tokens(returning_at + 1..end),
        false => Part::Word("NULL"),
    });
    parts.push(Part::Word("FROM"));
    parts.push(Part::Tokens(tables..returning_at));
    let limited = tokens.find(tables, end, |at| tokens.is_word(at, "LIMIT")) < end;
    Some(Write { parts, targets, limited, returning, is_delete: true })
}

fn analysed(
    request: &Request<'_>,
    tokens: &Tokens<'_>,
    write: &Write,
    query: &Query,
    special: Special,
    class: StatementClass,
) -> Result<RoutedPlan, RouterError> {
    let Body::Select(select) = &query.body else { return Err(RouterError::syntax("this write")) };
    let one_table = matches!(select.from.as_slice(), [Source::Table { .. }]);
    let mut analyst = Analyst::new(request, tokens);
    analyst.bare = emptied(tokens, write, &select.from);
    let (mut analysis, binder) = analyst.run(query)?;
    let written = match write.is_delete {
        true => deleted(tokens, write, &binder)?,
        false => assigned(&select.items, &binder)?,
    };
    let everywhere = check(&analysis, &written.references, &special, write)?;
    let mut edits = edits(&analysis, special.edits);
    edits.extend(written.edits);
    let cutter = Cutter::new(&request.template.holes, edits);
    let alone = cutter.range(0, request.template.length);
    let combine = match (&analysis.scatter, everywhere) {
        (_, true) => Combine::Broadcast,
        (Err(reason), _) => Combine::Never(reason.as_str().into()),
        _ if !one_table => Combine::Never("a write that joins tables".into()),
        _ if write.limited => Combine::Never("LIMIT in an UPDATE or DELETE".into()),
        _ if write.returning => Combine::Never("RETURNING".into()),
        _ if special.sets_last_id => Combine::Never("LAST_INSERT_ID(expression)".into()),
        _ => Combine::Counts,
    };
    if matches!(combine, Combine::Never(_)) && analysis.scatter.is_ok() {
        analysis.scatter = Err(String::new());
    }
    let mut plan = assemble(request, analysis, class, combine, alone.clone(), alone);
    if let PlanBody::Tables(tables) = &mut plan.body {
        tables.everywhere = everywhere;
    }
    plan.sets_last_id = special.sets_last_id;
    plan.user_variables = special.variables;
    Ok(plan)
}

/// What a write changes.
struct Written {
    references: Vec<usize>,
    edits: Vec<Edit>,
}

/// Tables whose columns an UPDATE assigns: every second item.
///
/// Errors: 1235 for a shard key, or a column that is not certain.
fn assigned(items: &[Item], binder: &Binder<'_>) -> Result<Written, RouterError> {
    let mut references = Vec::new();
    for item in items.iter().step_by(2) {
        let Item::Expr { expr: Expr::Column(column), .. } = item else {
            return Err(RouterError::syntax("the assignments of this UPDATE"));
        };
        let Some((reference, ordinal)) = binder.resolve(0, column) else {
            if let [only] = binder.scopes.first().map_or(&[][..], |scope| &scope.entries)
                && let Some(reference) = only.reference
            {
                // One table: the server says that the column is unknown.
                references.push(reference);
                continue;
            }
            return Err(RouterError::not_supported(format_args!(
                "UPDATE of column '{}', whose table is not certain",
                column.name()
            )));
        };
        if let Some(found) = binder.references.get(reference)
            && found.kind == Kind::Sharded
            && found.placer.is_key(ordinal)
        {
            return Err(RouterError::not_supported(format_args!(
                "UPDATE of shard key column '{}' of table '{}': the row would move to another shard; delete and insert it",
                column.name(),
                found.table.name
            )));
        }
        references.push(reference);
    }
    Ok(Written { references, edits: Vec::new() })
}

/// Names of the tables that a DELETE empties, as it writes them.
fn emptied(tokens: &Tokens<'_>, write: &Write, from: &[Source]) -> Vec<String> {
    match (write.is_delete, from) {
        (true, [Source::Table { name, alias: None }]) if write.targets.is_empty() => {
            name.last().map(|part| part.text.clone()).into_iter().collect()
        }
        (true, _) => write
            .targets
            .iter()
            .filter_map(|target| target_name(tokens, target))
            .map(|(_, name)| name)
            .collect(),
        _ => Vec::new(),
    }
}

/// Database and table of a target of a multi-table DELETE: `t`, `db.t`, `t.*`, `db.t.*`.
fn target_name(tokens: &Tokens<'_>, target: &Range<usize>) -> Option<(Option<String>, String)> {
    let names: Vec<String> = target.clone().filter_map(|at| tokens.name(at)).collect();
    match names.as_slice() {
        [table] => Some((None, table.clone())),
        [database, table] => Some((Some(database.clone()), table.clone())),
        _ => None,
    }
}

/// Tables that a DELETE empties.
///
/// Errors: 1109 for a table that is not among those joined, 1235 for an alias.
fn deleted(tokens: &Tokens<'_>, write: &Write, binder: &Binder<'_>) -> Result<Written, RouterError> {
    let mut written = Written { references: Vec::new(), edits: Vec::new() };
    if write.targets.is_empty() {
        written.references.extend(binder.scopes.first().and_then(|scope| scope.entries.first()?.reference));
        return Ok(written);
    }
    for target in &write.targets {
        let (database, table) =
            target_name(tokens, target).ok_or_else(|| RouterError::syntax("the tables of this DELETE"))?;
        let index = binder.reference_named(0, database.as_deref(), &table).ok_or_else(|| {
            RouterError::new(1109, "42S02", format!("Unknown table '{table}' in MULTI DELETE"))
        })?;
        if binder.references.get(index).is_some_and(|reference| !reference.bare) {
            return Err(RouterError::not_supported(format_args!(
                "a multi-table DELETE from the alias '{table}'; name the table itself"
            )));
        }
        let last = target.clone().rfind(|at| tokens.name(*at).is_some()).unwrap_or(target.start);
        let span = tokens.start(target.start)..tokens.end(last);
        written.edits.push(Edit::new(span, vec![Piece::Table(index)]));
        written.references.push(index);
    }
    Ok(written)
}

/// True when the write goes to every copy of a broadcast table.
///
/// Errors: 1235 when the copies could differ afterwards.
fn check(
    analysis: &Analysis,
    written: &[usize],
    special: &Special,
    write: &Write,
) -> Result<bool, RouterError> {
    let groups = analysis.database.as_ref().map_or(0, |database| database.groups.len());
    let broadcast = written
        .iter()
        .filter_map(|index| analysis.references.get(*index))
        .find(|reference| reference.kind == Kind::Broadcast);
    let Some(broadcast) = broadcast.filter(|_| groups > 1) else { return Ok(false) };
    let refuse = |why: &str| {
        Err(RouterError::not_supported(format_args!(
            "a write to broadcast table '{}' {why}",
            broadcast.table.name
        )))
    };
    if !analysis.copies {
        return refuse("that reads tables which are not broadcast, or with LIMIT");
    }
    if let Some(function) = &special.varies {
        return refuse(&format!("with {function}, which differs from copy to copy"));
    }
    if write.limited {
        return refuse("with LIMIT");
    }
    if write.returning {
        return refuse("with RETURNING");
    }
    Ok(true)
}
