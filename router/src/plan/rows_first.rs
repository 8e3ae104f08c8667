//! Writes that need rows first: a query gives them, planned as any query is, and they are written by what it gave.

use std::sync::Arc;

use super::Arguments;
pub use super::insert::computed::{ComputedValue, InsertComputed};
pub use super::insert::query::InsertQuery;
pub use super::insert::selected::{Comparable, Reading};
pub use super::insert::upsert::Upsert;
pub use super::keyed::{Alike, KeyedColumn, KeyedTarget, KeyedWrite, Literal, Moves};
use super::returning::Returning;

/// A write whose rows come from a query.
#[derive(Debug)]
pub enum RowsFirst {
    Insert(InsertQuery),
    Computed(InsertComputed),
    Upsert(Upsert),
    /// `reason`: why the statement cannot run on each shard by itself.
    Keyed {
        write: KeyedWrite,
        reason: Arc<str>,
    },
}

impl RowsFirst {
    /// The query that comes first, with literals in place of parameters.
    pub fn query(&self, arguments: &Arguments<'_>) -> Vec<u8> {
        match self {
            Self::Insert(insert) => insert.query(arguments),
            Self::Computed(insert) => insert.query(0..insert.values.len(), arguments),
            // The first row tells whether there is one to update.
            Self::Upsert(upsert) => upsert.insert(0, arguments),
            Self::Keyed { write, .. } => write.query(arguments),
        }
    }

    /// What the rows that were written answer with.
    pub fn returning(&self) -> Option<&Returning> {
        match self {
            Self::Insert(insert) => insert.returning.as_ref(),
            Self::Keyed { write, .. } => write.returning.as_ref(),
            Self::Computed(_) | Self::Upsert(_) => None,
        }
    }

    /// A server that reads the statement finds VALUES(column) in it; the statements that stand for it may not have it, or there may be none.
    pub fn has_values_function(&self) -> bool {
        match self {
            Self::Insert(insert) => insert.has_values_function,
            Self::Upsert(upsert) => upsert.has_values_function,
            Self::Computed(_) | Self::Keyed { .. } => false,
        }
    }

    /// Why.
    pub fn reason(&self) -> &str {
        match self {
            Self::Insert(_) => "INSERT ... SELECT over several physical tables",
            Self::Upsert(_) => {
                "ON DUPLICATE KEY UPDATE of a shard key: where the key is taken, the row is updated and may move"
            }
            Self::Computed(_) => "values that a server works out first",
            Self::Keyed { reason, .. } => reason,
        }
    }

    /// What is written for each row, on logical tables, with dots in the place of its values: for EXPLAIN.
    pub fn steps(&self, arguments: &Arguments<'_>) -> Vec<Vec<u8>> {
        match self {
            Self::Insert(insert) => {
                let tail = insert.tail(&vec![b"...".to_vec(); insert.selected.len()], arguments);
                vec![[insert.head(arguments), b" VALUES (...)".to_vec(), tail].concat()]
            }
            Self::Upsert(upsert) => {
                let inserts = (1..upsert.rows()).map(|row| upsert.insert(row, arguments));
                inserts.chain((0..upsert.rows()).map(|row| upsert.update(row, arguments))).collect()
            }
            Self::Computed(insert) => {
                vec![insert.statement(&vec![b"...".to_vec(); insert.values.len()], arguments)]
            }
            Self::Keyed { write, .. } => {
                write.targets.iter().flat_map(|target| target.steps(arguments)).collect()
            }
        }
    }
}
