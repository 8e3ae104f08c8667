//! Client connections of this node: numbers for new ones, the limit, SHOW PROCESSLIST, KILL.
//!
//! Touched when a client comes or goes and by administration, never on the statement path.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use ostrakon_protocol::handshake::Attribute;
use tokio::sync::Notify;

use crate::commit::xid::TransactionId;
use crate::deadlock::wait::Waits;
use crate::error::{INTERRUPTED, SqlError};

/// Bytes that are kept of what a client says of itself.
const ATTRIBUTES_MAX: usize = 4 << 10;

/// What others may know of a session and do to it.
#[derive(Debug)]
pub struct SessionEntry {
    pub id: u32,
    pub host: Box<str>,
    /// Written when it changes.
    pub identity: Mutex<Identity>,
    /// What the client said of itself at its last login: names and values, each with a zero byte behind.
    attributes: Mutex<Option<Arc<str>>>,
    /// Microseconds since `started` at which the current statement began; 0 when idle.
    pub busy_since: AtomicU64,
    pub started: Instant,
    /// The statement or the connection is to end.
    pub kill: Kill,
    /// The running statement's text, once it has taken some time.
    pub statement: Mutex<Option<Arc<str>>>,
    /// For SHOW TRANS; written when a transaction opens, touches a further group, or ends.
    pub transaction: Mutex<Option<Box<OpenTransaction>>>,
    /// Where it says that it waits: the node's list.
    pub waits: Arc<Waits>,
}

/// Who a session is.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// As the client calls itself.
    pub user: Box<str>,
    /// The account that it logged in by: who has the same one may look at it and end it.
    pub account: Box<str>,
    pub database: Option<Box<str>>,
}

/// A transaction as others see it.
#[derive(Clone, Debug)]
pub struct OpenTransaction {
    pub since: Instant,
    /// Given when it touches a second group.
    pub id: Option<TransactionId>,
    /// Physical databases that it has touched.
    pub groups: Vec<String>,
    /// How many of them it has written in.
    pub writes: usize,
}

impl SessionEntry {
    /// What the client said of itself: names and values.
    pub fn attributes(&self) -> Vec<Attribute> {
        let attributes = self.attributes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut texts = attributes.as_deref().unwrap_or_default().split_terminator('\0').map(str::to_owned);
        std::iter::from_fn(|| Some((texts.next()?, texts.next()?))).collect()
    }

    /// The command is answered.
    pub fn idle(&self) {
        // A statement long enough to be watched left its text.
        if self.busy_since.swap(0, Ordering::Relaxed) != 0
            && let Ok(mut statement) = self.statement.try_lock()
        {
            *statement = None;
        }
    }

    pub fn identity(&self) -> Identity {
        self.identity.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Shows a statement in SHOW PROCESSLIST: its first kilobyte.
    pub fn show_statement(&self, text: &[u8]) {
        const SHOWN: usize = 1 << 10;
        let text = String::from_utf8_lossy(text.get(..SHOWN).unwrap_or(text)).into();
        *self.statement.lock().unwrap_or_else(PoisonError::into_inner) = Some(text);
    }
}

/// A request to end a statement (`query`) or the session.
#[derive(Debug, Default)]
pub struct Kill {
    pub query: AtomicBool,
    /// KILL QUERY was passed on to a server, whose statement may have ended by itself before it heard of it.
    pub passed: AtomicBool,
    pub connection: AtomicBool,
    /// The number of the wait that a deadlock is ended by; 0 for none.
    pub condemned: AtomicU64,
    /// The statement is such a victim: its interruption is a deadlock to the client.
    pub victim: AtomicBool,
    /// Milliseconds that the statement's hint gave it, once they are over; 0: they are not, or there is no such hint.
    pub timed_out_ms: AtomicU64,
    /// The node drains: the session is to close as soon as no statement and no transaction is open.
    pub when_idle: AtomicBool,
    pub wake: Notify,
}

impl Kill {
    /// The session or its statement is to end.
    pub fn is_asked(&self) -> bool {
        self.connection.load(Ordering::Relaxed) || self.query.load(Ordering::Relaxed)
    }

    /// A command begins: what was asked of the one before is void.
    pub fn forget(&self) {
        self.query.store(false, Ordering::SeqCst);
        self.passed.store(false, Ordering::Relaxed);
        self.victim.store(false, Ordering::Relaxed);
        self.timed_out_ms.store(0, Ordering::SeqCst);
    }

    /// Between the steps of a statement that reads in several: one that was to end with the last step begins no other.
    ///
    /// Errors: 1317, or what it stands for.
    pub fn check(&self) -> Result<(), SqlError> {
        match self.passed.load(Ordering::Relaxed) {
            true => Err(self.as_victim(SqlError::interrupted())),
            false => Ok(()),
        }
    }

    /// The statement has had the time that its hint gives it.
    pub fn time_out(&self, limit_ms: u64) {
        self.timed_out_ms.store(limit_ms, Ordering::SeqCst);
        self.query.store(true, Ordering::SeqCst);
        self.wake.notify_one();
    }

    /// The error as the client is to see it: an interruption, if the statement is a deadlock's victim, is the deadlock; if its time is over, that.
    pub fn as_victim(&self, e: SqlError) -> SqlError {
        if e.errno != INTERRUPTED {
            return e;
        }
        if self.victim.swap(false, Ordering::Relaxed) {
            return SqlError::deadlock();
        }
        match self.timed_out_ms.swap(0, Ordering::SeqCst) {
            0 => e,
            limit_ms => SqlError::timed_out(limit_ms),
        }
    }

    /// Asks the session to close between transactions.
    pub fn leave_when_idle(&self) {
        if !self.when_idle.swap(true, Ordering::SeqCst) {
            self.wake.notify_one();
        }
    }

    /// Takes the wish back, as far as it was not followed yet.
    pub fn stay(&self) {
        self.when_idle.store(false, Ordering::SeqCst);
    }
}

/// All sessions of a node.
#[derive(Debug)]
pub struct Registry {
    next_id: AtomicU32,
    limit: u32,
    started: Instant,
    /// Guards the map only; held for a look-up or an insert.
    sessions: Mutex<BTreeMap<u32, Arc<SessionEntry>>>,
    /// Sessions that wait while they hold something elsewhere.
    pub waits: Arc<Waits>,
    /// What the last client that said something of itself said: those of one process say the same, and share it.
    described: Mutex<Arc<str>>,
}

impl Registry {
    pub fn new(limit: u32) -> Self {
        Self {
            next_id: AtomicU32::new(1),
            limit,
            started: Instant::now(),
            sessions: Mutex::default(),
            waits: Arc::default(),
            described: Mutex::new(Arc::from("")),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u32, Arc<SessionEntry>>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a client; `None` when the node has `max_connections` already.
    pub fn register(self: &Arc<Self>, host: String) -> Option<Registration> {
        let mut sessions = self.lock();
        if sessions.len() >= self.limit as usize {
            return None;
        }
        let mut id = self.next_id.fetch_add(1, Ordering::Relaxed);
        while id == 0 || sessions.contains_key(&id) {
            id = self.next_id.fetch_add(1, Ordering::Relaxed);
        }
        let entry = Arc::new(SessionEntry {
            id,
            host: host.into(),
            identity: Mutex::default(),
            attributes: Mutex::default(),
            busy_since: AtomicU64::new(0),
            started: Instant::now(),
            kill: Kill::default(),
            statement: Mutex::new(None),
            transaction: Mutex::new(None),
            waits: Arc::clone(&self.waits),
        });
        sessions.insert(id, Arc::clone(&entry));
        Some(Registration { entry, registry: Arc::clone(self) })
    }

    /// How long the node has been up.
    pub fn uptime(&self) -> Duration {
        self.started.elapsed()
    }

    /// How many clients are connected.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    pub fn all(&self) -> Vec<Arc<SessionEntry>> {
        self.lock().values().cloned().collect()
    }

    /// The session of that number.
    pub fn get(&self, id: u32) -> Option<Arc<SessionEntry>> {
        self.lock().get(&id).cloned()
    }

    /// Asks session `id` to end its statement, or to close. False when there is no such session.
    pub fn kill(&self, id: u32, query_only: bool) -> bool {
        let Some(entry) = self.lock().get(&id).cloned() else { return false };
        entry.kill.query.store(true, Ordering::SeqCst);
        if !query_only {
            entry.kill.connection.store(true, Ordering::SeqCst);
        }
        entry.kill.wake.notify_one();
        true
    }

    /// Asks session `id` to end the statement of that wait, as a deadlock's victim. False when the wait is over.
    pub fn condemn(&self, id: u32, number: u64) -> bool {
        let Some(entry) = self.lock().get(&id).cloned() else { return false };
        if !self.waits.lasts(id, number) {
            return false;
        }
        entry.kill.condemned.store(number, Ordering::SeqCst);
        entry.kill.wake.notify_one();
        true
    }
}

/// Takes the session out of the registry when the session ends.
#[derive(Debug)]
pub struct Registration {
    pub entry: Arc<SessionEntry>,
    registry: Arc<Registry>,
}

impl Registration {
    /// Keeps what the client said of itself: as much as fits.
    pub fn describe(&self, attributes: &[Attribute]) {
        let mut kept = String::new();
        for (name, value) in attributes {
            if kept.len() + name.len() + value.len() > ATTRIBUTES_MAX {
                break;
            }
            for text in [name, value] {
                kept.extend(text.chars().filter(|c| *c != '\0'));
                kept.push('\0');
            }
        }
        let shared = (!kept.is_empty()).then(|| {
            let mut last = self.registry.described.lock().unwrap_or_else(PoisonError::into_inner);
            if **last != *kept {
                *last = kept.into();
            }
            Arc::clone(&last)
        });
        *self.entry.attributes.lock().unwrap_or_else(PoisonError::into_inner) = shared;
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.registry.lock().remove(&self.entry.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_free_again_when_its_client_leaves() {
        let registry = Arc::new(Registry::new(1));
        let first = registry.register("a".into()).unwrap();
        assert!(registry.register("b".into()).is_none());
        assert_eq!(registry.count(), 1);
        drop(first);
        assert_eq!(registry.count(), 0);
        let second = registry.register("b".into()).unwrap();
        assert!(registry.kill(second.entry.id, true));
        assert!(second.entry.kill.query.load(Ordering::SeqCst));
        assert!(!second.entry.kill.connection.load(Ordering::SeqCst));
        assert!(!registry.kill(second.entry.id + 1, true));
    }

    #[test]
    fn attributes_are_kept_as_far_as_they_fit_and_once_for_clients_that_say_the_same() {
        let registry = Arc::new(Registry::new(2));
        let client = registry.register("a".into()).unwrap();
        let attribute = |name: &str, length: usize| (name.to_owned(), "x".repeat(length));
        let long = vec![
            attribute("a", 10),
            attribute("b", ATTRIBUTES_MAX - 14),
            attribute("c", 1),
            attribute("", 0),
        ];
        client.describe(&long);
        assert_eq!(client.entry.attributes(), long[..2]);
        client.describe(&long[2..]);
        assert_eq!(client.entry.attributes(), long[2..]);
        let another = registry.register("b".into()).unwrap();
        another.describe(&long[2..]);
        let text = |client: &Registration| client.entry.attributes.lock().unwrap().clone().unwrap();
        assert!(Arc::ptr_eq(&text(&client), &text(&another)));
    }

    #[test]
    fn only_a_victims_interruption_is_a_deadlock() {
        let kill = Kill::default();
        assert_eq!(kill.as_victim(SqlError::interrupted()).errno, 1317);
        kill.victim.store(true, Ordering::Relaxed);
        assert_eq!(kill.as_victim(SqlError::other("something else")).errno, 1105);
        let told = kill.as_victim(SqlError::interrupted());
        assert_eq!((told.errno, told.sqlstate.as_str()), (1213, "40001"));
        assert_eq!(kill.as_victim(SqlError::interrupted()).errno, 1317, "it was told already");
        kill.time_out(500);
        let told = kill.as_victim(SqlError::interrupted());
        assert_eq!(told.errno, 3024);
        assert!(told.message.contains("SOCKET_TIMEOUT(500)"), "{}", told.message);
        kill.passed.store(true, Ordering::Relaxed);
        assert_eq!(kill.check().unwrap_err().errno, 1317);
        kill.victim.store(true, Ordering::Relaxed);
        kill.time_out(500);
        kill.forget();
        assert!(kill.check().is_ok());
        assert_eq!(kill.as_victim(SqlError::interrupted()).errno, 1317, "of an earlier command");
    }

    #[test]
    fn a_wait_that_is_over_is_not_condemned() {
        let registry = Arc::new(Registry::new(1));
        let client = registry.register("a".into()).unwrap();
        assert!(!registry.condemn(client.entry.id, 1));
        assert_eq!(client.entry.kill.condemned.load(Ordering::SeqCst), 0);
    }
}
