//! The node as its transport sees it: what other nodes ask of this one.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use ostrakon_catalog::Catalog;
use ostrakon_catalog::node::NodeRecord;
use raft::prelude::Message;
use tokio::sync::oneshot;

use super::Shared;
use super::input::{Changed, Inbox, Input, Reply, Wish};
use crate::call::BoxFuture;
use crate::error::{CallError, MetaError, ProposeError};
use crate::members::MemberChange;
use crate::peer::Host;
use crate::peer::message::{self, ChangeAnswer, ChangeRequest, JoinAnswer, JoinRequest};

/// Everything but the threads.
#[derive(Clone)]
pub(super) struct Local {
    pub shared: Arc<Shared>,
    pub inbox: Inbox,
    /// The time after which the Raft thread has answered.
    pub timeout: Duration,
}

impl Local {
    /// Puts a question to the Raft thread.
    pub async fn ask<T>(&self, input: impl FnOnce(Reply<T>) -> Input) -> Result<T, ProposeError> {
        let (reply, answer) = oneshot::channel();
        self.inbox.send(input(reply)).map_err(|_| ProposeError::Stopped)?;
        match tokio::time::timeout(self.timeout, answer).await {
            Ok(answer) => answer.map_err(|_| ProposeError::Stopped)?,
            Err(_) => Err(ProposeError::Timeout),
        }
    }

    /// Asks this node, as the leader.
    pub async fn wish(&self, wish: Wish) -> Result<Changed, ProposeError> {
        self.ask(|reply| Input::Change { wish, reply }).await
    }

    async fn take_in(self, request: JoinRequest) -> JoinAnswer {
        let own = self.shared.node_id;
        let leader = self.leader().unwrap_or_default();
        let catalog = self.catalog();
        if leader != own {
            let leader_address =
                catalog.nodes.get(&leader).map(|node| node.peer_address.clone()).unwrap_or_default();
            let reason = format!("node {own} knows no leader");
            return JoinAnswer { leader, leader_address, reason, ..JoinAnswer::default() };
        }
        let refused = |reason: String| JoinAnswer { refused: true, reason, ..JoinAnswer::default() };
        if request.id == 0 || request.address.is_empty() {
            return refused("a node that joins must say its number and its peer address".to_owned());
        }
        let twin = catalog.nodes.values().find(|n| n.id != request.id && n.peer_address == request.address);
        if let Some(twin) = twin {
            return refused(format!("its peer address {} is that of node {}", request.address, twin.id));
        }
        let change = MemberChange::AddLearner { id: request.id, address: request.address.clone() };
        let record = NodeRecord {
            id: request.id,
            peer_address: request.address,
            sql_address: request.sql_address,
            start: request.start,
            version: request.version,
            ..NodeRecord::default()
        };
        match self.wish(Wish::Member(change, Some(record))).await {
            Ok(Changed::Done { .. }) => JoinAnswer {
                accepted: true,
                cluster: self.shared.cluster(),
                leader: own,
                ..JoinAnswer::default()
            },
            Err(error @ (ProposeError::Refused { .. } | ProposeError::Rejected(_))) => {
                refused(error.to_string())
            }
            Ok(Changed::NotLeader) => JoinAnswer::default(),
            Err(error) => JoinAnswer { reason: error.to_string(), ..JoinAnswer::default() },
        }
    }
}

impl Host for Local {
    fn catalog(&self) -> Arc<Catalog> {
        self.shared.catalog.load_full()
    }

    fn leader(&self) -> Option<u64> {
        self.shared.status.load().leader
    }

    fn receive(&self, messages: Vec<Message>) {
        self.inbox.receive(messages);
    }

    // When the Raft thread has ended, nobody wants to hear it: so for the next three.
    fn report_unreachable(&self, peer: u64) {
        let _ = self.inbox.send(Input::Unreachable(peer));
    }

    fn report_snapshot(&self, peer: u64, delivered: bool) {
        let _ = self.inbox.send(Input::Snapshot { peer, delivered });
    }

    fn fail(&self, error: MetaError) {
        let _ = self.inbox.send(Input::Fail(error));
    }

    fn call(&self, from: u64, request: Vec<u8>) -> BoxFuture<'static, Result<Vec<u8>, CallError>> {
        let node = self.shared.node_id;
        let handler = self.shared.handler.read().unwrap_or_else(PoisonError::into_inner).clone();
        Box::pin(async move {
            let handler = handler.ok_or(CallError::NoHandler { node })?;
            handler.call(from, request).await.map_err(|reason| CallError::Failed { node, reason })
        })
    }

    fn change(&self, request: ChangeRequest) -> BoxFuture<'static, ChangeAnswer> {
        let local = self.clone();
        Box::pin(async move {
            let Some(wish) = read(request) else {
                return answer(message::Changed::Refused, "this node does not know such a change", 0);
            };
            match local.wish(wish).await {
                Ok(Changed::Done { index }) => answer(message::Changed::Done, "", index),
                Ok(Changed::NotLeader) => answer(message::Changed::NotLeader, "", 0),
                Err(error @ (ProposeError::Refused { .. } | ProposeError::Rejected(_))) => {
                    answer(message::Changed::Refused, &error.to_string(), 0)
                }
                Err(ProposeError::NoLeader) => answer(message::Changed::NotLeader, "", 0),
                Err(error) => answer(message::Changed::Unknown, &error.to_string(), 0),
            }
        })
    }

    fn join(&self, request: JoinRequest) -> BoxFuture<'static, JoinAnswer> {
        Box::pin(self.clone().take_in(request))
    }
}

fn answer(changed: message::Changed, reason: &str, index: u64) -> ChangeAnswer {
    ChangeAnswer { changed: changed.into(), reason: reason.to_owned(), index }
}

fn read(request: ChangeRequest) -> Option<Wish> {
    let id = request.id;
    let change = match request.change() {
        message::Change::Unknown => return None,
        message::Change::TransferLeadership => return Some(Wish::Transfer(id)),
        message::Change::AddLearner => MemberChange::AddLearner { id, address: request.address },
        message::Change::Promote => MemberChange::Promote { id },
        message::Change::Demote => MemberChange::Demote { id },
        message::Change::Remove => MemberChange::Remove { id },
    };
    Some(Wish::Member(change, None))
}

/// The same for the way there.
pub(super) fn write(wish: &Wish) -> ChangeRequest {
    let (change, id, address) = match wish {
        Wish::Transfer(to) => (message::Change::TransferLeadership, *to, ""),
        // Nothing for another node.
        Wish::HandOver => (message::Change::Unknown, 0, ""),
        Wish::Member(change, _) => match change {
            MemberChange::AddLearner { id, address } => (message::Change::AddLearner, *id, address.as_str()),
            MemberChange::Promote { id } => (message::Change::Promote, *id, ""),
            MemberChange::Demote { id } => (message::Change::Demote, *id, ""),
            MemberChange::Remove { id } => (message::Change::Remove, *id, ""),
        },
    };
    ChangeRequest { change: change.into(), id, address: address.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_is_the_same_after_its_journey() {
        let address = "h:1".to_owned();
        for change in [
            MemberChange::AddLearner { id: 4, address },
            MemberChange::Promote { id: 5 },
            MemberChange::Demote { id: 6 },
            MemberChange::Remove { id: 7 },
        ] {
            let wish = read(write(&Wish::Member(change.clone(), None)));
            assert!(matches!(wish, Some(Wish::Member(read, None)) if read == change));
        }
        assert!(matches!(read(write(&Wish::Transfer(3))), Some(Wish::Transfer(3))));
        assert!(read(ChangeRequest { change: 99, ..ChangeRequest::default() }).is_none());
    }
}
