//! Execution: physical statements go out over backend connections, and their answers come back as one.
//!
//! `pass` for one statement, `rows` for a scattered query, `write` for a scattered write; all take connections through `lease`.

pub mod alarm;
mod consistent;
pub mod feed;
pub mod kept;
pub mod lease;
pub mod lock;
pub mod names;
pub mod pass;
pub mod returned;
pub mod rows;
pub mod send;
pub mod sequence;
mod shared;
mod shared_merge;
mod stopwatch;
pub mod table_locks;
pub mod warned;
pub mod watch;
mod weights;
pub mod write;
