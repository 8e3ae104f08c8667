//! A write of several groups that is a transaction of its own, and quick: the groups are told to prepare in the same write as their statements. The client
//! waits for two round trips to the servers, not for three.
//!
//! What a prepared branch has locked stays locked until all are through, and a recovery takes a branch that is prepared for long for an orphan. So a statement that
//! waits is ended soon, and run in the ordinary way, in which it may wait.

use std::rc::Rc;
use std::time::{Duration, Instant};

use super::{Answers, Order, Write};
use crate::backend::connection::Answer;
use crate::error::INTERRUPTED;
use crate::exec::lease::Lease;
use crate::exec::names::Names;
use crate::exec::watch::Patience;
use crate::exec::{send, watch};
use crate::session::{Failure, Session};

/// So long the statements may take: much less than `PREPARE_LIMIT`, which is for them and the preparing together.
const LIMIT: Duration = Duration::from_secs(1);
/// A template whose statements take so long, or warn, is not tried again soon.
const QUICK: Duration = Duration::from_millis(250);

/// More takes so long that a round trip does not matter.
const MAX_BYTES: usize = 1 << 20;

impl Session {
    /// Whether a write that is a transaction of its own can be prepared at once.
    pub(super) fn prepares_at_once(&self, write: &Write<'_>, order: Order) -> bool {
        let execution = write.execution;
        let bytes = || execution.statements.iter().map(|s| execution.text(s).len()).sum::<usize>();
        order == Order::Together
            && write.parts.len() > 1
            && write.plan.quickness.is_proven()
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
            write.plan.quickness.note(self.warnings.is_empty() && begun.elapsed() <= QUICK);
        }
    }

    /// Runs the parts and commits. `None`: nothing of it is there, and it is to be run in the ordinary way, for it took too long, or there are warnings to be
    /// asked for.
    pub(super) async fn write_at_once(
        &mut self,
        write: &Write<'_>,
    ) -> Result<Option<Vec<Vec<Answer>>>, Failure> {
        let patience = Patience::new(LIMIT);
        let write = Write { patience: Some(&patience), parts: write.parts.clone(), ..*write };
        self.transaction.begin_statement_at_once();
        let mut leases = match self.queue_at_once(&write).await {
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
        for lease in &mut leases {
            // A failed write shows when its answer is read.
            let _ = lease.connection.flush().await;
        }
        let mut answers = Answers::default();
        let read = match self.read_parts(&write, 0, &mut leases, &mut answers).await {
            Ok(()) => Ok(()),
            Err(Failure::Sql(e)) => Err(e),
            Err(e) => {
                for lease in &mut leases {
                    let pool = Rc::clone(lease.connection.pool());
                    watch::abandon(&mut lease.connection, &pool);
                }
                self.rollback_all().await;
                return Err(e);
            }
        };
        self.note_parts(&write, &leases, &answers.all);
        for lease in leases {
            self.release(lease);
        }
        let warned = answers.all.iter().flatten().any(|answer| answer.warnings > 0);
        if read.is_ok() && !warned && !patience.is_lost() {
            self.commit_train(train).await?;
            return Ok(Some(answers.all));
        }
        self.take_back(train).await;
        if warned || patience.is_lost() {
            write.plan.quickness.note(false);
        }
        // A KILL that has come meanwhile is for the statement, however it runs.
        self.entry().kill.check()?;
        match read {
            Err(e) if !(patience.is_lost() && e.errno == INTERRUPTED) => {
                Err(self.logical_error(e, Names::of(write.plan)).into())
            }
            _ => Ok(None),
        }
    }

    /// Queues the parts on a branch for each group.
    async fn queue_at_once(&mut self, write: &Write<'_>) -> Result<Vec<Lease>, Failure> {
        let groups: Vec<_> = write.parts.iter().map(|part| part.group.clone()).collect();
        self.check_participants(&groups).await?;
        let mut leases = self.lease_all(&groups).await?;
        for group in &groups {
            self.transaction.note_write(group);
        }
        let mut ready =
            send::ready_all(&mut leases, write.execution, &write.parts, write.sending).await.map(drop);
        for (part, lease) in write.parts.iter().zip(&mut leases) {
            let statements = write.execution.statements.get(part.statements.clone()).unwrap_or_default();
            ready = ready.and_then(|()| {
                send::queue(&mut lease.connection, write.execution, statements, write.sending)
            });
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
