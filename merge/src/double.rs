//! Doubles as the servers print them in the text protocol.

/// Digits before the point from which on the exponent form is used, and zeros after it.
const FIXED_FORM_DIGITS: i32 = 15;

/// The text of a double. `decimals` below 31: that many digits after the point. Otherwise the shortest digits that read back
/// as the same double, in the exponent form from 1e15 on and below 1e-15 (`my_gcvt`; checked against MariaDB 10.11).
pub(super) fn print(value: f64, decimals: u8) -> String {
    if decimals < super::field::NOT_FIXED_DECIMALS {
        return format!("{value:.*}", usize::from(decimals));
    }
    let text = format!("{value:e}");
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let point = exponent.parse::<i32>().unwrap_or(0) + 1;
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
    // Digits behind the point keep a number of 16 whole digits in the fixed form.
    let has_fraction = usize::try_from(point).is_ok_and(|point| point < digits);
    if has_fraction || (1 - FIXED_FORM_DIGITS..=FIXED_FORM_DIGITS).contains(&point) {
        format!("{value}")
    } else {
        format!("{mantissa}e{exponent}")
    }
}

/// A finite number; the forms `inf` and `nan`, which Rust reads, are none.
pub(super) fn parse(text: &[u8]) -> Option<f64> {
    std::str::from_utf8(text).ok()?.parse().ok().filter(|value: &f64| value.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_print_as_the_server_prints_them() {
        for text in include_str!("vectors/doubles.txt").lines() {
            assert_eq!(print(parse(text.as_bytes()).unwrap(), 31), text);
        }
    }

    #[test]
    fn fixed_decimals_are_kept() {
        assert_eq!(print(10_000_000.0, 2), "10000000.00");
        assert_eq!(print(-0.001, 2), "-0.00");
        assert_eq!(print(2.0 / 3.0, 6), "0.666667");
    }

    #[test]
    fn infinities_are_no_numbers() {
        assert_eq!(parse(b"inf"), None);
        assert_eq!(parse(b"nan"), None);
        assert_eq!(parse(b"1e400"), None);
        assert_eq!(parse(b"-1.5e3"), Some(-1500.0));
    }
}
