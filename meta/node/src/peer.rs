//! Connections between nodes: gRPC on a thread of its own, so that Raft never waits for a network.
//!
//! `link` carries Raft's messages to one peer, `snapshot` its snapshots; `service` answers the others; `client` asks them. Every
//! request says who asks whom, and in which group (`identity`), so nodes of two groups never mix. With `tls`, both sides show a
//! certificate.

mod client;
mod identity;
mod join;
mod link;
pub(crate) mod message;
mod service;
mod snapshot;
mod text;
mod tls;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use ostrakon_catalog::Catalog;
use raft::prelude::Message;
use tokio::sync::{Semaphore, oneshot};

use crate::call::BoxFuture;
use crate::config::PeerConfig;
use crate::error::{CallError, MetaError};
pub(crate) use client::AskError;
pub(crate) use link::PeerTransport;

/// What the transport needs of its node.
pub(crate) trait Host: Send + Sync + 'static {
    fn catalog(&self) -> Arc<Catalog>;
    fn leader(&self) -> Option<u64>;
    /// Messages for Raft. May be dropped when there are too many.
    fn receive(&self, messages: Vec<Message>);
    fn report_unreachable(&self, peer: u64);
    fn report_snapshot(&self, peer: u64, delivered: bool);
    /// The node must end: a peer has said that it was removed, or it cannot join.
    fn fail(&self, error: MetaError);
    fn call(&self, from: u64, request: Vec<u8>) -> BoxFuture<'static, Result<Vec<u8>, CallError>>;
    /// A change that another node wants of this one, as the leader.
    fn change(&self, request: message::ChangeRequest) -> BoxFuture<'static, message::ChangeAnswer>;
    /// A node wants to be a member.
    fn join(&self, request: message::JoinRequest) -> BoxFuture<'static, message::JoinAnswer>;
}

/// This node among its peers.
pub(crate) struct Peers {
    node_id: u64,
    /// 0 until a node that joins knows it.
    cluster: AtomicU64,
    advertise: String,
    tls: Option<tls::Material>,
    host: Arc<dyn Host>,
    runtime: tokio::runtime::Handle,
    /// Addresses that peers have told of themselves; held only to copy one.
    told: Mutex<BTreeMap<u64, String>>,
    /// Connections for questions, by address; held only to copy one.
    channels: Mutex<HashMap<String, tonic::transport::Channel>>,
    /// Snapshots that this node takes at once: one may have to be in memory whole.
    snapshots: Semaphore,
}

/// The transport's thread; it ends when this is dropped, or by `end`.
pub(crate) struct PeerThread {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Peers {
    /// Binds the listener and starts the thread.
    ///
    /// # Errors
    /// When the address cannot be bound, the certificates cannot be used, or threads cannot be started.
    pub fn open(
        config: &PeerConfig,
        node_id: u64,
        cluster: u64,
        host: Arc<dyn Host>,
    ) -> Result<(Arc<Self>, PeerThread), MetaError> {
        let tls = config.tls.as_ref().map(tls::Material::load).transpose()?;
        let server = service::server(tls.as_ref())?;
        let listener = std::net::TcpListener::bind(config.listen)
            .and_then(|listener| listener.set_nonblocking(true).map(|()| listener))
            .map_err(|error| MetaError::Listen { address: config.listen, source: error })?;
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(MetaError::Thread)?;
        let peers = Arc::new(Self {
            node_id,
            cluster: AtomicU64::new(cluster),
            advertise: config.advertise.clone(),
            tls,
            host,
            runtime: runtime.handle().clone(),
            told: Mutex::default(),
            channels: Mutex::default(),
            snapshots: Semaphore::new(snapshot::TAKEN_MAX),
        });
        let (stop, stopped) = oneshot::channel::<()>();
        let service = peers.clone();
        let run = move || {
            runtime.block_on(async move {
                tokio::select! {
                    () = service::serve(service.clone(), server, listener) => {}
                    () = client::watch_over(service) => {}
                    // Also when the sender is dropped.
                    _ = stopped => {}
                }
            });
            // What is under way ends here.
            runtime.shutdown_background();
        };
        let thread =
            std::thread::Builder::new().name("peers".to_owned()).spawn(run).map_err(MetaError::Thread)?;
        Ok((peers, PeerThread { stop: Some(stop), thread: Some(thread) }))
    }

    /// The group's name: random, drawn when it was founded. 0: not known yet.
    pub fn cluster(&self) -> u64 {
        self.cluster.load(Ordering::Acquire)
    }

    fn set_cluster(&self, cluster: u64) {
        self.cluster.store(cluster, Ordering::Release);
    }

    /// Where a node may be reached: by its record in the catalog, and by its own word. Both may be old.
    fn addresses(&self, node: u64) -> Vec<String> {
        let catalog = self.host.catalog();
        let recorded = catalog.nodes.get(&node).map(|record| record.peer_address.clone());
        let told = lock(&self.told).get(&node).cloned();
        let mut addresses: Vec<_> = told.into_iter().chain(recorded).filter(|a| !a.is_empty()).collect();
        addresses.dedup();
        addresses
    }

    fn learn(&self, node: u64, address: String) {
        let mut told = lock(&self.told);
        let has_room = told.len() < TOLD_MAX || told.contains_key(&node);
        if node != 0 && node != self.node_id && !address.is_empty() && has_room {
            told.insert(node, address);
        }
    }
}

impl PeerThread {
    /// Ends the thread and waits for it: it waits for nothing itself, so this is short.
    pub fn end(mut self) {
        self.stop = None;
        if let Some(thread) = self.thread.take() {
            // A panic was logged when it happened.
            let _ = thread.join();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Nodes whose own word of their address is kept: without `tls`, anybody can say to be any node.
const TOLD_MAX: usize = 1024;
/// Connecting takes no longer.
const CONNECT_LIMIT: Duration = Duration::from_secs(2);
/// A silent connection is asked for a sign of life after this time, and given up after as long again.
const KEEP_ALIVE: Duration = Duration::from_secs(2);
/// One message at most: an entry of the greatest size, and what surrounds it.
const MESSAGE_BYTES_MAX: usize = 32 << 20;
