//! The catalog's state and its deterministic `apply`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::schema::{Database, Instance, InstanceId};

/// Everything that every node agrees on. Immutable once published.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Catalog {
    /// Grows by one with each command that changed anything; part of the plan-cache key.
    pub version: u64,
    pub instances: BTreeMap<InstanceId, Arc<Instance>>,
    pub databases: BTreeMap<String, Arc<Database>>,
}

impl Catalog {
    /// The logical database of that name. Names are case-sensitive, as on a Linux server.
    pub fn database(&self, name: &str) -> Option<&Arc<Database>> {
        self.databases.get(name)
    }
}
