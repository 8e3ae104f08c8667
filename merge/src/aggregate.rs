//! One aggregate of the current group: takes partial values in, gives the merged cell out.

use std::cmp::Ordering;

use ostrakon_protocol::column::ColumnType;

use super::collations::Collations;
use super::decimal::Decimal;
use super::double;
use super::error::MergeError;
use super::field::{Class, Field, RowFormat, field_at};
use super::key::{self, Keys};
use super::row::Row;

/// What every accumulator is told about the rows.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub format: RowFormat,
    pub fields: &'a [Field],
    pub collations: &'a Collations,
}

/// A sum in the arithmetic of its column.
#[derive(Clone, Debug)]
pub(super) enum Sum {
    /// Decimals and integers.
    Exact(Option<Decimal>),
    Approximate(Option<f64>),
}

impl Sum {
    /// An empty sum for values of this column.
    pub(super) fn new(field: &Field) -> Result<Self, MergeError> {
        match field.class {
            Class::Int | Class::Decimal => Ok(Self::Exact(None)),
            Class::Double => Ok(Self::Approximate(None)),
            _ => Err(MergeError::unsupported(format_args!(
                "adding up column `{}` over several physical tables: it is not a number",
                field.name
            ))),
        }
    }

    pub(super) fn clear(&mut self) {
        match self {
            Self::Exact(total) => *total = None,
            Self::Approximate(total) => *total = None,
        }
    }

    /// Adds a cell; NULL adds nothing.
    pub(super) fn add(&mut self, row: &Row, column: usize, rows: Rows<'_>) -> Result<(), MergeError> {
        let Some(cell) = row.value(column) else { return Ok(()) };
        let field = field_at(rows.fields, column)?;
        let malformed = || MergeError::Value(field.name.clone());
        match self {
            Self::Exact(total) => {
                let value = match field.class {
                    Class::Int => key::integer(rows.format, rows.fields, column, cell).map(Decimal::from_int),
                    _ => Decimal::parse(cell),
                };
                total.get_or_insert_with(Decimal::zero).add(&value.ok_or_else(malformed)?);
            }
            Self::Approximate(total) => {
                let value = key::floating(rows.format, cell).ok_or_else(malformed)?;
                *total.get_or_insert(0.0) += value;
            }
        }
        Ok(())
    }

    /// Appends the sum as a cell of `field`.
    pub(super) fn push(&self, field: &Field, format: RowFormat, out: &mut Row) -> Result<(), MergeError> {
        match self {
            Self::Exact(None) | Self::Approximate(None) => {
                out.push_null(format);
                Ok(())
            }
            Self::Exact(Some(total)) => push_exact(total, field, format, out),
            Self::Approximate(Some(total)) => push_double(*total, field, format, out),
        }
    }

    /// Appends `self / count` as a cell of `field`; NULL when there is nothing to divide.
    pub(super) fn push_quotient(
        &self,
        count: &Self,
        field: &Field,
        format: RowFormat,
        out: &mut Row,
    ) -> Result<(), MergeError> {
        let Self::Exact(Some(count)) = count else {
            out.push_null(format);
            return Ok(());
        };
        match (self, field.class) {
            (_, _) if count.compare(&Decimal::zero()) == Ordering::Equal => out.push_null(format),
            (Self::Exact(None) | Self::Approximate(None), _) => out.push_null(format),
            (Self::Exact(Some(total)), Class::Decimal) => {
                let text = total.average(count, u32::from(field.decimals));
                let text = text.ok_or_else(|| {
                    MergeError::unsupported(format_args!(
                        "AVG of numbers as long as those of `{}` over several physical tables",
                        field.name
                    ))
                })?;
                out.push_value(format, field.wire, text.as_bytes())?;
            }
            (Self::Approximate(Some(total)), Class::Double) => {
                let divisor = count.to_f64().ok_or_else(|| MergeError::OutOfRange(field.name.clone()))?;
                return push_double(total / divisor, field, format, out);
            }
            _ => {
                return Err(MergeError::unsupported(format_args!(
                    "AVG over several physical tables: `{}` has another type than its sum",
                    field.name
                )));
            }
        }
        Ok(())
    }
}

/// MIN or MAX: the cell that wins so far, with its weight.
#[derive(Clone, Debug)]
pub(super) struct Extreme {
    keys: Keys,
    /// `Less` for MIN, `Greater` for MAX: what a new value must be to win.
    wins: Ordering,
    value: usize,
    weight: Option<usize>,
    /// The row that the best value came in, with its key decoded; `None` when all values were NULL.
    best: Option<Row>,
}

impl Extreme {
    pub(super) fn new(
        value: usize,
        weight: Option<usize>,
        wins: Ordering,
        fields: &[Field],
    ) -> Result<Self, MergeError> {
        Ok(Self { keys: Keys::of_extreme(value, weight, fields)?, wins, value, weight, best: None })
    }

    pub(super) fn clear(&mut self) {
        self.best = None;
    }

    /// The weight column, if the values are compared by it.
    pub(super) fn compared_by(&self) -> Option<usize> {
        self.keys.weights().next()
    }

    /// The weight column, which follows the value.
    pub(super) fn weight(&self) -> Option<usize> {
        self.weight
    }

    pub(super) fn add(&mut self, row: &Row, rows: Rows<'_>) -> Result<(), MergeError> {
        if row.value(self.value).is_none() {
            return Ok(());
        }
        let mut candidate = Vec::with_capacity(1);
        self.keys.decode(rows.format, rows.fields, rows.collations, row, &mut candidate)?;
        let wins = self
            .best
            .as_ref()
            .is_none_or(|best| self.keys.compare_values((row, &candidate), (best, &best.keys)) == self.wins);
        if wins {
            let mut best = row.clone();
            best.keys = candidate;
            self.best = Some(best);
        }
        Ok(())
    }

    /// Appends the best row's cell of a column: the value's or the weight's.
    pub(super) fn push(
        &self,
        column: usize,
        field: &Field,
        format: RowFormat,
        out: &mut Row,
    ) -> Result<(), MergeError> {
        match &self.best {
            Some(best) => out.push_copy(format, field.wire, best, column)?,
            None => out.push_null(format),
        }
        Ok(())
    }
}

fn push_exact(total: &Decimal, field: &Field, format: RowFormat, out: &mut Row) -> Result<(), MergeError> {
    let overflow = || MergeError::OutOfRange(field.name.clone());
    if field.class == Class::Int {
        let text = total.print(0).ok_or_else(overflow)?;
        return push_integer(text.parse().map_err(|_| overflow())?, field, format, out);
    }
    let text = total.print(u32::from(field.decimals.min(38))).ok_or_else(overflow)?;
    out.push_value(format, field.wire, text.as_bytes())?;
    Ok(())
}

/// Appends an integer as a cell of an integer (or decimal) column.
pub(super) fn push_integer(
    value: i128,
    field: &Field,
    format: RowFormat,
    out: &mut Row,
) -> Result<(), MergeError> {
    let range = match (field.wire.column_type, field.wire.unsigned) {
        (ColumnType::LONGLONG, false) => i128::from(i64::MIN)..=i128::from(i64::MAX),
        (ColumnType::LONGLONG, true) => 0..=i128::from(u64::MAX),
        (ColumnType::LONG, false) => i128::from(i32::MIN)..=i128::from(i32::MAX),
        (ColumnType::LONG, true) => 0..=i128::from(u32::MAX),
        _ => return Err(MergeError::OutOfRange(field.name.clone())),
    };
    if !range.contains(&value) {
        return Err(MergeError::OutOfRange(field.name.clone()));
    }
    let (text, binary) = (value.to_string(), value.to_le_bytes());
    let content = match format {
        RowFormat::Text => text.as_bytes(),
        RowFormat::Binary if field.wire.column_type == ColumnType::LONGLONG => {
            binary.get(..8).unwrap_or_default()
        }
        RowFormat::Binary => binary.get(..4).unwrap_or_default(),
    };
    Ok(out.push_value(format, field.wire, content)?)
}

fn push_double(value: f64, field: &Field, format: RowFormat, out: &mut Row) -> Result<(), MergeError> {
    if !value.is_finite() {
        return Err(MergeError::OutOfRange(field.name.clone()));
    }
    match format {
        RowFormat::Text => {
            out.push_value(format, field.wire, double::print(value, field.decimals).as_bytes())?
        }
        RowFormat::Binary => out.push_value(format, field.wire, &value.to_le_bytes())?,
    }
    Ok(())
}
