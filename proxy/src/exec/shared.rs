//! A short statement over a connection that other sessions use at the same time (see `backend/pipeline.rs`).
//!
//! **Invariant:** what is not as it should be is not answered from here: the statement, which only reads, is run again over a connection of its own.

use std::cell::Ref;
use std::pin::pin;
use std::rc::Rc;
use std::time::{Duration, Instant};

use ostrakon_protocol::scanner::ResponseKind;
use ostrakon_router::plan::{Execution, PhysicalStatement, RoutedPlan, Run};

use super::alarm::Alarm;
use super::names::Names;
use super::pass::Rewriter;
use super::send::{self, Sending};
use crate::backend::pipeline::{Command, LONGEST_STATEMENT, Outcome, Pipeline, Slot};
use crate::backend::pool::Pool;
use crate::session::{Failure, Session};

/// A statement that has no answer by then is slow: it gets a connection of its own, and who is behind it too.
pub(super) const SLOW: Duration = Duration::from_millis(100);

/// What took longer, over a connection of its own, is not short. A tenth of what a session waits for a shared one.
pub const QUICK: Duration = Duration::from_millis(10);

/// With so many statements at a server over connections of their own each may take [`QUICK`], with twice as many twice as long: they wait for each other. Were it
/// not so, a template that 256 clients ask at once would never be known to be short, and so their statements would remain so many. What is taken for short
/// wrongly is found out where it is shared, once these are gone.
const CROWD: usize = 8;

/// A run over a connection of its own that took more than so many times as long as it may is slow, and not only strained.
const SLOW_FROM: u32 = 5;

/// A shared statement may take at most so many times as long as without a crowd, which is soon gone.
const MOST_PATIENCE: u32 = 4;

/// Statements of one query that are handed in at once.
const MOST_STATEMENTS: usize = 8;

/// Bytes of an answer that is short.
pub const QUICK_BYTES: u64 = 16 << 10;

impl Session {
    /// The execution's statements may go over shared connections: they are known to be short, and nothing of the session is in them.
    pub(super) fn may_share(&self, plan: &RoutedPlan, execution: &Execution, sending: Sending<'_>) -> bool {
        let texts = || execution.statements.iter().map(|statement| execution.text(statement).len());
        let params = match sending {
            Sending::Text => 0,
            Sending::Prepared(params) => params.iter().map(send::param_size).sum(),
        };
        plan.shareable
            && plan.quickness.is_proven()
            && execution.statements.len() <= MOST_STATEMENTS
            && texts().sum::<usize>() + params <= LONGEST_STATEMENT
            && self.transaction.is_calm()
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
        let patience = patience(pool.crowd.get()).min(MOST_PATIENCE);
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
        match handed.wait(self.alarm(), Duration::ZERO).await {
            Ok(()) => {
                let relayed = self.relay_shared(plan, &handed, sending.response_kind(), more);
                plan.quickness.note(if relayed { handed.run() } else { Run::Slow });
                Ok(relayed)
            }
            Err(blame) => {
                if blame {
                    plan.quickness.note(Run::Slow);
                }
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
    /// What it may take, over what a statement may that is alone at its server.
    patience: u32,
}

impl Handed {
    /// Waits until the answer is there. Else, and when it takes longer than [`SLOW`], of which `waited` is over, whether it is this statement that is to blame:
    /// not where the ones before it, or the connection, are.
    pub(super) async fn wait(&self, alarm: &Alarm, waited: Duration) -> Result<(), bool> {
        match alarm.within((SLOW * self.patience).saturating_sub(waited), pin!(self.slot.ended())).await {
            Some(Outcome::Answered) => Ok(()),
            Some(Outcome::Lost) => Err(false),
            Some(Outcome::Unfit) => Err(true),
            None => Err(self.pipeline.give_up(&self.slot)),
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

/// How many times as long as by itself a statement may take beside others that have connections of their own to its server.
fn patience(crowd: usize) -> u32 {
    u32::try_from(crowd / CROWD).unwrap_or(u32::MAX).max(1)
}

/// What a statement over connections of its own took, for the next ones of its template.
pub(super) struct Stopwatch {
    begun: Instant,
    pool: Rc<Pool>,
    /// Of the pool, with this one.
    crowd: usize,
}

impl Stopwatch {
    /// For the statement of a plan that could be shared, once it has its connections. `pool`: that of one of them.
    pub fn start(plan: &RoutedPlan, pool: &Rc<Pool>) -> Option<Self> {
        plan.shareable.then(|| {
            let crowd = pool.crowd.get() + 1;
            pool.crowd.set(crowd);
            Self { begun: Instant::now(), pool: Rc::clone(pool), crowd }
        })
    }

    /// `clean`: it has an answer without warnings of so many bytes.
    pub fn stop(self, plan: &RoutedPlan, clean: Option<u64>) {
        // The first of a crowd was alone when it came.
        let limit = QUICK * patience(self.crowd.max(self.pool.crowd.get()));
        let run = match self.begun.elapsed() {
            _ if clean.is_none_or(|bytes| bytes > QUICK_BYTES) => Run::Slow,
            took if took <= limit => Run::Quick,
            took if took <= limit * SLOW_FROM => Run::Strained,
            _ => Run::Slow,
        };
        plan.quickness.note(run);
    }
}

impl Drop for Stopwatch {
    fn drop(&mut self) {
        self.pool.crowd.set(self.pool.crowd.get() - 1);
    }
}
