//! A write of several groups that is a transaction of its own, and quick: the groups are told to prepare in the same write as their statements. The client
//! waits for two round trips to the servers, not for three.
//!
//! What a prepared branch has locked stays locked until all are through, and a recovery takes a branch that is prepared for long for an orphan. So a statement that
//! waits is ended soon, and run in the ordinary way, in which it may wait.

use std::rc::Rc;
use std::time::{Duration, Instant};

use ostrakon_router::plan::{Quickness, RoutedPlan};

use super::{Answers, Order, Write};
use crate::backend::connection::Answer;
use crate::commit::PREPARE_LIMIT;
use crate::error::{INTERRUPTED, SqlError};
use crate::exec::lease::Lease;
use crate::exec::names::Names;
use crate::exec::watch::Patience;
use crate::exec::{send, watch};
use crate::session::{Failure, Session};

/// So long the statements may take: much less than `PREPARE_LIMIT`, which is for them and the preparing together.
const LIMIT: Duration = Duration::from_secs(1);
/// Statements that take so long are no reason to try it again.
const QUICK: Duration = Duration::from_millis(250);

/// ER_WARNING_NOT_COMPLETE_ROLLBACK.
const NOT_ROLLED_BACK: u16 = 1196;

/// More takes so long that a round trip does not matter.
const MAX_BYTES: usize = 1 << 20;

impl Session {
    /// Whether a write that is a transaction of its own can be prepared at once.
    pub(super) fn prepares_at_once(&self, write: &Write<'_>, order: Order) -> bool {
        let execution = write.execution;
        let bytes = || execution.statements.iter().map(|s| execution.text(s).len()).sum::<usize>();
        order == Order::Together
            && write.parts.len() > 1
            && self.quickness(write.plan).is_proven()
            && self.transaction.next_isolation.is_none()
            && self.transaction.next_read_only.is_none()
            && self.table_locks.is_none()
            && self.temporary.is_none()
            && !self.names_physical_tables()
            && bytes() <= MAX_BYTES
    }

    /// Notes of a write in the ordinary way whether it might have been prepared at once.
    pub(super) fn note_quickness(&self, write: &Write<'_>, begun: Instant) {
        if write.parts.len() > 1 {
            self.quickness(write.plan).note(begun.elapsed() <= QUICK);
        }
    }

    /// Runs the parts and commits. `None`: nothing of it is there, and it is to be run in the ordinary way, for it took too long.
    pub(super) async fn write_at_once(
        &mut self,
        write: &Write<'_>,
    ) -> Result<Option<Vec<Vec<Answer>>>, Failure> {
        self.transaction.begin_statement_at_once();
        let mut leases = match self.queue_at_once(write).await {
            Ok(leases) => leases,
            Err(e) => {
                self.rollback_all().await;
                return Err(e);
            }
        };
        let train = match self.couple(&mut leases).await {
            Ok(train) => train,
            Err(e) => {
                self.rollback_all().await;
                return Err(e.into());
            }
        };
        let (patience, begun) = (Patience::new(LIMIT), Instant::now());
        let write = Write { patience: Some(&patience), parts: write.parts.clone(), ..*write };
        for lease in &mut leases {
            // A failed write shows when its answer is read.
            let _ = lease.connection.flush().await;
        }
        let mut answers = Answers::default();
        let read = match self.read_parts(&write, 0, &mut leases, &mut answers).await {
            Ok(()) => Ok(()),
            Err(Failure::Sql(e)) => Err(e),
            Err(e) => {
                for mut lease in leases {
                    let pool = Rc::clone(lease.connection.pool());
                    watch::interrupt(&mut lease.connection, &pool);
                    self.release(lease);
                }
                self.take_back_behind();
                return Err(e);
            }
        };
        self.note_parts(&write, &leases, &answers.all);
        for lease in leases {
            self.release(lease);
        }
        // What was only slow is good, unless too little is left of the time in which all must be prepared.
        let is_late = patience.is_lost() || begun.elapsed() > PREPARE_LIMIT / 2;
        if read.is_ok() && !is_late {
            let count = answers.all.iter().flatten().map(|answer| u64::from(answer.warnings)).sum();
            self.note_warnings(&write, answers.warned, count);
            if begun.elapsed() <= QUICK {
                self.quickness(write.plan).note(true);
            }
            self.commit_train(train).await?;
            return Ok(Some(answers.all));
        }
        let kept = self.take_back().await;
        let failure = read.err().filter(|e| !(is_late && e.errno == INTERRUPTED));
        let runs_anew = failure.as_ref().is_none_or(SqlError::ends_transaction);
        if runs_anew && !kept.is_empty() {
            let text = format!(
                "The statement had to be run anew, but tables without transactions have kept rows of it, in group {}",
                kept.join(", ")
            );
            return Err(SqlError::new(NOT_ROLLED_BACK, "HY000", text).into());
        }
        if let Some(e) = failure {
            return Err(self.logical_error(e, Names::of(write.plan)).into());
        }
        // A KILL that has come meanwhile is for the statement, however it runs.
        self.entry().kill.check()?;
        self.quickness(write.plan).note(false);
        Ok(None)
    }

    /// How quick writes like this one were. Plans that are not kept have that of their session in common.
    fn quickness<'a>(&'a self, plan: &'a RoutedPlan) -> &'a Quickness {
        if plan.cacheable { &plan.quickness } else { &self.quickness_of_uncached }
    }

    /// Queues the parts on a branch for each group.
    async fn queue_at_once(&mut self, write: &Write<'_>) -> Result<Vec<Lease>, Failure> {
        let mut leases = self.lease_parts(&write.parts).await?;
        let mut ready =
            send::ready_all(&mut leases, write.execution, &write.parts, write.sending).await.map(drop);
        for (part, lease) in write.parts.iter().zip(&mut leases) {
            for statement in write.execution.statements.get(part.statements.clone()).unwrap_or_default() {
                let statement = std::slice::from_ref(statement);
                ready = ready.and_then(|()| {
                    send::queue(&mut lease.connection, write.execution, statement, write.sending)?;
                    // What makes ready follows, and would clear them.
                    lease.connection.queue_query(b"SHOW WARNINGS");
                    Ok(())
                });
            }
        }
        match ready {
            Ok(()) => Ok(leases),
            Err(e) => {
                for lease in leases {
                    self.release(lease);
                }
                Err(self.logical_error(e, Names::of(write.plan)).into())
            }
        }
    }
}
