//! The resolver: one thread of each node that finishes what crashed commits have left prepared.
//!
//! Every second it asks each instance for its prepared branches. Those that nobody will finish (`watch`) it takes to the arbiter, the deciding
//! instance's `decision` table, and brings them to what is decided there. **Invariant:** any number of resolvers may do so at once, and race with
//! the coordinator: the key of the decision lets one outcome in, and finishing a branch twice does nothing.

mod purge;
pub mod seen;
pub mod watch;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ostrakon_catalog::Catalog;
use ostrakon_catalog::job::Owner;
use ostrakon_catalog::schema::{Instance, InstanceId};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::counters::raise;
use super::finish::{arbitrate, end_holder, ensure_schema, finish_branch, read_decision, recovered};
use super::system_schema::Decision;
use super::xid::Xid;
use crate::error::{LOCK_WAIT_TIMEOUT, SqlError};
use crate::failpoint::{self, Reached};
use crate::node::Node;
use crate::worker::Worker;
use watch::{Known, Verdict, Watch};

/// The resolver's connections to one instance.
pub const CONNECTIONS_PER_INSTANCE: usize = 8;
/// Between looks.
const TICK: Duration = Duration::from_secs(1);
/// An instance that answers later than this is asked over a new connection next time.
const ASK_LIMIT: Duration = Duration::from_secs(5);
/// A coordinator gives its COMMIT up, and its deciding connection, long before (`commit::run`).
const ABANDONED: Duration = Duration::from_secs(30);
/// For one branch, to learn the decision and to follow it.
const RESOLVE_LIMIT: Duration = Duration::from_secs(20);
/// Branches of one instance that are finished at the same time.
const PARALLEL: usize = 4;
/// What goes on failing is said so often.
const SAY_AGAIN: Duration = Duration::from_secs(60);

/// Works until the node stops.
pub fn run(node: &Arc<Node>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => {
            tracing::error!(error = %e, "the resolver of transactions cannot start");
            return;
        }
    };
    let local = tokio::task::LocalSet::new();
    // What is under way when the node stops is any other node's, or the next process's.
    local.block_on(&runtime, async {
        let resolver = Rc::new(Resolver {
            worker: Worker::with_connections(node, CONNECTIONS_PER_INSTANCE),
            started: Instant::now(),
            watches: RefCell::default(),
            asking: RefCell::default(),
            resolving: RefCell::default(),
            prepared: RefCell::default(),
            said: RefCell::default(),
        });
        resolver.work().await;
    });
}

/// Whether a process is certainly gone, by the catalog: its node has started anew, or was removed.
pub fn is_gone(catalog: &Catalog, owner: Owner) -> bool {
    catalog.nodes.get(&owner.node).is_none_or(|record| record.start != owner.start)
}

struct Resolver {
    worker: Rc<Worker>,
    started: Instant,
    watches: RefCell<BTreeMap<InstanceId, Watch>>,
    /// Instances that are being asked.
    asking: RefCell<BTreeSet<InstanceId>>,
    /// Branches that are being finished: (instance, deciding instance).
    resolving: RefCell<BTreeSet<(InstanceId, InstanceId)>>,
    /// Instances that have the system schema.
    prepared: RefCell<BTreeSet<InstanceId>>,
    /// What failed was said when.
    said: RefCell<BTreeMap<String, Instant>>,
}

impl Resolver {
    async fn work(self: &Rc<Self>) {
        let mut stop = self.worker.node.stop.subscribe();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let purging = Rc::clone(self);
        tokio::task::spawn_local(async move { purging.purge_now_and_then().await });
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                _ = tick.tick() => {}
            }
            let catalog = self.worker.node.meta.catalog();
            let has = |id: InstanceId| catalog.instances.contains_key(&id);
            seen::keep(has);
            self.watches.borrow_mut().retain(|id, _| has(*id));
            self.prepared.borrow_mut().retain(|id| has(*id));
            self.said.borrow_mut().retain(|_, at| at.elapsed() < SAY_AGAIN);
            // Each on its own: one that hangs holds up no other.
            for instance in catalog.instances.values() {
                if !self.asking.borrow_mut().insert(instance.id) {
                    continue;
                }
                let (resolver, instance) = (Rc::clone(self), Arc::clone(instance));
                tokio::task::spawn_local(async move {
                    resolver.look_after(&instance).await;
                    resolver.asking.borrow_mut().remove(&instance.id);
                });
            }
        }
    }

    /// One look at one instance.
    async fn look_after(self: &Rc<Self>, instance: &Arc<Instance>) {
        let listed = match tokio::time::timeout(ASK_LIMIT, self.ask(instance)).await {
            Ok(Ok(listed)) => listed,
            Ok(Err(e)) => return self.not_asked(instance, e.message),
            Err(_) => {
                let silent = format!("no answer to XA RECOVER within {} s", ASK_LIMIT.as_secs());
                return self.not_asked(instance, silent);
            }
        };
        let verdicts = self.judge(instance.id, &listed);
        let mut orphans: BTreeMap<InstanceId, Vec<Xid>> = BTreeMap::new();
        for (xid, verdict) in verdicts {
            let transaction = xid.transaction;
            match verdict {
                Verdict::Wait => {}
                Verdict::Resolve => orphans.entry(transaction.instance).or_default().push(xid),
                Verdict::NoArbiter => raise(
                    &instance.name,
                    &transaction.to_string(),
                    &format!(
                        "A branch of this transaction is prepared, and instance number {} that decides it is not in the catalog: \
                         nothing is done. Find its decision in __ostrakon.decision of that server, then XA COMMIT or XA ROLLBACK {xid} by hand",
                        transaction.instance
                    ),
                ),
            }
        }
        for (arbiter, orphans) in orphans {
            let pair = (instance.id, arbiter);
            if !self.resolving.borrow_mut().insert(pair) {
                continue;
            }
            let (resolver, instance) = (Rc::clone(self), Arc::clone(instance));
            tokio::task::spawn_local(async move {
                resolver.resolve_all(&instance, orphans).await;
                resolver.resolving.borrow_mut().remove(&pair);
            });
        }
    }

    async fn ask(&self, instance: &Arc<Instance>) -> Result<Vec<Xid>, SqlError> {
        let mut connection = self.worker.pool(instance).acquire(false).await?;
        if failpoint::reach("resolver/recover/before").await? == Reached::Drop {
            connection.sever();
        }
        if !self.prepared.borrow().contains(&instance.id) {
            match ensure_schema(&mut connection).await {
                Ok(()) => {
                    self.prepared.borrow_mut().insert(instance.id);
                }
                // A server that takes no writes now can be asked all the same.
                Err(e) => self.say(&format!(
                    "instance '{}': the system schema cannot be made: {}",
                    instance.name, e.message
                )),
            }
        }
        let listed = recovered(&mut connection).await?;
        if failpoint::reach("resolver/recover/after").await? == Reached::Drop {
            connection.sever();
        }
        Ok(listed)
    }

    fn not_asked(&self, instance: &Instance, why: String) {
        self.say(&format!("instance '{}' cannot be asked for prepared transactions: {why}", instance.name));
        seen::failed(instance.id, why);
    }

    fn judge(&self, instance: InstanceId, listed: &[Xid]) -> Vec<(Xid, Verdict)> {
        let catalog = self.worker.node.meta.catalog();
        let known = Known {
            gone: &|owner| is_gone(&catalog, owner),
            has_instance: &|id| catalog.instances.contains_key(&id),
        };
        let mut watches = self.watches.borrow_mut();
        let watch = watches.entry(instance).or_default();
        let verdicts = watch.see(listed, self.started.elapsed(), &known);
        let in_doubt = watch.branches().map(|(xid, first)| (*xid, self.started + first)).collect();
        seen::answered(instance, in_doubt);
        verdicts
    }

    /// Finishes orphans of one instance that one other, or itself, decides.
    async fn resolve_all(self: &Rc<Self>, instance: &Arc<Instance>, orphans: Vec<Xid>) {
        let places = Arc::new(Semaphore::new(PARALLEL));
        let mut tasks = JoinSet::new();
        for xid in orphans {
            let (resolver, instance) = (Rc::clone(self), Arc::clone(instance));
            let places = Arc::clone(&places);
            tasks.spawn_local(async move {
                let Ok(_place) = places.acquire().await else { return };
                let resolving = tokio::time::timeout(RESOLVE_LIMIT, resolver.resolve(&instance, &xid));
                let why = match resolving.await {
                    Ok(Ok(decision)) => {
                        tracing::info!(instance = %instance.name, %xid, ?decision, "finished an orphaned branch");
                        return;
                    }
                    Ok(Err(e)) => e.message,
                    Err(_) => format!("not done within {} s", RESOLVE_LIMIT.as_secs()),
                };
                resolver.say(&format!(
                    "instance '{}': branch {xid} cannot be finished yet: {why}",
                    instance.name
                ));
            });
        }
        while tasks.join_next().await.is_some() {}
    }

    async fn resolve(&self, instance: &Arc<Instance>, xid: &Xid) -> Result<Decision, SqlError> {
        let arbiter = self.worker.pool_of(xid.transaction.instance)?;
        // Before the arbiter is asked: what is committed there later was decided before.
        let witness = self.committed_elsewhere(xid).await;
        let decision = {
            let mut connection = arbiter.acquire(false).await?;
            if failpoint::reach("resolver/resolve/before").await? == Reached::Drop {
                connection.sever();
            }
            if let Some(witness) = witness
                && read_decision(&mut connection, xid.transaction).await?.is_none()
            {
                return Err(self.decision_lost(xid, &witness, &arbiter.instance, instance));
            }
            match arbitrate(&mut connection, xid.transaction).await {
                Err(e) if e.errno == LOCK_WAIT_TIMEOUT && self.is_abandoned(instance.id, xid) => {
                    // Its server has not noticed that the coordinator is gone: the host has vanished, or stands still.
                    end_holder(&mut connection, xid.transaction, xid.deciding).await?;
                    return Err(e);
                }
                decision => decision?,
            }
        };
        let pool = self.worker.pool(instance);
        if failpoint::reach("resolver/resolve/after").await? == Reached::Drop {
            pool.close_idle();
        }
        finish_branch(&pool, xid, decision).await?;
        Ok(decision)
    }

    /// No coordinator is at it that could still be waited for: its process is gone, or has had far more than the time that it takes for itself.
    fn is_abandoned(&self, instance: InstanceId, xid: &Xid) -> bool {
        let watches = self.watches.borrow();
        let seen =
            watches.get(&instance).into_iter().flat_map(Watch::branches).find(|(known, _)| *known == xid);
        let age = seen.map_or(Duration::ZERO, |(_, first)| self.started.elapsed().saturating_sub(first));
        age > ABANDONED || is_gone(&self.worker.node.meta.catalog(), xid.transaction.owner)
    }

    /// An instance on which some branch of the transaction is committed: its row can be seen. One that does not answer says nothing.
    async fn committed_elsewhere(&self, xid: &Xid) -> Option<String> {
        let sql = format!(
            "SELECT 1 FROM `__ostrakon`.branch WHERE gtrid = {} AND ordinal <> {} LIMIT 1",
            xid.transaction.literal(),
            xid.ordinal
        );
        let catalog = self.worker.node.meta.catalog();
        let mut asked = JoinSet::new();
        for instance in catalog.instances.values() {
            let (pool, name, sql) = (self.worker.pool(instance), instance.name.clone(), sql.clone());
            asked.spawn_local(async move {
                let asking = async {
                    let mut connection = pool.acquire(false).await?;
                    connection.query(&sql).await
                };
                match tokio::time::timeout(ASK_LIMIT, asking).await {
                    Ok(Ok(answer)) if !answer.rows.is_empty() => Some(name),
                    _ => None,
                }
            });
        }
        asked.join_all().await.into_iter().flatten().next()
    }

    /// A branch is committed, so the transaction was decided, and its arbiter does not know: a failover has lost that, or the row was removed.
    fn decision_lost(&self, xid: &Xid, witness: &str, arbiter: &Instance, holder: &Instance) -> SqlError {
        let id = xid.transaction.to_string();
        raise(
            &holder.name,
            &id,
            &format!(
                "Instance '{}' has lost the decision of this transaction, and perhaps its own writes of it: a branch on '{witness}' is committed. \
                 Nothing is done. Compare the groups; then XA COMMIT {xid} on '{}' by hand to keep it there, or RESOLVE TRANS '{id}' to roll it back",
                arbiter.name, holder.name
            ),
        );
        SqlError::other(format!("the decision on instance '{}' is lost", arbiter.name))
    }

    /// Says what fails, not every second.
    fn say(&self, text: &str) {
        if self.said.borrow_mut().insert(text.to_owned(), Instant::now()).is_none() {
            tracing::warn!("{text}");
        }
    }
}
