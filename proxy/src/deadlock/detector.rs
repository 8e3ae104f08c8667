//! The detector: one thread of each node, which ends deadlocks whose victim is a session of this node.
//!
//! Edges of several servers are never of one moment. **Invariant:** a session is ended only when all sessions of the cycle have been in the same wait
//! from before the servers were asked until after they have answered: none of them can have let a lock go in between.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ostrakon_catalog::schema::InstanceId;
use tokio::task::JoinSet;

use super::edges;
use super::graph::{self, Deadlock, Vertex, Waiter};
use super::history::{Ended, Member};
use super::wait::{Backend, Wait};
use crate::call::{Call, ask_each, known_nodes, now_ms};
use crate::error::SqlError;
use crate::node::Node;
use crate::worker::Worker;

/// Connections of the detector to one instance.
pub const CONNECTIONS_PER_INSTANCE: usize = 1;
/// Between looks at who waits.
const TICK: Duration = Duration::from_millis(200);
/// And up to so much more, by chance: InnoDB answers from a copy of its waits until nobody has asked for 0.1 s, and nodes that ask by turns, at fixed moments,
/// could keep it old for ever.
const CHANCE_MS: u64 = 120;
/// After so long a session's wait is looked into.
const SUSPICIOUS: Duration = Duration::from_millis(300);
/// Waits that are younger take no part. MariaDB's tables of lock waits may be a tenth of a second old: what they show must be of the transactions
/// that wait now, not of others that had the same connections before.
pub const SETTLED: Duration = Duration::from_millis(200);
/// So long another node may take to say who waits there.
const CALL_LIMIT: Duration = Duration::from_millis(400);

/// Looks for deadlocks until the node stops.
pub fn run(node: &Arc<Node>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => {
            tracing::error!(error = %e, "the deadlock detector cannot start");
            return;
        }
    };
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime, async {
        let detector = Detector {
            worker: Worker::with_connections(node, CONNECTIONS_PER_INSTANCE),
            warned: RefCell::default(),
            ended: RefCell::default(),
        };
        let mut stop = node.stop.subscribe();
        loop {
            let pause = TICK + Duration::from_millis(rand::random_range(0..CHANCE_MS));
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(pause) => {}
            }
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = detector.look() => {}
            }
        }
    });
}

/// Between warnings of the same instance.
const WARN_AGAIN: Duration = Duration::from_secs(60);

struct Detector {
    worker: Rc<Worker>,
    /// Instances that did not answer, and when that was told.
    warned: RefCell<BTreeMap<InstanceId, Instant>>,
    /// Waits that were ended, by session: one that lasts, because its KILL takes time or failed, is ended again, and told once.
    ended: RefCell<BTreeMap<u32, u64>>,
}

/// Waits by node.
type Waits = Vec<(u64, Wait)>;

impl Detector {
    async fn look(&self) {
        let node = &self.worker.node;
        if node.registry.waits.longer_than(SUSPICIOUS).is_empty() {
            return;
        }
        let waits = self.waits(&self.other_nodes()).await;
        let edges = self.edges(&waits).await;
        let waiters: Vec<Waiter> = waits.iter().map(|(node, wait)| waiter(*node, wait)).collect();
        let own = node.meta.node_id();
        let mut found = graph::deadlocks(&waiters, &edges);
        found.retain(|deadlock| waits.get(deadlock.victim).is_some_and(|(node, _)| *node == own));
        if found.is_empty() {
            return;
        }
        let members = found.iter().flat_map(|deadlock| sessions(deadlock, &waits));
        let nodes: BTreeSet<u64> = members.map(|(node, _)| *node).filter(|node| *node != own).collect();
        let now: BTreeSet<(u64, u32, u64)> =
            self.waits(&nodes).await.iter().map(|(node, w)| (*node, w.session, w.number)).collect();
        for deadlock in &found {
            if sessions(deadlock, &waits).all(|(node, w)| now.contains(&(*node, w.session, w.number))) {
                self.end(deadlock, &waits);
            }
        }
    }

    fn other_nodes(&self) -> BTreeSet<u64> {
        let meta = &self.worker.node.meta;
        let members = meta.members();
        let others = members.iter().filter(|member| member.active != Some(false)).map(|member| member.id);
        others.filter(|id| *id != meta.node_id()).collect()
    }

    /// Who waits here and on these nodes. A node that does not answer has none: its deadlocks are found when it does.
    async fn waits(&self, nodes: &BTreeSet<u64>) -> Waits {
        let meta = &self.worker.node.meta;
        let mut waits: Waits = Vec::new();
        let nodes = nodes.iter().copied();
        for (id, answer) in ask_each::<Vec<Wait>>(meta, nodes, &Call::Waits, CALL_LIMIT).await {
            match answer {
                Ok(list) => waits.extend(list.into_iter().map(|wait| (id, wait))),
                Err(e) => {
                    tracing::debug!(node = id, error = %e, "does not say which of its sessions wait")
                }
            }
        }
        // Last: its own waits are those that are ended, and must not be older than the others' answers.
        let own = self.worker.node.registry.waits.longer_than(SETTLED);
        waits.extend(own.into_iter().map(|wait| (meta.node_id(), wait)));
        waits
    }

    /// What all instances say that these sessions have connections to.
    async fn edges(&self, waits: &Waits) -> BTreeSet<(Backend, Backend)> {
        let instances: BTreeSet<_> =
            waits.iter().flat_map(|(_, wait)| &wait.branches).map(|backend| backend.instance).collect();
        let mut asked = JoinSet::new();
        for instance in instances {
            let worker = Rc::clone(&self.worker);
            asked.spawn_local(async move { (instance, edges::ask(worker, instance).await) });
        }
        let mut all = BTreeSet::new();
        for (instance, answer) in asked.join_all().await {
            match answer {
                Ok(edges) => all.extend(edges),
                Err(e) => self.warn(instance, &e),
            }
        }
        all
    }

    fn warn(&self, instance: InstanceId, e: &SqlError) {
        let mut warned = self.warned.borrow_mut();
        if warned.get(&instance).is_some_and(|at| at.elapsed() < WARN_AGAIN) {
            return;
        }
        warned.insert(instance, Instant::now());
        tracing::warn!(
            instance,
            error = %e.message,
            "lock waits cannot be read: deadlocks over this instance end by innodb_lock_wait_timeout only"
        );
    }

    /// Ends the victim's statement, unless its wait is over.
    fn end(&self, deadlock: &Deadlock, waits: &Waits) {
        let node = &self.worker.node;
        let Some((_, victim)) = waits.get(deadlock.victim) else { return };
        if !node.registry.condemn(victim.session, victim.number) {
            return;
        }
        let mut ended = self.ended.borrow_mut();
        ended.retain(|session, number| node.registry.waits.lasts(*session, *number));
        if ended.insert(victim.session, victim.number) == Some(victim.number) {
            return;
        }
        let catalog = node.meta.catalog();
        let instance = |id: u32| {
            catalog.instances.get(&id).map_or_else(|| format!("number {id}"), |found| found.name.clone())
        };
        let members: Vec<Member> =
            deadlock.cycle.iter().map(|vertex| member(*vertex, waits, &instance)).collect();
        tracing::info!(
            session = victim.session,
            transaction = victim.transaction.as_deref().unwrap_or_default(),
            waited_ms = victim.waited_ms,
            members = members.len(),
            "a deadlock over several groups: its youngest transaction is rolled back"
        );
        node.deadlocks.add(Ended { at_ms: now_ms(), members });
    }
}

fn waiter(node: u64, wait: &Wait) -> Waiter {
    Waiter { node, session: wait.session, began_us: wait.began_us, branches: wait.branches.clone() }
}

/// The sessions of a cycle.
fn sessions<'w>(deadlock: &'w Deadlock, waits: &'w Waits) -> impl Iterator<Item = &'w (u64, Wait)> {
    deadlock.cycle.iter().filter_map(|vertex| match vertex {
        Vertex::Waiter(at) => waits.get(*at),
        Vertex::Connection(_) => None,
    })
}

fn member(vertex: Vertex, waits: &Waits, instance: &dyn Fn(u32) -> String) -> Member {
    match vertex {
        Vertex::Connection(backend) => Member {
            connection: Some(format!("{} of instance {}", backend.connection, instance(backend.instance))),
            ..Member::default()
        },
        Vertex::Waiter(at) => match waits.get(at) {
            None => Member::default(),
            Some((node, wait)) => Member {
                node: Some(*node),
                session: Some(wait.session),
                user: Some(wait.user.clone()),
                transaction: wait.transaction.clone(),
                statement: Some(wait.statement.clone()),
                group: Some(wait.group.clone()),
                connection: None,
            },
        },
    }
}

/// The waits of this node that another one is told.
pub fn told(node: &Node) -> Vec<Wait> {
    node.registry.waits.longer_than(SETTLED)
}

/// Deadlocks that the nodes have ended, by node; those of unreachable nodes are errors.
pub async fn ended(node: &Node, limit: Duration) -> BTreeMap<u64, Result<Vec<Ended>, String>> {
    ask_each(&node.meta, known_nodes(&node.meta), &Call::Deadlocks, limit).await
}
