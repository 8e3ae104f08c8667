//! A value that one server gave, as SQL text that stores the same value on another: what a column's value becomes in a column of another type is
//! decided by the types of both.

use std::fmt::Write;

use ostrakon_catalog::column::ColumnType as Stored;
use ostrakon_protocol::column::{BINARY_CHARSET, ColumnType, flag};
use ostrakon_protocol::value::BinaryValue;
use ostrakon_router::value::push_string;

use super::spool::SpoolColumn;
use crate::error::SqlError;

/// How texts are written.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quoting {
    pub no_backslash_escapes: bool,
    /// The connection's character set cannot hold every text, so each says what it is in.
    pub introducer: bool,
    /// MariaDB, not MySQL.
    pub mariadb: bool,
}

/// What a target column makes of a value.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    Number,
    Bit,
    Date,
    DateTime,
    Time,
    /// Texts, bytes and all that is made from them.
    Text,
}

impl Target {
    fn of(stored: &Stored) -> Self {
        match stored {
            Stored::Bit => Self::Bit,
            Stored::Decimal { .. } | Stored::Float | Stored::Double | Stored::Year => Self::Number,
            integer if integer.is_integer() => Self::Number,
            Stored::Date => Self::Date,
            Stored::DateTime { .. } | Stored::Timestamp { .. } => Self::DateTime,
            Stored::Time { .. } => Self::Time,
            _ => Self::Text,
        }
    }
}

/// Appends a value of `column` for a column of type `stored`.
///
/// Errors: 1235 for the few pairs of types whose conversion no literal does.
pub fn push(
    value: Option<&BinaryValue<'_>>,
    column: &SpoolColumn,
    stored: &Stored,
    quoting: Quoting,
    out: &mut Vec<u8>,
) -> Result<(), SqlError> {
    let Some(value) = value else {
        out.extend_from_slice(b"NULL");
        return Ok(());
    };
    let target = Target::of(stored);
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = match *value {
        BinaryValue::Int(number) => integer(number.into(), column, target, &mut text),
        BinaryValue::UInt(number) => integer(number.into(), column, target, &mut text),
        BinaryValue::Float(_) if target == Target::Text => {
            return Err(SqlError::not_supported("a FLOAT that goes into a column of text"));
        }
        BinaryValue::Float(number) => write!(text, "{:e}", f64::from(number)),
        // DOUBLE(10,2) has its digits in a text too; 31 means as many as there are.
        BinaryValue::Double(number) if target == Target::Text && column.decimals < 31 => {
            write!(text, "'{number:.*}'", usize::from(column.decimals))
        }
        BinaryValue::Double(number) => write!(text, "{number:e}"),
        BinaryValue::Bytes(bytes) => return self::bytes(bytes, column, target, quoting, out),
        BinaryValue::Date { year, month, day } => {
            let plain = format!("{year:04}-{month:02}-{day:02}");
            let typed = matches!(target, Target::Number | Target::Bit | Target::Time);
            temporal("DATE", &plain, typed, month != 0 && day != 0, &mut text)
        }
        BinaryValue::DateTime { year, month, day, hour, minute, second, micros } => {
            let fraction = fraction(micros, column.decimals);
            let plain = format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}{fraction}");
            // Of a text with a fraction of a second MySQL warns with the text, of a moment with a rounded one.
            let typed = match target {
                Target::Date => !quoting.mariadb,
                _ => !matches!(target, Target::DateTime | Target::Text),
            };
            temporal("TIMESTAMP", &plain, typed, month != 0 && day != 0, &mut text)
        }
        BinaryValue::Time { negative, days, hours, minutes, seconds, micros } => {
            let sign = if negative { "-" } else { "" };
            let hours = u64::from(days) * 24 + u64::from(hours);
            let fraction = fraction(micros, column.decimals);
            let plain = format!("{sign}{hours:02}:{minutes:02}:{seconds:02}{fraction}");
            let typed = !matches!(target, Target::Time | Target::Text);
            temporal("TIME", &plain, typed, true, &mut text)
        }
    };
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

fn integer(number: i128, column: &SpoolColumn, target: Target, text: &mut String) -> std::fmt::Result {
    if target == Target::Text && column.flags & flag::ZEROFILL != 0 {
        return write!(text, "'{number:0width$}'", width = column.length as usize);
    }
    write!(text, "{number}")
}

/// `typed`: the target makes of a date what it does not make of a text. A date with zeros in it has no typed literal: a number it is then.
fn temporal(kind: &str, plain: &str, typed: bool, is_real: bool, text: &mut String) -> std::fmt::Result {
    match (typed, is_real) {
        (false, _) => write!(text, "'{plain}'"),
        (true, true) => write!(text, "{kind}'{plain}'"),
        (true, false) => {
            let digits: String = plain.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect();
            text.write_str(digits.trim_start_matches('0'))?;
            if digits.trim_start_matches('0').is_empty() { text.write_str("0") } else { Ok(()) }
        }
    }
}

pub(super) fn fraction(micros: u32, decimals: u8) -> String {
    let digits = format!("{micros:06}");
    match usize::from(decimals) {
        0 if micros == 0 => String::new(),
        decimals @ 1..=6 => format!(".{}", digits.get(..decimals).unwrap_or_default()),
        _ => format!(".{digits}"),
    }
}

fn bytes(
    bytes: &[u8],
    column: &SpoolColumn,
    target: Target,
    quoting: Quoting,
    out: &mut Vec<u8>,
) -> Result<(), SqlError> {
    let is_number = matches!(target, Target::Number | Target::Bit);
    match column.column_type {
        // MySQL says DECIMAL of IF(c, 1, bits), and sends the bits' bytes (seen with 9.7).
        ColumnType::NEWDECIMAL | ColumnType::DECIMAL
            if !bytes.iter().all(|b| b"+-.0123456789".contains(b)) =>
        {
            return Err(bit_expression());
        }
        ColumnType::NEWDECIMAL | ColumnType::DECIMAL if column.shown.is_some() => {
            if target == Target::Text {
                return Err(hidden());
            }
            out.extend_from_slice(without_zeros(bytes, column.shown.unwrap_or(0)));
        }
        ColumnType::NEWDECIMAL | ColumnType::DECIMAL => {
            let quote: &[u8] = if target == Target::Text { b"'" } else { b"" };
            out.extend([quote, bytes, quote].concat());
        }
        // MariaDB sends a BIT that is no column as its bytes or as its digits, and does not say which (seen with 10.11).
        ColumnType::BIT if column.flags & flag::BINARY != 0 => {
            return Err(bit_expression());
        }
        ColumnType::BIT if target == Target::Text && (column.is_column || !are_digits(bytes)) => {
            hex(bytes, out)
        }
        ColumnType::BIT => {
            let number = bits(bytes, column).filter(|_| target != Target::Text).ok_or_else(bit_expression)?;
            out.extend_from_slice(number.to_string().as_bytes());
        }
        ColumnType::GEOMETRY | ColumnType::VECTOR => hex(bytes, out),
        ColumnType::JSON => string(bytes, quoting, out),
        _ if is_number && column.flags & (flag::ENUM | flag::SET) != 0 => {
            return Err(SqlError::not_supported(
                "an ENUM or SET that goes into a column of numbers; select column + 0",
            ));
        }
        _ if column.charset != BINARY_CHARSET => string(bytes, quoting, out),
        _ if target == Target::Text => hex(bytes, out),
        // A hexadecimal literal would be a number there.
        _ => {
            out.extend_from_slice(b"CAST(");
            hex(bytes, out);
            out.extend_from_slice(b" AS BINARY)");
        }
    }
    Ok(())
}

/// The number that a BIT is. MySQL sends some expressions of them as digits and others as bytes, both as BIT (COALESCE(bits, bits) and IF(c, bits, bits), seen
/// with 9.7): none where it may be either.
fn bits(bytes: &[u8], column: &SpoolColumn) -> Option<u64> {
    let number = bytes.iter().fold(0u64, |number, byte| number << 8 | u64::from(*byte));
    if column.is_column || !are_digits(bytes) {
        return Some(number);
    }
    let is_too_big = column.length < u64::BITS && number >> column.length > 0;
    if bytes.len() as u32 == column.length.div_ceil(8) && !is_too_big {
        return None;
    }
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

fn are_digits(bytes: &[u8]) -> bool {
    bytes.iter().all(u8::is_ascii_digit)
}

fn bit_expression() -> SqlError {
    SqlError::not_supported("an expression of a BIT column as a value that is written; select column + 0")
}

/// A DECIMAL without the zeros at its end, but with that many digits behind the point.
fn without_zeros(bytes: &[u8], least: u8) -> &[u8] {
    let point = bytes.iter().position(|byte| *byte == b'.').unwrap_or(bytes.len());
    let end = bytes.iter().rposition(|byte| *byte != b'0').map_or(0, |last| last + 1);
    let end = end.max(point + 1 + usize::from(least)).min(bytes.len());
    bytes.get(..end).unwrap_or(bytes)
}

/// A value has more digits than it shows, and how many a server would store is not certain.
pub(super) fn hidden() -> SqlError {
    SqlError::not_supported(
        "a quotient or an average that is read before it is written, here: it has more digits than it shows; say how many you want, by \
         CAST(... AS DECIMAL(m, d)) or ROUND(...)",
    )
}

pub(super) fn hex(bytes: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.extend_from_slice(b"x'");
    for byte in bytes {
        out.push(DIGITS[usize::from(byte >> 4)]);
        out.push(DIGITS[usize::from(byte & 15)]);
    }
    out.push(b'\'');
}

pub(super) fn string(bytes: &[u8], quoting: Quoting, out: &mut Vec<u8>) {
    if quoting.introducer && !bytes.is_ascii() {
        out.extend_from_slice(b"_utf8mb4");
    }
    push_string(bytes, quoting.no_backslash_escapes, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(column_type: ColumnType) -> SpoolColumn {
        SpoolColumn {
            column_type,
            charset: BINARY_CHARSET,
            flags: 0,
            decimals: 0,
            length: 10,
            shown: None,
            is_column: false,
        }
    }

    fn literal(value: BinaryValue<'_>, column_type: ColumnType, decimals: u8, stored: &Stored) -> String {
        let charset = if column_type == ColumnType::VAR_STRING { 45 } else { BINARY_CHARSET };
        let column = SpoolColumn { charset, decimals, ..column(column_type) };
        let mut out = Vec::new();
        push(Some(&value), &column, stored, Quoting::default(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_bit_that_may_be_digits_is_refused() {
        let column = SpoolColumn { flags: flag::UNSIGNED | flag::BINARY, ..column(ColumnType::BIT) };
        let value = BinaryValue::Bytes(b"31");
        let refused = push(Some(&value), &column, &Stored::Bit, Quoting::default(), &mut Vec::new());
        assert_eq!(refused.unwrap_err().errno, 1235);
    }

    #[test]
    fn digits_of_bits_are_told_from_bits() {
        let bits = |bytes: &[u8], length, is_column| {
            bits(bytes, &SpoolColumn { length, is_column, ..column(ColumnType::BIT) })
        };
        assert_eq!(bits(b"\x00\x04", 12, false), Some(4));
        assert_eq!(bits(b"4", 12, false), Some(4));
        assert_eq!(bits(b"31", 5, false), Some(31));
        assert_eq!(bits(b"7", 5, false), Some(7));
        assert_eq!(bits(b"4", 8, true), Some(0x34));
        assert_eq!(bits(b"4", 8, false), None);
        assert_eq!(bits(b"12", 16, false), None);
    }

    #[test]
    fn a_decimal_without_digits_is_refused() {
        let column = column(ColumnType::NEWDECIMAL);
        let value = BinaryValue::Bytes(b"\0");
        let refused = push(Some(&value), &column, &Stored::Bit, Quoting::default(), &mut Vec::new());
        assert_eq!(refused.unwrap_err().errno, 1235);
    }

    #[test]
    fn numbers_keep_their_type_and_all_digits() {
        let text = Stored::VarChar { charset: None, collation: None, length: None };
        assert_eq!(literal(BinaryValue::Int(-5), ColumnType::LONG, 0, &Stored::Double), "-5");
        assert_eq!(
            literal(BinaryValue::Float(0.1), ColumnType::FLOAT, 31, &Stored::Float),
            "1.0000000149011612e-1"
        );
        assert_eq!(literal(BinaryValue::Double(1.5), ColumnType::DOUBLE, 31, &text), "1.5e0");
        assert_eq!(literal(BinaryValue::Double(1.5), ColumnType::DOUBLE, 2, &text), "'1.50'");
        assert_eq!(literal(BinaryValue::Bytes(b"1.50"), ColumnType::NEWDECIMAL, 2, &Stored::Double), "1.50");
        assert_eq!(literal(BinaryValue::Bytes(&[1, 2]), ColumnType::BIT, 0, &Stored::Bit), "258");
        assert_eq!(literal(BinaryValue::Bytes(&[1, 2]), ColumnType::BIT, 0, &text), "x'0102'");
    }

    #[test]
    fn hidden_digits_are_written_without_the_zeros_behind_them() {
        let column =
            SpoolColumn { decimals: 30, length: 67, shown: Some(4), ..column(ColumnType::NEWDECIMAL) };
        let written = |digits: &[u8], stored: &Stored| {
            let mut out = Vec::new();
            push(Some(&BinaryValue::Bytes(digits)), &column, stored, Quoting::default(), &mut out)?;
            Ok::<_, SqlError>(String::from_utf8(out).unwrap())
        };
        assert_eq!(written(b"1.333333333000000000000000000000", &Stored::Double).unwrap(), "1.333333333");
        assert_eq!(written(b"-1.500000000000000000000000000000", &Stored::Double).unwrap(), "-1.5000");
        assert_eq!(written(b"1.5", &Stored::Blob).unwrap_err().errno, 1235);
    }

    #[test]
    fn dates_are_texts_where_the_column_reads_them_as_the_same() {
        let date = BinaryValue::Date { year: 2024, month: 2, day: 9 };
        let zero = BinaryValue::Date { year: 0, month: 0, day: 0 };
        let number = Stored::BigInt { unsigned: false };
        assert_eq!(literal(date, ColumnType::DATE, 0, &Stored::Date), "'2024-02-09'");
        assert_eq!(literal(date, ColumnType::DATE, 0, &number), "DATE'2024-02-09'");
        assert_eq!(literal(zero, ColumnType::DATE, 0, &number), "0");
        assert_eq!(literal(zero, ColumnType::DATE, 0, &Stored::Date), "'0000-00-00'");
        let time =
            BinaryValue::Time { negative: true, days: 1, hours: 2, minutes: 3, seconds: 4, micros: 50_000 };
        assert_eq!(literal(time, ColumnType::TIME, 2, &Stored::Time { fsp: 2 }), "'-26:03:04.05'");
        assert_eq!(literal(time, ColumnType::TIME, 2, &number), "TIME'-26:03:04.05'");
    }

    #[test]
    fn bytes_are_hexadecimal_and_texts_are_quoted() {
        assert_eq!(literal(BinaryValue::Bytes(b"\xFF'"), ColumnType::BLOB, 0, &Stored::Blob), "x'FF27'");
        assert_eq!(
            literal(BinaryValue::Bytes(b"12"), ColumnType::BLOB, 0, &Stored::Double),
            "CAST(x'3132' AS BINARY)"
        );
        assert_eq!(
            literal(BinaryValue::Bytes(b"a'\\b"), ColumnType::VAR_STRING, 0, &Stored::Blob),
            "'a''\\\\b'"
        );
    }
}
