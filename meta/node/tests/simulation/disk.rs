//! A node's disk: a `MemoryStore` that also shows which entries were written, so that the committed log can be read from outside.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use ostrakon_meta::store::{Image, LogBatch, LogStore, MemoryStore, StoreError};
use raft::prelude::Entry;

/// Clones share the same disk.
#[derive(Clone, Default)]
pub struct Disk {
    pub store: MemoryStore,
    /// Entries since the last `forget_to`, by index. Alone in its mutex; held only inside each call.
    entries: Arc<Mutex<BTreeMap<u64, Entry>>>,
}

impl Disk {
    /// The entry of that index as the node wrote it; `None` when a snapshot brought it.
    pub fn entry(&self, index: u64) -> Option<Entry> {
        self.entries.lock().unwrap().get(&index).cloned()
    }

    /// Entries up to this one are not asked for again.
    pub fn forget_to(&self, index: u64) {
        let mut entries = self.entries.lock().unwrap();
        let kept = entries.split_off(&(index + 1));
        *entries = kept;
    }

    fn note(&self, batch_entries: &[Entry], discard: bool) {
        let mut entries = self.entries.lock().unwrap();
        if discard {
            entries.clear();
        }
        if let Some(first) = batch_entries.first() {
            entries.split_off(&first.index);
        }
        entries.extend(batch_entries.iter().map(|entry| (entry.index, entry.clone())));
    }
}

impl LogStore for Disk {
    fn load(&mut self) -> Result<Option<Image>, StoreError> {
        let image = self.store.load()?;
        let entries: Vec<Entry> = image.iter().flat_map(|image| &image.entries).cloned().collect();
        self.note(&entries, true);
        Ok(image)
    }

    fn write(&mut self, batch: &LogBatch) -> Result<(), StoreError> {
        self.store.write(batch)?;
        self.note(&batch.entries, batch.discard_log);
        Ok(())
    }
}
