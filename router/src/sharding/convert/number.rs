//! Integers from literals: MySQL's rounding when a value is stored, its numeric comparison when one is compared.

use std::ops::Bound;

use crate::value::Value;

/// Doubles and integers below this agree exactly.
const DOUBLE_EXACT: f64 = 9_007_199_254_740_992.0;

/// What an integer column stores, before its own range is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stored {
    Number(i128),
    /// Beyond any integer column.
    TooBig,
    /// Text that a strict server refuses.
    NotANumber(String),
    /// Text that starts with a number and goes on: a strict server refuses it as truncated.
    Tail,
    /// Servers or modes differ.
    Unknown,
}

/// A value as an integer column stores it: exact numbers and numeric text round half away from zero, doubles half to even.
pub(super) fn stored_integer(value: &Value<'_>) -> Stored {
    match value {
        Value::Int(number) => Stored::Number(i128::from(*number)),
        Value::UInt(number) => Stored::Number(i128::from(*number)),
        Value::Decimal(text) => match Decimal::parse(text) {
            Some(decimal) => decimal.rounded().map_or(Stored::TooBig, Stored::Number),
            None => Stored::Unknown,
        },
        Value::Double(number) if number.is_finite() && number.abs() < DOUBLE_EXACT => {
            Stored::Number(number.round_ties_even() as i128)
        }
        Value::Text(bytes) => {
            let text = String::from_utf8_lossy(bytes);
            match Decimal::parse(text.trim_matches(' ')) {
                Some(decimal) => decimal.rounded().map_or(Stored::TooBig, Stored::Number),
                // `1e2` is a number to the server, with rules of its own.
                None if text.trim().parse::<f64>().is_ok() => Stored::Unknown,
                None if begins_with_number(&text) => Stored::Tail,
                None => Stored::NotANumber(text.chars().take(64).collect()),
            }
        }
        _ => Stored::Unknown,
    }
}

/// True when a server would take some of the text's start as a number.
fn begins_with_number(text: &str) -> bool {
    let text = text.trim_start();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digits = digits.strip_prefix('.').unwrap_or(digits);
    digits.bytes().next().is_some_and(|first| first.is_ascii_digit())
}

/// The only integer that equals the value; `None` when there may be none, or several.
pub(super) fn compared_integer(value: &Value<'_>) -> Option<i128> {
    match value {
        Value::Int(number) => Some(i128::from(*number)),
        Value::UInt(number) => Some(i128::from(*number)),
        Value::Decimal(text) => {
            let decimal = Decimal::parse(text)?;
            decimal.is_whole().then(|| decimal.rounded())?
        }
        Value::Double(number) => whole(*number),
        Value::Text(bytes) => whole(text_double(bytes)?),
        _ => None,
    }
}

/// The smallest integer that may satisfy a lower bound; `None`: unbounded. A bound between two integers is widened to the lower one, because
/// servers differ in how they convert such a constant.
pub(super) fn low_end(bound: &Bound<Value<'_>>) -> Option<i128> {
    match bound {
        Bound::Unbounded => None,
        Bound::Included(value) => Some(around(value)?.0),
        Bound::Excluded(value) => {
            let (below, above) = around(value)?;
            Some(below + i128::from(below == above))
        }
    }
}

/// The largest integer that may satisfy an upper bound; `None`: unbounded.
pub(super) fn high_end(bound: &Bound<Value<'_>>) -> Option<i128> {
    match bound {
        Bound::Unbounded => None,
        Bound::Included(value) => Some(around(value)?.1),
        Bound::Excluded(value) => {
            let (below, above) = around(value)?;
            Some(above - i128::from(below == above))
        }
    }
}

/// The integers at or next to a value, below and above.
fn around(value: &Value<'_>) -> Option<(i128, i128)> {
    match value {
        Value::Int(number) => Some((i128::from(*number), i128::from(*number))),
        Value::UInt(number) => Some((i128::from(*number), i128::from(*number))),
        Value::Decimal(text) => {
            let decimal = Decimal::parse(text)?;
            let cut = decimal.truncated()?;
            Some(match (decimal.is_whole(), decimal.negative) {
                (true, _) => (cut, cut),
                (false, false) => (cut, cut + 1),
                (false, true) => (cut - 1, cut),
            })
        }
        Value::Double(number) => around_double(*number),
        Value::Text(bytes) => around_double(text_double(bytes)?),
        _ => None,
    }
}

fn around_double(number: f64) -> Option<(i128, i128)> {
    let exact = number.is_finite() && number.abs() < DOUBLE_EXACT;
    exact.then(|| (number.floor() as i128, number.ceil() as i128))
}

fn whole(number: f64) -> Option<i128> {
    let (below, above) = around_double(number)?;
    (below == above).then_some(below)
}

/// Text compares with a number as a double. Only plain decimal text: an exponent or a tail is left to the server.
fn text_double(bytes: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(bytes).ok()?;
    Decimal::parse(text)?;
    text.parse().ok()
}

/// Plain decimal text: sign, digits, point, digits.
#[derive(Clone, Copy, Debug)]
struct Decimal<'t> {
    negative: bool,
    whole: &'t str,
    fraction: &'t str,
}

impl<'t> Decimal<'t> {
    fn parse(text: &'t str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        let some = !whole.is_empty() || !fraction.is_empty();
        (some && all_digits(whole) && all_digits(fraction)).then_some(Self { negative, whole, fraction })
    }

    fn is_whole(&self) -> bool {
        self.fraction.bytes().all(|b| b == b'0')
    }

    /// Without its fraction; `None` beyond 128 bits.
    fn truncated(&self) -> Option<i128> {
        let digits = self.whole.trim_start_matches('0');
        // 30 digits are beyond every integer column and within 128 bits with room to add.
        if digits.len() > 30 {
            return None;
        }
        let number = if digits.is_empty() { 0 } else { digits.parse().ok()? };
        Some(if self.negative { -number } else { number })
    }

    /// Half away from zero.
    fn rounded(&self) -> Option<i128> {
        let up = i128::from(self.fraction.bytes().next().is_some_and(|first| first >= b'5'));
        Some(self.truncated()? + if self.negative { -up } else { up })
    }
}
