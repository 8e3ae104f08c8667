//! Groups: partial rows that are equal in the keys become one row. The rows come ordered, so one group is open at a time.

use std::cmp::Ordering;

use ostrakon_router::merge::{Aggregate, GroupSpec};

use super::aggregate::{Extreme, Rows, Sum, push_integer};
use super::error::MergeError;
use super::field::{Class, Field, field_at};
use super::having::{Condition, Scope};
use super::key::{Keys, column_index};
use super::row::Row;

/// How one column of a finished group is made.
#[derive(Clone, Debug)]
enum Maker {
    /// As in the group's first row.
    First,
    /// The first value that is not NULL: all rows are one group, and a shard without rows sends NULL where others have a value.
    Known(Option<Vec<u8>>),
    Count(Sum),
    Sum(Sum),
    Extreme(Box<Extreme>),
    /// The weight of the MIN or MAX in that column.
    WeightOf(usize),
    Average(Box<Average>),
}

#[derive(Clone, Debug)]
struct Average {
    sum: Sum,
    sum_column: usize,
    count: Sum,
    count_column: usize,
}

/// The open group.
#[derive(Debug)]
pub(super) struct Grouping {
    /// The group's keys, as positions in the input order's keys.
    positions: Vec<usize>,
    /// One for each column, hidden ones too.
    makers: Vec<Maker>,
    having: Option<Condition>,
    first: Row,
    open: bool,
}

impl Grouping {
    pub(super) fn new(spec: &GroupSpec, order: &Keys, scope: &Scope<'_>) -> Result<Self, MergeError> {
        let Scope { fields, visible, .. } = *scope;
        if spec.outputs.len() != visible {
            return Err(MergeError::Internal("not one aggregate for each column"));
        }
        let plain = if spec.keys.is_empty() { Maker::Known(None) } else { Maker::First };
        let mut makers = vec![plain; fields.len()];
        let hidden = spec.hidden_outputs.iter().map(|(hidden, aggregate)| (visible + hidden, aggregate));
        let mut weights = Vec::new();
        for (column, aggregate) in spec.outputs.iter().enumerate().chain(hidden) {
            let made = Maker::new(column, *aggregate, fields, visible)?;
            if let Maker::Extreme(extreme) = &made {
                weights.extend(extreme.weight().map(|weight| (weight, column)));
            }
            if let (Some(maker), Some(made)) = (makers.get_mut(column), made.unless_first()) {
                *maker = made;
            }
        }
        for (weight, column) in weights {
            if let Some(maker) = makers.get_mut(weight) {
                *maker = Maker::WeightOf(column);
            }
        }
        Ok(Self {
            positions: order.positions(&spec.keys, fields, visible)?,
            makers,
            having: spec.having.as_ref().map(|having| Condition::new(having, scope)).transpose()?,
            first: Row::default(),
            open: false,
        })
    }

    /// The weight columns that MIN and MAX compare strings by.
    pub(super) fn weights(&self) -> impl Iterator<Item = usize> {
        self.makers.iter().filter_map(|maker| match maker {
            Maker::Extreme(extreme) => extreme.compared_by(),
            _ => None,
        })
    }

    /// True when all rows are one group.
    pub(super) fn is_whole(&self) -> bool {
        self.positions.is_empty()
    }

    pub(super) fn is_open(&self) -> bool {
        self.open
    }

    /// Whether `row` belongs to the group of `last`. Both have the input order's keys decoded.
    pub(super) fn same(&self, order: &Keys, last: &Row, row: &Row) -> bool {
        order.equal_in(&self.positions, last, row)
    }

    /// Takes a row into the open group, which it opens if need be.
    pub(super) fn add(&mut self, row: &Row, rows: Rows<'_>) -> Result<(), MergeError> {
        if !self.open {
            self.open = true;
            self.first.clone_from(row);
        }
        for (column, maker) in self.makers.iter_mut().enumerate() {
            maker.add(row, column, rows)?;
        }
        Ok(())
    }

    /// Closes the group and puts its row into `out`. False when HAVING does not let it out.
    pub(super) fn finish(&mut self, rows: Rows<'_>, out: &mut Row) -> Result<bool, MergeError> {
        out.clear();
        for (column, maker) in self.makers.iter().enumerate() {
            maker.push(column, self, rows, out)?;
        }
        self.makers.iter_mut().for_each(Maker::clear);
        self.first.clear();
        self.open = false;
        match &self.having {
            Some(having) => Ok(having.holds(out, rows.fields, rows.format)? == Some(true)),
            None => Ok(true),
        }
    }
}

impl Maker {
    fn new(
        column: usize,
        aggregate: Aggregate,
        fields: &[Field],
        visible: usize,
    ) -> Result<Self, MergeError> {
        let field = field_at(fields, column)?;
        let extreme = |weight: Option<_>, wins| {
            let weight = weight.map(|weight| column_index(weight, fields, visible)).transpose()?;
            Ok(Self::Extreme(Box::new(Extreme::new(column, weight, wins, fields)?)))
        };
        match aggregate {
            Aggregate::First => Ok(Self::First),
            Aggregate::Count => Ok(Self::Count(Sum::new(field)?)),
            Aggregate::Sum => Ok(Self::Sum(Sum::new(field)?)),
            Aggregate::Min { weight } => extreme(weight, Ordering::Less),
            Aggregate::Max { weight } => extreme(weight, Ordering::Greater),
            Aggregate::Avg { sum, count } => {
                let (sum_column, count_column) =
                    (column_index(sum, fields, visible)?, column_index(count, fields, visible)?);
                let (sum, count) =
                    (Sum::new(field_at(fields, sum_column)?)?, Sum::new(field_at(fields, count_column)?)?);
                Ok(Self::Average(Box::new(Average { sum, sum_column, count, count_column })))
            }
        }
    }

    /// `None` for FIRST, which every column is already in its way.
    fn unless_first(self) -> Option<Self> {
        if matches!(self, Self::First) { None } else { Some(self) }
    }

    fn add(&mut self, row: &Row, column: usize, rows: Rows<'_>) -> Result<(), MergeError> {
        match self {
            Self::First | Self::WeightOf(_) => Ok(()),
            Self::Known(known) => {
                if known.is_none() {
                    *known = row.value(column).map(<[u8]>::to_vec);
                }
                Ok(())
            }
            Self::Count(sum) | Self::Sum(sum) => sum.add(row, column, rows),
            Self::Extreme(extreme) => extreme.add(row, rows),
            Self::Average(average) => {
                average.sum.add(row, average.sum_column, rows)?;
                average.count.add(row, average.count_column, rows)
            }
        }
    }

    fn push(&self, column: usize, group: &Grouping, rows: Rows<'_>, out: &mut Row) -> Result<(), MergeError> {
        let (field, format) = (field_at(rows.fields, column)?, rows.format);
        match self {
            Self::First => out.push_copy(format, field.wire, &group.first, column)?,
            Self::Known(Some(content)) => out.push_value(format, field.wire, content)?,
            Self::Known(None) => out.push_null(format),
            Self::Count(Sum::Exact(None)) if field.class == Class::Int => {
                return push_integer(0, field, format, out);
            }
            Self::Count(sum) | Self::Sum(sum) => return sum.push(field, format, out),
            Self::Extreme(extreme) => extreme.push(column, field, format, out)?,
            Self::WeightOf(value) => match group.makers.get(*value) {
                Some(Self::Extreme(extreme)) => extreme.push(column, field, format, out)?,
                _ => out.push_null(format),
            },
            Self::Average(average) => {
                return average.sum.push_quotient(&average.count, field, format, out);
            }
        }
        Ok(())
    }

    fn clear(&mut self) {
        match self {
            Self::First | Self::WeightOf(_) => {}
            Self::Known(known) => *known = None,
            Self::Count(sum) | Self::Sum(sum) => sum.clear(),
            Self::Extreme(extreme) => extreme.clear(),
            Self::Average(average) => {
                average.sum.clear();
                average.count.clear();
            }
        }
    }
}
