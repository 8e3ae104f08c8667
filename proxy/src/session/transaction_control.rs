//! BEGIN, COMMIT, ROLLBACK, savepoints: carried out on every branch that the transaction has.

use ostrakon_router::parse::command::{Isolation, TransactionScope};

use super::{Failure, Session};
use crate::error::SqlError;
use ostrakon_router::sharding::topology::quote;

impl Session {
    /// `BEGIN`, `START TRANSACTION`: commits what is open, and opens nothing yet.
    pub async fn begin(&mut self, read_only: Option<bool>, consistent_snapshot: bool) -> Result<(), Failure> {
        // SET TRANSACTION was for the transaction that begins now, not for one that ends.
        let next = (self.transaction.next_isolation, self.transaction.next_read_only);
        let was_open = self.transaction.is_open();
        self.commit_all().await?;
        self.give_table_locks_back().await;
        if !was_open {
            (self.transaction.next_isolation, self.transaction.next_read_only) = next;
        }
        self.transaction.begin(read_only, consistent_snapshot);
        if consistent_snapshot && let Err(e) = self.take_snapshot().await {
            self.rollback_all().await;
            return Err(e);
        }
        Ok(())
    }

    /// The snapshot is to be taken now, so all groups of the current database are opened now.
    async fn take_snapshot(&mut self) -> Result<(), Failure> {
        let catalog = self.catalog();
        let Some(database) = self.database.as_deref().and_then(|name| catalog.database(name)) else {
            return Ok(());
        };
        // The branches after the first read a table of ours for theirs.
        let mut instances: Vec<_> = database.groups.iter().map(|group| group.instance).collect();
        instances.sort_unstable();
        instances.dedup();
        for instance in instances {
            self.worker.ensure_system_schema(instance).await?;
        }
        for mut lease in self.lease_all(&database.groups).await? {
            lease.connection.flush().await?;
            lease.connection.read_prefix().await?;
            self.release(lease);
        }
        Ok(())
    }

    /// COMMIT AND CHAIN, ROLLBACK AND CHAIN: a new transaction of the same kind.
    pub async fn end_transaction(&mut self, commit: bool, chain: bool) -> Result<(), Failure> {
        let read_only = self.transaction.read_only;
        let isolation = self.transaction.next_isolation;
        if commit {
            self.commit_all().await?;
        } else {
            self.rollback_all().await;
        }
        if chain {
            self.transaction.begin(read_only, false);
            self.transaction.next_isolation = isolation;
        }
        Ok(())
    }

    pub async fn savepoint(&mut self, name: &str) -> Result<(), Failure> {
        if !self.transaction.applies() {
            return Ok(());
        }
        self.on_branches(&format!("SAVEPOINT {}", quote(name))).await?;
        self.transaction.savepoints.retain(|s| !s.eq_ignore_ascii_case(name));
        self.transaction.savepoints.push(name.to_owned());
        Ok(())
    }

    pub async fn rollback_to(&mut self, name: &str) -> Result<(), Failure> {
        let at = self.savepoint_index(name)?;
        self.on_branches(&format!("ROLLBACK TO SAVEPOINT {}", quote(name))).await?;
        self.transaction.savepoints.truncate(at + 1);
        Ok(())
    }

    pub async fn release_savepoint(&mut self, name: &str) -> Result<(), Failure> {
        let at = self.savepoint_index(name)?;
        self.on_branches(&format!("RELEASE SAVEPOINT {}", quote(name))).await?;
        self.transaction.savepoints.truncate(at);
        Ok(())
    }

    /// ER_SP_DOES_NOT_EXIST 1305 when there is none of that name.
    fn savepoint_index(&self, name: &str) -> Result<usize, SqlError> {
        self.transaction
            .savepoints
            .iter()
            .position(|s| s.eq_ignore_ascii_case(name))
            .ok_or_else(|| SqlError::new(1305, "42000", format!("SAVEPOINT {name} does not exist")))
    }

    async fn on_branches(&mut self, sql: &str) -> Result<(), Failure> {
        let branches = self.transaction.branches.iter_mut();
        let mut connections: Vec<_> = branches.filter_map(|b| b.connection.as_mut()).collect();
        for connection in &mut connections {
            connection.queue_query(sql.as_bytes());
            // A failed write shows when the answer is read; every branch's is, or the next statement would get this one's.
            let _ = connection.flush().await;
        }
        let mut failed = None;
        for connection in &mut connections {
            let answer = match connection.read_prefix().await {
                Ok(()) => connection.read_queued().await,
                Err(e) => Err(e),
            };
            if let Err(e) = answer {
                failed.get_or_insert(e);
            }
        }
        failed.map_or(Ok(()), |e| Err(e.into()))
    }

    /// `SET TRANSACTION`.
    pub async fn set_transaction(
        &mut self,
        scope: TransactionScope,
        isolation: Option<Isolation>,
        read_only: Option<bool>,
    ) -> Result<(), Failure> {
        match scope {
            TransactionScope::Global => {
                Err(SqlError::not_supported("SET GLOBAL TRANSACTION: set it on the instances").into())
            }
            TransactionScope::Next => {
                if self.transaction.is_open() {
                    return Err(SqlError::new(
                        1568,
                        "25001",
                        "Transaction characteristics can't be changed while a transaction is in progress",
                    )
                    .into());
                }
                self.transaction.next_isolation = isolation.or(self.transaction.next_isolation);
                self.transaction.next_read_only = read_only.or(self.transaction.next_read_only);
                Ok(())
            }
            TransactionScope::Session => {
                if let Some(isolation) = isolation {
                    let level = isolation.as_sql().replace(' ', "-");
                    self.set_session_variable(self.isolation_variable(), &format!("'{level}'")).await?;
                }
                if let Some(read_only) = read_only {
                    let value = if read_only { "1" } else { "0" };
                    self.set_session_variable(self.read_only_variable(), value).await?;
                }
                Ok(())
            }
        }
    }

    /// MariaDB before 11.1 knows `tx_isolation` only, MySQL 8 `transaction_isolation` only.
    fn isolation_variable(&self) -> &'static str {
        if self.mode.server.mariadb { "tx_isolation" } else { "transaction_isolation" }
    }

    fn read_only_variable(&self) -> &'static str {
        if self.mode.server.mariadb { "tx_read_only" } else { "transaction_read_only" }
    }
}
