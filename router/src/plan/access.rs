//! What queries and writes need: SELECT on what they read, and on what they write what the statement does to it.
//!
//! The tables are those that the planner has bound. No other name in a statement's text can reach a table: a name that was not bound is not put in.

use std::ops::Range;

use ostrakon_catalog::privilege::Privileges;

use super::bind::Reference;
use super::modify::Write;
use super::tokens::Tokens;
use super::{Body, Combine, RoutedPlan, RowsFirst, SequenceName, StatementClass, insert, returning};
use crate::access::Need;
use crate::lexer::TokenKind;

/// What a statement on these tables needs when nothing more is known of it.
pub(super) fn of_class(class: StatementClass, references: &[Reference]) -> Vec<Need> {
    let mut needs = Vec::with_capacity(references.len());
    for reference in references {
        match class {
            StatementClass::Read => add(&mut needs, on(reference, Privileges::SELECT)),
            StatementClass::LockingRead => {
                add(&mut needs, on(reference, Privileges::SELECT));
                let any = Privileges::UPDATE | Privileges::DELETE | Privileges::LOCK_TABLES;
                let (database, table) = names(reference);
                add(&mut needs, Need::AnyOnTable { database: Some(database), table, any });
            }
            StatementClass::Write | StatementClass::WriteReturning => {
                let all = Privileges::SELECT | Privileges::INSERT | Privileges::UPDATE | Privileges::DELETE;
                add(&mut needs, on(reference, all));
            }
        }
    }
    needs
}

/// An UPDATE or DELETE that writes these of the tables.
pub(super) fn of_write(
    tokens: &Tokens<'_>,
    write: &Write,
    references: &[Reference],
    written: &[usize],
) -> Vec<Need> {
    let does = if write.is_delete { Privileges::DELETE } else { Privileges::UPDATE };
    let assigned = |at: usize| write.assignments.iter().any(|(column, _)| column.contains(&at));
    let read: Vec<usize> = (write.with.start..tokens.len()).filter(|at| !assigned(*at)).collect();
    let mut needs = Vec::with_capacity(references.len());
    for (index, reference) in references.iter().enumerate() {
        let mut all = Privileges::NONE;
        if written.contains(&index) {
            all = all | does;
        }
        let returns_all = write.returning.clone().is_some_and(|clause| has_star(tokens, clause));
        if all.is_empty() || returns_all || reads(tokens, &read, reference) {
            all = all | Privileges::SELECT;
        }
        add(&mut needs, on(reference, all));
    }
    needs
}

/// An INSERT or REPLACE as it was planned.
pub(super) fn of_insert(tokens: &Tokens<'_>, plan: &RoutedPlan) -> Vec<Need> {
    let references = match &plan.body {
        Body::Tables(tables) => tables.references.as_slice(),
        Body::Rows(rows) => std::slice::from_ref(&rows.reference),
        Body::Direct(_) => return vec![Need::administration()],
    };
    // The query's tables are bound before the one that is written.
    let Some((target, read)) = references.split_last() else { return vec![Need::administration()] };
    let mut all = Privileges::INSERT;
    if tokens.is_word(0, "REPLACE") {
        all = all | Privileges::DELETE;
    }
    let end = tokens.len();
    let update = ["ON", "DUPLICATE", "KEY", "UPDATE"];
    let updates = tokens.find(0, end, |at| tokens.are_words(at, &update));
    if updates < end {
        all = all | Privileges::UPDATE;
        let clause = (updates + update.len()).min(end)..end;
        let values = tokens.split(clause.start, clause.end).into_iter().flat_map(|assignment| {
            let equals = tokens.find(assignment.start, assignment.end, |at| tokens.is_op(at, "="));
            equals..assignment.end
        });
        let given = |at: usize| {
            at > 1 && tokens.is_op(at - 1, "(") && tokens.is_any_word(at - 2, &["VALUES", "VALUE"])
        };
        let values: Vec<usize> = values.filter(|at| !given(*at)).collect();
        if reads(tokens, &values, target) {
            all = all | Privileges::SELECT;
        }
    }
    if let Some(clause) = returning::clause(tokens, 1) {
        let named: Vec<usize> = clause.clone().collect();
        if has_star(tokens, clause) || reads(tokens, &named, target) {
            all = all | Privileges::SELECT;
        }
    }
    let mut needs = vec![on(target, all)];
    read.iter().for_each(|reference| add(&mut needs, on(reference, Privileges::SELECT)));
    if is_opaque(tokens, plan, read) {
        needs.push(Need::administration());
    }
    needs
}

/// A LOAD DATA into the table.
pub(super) fn of_load(tokens: &Tokens<'_>, reference: &Reference, replaces: bool) -> Vec<Need> {
    let all = if replaces { Privileges::INSERT | Privileges::DELETE } else { Privileges::INSERT };
    let mut needs = vec![on(reference, all)];
    beside_tables(tokens, &[], &mut needs);
    needs
}

/// A query stands in it whose tables are not bound: it goes to a server as it is. (What is computed first is checked when it is planned.)
fn is_opaque(tokens: &Tokens<'_>, plan: &RoutedPlan, read: &[Reference]) -> bool {
    if let Combine::RowsFirst(rows_first) = &plan.combine
        && matches!(&**rows_first, RowsFirst::Computed(_))
    {
        return (1..tokens.len()).any(|at| tokens.is_word(at, "TABLE"));
    }
    let query = insert::parts(tokens).ok().and_then(|(_, query)| query);
    let is_bound = |at: usize| !read.is_empty() && query.as_ref().is_some_and(|query| query.contains(&at));
    let reads = |at: usize| tokens.is_any_word(at, &["SELECT", "TABLE", "WITH"]);
    // Of a query without tables nothing is read.
    let from = |at: usize| tokens.is_any_word(at, &["FROM", "JOIN", "TABLE"]);
    (1..tokens.len()).any(|at| match &query {
        Some(query) if query.contains(&at) => from(at) && !is_bound(at),
        _ => reads(at),
    })
}

/// NEXTVAL of these, and functions that read the servers' files.
pub(super) fn beside_tables(tokens: &Tokens<'_>, nextvals: &[SequenceName], needs: &mut Vec<Need>) {
    for (database, sequence) in nextvals {
        let (database, table) = (Some(database.clone()), sequence.clone());
        add(needs, Need::Table { database, table, all: Privileges::INSERT });
    }
    if (0..tokens.len()).any(|at| tokens.is_word(at, "LOAD_FILE") && tokens.is_op(at + 1, "(")) {
        needs.push(Need::Global { any: Privileges::FILE });
    }
}

fn names(reference: &Reference) -> (std::sync::Arc<str>, std::sync::Arc<str>) {
    (reference.database.name.as_str().into(), reference.table.name.as_str().into())
}

fn on(reference: &Reference, all: Privileges) -> Need {
    let (database, table) = names(reference);
    Need::Table { database: Some(database), table, all }
}

/// A table that is named twice needs what both do to it.
fn add(needs: &mut Vec<Need>, new: Need) {
    for need in needs.iter_mut() {
        if *need == new {
            return;
        }
        if let (Need::Table { database, table, all }, Need::Table { database: home, table: name, all: more }) =
            (need, &new)
            && database == home
            && table == name
        {
            *all = *all | *more;
            return;
        }
    }
    needs.push(new);
}

/// One of these tokens may be a column of the table.
fn reads(tokens: &Tokens<'_>, at: &[usize], reference: &Reference) -> bool {
    at.iter().any(|at| {
        let is_name = matches!(tokens.kind(*at), TokenKind::Word | TokenKind::QuotedIdent);
        let is_table = tokens.start(*at) >= reference.span.start && tokens.end(*at) <= reference.span.end;
        is_name
            && !is_table
            && !tokens.is_op(at + 1, "(")
            && tokens.name(*at).is_some_and(|name| reference.table.column(&name).is_some())
    })
}

fn has_star(tokens: &Tokens<'_>, mut clause: Range<usize>) -> bool {
    clause.any(|at| tokens.is_op(at, "*"))
}
