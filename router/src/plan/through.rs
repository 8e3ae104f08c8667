//! Derived tables that are looked through: where one of their columns is a table's, a condition on it from outside keeps that table's other rows from being needed.
//!
//! So `SELECT ... FROM (SELECT ... FROM orders) AS o WHERE o.customer_id = 7`, and the same of a view, needs one physical table. **Invariant:** that
//! holds only where the derived table without those rows has the same other rows: no LIMIT, no window, and a group's rows all alike in that column.

use super::analysis::{Analyst, usable_keys};
use super::bind::{Binder, Kind, Through};
use super::classes::{Classes, ColumnId};
use super::condition::{Condition, Reader};
use super::keys::{has_aggregate, has_window};
use super::tree::{Body, Column, Expr, Item, Join, JoinKind, Query, Select, Source};

impl Analyst<'_> {
    /// Notes what the columns of the derived table are that was entered last in `scope`. `inside`: the scope of its query.
    pub(super) fn look_through(&mut self, scope: usize, query: &Query, inside: usize) {
        let Some(through) = self.columns_of(query, inside) else { return };
        let entries = self.binder.scopes.get_mut(scope).and_then(|scope| scope.entries.last_mut());
        if let Some(entry) = entries {
            entry.through = through;
        }
    }

    fn columns_of(&self, query: &Query, inside: usize) -> Option<Through> {
        let Body::Select(select) = &query.body else { return None };
        let exprs = || {
            let items = select.items.iter().filter_map(|item| match item {
                Item::Expr { expr, .. } => Some(expr),
                Item::Star | Item::TableStar(_) => None,
            });
            items.chain(&query.order_by).chain(&select.having)
        };
        let is_grouped = !select.group_by.is_empty();
        // What counts rows as they come, counts those that are left out.
        let counts = |at| self.tokens.is_op(at, ":=") || self.tokens.is_word(at, "ROWNUM");
        if !query.with.is_empty()
            || (0..self.tokens.len()).any(counts)
            || query.limited
            || query.odd
            || select.odd
            || select.rollup
            || exprs().any(has_window)
            || (!is_grouped && (select.having.is_some() || exprs().any(has_aggregate)))
        {
            return None;
        }
        let resolve = |column: &Column| {
            let id = self.binder.resolve(inside, column).or_else(|| match has_outer_join(select) {
                true => None,
                false => self.binder.resolve_through(inside, column),
            })?;
            let reference = self.binder.references.get(id.0)?;
            (!reference.nullable && reference.kind == Kind::Sharded).then_some(id)
        };
        let keys: Vec<Option<ColumnId>> = select
            .group_by
            .iter()
            .map(|key| match key {
                Expr::Column(column) => resolve(column),
                _ => None,
            })
            .collect();
        let known = |column: &Column| {
            let id = resolve(column)?;
            // One of several rows that are equal is shown: they must be on one shard.
            let together = || {
                let reference = self.binder.references.get(id.0);
                reference.is_some_and(|reference| reference.places_equal_together(id.1))
            };
            let is_one = !is_grouped && !select.distinct;
            (is_one || (together() && (!is_grouped || keys.contains(&Some(id))))).then_some(id)
        };
        let columns = select.items.iter().map(|item| match item {
            Item::Expr { expr: Expr::Column(column), alias } => {
                let name = alias.as_deref().unwrap_or(column.name()).to_owned();
                Some((name, known(column)))
            }
            // What an expression is called is not asked: it is no column of a table.
            Item::Expr { alias, .. } => Some((alias.clone().unwrap_or_default(), None)),
            Item::Star | Item::TableStar(_) => None,
        });
        columns.collect()
    }

    /// Gives tables inside of derived tables the conditions that this block has for them. An outer join here could take a row that is left out for one that
    /// was not found.
    pub(super) fn prune_inside(&mut self, select: &Select, scope: usize) {
        let Some(entries) = self.binder.scopes.get(scope).map(|scope| scope.entries.as_slice()) else {
            return;
        };
        if has_outer_join(select) || entries.iter().all(|entry| entry.through.is_empty()) {
            return;
        }
        let mut targets: Vec<usize> =
            entries.iter().flat_map(|entry| &entry.through).filter_map(|(_, id)| Some((*id)?.0)).collect();
        targets.sort_unstable();
        targets.dedup();
        let mut conditions: Vec<&Expr> = select.filter.iter().collect();
        select.from.iter().for_each(|source| joined_on(source, &mut conditions));
        let resolve = |column: &Column| self.binder.resolve_through(scope, column);
        let reader = Reader { tokens: self.tokens, mode: self.mode, resolve: &resolve };
        let read: Vec<Condition<ColumnId>> = conditions.into_iter().map(|expr| reader.read(expr)).collect();
        self.conditions.resize(self.binder.references.len(), Condition::All);
        for target in targets {
            let Some(reference) = self.binder.references.get(target) else { continue };
            let keys = usable_keys(reference);
            let mut mine = self.conditions.get(target).cloned().unwrap_or(Condition::All);
            for condition in &read {
                mine = mine.both(condition.for_reference(target, &keys, &Classes::default(), &|_| false));
            }
            if let Some(slot) = self.conditions.get_mut(target) {
                *slot = mine;
            }
        }
    }
}

impl Binder<'_> {
    /// The column of a table inside a derived table of this scope that a name means, when that is certain.
    pub fn resolve_through(&self, scope: usize, column: &Column) -> Option<ColumnId> {
        let scope = self.scopes.get(scope)?;
        let name = column.name();
        let of = |through: &Through| {
            let mut named = through.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
            let (_, id) = named.next()?;
            named.next().is_none().then_some(*id)?
        };
        match column.parts.as_slice() {
            [_] => {
                if scope.opaque || scope.merged.iter().any(|(merged, _)| merged.eq_ignore_ascii_case(name)) {
                    return None;
                }
                let mut found = None;
                for entry in &scope.entries {
                    let has = match entry.reference {
                        Some(reference) => self.references.get(reference)?.table.column(name).is_some(),
                        None if entry.through.is_empty() => return None,
                        None => entry.through.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)),
                    };
                    if has && found.replace(entry).is_some() {
                        return None;
                    }
                }
                of(&found?.through)
            }
            [table, _] => {
                let mut named =
                    scope.entries.iter().filter(|entry| entry.name.eq_ignore_ascii_case(&table.text));
                let entry = named.next().filter(|entry| entry.name == table.text)?;
                named.next().is_none().then(|| of(&entry.through))?
            }
            _ => None,
        }
    }
}

fn has_outer_join(select: &Select) -> bool {
    fn is_outer(source: &Source) -> bool {
        match source {
            Source::Join(join) => {
                let Join { kind, left, right, .. } = join.as_ref();
                *kind != JoinKind::Inner || is_outer(left) || is_outer(right)
            }
            Source::Table { .. } | Source::Derived { .. } | Source::Other { .. } => false,
        }
    }
    select.from.iter().any(is_outer)
}

/// ON conditions of inner joins.
fn joined_on<'q>(source: &'q Source, found: &mut Vec<&'q Expr>) {
    if let Source::Join(join) = source {
        found.extend(&join.on);
        joined_on(&join.left, found);
        joined_on(&join.right, found);
    }
}
