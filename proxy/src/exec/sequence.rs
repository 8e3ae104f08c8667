//! GROUP sequences on this node: ranges are leased through the catalog, values are given out from memory.
//!
//! A lease is never given back: values that a crash leaves unused are a gap, never a repeat.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ostrakon_catalog::command::Command;
use ostrakon_catalog::outcome::Outcome;
use ostrakon_meta::MetaNode;

use crate::error::SqlError;

/// The leased range of one sequence: the next value, and the last that may be given.
#[derive(Clone, Copy, Debug)]
struct Range {
    next: u64,
    last: u64,
}

/// Leased ranges of this node by (database, sequence).
#[derive(Debug, Default)]
pub struct Sequences {
    /// Held for a look-up only, never over a wait.
    ranges: Mutex<HashMap<(String, String), Range>>,
    /// One lease at a time, so that waiting sessions share its range.
    leasing: tokio::sync::Mutex<()>,
}

impl Sequences {
    fn lock(&self) -> MutexGuard<'_, HashMap<(String, String), Range>> {
        self.ranges.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `count` values in rising order.
    pub async fn take(
        &self,
        meta: &MetaNode,
        database: &str,
        sequence: &str,
        count: usize,
    ) -> Result<Vec<u64>, SqlError> {
        let key = (database.to_owned(), sequence.to_owned());
        let mut values = Vec::with_capacity(count);
        loop {
            self.take_leased(&key, count, &mut values);
            if values.len() == count {
                return Ok(values);
            }
            let _one = self.leasing.lock().await;
            // Another session may have leased a range while this one waited.
            self.take_leased(&key, count, &mut values);
            if values.len() == count {
                return Ok(values);
            }
            let catalog = meta.catalog();
            let known = catalog.database(database).and_then(|d| d.sequences.get(sequence));
            let wanted = known.map_or(1, |s| s.inner_step).max((count - values.len()) as u64);
            let command =
                Command::LeaseRange { database: key.0.clone(), sequence: key.1.clone(), count: wanted };
            match meta.propose(command).await? {
                Outcome::Range { first, last, .. } => {
                    self.lock().insert(key.clone(), Range { next: first, last });
                }
                other => return Err(SqlError::other(format!("the catalog answered a lease with {other:?}"))),
            }
        }
    }

    fn take_leased(&self, key: &(String, String), count: usize, values: &mut Vec<u64>) {
        if let Some(range) = self.lock().get_mut(key) {
            while values.len() < count && range.next <= range.last {
                values.push(range.next);
                range.next += 1;
            }
        }
    }

    /// An explicit value was inserted: no later generated value is at or below it.
    pub async fn raise(
        &self,
        meta: &MetaNode,
        database: &str,
        sequence: &str,
        value: u64,
    ) -> Result<(), SqlError> {
        let key = (database.to_owned(), sequence.to_owned());
        {
            let mut ranges = self.lock();
            match ranges.get_mut(&key) {
                Some(range) if value < range.next => return Ok(()),
                Some(range) if value <= range.last => {
                    range.next = value + 1;
                    return Ok(());
                }
                _ => {}
            }
        }
        let catalog = meta.catalog();
        let next = catalog.database(database).and_then(|d| d.sequences.get(sequence)).map_or(0, |s| s.next);
        if value < next {
            return Ok(());
        }
        let command = Command::RaiseSequence {
            database: key.0.clone(),
            sequence: key.1.clone(),
            at_least: value.saturating_add(1),
        };
        meta.propose(command).await?;
        // The range in memory is below the raised value now.
        self.lock().remove(&key);
        Ok(())
    }

    /// The table was dropped, truncated or renamed: leased values are void.
    pub fn forget(&self, database: &str, sequence: &str) {
        self.lock().remove(&(database.to_owned(), sequence.to_owned()));
    }
}
