//! A routing value: a literal or a bound parameter, as far as placement needs it.

use std::borrow::Cow;

/// A value before conversion to its column's type.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    Null,
    Int(i64),
    UInt(u64),
    /// An exact decimal literal, its text (`1.50`, `-3.`), or an integer literal beyond 64 bits.
    Decimal(Cow<'a, str>),
    Double(f64),
    /// Character data: the decoded bytes of a string literal or parameter, in UTF-8.
    Text(Cow<'a, [u8]>),
    /// Hexadecimal or bit literals, BINARY parameters: bytes without a character set.
    Bytes(Cow<'a, [u8]>),
    /// A DATE parameter of the binary protocol.
    Date {
        year: u16,
        month: u8,
        day: u8,
    },
    /// A temporal parameter of the binary protocol or a `DATE '...'` literal.
    DateTime {
        year: u16,
        month: u8,
        day: u8,
        hour: u8,
        minute: u8,
        second: u8,
        micros: u32,
    },
    Time {
        negative: bool,
        hours: u32,
        minute: u8,
        second: u8,
        micros: u32,
    },
    /// DEFAULT in an INSERT.
    Default,
}

/// Appends bytes as a string literal. `no_backslash_escapes`: the SQL mode under which a backslash means itself.
pub fn push_string(bytes: &[u8], no_backslash_escapes: bool, out: &mut Vec<u8>) {
    out.push(b'\'');
    for byte in bytes {
        match byte {
            b'\'' => out.extend_from_slice(b"''"),
            b'\\' if !no_backslash_escapes => out.extend_from_slice(b"\\\\"),
            other => out.push(*other),
        }
    }
    out.push(b'\'');
}
