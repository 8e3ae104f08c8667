//! A column's value as an operand: SQL text that has the column's type too, so that an expression makes of it what it makes of the column.

use ostrakon_protocol::column::{BINARY_CHARSET, ColumnType, flag};
use ostrakon_protocol::value::BinaryValue;
use ostrakon_router::plan::Comparable;

use super::literal::{Quoting, fraction, hex, hidden, string};
use super::spool::SpoolColumn;
use crate::error::SqlError;

/// Appends it. `compared`: with values of which kind it is compared, if it is.
///
/// Errors: 1235 for a type that no text has, and for another kind than that.
pub fn push(
    value: Option<&BinaryValue<'_>>,
    column: &SpoolColumn,
    compared: Option<Comparable>,
    quoting: Quoting,
    out: &mut Vec<u8>,
) -> Result<(), SqlError> {
    let refused = |what: &str| {
        SqlError::not_supported(format!(
            "{what} of the query in an expression of ON DUPLICATE KEY UPDATE; use VALUES(column)"
        ))
    };
    if column.shown.is_some() {
        return Err(hidden());
    }
    let kind = Kind::of(column).ok_or_else(|| refused("a column of this type"))?;
    if compared.is_some_and(|compared| kind.comparable() != Some(compared)) {
        return Err(refused("a column that is compared with one of another type"));
    }
    let mut text = String::new();
    match value {
        None => {}
        Some(BinaryValue::Int(number)) => text = number.to_string(),
        Some(BinaryValue::UInt(number)) => text = number.to_string(),
        Some(BinaryValue::Double(number)) => text = format!("({number:e})"),
        Some(BinaryValue::Bytes(bytes)) if matches!(kind, Kind::Decimal { .. }) => {
            text = String::from_utf8_lossy(bytes).into_owned();
        }
        Some(BinaryValue::Bytes(_)) => {}
        Some(BinaryValue::Date { month: 0, .. } | BinaryValue::DateTime { month: 0, .. })
        | Some(BinaryValue::Date { day: 0, .. } | BinaryValue::DateTime { day: 0, .. }) => {
            return Err(refused("a date with zeros"));
        }
        Some(BinaryValue::Date { year, month, day }) => text = format!("{year:04}-{month:02}-{day:02}"),
        Some(BinaryValue::DateTime { year, month, day, hour, minute, second, micros }) => {
            let fraction = fraction(*micros, column.decimals);
            text = format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}{fraction}");
        }
        Some(BinaryValue::Time { negative, days, hours, minutes, seconds, micros }) => {
            let sign = if *negative { "-" } else { "" };
            let hours = u64::from(*days) * 24 + u64::from(*hours);
            let fraction = fraction(*micros, column.decimals);
            text = format!("{sign}{hours:02}:{minutes:02}:{seconds:02}{fraction}");
        }
        Some(_) => return Err(refused("a value of this type")),
    }
    match (kind, value) {
        (Kind::Double, Some(_)) => out.extend_from_slice(text.as_bytes()),
        (Kind::Date, Some(_)) => out.extend_from_slice(format!("DATE'{text}'").as_bytes()),
        (Kind::DateTime, Some(_)) => out.extend_from_slice(format!("TIMESTAMP'{text}'").as_bytes()),
        (Kind::Time, Some(_)) => out.extend_from_slice(format!("TIME'{text}'").as_bytes()),
        _ => {
            out.extend_from_slice(b"CAST(");
            match (kind, value) {
                (_, None) => out.extend_from_slice(b"NULL"),
                (Kind::Text, Some(BinaryValue::Bytes(bytes))) => string(bytes, quoting, out),
                (Kind::Binary, Some(BinaryValue::Bytes(bytes))) => hex(bytes, out),
                _ => out.extend_from_slice(format!("'{text}'").as_bytes()),
            }
            out.extend_from_slice(format!(" AS {})", kind.cast(column)).as_bytes());
        }
    }
    Ok(())
}

/// The types that a text can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Signed,
    Unsigned,
    Decimal { precision: u32 },
    Double,
    Date,
    DateTime,
    Time,
    Text,
    Binary,
}

impl Kind {
    fn of(column: &SpoolColumn) -> Option<Self> {
        use ColumnType as Type;
        if column.flags & (flag::ZEROFILL | flag::ENUM | flag::SET) != 0 {
            return None;
        }
        let unsigned = column.flags & flag::UNSIGNED != 0;
        Some(match column.column_type {
            Type::TINY | Type::SHORT | Type::INT24 | Type::LONG | Type::LONGLONG => match unsigned {
                true => Self::Unsigned,
                false => Self::Signed,
            },
            Type::NEWDECIMAL => {
                // The length counts the sign and the point.
                let marks = u32::from(!unsigned) + u32::from(column.decimals > 0);
                Self::Decimal {
                    precision: column.length.checked_sub(marks).filter(|digits| (1..=65).contains(digits))?,
                }
            }
            Type::DOUBLE if column.decimals >= 31 => Self::Double,
            Type::DATE => Self::Date,
            Type::DATETIME => Self::DateTime,
            Type::TIME => Self::Time,
            Type::VARCHAR
            | Type::VAR_STRING
            | Type::STRING
            | Type::BLOB
            | Type::TINY_BLOB
            | Type::MEDIUM_BLOB
            | Type::LONG_BLOB => match column.charset == BINARY_CHARSET {
                true => Self::Binary,
                false => Self::Text,
            },
            _ => return None,
        })
    }

    fn comparable(self) -> Option<Comparable> {
        match self {
            Self::Signed | Self::Unsigned | Self::Decimal { .. } | Self::Double => Some(Comparable::Number),
            Self::Date => Some(Comparable::Date),
            Self::DateTime => Some(Comparable::DateTime),
            Self::Time => Some(Comparable::Time),
            Self::Text | Self::Binary => None,
        }
    }

    /// The type's name in CAST.
    fn cast(self, column: &SpoolColumn) -> String {
        match self {
            Self::Signed => "SIGNED".into(),
            Self::Unsigned => "UNSIGNED".into(),
            Self::Decimal { precision } => format!("DECIMAL({precision},{})", column.decimals),
            Self::Double => "DOUBLE".into(),
            Self::Date => "DATE".into(),
            Self::DateTime => format!("DATETIME({})", column.decimals.min(6)),
            Self::Time => format!("TIME({})", column.decimals.min(6)),
            // One that holds every text, and as a column its collation is its own.
            Self::Text => "CHAR CHARACTER SET utf8mb4".into(),
            Self::Binary => "BINARY".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(column_type: ColumnType, flags: u16, length: u32, decimals: u8) -> SpoolColumn {
        let charset = if column_type == ColumnType::VAR_STRING { 45 } else { BINARY_CHARSET };
        SpoolColumn { column_type, charset, flags, decimals, length, shown: None, is_column: false }
    }

    fn operand(value: Option<BinaryValue<'_>>, column: &SpoolColumn) -> Result<String, SqlError> {
        let mut out = Vec::new();
        push(value.as_ref(), column, None, Quoting::default(), &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn an_operand_has_the_type_of_its_column() {
        let decimal = column(ColumnType::NEWDECIMAL, 0, 12, 2);
        let unsigned = column(ColumnType::LONG, flag::UNSIGNED, 10, 0);
        let moment = column(ColumnType::DATETIME, 0, 22, 2);
        let text = column(ColumnType::VAR_STRING, 0, 80, 0);
        assert_eq!(
            operand(Some(BinaryValue::Bytes(b"5.00")), &decimal).unwrap(),
            "CAST('5.00' AS DECIMAL(10,2))"
        );
        assert_eq!(operand(None, &decimal).unwrap(), "CAST(NULL AS DECIMAL(10,2))");
        assert_eq!(operand(Some(BinaryValue::UInt(7)), &unsigned).unwrap(), "CAST('7' AS UNSIGNED)");
        let value = BinaryValue::DateTime {
            year: 2024,
            month: 2,
            day: 29,
            hour: 1,
            minute: 2,
            second: 3,
            micros: 500_000,
        };
        assert_eq!(operand(Some(value), &moment).unwrap(), "TIMESTAMP'2024-02-29 01:02:03.50'");
        assert_eq!(operand(None, &moment).unwrap(), "CAST(NULL AS DATETIME(2))");
        assert_eq!(
            operand(Some(BinaryValue::Bytes(b"it's")), &text).unwrap(),
            "CAST('it''s' AS CHAR CHARACTER SET utf8mb4)"
        );
        let double = column(ColumnType::DOUBLE, 0, 22, 31);
        assert_eq!(operand(Some(BinaryValue::Double(-1.5)), &double).unwrap(), "(-1.5e0)");
    }

    #[test]
    fn what_no_text_keeps_is_refused() {
        let zero = BinaryValue::Date { year: 0, month: 0, day: 0 };
        let refused = [
            operand(Some(zero), &column(ColumnType::DATE, 0, 10, 0)),
            operand(Some(BinaryValue::Float(1.0)), &column(ColumnType::FLOAT, 0, 12, 31)),
            operand(Some(BinaryValue::Int(1)), &column(ColumnType::LONG, flag::ZEROFILL, 5, 0)),
            operand(Some(BinaryValue::Bytes(b"a")), &column(ColumnType::STRING, flag::ENUM, 5, 0)),
            operand(None, &column(ColumnType::TIMESTAMP, 0, 19, 0)),
        ];
        assert!(refused.into_iter().all(|refused| refused.unwrap_err().errno == 1235));
        let text = column(ColumnType::VAR_STRING, 0, 80, 0);
        let compared = push(None, &text, Some(Comparable::Number), Quoting::default(), &mut Vec::new());
        assert_eq!(compared.unwrap_err().errno, 1235);
    }
}
