//! Numeric literals, as the servers' lexer reads them: `1a` is a name, `1e5` a float, `1.` a decimal, `0x1` hexadecimal.

use super::HoleKind;
use super::run::{is_ident, word_end};

/// Reads what starts with the digit at `at`; `None` as kind: it is a name.
#[inline(always)]
pub(super) fn number(text: &[u8], at: usize) -> (Option<HoleKind>, usize) {
    if text.get(at) == Some(&b'0')
        && let Some(found) = prefixed(text, at)
    {
        return found;
    }
    let end = digits_end(text, at);
    match text.get(end) {
        Some(b'.') => {
            let (kind, end) = fraction(text, end);
            (Some(kind), end)
        }
        Some(b'e' | b'E') => match exponent_end(text, end) {
            Some(end) => (Some(HoleKind::Float), end),
            None => (None, word_end(text, end)),
        },
        _ if is_ident(text, end) => (None, word_end(text, end)),
        _ => (Some(HoleKind::Integer), end),
    }
}

/// `0xFF`, `0b01`: lower-case prefix only, and no letter may follow.
fn prefixed(text: &[u8], at: usize) -> Option<(Option<HoleKind>, usize)> {
    let (kind, accepts): (HoleKind, fn(&u8) -> bool) = match text.get(at + 1)? {
        b'x' => (HoleKind::Hex, u8::is_ascii_hexdigit),
        b'b' => (HoleKind::Bit, is_bit),
        _ => return None,
    };
    let digits = text.get(at + 2..)?.iter().take_while(|&b| accepts(b)).count();
    let end = at + 2 + digits;
    if digits == 0 || is_ident(text, end) {
        return Some((None, word_end(text, end)));
    }
    Some((Some(kind), end))
}

fn is_bit(byte: &u8) -> bool {
    matches!(byte, b'0' | b'1')
}

/// A fraction that starts with the dot at `at`, with its exponent.
#[inline(always)]
pub(super) fn fraction(text: &[u8], at: usize) -> (HoleKind, usize) {
    let end = digits_end(text, at + 1);
    match exponent_end(text, end) {
        Some(end) => (HoleKind::Float, end),
        None => (HoleKind::Decimal, end),
    }
}

/// End of `e5`, `E+5`, `e-5` at `at`, if it has a digit.
#[inline(always)]
fn exponent_end(text: &[u8], at: usize) -> Option<usize> {
    if !matches!(text.get(at), Some(b'e' | b'E')) {
        return None;
    }
    let first = if matches!(text.get(at + 1), Some(b'+' | b'-')) { at + 2 } else { at + 1 };
    let end = digits_end(text, first);
    (end > first).then_some(end)
}

#[inline(always)]
fn digits_end(text: &[u8], mut at: usize) -> usize {
    while text.get(at).is_some_and(u8::is_ascii_digit) {
        at += 1;
    }
    at
}

/// End of `x'FF'` or `b'01'` at `at`; `None` when a digit is wrong, the quote is not closed or a hexadecimal digit is missing.
pub(super) fn quoted_digits(text: &[u8], at: usize, kind: HoleKind) -> Option<usize> {
    let rest = text.get(at + 2..)?;
    let length = memchr::memchr(b'\'', rest)?;
    let digits = rest.get(..length)?;
    let valid = match kind {
        HoleKind::Hex => length % 2 == 0 && digits.iter().all(u8::is_ascii_hexdigit),
        _ => digits.iter().all(is_bit),
    };
    valid.then_some(at + 2 + length + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_the_servers_read_them() {
        use HoleKind::*;
        for (text, kind, length) in [
            ("1", Some(Integer), 1),
            ("12)", Some(Integer), 2),
            ("1a", None, 2),
            ("1_", None, 2),
            ("1.", Some(Decimal), 2),
            ("1.5", Some(Decimal), 3),
            ("1.a", Some(Decimal), 2),
            ("1..5", Some(Decimal), 2),
            ("1e5", Some(Float), 3),
            ("1E+5", Some(Float), 4),
            ("1.5e-3", Some(Float), 6),
            ("1.e5", Some(Float), 4),
            ("1e5a", Some(Float), 3),
            ("1e", None, 2),
            ("1e+", None, 2),
            ("1ea", None, 3),
            ("1.5e", Some(Decimal), 3),
            ("0x1F", Some(Hex), 4),
            ("0x1G", None, 4),
            ("0x", None, 2),
            ("0X1", None, 3),
            ("0b01", Some(Bit), 4),
            ("0b02", None, 4),
            ("00", Some(Integer), 2),
        ] {
            assert_eq!(number(text.as_bytes(), 0), (kind, length), "{text}");
        }
    }

    #[test]
    fn quoted_digits_must_be_complete() {
        assert_eq!(quoted_digits(b"x'4142'", 0, HoleKind::Hex), Some(7));
        assert_eq!(quoted_digits(b"x'414'", 0, HoleKind::Hex), None);
        assert_eq!(quoted_digits(b"b'01'", 0, HoleKind::Bit), Some(5));
        assert_eq!(quoted_digits(b"b'012'", 0, HoleKind::Bit), None);
        assert_eq!(quoted_digits(b"x'", 0, HoleKind::Hex), None);
    }
}
