//! The catalog: everything that every node must agree on, as one deterministic state machine.
//!
//! `catalog <- router <- proxy` and `catalog <- meta <- proxy`: this crate knows neither Raft nor SQL nor sockets.
//! **Invariant:** `Catalog::apply` is a pure function of the state and the command: no clock, no randomness, no IO.
//! **Invariant:** a published catalog is immutable; a statement reads one snapshot from bind to end.

pub mod column;
pub mod rule;
pub mod schema;
pub mod state;

pub use state::Catalog;
