//! After a change of the catalog: waits until the nodes that live have it, so that DDL that one node has acknowledged is seen on all.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::run::Run;
use crate::call;

/// So long a statement waits for a slow node at most: it cannot do harm with an older catalog, its clients just see an older table.
const LIMIT: Duration = Duration::from_secs(3);
/// A node that did not answer is not waited for again so soon.
const SILENCE: Duration = Duration::from_secs(10);

thread_local! {
    /// Nodes that did not answer, and when. Of the engine's thread.
    static SILENT: RefCell<BTreeMap<u64, Instant>> = RefCell::default();
}

/// Waits for the nodes.
pub async fn settle(run: &Run) {
    let meta = &run.worker.node.meta;
    let index = meta.applied();
    let own = meta.node_id();
    let mut asked = JoinSet::new();
    for member in meta.members() {
        let silent =
            SILENT.with_borrow(|silent| silent.get(&member.id).is_some_and(|at| at.elapsed() < SILENCE));
        if member.id == own || member.active == Some(false) || silent {
            continue;
        }
        let meta = meta.clone();
        asked
            .spawn_local(async move { (member.id, call::ask_applied(&meta, member.id, index, LIMIT).await) });
    }
    while let Some(answer) = asked.join_next().await {
        let Ok((node, answer)) = answer else { continue };
        match answer {
            Ok(_) => SILENT.with_borrow_mut(|silent| _ = silent.remove(&node)),
            Err(e) => {
                tracing::warn!(job = run.id, node, error = %e, "the node is not known to have the change yet");
                SILENT.with_borrow_mut(|silent| _ = silent.insert(node, Instant::now()));
            }
        }
    }
}
