//! HASH, UNI_HASH, STR_HASH and RANGE_HASH of text: Java's string hash over UTF-16 code units.

/// Java's `String.hashCode`, absolute.
pub(super) fn hash(text: &str) -> u64 {
    polynomial(text.encode_utf16(), 31)
}

/// STR_HASH with value type 0: the polynomial hash of a part of the text, with a seed.
pub(super) fn part_hash(text: &str, start: i32, end: i32, seed: u32) -> u64 {
    let units: Vec<u16> = text.encode_utf16().collect();
    polynomial(part(&units, start, end).iter().copied(), seed as i32)
}

/// STR_HASH with value type 1: a part of the text as an integer, its low 64 bits taken as signed, absolute. Empty is 0; `None` when the
/// part is no integer.
pub(super) fn part_number(text: &str, start: i32, end: i32) -> Option<u64> {
    let units: Vec<u16> = text.encode_utf16().collect();
    let part = part(&units, start, end);
    if part.is_empty() {
        return Some(0);
    }
    let (negative, digits) = match (part.first().copied(), part.get(1..)) {
        (Some(sign), Some(rest)) if sign == u16::from(b'-') => (true, rest),
        (Some(sign), Some(rest)) if sign == u16::from(b'+') => (false, rest),
        _ => (false, part),
    };
    if digits.is_empty() {
        return None;
    }
    let mut number = 0_u64;
    for unit in digits {
        number = number.wrapping_mul(10).wrapping_add(digit(*unit)?);
    }
    let low = if negative { number.wrapping_neg() } else { number } as i64;
    Some(low.unsigned_abs())
}

/// RANGE_HASH: the hash of the last `tail` units, of all when the text is shorter. A cut may split a surrogate pair, as in Java.
pub(super) fn tail_hash(text: &str, tail: u32) -> u64 {
    let units: Vec<u16> = text.encode_utf16().collect();
    let skip = units.len().saturating_sub(tail as usize);
    polynomial(units.into_iter().skip(skip), 31)
}

fn polynomial(units: impl Iterator<Item = u16>, seed: i32) -> u64 {
    let hash = units.fold(0_i32, |hash, unit| hash.wrapping_mul(seed).wrapping_add(i32::from(unit)));
    u64::from(hash.unsigned_abs())
}

/// (-1,-1) all; (m,-1) the first m; (-1,m) the last m; (j,k) from j up to k, cut to the length.
fn part(units: &[u16], start: i32, end: i32) -> &[u16] {
    let length = units.len();
    let clamp = |n: i32| usize::try_from(n).unwrap_or(0).min(length);
    let range = match (start, end) {
        (-1, -1) => 0..length,
        (first, -1) => 0..clamp(first),
        (-1, last) => length - clamp(last)..length,
        (from, to) => clamp(from)..clamp(to),
    };
    units.get(range).unwrap_or(&[])
}

/// ASCII and full-width digits; other scripts' digits, which Java also takes, are refused.
fn digit(unit: u16) -> Option<u64> {
    match unit {
        0x30..=0x39 => Some(u64::from(unit - 0x30)),
        0xFF10..=0xFF19 => Some(u64::from(unit - 0xFF10)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_hash_does_not_stay_negative() {
        assert_eq!(hash("polygenelubricants"), 1 << 31);
    }

    #[test]
    fn parts_are_cut_to_the_text() {
        let units: Vec<u16> = "abcdef".encode_utf16().collect();
        let text = |start, end| String::from_utf16_lossy(part(&units, start, end));
        assert_eq!(text(-1, -1), "abcdef");
        assert_eq!(text(2, -1), "ab");
        assert_eq!(text(-1, 2), "ef");
        assert_eq!(text(-1, 9), "abcdef");
        assert_eq!(text(4, 9), "ef");
        assert_eq!(text(7, 9), "");
    }

    #[test]
    fn integers_in_text_wrap_at_64_bits() {
        assert_eq!(part_number("18446744073709551615", -1, -1), Some(1));
        assert_eq!(part_number("-5", -1, -1), Some(5));
        assert_eq!(part_number("1x", -1, -1), None);
        assert_eq!(part_number("-", -1, -1), None);
        assert_eq!(part_number("", -1, -1), Some(0));
    }
}
