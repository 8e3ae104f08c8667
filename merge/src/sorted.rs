//! Finished rows that must be sorted again: held in memory, within a budget, only as many as a LIMIT lets out.

use std::cmp::Ordering;

use super::error::MergeError;
use super::key::Keys;
use super::row::Row;

/// Rows beyond those needed that are let in before the surplus is sorted out.
const SLACK: usize = 1024;

/// The rows of `output_order`.
#[derive(Debug)]
pub(super) struct Sorted {
    /// Decodes each row's `keys` before it is added, and compares them.
    pub keys: Keys,
    rows: Vec<Row>,
    /// In bytes, of the rows held.
    used: usize,
    /// In bytes.
    limit: usize,
    /// Rows that can come out at all.
    wanted: u64,
    /// The next row to come out, once sorted.
    next: usize,
}

impl Sorted {
    /// `memory` in bytes; `wanted`: offset and count of LIMIT together.
    pub(super) fn new(keys: Keys, memory: usize, wanted: u64) -> Self {
        Self { keys, rows: Vec::new(), used: 0, limit: memory, wanted, next: 0 }
    }

    /// Adds a row whose `keys` are decoded.
    pub(super) fn add(&mut self, row: &Row) -> Result<(), MergeError> {
        let row = row.compact();
        self.used = self.used.saturating_add(row.footprint());
        self.rows.push(row);
        let surplus =
            usize::try_from(self.wanted).is_ok_and(|wanted| self.rows.len() >= wanted.saturating_add(SLACK));
        if surplus || self.used > self.limit {
            self.drop_surplus();
        }
        if self.used > self.limit { Err(MergeError::OverBudget { limit: self.limit }) } else { Ok(()) }
    }

    /// All rows are here.
    pub(super) fn finish(&mut self) {
        self.sort();
        self.next = 0;
    }

    /// The next row in order.
    pub(super) fn pop(&mut self) -> Option<Row> {
        let row = self.rows.get_mut(self.next)?;
        self.next += 1;
        Some(std::mem::take(row))
    }

    fn drop_surplus(&mut self) {
        let Ok(wanted) = usize::try_from(self.wanted) else { return };
        if self.rows.len() > wanted {
            self.sort();
            self.rows.truncate(wanted);
            self.used = self.rows.iter().map(Row::footprint).fold(0, usize::saturating_add);
        }
    }

    /// Stable: equal rows stay in the order they came in.
    fn sort(&mut self) {
        let keys = &self.keys;
        let order = |a: &Row, b: &Row| -> Ordering { keys.compare(a, b) };
        self.rows.sort_by(order);
    }
}
