//! What nodes ask one another, over the connections that Raft has: JSON there and back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ostrakon_meta::{BoxFuture, CallHandler, MetaNode};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use crate::node::Node;
use crate::registry::{Identity, OpenTransaction};
use crate::secret::SecretKey;
use crate::setting::KEY_FINGERPRINT;

/// A question to a node. Older nodes answer a question that they do not know with an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Call {
    /// Answered with [`Health`].
    Health,
    /// Answered with `true` as soon as the node has applied the log up to `index`, with `false` after `limit_ms`.
    Applied { index: u64, limit_ms: u64 },
    /// Answered with `true` when no commit across groups passes there, and none will until it is released or the time is over; `false`: it was
    /// not to be had.
    HoldCommits { token: u64, limit_ms: u64 },
    /// Answered with `true`.
    ReleaseCommits { token: u64 },
    /// Answered with the open transactions: a list of [`NodeTransaction`].
    Transactions,
    /// Answered with the [`Wait`](crate::deadlock::wait::Wait)s of the node's sessions.
    Waits,
    /// Answered with the [deadlocks](crate::deadlock::history::Ended) that the node has ended.
    Deadlocks,
}

/// An open transaction of a node's client.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NodeTransaction {
    /// Where it has touched a second group.
    pub id: Option<String>,
    /// The client's.
    pub connection: u32,
    pub user: String,
    pub host: String,
    pub database: Option<String>,
    /// A statement of it runs.
    pub executing: bool,
    pub duration_ms: u64,
    /// Physical databases that it has touched.
    pub groups: Vec<String>,
    /// Groups that it has written in.
    pub writes: u64,
}

/// How a node is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Health {
    pub version: String,
    /// Clients that are connected.
    pub sessions: u64,
    pub applied: u64,
    /// Last entry of its log.
    pub last_index: u64,
    /// Milliseconds since 1970 by its clock.
    pub clock_ms: u64,
    /// Those of gathered statements among them.
    pub connections_per_instance: u64,
    /// What is wrong with its key file, if anything is.
    pub key_fault: Option<String>,
}

/// Answers the other nodes' questions.
struct Answers {
    // Not an Arc: the node holds the handler by its metadata.
    node: Weak<Node>,
}

impl CallHandler for Answers {
    fn call(&self, _from: u64, request: Vec<u8>) -> BoxFuture<'static, Result<Vec<u8>, String>> {
        let node = self.node.upgrade();
        Box::pin(async move {
            let node = node.ok_or("the node is stopping")?;
            let call = serde_json::from_slice(&request).map_err(|e| format!("unknown question: {e}"))?;
            let answer = match call {
                Call::Health => serde_json::to_vec(&health(&node)),
                Call::Transactions => serde_json::to_vec(&transactions(&node)),
                Call::Applied { index, limit_ms } => {
                    let limit = Duration::from_millis(limit_ms.min(60_000));
                    serde_json::to_vec(&node.meta.wait_applied(index, limit).await)
                }
                Call::HoldCommits { token, limit_ms } => {
                    let limit = Duration::from_millis(limit_ms);
                    serde_json::to_vec(&node.commits.gate.hold(token, limit).await)
                }
                Call::ReleaseCommits { token } => {
                    node.commits.gate.release(token);
                    serde_json::to_vec(&true)
                }
                Call::Waits => serde_json::to_vec(&crate::deadlock::detector::told(&node)),
                Call::Deadlocks => serde_json::to_vec(&node.deadlocks.all()),
            };
            answer.map_err(|e| e.to_string())
        })
    }
}

/// From now on this node answers.
pub fn answer(node: &Arc<Node>) {
    node.meta.handle_calls(Arc::new(Answers { node: Arc::downgrade(node) }));
}

fn health(node: &Node) -> Health {
    let status = node.meta.status();
    let limits = &node.config.limits;
    Health {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        sessions: node.registry.count() as u64,
        applied: node.meta.applied(),
        last_index: status.last_index,
        clock_ms: now_ms(),
        connections_per_instance: limits.backend_connections() as u64,
        key_fault: key_fault(node),
    }
}

fn transactions(node: &Node) -> Vec<NodeTransaction> {
    let locked = PoisonError::into_inner;
    let entries = node.registry.all();
    let open = entries.iter().filter_map(|entry| {
        let OpenTransaction { since, id, groups, writes } =
            *entry.transaction.lock().unwrap_or_else(locked).clone()?;
        let Identity { user, database, .. } = entry.identity();
        Some(NodeTransaction {
            id: id.map(|id| id.to_string()),
            connection: entry.id,
            user: user.into(),
            host: entry.host.to_string(),
            database: database.map(Into::into),
            executing: entry.busy_since.load(Ordering::Relaxed) != 0,
            duration_ms: u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX),
            groups,
            writes: writes as u64,
        })
    });
    open.collect()
}

/// The file may have changed since the start, and the next start will need it.
fn key_fault(node: &Node) -> Option<String> {
    let key = SecretKey::load(&node.config.key_path(), false);
    let cluster = node.meta.load().setting(KEY_FINGERPRINT).map(str::to_owned);
    key.and_then(|key| key.check(cluster.as_deref())).err().map(|e| e.to_string())
}

/// Asks a node, this one too. The error is for a DBA.
pub async fn ask<A: DeserializeOwned>(
    meta: &MetaNode,
    node: u64,
    call: &Call,
    limit: Duration,
) -> Result<A, String> {
    let request = serde_json::to_vec(call).map_err(|e| e.to_string())?;
    let answer = meta.call(node, request, limit).await.map_err(|e| e.to_string())?;
    serde_json::from_slice(&answer).map_err(|e| format!("its answer cannot be read: {e}"))
}

/// How a node is.
pub async fn ask_health(meta: &MetaNode, node: u64, limit: Duration) -> Result<Health, String> {
    ask(meta, node, &Call::Health, limit).await
}

/// Every node that is known, by number: the group's members, and those that have registered.
pub fn known_nodes(meta: &MetaNode) -> BTreeSet<u64> {
    let mut ids: BTreeSet<u64> = meta.members().iter().map(|member| member.id).collect();
    ids.extend(meta.load().nodes.keys());
    ids
}

/// Asks all of these nodes at the same time. Their answers by number; the errors are for a DBA.
pub async fn ask_each<A: DeserializeOwned + Send + 'static>(
    meta: &MetaNode,
    nodes: impl IntoIterator<Item = u64>,
    call: &Call,
    limit: Duration,
) -> BTreeMap<u64, Result<A, String>> {
    let mut asked = JoinSet::new();
    for id in nodes {
        let (meta, call) = (meta.clone(), call.clone());
        asked.spawn(async move { (id, ask(&meta, id, &call, limit).await) });
    }
    asked.join_all().await.into_iter().collect()
}

/// Waits until a node has applied the log up to `index`. The error is for a log.
pub async fn ask_applied(meta: &MetaNode, node: u64, index: u64, limit: Duration) -> Result<(), String> {
    let limit_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
    match ask(meta, node, &Call::Applied { index, limit_ms }, limit).await? {
        true => Ok(()),
        false => Err(format!("entry {index} is not applied there yet")),
    }
}

/// Milliseconds since 1970.
pub fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
