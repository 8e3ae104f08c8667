//! Which columns of each table a gathered statement needs: those that it names, and those of a `*`.

use std::collections::BTreeSet;

use ostrakon_catalog::column::ColumnType;

use super::super::analysis::Tree;
use super::super::bind::Reference;
use super::super::classes::ColumnId;
use super::super::condition::equal_as_keys;
use super::super::keys::AGGREGATES;
use super::super::special::VARYING;
use super::super::tree::{Body, Column, Expr, Item, Query};
use super::filters::Filters;
use super::{Gatherer, SourceColumn};
use crate::lexer::TokenKind;

impl Gatherer<'_> {
    /// For each reference, ordinals of its columns in their order. Where a name is not certain to mean one table's column, each table that has
    /// such a column brings it: too many are harmless, and an ambiguous name stays ambiguous.
    ///
    /// Errors: an invisible column beside a `*`, which would show it.
    pub(super) fn needed(&self) -> Result<Vec<Vec<usize>>, String> {
        let references = &self.analysis.references;
        let mut needed: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); references.len()];
        let mut certain = BTreeSet::new();
        let mut starred: BTreeSet<usize> = BTreeSet::new();
        for (scope, parts) in &self.binder.mentions {
            let Some(last) = parts.last() else { continue };
            if last.text == "*" {
                let (database, table) = match parts.as_slice() {
                    [table, _] => (None, &table.text),
                    [database, table, _] => (Some(database.text.as_str()), &table.text),
                    _ => continue,
                };
                starred.extend(self.binder.reference_named(*scope, database, table));
                continue;
            }
            let column = Column { parts: parts.clone() };
            if let Some((reference, ordinal)) = self.binder.resolve(*scope, &column) {
                certain.insert(last.span.start);
                if let Some(set) = needed.get_mut(reference) {
                    set.insert(ordinal);
                }
            }
        }
        for block in &self.analysis.blocks {
            let mut all = Vec::new();
            for tree in &block.from {
                let natural = tables_of(tree, &mut all);
                if natural {
                    // NATURAL compares whatever columns there are on both sides.
                    starred.extend(all.iter().copied());
                }
            }
            if block.star && !self.is_exists(block.start) {
                starred.extend(all);
            }
        }
        for (index, reference) in references.iter().enumerate().filter(|(index, _)| starred.contains(index)) {
            let visible = reference.table.columns.iter().enumerate().filter(|(_, column)| !column.invisible);
            needed[index].extend(visible.map(|(ordinal, _)| ordinal));
        }
        self.add_uncertain(&certain, &mut needed);
        for (index, reference) in references.iter().enumerate() {
            let is_invisible = |ordinal: &usize| {
                reference.table.columns.get(*ordinal).is_some_and(|column| column.invisible)
            };
            if starred.contains(&index) && needed[index].iter().any(is_invisible) {
                return Err(format!("an invisible column of '{}' beside a *", reference.table.name));
            }
            if needed[index].is_empty() {
                needed[index].extend(smallest(reference));
            }
        }
        Ok(needed.into_iter().map(|set| set.into_iter().collect()).collect())
    }

    /// Words that no certain column explains, and that some table has a column for.
    fn add_uncertain(&self, certain: &BTreeSet<usize>, needed: &mut [BTreeSet<usize>]) {
        let tokens = self.tokens;
        for at in 0..tokens.len() {
            let is_name = matches!(tokens.kind(at), TokenKind::Word | TokenKind::QuotedIdent);
            if !is_name || certain.contains(&tokens.start(at)) || tokens.is_op(at + 1, "(") {
                continue;
            }
            if tokens.is_op(at + 1, ".") || (at > 0 && tokens.is_word(at - 1, "AS")) {
                continue;
            }
            let Some(name) = tokens.name(at) else { continue };
            for (index, reference) in self.analysis.references.iter().enumerate() {
                if reference.span.contains(&tokens.start(at)) {
                    continue;
                }
                if let Some((ordinal, _)) = reference.table.column(&name) {
                    needed[index].insert(ordinal);
                }
            }
        }
    }

    /// The block stands in EXISTS, where its select list means nothing.
    fn is_exists(&self, start: usize) -> bool {
        let at = self.tokens.at_byte(start).unwrap_or(0);
        at > 1 && self.tokens.is_op(at - 1, "(") && self.tokens.is_word(at - 2, "EXISTS")
    }

    /// The statement reads one table, and a row that is there twice is to it as if it were there once.
    pub(super) fn counts_once(&self) -> bool {
        const ONCE: &[&str] = &["MIN", "MAX"];
        let Some(Query { body: Body::Select(select), order_by, .. }) = self.query else { return false };
        // Several physical tables of a group answer one after the other, and DISTINCT wants their rows side by side.
        let one_each = self.analysis.references.first().is_some_and(|reference| {
            let tables = reference.placer.topology().tables();
            tables.windows(2).all(|pair| pair[0].group != pair[1].group)
        });
        let varies = (0..self.tokens.len())
            .any(|at| self.tokens.is_any_word(at, VARYING) && self.tokens.is_op(at + 1, "("));
        if self.analysis.references.len() != 1
            || self.analysis.blocks.len() != 1
            || select.odd
            || self.assigns
            || varies
            || !one_each
        {
            return false;
        }
        let items = select.items.iter().filter_map(|item| match item {
            Item::Expr { expr, .. } => Some(expr),
            _ => None,
        });
        let (mut all, mut aggregates) = (true, false);
        for expr in items.chain(&select.having).chain(order_by).chain(&select.group_by) {
            expr.walk(&mut |part| match part {
                Expr::Call(call) => {
                    let aggregate = AGGREGATES.contains(&call.name.as_str());
                    aggregates |= aggregate;
                    all &=
                        !call.window && (!aggregate || call.distinct || ONCE.contains(&call.name.as_str()));
                    all &= call.rest.calls.iter().all(is_scalar);
                }
                Expr::Other(flat) => all &= flat.calls.iter().all(is_scalar),
                _ => {}
            });
        }
        all && (aggregates || select.distinct || !select.group_by.is_empty())
    }

    /// Columns that other tables' columns are compared with.
    pub(super) fn joined_columns(&self, filters: &Filters) -> Vec<ColumnId> {
        let data_type = |column: &ColumnId| {
            let columns = &self.analysis.references.get(column.0)?.table.columns;
            columns.get(column.1).map(|column| &column.data_type)
        };
        // An index of strings finds what its collation calls equal: with another collation on the other side that is not what `=` says.
        let is_alike = |pair: &&(ColumnId, ColumnId)| match (data_type(&pair.0), data_type(&pair.1)) {
            (Some(left), Some(right)) => equal_as_keys(left, right),
            _ => false,
        };
        let is_integer = |column: &&ColumnId| data_type(column).is_some_and(ColumnType::is_integer);
        let both = filters.equalities.iter().filter(is_alike).flat_map(|(left, right)| [*left, *right]);
        let all: BTreeSet<ColumnId> =
            both.chain(filters.compared.iter().filter(is_integer).copied()).collect();
        all.into_iter().collect()
    }
}

/// Collects the references of a tree; true when a join of it is NATURAL.
fn tables_of(tree: &Tree, found: &mut Vec<usize>) -> bool {
    match tree {
        Tree::Table(reference) => {
            found.push(*reference);
            false
        }
        Tree::Closed | Tree::System(_) => false,
        Tree::Join { natural, left, right, .. } => {
            *natural | tables_of(left, found) | tables_of(right, found)
        }
    }
}

/// A column for a table of which none is named: one of the shortest.
fn smallest(reference: &Reference) -> Option<usize> {
    let columns = &reference.table.columns;
    let key = columns.iter().position(|column| column.data_type.is_integer() && !column.invisible);
    key.or_else(|| columns.iter().position(|column| !column.invisible))
}

/// True for a type whose values can be written as a list of literals, which compare as the column's values do.
pub(super) fn can_be_listed(data_type: &ColumnType) -> bool {
    match data_type {
        ColumnType::Char { charset, .. } | ColumnType::VarChar { charset, .. } => charset
            .as_deref()
            .is_some_and(|charset| matches!(charset, "utf8mb4" | "utf8mb3" | "utf8" | "ascii" | "latin1")),
        ColumnType::Date => true,
        data_type => data_type.is_integer(),
    }
}

/// Neither aggregate nor window.
fn is_scalar((name, window): &(String, bool)) -> bool {
    !window && !AGGREGATES.contains(&name.as_str())
}

/// True for a column whose equal values are the same value in all that can be seen.
pub(super) fn is_exact(column: &SourceColumn) -> bool {
    let data_type = &column.data_type;
    data_type.is_integer()
        || matches!(
            data_type,
            ColumnType::Decimal { .. } | ColumnType::Date | ColumnType::DateTime { .. } | ColumnType::Year
        )
}

/// True for a column that every engine can index whole.
pub(super) fn can_be_key(reference: &Reference, ordinal: usize) -> bool {
    const CHARACTERS_MAX: u32 = 190;
    match reference.table.columns.get(ordinal).map(|column| &column.data_type) {
        Some(ColumnType::Char { length, .. } | ColumnType::VarChar { length, .. }) => {
            length.is_some_and(|length| length <= CHARACTERS_MAX)
        }
        Some(
            ColumnType::Decimal { .. }
            | ColumnType::Date
            | ColumnType::DateTime { .. }
            | ColumnType::Time { .. }
            | ColumnType::Timestamp { .. }
            | ColumnType::Year
            | ColumnType::Double,
        ) => true,
        Some(data_type) => data_type.is_integer(),
        None => false,
    }
}
