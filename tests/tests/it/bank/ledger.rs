//! What writers and readers of the bank were told: which transfers are there, which are not, and of which they cannot know.

use std::collections::BTreeMap;
use std::fmt;

/// An amount that moves from one account to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Transfer {
    pub id: u64,
    pub payer: u64,
    pub payee: u64,
    pub amount: i64,
}

/// What a client knows of its transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// COMMIT was answered with OK.
    Acknowledged,
    /// COMMIT was answered with an error that says so, or was never sent.
    Refused,
    /// The connection was lost at COMMIT, or SQLSTATE 08007.
    Unknown,
}

/// What one client, or all of them, were told.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    pub transfers: BTreeMap<u64, (Transfer, Outcome)>,
    /// Two rows of one statement, in two groups.
    pub twins: BTreeMap<u64, Outcome>,
    /// A row of a broadcast table.
    pub notes: BTreeMap<u64, Outcome>,
    /// Reads of all accounts that gave this sum.
    pub sums: BTreeMap<i64, u64>,
    /// Answers that must not be.
    pub wrong: Vec<String>,
    /// Errors by number, with the first one's text; 0: the connection, or no answer in time.
    pub errors: BTreeMap<u16, (u64, String)>,
}

impl Ledger {
    pub fn join(&mut self, other: Self) {
        self.transfers.extend(other.transfers);
        self.twins.extend(other.twins);
        self.notes.extend(other.notes);
        for (sum, times) in other.sums {
            *self.sums.entry(sum).or_default() += times;
        }
        self.wrong.extend(other.wrong);
        for (errno, (times, text)) in other.errors {
            self.errors.entry(errno).or_insert((0, text)).0 += times;
        }
    }

    pub fn failed(&mut self, errno: u16, text: String) {
        self.errors.entry(errno).or_insert((0, text)).0 += 1;
    }

    pub fn error_count(&self) -> u64 {
        self.errors.values().map(|(times, _)| times).sum()
    }

    /// Transfers with this outcome.
    pub fn count(&self, outcome: Outcome) -> u64 {
        self.transfers.values().filter(|(_, told)| *told == outcome).count() as u64
    }
}

impl fmt::Display for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reads: u64 = self.sums.values().sum();
        writeln!(
            f,
            "{} transfers acknowledged, {} refused, {} not known; {} twins, {} notes, {reads} reads of {} sums",
            self.count(Outcome::Acknowledged),
            self.count(Outcome::Refused),
            self.count(Outcome::Unknown),
            self.twins.len(),
            self.notes.len(),
            self.sums.len(),
        )?;
        for (errno, (times, text)) in &self.errors {
            writeln!(f, "  error {errno}, {times} times, first: {text}")?;
        }
        Ok(())
    }
}
