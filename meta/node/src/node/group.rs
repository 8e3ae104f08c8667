//! The node's dealings with the group: members, leadership, calls to other nodes.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use super::input::{Changed, Wish};
use super::local::write;
use super::{MetaNode, Role};
use crate::call::CallHandler;
use crate::error::{CallError, ProposeError};
use crate::members::{Member, MemberChange};
use crate::peer::message::{self, ChangeAnswer};
use crate::peer::{AskError, Host};

/// Between two attempts to find the leader.
const PAUSE: Duration = Duration::from_millis(50);

impl MetaNode {
    /// The group's members as this node knows them, by number.
    pub fn members(&self) -> Vec<Member> {
        let catalog = self.load();
        let mut members = self.local.shared.members.load().as_ref().clone();
        for member in &mut members {
            let record = catalog.nodes.get(&member.id);
            member.address = record.map(|node| node.peer_address.clone()).unwrap_or_default();
        }
        members
    }

    /// Changes the group's members. When this returns `Ok`, the change is durable and applied here.
    ///
    /// # Errors
    /// `Refused` says why it cannot be made, `NoLeader` that there was nobody to make it: nothing changed. `Timeout` and `Stopped`:
    /// unknown; see `members`.
    pub async fn change_members(&self, change: MemberChange) -> Result<(), ProposeError> {
        self.ask_leader(Wish::Member(change, None)).await
    }

    /// Makes another voter the leader. Returns when it is.
    ///
    /// # Errors
    /// As `change_members`.
    pub async fn transfer_leadership(&self, to: u64) -> Result<(), ProposeError> {
        self.ask_leader(Wish::Transfer(to)).await
    }

    /// Who answers calls from now on.
    pub fn handle_calls(&self, handler: Arc<dyn CallHandler>) {
        *self.local.shared.handler.write().unwrap_or_else(PoisonError::into_inner) = Some(handler);
    }

    /// Asks the handler of any node, this one's too.
    ///
    /// # Errors
    /// `UnknownNode` and `NoHandler`: it was not asked. All others: unknown whether its handler has run.
    pub async fn call(&self, node: u64, request: Vec<u8>, limit: Duration) -> Result<Vec<u8>, CallError> {
        if node == self.node_id() {
            let call = Host::call(&self.local, node, request);
            return tokio::time::timeout(limit, call).await.unwrap_or(Err(CallError::Timeout { node }));
        }
        match &self.peers {
            None => Err(CallError::UnknownNode { node }),
            Some(peers) => peers.call(node, request, limit).await,
        }
    }

    /// Has a wish fulfilled by whoever leads.
    async fn ask_leader(&self, wish: Wish) -> Result<(), ProposeError> {
        let deadline = Instant::now() + self.local.timeout;
        loop {
            let (own, status) = (self.node_id(), self.status());
            if let Wish::Transfer(to) = wish
                && status.leader == Some(to)
            {
                return Ok(());
            }
            if status.role == Role::Stopped {
                return Err(ProposeError::Stopped);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let changed = match status.leader {
                None => Changed::NotLeader,
                Some(leader) if leader == own => self.local.wish(wish.clone()).await?,
                Some(leader) => self.ask_peer(leader, &wish, left).await?,
            };
            if let Changed::Done { index } = changed {
                return match self.wait_applied(index, left.max(PAUSE)).await {
                    true => Ok(()),
                    false => Err(ProposeError::Timeout),
                };
            }
            if Instant::now() >= deadline {
                return Err(ProposeError::NoLeader);
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn ask_peer(&self, leader: u64, wish: &Wish, limit: Duration) -> Result<Changed, ProposeError> {
        let Some(peers) = &self.peers else { return Ok(Changed::NotLeader) };
        match peers.change(leader, write(wish), limit).await {
            Ok(answer) => understood(answer),
            Err(AskError::NoAddress | AskError::Unreachable(_)) => Ok(Changed::NotLeader),
            Err(AskError::Removed) => Err(ProposeError::Stopped),
            Err(AskError::Failed(_) | AskError::Timeout) => Err(ProposeError::Timeout),
        }
    }
}

fn understood(answer: ChangeAnswer) -> Result<Changed, ProposeError> {
    match answer.changed() {
        message::Changed::Done => Ok(Changed::Done { index: answer.index }),
        message::Changed::NotLeader => Ok(Changed::NotLeader),
        message::Changed::Refused => Err(ProposeError::Refused { reason: answer.reason }),
        message::Changed::Unknown => Err(ProposeError::Timeout),
    }
}
