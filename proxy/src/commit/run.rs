//! COMMIT and ROLLBACK of a session's transaction: the commit machine's actions, carried out on its branches.
//!
//! The client waits for two round trips when several groups wrote: prepare and decision row in all, then the deciding COMMIT. What follows goes on
//! behind its back (`background`).

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ostrakon_catalog::job::Owner;
use ostrakon_catalog::schema::InstanceId;

use super::arbiter;
use super::background;
use super::ending::{Ending, end_all};
use super::gate::{Gate, Passing};
use super::literal;
use super::machine::{self, Action, Event, Outcome, Path, State};
use super::system_schema::{Decision, insert_branch, insert_decision, insert_decision_of_branch};
use super::xid::{Named, TransactionId};
use crate::backend::settings::Settings;
use crate::error::{DEADLOCK, DUPLICATE_KEY, SqlError};
use crate::session::transaction::{Branch, Finishing};
use crate::session::{Failure, Session};
use crate::worker::Worker;

/// So long all branches together may take to be prepared. Readers of `atomic` consistency rely on it: a transaction's rows in `branch` are at most this
/// much older than its last prepare.
pub const PREPARE_LIMIT: Duration = Duration::from_secs(5);
/// So long the deciding COMMIT may take before the arbiter is asked, and so long the arbiter is asked.
pub const DECIDE_LIMIT: Duration = Duration::from_secs(10);
/// So long other endings may take: what is silent then is closed.
pub(super) const END_LIMIT: Duration = Duration::from_secs(30);

/// What a node knows of its commits.
#[derive(Debug, Default)]
pub struct Commits {
    next: AtomicU64,
    pub gate: Arc<Gate>,
    /// Transactions by how they ended, for the metrics.
    pub released: AtomicU64,
    pub one_phase: AtomicU64,
    pub two_phase: AtomicU64,
    /// Transactions over several groups that were rolled back at COMMIT.
    pub aborted: AtomicU64,
    /// Commits whose outcome the client could not be told.
    pub unknown: AtomicU64,
}

impl Commits {
    /// An id that no transaction had before and none will have: the process's start is drawn at random.
    pub fn new_id(&self, instance: InstanceId, owner: Owner) -> TransactionId {
        TransactionId { instance, owner, counter: self.next.fetch_add(1, Ordering::Relaxed) }
    }
}

impl Session {
    /// `COMMIT`.
    ///
    /// Errors: what kept it from being committed; then everything is rolled back. SQLSTATE 08007: it could not be learnt whether it is.
    pub async fn commit_all(&mut self) -> Result<(), Failure> {
        // A connection that its server has closed in the meantime is as good as lost.
        let lost = self.transaction.has_lost_one().then(SqlError::lost_branch);
        if let Some(fault) = self.transaction_fault().or(lost) {
            self.rollback_all().await;
            return Err(fault.into());
        }
        let id = self.transaction.id;
        let mut branches = self.transaction.end();
        if branches.is_empty() {
            return Ok(());
        }
        if branches.iter().any(|branch| branch.locked) {
            return self.commit_under_locks(branches).await;
        }
        let commits = &self.worker.node.commits;
        let wrote: Vec<bool> = branches.iter().map(|branch| branch.wrote).collect();
        match (machine::path(&wrote), id) {
            (Path::Release, _) => {
                commits.released.fetch_add(1, Ordering::Relaxed);
                // A branch that only read has nothing to lose: what its server says does not matter.
                end_all(&mut branches, Ending::Release, END_LIMIT).await;
                Ok(())
            }
            (Path::OnePhase { writer }, _) => {
                commits.one_phase.fetch_add(1, Ordering::Relaxed);
                self.commit_one(branches, writer).await
            }
            (Path::TwoPhase, Some(id)) => {
                commits.two_phase.fetch_add(1, Ordering::Relaxed);
                self.commit_many(id, branches, &wrote).await
            }
            (Path::TwoPhase, None) => {
                end_all(&mut branches, Ending::RollBack, END_LIMIT).await;
                Err(SqlError::other("Internal error (please report): a transaction of several groups without an id; it was rolled back").into())
            }
        }
    }

    /// `ROLLBACK`. A branch that cannot be told is closed, which rolls it back too.
    pub async fn rollback_all(&mut self) {
        let mut branches = self.transaction.end();
        end_all(&mut branches, Ending::RollBack, END_LIMIT).await;
    }

    /// Under LOCK TABLES no server prepares anything: each group commits by itself, all at once.
    async fn commit_under_locks(&mut self, mut branches: Vec<Branch>) -> Result<(), Failure> {
        let mut sent = Vec::with_capacity(branches.len());
        for branch in &mut branches {
            sent.push(branch.send_ending(Ending::Commit).await);
        }
        let (mut done, mut failed, mut unanswered) = (Vec::new(), Vec::new(), false);
        for (branch, sent) in branches.iter_mut().zip(sent) {
            let ended = branch.receive_ending(sent, Ending::Commit, END_LIMIT).await;
            match ended {
                _ if !branch.wrote => {}
                Ok(()) => done.push(branch.name.clone()),
                Err(e) => {
                    unanswered |= branch.unanswered;
                    failed.push((branch.name.clone(), e));
                }
            }
        }
        // Their connections go back to their keepers.
        drop(branches);
        let names: Vec<&str> = failed.iter().map(|(name, _)| name.as_str()).collect();
        let names = names.join(", ");
        match failed.first() {
            None => Ok(()),
            Some((_, e)) if done.is_empty() && !unanswered => Err(e.clone().into()),
            Some((_, e)) => {
                let rest = match done.is_empty() {
                    true => String::new(),
                    false => format!("; it is committed in group {}", done.join(", ")),
                };
                let text = format!(
                    "It is not known whether the transaction was committed in group {names} ({}){rest}. Under LOCK TABLES groups commit one by one",
                    e.message
                );
                Err(self.outcome_unknown(text))
            }
        }
    }

    /// Ends branches in which nothing was done. The transaction goes on, and its next statement opens others.
    pub async fn withdraw_all(&mut self) {
        let mut branches = self.transaction.withdraw();
        end_all(&mut branches, Ending::RollBack, END_LIMIT).await;
    }

    async fn commit_one(&mut self, mut branches: Vec<Branch>, writer: usize) -> Result<(), Failure> {
        if writer >= branches.len() {
            return Ok(());
        }
        let mut branch = branches.remove(writer);
        let sent = branch.send_ending(Ending::Commit).await;
        let finishing = background::release(&self.worker, branches).await;
        self.transaction.finishing.extend(finishing);
        let Err(e) = branch.receive_ending(sent, Ending::Commit, END_LIMIT).await else { return Ok(()) };
        if !branch.unanswered {
            return Err(e.into());
        }
        let text = format!(
            "It is not known whether the transaction was committed: group {} did not answer its COMMIT ({}). \
             It has written in this group only, so there is no record to ask",
            branch.name, e.message
        );
        Err(self.outcome_unknown(text))
    }

    /// The error after which an application must not simply try again: the session ends with it.
    fn outcome_unknown(&mut self, text: String) -> Failure {
        self.worker.node.commits.unknown.fetch_add(1, Ordering::Relaxed);
        self.leave = true;
        SqlError::new(1180, "08007", text).into()
    }

    async fn commit_many(
        &mut self,
        id: TransactionId,
        branches: Vec<Branch>,
        wrote: &[bool],
    ) -> Result<(), Failure> {
        let mut commit = Commit::new(id, branches);
        let settings = self.settings_of_commits();
        for connection in commit.branches.iter_mut().filter_map(|branch| branch.connection.as_mut()) {
            connection.queue_settings(&settings);
        }
        let (state, actions) = machine::start(wrote);
        self.go_on(commit, state, actions).await
    }

    /// The session's settings, with the server's own time: that of the rows is not one that the session or a statement has set.
    pub(super) fn settings_of_commits(&self) -> Rc<Settings> {
        match self.settings.get("timestamp") {
            Some(_) => self.worker.intern(self.settings.without("timestamp")),
            None => Rc::clone(&self.settings),
        }
    }

    /// Carries the machine's actions out until the client can be answered.
    pub(super) async fn go_on(
        &mut self,
        mut commit: Commit,
        mut state: State,
        mut actions: Vec<Action>,
    ) -> Result<(), Failure> {
        loop {
            let answer = actions.iter().find_map(|action| match action {
                Action::Answer(outcome) => Some(*outcome),
                _ => None,
            });
            match answer {
                None if actions.is_empty() => {
                    return Err(
                        SqlError::other("Internal error (please report): a commit came to a stop").into()
                    );
                }
                None => {}
                Some(outcome) => return self.answer_commit(commit, actions, outcome).await,
            }
            if actions.contains(&Action::Decide) {
                commit.passing = Some(self.worker.node.commits.gate.pass().await);
            }
            let mut events = commit.carry_out(&actions).await;
            // Nobody waits for a branch that only read.
            self.transaction.finishing.extend(commit.release(&self.worker, &actions).await);
            events.extend(actions.iter().filter_map(|action| action.released()).map(Event::Finished));
            if actions.contains(&Action::AskArbiter) {
                let connection = commit.close_deciding();
                events.push(arbiter::ask(&self.worker, commit.id, connection, DECIDE_LIMIT).await);
            }
            (state, actions) = follow(state, events);
        }
    }

    /// The outcome is certain, or cannot be had: what is left on the branches goes on by itself.
    async fn answer_commit(
        &mut self,
        mut commit: Commit,
        actions: Vec<Action>,
        outcome: Outcome,
    ) -> Result<(), Failure> {
        let commits = &self.worker.node.commits;
        match outcome {
            Outcome::Committed => {
                let finishing =
                    background::commit(&self.worker, commit.branches, &actions, commit.passing).await;
                self.transaction.finishing.extend(finishing);
                Ok(())
            }
            Outcome::Aborted => {
                commits.aborted.fetch_add(1, Ordering::Relaxed);
                let cause = commit.cause.take();
                self.transaction.finishing.extend(commit.release(&self.worker, &actions).await);
                if let Some(instance) = commit.schema_missing {
                    // The next transaction makes it again.
                    self.worker.participants.forget(instance);
                }
                // The client may try again at once: its own locks should be gone by then.
                commit.carry_out(&actions).await;
                let cause = cause.unwrap_or_else(overtaken_by_recovery);
                let message = format!("{}; the transaction was rolled back", cause.message);
                Err(SqlError { message, ..cause }.into())
            }
            Outcome::Unknown => {
                let id = commit.id;
                drop(commit);
                Err(self.outcome_unknown(format!(
                    "It is not known whether transaction {id} was committed: the instance of its first group does not answer. \
                     It will be finished when that instance is back; SHOW TRANS '{id}' says what it came to"
                )))
            }
        }
    }
}

/// Somebody took this transaction for an orphan, and was first to enter its outcome.
fn overtaken_by_recovery() -> SqlError {
    SqlError::new(
        DEADLOCK,
        "40001",
        "The commit was so slow that recovery has ended it: try restarting transaction",
    )
}

/// Takes all events through the machine, and gathers what follows.
pub(super) fn follow(state: State, events: Vec<Event>) -> (State, Vec<Action>) {
    events.into_iter().fold((state, Vec::new()), |(state, mut actions), event| {
        let (state, more) = machine::step(state, event);
        actions.extend(more);
        (state, actions)
    })
}

/// The failpoints before an action is sent and after its answer.
pub(super) fn place(action: Action) -> (&'static str, &'static str) {
    match action {
        Action::Record => ("commit/record/before", "commit/record/after"),
        Action::Decide => ("commit/decide/before", "commit/decide/after"),
        _ => ("commit/prepare/before", "commit/prepare/after"),
    }
}

/// A transaction over several groups that is being committed.
pub(super) struct Commit {
    id: TransactionId,
    rows: Rows,
    pub(super) branches: Vec<Branch>,
    /// The first thing that went wrong.
    cause: Option<SqlError>,
    /// An instance whose system schema is gone.
    schema_missing: Option<InstanceId>,
    /// Once it may decide.
    passing: Option<Passing>,
}

/// What a transaction's rows in the system schema have in common, as literals.
pub(super) struct Rows {
    gtrid: String,
    /// Groups that write.
    names: String,
}

impl Rows {
    pub(super) fn of(id: TransactionId, branches: &[Branch]) -> Self {
        let names: Vec<&str> = branches.iter().filter(|b| b.wrote).map(|b| b.name.as_str()).collect();
        let named = branches.iter().find_map(|branch| branch.xid.as_ref());
        let gtrid = named.map_or_else(|| id.literal(), |named| named.gtrid().to_owned());
        Self { gtrid, names: literal::bytes(names.join(",").as_bytes()) }
    }
}

/// What makes a branch ready: the decision row in the deciding one, which has no number as an XA branch, XA PREPARE in all others.
pub(super) fn preparing(branch: &Branch, rows: &Rows) -> Vec<String> {
    let Rows { gtrid, names } = rows;
    let row = |ordinal: u16| insert_branch(gtrid, ordinal, &literal::bytes(branch.name.as_bytes()), names);
    match &branch.xid {
        // The decision comes last, so that its key is held for one round trip only.
        None if branch.wrote => {
            vec![row(0), insert_decision_of_branch(gtrid, names)]
        }
        None => vec![insert_decision(gtrid, Decision::Committed, names)],
        Some(Named { xid, literal }) => {
            vec![row(xid.ordinal), format!("XA END {literal}"), format!("XA PREPARE {literal}")]
        }
    }
}

impl Commit {
    pub(super) fn new(id: TransactionId, branches: Vec<Branch>) -> Self {
        let rows = Rows::of(id, &branches);
        Self { id, rows, branches, cause: None, schema_missing: None, passing: None }
    }

    /// Sends what the actions ask for, all before the first answer is read, and returns the answers' events.
    async fn carry_out(&mut self, actions: &[Action]) -> Vec<Event> {
        let begun = Instant::now();
        let mut sent = Vec::with_capacity(actions.len());
        for action in actions {
            sent.push(self.send(*action).await);
        }
        let mut events = Vec::with_capacity(actions.len());
        for (action, sent) in actions.iter().zip(sent) {
            let limit = match action {
                Action::Record | Action::Prepare(_) => PREPARE_LIMIT,
                Action::Decide => DECIDE_LIMIT,
                _ => END_LIMIT,
            };
            events.extend(self.receive(*action, sent, limit.saturating_sub(begun.elapsed())).await);
        }
        events
    }

    /// Closes the deciding branch's connection, whose answer is not to be waited for. Returns the server's number of it.
    fn close_deciding(&mut self) -> Option<u32> {
        let connection = self.branches.first_mut()?.connection.take()?;
        Some(connection.id)
    }

    async fn send(&mut self, action: Action) -> usize {
        let (at, statements) = match action {
            Action::Record | Action::Prepare(_) => {
                let at = if let Action::Prepare(at) = action { at } else { 0 };
                let Some(branch) = self.branches.get(at) else { return 0 };
                (at, preparing(branch, &self.rows))
            }
            Action::Decide => {
                let Some(branch) = self.branches.first() else { return 0 };
                (0, Ending::Commit.statements(branch))
            }
            action => {
                let Some((at, ending)) = self.ending(action) else { return 0 };
                return match self.branches.get_mut(at) {
                    Some(branch) => branch.send_ending(ending).await,
                    None => 0,
                };
            }
        };
        let Some(branch) = self.branches.get_mut(at) else { return 0 };
        match branch.reach(place(action).0).await {
            Ok(()) => branch.send(&statements).await,
            Err(e) => {
                self.cause.get_or_insert(e);
                0
            }
        }
    }

    /// Lets the branches that only read go, without waiting for them.
    async fn release(&mut self, worker: &Rc<Worker>, actions: &[Action]) -> Vec<Finishing> {
        let released = actions.iter().filter_map(|action| action.released());
        let mut readers = Vec::new();
        for at in released {
            readers.extend(self.branches.get_mut(at).map(Branch::take));
        }
        background::release(worker, readers).await
    }

    /// How an action ends a branch.
    fn ending(&self, action: Action) -> Option<(usize, Ending)> {
        Some(match action {
            Action::Commit(at) => (at, Ending::CommitPrepared),
            Action::RollBack(at) => {
                let prepared = self.branches.get(at).is_some_and(|branch| branch.prepared);
                (at, if prepared { Ending::RollBackPrepared } else { Ending::RollBack })
            }
            _ => return None,
        })
    }

    pub(super) async fn receive(&mut self, action: Action, sent: usize, limit: Duration) -> Option<Event> {
        match action {
            Action::Record => Some(self.receive_prepared(action, 0, sent, limit).await),
            Action::Prepare(at) => Some(self.receive_prepared(action, at, sent, limit).await),
            Action::Decide => {
                let branch = self.branches.first_mut()?;
                let ended = branch.receive_ending(sent, Ending::Commit, limit).await;
                match branch.reach(place(action).1).await.and(ended) {
                    Ok(()) => Some(Event::DecisionCommitted),
                    Err(e) => {
                        self.cause.get_or_insert(e);
                        Some(Event::DecisionDoubtful)
                    }
                }
            }
            Action::HandOver(at) => {
                if let Some(connection) =
                    self.branches.get_mut(at).and_then(|branch| branch.connection.as_mut())
                {
                    connection.mark_broken();
                }
                None
            }
            action => {
                let (at, ending) = self.ending(action)?;
                let branch = self.branches.get_mut(at)?;
                match branch.receive_ending(sent, ending, limit).await {
                    Ok(()) => Some(Event::Finished(at)),
                    Err(_) => Some(Event::NotFinished(at)),
                }
            }
        }
    }

    async fn receive_prepared(&mut self, action: Action, at: usize, sent: usize, limit: Duration) -> Event {
        let Some(branch) = self.branches.get_mut(at) else { return Event::Lost(at) };
        match branch.receive(sent, limit).await {
            Ok(errors) => {
                // XA PREPARE is the last one: what came before it may have failed, and the branch be prepared all the same.
                branch.prepared = at != 0 && errors.last().is_some_and(Option::is_none);
                let reached = branch.reach(place(action).1).await;
                match errors.into_iter().flatten().next().or(reached.err()) {
                    None => Event::Ready(at),
                    Some(e) => {
                        if e.is_missing() {
                            self.schema_missing = Some(branch.instance);
                        }
                        let overtaken = action == Action::Record && e.errno == DUPLICATE_KEY;
                        self.cause.get_or_insert(if overtaken { overtaken_by_recovery() } else { e });
                        Event::Refused(at)
                    }
                }
            }
            Err(e) => {
                self.cause.get_or_insert(e);
                Event::Lost(at)
            }
        }
    }
}
