//! The catalog: everything that every node must agree on, as one deterministic state machine.
//!
//! `catalog <- router <- proxy` and `catalog <- meta <- proxy`: this crate knows neither Raft nor SQL nor sockets.
//! **Invariant:** `Catalog::apply` is a pure function of the state and the command: no clock, no randomness, no IO.
//! **Invariant:** a published catalog is immutable; a statement reads one snapshot from bind to end.

mod apply;
mod bytes;
pub mod column;
pub mod command;
pub mod encode;
pub mod guard;
pub mod job;
pub mod name_map;
pub mod node;
pub mod outcome;
pub mod privilege;
pub mod rule;
#[cfg(test)]
mod samples;
pub mod schema;
pub mod state;
pub mod user;
pub mod validate;
pub mod view;

pub use command::Command;
pub use name_map::NameMap;
pub use outcome::{Outcome, Rejection};
pub use state::{Catalog, auto_sequence_name};
