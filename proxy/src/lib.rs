//! Ostrakon: many MySQL or MariaDB servers behind one MySQL endpoint.
//!
//! One statement, in order: `worker` accepts, through the `door` -> `frontend` logs in and reads commands -> `session` finds the plan -> `exec` sends
//! physical statements over `backend` connections and passes or merges (`merge`) the answers.

pub mod account;
pub mod backend;
pub mod call;
pub mod cli;
pub mod client;
pub mod commit;
pub mod deadlock;
pub mod dev;
pub mod dml;
pub mod door;
pub mod error;
pub mod exec;
pub mod failpoint;
pub mod frontend;
pub mod gather;
pub mod job;
pub mod member;
pub mod metrics;
pub mod node;
pub(crate) mod read_buffer;
pub mod registry;
mod scheduling;
pub mod secret;
pub mod session;
pub mod setting;
pub mod tls;
pub mod upkeep;
pub mod worker;
