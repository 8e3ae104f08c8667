//! An assigned column of an UPDATE that is no table's alone: the error that a server gives.

use super::bind::{Binder, Scope};
use super::tree::{Body, Column, Expr, Item, Query, Source};
use crate::RouterError;

/// What a server says of an assigned column that is no table's alone.
pub(super) fn unresolved(column: &Column, from: &[Source], binder: &Binder<'_>, scope: usize) -> RouterError {
    let name = column.name();
    let all = column.parts.iter().map(|part| part.text.as_str()).collect::<Vec<_>>().join(".");
    let refused =
        || RouterError::not_supported(format_args!("UPDATE of column '{name}', whose table is not certain"));
    let unknown = || RouterError::new(1054, "42S22", format!("Unknown column '{all}' in 'field list'"));
    let merged = |scope: &&Scope| scope.merged.iter().any(|(merged, _)| merged.eq_ignore_ascii_case(name));
    let known = binder.scopes.get(scope).filter(|scope| !scope.opaque && !merged(scope));
    let Some(scope) = known else { return refused() };
    let mut owners = 0;
    for entry in &scope.entries {
        let named = match column.parts.as_slice() {
            [_] => true,
            [table, _] => table.text == entry.name,
            _ => return refused(),
        };
        if !named {
            continue;
        }
        let table = entry.reference.and_then(|index| binder.references.get(index));
        match (table, column.parts.len()) {
            (Some(table), _) => owners += usize::from(table.table.column(name).is_some()),
            (None, 1) => return refused(),
            (None, _) => match derived(from, &entry.name).and_then(|query| has_column(query, name)) {
                Some(true) => {
                    let message = format!("The target table {} of the UPDATE is not updatable", entry.name);
                    return RouterError::new(1288, "HY000", message);
                }
                Some(false) => {}
                None => return refused(),
            },
        }
    }
    match owners {
        0 => unknown(),
        1 => refused(),
        _ => RouterError::new(1052, "23000", format!("Column '{name}' in field list is ambiguous")),
    }
}

/// The derived table of that name.
pub(super) fn derived<'q>(from: &'q [Source], name: &str) -> Option<&'q Query> {
    from.iter().find_map(|source| match source {
        Source::Derived { query, alias, .. } => Some(&**query).filter(|_| alias.as_deref() == Some(name)),
        Source::Join(join) => derived(std::slice::from_ref(&join.left), name)
            .or_else(|| derived(std::slice::from_ref(&join.right), name)),
        _ => None,
    })
}

/// Whether a query gives a column of that name; `None` where its text does not tell.
pub(super) fn has_column(query: &Query, name: &str) -> Option<bool> {
    let Body::Select(select) = &query.body else { return None };
    let mut found = false;
    for item in &select.items {
        found |= match item {
            Item::Expr { alias: Some(alias), .. } => alias.eq_ignore_ascii_case(name),
            Item::Expr { expr: Expr::Column(column), .. } => column.name().eq_ignore_ascii_case(name),
            Item::Expr { .. } | Item::Star | Item::TableStar(_) => return None,
        };
    }
    Some(found)
}
