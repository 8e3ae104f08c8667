//! Sort keys: decoded once for each row, compared many times, by the rules of the servers.

use std::cmp::Ordering;
use std::ops::Range;

use ostrakon_router::merge::{ColumnRef, SortKey};

use super::collations::{Collations, PadRule};
use super::error::MergeError;
use super::field::{Class, Field, NOT_FIXED_DECIMALS, RowFormat, field_at};
use super::row::Row;
use super::{decimal, double, temporal};

/// Servers compare only the first `max_sort_length` bytes of a string when they sort (1024 by default), so what differs only
/// behind that may come in any order. Less a few bytes, because lengths are stored there too.
const SORTED_PREFIX: usize = 1000;

/// A key's value in one row. Ranges are in that row's bytes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum KeyValue {
    Null,
    /// Integers and temporal values.
    Int(i128),
    Double(f64),
    Decimal(Range<usize>),
    Bytes(Range<usize>),
    /// Weights of a string, without the collation's name.
    Weight(Range<usize>),
}

/// How one key is read and compared.
#[derive(Clone, Debug)]
struct Key {
    value: usize,
    weight: Option<usize>,
    class: Class,
    descending: bool,
    /// The collation of a string key, known when its first weight has come.
    collation: Option<(Box<[u8]>, PadRule)>,
}

/// The keys of an order.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys {
    keys: Vec<Key>,
}

/// The collation that a weight column's cell is of: it begins with the name and a colon.
pub(super) fn collation_of(cell: &[u8]) -> Option<&[u8]> {
    cell.get(..cell.iter().position(|byte| *byte == b':')?)
}

/// The index of a column.
pub(super) fn column_index(column: ColumnRef, fields: &[Field], visible: usize) -> Result<usize, MergeError> {
    let index = match column {
        ColumnRef::Visible(index) if index < visible => Some(index),
        ColumnRef::Visible(_) => None,
        ColumnRef::Hidden(index) => visible.checked_add(index),
    };
    index
        .filter(|index| *index < fields.len())
        .ok_or(MergeError::Internal("a column that the rows do not have"))
}

impl Keys {
    /// Checks that every key has a rule.
    pub(super) fn new(
        keys: &[SortKey],
        fields: &[Field],
        visible: usize,
        format: RowFormat,
    ) -> Result<Self, MergeError> {
        let key = |key: &SortKey| {
            let value = column_index(key.value, fields, visible)?;
            let weight = key.weight.map(|weight| column_index(weight, fields, visible)).transpose()?;
            let field = field_at(fields, value)?;
            comparable(field, weight.is_some(), format)?;
            Ok::<_, MergeError>(Key {
                value,
                weight,
                class: field.class,
                descending: key.descending,
                collation: None,
            })
        };
        Ok(Self { keys: keys.iter().map(key).collect::<Result<_, _>>()? })
    }

    /// The one key that MIN or MAX of a column compares by.
    ///
    /// They compare ENUM and SET as strings, where ORDER BY takes the number. What they compare is what is printed, so
    /// values that print alike may be taken for equal.
    pub(super) fn of_extreme(
        value: usize,
        weight: Option<usize>,
        fields: &[Field],
    ) -> Result<Self, MergeError> {
        let field = field_at(fields, value)?;
        let class = match field.class {
            Class::Enumeration | Class::Text if weight.is_some() => Class::Text,
            Class::Enumeration | Class::Text => {
                return Err(refusal(field, "a string without its sort weight"));
            }
            Class::Other => return Err(refusal(field, "its type has no rule of comparison here")),
            class => class,
        };
        Ok(Self { keys: vec![Key { value, weight, class, descending: false, collation: None }] })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// All columns that are looked into.
    pub(super) fn columns(&self) -> impl Iterator<Item = usize> {
        self.keys.iter().flat_map(|key| [Some(key.value), key.weight]).flatten()
    }

    /// The weight columns that strings are compared by.
    pub(super) fn weights(&self) -> impl Iterator<Item = usize> {
        self.keys.iter().filter(|key| key.class == Class::Text).filter_map(|key| key.weight)
    }

    /// The keys' values in `row`, into `values`.
    pub(super) fn decode(
        &mut self,
        format: RowFormat,
        fields: &[Field],
        collations: &Collations,
        row: &Row,
        values: &mut Vec<KeyValue>,
    ) -> Result<(), MergeError> {
        values.clear();
        for key in &mut self.keys {
            values.push(key.decode(format, fields, collations, row)?);
        }
        Ok(())
    }

    /// The order of two rows whose `keys` were decoded by these keys.
    pub(super) fn compare(&self, left: &Row, right: &Row) -> Ordering {
        self.compare_values((left, &left.keys), (right, &right.keys))
    }

    pub(super) fn compare_values(&self, left: (&Row, &[KeyValue]), right: (&Row, &[KeyValue])) -> Ordering {
        for (index, key) in self.keys.iter().enumerate() {
            let ordering = key.compare_at(index, left, right);
            if ordering != Ordering::Equal {
                return ordering;
            }
        }
        Ordering::Equal
    }

    /// Whether two rows are equal in some of the keys.
    pub(super) fn equal_in(&self, indices: &[usize], left: &Row, right: &Row) -> bool {
        indices.iter().all(|index| {
            self.keys.get(*index).is_some_and(|key| {
                key.compare_at(*index, (left, &left.keys), (right, &right.keys)) == Ordering::Equal
            })
        })
    }

    /// Whether the first key that differs is a string that differs only behind what servers sort by.
    pub(super) fn differ_late(&self, left: &Row, right: &Row) -> bool {
        let differing = self.keys.iter().enumerate().find(|(index, key)| {
            key.compare_at(*index, (left, &left.keys), (right, &right.keys)) != Ordering::Equal
        });
        let Some((index, _)) = differing else { return false };
        match (left.keys.get(index), right.keys.get(index)) {
            (
                Some(KeyValue::Weight(a) | KeyValue::Bytes(a)),
                Some(KeyValue::Weight(b) | KeyValue::Bytes(b)),
            ) => {
                let (a, b) = (left.at(a), right.at(b));
                a.len() >= SORTED_PREFIX && a.get(..SORTED_PREFIX) == b.get(..SORTED_PREFIX)
            }
            _ => false,
        }
    }

    /// The positions of `wanted` in these keys, by column.
    pub(super) fn positions(
        &self,
        wanted: &[SortKey],
        fields: &[Field],
        visible: usize,
    ) -> Result<Vec<usize>, MergeError> {
        wanted
            .iter()
            .map(|key| {
                let value = column_index(key.value, fields, visible)?;
                self.keys
                    .iter()
                    .position(|known| known.value == value)
                    .filter(|position| *position < wanted.len())
                    .ok_or(MergeError::Internal("rows are not ordered by the group's keys"))
            })
            .collect()
    }

    /// The name of the first key's column, for messages.
    pub(super) fn first_column<'a>(&self, fields: &'a [Field]) -> &'a str {
        self.keys.first().and_then(|key| fields.get(key.value)).map_or("", |field| &field.name)
    }
}

impl Key {
    fn decode(
        &mut self,
        format: RowFormat,
        fields: &[Field],
        collations: &Collations,
        row: &Row,
    ) -> Result<KeyValue, MergeError> {
        let Some(span) = row.span(self.value) else { return Ok(KeyValue::Null) };
        let cell = row.at(&span);
        let decoded = match self.class {
            Class::Int => integer(format, fields, self.value, cell).map(KeyValue::Int),
            Class::Decimal => decimal::is_decimal(cell).then_some(KeyValue::Decimal(span)),
            Class::Float | Class::Double => floating(format, cell).map(KeyValue::Double),
            Class::Moment => temporal::moment(format, cell).map(KeyValue::Int),
            Class::Time => temporal::time(format, cell).map(KeyValue::Int),
            Class::Bytes => Some(KeyValue::Bytes(span)),
            Class::Text => return self.decode_weight(fields, collations, row),
            Class::Null | Class::Enumeration | Class::Other => None,
        };
        decoded.ok_or_else(|| MergeError::Value(self.name(fields)))
    }

    fn decode_weight(
        &mut self,
        fields: &[Field],
        collations: &Collations,
        row: &Row,
    ) -> Result<KeyValue, MergeError> {
        let Some(span) = self.weight.and_then(|weight| row.span(weight)) else {
            return Err(MergeError::unsupported(format_args!(
                "column `{}` has a string that its server gives no sort weight for",
                self.name(fields)
            )));
        };
        let Some(name) = collation_of(row.at(&span)) else {
            return Err(MergeError::Value(self.name(fields)));
        };
        match &self.collation {
            Some((known, _)) if **known == *name => {}
            Some((known, _)) => {
                return Err(MergeError::unsupported(format_args!(
                    "column `{}` has collation {} on one server and {} on another",
                    self.name(fields),
                    String::from_utf8_lossy(known),
                    String::from_utf8_lossy(name)
                )));
            }
            None => {
                let rule = collations.rule(name).cloned().ok_or_else(|| {
                    MergeError::unsupported(format_args!(
                        "sorting or grouping by column `{}` over several physical tables: strings of collation {} cannot be \
                         compared by their weights",
                        self.name(fields),
                        String::from_utf8_lossy(name)
                    ))
                })?;
                self.collation = Some((name.into(), rule));
            }
        }
        Ok(KeyValue::Weight(span.start + name.len() + 1..span.end))
    }

    fn name(&self, fields: &[Field]) -> String {
        fields.get(self.value).map(|field| field.name.clone()).unwrap_or_default()
    }

    /// The order of the values at `index`, the key's own direction included.
    fn compare_at(&self, index: usize, left: (&Row, &[KeyValue]), right: (&Row, &[KeyValue])) -> Ordering {
        let (Some(a), Some(b)) = (left.1.get(index), right.1.get(index)) else { return Ordering::Equal };
        let ordering = match (a, b) {
            (KeyValue::Null, KeyValue::Null) => Ordering::Equal,
            (KeyValue::Null, _) => Ordering::Less,
            (_, KeyValue::Null) => Ordering::Greater,
            (KeyValue::Int(a), KeyValue::Int(b)) => a.cmp(b),
            // No NaN comes this far.
            (KeyValue::Double(a), KeyValue::Double(b)) => a.partial_cmp(b).unwrap_or(Ordering::Equal),
            (KeyValue::Decimal(a), KeyValue::Decimal(b)) => {
                decimal::compare_text(left.0.at(a), right.0.at(b))
            }
            (KeyValue::Bytes(a), KeyValue::Bytes(b)) => left.0.at(a).cmp(right.0.at(b)),
            (KeyValue::Weight(a), KeyValue::Weight(b)) => {
                let rule = self.collation.as_ref().map_or(&PadRule::NoPad, |(_, rule)| rule);
                compare_weights(rule, left.0.at(a), right.0.at(b))
            }
            // A key gives one kind of value only.
            _ => Ordering::Equal,
        };
        if self.descending { ordering.reverse() } else { ordering }
    }
}

/// Whether values of the column have an order that shows in this form of rows.
fn comparable(field: &Field, has_weight: bool, format: RowFormat) -> Result<(), MergeError> {
    let text = format == RowFormat::Text;
    match field.class {
        Class::Text if !has_weight => Err(refusal(field, "a string without its sort weight")),
        Class::Enumeration => Err(refusal(field, "ENUM and SET sort by number (use the column + 0)")),
        Class::Other => Err(refusal(field, "its type has no rule of comparison here")),
        Class::Float if text => {
            Err(refusal(field, "FLOAT is printed with six digits only (use the column + 0e0)"))
        }
        // The digits of a stored value are exact; an expression is rounded only when it is printed.
        Class::Double if text && field.decimals < NOT_FIXED_DECIMALS && !field.stored => {
            Err(refusal(field, "it is rounded when it is printed (use the expression + 0e0)"))
        }
        _ => Ok(()),
    }
}

fn refusal(field: &Field, why: &str) -> MergeError {
    MergeError::unsupported(format_args!(
        "comparing column `{}` over several physical tables: {why}",
        field.name
    ))
}

/// Compares weights; the shorter is continued as the collation pads.
pub(super) fn compare_weights(rule: &PadRule, left: &[u8], right: &[u8]) -> Ordering {
    let common = left.len().min(right.len());
    let ordering = left.get(..common).cmp(&right.get(..common));
    let PadRule::Pad(unit) = rule else { return ordering.then(left.len().cmp(&right.len())) };
    let padded = || unit.iter().cycle();
    ordering.then_with(|| {
        let (left, right) = (left.get(common..).unwrap_or_default(), right.get(common..).unwrap_or_default());
        left.iter().cmp(padded().take(left.len())).then_with(|| padded().take(right.len()).cmp(right.iter()))
    })
}

/// An integer cell.
pub(super) fn integer(format: RowFormat, fields: &[Field], column: usize, cell: &[u8]) -> Option<i128> {
    if format == RowFormat::Text {
        return text_integer(cell);
    }
    let unsigned = fields.get(column)?.wire.unsigned;
    let mut wide = [0; 16];
    wide.get_mut(..cell.len())?.copy_from_slice(cell);
    let value = i128::from_le_bytes(wide);
    let bits = u32::try_from(cell.len() * 8).ok().filter(|bits| (1..=64).contains(bits))?;
    let negative = !unsigned && value >> (bits - 1) != 0;
    Some(if negative { value - (1 << bits) } else { value })
}

/// `[-]digits`, by far most often short ones.
fn text_integer(cell: &[u8]) -> Option<i128> {
    let (negative, digits) = match cell {
        [b'-', digits @ ..] => (true, digits),
        _ => (false, cell),
    };
    if digits.is_empty() || digits.len() > 18 {
        return std::str::from_utf8(cell).ok()?.parse().ok();
    }
    let step = |value: i64, byte: &u8| byte.is_ascii_digit().then(|| value * 10 + i64::from(byte - b'0'));
    let value = i128::from(digits.iter().try_fold(0, step)?);
    Some(if negative { -value } else { value })
}

/// A FLOAT or DOUBLE cell.
pub(super) fn floating(format: RowFormat, cell: &[u8]) -> Option<f64> {
    match (format, cell) {
        (RowFormat::Text, _) => double::parse(cell),
        (RowFormat::Binary, [a, b, c, d]) => Some(f64::from(f32::from_le_bytes([*a, *b, *c, *d]))),
        (RowFormat::Binary, _) => cell.try_into().ok().map(f64::from_le_bytes),
    }
    .filter(|value| value.is_finite())
}
