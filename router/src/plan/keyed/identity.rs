//! What tells a table's rows apart: a unique key, or else all that a row holds. Rows that hold the same are the same to whoever writes them, so that
//! it is enough to say of how many.

use ostrakon_catalog::column::{Column, ColumnType, KeyKind};
use ostrakon_catalog::schema::Table;

use super::KeyedColumn;
use crate::sharding::topology::quote;

/// How a column is read and compared to find a row again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reading {
    /// As it is: what is equal to it is it.
    Value,
    /// By its bytes: a collation calls other texts equal, and a session's mode may refuse a date as a constant.
    Bytes,
    /// By the number inside.
    Number,
    /// By the moment: what a TIMESTAMP's text means depends on the time zone.
    Moment,
}

impl Reading {
    fn of(data_type: &ColumnType) -> Self {
        match data_type {
            integer if integer.is_integer() => Self::Value,
            ColumnType::Decimal { .. } | ColumnType::Float | ColumnType::Double => Self::Value,
            // Beside a YEAR a number of two digits is another year.
            ColumnType::Bit | ColumnType::Enum | ColumnType::Set | ColumnType::Year => Self::Number,
            ColumnType::Timestamp { .. } => Self::Moment,
            _ => Self::Bytes,
        }
    }
}

impl KeyedColumn {
    /// The column as one of those that together tell rows apart.
    fn identifying(column: &Column) -> Self {
        let reading = Reading::of(&column.data_type);
        let data_type = match reading {
            Reading::Value => column.data_type.clone(),
            Reading::Bytes => ColumnType::VarChar { charset: None, collation: None, length: None },
            Reading::Number => ColumnType::BigInt { unsigned: true },
            Reading::Moment => ColumnType::Decimal { precision: 20, scale: 6, unsigned: false },
        };
        Self { data_type, reading, ..Self::from(column) }
    }

    /// What is read of it, and compared. `qualifier`: the table's name and a dot, or nothing.
    pub(super) fn expression(&self, qualifier: &str) -> String {
        let column = format!("{qualifier}{}", quote(&self.name));
        match self.reading {
            Reading::Value => column,
            Reading::Bytes => format!("HEX({column})"),
            Reading::Number => format!("CAST({column} AS UNSIGNED)"),
            Reading::Moment => format!("UNIX_TIMESTAMP({column})"),
        }
    }
}

/// The columns of the primary key, or of a unique key without NULL.
pub(super) fn unique_key(table: &Table) -> Option<Vec<KeyedColumn>> {
    let usable = |name: &String| {
        let (_, column) = table.column(name)?;
        // What a TIMESTAMP's text means depends on the time zone, and one hour in the year it means two moments.
        let plain = !column.nullable && !matches!(column.data_type, ColumnType::Timestamp { .. });
        plain.then(|| KeyedColumn::from(column))
    };
    let columns = |kind: KeyKind| {
        table
            .keys
            .iter()
            .filter(move |key| key.kind == kind)
            .find_map(|key| key.columns.iter().map(usable).collect::<Option<Vec<_>>>())
    };
    columns(KeyKind::Primary).or_else(|| columns(KeyKind::Unique))
}

/// All columns that are stored.
pub(super) fn whole_row(table: &Table) -> Vec<KeyedColumn> {
    table.columns.iter().filter(|column| !column.generated).map(KeyedColumn::identifying).collect()
}
