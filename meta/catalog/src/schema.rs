//! Instances, groups, logical databases and logical tables.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::column::{Column, GeneratedKey, Key};
use crate::guard::Guard;
use crate::name_map::NameMap;
use crate::rule::ShardingRule;
use crate::view::View;

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
    /// As the proxy keeps it: encrypted with the cluster's key file.
    pub password: String,
    /// CREATE DATABASE puts no group on it.
    #[serde(default)]
    pub draining: bool,
    /// How connections to it are encrypted. Catalogs from before there was a choice have none of it.
    #[serde(default, skip_serializing_if = "InstanceTls::is_disabled")]
    pub tls: InstanceTls,
}

/// TLS to an instance, and what is asked of its certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstanceTls {
    /// Plain connections.
    #[default]
    Disabled,
    /// Any certificate.
    Required,
    /// A certificate that a known authority has signed, for whatever name.
    VerifyCa,
    /// The same, for the instance's host.
    VerifyIdentity,
}

impl InstanceTls {
    pub const ALL: [Self; 4] = [Self::Disabled, Self::Required, Self::VerifyCa, Self::VerifyIdentity];

    /// As SQL says it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Disabled => "DISABLED",
            Self::Required => "REQUIRED",
            Self::VerifyCa => "VERIFY_CA",
            Self::VerifyIdentity => "VERIFY_IDENTITY",
        }
    }

    pub fn is_disabled(&self) -> bool {
        *self == Self::Disabled
    }
}

/// By hand: the password must never reach a log.
impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Instance");
        out.field("id", &self.id)
            .field("name", &self.name)
            .field("host", &self.host)
            .field("port", &self.port);
        out.field("tls", &self.tls);
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
    #[serde(default, skip_serializing_if = "Guard::is_open")]
    pub guard: Guard,
    /// Lower-case names, as the CREATE DATABASE said or as the first server answered.
    pub charset: String,
    pub collation: String,
    pub tables: NameMap<Arc<Table>>,
    /// Sequences of this database by name, `AUTO_SEQ_<table>` for AUTO_INCREMENT columns. A lease changes one of them, and copies little else.
    pub sequences: NameMap<Arc<Sequence>>,
    /// They share the tables' namespace. (None is not written, so that bytes are those of programs that knew no views.)
    #[serde(default, skip_serializing_if = "NameMap::is_empty")]
    pub views: NameMap<Arc<View>>,
}

/// Values in one block of a GROUP sequence, as in DRDS.
pub const INNER_STEP: u64 = 100_000;

/// Greatest value of a SIMPLE sequence that names none, as in DRDS.
pub const SIMPLE_MAXIMUM: u64 = i64::MAX as u64;

/// How a sequence gives its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum SequenceKind {
    /// Ranges are leased to nodes: unique, rising in a session, with holes. With `unit_count` above 1, several clusters share the
    /// numbers: of the blocks of `inner_step` values, this one has each whose number leaves `unit_index` when divided by `unit_count`.
    Group { unit_count: u32, unit_index: u32 },
    /// Each value through the log: consecutive and rising over all nodes.
    Simple,
    /// 42 bits of time, 10 of the node, 12 counted: nothing is leased.
    Time,
}

impl Default for SequenceKind {
    fn default() -> Self {
        Self::Group { unit_count: 1, unit_index: 0 }
    }
}

/// A source of numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sequence {
    pub name: String,
    /// First value that nobody has leased yet.
    pub next: u64,
    /// Values in one block of a GROUP sequence.
    pub inner_step: u64,
    pub start_with: u64,
    #[serde(default)]
    pub kind: SequenceKind,
    /// Between two values of a SIMPLE sequence.
    #[serde(default = "one")]
    pub increment: u64,
    /// Greatest value that may be given.
    #[serde(default = "no_maximum")]
    pub maximum: u64,
    /// A SIMPLE sequence begins anew with `start_with` after `maximum`.
    #[serde(default)]
    pub cycle: bool,
    /// Unique over all sequences ever made or altered: a range is good as long as the sequence has the epoch that it was leased in.
    #[serde(default)]
    pub epoch: u64,
}

fn one() -> u64 {
    1
}

/// `u64::MAX` itself is never given out: as `next` it means that nothing is left (InnoDB keeps the same value back).
fn no_maximum() -> u64 {
    u64::MAX - 1
}

impl Sequence {
    /// A GROUP sequence from `start_with` upwards.
    pub fn group(name: String, start_with: u64, inner_step: u64) -> Self {
        Self { inner_step, ..Self::of_kind(SequenceKind::default(), name, start_with) }
    }

    /// A sequence of that kind from `start_with` upwards by one, to the end of its numbers.
    pub fn of_kind(kind: SequenceKind, name: String, start_with: u64) -> Self {
        let maximum = match kind {
            SequenceKind::Simple => SIMPLE_MAXIMUM,
            SequenceKind::Group { .. } | SequenceKind::Time => no_maximum(),
        };
        Self {
            name,
            next: start_with,
            inner_step: INNER_STEP,
            start_with,
            kind,
            increment: 1,
            maximum,
            cycle: false,
            epoch: 0,
        }
    }
}

/// ALTER SEQUENCE. `None`: as before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SequenceChange {
    pub kind: Option<SequenceKind>,
    /// The next value too.
    pub start_with: Option<u64>,
    pub increment: Option<u64>,
    pub maximum: Option<u64>,
    pub cycle: Option<bool>,
    pub inner_step: Option<u64>,
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
    /// Statements may read all of it, in all groups. `None`: what the database's guard says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_full_table_scan: Option<bool>,
    /// Of a table that generated columns place the rows of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generated_key: Option<GeneratedKey>,
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

    /// The place of a row depends on this column: it is a shard key, or a generated one reads it.
    pub fn is_placed_by(&self, column: &str) -> bool {
        let is_it = |name: &String| name.eq_ignore_ascii_case(column);
        let partitions = self.rule().into_iter().flat_map(|rule| rule.db.iter().chain(&rule.tb));
        partitions.flat_map(|partition| &partition.columns).any(is_it)
            || self.generated_key.as_ref().is_some_and(|key| key.columns.iter().any(is_it))
    }

    /// What the guard of its database, and its own setting above it, say of full scans.
    pub fn allows_full_scan(&self, database: &Database) -> bool {
        self.allow_full_table_scan.unwrap_or(!database.guard.forbid_full_table_scan)
    }

    pub fn rule(&self) -> Option<&ShardingRule> {
        match &self.kind {
            TableKind::Sharded(rule) => Some(rule),
            _ => None,
        }
    }
}
