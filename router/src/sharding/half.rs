//! One clause of a rule, bound to its key columns: rows to hashes, conditions to the hashes that matching rows can have.

use ostrakon_catalog::column::ColumnType;
use ostrakon_catalog::rule::{Partition, ShardFunction};

use super::convert::{Comparison, KeyColumn, KeyRange};
use super::function::{self, hash};
use super::key::{Date, Key, KeyType};
use super::prune::ColumnCondition;
use crate::RouterError;
use crate::value::Value;

/// Years that a date range may span and still be enumerated.
const RANGE_YEARS_MAX: u16 = 10;

/// DBPARTITION BY or TBPARTITION BY of one table.
#[derive(Clone, Debug)]
pub(crate) struct Half {
    pub function: ShardFunction,
    /// Positions in the placer's key columns: one, or RANGE_HASH's two.
    pub columns: Vec<usize>,
}

/// The hashes that rows can have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hashes {
    All,
    Some(Vec<u64>),
}

/// What a point condition says of a half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HalfPoint {
    Hash(u64),
    Nothing,
    Unknown,
}

impl Half {
    /// Binds a clause; new key columns are added to `keys`.
    ///
    /// Errors: 1235 when `find` has no such column or the clause has the wrong number of them.
    pub fn new(
        partition: &Partition,
        keys: &mut Vec<KeyColumn>,
        find: &dyn Fn(&str) -> Result<KeyColumn, RouterError>,
    ) -> Result<Self, RouterError> {
        let wanted = if is_range_hash(&partition.function) { 2 } else { 1 };
        if partition.columns.len() != wanted {
            let name = function::name(&partition.function);
            return Err(RouterError::not_supported(format_args!(
                "{name} of {} columns",
                partition.columns.len()
            )));
        }
        let mut columns = Vec::with_capacity(wanted);
        for name in &partition.columns {
            let key = find(name)?;
            let position = keys.iter().position(|known| known.ordinal == key.ordinal);
            columns.push(position.unwrap_or(keys.len()));
            if position.is_none() {
                keys.push(key);
            }
        }
        Ok(Self { function: partition.function.clone(), columns })
    }

    /// The hash of a new row. RANGE_HASH places by its first column; a second one with another tail would not be found again by
    /// that column, so it is refused.
    pub fn hash_row(&self, keys: &[KeyColumn], values: &[&Value<'_>]) -> Result<u64, RouterError> {
        let mut first: Option<(u64, bool)> = None;
        for position in &self.columns {
            let (Some(column), Some(value)) = (keys.get(*position), values.get(*position)) else {
                return Err(RouterError::not_supported("a row without a value for its shard key"));
            };
            let key = column.assign(value)?;
            let number = hash(&self.function, column.key_type, &key)?;
            match first {
                None => first = Some((number, key == Key::Null)),
                Some((_, true)) => {}
                Some((placed, false)) if key == Key::Null || placed == number => {}
                Some(_) => {
                    return Err(RouterError::not_supported(format_args!(
                        "a row whose {} columns do not end alike: it could not be found by '{}'",
                        function::name(&self.function),
                        column.name
                    )));
                }
            }
        }
        first
            .map(|(number, _)| number)
            .ok_or_else(|| RouterError::not_supported("a sharding function without a column"))
    }

    /// The hash of rows that equal the values.
    pub fn point(&self, keys: &[KeyColumn], values: &[&Value<'_>]) -> HalfPoint {
        let mut found = HalfPoint::Unknown;
        for position in &self.columns {
            let (Some(column), Some(value)) = (keys.get(*position), values.get(*position)) else {
                return HalfPoint::Unknown;
            };
            match column.compare(value) {
                Comparison::Never => return HalfPoint::Nothing,
                // The first column decides, as it does for the row.
                _ if found != HalfPoint::Unknown => {}
                Comparison::Exact(key) => match hash(&self.function, column.key_type, &key) {
                    Ok(number) => found = HalfPoint::Hash(number),
                    Err(_) => return HalfPoint::Unknown,
                },
                Comparison::Unknown => return HalfPoint::Unknown,
            }
        }
        found
    }

    /// Calls `each` with the hashes that every condition on this half's columns leaves; a row that satisfies the conditions is in all of
    /// them. `total` is the number of physical tables.
    pub fn hashes(
        &self,
        keys: &[KeyColumn],
        conditions: &[(usize, ColumnCondition<'_>)],
        total: usize,
        mut each: impl FnMut(Hashes),
    ) {
        for (place, position) in self.columns.iter().enumerate() {
            let Some(column) = keys.get(*position) else { continue };
            let mut range = KeyRange::Unknown;
            for (_, condition) in conditions.iter().filter(|(ordinal, _)| *ordinal == column.ordinal) {
                match condition {
                    ColumnCondition::Range { low, high } => range = range.intersect(column.range(low, high)),
                    other => each(self.widened(place, keys, self.condition(column, place, other))),
                }
            }
            each(self.widened(place, keys, self.range(column, range, total)));
        }
    }

    fn condition(&self, column: &KeyColumn, place: usize, condition: &ColumnCondition<'_>) -> Hashes {
        match condition {
            ColumnCondition::Never => Hashes::Some(Vec::new()),
            ColumnCondition::IsNull => self.null(column, place),
            ColumnCondition::Points(values) => {
                let mut numbers = Vec::with_capacity(values.len());
                for value in values.iter() {
                    match column.compare(value) {
                        Comparison::Never => {}
                        Comparison::Unknown => return Hashes::All,
                        Comparison::Exact(key) => match hash(&self.function, column.key_type, &key) {
                            Ok(number) => numbers.push(number),
                            Err(_) => return Hashes::All,
                        },
                    }
                }
                Hashes::Some(numbers)
            }
            ColumnCondition::Any | ColumnCondition::Range { .. } => Hashes::All,
        }
    }

    /// IS NULL. Only for columns that can hold NULL: MySQL lets `auto_increment IS NULL` find the last inserted row and
    /// `not_null_date IS NULL` find the zero date, and an outer join makes NULLs of its own. A NULL in RANGE_HASH's second column
    /// says nothing about the first.
    fn null(&self, column: &KeyColumn, place: usize) -> Hashes {
        if !column.nullable || column.auto_increment || place > 0 {
            return Hashes::All;
        }
        match hash(&self.function, column.key_type, &Key::Null) {
            Ok(number) => Hashes::Some(vec![number]),
            Err(_) => Hashes::All,
        }
    }

    /// Rows with NULL in RANGE_HASH's first column lie where NULL goes, whatever the second one holds.
    fn widened(&self, place: usize, keys: &[KeyColumn], hashes: Hashes) -> Hashes {
        let first = self.columns.first().and_then(|position| keys.get(*position));
        match (hashes, first) {
            (Hashes::Some(mut numbers), Some(first))
                if place > 0 && first.nullable && !numbers.is_empty() =>
            {
                match hash(&self.function, first.key_type, &Key::Null) {
                    Ok(number) => numbers.push(number),
                    Err(_) => return Hashes::All,
                }
                Hashes::Some(numbers)
            }
            (hashes, _) => hashes,
        }
    }

    fn range(&self, column: &KeyColumn, range: KeyRange, total: usize) -> Hashes {
        match range {
            KeyRange::Never => Hashes::Some(Vec::new()),
            KeyRange::Integers(low, high) => self.integer_range(column.key_type, low, high, total),
            KeyRange::Dates(Some(low), Some(high)) => self.date_range(column.key_type, low, high),
            KeyRange::Dates(..) | KeyRange::Unknown => Hashes::All,
        }
    }

    fn integer_range(&self, key_type: KeyType, low: i128, high: i128, total: usize) -> Hashes {
        // Twice the tables reach every one of them on both sides of zero.
        let limit = (2 * total as i128).max(1_000);
        let shift = match self.function {
            ShardFunction::RightShift { shift } => (shift & 63) as u32,
            _ => 0,
        };
        // RIGHT_SHIFT gives one hash for 2^n neighbours: step over the blocks.
        let (first, last) = (low >> shift, high >> shift);
        if last - first >= limit {
            return Hashes::All;
        }
        let numbers = (first..=last).map(|block| hash(&self.function, key_type, &Key::Int(block << shift)));
        numbers.collect::<Result<Vec<u64>, _>>().map_or(Hashes::All, Hashes::Some)
    }

    /// Every date that a column can hold between the two, those with a zero month or day too.
    fn date_range(&self, key_type: KeyType, low: Date, high: Date) -> Hashes {
        if high.year - low.year > RANGE_YEARS_MAX {
            return Hashes::All;
        }
        let mut numbers = Vec::new();
        for (year, month) in (low.year..=high.year).flat_map(|year| (0..=12).map(move |month| (year, month)))
        {
            let days = if month == 0 { 31 } else { super::calendar::days_in_month(year, month) };
            for day in 0..=days {
                let date = Date::new(year, month, day);
                if date < low || date > high {
                    continue;
                }
                match hash(&self.function, key_type, &Key::Date(date)) {
                    Ok(number) => numbers.push(number),
                    Err(_) => return Hashes::All,
                }
            }
        }
        numbers.sort_unstable();
        numbers.dedup();
        Hashes::Some(numbers)
    }

    /// True when equal key values (pairwise, in clause order) have equal hashes under both halves.
    pub fn agrees_with(&self, keys: &[KeyColumn], other: &Self, other_keys: &[KeyColumn]) -> bool {
        let agrees = |(mine, theirs): (&usize, &usize)| match (keys.get(*mine), other_keys.get(*theirs)) {
            (Some(mine), Some(theirs)) => keys_agree(&self.function, mine, theirs),
            _ => false,
        };
        self.function == other.function
            && self.columns.len() == other.columns.len()
            && self.columns.iter().zip(&other.columns).all(agrees)
    }
}

fn keys_agree(function: &ShardFunction, mine: &KeyColumn, theirs: &KeyColumn) -> bool {
    match (mine.key_type, theirs.key_type) {
        // UNI_HASH of a negative number, or one of 2^31 and more, depends on the column's width.
        (KeyType::Integer { wide: a, .. }, KeyType::Integer { wide: b, .. }) => {
            a == b || !matches!(function, ShardFunction::UniHash)
        }
        (KeyType::Text, KeyType::Text) => match (&mine.text, &theirs.text) {
            (Some(mine), Some(theirs)) => mine.agrees_with(theirs),
            _ => false,
        },
        (KeyType::Date, KeyType::Date) => true,
        _ => false,
    }
}

pub(crate) fn is_range_hash(function: &ShardFunction) -> bool {
    matches!(function, ShardFunction::RangeHash { .. } | ShardFunction::RangeHash1 { .. })
}

/// True for the date functions.
pub(crate) fn is_date_function(function: &ShardFunction) -> bool {
    !matches!(
        function,
        ShardFunction::Hash
            | ShardFunction::UniHash
            | ShardFunction::StrHash { .. }
            | ShardFunction::RightShift { .. }
            | ShardFunction::RangeHash { .. }
            | ShardFunction::RangeHash1 { .. }
    )
}

/// True for the DATE, DATETIME and TIMESTAMP types.
pub(crate) fn is_date_type(column: &ColumnType) -> bool {
    matches!(column, ColumnType::Date | ColumnType::DateTime { .. } | ColumnType::Timestamp { .. })
}
