//! The node as the proxy sees it: a handle that reads the catalog without a lock and proposes changes.

mod registration;
mod status;
#[cfg(test)]
mod tests;
mod worker;

use std::hash::{BuildHasher, RandomState};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arc_swap::{ArcSwap, Guard};
use ostrakon_catalog::encode::encode_command;
use ostrakon_catalog::{Catalog, Command, Outcome};
use tokio::sync::{Semaphore, oneshot, watch};

use crate::backup;
use crate::call::CallHandler;
use crate::config::MetaConfig;
use crate::driver::{Driver, DriverConfig};
use crate::error::{CallError, MetaError, ProposeError};
use crate::members::{Member, MemberChange};
use crate::store::{LogStore, RocksStore};
use crate::transport::NoPeers;
use registration::Registration;
pub use status::{MetaStatus, Role};
use worker::{Input, Watches, Worker};

/// Proposals of this node that are under way at once; more wait in line.
const PROPOSALS_MAX: usize = 1024;
/// A proposal's answer may come this much after its ticks have run out: the thread writes at that moment, perhaps.
const ANSWER_GRACE: Duration = Duration::from_secs(1);

/// A running metadata node. Cheap to clone; the node stops when the last clone is gone, or on `shutdown`.
#[derive(Clone)]
pub struct MetaNode {
    shared: Arc<Shared>,
    // Not in `shared`: the thread must see the channel close when the last handle goes.
    inbox: Sender<Input>,
    versions: watch::Receiver<u64>,
    revisions: watch::Receiver<u64>,
    applied: watch::Receiver<u64>,
    failure: watch::Receiver<Option<String>>,
    timeout: Duration,
}

/// What the handles and the Raft thread both see.
struct Shared {
    catalog: ArcSwap<Catalog>,
    status: ArcSwap<MetaStatus>,
    node_id: u64,
    start: u64,
    proposals: Semaphore,
    // Set once, soon after the start; held only to copy the pointer.
    handler: RwLock<Option<Arc<dyn CallHandler>>>,
    /// Why the thread has ended, when nobody had asked it to.
    failure: watch::Sender<Option<String>>,
    // Guards the thread's handle until `shutdown` takes it; nothing else is held with it.
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl MetaNode {
    /// Starts a node on RocksDB in `config.directory`.
    ///
    /// # Errors
    /// As `start`, and when the directory cannot be used or another process uses it.
    pub fn open(config: MetaConfig) -> Result<Self, MetaError> {
        let store = RocksStore::open(&config.directory)?;
        Self::start(config, store)
    }

    /// Starts a node on any store. On an empty one it is a new group with this node as its only voter, and it leads when this
    /// returns; its catalog then holds everything that was ever acknowledged. Blocks for the disk: some milliseconds.
    ///
    /// # Errors
    /// When the store fails, or holds another node's or a newer program's data.
    pub fn start(config: MetaConfig, store: impl LogStore) -> Result<Self, MetaError> {
        let driver_config = driver_config(&config);
        let start = driver_config.start;
        let mut driver = Driver::open(driver_config, store)?;
        // No proposal has been made yet, so there is nobody to answer.
        driver.handle_ready(&mut NoPeers)?;
        if !driver.is_alone() {
            return Err(MetaError::Config(
                "the group has several members, and this version has no transport".to_owned(),
            ));
        }
        driver.campaign()?;
        driver.handle_ready(&mut NoPeers)?;
        let mut registration = Registration::new(&config, start);
        registration.keep(&mut driver);
        for (id, _) in driver.handle_ready(&mut NoPeers)?.answers {
            registration.answered(&id);
        }
        let shared = Arc::new(Shared {
            catalog: ArcSwap::new(driver.catalog().clone()),
            status: ArcSwap::from_pointee(MetaStatus::of(&driver, config.node_id)),
            node_id: config.node_id,
            start,
            proposals: Semaphore::new(PROPOSALS_MAX),
            handler: RwLock::new(None),
            failure: watch::Sender::new(None),
            thread: Mutex::new(None),
        });
        let (inbox, receiver): (Sender<Input>, Receiver<Input>) = channel();
        let (version_sender, versions) = watch::channel(driver.catalog().version);
        let (revision_sender, revisions) = watch::channel(driver.catalog().revision);
        let (applied_sender, applied) = watch::channel(driver.applied());
        let watches =
            Watches { versions: version_sender, revisions: revision_sender, applied: applied_sender };
        let failure = shared.failure.subscribe();
        let timeout = config.propose_timeout() + ANSWER_GRACE;
        let worker = Worker::new(&config, driver, NoPeers, receiver, registration, shared.clone(), watches);
        let thread = std::thread::Builder::new().name("raft".to_owned()).spawn(move || worker.run());
        *shared.thread.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(thread.map_err(MetaError::Thread)?);
        Ok(Self { shared, inbox, versions, revisions, applied, failure, timeout })
    }

    /// The newest catalog, to keep as long as wanted.
    pub fn catalog(&self) -> Arc<Catalog> {
        self.shared.catalog.load_full()
    }

    /// The newest catalog, for a short look: no reference count is touched. Not to be held across an await.
    pub fn load(&self) -> Guard<Arc<Catalog>> {
        self.shared.catalog.load()
    }

    /// Tells each new `Catalog::version`, after it has been published. Closes when the node stops.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.versions.clone()
    }

    /// Changes the catalog. When this returns `Ok`, the change is durable and `catalog` shows it. A cancelled call may still take
    /// effect. Needs a tokio runtime with its timer.
    ///
    /// # Errors
    /// `Rejected` and `NoLeader`: nothing changed. `Timeout` and `Stopped`: unknown; read the catalog before trying again.
    pub async fn propose(&self, command: Command) -> Result<Outcome, ProposeError> {
        let answer = async {
            // Never closed; held until the answer is there.
            let _turn = self.shared.proposals.acquire().await.map_err(|_| ProposeError::Stopped)?;
            let (reply, answer) = oneshot::channel();
            let input = Input::Propose { command: encode_command(&command), reply };
            self.inbox.send(input).map_err(|_| ProposeError::Stopped)?;
            answer.await.map_err(|_| ProposeError::Stopped)?
        };
        tokio::time::timeout(self.timeout, answer).await.unwrap_or(Err(ProposeError::Timeout))
    }

    /// This node's number in the group.
    pub fn node_id(&self) -> u64 {
        self.shared.node_id
    }

    /// Drawn at random for this process: `NodeRecord::start`, and what names it as the owner of a job.
    pub fn process_start(&self) -> u64 {
        self.shared.start
    }

    /// Returns when `catalog` shows everything that was acknowledged before this call, by whichever node. The leader is asked, and
    /// makes sure of a majority.
    ///
    /// # Errors
    /// `NoLeader`: it cannot be known in time. `Stopped`.
    pub async fn read_barrier(&self) -> Result<(), ProposeError> {
        match self.ask(|reply| Input::Read { reply }).await {
            // Nothing is unknown about a read.
            Err(ProposeError::Timeout) => Err(ProposeError::NoLeader),
            answer => answer,
        }
    }

    /// Last entry of the log that `catalog` shows.
    pub fn applied(&self) -> u64 {
        *self.applied.borrow()
    }

    /// Waits until `catalog` shows the log's entry `index`; false when it does not in time, or the node stops.
    pub async fn wait_applied(&self, index: u64, limit: Duration) -> bool {
        let mut applied = self.applied.clone();
        let reached = applied.wait_for(|applied| *applied >= index);
        matches!(tokio::time::timeout(limit, reached).await, Ok(Ok(_)))
    }

    /// Tells each new `Catalog::revision`, after it has been published. Closes when the node stops.
    pub fn revisions(&self) -> watch::Receiver<u64> {
        self.revisions.clone()
    }

    /// The group's members as this node knows them, by number.
    pub fn members(&self) -> Vec<Member> {
        let catalog = self.load();
        let address = |id| catalog.nodes.get(&id).map(|node| node.peer_address.clone()).unwrap_or_default();
        let id = self.shared.node_id;
        let (active, matched) = (Some(true), Some(self.status().last_index));
        vec![Member { id, voter: true, address: address(id), active, matched }]
    }

    /// Changes the group's members. When this returns `Ok`, the change is durable and applied here.
    ///
    /// # Errors
    /// `Refused` says why it cannot be made; `NoLeader`: nothing changed. `Timeout` and `Stopped`: unknown; see `members`.
    pub async fn change_members(&self, change: MemberChange) -> Result<(), ProposeError> {
        self.ask(|reply| Input::Change { change, reply }).await
    }

    /// Makes another voter the leader. Returns when it is.
    ///
    /// # Errors
    /// As `change_members`.
    pub async fn transfer_leadership(&self, to: u64) -> Result<(), ProposeError> {
        if to == self.shared.node_id && self.status().role == Role::Leader {
            return Ok(());
        }
        self.ask(|reply| Input::Transfer { to, reply }).await
    }

    /// Who answers calls from now on.
    pub fn handle_calls(&self, handler: Arc<dyn CallHandler>) {
        *self.shared.handler.write().unwrap_or_else(PoisonError::into_inner) = Some(handler);
    }

    /// Asks the handler of any node, this one's too.
    ///
    /// # Errors
    /// `UnknownNode` and `NoHandler`: it was not asked. All others: unknown whether its handler has run.
    pub async fn call(&self, node: u64, request: Vec<u8>, limit: Duration) -> Result<Vec<u8>, CallError> {
        if node != self.shared.node_id {
            return Err(CallError::UnknownNode { node });
        }
        let handler = self.shared.handler.read().unwrap_or_else(PoisonError::into_inner).clone();
        let handler = handler.ok_or(CallError::NoHandler { node })?;
        match tokio::time::timeout(limit, handler.call(node, request)).await {
            Ok(answer) => answer.map_err(|reason| CallError::Failed { node, reason }),
            Err(_) => Err(CallError::Timeout { node }),
        }
    }

    /// Resolves with the reason when the node's metadata has failed for good. Never after `shutdown`.
    pub async fn stopped(&self) -> String {
        let mut failure = self.failure.clone();
        let reason = match failure.wait_for(Option::is_some).await {
            Ok(reason) => reason.clone(),
            Err(_) => None,
        };
        match reason {
            Some(reason) => reason,
            None => std::future::pending().await,
        }
    }

    /// The catalog as it is now, as bytes that stand for themselves; `recover::restore` reads them.
    ///
    /// # Errors
    /// When no majority can be reached: the catalog here may then be old.
    pub async fn backup(&self) -> Result<Vec<u8>, MetaError> {
        self.read_barrier().await.map_err(MetaError::Backup)?;
        // The index first: the catalog may be newer than it says, never older.
        let applied = self.applied();
        let taken = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis());
        Ok(backup::encode(&self.load(), applied, u64::try_from(taken).unwrap_or(u64::MAX)))
    }

    /// Puts a question to the Raft thread.
    async fn ask<T>(
        &self,
        input: impl FnOnce(oneshot::Sender<Result<T, ProposeError>>) -> Input,
    ) -> Result<T, ProposeError> {
        let (reply, answer) = oneshot::channel();
        self.inbox.send(input(reply)).map_err(|_| ProposeError::Stopped)?;
        match tokio::time::timeout(self.timeout, answer).await {
            Ok(answer) => answer.map_err(|_| ProposeError::Stopped)?,
            Err(_) => Err(ProposeError::Timeout),
        }
    }

    /// A look at Raft's state.
    pub fn status(&self) -> MetaStatus {
        MetaStatus::clone(&self.shared.status.load())
    }

    /// Stops the node: proposals under way are answered `Stopped`, and the store is closed when this returns.
    pub async fn shutdown(self) {
        let (done, closed) = oneshot::channel();
        // An error from either side means that the thread has ended already.
        if self.inbox.send(Input::Stop { done }).is_ok() {
            let _ = closed.await;
        }
        let thread = self.shared.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // Its last act was to close the store, so this does not block for long. A panic was logged when it happened.
            let _ = thread.join();
        }
    }
}

fn driver_config(config: &MetaConfig) -> DriverConfig {
    DriverConfig {
        node_id: config.node_id,
        // Two starts of a node must differ, so that request ids do: the hasher's keys come from the system's randomness.
        start: RandomState::new().hash_one(config.node_id),
        voters: vec![config.node_id],
        election_ticks: config.election_ticks..config.election_ticks.saturating_mul(2),
        heartbeat_ticks: config.heartbeat_ticks,
        propose_ticks: config.propose_ticks,
        snapshot_entries: config.snapshot_entries,
    }
}
