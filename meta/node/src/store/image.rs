//! The stored log as a value: what a store holds, what a batch makes of it, and whether it holds together.

use std::collections::VecDeque;

use raft::prelude::{Entry, HardState, Snapshot};

use super::{LogBatch, LogStart, StoreError};

/// The whole content of a store.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Image {
    pub node_id: u64,
    pub hard_state: HardState,
    pub start: LogStart,
    pub snapshot: Snapshot,
    /// From `start.index + 1` on, without gaps.
    pub entries: VecDeque<Entry>,
}

impl Image {
    /// Index of the last entry; the start's when there is none.
    pub fn last_index(&self) -> u64 {
        self.entries.back().map_or(self.start.index, |entry| entry.index)
    }

    /// Entry of that index, if the log holds it.
    pub fn entry(&self, index: u64) -> Option<&Entry> {
        let offset = index.checked_sub(self.start.index + 1)?;
        self.entries.get(usize::try_from(offset).ok()?)
    }

    /// Makes the batch true.
    pub fn apply(&mut self, batch: &LogBatch) {
        if let Some(node_id) = batch.node_id {
            self.node_id = node_id;
        }
        if let Some(hard_state) = &batch.hard_state {
            self.hard_state = hard_state.clone();
        }
        if batch.discard_log {
            self.entries.clear();
        }
        if let Some(start) = batch.start {
            while self.entries.front().is_some_and(|entry| entry.index <= start.index) {
                self.entries.pop_front();
            }
            self.start = start;
        }
        if let Some(snapshot) = &batch.snapshot {
            self.snapshot = snapshot.clone();
        }
        if let Some(first) = batch.entries.first() {
            while self.entries.back().is_some_and(|entry| entry.index >= first.index) {
                self.entries.pop_back();
            }
            self.entries.extend(batch.entries.iter().cloned());
        }
    }

    /// Checks what a disk may have lost: a gap, or the end of what was promised.
    ///
    /// # Errors
    /// `Damaged` says what is missing.
    pub fn check(&self) -> Result<(), StoreError> {
        let damaged = |text: String| Err(StoreError::Damaged(text));
        for (expected, entry) in (self.start.index + 1..).zip(&self.entries) {
            if entry.index != expected {
                return damaged(format!("log entry {expected} is missing, {} comes next", entry.index));
            }
        }
        let (last, snapshot) = (self.last_index(), self.snapshot.get_metadata().index);
        if snapshot < self.start.index || snapshot > last {
            return damaged(format!(
                "the log has {} to {last}, the snapshot is at {snapshot}",
                self.start.index + 1
            ));
        }
        if self.hard_state.commit > last || self.hard_state.commit < snapshot {
            let commit = self.hard_state.commit;
            return damaged(format!(
                "{commit} is committed, the log ends at {last}, the snapshot is at {snapshot}"
            ));
        }
        Ok(())
    }
}
