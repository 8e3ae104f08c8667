//! Proposals that wait for their answer: which are in the log, which must be proposed again, which have waited too long.
//!
//! Raft drops a proposal when there is no leader, and may lose an accepted one when the leader changes; a message to the leader
//! may be lost too. So a proposal is repeated until its entry comes back, and the machine sees to it that copies do not count.

use std::collections::BTreeMap;

use ostrakon_catalog::Outcome;
use raft::prelude::ConfChangeV2;

use crate::error::ProposeError;
use crate::proposal::{Proposal, RequestId};

/// Ticks after which a proposal that was sent to another node is sent again.
const REPEAT_TICKS: u64 = 5;

type Answered = (RequestId, Result<Outcome, ProposeError>);

#[derive(Default)]
pub(super) struct Pending {
    node: u64,
    start: u64,
    counter: u64,
    now: u64,
    propose_ticks: u64,
    waiting: BTreeMap<RequestId, Waiting>,
    /// Proposals were added, time has passed or the leader has changed: look through `waiting`.
    stale: bool,
    answers: Vec<Answered>,
}

struct Waiting {
    data: Vec<u8>,
    /// A change of the members: `data` is then its context.
    change: Option<ConfChangeV2>,
    deadline: u64,
    sent: Option<Sent>,
}

/// What goes into the log.
pub(super) enum Payload {
    Command(Vec<u8>),
    Change(ConfChangeV2),
}

/// Where a proposal was last accepted.
#[derive(Clone, Copy, PartialEq)]
struct Sent {
    at: u64,
    /// In whose term, and whether this node leads it: then the entry is in our own log.
    term: u64,
    leading: bool,
}

impl Pending {
    pub fn new(node: u64, start: u64, propose_ticks: u64) -> Self {
        let waiting = BTreeMap::new();
        Self { node, start, counter: 0, now: 0, propose_ticks, waiting, stale: false, answers: Vec::new() }
    }

    pub fn tick(&mut self) {
        self.now += 1;
        self.stale |= !self.waiting.is_empty();
    }

    /// Leader or term may have changed.
    pub fn leader_changed(&mut self) {
        self.stale |= !self.waiting.is_empty();
    }

    pub fn add(&mut self, since: u64, command: &[u8]) -> RequestId {
        self.put(since, command, None)
    }

    /// `command` is applied together with the change; empty: there is none.
    pub fn add_change(&mut self, since: u64, change: ConfChangeV2, command: &[u8]) -> RequestId {
        self.put(since, command, Some(change))
    }

    fn put(&mut self, since: u64, command: &[u8], change: Option<ConfChangeV2>) -> RequestId {
        self.counter += 1;
        let id = RequestId { node: self.node, start: self.start, counter: self.counter };
        let data = Proposal { id, since, command }.encode();
        self.waiting
            .insert(id, Waiting { data, change, deadline: self.now + self.propose_ticks, sent: None });
        self.stale = true;
        id
    }

    /// Hands what must be (re)proposed to `propose`, which says whether raft took it; gives up what has waited too long.
    pub fn send(&mut self, term: u64, leading: bool, mut propose: impl FnMut(Payload) -> bool) {
        if !std::mem::take(&mut self.stale) {
            return;
        }
        let now = self.now;
        let mut open = true;
        for (id, waiting) in &mut self.waiting {
            if waiting.deadline <= now {
                let error =
                    if waiting.sent.is_some() { ProposeError::Timeout } else { ProposeError::NoLeader };
                self.answers.push((*id, Err(error)));
                continue;
            }
            // After one refusal the others would be refused too; they keep their order.
            if open && waiting.is_due(now, term) {
                open = propose(waiting.payload());
                if open {
                    waiting.sent = Some(Sent { at: now, term, leading });
                }
            }
        }
        self.waiting.retain(|_, waiting| waiting.deadline > now);
    }

    /// The entry has come back, or will never be wanted. Answers of other nodes' proposals are nothing to us.
    pub fn answer(&mut self, id: &RequestId, result: Result<Outcome, ProposeError>) {
        if self.waiting.remove(id).is_some() {
            self.answers.push((*id, result));
        }
    }

    /// Requests without an answer.
    pub fn ids(&self) -> Vec<RequestId> {
        self.waiting.keys().copied().collect()
    }

    pub fn stop(&mut self) {
        for (id, _) in std::mem::take(&mut self.waiting) {
            self.answers.push((id, Err(ProposeError::Stopped)));
        }
    }

    pub fn take_answers(&mut self) -> Vec<Answered> {
        std::mem::take(&mut self.answers)
    }
}

impl Waiting {
    fn payload(&self) -> Payload {
        match &self.change {
            None => Payload::Command(self.data.clone()),
            Some(change) => Payload::Change(ConfChangeV2 { context: self.data.clone(), ..change.clone() }),
        }
    }

    fn is_due(&self, now: u64, term: u64) -> bool {
        match self.sent {
            None => true,
            Some(sent) if sent.term != term => true,
            // A leader puts an empty entry in the place of a change that comes while another one is under way.
            Some(sent) => (!sent.leading || self.change.is_some()) && now >= sent.at + REPEAT_TICKS,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `send` hands over when raft takes everything.
    fn sent(pending: &mut Pending, term: u64, leading: bool) -> usize {
        let mut count = 0;
        pending.send(term, leading, |_| {
            count += 1;
            true
        });
        count
    }

    #[test]
    fn a_lost_proposal_is_repeated_in_the_next_term() {
        let mut pending = Pending::new(1, 1, 50);
        pending.add(1, b"");
        assert_eq!(sent(&mut pending, 3, true), 1);
        pending.leader_changed();
        assert_eq!(sent(&mut pending, 3, true), 0, "it is in our own log");
        pending.leader_changed();
        assert_eq!(sent(&mut pending, 4, true), 1);
    }

    #[test]
    fn a_forwarded_proposal_is_repeated_after_some_ticks() {
        let mut pending = Pending::new(1, 1, 50);
        pending.add(1, b"");
        let repeats = (0..=2 * REPEAT_TICKS).map(|_| {
            let count = sent(&mut pending, 3, false);
            pending.tick();
            count
        });
        assert_eq!(repeats.sum::<usize>(), 3, "at once, and after each pause");
    }

    #[test]
    fn a_change_of_members_is_repeated_even_by_the_leader() {
        let mut pending = Pending::new(1, 1, 50);
        pending.add_change(1, ConfChangeV2::default(), b"");
        assert_eq!(sent(&mut pending, 3, true), 1);
        (0..REPEAT_TICKS).for_each(|_| pending.tick());
        assert_eq!(sent(&mut pending, 3, true), 1);
    }

    #[test]
    fn proposals_keep_their_order_when_raft_is_full() {
        let mut pending = Pending::new(1, 1, 50);
        let first = pending.add(1, b"first");
        pending.add(1, b"second");
        pending.send(3, true, |_| false);
        pending.tick();
        let mut taken = Vec::new();
        pending.send(3, true, |payload| {
            let Payload::Command(data) = payload else { panic!("a change") };
            taken.push(data);
            true
        });
        assert!(taken[0].ends_with(b"first") && taken[1].ends_with(b"second"));
        pending.answer(&first, Ok(Outcome::Done));
        assert_eq!(pending.take_answers(), [(first, Ok(Outcome::Done))]);
        assert_eq!(pending.ids().len(), 1);
    }

    #[test]
    fn what_was_sent_times_out_and_what_was_not_had_no_leader() {
        let mut pending = Pending::new(1, 1, 2);
        let known = pending.add(1, b"");
        assert_eq!(sent(&mut pending, 3, false), 1);
        pending.tick();
        let refused = pending.add(1, b"");
        pending.send(3, false, |_| false);
        (0..2).for_each(|_| pending.tick());
        assert_eq!(sent(&mut pending, 3, false), 0);
        let expected = [(known, Err(ProposeError::Timeout)), (refused, Err(ProposeError::NoLeader))];
        assert_eq!(pending.take_answers(), expected);
    }
}
