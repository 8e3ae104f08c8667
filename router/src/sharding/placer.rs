//! The placer: one table's rule, key types, folds and topology, ready to place rows and prune conditions.

use std::sync::Arc;

use ostrakon_catalog::rule::ShardingRule;
use ostrakon_catalog::schema::{Database, InstanceId, Table, TableKind};

use super::convert::KeyColumn;
use super::fold::CollationFold;
use super::half::{Half, HalfPoint, Hashes};
use super::layout::{Layout, LayoutKind};
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
    shape: Shape,
    keys: Vec<KeyColumn>,
    key_ordinals: Vec<usize>,
    /// Instance and physical database of each group that the database has.
    groups: Vec<(InstanceId, String)>,
}

#[derive(Clone, Debug)]
enum Shape {
    Single,
    Broadcast,
    Sharded(Box<Ruled>),
}

/// A sharded table's rule, bound to its key columns.
#[derive(Clone, Debug)]
struct Ruled {
    layout: Layout,
    db: Option<Half>,
    tb: Option<Half>,
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
        let mut keys = Vec::new();
        let shape = match &table.kind {
            TableKind::Single => Shape::Single,
            TableKind::Broadcast => Shape::Broadcast,
            TableKind::Sharded(rule) => Self::sharded(table, rule, database, &mut keys, folds)?,
        };
        Ok(Self {
            topology: Arc::new(Topology::new(table, database)?),
            shape,
            key_ordinals: keys.iter().map(|key: &KeyColumn| key.ordinal).collect(),
            keys,
            groups: database.groups.iter().map(|g| (g.instance, g.physical_database.clone())).collect(),
        })
    }

    fn sharded(
        table: &Table,
        rule: &ShardingRule,
        database: &Database,
        keys: &mut Vec<KeyColumn>,
        folds: &dyn Fn(&str) -> Option<Arc<CollationFold>>,
    ) -> Result<Shape, RouterError> {
        if rule.db.is_some() && rule.groups as usize != database.groups.len() {
            return Err(RouterError::not_supported(format_args!(
                "table '{}' is sharded over {} groups, its database has {}",
                table.name,
                rule.groups,
                database.groups.len()
            )));
        }
        let find = |name: &str| {
            let (ordinal, column) = table.column(name).ok_or_else(|| {
                RouterError::new(1072, "42000", format!("Key column '{name}' doesn't exist in table"))
            })?;
            KeyColumn::new(ordinal, column, rule.placement, folds)
        };
        let mut half = |partition| Half::new(partition, keys, &find);
        let db = rule.db.as_ref().map(&mut half).transpose()?;
        let tb = rule.tb.as_ref().map(&mut half).transpose()?;
        Ok(Shape::Sharded(Box::new(Ruled { layout: Layout::of(rule), db, tb })))
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
    /// cannot be known exactly. They are given in non-strict sessions too: what such a server makes of the value is not known here.
    pub fn place_row(&self, values: &[&Value<'_>]) -> Result<usize, RouterError> {
        let ruled = match &self.shape {
            Shape::Single => return Ok(0),
            Shape::Broadcast => {
                return Err(RouterError::not_supported("placing a row of a broadcast table on one shard"));
            }
            Shape::Sharded(ruled) => ruled,
        };
        let hash = |half: &Half| half.hash_row(&self.keys, values);
        let layout = &ruled.layout;
        let db = ruled.db.as_ref().map(hash).transpose()?;
        if layout.kind() != LayoutKind::Split {
            return Ok(layout.joint(db.unwrap_or(0)));
        }
        let tb = ruled.tb.as_ref().map(hash).transpose()?;
        Ok(layout.index(db.map_or(0, |h| layout.group(h)), tb.map_or(0, |h| layout.table(h))))
    }

    /// The physical table of rows whose key columns *equal* these values (comparison semantics). `values` as in `place_row`.
    pub fn point(&self, values: &[&Value<'_>]) -> PointRoute {
        let point = |half: &Option<Half>| match half {
            Some(half) => half.point(&self.keys, values),
            None => HalfPoint::Hash(0),
        };
        let Ruled { layout, db, tb } = match &self.shape {
            Shape::Single => return PointRoute::Shard(0),
            Shape::Broadcast => return PointRoute::Unknown,
            Shape::Sharded(ruled) => ruled.as_ref(),
        };
        match (layout.kind(), point(db)) {
            (_, HalfPoint::Nothing) => PointRoute::Nothing,
            (LayoutKind::Split, db) => match (db, point(tb)) {
                (_, HalfPoint::Nothing) => PointRoute::Nothing,
                (HalfPoint::Hash(group), HalfPoint::Hash(table)) => {
                    PointRoute::Shard(layout.index(layout.group(group), layout.table(table)))
                }
                _ => PointRoute::Unknown,
            },
            (_, HalfPoint::Hash(hash)) => PointRoute::Shard(layout.joint(hash)),
            (_, HalfPoint::Unknown) => PointRoute::Unknown,
        }
    }

    /// The physical tables that can hold a row for which every condition is true (AND). Conditions are (column ordinal, condition); the same
    /// column may come more than once, columns that are not keys are passed over. For OR, unite the sets of the branches.
    pub fn prune(&self, conditions: &[(usize, ColumnCondition<'_>)]) -> ShardSet {
        let total = self.topology.len();
        if conditions.iter().any(|(_, condition)| matches!(condition, ColumnCondition::Never)) {
            return ShardSet::empty(total);
        }
        let Ruled { layout, db, tb } = match &self.shape {
            Shape::Single | Shape::Broadcast => return ShardSet::all(total),
            Shape::Sharded(ruled) => ruled.as_ref(),
        };
        let narrow = |half: &Option<Half>, universe: usize, place: &dyn Fn(u64) -> usize| {
            let mut set = ShardSet::all(universe);
            if let Some(half) = half {
                half.hashes(&self.keys, conditions, total, |hashes| {
                    if let Hashes::Some(numbers) = hashes {
                        let mut some = ShardSet::empty(universe);
                        numbers.into_iter().for_each(|hash| some.insert(place(hash)));
                        set.intersect(&some);
                    }
                });
            }
            set
        };
        if layout.kind() != LayoutKind::Split {
            return narrow(db, total, &|hash| layout.joint(hash));
        }
        let groups = narrow(db, layout.groups(), &|hash| layout.group(hash));
        let tables = narrow(tb, layout.tables(), &|hash| layout.table(hash));
        let mut set = ShardSet::empty(total);
        for group in groups.iter() {
            tables.iter().for_each(|table| set.insert(layout.index(group, table)));
        }
        set
    }

    /// True when rows with equal key values lie in physical tables of the same index and group in both tables, so that a join or
    /// a subquery on the keys (pairwise in `key_ordinals` order) can run inside each group, index by index. Two single tables on one group
    /// are co-located without a key; a broadcast table is not covered here, since a copy of it is in every group.
    pub fn co_located_with(&self, other: &Self) -> bool {
        let (mine, theirs) = match (&self.shape, &other.shape) {
            (Shape::Single, Shape::Single) => return self.groups.first() == other.groups.first(),
            (Shape::Sharded(mine), Shape::Sharded(theirs)) => (mine, theirs),
            _ => return false,
        };
        let agree = |a: &Option<Half>, b: &Option<Half>| match (a, b) {
            (Some(a), Some(b)) => a.agrees_with(&self.keys, b, &other.keys),
            (None, None) => true,
            _ => false,
        };
        self.groups == other.groups
            && mine.layout == theirs.layout
            && agree(&mine.db, &theirs.db)
            && agree(&mine.tb, &theirs.tb)
    }
}

#[cfg(test)]
mod tests;
