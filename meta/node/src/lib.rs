//! The metadata node: a Raft group replicates commands, and each node applies them to its catalog.
//!
//! From the proxy's side: `MetaNode::open`, then `load` for a statement's snapshot and `propose` for a change.
//! Inside, from the bottom: `store` (what is on disk, RocksDB or memory) <- `log` (raft's view of it) <- `machine` (the catalog and
//! the recent answers) <- `driver` (Raft without thread, clock or IO of its own) <- `node` (the thread that drives it). Beside it
//! `peer` (the connections to other nodes, on a thread of their own), `backup` and `recover`.
//!
//! **Invariant:** nothing is acknowledged before a synced write holds it; a failed write stops the node for good.
//! **Invariant:** the published catalog is immutable, and readers take no lock.

pub mod backup;
pub mod call;
pub mod config;
pub mod driver;
pub mod error;
mod log;
mod machine;
pub mod members;
mod node;
mod peer;
mod proposal;
mod raft_log_output;
pub mod recover;
pub mod store;
pub mod transport;

pub use call::{BoxFuture, CallHandler};
pub use config::{MetaConfig, PeerConfig, PeerTls};
pub use error::{CallError, MetaError, ProposeError};
pub use members::{Member, MemberChange};
pub use node::{MetaNode, MetaStatus, Role};
