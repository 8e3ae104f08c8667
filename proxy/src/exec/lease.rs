//! Connections for a statement: from the pool, or the transaction's own in that group.

use std::time::Duration;

use ostrakon_catalog::schema::Group;
use ostrakon_protocol::capability::Capabilities;

use crate::backend::pool::Pooled;
use crate::error::{BACKEND_UNREACHABLE, SqlError};
use crate::session::transaction::Finishing;
use crate::session::{Failure, Session};

/// So long a statement waits for the end of this session's last transaction in a group.
const OWN_COMMIT_WAIT: Duration = Duration::from_secs(10);

/// A connection for one statement. Dropping it in the middle of a transaction breaks the transaction, which is what a lost answer must do.
pub struct Lease {
    pub connection: Pooled,
    pub group: Group,
    /// The connection belongs to the session's transaction.
    pub in_transaction: bool,
}

impl Session {
    /// CLIENT_FOUND_ROWS of this client.
    pub fn found_rows_mode(&self) -> bool {
        self.client_has(Capabilities::FOUND_ROWS)
    }

    /// A connection to one group, with settings and the opening of a transaction queued.
    pub async fn lease(&mut self, group: &Group) -> Result<Lease, Failure> {
        let has_its_own = self.table_locks.is_some() || self.temporary.is_some();
        if self.transaction.is_calm() && !has_its_own && !self.names_physical_tables() {
            // What most statements need, without the lists that several groups take.
            let mut connection = self.worker.pool_of(group.instance)?.acquire(self.found_rows_mode()).await?;
            connection.queue_settings(&self.settings);
            return Ok(Lease { connection, group: group.clone(), in_transaction: false });
        }
        if let Some(connection) = self.take_branch(group) {
            return Ok(Lease { connection, group: group.clone(), in_transaction: true });
        }
        let mut leases = Box::pin(self.lease_all(std::slice::from_ref(group))).await?;
        leases.pop().ok_or_else(|| SqlError::other("no connection").into())
    }

    /// The connection of a group that the transaction has touched, where all that is to be done is to use it.
    fn take_branch(&mut self, group: &Group) -> Option<Pooled> {
        let is_plain =
            self.transaction.applies() && self.temporary.is_none() && !self.names_physical_tables();
        if !is_plain || self.transaction_fault().is_some() {
            return None;
        }
        let mut connection = self.transaction.take(group)?;
        connection.queue_settings(&self.settings);
        Some(connection)
    }

    /// A connection to each of these groups. Outside of a transaction all of an instance's are taken at once, so two statements cannot wait for
    /// each other.
    pub async fn lease_all(&mut self, groups: &[Group]) -> Result<Vec<Lease>, Failure> {
        let in_transaction = self.transaction.applies();
        if in_transaction && let Some(fault) = self.transaction_fault() {
            self.rollback_all().await;
            return Err(fault.into());
        }
        self.wait_for_own_commits(groups).await?;
        if in_transaction && self.temporary.is_some() {
            self.open_home_first(groups).await?;
        }
        if in_transaction && self.wants_agreement() && !groups.is_empty() {
            Box::pin(self.begin_consistent_transaction(groups)).await?;
        }
        if self.transaction.agreed
            && !self.transaction.branches.is_empty()
            && let Some(group) = self.transaction.untouched(groups)
        {
            return Err(SqlError::not_supported(format!(
                "group {} in a transaction with ostrakon_read_consistency = 'atomic' that began without it: \
                 its groups are those of the database that was in use at its first statement",
                group.name
            ))
            .into());
        }
        let mut leases: Vec<Option<Lease>> = Vec::with_capacity(groups.len());
        let mut missing: Vec<(u32, Vec<usize>)> = Vec::new();
        for (index, group) in groups.iter().enumerate() {
            let held = if in_transaction { self.transaction.take(group) } else { None };
            let held = held.or_else(|| self.take_lock_holder(group)).or_else(|| self.take_home(group));
            if held.is_none() {
                match missing.iter_mut().find(|(instance, _)| *instance == group.instance) {
                    Some((_, indexes)) => indexes.push(index),
                    None => missing.push((group.instance, vec![index])),
                }
            }
            leases.push(held.map(|connection| Lease { connection, group: group.clone(), in_transaction }));
        }
        // In the order of instances, so that statements over several instances ask in the same order.
        missing.sort_by_key(|(instance, _)| *instance);
        if let Err(e) = self.fill_missing(groups, &mut leases, missing, in_transaction).await {
            for lease in leases.into_iter().flatten() {
                self.release(lease);
            }
            return Err(e.into());
        }
        let mut leases: Vec<Lease> = leases.into_iter().flatten().collect();
        // A statement of its own is the transaction that SET TRANSACTION was for.
        let direct = self.names_physical_tables();
        let alone = if in_transaction { Vec::new() } else { self.transaction.take_next() };
        for lease in &mut leases {
            lease.connection.queue_settings(&self.settings);
            for statement in &alone {
                lease.connection.queue_prefix(statement);
            }
            if lease.in_transaction && !lease.connection.in_transaction {
                let node = &self.worker.node;
                let new_id = |instance| node.commits.new_id(instance, node.owner());
                let locked = lease.connection.has_locks;
                for statement in self.transaction.open(&lease.group, lease.connection.id, locked, new_id) {
                    lease.connection.queue_prefix(&statement);
                }
                lease.connection.in_transaction = true;
            }
            if direct {
                lease.connection.queue_database(&lease.group.physical_database);
            }
        }
        Ok(leases)
    }

    async fn fill_missing(
        &self,
        groups: &[Group],
        leases: &mut [Option<Lease>],
        missing: Vec<(u32, Vec<usize>)>,
        in_transaction: bool,
    ) -> Result<(), SqlError> {
        let found_rows = self.found_rows_mode();
        for (instance, indexes) in missing {
            let pool = self.worker.pool_of(instance)?;
            let connections = match indexes.len() {
                1 => vec![pool.acquire(found_rows).await?],
                count => pool.acquire_many(count, found_rows).await?,
            };
            for (index, connection) in indexes.into_iter().zip(connections) {
                if let (Some(slot), Some(group)) = (leases.get_mut(index), groups.get(index)) {
                    *slot = Some(Lease { connection, group: group.clone(), in_transaction });
                }
            }
        }
        Ok(())
    }

    /// What this session has committed it sees: a statement waits until the group's server has done its part of it.
    async fn wait_for_own_commits(&mut self, groups: &[Group]) -> Result<(), Failure> {
        for finishing in self.transaction.take_finishing(groups) {
            let Finishing { instance, physical_database, mut ended } = finishing;
            // It ends by being dropped, which is no success to `await`.
            if tokio::time::timeout(OWN_COMMIT_WAIT, &mut ended).await.is_ok() {
                continue;
            }
            let text = format!(
                "The last transaction is committed, and its group {} has not finished it within {} s: its instance does not answer. \
                 Nothing of this statement was done; SHOW TRANS INDOUBT shows the branch",
                physical_database.to_uppercase(),
                OWN_COMMIT_WAIT.as_secs()
            );
            self.transaction.finishing.push(Finishing { instance, physical_database, ended });
            return Err(SqlError::new(BACKEND_UNREACHABLE, "HY000", text).into());
        }
        Ok(())
    }

    /// After an error of a statement in the transaction: whether the server has kept its part of it. Some errors end the whole transaction (1213 always, 1205 with
    /// `innodb_rollback_on_timeout`, 1020 with `innodb_snapshot_isolation`, 1206), and what followed on a plain branch would be committed by itself;
    /// an XA branch refuses to be prepared then. False: it is gone, and the connection is marked as broken, so that the transaction cannot go on.
    pub async fn keeps_transaction(&mut self, lease: &mut Lease) -> bool {
        if !lease.in_transaction || lease.connection.is_broken() || !self.transaction.is_plain(&lease.group) {
            return true;
        }
        let kept = lease.connection.query("DO 0").await.is_ok_and(|answer| answer.in_transaction);
        if !kept {
            lease.connection.mark_broken();
        }
        kept
    }

    /// Gives a connection back: to the transaction, to its keeper, or to the pool.
    pub fn release(&mut self, lease: Lease) {
        if lease.in_transaction && lease.connection.in_transaction {
            self.transaction.put_back(&lease.group, lease.connection);
        }
    }

    /// A connection to each of these groups, beside the transaction's.
    pub async fn lease_apart(&mut self, groups: &[Group]) -> Result<Vec<Lease>, Failure> {
        self.wait_for_own_commits(groups).await?;
        let mut missing: Vec<(u32, Vec<usize>)> = Vec::new();
        for (index, group) in groups.iter().enumerate() {
            match missing.iter_mut().find(|(instance, _)| *instance == group.instance) {
                Some((_, indexes)) => indexes.push(index),
                None => missing.push((group.instance, vec![index])),
            }
        }
        missing.sort_by_key(|(instance, _)| *instance);
        let mut leases: Vec<Option<Lease>> = groups.iter().map(|_| None).collect();
        self.fill_missing(groups, &mut leases, missing, false).await?;
        Ok(leases.into_iter().flatten().collect())
    }

    /// A connection for a statement that names no table: the transaction's if there is one, else any group of the current database,
    /// else any instance.
    pub async fn lease_any(&mut self) -> Result<Lease, Failure> {
        if let Some(branch) = self.transaction.branches.iter().find(|b| b.connection.is_some()) {
            let group = Group {
                name: branch.name.clone(),
                physical_database: branch.physical_database.clone(),
                instance: branch.instance,
            };
            return self.lease(&group).await;
        }
        let catalog = self.catalog();
        let spread = self.worker.spread();
        let database = self.database.as_deref().and_then(|name| catalog.database(name));
        let instance = match database {
            Some(database) if !database.groups.is_empty() => {
                database.groups.get(spread % database.groups.len()).map(|g| g.instance)
            }
            _ => catalog.instances.keys().copied().nth(spread % catalog.instances.len().max(1)),
        };
        let Some(instance) = instance else {
            return Err(SqlError::new(
                1105,
                "HY000",
                "There is no instance yet: add one with CREATE INSTANCE name HOST='...' PORT=... USER='...' PASSWORD='...'",
            )
            .into());
        };
        let mut connection = self.worker.pool_of(instance)?.acquire(self.found_rows_mode()).await?;
        connection.queue_settings(&self.settings);
        let group = Group { name: String::new(), physical_database: String::new(), instance };
        Ok(Lease { connection, group, in_transaction: false })
    }
}
