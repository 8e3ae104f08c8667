//! A short statement over a connection that other sessions use at the same time (see `backend/pipeline.rs`).
//!
//! **Invariant:** what is not as it should be is not answered from here: the statement, which only reads, is run again over a connection of its own.

use std::pin::pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

use ostrakon_protocol::capability::Capabilities;
use ostrakon_protocol::relay::Relay;
use ostrakon_protocol::scanner::ResponseKind;
use ostrakon_router::plan::{Execution, RoutedPlan};

use super::names::Names;
use super::pass::Rewriter;
use super::send::{self, Sending};
use crate::backend::pipeline::{Command, LONGEST_STATEMENT, Outcome, Pipeline, Slot};
use crate::session::{Failure, Session};

/// A statement that has no answer by then is slow: it gets a connection of its own, and who is behind it too.
const SLOW: Duration = Duration::from_millis(100);

/// What took longer, over a connection of its own, is not short. A tenth of what a session waits for a shared one.
pub const QUICK: Duration = Duration::from_millis(10);

/// Bytes of an answer that is short.
pub const QUICK_BYTES: u64 = 16 << 10;

impl Session {
    /// The execution's only statement may go over a shared connection: it is known to be short, and nothing of the session is in it.
    pub(super) fn may_share(&self, plan: &RoutedPlan, execution: &Execution, sending: Sending<'_>) -> bool {
        let statement = execution.statements.first().map_or(0, |statement| execution.text(statement).len());
        let params = match sending {
            Sending::Text => 0,
            Sending::Prepared(params) => params.iter().map(send::param_size).sum(),
        };
        plan.shareable
            && plan.quickness.is_proven()
            && statement + params <= LONGEST_STATEMENT
            && self.transaction.is_calm()
            && self.hint.is_none()
            && self.trace.is_none()
            && self.table_locks.is_none()
            && self.temporary.is_none()
            && !self.entry().kill.is_asked()
    }

    /// Runs it there and answers the client; false when it is to be run over a connection of its own.
    pub(super) async fn pass_shared(
        &mut self,
        plan: &RoutedPlan,
        execution: &Execution,
        sending: Sending<'_>,
        more: bool,
    ) -> Result<bool, Failure> {
        let Some(statement) = execution.statements.first() else { return Ok(false) };
        let group = plan.database.as_ref().and_then(|database| database.groups.get(statement.group));
        let Some(instance) = group.map(|group| group.instance) else { return Ok(false) };
        let Some(pipeline) = self.worker.pipeline(instance, &self.settings) else { return Ok(false) };
        // Back-pressure, as a pass has: many answers may go into one command's.
        self.flush_window().await?;
        let text = execution.text(statement);
        let handed_in = match sending {
            Sending::Text => pipeline.hand_in(Command::Query(text), &self.settings),
            Sending::Prepared(params) => {
                let sources = execution.params.get(statement.params.clone()).unwrap_or_default();
                let Some(values) = send::values(sources, params) else { return Ok(false) };
                pipeline.hand_in(Command::Execute(text, &values), &self.settings)
            }
        };
        // Where it is run by itself it says what is wrong.
        let Ok((slot, is_first)) = handed_in else { return Ok(false) };
        let begun = is_first.then(Instant::now);
        let waiting = Waiting { pipeline: &pipeline, slot: &slot };
        let answered = self.alarm().within(SLOW, pin!(slot.ended())).await;
        let (relayed, is_slow) = match answered {
            Some(Outcome::Answered) => {
                let long = slot.answer().len() as u64 > QUICK_BYTES;
                let relayed =
                    self.relay_shared(plan, &pipeline, &slot.answer(), sending.response_kind(), more);
                (relayed, !relayed || long || begun.is_some_and(|begun| begun.elapsed() > SLOW / 2))
            }
            // The statements before it, or the connection, were to blame.
            Some(Outcome::Lost) => (false, false),
            Some(Outcome::Unfit) => (false, true),
            // It is to blame where it is the one that runs.
            None => (false, pipeline.give_up(&slot)),
        };
        drop(waiting);
        pipeline.give_back(slot);
        if is_slow {
            plan.quickness.note(false);
        }
        Ok(relayed)
    }

    /// Appends a whole answer for the client, unless it is an error or one with warnings.
    fn relay_shared(
        &mut self,
        plan: &RoutedPlan,
        pipeline: &Pipeline,
        answer: &[u8],
        kind: ResponseKind,
        more: bool,
    ) -> bool {
        let client = self.client.capabilities;
        let mut relay = Relay::new(
            kind,
            pipeline.capabilities(),
            client.contains(Capabilities::DEPRECATE_EOF),
            false,
            self.client.sequence,
        );
        relay.overrides.more_warnings = self.warning_count();
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

/// A session that waits. One that ends meanwhile has given up.
struct Waiting<'a> {
    pipeline: &'a Pipeline,
    slot: &'a Rc<Slot>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.pipeline.give_up(self.slot);
    }
}

/// What a statement over a connection of its own took, for the next ones of its template.
pub(super) struct Stopwatch(Option<Instant>);

impl Stopwatch {
    pub fn start(plan: &RoutedPlan) -> Self {
        Self(plan.shareable.then(Instant::now))
    }

    /// `clean`: it has an answer without warnings of so many bytes.
    pub fn stop(self, plan: &RoutedPlan, clean: Option<u64>) {
        if let Some(begun) = self.0 {
            let quick = clean.is_some_and(|bytes| bytes <= QUICK_BYTES) && begun.elapsed() <= QUICK;
            plan.quickness.note(quick);
        }
    }
}
