//! Commit across groups: one transaction over several groups is there wholly or not at all, whatever crashes.
//!
//! The first group that a transaction touches decides: the row in its `__ostrakon.decision` table, committed with its own writes, is the
//! commit point. `docs/architecture.md` has the protocol, `machine` its states.

mod arbiter;
mod background;
pub mod barrier;
pub mod counters;
mod ending;
pub mod finish;
pub mod gate;
pub mod inspect;
mod literal;
pub mod machine;
pub mod participant;
pub mod resolver;
mod run;
pub mod safety;
pub mod system_schema;
mod train;
pub mod xid;

pub use run::{Commits, PREPARE_LIMIT};
pub use train::Train;
