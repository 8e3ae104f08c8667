//! Nodes: who they are, where they answer, and the worker numbers that TIME sequences put into their values.

use serde::{Deserialize, Serialize};

/// Number of a node in the Raft group, from 1; never used again after a removal.
pub type NodeId = u64;

/// What every node knows of a node. Whether it votes is Raft's own record, not here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NodeRecord {
    pub id: NodeId,
    /// `host:port` where other nodes reach it; empty: it takes no peers.
    pub peer_address: String,
    /// `host:port` where clients reach it.
    pub sql_address: String,
    /// Drawn at random at each start of the process: what an older start left behind is told by it.
    pub start: u64,
    /// Grows from start to start of a node: a registration of an older process, which came late, does not replace a newer one's.
    /// 0: not known, by an older program.
    #[serde(skip_serializing_if = "is_zero")]
    pub started: u64,
    /// Of the program.
    pub version: String,
    /// Takes no new clients, owns no new jobs. Until its next start.
    pub draining: bool,
}

fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A number that TIME sequences put into their values, 0 to 1023: two nodes never hold the same one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct TimeWorker {
    /// `None`: free, once `ceiling` has passed.
    pub holder: Option<NodeId>,
    /// Milliseconds since 1970: no value with this number has a time at or above it.
    pub ceiling: u64,
}

/// Worker numbers that there are: 10 bits.
pub const TIME_WORKERS: u16 = 1024;
