//! Which conditions of a gathered statement go to its sources: those of WHERE and ON that are about one table alone, and that hold for every
//! row of it that the statement can use.

use std::ops::Range;

use super::super::analysis::{QueryBlock, Tree};
use super::super::ast::{self, Part};
use super::super::classes::ColumnId;
use super::super::layout::Layout;
use super::super::special::VARYING;
use super::super::system::Narrowing;
use super::super::tree::{Body, Compare, Expr, Item, JoinKind};
use super::Gatherer;
use crate::lexer::TokenKind;

/// Words that end an ON condition.
const AFTER_ON: &[&str] = &[
    "JOIN",
    "INNER",
    "LEFT",
    "RIGHT",
    "CROSS",
    "NATURAL",
    "STRAIGHT_JOIN",
    "ON",
    "USING",
    "WHERE",
    "GROUP",
    "HAVING",
    "WINDOW",
    "ORDER",
    "LIMIT",
    "OFFSET",
    "FETCH",
    "FOR",
    "LOCK",
    "INTO",
    "PROCEDURE",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "SET",
    "RETURNING",
];

/// What the conditions of a statement say.
#[derive(Default)]
pub(super) struct Filters {
    /// For each reference, token ranges of the conditions that its source may have.
    pub own: Vec<Vec<Range<usize>>>,
    /// Columns of different references that are compared for equality.
    pub equalities: Vec<(ColumnId, ColumnId)>,
    /// (mine, other): a row of mine's reference is needed only if its value of `mine` is among the other's.
    pub links: Vec<(ColumnId, ColumnId)>,
    /// `column IN (SELECT ...)` of WHERE: the column, and the byte of the SELECT.
    pub among: Vec<(ColumnId, usize)>,
    /// Columns that are compared with something whose table is not certain.
    pub compared: Vec<ColumnId>,
    /// Which rows of information_schema are needed.
    pub narrowings: Vec<Narrowing>,
}

impl Filters {
    fn extent(&self) -> (usize, usize) {
        (self.equalities.len(), self.among.len())
    }

    /// Equalities noted since there were `before`: rows of these tables without a partner are not needed.
    fn link(&mut self, before: (usize, usize), tables: &[usize]) {
        let mut at = 0;
        self.among.retain(|(column, _)| {
            at += 1;
            at <= before.1 || tables.contains(&column.0)
        });
        let new = self.equalities.get(before.0..).unwrap_or_default().iter();
        for (left, right) in new.flat_map(|(left, right)| [(*left, *right), (*right, *left)]) {
            if tables.contains(&left.0) {
                self.links.push((left, right));
            }
        }
    }
}

/// A condition between ANDs.
struct Conjunct {
    range: Range<usize>,
    /// The one reference that it is about.
    only: Option<usize>,
    /// What it says of a table of information_schema.
    narrowing: Option<Narrowing>,
}

impl Gatherer<'_> {
    pub(super) fn filters(&self) -> Filters {
        let mut filters =
            Filters { own: vec![Vec::new(); self.analysis.references.len()], ..Filters::default() };
        for block in &self.analysis.blocks {
            self.block_filters(block, &mut filters);
        }
        filters
    }

    fn block_filters(&self, block: &QueryBlock, filters: &mut Filters) {
        let Some(select) = self.tokens.at_byte(block.start) else { return };
        let layout = Layout::new(self.tokens, select);
        let range = match layout.filter.is_empty() {
            true => layout.filter,
            false => layout.filter.start + 1..layout.filter.end,
        };
        let before = filters.extent();
        let conjuncts = self.conjuncts(range, block.scope, filters);
        let mut tables = Vec::new();
        block.from.iter().for_each(|tree| tree.tables(&mut tables));
        filters.link(before, &tables);
        for tree in &block.from {
            self.push(tree, &conjuncts, block.scope, filters);
        }
    }

    /// Takes conditions that hold for every row of `tree` that counts down to its tables.
    fn push(&self, tree: &Tree, above: &[Conjunct], scope: usize, filters: &mut Filters) {
        let (kind, on, left, right) = match tree {
            Tree::Table(reference) => {
                let mine = above.iter().filter(|conjunct| conjunct.only == Some(*reference));
                filters.own[*reference].extend(mine.map(|conjunct| conjunct.range.clone()));
                return;
            }
            Tree::Closed => return,
            Tree::System(reference) => {
                let narrowings = above.iter().filter_map(|conjunct| conjunct.narrowing);
                filters.narrowings.extend(narrowings.filter(|found| found.reference == *reference));
                return;
            }
            Tree::Join { kind, on, left, right, .. } => (*kind, on, left, right),
        };
        let range = on.and_then(|byte| self.on_range(byte)).unwrap_or(0..0);
        let before = filters.extent();
        let own = self.conjuncts(range, scope, filters);
        let mut needed = Vec::new();
        match kind {
            JoinKind::Inner => tree.tables(&mut needed),
            JoinKind::Left => right.tables(&mut needed),
            JoinKind::Right => left.tables(&mut needed),
        }
        filters.link(before, &needed);
        match kind {
            JoinKind::Inner => {
                let both: Vec<Conjunct> = own.into_iter().chain(above.iter().map(Conjunct::copy)).collect();
                self.push(left, &both, scope, filters);
                self.push(right, &both, scope, filters);
            }
            // Rows that are kept are kept whatever ON says; rows that would not match are not needed. What WHERE says of the extended side
            // may be true for NULLs only.
            JoinKind::Left => {
                self.push(left, above, scope, filters);
                self.push(right, &own, scope, filters);
            }
            JoinKind::Right => {
                self.push(left, &own, scope, filters);
                self.push(right, above, scope, filters);
            }
        }
    }

    /// The condition behind ON, from the place of a column in it.
    fn on_range(&self, byte: usize) -> Option<Range<usize>> {
        let tokens = self.tokens;
        let mut depth = 0usize;
        let mut at = tokens.at_byte(byte)?;
        loop {
            at = at.checked_sub(1)?;
            if tokens.is_op(at, ")") {
                depth += 1;
            } else if tokens.is_op(at, "(") {
                depth = depth.saturating_sub(1);
            } else if depth == 0 && tokens.is_word(at, "ON") {
                break;
            }
        }
        let end = tokens.find(at + 1, tokens.len(), |index| {
            let is_call = tokens.is_op(index + 1, "(") && tokens.is_any_word(index, &["LEFT", "RIGHT"]);
            tokens.is_op(index, ")")
                || tokens.is_op(index, ",")
                || (tokens.is_any_word(index, AFTER_ON) && !is_call)
        });
        Some(at + 1..end)
    }

    /// The conditions that all have to hold, with those of equal columns noted.
    fn conjuncts(&self, range: Range<usize>, scope: usize, filters: &mut Filters) -> Vec<Conjunct> {
        let parts = self.split(range);
        parts.into_iter().filter_map(|range| self.conjunct(range, scope, filters)).collect()
    }

    /// The parts between ANDs outside parentheses; the whole, where something binds looser.
    fn split(&self, range: Range<usize>) -> Vec<Range<usize>> {
        let tokens = self.tokens;
        let (mut from, mut to) = (range.start, range.end);
        while to > from + 2 && tokens.is_op(from, "(") && tokens.close(from) + 1 == to {
            (from, to) = (from + 1, to - 1);
        }
        if from >= to {
            return Vec::new();
        }
        let looser = tokens.find(from, to, |at| {
            tokens.is_any_word(at, &["OR", "XOR", "CASE"]) || tokens.is_op(at, "||") || tokens.is_op(at, ":=")
        });
        if looser < to {
            return vec![range];
        }
        let mut parts = Vec::new();
        let (mut start, mut between) = (from, false);
        for at in self.outside(from, to) {
            if tokens.is_word(at, "BETWEEN") {
                between = true;
            } else if tokens.is_word(at, "AND") || tokens.is_op(at, "&&") {
                if std::mem::take(&mut between) {
                    continue;
                }
                parts.push(start..at);
                start = at + 1;
            }
        }
        parts.push(start..to);
        match parts.len() {
            1 => parts,
            _ => parts.into_iter().flat_map(|part| self.split(part)).collect(),
        }
    }

    /// Indexes outside of parentheses.
    fn outside(&self, from: usize, to: usize) -> Vec<usize> {
        let mut found = Vec::new();
        let mut at = from;
        while at < to {
            found.push(at);
            if self.tokens.is_op(at, "(") {
                at = self.tokens.close(at);
            }
            at += 1;
        }
        found
    }

    fn conjunct(&self, range: Range<usize>, scope: usize, filters: &mut Filters) -> Option<Conjunct> {
        if range.is_empty() {
            return None;
        }
        let parts = [Part::Word("SELECT"), Part::Tokens(range.clone())];
        let parsed = ast::parse(self.tokens, &parts, self.request.mode).ok()?;
        let Body::Select(select) = &parsed.body else { return None };
        let [Item::Expr { expr, alias: None }] = select.items.as_slice() else { return None };
        if let Expr::Compare { op: Compare::Eq, left, right } = expr
            && let (Expr::Column(left), Expr::Column(right)) = (left.as_ref(), right.as_ref())
            && let (Some(left), Some(right)) =
                (self.binder.resolve(scope, left), self.binder.resolve(scope, right))
            && left.0 != right.0
        {
            filters.equalities.push((left, right));
            return None;
        }
        self.note_other(expr, scope, filters);
        if let Some(narrowing) = self.binder.narrowing(self.tokens, self.request.mode, scope, expr) {
            let steady = self.is_steady(range.clone());
            return steady.then_some(Conjunct { range, only: None, narrowing: Some(narrowing) });
        }
        let plain = expr.queries().is_empty() && self.is_steady(range.clone());
        let mut only = None;
        for column in expr.columns() {
            let (reference, _) = self.binder.resolve(scope, column)?;
            if only.is_some_and(|known| known != reference) {
                return None;
            }
            only = Some(reference);
        }
        plain.then_some(Conjunct { range, only, narrowing: None })
    }

    /// Columns that an index of the temporary table helps to find, or that a subquery limits.
    fn note_other(&self, expr: &Expr, scope: usize, filters: &mut Filters) {
        match expr {
            Expr::Compare { op: Compare::Eq, left, right } => {
                if let (Expr::Column(left), Expr::Column(right)) = (left.as_ref(), right.as_ref()) {
                    let both = [left, right].into_iter();
                    filters.compared.extend(both.filter_map(|column| self.binder.resolve(scope, column)));
                }
            }
            Expr::InQuery { expr, query, negated: false } => {
                if let (Expr::Column(column), Body::Select(select)) = (expr.as_ref(), &query.body)
                    && let Some(column) = self.binder.resolve(scope, column)
                {
                    filters.among.push((column, select.start));
                }
            }
            _ => {}
        }
    }

    /// Nothing in it whose value differs from call to call or from place to place, and no comment that hides some of it.
    pub(super) fn is_steady(&self, range: Range<usize>) -> bool {
        let tokens = self.tokens;
        let bytes = tokens.start(range.start)..tokens.end(range.end.max(1) - 1);
        let text = tokens.text.get(bytes).unwrap_or_default();
        // A part of a version comment is no comment.
        let is_commented = text.windows(3).any(|bytes| bytes == b"/*!" || bytes == b"/*M")
            || text.windows(2).any(|bytes| bytes == b"*/");
        !is_commented
            && !range.clone().any(|at| {
                (tokens.is_any_word(at, VARYING) && tokens.is_op(at + 1, "("))
                    || (tokens.kind(at) == TokenKind::SystemVariable)
                    || (self.assigns && tokens.kind(at) == TokenKind::UserVariable)
                    || (tokens.is_op(at, ".") && tokens.is_op(at + 2, "("))
            })
    }
}

impl Conjunct {
    fn copy(&self) -> Self {
        Self { range: self.range.clone(), only: self.only, narrowing: self.narrowing }
    }
}
