//! HAVING over merged groups, in three-valued logic.

use std::cmp::Ordering;

use ostrakon_router::merge::{CompareOp, Having, HavingOperand};

use super::decimal::Decimal;
use super::error::MergeError;
use super::field::{Class, Field, RowFormat, field_at};
use super::key::{self, column_index};
use super::number::Number;
use super::row::Row;

/// A HAVING clause with its columns and numbers in place.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Compare { column: usize, op: CompareOp, with: Operand },
    IsNull { column: usize, negated: bool },
}

#[derive(Clone, Debug)]
pub(super) enum Operand {
    Number(Number),
    Column(usize),
}

/// What `Condition::new` looks things up in.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub fields: &'a [Field],
    pub visible: usize,
    pub format: RowFormat,
    /// The number in the n-th hole of the template.
    pub numbers: &'a dyn Fn(usize) -> Option<Number>,
}

impl Condition {
    pub(super) fn new(having: &Having, scope: &Scope<'_>) -> Result<Self, MergeError> {
        let all =
            |parts: &[Having]| parts.iter().map(|part| Self::new(part, scope)).collect::<Result<Vec<_>, _>>();
        Ok(match having {
            Having::And(parts) => Self::And(all(parts)?),
            Having::Or(parts) => Self::Or(all(parts)?),
            Having::Not(inner) => Self::Not(Box::new(Self::new(inner, scope)?)),
            Having::Compare { column, op, with } => Self::Compare {
                column: numeric_column(column_index(*column, scope.fields, scope.visible)?, scope)?,
                op: *op,
                with: operand(with, scope)?,
            },
            Having::IsNull { column, negated } => Self::IsNull {
                column: column_index(*column, scope.fields, scope.visible)?,
                negated: *negated,
            },
        })
    }

    /// `None`: unknown, which lets the group out as false does.
    pub(super) fn holds(
        &self,
        row: &Row,
        fields: &[Field],
        format: RowFormat,
    ) -> Result<Option<bool>, MergeError> {
        Ok(match self {
            Self::And(parts) => fold(parts, false, row, fields, format)?,
            Self::Or(parts) => fold(parts, true, row, fields, format)?,
            Self::Not(inner) => inner.holds(row, fields, format)?.map(|value| !value),
            Self::IsNull { column, negated } => Some(row.value(*column).is_none() != *negated),
            Self::Compare { column, op, with } => {
                let left = number_of(row, *column, fields, format)?;
                let ordering = match with {
                    Operand::Number(right) => left.compare(right),
                    Operand::Column(right) => left.compare(&number_of(row, *right, fields, format)?),
                };
                ordering.map(|ordering| satisfies(*op, ordering))
            }
        })
    }
}

/// AND and OR: the first `decisive` part decides; otherwise one unknown part makes the whole unknown.
fn fold(
    parts: &[Condition],
    decisive: bool,
    row: &Row,
    fields: &[Field],
    format: RowFormat,
) -> Result<Option<bool>, MergeError> {
    let mut result = Some(!decisive);
    for part in parts {
        match part.holds(row, fields, format)? {
            Some(value) if value == decisive => return Ok(Some(decisive)),
            Some(_) => {}
            None => result = None,
        }
    }
    Ok(result)
}

fn satisfies(op: CompareOp, ordering: Ordering) -> bool {
    match op {
        CompareOp::Eq => ordering == Ordering::Equal,
        CompareOp::NotEq => ordering != Ordering::Equal,
        CompareOp::Less => ordering == Ordering::Less,
        CompareOp::LessEq => ordering != Ordering::Greater,
        CompareOp::Greater => ordering == Ordering::Greater,
        CompareOp::GreaterEq => ordering != Ordering::Less,
    }
}

fn operand(operand: &HavingOperand, scope: &Scope<'_>) -> Result<Operand, MergeError> {
    let number = match operand {
        HavingOperand::Column(column) => {
            let column = column_index(*column, scope.fields, scope.visible)?;
            return Ok(Operand::Column(numeric_column(column, scope)?));
        }
        HavingOperand::Hole(hole) => (scope.numbers)(*hole),
        HavingOperand::Number(text) => Number::parse(text),
    };
    let refusal =
        || MergeError::unsupported("HAVING over several physical tables with a value that is not a number");
    number.map(Operand::Number).ok_or_else(refusal)
}

fn numeric_column(column: usize, scope: &Scope<'_>) -> Result<usize, MergeError> {
    let field = field_at(scope.fields, column)?;
    let exact = match field.class {
        Class::Int | Class::Decimal | Class::Double | Class::Null => true,
        // The text protocol prints six digits of it.
        Class::Float => scope.format == RowFormat::Binary,
        _ => false,
    };
    let refusal = || {
        MergeError::unsupported(format_args!(
            "HAVING over several physical tables on column `{}`, which is not an exact number",
            field.name
        ))
    };
    exact.then_some(column).ok_or_else(refusal)
}

/// A numeric cell.
pub(super) fn number_of(
    row: &Row,
    column: usize,
    fields: &[Field],
    format: RowFormat,
) -> Result<Number, MergeError> {
    let Some(cell) = row.value(column) else { return Ok(Number::null()) };
    let field = field_at(fields, column)?;
    let number = match field.class {
        Class::Int => {
            key::integer(format, fields, column, cell).map(|value| Number::exact(Decimal::from_int(value)))
        }
        Class::Decimal => Decimal::parse(cell).map(Number::exact),
        Class::Float | Class::Double => key::floating(format, cell).map(Number::approximate),
        _ => None,
    };
    number.ok_or_else(|| MergeError::Value(field.name.clone()))
}
