//! A checker of histories of list-appends, after Elle (Kingsbury and Alvaro, VLDB 2020): which anomalies does what clients saw prove?
//!
//! Each key holds a list, which transactions read and append to; every appended element is unique. A list that was read shows the order of all
//! writes of its key, so dependencies between transactions follow from what clients were told alone, and a cycle of them is an anomaly.

pub mod cycle;
pub mod graph;
pub mod history;
pub mod reads;
pub mod writes;

use history::{History, Reading};

/// What the levels of isolation forbid, by the names of Adya and Elle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// An element that was acknowledged is not there.
    LostAppend,
    /// Of a transaction's elements some are there and some are not.
    HalfTransaction,
    /// An element of an aborted transaction was read, or is there.
    G1a,
    /// A list that ends amid the appends of another transaction.
    G1b,
    /// Writers overwrite each other in a circle.
    G0,
    /// A circle of writes and reads of what was written.
    G1c,
    /// A circle in which one transaction did not see another.
    GSingle,
    /// A circle with several of those.
    G2,
    /// Two transactions read the same list and both appended to it.
    LostUpdate,
    /// An element is twice in one list.
    Duplicate,
    /// An element that nobody has appended.
    Garbage,
    /// Two reads of one key of which neither goes on from the other.
    IncompatibleOrder,
    /// A transaction does not see what it has itself read or written.
    Internal,
    /// A session does not see what it has been told is committed.
    OwnWriteUnseen,
    /// A session reads an older list than before.
    BackInTime,
    /// Of another transaction's appends one was seen and one was not.
    FracturedRead,
}

/// One thing that must not be, in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anomaly {
    pub kind: Kind,
    pub text: String,
}

/// Everything that must not be in a history. With locking reads throughout, it must be strictly serializable.
pub fn check(history: &History) -> Vec<Anomaly> {
    let (fates, mut found) = writes::fates(history);
    found.extend(reads::check(history, &fates));
    let is_locking = history.transactions.iter().all(|one| one.reading == Reading::Locking);
    found.extend(cycle::check(history, &fates, is_locking));
    found
}

#[cfg(test)]
mod tests;
