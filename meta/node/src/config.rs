//! Settings of one metadata node, with defaults that suit a small group on one network.

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
        }
    }

    /// The time after which a proposal has been answered.
    pub(crate) fn propose_timeout(&self) -> Duration {
        self.tick.saturating_mul(u32::try_from(self.propose_ticks).unwrap_or(u32::MAX))
    }
}
