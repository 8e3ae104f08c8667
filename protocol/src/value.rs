//! Values of the binary protocol: how many bytes a type takes, and what they mean.

use crate::DecodeError;
use crate::column::{ColumnDefinition, ColumnType};
use crate::lenenc::{Reader, write_lenenc_bytes};

/// What decides how the bytes of a value are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ValueType {
    pub column_type: ColumnType,
    pub unsigned: bool,
}

impl ValueType {
    pub const fn new(column_type: ColumnType, unsigned: bool) -> Self {
        Self { column_type, unsigned }
    }

    /// How a value of this type is laid out; an error for types that never travel.
    fn layout(self) -> Result<Layout, DecodeError> {
        Ok(match self.column_type {
            ColumnType::NULL => Layout::Fixed(0),
            ColumnType::TINY => Layout::Fixed(1),
            ColumnType::SHORT | ColumnType::YEAR => Layout::Fixed(2),
            ColumnType::LONG | ColumnType::INT24 | ColumnType::FLOAT => Layout::Fixed(4),
            ColumnType::LONGLONG | ColumnType::DOUBLE => Layout::Fixed(8),
            ColumnType::DATE | ColumnType::DATETIME | ColumnType::TIMESTAMP | ColumnType::TIME => {
                Layout::Temporal
            }
            ColumnType::DECIMAL | ColumnType::VARCHAR | ColumnType::BIT | ColumnType::VECTOR => Layout::Text,
            // JSON, NEWDECIMAL, ENUM, SET, the blobs, the strings, GEOMETRY.
            ColumnType(0xF5..) => Layout::Text,
            ColumnType(other) => return Err(DecodeError::UnknownType(other)),
        })
    }

    /// Whether values of this type are length-encoded byte strings.
    pub fn is_text(self) -> bool {
        self.layout() == Ok(Layout::Text)
    }

    /// The bytes of the next value, without their length prefix.
    pub fn read_raw<'a>(self, reader: &mut Reader<'a>) -> Result<&'a [u8], DecodeError> {
        match self.layout()? {
            Layout::Fixed(length) => reader.bytes(length),
            Layout::Temporal => {
                let length = usize::from(reader.u8()?);
                reader.bytes(length)
            }
            Layout::Text => reader.lenenc_bytes(),
        }
    }

    /// Appends bytes as [`read_raw`](Self::read_raw) gives them, with their length prefix.
    pub fn write_raw(self, raw: &[u8], out: &mut Vec<u8>) -> Result<(), DecodeError> {
        match self.layout()? {
            Layout::Fixed(length) if raw.len() == length => out.extend_from_slice(raw),
            Layout::Temporal if raw.len() <= 12 => {
                out.push(raw.len() as u8);
                out.extend_from_slice(raw);
            }
            Layout::Text => write_lenenc_bytes(out, raw),
            Layout::Fixed(_) | Layout::Temporal => return Err(DecodeError::Malformed("binary value")),
        }
        Ok(())
    }
}

impl From<&ColumnDefinition<'_>> for ValueType {
    fn from(definition: &ColumnDefinition<'_>) -> Self {
        Self::new(definition.column_type, definition.is_unsigned())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    Fixed(usize),
    /// One byte of length, then the parts that are not zero.
    Temporal,
    /// A length-encoded string.
    Text,
}

/// A value of the binary protocol that is not NULL.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum BinaryValue<'a> {
    /// TINY, SHORT, INT24, LONG, LONGLONG, signed.
    Int(i64),
    /// The same unsigned, and YEAR.
    UInt(u64),
    Float(f32),
    Double(f64),
    /// Strings, blobs, decimals as text, BIT, JSON, ENUM, SET, GEOMETRY.
    Bytes(&'a [u8]),
    Date {
        year: u16,
        month: u8,
        day: u8,
    },
    /// DATETIME and TIMESTAMP.
    DateTime {
        year: u16,
        month: u8,
        day: u8,
        hour: u8,
        minute: u8,
        second: u8,
        micros: u32,
    },
    /// A duration; MySQL keeps it within 838:59:59.
    Time {
        negative: bool,
        days: u32,
        hours: u8,
        minutes: u8,
        seconds: u8,
        micros: u32,
    },
}

impl<'a> BinaryValue<'a> {
    /// Decodes bytes as [`ValueType::read_raw`] gives them. Type NULL has no value and is an error.
    pub fn decode(raw: &'a [u8], value_type: ValueType) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(raw);
        let unsigned = value_type.unsigned;
        let value = match value_type.column_type {
            ColumnType::TINY if unsigned => Self::UInt(reader.u8()?.into()),
            ColumnType::TINY => Self::Int((reader.u8()? as i8).into()),
            ColumnType::SHORT if !unsigned => Self::Int((reader.u16()? as i16).into()),
            ColumnType::SHORT | ColumnType::YEAR => Self::UInt(reader.u16()?.into()),
            ColumnType::LONG | ColumnType::INT24 if unsigned => Self::UInt(reader.u32()?.into()),
            ColumnType::LONG | ColumnType::INT24 => Self::Int((reader.u32()? as i32).into()),
            ColumnType::LONGLONG if unsigned => Self::UInt(reader.u64()?),
            ColumnType::LONGLONG => Self::Int(reader.u64()? as i64),
            ColumnType::FLOAT => Self::Float(f32::from_bits(reader.u32()?)),
            ColumnType::DOUBLE => Self::Double(f64::from_bits(reader.u64()?)),
            ColumnType::DATE => {
                let (year, month, day) = date(&mut reader)?;
                clock(&mut reader)?;
                Self::Date { year, month, day }
            }
            ColumnType::DATETIME | ColumnType::TIMESTAMP => {
                let (year, month, day) = date(&mut reader)?;
                let (hour, minute, second, micros) = clock(&mut reader)?;
                Self::DateTime { year, month, day, hour, minute, second, micros }
            }
            ColumnType::TIME => time(&mut reader)?,
            _ if value_type.is_text() => Self::Bytes(reader.rest()),
            ColumnType(other) => return Err(DecodeError::UnknownType(other)),
        };
        if !reader.is_empty() {
            return Err(DecodeError::Malformed("binary value"));
        }
        Ok(value)
    }

    /// Appends the value as `value_type` has it. A value of another kind, or a number that the type cannot hold, is an
    /// error, and nothing is appended.
    pub fn encode(&self, value_type: ValueType, out: &mut Vec<u8>) -> Result<(), DecodeError> {
        let misfit = DecodeError::Malformed("value for its type");
        match (*self, value_type.column_type) {
            (Self::Int(number), _) => write_int(i128::from(number), value_type, out)?,
            (Self::UInt(number), _) => write_int(i128::from(number), value_type, out)?,
            (Self::Float(number), ColumnType::FLOAT) => out.extend_from_slice(&number.to_le_bytes()),
            (Self::Double(number), ColumnType::DOUBLE) => out.extend_from_slice(&number.to_le_bytes()),
            (Self::Bytes(bytes), _) if value_type.is_text() => write_lenenc_bytes(out, bytes),
            (
                Self::Date { year, month, day },
                ColumnType::DATE | ColumnType::DATETIME | ColumnType::TIMESTAMP,
            ) => {
                write_datetime(out, (year, month, day), (0, 0, 0), 0);
            }
            (
                Self::DateTime { year, month, day, hour, minute, second, micros },
                ColumnType::DATETIME | ColumnType::TIMESTAMP,
            ) => write_datetime(out, (year, month, day), (hour, minute, second), micros),
            (Self::Time { negative, days, hours, minutes, seconds, micros }, ColumnType::TIME) => {
                write_time(out, negative, days, [hours, minutes, seconds], micros);
            }
            _ => return Err(misfit),
        }
        Ok(())
    }
}

fn date(reader: &mut Reader) -> Result<(u16, u8, u8), DecodeError> {
    match reader.is_empty() {
        true => Ok((0, 0, 0)),
        false => Ok((reader.u16()?, reader.u8()?, reader.u8()?)),
    }
}

fn clock(reader: &mut Reader) -> Result<(u8, u8, u8, u32), DecodeError> {
    if reader.is_empty() {
        return Ok((0, 0, 0, 0));
    }
    let (hour, minute, second) = (reader.u8()?, reader.u8()?, reader.u8()?);
    let micros = if reader.is_empty() { 0 } else { reader.u32()? };
    Ok((hour, minute, second, micros))
}

fn time<'a>(reader: &mut Reader) -> Result<BinaryValue<'a>, DecodeError> {
    if reader.is_empty() {
        return Ok(BinaryValue::Time {
            negative: false,
            days: 0,
            hours: 0,
            minutes: 0,
            seconds: 0,
            micros: 0,
        });
    }
    let negative = reader.u8()? != 0;
    let days = reader.u32()?;
    let (hours, minutes, seconds, micros) = clock(reader)?;
    Ok(BinaryValue::Time { negative, days, hours, minutes, seconds, micros })
}

/// Writes an integer in the width of its type, if the type can hold it.
fn write_int(number: i128, value_type: ValueType, out: &mut Vec<u8>) -> Result<(), DecodeError> {
    let (width, unsigned) = match value_type.column_type {
        ColumnType::TINY => (1, value_type.unsigned),
        ColumnType::SHORT => (2, value_type.unsigned),
        ColumnType::YEAR => (2, true),
        ColumnType::LONG | ColumnType::INT24 => (4, value_type.unsigned),
        ColumnType::LONGLONG => (8, value_type.unsigned),
        _ => return Err(DecodeError::Malformed("value for its type")),
    };
    let bits = 8 * width as u32;
    let fits = match unsigned {
        true => number >= 0 && number < 1 << bits,
        false => number >= -(1 << (bits - 1)) && number < 1 << (bits - 1),
    };
    if !fits {
        return Err(DecodeError::Malformed("value for its type"));
    }
    out.extend_from_slice(&number.to_le_bytes()[..width]);
    Ok(())
}

/// Writes a date and time without the zero parts at its end, as MySQL does.
fn write_datetime(out: &mut Vec<u8>, date: (u16, u8, u8), clock: (u8, u8, u8), micros: u32) {
    let length = match (date, clock, micros) {
        ((0, 0, 0), (0, 0, 0), 0) => 0,
        (_, (0, 0, 0), 0) => 4,
        (_, _, 0) => 7,
        _ => 11,
    };
    let [year_low, year_high] = date.0.to_le_bytes();
    let [a, b, c, d] = micros.to_le_bytes();
    let all = [year_low, year_high, date.1, date.2, clock.0, clock.1, clock.2, a, b, c, d];
    out.push(length as u8);
    out.extend_from_slice(&all[..length]);
}

fn write_time(out: &mut Vec<u8>, negative: bool, days: u32, clock: [u8; 3], micros: u32) {
    let length = match (days, clock, micros) {
        (0, [0, 0, 0], 0) => 0,
        (_, _, 0) => 8,
        _ => 12,
    };
    out.push(length);
    if length > 0 {
        out.push(u8::from(negative));
        out.extend_from_slice(&days.to_le_bytes());
        out.extend_from_slice(&clock);
    }
    if length > 8 {
        out.extend_from_slice(&micros.to_le_bytes());
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    /// A value with a type that holds it. `Bytes` cannot be owned by a strategy, so text is given beside it.
    pub(crate) fn typed_value() -> impl Strategy<Value = (ValueType, OwnedValue)> {
        let int = |column: ColumnType, bits: u32| {
            prop_oneof![
                any::<i64>().prop_map(move |n| {
                    (ValueType::new(column, false), OwnedValue::Plain(BinaryValue::Int(n >> (64 - bits))))
                }),
                any::<u64>().prop_map(move |n| {
                    (ValueType::new(column, true), OwnedValue::Plain(BinaryValue::UInt(n >> (64 - bits))))
                }),
            ]
        };
        let plain = |column: ColumnType, value: BinaryValue<'static>| {
            (ValueType::new(column, false), OwnedValue::Plain(value))
        };
        prop_oneof![
            int(ColumnType::TINY, 8),
            int(ColumnType::SHORT, 16),
            int(ColumnType::LONG, 32),
            int(ColumnType::INT24, 32),
            int(ColumnType::LONGLONG, 64),
            any::<u16>().prop_map(move |n| plain(ColumnType::YEAR, BinaryValue::UInt(n.into()))),
            (-1e9f32..1e9).prop_map(move |n| plain(ColumnType::FLOAT, BinaryValue::Float(n))),
            (-1e90f64..1e90).prop_map(move |n| plain(ColumnType::DOUBLE, BinaryValue::Double(n))),
            (any::<(u16, u8, u8)>()).prop_map(move |(year, month, day)| {
                plain(ColumnType::DATE, BinaryValue::Date { year, month, day })
            }),
            (any::<(u16, u8, u8)>(), 0u8..3, 0u8..3, 0u8..3, 0u32..3).prop_map(
                move |((year, month, day), hour, minute, second, micros)| {
                    let value = BinaryValue::DateTime { year, month, day, hour, minute, second, micros };
                    plain(ColumnType::DATETIME, value)
                }
            ),
            (any::<bool>(), 0u32..35, 0u8..3, 0u8..3, 0u8..3, 0u32..3).prop_map(
                move |(negative, days, hours, minutes, seconds, micros)| {
                    let zero = (days, hours, minutes, seconds, micros) == (0, 0, 0, 0, 0);
                    let negative = negative && !zero;
                    let value = BinaryValue::Time { negative, days, hours, minutes, seconds, micros };
                    plain(ColumnType::TIME, value)
                }
            ),
            vec(any::<u8>(), 0..300)
                .prop_map(|text| (ValueType::new(ColumnType::VAR_STRING, false), OwnedValue::Text(text))),
        ]
    }

    #[derive(Clone, Debug)]
    pub(crate) enum OwnedValue {
        Plain(BinaryValue<'static>),
        Text(Vec<u8>),
    }

    impl OwnedValue {
        pub(crate) fn value(&self) -> BinaryValue<'_> {
            match self {
                Self::Plain(value) => *value,
                Self::Text(text) => BinaryValue::Bytes(text),
            }
        }
    }

    #[test]
    fn zero_parts_at_the_end_are_not_sent() {
        let moment = |hour, micros| BinaryValue::DateTime {
            year: 2024,
            month: 2,
            day: 29,
            hour,
            minute: 0,
            second: 0,
            micros,
        };
        for (value, length) in [(moment(0, 0), 5), (moment(1, 0), 8), (moment(0, 1), 12)] {
            let mut out = Vec::new();
            value.encode(ValueType::new(ColumnType::DATETIME, false), &mut out).unwrap();
            assert_eq!((out.len(), usize::from(out[0])), (length, length - 1));
        }
    }

    #[test]
    fn a_number_that_does_not_fit_is_refused() {
        let mut out = Vec::new();
        let tiny = ValueType::new(ColumnType::TINY, false);
        assert!(BinaryValue::Int(-128).encode(tiny, &mut out).is_ok());
        for (value, column, unsigned) in [
            (BinaryValue::Int(128), ColumnType::TINY, false),
            (BinaryValue::Int(-1), ColumnType::LONGLONG, true),
            (BinaryValue::UInt(1 << 63), ColumnType::LONGLONG, false),
            (BinaryValue::Double(1.0), ColumnType::FLOAT, false),
            (BinaryValue::Int(1), ColumnType::VAR_STRING, false),
        ] {
            assert!(value.encode(ValueType::new(column, unsigned), &mut out).is_err(), "{value:?}");
        }
        assert_eq!(out, [0x80]);
    }

    #[test]
    fn types_that_never_travel_are_refused() {
        for column in [14, 17, 18, 19, 100, 0xF3, 0xF4] {
            let mut reader = Reader::new(&[0; 20]);
            let refused = ValueType::new(ColumnType(column), false).read_raw(&mut reader);
            assert_eq!(refused, Err(DecodeError::UnknownType(column)));
        }
    }

    proptest! {
        #[test]
        fn values_round_trip((value_type, value) in typed_value()) {
            let mut out = Vec::new();
            value.value().encode(value_type, &mut out).unwrap();
            let mut reader = Reader::new(&out);
            let raw = value_type.read_raw(&mut reader).unwrap();
            prop_assert!(reader.is_empty());
            prop_assert_eq!(BinaryValue::decode(raw, value_type), Ok(value.value()));
            let mut again = Vec::new();
            value_type.write_raw(raw, &mut again).unwrap();
            prop_assert_eq!(again, out);
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..30), column: u8, unsigned: bool) {
            let value_type = ValueType::new(ColumnType(column), unsigned);
            let _ = BinaryValue::decode(&bytes, value_type);
            if let Ok(raw) = value_type.read_raw(&mut Reader::new(&bytes)) {
                let _ = BinaryValue::decode(raw, value_type);
            }
        }
    }
}
