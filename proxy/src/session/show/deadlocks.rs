//! SHOW GLOBAL DEADLOCKS and SHOW LOCAL DEADLOCKS: the last deadlocks over several groups that were ended.

use std::time::Duration;

use crate::deadlock::detector;
use crate::deadlock::history::Ended;
use crate::session::result::{Cell, ResultSet};
use crate::session::{Session, Warning};

use super::jobs::time;

/// How long a node may take to tell its own.
const PATIENCE: Duration = Duration::from_secs(2);

impl Session {
    /// One row for each session of a cycle, the victim first; the newest cycle first. `global`: those of all nodes.
    pub(super) async fn deadlocks(&mut self, global: bool) -> ResultSet {
        let node = &self.worker.node;
        let mut ended: Vec<Ended> = Vec::new();
        if global {
            for (id, answer) in detector::ended(node, PATIENCE).await {
                match answer {
                    Ok(list) => ended.extend(list),
                    Err(e) => {
                        let message = format!("Node {id} does not tell its deadlocks: {e}");
                        self.warnings.push(Warning { level: "Warning".into(), code: 1105, message });
                    }
                }
            }
        } else {
            ended = node.deadlocks.all();
        }
        ended.sort_by_key(|deadlock| std::cmp::Reverse(deadlock.at_ms));
        let mut set = ResultSet::text(&[
            "ID",
            "TIME",
            "VICTIM",
            "NODE",
            "SESSION",
            "USER",
            "TRANS_ID",
            "WAITS_FOR_GROUP",
            "STATEMENT",
            "CONNECTION",
        ]);
        for name in ["ID", "NODE", "SESSION"] {
            set = set.integer(name);
        }
        for (id, deadlock) in ended.into_iter().enumerate() {
            for (at, member) in deadlock.members.into_iter().enumerate() {
                let number = |n: Option<u64>| Cell(n.map(|n| n.to_string().into_bytes()));
                set.push([
                    id.into(),
                    time(deadlock.at_ms).into(),
                    if at == 0 { "YES" } else { "NO" }.into(),
                    number(member.node),
                    number(member.session.map(u64::from)),
                    member.user.into(),
                    member.transaction.into(),
                    member.group.into(),
                    member.statement.into(),
                    member.connection.into(),
                ]);
            }
        }
        set
    }
}
