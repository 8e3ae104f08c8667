//! Which transactions are committed, by what is there in the end; appends that are lost, half there, twice there or never made.

use std::collections::{BTreeMap, BTreeSet};

use super::history::{History, Outcome};
use super::{Anomaly, Kind};

/// What became of the transactions and their elements.
#[derive(Clone, Debug, Default)]
pub struct Fates {
    /// By the transaction's place in the history.
    pub committed: Vec<bool>,
    /// Who appended an element of a key: (key, element) to place.
    pub writers: BTreeMap<(u64, u64), usize>,
    /// The last element that a transaction appended to a key: (key, place) to element.
    pub last_appends: BTreeMap<(u64, usize), u64>,
}

/// Decides on each transaction, and says what is wrong with the lists of the end.
pub fn fates(history: &History) -> (Fates, Vec<Anomaly>) {
    let mut fates = Fates::default();
    let mut found = Vec::new();
    for (place, transaction) in history.transactions.iter().enumerate() {
        for (key, element) in transaction.appends() {
            let first = fates.writers.insert((key, element), place);
            assert!(first.is_none(), "the load appends {element} to {key} twice");
            fates.last_appends.insert((key, place), element);
        }
    }
    let mut there: BTreeSet<(u64, u64)> = BTreeSet::new();
    for (key, list) in &history.finals {
        for element in list {
            if !there.insert((*key, *element)) {
                let text = format!("element {element} is twice in the list of {key}: {list:?}");
                found.push(Anomaly { kind: Kind::Duplicate, text });
            }
            if !fates.writers.contains_key(&(*key, *element)) {
                let text = format!("element {element} of {key} was never appended");
                found.push(Anomaly { kind: Kind::Garbage, text });
            }
        }
    }
    for transaction in &history.transactions {
        let appends: Vec<_> = transaction.appends().collect();
        let (is, lost): (Vec<_>, Vec<_>) = appends.into_iter().partition(|append| there.contains(append));
        let told = transaction.outcome;
        let fault = match told {
            Outcome::Committed if !lost.is_empty() && is.is_empty() => Some(Kind::LostAppend),
            Outcome::Aborted if !is.is_empty() => Some(Kind::G1a),
            _ if !lost.is_empty() && !is.is_empty() => Some(Kind::HalfTransaction),
            _ => None,
        };
        if let Some(kind) = fault {
            let text = format!("of {transaction:?} {is:?} is there and {lost:?} is not");
            found.push(Anomaly { kind, text });
        }
        let committed = match told {
            Outcome::Committed => true,
            Outcome::Aborted => false,
            // One that only reads, and was not told that it is committed, proves nothing.
            Outcome::Unknown => !is.is_empty() && lost.is_empty(),
        };
        fates.committed.push(committed);
    }
    (fates, found)
}
