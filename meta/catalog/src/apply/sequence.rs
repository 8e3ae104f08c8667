//! Positions of sequences: lease, raise, reset. A leased value is never leased again until a reset.

use super::Change;
use crate::outcome::{Outcome, Rejection};
use crate::schema::Sequence;
use crate::state::Catalog;

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
        let first = self.need_sequence(database, name)?.next;
        if first == u64::MAX {
            return Err(Rejection::SequenceExhausted {
                database: database.to_owned(),
                sequence: name.to_owned(),
            });
        }
        // u64::MAX itself is never given out: as `next` it means that nothing is left (InnoDB keeps the same value back).
        let next = first.saturating_add(count);
        self.sequence_mut(database, name)?.next = next;
        Ok((Change::Position, Outcome::Range { first, last: next - 1 }))
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
        self.sequence_mut(database, name)?.next = start;
        Ok((Change::Schema, Outcome::Done))
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
