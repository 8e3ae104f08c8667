//! The last deadlocks that this node ended, for SHOW DEADLOCKS.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// So many are kept.
const KEPT: usize = 100;

/// A deadlock that was ended. The node of the victim keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
    /// The victim first; each waited for the next one, the last one for the victim.
    pub members: Vec<Member>,
}

/// One of a cycle.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Member {
    /// `None`: a connection whose session is not known to have several, see `connection`.
    pub node: Option<u64>,
    pub session: Option<u32>,
    pub user: Option<String>,
    pub transaction: Option<String>,
    pub statement: Option<String>,
    /// The group that it waited for.
    pub group: Option<String>,
    /// Instance and number of the connection, where that is all that is known.
    pub connection: Option<String>,
}

/// The last ones of this process.
#[derive(Debug, Default)]
pub struct History {
    last: Mutex<VecDeque<Ended>>,
    /// All since the process began, for the metrics.
    count: AtomicU64,
}

impl History {
    pub fn add(&self, ended: Ended) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.len() >= KEPT {
            last.pop_front();
        }
        last.push_back(ended);
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    /// How many there were since the process began, those that are not kept any more too.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// The oldest first.
    pub fn all(&self) -> Vec<Ended> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_go_first() {
        let history = History::default();
        for at_ms in 0..150 {
            history.add(Ended { at_ms, members: Vec::new() });
        }
        let all = history.all();
        assert_eq!((all.len(), all[0].at_ms, all[99].at_ms), (100, 50, 149));
        assert_eq!(history.count(), 150);
    }
}
