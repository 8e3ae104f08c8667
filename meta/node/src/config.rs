//! Settings of one metadata node, with defaults that suit a small group on one network.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// How a metadata node runs. `MetaConfig::new` gives the defaults.
#[derive(Clone, Debug)]
pub struct MetaConfig {
    /// Unique in the group, never 0, never changed for a directory.
    pub node_id: u64,
    /// Of this node's store; made when missing, readable by its owner alone (it holds the instances' passwords).
    pub directory: PathBuf,
    /// Length of one tick.
    pub tick: Duration,
    /// A follower that hears nothing for this many ticks starts an election: 1 s at least in all, or a busy machine elects for ever.
    pub election_ticks: usize,
    /// Ticks between a leader's heartbeats.
    pub heartbeat_ticks: usize,
    /// Ticks that a proposal may take. What was refused by then is `NoLeader`, what is unknown is `Timeout`.
    pub propose_ticks: u64,
    /// Entries applied between two snapshots; the log keeps as many for slow followers.
    pub snapshot_entries: u64,
    /// How other nodes are reached, and reach this one. `None`: this node stays alone.
    pub peer: Option<PeerConfig>,
    /// Peer addresses (`host:port`) of members of a group. With an empty store this node joins that group; with a store it is
    /// ignored, since the node is a member already.
    pub join: Vec<String>,
    /// `host:port` where clients reach this node; for SHOW NODES alone.
    pub sql_address: String,
    /// Of the program; for SHOW NODES alone.
    pub version: String,
}

/// This node's side of the connections between nodes.
#[derive(Clone, Debug)]
pub struct PeerConfig {
    pub listen: SocketAddr,
    /// `host:port` that other nodes use for this one.
    pub advertise: String,
    /// With it, connections are mutually authenticated, and plain ones refused.
    pub tls: Option<PeerTls>,
}

/// PEM files. Each node shows its certificate to the others, and takes only what `authority` has signed.
#[derive(Clone, Debug)]
pub struct PeerTls {
    pub certificate: PathBuf,
    pub key: PathBuf,
    pub authority: PathBuf,
}

impl MetaConfig {
    /// The defaults: ticks of 100 ms, elections after 1 s, heartbeats each 200 ms, proposals 5 s, a snapshot each 1,000 entries.
    pub fn new(node_id: u64, directory: impl Into<PathBuf>) -> Self {
        Self {
            node_id,
            directory: directory.into(),
            tick: Duration::from_millis(100),
            election_ticks: 10,
            heartbeat_ticks: 2,
            propose_ticks: 50,
            snapshot_entries: 1000,
            peer: None,
            join: Vec::new(),
            sql_address: String::new(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }

    /// The time after which a proposal has been answered.
    pub(crate) fn propose_timeout(&self) -> Duration {
        self.tick.saturating_mul(u32::try_from(self.propose_ticks).unwrap_or(u32::MAX))
    }
}
