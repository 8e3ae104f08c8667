//! Numbers that a statement's literals and parameters give to HAVING and LIMIT.

use std::cmp::Ordering;

use ostrakon_router::value::Value;

use super::decimal::Decimal;
use super::double;

/// A number of the statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Number(Kind);

#[derive(Clone, Debug, PartialEq)]
enum Kind {
    Null,
    Exact(Decimal),
    Approximate(f64),
}

impl Number {
    pub fn null() -> Self {
        Self(Kind::Null)
    }

    /// A numeric literal as it stands in SQL: `12`, `-.5`, `1e3` (approximate, as in MySQL). `None`: no number.
    pub fn parse(literal: &str) -> Option<Self> {
        let text = literal.trim().as_bytes();
        if let Some(exact) = Decimal::parse(text) {
            return Some(Self(Kind::Exact(exact)));
        }
        double::parse(text).map(|value| Self(Kind::Approximate(value)))
    }

    /// A literal's or parameter's value. `None`: a string, a date or bytes, which MySQL compares by other rules.
    pub fn from_value(value: &Value<'_>) -> Option<Self> {
        match value {
            Value::Null => Some(Self::null()),
            Value::Int(value) => Some(Self::from(*value)),
            Value::UInt(value) => Some(Self::from(*value)),
            Value::Decimal(text) => Decimal::parse(text.as_bytes()).map(|exact| Self(Kind::Exact(exact))),
            Value::Double(value) => Some(Self(Kind::Approximate(*value))),
            _ => None,
        }
    }

    pub(super) fn exact(value: Decimal) -> Self {
        Self(Kind::Exact(value))
    }

    pub(super) fn approximate(value: f64) -> Self {
        Self(Kind::Approximate(value))
    }

    /// The value as a count of rows.
    pub(super) fn to_count(&self) -> Option<u64> {
        match &self.0 {
            Kind::Exact(value) => value.to_u64(),
            Kind::Null | Kind::Approximate(_) => None,
        }
    }

    /// Exact numbers compare exactly; with a double both become doubles, as in MySQL. `None`: NULL on a side.
    pub(super) fn compare(&self, other: &Self) -> Option<Ordering> {
        match (&self.0, &other.0) {
            (Kind::Exact(left), Kind::Exact(right)) => Some(left.compare(right)),
            _ => self.to_f64()?.partial_cmp(&other.to_f64()?),
        }
    }

    fn to_f64(&self) -> Option<f64> {
        match &self.0 {
            Kind::Null => None,
            Kind::Exact(value) => value.to_f64(),
            Kind::Approximate(value) => Some(*value),
        }
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self(Kind::Exact(Decimal::from_int(i128::from(value))))
    }
}

impl From<u64> for Number {
    fn from(value: u64) -> Self {
        Self(Kind::Exact(Decimal::from_int(i128::from(value))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_numbers_compare_exactly_and_doubles_as_doubles() {
        let number = |text| Number::parse(text).unwrap();
        assert_eq!(number("9007199254740993").compare(&number("9007199254740992")), Some(Ordering::Greater));
        assert_eq!(number("9007199254740993").compare(&number("9007199254740992e0")), Some(Ordering::Equal));
        assert_eq!(number("-.5").compare(&number("-0.50")), Some(Ordering::Equal));
        assert_eq!(Number::null().compare(&number("1")), None);
        assert_eq!(Number::parse("x"), None);
    }

    #[test]
    fn only_whole_numbers_from_zero_up_are_counts() {
        assert_eq!(Number::parse("18446744073709551615").unwrap().to_count(), Some(u64::MAX));
        assert_eq!(Number::from(-1_i64).to_count(), None);
        assert_eq!(Number::parse("1e1").unwrap().to_count(), None);
        assert_eq!(Number::null().to_count(), None);
    }

    #[test]
    fn strings_and_dates_are_no_numbers() {
        assert_eq!(Number::from_value(&Value::Text(b"5"[..].into())), None);
        assert_eq!(Number::from_value(&Value::UInt(5)), Some(Number::from(5_u64)));
        assert_eq!(Number::from_value(&Value::Null), Some(Number::null()));
    }
}
