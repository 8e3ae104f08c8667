//! The store in RocksDB: the log in one column family, the rest in another, each batch one write batch of its WAL.

use std::collections::VecDeque;
use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use prost011::Message;
use raft::prelude::{Entry, HardState, Snapshot};
use rocksdb::{
    ColumnFamily, DB, DBCompressionType, DBRecoveryMode, Direction, IteratorMode, LogLevel, Options,
    WriteBatch, WriteOptions,
};

use super::{Image, LogBatch, LogStart, LogStore, StoreError};

/// Key: the entry's index, big-endian. Value: the entry in protobuf.
const LOG: &str = "log";
/// Single records under the keys below.
const STATE: &str = "state";

const FORMAT: &[u8] = b"format";
const NODE_ID: &[u8] = b"node_id";
const HARD_STATE: &[u8] = b"hard_state";
const LOG_START: &[u8] = b"log_start";
const SNAPSHOT: &[u8] = b"snapshot";

const FORMAT_VERSION: u64 = 1;
/// Metadata is small; RocksDB's own defaults are for hundreds of megabytes.
const WRITE_BUFFER_BYTES: usize = 8 << 20;
const WAL_BYTES_MAX: u64 = 32 << 20;
const OPEN_FILES_MAX: i32 = 64;

/// One node's store on disk. One process at a time: RocksDB locks the directory.
pub struct RocksStore {
    db: DB,
    directory: PathBuf,
    /// First and last index of the log, for deletes without a search; first > last when it is empty.
    first: u64,
    last: u64,
}

impl RocksStore {
    /// Opens or makes the store.
    ///
    /// # Errors
    /// When the directory cannot be used, is in use by another process, or is in a newer format.
    pub fn open(directory: &Path) -> Result<Self, StoreError> {
        make_directory(directory)?;
        let db =
            DB::open_cf(&options(), directory, [LOG, STATE]).map_err(failed("open the metadata store"))?;
        let store = Self { db, directory: directory.to_owned(), first: 1, last: 0 };
        match store.number(FORMAT)? {
            None | Some(FORMAT_VERSION) => Ok(store),
            Some(found) => Err(StoreError::Format { found, known: FORMAT_VERSION }),
        }
    }

    #[cfg(test)]
    pub(super) fn db_for_test(&self) -> &DB {
        &self.db
    }

    fn family(&self, name: &'static str) -> Result<&ColumnFamily, StoreError> {
        let missing = || StoreError::Damaged(format!("{} has no '{name}' records", self.directory.display()));
        self.db.cf_handle(name).ok_or_else(missing)
    }

    fn record(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.db.get_cf(self.family(STATE)?, key).map_err(failed("read the metadata store"))
    }

    fn number(&self, key: &[u8]) -> Result<Option<u64>, StoreError> {
        let Some(bytes) = self.record(key)? else { return Ok(None) };
        let bytes =
            bytes.try_into().map_err(|_| StoreError::Damaged("a number is too short or long".to_owned()))?;
        Ok(Some(u64::from_be_bytes(bytes)))
    }

    fn message<M: Message + Default>(&self, key: &[u8]) -> Result<M, StoreError> {
        let name = String::from_utf8_lossy(key);
        let bytes = self.record(key)?.ok_or_else(|| StoreError::Damaged(format!("there is no {name}")))?;
        M::decode(&bytes[..]).map_err(|error| StoreError::Damaged(format!("{name}: {error}")))
    }

    fn log_start(&self) -> Result<LogStart, StoreError> {
        let bytes = self.record(LOG_START)?.unwrap_or_default();
        let mut numbers =
            bytes.chunks_exact(8).map(|chunk| chunk.iter().fold(0, |n, byte| n << 8 | u64::from(*byte)));
        match (numbers.next(), numbers.next()) {
            (Some(index), Some(term)) => Ok(LogStart { index, term }),
            _ => Err(StoreError::Damaged("there is no log_start".to_owned())),
        }
    }

    fn entries(&self, after: u64) -> Result<VecDeque<Entry>, StoreError> {
        let from = (after + 1).to_be_bytes();
        let mut entries = VecDeque::new();
        for row in self.db.iterator_cf(self.family(LOG)?, IteratorMode::From(&from, Direction::Forward)) {
            let (_, value) = row.map_err(failed("read the log"))?;
            let damaged = |error| StoreError::Damaged(format!("a log entry: {error}"));
            entries.push_back(Entry::decode(&value[..]).map_err(damaged)?);
        }
        Ok(entries)
    }

    /// Adds the batch's changes of the log.
    fn put_log(&self, out: &mut WriteBatch, batch: &LogBatch) -> Result<(), StoreError> {
        let log = self.family(LOG)?;
        let mut delete = |indexes: std::ops::RangeInclusive<u64>| {
            for index in indexes {
                out.delete_cf(log, index.to_be_bytes());
            }
        };
        if batch.discard_log {
            delete(self.first..=self.last);
        } else if let Some(start) = batch.start {
            delete(self.first..=start.index.min(self.last));
        }
        if let Some(newest) = batch.entries.last() {
            delete(newest.index + 1..=self.last);
        }
        for entry in &batch.entries {
            out.put_cf(log, entry.index.to_be_bytes(), entry.encode_to_vec());
        }
        Ok(())
    }

    /// Adds the batch's changes of the single records.
    fn put_state(&self, out: &mut WriteBatch, batch: &LogBatch) -> Result<(), StoreError> {
        let state = self.family(STATE)?;
        if let Some(node_id) = batch.node_id {
            out.put_cf(state, FORMAT, FORMAT_VERSION.to_be_bytes());
            out.put_cf(state, NODE_ID, node_id.to_be_bytes());
        }
        if let Some(hard_state) = &batch.hard_state {
            out.put_cf(state, HARD_STATE, hard_state.encode_to_vec());
        }
        if let Some(start) = batch.start {
            out.put_cf(state, LOG_START, [start.index.to_be_bytes(), start.term.to_be_bytes()].concat());
        }
        if let Some(snapshot) = &batch.snapshot {
            out.put_cf(state, SNAPSHOT, snapshot.encode_to_vec());
        }
        Ok(())
    }

    fn track_bounds(&mut self, batch: &LogBatch) {
        if batch.discard_log {
            self.last = 0;
        }
        if let Some(start) = batch.start {
            self.first = start.index + 1;
            self.last = self.last.max(start.index);
        }
        if let Some(newest) = batch.entries.last() {
            self.last = newest.index;
        }
    }
}

impl LogStore for RocksStore {
    fn load(&mut self) -> Result<Option<Image>, StoreError> {
        let Some(node_id) = self.number(NODE_ID)? else { return Ok(None) };
        let start = self.log_start()?;
        let image = Image {
            node_id,
            start,
            hard_state: self.message::<HardState>(HARD_STATE)?,
            snapshot: self.message::<Snapshot>(SNAPSHOT)?,
            entries: self.entries(start.index)?,
        };
        image.check()?;
        (self.first, self.last) = (start.index + 1, image.last_index());
        Ok(Some(image))
    }

    fn write(&mut self, batch: &LogBatch) -> Result<(), StoreError> {
        let mut out = WriteBatch::default();
        self.put_log(&mut out, batch)?;
        self.put_state(&mut out, batch)?;
        let mut how = WriteOptions::default();
        how.set_sync(batch.sync);
        self.db.write_opt(out, &how).map_err(failed("write the metadata store"))?;
        self.track_bounds(batch);
        Ok(())
    }
}

fn options() -> Options {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    options.set_paranoid_checks(true);
    // Only a torn last record is forgiven, since a crash leaves one. The default mode takes a damaged record in the middle for
    // the end, and would lose what was acknowledged after it without a word.
    options.set_wal_recovery_mode(DBRecoveryMode::TolerateCorruptedTailRecords);
    options.set_compression_type(DBCompressionType::Lz4);
    options.set_write_buffer_size(WRITE_BUFFER_BYTES);
    options.set_max_total_wal_size(WAL_BYTES_MAX);
    options.set_max_open_files(OPEN_FILES_MAX);
    options.set_keep_log_file_num(2);
    options.set_log_level(LogLevel::Warn);
    options
}

/// Makes the directory, for its owner alone, and its name durable.
fn make_directory(directory: &Path) -> Result<(), StoreError> {
    let io = |action| move |error: std::io::Error| StoreError::Io { action, reason: error.to_string() };
    if directory.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true).mode(0o700).create(directory).map_err(io("make the metadata directory"))?;
    match directory.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        Some(parent) => {
            File::open(parent).and_then(|parent| parent.sync_all()).map_err(io("sync a directory"))
        }
        None => Ok(()),
    }
}

fn failed(action: &'static str) -> impl Fn(rocksdb::Error) -> StoreError {
    move |error| StoreError::Io { action, reason: error.to_string() }
}
