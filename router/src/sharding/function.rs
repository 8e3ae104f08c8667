//! Sharding functions: from a key to the number that the layout divides. `tests/data/placement.csv` decides what they give.

mod date;
mod integer;
mod text;

use ostrakon_catalog::rule::ShardFunction;

use super::key::{Key, KeyType};
use crate::RouterError;

pub use date::period_suffix;

/// HASH of a NULL string: DRDS hashes the text "0".
const NULL_TEXT_HASH: u64 = 48;

/// The non-negative number for a key: abs(hash) for the hash functions, the period for the date functions.
///
/// For RANGE_HASH give the column that decides (the first one, or the second where the first is not known).
///
/// Errors: 1235 for a key that the function cannot place: a key of another type, STR_HASH's integer form on text that is no integer, a
/// RANGE_HASH tail above 2^63-1, and the NOLOOP forms, which have no number.
pub fn hash(function: &ShardFunction, key_type: KeyType, key: &Key<'_>) -> Result<u64, RouterError> {
    match key {
        Key::Null => Ok(null_hash(function, key_type)),
        Key::Int(value) => integer_hash(function, key_type, *value),
        Key::Text(text) => text_hash(function, text),
        Key::Date(date) => date::period(function, *date).ok_or_else(|| unplaceable(function, "a date")),
    }
}

fn null_hash(function: &ShardFunction, key_type: KeyType) -> u64 {
    match (function, key_type) {
        (ShardFunction::Hash, KeyType::Text) => NULL_TEXT_HASH,
        _ => 0,
    }
}

fn integer_hash(function: &ShardFunction, key_type: KeyType, value: i128) -> Result<u64, RouterError> {
    match function {
        ShardFunction::Hash => Ok(integer::hash(value)),
        ShardFunction::UniHash => {
            let wide = matches!(key_type, KeyType::Integer { wide: true, .. });
            Ok(integer::uni_hash(value, wide))
        }
        ShardFunction::RightShift { shift } => Ok(integer::right_shift(value, *shift)),
        ShardFunction::RangeHash { tail } | ShardFunction::RangeHash1 { tail } => integer::tail(value, *tail)
            .ok_or_else(|| unplaceable(function, "a number whose tail passes 2^63-1")),
        _ => Err(unplaceable(function, "an integer")),
    }
}

fn text_hash(function: &ShardFunction, text: &str) -> Result<u64, RouterError> {
    match *function {
        ShardFunction::Hash | ShardFunction::UniHash => Ok(text::hash(text)),
        ShardFunction::StrHash { start, end, value_type: 0, seed } => {
            Ok(text::part_hash(text, start, end, seed))
        }
        ShardFunction::StrHash { start, end, .. } => text::part_number(text, start, end)
            .ok_or_else(|| unplaceable(function, "text that is not an integer")),
        ShardFunction::RangeHash { tail } | ShardFunction::RangeHash1 { tail } => {
            Ok(text::tail_hash(text, tail))
        }
        _ => Err(unplaceable(function, "text")),
    }
}

fn unplaceable(function: &ShardFunction, what: &str) -> RouterError {
    RouterError::not_supported(format_args!("{} cannot place {what}", name(function)))
}

/// The function's name as DDL writes it.
pub fn name(function: &ShardFunction) -> &'static str {
    match function {
        ShardFunction::Hash => "HASH",
        ShardFunction::UniHash => "UNI_HASH",
        ShardFunction::StrHash { .. } => "STR_HASH",
        ShardFunction::RightShift { .. } => "RIGHT_SHIFT",
        ShardFunction::RangeHash { .. } => "RANGE_HASH",
        ShardFunction::RangeHash1 { .. } => "RANGE_HASH1",
        ShardFunction::Mm => "MM",
        ShardFunction::Dd => "DD",
        ShardFunction::Week => "WEEK",
        ShardFunction::Mmdd => "MMDD",
        ShardFunction::Yyyymm => "YYYYMM",
        ShardFunction::Yyyyweek => "YYYYWEEK",
        ShardFunction::Yyyydd => "YYYYDD",
        ShardFunction::YyyymmOpt => "YYYYMM_OPT",
        ShardFunction::YyyyweekOpt => "YYYYWEEK_OPT",
        ShardFunction::YyyyddOpt => "YYYYDD_OPT",
        ShardFunction::YyyymmNoloop { .. } => "YYYYMM_NOLOOP",
        ShardFunction::YyyyweekNoloop { .. } => "YYYYWEEK_NOLOOP",
        ShardFunction::YyyyddNoloop { .. } => "YYYYDD_NOLOOP",
    }
}
