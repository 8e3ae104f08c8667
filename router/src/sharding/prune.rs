//! Pruning: from conditions on key columns to the physical tables that can hold a matching row.

use std::borrow::Cow;
use std::ops::Bound;

use crate::value::Value;

/// What a WHERE says of one column, in comparison semantics (`column op literal`, the column's own collation).
///
/// The planner hands in what it can prove; anything else is `Any`. Values are the literals as written: `Placer` converts them to the
/// column's type and widens the condition when the conversion is not exact.
#[derive(Clone, Debug)]
pub enum ColumnCondition<'a> {
    /// Nothing is known.
    Any,
    /// No row matches (`column = NULL`, contradicting conditions).
    Never,
    /// `column IS NULL`, `column <=> NULL`.
    IsNull,
    /// `column = v`, `column IN (v1, v2, ...)`: a NULL among the values matches nothing.
    Points(Cow<'a, [Value<'a>]>),
    /// `<`, `<=`, `>`, `>=`, BETWEEN.
    Range { low: Bound<Value<'a>>, high: Bound<Value<'a>> },
}
