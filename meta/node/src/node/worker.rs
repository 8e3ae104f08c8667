//! The `raft` thread: takes what has come in, ticks, writes once for all of it, publishes, answers.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use ostrakon_catalog::Outcome;
use raft::StateRole;
use tokio::sync::{oneshot, watch};

use super::input::{Changed, Inbox, Input, Reply, Wish};
use super::local::Local;
use super::registration::Registration;
use super::{MetaStatus, Shared, promotion};
use crate::config::MetaConfig;
use crate::driver::{Changing, Driver, Progress, RequestId};
use crate::error::{MetaError, ProposeError};
use crate::store::LogStore;
use crate::transport::Transport;

/// Election timeouts for which a node that was removed goes on.
const LINGER_ELECTIONS: u32 = 3;
/// Proposals that share one write.
const BATCH_MAX: usize = 512;

pub(super) struct Worker<S: LogStore, T> {
    driver: Driver<S>,
    transport: T,
    inbox: Receiver<Input>,
    waiting: Inbox,
    replies: HashMap<RequestId, Reply<Outcome>>,
    changes: HashMap<RequestId, Reply<Changed>>,
    readers: HashMap<RequestId, Reply<()>>,
    registration: Registration,
    ending: Ending,
    watches: Watches,
    node_id: u64,
    /// When this node learned of its removal.
    removed: Option<Instant>,
    linger: Duration,
    tick: Duration,
    next_tick: Instant,
}

/// What others may wait for. Sent to after the catalog was published.
pub(super) struct Watches {
    pub versions: watch::Sender<u64>,
    pub revisions: watch::Sender<u64>,
    pub applied: watch::Sender<u64>,
}

/// How the loop ended.
enum End {
    /// Asked to, or nobody holds a handle any more.
    Asked(Option<oneshot::Sender<()>>),
    Failed(MetaError),
}

impl<S: LogStore, T: Transport> Worker<S, T> {
    pub fn new(
        config: &MetaConfig,
        driver: Driver<S>,
        transport: T,
        inbox: Receiver<Input>,
        registration: Registration,
        local: &Local,
        watches: Watches,
    ) -> Self {
        let (node_id, tick) = (config.node_id, config.tick);
        let election_ticks = u32::try_from(config.election_ticks).unwrap_or(u32::MAX);
        let shared = local.shared.clone();
        let ending = Ending { shared, reason: "the Raft thread panicked".to_owned(), failed: true };
        Self {
            driver,
            transport,
            inbox,
            waiting: local.inbox.clone(),
            replies: HashMap::new(),
            changes: HashMap::new(),
            readers: HashMap::new(),
            registration,
            ending,
            watches,
            node_id,
            removed: None,
            linger: tick.saturating_mul(LINGER_ELECTIONS.saturating_mul(election_ticks)),
            tick,
            next_tick: Instant::now() + tick,
        }
    }

    /// Runs until it is asked to stop, or cannot go on.
    pub fn run(mut self) {
        let end = self.serve();
        (self.ending.reason, self.ending.failed) = match &end {
            End::Asked(_) => ("shut down".to_owned(), false),
            End::Failed(error) => {
                tracing::error!(%error, "metadata node stopped");
                (error.to_string(), true)
            }
        };
        // Changes that were durable before a failure are answered Ok, so they must be seen.
        self.publish_catalog();
        let Self { driver, mut replies, mut changes, mut readers, ending, inbox, watches, .. } = self;
        // Said before the callers are answered, so that they find it.
        drop(ending);
        let progress = driver.stop();
        settle(&mut changes, &progress.answers, 0);
        answer(&mut replies, progress.answers);
        answer(&mut readers, progress.reads);
        drop((inbox, watches));
        if let End::Asked(Some(done)) = end {
            // Nobody waits any more when this fails.
            let _ = done.send(());
        }
    }

    fn serve(&mut self) -> End {
        loop {
            if let Some(end) = self.take_in() {
                return end;
            }
            self.tick();
            self.registration.keep(&mut self.driver);
            match self.driver.handle_ready(&mut self.transport) {
                Ok(progress) => self.publish(progress),
                Err(error) => return End::Failed(error),
            }
            if self.driver.is_removed() && self.lingered() {
                return End::Failed(MetaError::Removed { node: self.node_id });
            }
        }
    }

    /// A node that was removed goes on for some elections: its vote may be what the others need to hear of the removal at all. (Of two
    /// voters one is removed, and has applied that first: found by the simulation.)
    fn lingered(&mut self) -> bool {
        self.removed.get_or_insert_with(Instant::now).elapsed() >= self.linger
    }

    /// Waits for input until the next tick, then takes what else is there, so that one write serves all of it.
    fn take_in(&mut self) -> Option<End> {
        let wait = self.next_tick.saturating_duration_since(Instant::now());
        let mut input = match self.inbox.recv_timeout(wait) {
            Ok(input) => Some(input),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return Some(End::Asked(None)),
        };
        let mut taken = 0;
        while let Some(next) = input {
            match next {
                Input::Propose { command, reply } => {
                    let id = self.driver.propose(&command);
                    self.replies.insert(id, reply);
                }
                Input::Read { reply } => {
                    let id = self.driver.read_index();
                    self.readers.insert(id, reply);
                }
                Input::Change { wish, reply } => self.change(wish, reply),
                Input::Messages(messages) => {
                    self.waiting.taken(messages.len());
                    messages.into_iter().for_each(|message| self.driver.step(message));
                }
                Input::Unreachable(peer) => self.driver.report_unreachable(peer),
                Input::Snapshot { peer, delivered } => self.driver.report_snapshot(peer, delivered),
                Input::Fail(error) => return Some(End::Failed(error)),
                Input::Stop { done } => return Some(End::Asked(done)),
            }
            taken += 1;
            input = if taken < BATCH_MAX { self.inbox.try_recv().ok() } else { None };
        }
        None
    }

    fn change(&mut self, wish: Wish, reply: Reply<Changed>) {
        let changing = match wish {
            Wish::Member(change, record) => self.driver.change_members(&change, record),
            Wish::Transfer(to) => self.driver.transfer_leadership(to),
            Wish::HandOver => self.driver.hand_over_leadership(),
        };
        let now = match changing {
            Ok(Changing::Proposed(id)) => {
                self.changes.insert(id, reply);
                return;
            }
            Ok(Changing::Done) => Ok(Changed::Done { index: self.driver.applied() }),
            Ok(Changing::NotLeader) => Ok(Changed::NotLeader),
            Err(error) => Err(error),
        };
        // The caller may have gone.
        let _ = reply.send(now);
    }

    /// One tick at most: after a stall (a slow disk, a suspended machine) lost time is not made up, or every node would hold an
    /// election at once.
    fn tick(&mut self) {
        let now = Instant::now();
        if now >= self.next_tick {
            self.driver.tick();
            if self.driver.role() == StateRole::Leader {
                promotion::promote(&mut self.driver);
            }
            let next = self.next_tick + self.tick;
            self.next_tick = if next > now { next } else { now + self.tick };
        }
    }

    /// The catalog first: who is answered finds its change there.
    fn publish(&mut self, progress: Progress) {
        self.publish_catalog();
        let shared = &self.ending.shared;
        let status = MetaStatus::of(&self.driver, self.node_id);
        if **shared.status.load() != status {
            shared.status.store(Arc::new(status));
        }
        let members = self.driver.members();
        if **shared.members.load() != members {
            shared.members.store(Arc::new(members));
        }
        shared.cluster.store(self.driver.cluster(), Ordering::Release);
        let applied = self.driver.applied();
        self.watches.applied.send_if_modified(|known| std::mem::replace(known, applied) != applied);
        progress.answers.iter().for_each(|(id, _)| self.registration.answered(id));
        settle(&mut self.changes, &progress.answers, applied);
        answer(&mut self.replies, progress.answers);
        answer(&mut self.readers, progress.reads);
    }

    fn publish_catalog(&self) {
        let shared = &self.ending.shared;
        if !Arc::ptr_eq(&shared.catalog.load(), self.driver.catalog()) {
            shared.catalog.store(self.driver.catalog().clone());
        }
        let (version, revision) = (self.driver.catalog().version, self.driver.catalog().revision);
        self.watches.versions.send_if_modified(|known| std::mem::replace(known, version) != version);
        self.watches.revisions.send_if_modified(|known| std::mem::replace(known, revision) != revision);
    }
}

fn answer<T>(replies: &mut HashMap<RequestId, Reply<T>>, answers: Vec<(RequestId, Result<T, ProposeError>)>) {
    for (id, result) in answers {
        if let Some(reply) = replies.remove(&id) {
            // The caller may have gone.
            let _ = reply.send(result);
        }
    }
}

/// The same for changes, which are asked for by the index.
fn settle(
    changes: &mut HashMap<RequestId, Reply<Changed>>,
    answers: &[(RequestId, Result<Outcome, ProposeError>)],
    index: u64,
) {
    for (id, result) in answers {
        if let Some(reply) = changes.remove(id) {
            let _ = reply.send(result.clone().map(|_| Changed::Done { index }));
        }
    }
}

/// Says in the status how the thread ended, even when it panics.
struct Ending {
    shared: Arc<Shared>,
    reason: String,
    /// Not because it was asked to.
    failed: bool,
}

impl Drop for Ending {
    fn drop(&mut self) {
        let status = self.shared.status.load().ended(&self.reason);
        self.shared.status.store(Arc::new(status));
        if self.failed {
            self.shared.failure.send_replace(Some(std::mem::take(&mut self.reason)));
        }
    }
}
