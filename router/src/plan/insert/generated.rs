//! Generated shard keys of an INSERT's rows: a server works them out on a table of its own, from the values that the rows have for the columns that
//! they are made from.

use std::ops::Range;

use ostrakon_catalog::column::{ColumnType, GeneratedKey};

use super::layout::Layout;
use super::{row_values, value_columns};
use crate::RouterError;
use crate::lexer::SqlMode;
use crate::plan::bind::{Kind, Reference};
use crate::plan::gather::literal;
use crate::plan::nextval::Next;
use crate::plan::text::{Cutter, Piece};
use crate::plan::tokens::Tokens;
use crate::plan::{Arguments, Literal};
use crate::sharding::topology::quote;
use crate::value::Value;

/// Rows whose generated shard keys a server works out.
#[derive(Debug)]
pub struct GeneratedKeys {
    /// The generated columns that place a row.
    pub columns: Vec<String>,
    /// The group whose server does it.
    pub group: usize,
    /// The name of the table that it does it on.
    pub table: String,
    types: Vec<ColumnType>,
    key: GeneratedKey,
    mode: SqlMode,
    /// The columns that the statement gives.
    given: Vec<String>,
    /// Their values in each row.
    rows: Vec<Vec<Vec<Piece>>>,
}

impl GeneratedKeys {
    /// What stands behind the table's name in its CREATE TABLE.
    pub fn definition(&self) -> &str {
        &self.key.definition
    }

    /// The rows for that table. Nothing is refused there: what the server refuses it refuses where the row belongs.
    pub fn insert(&self, table: &str, arguments: &Arguments<'_>) -> Literal {
        let names = std::iter::once(&self.key.number).chain(&self.given).map(|name| quote(name));
        let names = names.collect::<Vec<_>>().join(", ");
        let mut out = format!("INSERT IGNORE INTO {table} ({names}) VALUES ").into_bytes();
        for (number, row) in self.rows.iter().enumerate() {
            out.extend_from_slice(if number > 0 { b", (" } else { b"(" });
            out.extend_from_slice(number.to_string().as_bytes());
            for value in row {
                out.extend_from_slice(b", ");
                out.extend(literal::render(value, arguments, self.mode));
            }
            out.push(b')');
        }
        out
    }

    /// The query for the shard keys, in the order of the rows.
    pub fn query(&self, table: &str) -> String {
        let columns: Vec<String> = self.columns.iter().map(|name| quote(name)).collect();
        format!("SELECT {} FROM {table} ORDER BY {}", columns.join(", "), quote(&self.key.number))
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// A value that the server has printed for one of `columns`.
    ///
    /// Errors: 1105 for text that is no number where one must be.
    pub fn value(&self, column: usize, text: Option<Vec<u8>>) -> Result<Value<'static>, RouterError> {
        let Some(text) = text else { return Ok(Value::Null) };
        if !self.types.get(column).is_some_and(ColumnType::is_integer) {
            return Ok(Value::Text(text.into()));
        }
        let digits = std::str::from_utf8(&text).unwrap_or_default();
        let signed = || digits.parse().map(Value::Int);
        digits.parse().map(Value::UInt).or_else(|_| signed()).map_err(|_| {
            RouterError::new(
                1105,
                "HY000",
                format!("Internal error (please report): '{digits}' as a shard key"),
            )
        })
    }

    /// Values as good as any, where nothing is written.
    pub fn examples(&self) -> Vec<Vec<Value<'static>>> {
        let example = |data_type: &ColumnType| match data_type {
            ColumnType::Date | ColumnType::DateTime { .. } => Value::Text(b"2000-01-01"[..].into()),
            integer if integer.is_integer() => Value::Int(1),
            _ => Value::Text(b""[..].into()),
        };
        vec![self.types.iter().map(example).collect(); self.rows.len()]
    }
}

/// Where among the generated shard keys of a row this column's value stands, if it is one.
pub(super) fn position(reference: &Reference, ordinal: usize) -> Option<usize> {
    generated(reference).position(|key| key == ordinal)
}

fn generated(reference: &Reference) -> impl Iterator<Item = usize> {
    let is_generated =
        |ordinal: &usize| reference.table.columns.get(*ordinal).is_some_and(|column| column.generated);
    reference.placer.key_ordinals().iter().copied().filter(is_generated)
}

/// What the rows need; `None`: no generated column places them.
///
/// Errors: 1235 for NEXTVAL as a value that a shard key is made from.
pub(super) fn keys(
    tokens: &Tokens<'_>,
    layout: &Layout,
    reference: &Reference,
    nexts: &[Next],
    cutter: &Cutter<'_>,
    mode: SqlMode,
) -> Result<Option<GeneratedKeys>, RouterError> {
    let table = &reference.table;
    let ordinals: Vec<usize> = generated(reference).collect();
    let topology = reference.placer.topology();
    let (Some(key), Some(first), true) =
        (&table.generated_key, topology.get(0), reference.kind == Kind::Sharded)
    else {
        return Ok(None);
    };
    if ordinals.is_empty() || topology.len() == 1 {
        return Ok(None);
    }
    let columns = value_columns(layout, table);
    let is_source = |name: &String| {
        let is_stored = table.column(name).is_some_and(|(_, column)| !column.generated);
        is_stored && key.columns.iter().any(|read| read.eq_ignore_ascii_case(name))
    };
    let given: Vec<usize> = (0..columns.len()).filter(|at| columns.get(*at).is_some_and(is_source)).collect();
    let mut rows = Vec::with_capacity(layout.rows.len());
    for range in &layout.rows {
        let values = row_values(tokens, layout, range);
        let value = |at: &usize| match values.get(*at) {
            Some(value) => piece(tokens, value, nexts, cutter),
            // VALUES ()
            None => Ok(vec![Piece::Text("DEFAULT".into())]),
        };
        rows.push(given.iter().map(value).collect::<Result<_, _>>()?);
    }
    let of = |ordinal: &usize| table.columns.get(*ordinal);
    Ok(Some(GeneratedKeys {
        columns: ordinals.iter().filter_map(of).map(|column| column.name.clone()).collect(),
        group: first.group,
        table: topology.prefix().to_owned(),
        types: ordinals.iter().filter_map(of).map(|column| column.data_type.clone()).collect(),
        key: key.clone(),
        mode,
        given: given.iter().filter_map(|at| columns.get(*at).cloned()).collect(),
        rows,
    }))
}

fn piece(
    tokens: &Tokens<'_>,
    value: &Range<usize>,
    nexts: &[Next],
    cutter: &Cutter<'_>,
) -> Result<Vec<Piece>, RouterError> {
    let inside = |next: &Next| value.start <= next.tokens.start && next.tokens.end <= value.end;
    if nexts.iter().any(inside) {
        return Err(RouterError::not_supported("NEXTVAL as a value that a generated shard key is made from"));
    }
    Ok(cutter.range(tokens.start(value.start), tokens.end(value.end.saturating_sub(1))))
}
