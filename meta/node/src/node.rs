//! The node as the proxy sees it: a handle that reads the catalog without a lock and proposes changes.

mod status;
#[cfg(test)]
mod tests;
mod worker;

use std::hash::{BuildHasher, RandomState};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use arc_swap::{ArcSwap, Guard};
use ostrakon_catalog::encode::encode_command;
use ostrakon_catalog::{Catalog, Command, Outcome};
use tokio::sync::{Semaphore, oneshot, watch};

use crate::config::MetaConfig;
use crate::driver::{Driver, DriverConfig};
use crate::error::{MetaError, ProposeError};
use crate::store::{LogStore, RocksStore};
use crate::transport::NoPeers;
pub use status::{MetaStatus, Role};
use worker::{Input, Worker};

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
    timeout: Duration,
}

/// What the handles and the Raft thread both see.
struct Shared {
    catalog: ArcSwap<Catalog>,
    status: ArcSwap<MetaStatus>,
    proposals: Semaphore,
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
        let mut driver = Driver::open(driver_config(&config), store)?;
        // No proposal has been made yet, so there is nobody to answer.
        driver.handle_ready(&mut NoPeers)?;
        if !driver.is_alone() {
            return Err(MetaError::Config(
                "the group has several members, and this version has no transport".to_owned(),
            ));
        }
        driver.campaign()?;
        driver.handle_ready(&mut NoPeers)?;
        let shared = Arc::new(Shared {
            catalog: ArcSwap::new(driver.catalog().clone()),
            status: ArcSwap::from_pointee(MetaStatus::of(&driver, config.node_id)),
            proposals: Semaphore::new(PROPOSALS_MAX),
            thread: Mutex::new(None),
        });
        let (inbox, receiver): (Sender<Input>, Receiver<Input>) = channel();
        let (publisher, versions) = watch::channel(driver.catalog().version);
        let timeout = config.propose_timeout() + ANSWER_GRACE;
        let worker = Worker::new(&config, driver, NoPeers, receiver, shared.clone(), publisher);
        let thread = std::thread::Builder::new().name("raft".to_owned()).spawn(move || worker.run());
        *shared.thread.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(thread.map_err(MetaError::Thread)?);
        Ok(Self { shared, inbox, versions, timeout })
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
