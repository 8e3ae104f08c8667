//! A store in memory, for tests: it forgets what was not synced when the node "loses power", and fails when told to.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Image, LogBatch, LogStore, StoreError};

/// Clones share the same "disk", so that a test can start a node again on it.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    // Guards the disk; held only inside each call.
    disk: Arc<Mutex<Disk>>,
}

#[derive(Debug, Default)]
struct Disk {
    synced: Option<Image>,
    unsynced: Vec<LogBatch>,
    writes: u64,
    fail_after: Option<u64>,
}

impl MemoryStore {
    /// Forgets what was written and not synced.
    pub fn lose_power(&self) {
        self.disk().unsynced.clear();
    }

    /// From now on `writes` more writes succeed, and then all fail.
    pub fn fail_after(&self, writes: u64) {
        let mut disk = self.disk();
        disk.fail_after = Some(disk.writes + writes);
    }

    /// Writes succeed again.
    pub fn repair(&self) {
        self.disk().fail_after = None;
    }

    /// Writes until now.
    pub fn writes(&self) -> u64 {
        self.disk().writes
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl LogStore for MemoryStore {
    fn load(&mut self) -> Result<Option<Image>, StoreError> {
        let disk = self.disk();
        let mut image = disk.synced.clone();
        for batch in &disk.unsynced {
            image.get_or_insert_default().apply(batch);
        }
        if let Some(image) = &image {
            image.check()?;
        }
        Ok(image)
    }

    fn write(&mut self, batch: &LogBatch) -> Result<(), StoreError> {
        let mut disk = self.disk();
        if disk.fail_after.is_some_and(|limit| disk.writes >= limit) {
            return Err(StoreError::Io { action: "write", reason: "the test's disk is broken".to_owned() });
        }
        disk.writes += 1;
        disk.unsynced.push(batch.clone());
        if batch.sync {
            for batch in std::mem::take(&mut disk.unsynced) {
                disk.synced.get_or_insert_default().apply(&batch);
            }
        }
        Ok(())
    }
}
