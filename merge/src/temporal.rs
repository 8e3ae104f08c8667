//! Temporal cells as numbers that sort as the server sorts them: zero dates, negative times, any number of fraction digits.

use super::field::RowFormat;

/// Digits `YYYYMMDDhhmmss` and six of microseconds, as one number. `None`: not a date.
pub(super) fn moment(format: RowFormat, cell: &[u8]) -> Option<i128> {
    match format {
        RowFormat::Text => text_moment(cell),
        RowFormat::Binary => binary_moment(cell),
    }
}

/// A TIME in microseconds. `None`: not a time.
pub(super) fn time(format: RowFormat, cell: &[u8]) -> Option<i128> {
    match format {
        RowFormat::Text => text_time(cell),
        RowFormat::Binary => binary_time(cell),
    }
}

/// `YYYY-MM-DD`, `YYYY-MM-DD hh:mm:ss`, and a fraction.
fn text_moment(cell: &[u8]) -> Option<i128> {
    let date = cell.get(..10)?;
    let (year, month, day) = match date {
        [year @ .., b'-', m1, m2, b'-', d1, d2] => {
            (digits(year)?, digits(&[*m1, *m2])?, digits(&[*d1, *d2])?)
        }
        _ => return None,
    };
    let date = (year * 100 + month) * 100 + day;
    let rest = cell.get(10..)?;
    let (clock, micros) = match rest {
        [] => (0, 0),
        [b' ' | b'T', h1, h2, b':', m1, m2, b':', s1, s2, rest @ ..] => {
            (digits(&[*h1, *h2, *m1, *m2, *s1, *s2])?, fraction(rest)?)
        }
        _ => return None,
    };
    Some((date * 1_000_000 + clock) * 1_000_000 + micros)
}

/// Nothing (the zero date), year month day, hour minute second, microseconds.
fn binary_moment(cell: &[u8]) -> Option<i128> {
    if cell.is_empty() {
        return Some(0);
    }
    let [y1, y2, month, day, rest @ ..] = cell else { return None };
    let year = i128::from(u16::from_le_bytes([*y1, *y2]));
    let date = (year * 100 + i128::from(*month)) * 100 + i128::from(*day);
    let (clock, micros) = match rest {
        [] => (0, 0),
        [hour, minute, second] => (clock(*hour, *minute, *second), 0),
        [hour, minute, second, a, b, c, d] => {
            (clock(*hour, *minute, *second), i128::from(u32::from_le_bytes([*a, *b, *c, *d])))
        }
        _ => return None,
    };
    Some((date * 1_000_000 + clock) * 1_000_000 + micros)
}

fn clock(hour: u8, minute: u8, second: u8) -> i128 {
    (i128::from(hour) * 100 + i128::from(minute)) * 100 + i128::from(second)
}

/// `[-]hh:mm:ss` with two or more digits of hours, and a fraction.
fn text_time(cell: &[u8]) -> Option<i128> {
    let (negative, rest) = match cell {
        [b'-', rest @ ..] => (true, rest),
        _ => (false, cell),
    };
    let colon = rest.iter().position(|byte| *byte == b':')?;
    let hours = digits(rest.get(..colon)?)?;
    let [b':', m1, m2, b':', s1, s2, tail @ ..] = rest.get(colon..)? else { return None };
    let seconds = (hours * 60 + digits(&[*m1, *m2])?) * 60 + digits(&[*s1, *s2])?;
    signed(negative, seconds * 1_000_000 + fraction(tail)?)
}

/// Nothing (zero), sign days hour minute second, microseconds.
fn binary_time(cell: &[u8]) -> Option<i128> {
    let (head, micros) = match cell {
        [] => return Some(0),
        [head @ .., a, b, c, d] if head.len() == 8 => (head, u32::from_le_bytes([*a, *b, *c, *d])),
        head => (head, 0),
    };
    let [sign, a, b, c, d, hour, minute, second] = head else { return None };
    let hours = i128::from(u32::from_le_bytes([*a, *b, *c, *d])) * 24 + i128::from(*hour);
    let seconds = (hours * 60 + i128::from(*minute)) * 60 + i128::from(*second);
    signed(*sign != 0, seconds * 1_000_000 + i128::from(micros))
}

fn signed(negative: bool, value: i128) -> Option<i128> {
    Some(if negative { -value } else { value })
}

/// `.` and one to six digits, as microseconds; nothing is 0.
fn fraction(text: &[u8]) -> Option<i128> {
    match text {
        [] => Some(0),
        [b'.', digits_of @ ..] if (1..=6).contains(&digits_of.len()) => {
            let missing = u32::try_from(6 - digits_of.len()).ok()?;
            Some(digits(digits_of)? * 10_i128.pow(missing))
        }
        _ => None,
    }
}

/// One to eighteen digits.
fn digits(text: &[u8]) -> Option<i128> {
    if text.is_empty() || text.len() > 18 {
        return None;
    }
    text.iter().try_fold(0, |value, byte| byte.is_ascii_digit().then(|| value * 10 + i128::from(byte - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text_moments(values: &[&str]) -> Vec<i128> {
        values.iter().map(|text| moment(RowFormat::Text, text.as_bytes()).unwrap()).collect()
    }

    #[test]
    fn moments_sort_by_time_with_and_without_fraction() {
        let values = text_moments(&[
            "0000-00-00",
            "0000-00-00 00:00:01",
            "1000-01-01",
            "2024-00-15",
            "2024-01-01 00:00:00",
            "2024-01-01 00:00:00.000001",
            "2024-01-01 00:00:00.1",
            "2024-01-01 00:00:01",
            "9999-12-31 23:59:59.999999",
        ]);
        assert!(values.windows(2).all(|pair| pair[0] < pair[1]), "{values:?}");
        assert_eq!(text_moments(&["2024-01-01"]), text_moments(&["2024-01-01 00:00:00.000"]));
    }

    #[test]
    fn times_sort_with_sign_and_long_hours() {
        let values: Vec<i128> = [
            "-838:59:59.999999",
            "-100:00:00",
            "-99:00:00",
            "-00:00:00.5",
            "00:00:00",
            "00:00:00.25",
            "99:59:59",
            "838:59:59",
        ]
        .iter()
        .map(|text| time(RowFormat::Text, text.as_bytes()).unwrap())
        .collect();
        assert!(values.windows(2).all(|pair| pair[0] < pair[1]), "{values:?}");
    }

    #[test]
    fn binary_and_text_forms_give_the_same_number() {
        let binary = [0xE8, 0x07, 2, 29, 23, 59, 58, 0x40, 0xE2, 0x01, 0];
        assert_eq!(
            moment(RowFormat::Binary, &binary),
            moment(RowFormat::Text, b"2024-02-29 23:59:58.123456")
        );
        assert_eq!(moment(RowFormat::Binary, &binary[..4]), moment(RowFormat::Text, b"2024-02-29"));
        assert_eq!(moment(RowFormat::Binary, &[]), moment(RowFormat::Text, b"0000-00-00 00:00:00"));
        let binary = [1, 34, 0, 0, 0, 22, 59, 59, 0x40, 0xE2, 0x01, 0];
        assert_eq!(time(RowFormat::Binary, &binary), time(RowFormat::Text, b"-838:59:59.123456"));
        assert_eq!(time(RowFormat::Binary, &binary[..8]), time(RowFormat::Text, b"-838:59:59"));
        assert_eq!(time(RowFormat::Binary, &[]), Some(0));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "2024-1-01",
            "2024-01-01 00:00",
            "2024-01-01 00:00:00.",
            "20a4-01-01",
            "2024-01-01 00:00:00.1234567",
        ] {
            assert_eq!(moment(RowFormat::Text, text.as_bytes()), None, "{text}");
        }
        for text in ["", "-", "12", "12:00", "12:00:0", "x:00:00", ":00:00"] {
            assert_eq!(time(RowFormat::Text, text.as_bytes()), None, "{text}");
        }
        assert_eq!(moment(RowFormat::Binary, &[1, 2, 3]), None);
        assert_eq!(time(RowFormat::Binary, &[1, 2, 3]), None);
    }
}
