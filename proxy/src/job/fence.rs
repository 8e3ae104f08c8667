//! The fence around a job's physical statements: a named lock on each connection that sends them. By it the next owner finds the connections of
//! earlier owners, those too on which nothing runs yet, and ends them before it does anything.
//!
//! **Invariant:** a physical statement is sent only over a connection whose lock was taken before a majority of the nodes confirmed that the job is
//! still this process's. Whoever has taken it over before is seen by that question; whoever does so afterwards finds the lock. No clock is in it:
//! a process may have stood still at any place, and for as long as it likes.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut};
use std::rc::Rc;
use std::time::Duration;

use ostrakon_catalog::job::JobId;
use ostrakon_catalog::schema::InstanceId;

use super::engine::CONNECTIONS_PER_INSTANCE;
use super::run::Run;
use super::take_over;
use crate::backend::connection::Connection;
use crate::backend::pool::{Pool, Pooled};
use crate::error::SqlError;

const AGAIN: Duration = Duration::from_millis(50);

/// The lock of a job's connection number `slot` on an instance. 64 characters at most, which both engines take; the cluster is in it since
/// another one may have databases on the same server.
fn lock_name(cluster: u64, job: JobId, slot: usize) -> String {
    format!("ostrakon/job/{cluster:x}/{job}/{slot}")
}

/// The locks that a job's connections to one instance can have.
pub fn lock_names(cluster: u64, job: JobId) -> Vec<String> {
    (0..CONNECTIONS_PER_INSTANCE).map(|slot| lock_name(cluster, job, slot)).collect()
}

/// A connection that has the lock. Dropping it closes the connection, `lower` gives it back to its pool.
pub struct Fenced {
    connection: Pooled,
    run: Rc<Run>,
    slot: usize,
    lowered: bool,
}

impl Fenced {
    /// A connection of the pool, with its lock, when nothing of an earlier owner is left on the instance.
    pub async fn raise(run: &Rc<Run>, pool: &Rc<Pool>) -> Result<Self, SqlError> {
        let instance = pool.instance.id;
        loop {
            let mut connection = pool.acquire(false).await?;
            take_over::clean(run, pool, &mut connection).await?;
            let slot = run.enter_fence(instance, connection.id)?;
            let mut fenced = Self { connection, run: Rc::clone(run), slot, lowered: false };
            let name = fenced.name();
            let locked = fenced.query(&format!("SELECT GET_LOCK('{name}', 0)")).await?;
            if locked.text(0, 0) == "1" {
                run.confirm_owner().await?;
                return Ok(fenced);
            }
            // It is a connection's that this process has lost and the server has not, or the next owner's.
            run.forget_clean(instance);
            drop(fenced);
            tokio::time::sleep(AGAIN).await;
        }
    }

    fn name(&self) -> String {
        lock_name(self.run.worker.node.meta.cluster(), self.run.id, self.slot)
    }

    /// Gives the connection back to its pool, without the lock.
    pub async fn lower(mut self) {
        if !self.is_reusable() {
            return;
        }
        let name = self.name();
        let released = self.query(&format!("SELECT RELEASE_LOCK('{name}')")).await;
        self.lowered = released.is_ok_and(|answer| answer.text(0, 0) == "1");
    }
}

impl Drop for Fenced {
    fn drop(&mut self) {
        if !self.lowered {
            self.connection.mark_broken();
        }
        self.run.leave_fence(self.connection.pool().instance.id, self.slot);
    }
}

impl Deref for Fenced {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for Fenced {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

/// The connections of this process that stand behind the fence: by instance and slot, the server's number of each.
#[derive(Debug, Default)]
pub struct Fences(RefCell<BTreeMap<(InstanceId, usize), u32>>);

impl Run {
    /// A slot of its own for the connection.
    fn enter_fence(&self, instance: InstanceId, connection: u32) -> Result<usize, SqlError> {
        let mut fences = self.fences.0.borrow_mut();
        let free = (0..CONNECTIONS_PER_INSTANCE).find(|slot| !fences.contains_key(&(instance, *slot)));
        let Some(slot) = free else {
            // The pool has no more connections than there are slots; an instance whose address has changed has a second pool.
            return Err(SqlError::new(1040, "08004", format!("DDL job {}: too many connections", self.id)));
        };
        fences.insert((instance, slot), connection);
        Ok(slot)
    }

    fn leave_fence(&self, instance: InstanceId, slot: usize) {
        self.fences.0.borrow_mut().remove(&(instance, slot));
    }

    /// The server's numbers of this process's own connections behind the fence.
    pub fn fenced_connections(&self, instance: InstanceId) -> BTreeSet<u64> {
        let fences = self.fences.0.borrow();
        fences.iter().filter(|((of, _), _)| *of == instance).map(|(_, id)| u64::from(*id)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_name_of_a_lock_is_one_that_servers_take() {
        let names = lock_names(u64::MAX, JobId::MAX);
        assert_eq!(names.len(), CONNECTIONS_PER_INSTANCE);
        assert!(names.iter().all(|name| name.len() <= 64 && !name.contains('\'')), "{names:?}");
    }
}
