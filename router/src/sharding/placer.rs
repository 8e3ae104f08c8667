//! The placer: one table's rule, key types, folds and topology, ready to place rows and prune conditions.

use std::sync::Arc;

use ostrakon_catalog::schema::{Database, Table, TableKind};

use super::fold::CollationFold;
use super::{ColumnCondition, ShardSet, Topology};
use crate::RouterError;
use crate::value::Value;

/// Where a point condition leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PointRoute {
    /// Every matching row is in this physical table.
    Shard(usize),
    /// No row can match.
    Nothing,
    /// Not decided by these values: use `prune`, or all tables.
    Unknown,
}

/// Placement of one logical table. Built once for a plan, shared behind an `Arc`.
#[derive(Clone, Debug)]
pub struct Placer {
    topology: Arc<Topology>,
    key_ordinals: Vec<usize>,
}

impl Placer {
    /// Resolves the table's rule against its columns and its database's groups. `folds` gives the fold of a collation by its
    /// lower-case name; it is asked only for string keys of tables with folded placement.
    ///
    /// Single tables have one physical table, in group 0; broadcast tables one in each group, with index = group.
    ///
    /// Errors: 1235 when the rule cannot be carried out (an unknown fold, a key type without placement, groups that have changed).
    pub fn new(
        table: &Table,
        database: &Database,
        folds: &dyn Fn(&str) -> Option<Arc<CollationFold>>,
    ) -> Result<Self, RouterError> {
        let _ = folds;
        if let TableKind::Sharded(_) = table.kind {
            return Err(RouterError::not_supported("sharded tables"));
        }
        Ok(Self { topology: Arc::new(Topology::new(table, database)?), key_ordinals: Vec::new() })
    }

    /// The physical tables.
    pub fn topology(&self) -> &Arc<Topology> {
        &self.topology
    }

    /// Ordinals (in `Table::columns`) of the columns that place a row, each once; empty for single and broadcast tables.
    /// `place_row` and `point` take values in this order.
    pub fn key_ordinals(&self) -> &[usize] {
        &self.key_ordinals
    }

    /// True when the column takes part in placement, so an UPDATE of it would move the row.
    pub fn is_key(&self, ordinal: usize) -> bool {
        self.key_ordinals.contains(&ordinal)
    }

    /// The physical table of a new row, under MySQL's assignment conversion. `values` are the row's values for `key_ordinals`, in
    /// that order; `Value::Default` takes the column's literal default. AUTO_INCREMENT values must be filled in before.
    ///
    /// Errors: MySQL's own (1048, 1264, 1292, 1364, 1366) where the server would refuse the value in strict mode, 1235 where the stored value
    /// cannot be known exactly.
    pub fn place_row(&self, values: &[&Value<'_>]) -> Result<usize, RouterError> {
        let _ = values;
        match self.topology.len() {
            1 => Ok(0),
            _ => Err(RouterError::not_supported("placing a row of a broadcast table on one shard")),
        }
    }

    /// The physical table of rows whose key columns *equal* these values (comparison semantics). `values` as in `place_row`.
    pub fn point(&self, values: &[&Value<'_>]) -> PointRoute {
        let _ = values;
        match self.topology.len() {
            1 => PointRoute::Shard(0),
            _ => PointRoute::Unknown,
        }
    }

    /// The physical tables that can hold a row for which every condition is true (AND). Conditions are (column ordinal, condition); the same
    /// column may come more than once, columns that are not keys are passed over. For OR, unite the sets of the branches.
    pub fn prune(&self, conditions: &[(usize, ColumnCondition<'_>)]) -> ShardSet {
        if conditions.iter().any(|(_, condition)| matches!(condition, ColumnCondition::Never)) {
            return ShardSet::empty(self.topology.len());
        }
        ShardSet::all(self.topology.len())
    }

    /// True when rows with equal key values lie in physical tables of the same index and group in both tables, so that a join or
    /// a subquery on the keys (pairwise in `key_ordinals` order) can run inside each group, index by index.
    pub fn co_located_with(&self, other: &Self) -> bool {
        let _ = other;
        false
    }
}
