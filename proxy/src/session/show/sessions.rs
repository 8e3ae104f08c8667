//! SHOW PROCESSLIST, and what it and the tables of its name list: the clients of this node.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use super::super::Session;
use super::super::result::{Cell, ResultSet};
use crate::registry::{Identity, SessionEntry};
use ostrakon_catalog::privilege::Privileges;

/// Characters of a statement that are shown without FULL.
const SHORT: usize = 100;

/// A client, as lists show it.
pub struct Listed {
    pub id: u32,
    pub user: String,
    pub host: String,
    pub database: Option<String>,
    pub command: &'static str,
    /// Since when the statement runs; 0 for none.
    pub microseconds: u64,
    pub statement: Option<Arc<str>>,
}

impl Listed {
    fn of(entry: &SessionEntry) -> Self {
        let Identity { user, database, .. } = entry.identity();
        let since = entry.busy_since.load(Ordering::Relaxed);
        let now = u64::try_from(entry.started.elapsed().as_micros()).unwrap_or(u64::MAX);
        Self {
            id: entry.id,
            user: user.into(),
            host: entry.host.to_string(),
            database: database.map(Into::into),
            command: if since == 0 { "Sleep" } else { "Query" },
            microseconds: if since == 0 { 0 } else { now.saturating_sub(since) },
            statement: entry.statement.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        }
    }

    pub fn seconds(&self) -> u64 {
        self.microseconds / 1_000_000
    }
}

impl Session {
    /// Those that the account may watch: without PROCESS its own.
    pub fn listed_sessions(&mut self) -> Vec<Listed> {
        let mut all = self.worker.node.registry.all();
        all.retain(|entry| self.may_watch(&entry.identity().account, Privileges::PROCESS));
        all.iter().map(|entry| Listed::of(entry)).collect()
    }

    pub(super) fn processlist(&mut self, full: bool) -> ResultSet {
        let mut labels = vec!["Id", "User", "Host", "db", "Command", "Time", "State", "Info"];
        if self.mode.server.mariadb {
            labels.push("Progress");
        }
        let mut set = ResultSet::text(&labels).integer("Id").integer("Time");
        for listed in self.listed_sessions() {
            let time = listed.seconds();
            let info = listed
                .statement
                .map(|text| if full { text.to_string() } else { text.chars().take(SHORT).collect() });
            let cells: [Cell; 9] = [
                u64::from(listed.id).into(),
                listed.user.into(),
                listed.host.into(),
                listed.database.into(),
                listed.command.into(),
                time.into(),
                "".into(),
                Cell(info.map(String::into_bytes)),
                // MariaDB's, of an ALTER TABLE.
                "0.000".into(),
            ];
            set.rows.push(cells.into_iter().take(labels.len()).map(|cell| cell.0).collect());
        }
        set
    }
}
