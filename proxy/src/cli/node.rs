//! `ostrakon node`: nodes of the cluster.

use clap::Subcommand;

use super::connection::{Remote, text};
use super::output::Failure;

#[derive(Debug, Subcommand)]
pub enum NodeCommand {
    /// Nodes, their part in the cluster, and how they are.
    List,
    /// Let a node in, before its first start with --join.
    Add {
        id: u64,
        /// host:port where other nodes reach it.
        #[arg(long)]
        address: String,
    },
    /// Take a node out for ever. Its number is never used again.
    Remove { id: u64 },
    /// Make a learner a voter.
    Promote { id: u64 },
    /// Make a voter a learner.
    Demote { id: u64 },
    /// No new clients, no leadership: before a stop.
    Drain { id: u64 },
    /// Serve clients again.
    Undrain { id: u64 },
    /// Make a voter the leader.
    Lead { id: u64 },
}

impl NodeCommand {
    pub fn run(&self, remote: &mut Remote) -> Result<(), Failure> {
        let (statement, done) = match self {
            Self::List => return remote.show("SHOW NODES"),
            Self::Add { id, address } => {
                (format!("ADD NODE {id} ADDRESS {}", text(address)), format!("Node {id} may join."))
            }
            Self::Remove { id } => (format!("REMOVE NODE {id}"), format!("Node {id} was removed.")),
            Self::Promote { id } => (format!("PROMOTE NODE {id}"), format!("Node {id} votes.")),
            Self::Demote { id } => (format!("DEMOTE NODE {id}"), format!("Node {id} does not vote.")),
            Self::Drain { id } => {
                (format!("DRAIN NODE {id}"), format!("Node {id} drains: see SESSIONS of ostrakon node list."))
            }
            Self::Undrain { id } => (format!("UNDRAIN NODE {id}"), format!("Node {id} serves clients.")),
            Self::Lead { id } => (format!("TRANSFER LEADER TO NODE {id}"), format!("Node {id} leads.")),
        };
        remote.change(&format!("ALTER CLUSTER {statement}"), &done)
    }
}
