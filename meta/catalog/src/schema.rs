//! Instances, groups, logical databases and logical tables.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::column::{Column, Key};
use crate::rule::ShardingRule;

/// Number of an instance; never used again after a drop.
pub type InstanceId = u32;

/// One MySQL or MariaDB server.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    pub id: InstanceId,
    /// Unique; what SHOW prints.
    pub name: String,
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: String,
}

/// By hand: the password must never reach a log.
impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Instance");
        out.field("id", &self.id)
            .field("name", &self.name)
            .field("host", &self.host)
            .field("port", &self.port);
        out.field("user", &self.user).finish_non_exhaustive()
    }
}

/// One physical database on one instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// What SHOW NODE and SHOW TOPOLOGY print, for example `SHOP_0000_GROUP`.
    pub name: String,
    /// Name of the physical database on the instance, for example `shop_k3f9_0000`.
    pub physical_database: String,
    pub instance: InstanceId,
}

/// What a CREATE TABLE without a sharding clause makes in this database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum DefaultSharding {
    #[default]
    Single,
    /// Sharded by hash of the primary key.
    PrimaryKey,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Database {
    pub name: String,
    /// In placement order; index 0 is the default group, which holds the single tables.
    pub groups: Vec<Group>,
    pub default_sharding: DefaultSharding,
    /// Lower-case names, as the CREATE DATABASE said or as the first server answered.
    pub charset: String,
    pub collation: String,
    pub tables: BTreeMap<String, Arc<Table>>,
    /// Sequences of this database by name, `AUTO_SEQ_<table>` for AUTO_INCREMENT columns.
    pub sequences: BTreeMap<String, Sequence>,
}

/// A GROUP sequence: ranges are leased from `next` upwards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sequence {
    pub name: String,
    /// First value that no node has leased yet.
    pub next: u64,
    /// Values in one lease.
    pub inner_step: u64,
    pub start_with: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TableKind {
    /// In the default group only.
    Single,
    /// A full copy in every group.
    Broadcast,
    Sharded(ShardingRule),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Table {
    /// Unique over all tables ever made, so that a dropped and made-again table is another one.
    pub id: u64,
    pub name: String,
    pub kind: TableKind,
    pub columns: Vec<Column>,
    pub keys: Vec<Key>,
    /// Part of the physical name between logical name and index, without the underscores (`t_order_AbCd_03`);
    /// `None`: the physical name is built from the logical one alone.
    pub name_suffix: Option<String>,
    /// Logical name that the physical names were built from: RENAME of a logical table keeps the physical ones.
    pub physical_base: String,
}

impl Table {
    /// The column of that name, without case, and its ordinal.
    pub fn column(&self, name: &str) -> Option<(usize, &Column)> {
        self.columns.iter().enumerate().find(|(_, c)| c.name.eq_ignore_ascii_case(name))
    }

    /// The AUTO_INCREMENT column, if any.
    pub fn auto_increment(&self) -> Option<(usize, &Column)> {
        self.columns.iter().enumerate().find(|(_, c)| c.auto_increment)
    }

    pub fn rule(&self) -> Option<&ShardingRule> {
        match &self.kind {
            TableKind::Sharded(rule) => Some(rule),
            _ => None,
        }
    }
}
