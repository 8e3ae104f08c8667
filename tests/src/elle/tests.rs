//! A history for each anomaly, which is found, and good ones, which have none.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::history::{History, Outcome, Reading, Step, Transaction, parse_list};
use super::{Kind, check};

/// `a1:5` appends 5 to key 1, `r1:5,6` reads key 1 as [5, 6].
fn steps(text: &str) -> Vec<Step> {
    let step = |word: &str| {
        let (key, rest) = word[1..].split_once(':').unwrap();
        let key = key.parse().unwrap();
        match &word[..1] {
            "a" => Step::Append { key, element: rest.parse().unwrap() },
            _ => Step::Read { key, list: parse_list(rest) },
        }
    };
    text.split_whitespace().map(step).collect()
}

/// A committed transaction of a session of its own, which all others of the history overlap with.
fn transaction(session: u64, text: &str) -> Transaction {
    let reading = Reading::Plain;
    Transaction { session, begin: 0, end: 100, reading, steps: steps(text), outcome: Outcome::Committed }
}

fn history(transactions: &[&str], finals: &[(u64, &str)]) -> History {
    let transactions =
        transactions.iter().enumerate().map(|(at, text)| transaction(at as u64, text)).collect();
    History { transactions, finals: finals.iter().map(|(key, list)| (*key, parse_list(list))).collect() }
}

fn locking(mut history: History) -> History {
    history.transactions.iter_mut().for_each(|one| one.reading = Reading::Locking);
    history
}

fn kinds(history: &History) -> Vec<Kind> {
    let mut kinds: Vec<_> = check(history).into_iter().map(|anomaly| anomaly.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

#[test]
fn a_good_history_has_no_anomaly() {
    let good = history(
        &["a1:1 a2:2", "r1:1 r2:2 a1:3", "r1:1,3 r1:1,3", "r1: r2:", "a2:4 r2:2,4 a2:5 r2:2,4,5"],
        &[(1, "1,3"), (2, "2,4,5")],
    );
    assert_eq!(kinds(&good), []);
    assert_eq!(kinds(&locking(good)), []);
}

#[test]
fn with_snapshots_an_append_may_show_what_others_have_committed_since_the_read() {
    let late = history(&["r1: a1:2 r1:1,2", "a1:1"], &[(1, "1,2")]);
    assert_eq!(kinds(&late), []);
    assert_eq!(kinds(&locking(late)), [Kind::GSingle, Kind::Internal]);
    // But not after its own element, nor may what was read be gone.
    assert_eq!(kinds(&history(&["a1:2 r1:2,1", "a1:1"], &[(1, "2,1")])), [Kind::Internal]);
    assert_eq!(
        kinds(&history(&["a1:2 r1:1"], &[(1, "2")])),
        [Kind::Garbage, Kind::IncompatibleOrder, Kind::Internal]
    );
    assert_eq!(kinds(&history(&["a1:1", "r1: r1:1"], &[(1, "1")])), [Kind::Internal]);
}

#[test]
fn writes_that_are_lost_half_there_or_twice_there_are_found() {
    assert_eq!(kinds(&history(&["a1:1 a2:2"], &[])), [Kind::LostAppend]);
    assert_eq!(kinds(&history(&["a1:1 a2:2"], &[(1, "1")])), [Kind::HalfTransaction]);
    assert_eq!(kinds(&history(&["a1:1"], &[(1, "1,1")])), [Kind::Duplicate]);
    assert_eq!(kinds(&history(&["a1:1"], &[(1, "1,9")])), [Kind::Garbage]);
    let mut one = history(&["a1:1 a2:2"], &[(1, "1")]);
    one.transactions[0].outcome = Outcome::Unknown;
    assert_eq!(kinds(&one), [Kind::HalfTransaction]);
    one.finals = BTreeMap::new();
    assert_eq!(kinds(&one), []);
    one.finals = BTreeMap::from([(1, vec![1]), (2, vec![2])]);
    assert_eq!(kinds(&one), []);
    one.transactions[0].outcome = Outcome::Aborted;
    assert_eq!(kinds(&one), [Kind::G1a]);
}

#[test]
fn aborted_and_half_made_lists_that_were_read_are_found() {
    let mut aborted = history(&["a1:1", "r1:1"], &[]);
    aborted.transactions[0].outcome = Outcome::Aborted;
    assert_eq!(kinds(&aborted), [Kind::G1a, Kind::IncompatibleOrder]);
    let middle = history(&["a1:1 a1:2", "r1:1"], &[(1, "1,2")]);
    assert!(kinds(&middle).contains(&Kind::G1b), "{:?}", check(&middle));
    assert_eq!(kinds(&history(&["r1:9"], &[])), [Kind::Garbage, Kind::IncompatibleOrder]);
    assert_eq!(kinds(&history(&["a1:1", "r1:1,1"], &[(1, "1")])), [Kind::Duplicate, Kind::IncompatibleOrder]);
    let order = history(&["a1:1", "a1:2", "r1:2"], &[(1, "1,2")]);
    assert_eq!(kinds(&order), [Kind::IncompatibleOrder]);
}

#[test]
fn circles_of_writes_and_reads_are_found_at_every_level() {
    let dirty = history(&["a1:1 a2:2", "a1:3 a2:4"], &[(1, "1,3"), (2, "4,2")]);
    assert!(kinds(&dirty).contains(&Kind::G0), "{:?}", check(&dirty));
    // A third one's append between two of a transaction.
    assert!(kinds(&history(&["a1:1 a1:2", "a1:3"], &[(1, "1,3,2")])).contains(&Kind::G0));
    let mutual = history(&["a1:1 r2:2", "a2:2 r1:1"], &[(1, "1"), (2, "2")]);
    assert_eq!(kinds(&mutual), [Kind::G1c]);
    let mixed = history(&["a1:1 a2:2", "a1:3", "r1:1,3 a2:4"], &[(1, "1,3"), (2, "4,2")]);
    assert_eq!(kinds(&mixed), [Kind::G1c]);
}

#[test]
fn circles_of_what_was_not_seen_are_anomalies_of_locking_reads_only() {
    let skew = history(&["r1: a2:2", "r2: a1:1"], &[(1, "1"), (2, "2")]);
    assert_eq!(kinds(&skew), []);
    assert_eq!(kinds(&locking(skew)), [Kind::G2]);
    let fractured = history(&["a1:1 a2:2", "r1:1 r2:"], &[(1, "1"), (2, "2")]);
    assert_eq!(kinds(&fractured), []);
    assert_eq!(kinds(&locking(fractured)), [Kind::GSingle]);
    let update = history(&["r1: a1:1", "r1: a1:2"], &[(1, "1,2")]);
    assert_eq!(kinds(&update), []);
    assert_eq!(kinds(&locking(update)), [Kind::GSingle, Kind::LostUpdate]);
    // Two readers that see two writers in different orders.
    let fork = history(&["a1:1", "a2:2", "r1:1 r2:", "r1: r2:2"], &[(1, "1"), (2, "2")]);
    assert_eq!(kinds(&fork), []);
    assert_eq!(kinds(&locking(fork)), [Kind::G2]);
}

#[test]
fn atomic_reads_see_all_of_a_transaction_or_nothing() {
    let mut half = history(&["a1:1 a2:2", "a1:3", "r1:1,3 r2:"], &[(1, "1,3"), (2, "2")]);
    assert_eq!(kinds(&half), []);
    half.transactions[2].reading = Reading::Atomic;
    assert_eq!(kinds(&half), [Kind::FracturedRead]);
    half.transactions[2].steps = steps("r1:1,3 r2:2");
    assert_eq!(kinds(&half), []);
    half.transactions[2].steps = steps("r1: r2:");
    assert_eq!(kinds(&half), []);
}

#[test]
fn a_session_sees_its_own_and_does_not_go_back_in_time() {
    let mut own = history(&["a1:1", "r1:"], &[(1, "1")]);
    (own.transactions[0].end, own.transactions[1].begin, own.transactions[1].end) = (10, 20, 30);
    assert_eq!(kinds(&own), []);
    own.transactions[1].session = 0;
    assert_eq!(kinds(&own), [Kind::OwnWriteUnseen]);
    let mut back = history(&["a1:1", "r1:1", "r1:"], &[(1, "1")]);
    (back.transactions[1].begin, back.transactions[2].begin) = (10, 20);
    assert_eq!(kinds(&back), []);
    back.transactions[2].session = 1;
    assert_eq!(kinds(&back), [Kind::BackInTime]);
}

#[test]
fn with_locks_what_was_acknowledged_before_is_seen() {
    let mut stale = history(&["a1:1", "r1:"], &[(1, "1")]);
    (stale.transactions[0].end, stale.transactions[1].begin) = (10, 20);
    assert_eq!(kinds(&stale), []);
    assert_eq!(kinds(&locking(stale)), [Kind::GSingle]);
    // An append that stands before one that had ended when it began: at no level.
    let mut early = history(&["a1:1", "a1:2"], &[(1, "2,1")]);
    (early.transactions[0].end, early.transactions[1].begin) = (10, 20);
    assert_eq!(kinds(&early), [Kind::G0]);
}

/// Transactions one after the other, some aborted and some unknown, are good at every level; and one that is moved or changed is not.
#[test]
fn serial_histories_are_good_and_broken_ones_are_not() {
    for seed in 0..200 {
        let mut random = StdRng::seed_from_u64(seed);
        let mut lists: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        let mut history = History::default();
        for number in 0..40u64 {
            let before = lists.clone();
            let mut one = transaction(number % 5, "");
            (one.begin, one.end, one.reading) = (10 * number, 10 * number + 5, Reading::Locking);
            for step in 0..random.random_range(1..6u64) {
                let (key, element) = (random.random_range(0..6), number * 10 + step);
                let list = lists.entry(key).or_default();
                if random.random_bool(0.5) {
                    one.steps.push(Step::Read { key, list: list.clone() });
                } else {
                    list.push(element);
                    one.steps.push(Step::Append { key, element });
                }
            }
            let undone = random.random_bool(0.2);
            let is_known = random.random_bool(0.7);
            one.outcome = match (undone, is_known) {
                (true, true) => Outcome::Aborted,
                (false, true) => Outcome::Committed,
                (_, false) => Outcome::Unknown,
            };
            if undone {
                lists = before;
            }
            history.transactions.push(one);
        }
        history.finals = lists;
        assert_eq!(check(&history), [], "seed {seed}");
        let mut broken = history.clone();
        let longest = broken.finals.values_mut().max_by_key(|list| list.len()).unwrap();
        if random.random_bool(0.5) {
            let last = longest.len() - 1;
            longest.swap(0, last);
        } else {
            longest.remove(longest.len() / 2);
        }
        assert_ne!(check(&broken), [], "seed {seed}");
    }
}
