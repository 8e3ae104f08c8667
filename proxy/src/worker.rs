//! A worker: one thread, one listener, and everything that its sessions touch on the statement path.
//!
//! **Invariant:** sessions, pools and the plan cache of a worker are used by its thread only; no lock, channel or wake-up crosses threads while a
//! statement runs.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ostrakon_catalog::schema::{Instance, InstanceId};
use ostrakon_router::plan::PlanCache;

use crate::backend::pipeline::Pipeline;
use crate::backend::pool::{Pool, PoolLimits, Purpose};
use crate::backend::settings::{Interner, Settings};
use crate::commit::participant::Participants;
use crate::door::Turns;
use crate::error::SqlError;
use crate::gather::statistics::Statistics;
use crate::node::Node;
use crate::session::workspace::Workspaces;

/// Pools by instance.
type Pools = RefCell<BTreeMap<InstanceId, Rc<Pool>>>;

/// One worker's state.
pub struct Worker {
    pub node: Arc<Node>,
    pools: Pools,
    /// Of gathered statements.
    gather_pools: Pools,
    /// Version of the catalog that the pools were last compared with.
    pools_version: Cell<u64>,
    pub plans: RefCell<PlanCache>,
    interner: RefCell<Interner>,
    pub workspaces: Workspaces,
    /// Picks a group where any will do.
    rotation: Cell<usize>,
    limits: PoolLimits,
    /// How many may be shared, to each instance.
    shared_connections: usize,
    gather_limits: PoolLimits,
    pub participants: Participants,
    pub statistics: Statistics,
    /// Of TLS handshakes.
    pub turns: Turns,
    /// Transactions that are committed, and whose branches still end.
    pub finishing: Cell<usize>,
}

impl Worker {
    /// One of `workers` that share the node's connections to each instance.
    pub fn new(node: &Arc<Node>, index: usize, workers: usize) -> Rc<Self> {
        let limits = &node.config.limits;
        let share = |connections: usize| (connections / workers).max(1);
        let gather_connections = share(limits.gather_connections_per_instance);
        let shared = match limits.shared_connections_per_instance {
            0 => 0,
            some => share(some),
        };
        let connections = share(limits.connections_per_instance);
        Self::with_limits(node, index, connections, shared, gather_connections)
    }

    fn with_limits(
        node: &Arc<Node>,
        index: usize,
        connections: usize,
        shared: usize,
        gather_connections: usize,
    ) -> Rc<Self> {
        let limits = &node.config.limits;
        let pool_limits = |purpose, connections| PoolLimits {
            purpose,
            connections,
            wait: Duration::from_millis(limits.connection_wait_ms),
            connect_timeout: Duration::from_millis(limits.connect_timeout_ms),
            statements: limits.prepared_statements_per_backend,
        };
        Rc::new(Self {
            node: Arc::clone(node),
            pools: RefCell::default(),
            gather_pools: RefCell::default(),
            pools_version: Cell::new(0),
            plans: RefCell::new(PlanCache::new(limits.plan_cache_entries)),
            interner: RefCell::default(),
            workspaces: Workspaces::default(),
            rotation: Cell::new(index),
            limits: pool_limits(Purpose::Statements, connections),
            shared_connections: shared.min(connections / 4),
            gather_limits: pool_limits(Purpose::Gather, gather_connections),
            participants: Participants::default(),
            statistics: Statistics::default(),
            turns: Turns::default(),
            finishing: Cell::new(0),
        })
    }

    /// For a thread without a listener: a few connections of its own to each instance, so that it never waits for statements nor they for it.
    pub fn with_connections(node: &Arc<Node>, connections: usize) -> Rc<Self> {
        // None of them gathers.
        Self::with_limits(node, 0, connections, 0, 1)
    }

    /// The pool for an instance of the current catalog. An instance whose address or account changed gets a new pool.
    pub fn pool(&self, instance: &Arc<Instance>) -> Rc<Pool> {
        entered(&self.pools, instance, self.limits)
    }

    /// The pool for an instance by its number.
    pub fn pool_of(&self, id: InstanceId) -> Result<Rc<Pool>, SqlError> {
        self.numbered(id, &self.pools, self.limits)
    }

    /// A connection to an instance that short statements share, for a session with these settings. `None`: there may be no more.
    pub fn pipeline(&self, pool: &Rc<Pool>, settings: &Rc<Settings>) -> Option<Rc<Pipeline>> {
        let depth_limit = self.node.config.limits.statements_per_shared_connection;
        pool.pipeline(settings, depth_limit, self.shared_connections)
    }

    /// The pool of gather connections to an instance.
    pub fn gather_pool_of(&self, id: InstanceId) -> Result<Rc<Pool>, SqlError> {
        self.numbered(id, &self.gather_pools, self.gather_limits)
    }

    fn numbered(&self, id: InstanceId, pools: &Pools, limits: PoolLimits) -> Result<Rc<Pool>, SqlError> {
        let version = self.node.meta.load().version;
        if self.pools_version.replace(version) != version {
            self.retire_pools();
        }
        if let Some(pool) = pools.borrow().get(&id) {
            return Ok(Rc::clone(pool));
        }
        let catalog = self.node.meta.catalog();
        match catalog.instances.get(&id) {
            Some(instance) => Ok(entered(pools, instance, limits)),
            None => Err(SqlError::other(format!("Instance number {id} is no longer in the catalog"))),
        }
    }

    /// Forgets the pools of instances that are gone or elsewhere now. What is in use there ends with its statement or transaction.
    fn retire_pools(&self) {
        let catalog = self.node.meta.catalog();
        for pools in [&self.pools, &self.gather_pools] {
            pools.borrow_mut().retain(|id, pool| {
                let stays =
                    catalog.instances.get(id).is_some_and(|instance| same_server(&pool.instance, instance));
                if !stays {
                    pool.close_idle();
                }
                stays
            });
        }
    }

    /// Backend connections of this worker, with those of gathered statements: (instance name, open, idle).
    pub fn pool_counts(&self) -> Vec<(String, usize, usize)> {
        let pools = self.pools.borrow();
        let gather_pools = self.gather_pools.borrow();
        let mut counts: Vec<(String, usize, usize)> = Vec::with_capacity(pools.len());
        for (id, pool) in pools.iter() {
            let (mut open, mut idle) = pool.counts();
            if let Some((more, of_them_idle)) = gather_pools.get(id).map(|pool| pool.counts()) {
                open += more;
                idle += of_them_idle;
            }
            counts.push((pool.instance.name.clone(), open, idle));
        }
        counts
    }

    pub fn intern(&self, settings: Settings) -> Rc<Settings> {
        self.interner.borrow_mut().intern(settings)
    }

    /// The next number of the rotation.
    pub fn spread(&self) -> usize {
        let next = self.rotation.get();
        self.rotation.set(next.wrapping_add(1));
        next
    }
}

/// The pool for an instance. One whose address or account changed gets a new pool.
fn entered(pools: &Pools, instance: &Arc<Instance>, limits: PoolLimits) -> Rc<Pool> {
    let mut pools = pools.borrow_mut();
    if let Some(pool) = pools.get(&instance.id) {
        if same_server(&pool.instance, instance) {
            return Rc::clone(pool);
        }
        pool.close_idle();
    }
    let pool = Pool::new(Arc::clone(instance), limits);
    pools.insert(instance.id, Rc::clone(&pool));
    pool
}

/// Whether connections to one are connections to the other.
fn same_server(one: &Arc<Instance>, other: &Arc<Instance>) -> bool {
    let key = |i: &Instance| (i.host.clone(), i.port, i.user.clone(), i.password.clone(), i.tls);
    Arc::ptr_eq(one, other) || key(one) == key(other)
}

/// How long sessions may take to notice that the node stops.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// Between questions to instances that did not answer when the node started.
const LEARN_AGAIN: Duration = Duration::from_secs(1);

/// Accepts and serves clients until the node stops.
pub fn run(node: &Arc<Node>, index: usize, workers: usize, listener: std::net::TcpListener) {
    crate::scheduling::adopt(node.config.worker_scheduling);
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => {
            tracing::error!(worker = index, error = %e, "cannot start");
            return;
        }
    };
    let worker = Worker::new(node, index, workers);
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        learn(&worker, index == 0).await;
        // In a task of its own: what is waited for here is looked at whenever a session runs.
        let accepting = {
            let worker = Rc::clone(&worker);
            tokio::task::spawn_local(async move { accept(&worker, listener).await })
        };
        let _ = accepting.await;
    });
    // Sessions were told to end; what is left after the timeout is dropped with the runtime.
    let ended = async {
        while !worker.node.registry.all().is_empty() || worker.finishing.get() > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    local.block_on(&runtime, async {
        let _ = tokio::time::timeout(STOP_TIMEOUT, ended).await;
    });
}

/// What a client sees and how its statements are read depend on what the instances are, so nobody is served before one was asked. Where none
/// answers, clients are served with what is assumed, and the first worker goes on asking.
async fn learn(worker: &Rc<Worker>, first: bool) {
    if !first {
        let _ = worker.node.asked.subscribe().wait_for(|asked| *asked).await;
        return;
    }
    let learnt = crate::session::collations::learn_server(worker).await;
    worker.node.asked.send_replace(true);
    if learnt {
        return;
    }
    let worker = Rc::clone(worker);
    let mut versions = worker.node.meta.subscribe();
    tokio::task::spawn_local(async move {
        loop {
            // The first instance may be made known on another node.
            tokio::select! {
                () = tokio::time::sleep(LEARN_AGAIN) => {}
                Ok(()) = versions.changed() => {}
            }
            if !worker.node.server.load().is_assumed()
                || crate::session::collations::learn_server(&worker).await
            {
                return;
            }
        }
    });
}

async fn accept(worker: &Rc<Worker>, listener: std::net::TcpListener) {
    let listener = match tokio::net::TcpListener::from_std(listener) {
        Ok(listener) => listener,
        Err(e) => {
            tracing::error!(error = %e, "the listener is not usable");
            return;
        }
    };
    let mut stop = worker.node.stop.subscribe();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                let worker = Rc::clone(worker);
                tokio::task::spawn_local(crate::session::serve(worker, stream, peer));
            }
            Err(e) => {
                // Out of file descriptors, mostly: wait for clients to leave rather than spin.
                tracing::warn!(error = %e, "cannot accept a client");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}
