//! The group's members: who votes, who only listens, and how that is changed.

use std::fmt;

/// One member as this node knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    pub id: u64,
    /// Else a learner: it has the catalog, and no part in decisions.
    pub voter: bool,
    /// `host:port` of its peer listener; empty when it has none, or none is known.
    pub address: String,
    /// It was heard of within the election timeout. Known to the leader alone.
    pub active: Option<bool>,
    /// Last entry of the log that it is known to have. Known to the leader alone.
    pub matched: Option<u64>,
}

/// A change of the members, one at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberChange {
    /// It gets the catalog and all that follows. A node that joins by itself needs no such change.
    AddLearner { id: u64, address: String },
    /// A learner that has caught up votes from now on.
    Promote { id: u64 },
    /// A voter becomes a learner.
    Demote { id: u64 },
    /// For ever: the number is never used again.
    Remove { id: u64 },
}

impl MemberChange {
    /// The node that it is about.
    pub fn id(&self) -> u64 {
        match self {
            Self::AddLearner { id, .. }
            | Self::Promote { id }
            | Self::Demote { id }
            | Self::Remove { id } => *id,
        }
    }
}

impl fmt::Display for MemberChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self {
            Self::AddLearner { .. } => "add",
            Self::Promote { .. } => "promote",
            Self::Demote { .. } => "demote",
            Self::Remove { .. } => "remove",
        };
        write!(f, "{verb} node {}", self.id())
    }
}
