//! The select list and the keys of ORDER BY and GROUP BY: what each one is, and how the merge can compare it.

use std::ops::Range;

use ostrakon_catalog::column::ColumnType;

use super::bind::Binder;
use super::classes::ColumnId;
use super::layout::Layout;
use super::text::{Cutter, Piece, text};
use super::tokens::Tokens;
use super::tree::{Column, Expr, Item, Select};
use crate::lexer::TokenKind;
use crate::merge::{ColumnRef, SortKey, weight_expression};

/// Functions that make one value of many rows.
pub(crate) const AGGREGATES: &[&str] = &[
    "COUNT",
    "SUM",
    "AVG",
    "MIN",
    "MAX",
    "GROUP_CONCAT",
    "BIT_AND",
    "BIT_OR",
    "BIT_XOR",
    "STD",
    "STDDEV",
    "STDDEV_POP",
    "STDDEV_SAMP",
    "VAR_POP",
    "VAR_SAMP",
    "VARIANCE",
    "JSON_ARRAYAGG",
    "JSON_OBJECTAGG",
    "ANY_VALUE",
    "GROUPING",
    "ST_COLLECT",
    "MEDIAN",
    "PERCENTILE_CONT",
    "PERCENTILE_DISC",
];

/// Prefix of the hidden columns' names.
pub(crate) const HIDDEN: &str = "__ostrakon_";

/// One visible column.
#[derive(Clone, Debug)]
pub(crate) struct Output<'q> {
    /// The expression's tokens; empty for a column that a `*` stands for.
    pub tokens: Range<usize>,
    pub expr: Option<&'q Expr>,
    pub alias: Option<String>,
    /// The catalog's column, when the output is nothing else.
    pub column: Option<ColumnId>,
}

/// An expression to sort or group by.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    pub pieces: Vec<Piece>,
    pub column: Option<ColumnId>,
    pub data_type: Option<ColumnType>,
    /// The visible column that is the same expression.
    pub output: Option<usize>,
    /// The expression in the query.
    pub range: Range<usize>,
    /// It has an aggregate inside.
    pub aggregate: bool,
}

/// How a type's values compare in the merge.
enum Order {
    /// As they are printed.
    Plain,
    /// As this makes them: text before and after the expression.
    Through(&'static str, &'static str),
    /// By weight.
    Weight,
    Refused,
}

fn order_of(data_type: Option<&ColumnType>) -> Order {
    use ColumnType::{
        BigInt, Binary, Bit, Blob, Char, Date, DateTime, Decimal, Double, Enum, Float, Int, Json, MediumInt,
        Other, Set, SmallInt, Text, Time, Timestamp, TinyInt, VarBinary, VarChar, Year,
    };
    match data_type {
        None | Some(Char { .. } | VarChar { .. } | Text { .. }) => Order::Weight,
        Some(
            TinyInt { .. }
            | SmallInt { .. }
            | MediumInt { .. }
            | Int { .. }
            | BigInt { .. }
            | Decimal { .. }
            | Year
            | Date
            | DateTime { .. }
            | Time { .. }
            | Binary
            | VarBinary
            | Blob,
        ) => Order::Plain,
        Some(Float | Double) => Order::Through("(", "+0e0)"),
        Some(Enum | Set | Bit) => Order::Through("(", "+0)"),
        Some(Timestamp { .. }) => Order::Through("UNIX_TIMESTAMP(", ")"),
        Some(Json | Other(_)) => Order::Refused,
    }
}

/// The select list of a query that is to be merged, and the hidden columns behind it.
pub(crate) struct Columns<'m> {
    pub tokens: &'m Tokens<'m>,
    pub cutter: &'m Cutter<'m>,
    pub binder: &'m Binder<'m>,
    pub outputs: Vec<Output<'m>>,
    /// False when a `*` hides how many columns there are.
    pub counted: bool,
    /// Set under GROUP BY: expressions that do not name a key must be aggregates there.
    pub grouped: bool,
    pub hidden: Vec<Vec<Piece>>,
}

impl<'m> Columns<'m> {
    /// Errors: why the select list cannot be counted.
    pub fn new(
        tokens: &'m Tokens<'m>,
        cutter: &'m Cutter<'m>,
        binder: &'m Binder<'m>,
        select: &'m Select,
        layout: &Layout,
    ) -> Result<Self, String> {
        let mut columns = Self {
            tokens,
            cutter,
            binder,
            outputs: Vec::new(),
            counted: true,
            grouped: false,
            hidden: Vec::new(),
        };
        if layout.items.len() != select.items.len() {
            return Err("a select list that the planner reads otherwise than the parser".into());
        }
        for (item, range) in select.items.iter().zip(&layout.items) {
            match item {
                Item::Expr { expr, alias } => {
                    let tokens = columns.without_alias(range.clone(), alias.is_some());
                    let column = columns.column(expr);
                    columns.outputs.push(Output { tokens, expr: Some(expr), alias: alias.clone(), column });
                }
                Item::Star => columns.star(None, range),
                Item::TableStar(parts) => {
                    let (database, table) = match parts.as_slice() {
                        [table] => (None, table),
                        [database, table] => (Some(database.text.as_str()), table),
                        _ => return Err("this select item".into()),
                    };
                    let reference = columns.binder.reference_named(0, database, &table.text);
                    columns.star(reference, range);
                }
            }
        }
        Ok(columns)
    }

    /// The columns of a `*`: of one reference, or of the only one that there is.
    fn star(&mut self, reference: Option<usize>, range: &Range<usize>) {
        let only = match self.binder.scopes.first().map(|scope| scope.entries.as_slice()) {
            Some([entry]) => entry.reference,
            _ => None,
        };
        let Some(reference) = reference.or(only) else {
            self.counted = false;
            return;
        };
        let Some(found) = self.binder.references.get(reference) else { return };
        for (ordinal, column) in found.table.columns.iter().enumerate() {
            if !column.invisible {
                self.outputs.push(Output {
                    tokens: range.start..range.start,
                    expr: None,
                    alias: None,
                    column: Some((reference, ordinal)),
                });
            }
        }
    }

    fn without_alias(&self, range: Range<usize>, has_alias: bool) -> Range<usize> {
        if !has_alias {
            return range;
        }
        let end = range.end.saturating_sub(1);
        let end = if end > range.start && self.tokens.is_word(end - 1, "AS") { end - 1 } else { end };
        range.start..end
    }

    pub fn column(&self, expr: &Expr) -> Option<ColumnId> {
        match expr {
            Expr::Column(column) => self.binder.resolve(0, column),
            _ => None,
        }
    }

    pub fn data_type(&self, column: Option<ColumnId>) -> Option<ColumnType> {
        let (reference, ordinal) = column?;
        let column = self.binder.references.get(reference)?.table.columns.get(ordinal)?;
        Some(column.data_type.clone())
    }

    pub fn pieces(&self, range: &Range<usize>) -> Vec<Piece> {
        if range.is_empty() {
            return Vec::new();
        }
        self.cutter.range(self.tokens.start(range.start), self.tokens.end(range.end - 1))
    }

    /// A key that is one of the outputs.
    pub fn output_key(&self, index: usize) -> Result<Key, String> {
        let output = self.outputs.get(index).ok_or("a column number outside the select list")?;
        let pieces = match (output.column, output.tokens.is_empty()) {
            (Some((reference, ordinal)), true) => {
                let found = self.binder.references.get(reference);
                let column =
                    found.and_then(|found| found.table.columns.get(ordinal)).ok_or("an unknown column")?;
                let quote = crate::sharding::topology::quote;
                let table = quote(found.map_or("", |found| &found.known_as));
                vec![text(format!("{table}.{}", quote(&column.name)))]
            }
            _ => self.pieces(&output.tokens),
        };
        let data_type = output.expr.and_then(aggregate_type).or_else(|| self.data_type(output.column));
        let aggregate = output.expr.is_some_and(has_aggregate);
        if let Some(expr) = output.expr {
            self.check_bits(expr)?;
        }
        Ok(Key {
            pieces,
            column: output.column,
            data_type,
            output: Some(index),
            range: output.tokens.clone(),
            aggregate,
        })
    }

    /// The key that an expression of ORDER BY (`aliases_first`) or GROUP BY means. `None`: a constant, which orders nothing.
    pub fn key(&self, expr: &Expr, range: &Range<usize>, aliases_first: bool) -> Result<Option<Key>, String> {
        if range.len() == 1 && self.tokens.kind(range.start) == TokenKind::Integer {
            let digits = String::from_utf8_lossy(self.tokens.bytes(range.start)).into_owned();
            let index = digits.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
            if !self.counted || self.tokens.get(range.start).hole.is_some() {
                return Err("a column number where the select list has a *".into());
            }
            return self.output_key(index.ok_or("a column number outside the select list")?).map(Some);
        }
        match expr {
            Expr::Null { .. } | Expr::Negative(_) => return Ok(None),
            Expr::Literal(_) if self.tokens.kind(range.start) == TokenKind::Parameter => {
                return Err("a parameter as a sort key".into());
            }
            Expr::Literal(_) => return Ok(None),
            _ => {}
        }
        if let Expr::Column(column) = expr
            && let [name] = column.parts.as_slice()
        {
            let resolved = self.column(expr);
            let alias =
                self.output_named(&name.text)?.or_else(|| self.only_column_named(&name.text, resolved));
            if let Some(index) = alias
                && (aliases_first || resolved.is_none())
            {
                return self.output_key(index).map(Some);
            }
        } else if self.uses_alias(expr) {
            return Err("an expression over an alias as a key".into());
        }
        if !expr.queries().is_empty() {
            return Err("a subquery as a key".into());
        }
        if varies(expr) {
            return Err("a function that gives another value in each call as a key".into());
        }
        self.check_bits(expr)?;
        let column = self.column(expr);
        let output = self.outputs.iter().position(|output| match column {
            Some(column) => output.column == Some(column),
            None => !output.tokens.is_empty() && self.same_text(&output.tokens, range),
        });
        Ok(Some(Key {
            pieces: self.pieces(range),
            column,
            data_type: aggregate_type(expr).or_else(|| self.data_type(column)),
            output,
            range: range.clone(),
            aggregate: has_aggregate(expr),
        }))
    }

    /// Errors: an expression of a column of type BIT, of which servers send digits or bytes, and not always as their metadata says (seen with MySQL 9.7).
    fn check_bits(&self, expr: &Expr) -> Result<(), String> {
        let is_bit =
            |column: &Column| matches!(self.data_type(self.binder.resolve(0, column)), Some(ColumnType::Bit));
        let is_bare = matches!(expr, Expr::Column(_)) || has_aggregate(expr);
        match is_bare || !expr.columns().into_iter().any(is_bit) {
            true => Ok(()),
            false => Err("an expression of a column of type BIT as a key".into()),
        }
    }

    /// The output with that alias.
    fn output_named(&self, name: &str) -> Result<Option<usize>, String> {
        let is_named = |output: &&Output<'_>| {
            output.alias.as_ref().is_some_and(|alias| alias.eq_ignore_ascii_case(name))
        };
        let mut found = self.outputs.iter().enumerate().filter(|(_, output)| is_named(output));
        match (found.next(), found.next()) {
            (Some(_), Some(_)) => Err(format!("the alias '{name}', which two columns have")),
            (only, _) => Ok(only.map(|(index, _)| index)),
        }
    }

    /// For a name that several tables have: the only output without alias that is a column of that name.
    fn only_column_named(&self, name: &str, resolved: Option<ColumnId>) -> Option<usize> {
        if resolved.is_some() {
            return None;
        }
        let is_named = |output: &&Output<'_>| match (output.expr, &output.alias) {
            (Some(Expr::Column(column)), None) => column.name().eq_ignore_ascii_case(name),
            _ => false,
        };
        let mut found =
            self.outputs.iter().enumerate().filter(|(_, output)| is_named(output)).map(|(index, _)| index);
        found.next().filter(|_| found.next().is_none())
    }

    /// True when the expression has a bare name that is also an alias of something else.
    fn uses_alias(&self, expr: &Expr) -> bool {
        expr.columns().iter().any(|column| match column.parts.as_slice() {
            [name] => match self.output_named(&name.text) {
                Ok(Some(index)) => {
                    let resolved = self.binder.resolve(0, column);
                    resolved.is_none()
                        || self.outputs.get(index).is_none_or(|output| output.column != resolved)
                }
                Ok(None) => false,
                Err(_) => true,
            },
            _ => false,
        })
    }

    /// True when two expressions are the same tokens, but for the case of words. Literals must stay in the template to be the same.
    pub fn same_text(&self, a: &Range<usize>, b: &Range<usize>) -> bool {
        a.len() == b.len()
            && a.clone().zip(b.clone()).all(|(a, b)| {
                let plain = self.tokens.get(a).hole.is_none() && self.tokens.get(b).hole.is_none();
                plain && self.tokens.bytes(a).eq_ignore_ascii_case(self.tokens.bytes(b))
            })
    }

    /// Adds a hidden column, or finds the one that is the same.
    pub fn hide(&mut self, pieces: Vec<Piece>) -> usize {
        if let Some(index) = self.hidden.iter().position(|known| *known == pieces) {
            return index;
        }
        self.hidden.push(pieces);
        self.hidden.len() - 1
    }

    /// The weight column of an expression. Under GROUP BY a server may not see that the weight of a key depends on the key, so it is
    /// made an aggregate, unless it `depends` visibly.
    pub fn hide_weight(&mut self, expression: &[Piece], depends: bool) -> usize {
        let mut pieces = weight(expression);
        if self.grouped && !depends {
            pieces.insert(0, text("MAX("));
            pieces.push(text(")"));
        }
        self.hide(pieces)
    }

    /// The columns by which the merge compares a key.
    pub fn sort_key(&mut self, key: &Key, descending: bool) -> Result<SortKey, String> {
        let visible = key.output.filter(|_| self.counted).map(ColumnRef::Visible);
        let value = |columns: &mut Self| match visible {
            Some(column) => column,
            None => ColumnRef::Hidden(columns.hide(key.pieces.clone())),
        };
        match order_of(key.data_type.as_ref()) {
            Order::Plain => Ok(SortKey { value: value(self), weight: None, descending }),
            Order::Through(before, after) => {
                let mut pieces = key.pieces.clone();
                pieces.insert(0, text(before));
                pieces.push(text(after));
                Ok(SortKey { value: ColumnRef::Hidden(self.hide(pieces)), weight: None, descending })
            }
            // A server refuses the collation of some subqueries (error 1583).
            Order::Weight if key.range.clone().any(|at| self.tokens.is_word(at, "SELECT")) => {
                Err("a subquery as a key".into())
            }
            Order::Weight => {
                let value = value(self);
                let weight = self.hide_weight(&key.pieces, key.column.is_some() || key.aggregate);
                Ok(SortKey { value, weight: Some(ColumnRef::Hidden(weight)), descending })
            }
            Order::Refused => Err("a sort key of a type whose order only the server knows".into()),
        }
    }

    /// The name by which the physical statement's own ORDER BY can say a column.
    pub fn order_name(&self, column: ColumnRef) -> String {
        match column {
            ColumnRef::Visible(index) => (index + 1).to_string(),
            ColumnRef::Hidden(index) => format!("`{HIDDEN}{index}`"),
        }
    }

    /// The hidden columns as they stand behind the select list.
    pub fn hidden_pieces(&self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for (index, hidden) in self.hidden.iter().enumerate() {
            pieces.push(text(", "));
            pieces.extend(hidden.iter().cloned());
            pieces.push(text(format!(" AS `{HIDDEN}{index}`")));
        }
        pieces
    }
}

/// The SQL of a weight column around an expression's pieces.
fn weight(expression: &[Piece]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (index, part) in weight_expression("\u{1}").split('\u{1}').enumerate() {
        if index > 0 {
            pieces.extend(expression.iter().cloned());
        }
        pieces.push(text(part));
    }
    pieces
}

/// The type of an aggregate that is a number, whatever its argument.
fn aggregate_type(expr: &Expr) -> Option<ColumnType> {
    match expr {
        Expr::Call(call) if call.window => None,
        Expr::Call(call) if call.name == "COUNT" => Some(ColumnType::BigInt { unsigned: false }),
        Expr::Call(call) if matches!(call.name.as_str(), "SUM" | "AVG") => {
            Some(ColumnType::Decimal { precision: 65, scale: 30, unsigned: false })
        }
        _ => None,
    }
}

pub(crate) fn has_aggregate(expr: &Expr) -> bool {
    expr.calls().iter().any(|(name, window)| !window && AGGREGATES.contains(name))
}

pub(crate) fn has_window(expr: &Expr) -> bool {
    expr.calls().iter().any(|(_, window)| *window)
}

/// True when two evaluations of the expression for one row can differ.
pub(crate) fn varies(expr: &Expr) -> bool {
    const VARYING: &[&str] = &["RAND", "UUID", "UUID_SHORT", "SYS_GUID", "SYSDATE", "RANDOM_BYTES", "SLEEP"];
    expr.calls().iter().any(|(name, _)| VARYING.contains(name))
}
