//! Keys: the value of a shard key column after conversion to the column's type, and the types that can be keys.

use std::borrow::Cow;

use ostrakon_catalog::column::ColumnType;

pub use super::calendar::Date;

/// A key's value, of its column's type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Key<'a> {
    Null,
    /// Any integer column's value: -2^63 to 2^64 - 1.
    Int(i128),
    /// Text to hash: folded, or raw for DRDS placement.
    Text(Cow<'a, str>),
    /// The date part; no function looks at the time of day.
    Date(Date),
}

/// What a key column holds, as far as hashing goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyType {
    Integer {
        min: i128,
        max: i128,
        /// Held in 64 bits by DRDS (INT UNSIGNED and BIGINT), so UNI_HASH mixes the two halves.
        wide: bool,
    },
    Text,
    Date,
}

impl KeyType {
    /// The key type of a column; `None` when columns of this type cannot be shard keys.
    ///
    /// TEXT, BLOB, ENUM, SET, JSON, YEAR, TIME, BIT, approximate and decimal numbers and binary strings are none, as in DRDS's manual.
    pub fn of(column: &ColumnType) -> Option<Self> {
        let integer = |bits: u32, unsigned: bool, wide: bool| {
            let (min, max) = match unsigned {
                true => (0, (1_i128 << bits) - 1),
                false => (-(1_i128 << (bits - 1)), (1_i128 << (bits - 1)) - 1),
            };
            Some(Self::Integer { min, max, wide })
        };
        match *column {
            ColumnType::TinyInt { unsigned } => integer(8, unsigned, false),
            ColumnType::SmallInt { unsigned } => integer(16, unsigned, false),
            ColumnType::MediumInt { unsigned } => integer(24, unsigned, false),
            ColumnType::Int { unsigned } => integer(32, unsigned, unsigned),
            ColumnType::BigInt { unsigned } => integer(64, unsigned, true),
            ColumnType::Char { .. } | ColumnType::VarChar { .. } => Some(Self::Text),
            ColumnType::Date | ColumnType::DateTime { .. } | ColumnType::Timestamp { .. } => Some(Self::Date),
            _ => None,
        }
    }
}
