//! The `raft` thread: takes what has come in, ticks, writes once for all of it, publishes, answers.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use ostrakon_catalog::Outcome;
use tokio::sync::{oneshot, watch};

use super::{MetaStatus, Shared};
use crate::config::MetaConfig;
use crate::driver::{Driver, Progress, RequestId};
use crate::error::{MetaError, ProposeError};
use crate::store::LogStore;
use crate::transport::Transport;

/// Proposals that share one write.
const BATCH_MAX: usize = 512;

type Reply = oneshot::Sender<Result<Outcome, ProposeError>>;

pub(super) enum Input {
    Propose {
        command: Vec<u8>,
        reply: Reply,
    },
    /// `done` is told when the store is closed.
    Stop {
        done: oneshot::Sender<()>,
    },
}

pub(super) struct Worker<S: LogStore, T> {
    driver: Driver<S>,
    transport: T,
    inbox: Receiver<Input>,
    replies: HashMap<RequestId, Reply>,
    ending: Ending,
    versions: watch::Sender<u64>,
    node_id: u64,
    tick: Duration,
    next_tick: Instant,
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
        shared: Arc<Shared>,
        versions: watch::Sender<u64>,
    ) -> Self {
        let (node_id, tick) = (config.node_id, config.tick);
        let (replies, next_tick) = (HashMap::new(), Instant::now() + tick);
        let ending = Ending { shared, reason: "the Raft thread panicked".to_owned() };
        Self { driver, transport, inbox, replies, ending, versions, node_id, tick, next_tick }
    }

    /// Runs until it is asked to stop, or cannot go on.
    pub fn run(mut self) {
        let end = self.serve();
        self.ending.reason = match &end {
            End::Asked(_) => "shut down".to_owned(),
            End::Failed(error) => {
                tracing::error!(%error, "metadata node stopped");
                error.to_string()
            }
        };
        // Changes that were durable before a failure are answered Ok, so they must be seen.
        self.publish_catalog();
        let Self { driver, mut replies, ending, inbox, versions, .. } = self;
        // Said before the callers are answered, so that they find it.
        drop(ending);
        answer(&mut replies, driver.stop());
        drop((inbox, versions));
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
            match self.driver.handle_ready(&mut self.transport) {
                Ok(progress) => self.publish(progress),
                Err(error) => return End::Failed(error),
            }
        }
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
                Input::Stop { done } => return Some(End::Asked(Some(done))),
            }
            taken += 1;
            input = if taken < BATCH_MAX { self.inbox.try_recv().ok() } else { None };
        }
        None
    }

    /// One tick at most: after a stall (a slow disk, a suspended machine) lost time is not made up, or every node would hold an
    /// election at once.
    fn tick(&mut self) {
        let now = Instant::now();
        if now >= self.next_tick {
            self.driver.tick();
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
        answer(&mut self.replies, progress);
    }

    fn publish_catalog(&self) {
        let shared = &self.ending.shared;
        if !Arc::ptr_eq(&shared.catalog.load(), self.driver.catalog()) {
            shared.catalog.store(self.driver.catalog().clone());
        }
        let version = self.driver.catalog().version;
        self.versions.send_if_modified(|known| std::mem::replace(known, version) != version);
    }
}

fn answer(replies: &mut HashMap<RequestId, Reply>, progress: Progress) {
    for (id, result) in progress.answers {
        if let Some(reply) = replies.remove(&id) {
            // The caller may have gone.
            let _ = reply.send(result);
        }
    }
}

/// Says in the status how the thread ended, even when it panics.
struct Ending {
    shared: Arc<Shared>,
    reason: String,
}

impl Drop for Ending {
    fn drop(&mut self) {
        let status = self.shared.status.load().ended(&self.reason);
        self.shared.status.store(Arc::new(status));
    }
}
