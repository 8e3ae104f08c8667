//! A node without data asks to become a member of a group, until one of its members says yes or never.

use std::sync::Arc;
use std::time::Duration;

use super::message::{JoinAnswer, JoinRequest};
use super::{AskError, CONNECT_LIMIT, Peers, service};
use crate::error::MetaError;

/// Between two rounds.
const PAUSE: Duration = Duration::from_millis(500);
/// A member answers when the group has taken the node, so this is longer than a proposal takes.
const LIMIT: Duration = Duration::from_secs(10);

impl Peers {
    /// Asks the nodes at `addresses`, and whom they name as the leader, on the transport's own thread.
    pub fn join(self: &Arc<Self>, addresses: Vec<String>, request: JoinRequest) {
        self.runtime.spawn(join(self.clone(), addresses, request));
    }
}

async fn join(peers: Arc<Peers>, addresses: Vec<String>, request: JoinRequest) {
    loop {
        for address in &addresses {
            // At most one step from each: who names a leader that names another one is asked again in the next round.
            let mut target = address.clone();
            for _ in 0..2 {
                match ask(&peers, &target, request.clone()).await {
                    Ok(answer) if answer.accepted => return accepted(&peers, answer, target),
                    Ok(answer) if answer.refused => {
                        return peers
                            .host
                            .fail(MetaError::JoinRefused { address: target, reason: answer.reason });
                    }
                    Ok(answer) if !answer.leader_address.is_empty() && answer.leader_address != target => {
                        target = answer.leader_address;
                    }
                    Ok(answer) => {
                        tracing::warn!(address = target, reason = answer.reason, "cannot join yet");
                        break;
                    }
                    Err(AskError::Removed) => {
                        return peers.host.fail(MetaError::Removed { node: request.id });
                    }
                    Err(error) => {
                        tracing::warn!(address = target, ?error, "cannot join yet");
                        break;
                    }
                }
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn ask(peers: &Peers, address: &str, request: JoinRequest) -> Result<JoinAnswer, AskError> {
    let asking = async {
        peers.connectable(address).await.map_err(AskError::Unreachable)?;
        peers.ask(address, 0, service::JOIN, request).await
    };
    tokio::time::timeout(LIMIT + 2 * CONNECT_LIMIT, asking).await.unwrap_or(Err(AskError::Timeout))
}

fn accepted(peers: &Peers, answer: JoinAnswer, address: String) {
    tracing::info!(leader = answer.leader, "accepted as a member; the catalog comes next");
    peers.learn(answer.leader, address);
    peers.set_cluster(answer.cluster);
}
