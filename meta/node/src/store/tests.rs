//! The same tests for every store: after any batches, and any reopening, it holds what `Image` says.

use proptest::prelude::*;
use raft::prelude::{Entry, HardState, Snapshot};

use super::*;

fn entry(index: u64, term: u64, fill: u8) -> Entry {
    Entry { index, term, data: vec![fill; 5], ..Entry::default() }
}

fn snapshot(index: u64, term: u64) -> Snapshot {
    let mut snapshot = Snapshot { data: vec![7; 20], ..Snapshot::default() };
    let metadata = snapshot.mut_metadata();
    (metadata.index, metadata.term) = (index, term);
    metadata.mut_conf_state().voters.push(1);
    snapshot
}

fn hard_state(commit: u64) -> Option<HardState> {
    Some(HardState { term: 1, vote: 1, commit })
}

fn bootstrap() -> LogBatch {
    LogBatch {
        node_id: Some(1),
        hard_state: hard_state(1),
        start: Some(LogStart { index: 1, term: 1 }),
        snapshot: Some(snapshot(1, 1)),
        sync: true,
        ..LogBatch::default()
    }
}

/// What a node might do next; made into a batch that fits the image.
#[derive(Clone, Debug)]
enum Step {
    Append { back: u64, count: u64, fill: u8 },
    Commit,
    Compact { keep: u64 },
    Install { ahead: u64 },
    Reopen,
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (0..4u64, 1..6u64, any::<u8>()).prop_map(|(back, count, fill)| Step::Append { back, count, fill }),
        2 => Just(Step::Commit),
        1 => (0..5u64).prop_map(|keep| Step::Compact { keep }),
        1 => (1..9u64).prop_map(|ahead| Step::Install { ahead }),
        1 => Just(Step::Reopen),
    ]
}

fn batch_of(step: &Step, image: &Image) -> LogBatch {
    let commit = image.hard_state.commit;
    match *step {
        Step::Append { back, count, fill } => {
            let first = (image.last_index() + 1).saturating_sub(back).max(commit + 1);
            let entries = (first..first + count).map(|index| entry(index, 1, fill)).collect();
            LogBatch { entries, sync: true, ..LogBatch::default() }
        }
        Step::Commit => LogBatch { hard_state: hard_state(image.last_index()), ..LogBatch::default() },
        Step::Compact { keep } => {
            let index = commit.saturating_sub(keep).max(image.start.index);
            let start = Some(LogStart { index, term: 1 });
            LogBatch { start, snapshot: Some(snapshot(commit, 1)), sync: true, ..LogBatch::default() }
        }
        Step::Install { ahead } => {
            let index = image.last_index() + ahead;
            LogBatch {
                discard_log: true,
                hard_state: hard_state(index),
                start: Some(LogStart { index, term: 1 }),
                snapshot: Some(snapshot(index, 1)),
                sync: true,
                ..LogBatch::default()
            }
        }
        Step::Reopen => LogBatch::default(),
    }
}

/// Runs the steps on a store and on an image, and compares them after each reopening and at the end.
fn store_equals_image<S: LogStore>(open: impl Fn() -> S, steps: &[Step]) {
    let mut store = Some(open());
    assert_eq!(store.as_mut().unwrap().load().unwrap(), None);
    let mut image = Image::default();
    store.as_mut().unwrap().write(&bootstrap()).unwrap();
    image.apply(&bootstrap());
    for step in steps.iter().chain([&Step::Reopen]) {
        let batch = batch_of(step, &image);
        store.as_mut().unwrap().write(&batch).unwrap();
        image.apply(&batch);
        if matches!(step, Step::Reopen) {
            // Closed before it is opened: a store is locked.
            drop(store.take());
            let mut again = open();
            assert_eq!(again.load().unwrap().as_ref(), Some(&image));
            store = Some(again);
        }
    }
}

proptest! {
    #[test]
    fn memory_store_holds_what_was_written(steps in prop::collection::vec(any_step(), 0..40)) {
        let disk = MemoryStore::default();
        store_equals_image(|| disk.clone(), &steps);
    }
}

proptest! {
    // Each case opens a database several times.
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn rocks_store_holds_what_was_written(steps in prop::collection::vec(any_step(), 0..40)) {
        let directory = tempfile::tempdir().unwrap();
        store_equals_image(|| RocksStore::open(&directory.path().join("new").join("meta")).unwrap(), &steps);
    }
}

#[test]
fn append_replaces_the_whole_tail() {
    let directory = tempfile::tempdir().unwrap();
    let mut store = RocksStore::open(directory.path()).unwrap();
    store.write(&bootstrap()).unwrap();
    // The bounds come from load, as after a restart.
    store.load().unwrap();
    let append = |range: std::ops::Range<u64>, term| LogBatch {
        entries: range.map(|index| entry(index, term, 0)).collect(),
        sync: true,
        ..LogBatch::default()
    };
    store.write(&append(2..10, 1)).unwrap();
    store.write(&append(4..6, 2)).unwrap();
    let terms: Vec<_> = store.load().unwrap().unwrap().entries.iter().map(|e| (e.index, e.term)).collect();
    assert_eq!(terms, [(2, 1), (3, 1), (4, 2), (5, 2)]);
}

#[test]
fn unsynced_writes_are_lost_with_the_power_and_synced_ones_are_not() {
    let mut store = MemoryStore::default();
    store.write(&bootstrap()).unwrap();
    let append = |index, sync| LogBatch { entries: vec![entry(index, 1, 0)], sync, ..LogBatch::default() };
    store.write(&append(2, true)).unwrap();
    store.write(&append(3, false)).unwrap();
    assert_eq!(store.load().unwrap().unwrap().last_index(), 3);
    store.lose_power();
    assert_eq!(store.load().unwrap().unwrap().last_index(), 2);
}

#[test]
fn a_directory_in_use_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let _first = RocksStore::open(directory.path()).unwrap();
    let error = RocksStore::open(directory.path()).err().unwrap();
    assert!(error.to_string().starts_with("cannot open the metadata store:"), "{error}");
}

#[test]
fn a_newer_format_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let store = RocksStore::open(directory.path()).unwrap();
    store
        .db_for_test()
        .put_cf(store.db_for_test().cf_handle("state").unwrap(), b"format", 2u64.to_be_bytes())
        .unwrap();
    drop(store);
    assert!(matches!(RocksStore::open(directory.path()), Err(StoreError::Format { found: 2, known: 1 })));
}

#[test]
fn a_lost_end_of_the_log_is_noticed() {
    let mut image = Image::default();
    image.apply(&bootstrap());
    image.apply(&LogBatch {
        entries: vec![entry(2, 1, 0), entry(3, 1, 0)],
        hard_state: hard_state(3),
        ..LogBatch::default()
    });
    image.check().unwrap();
    let mut shorter = image.clone();
    shorter.entries.pop_back();
    assert!(shorter.check().unwrap_err().to_string().contains("3 is committed, the log ends at 2"));
    let mut gap = image.clone();
    gap.entries.pop_front();
    assert!(gap.check().unwrap_err().to_string().contains("log entry 2 is missing"));
}
