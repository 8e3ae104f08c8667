//! Named locks (GET_LOCK): a connection to one instance has them, and is its session's alone for as long.
//!
//! Which instance is the same for all nodes, so that whoever takes a lock excludes everybody.

use ostrakon_catalog::schema::Group;
use ostrakon_router::plan::NamedLocks;

use super::lease::Lease;
use crate::error::{BACKEND_FAILED, SqlError};
use crate::session::{Failure, Session};

impl Session {
    /// The connection that holds the session's named locks.
    ///
    /// Errors: when it is lost, and the locks with it, the session ends, as it would on one server.
    pub async fn lease_locks(&mut self) -> Result<Lease, Failure> {
        if let Some(lease) = &self.locks
            && (lease.connection.is_broken() || !lease.connection.is_alive())
        {
            self.locks = None;
            self.leave = true;
            return Err(SqlError::new(
                BACKEND_FAILED,
                "HY000",
                "The connection with this session's named locks was lost, and they are free. This connection ends: make a new one",
            )
            .into());
        }
        let mut lease = match self.locks.take() {
            Some(lease) => *lease,
            None => {
                let first = self.catalog().instances.keys().next().copied();
                let instance = first.ok_or_else(|| {
                    SqlError::other("There is no instance yet: add one with CREATE INSTANCE")
                })?;
                let connection = self.worker.pool_of(instance)?.acquire(self.found_rows_mode()).await?;
                let group = Group { name: String::new(), physical_database: String::new(), instance };
                Lease { connection, group, in_transaction: false }
            }
        };
        lease.connection.queue_settings(&self.settings);
        lease.connection.has_locks = true;
        Ok(lease)
    }

    /// Keeps it for the session, unless the statement has released all.
    pub fn keep_locks(&mut self, mut lease: Lease, locks: NamedLocks, done: bool) {
        if locks == NamedLocks::AllReleased && done {
            lease.connection.has_locks = false;
        } else if !lease.connection.is_broken() {
            self.locks = Some(Box::new(lease));
        }
    }
}
