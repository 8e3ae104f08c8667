//! The session's transaction: which groups it has touched, and the connections that it holds there.
//!
//! `BEGIN` opens nothing. The first statement in a group brings `START TRANSACTION` along in the same write. One group may write: a write
//! in a second group is refused, because commit across groups is not there yet.

use ostrakon_catalog::schema::Group;
use ostrakon_router::parse::command::Isolation;
use ostrakon_router::sharding::topology::quote;

use crate::backend::pool::Pooled;

/// One group's part of the transaction.
pub struct Branch {
    pub instance: u32,
    pub physical_database: String,
    /// `None` while a statement uses it.
    pub connection: Option<Pooled>,
}

/// Transaction state of a session.
pub struct Transaction {
    /// `autocommit`: the session variable.
    pub autocommit: bool,
    /// BEGIN was said and neither COMMIT nor ROLLBACK since.
    explicit: bool,
    /// START TRANSACTION READ ONLY / READ WRITE.
    pub read_only: Option<bool>,
    /// SET TRANSACTION without SESSION: for the next transaction only.
    pub next_isolation: Option<Isolation>,
    pub next_read_only: Option<bool>,
    pub consistent_snapshot: bool,
    pub branches: Vec<Branch>,
    /// Savepoints in the order in which they were set: a branch that opens later sets them too.
    pub savepoints: Vec<String>,
    /// The one group that wrote: (instance, physical database).
    pub writer: Option<(u32, String)>,
}

impl Default for Transaction {
    fn default() -> Self {
        Self {
            autocommit: true,
            explicit: false,
            read_only: None,
            next_isolation: None,
            next_read_only: None,
            consistent_snapshot: false,
            branches: Vec::new(),
            savepoints: Vec::new(),
            writer: None,
        }
    }
}

impl Transaction {
    /// Statements run inside a transaction: after BEGIN, or always with autocommit = 0.
    pub fn applies(&self) -> bool {
        self.explicit || !self.autocommit
    }

    /// What SERVER_STATUS_IN_TRANS says: a transaction has begun.
    pub fn is_open(&self) -> bool {
        self.explicit || !self.branches.is_empty()
    }

    pub fn begin(&mut self, read_only: Option<bool>, consistent_snapshot: bool) {
        self.explicit = true;
        self.read_only = read_only.or(self.next_read_only);
        self.consistent_snapshot = consistent_snapshot;
    }

    /// Forgets the transaction; the branches must have ended (or their connections are closed by dropping them).
    pub fn end(&mut self) -> Vec<Branch> {
        self.explicit = false;
        self.read_only = None;
        self.next_isolation = None;
        self.next_read_only = None;
        self.consistent_snapshot = false;
        self.savepoints.clear();
        self.writer = None;
        std::mem::take(&mut self.branches)
    }

    /// The statements that open this transaction in a further group, without a trailing semicolon each.
    pub fn opening(&self) -> Vec<String> {
        let mut statements = Vec::new();
        if let Some(isolation) = self.next_isolation {
            statements.push(format!("SET TRANSACTION ISOLATION LEVEL {}", isolation.as_sql()));
        }
        let mut start = "START TRANSACTION".to_owned();
        let mut separator = " ";
        if self.consistent_snapshot {
            start.push_str(" WITH CONSISTENT SNAPSHOT");
            separator = ", ";
        }
        match self.read_only.or(self.next_read_only) {
            Some(true) => {
                start.push_str(separator);
                start.push_str("READ ONLY");
            }
            Some(false) => {
                start.push_str(separator);
                start.push_str("READ WRITE");
            }
            None => {}
        }
        statements.push(start);
        statements.extend(self.savepoints.iter().map(|name| format!("SAVEPOINT {}", quote(name))));
        statements
    }

    /// What SET TRANSACTION asked for the next transaction, as statements; it is used up.
    pub fn take_next(&mut self) -> Vec<String> {
        let isolation = self.next_isolation.take().map(|i| format!("ISOLATION LEVEL {}", i.as_sql()));
        let read_only =
            self.next_read_only.take().map(|r| format!("READ {}", if r { "ONLY" } else { "WRITE" }));
        let both = isolation.into_iter().chain(read_only);
        both.map(|characteristic| format!("SET TRANSACTION {characteristic}")).collect()
    }

    /// Takes the connection of a group's branch for a statement; `put_back` returns it.
    pub fn take(&mut self, group: &Group) -> Option<Pooled> {
        self.branches
            .iter_mut()
            .find(|b| b.instance == group.instance && b.physical_database == group.physical_database)
            .and_then(|b| b.connection.take())
    }

    /// Returns a branch's connection, or enters a new branch.
    pub fn put_back(&mut self, group: &Group, connection: Pooled) {
        let known = self
            .branches
            .iter_mut()
            .find(|b| b.instance == group.instance && b.physical_database == group.physical_database);
        match known {
            Some(branch) => branch.connection = Some(connection),
            None => self.branches.push(Branch {
                instance: group.instance,
                physical_database: group.physical_database.clone(),
                connection: Some(connection),
            }),
        }
    }

    /// True when some branch lost its connection: the transaction cannot go on.
    pub fn is_broken(&self) -> bool {
        self.branches.iter().any(|b| b.connection.as_ref().is_none_or(|c| c.is_broken()))
    }

    /// Notes a write in a group; false when another group wrote before.
    pub fn may_write(&mut self, group: &Group) -> bool {
        match &self.writer {
            Some((instance, database)) => *instance == group.instance && *database == group.physical_database,
            None => {
                self.writer = Some((group.instance, group.physical_database.clone()));
                true
            }
        }
    }
}
