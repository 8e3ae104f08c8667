//! A short statement over a connection that other sessions use at the same time (see `backend/pipeline.rs`).
//!
//! **Invariant:** what is not as it should be is not answered from here: the statement, which only reads, is run again over a connection of its own.

use std::cell::Ref;
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use ostrakon_protocol::scanner::ResponseKind;
use ostrakon_router::plan::{Execution, PhysicalStatement, RoutedPlan, Run};

use super::alarm::Alarm;
use super::names::Names;
use super::pass::Rewriter;
use super::send::{self, Sending};
use super::stopwatch::{QUICK, QUICK_BYTES, patience};
use crate::backend::pipeline::{Command, LONGEST_STATEMENT, Outcome, Pipeline, Slot};
use crate::session::{Failure, Session};

/// A statement that has no answer by then stalls: it gets a connection of its own, and who is behind it too. Twice as long beside a crowd.
const SLOW: Duration = Duration::from_millis(100);

/// A shared statement may take so many times as long beside a crowd, at most: that is soon gone.
const SHARED_PATIENCE: u32 = 4;

/// Statements of one query that are handed in at once.
const MOST_STATEMENTS: usize = 8;

impl Session {
    /// The execution's statements may go over shared connections once they are known to be short: nothing of the session is in them.
    pub(super) fn could_share(&self, plan: &RoutedPlan, execution: &Execution, sending: Sending<'_>) -> bool {
        let texts = || execution.statements.iter().map(|statement| execution.text(statement).len());
        let params = || match sending {
            Sending::Text => 0,
            Sending::Prepared(params) => params.iter().map(send::param_size).sum(),
        };
        plan.shareable
            && self.transaction.is_calm()
            && execution.statements.len() <= MOST_STATEMENTS
            && texts().sum::<usize>() + params() <= LONGEST_STATEMENT
            && self.hint.is_none()
            && self.trace.is_none()
            && self.table_locks.is_none()
            && self.temporary.is_none()
            && !self.entry().kill.is_asked()
    }

    /// Hands a statement in over a shared connection to its instance. `None`: there may be no more of these, or the statement is not as it should be; where it is
    /// run by itself it says what is wrong.
    pub(super) fn hand_in(
        &self,
        plan: &RoutedPlan,
        execution: &Execution,
        statement: &PhysicalStatement,
        sending: Sending<'_>,
    ) -> Option<Handed> {
        let group = plan.database.as_ref()?.groups.get(statement.group)?;
        let pool = self.worker.pool_of(group.instance).ok()?;
        let patience = patience(pool.crowd()).min(SHARED_PATIENCE);
        let pipeline = self.worker.pipeline(&pool, &self.settings)?;
        let text = execution.text(statement);
        let handed_in = match sending {
            Sending::Text => pipeline.hand_in(Command::Query(text), &self.settings),
            Sending::Prepared(params) => {
                let sources = execution.params.get(statement.params.clone()).unwrap_or_default();
                let values = send::values(sources, params)?;
                pipeline.hand_in(Command::Execute(text, &values), &self.settings)
            }
        };
        Some(Handed { slot: handed_in?, pipeline, patience })
    }

    /// Runs the execution's only statement there and answers the client; false when it is to be run over a connection of its own.
    pub(super) async fn pass_shared(
        &mut self,
        plan: &RoutedPlan,
        execution: &Execution,
        sending: Sending<'_>,
        more: bool,
    ) -> Result<bool, Failure> {
        let Some(statement) = execution.statements.first() else { return Ok(false) };
        // Back-pressure, as a pass has: many answers may go into one command's.
        self.flush_window().await?;
        let Some(handed) = self.hand_in(plan, execution, statement, sending) else { return Ok(false) };
        match handed.wait(self.alarm(), handed.limit()).await {
            Ok(()) => {
                let relayed = self.relay_shared(plan, &handed, sending.response_kind(), more);
                plan.quickness.note(if relayed { handed.run() } else { Run::Slow });
                Ok(relayed)
            }
            Err(run) => {
                run.into_iter().for_each(|run| plan.quickness.note(run));
                Ok(false)
            }
        }
    }

    /// Appends a whole answer for the client, unless it is an error or one with warnings.
    fn relay_shared(&mut self, plan: &RoutedPlan, handed: &Handed, kind: ResponseKind, more: bool) -> bool {
        let answer = &*handed.answer();
        let mut relay = self.relay_from(handed.pipeline.capabilities(), kind);
        let patch = self.status_patch(false, more);
        let entry = std::sync::Arc::clone(self.entry());
        let mut rewriter = Rewriter::new(Names::of(plan), &entry.kill);
        let before = self.client.output.len();
        let pushed = relay.push(answer, &mut rewriter, patch, &mut self.client.output);
        let seen = relay.seen();
        let end = seen.end.filter(|end| end.had_rows && end.warnings == 0);
        match end {
            Some(end) if pushed == Ok(answer.len()) && relay.finished() && seen.error.is_none() => {
                let rows = seen.rows;
                self.client.sequence = relay.sequence();
                self.note_end(end, rows, false, false);
                true
            }
            _ => {
                self.client.output.truncate(before);
                false
            }
        }
    }
}

/// A statement that was handed in. A session that ends meanwhile has given it up.
pub(super) struct Handed {
    pub pipeline: Rc<Pipeline>,
    slot: Rc<Slot>,
    patience: u32,
}

impl Handed {
    /// How long it is waited for.
    pub(super) fn limit(&self) -> Duration {
        SLOW * self.patience.min(2)
    }

    /// Waits until the answer is there. Else, and when it takes longer than `limit`, what that says of this statement: nothing where the ones before it, or the
    /// connection, are to blame.
    pub(super) async fn wait(&self, alarm: &Alarm, limit: Duration) -> Result<(), Option<Run>> {
        match alarm.within(limit, pin!(self.slot.ended())).await {
            Some(Outcome::Answered) => Ok(()),
            Some(Outcome::Lost) => Err(None),
            Some(Outcome::Unfit) => Err(Some(Run::Slow)),
            None => Err(self.pipeline.give_up(&self.slot).then_some(Run::Stalled)),
        }
    }

    /// Nobody wants the answer any more, for what another server did. Were it given up, this one's connection would be closed, and all who share it would go
    /// elsewhere, from connections to other servers too. So it gets what is left of its time.
    pub(super) fn leave(self, left: Duration) {
        if self.slot.is_waiting() && !left.is_zero() {
            tokio::task::spawn_local(async move {
                let _ = tokio::time::timeout(left, self.slot.ended()).await;
            });
        }
    }

    /// The packets of the answer.
    pub(super) fn answer(&self) -> Ref<'_, [u8]> {
        self.slot.answer()
    }

    /// Whether it was as short as it was thought to be.
    pub(super) fn run(&self) -> Run {
        let took = self.slot.took();
        match took.time / self.patience {
            _ if self.answer().len() as u64 > QUICK_BYTES => Run::Slow,
            time if time <= QUICK => Run::Quick,
            time if time > SLOW / 2 => Run::Stalled,
            // It may have waited for a processor: whoever comes behind it shows whether it is the statement.
            _ if took.woke => Run::Unclear,
            _ => Run::Strained,
        }
    }
}

impl Drop for Handed {
    fn drop(&mut self) {
        self.pipeline.give_up(&self.slot);
        self.pipeline.give_back(&self.slot);
    }
}
