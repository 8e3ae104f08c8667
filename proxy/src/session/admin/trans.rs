//! SHOW TRANS: the open transactions of this node.

use std::sync::PoisonError;

use crate::registry::OpenTransaction;
use crate::session::Session;
use crate::session::result::ResultSet;

impl Session {
    /// `full`: with the groups' names.
    pub(in crate::session) fn transactions(&self, full: bool) -> ResultSet {
        let mut set =
            ResultSet::text(&["TRANS_ID", "USER", "HOST", "DATABASE", "SECONDS", "GROUPS", "GROUP_NAMES"]);
        for name in ["TRANS_ID", "SECONDS", "GROUPS"] {
            set = set.integer(name);
        }
        for entry in self.worker.node.registry.all() {
            let open = entry.transaction.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let Some(OpenTransaction { since, groups }) = open else { continue };
            let (user, database) = entry.identity.lock().unwrap_or_else(PoisonError::into_inner).clone();
            set.push([
                u64::from(entry.id).into(),
                user.into(),
                entry.host.as_str().into(),
                database.into(),
                since.elapsed().as_secs().into(),
                groups.len().into(),
                groups.join(" ").into(),
            ]);
        }
        if !full {
            set.columns.pop();
            for row in &mut set.rows {
                row.pop();
            }
        }
        set
    }
}
