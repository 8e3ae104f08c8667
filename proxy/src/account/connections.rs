//! How many clients of each account are connected to this node, for MAX_USER_CONNECTIONS.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Counts by account.
#[derive(Debug, Default)]
pub struct Connections {
    counts: Mutex<HashMap<String, u32>>,
}

/// One of them; it is counted until this goes.
#[derive(Debug)]
pub struct Counted {
    account: Box<str>,
    connections: Arc<Connections>,
}

impl Connections {
    /// Counts one more of the account; `None` when it has `limit` already (0: no limit).
    pub fn enter(self: &Arc<Self>, account: String, limit: u32) -> Option<Counted> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(account.clone()).or_default();
        if limit > 0 && *count >= limit {
            return None;
        }
        *count += 1;
        Some(Counted { account: account.into(), connections: Arc::clone(self) })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut counts = self.connections.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&*self.account) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&*self.account);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_its_client_leaves() {
        let connections = Arc::new(Connections::default());
        let enter = |limit| connections.enter("a".to_owned(), limit);
        let first = enter(2).unwrap();
        let second = enter(2).unwrap();
        assert!(enter(2).is_none());
        assert!(connections.enter("b".to_owned(), 1).is_some());
        let third = enter(0).unwrap();
        drop((first, third));
        assert!(enter(2).is_some());
        drop(second);
        assert!(connections.counts.lock().unwrap().is_empty());
    }
}
