//! Old rows of the system schema go, on the leader's node.
//!
//! **Invariant:** a decision outlives every branch that it decides. Each instance is asked for its prepared branches first; where one does not answer,
//! nothing is removed anywhere, and what a listed branch needs stays however old it is.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

use ostrakon_meta::Role;

use super::{ASK_LIMIT, Resolver};
use crate::backend::pool::Pool;
use crate::commit::finish::{has_schema, recovered};
use crate::commit::literal;
use crate::error::SqlError;
use crate::failpoint::{self, Reached};
use crate::setting;

/// Between purges; sooner where tests wait for them.
const EVERY: Duration = Duration::from_secs(if cfg!(debug_assertions) { 1 } else { 10 });
/// Rows of one DELETE, and such DELETEs of one purge of a table.
const BATCH: usize = 500;
const BATCHES: usize = 100;
/// For one purge of an instance.
const LIMIT: Duration = Duration::from_secs(50);

impl Resolver {
    /// Until the node stops.
    pub(super) async fn purge_now_and_then(self: Rc<Self>) {
        loop {
            tokio::time::sleep(EVERY).await;
            if self.worker.node.meta.status().role == Role::Leader
                && let Err(e) = self.purge().await
            {
                self.say(&format!("old decisions of transactions are kept: {}", e.message));
            }
        }
    }

    async fn purge(&self) -> Result<(), SqlError> {
        let catalog = self.worker.node.meta.catalog();
        let hours = setting::number(&catalog, setting::TRANSACTION_LOG_RETENTION).max(1);
        let mut needed = BTreeSet::new();
        for instance in catalog.instances.values() {
            let listing = async {
                let mut connection = self.worker.pool(instance).acquire(false).await?;
                recovered(&mut connection).await
            };
            let listed = tokio::time::timeout(ASK_LIMIT, listing).await.map_err(|_| {
                SqlError::other(format!("instance '{}' does not say what it holds prepared", instance.name))
            })??;
            needed.extend(listed.iter().map(|xid| xid.transaction.to_string().into_bytes()));
        }
        for instance in catalog.instances.values() {
            let pool = self.worker.pool(instance);
            match tokio::time::timeout(LIMIT, purge_instance(&pool, hours, &needed)).await {
                Ok(Ok(0)) | Err(_) => {}
                Ok(Ok(rows)) => {
                    tracing::info!(instance = %instance.name, rows, "removed old rows of transactions");
                }
                Ok(Err(e)) => {
                    self.say(&format!("instance '{}': old decisions are kept: {}", instance.name, e.message));
                }
            }
        }
        Ok(())
    }
}

/// Gives the number of rows removed.
async fn purge_instance(pool: &Rc<Pool>, hours: u64, needed: &BTreeSet<Vec<u8>>) -> Result<usize, SqlError> {
    let mut connection = pool.acquire(false).await?;
    // No gaps are locked that a commit would wait for. The connection is not used for anything else, and closed.
    connection.query("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED").await?;
    connection.query("SET SESSION autocommit = 1").await?;
    connection.mark_broken();
    if !has_schema(&mut connection).await? {
        return Ok(0);
    }
    if failpoint::reach("resolver/purge/before").await? == Reached::Drop {
        connection.sever();
    }
    let mut removed = 0;
    for table in ["decision", "branch"] {
        let mut after = String::new();
        for _ in 0..BATCHES {
            let sql = format!(
                "SELECT gtrid, at FROM `__ostrakon`.{table} WHERE at < NOW(3) - INTERVAL {hours} HOUR{after} ORDER BY at LIMIT {BATCH}"
            );
            let old = connection.query(&sql).await?;
            let ids = old.rows.iter().filter_map(|row| row.first().cloned().flatten());
            let ids: Vec<String> =
                ids.filter(|id| !needed.contains(id)).map(|id| literal::bytes(&id)).collect();
            if !ids.is_empty() {
                let delete = format!(
                    "DELETE FROM `__ostrakon`.{table} WHERE gtrid IN ({}) AND at < NOW(3) - INTERVAL {hours} HOUR",
                    ids.join(",")
                );
                removed += usize::try_from(connection.query(&delete).await?.affected_rows).unwrap_or(0);
            }
            if old.rows.len() < BATCH {
                break;
            }
            // What is kept must not be read for ever.
            after = format!(" AND at >= '{}'", old.text(old.rows.len() - 1, 1));
            if ids.is_empty() {
                break;
            }
        }
    }
    if failpoint::reach("resolver/purge/after").await? == Reached::Drop {
        connection.sever();
    }
    Ok(removed)
}
