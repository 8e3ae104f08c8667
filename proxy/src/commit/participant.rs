//! Instances that take part in commits across groups: their system schema is there, and their settings keep what they acknowledge.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use ostrakon_catalog::schema::{Group, InstanceId};

use super::finish::ensure_schema;
use super::safety::faults;
use crate::backend::connection::Connection;
use crate::error::SqlError;
use crate::session::{Failure, Session};
use crate::setting;
use crate::worker::Worker;

/// So long an instance's answer is good.
const GOOD_FOR: Duration = Duration::from_secs(30);

/// What a worker has learnt of instances, and when.
#[derive(Debug, Default)]
pub struct Participants {
    /// They keep what they acknowledge.
    safe: RefCell<BTreeMap<InstanceId, Instant>>,
    /// Their system schema was there.
    with_schema: RefCell<BTreeSet<InstanceId>>,
}

impl Participants {
    /// The instance is to be asked anew: its schema may be gone.
    pub fn forget(&self, instance: InstanceId) {
        self.safe.borrow_mut().remove(&instance);
        self.with_schema.borrow_mut().remove(&instance);
    }
}

impl Worker {
    /// Makes sure that the instance can take part.
    pub async fn check_participant(&self, instance: InstanceId) -> Result<(), SqlError> {
        let known = self.participants.safe.borrow().get(&instance).copied();
        if known.is_some_and(|asked| asked.elapsed() < GOOD_FOR) {
            return Ok(());
        }
        self.ensure_system_schema(instance).await?;
        if setting::text(&self.node.meta.load(), setting::COMMIT_ON_UNSAFE_INSTANCES) != "allow" {
            let mut connection = self.outside_of_the_pool(instance).await?;
            if let Some(fault) = faults(&mut connection).await?.into_iter().find(|fault| fault.refuses) {
                return Err(SqlError::not_supported(format!(
                    "writing in several groups at once while instance '{}' does not keep what it acknowledges: {}. \
                     CHECK CLUSTER lists all; ALTER CLUSTER SET {} = allow takes the risk",
                    connection.instance(),
                    fault.text,
                    setting::COMMIT_ON_UNSAFE_INSTANCES
                )));
            }
        }
        self.participants.safe.borrow_mut().insert(instance, Instant::now());
        Ok(())
    }

    /// Makes sure that the system schema is there, for who reads it.
    pub async fn ensure_system_schema(&self, instance: InstanceId) -> Result<(), SqlError> {
        // Once is enough: it does not go away by itself.
        if self.participants.with_schema.borrow().contains(&instance) {
            return Ok(());
        }
        let mut connection = self.outside_of_the_pool(instance).await?;
        ensure_schema(&mut connection).await?;
        self.participants.with_schema.borrow_mut().insert(instance);
        Ok(())
    }

    /// A connection that is no session's: the session that asks may hold what is left of the pool.
    async fn outside_of_the_pool(&self, instance: InstanceId) -> Result<Connection, SqlError> {
        let pool = self.pool_of(instance)?;
        Connection::connect(&pool.instance, 1, false).await
    }
}

impl Session {
    /// Before a write in these groups: when the transaction then has writes in several, all their instances must be able to take part in its
    /// commit. Better now than at COMMIT.
    pub async fn check_participants(&mut self, groups: &[Group]) -> Result<(), Failure> {
        if !self.transaction.applies() || self.transaction.is_read_only() {
            return Ok(());
        }
        for instance in self.transaction.participants(groups) {
            self.worker.check_participant(instance).await?;
        }
        Ok(())
    }
}
