//! Sessions of this node that wait for a server while their transaction has branches elsewhere.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ostrakon_catalog::schema::InstanceId;
use serde::{Deserialize, Serialize};

use crate::registry::SessionEntry;
use crate::session::transaction::Transaction;

/// So much of a statement is told.
const SHOWN: usize = 256;

/// A connection to an instance, by the server's number of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Backend {
    pub instance: InstanceId,
    pub connection: u32,
}

/// A session that waits, as other nodes are told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    pub session: u32,
    /// Of this process: no two waits have the same.
    pub number: u64,
    /// When its transaction began, in microseconds since 1970.
    pub began_us: u64,
    /// So long it has waited when it was told.
    pub waited_ms: u64,
    /// All connections of its transaction.
    pub branches: Vec<Backend>,
    pub user: String,
    /// `None` for a transaction that only reads: it has no id.
    pub transaction: Option<String>,
    pub statement: String,
    /// The group that it waits for.
    pub group: String,
}

/// All that wait on this node now.
#[derive(Debug, Default)]
pub struct Waits {
    next: AtomicU64,
    /// By session. Held for a look-up or an insert.
    list: Mutex<BTreeMap<u32, (Instant, Wait)>>,
}

impl Waits {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u32, (Instant, Wait)>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those that have waited for at least so long.
    pub fn longer_than(&self, least: Duration) -> Vec<Wait> {
        let long = |(since, wait): &(Instant, Wait)| {
            let waited = since.elapsed();
            let waited_ms = u64::try_from(waited.as_millis()).unwrap_or(u64::MAX);
            (waited >= least).then(|| Wait { waited_ms, ..wait.clone() })
        };
        self.lock().values().filter_map(long).collect()
    }

    /// Whether that wait still lasts.
    pub fn lasts(&self, session: u32, number: u64) -> bool {
        self.lock().get(&session).is_some_and(|(_, wait)| wait.number == number)
    }

    fn publish(&self, wait: Wait) -> u64 {
        let number = self.next.fetch_add(1, Ordering::Relaxed) + 1;
        self.lock().insert(wait.session, (Instant::now(), Wait { number, ..wait }));
        number
    }
}

/// A wait that is published for as long as this exists.
pub struct Published<'a> {
    entry: &'a SessionEntry,
    number: u64,
}

impl<'a> Published<'a> {
    /// Publishes that the session waits for `backend`. `None` where its transaction has one branch at most: then no cycle of several instances closes by
    /// its wait alone, and who waits for it is told by the server.
    pub fn new(
        entry: &'a SessionEntry,
        transaction: &Transaction,
        backend: Backend,
        statement: &[u8],
    ) -> Option<Self> {
        if transaction.branches.len() < 2 {
            return None;
        }
        let age = transaction.began.map(|began| began.elapsed()).unwrap_or_default();
        let began = SystemTime::now().checked_sub(age).and_then(|at| at.duration_since(UNIX_EPOCH).ok());
        let waited_for = transaction.branches.iter().find(|branch| branch.backend() == backend);
        let statement = statement.get(..SHOWN).unwrap_or(statement);
        let wait = Wait {
            session: entry.id,
            number: 0,
            began_us: began.map_or(0, |d| u64::try_from(d.as_micros()).unwrap_or(u64::MAX)),
            waited_ms: 0,
            branches: transaction.branches.iter().map(|branch| branch.backend()).collect(),
            user: entry.identity().user.into(),
            transaction: transaction.id.map(|id| id.to_string()),
            statement: String::from_utf8_lossy(statement).into_owned(),
            group: waited_for.map(|branch| branch.name.clone()).unwrap_or_default(),
        };
        Some(Self { number: entry.waits.publish(wait), entry })
    }

    /// Whether the detector wants this very wait to end; takes the request.
    pub fn is_condemned(&self) -> bool {
        let condemned = &self.entry.kill.condemned;
        condemned.load(Ordering::Relaxed) == self.number
            && condemned.compare_exchange(self.number, 0, Ordering::SeqCst, Ordering::SeqCst).is_ok()
    }
}

impl Drop for Published<'_> {
    fn drop(&mut self) {
        self.entry.waits.lock().remove(&self.entry.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_another_one_when_the_session_waits_again() {
        let waits = Waits::default();
        let wait = |session| Wait {
            session,
            number: 0,
            began_us: 1,
            waited_ms: 0,
            branches: Vec::new(),
            user: String::new(),
            transaction: None,
            statement: String::new(),
            group: String::new(),
        };
        let first = waits.publish(wait(7));
        assert!(waits.lasts(7, first) && !waits.lasts(8, first));
        let second = waits.publish(wait(7));
        assert!(waits.lasts(7, second) && !waits.lasts(7, first));
        assert_eq!(waits.longer_than(Duration::ZERO).len(), 1);
        assert!(waits.longer_than(Duration::from_secs(3600)).is_empty());
    }
}
