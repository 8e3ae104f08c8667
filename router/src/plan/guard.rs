//! The scatter guard: which statements would read or write all of a sharded table, or whole tables at once. Who executes refuses them.

use std::sync::Arc;

use super::RoutedPlan;
use super::bind::Kind;
use super::condition::Condition;
use super::route::Tables;
use super::tokens::Tokens;
use super::values::Values;
use crate::sharding::{Placer, ShardSet};

impl Tables {
    /// Some table may not be scanned.
    pub fn is_guarded(&self) -> bool {
        self.references.iter().any(|reference| {
            reference.kind == Kind::Sharded && !reference.table.allows_full_scan(&reference.database)
        })
    }

    /// The guarded table that a scatter to `sets` scans: all of it, in several groups, and no reference that goes with it is limited.
    /// `any`: all tables are guarded.
    pub fn full_scan(&self, sets: &[Option<ShardSet>], values: &Values<'_>, any: bool) -> Option<Arc<str>> {
        let mates = self.class.as_deref().unwrap_or_default();
        let scans = |index: usize| {
            let (Some(reference), Some(Some(set))) = (self.references.get(index), sets.get(index)) else {
                return false;
            };
            let limited = self
                .conditions
                .get(index)
                .is_some_and(|condition| condition.limits(&reference.placer, values));
            let tables = reference.placer.topology().tables();
            let several = tables.first().map(|table| table.group) != tables.last().map(|table| table.group);
            set.is_all() && several && !limited
        };
        let is_scanned = |index: &usize| match mates.contains(index) {
            true => mates.iter().all(|mate| scans(*mate)),
            false => scans(*index),
        };
        let guarded = (0..self.references.len()).filter(|index| {
            self.references.get(*index).is_some_and(|reference| {
                let allowed = !any && reference.table.allows_full_scan(&reference.database);
                reference.kind == Kind::Sharded && !allowed
            })
        });
        let found = guarded.into_iter().find(is_scanned)?;
        Some(self.references.get(found)?.table.name.as_str().into())
    }
}

impl Condition<usize> {
    /// True when shard keys are compared with values, be they so many that all physical tables have one, or a range leaves something out.
    fn limits(&self, placer: &Placer, values: &Values<'_>) -> bool {
        match self {
            Self::All => false,
            Self::Leaf(..) => self.has_points(placer, values) || !self.shards(placer, values).is_all(),
            Self::And(children) => {
                children.iter().any(|child| child.limits(placer, values))
                    || !self.shards(placer, values).is_all()
            }
            Self::Or(children) => children.iter().all(|child| child.limits(placer, values)),
        }
    }
}

/// The table that an UPDATE or DELETE with neither WHERE nor LIMIT is about.
pub(super) fn whole_table_write(tokens: &Tokens<'_>, plan: &RoutedPlan) -> Option<Arc<str>> {
    let is_end = |at| tokens.is_any_word(at, &["WHERE", "LIMIT"]);
    if tokens.find(0, tokens.len(), is_end) < tokens.len() {
        return None;
    }
    plan.tables.first().map(|table| table.logical_table.clone())
}
