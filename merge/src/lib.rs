//! Merges the rows of several physical statements into one server's answer, row by row, without IO.
//!
//! Sits between the executor, which reads rows from the backends and writes rows to the client, and the planner, whose
//! [`MergeSpec`] says what to do: union, merge of ordered rows, DISTINCT, groups, HAVING, a second sort, LIMIT. One row of each
//! source is held, and the open group; only a second sort (`output_order`) holds more, within a budget in bytes.
//!
//! ```text
//! let mut merge = Merge::new(MergeInput { .. })?;         columns of the first source's answer
//! merge.check_columns(&columns)?;                         columns of each other source's answer
//! loop {
//!     match merge.next(&mut out)? {
//!         Step::Row => send(&out), out.clear(),           one payload was appended, hidden columns are off
//!         Step::NeedRow(source) => feed(source),          only this source's next row (or end) helps
//!         Step::NeedAny => feed(whichever has data),      any source's row will do
//!         Step::Done => break,                            perhaps before the sources end: drain or kill the rest
//!     }
//! }
//! feed(source): merge.push_row(source, payload)? on a row, merge.finish_source(source)? on its EOF packet
//! Pushed::Unknown(collation): ask a server how its weights compare, merge.know(..), push the row again
//! ```
//!
//! Invariants: values compare as the servers compare them, or the merge refuses before its first row. Ordered rows are
//! checked to be in order, so a rule that differs from a server's is an error, not a wrong answer. Equal rows come in the
//! order of their sources, so the same data gives the same answer.

mod aggregate;
mod collations;
mod decimal;
mod double;
mod error;
mod field;
mod group;
mod having;
mod key;
mod number;
mod row;
mod sorted;
mod sources;
mod temporal;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::sync::Arc;

use ostrakon_protocol::column::ColumnDefinition;
use ostrakon_router::merge::{Limit, MergeSpec, Operand};

pub use collations::{CollationName, Collations, PadRule};
pub use error::MergeError;
pub use field::RowFormat;
pub use number::Number;

use aggregate::Rows;
use field::Field;
use group::Grouping;
use having::Scope;
use key::Keys;
use row::Row;
use sorted::Sorted;
use sources::{Sources, Taken};

/// What a merge may use.
#[derive(Clone, Copy, Debug)]
pub struct MergeLimits {
    /// Bytes of rows that a second sort may hold.
    pub memory: usize,
}

/// All that a merge is made from.
pub struct MergeInput<'a> {
    pub spec: &'a MergeSpec,
    /// Of the first source's answer, hidden ones included.
    pub columns: &'a [ColumnDefinition<'a>],
    pub format: RowFormat,
    /// How many physical statements answer.
    pub sources: usize,
    pub limits: MergeLimits,
    /// The number in the n-th hole of the template: `|hole| Number::from_value(&value_of(hole))`. `None`: not a number.
    pub numbers: &'a dyn Fn(usize) -> Option<Number>,
    /// What the instances say of their collations.
    pub collations: Arc<Collations>,
}

/// What the executor does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A row's payload was appended to the output.
    Row,
    /// Push a row of this source, or its end.
    NeedRow(usize),
    /// Push a row of any source, or its end.
    NeedAny,
    /// The answer is complete. Sources may have more rows, which nobody needs.
    Done,
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub enum Pushed {
    Taken,
    /// It has a string of this collation, of which nothing is known. Ask a server, tell by [`Merge::know`], and push the row again.
    Unknown(CollationName),
}

/// A merge under way.
#[derive(Debug)]
pub struct Merge {
    format: RowFormat,
    fields: Vec<Field>,
    visible: usize,
    collations: Arc<Collations>,
    /// Weight columns whose collation is not known yet, since all their values were NULL so far.
    unseen: Vec<usize>,
    sources: Sources,
    /// Of `input_order`.
    order: Keys,
    distinct: bool,
    group: Option<Grouping>,
    sorted: Option<Sorted>,
    /// Rows go out as they came: no hidden columns, no groups.
    verbatim: bool,
    /// Columns, from the first on, that are looked into, or are to be told apart.
    wanted: usize,
    current: Row,
    /// The row before `current`, kept where there is an order.
    last: Option<Row>,
    /// The group that was just finished.
    finished: Row,
    /// Rows of OFFSET still to be left out.
    skip: u64,
    /// Rows of LIMIT still to be given.
    left: u64,
    /// All sources are at their end, and so is the last group.
    ended: bool,
}

impl Merge {
    /// Checks the specification against the columns.
    ///
    /// # Errors
    /// [`MergeError::Unsupported`] when some value has no exact rule of comparison; [`MergeError::Limit`];
    /// [`MergeError::Internal`] when specification and columns contradict each other.
    pub fn new(input: MergeInput<'_>) -> Result<Self, MergeError> {
        let MergeInput { spec, format, .. } = input;
        let fields: Vec<Field> = input.columns.iter().map(Field::new).collect();
        let visible = visible_columns(spec, fields.len())?;
        let order = Keys::new(&spec.input_order, &fields, visible, format)?;
        let scope = Scope { fields: &fields, visible, format, numbers: input.numbers };
        let group = spec.group.as_ref().map(|group| Grouping::new(group, &order, &scope)).transpose()?;
        let (skip, left) = bounds(spec.limit, input.numbers)?;
        if spec.distinct && (group.is_some() || order.is_empty()) {
            return Err(MergeError::Internal("DISTINCT without an order, or with groups"));
        }
        let output_order = spec.output_order.as_ref().filter(|keys| !keys.is_empty());
        let sorted = output_order
            .map(|keys| {
                let keys = Keys::new(keys, &fields, visible, format)?;
                Ok::<_, MergeError>(Sorted::new(keys, input.limits.memory, skip.saturating_add(left)))
            })
            .transpose()?;
        // One group over everything takes its rows in the order of the sources: sums of doubles then do not depend on timing.
        let ordered = !order.is_empty() || group.is_some();
        let grouped = group.iter().flat_map(Grouping::weights);
        let resorted = sorted.iter().flat_map(|sorted| sorted.keys.weights());
        let unseen = order.weights().chain(grouped).chain(resorted).collect();
        let verbatim = fields.len() == visible && group.is_none();
        let compared = order.columns().chain(sorted.iter().flat_map(|sorted| sorted.keys.columns())).max();
        let wanted = if verbatim { compared.map_or(0, |last| last + 1) } else { fields.len() };
        Ok(Self {
            format,
            unseen,
            verbatim,
            wanted,
            visible,
            collations: input.collations,
            sources: Sources::new(input.sources, ordered),
            order,
            distinct: spec.distinct,
            group,
            sorted,
            current: Row::default(),
            last: None,
            finished: Row::default(),
            skip,
            left,
            ended: false,
            fields,
        })
    }

    /// Checks that another source's columns can be merged with the first's.
    ///
    /// # Errors
    /// [`MergeError::Unsupported`] when they differ in number or type: the physical tables are not alike.
    pub fn check_columns(&self, columns: &[ColumnDefinition<'_>]) -> Result<(), MergeError> {
        let agree = columns.len() == self.fields.len()
            && self.fields.iter().zip(columns).all(|(field, column)| field.agrees(&Field::new(column)));
        if agree {
            return Ok(());
        }
        Err(MergeError::unsupported("the physical tables of the statement return columns of different types"))
    }

    /// Columns that the client sees: the first ones of the definitions.
    pub fn visible(&self) -> usize {
        self.visible
    }

    /// A source without whose next row (or end) nothing can happen; for reading ahead. `None`: none, or any.
    pub fn needs(&self) -> Option<usize> {
        self.sources.needs()
    }

    /// Whether a row (or the end) of this source can be pushed now.
    pub fn wants(&self, source: usize) -> bool {
        self.sources.wants(source)
    }

    /// Takes the next row of a source: a payload without packet header.
    ///
    /// # Errors
    /// When the payload is no row, a string's collation has no rule, or the source was not asked.
    pub fn push_row(&mut self, source: usize, payload: &[u8]) -> Result<Pushed, MergeError> {
        let slot = self.sources.slot(source)?;
        if self.verbatim && self.order.is_empty() && self.sorted.is_none() {
            slot.take(payload);
        } else {
            slot.read(self.format, &self.fields, self.wanted, payload)?;
            if !self.unseen.is_empty()
                && let Some(collation) = unknown(&mut self.unseen, slot, &self.collations)
            {
                return Ok(Pushed::Unknown(collation));
            }
            let mut keys = std::mem::take(&mut slot.keys);
            self.order.decode(self.format, &self.fields, &self.collations, slot, &mut keys)?;
            slot.keys = keys;
        }
        self.sources.place(source, &self.order);
        Ok(Pushed::Taken)
    }

    /// What is known of collations from now on.
    pub fn know(&mut self, collations: Arc<Collations>) {
        self.collations = collations;
    }

    /// A source has no more rows.
    ///
    /// # Errors
    /// [`MergeError::Internal`] when a row of it still waits.
    pub fn finish_source(&mut self, source: usize) -> Result<(), MergeError> {
        self.sources.finish(source, &self.order)
    }

    /// Goes on until a row is out, or something is needed. A row's payload is appended to `out`.
    ///
    /// # Errors
    /// See [`MergeError`]. The merge cannot be used any further then.
    pub fn next(&mut self, out: &mut Vec<u8>) -> Result<Step, MergeError> {
        while !self.ended && self.left > 0 {
            match self.sources.take(&mut self.current) {
                Taken::Need(source) => return Ok(Step::NeedRow(source)),
                Taken::NeedAny => return Ok(Step::NeedAny),
                Taken::End => self.ended = true,
                Taken::Row => self.check_order()?,
            }
            if self.advance(out)? {
                return Ok(Step::Row);
            }
        }
        self.next_sorted(out)
    }

    /// Takes `current` in, or the end of the input. True when a row went out.
    fn advance(&mut self, out: &mut Vec<u8>) -> Result<bool, MergeError> {
        let ready = if self.group.is_some() { self.group_current()? } else { self.pass_current() };
        let mut row = match (ready, self.group.is_some()) {
            (false, _) => None,
            (true, true) => Some(std::mem::take(&mut self.finished)),
            (true, false) => Some(std::mem::take(&mut self.current)),
        };
        let emitted = match &mut row {
            Some(row) => self.deliver(row, out)?,
            None => false,
        };
        self.keep_last(row);
        if self.ended
            && let Some(sorted) = &mut self.sorted
        {
            sorted.finish();
        }
        Ok(emitted)
    }

    /// Puts buffers back, and remembers the row that was just taken in.
    fn keep_last(&mut self, delivered: Option<Row>) {
        match (delivered, self.group.is_some()) {
            (Some(row), true) => self.finished = row,
            (Some(row), false) => self.current = row,
            (None, _) => {}
        }
        if !self.order.is_empty() && !self.ended {
            let spare = self.last.take().unwrap_or_default();
            self.last = Some(std::mem::replace(&mut self.current, spare));
        }
    }

    /// Without groups: whether `current` is a row of the answer.
    fn pass_current(&self) -> bool {
        let repeated = self.distinct
            && self
                .last
                .as_ref()
                .is_some_and(|last| self.order.compare(last, &self.current) == Ordering::Equal);
        !self.ended && !repeated
    }

    /// With groups: takes `current` in. True when a group is complete, in `finished`.
    fn group_current(&mut self) -> Result<bool, MergeError> {
        let rows = Rows { format: self.format, fields: &self.fields, collations: &self.collations };
        let Some(group) = &mut self.group else { return Ok(false) };
        let closes = if self.ended {
            // Without GROUP BY there is always one row.
            group.is_open() || group.is_whole()
        } else {
            group.is_open()
                && self.last.as_ref().is_some_and(|last| !group.same(&self.order, last, &self.current))
        };
        let ready = closes && group.finish(rows, &mut self.finished)?;
        if !self.ended {
            group.add(&self.current, rows)?;
        }
        Ok(ready)
    }

    /// Sends a finished row on: to the sort, to OFFSET, or out (true).
    fn deliver(&mut self, row: &mut Row, out: &mut Vec<u8>) -> Result<bool, MergeError> {
        let Some(sorted) = &mut self.sorted else { return Ok(self.emit(row, out)) };
        let keys = std::mem::take(&mut row.keys);
        let mut values = Vec::new();
        sorted.keys.decode(self.format, &self.fields, &self.collations, row, &mut values)?;
        row.keys = values;
        sorted.add(row)?;
        row.keys = keys;
        Ok(false)
    }

    fn next_sorted(&mut self, out: &mut Vec<u8>) -> Result<Step, MergeError> {
        while self.left > 0 {
            let Some(row) = self.sorted.as_mut().and_then(Sorted::pop) else { break };
            if self.emit(&row, out) {
                return Ok(Step::Row);
            }
        }
        self.left = 0;
        Ok(Step::Done)
    }

    /// Applies OFFSET and LIMIT; writes the visible columns.
    fn emit(&mut self, row: &Row, out: &mut Vec<u8>) -> bool {
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.left -= 1;
        if self.verbatim {
            row.write_whole(out);
        } else {
            row.write(self.format, self.visible, out);
        }
        true
    }

    /// A server that orders otherwise than this merge would make a wrong answer.
    fn check_order(&self) -> Result<(), MergeError> {
        let Some(last) = &self.last else { return Ok(()) };
        if self.order.compare(last, &self.current) != Ordering::Greater {
            return Ok(());
        }
        let adjacency_matters = self.distinct || self.group.is_some();
        if !adjacency_matters && self.order.differ_late(last, &self.current) {
            return Ok(());
        }
        Err(MergeError::unsupported(format_args!(
            "merging rows of several physical tables by column `{}`: a server orders them in a way that is not known here \
             (strings longer than max_sort_length do this)",
            self.order.first_column(&self.fields)
        )))
    }
}

/// Takes those out of `unseen` that have a value in this row. A collation among theirs of which nothing is known.
///
/// One look at each is enough: a column's values of two collations are refused as they are read.
fn unknown(unseen: &mut Vec<usize>, row: &Row, collations: &Collations) -> Option<CollationName> {
    let mut found = None;
    unseen.retain(|column| match row.value(*column).and_then(key::collation_of) {
        None => true,
        Some(name) => match collations.unknown(name) {
            None => false,
            unknown => {
                found = unknown;
                true
            }
        },
    });
    found
}

fn visible_columns(spec: &MergeSpec, total: usize) -> Result<usize, MergeError> {
    let visible = total.checked_sub(spec.hidden).filter(|visible| *visible > 0);
    match (visible, spec.visible) {
        (Some(visible), None) => Ok(visible),
        (Some(visible), Some(wanted)) if visible == wanted => Ok(visible),
        _ => Err(MergeError::Internal("the servers returned another number of columns than planned")),
    }
}

/// OFFSET and LIMIT.
fn bounds(limit: Option<Limit>, numbers: &dyn Fn(usize) -> Option<Number>) -> Result<(u64, u64), MergeError> {
    let Some(limit) = limit else { return Ok((0, u64::MAX)) };
    let count = |operand| match operand {
        Operand::Constant(value) => Ok(value),
        Operand::Hole(hole) => numbers(hole).and_then(|number| number.to_count()).ok_or(MergeError::Limit),
    };
    Ok((count(limit.offset)?, count(limit.count)?))
}
