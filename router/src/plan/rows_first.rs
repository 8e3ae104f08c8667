//! Writes that need rows first: a query gives them, planned as any query is, and they are written by what it gave.

use std::sync::Arc;

use super::Arguments;
pub use super::insert::query::InsertQuery;
pub use super::keyed::{KeyedTarget, KeyedWrite, Literal, Moves};
use super::returning::Returning;

/// A write whose rows come from a query.
#[derive(Debug)]
pub enum RowsFirst {
    Insert(InsertQuery),
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
            Self::Keyed { write, .. } => write.query(arguments),
        }
    }

    /// What the rows that were written answer with.
    pub fn returning(&self) -> Option<&Returning> {
        match self {
            Self::Insert(insert) => insert.returning.as_ref(),
            Self::Keyed { write, .. } => write.returning.as_ref(),
        }
    }

    /// Why.
    pub fn reason(&self) -> &str {
        match self {
            Self::Insert(_) => "INSERT ... SELECT over several physical tables",
            Self::Keyed { reason, .. } => reason,
        }
    }

    /// What is written for each row, on logical tables, with dots in the place of its values: for EXPLAIN.
    pub fn steps(&self, arguments: &Arguments<'_>) -> Vec<Vec<u8>> {
        match self {
            Self::Insert(insert) => {
                vec![[insert.head(arguments), b" VALUES (...)".to_vec(), insert.tail(arguments)].concat()]
            }
            Self::Keyed { write, .. } => {
                write.targets.iter().flat_map(|target| target.steps(arguments)).collect()
            }
        }
    }
}
