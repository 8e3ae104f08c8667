//! Changes of the group's members, one at a time.
//!
//! A change travels in one log entry with the catalog's command that belongs to it (the node's record comes or goes), so members
//! and catalog never disagree. It is checked twice: by the leader, who knows how far the others have come, and again where it is
//! applied, where every node decides by the members at that entry.

use ostrakon_catalog::node::NodeRecord;
use ostrakon_catalog::{Command, encode};
use raft::StateRole;
use raft::prelude::{ConfChangeSingle, ConfChangeType, ConfChangeV2, ConfState};

use super::pending::Payload;
use super::{Driver, RequestId};
use crate::error::ProposeError;
use crate::members::{Member, MemberChange};
use crate::store::LogStore;

/// A learner that lacks no more entries than this has caught up.
const CAUGHT_UP_ENTRIES: u64 = 64;

/// What became of a wish for a change.
#[derive(Debug, PartialEq)]
pub enum Changing {
    /// It is so already.
    Done,
    /// Its answer comes from a later `handle_ready`.
    Proposed(RequestId),
    /// Another node must be asked: the leader, or soon the next one.
    NotLeader,
}

impl<S: LogStore> Driver<S> {
    /// Asks for a change of the members. `record` describes a node that is added.
    ///
    /// # Errors
    /// `Refused` says why it cannot be made.
    pub fn change_members(
        &mut self,
        change: &MemberChange,
        record: Option<NodeRecord>,
    ) -> Result<Changing, ProposeError> {
        if self.role() != StateRole::Leader {
            return Ok(Changing::NotLeader);
        }
        let id = change.id();
        let (voter, learner) = (self.members.voters.contains(&id), self.members.learners.contains(&id));
        let (kind, command) = match change {
            MemberChange::AddLearner { .. } if voter || learner => {
                return self.again(id, voter, record);
            }
            MemberChange::AddLearner { address, .. } => {
                let new = || NodeRecord { id, peer_address: address.clone(), ..NodeRecord::default() };
                let node = record.unwrap_or_else(new);
                (ConfChangeType::AddLearnerNode, Some(Command::RegisterNode { node }))
            }
            MemberChange::Promote { .. } if voter => return Ok(Changing::Done),
            MemberChange::Promote { .. } => {
                self.check_promotion(id, learner)?;
                (ConfChangeType::AddNode, None)
            }
            MemberChange::Demote { .. } if learner => return Ok(Changing::Done),
            MemberChange::Demote { .. } => (ConfChangeType::AddLearnerNode, None),
            MemberChange::Remove { .. } => {
                (ConfChangeType::RemoveNode, Some(Command::RemoveNode { node: id }))
            }
        };
        let leaves = matches!(change, MemberChange::Demote { .. } | MemberChange::Remove { .. });
        if leaves && !voter && !learner {
            return Err(refused(format!("node {id} is not a member of the group: see SHOW NODES")));
        }
        let conf_change = single(kind, id);
        let demotes = matches!(change, MemberChange::Demote { .. });
        check(&self.members, &conf_change, demotes).map_err(refused)?;
        if leaves && id == self.config.node_id {
            // Who leads cannot go. The next leader is asked again.
            self.hand_over()?;
            return Ok(Changing::NotLeader);
        }
        let command = command.map(|command| encode::encode_command(&command)).unwrap_or_default();
        Ok(Changing::Proposed(self.pending.add_change(self.applied, conf_change, &command)))
    }

    /// A node that asks to join, and is a member: fine when it has never had anything, so that there is nothing that it can have
    /// lost.
    fn again(&mut self, id: u64, voter: bool, record: Option<NodeRecord>) -> Result<Changing, ProposeError> {
        let matched = self.raw.raft.prs().get(id).map_or(0, |progress| progress.matched);
        match record {
            None => Err(refused(format!("node {id} is a member of the group already: see SHOW NODES"))),
            Some(node) if !voter && matched == 0 => {
                let command = encode::encode_command(&Command::RegisterNode { node });
                Ok(Changing::Proposed(self.propose(&command)))
            }
            Some(_) => Err(refused(format!(
                "node {id} is a member of the group already, with data that the node which asks to join has not. Is the node_id \
                 another node's? If node {id} has lost its data_directory, remove it, and join with a new node_id"
            ))),
        }
    }

    fn check_promotion(&self, id: u64, learner: bool) -> Result<(), ProposeError> {
        if !learner {
            return Err(refused(format!("node {id} is not a member of the group: see SHOW NODES")));
        }
        if !self.has_caught_up(id) {
            return Err(refused(format!(
                "node {id} has not caught up with the log, or cannot be reached; a voter that lags would hold up the group"
            )));
        }
        Ok(())
    }

    /// It was heard of lately, and lacks little of the log. Known to the leader alone.
    pub fn has_caught_up(&self, id: u64) -> bool {
        let matched = self.raw.raft.prs().get(id).map_or(0, |progress| progress.matched);
        self.is_active(id) && matched + CAUGHT_UP_ENTRIES >= self.last_index()
    }

    /// Begins to make `to` the leader. Proposals wait meanwhile.
    ///
    /// # Errors
    /// `Refused` says why it cannot be made.
    pub fn transfer_leadership(&mut self, to: u64) -> Result<Changing, ProposeError> {
        if self.role() != StateRole::Leader {
            return Ok(Changing::NotLeader);
        }
        if to == self.config.node_id {
            return Ok(Changing::Done);
        }
        if !self.members.voters.contains(&to) {
            return Err(refused(format!("node {to} does not vote, so it cannot lead: see SHOW NODES")));
        }
        if !self.is_active(to) {
            return Err(refused(format!("node {to} was not heard of lately, so it cannot lead now")));
        }
        self.raw.transfer_leader(to);
        Ok(Changing::NotLeader)
    }

    /// Begins to make another voter the leader, since this node goes.
    ///
    /// # Errors
    /// `Refused` when there is none.
    pub fn hand_over_leadership(&mut self) -> Result<Changing, ProposeError> {
        if self.role() == StateRole::Leader {
            self.hand_over()?;
        }
        Ok(Changing::NotLeader)
    }

    /// Makes the voter that has most of the log the leader.
    fn hand_over(&mut self) -> Result<(), ProposeError> {
        let own = self.config.node_id;
        let others = self.members.voters.iter().copied().filter(|id| *id != own && self.is_active(*id));
        let next =
            others.max_by_key(|id| self.raw.raft.prs().get(*id).map_or(0, |progress| progress.matched));
        let Some(next) = next else {
            return Err(refused(format!(
                "node {own} leads, and no other voter was heard of lately that could lead in its place"
            )));
        };
        self.raw.transfer_leader(next);
        Ok(())
    }

    /// The members as this node knows them, by number, without addresses.
    pub fn members(&self) -> Vec<Member> {
        let leading = self.role() == StateRole::Leader;
        let member = |id: u64, voter| Member {
            id,
            voter,
            address: String::new(),
            active: leading.then(|| self.is_active(id)),
            matched: leading.then(|| self.raw.raft.prs().get(id).map_or(0, |progress| progress.matched)),
        };
        let mut members: Vec<_> = self.members.voters.iter().map(|id| member(*id, true)).collect();
        members.extend(self.members.learners.iter().map(|id| member(*id, false)));
        members.sort_by_key(|member| member.id);
        members
    }

    /// Heard of within the election timeout.
    fn is_active(&self, id: u64) -> bool {
        let limit = u64::try_from(self.config.election_ticks.start).unwrap_or(u64::MAX);
        id == self.config.node_id
            || self.heard.get(&id).is_some_and(|at| self.now.saturating_sub(*at) <= limit)
    }

    /// Puts a payload into the log, if raft takes it.
    pub(super) fn hand_in(&mut self, payload: Payload) -> bool {
        match payload {
            Payload::Command(data) => self.raw.propose(Vec::new(), data).is_ok(),
            // It would be replaced by nothing; the repetition comes later.
            Payload::Change(_) if self.raw.raft.has_pending_conf() => true,
            Payload::Change(change) => self.raw.propose_conf_change(Vec::new(), change).is_ok(),
        }
    }
}

/// Whether the change can be made to these members. The same on all nodes. `demotes`: what raft calls adding a learner is meant for a
/// voter; the members may have changed since it was asked for, and then it must neither bring back who was removed nor take a vote away.
pub(super) fn check(members: &ConfState, change: &ConfChangeV2, demotes: bool) -> Result<(), String> {
    let [single] = &change.changes[..] else {
        return Err("a change of the members must be about one node".to_owned());
    };
    let id = single.node_id;
    let (voter, learner) = (members.voters.contains(&id), members.learners.contains(&id));
    let last = voter && members.voters.len() == 1;
    match single.get_change_type() {
        ConfChangeType::AddNode if !learner => {
            Err(format!("node {id} is not a learner, so it cannot be promoted"))
        }
        ConfChangeType::AddLearnerNode if last => {
            Err(format!("node {id} is the last voter: promote another node before it is demoted"))
        }
        ConfChangeType::AddLearnerNode if learner => Err(format!("node {id} is a learner already")),
        ConfChangeType::AddLearnerNode if demotes && !voter => {
            Err(format!("node {id} is not a voter, so it cannot be demoted"))
        }
        ConfChangeType::AddLearnerNode if voter && !demotes => {
            Err(format!("node {id} is a member of the group already"))
        }
        ConfChangeType::RemoveNode if last => {
            Err(format!("node {id} is the last voter: promote another node before it is removed"))
        }
        ConfChangeType::RemoveNode if !voter && !learner => {
            Err(format!("node {id} is not a member of the group"))
        }
        _ => Ok(()),
    }
}

fn single(kind: ConfChangeType, id: u64) -> ConfChangeV2 {
    let mut change = ConfChangeSingle { node_id: id, ..ConfChangeSingle::default() };
    change.set_change_type(kind);
    ConfChangeV2 { changes: vec![change], ..ConfChangeV2::default() }
}

fn refused(reason: String) -> ProposeError {
    ProposeError::Refused { reason }
}
