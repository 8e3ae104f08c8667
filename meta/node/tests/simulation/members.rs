//! The members that the committed log gives, by rules of their own.

use std::collections::BTreeSet;

use raft::prelude::{ConfChangeSingle, ConfChangeType};

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Members {
    pub voters: BTreeSet<u64>,
    pub learners: BTreeSet<u64>,
}

impl Members {
    pub fn new(voters: u64) -> Self {
        Self { voters: (1..=voters).collect(), learners: BTreeSet::new() }
    }

    /// A learner must come before a voter, and the last voter must stay.
    /// `adds`: it is to be a learner anew, not to lose its vote.
    pub fn allow(&self, change: &ConfChangeSingle, adds: bool) -> Result<(), String> {
        let id = change.node_id;
        let last = self.voters.len() == 1 && self.voters.contains(&id);
        let fits = match change.get_change_type() {
            ConfChangeType::AddNode => self.learners.contains(&id),
            ConfChangeType::AddLearnerNode => {
                let voter = self.voters.contains(&id);
                !self.learners.contains(&id) && !last && voter != adds
            }
            ConfChangeType::RemoveNode => (self.voters.contains(&id) || self.learners.contains(&id)) && !last,
        };
        if fits { Ok(()) } else { Err(format!("{change:?} does not fit {self:?}")) }
    }

    /// Gives what it was, for the totals.
    pub fn make(&mut self, change: &ConfChangeSingle) -> &'static str {
        let id = change.node_id;
        let (voter, learner) = (self.voters.remove(&id), self.learners.remove(&id));
        match change.get_change_type() {
            ConfChangeType::AddNode => {
                self.voters.insert(id);
                "learners promoted"
            }
            ConfChangeType::AddLearnerNode => {
                self.learners.insert(id);
                if voter { "voters demoted" } else { "learners added" }
            }
            ConfChangeType::RemoveNode => {
                assert!(voter || learner);
                "members removed"
            }
        }
    }
}
