//! Transactions that idle, or last, for too long end: others wait for their locks.

use std::time::Duration;

use super::Session;
use crate::error::SqlError;
use crate::setting::{self, TRANSACTION_IDLE_TIMEOUT, TRANSACTION_LOG_RETENTION, TRANSACTION_TIME_LIMIT};

/// No transaction is younger than this and overlong.
const SHORTEST_LIMIT: Duration = Duration::from_secs(1);

impl Session {
    /// What keeps the open transaction from going on, if anything does: a lost branch, or its age. It is to be rolled back then.
    pub fn transaction_fault(&self) -> Option<SqlError> {
        if self.transaction.is_broken() {
            return Some(SqlError::lost_branch());
        }
        let lasted = self.transaction.began?.elapsed();
        if lasted < SHORTEST_LIMIT {
            return None;
        }
        let catalog = self.worker.node.meta.load();
        // When its record may be gone nothing must want to commit.
        let kept = setting::number(&catalog, TRANSACTION_LOG_RETENTION).saturating_mul(3600);
        let limit = setting::number(&catalog, TRANSACTION_TIME_LIMIT).min(kept / 2);
        (lasted > Duration::from_secs(limit)).then(|| {
            let text = format!(
                "The transaction was rolled back: it has lasted for {} s, and may last for {limit} s ({TRANSACTION_TIME_LIMIT}, see SHOW SETTINGS)",
                lasted.as_secs()
            );
            // ER_XA_RBTIMEOUT: "Transaction branch was rolled back: took too long".
            SqlError::new(1613, "XA106", text)
        })
    }

    /// How long the client may now be silent; `None`: for ever.
    pub(super) fn idle_limit(&self) -> Option<Duration> {
        if !self.transaction.is_open() {
            return None;
        }
        let seconds = setting::number(&self.worker.node.meta.load(), TRANSACTION_IDLE_TIMEOUT);
        (seconds > 0).then(|| Duration::from_secs(seconds))
    }

    /// Rolls the transaction of a client back that was silent for too long; its connection is closed then.
    pub(super) async fn end_idle_transaction(&mut self) {
        let id = self.transaction.id.map(|id| id.to_string());
        tracing::info!(
            session = self.entry().id,
            user = %self.user,
            host = %self.entry().host,
            transaction = id.as_deref().unwrap_or_default(),
            groups = self.transaction.branches.len(),
            "idle in a transaction for longer than {TRANSACTION_IDLE_TIMEOUT}: rolled back, and the connection is closed"
        );
        self.rollback_all().await;
    }
}

/// Resolves when that time is over; never without a limit.
pub(super) async fn idled(limit: Option<Duration>) {
    match limit {
        // Boxed: most clients rest without a limit, and have no room for a timer.
        Some(limit) => Box::pin(tokio::time::sleep(limit)).await,
        None => std::future::pending().await,
    }
}
