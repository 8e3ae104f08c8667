//! The node as the proxy sees it: a handle that reads the catalog without a lock and proposes changes.

mod group;
mod input;
mod local;
mod promotion;
mod registration;
mod status;
#[cfg(test)]
mod tests;
mod worker;

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arc_swap::{ArcSwap, Guard};
use ostrakon_catalog::encode::encode_command;
use ostrakon_catalog::{Catalog, Command, Outcome};
use raft::prelude::Message;
use tokio::sync::{Semaphore, oneshot, watch};

use crate::backup;
use crate::call::CallHandler;
use crate::config::MetaConfig;
use crate::driver::{Driver, DriverConfig};
use crate::error::{MetaError, ProposeError};
use crate::members::Member;
use crate::peer::message::JoinRequest;
use crate::peer::{PeerThread, PeerTransport, Peers};
use crate::store::{LogStore, RocksStore};
use crate::transport::{Carrier, NoPeers};
use input::{Inbox, Input, Wish};
use local::Local;
use registration::Registration;
pub use status::{MetaStatus, Role};
use worker::{Watches, Worker};

/// Proposals of this node that are under way at once; more wait in line.
const PROPOSALS_MAX: usize = 1024;
/// A proposal's answer may come this much after its ticks have run out: the thread writes at that moment, perhaps.
const ANSWER_GRACE: Duration = Duration::from_secs(1);

/// A leader that stops waits so often and so long for the next one.
const HAND_OVER_LOOKS: u32 = 100;
const HAND_OVER_PAUSE: Duration = Duration::from_millis(10);

/// A running metadata node. Cheap to clone; the node stops when the last clone is gone, or on `shutdown`.
#[derive(Clone)]
pub struct MetaNode {
    local: Local,
    peers: Option<Arc<Peers>>,
    versions: watch::Receiver<u64>,
    revisions: watch::Receiver<u64>,
    applied: watch::Receiver<u64>,
    failure: watch::Receiver<Option<String>>,
    /// It began without a catalog, to get a group's.
    joins: bool,
    running: Arc<Running>,
}

/// What the handles, the Raft thread and the transport all see.
struct Shared {
    catalog: ArcSwap<Catalog>,
    status: ArcSwap<MetaStatus>,
    members: ArcSwap<Vec<Member>>,
    /// The group's name.
    cluster: AtomicU64,
    node_id: u64,
    start: u64,
    proposals: Semaphore,
    // Set once, soon after the start; held only to copy the pointer.
    handler: RwLock<Option<Arc<dyn CallHandler>>>,
    /// Why the thread has ended, when nobody had asked it to.
    failure: watch::Sender<Option<String>>,
}

impl Shared {
    fn cluster(&self) -> u64 {
        self.cluster.load(Ordering::Acquire)
    }
}

/// The node's threads. Both hold their own way to the inbox, so they are told when the last handle goes.
struct Running {
    inbox: Inbox,
    // Guards the threads until `shutdown` takes them; nothing else is held with it.
    threads: Mutex<Option<Threads>>,
}

struct Threads {
    raft: JoinHandle<()>,
    peers: Option<PeerThread>,
}

impl Running {
    fn take(&self) -> Option<Threads> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.inbox.send(Input::Stop { done: None });
        // The transport's ends with its handle.
        drop(self.take());
    }
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

    /// Starts a node on any store.
    ///
    /// On an empty one, without `config.join`, it is a new group with this node as its only voter. A node that is its group's only
    /// voter leads when this returns, and its catalog holds everything that was ever acknowledged. Another one has its catalog as it
    /// last was, and finds the others by and by. With `config.join`, an empty store gets its catalog from the group: see
    /// `caught_up`. Blocks for the disk: some milliseconds.
    ///
    /// # Errors
    /// When the store fails, or holds another node's or a newer program's data; when the peer listener cannot be opened.
    pub fn start(config: MetaConfig, store: impl LogStore) -> Result<Self, MetaError> {
        let driver_config = driver_config(&config);
        let start = driver_config.start;
        let mut driver = Driver::open(driver_config, store)?;
        // There is no transport yet: Raft sends again what is lost here. No proposal has been made, so there is nobody to answer.
        let mut lost: Vec<Message> = Vec::new();
        driver.handle_ready(&mut lost)?;
        check(&config, &driver)?;
        let mut registration = Registration::new(&config, start);
        if driver.is_alone() {
            lead_alone(&mut driver, &mut registration, &mut lost)?;
        }
        let (sender, receiver) = channel();
        let inbox = Inbox::new(sender);
        let shared = Arc::new(Shared {
            catalog: ArcSwap::new(driver.catalog().clone()),
            status: ArcSwap::from_pointee(MetaStatus::of(&driver, config.node_id)),
            members: ArcSwap::from_pointee(driver.members()),
            cluster: AtomicU64::new(driver.cluster()),
            node_id: config.node_id,
            start,
            proposals: Semaphore::new(PROPOSALS_MAX),
            handler: RwLock::new(None),
            failure: watch::Sender::new(None),
        });
        let timeout = config.propose_timeout() + ANSWER_GRACE;
        let local = Local { shared, inbox: inbox.clone(), timeout };
        let open = |peer| Peers::open(peer, config.node_id, driver.cluster(), Arc::new(local.clone()));
        let (peers, peer_thread) = config.peer.as_ref().map(open).transpose()?.unzip();
        let transport = match &peers {
            None => Carrier::None(NoPeers),
            Some(peers) => Carrier::Peers(PeerTransport::new(peers.clone())),
        };
        let (version_sender, versions) = watch::channel(driver.catalog().version);
        let (revision_sender, revisions) = watch::channel(driver.catalog().revision);
        let (applied_sender, applied) = watch::channel(driver.applied());
        let watches =
            Watches { versions: version_sender, revisions: revision_sender, applied: applied_sender };
        let failure = local.shared.failure.subscribe();
        let joins = !driver.has_joined();
        let worker = Worker::new(&config, driver, transport, receiver, registration, &local, watches);
        let thread = std::thread::Builder::new().name("raft".to_owned()).spawn(move || worker.run());
        let threads = Threads { raft: thread.map_err(MetaError::Thread)?, peers: peer_thread };
        let running = Arc::new(Running { inbox, threads: Mutex::new(Some(threads)) });
        if let Some(peers) = peers.as_ref().filter(|_| joins) {
            peers.join(config.join.clone(), join_request(&config, start));
        }
        Ok(Self { local, peers, versions, revisions, applied, failure, joins, running })
    }

    /// Returns when a node that joins has its group's catalog, as it was at the start or later. At once for all others: they have
    /// one, and serve from it whether or not the group can be reached.
    ///
    /// # Errors
    /// `Stopped`: see `stopped`.
    pub async fn caught_up(&self) -> Result<(), ProposeError> {
        if !self.joins {
            return Ok(());
        }
        let mut applied = self.applied.clone();
        applied.wait_for(|applied| *applied > 0).await.map_err(|_| ProposeError::Stopped)?;
        loop {
            match self.read_barrier().await {
                Err(ProposeError::NoLeader) => {
                    tracing::info!("waiting for a leader, to have the newest catalog")
                }
                answer => return answer,
            }
        }
    }

    /// The newest catalog, to keep as long as wanted.
    pub fn catalog(&self) -> Arc<Catalog> {
        self.local.shared.catalog.load_full()
    }

    /// The newest catalog, for a short look: no reference count is touched. Not to be held across an await.
    pub fn load(&self) -> Guard<Arc<Catalog>> {
        self.local.shared.catalog.load()
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
            let _turn = self.local.shared.proposals.acquire().await.map_err(|_| ProposeError::Stopped)?;
            let (reply, answer) = oneshot::channel();
            let input = Input::Propose { command: encode_command(&command), reply };
            self.local.inbox.send(input).map_err(|_| ProposeError::Stopped)?;
            answer.await.map_err(|_| ProposeError::Stopped)?
        };
        tokio::time::timeout(self.local.timeout, answer).await.unwrap_or(Err(ProposeError::Timeout))
    }

    /// This node's number in the group.
    pub fn node_id(&self) -> u64 {
        self.local.shared.node_id
    }

    /// The group's random name.
    pub fn cluster(&self) -> u64 {
        self.local.shared.cluster()
    }

    /// Drawn at random for this process: `NodeRecord::start`, and what names it as the owner of a job.
    pub fn process_start(&self) -> u64 {
        self.local.shared.start
    }

    /// Returns when `catalog` shows everything that was acknowledged before this call, by whichever node. The leader is asked, and
    /// makes sure of a majority.
    ///
    /// # Errors
    /// `NoLeader`: it cannot be known in time. `Stopped`.
    pub async fn read_barrier(&self) -> Result<(), ProposeError> {
        match self.local.ask(|reply| Input::Read { reply }).await {
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

    /// A look at Raft's state.
    pub fn status(&self) -> MetaStatus {
        MetaStatus::clone(&self.local.shared.status.load())
    }

    /// A leader that goes makes another one first, so that the others need not wait for an election; if that is not done soon, they
    /// have one.
    async fn hand_over(&self) {
        let others = self.local.shared.members.load().iter().filter(|m| m.voter).count() > 1;
        if !others || self.status().role != Role::Leader {
            return;
        }
        if self.local.wish(Wish::HandOver).await.is_err() {
            return;
        }
        let leads = || self.status().role == Role::Leader;
        for _ in 0..HAND_OVER_LOOKS {
            if !leads() {
                return;
            }
            tokio::time::sleep(HAND_OVER_PAUSE).await;
        }
    }

    /// Stops the node: proposals under way are answered `Stopped`, and the store is closed when this returns. Who leads hands over
    /// first, which takes a second at most.
    pub async fn shutdown(self) {
        self.hand_over().await;
        let (done, closed) = oneshot::channel();
        // An error from either side means that the thread has ended already.
        if self.local.inbox.send(Input::Stop { done: Some(done) }).is_ok() {
            let _ = closed.await;
        }
        if let Some(threads) = self.running.take() {
            // Its last act was to close the store, so this does not block for long. A panic was logged when it happened.
            let _ = threads.raft.join();
            if let Some(peers) = threads.peers {
                peers.end();
            }
        }
        // It may hold handles of this node.
        self.local.shared.handler.write().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// Whether this store and these settings make a node.
fn check<S: LogStore>(config: &MetaConfig, driver: &Driver<S>) -> Result<(), MetaError> {
    let wrong = |reason: &str| Err(MetaError::Config(reason.to_owned()));
    if driver.is_removed() {
        return Err(MetaError::Removed { node: config.node_id });
    }
    if config.peer.is_none() && !config.join.is_empty() {
        return wrong("a node that joins needs an address for the others: set [peer]");
    }
    if config.peer.is_none() && driver.has_joined() && !driver.has_no_peers() {
        return wrong("the group has several members, and this node has no address for them: set [peer]");
    }
    if !driver.has_joined() && config.join.is_empty() {
        return wrong(
            "this node has begun to join a group, and has not got its catalog yet: start it with the addresses of members",
        );
    }
    if driver.has_joined() && driver.cluster() == 0 && !driver.has_no_peers() {
        return wrong("this store's group has several members and no name: it was not made by this program");
    }
    Ok(())
}

/// The only voter need not wait for anybody.
fn lead_alone<S: LogStore>(
    driver: &mut Driver<S>,
    registration: &mut Registration,
    lost: &mut Vec<Message>,
) -> Result<(), MetaError> {
    if driver.cluster() == 0 {
        driver.name_cluster(random() | 1)?;
    }
    driver.campaign()?;
    driver.handle_ready(lost)?;
    registration.keep(driver);
    for (id, _) in driver.handle_ready(lost)?.answers {
        registration.answered(&id);
    }
    Ok(())
}

fn driver_config(config: &MetaConfig) -> DriverConfig {
    DriverConfig {
        node_id: config.node_id,
        // Two starts of a node must differ, so that request ids do.
        start: random(),
        voters: if config.join.is_empty() { vec![config.node_id] } else { Vec::new() },
        election_ticks: config.election_ticks..config.election_ticks.saturating_mul(2),
        heartbeat_ticks: config.heartbeat_ticks,
        propose_ticks: config.propose_ticks,
        snapshot_entries: config.snapshot_entries,
    }
}

fn join_request(config: &MetaConfig, start: u64) -> JoinRequest {
    JoinRequest {
        id: config.node_id,
        address: config.peer.as_ref().map(|peer| peer.advertise.clone()).unwrap_or_default(),
        sql_address: config.sql_address.clone(),
        start,
        version: config.version.clone(),
    }
}

/// The hasher's keys come from the system's randomness.
pub(crate) fn random() -> u64 {
    RandomState::new().hash_one(SystemTime::now())
}
