//! Conversion of a literal or parameter to a key column's type: as the server stores it (INSERT) and as it compares (WHERE).
//!
//! Storing must be known exactly, or is refused. Comparing may be widened: `Unknown` sends the statement to every shard.

mod number;
mod temporal;
mod text;

use std::ops::Bound;

use ostrakon_catalog::column::{Column, ColumnDefault, ColumnType};
use ostrakon_catalog::rule::Placement;

use super::fold::CollationFold;
use super::key::{Date, Key, KeyType};
use crate::RouterError;
use crate::value::Value;

pub(crate) use text::{TextRule, Wanted, check as check_text};

/// A column that places rows.
#[derive(Clone, Debug)]
pub(crate) struct KeyColumn {
    /// Position in `Table::columns`.
    pub ordinal: usize,
    pub name: String,
    pub key_type: KeyType,
    pub nullable: bool,
    pub auto_increment: bool,
    /// Set for text keys.
    pub text: Option<TextRule>,
    /// Fraction digits that the column keeps: 0 to 6; 0 for a DATE.
    fsp: u8,
    /// What DEFAULT stores, or why that is not known.
    default: Result<Key<'static>, RouterError>,
}

/// What a literal says about a column that equals it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Comparison<'v> {
    /// Rows that match have this key.
    Exact(Key<'v>),
    /// No row matches.
    Never,
    /// Rows with several keys may match.
    Unknown,
}

/// The keys between two literals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyRange {
    Never,
    /// Not to be enumerated.
    Unknown,
    /// Both ends included.
    Integers(i128, i128),
    /// Both ends included, zero dates between them too; `None`: no end.
    Dates(Option<Date>, Option<Date>),
}

impl KeyRange {
    /// The keys in both ranges, which are of one column.
    pub fn intersect(self, other: Self) -> Self {
        match (self, other) {
            (Self::Never, _) | (_, Self::Never) => Self::Never,
            (Self::Unknown, known) | (known, Self::Unknown) => known,
            (Self::Integers(a, b), Self::Integers(c, d)) => Self::integers(a.max(c), b.min(d)),
            (Self::Dates(a, b), Self::Dates(c, d)) => {
                let high = match (b, d) {
                    (Some(b), Some(d)) => Some(b.min(d)),
                    (b, d) => b.or(d),
                };
                // `None` orders before every date, so the greater low end is the tighter one.
                Self::dates(a.max(c), high)
            }
            _ => Self::Unknown,
        }
    }

    fn integers(low: i128, high: i128) -> Self {
        if low > high { Self::Never } else { Self::Integers(low, high) }
    }

    fn dates(low: Option<Date>, high: Option<Date>) -> Self {
        match (low, high) {
            (Some(low), Some(high)) if low > high => Self::Never,
            ends => Self::Dates(ends.0, ends.1),
        }
    }
}

impl KeyColumn {
    /// Errors: 1235 for a column whose values cannot be keys, or whose collation has no fold yet.
    pub fn new(
        ordinal: usize,
        column: &Column,
        placement: Placement,
        fold: &dyn Fn(&str) -> Option<std::sync::Arc<CollationFold>>,
    ) -> Result<Self, RouterError> {
        let key_type = KeyType::of(&column.data_type).ok_or_else(|| {
            RouterError::not_supported(format_args!(
                "column '{}' is of a type that cannot place rows",
                column.name
            ))
        })?;
        let text = match key_type {
            KeyType::Text => Some(TextRule::new(column, placement, fold)?),
            _ => None,
        };
        let fsp = match column.data_type {
            ColumnType::DateTime { fsp } => fsp.min(6),
            ColumnType::Timestamp { .. } => return Err(timestamp_refused(&column.name)),
            _ => 0,
        };
        let unset =
            RouterError::new(1364, "HY000", format!("Field '{}' doesn't have a default value", column.name));
        let mut key = Self {
            ordinal,
            name: column.name.clone(),
            key_type,
            nullable: column.nullable,
            auto_increment: column.auto_increment,
            text,
            fsp,
            default: Err(unset),
        };
        key.default = key.default_key(&column.default);
        Ok(key)
    }

    fn default_key(&self, default: &ColumnDefault) -> Result<Key<'static>, RouterError> {
        match default {
            _ if self.auto_increment => Err(RouterError::not_supported(format_args!(
                "a row without a generated value for AUTO_INCREMENT shard key '{}'",
                self.name
            ))),
            ColumnDefault::None | ColumnDefault::Null if self.nullable => Ok(Key::Null),
            ColumnDefault::None | ColumnDefault::Null => self.default.clone(),
            ColumnDefault::Literal(text) => match text::literal(text) {
                Some(value) => self.assign(&value).map(owned),
                None => Err(self.unknown_default()),
            },
            ColumnDefault::Expression => Err(self.unknown_default()),
        }
    }

    fn unknown_default(&self) -> RouterError {
        RouterError::not_supported(format_args!(
            "a row that leaves shard key '{}' to a default that only the server can work out: give the value",
            self.name
        ))
    }

    /// The key that the server stores for `value` in an INSERT.
    ///
    /// Errors: 1048, 1264, 1265, 1292, 1364, 1366, 1406 where a strict server refuses the value; 1235 where what it stores is not known here.
    pub fn assign<'v>(&self, value: &'v Value<'_>) -> Result<Key<'v>, RouterError> {
        match value {
            Value::Null if self.nullable => Ok(Key::Null),
            Value::Null => {
                Err(RouterError::new(1048, "23000", format!("Column '{}' cannot be null", self.name)))
            }
            Value::Default => self.default.clone(),
            _ => match (self.key_type, &self.text) {
                (KeyType::Integer { min, max, .. }, _) => self.assign_integer(value, min, max),
                (KeyType::Date, _) => self.assign_date(value),
                (KeyType::Text, Some(rule)) => rule.assign(value, &self.name),
                (KeyType::Text, None) => Err(self.inexact()),
            },
        }
    }

    fn assign_integer<'v>(&self, value: &Value<'_>, min: i128, max: i128) -> Result<Key<'v>, RouterError> {
        let number = match number::stored_integer(value) {
            number::Stored::Number(number) => number,
            number::Stored::TooBig => return Err(self.out_of_range()),
            number::Stored::Tail => {
                let message = format!("Data truncated for column '{}' at row 1", self.name);
                return Err(RouterError::new(1265, "01000", message));
            }
            number::Stored::NotANumber(text) => {
                let message =
                    format!("Incorrect integer value: '{text}' for shard key column '{}'", self.name);
                return Err(RouterError::new(1366, "HY000", message));
            }
            number::Stored::Unknown => return Err(self.inexact()),
        };
        match (min..=max).contains(&number) {
            true => Ok(Key::Int(number)),
            false => Err(self.out_of_range()),
        }
    }

    fn assign_date<'v>(&self, value: &Value<'_>) -> Result<Key<'v>, RouterError> {
        match temporal::stored_date(value, self.fsp) {
            temporal::Stored::Date(date) => Ok(Key::Date(date)),
            temporal::Stored::Unknown => Err(self.inexact()),
            temporal::Stored::Wrong => {
                let message = format!("Incorrect date value for shard key column '{}'", self.name);
                Err(RouterError::new(1292, "22007", message))
            }
        }
    }

    fn out_of_range(&self) -> RouterError {
        RouterError::new(1264, "22003", format!("Out of range value for shard key column '{}'", self.name))
    }

    fn inexact(&self) -> RouterError {
        RouterError::not_supported(format_args!(
            "a value for shard key '{}' whose stored form depends on the server: write it in the column's own type",
            self.name
        ))
    }

    /// What `column = value` says.
    pub fn compare<'v>(&self, value: &'v Value<'_>) -> Comparison<'v> {
        match (value, self.key_type, &self.text) {
            (Value::Null, _, _) => Comparison::Never,
            (_, KeyType::Integer { min, max, .. }, _) => match number::compared_integer(value) {
                Some(number) if (min..=max).contains(&number) => Comparison::Exact(Key::Int(number)),
                _ => Comparison::Unknown,
            },
            (_, KeyType::Date, _) => match temporal::compared_date(value) {
                Some(at) => Comparison::Exact(Key::Date(at.date)),
                None => Comparison::Unknown,
            },
            (_, KeyType::Text, Some(rule)) => rule.compare(value),
            (_, KeyType::Text, None) => Comparison::Unknown,
        }
    }

    /// The keys that lie in a range, in comparison semantics.
    pub fn range(&self, low: &Bound<Value<'_>>, high: &Bound<Value<'_>>) -> KeyRange {
        let is_null = |bound: &Bound<Value<'_>>| {
            matches!(bound, Bound::Included(Value::Null) | Bound::Excluded(Value::Null))
        };
        if is_null(low) || is_null(high) {
            return KeyRange::Never;
        }
        match self.key_type {
            KeyType::Integer { min, max, .. } => {
                let low = number::low_end(low).map_or(min, |low| low.max(min));
                let high = number::high_end(high).map_or(max, |high| high.min(max));
                KeyRange::integers(low, high)
            }
            KeyType::Date => KeyRange::dates(temporal::low_end(low), temporal::high_end(high)),
            KeyType::Text => KeyRange::Unknown,
        }
    }
}

/// Why TIMESTAMP columns place no rows.
pub(crate) fn timestamp_refused(column: &str) -> RouterError {
    RouterError::not_supported(format_args!(
        "TIMESTAMP column '{column}' as shard key: its text depends on each session's time zone; use DATETIME"
    ))
}

fn owned(key: Key<'_>) -> Key<'static> {
    match key {
        Key::Null => Key::Null,
        Key::Int(number) => Key::Int(number),
        Key::Text(text) => Key::Text(text.into_owned().into()),
        Key::Date(date) => Key::Date(date),
    }
}

#[cfg(test)]
mod tests;
