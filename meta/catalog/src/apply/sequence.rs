//! Positions of sequences: lease, raise, reset. A leased value is never leased again until a reset.

use std::sync::Arc;

use super::Change;
use crate::outcome::{Outcome, Rejection};
use crate::schema::{Sequence, SequenceChange, SequenceKind};
use crate::state::Catalog;
use crate::validate;

impl Catalog {
    pub(super) fn lease_range(
        &mut self,
        database: &str,
        name: &str,
        count: u64,
    ) -> Result<(Change, Outcome), Rejection> {
        if count == 0 {
            return Err(Rejection::Malformed {
                reason: format!("a lease of no values of sequence '{name}'"),
            });
        }
        let known = self.need_sequence(database, name)?;
        let epoch = known.epoch;
        let Some(lease) = grant(known, count) else {
            let (database, sequence) = (database.to_owned(), name.to_owned());
            return Err(match known.kind {
                SequenceKind::Simple => Rejection::SequenceRunOut { database, sequence },
                SequenceKind::Group { .. } => Rejection::SequenceExhausted { database, sequence },
                SequenceKind::Time => Rejection::Malformed {
                    reason: format!("a lease of TIME sequence '{database}.{sequence}'"),
                },
            });
        };
        let Lease { first, last, increment, next } = lease;
        self.sequence_mut(database, name)?.next = next;
        Ok((Change::Position, Outcome::Range { first, last, increment, epoch }))
    }

    pub(super) fn raise(
        &mut self,
        database: &str,
        name: &str,
        at_least: u64,
    ) -> Result<(Change, Outcome), Rejection> {
        let known = self.need_sequence(database, name)?;
        // A TIME sequence has no position.
        if known.next >= at_least || known.kind == SequenceKind::Time {
            return Ok((Change::Nothing, Outcome::Done));
        }
        self.sequence_mut(database, name)?.next = at_least;
        Ok((Change::Position, Outcome::Done))
    }

    pub(super) fn reset(
        &mut self,
        database: &str,
        name: &str,
        start: u64,
    ) -> Result<(Change, Outcome), Rejection> {
        // Always a change: holders of leased ranges learn from the version that theirs are void.
        self.need_sequence(database, name)?;
        let epoch = self.next_epoch();
        let sequence = self.sequence_mut(database, name)?;
        (sequence.next, sequence.epoch) = (start, epoch);
        Ok((Change::Schema, Outcome::Done))
    }

    pub(super) fn create_sequence(
        &mut self,
        database: &str,
        new: &Sequence,
    ) -> Result<(Change, Outcome), Rejection> {
        if self.need_database(database)?.sequences.contains_key(&new.name) {
            let sequence = new.name.clone();
            return Err(Rejection::SequenceExists { database: database.to_owned(), sequence });
        }
        validate::table_name(&new.name)?;
        validate::sequence(database, new)?;
        let epoch = self.next_epoch();
        let sequences = &mut self.database_mut(database)?.sequences;
        sequences.insert(new.name.as_str(), Arc::new(Sequence { epoch, ..new.clone() }));
        Ok((Change::Schema, Outcome::Done))
    }

    pub(super) fn alter_sequence(
        &mut self,
        database: &str,
        name: &str,
        change: &SequenceChange,
    ) -> Result<(Change, Outcome), Rejection> {
        let known = self.need_sequence(database, name)?;
        let in_units = |kind| matches!(kind, SequenceKind::Group { unit_count: 2.., .. });
        let kind = change.kind.unwrap_or(known.kind);
        let other_blocks = change.inner_step.is_some_and(|step| step != known.inner_step);
        if (kind != known.kind && (in_units(kind) || in_units(known.kind)))
            || (in_units(known.kind) && other_blocks)
        {
            // Other clusters rely on the blocks that this one leaves alone.
            let (database, sequence) = (database.to_owned(), name.to_owned());
            let reason = "UNIT COUNT, INDEX and the blocks stay as they were made".to_owned();
            return Err(Rejection::SequenceInvalid { database, sequence, reason });
        }
        let new = Sequence {
            name: known.name.clone(),
            next: change.start_with.unwrap_or(known.next),
            inner_step: change.inner_step.unwrap_or(known.inner_step),
            start_with: change.start_with.unwrap_or(known.start_with),
            kind,
            increment: change.increment.unwrap_or(known.increment),
            maximum: change.maximum.unwrap_or(known.maximum),
            cycle: change.cycle.unwrap_or(known.cycle),
            epoch: known.epoch,
        };
        validate::sequence(database, &new)?;
        let epoch = self.next_epoch();
        *self.sequence_mut(database, name)? = Sequence { epoch, ..new };
        Ok((Change::Schema, Outcome::Done))
    }

    pub(super) fn drop_sequence(
        &mut self,
        database: &str,
        name: &str,
    ) -> Result<(Change, Outcome), Rejection> {
        self.need_sequence(database, name)?;
        let home = self.need_database(database)?;
        let owner = name.strip_prefix("AUTO_SEQ_").and_then(|table| home.tables.get(table));
        if owner.is_some_and(|table| validate::needs_sequence(table)) {
            let (database, sequence) = (database.to_owned(), name.to_owned());
            return Err(Rejection::SequenceOfTable { database, sequence });
        }
        self.database_mut(database)?.sequences.remove(name);
        Ok((Change::Schema, Outcome::Done))
    }

    /// A number for a sequence that is new, or whose leased ranges are void.
    pub(super) fn next_epoch(&mut self) -> u64 {
        self.last_epoch += 1;
        self.last_epoch
    }

    fn need_sequence(&self, database: &str, name: &str) -> Result<&Sequence, Rejection> {
        let known = self.need_database(database)?.sequences.get(name);
        known.map(|sequence| &**sequence).ok_or_else(|| unknown(database, name))
    }

    fn sequence_mut(&mut self, database: &str, name: &str) -> Result<&mut Sequence, Rejection> {
        self.need_sequence(database, name)?;
        let known = self.database_mut(database)?.sequences.get_mut(name);
        known.map(Arc::make_mut).ok_or_else(|| unknown(database, name))
    }
}

/// Values from `first` to `last` by `increment`, and where the sequence goes on.
struct Lease {
    first: u64,
    last: u64,
    increment: u64,
    next: u64,
}

/// At most `count` values, at least one; `None` when nothing is left. `u64::MAX` itself is never given out: as `next` it means that
/// nothing is left (InnoDB keeps the same value back).
fn grant(known: &Sequence, count: u64) -> Option<Lease> {
    let maximum = known.maximum.min(u64::MAX - 1);
    match known.kind {
        SequenceKind::Time => None,
        SequenceKind::Group { unit_count, unit_index } => {
            let (first, end) = own_block(known, unit_count.into(), unit_index.into())?;
            let last = first.saturating_add(count - 1).min(end).min(maximum);
            (first <= last).then_some(Lease { first, last, increment: 1, next: last + 1 })
        }
        SequenceKind::Simple => {
            let mut first = known.next;
            if first > maximum {
                if !known.cycle || known.start_with > maximum {
                    return None;
                }
                first = known.start_with;
            }
            let increment = known.increment.max(1);
            let more = (count - 1).min((maximum - first) / increment);
            let last = first + more * increment;
            Some(Lease { first, last, increment, next: last.saturating_add(increment) })
        }
    }
}

/// The first value at or above `next` in a block of our own, and the last value of that block. Blocks start with the value 1.
fn own_block(known: &Sequence, count: u64, index: u64) -> Option<(u64, u64)> {
    if count <= 1 {
        return Some((known.next, u64::MAX - 1));
    }
    let step = known.inner_step.max(1);
    let block = known.next.saturating_sub(1) / step;
    // Blocks up to the next one of ours.
    let ahead = (index + count - block % count) % count;
    let own = block.checked_add(ahead)?;
    let start = own.checked_mul(step)?.checked_add(1)?;
    let end = start.saturating_add(step - 1).min(u64::MAX - 1);
    let first = if ahead == 0 { known.next.max(1) } else { start };
    Some((first, end))
}

fn unknown(database: &str, name: &str) -> Rejection {
    Rejection::UnknownSequence { database: database.to_owned(), sequence: name.to_owned() }
}
