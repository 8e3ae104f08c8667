//! Conditions on shard keys: found in WHERE and ON, kept as a tree over holes, turned into a set of physical tables for each execution.
//!
//! **Invariant:** the set holds every physical table with a row for which the condition can be true. What is not understood is `All`.

use std::borrow::Cow;
use std::ops::Bound;

use ostrakon_catalog::column::ColumnType;

use super::classes::{Classes, ColumnId};
use super::tokens::Tokens;
use super::tree::{Compare, Expr};
use super::values::{Operand, Values};
use crate::lexer::{SqlMode, TokenKind};
use crate::sharding::{ColumnCondition, Placer, PointRoute, ShardSet};
use crate::value::Value;

/// What is asked of one column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Test {
    /// `=`, IN
    Points(Vec<Operand>),
    /// `<=>`
    NullSafe(Operand),
    IsNull,
    /// Bounds with "inclusive".
    Range {
        low: Option<(Operand, bool)>,
        high: Option<(Operand, bool)>,
    },
}

/// A condition over columns, identified by `C`: (reference, ordinal) while binding, the ordinal alone for one reference.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Condition<C> {
    All,
    Leaf(C, Test),
    And(Vec<Condition<C>>),
    Or(Vec<Condition<C>>),
}

/// Reads expressions into conditions; `resolve` finds the table reference of a column.
pub(crate) struct Reader<'x> {
    pub tokens: &'x Tokens<'x>,
    pub mode: SqlMode,
    pub resolve: &'x dyn Fn(&super::tree::Column) -> Option<ColumnId>,
}

/// Words and operators that end or begin a whole condition, so that what stands between two of them is one.
const BEFORE: &[&str] = &["WHERE", "ON", "AND", "OR", "HAVING"];
const AFTER: &[&str] = &[
    "AND",
    "OR",
    "GROUP",
    "ORDER",
    "LIMIT",
    "HAVING",
    "FOR",
    "LOCK",
    "UNION",
    "EXCEPT",
    "INTERSECT",
    "INTO",
    "WINDOW",
    "JOIN",
    "INNER",
    "LEFT",
    "RIGHT",
    "CROSS",
    "NATURAL",
    "STRAIGHT_JOIN",
    "WHERE",
    "ON",
    "RETURNING",
    "SET",
];

impl Reader<'_> {
    pub fn read(&self, expr: &Expr) -> Condition<ColumnId> {
        match expr {
            Expr::And(parts) => Condition::And(parts.iter().map(|part| self.read(part)).collect()),
            Expr::Or(parts) => Condition::Or(parts.iter().map(|part| self.read(part)).collect()),
            Expr::Compare { op, left, right } => self.comparison(*op, left, right),
            Expr::In { expr, list, negated: false } => self.in_list(expr, list),
            Expr::Between { expr, low, high, negated: false } => self.between(expr, low, high),
            Expr::IsNull { expr, negated: false } => match self.column(expr) {
                Some((id, start)) if self.starts(start) => Condition::Leaf(id, Test::IsNull),
                _ => Condition::All,
            },
            _ => Condition::All,
        }
    }

    fn comparison(&self, op: Compare, left: &Expr, right: &Expr) -> Condition<ColumnId> {
        if let (Compare::Eq, Expr::Tuple(columns), Expr::Tuple(values)) = (op, left, right) {
            return self.tuple(columns, values);
        }
        let (column, value, op) = match (self.column(left), self.column(right)) {
            (Some(_), None) => (left, right, op),
            (None, Some(_)) => (right, left, mirrored(op)),
            _ => return Condition::All,
        };
        let (Some((id, _)), Some((operand, _))) = (self.column(column), self.operand(value)) else {
            return Condition::All;
        };
        let (Some((first, _)), Some((_, last))) = (self.span(left), self.span(right)) else {
            return Condition::All;
        };
        if !self.starts(first) || !self.ends(last) {
            return Condition::All;
        }
        let test = match op {
            Compare::Eq => Test::Points(vec![operand]),
            Compare::NullSafeEq => Test::NullSafe(operand),
            Compare::Less => Test::Range { low: None, high: Some((operand, false)) },
            Compare::LessEq => Test::Range { low: None, high: Some((operand, true)) },
            Compare::Greater => Test::Range { low: Some((operand, false)), high: None },
            Compare::GreaterEq => Test::Range { low: Some((operand, true)), high: None },
            Compare::NotEq => return Condition::All,
        };
        Condition::Leaf(id, test)
    }

    fn in_list(&self, expr: &Expr, list: &[Expr]) -> Condition<ColumnId> {
        if let Expr::Tuple(columns) = expr {
            let rows = list.iter().map(|row| match row {
                Expr::Tuple(values) => self.tuple(columns, values),
                _ => Condition::All,
            });
            return Condition::Or(rows.collect());
        }
        let Some((id, start)) = self.column(expr) else { return Condition::All };
        if !self.starts(start) {
            return Condition::All;
        }
        let mut operands = Vec::with_capacity(list.len());
        for value in list {
            match self.operand(value) {
                // Between commas and parentheses, so a whole expression.
                Some((operand, end)) if self.ends(end) => operands.push(operand),
                _ => return Condition::All,
            }
        }
        Condition::Leaf(id, Test::Points(operands))
    }

    fn tuple(&self, columns: &[Expr], values: &[Expr]) -> Condition<ColumnId> {
        if columns.len() != values.len() {
            return Condition::All;
        }
        let parts = columns.iter().zip(values).map(|(column, value)| {
            match (self.column(column), self.operand(value)) {
                (Some((id, start)), Some((operand, end))) if self.in_tuple(start) && self.ends(end) => {
                    Condition::Leaf(id, Test::Points(vec![operand]))
                }
                _ => Condition::All,
            }
        });
        Condition::And(parts.collect())
    }

    fn between(&self, expr: &Expr, low: &Expr, high: &Expr) -> Condition<ColumnId> {
        let (Some((id, start)), Some((low, low_end)), Some((high, end))) =
            (self.column(expr), self.operand(low), self.operand(high))
        else {
            return Condition::All;
        };
        if !self.starts(start) || !self.ends(low_end) || !self.ends(end) {
            return Condition::All;
        }
        Condition::Leaf(id, Test::Range { low: Some((low, true)), high: Some((high, true)) })
    }

    /// The column and the byte where it starts.
    fn column(&self, expr: &Expr) -> Option<(ColumnId, usize)> {
        match expr {
            Expr::Column(column) => (self.resolve)(column).map(|id| (id, column.span().start)),
            _ => None,
        }
    }

    /// The operand and the byte where it ends.
    fn operand(&self, expr: &Expr) -> Option<(Operand, usize)> {
        match expr {
            Expr::Null { span } => Some((Operand::Null, span.end)),
            Expr::Literal(literal) => {
                Some((Operand::of(self.tokens, literal.span.start, false, self.mode)?, literal.span.end))
            }
            Expr::Negative(literal) => {
                Some((Operand::of(self.tokens, literal.span.start, true, self.mode)?, literal.span.end))
            }
            _ => None,
        }
    }

    fn span(&self, expr: &Expr) -> Option<(usize, usize)> {
        match expr {
            Expr::Column(column) => Some((column.span().start, column.span().end)),
            Expr::Null { span } => Some((span.start, span.end)),
            Expr::Literal(literal) => Some((literal.span.start, literal.span.end)),
            Expr::Negative(literal) => {
                let index = self.tokens.at_byte(literal.span.start)?;
                Some((self.tokens.start(index.checked_sub(1)?), literal.span.end))
            }
            _ => None,
        }
    }

    /// True when a condition begins at this byte, whatever the parser made of it: the parser's precedences are checked, not trusted.
    fn starts(&self, start: usize) -> bool {
        let Some(index) = self.tokens.at_byte(start) else { return false };
        let Some(before) = index.checked_sub(1) else { return false };
        self.tokens.is_op(before, "(") || self.tokens.is_any_word(before, BEFORE) || self.is_logical(before)
    }

    /// True when the bytes are one whole condition.
    pub fn is_whole(&self, start: usize, end: usize) -> bool {
        self.starts(start) && self.ends(end)
    }

    fn in_tuple(&self, start: usize) -> bool {
        let Some(index) = self.tokens.at_byte(start) else { return false };
        index > 0 && (self.tokens.is_op(index - 1, "(") || self.tokens.is_op(index - 1, ","))
    }

    fn ends(&self, end: usize) -> bool {
        let Some(index) = self.tokens.ending_at(end) else { return false };
        let after = index + 1;
        self.tokens.kind(after) == TokenKind::End
            || self.tokens.is_op(after, ")")
            || self.tokens.is_op(after, ",")
            || self.tokens.is_any_word(after, AFTER)
            || self.is_logical(after)
    }

    fn is_logical(&self, index: usize) -> bool {
        self.tokens.is_op(index, "&&") || (!self.mode.pipes_as_concat && self.tokens.is_op(index, "||"))
    }
}

fn mirrored(op: Compare) -> Compare {
    match op {
        Compare::Less => Compare::Greater,
        Compare::LessEq => Compare::GreaterEq,
        Compare::Greater => Compare::Less,
        Compare::GreaterEq => Compare::LessEq,
        same => same,
    }
}

impl Condition<ColumnId> {
    /// What this condition says of reference `target` alone, whose key columns are `keys`. A column of another reference counts where
    /// `classes` has it equal to a key; `nullable` tells references that outer joins extend with NULL.
    pub fn for_reference(
        &self,
        target: usize,
        keys: &[usize],
        classes: &Classes,
        nullable: &dyn Fn(usize) -> bool,
    ) -> Condition<usize> {
        let map = |children: &[Self]| -> Vec<Condition<usize>> {
            children.iter().map(|child| child.for_reference(target, keys, classes, nullable)).collect()
        };
        match self {
            Self::All => Condition::All,
            Self::And(children) => Condition::and(map(children)),
            Self::Or(children) => Condition::or(map(children)),
            Self::Leaf(id, test) => {
                let accepts_null = matches!(test, Test::IsNull | Test::NullSafe(_));
                if accepts_null && (id.0 != target || nullable(id.0)) {
                    return Condition::All;
                }
                let key = keys.iter().find(|key| classes.same(*id, (target, **key)));
                key.map_or(Condition::All, |key| Condition::Leaf(*key, test.clone()))
            }
        }
    }
}

impl Condition<usize> {
    fn and(children: Vec<Self>) -> Self {
        let mut kept: Vec<Self> = Vec::new();
        for child in children {
            match child {
                Self::All => {}
                Self::And(inner) => kept.extend(inner),
                other => kept.push(other),
            }
        }
        match kept.len() {
            0 => Self::All,
            1 => kept.swap_remove(0),
            _ => Self::And(kept),
        }
    }

    fn or(children: Vec<Self>) -> Self {
        if children.contains(&Self::All) {
            return Self::All;
        }
        Self::Or(children)
    }

    /// Both conditions.
    pub fn both(self, other: Self) -> Self {
        Self::and(vec![self, other])
    }

    /// The one operand for each key column, when the condition is `key = value` for all of them.
    pub fn point(&self, keys: &[usize]) -> Option<Vec<Operand>> {
        let leaves = match self {
            Self::Leaf(..) => std::slice::from_ref(self),
            Self::And(children) => children,
            _ => return None,
        };
        keys.iter()
            .map(|key| {
                leaves.iter().find_map(|leaf| match leaf {
                    Self::Leaf(column, Test::Points(operands)) if column == key => {
                        match operands.as_slice() {
                            [one] => Some(*one),
                            _ => None,
                        }
                    }
                    _ => None,
                })
            })
            .collect()
    }

    /// The physical tables that can hold a row for which this is true.
    pub fn shards(&self, placer: &Placer, values: &Values<'_>) -> ShardSet {
        let all = placer.topology().len();
        match self {
            Self::All => ShardSet::all(all),
            Self::Leaf(..) => placer.prune(&self.asked(values).into_iter().collect::<Vec<_>>()),
            Self::Or(children) => {
                let mut set = ShardSet::empty(all);
                children.iter().for_each(|child| set.union(&child.shards(placer, values)));
                set
            }
            Self::And(children) => {
                let asked: Vec<_> = children.iter().filter_map(|child| child.asked(values)).collect();
                let mut set = placer.prune(&asked);
                for child in children {
                    if !matches!(child, Self::Leaf(..)) {
                        set.intersect(&child.shards(placer, values));
                    }
                }
                set
            }
        }
    }

    /// One column is compared with values, each of which leaves something out.
    pub fn has_points(&self, placer: &Placer, values: &Values<'_>) -> bool {
        let Some((column, ColumnCondition::Points(points))) = self.asked(values) else { return false };
        points.iter().all(|point| {
            let alone = ColumnCondition::Points(Cow::Borrowed(std::slice::from_ref(point)));
            !placer.prune(&[(column, alone)]).is_all()
        })
    }

    fn asked<'v>(&self, values: &Values<'v>) -> Option<(usize, ColumnCondition<'v>)> {
        match self {
            Self::Leaf(column, test) => Some((*column, test.condition(values))),
            _ => None,
        }
    }
}

impl Test {
    fn condition<'v>(&self, values: &Values<'v>) -> ColumnCondition<'v> {
        match self {
            Self::IsNull => ColumnCondition::IsNull,
            Self::Points(operands) => {
                let found: Option<Vec<Value<'v>>> =
                    operands.iter().map(|operand| values.get(*operand)).collect();
                found.map_or(ColumnCondition::Any, |found| ColumnCondition::Points(Cow::Owned(found)))
            }
            Self::NullSafe(operand) => match values.get(*operand) {
                None => ColumnCondition::Any,
                Some(Value::Null) => ColumnCondition::IsNull,
                Some(value) => ColumnCondition::Points(Cow::Owned(vec![value])),
            },
            Self::Range { low, high } => {
                let mut never = false;
                let mut bound = |side: &Option<(Operand, bool)>| match side {
                    None => Bound::Unbounded,
                    Some((operand, inclusive)) => match values.get(*operand) {
                        None => Bound::Unbounded,
                        Some(Value::Null) => {
                            never = true;
                            Bound::Unbounded
                        }
                        Some(value) if *inclusive => Bound::Included(value),
                        Some(value) => Bound::Excluded(value),
                    },
                };
                let (low, high) = (bound(low), bound(high));
                if mixed(&low, &high) {
                    return ColumnCondition::Any;
                }
                if never { ColumnCondition::Never } else { ColumnCondition::Range { low, high } }
            }
        }
    }
}

/// True for BETWEEN with a string and a number: all three are compared as doubles then.
fn mixed(low: &Bound<Value<'_>>, high: &Bound<Value<'_>>) -> bool {
    let is_text = |bound: &Bound<Value<'_>>| match bound {
        Bound::Included(value) | Bound::Excluded(value) => {
            Some(matches!(value, Value::Text(_) | Value::Bytes(_)))
        }
        Bound::Unbounded => None,
    };
    matches!((is_text(low), is_text(high)), (Some(low), Some(high)) if low != high)
}

/// The physical table of a point condition, without allocation.
pub(crate) fn point(placer: &Placer, operands: &[Operand], values: &Values<'_>) -> PointRoute {
    match operands {
        [one] => match values.get(*one) {
            Some(value) => placer.point(&[&value]),
            None => PointRoute::Unknown,
        },
        [one, two] => match (values.get(*one), values.get(*two)) {
            (Some(one), Some(two)) => placer.point(&[&one, &two]),
            _ => PointRoute::Unknown,
        },
        _ => PointRoute::Unknown,
    }
}

/// True when `=` between columns of these types is the same relation as equality of their key values, so that it carries a condition
/// or a placement from one column to the other.
pub(crate) fn equal_as_keys(a: &ColumnType, b: &ColumnType) -> bool {
    use ColumnType::{Char, Text, Timestamp, VarChar};
    let text = |data_type: &ColumnType| match data_type {
        Char { charset, collation, .. }
        | VarChar { charset, collation, .. }
        | Text { charset, collation } => Some((charset.clone(), collation.clone())),
        _ => None,
    };
    if a.is_integer() && b.is_integer() {
        return true;
    }
    match (text(a), text(b)) {
        (Some((charset, Some(collation))), Some((other_charset, Some(other)))) => {
            charset == other_charset && collation == other
        }
        (None, None) => a == b && !matches!(a, Timestamp { .. }),
        _ => false,
    }
}
