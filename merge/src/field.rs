//! What the merge must know of a result column: how its cells travel, and by which rule their values compare.

use ostrakon_protocol::column::{BINARY_CHARSET, ColumnDefinition, ColumnType, flag};
use ostrakon_protocol::value::ValueType;

use super::error::MergeError;

/// Form of the rows of a result set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowFormat {
    /// Answers to COM_QUERY: every cell is a length-encoded string.
    Text,
    /// Answers to COM_STMT_EXECUTE: a NULL bitmap, then cells in the form of their type.
    Binary,
}

/// From this many decimals on, a floating point column has no fixed number of them.
pub(super) const NOT_FIXED_DECIMALS: u8 = 31;

/// The rule by which values of a column compare.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// All integers, and YEAR.
    Int,
    Decimal,
    Float,
    Double,
    /// DATE, DATETIME, TIMESTAMP.
    Moment,
    Time,
    /// Bytes without a character set.
    Bytes,
    /// Character data: by weights only.
    Text,
    /// ENUM and SET: they print text and sort by number.
    Enumeration,
    /// An expression that is always NULL.
    Null,
    /// BIT, JSON, spatial, UUID, INET6: no rule here.
    Other,
}

/// One result column.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub name: String,
    pub class: Class,
    /// How its cells travel in a binary row.
    pub wire: ValueType,
    pub decimals: u8,
    /// True for a column of a table, false for an expression.
    pub stored: bool,
}

impl Field {
    pub(super) fn new(definition: &ColumnDefinition<'_>) -> Self {
        let kind = definition.column_type;
        Self {
            name: String::from_utf8_lossy(definition.name).into_owned(),
            class: classify(kind, definition.flags, definition.charset),
            wire: ValueType::from(definition),
            decimals: definition.decimals,
            stored: !definition.org_name.is_empty(),
        }
    }

    /// True when rows of both columns can be merged: they travel and compare alike.
    pub(super) fn agrees(&self, other: &Self) -> bool {
        let decimals_matter = matches!(self.class, Class::Decimal | Class::Double);
        self.class == other.class
            && (self.wire == other.wire || (self.wire.is_text() && other.wire.is_text()))
            && (!decimals_matter || self.decimals == other.decimals)
    }
}

/// The n-th column.
pub(super) fn field_at(fields: &[Field], column: usize) -> Result<&Field, MergeError> {
    fields.get(column).ok_or(MergeError::Internal("a column that the rows do not have"))
}

fn classify(kind: ColumnType, flags: u16, charset: u16) -> Class {
    match kind {
        ColumnType::TINY
        | ColumnType::SHORT
        | ColumnType::LONG
        | ColumnType::LONGLONG
        | ColumnType::INT24
        | ColumnType::YEAR => Class::Int,
        ColumnType::DECIMAL | ColumnType::NEWDECIMAL => Class::Decimal,
        ColumnType::FLOAT => Class::Float,
        ColumnType::DOUBLE => Class::Double,
        ColumnType::NULL => Class::Null,
        ColumnType::TIMESTAMP | ColumnType::DATE | ColumnType::DATETIME | ColumnType::NEWDATE => {
            Class::Moment
        }
        ColumnType::TIME => Class::Time,
        ColumnType::ENUM | ColumnType::SET => Class::Enumeration,
        ColumnType::VARCHAR
        | ColumnType::TINY_BLOB
        | ColumnType::MEDIUM_BLOB
        | ColumnType::LONG_BLOB
        | ColumnType::BLOB
        | ColumnType::VAR_STRING
        | ColumnType::STRING => {
            if flags & (flag::ENUM | flag::SET) != 0 {
                Class::Enumeration
            } else if flags & flag::UNSIGNED != 0 {
                // MariaDB 10.11 sends UUID and INET6 as CHAR with the flag of unsigned numbers; their order is not the text's.
                Class::Other
            } else if charset == BINARY_CHARSET {
                Class::Bytes
            } else {
                Class::Text
            }
        }
        _ => Class::Other,
    }
}
