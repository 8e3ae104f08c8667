//! Histories: what clients asked for and what they were told.

use std::collections::BTreeMap;

/// One step of a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// The list that was read; empty when there is no row.
    Read {
        key: u64,
        list: Vec<u64>,
    },
    Append {
        key: u64,
        element: u64,
    },
}

/// What the client knows of its transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Committed,
    Aborted,
    Unknown,
}

/// How a transaction reads, and so what it may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Snapshots of each group, REPEATABLE READ in each.
    Plain,
    /// Each other transaction wholly or not at all.
    Atomic,
    /// With locks, FOR UPDATE.
    Locking,
}

/// A transaction as its client saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// The connection: its transactions follow one another.
    pub session: u64,
    /// Before BEGIN was sent; after the last answer came. Any clock that all clients share.
    pub begin: u64,
    pub end: u64,
    pub reading: Reading,
    /// Reads that were answered, and appends that were sent.
    pub steps: Vec<Step>,
    pub outcome: Outcome,
}

/// All transactions, and what is there in the end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    pub transactions: Vec<Transaction>,
    /// The list of each key when all is over, read where it is.
    pub finals: BTreeMap<u64, Vec<u64>>,
}

impl Transaction {
    /// Its appends: key and element, in order.
    pub fn appends(&self) -> impl Iterator<Item = (u64, u64)> {
        self.steps.iter().filter_map(|step| match step {
            Step::Append { key, element } => Some((*key, *element)),
            Step::Read { .. } => None,
        })
    }

    /// What it read of others: the first list of each key that it had not appended to before.
    pub fn external_reads(&self) -> BTreeMap<u64, &[u64]> {
        let (mut reads, mut own) = (BTreeMap::new(), std::collections::BTreeSet::new());
        for step in &self.steps {
            match step {
                Step::Append { key, .. } => {
                    own.insert(*key);
                }
                Step::Read { key, list } if !own.contains(key) => {
                    reads.entry(*key).or_insert(list.as_slice());
                }
                Step::Read { .. } => {}
            }
        }
        reads
    }
}

/// The text of a list: each element after a comma.
pub fn parse_list(text: &str) -> Vec<u64> {
    let parts = text.split(',').filter(|part| !part.is_empty());
    parts.map(|part| part.parse().unwrap_or_else(|_| panic!("not a list: {text}"))).collect()
}
