//! A moment without commits across groups, on all nodes: their gates are held while a reader takes its snapshots.

use std::sync::Arc;
use std::time::Duration;

use crate::call::{Call, ask_each};
use crate::node::Node;

/// A node that does not answer in this time does not hold.
const ANSWER: Duration = Duration::from_secs(3);

/// Held gates; dropping it opens them.
pub struct Barrier {
    node: Arc<Node>,
    token: u64,
    nodes: Vec<u64>,
}

impl Barrier {
    /// Asks all nodes to hold their gates for at most `limit`. The nodes that do not, with the reason: commits go on there.
    pub async fn close(node: &Arc<Node>, limit: Duration) -> (Self, Vec<(u64, String)>) {
        let token = rand::random();
        let nodes: Vec<u64> = node.meta.load().nodes.keys().copied().collect();
        let limit_ms = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
        // It is there before the first is asked: a caller that goes away opens them again.
        let barrier = Self { node: Arc::clone(node), token, nodes };
        let call = Call::HoldCommits { token, limit_ms };
        let held = ask_each::<bool>(&node.meta, barrier.nodes.iter().copied(), &call, ANSWER).await;
        let failed = held.into_iter().filter_map(|(to, held)| match held {
            Ok(true) => None,
            Ok(false) => Some((to, "its commits take too long".to_owned())),
            Err(e) => Some((to, e)),
        });
        let failed = failed.collect();
        (barrier, failed)
    }
}

impl Drop for Barrier {
    fn drop(&mut self) {
        for to in self.nodes.drain(..) {
            let (node, token) = (Arc::clone(&self.node), self.token);
            tokio::task::spawn_local(async move {
                let released: Result<bool, String> =
                    crate::call::ask(&node.meta, to, &Call::ReleaseCommits { token }, ANSWER).await;
                if let Err(e) = released {
                    tracing::debug!(node = to, error = e, "its commits go on by themselves");
                }
            });
        }
    }
}
