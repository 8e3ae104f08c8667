//! Aggregates over several physical tables: the shards return partial groups in the order of the keys, the merge joins equal ones.

use ostrakon_catalog::column::ColumnType;

use super::classes::ColumnId;
use super::keys::{AGGREGATES, Columns, Key, has_aggregate, varies};
use super::merging::{Merge, Merged, order_by};
use super::text::{Piece, text};
use super::tree::{Call, Compare, Expr};
use crate::lexer::TokenKind;
use crate::merge::{Aggregate, ColumnRef, CompareOp, GroupSpec, Having, HavingOperand, MergeSpec, SortKey};

/// Errors: why the groups cannot be merged.
pub(super) fn plan<'m>(merge: &Merge<'m>, columns: Columns<'m>) -> Result<Merged, String> {
    if !columns.counted {
        return Err("a * beside aggregates".into());
    }
    Groups { merge, columns, outputs: Vec::new(), hidden: Vec::new(), key_columns: Vec::new() }.plan()
}

/// Types by which rows can be brought together exactly. A server sorts long texts by their first 1024 bytes only.
pub(super) fn check_key(key: &Key) -> Result<(), String> {
    match key.data_type {
        Some(ColumnType::Text { .. } | ColumnType::Blob) => Err("groups by a TEXT or BLOB column".into()),
        _ => Ok(()),
    }
}

struct Groups<'g, 'm> {
    merge: &'g Merge<'m>,
    columns: Columns<'m>,
    outputs: Vec<Aggregate>,
    /// Aggregates in hidden columns.
    hidden: Vec<(usize, Aggregate)>,
    /// Group keys that are columns: where their value is, and whether it is an exact number.
    key_columns: Vec<(ColumnId, ColumnRef, bool)>,
}

impl<'m> Groups<'_, 'm> {
    fn plan(mut self) -> Result<Merged, String> {
        let implicit = self.merge.select.group_by.is_empty();
        for index in 0..self.columns.outputs.len() {
            let made = self.output(index, implicit)?;
            self.outputs.push(made);
        }
        let mut keys = Vec::new();
        for (expr, range) in self.merge.select.group_by.iter().zip(&self.merge.layout.group_keys) {
            let key = self.columns.key(expr, range, false)?.ok_or("GROUP BY a constant")?;
            if key.output.is_some_and(|index| !matches!(self.outputs.get(index), Some(Aggregate::First))) {
                return Err("GROUP BY an aggregate".into());
            }
            check_key(&key)?;
            keys.push((self.columns.sort_key(&key, false)?, key));
        }
        let having = self.having(&keys)?;
        let (input_order, output_order) = if implicit { (Vec::new(), None) } else { self.orders(&keys)? };
        let merge = self.merge;
        let names: Vec<String> = input_order.iter().map(|key| order_by(&self.columns, *key)).collect();
        let mut edits = match names.is_empty() {
            true => Vec::new(),
            false => {
                merge.replace_tail(&format!(" ORDER BY {}", names.join(", ")), merge.layout.order.clone())
            }
        };
        let removed = having.is_some();
        if removed {
            edits.push(super::text::Edit::cut(merge.clause_bytes(&merge.layout.having)));
        }
        let pushed = !implicit && !removed && output_order.is_none();
        let limit = merge.limit(&mut edits, pushed)?;
        let group = GroupSpec {
            keys: keys.iter().map(|(sort, _)| *sort).collect(),
            outputs: self.outputs,
            hidden_outputs: self.hidden,
            having,
        };
        let spec = MergeSpec { input_order, group: Some(group), output_order, limit, ..MergeSpec::default() };
        Ok(merge.finish(self.columns, edits, spec))
    }

    fn output(&mut self, index: usize, implicit: bool) -> Result<Aggregate, String> {
        let Some(output) = self.columns.outputs.get(index) else { return Ok(Aggregate::First) };
        let (expr, range) = (output.expr, output.tokens.clone());
        let Some(expr) = expr else { return Ok(Aggregate::First) };
        match expr {
            Expr::Call(call) if AGGREGATES.contains(&call.name.as_str()) => self.aggregate(call, &range),
            _ if has_aggregate(expr) => Err("an expression over an aggregate".into()),
            _ if !expr.queries().is_empty() => Err("a subquery beside aggregates".into()),
            _ if implicit && !expr.columns().is_empty() => {
                Err("a column beside aggregates without GROUP BY".into())
            }
            _ => Ok(Aggregate::First),
        }
    }

    /// How an aggregate call merges. `range`: its tokens.
    fn aggregate(&mut self, call: &Call, range: &std::ops::Range<usize>) -> Result<Aggregate, String> {
        if call.distinct {
            return Err(format!("{}(DISTINCT ...)", call.name));
        }
        if call.special || call.args.len() + usize::from(call.star) != 1 {
            return Err(format!("the aggregate {}", call.name));
        }
        let data_type = call.args.first().and_then(|arg| self.columns.data_type(self.columns.column(arg)));
        match call.name.as_str() {
            "COUNT" => Ok(Aggregate::Count),
            "SUM" => Ok(Aggregate::Sum),
            "AVG" => {
                let argument = self.argument(range);
                if call.args.iter().any(varies) {
                    return Err("AVG of a function that gives another value in each call".into());
                }
                let sum = self.hide_aggregate("SUM(", &argument, Aggregate::Sum);
                let count = self.hide_aggregate("COUNT(", &argument, Aggregate::Count);
                Ok(Aggregate::Avg { sum: ColumnRef::Hidden(sum), count: ColumnRef::Hidden(count) })
            }
            name @ ("MIN" | "MAX") => {
                let weight = self.extreme_weight(name, data_type.as_ref(), range)?;
                Ok(if name == "MIN" { Aggregate::Min { weight } } else { Aggregate::Max { weight } })
            }
            name => Err(format!("the aggregate {name}")),
        }
    }

    /// The weight column of MIN and MAX; `None` for numbers and dates.
    fn extreme_weight(
        &mut self,
        name: &str,
        data_type: Option<&ColumnType>,
        range: &std::ops::Range<usize>,
    ) -> Result<Option<ColumnRef>, String> {
        use ColumnType::{Bit, Char, Enum, Json, Other, Set, Text, Timestamp, VarChar};
        match data_type {
            Some(Bit | Json | Other(_) | Timestamp { .. }) => Err(format!("{name} of a column of this type")),
            _ if range.clone().any(|at| self.columns.tokens.is_word(at, "SELECT")) => {
                Err(format!("{name} of a subquery"))
            }
            None | Some(Char { .. } | VarChar { .. } | Text { .. } | Enum | Set) => {
                let pieces = self.columns.pieces(range);
                Ok(Some(ColumnRef::Hidden(self.columns.hide_weight(&pieces, true))))
            }
            Some(_) => Ok(None),
        }
    }

    /// The pieces between the parentheses of a call.
    fn argument(&self, range: &std::ops::Range<usize>) -> Vec<Piece> {
        let inner = range.start + 2..range.end.saturating_sub(1);
        self.columns.pieces(&inner)
    }

    fn hide_aggregate(&mut self, open: &str, argument: &[Piece], how: Aggregate) -> usize {
        let mut pieces = vec![text(open)];
        pieces.extend(argument.iter().cloned());
        pieces.push(text(")"));
        let index = self.columns.hide(pieces);
        self.remember(index, how);
        index
    }

    fn remember(&mut self, index: usize, how: Aggregate) {
        if self.hidden.iter().all(|(known, _)| *known != index) {
            self.hidden.push((index, how));
        }
    }

    /// The shards' order, and the answer's where it is another.
    fn orders(&mut self, keys: &[(SortKey, Key)]) -> Result<(Vec<SortKey>, Option<Vec<SortKey>>), String> {
        let mut wanted: Vec<(Option<usize>, SortKey)> = Vec::new();
        let merge = self.merge;
        for (expr, (range, descending)) in merge.query.order_by.iter().zip(&merge.layout.order_keys) {
            if let Some(found) = self.order_key(expr, range, *descending, keys)? {
                wanted.push(found);
            }
        }
        let rest = |used: &[usize]| -> Vec<SortKey> {
            let unused = keys.iter().enumerate().filter(|(index, _)| !used.contains(index));
            unused.map(|(_, (sort, _))| *sort).collect()
        };
        let used: Option<Vec<usize>> = wanted.iter().map(|(key, _)| *key).collect();
        match used {
            Some(used) => {
                let mut order: Vec<SortKey> = wanted.into_iter().map(|(_, sort)| sort).collect();
                order.extend(rest(&used));
                Ok((order, None))
            }
            None => {
                let output = wanted.into_iter().map(|(_, sort)| sort).collect();
                Ok((rest(&[]), Some(output)))
            }
        }
    }

    /// A key of ORDER BY over groups: (the group key that it is, how it compares).
    fn order_key(
        &mut self,
        expr: &Expr,
        range: &std::ops::Range<usize>,
        descending: bool,
        keys: &[(SortKey, Key)],
    ) -> Result<Option<(Option<usize>, SortKey)>, String> {
        if has_aggregate(expr) {
            let value = self.aggregate_column(expr, range)?;
            return Ok(Some((None, SortKey { value, weight: None, descending })));
        }
        let Some(key) = self.columns.key(expr, range, true)? else { return Ok(None) };
        let same = |known: &Key| {
            (known.column.is_some() && known.column == key.column)
                || (known.output.is_some() && known.output == key.output)
                || self.columns.same_text(&known.range, &key.range)
        };
        if let Some(index) = keys.iter().position(|(_, known)| same(known)) {
            let sort = keys.get(index).map(|(sort, _)| SortKey { descending, ..*sort });
            return Ok(sort.map(|sort| (Some(index), sort)));
        }
        let output = key.output.ok_or("ORDER BY something that is neither a group key nor an aggregate")?;
        let value = self.numeric_output(output)?;
        Ok(Some((None, SortKey { value, weight: None, descending })))
    }

    /// A visible aggregate that compares as a number (or a date) after the merge.
    fn numeric_output(&self, index: usize) -> Result<ColumnRef, String> {
        match self.outputs.get(index) {
            Some(
                Aggregate::Count
                | Aggregate::Sum
                | Aggregate::Avg { .. }
                | Aggregate::Min { weight: None }
                | Aggregate::Max { weight: None },
            ) => Ok(ColumnRef::Visible(index)),
            Some(Aggregate::Min { .. } | Aggregate::Max { .. }) => {
                Err("the order of a MIN or MAX of strings".into())
            }
            _ => Err("a column that is neither a group key nor an aggregate".into()),
        }
    }

    /// The column of an aggregate in HAVING or ORDER BY: a visible one of the same text, or a hidden one.
    fn aggregate_column(&mut self, expr: &Expr, range: &std::ops::Range<usize>) -> Result<ColumnRef, String> {
        let same = |output: &super::keys::Output<'_>| {
            !output.tokens.is_empty() && self.columns.same_text(&output.tokens, range)
        };
        if let Some(index) = self.columns.outputs.iter().position(same) {
            return self.numeric_output(index);
        }
        let Expr::Call(call) = expr else { return Err("an expression over an aggregate".into()) };
        if call.name == "AVG" {
            return Err("an AVG that is not in the select list".into());
        }
        match self.aggregate(call, range)? {
            Aggregate::Min { weight: Some(_) } | Aggregate::Max { weight: Some(_) } => {
                Err("the order of a MIN or MAX of strings".into())
            }
            how => {
                let pieces = self.columns.pieces(range);
                let index = self.columns.hide(pieces);
                self.remember(index, how);
                Ok(ColumnRef::Hidden(index))
            }
        }
    }

    /// HAVING: left to the shards when it is about keys alone, decided by the merge otherwise.
    fn having(&mut self, keys: &[(SortKey, Key)]) -> Result<Option<Having>, String> {
        let Some(expr) = &self.merge.select.having else { return Ok(None) };
        let implicit = keys.is_empty();
        if !implicit && !has_aggregate(expr) && self.is_about_keys(expr, keys) {
            return Ok(None);
        }
        for (sort, key) in keys {
            if let Some(column) = key.column {
                let exact = key
                    .data_type
                    .as_ref()
                    .is_some_and(|kind| kind.is_integer() || matches!(kind, ColumnType::Decimal { .. }));
                self.key_columns.push((column, sort.value, exact));
            }
        }
        self.condition(expr).map(Some)
    }

    /// The column of a group key beside aggregates in HAVING; `compared`: its value is compared, which is exact for exact numbers only.
    fn key_column(&mut self, expr: &Expr, compared: bool) -> Option<ColumnRef> {
        let Expr::Column(column) = expr else { return None };
        let resolved = self.columns.binder.resolve(0, column)?;
        let (_, value, exact) = *self.key_columns.iter().find(|(known, ..)| *known == resolved)?;
        if compared && !exact {
            return None;
        }
        if let ColumnRef::Hidden(index) = value {
            self.remember(index, Aggregate::First);
        }
        Some(value)
    }

    /// True when every column in the expression is a group key, so that all partial rows of a group answer alike.
    fn is_about_keys(&self, expr: &Expr, keys: &[(SortKey, Key)]) -> bool {
        expr.queries().is_empty()
            && !varies(expr)
            && expr.columns().iter().all(|column| {
                let is_alias = column.parts.len() == 1
                    && self.columns.outputs.iter().any(|output| {
                        output.alias.as_ref().is_some_and(|alias| alias.eq_ignore_ascii_case(column.name()))
                    });
                let resolved = self.columns.binder.resolve(0, column);
                !is_alias && resolved.is_some() && keys.iter().any(|(_, key)| key.column == resolved)
            })
    }

    fn condition(&mut self, expr: &Expr) -> Result<Having, String> {
        match expr {
            Expr::And(parts) => {
                Ok(Having::And(parts.iter().map(|part| self.condition(part)).collect::<Result<_, _>>()?))
            }
            Expr::Or(parts) => {
                Ok(Having::Or(parts.iter().map(|part| self.condition(part)).collect::<Result<_, _>>()?))
            }
            Expr::Not(inner) => Ok(Having::Not(Box::new(self.condition(inner)?))),
            Expr::IsNull { expr, negated } => {
                let column = match self.key_column(expr, false) {
                    Some(column) => column,
                    None => self.having_column(expr)?,
                };
                Ok(Having::IsNull { column, negated: *negated })
            }
            Expr::Compare { op, left, right } => {
                let op = match op {
                    Compare::Eq => CompareOp::Eq,
                    Compare::NotEq => CompareOp::NotEq,
                    Compare::Less => CompareOp::Less,
                    Compare::LessEq => CompareOp::LessEq,
                    Compare::Greater => CompareOp::Greater,
                    Compare::GreaterEq => CompareOp::GreaterEq,
                    Compare::NullSafeEq => return Err("<=> in HAVING".into()),
                };
                let (column, op, value) = match self.number(right) {
                    Some(hole) => (left, op, hole),
                    None => (right, mirrored(op), self.number(left).ok_or("this HAVING")?),
                };
                Ok(Having::Compare { column: self.having_column(column)?, op, with: value })
            }
            _ => Err("this HAVING".into()),
        }
    }

    fn number(&self, expr: &Expr) -> Option<HavingOperand> {
        let Expr::Literal(literal) = expr else { return None };
        let tokens = self.merge.tokens;
        let at = tokens.at_byte(literal.span.start)?;
        let numeric = matches!(
            tokens.kind(at),
            TokenKind::Integer | TokenKind::Decimal | TokenKind::Float | TokenKind::Parameter
        );
        match tokens.get(at).hole {
            Some(hole) if numeric => Some(HavingOperand::Hole(hole as usize)),
            None if numeric => {
                Some(HavingOperand::Number(String::from_utf8_lossy(tokens.bytes(at)).into_owned()))
            }
            _ => None,
        }
    }

    /// The numeric column that one side of a comparison in HAVING is.
    fn having_column(&mut self, expr: &Expr) -> Result<ColumnRef, String> {
        if let Some(column) = self.key_column(expr, true) {
            return Ok(column);
        }
        if let Expr::Column(column) = expr
            && let [name] = column.parts.as_slice()
        {
            let named = |output: &super::keys::Output<'_>| {
                output.alias.as_ref().is_some_and(|alias| alias.eq_ignore_ascii_case(&name.text))
            };
            let is_column = self.columns.binder.resolve(0, column).is_some();
            let index = self.columns.outputs.iter().position(named).filter(|_| !is_column);
            let index = index.ok_or("a column in HAVING beside aggregates")?;
            return self.numbers_only(ColumnRef::Visible(index), index);
        }
        let Expr::Call(call) = expr else { return Err("this HAVING".into()) };
        let range = self.call_range(call).ok_or("this HAVING")?;
        let column = self.aggregate_column(expr, &range)?;
        match (&column, call.name.as_str()) {
            (_, "COUNT" | "SUM" | "AVG") => Ok(column),
            _ => Err("MIN or MAX in HAVING".into()),
        }
    }

    fn numbers_only(&self, column: ColumnRef, index: usize) -> Result<ColumnRef, String> {
        match self.outputs.get(index) {
            Some(Aggregate::Count | Aggregate::Sum | Aggregate::Avg { .. }) => Ok(column),
            _ => Err("a column in HAVING beside aggregates".into()),
        }
    }

    /// Tokens of a call, from its name to the closing parenthesis.
    fn call_range(&self, call: &Call) -> Option<std::ops::Range<usize>> {
        let tokens = self.merge.tokens;
        let start = tokens.at_byte(call.span.start)?;
        tokens.is_op(start + 1, "(").then(|| start..tokens.close(start + 1) + 1)
    }
}

fn mirrored(op: CompareOp) -> CompareOp {
    match op {
        CompareOp::Less => CompareOp::Greater,
        CompareOp::LessEq => CompareOp::GreaterEq,
        CompareOp::Greater => CompareOp::Less,
        CompareOp::GreaterEq => CompareOp::LessEq,
        same => same,
    }
}
