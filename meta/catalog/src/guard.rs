//! The scatter guard: what statements may do to all groups of a database at once.

use serde::{Deserialize, Serialize};

/// A database's guard. The default lets everything pass, as one server does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Guard {
    /// A statement on a sharded table whose conditions leave all physical tables, in several groups, is refused.
    pub forbid_full_table_scan: bool,
    /// UPDATE and DELETE with neither WHERE nor LIMIT are refused.
    pub forbid_execute_dml_all: bool,
}

impl Guard {
    /// Lets everything pass. (It is not written then, so that bytes are those of programs that knew no guard.)
    pub fn is_open(&self) -> bool {
        *self == Self::default()
    }

    /// The guard after a change.
    #[must_use]
    pub fn changed(self, change: GuardChange) -> Self {
        let allows = change.allow_full_table_scan;
        Self {
            forbid_full_table_scan: allows.map_or(self.forbid_full_table_scan, |allows| !allows),
            forbid_execute_dml_all: change.forbid_execute_dml_all.unwrap_or(self.forbid_execute_dml_all),
        }
    }
}

/// What ALTER DATABASE changes. `None`: as before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GuardChange {
    pub allow_full_table_scan: Option<bool>,
    pub forbid_execute_dml_all: Option<bool>,
}
