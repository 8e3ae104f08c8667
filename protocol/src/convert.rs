//! From text to binary: a cell of a text row as the binary protocol has it.
//!
//! Backends are asked in the text protocol where rows are merged, while the client may have executed a prepared statement.
//! Only what a MySQL server writes is understood; anything else is an error, never a guess. A FLOAT cell has the six digits
//! that the server prints, which is less than the binary protocol would have sent.

use crate::DecodeError;
use crate::column::ColumnType;
use crate::value::{BinaryValue, ValueType};

/// Appends the text of a cell that is not NULL as a binary value of `value_type`, with its length prefix where the type
/// has one. Nothing is appended after an error.
pub fn text_to_binary(cell: &[u8], value_type: ValueType, out: &mut Vec<u8>) -> Result<(), DecodeError> {
    let value = match value_type.column_type {
        ColumnType::TINY
        | ColumnType::SHORT
        | ColumnType::LONG
        | ColumnType::INT24
        | ColumnType::LONGLONG
            if !value_type.unsigned =>
        {
            BinaryValue::Int(parse(cell, "integer")?)
        }
        ColumnType::TINY
        | ColumnType::SHORT
        | ColumnType::LONG
        | ColumnType::INT24
        | ColumnType::LONGLONG
        | ColumnType::YEAR => BinaryValue::UInt(parse(cell, "integer")?),
        ColumnType::FLOAT => BinaryValue::Float(finite(parse(cell, "number")?, f32::is_finite)?),
        ColumnType::DOUBLE => BinaryValue::Double(finite(parse(cell, "number")?, f64::is_finite)?),
        ColumnType::DATE => {
            let (year, month, day) = date(cell)?;
            BinaryValue::Date { year, month, day }
        }
        ColumnType::DATETIME | ColumnType::TIMESTAMP => datetime(cell)?,
        ColumnType::TIME => time(cell)?,
        _ => BinaryValue::Bytes(cell),
    };
    value.encode(value_type, out)
}

fn parse<T: std::str::FromStr>(cell: &[u8], what: &'static str) -> Result<T, DecodeError> {
    std::str::from_utf8(cell).ok().and_then(|text| text.parse().ok()).ok_or(DecodeError::Malformed(what))
}

/// Rust's parser takes `inf` and `nan`, and makes infinity of what is too large; MySQL never writes those.
fn finite<T: Copy>(number: T, is_finite: fn(T) -> bool) -> Result<T, DecodeError> {
    if is_finite(number) { Ok(number) } else { Err(DecodeError::Malformed("number")) }
}

/// `YYYY-MM-DD`.
fn date(text: &[u8]) -> Result<(u16, u8, u8), DecodeError> {
    let malformed = DecodeError::Malformed("date");
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1] = *text else {
        return Err(malformed);
    };
    let year = digits(&[y0, y1, y2, y3]).and_then(|year| u16::try_from(year).ok());
    let month = two(m0, m1).filter(|month| *month <= 12);
    let day = two(d0, d1).filter(|day| *day <= 31);
    year.zip(month).zip(day).map(|((year, month), day)| (year, month, day)).ok_or(malformed)
}

/// `YYYY-MM-DD HH:MM:SS[.ffffff]`.
fn datetime<'a>(text: &[u8]) -> Result<BinaryValue<'a>, DecodeError> {
    let malformed = DecodeError::Malformed("date and time");
    let (day_part, rest) = text.split_at_checked(10).ok_or(malformed.clone())?;
    let (year, month, day) = date(day_part)?;
    let Some([b' ', h0, h1, tail @ ..]) = rest.get(..) else {
        return Err(malformed);
    };
    let hour = two(*h0, *h1).filter(|hour| *hour <= 23).ok_or(malformed)?;
    let (minute, second, micros) = minutes(tail)?;
    Ok(BinaryValue::DateTime { year, month, day, hour, minute, second, micros })
}

/// `[-]HH:MM:SS[.ffffff]`, with two or three digits of hours.
fn time<'a>(text: &[u8]) -> Result<BinaryValue<'a>, DecodeError> {
    let malformed = DecodeError::Malformed("time");
    let (negative, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    let colon = text.iter().position(|byte| *byte == b':').ok_or(malformed.clone())?;
    let (hours, tail) = text.split_at(colon);
    if !(2..=3).contains(&hours.len()) {
        return Err(malformed);
    }
    let hours = digits(hours).ok_or(malformed)?;
    let (minutes, seconds, micros) = minutes(tail)?;
    Ok(BinaryValue::Time { negative, days: hours / 24, hours: (hours % 24) as u8, minutes, seconds, micros })
}

/// `:MM:SS[.ffffff]`, with up to six digits of the fraction.
fn minutes(text: &[u8]) -> Result<(u8, u8, u32), DecodeError> {
    let malformed = DecodeError::Malformed("time");
    let [b':', m0, m1, b':', s0, s1, fraction @ ..] = text else {
        return Err(malformed);
    };
    let minute = two(*m0, *m1).filter(|minute| *minute <= 59);
    let second = two(*s0, *s1).filter(|second| *second <= 59);
    let micros = match fraction {
        [] => Some(0),
        [b'.', digits_after @ ..] if (1..=6).contains(&digits_after.len()) => {
            digits(digits_after).map(|value| value * 10u32.pow(6 - digits_after.len() as u32))
        }
        _ => None,
    };
    minute.zip(second).zip(micros).map(|((minute, second), micros)| (minute, second, micros)).ok_or(malformed)
}

fn two(tens: u8, ones: u8) -> Option<u8> {
    digits(&[tens, ones]).map(|value| value as u8)
}

/// At most nine decimal digits.
fn digits(text: &[u8]) -> Option<u32> {
    text.iter().try_fold(0u32, |value, byte| match byte {
        b'0'..=b'9' => value.checked_mul(10)?.checked_add(u32::from(byte - b'0')),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn converted(cell: &str, column: ColumnType, unsigned: bool) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        text_to_binary(cell.as_bytes(), ValueType::new(column, unsigned), &mut out).ok().map(|()| out)
    }

    #[test]
    fn numbers_take_the_width_of_their_type() {
        assert_eq!(converted("-1", ColumnType::TINY, false), Some(vec![0xFF]));
        assert_eq!(converted("00042", ColumnType::LONG, true), Some(vec![42, 0, 0, 0]));
        assert_eq!(converted("18446744073709551615", ColumnType::LONGLONG, true), Some(vec![0xFF; 8]));
        assert_eq!(converted("2024", ColumnType::YEAR, true), Some(vec![0xE8, 7]));
        assert_eq!(converted("1.5", ColumnType::FLOAT, false), Some(1.5f32.to_le_bytes().to_vec()));
        assert_eq!(converted("1e20", ColumnType::DOUBLE, false), Some(1e20f64.to_le_bytes().to_vec()));
        assert_eq!(converted("1.50", ColumnType::NEWDECIMAL, false), Some(b"\x041.50".to_vec()));
    }

    #[test]
    fn dates_and_times_lose_their_zero_end() {
        assert_eq!(converted("2024-02-29", ColumnType::DATE, false), Some(vec![4, 0xE8, 7, 2, 29]));
        assert_eq!(converted("0000-00-00", ColumnType::DATE, false), Some(vec![0]));
        assert_eq!(
            converted("2024-02-29 23:59:58.5", ColumnType::DATETIME, false),
            Some(vec![11, 0xE8, 7, 2, 29, 23, 59, 58, 0x20, 0xA1, 7, 0])
        );
        assert_eq!(
            converted("2024-02-29 00:00:00.000", ColumnType::TIMESTAMP, false),
            Some(vec![4, 0xE8, 7, 2, 29])
        );
        assert_eq!(
            converted("-838:59:59", ColumnType::TIME, false),
            Some(vec![8, 1, 34, 0, 0, 0, 22, 59, 59])
        );
        assert_eq!(converted("00:00:00", ColumnType::TIME, false), Some(vec![0]));
    }

    #[test]
    fn what_a_server_never_writes_is_refused() {
        for (cell, column) in [
            ("128", ColumnType::TINY),
            ("", ColumnType::LONG),
            ("1.0", ColumnType::LONG),
            ("inf", ColumnType::DOUBLE),
            ("1e999", ColumnType::DOUBLE),
            ("1e39", ColumnType::FLOAT),
            ("2024-13-01", ColumnType::DATE),
            ("2024-01-01T00:00:00", ColumnType::DATETIME),
            ("2024-01-01 24:00:00", ColumnType::DATETIME),
            ("2024-01-01 00:00:00.1234567", ColumnType::DATETIME),
            ("1:00:00", ColumnType::TIME),
            ("01:60:00", ColumnType::TIME),
            ("01:00:00.", ColumnType::TIME),
        ] {
            assert_eq!(converted(cell, column, false), None, "{cell} as {column:?}");
        }
        assert_eq!(converted("-1", ColumnType::LONGLONG, true), None);
    }

    proptest! {
        #[test]
        fn integers_convert_exactly(number: i64) {
            prop_assert_eq!(
                converted(&number.to_string(), ColumnType::LONGLONG, false),
                Some(number.to_le_bytes().to_vec())
            );
        }

        #[test]
        fn arbitrary_cells_never_panic_and_leave_nothing_behind(cell in vec(any::<u8>(), 0..30), column: u8) {
            let mut out = Vec::new();
            if text_to_binary(&cell, ValueType::new(ColumnType(column), false), &mut out).is_err() {
                prop_assert!(out.is_empty());
            }
        }

        #[test]
        fn nearly_dates_never_panic(cell in "[-0-9:. ]{0,30}") {
            for column in [ColumnType::DATE, ColumnType::DATETIME, ColumnType::TIME] {
                let _ = converted(&cell, column, false);
            }
        }
    }
}
