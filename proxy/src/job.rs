//! DDL as jobs: a session plans and submits, an engine works the steps off, and any node can go on where another stopped.
//!
//! `session/ddl` decides everything random and submits. `engine` (one thread for each node) picks up the jobs that this process owns and gives
//! each to `run`, which takes it through `steps`; `work` does what a step says for the job's kind, on physical objects through `physical`.
//! **Invariant:** what changes a server or the catalog was recorded in the catalog as the next step before it was begun.
//! **Invariant:** each step can be repeated from its start, by another process too.
//! **Invariant:** once another process has the job, nothing of the one before is done on a server, whenever it wakes (`fence`).

pub mod definition;
pub mod engine;
mod fence;
mod generated_key;
mod physical;
mod reach;
mod rehearsal;
mod run;
mod settle;
pub mod steps;
pub mod table_facts;
mod take_over;
mod undo;
mod work;

use std::time::Duration;

use ostrakon_catalog::job::JobError;

use crate::error::SqlError;

impl From<SqlError> for JobError {
    fn from(e: SqlError) -> Self {
        Self { errno: e.errno, sqlstate: e.sqlstate, message: e.message }
    }
}

impl From<&JobError> for SqlError {
    fn from(e: &JobError) -> Self {
        Self { errno: e.errno, sqlstate: e.sqlstate.clone(), message: e.message.clone() }
    }
}

/// How long to wait for locks, by a `lock_wait_timeout` as a client has written it: at most a year, and not at all for what is no number.
pub fn lock_limit(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.clamp(0.0, 31_536_000.0)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_lock_wait_timeout_is_a_time() {
        for (seconds, limit) in [
            (2.5, Duration::from_millis(2500)),
            (-1.0, Duration::ZERO),
            (f64::NAN, Duration::ZERO),
            (f64::INFINITY, Duration::from_secs(31_536_000)),
        ] {
            assert_eq!(lock_limit(seconds), limit, "{seconds}");
        }
    }
}
