//! What a node keeps on disk: one batch of changes at a time, each all or nothing.
//!
//! `LogStore` is that disk. `RocksStore` is the real one; `MemoryStore` its twin for tests, which can also lose what was not
//! synced and fail on demand. Both pass the same tests. `Image` says what a store must hold after each batch.

mod image;
pub mod memory;
pub mod rocks;
#[cfg(test)]
mod tests;

use raft::prelude::{Entry, HardState, Snapshot};

pub use image::Image;
pub use memory::MemoryStore;
pub use rocks::RocksStore;

/// The entry before the first that the log still holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogStart {
    pub index: u64,
    pub term: u64,
}

/// Changes that become true together. Applied in the order of the fields.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogBatch {
    /// With the first batch of a new store.
    pub node_id: Option<u64>,
    pub hard_state: Option<HardState>,
    /// Throws the whole log away: a leader's snapshot takes its place.
    pub discard_log: bool,
    /// Throws away the entries up to this one.
    pub start: Option<LogStart>,
    /// Replaces the snapshot: the machine's state, its index and term, and the group's members then.
    pub snapshot: Option<Snapshot>,
    /// Without gaps; they replace what the log holds from the first one's index on.
    pub entries: Vec<Entry>,
    /// Return only when this batch, and all before it, would survive a loss of power.
    pub sync: bool,
}

/// A failed store. No more can be said about what of the last batch is on disk.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("cannot {action}: {reason}")]
    Io { action: &'static str, reason: String },
    #[error("the metadata on disk is damaged: {0}")]
    Damaged(String),
    #[error("the metadata on disk is in format {found}, and this program knows format {known}")]
    Format { found: u64, known: u64 },
}

/// A disk for one node's log, votes and snapshot.
pub trait LogStore: Send + 'static {
    /// Everything that is there; `None` for a new store. Called once, before any `write`.
    ///
    /// # Errors
    /// When the store cannot be read, or does not hold together.
    fn load(&mut self) -> Result<Option<Image>, StoreError>;

    /// Makes the batch true, as a whole or not at all.
    ///
    /// # Errors
    /// The caller must then stop, and acknowledge nothing of it.
    fn write(&mut self, batch: &LogBatch) -> Result<(), StoreError>;
}
