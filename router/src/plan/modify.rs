//! UPDATE and DELETE: analysed as the SELECT that reads the same rows, then checked for what a write may not do on many shards.

use std::ops::Range;
use std::sync::Arc;

use super::analysis::{Analysis, Analyst};
use super::ast::{self, Part};
use super::bind::{Binder, Kind};
use super::keyed::Builder;
use super::rows_first::RowsFirst;
use super::select::{assemble, edits};
use super::special::{Special, refuse_assignment, refuse_locks, special};
use super::system;
use super::text::{Cutter, Edit, Piece};
use super::tokens::Tokens;
use super::tree::{Body, Expr, Item, Query, Source};
use super::unresolved::unresolved;
use super::{
    Body as PlanBody, Combine, Request, RoutedPlan, StatementClass, access, fallback, guard, moment, nextval,
    own, returning,
};
use crate::RouterError;

const MODIFIERS: &[&str] = &["LOW_PRIORITY", "QUICK", "IGNORE"];

/// A write, as its clauses: token ranges.
pub(crate) struct Write {
    parts: Vec<Part>,
    /// Names in front of FROM or USING that say which tables a multi-table DELETE empties.
    pub targets: Vec<Range<usize>>,
    /// The WITH in front (MySQL).
    pub with: Range<usize>,
    /// LOW_PRIORITY and the like.
    pub modifiers: Range<usize>,
    /// The tables, joined.
    pub tables: Range<usize>,
    /// WHERE, ORDER BY and LIMIT.
    pub clauses: Range<usize>,
    /// Column and value of each assignment.
    pub assignments: Vec<(Range<usize>, Range<usize>)>,
    limited: bool,
    pub returning: Option<Range<usize>>,
    pub is_delete: bool,
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
    refuse_locks(special.locks)?;
    refuse_assignment(&special)?;
    nextval::refuse(&special, "UPDATE and DELETE")?;
    let verb = tokens.behind_with();
    if verb > 0 && request.mode.server.mariadb {
        // Before 12.3 MariaDB has no WITH there.
        let near = String::from_utf8_lossy(tokens.text.get(tokens.start(verb)..).unwrap_or_default());
        return Err(RouterError::syntax(format_args!("near '{near}'")));
    }
    let write = clauses(tokens);
    let class = match &write {
        Some(write) if write.returning.is_some() => StatementClass::WriteReturning,
        _ => StatementClass::Write,
    };
    check_limit(tokens, write.as_ref().is_some_and(|write| !write.targets.is_empty()))?;
    check_returning(request, tokens, write.as_ref())?;
    let missing = if tokens.is_word(0, "UPDATE") { "SET" } else { "FROM" };
    if write.is_none() && (0..tokens.len()).all(|at| !tokens.is_word(at, missing)) {
        return Err(RouterError::syntax(format_args!("near '{}'", String::from_utf8_lossy(tokens.text))));
    }
    let Some(write) = write else {
        return fallback::plan(request, tokens, special, class, "the clauses of this write");
    };
    match ast::parse(tokens, &write.parts, request.mode) {
        Ok(query) => analysed(request, tokens, &write, &query, special, class),
        Err(message) => fallback::plan(request, tokens, special, class, &message),
    }
}

/// MariaDB has RETURNING for a DELETE of one table, and the word is reserved there.
///
/// Errors: 1064.
fn check_returning(
    request: &Request<'_>,
    tokens: &Tokens<'_>,
    write: Option<&Write>,
) -> Result<(), RouterError> {
    let end = tokens.len();
    let at = tokens.find(1, end, |at| tokens.is_word(at, "RETURNING"));
    let has_place = write.is_some_and(|write| write.is_delete && write.targets.is_empty());
    if at >= end || has_place || !request.mode.server.mariadb {
        return Ok(());
    }
    let near = String::from_utf8_lossy(tokens.text.get(tokens.start(at)..).unwrap_or_default()).into_owned();
    Err(RouterError::syntax(format_args!("near '{near}'")))
}

/// A write's clauses; `None` for what is no write that is known.
pub(crate) fn clauses(tokens: &Tokens<'_>) -> Option<Write> {
    let verb = tokens.behind_with();
    if tokens.is_word(verb, "UPDATE") { update(tokens, verb) } else { delete(tokens, verb) }
}

impl Write {
    /// What the SELECT of the same rows is parsed from.
    pub fn take_parts(&mut self) -> Vec<Part> {
        std::mem::take(&mut self.parts)
    }
}

/// LIMIT of a write is one number, and a DELETE of several tables has none.
///
/// Errors: 1064.
fn check_limit(tokens: &Tokens<'_>, several: bool) -> Result<(), RouterError> {
    let end = tokens.len();
    let limit = tokens.find(1, end, |at| tokens.is_word(at, "LIMIT"));
    let clause = tokens.find(limit, end, |at| tokens.is_word(at, "RETURNING"));
    let offset = tokens.find(limit, clause, |at| tokens.is_op(at, ",") || tokens.is_word(at, "OFFSET"));
    if limit < end && (several || offset < clause) {
        let near =
            String::from_utf8_lossy(tokens.text.get(tokens.start(limit)..).unwrap_or_default()).into_owned();
        return Err(RouterError::syntax(format_args!("near '{near}'")));
    }
    Ok(())
}

/// `UPDATE t SET a = 1 WHERE c` as `SELECT a, 1 FROM t WHERE c`.
fn update(tokens: &Tokens<'_>, verb: usize) -> Option<Write> {
    let mut first = verb + 1;
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
    let mut parts = vec![Part::Tokens(0..verb), Part::Word("SELECT")];
    let mut assignments = Vec::new();
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
        assignments.push((assignment.start..equals, equals + 1..assignment.end));
    }
    parts.push(Part::Word("FROM"));
    parts.push(Part::Tokens(first..set));
    parts.push(Part::Tokens(clauses..end));
    let limited = tokens.find(clauses, end, |at| tokens.is_word(at, "LIMIT")) < end;
    Some(Write {
        parts,
        targets: Vec::new(),
        with: 0..verb,
        modifiers: verb + 1..first,
        tables: first..set,
        clauses: clauses..end,
        assignments,
        limited,
        returning: None,
        is_delete: false,
    })
}

/// The three forms of DELETE as `SELECT NULL FROM ...`.
fn delete(tokens: &Tokens<'_>, verb: usize) -> Option<Write> {
    let mut first = verb + 1;
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
    let mut parts = vec![Part::Tokens(0..verb), Part::Word("SELECT")];
    parts.push(match returning {
        true => Part::Tokens(returning_at + 1..end),
        false => Part::Word("NULL"),
    });
    parts.push(Part::Word("FROM"));
    parts.push(Part::Tokens(tables..returning_at));
    let limited = tokens.find(tables, end, |at| tokens.is_word(at, "LIMIT")) < end;
    let clauses =
        tokens.find(tables, returning_at, |at| tokens.is_any_word(at, &["WHERE", "ORDER", "LIMIT"]));
    Some(Write {
        parts,
        targets,
        with: 0..verb,
        modifiers: verb + 1..first,
        tables: tables..clauses,
        clauses: clauses..returning_at,
        assignments: Vec::new(),
        limited,
        returning: returning.then_some(returning_at + 1..end),
        is_delete: true,
    })
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
    if !one_table && !write.is_delete && !request.mode.server.mariadb {
        let (start, end) = (write.clauses.start, write.clauses.end);
        let at = tokens.find(start, end, |at| tokens.is_any_word(at, &["ORDER", "LIMIT"]));
        if at < end {
            let clause = if tokens.is_word(at, "LIMIT") { "LIMIT" } else { "ORDER BY" };
            return Err(RouterError::new(1221, "HY000", format!("Incorrect usage of UPDATE and {clause}")));
        }
    }
    let mut analyst = Analyst::new(request, tokens);
    analyst.bare = emptied(tokens, write, &select.from);
    let (mut analysis, binder) = analyst.run(query)?;
    system::refuse_in_write(&analysis.system)?;
    let written = match write.is_delete {
        true => deleted(tokens, write, &binder, analysis.body)?,
        false => assigned(&select.items, &select.from, &binder, analysis.body)?,
    };
    if !request.mode.server.mariadb {
        let targets = unique(&written.references);
        let targets = targets.iter().filter_map(|index| analysis.references.get(*index));
        own::refuse(query, targets, request.database)?;
    }
    let (everywhere, refused) = match check(&analysis, &written.references, &special, write) {
        Ok(everywhere) => (everywhere, None),
        Err(why) => (false, Some(why)),
    };
    let mut edits = edits(&analysis, special.edits.clone());
    edits.extend(written.edits);
    let mut cutter = Cutter::new(&request.template.holes, edits);
    if let Some(clause) = &write.returning {
        let labels = returning::labels(tokens, clause, &cutter, request.mode);
        cutter.edits.extend(labels);
    }
    let alone = cutter.range(0, request.template.length);
    // What only the way by keys can do, on one shard too.
    let apart = refused.or(written.apart);
    let never = match (&apart, &analysis.scatter, everywhere) {
        (Some(reason), ..) => Some(reason.clone()),
        (None, _, true) => None,
        (None, Err(reason), _) => Some(reason.clone()),
        _ if !one_table => Some("a write that joins tables".to_owned()),
        _ if write.limited => Some("LIMIT in an UPDATE or DELETE".to_owned()),
        _ if special.sets_last_id => Some("LAST_INSERT_ID(expression)".to_owned()),
        _ => None,
    };
    let combine = match never {
        None if everywhere => Combine::Broadcast,
        None => Combine::Counts,
        Some(reason) => {
            if let Some(unknown) = &written.unknown {
                return Err(RouterError::new(
                    1054,
                    "42S22",
                    format!("Unknown column '{unknown}' in 'field list'"),
                ));
            }
            let builder = Builder {
                request,
                tokens,
                write,
                analysis: &analysis,
                binder: &binder,
                special: &special,
                alone: &alone,
                targets: unique(&written.references),
                assigned: written.assigned,
            };
            match builder.plan() {
                Ok(keyed) => {
                    Combine::RowsFirst(Arc::new(RowsFirst::Keyed { write: keyed, reason: reason.into() }))
                }
                Err(why) if apart.is_some() => {
                    return Err(RouterError::not_supported(format_args!(
                        "{reason}; its rows cannot be found first: {why}"
                    )));
                }
                Err(why) => Combine::Never(format!("{reason}; its rows cannot be found first: {why}").into()),
            }
        }
    };
    if matches!(combine, Combine::Never(_) | Combine::RowsFirst(_)) && analysis.scatter.is_ok() {
        analysis.scatter = Err(String::new());
    }
    let needs = access::of_write(tokens, write, &analysis.references, &written.references);
    let of_tables = analysis.references.iter().any(|reference| moment::of_table(&reference.table));
    let reads_time = of_tables || moment::in_tokens(tokens, 0..tokens.len());
    let mut plan = assemble(request, analysis, class, combine, alone.clone(), alone);
    plan.needs = needs;
    if matches!(plan.combine, Combine::Counts) {
        plan.reads_time = reads_time;
    }
    if let PlanBody::Tables(tables) = &mut plan.body {
        tables.everywhere = everywhere;
        tables.apart |= apart.is_some();
    }
    plan.sets_last_id = special.sets_last_id;
    plan.user_variables = special.variables;
    Ok(plan)
}

/// What a write changes.
#[derive(Default)]
struct Written {
    /// For each assignment, or each table that is emptied.
    references: Vec<usize>,
    /// Table and column of each assignment.
    assigned: Vec<(usize, usize)>,
    /// A column that the only table does not have, as far as is known here.
    unknown: Option<String>,
    edits: Vec<Edit>,
    /// Why it is not a statement for a server, even where one server has all that it needs.
    apart: Option<String>,
}

/// Each once, in their order.
fn unique(references: &[usize]) -> Vec<usize> {
    let mut once = Vec::new();
    references.iter().for_each(|index| {
        if !once.contains(index) {
            once.push(*index)
        }
    });
    once
}

/// Tables whose columns an UPDATE assigns: every second item.
///
/// Errors: 1054, 1052 and 1288 for a column that no table has, or several, or one that cannot be written; 1235 where that is not certain.
fn assigned(
    items: &[Item],
    from: &[Source],
    binder: &Binder<'_>,
    scope: usize,
) -> Result<Written, RouterError> {
    let mut written = Written::default();
    for item in items.iter().step_by(2) {
        let Item::Expr { expr: Expr::Column(column), .. } = item else {
            return Err(RouterError::syntax("the assignments of this UPDATE"));
        };
        let Some((reference, ordinal)) = binder.resolve(scope, column) else {
            if let [only] = binder.scopes.get(scope).map_or(&[][..], |scope| &scope.entries)
                && let Some(reference) = only.reference
            {
                // One table: the server says that the column is unknown.
                written.references.push(reference);
                written.unknown = Some(column.name().to_owned());
                continue;
            }
            return Err(unresolved(column, from, binder, scope));
        };
        written.references.push(reference);
        written.assigned.push((reference, ordinal));
        let Some(found) = binder.references.get(reference) else { continue };
        let several = found.kind == Kind::Sharded && found.placer.topology().len() > 1;
        if several && found.moves_by(ordinal) {
            written.apart = Some(format!(
                "UPDATE of {} '{}' of table '{}': rows may move to another shard",
                found.part_in_placing(ordinal),
                column.name(),
                found.table.name
            ));
        }
    }
    Ok(written)
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
/// Errors: 1109 for a table that is not among those joined.
fn deleted(
    tokens: &Tokens<'_>,
    write: &Write,
    binder: &Binder<'_>,
    scope: usize,
) -> Result<Written, RouterError> {
    let mut written = Written::default();
    if write.targets.is_empty() {
        written
            .references
            .extend(binder.scopes.get(scope).and_then(|scope| scope.entries.first()?.reference));
        return Ok(written);
    }
    for target in &write.targets {
        let (database, table) =
            target_name(tokens, target).ok_or_else(|| RouterError::syntax("the tables of this DELETE"))?;
        let index = binder.reference_named(scope, database.as_deref(), &table).ok_or_else(|| {
            RouterError::new(1109, "42S02", format!("Unknown table '{table}' in MULTI DELETE"))
        })?;
        if binder.references.get(index).is_some_and(|reference| !reference.bare) {
            // Not every server takes an alias beside a table of a database that is not the current one.
            written.apart = Some(format!("a multi-table DELETE from the alias '{table}'"));
            written.references.push(index);
            continue;
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
/// Errors: why the copies could differ afterwards.
fn check(analysis: &Analysis, written: &[usize], special: &Special, write: &Write) -> Result<bool, String> {
    let groups = analysis.database.as_ref().map_or(0, |database| database.groups.len());
    let broadcast = written
        .iter()
        .filter_map(|index| analysis.references.get(*index))
        .find(|reference| reference.kind == Kind::Broadcast);
    let Some(broadcast) = broadcast.filter(|_| groups > 1) else { return Ok(false) };
    let refuse = |why: &str| Err(format!("a write to broadcast table '{}' {why}", broadcast.table.name));
    if !analysis.copies {
        return refuse("that reads tables which are not broadcast, or with LIMIT");
    }
    if let Some(function) = &special.varies {
        return refuse(&format!("with {function}, which differs from copy to copy"));
    }
    if write.limited {
        return refuse("with LIMIT");
    }
    Ok(true)
}
