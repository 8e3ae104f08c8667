//! Errors of the metadata node: why it cannot run, and why a proposal has no outcome.

use ostrakon_catalog::Rejection;
use ostrakon_catalog::encode::DecodeError;

use crate::store::StoreError;

/// The node cannot start, or has stopped for good.
#[derive(Debug, thiserror::Error)]
pub enum MetaError {
    #[error("the metadata store failed, and nothing more is acknowledged: {0}")]
    Store(#[from] StoreError),
    #[error("the metadata directory belongs to node {found}, and this is node {configured}")]
    WrongNode { found: u64, configured: u64 },
    #[error("the metadata settings are wrong: {0}")]
    Config(String),
    #[error("Raft refuses to go on: {0}")]
    Raft(#[from] raft::Error),
    #[error("log entry {index} cannot be applied: {source}")]
    Entry { index: u64, source: DecodeError },
    #[error("log entry {index} cannot be applied: it is not in a format that this program knows")]
    Envelope { index: u64 },
    #[error("the metadata snapshot cannot be read: {0}")]
    Snapshot(String),
    #[error("the metadata thread cannot be started: {0}")]
    Thread(std::io::Error),
    #[error("the catalog cannot be saved as it is now: {0}")]
    Backup(ProposeError),
    #[error("listening for other nodes on {address}: {source}")]
    Listen { address: std::net::SocketAddr, source: std::io::Error },
    #[error(
        "node {node} was removed from the cluster, and its number is never used again: to come back, the node needs a new node_id \
         and an empty data_directory"
    )]
    Removed { node: u64 },
    #[error("the cluster at {address} does not take this node: {reason}")]
    JoinRefused { address: String, reason: String },
    #[error("the backup cannot be read: {0}")]
    BackupUnreadable(String),
}

/// A proposal that was not applied, or may not have been.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProposeError {
    /// The catalog refused it; nothing changed.
    #[error("{0}")]
    Rejected(#[from] Rejection),
    /// No leader took it in time; nothing changed.
    #[error("the metadata group has no leader: a majority of its nodes cannot be reached")]
    NoLeader,
    /// It was sent and not confirmed in time: it may yet be applied, or never be. Read the catalog before trying again.
    #[error("the metadata group did not confirm the change in time; it may still take effect")]
    Timeout,
    /// A change of the group's members, or of its leader, that cannot be made now; nothing changed.
    #[error("{reason}")]
    Refused { reason: String },
    /// This node's metadata has stopped: after an error of its disk, or on shutdown. What was under way is unknown.
    #[error("this node's metadata has stopped")]
    Stopped,
}

/// A call to another node without an answer. Whether its handler ran is unknown but for the first two.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    #[error("there is no node {node}, or it takes no connections from other nodes: see SHOW NODES")]
    UnknownNode { node: u64 },
    #[error("node {node} is not ready to answer other nodes")]
    NoHandler { node: u64 },
    #[error("node {node} cannot be reached: {reason}")]
    Unreachable { node: u64, reason: String },
    #[error("node {node} did not answer in time")]
    Timeout { node: u64 },
    /// The handler's own words.
    #[error("node {node}: {reason}")]
    Failed { node: u64, reason: String },
}

impl ProposeError {
    /// MySQL's error number for the client.
    pub fn errno(&self) -> u16 {
        match self {
            Self::Rejected(rejection) => rejection.errno(),
            _ => 1105,
        }
    }

    /// Five characters.
    pub fn sqlstate(&self) -> &'static str {
        match self {
            Self::Rejected(rejection) => rejection.sqlstate(),
            _ => "HY000",
        }
    }
}
