//! Tests of sequences over a catalog in memory: several nodes, ranges, raises, epochs, a catalog that does not answer.

use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use ostrakon_catalog::schema::{Database, DefaultSharding, Group, Sequence, SequenceChange};

use super::*;

/// A catalog that all nodes of a test share.
#[derive(Clone)]
pub(super) struct Shared {
    catalog: Arc<Mutex<Catalog>>,
    /// There is no majority.
    pub cut: Arc<AtomicBool>,
    delay: Duration,
    pub proposals: Arc<AtomicU64>,
}

impl Shared {
    /// With database `d`, nodes 1 and 2, and sequence `d.s` of that kind.
    pub fn with(kind: SequenceKind, change: impl FnOnce(&mut Sequence)) -> Self {
        let mut catalog = Catalog::default();
        let mut sequence = Sequence::of_kind(kind, "s".to_owned(), 1);
        change(&mut sequence);
        let group = Group { name: "G".to_owned(), physical_database: "p".to_owned(), instance: 1 };
        let database = Database {
            name: "d".to_owned(),
            groups: vec![group],
            default_sharding: DefaultSharding::Single,
            guard: Default::default(),
            charset: "utf8mb4".to_owned(),
            collation: "utf8mb4_bin".to_owned(),
            tables: Default::default(),
            sequences: Default::default(),
            views: Default::default(),
        };
        let text = |text: &str| text.to_owned();
        let instance = Command::CreateInstance {
            name: text("i"),
            host: text("h"),
            port: 1,
            user: text("u"),
            password: text(""),
            tls: Default::default(),
        };
        let node = |id| Command::RegisterNode {
            node: ostrakon_catalog::node::NodeRecord { id, start: 1, ..Default::default() },
        };
        let commands = [
            instance,
            Command::CreateDatabase { database },
            Command::CreateSequence { database: text("d"), sequence },
            node(1),
            node(2),
        ];
        for command in &commands {
            catalog.apply(command).unwrap();
        }
        Self {
            catalog: Arc::new(Mutex::new(catalog)),
            cut: Arc::default(),
            delay: Duration::from_millis(1),
            proposals: Arc::default(),
        }
    }

    pub fn apply(&self, command: &Command) -> Outcome {
        self.catalog.lock().unwrap().apply(command).unwrap()
    }

    fn alter(&self, change: SequenceChange) {
        self.apply(&Command::AlterSequence { database: "d".to_owned(), sequence: "s".to_owned(), change });
    }

    fn next(&self) -> u64 {
        self.catalog().sequence("d", "s").unwrap().next
    }
}

impl Ledger for Shared {
    fn catalog(&self) -> Arc<Catalog> {
        Arc::new(self.catalog.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    fn look(&self, database: &str, sequence: &str) -> Option<Known> {
        Known::of(&self.catalog.lock().unwrap(), database, sequence)
    }

    async fn propose(&self, command: Command) -> Result<Outcome, ProposeError> {
        self.proposals.fetch_add(1, Ordering::SeqCst);
        tokio::time::sleep(self.delay).await;
        if self.cut.load(Ordering::SeqCst) {
            return Err(ProposeError::NoLeader);
        }
        Ok(self.catalog.lock().unwrap().apply(&command)?)
    }

    async fn catch_up(&self) -> Result<(), ProposeError> {
        match self.cut.load(Ordering::SeqCst) {
            true => Err(ProposeError::NoLeader),
            false => Ok(()),
        }
    }
}

const GROUP: SequenceKind = SequenceKind::Group { unit_count: 1, unit_index: 0 };

fn node(id: u64) -> Arc<Sequences> {
    Arc::new(Sequences::new(id, Handle::current()))
}

async fn take(sequences: &Sequences, ledger: &Shared, count: usize) -> Vec<u64> {
    sequences.take(ledger, "d", "s", count).await.unwrap()
}

/// Lets the background do its work.
async fn settle() {
    tokio::time::sleep(Duration::from_millis(30)).await;
}

#[tokio::test]
async fn values_come_in_order_and_begin_with_a_small_range() {
    let (ledger, sequences) = (Shared::with(GROUP, |_| {}), node(1));
    assert_eq!(take(&sequences, &ledger, 3).await, [1, 2, 3]);
    assert_eq!(take(&sequences, &ledger, 1).await, [4]);
    assert_eq!(ledger.next(), 1001);
    let many = take(&sequences, &ledger, 5000).await;
    assert_eq!(many, (5..5005).collect::<Vec<_>>(), "over the ends of ranges too");
}

#[tokio::test]
async fn a_statement_waits_only_for_the_first_range_when_half_is_fetched_ahead() {
    let (ledger, sequences) = (Shared::with(GROUP, |_| {}), node(1));
    for _ in 0..200 {
        take(&sequences, &ledger, 100).await;
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
    let held = sequences.held(&ledger, "d", "s").unwrap();
    assert_eq!(held.waits, 1, "{held:?}");
    assert!(held.size > 1000 && held.leases > 1, "{held:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn values_are_unique_over_nodes_and_rise_in_each_session() {
    for kind in [
        GROUP,
        SequenceKind::Group { unit_count: 3, unit_index: 1 },
        SequenceKind::Simple,
        SequenceKind::Time,
    ] {
        let ledger = Shared::with(kind, |s| s.inner_step = 700);
        let nodes = [node(1), node(2)];
        let sessions: Vec<_> = (0..8)
            .map(|session: usize| {
                let (ledger, sequences) = (ledger.clone(), Arc::clone(&nodes[session % 2]));
                tokio::spawn(async move {
                    let mut mine = Vec::new();
                    for round in 0..60 {
                        mine.extend(take(&sequences, &ledger, 1 + (session + round) % 37).await);
                    }
                    mine
                })
            })
            .collect();
        let mut all = BTreeSet::new();
        for session in sessions {
            let mine = session.await.unwrap();
            assert!(mine.is_sorted_by(|a, b| a < b), "a session's values do not rise ({kind:?})");
            for value in mine {
                assert!(all.insert(value), "{value} was given twice ({kind:?})");
            }
        }
        if kind == SequenceKind::Simple {
            assert!(all.iter().copied().eq(1..=all.len() as u64), "a gap");
        }
    }
}

#[tokio::test]
async fn waiting_sessions_share_one_grant_of_a_simple_sequence() {
    let (ledger, sequences) = (Shared::with(SequenceKind::Simple, |_| {}), node(1));
    let sessions: Vec<_> = (0..50)
        .map(|_| {
            let (ledger, sequences) = (ledger.clone(), Arc::clone(&sequences));
            tokio::spawn(async move { take(&sequences, &ledger, 2).await })
        })
        .collect();
    let mut all = BTreeSet::new();
    for session in sessions {
        let values = session.await.unwrap();
        assert_eq!(values[0] + 1, values[1]);
        all.extend(values);
    }
    assert!(all.into_iter().eq(1..=100));
    let proposals = ledger.proposals.load(Ordering::SeqCst);
    assert!(proposals < 10, "{proposals} proposals for 50 sessions");
}

#[tokio::test]
async fn a_client_that_leaves_takes_no_value_of_a_simple_sequence() {
    let (ledger, sequences) = (Shared::with(SequenceKind::Simple, |_| {}), node(1));
    {
        let mut leaving = std::pin::pin!(sequences.take(&ledger, "d", "s", 1));
        // Asks, and is dropped before anybody proposes for it.
        let asked = std::future::poll_fn(|context| {
            std::task::Poll::Ready(Future::poll(leaving.as_mut(), context).is_pending())
        });
        assert!(asked.await);
    }
    settle().await;
    assert_eq!(take(&sequences, &ledger, 2).await, [1, 2]);
}

#[tokio::test]
async fn a_simple_sequence_goes_round_or_ends() {
    let ledger = Shared::with(SequenceKind::Simple, |s| (s.increment, s.maximum, s.cycle) = (2, 5, true));
    let sequences = node(1);
    assert_eq!(take(&sequences, &ledger, 5).await, [1, 3, 5, 1, 3]);
    ledger.alter(SequenceChange { cycle: Some(false), ..SequenceChange::default() });
    assert_eq!(take(&sequences, &ledger, 1).await, [5]);
    assert_eq!(sequences.take(&ledger, "d", "s", 1).await.unwrap_err().errno, 4084);
}

#[tokio::test]
async fn another_epoch_voids_what_a_node_holds() {
    let (ledger, one, two) = (Shared::with(GROUP, |_| {}), node(1), node(2));
    assert_eq!(take(&one, &ledger, 1).await, [1]);
    assert_eq!(take(&two, &ledger, 1).await, [1001]);
    let (database, sequence) = ("d".to_owned(), "s".to_owned());
    ledger.apply(&Command::ResetSequence { database, sequence, start: 1 });
    assert_eq!(take(&two, &ledger, 1).await, [1]);
    assert_eq!(take(&one, &ledger, 1).await, [1001]);
    ledger.alter(SequenceChange { kind: Some(SequenceKind::Simple), ..SequenceChange::default() });
    assert_eq!(take(&one, &ledger, 1).await, [2001]);
    assert_eq!(take(&two, &ledger, 1).await, [2002]);
    ledger.apply(&Command::DropSequence { database: "d".to_owned(), sequence: "s".to_owned() });
    assert_eq!(one.take(&ledger, "d", "s", 1).await.unwrap_err().errno, 4091);
}

#[tokio::test]
async fn no_value_follows_that_an_explicit_one_has_passed() {
    let (ledger, sequences) = (Shared::with(GROUP, |_| {}), node(1));
    let raise = async |value| sequences.raise(&ledger, "d", "s", value).await.unwrap();
    assert_eq!(take(&sequences, &ledger, 1).await, [1]);
    raise(500).await;
    assert_eq!(take(&sequences, &ledger, 1).await, [501]);
    assert_eq!(ledger.next(), 1001, "within the range it is nobody's business");
    raise(3).await;
    assert_eq!(take(&sequences, &ledger, 1).await, [502]);
    raise(5000).await;
    assert_eq!(take(&sequences, &ledger, 1).await, [5001]);
}

#[tokio::test]
async fn a_range_that_was_under_way_is_raised_too() {
    let (ledger, sequences) = (Shared::with(GROUP, |_| {}), node(1));
    take(&sequences, &ledger, 600).await;
    // The next range, 1001 to 3000, has been asked for: it comes when the value 1500 has been written.
    sequences.raise(&ledger, "d", "s", 1500).await.unwrap();
    settle().await;
    let values = take(&sequences, &ledger, 1000).await;
    assert!(values.iter().all(|value| *value > 1500), "{:?}", values.first());
}

#[tokio::test]
async fn rising_explicit_values_do_not_propose_each_time() {
    let (ledger, sequences) = (Shared::with(GROUP, |_| {}), node(1));
    for value in 1..=2000 {
        sequences.raise(&ledger, "d", "s", value).await.unwrap();
    }
    let proposals = ledger.proposals.load(Ordering::SeqCst);
    assert!(proposals < 50, "{proposals} proposals");
    assert!(take(&sequences, &ledger, 1).await[0] > 2000);
}

#[tokio::test]
async fn without_a_majority_a_node_goes_on_with_what_it_has() {
    let (ledger, sequences) = (Shared::with(GROUP, |_| {}), node(1));
    take(&sequences, &ledger, 1).await;
    ledger.cut.store(true, Ordering::SeqCst);
    assert_eq!(take(&sequences, &ledger, 900).await.len(), 900);
    let error = sequences.take(&ledger, "d", "s", 200).await.unwrap_err();
    assert_eq!(error.errno, 1467);
    assert!(error.message.contains("d.s"), "{}", error.message);
    ledger.cut.store(false, Ordering::SeqCst);
    let after = take(&sequences, &ledger, 1).await;
    assert!(after[0] > 901);
    // A SIMPLE sequence has nothing in store.
    let simple = Shared::with(SequenceKind::Simple, |_| {});
    simple.cut.store(true, Ordering::SeqCst);
    assert_eq!(node(1).take(&simple, "d", "s", 1).await.unwrap_err().errno, 1467);
}
