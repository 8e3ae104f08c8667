//! What a node says of itself: SHOW and the metrics print it.

use std::fmt;

use raft::StateRole;

use crate::driver::Driver;
use crate::store::LogStore;

/// This node's part in the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Follower,
    /// Stands for election, or asks whether it could.
    Candidate,
    Leader,
    /// Runs no more: see `MetaStatus::stopped`.
    Stopped,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Follower => "follower",
            Self::Candidate => "candidate",
            Self::Leader => "leader",
            Self::Stopped => "stopped",
        })
    }
}

/// A node's state of a moment ago. Indexes count entries of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetaStatus {
    pub node_id: u64,
    pub role: Role,
    pub term: u64,
    /// The leader's node id, when one is known.
    pub leader: Option<u64>,
    pub applied: u64,
    pub committed: u64,
    pub last_index: u64,
    /// Why the node has stopped, if it has.
    pub stopped: Option<String>,
}

impl MetaStatus {
    pub(super) fn of<S: LogStore>(driver: &Driver<S>, node_id: u64) -> Self {
        let role = match driver.role() {
            StateRole::Follower => Role::Follower,
            StateRole::Candidate | StateRole::PreCandidate => Role::Candidate,
            StateRole::Leader => Role::Leader,
        };
        Self {
            node_id,
            role,
            term: driver.term(),
            leader: driver.leader(),
            applied: driver.applied(),
            committed: driver.committed(),
            last_index: driver.last_index(),
            stopped: None,
        }
    }

    /// The same node after its end.
    pub(super) fn ended(&self, reason: &str) -> Self {
        Self { role: Role::Stopped, leader: None, stopped: Some(reason.to_owned()), ..self.clone() }
    }
}
