//! What single reads prove: aborted and half-made lists, wrong orders, a transaction or a session that does not see its own, fractured reads.

use std::collections::{BTreeMap, BTreeSet};

use super::history::{History, Outcome, Reading, Step, Transaction};
use super::writes::Fates;
use super::{Anomaly, Kind};

/// All faults of the reads of committed transactions.
pub fn check(history: &History, fates: &Fates) -> Vec<Anomaly> {
    let mut found = Vec::new();
    for (place, transaction) in history.transactions.iter().enumerate() {
        if !fates.committed[place] {
            continue;
        }
        for step in &transaction.steps {
            if let Step::Read { key, list } = step {
                lists(history, fates, (place, transaction), *key, list, &mut found);
            }
        }
        internal(transaction, &mut found);
        if transaction.reading == Reading::Atomic {
            fractured(history, fates, transaction, &mut found);
        }
    }
    sessions(history, &mut found);
    found
}

fn lists(
    history: &History,
    fates: &Fates,
    (place, reader): (usize, &Transaction),
    key: u64,
    list: &[u64],
    found: &mut Vec<Anomaly>,
) {
    let mut add = |kind, text| found.push(Anomaly { kind, text: format!("{text}: {reader:?}") });
    let distinct: BTreeSet<_> = list.iter().collect();
    if distinct.len() != list.len() {
        add(Kind::Duplicate, format!("key {key} was read with an element twice"));
    }
    for element in list {
        match fates.writers.get(&(key, *element)) {
            None => add(Kind::Garbage, format!("element {element} of {key} was read, and never appended")),
            Some(writer) if !fates.committed[*writer] => {
                add(Kind::G1a, format!("element {element} of {key} was read, and its transaction aborted"));
            }
            Some(_) => {}
        }
    }
    if let Some(last) = list.last() {
        let writer = fates.writers.get(&(key, *last)).filter(|writer| **writer != place);
        let whole = writer.and_then(|writer| fates.last_appends.get(&(key, *writer)));
        if whole.is_some_and(|whole| whole != last) {
            add(Kind::G1b, format!("key {key} was read in the middle of another transaction's appends"));
        }
    }
    let all = history.finals.get(&key).map_or(&[][..], Vec::as_slice);
    if !all.starts_with(list) {
        add(Kind::IncompatibleOrder, format!("key {key} was read as {list:?} and is {all:?} in the end"));
    }
}

/// A transaction sees what it has read and appended itself.
///
/// **Invariant:** with snapshots, an append goes to the newest list, not to the one that was read: after it, reads may show what others have committed
/// in between, but before the transaction's own elements, which stay together under its lock.
fn internal(transaction: &Transaction, found: &mut Vec<Anomaly>) {
    // What was read last, and whether the transaction has appended since it first did.
    let mut known: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    let mut own: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    let mut is_known_with: BTreeMap<u64, usize> = BTreeMap::new();
    for step in &transaction.steps {
        match step {
            Step::Append { key, element } => own.entry(*key).or_default().push(*element),
            Step::Read { key, list } => {
                let mine = own.get(key).map_or(&[][..], Vec::as_slice);
                let seen_with = is_known_with.insert(*key, mine.len());
                let before = known.insert(*key, list.clone());
                let is_right = match (before, seen_with) {
                    (Some(before), Some(seen)) if seen > 0 || transaction.reading == Reading::Locking => {
                        // Locked since: nobody else can have appended.
                        *list == [before.as_slice(), &mine[seen..]].concat()
                    }
                    (Some(before), _) if mine.is_empty() => *list == before,
                    (before, _) => {
                        let before = before.unwrap_or_default();
                        list.ends_with(mine) && list[..list.len() - mine.len()].starts_with(&before)
                    }
                };
                if !is_right {
                    let text = format!("key {key} is {list:?} after own appends {mine:?}: {transaction:?}");
                    found.push(Anomaly { kind: Kind::Internal, text });
                }
            }
        }
    }
}

/// Of a transaction one element was seen, and another one, of a key that was read too, was not.
fn fractured(history: &History, fates: &Fates, reader: &Transaction, found: &mut Vec<Anomaly>) {
    let reads = reader.external_reads();
    let writer = |key: u64, element: &u64| fates.writers.get(&(key, *element)).copied();
    let seen: BTreeSet<usize> =
        reads.iter().flat_map(|(key, list)| list.iter().filter_map(|one| writer(*key, one))).collect();
    for (key, list) in &reads {
        let all = history.finals.get(key).map_or(&[][..], Vec::as_slice);
        for element in all.iter().skip(list.len()) {
            if let Some(half) = writer(*key, element).filter(|writer| seen.contains(writer)) {
                let text = format!(
                    "element {element} of {key} was not seen beside others of {:?}: {reader:?}",
                    history.transactions[half]
                );
                found.push(Anomaly { kind: Kind::FracturedRead, text });
            }
        }
    }
}

/// A session's transactions follow one another: each sees what the session appended before, and no older list than before.
fn sessions(history: &History, found: &mut Vec<Anomaly>) {
    let mut of_session: BTreeMap<u64, Vec<&Transaction>> = BTreeMap::new();
    for transaction in history.transactions.iter().filter(|one| one.outcome == Outcome::Committed) {
        of_session.entry(transaction.session).or_default().push(transaction);
    }
    for transactions in of_session.values_mut() {
        transactions.sort_by_key(|one| one.begin);
        let mut own: BTreeMap<u64, u64> = BTreeMap::new();
        let mut read: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
        for transaction in transactions.iter() {
            for (key, list) in transaction.external_reads() {
                if own.get(&key).is_some_and(|element| !list.contains(element)) {
                    let text = format!("key {key} lacks the session's own {}: {transaction:?}", own[&key]);
                    found.push(Anomaly { kind: Kind::OwnWriteUnseen, text });
                }
                if read.get(&key).is_some_and(|before| !list.starts_with(before)) {
                    let text =
                        format!("key {key} was {:?} for the session before: {transaction:?}", read[&key]);
                    found.push(Anomaly { kind: Kind::BackInTime, text });
                }
                read.insert(key, list.to_vec());
            }
            for (key, element) in transaction.appends() {
                own.insert(key, element);
            }
        }
    }
}
