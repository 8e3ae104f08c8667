//! Exact decimals: comparison of their digits, sums, and quotients as MySQL rounds them. No floating point.

use std::cmp::Ordering;

use bigdecimal::num_bigint::{BigInt, Sign};
use bigdecimal::num_traits::Zero;

/// Decimals are kept in words of nine digits by the servers; a quotient is cut to whole words.
const DIGITS_IN_WORD: u32 = 9;
/// Words of one decimal in the servers' arithmetic (`DECIMAL_BUFF_LENGTH`).
const WORDS: u32 = 9;
/// Digits of the longest DECIMAL.
const MAX_DIGITS: u32 = 65;

/// A number with `scale` digits after the point: `unscaled / 10^scale`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Decimal {
    unscaled: BigInt,
    scale: u32,
}

impl Decimal {
    pub(super) fn zero() -> Self {
        Self { unscaled: BigInt::zero(), scale: 0 }
    }

    /// `[+-]digits[.digits]`; `None` for anything else.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let parts = Parts::split(text)?;
        let mut digits = Vec::with_capacity(parts.whole.len() + parts.fraction.len());
        digits.extend(parts.whole.iter().chain(parts.fraction).map(|digit| digit - b'0'));
        let sign = if parts.negative { Sign::Minus } else { Sign::Plus };
        let unscaled =
            if digits.is_empty() { BigInt::zero() } else { BigInt::from_radix_be(sign, &digits, 10)? };
        Some(Self { unscaled, scale: u32::try_from(parts.fraction.len()).ok()? })
    }

    pub(super) fn from_int(value: i128) -> Self {
        Self { unscaled: BigInt::from(value), scale: 0 }
    }

    /// The value when it has no fraction and fits.
    pub(super) fn to_u64(&self) -> Option<u64> {
        let whole = self.scaled(0);
        (Self { unscaled: whole.clone(), scale: 0 }.compare(self) == Ordering::Equal)
            .then(|| u64::try_from(whole).ok())
            .flatten()
    }

    pub(super) fn to_f64(&self) -> Option<f64> {
        self.text(0).parse().ok()
    }

    pub(super) fn add(&mut self, other: &Self) {
        let scale = self.scale.max(other.scale);
        self.unscaled = self.scaled(scale) + other.scaled(scale);
        self.scale = scale;
    }

    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let scale = self.scale.max(other.scale);
        self.scaled(scale).cmp(&other.scaled(scale))
    }

    /// Digits, as the server prints them, with at least `scale` after the point. `None`: more than 65, which no DECIMAL holds.
    pub(super) fn print(&self, scale: u32) -> Option<String> {
        let text = self.text(scale);
        let digits = text.bytes().filter(u8::is_ascii_digit).count();
        // `0.` before a fraction does not count.
        let leading = usize::from(text.trim_start_matches('-').starts_with("0."));
        (digits - leading <= MAX_DIGITS as usize).then_some(text)
    }

    /// `self / count`, as AVG gives it for a column of `scale` decimals.
    ///
    /// The servers divide in words of nine digits, cut there, and only then round half away from zero to `scale`. Where
    /// `scale` is a whole number of words (AVG of a DECIMAL(n,5) has 9 digits) the result is therefore cut, not rounded, and
    /// a negative one can print as `-0.000000000` (both seen on MariaDB 10.11). `None`: more digits than the servers hold.
    pub(super) fn average(&self, count: &Self, scale: u32) -> Option<String> {
        let own = self.scale.next_multiple_of(DIGITS_IN_WORD);
        let increment = scale.saturating_sub(self.scale).saturating_sub(own - self.scale);
        let digits = (own + increment).next_multiple_of(DIGITS_IN_WORD);
        let divisor = count.scaled(0);
        if divisor.is_zero() {
            return None;
        }
        let cut = Self { unscaled: self.scaled(digits) / divisor, scale: digits };
        if decimal_digits(&cut.scaled(0)).div_ceil(DIGITS_IN_WORD) + digits / DIGITS_IN_WORD > WORDS {
            return None;
        }
        if cut.unscaled.is_zero() && digits == scale && self.unscaled.sign() == Sign::Minus {
            return Some(format!("-{}", Self { unscaled: BigInt::zero(), scale }.text(scale)));
        }
        cut.rounded(scale).print(scale)
    }

    /// Half away from zero.
    fn rounded(&self, scale: u32) -> Self {
        if self.scale <= scale {
            return Self { unscaled: self.scaled(scale), scale };
        }
        let unit = power_of_ten(self.scale - scale);
        let half = &unit / 2;
        let moved =
            if self.unscaled.sign() == Sign::Minus { &self.unscaled - half } else { &self.unscaled + half };
        Self { unscaled: moved / unit, scale }
    }

    /// The unscaled value at another scale; digits beyond it are cut.
    fn scaled(&self, scale: u32) -> BigInt {
        match scale.cmp(&self.scale) {
            Ordering::Equal => self.unscaled.clone(),
            Ordering::Greater => &self.unscaled * power_of_ten(scale - self.scale),
            Ordering::Less => &self.unscaled / power_of_ten(self.scale - scale),
        }
    }

    fn text(&self, scale: u32) -> String {
        let scale = self.scale.max(scale);
        let unscaled = self.scaled(scale);
        let sign = if unscaled.sign() == Sign::Minus { "-" } else { "" };
        let width = scale as usize + 1;
        let digits = format!("{:0>width$}", unscaled.magnitude().to_string());
        let (whole, fraction) = digits.split_at(digits.len() - scale as usize);
        if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
    }
}

fn power_of_ten(exponent: u32) -> BigInt {
    BigInt::from(10).pow(exponent)
}

fn decimal_digits(value: &BigInt) -> u32 {
    u32::try_from(value.magnitude().to_string().len()).unwrap_or(u32::MAX)
}

/// A decimal text without leading and trailing zeros.
struct Parts<'a> {
    negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
}

impl<'a> Parts<'a> {
    /// Digits as they stand.
    fn split(text: &'a [u8]) -> Option<Self> {
        let (negative, rest) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            _ => (false, text),
        };
        let point = rest.iter().position(|byte| *byte == b'.').unwrap_or(rest.len());
        let whole = rest.get(..point)?;
        let fraction = rest.get(point + 1..).unwrap_or_default();
        let digits = whole.iter().chain(fraction).all(u8::is_ascii_digit);
        (digits && !(whole.is_empty() && fraction.is_empty())).then_some(Self { negative, whole, fraction })
    }

    /// Without the zeros that do not count; zero is never negative.
    fn stripped(text: &'a [u8]) -> Option<Self> {
        let mut parts = Self::split(text)?;
        while let [b'0', rest @ ..] = parts.whole {
            parts.whole = rest;
        }
        while let [rest @ .., b'0'] = parts.fraction {
            parts.fraction = rest;
        }
        parts.negative &= !(parts.whole.is_empty() && parts.fraction.is_empty());
        Some(parts)
    }
}

/// True for what `compare_text` understands.
pub(super) fn is_decimal(text: &[u8]) -> bool {
    Parts::split(text).is_some()
}

/// Compares two decimal texts by value, without arithmetic. Texts that are no decimals are equal to everything: callers check
/// with `is_decimal` before.
pub(super) fn compare_text(left: &[u8], right: &[u8]) -> Ordering {
    let (Some(left), Some(right)) = (Parts::stripped(left), Parts::stripped(right)) else {
        return Ordering::Equal;
    };
    match (left.negative, right.negative) {
        (false, true) => Ordering::Greater,
        (true, false) => Ordering::Less,
        (false, false) => magnitude(&left, &right),
        (true, true) => magnitude(&right, &left),
    }
}

fn magnitude(left: &Parts<'_>, right: &Parts<'_>) -> Ordering {
    left.whole
        .len()
        .cmp(&right.whole.len())
        .then_with(|| left.whole.cmp(right.whole))
        .then_with(|| left.fraction.cmp(right.fraction))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text.as_bytes()).unwrap()
    }

    fn average(sum: &str, count: i128, scale: u32) -> String {
        decimal(sum).average(&Decimal::from_int(count), scale).unwrap()
    }

    #[test]
    fn texts_compare_by_value() {
        for (left, right, expected) in [
            ("1.50", "1.5", Ordering::Equal),
            ("-0.00", "0", Ordering::Equal),
            ("000012.50", "12.5", Ordering::Equal),
            ("9", "10", Ordering::Less),
            ("-9", "-10", Ordering::Greater),
            ("0.10", "0.9", Ordering::Less),
            (".5", "0.05", Ordering::Greater),
            ("-1", "0.1", Ordering::Less),
            (
                "99999999999999999999999999999999999999999.1",
                "99999999999999999999999999999999999999999.2",
                Ordering::Less,
            ),
        ] {
            assert_eq!(compare_text(left.as_bytes(), right.as_bytes()), expected, "{left} {right}");
            assert_eq!(decimal(left).compare(&decimal(right)), expected, "{left} {right}");
        }
    }

    #[test]
    fn what_is_no_decimal_is_refused() {
        for text in ["", "-", ".", "1e5", "1.2.3", " 1", "0x1", "nan"] {
            assert!(!is_decimal(text.as_bytes()), "{text}");
            assert!(Decimal::parse(text.as_bytes()).is_none(), "{text}");
        }
    }

    /// Recorded from MariaDB 10.11.
    #[test]
    fn averages_round_as_the_server_does() {
        assert_eq!(average("2", 3, 4), "0.6667");
        assert_eq!(average("2.00", 3, 6), "0.666667");
        // Nine digits are one word: cut, not rounded.
        assert_eq!(average("2.00000", 3, 9), "0.666666666");
        assert_eq!(average("2.00000000000000", 3, 18), "0.666666666666666666");
        assert_eq!(average("2.000000000", 3, 13), "0.6666666666667");
        assert_eq!(average("-2.00000", 3, 9), "-0.666666666");
        // div_precision_increment = 9
        assert_eq!(average("2", 3, 9), "0.666666666");
        assert_eq!(average("2.00", 3, 11), "0.66666666667");
        assert_eq!(average("2.00000000000000", 3, 23), "0.66666666666666666666667");
        assert_eq!(average("-1", 30_000, 4), "0.0000");
        assert_eq!(average("-0.00001", 30_000, 9), "-0.000000000");
        assert_eq!(average("0", 7, 4), "0.0000");
    }

    #[test]
    fn halves_round_away_from_zero() {
        assert_eq!(average("1", 8, 2), "0.13");
        assert_eq!(average("-1", 8, 2), "-0.13");
        // With div_precision_increment = 0 nothing is left to round by.
        assert_eq!(average("5", 2, 0), "2");
        assert_eq!(average("5.5", 2, 1), "2.8");
    }

    #[test]
    fn more_digits_than_a_decimal_holds_are_refused() {
        let big = "9".repeat(65);
        assert_eq!(decimal(&big).print(0).as_deref(), Some(big.as_str()));
        let mut sum = decimal(&big);
        sum.add(&Decimal::from_int(1));
        assert_eq!(sum.print(0), None);
        assert_eq!(decimal(&format!("0.{}", "9".repeat(38))).print(0).map(|text| text.len()), Some(40));
    }

    #[test]
    fn whole_numbers_come_out_as_integers() {
        assert_eq!(decimal("12").to_u64(), Some(12));
        assert_eq!(decimal("12.00").to_u64(), Some(12));
        assert_eq!(decimal("12.5").to_u64(), None);
        assert_eq!(decimal("-1").to_u64(), None);
    }

    proptest! {
        #[test]
        fn text_comparison_equals_arithmetic(a in -10_000_i64..10_000, s in 0_u32..4, b in -10_000_i64..10_000, t in 0_u32..4) {
            let left = Decimal { unscaled: a.into(), scale: s };
            let right = Decimal { unscaled: b.into(), scale: t };
            let texts = (left.text(0), right.text(0));
            prop_assert_eq!(compare_text(texts.0.as_bytes(), texts.1.as_bytes()), left.compare(&right));
            prop_assert_eq!(Decimal::parse(texts.0.as_bytes()), Some(left));
        }

        #[test]
        fn sums_do_not_depend_on_order(mut values in proptest::collection::vec((any::<i64>(), 0_u32..10), 1..20)) {
            let total = |values: &[(i64, u32)]| values.iter().fold(Decimal::zero(), |mut sum, (value, scale)| {
                sum.add(&Decimal { unscaled: (*value).into(), scale: *scale });
                sum
            });
            let forward = total(&values);
            values.reverse();
            prop_assert_eq!(forward, total(&values));
        }
    }
}
