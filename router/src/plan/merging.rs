//! The merge of a SELECT that runs on several physical tables: which rows the shards return, and how they become one answer.
//!
//! What the merge cannot do exactly is refused here with the reason, and then the statement is possible on one physical table only.

use std::sync::Arc;

use super::analysis::Analysis;
use super::bind::{Binder, Kind};
use super::classes::ColumnId;
use super::digits::adds_quotients;
use super::grouping;
use super::keys::{Columns, Key, has_aggregate, has_window};
use super::layout::Layout;
use super::text::{Cutter, Edit, Piece, text};
use super::tokens::Tokens;
use super::tree::{Expr, Item, Query, Select};
use super::values::Operand;
use crate::lexer::{SqlMode, TokenKind};
use crate::merge::{Limit, MergeSpec, Operand as MergeOperand, SortKey};

/// A query that is to be merged.
pub(crate) struct Merge<'m> {
    pub tokens: &'m Tokens<'m>,
    pub cutter: &'m Cutter<'m>,
    pub binder: &'m Binder<'m>,
    pub analysis: &'m Analysis,
    pub query: &'m Query,
    pub select: &'m Select,
    pub layout: &'m Layout,
    pub mode: SqlMode,
}

/// The specification, and what changes in the physical text.
pub(crate) struct Merged {
    pub spec: Arc<MergeSpec>,
    pub edits: Vec<Edit>,
}

impl<'m> Merge<'m> {
    /// Errors: why the query cannot be merged.
    pub fn plan(&self) -> Result<Merged, String> {
        self.check()?;
        let mut columns = Columns::new(self.tokens, self.cutter, self.binder, self.select, self.layout)?;
        let aggregates = self.expressions().any(has_aggregate);
        let grouped = aggregates || !self.select.group_by.is_empty();
        columns.grouped = grouped;
        if self.select.group_by.iter().any(has_aggregate) {
            return Err("GROUP BY an aggregate".into());
        }
        if grouped && self.is_local(&self.group_columns(&columns)?) {
            if self.select.distinct {
                return Err("DISTINCT beside GROUP BY".into());
            }
            return self.rows(columns);
        }
        if aggregates && adds_quotients(self.tokens) {
            return Err(
                "a quotient beside aggregates, which has more digits than a shard's answer shows".into()
            );
        }
        if grouped {
            if self.select.distinct {
                return Err("DISTINCT beside GROUP BY".into());
            }
            return grouping::plan(self, columns);
        }
        if self.select.distinct {
            return self.distinct(columns);
        }
        self.rows(columns)
    }

    fn check(&self) -> Result<(), String> {
        if self.layout.calc_found_rows {
            return Err("SQL_CALC_FOUND_ROWS".into());
        }
        if self.select.rollup {
            return Err("WITH ROLLUP".into());
        }
        if self.query.limited && self.layout.limit.is_empty() {
            return Err("OFFSET without LIMIT".into());
        }
        if self.query.odd || self.select.odd {
            return Err("a clause that the planner does not know".into());
        }
        if self.expressions().any(has_window) {
            return Err("a window function".into());
        }
        let same = self.layout.group_keys.len() == self.select.group_by.len()
            && self.layout.order_keys.len() == self.query.order_by.len();
        if !same {
            return Err("GROUP BY or ORDER BY that the planner reads otherwise than the parser".into());
        }
        Ok(())
    }

    /// Every expression behind FROM and WHERE.
    fn expressions(&self) -> impl Iterator<Item = &'m Expr> {
        let items = self.select.items.iter().filter_map(|item| match item {
            Item::Expr { expr, .. } => Some(expr),
            _ => None,
        });
        items.chain(&self.select.having).chain(&self.query.order_by).chain(&self.select.group_by)
    }

    fn group_columns(&self, columns: &Columns<'m>) -> Result<Vec<ColumnId>, String> {
        let mut found = Vec::new();
        for (expr, range) in self.select.group_by.iter().zip(&self.layout.group_keys) {
            if let Some(Key { column: Some(column), .. }) = columns.key(expr, range, false)? {
                found.push(column);
            }
        }
        Ok(found)
    }

    /// True when rows equal in these columns are on one shard: they hold the whole shard key of a reference.
    fn is_local(&self, by: &[ColumnId]) -> bool {
        let Ok(class) = &self.analysis.scatter else { return false };
        class.iter().any(|index| {
            let Some(reference) = self.analysis.references.get(*index) else { return false };
            let keys = reference.placer.key_ordinals();
            let firm = &self.analysis.firm;
            reference.kind == Kind::Sharded
                && !reference.nullable
                && !keys.is_empty()
                && keys.iter().all(|key| by.iter().any(|column| firm.same(*column, (*index, *key))))
                && keys.iter().all(|key| reference.places_equal_together(*key))
        })
    }

    /// Rows as the shards return them: those of a plain query, or of groups that are each whole on one shard.
    fn rows(&self, mut columns: Columns<'m>) -> Result<Merged, String> {
        let mut input_order = Vec::new();
        for (expr, (range, descending)) in self.query.order_by.iter().zip(&self.layout.order_keys) {
            if let Some(key) = columns.key(expr, range, true)? {
                input_order.push(columns.sort_key(&key, *descending)?);
            }
        }
        let mut edits = Vec::new();
        let limit = self.limit(&mut edits, true)?;
        Ok(self.finish(columns, edits, MergeSpec { input_order, limit, ..MergeSpec::default() }))
    }

    fn distinct(&self, mut columns: Columns<'m>) -> Result<Merged, String> {
        if self.select.having.is_some() {
            return Err("HAVING beside DISTINCT".into());
        }
        let output_columns: Vec<ColumnId> =
            columns.outputs.iter().filter_map(|output| output.column).collect();
        if self.query.order_by.is_empty() && self.is_local(&output_columns) {
            return self.rows(columns);
        }
        if !columns.counted {
            return Err("DISTINCT with a * over several tables".into());
        }
        columns.grouped = true;
        let mut order: Vec<(usize, bool)> = Vec::new();
        for (expr, (range, descending)) in self.query.order_by.iter().zip(&self.layout.order_keys) {
            if let Some(key) = columns.key(expr, range, true)? {
                let index = key.output.ok_or("ORDER BY of something else beside DISTINCT")?;
                order.push((index, *descending));
            }
        }
        for index in 0..columns.outputs.len() {
            if order.iter().all(|(known, _)| *known != index) {
                order.push((index, false));
            }
        }
        let mut input_order = Vec::new();
        let mut names = Vec::new();
        for (index, descending) in &order {
            let key = columns.output_key(*index)?;
            grouping::check_key(&key)?;
            let sort = columns.sort_key(&key, *descending)?;
            names.push(order_by(&columns, sort));
            input_order.push(sort);
        }
        let by: Vec<String> = (1..=columns.outputs.len()).map(|number| number.to_string()).collect();
        let clauses = format!(" GROUP BY {} ORDER BY {}", by.join(", "), names.join(", "));
        let mut edits = self.replace_tail(&clauses, self.layout.order.clone());
        if let Some(at) = self.layout.distinct {
            edits.push(Edit::cut(self.tokens.start(at)..self.tokens.end(at)));
        }
        let limit = self.limit(&mut edits, true)?;
        Ok(self.finish(
            columns,
            edits,
            MergeSpec { input_order, distinct: true, limit, ..MergeSpec::default() },
        ))
    }

    /// Cuts a clause and puts another before LIMIT and what follows it.
    pub fn replace_tail(&self, clauses: &str, cut: std::ops::Range<usize>) -> Vec<Edit> {
        let mut edits = Vec::new();
        if !cut.is_empty() {
            edits.push(Edit::cut(self.clause_bytes(&cut)));
        }
        let at = Layout::byte_before(self.tokens, self.layout.tail(self.tokens));
        edits.push(Edit::new(at..at, vec![text(clauses)]));
        edits
    }

    /// Bytes of a clause, from the token before it, so that the space goes too.
    pub fn clause_bytes(&self, clause: &std::ops::Range<usize>) -> std::ops::Range<usize> {
        Layout::byte_before(self.tokens, clause.start)..Layout::byte_before(self.tokens, clause.end)
    }

    /// LIMIT's numbers. `pushed`: each shard needs to return the first `offset + count` rows only; else it returns all.
    pub fn limit(&self, edits: &mut Vec<Edit>, pushed: bool) -> Result<Option<Limit>, String> {
        let clause = &self.layout.limit;
        if clause.is_empty() {
            return Ok(None);
        }
        let first = clause.start + 1;
        let (offset, count, last) = if first + 1 == clause.end {
            (None, first, first)
        } else if first + 3 == clause.end && self.tokens.is_op(first + 1, ",") {
            (Some(first), first + 2, first + 2)
        } else if first + 3 == clause.end && self.tokens.is_word(first + 1, "OFFSET") {
            (Some(first + 2), first, first + 2)
        } else {
            return Err("this form of LIMIT".into());
        };
        let bytes = self.tokens.start(clause.start)..self.tokens.end(last);
        if pushed {
            let offset = offset.map(|at| self.number(at)).transpose()?.map(|(operand, _)| operand);
            let count = self.number(count)?.0;
            edits.push(Edit::new(bytes, vec![text("LIMIT "), Piece::Limit { offset, count }]));
        } else {
            edits.push(Edit::cut(self.clause_bytes(clause)));
        }
        let offset = match offset {
            Some(at) => self.number(at)?.1,
            None => MergeOperand::Constant(0),
        };
        Ok(Some(Limit { offset, count: self.number(count)?.1 }))
    }

    fn number(&self, at: usize) -> Result<(Operand, MergeOperand), String> {
        let found = matches!(self.tokens.kind(at), TokenKind::Integer | TokenKind::Parameter)
            .then(|| Operand::of(self.tokens, self.tokens.start(at), false, self.mode))
            .flatten();
        match (found, self.tokens.get(at).hole) {
            (Some(operand), Some(hole)) => Ok((operand, MergeOperand::Hole(hole as usize))),
            _ => Err("this form of LIMIT".into()),
        }
    }

    /// Adds the hidden columns and their numbers.
    pub fn finish(&self, columns: Columns<'m>, mut edits: Vec<Edit>, mut spec: MergeSpec) -> Merged {
        spec.visible = columns.counted.then_some(columns.outputs.len());
        spec.hidden = columns.hidden.len();
        if !columns.hidden.is_empty() {
            let end = self.layout.items.last().map_or(0, |item| item.end);
            let at = Layout::byte_before(self.tokens, end);
            edits.push(Edit::new(at..at, columns.hidden_pieces()));
        }
        Merged { spec: Arc::new(spec), edits }
    }
}

/// A key in the physical statement's ORDER BY.
pub(crate) fn order_by(columns: &Columns<'_>, key: SortKey) -> String {
    let name = columns.order_name(key.value);
    if key.descending { format!("{name} DESC") } else { name }
}
