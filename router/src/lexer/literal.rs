//! What literals and quoted names mean: escapes undone, numbers read.

use std::borrow::Cow;

use super::{Hole, HoleKind, SqlMode};
use crate::value::Value;

/// The content of a string literal with its quotes: doubled quotes and (unless NO_BACKSLASH_ESCAPES) backslash escapes undone.
/// `\%` and `\_` keep their backslash, as the servers have it.
pub fn decode_string(raw: &[u8], mode: SqlMode) -> Cow<'_, [u8]> {
    let (Some(&quote), Some(body)) = (raw.first(), raw.get(1..raw.len().saturating_sub(1))) else {
        return Cow::Borrowed(&[]);
    };
    let escapes = !mode.no_backslash_escapes;
    if memchr::memchr(quote, body).is_none() && !(escapes && memchr::memchr(b'\\', body).is_some()) {
        return Cow::Borrowed(body);
    }
    let mut out = Vec::with_capacity(body.len());
    let mut bytes = body.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte == quote {
            // The second of a pair follows.
            bytes.next();
            out.push(byte);
        } else if byte == b'\\' && escapes {
            match bytes.next() {
                Some(b'0') => out.push(0),
                Some(b'b') => out.push(8),
                Some(b'n') => out.push(b'\n'),
                Some(b'r') => out.push(b'\r'),
                Some(b't') => out.push(b'\t'),
                Some(b'Z') => out.push(26),
                Some(kept @ (b'%' | b'_')) => out.extend_from_slice(&[b'\\', kept]),
                Some(other) => out.push(other),
                None => {}
            }
        } else {
            out.push(byte);
        }
    }
    Cow::Owned(out)
}

/// The name in an identifier as written: `` `a``b` `` is ``a`b``, `"a""b"` is `a"b`, a bare word is itself.
pub fn decode_identifier(raw: &[u8]) -> Cow<'_, str> {
    match raw.first() {
        Some(&quote @ (b'`' | b'"')) if raw.len() >= 2 => {
            let body = String::from_utf8_lossy(raw.get(1..raw.len() - 1).unwrap_or_default());
            let quote = char::from(quote);
            let doubled: String = [quote, quote].iter().collect();
            if body.contains(&doubled) {
                Cow::Owned(body.replace(&doubled, &quote.to_string()))
            } else {
                body
            }
        }
        _ => String::from_utf8_lossy(raw),
    }
}

/// The value of a literal hole of this text, without the sign that may stand before it and without the introducer's meaning. A
/// parameter's or comment's hole has no value: `Value::Null`.
pub fn hole_value<'a>(text: &'a [u8], hole: &Hole, mode: SqlMode) -> Value<'a> {
    literal_value(text.get(hole.start as usize..hole.end as usize).unwrap_or_default(), hole.kind, mode)
}

/// As `hole_value`, for the literal's own bytes.
pub fn literal_value(raw: &[u8], kind: HoleKind, mode: SqlMode) -> Value<'_> {
    match kind {
        HoleKind::Integer => integer(raw),
        HoleKind::Decimal => Value::Decimal(String::from_utf8_lossy(raw)),
        HoleKind::Float => Value::Double(String::from_utf8_lossy(raw).parse().unwrap_or(f64::INFINITY)),
        HoleKind::String => Value::Text(decode_string(raw, mode)),
        HoleKind::Hex => Value::Bytes(Cow::Owned(hex_bytes(digits(raw)))),
        HoleKind::Bit => Value::Bytes(Cow::Owned(bit_bytes(digits(raw)))),
        HoleKind::Parameter | HoleKind::Comment => Value::Null,
    }
}

fn integer(raw: &[u8]) -> Value<'_> {
    let mut value = 0u64;
    for &digit in raw {
        let next = value.checked_mul(10).and_then(|v| v.checked_add(u64::from(digit.wrapping_sub(b'0'))));
        match next {
            Some(next) => value = next,
            None => return Value::Decimal(String::from_utf8_lossy(raw)),
        }
    }
    i64::try_from(value).map_or(Value::UInt(value), Value::Int)
}

/// Digits of `0xFF`, `x'FF'`, `0b01`, `b'01'`.
fn digits(raw: &[u8]) -> &[u8] {
    let body = raw.get(2..).unwrap_or_default();
    if raw.get(1) == Some(&b'\'') { body.strip_suffix(b"'").unwrap_or(body) } else { body }
}

/// Bytes of hexadecimal digits; an odd number of them has a zero before.
fn hex_bytes(digits: &[u8]) -> Vec<u8> {
    let nibble = |digit: u8| char::from(digit).to_digit(16).unwrap_or(0) as u8;
    let (odd, pairs) = digits.split_at(digits.len() % 2);
    let mut out: Vec<u8> = odd.iter().map(|&digit| nibble(digit)).collect();
    out.extend(pairs.chunks(2).map(|pair| pair.iter().fold(0, |byte, &digit| byte << 4 | nibble(digit))));
    out
}

/// Bytes of binary digits, as few as hold them all; zeros before the first full byte.
fn bit_bytes(digits: &[u8]) -> Vec<u8> {
    let (first, full) = digits.split_at(digits.len() % 8);
    let byte = |bits: &[u8]| bits.iter().fold(0, |byte, &bit| byte << 1 | (bit & 1));
    let mut out = Vec::with_capacity(digits.len() / 8 + 1);
    if !first.is_empty() {
        out.push(byte(first));
    }
    out.extend(full.chunks(8).map(byte));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(raw: &str) -> Vec<u8> {
        decode_string(raw.as_bytes(), SqlMode::default()).into_owned()
    }

    #[test]
    fn escapes_are_undone_as_the_servers_do() {
        assert_eq!(decoded(r"'a\n\r\t\0\b\Z\\\'\x'"), b"a\n\r\t\0\x08\x1a\\'x");
        assert_eq!(decoded(r"'\%\_'"), br"\%\_");
        assert_eq!(decoded("'it''s'"), b"it's");
        assert_eq!(decoded(r#"'a"b'"#), br#"a"b"#);
        assert_eq!(decoded(r#""a""b'c""#), br#"a"b'c"#);
        assert_eq!(decoded("''"), b"");
    }

    #[test]
    fn backslash_is_a_character_without_escapes() {
        let mode = SqlMode { no_backslash_escapes: true, ..SqlMode::default() };
        assert_eq!(decode_string(br"'a\n'", mode).as_ref(), br"a\n");
        assert_eq!(decode_string(b"'a\\''b'", mode).as_ref(), b"a\\'b");
    }

    #[test]
    fn plain_strings_are_borrowed() {
        assert!(matches!(decode_string(b"'abc'", SqlMode::default()), Cow::Borrowed(b"abc")));
    }

    #[test]
    fn identifiers_lose_their_quotes() {
        assert_eq!(decode_identifier(b"`a``b`"), "a`b");
        assert_eq!(decode_identifier(b"\"a\"\"b\""), "a\"b");
        assert_eq!(decode_identifier(b"abc"), "abc");
        assert_eq!(decode_identifier(b"`"), "`");
    }

    #[test]
    fn values_are_read_from_their_holes() {
        let value = |raw: &'static str, kind| literal_value(raw.as_bytes(), kind, SqlMode::default());
        assert_eq!(value("42", HoleKind::Integer), Value::Int(42));
        assert_eq!(value("9223372036854775808", HoleKind::Integer), Value::UInt(1 << 63));
        assert_eq!(
            value("18446744073709551616", HoleKind::Integer),
            Value::Decimal("18446744073709551616".into())
        );
        assert_eq!(value("1.50", HoleKind::Decimal), Value::Decimal("1.50".into()));
        assert_eq!(value("1.5e2", HoleKind::Float), Value::Double(150.0));
        assert_eq!(value("1.e2", HoleKind::Float), Value::Double(100.0));
        assert_eq!(value("0x414", HoleKind::Hex), Value::Bytes(vec![0x04, 0x14].into()));
        assert_eq!(value("x'4142'", HoleKind::Hex), Value::Bytes(b"AB".to_vec().into()));
        assert_eq!(value("b'101000001'", HoleKind::Bit), Value::Bytes(vec![1, 0x41].into()));
        assert_eq!(value("0b1", HoleKind::Bit), Value::Bytes(vec![1].into()));
        assert_eq!(value("x''", HoleKind::Hex), Value::Bytes(Vec::new().into()));
    }
}
