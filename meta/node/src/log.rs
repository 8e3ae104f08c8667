//! Raft's view of the store: the whole image in memory, written through. The log is short (metadata), so nothing is read back.

use std::cell::Cell;

use prost011::Message as _;
use raft::prelude::{ConfChange, ConfChangeSingle, ConfChangeV2, Entry, EntryType, HardState, Snapshot};
use raft::{GetEntriesContext, RaftState, Storage, StorageError};

use crate::error::MetaError;
use crate::store::{Image, LogBatch, LogStart, LogStore, StoreError};

pub(crate) struct RaftLog<S> {
    store: S,
    image: Image,
    /// A peer needs a newer snapshot than there is; raft asks from inside a `&self` call, the driver makes it later.
    snapshot_wanted: Cell<bool>,
}

impl<S: LogStore> RaftLog<S> {
    /// `image` is what `store.load` gave.
    pub fn new(store: S, image: Image) -> Self {
        Self { store, image, snapshot_wanted: Cell::new(false) }
    }

    pub fn image(&self) -> &Image {
        &self.image
    }

    /// Writes the batch, then shows it to raft. After an error the node must stop: memory and disk may differ.
    pub fn write(&mut self, batch: &LogBatch) -> Result<(), StoreError> {
        self.store.write(batch)?;
        self.image.apply(batch);
        Ok(())
    }

    /// The new commit index: no need to sync, since Raft would find it again.
    pub fn write_commit(&mut self, commit: u64) -> Result<(), StoreError> {
        let hard_state = HardState { commit, ..self.image.hard_state.clone() };
        self.write(&LogBatch { hard_state: Some(hard_state), ..LogBatch::default() })
    }

    /// Replaces the snapshot by one made here, and drops entries up to `start`, which the snapshot covers.
    pub fn write_snapshot(&mut self, snapshot: Snapshot, start: LogStart) -> Result<(), StoreError> {
        self.snapshot_wanted.set(false);
        let hard_state = Some(self.image.hard_state.clone());
        self.write(&LogBatch {
            hard_state,
            start: Some(start),
            snapshot: Some(snapshot),
            sync: true,
            ..LogBatch::default()
        })
    }

    pub fn snapshot_wanted(&self) -> bool {
        self.snapshot_wanted.get()
    }

    /// Term of an entry, of the one before the first, or of the snapshot's.
    pub fn term_of(&self, index: u64) -> Result<u64, StorageError> {
        let image = &self.image;
        if index == image.start.index {
            return Ok(image.start.term);
        }
        if index < image.start.index {
            return Err(StorageError::Compacted);
        }
        image.entry(index).map(|entry| entry.term).ok_or(StorageError::Unavailable)
    }
}

/// The variants of the errors matter: raft takes `Compacted` for "send a snapshot", and panics at the wrong one.
impl<S: LogStore> Storage for RaftLog<S> {
    fn initial_state(&self) -> raft::Result<RaftState> {
        let members = self.image.snapshot.get_metadata().get_conf_state().clone();
        Ok(RaftState::new(self.image.hard_state.clone(), members))
    }

    fn entries(
        &self,
        low: u64,
        high: u64,
        max_size: impl Into<Option<u64>>,
        _context: GetEntriesContext,
    ) -> raft::Result<Vec<Entry>> {
        if low <= self.image.start.index {
            return Err(StorageError::Compacted.into());
        }
        if high > self.image.last_index() + 1 {
            return Err(StorageError::Unavailable.into());
        }
        let mut entries: Vec<_> = (low..high).map_while(|index| self.image.entry(index).cloned()).collect();
        raft::util::limit_size(&mut entries, max_size.into());
        Ok(entries)
    }

    fn term(&self, index: u64) -> raft::Result<u64> {
        Ok(self.term_of(index)?)
    }

    fn first_index(&self) -> raft::Result<u64> {
        Ok(self.image.start.index + 1)
    }

    fn last_index(&self) -> raft::Result<u64> {
        Ok(self.image.last_index())
    }

    fn snapshot(&self, request_index: u64, _to: u64) -> raft::Result<Snapshot> {
        if self.image.snapshot.get_metadata().index < request_index {
            self.snapshot_wanted.set(true);
            return Err(StorageError::SnapshotTemporarilyUnavailable.into());
        }
        Ok(self.image.snapshot.clone())
    }
}

/// The change of the members in an entry.
///
/// # Errors
/// When it cannot be read.
pub(crate) fn conf_change_of(entry: &Entry) -> Result<ConfChangeV2, MetaError> {
    let unreadable = |_| MetaError::Envelope { index: entry.index };
    if entry.get_entry_type() != EntryType::EntryConfChange {
        return ConfChangeV2::decode(&entry.data[..]).map_err(unreadable);
    }
    // The older form says the same.
    let change = ConfChange::decode(&entry.data[..]).map_err(unreadable)?;
    let mut single = ConfChangeSingle { node_id: change.node_id, ..ConfChangeSingle::default() };
    single.set_change_type(change.get_change_type());
    Ok(ConfChangeV2 { changes: vec![single], context: change.context, ..ConfChangeV2::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStore;

    /// Entries 6 to 9 after a compaction up to 5; the snapshot is at 7.
    fn log() -> RaftLog<MemoryStore> {
        let mut log = RaftLog::new(MemoryStore::default(), Image::default());
        let mut snapshot = Snapshot::default();
        (snapshot.mut_metadata().index, snapshot.mut_metadata().term) = (7, 2);
        let entries =
            (6..10).map(|index| Entry { index, term: 2, data: vec![0; 100], ..Entry::default() }).collect();
        let start = Some(LogStart { index: 5, term: 1 });
        log.write(&LogBatch { start, snapshot: Some(snapshot), entries, ..LogBatch::default() }).unwrap();
        log
    }

    fn fetch(low: u64, high: u64, max_size: Option<u64>) -> raft::Result<Vec<u64>> {
        let entries = log().entries(low, high, max_size, GetEntriesContext::empty(false))?;
        Ok(entries.iter().map(|entry| entry.index).collect())
    }

    #[test]
    fn terms_are_known_from_the_start_to_the_last_entry() {
        let log = log();
        assert_eq!(log.term(4), Err(StorageError::Compacted.into()));
        assert_eq!(log.term(5), Ok(1));
        assert_eq!(log.term(6), Ok(2));
        assert_eq!(log.term(9), Ok(2));
        assert_eq!(log.term(10), Err(StorageError::Unavailable.into()));
    }

    #[test]
    fn entries_are_given_within_bounds_and_size() {
        assert_eq!(fetch(6, 10, None), Ok(vec![6, 7, 8, 9]));
        assert_eq!(fetch(6, 10, Some(0)), Ok(vec![6]), "one at least");
        assert_eq!(fetch(6, 10, Some(250)), Ok(vec![6, 7]));
        assert_eq!(fetch(5, 7, None), Err(StorageError::Compacted.into()));
        assert_eq!(fetch(6, 11, None), Err(StorageError::Unavailable.into()));
    }

    #[test]
    fn a_snapshot_that_is_too_old_is_wanted_anew() {
        let log = log();
        assert!(log.snapshot(7, 2).is_ok());
        assert!(!log.snapshot_wanted());
        assert_eq!(log.snapshot(8, 2), Err(StorageError::SnapshotTemporarilyUnavailable.into()));
        assert!(log.snapshot_wanted());
    }
}
