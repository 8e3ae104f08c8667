//! Values of an execution: literals of the new text, or the prepared statement's parameters.

use std::borrow::Cow;

use super::tokens::Tokens;
use crate::lexer::{Hole, HoleKind, SqlMode, TokenKind, hole_value, literal_value};
use crate::value::Value;

/// A value that the plan knows by its place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Operand {
    Null,
    /// A literal: index of its hole.
    Hole {
        hole: usize,
        negative: bool,
    },
    /// A parameter marker: index of its hole, and among the parameters.
    Parameter {
        index: usize,
        negative: bool,
    },
    /// An integer that stays in the template.
    Fixed(i64),
}

impl Operand {
    /// The literal or parameter that starts at this byte; `None` for those whose value needs more than its own text.
    pub fn of(tokens: &Tokens<'_>, start: usize, negative: bool, mode: SqlMode) -> Option<Self> {
        let index = tokens.at_byte(start)?;
        // An introducer or a type name before it, or a second string behind it, changes a literal.
        if tokens.kind(index) == TokenKind::String {
            if index > 0 && tokens.end(index - 1) == start && tokens.kind(index - 1) == TokenKind::Word {
                return None;
            }
            if negative || tokens.kind(index + 1) == TokenKind::String {
                return None;
            }
        }
        if index > 0 && tokens.kind(index - 1) == TokenKind::Word && tokens.bytes(index - 1).starts_with(b"_")
        {
            return None;
        }
        match (tokens.kind(index), tokens.get(index).hole) {
            (TokenKind::Parameter, Some(_)) => {
                Some(Self::Parameter { index: tokens.parameter(index)?, negative })
            }
            (TokenKind::Integer, None) => match literal_value(tokens.bytes(index), HoleKind::Integer, mode) {
                Value::Int(number) => {
                    Some(Self::Fixed(if negative { number.checked_neg()? } else { number }))
                }
                _ => None,
            },
            (TokenKind::Hex | TokenKind::Bit, _) if negative => None,
            (_, Some(hole)) => Some(Self::Hole { hole: hole as usize, negative }),
            _ => None,
        }
    }
}

/// Where an execution's values come from.
#[derive(Clone, Copy)]
pub(crate) struct Values<'v> {
    pub text: &'v [u8],
    pub holes: &'v [Hole],
    pub params: Option<&'v [Value<'v>]>,
    pub mode: SqlMode,
}

impl<'v> Values<'v> {
    /// The value; `None` when it is not known before the server evaluates it.
    pub fn get(&self, operand: Operand) -> Option<Value<'v>> {
        let (value, negative) = match operand {
            Operand::Null => (Value::Null, false),
            Operand::Fixed(number) => (Value::Int(number), false),
            Operand::Hole { hole, negative } => {
                (hole_value(self.text, self.holes.get(hole)?, self.mode), negative)
            }
            Operand::Parameter { index, negative } => (self.params?.get(index)?.clone(), negative),
        };
        if negative { negated(value) } else { Some(value) }
    }

    /// A row count, as LIMIT takes it.
    pub fn count(&self, operand: Operand) -> Option<u64> {
        match self.get(operand)? {
            Value::Int(number) => u64::try_from(number).ok(),
            Value::UInt(number) => Some(number),
            Value::Text(digits) => std::str::from_utf8(&digits).ok()?.parse().ok(),
            _ => None,
        }
    }
}

fn negated(value: Value<'_>) -> Option<Value<'_>> {
    match value {
        Value::Null => Some(Value::Null),
        Value::Int(number) => match number.checked_neg() {
            Some(number) => Some(Value::Int(number)),
            None => Some(Value::Decimal(Cow::Owned("9223372036854775808".into()))),
        },
        Value::UInt(9_223_372_036_854_775_808) => Some(Value::Int(i64::MIN)),
        Value::UInt(number) => Some(Value::Decimal(Cow::Owned(format!("-{number}")))),
        Value::Decimal(text) => Some(Value::Decimal(match text.strip_prefix('-') {
            Some(positive) => Cow::Owned(positive.to_owned()),
            None => Cow::Owned(format!("-{text}")),
        })),
        Value::Double(number) => Some(Value::Double(-number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negation_is_exact_at_the_ends_of_bigint() {
        assert_eq!(negated(Value::UInt(1 << 63)), Some(Value::Int(i64::MIN)));
        assert_eq!(negated(Value::Int(i64::MIN)), Some(Value::Decimal("9223372036854775808".into())));
        assert_eq!(negated(Value::UInt(u64::MAX)), Some(Value::Decimal("-18446744073709551615".into())));
        assert_eq!(negated(Value::Text(b"1"[..].into())), None);
    }
}
