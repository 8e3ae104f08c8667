//! Positions of sequences: lease, raise, reset. A leased value is never leased again until a reset.

use super::Change;
use crate::outcome::{Outcome, Rejection};
use crate::schema::{Sequence, SequenceChange};
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
        let (first, epoch) = (known.next, known.epoch);
        if first == u64::MAX {
            return Err(Rejection::SequenceExhausted {
                database: database.to_owned(),
                sequence: name.to_owned(),
            });
        }
        // u64::MAX itself is never given out: as `next` it means that nothing is left (InnoDB keeps the same value back).
        let next = first.saturating_add(count);
        self.sequence_mut(database, name)?.next = next;
        Ok((Change::Position, Outcome::Range { first, last: next - 1, increment: 1, epoch }))
    }

    pub(super) fn raise(
        &mut self,
        database: &str,
        name: &str,
        at_least: u64,
    ) -> Result<(Change, Outcome), Rejection> {
        if self.need_sequence(database, name)?.next >= at_least {
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
        sequences.insert(new.name.clone(), Sequence { epoch, ..new.clone() });
        Ok((Change::Schema, Outcome::Done))
    }

    pub(super) fn alter_sequence(
        &mut self,
        database: &str,
        name: &str,
        change: &SequenceChange,
    ) -> Result<(Change, Outcome), Rejection> {
        let known = self.need_sequence(database, name)?;
        let new = Sequence {
            name: known.name.clone(),
            next: change.start_with.unwrap_or(known.next),
            inner_step: change.inner_step.unwrap_or(known.inner_step),
            start_with: change.start_with.unwrap_or(known.start_with),
            kind: change.kind.unwrap_or(known.kind),
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
        self.need_database(database)?.sequences.get(name).ok_or_else(|| unknown(database, name))
    }

    fn sequence_mut(&mut self, database: &str, name: &str) -> Result<&mut Sequence, Rejection> {
        self.need_sequence(database, name)?;
        self.database_mut(database)?.sequences.get_mut(name).ok_or_else(|| unknown(database, name))
    }
}

fn unknown(database: &str, name: &str) -> Rejection {
    Rejection::UnknownSequence { database: database.to_owned(), sequence: name.to_owned() }
}
