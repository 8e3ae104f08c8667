//! The catalog's state: what every node agrees on, and how it is looked up. It changes only through `apply`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::job::{Job, JobId};
use crate::node::{NodeId, NodeRecord, TimeWorker};
use crate::schema::{Database, Instance, InstanceId, Sequence, Table};
use crate::user::{AccountName, User};
use crate::view::View;

/// Everything that every node agrees on. Immutable once published.
///
/// A field added later must decode from older snapshots: the container's `default` supplies it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Catalog {
    /// Grows by one with each command that changed anything but a sequence's position; part of the plan-cache key.
    pub version: u64,
    /// Grows by one with each command that changed anything at all, leases of sequence ranges too.
    pub revision: u64,
    pub instances: BTreeMap<InstanceId, Arc<Instance>>,
    pub databases: BTreeMap<String, Arc<Database>>,
    /// Greatest instance number given out; numbers are never used again.
    pub last_instance: InstanceId,
    /// Greatest table number given out; numbers are never used again.
    pub last_table: u64,
    /// Equality folds by lower-case collation name: the bytes are the router's, and decide placement.
    pub folds: BTreeMap<String, CollationFold>,
    /// Settings of the whole cluster, by name.
    pub settings: BTreeMap<String, String>,
    /// Greatest epoch of a sequence; never used again.
    pub last_epoch: u64,
    pub nodes: BTreeMap<NodeId, Arc<NodeRecord>>,
    /// Numbers that no node may have again.
    pub removed_nodes: BTreeSet<NodeId>,
    pub time_workers: BTreeMap<u16, TimeWorker>,
    /// Unfinished ones, and the last that finished.
    pub jobs: BTreeMap<JobId, Arc<Job>>,
    pub last_job: JobId,
    /// By `User::key`.
    pub users: BTreeMap<String, Arc<User>>,
    /// Grows by one with each command that changed an account: what a session knows of its own holds until then.
    #[serde(skip_serializing_if = "is_zero")]
    pub accounts: u64,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// What a collation calls equal, as the router encoded it. Shared, so that a snapshot costs no copy of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CollationFold(#[serde(with = "crate::bytes")] pub Arc<[u8]>);

impl Catalog {
    /// The logical database of that name. Names are case-sensitive, as on a Linux server.
    pub fn database(&self, name: &str) -> Option<&Arc<Database>> {
        self.databases.get(name)
    }

    /// The logical table of that name. Names are case-sensitive, as on a Linux server.
    pub fn table(&self, database: &str, name: &str) -> Option<&Arc<Table>> {
        self.databases.get(database)?.tables.get(name)
    }

    /// The view of that name.
    pub fn view(&self, database: &str, name: &str) -> Option<&Arc<View>> {
        self.databases.get(database)?.views.get(name)
    }

    /// The sequence of that name, `AUTO_SEQ_<table>` for an AUTO_INCREMENT column's.
    pub fn sequence(&self, database: &str, name: &str) -> Option<&Sequence> {
        self.databases.get(database)?.sequences.get(name).map(|sequence| &**sequence)
    }

    /// The account of that name and host.
    pub fn user(&self, account: &AccountName) -> Option<&Arc<User>> {
        self.users.get(&account.key())
    }

    /// The instance of that number.
    pub fn instance(&self, id: InstanceId) -> Option<&Arc<Instance>> {
        self.instances.get(&id)
    }

    /// The instance of that name.
    pub fn instance_by_name(&self, name: &str) -> Option<&Arc<Instance>> {
        self.instances.values().find(|instance| instance.name == name)
    }

    /// The fold of a collation, by its lower-case name; `None` until some node has put it.
    pub fn fold(&self, collation: &str) -> Option<&Arc<[u8]>> {
        self.folds.get(collation).map(|fold| &fold.0)
    }

    /// A setting of the whole cluster.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(String::as_str)
    }
}

/// Name of the sequence behind a table's AUTO_INCREMENT column (DRDS's rule).
pub fn auto_sequence_name(table: &str) -> String {
    format!("AUTO_SEQ_{table}")
}
