//! The session's transaction: which groups it has touched, what it did there, and the connections that it holds.
//!
//! `BEGIN` opens nothing. The first statement in a group brings the opening of its branch along in the same write: `START TRANSACTION` in the
//! first group, which decides at COMMIT, `XA START` in each further one. A transaction that only reads by its own word has plain branches only.

use std::time::Instant;

use ostrakon_catalog::schema::{Group, InstanceId};
use ostrakon_router::parse::command::Isolation;
use ostrakon_router::sharding::topology::quote;
use tokio::sync::oneshot;

use crate::backend::pool::Pooled;
use crate::commit::xid::{Named, TransactionId, Xid};
use crate::deadlock::wait::Backend;

/// One group's part of the transaction.
pub struct Branch {
    /// The group's.
    pub name: String,
    pub instance: InstanceId,
    pub physical_database: String,
    /// `None`: a plain transaction.
    pub xid: Option<Named>,
    /// On a connection with table locks, which START TRANSACTION would give back.
    pub locked: bool,
    /// A plain transaction that `SET autocommit = 0` has opened: what follows one that the server ends is not committed by itself.
    pub without_autocommit: bool,
    /// The server's number of its connection.
    pub opened_on: u32,
    /// A statement that writes was sent, whatever came of it.
    pub wrote: bool,
    /// XA PREPARE was acknowledged.
    pub prepared: bool,
    /// An answer was waited for in vain: whether the server did what it was told is not known.
    pub unanswered: bool,
    /// An answer of those that were read last had warnings.
    pub warned: bool,
    /// The server's number of its connection.
    pub connection_id: u32,
    /// `None` while a statement uses it, and for ever when that lost it.
    pub connection: Option<Pooled>,
}

impl Branch {
    /// The branch with its connection, which ends by itself from now on.
    pub fn take(&mut self) -> Self {
        Self {
            connection: self.connection.take(),
            name: self.name.clone(),
            physical_database: self.physical_database.clone(),
            xid: self.xid.clone(),
            ..*self
        }
    }

    /// Its connection, as its server knows it.
    pub fn backend(&self) -> Backend {
        Backend { instance: self.instance, connection: self.connection_id }
    }

    pub fn is_in(&self, group: &Group) -> bool {
        self.instance == group.instance && self.physical_database == group.physical_database
    }
}

/// A branch of an earlier transaction of this session: committed for sure, but its server has not said so yet.
pub struct Finishing {
    pub instance: InstanceId,
    pub physical_database: String,
    /// Resolves, by being dropped, when the branch has ended.
    pub ended: oneshot::Receiver<()>,
}

/// Transaction state of a session.
pub struct Transaction {
    /// `autocommit`: the session variable.
    pub autocommit: bool,
    /// BEGIN was said and neither COMMIT nor ROLLBACK since.
    explicit: bool,
    /// A statement that writes in several places is a transaction of its own.
    statement: bool,
    /// What makes its branches ready follows in the same write as its statements.
    at_once: bool,
    /// START TRANSACTION READ ONLY / READ WRITE.
    pub read_only: Option<bool>,
    /// SET TRANSACTION without SESSION: for the next transaction only.
    pub next_isolation: Option<Isolation>,
    pub next_read_only: Option<bool>,
    pub consistent_snapshot: bool,
    /// The branches' snapshots agree, so no further one can be opened.
    pub agreed: bool,
    /// In the order in which they were touched: the first one decides.
    pub branches: Vec<Branch>,
    /// When the first branch opened.
    pub began: Option<Instant>,
    /// Given when a second branch opens.
    pub id: Option<TransactionId>,
    /// Savepoints in the order in which they were set: a branch that opens later sets them too.
    pub savepoints: Vec<String>,
    pub finishing: Vec<Finishing>,
}

impl Default for Transaction {
    fn default() -> Self {
        Self {
            autocommit: true,
            explicit: false,
            statement: false,
            at_once: false,
            read_only: None,
            next_isolation: None,
            next_read_only: None,
            consistent_snapshot: false,
            agreed: false,
            branches: Vec::new(),
            began: None,
            id: None,
            savepoints: Vec::new(),
            finishing: Vec::new(),
        }
    }
}

impl Transaction {
    /// Statements run inside a transaction: after BEGIN, or always with autocommit = 0.
    pub fn applies(&self) -> bool {
        self.explicit || !self.autocommit || self.statement
    }

    /// A statement is a transaction of its own, of the session's usual kind, and nothing of an earlier one is still to be waited for.
    pub fn is_calm(&self) -> bool {
        !self.applies()
            && self.branches.is_empty()
            && self.finishing.is_empty()
            && self.next_isolation.is_none()
            && self.next_read_only.is_none()
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

    /// The statement that runs now is a transaction of its own: whoever says so commits it or rolls it back before the statement is answered.
    pub fn begin_statement(&mut self) {
        self.statement = true;
    }

    /// The same, where its branches are told to prepare in the same write as the statement (`commit::train`).
    pub fn begin_statement_at_once(&mut self) {
        self.statement = true;
        self.at_once = true;
    }

    /// The transaction is one statement's own, which ends it.
    pub fn is_statement(&self) -> bool {
        self.statement
    }

    /// Forgets the transaction; the branches must have ended (or their connections are closed by dropping them).
    pub fn end(&mut self) -> Vec<Branch> {
        self.explicit = false;
        self.statement = false;
        self.at_once = false;
        self.read_only = None;
        self.next_isolation = None;
        self.next_read_only = None;
        self.consistent_snapshot = false;
        self.agreed = false;
        self.savepoints.clear();
        self.id = None;
        self.began = None;
        std::mem::take(&mut self.branches)
    }

    /// Gives the branches away, in which nothing was done: the transaction is as BEGIN has left it.
    pub fn withdraw(&mut self) -> Vec<Branch> {
        self.agreed = false;
        self.id = None;
        self.began = None;
        std::mem::take(&mut self.branches)
    }

    /// The client has said that it only reads.
    pub fn is_read_only(&self) -> bool {
        self.read_only.or(self.next_read_only) == Some(true)
    }

    /// Enters a branch for a group that was not touched before, over this connection, and returns the statements that open it. `locked`: it has table locks.
    /// `new_id`: makes the transaction's id, of which the instance decides.
    pub fn open(
        &mut self,
        group: &Group,
        connection: u32,
        locked: bool,
        new_id: impl FnOnce(InstanceId) -> TransactionId,
    ) -> Vec<String> {
        let xid = match self.branches.first() {
            Some(first) if !self.is_read_only() && !locked => {
                let transaction = *self.id.get_or_insert_with(|| new_id(first.instance));
                let ordinal = u16::try_from(self.branches.len()).unwrap_or(u16::MAX);
                Some(Named::new(Xid { transaction, ordinal, connection, deciding: first.opened_on }))
            }
            _ => None,
        };
        let without_autocommit = xid.is_none() && (locked || self.at_once);
        self.began.get_or_insert_with(Instant::now);
        let opening = self.opening(xid.as_ref(), without_autocommit);
        self.branches.push(Branch {
            name: group.name.clone(),
            instance: group.instance,
            physical_database: group.physical_database.clone(),
            xid,
            locked,
            without_autocommit,
            opened_on: connection,
            wrote: false,
            prepared: false,
            unanswered: false,
            warned: false,
            connection_id: connection,
            connection: None,
        });
        opening
    }

    /// The statements that end a group's branch, in which nothing was written, and open it anew.
    pub fn reopen(&self, group: &Group) -> Vec<String> {
        let branch = self.branches.iter().find(|branch| branch.is_in(group));
        let xid = branch.and_then(|branch| branch.xid.as_ref());
        let mut statements = match xid.map(|xid| &xid.literal) {
            Some(xid) => vec![format!("XA END {xid}"), format!("XA ROLLBACK {xid}")],
            None => vec!["COMMIT".to_owned()],
        };
        statements.extend(self.opening(xid, false));
        statements
    }

    fn opening(&self, xid: Option<&Named>, without_autocommit: bool) -> Vec<String> {
        let mut statements = Vec::new();
        if let Some(isolation) = self.next_isolation {
            statements.push(format!("SET TRANSACTION ISOLATION LEVEL {}", isolation.as_sql()));
        }
        let read_only = self.read_only.or(self.next_read_only);
        match xid {
            Some(xid) => {
                if read_only == Some(false) {
                    statements.push("SET TRANSACTION READ WRITE".to_owned());
                }
                statements.push(format!("XA START {}", xid.literal));
                if self.consistent_snapshot {
                    // XA START takes no snapshot; a read of any table does.
                    statements.push("SELECT 1 FROM `__ostrakon`.decision LIMIT 1".to_owned());
                }
            }
            None if without_autocommit => statements.push("SET autocommit = 0".to_owned()),
            None => {
                let mut words = Vec::new();
                if self.consistent_snapshot {
                    words.push("WITH CONSISTENT SNAPSHOT");
                }
                words.extend(read_only.map(|only| if only { "READ ONLY" } else { "READ WRITE" }));
                let separator = if words.is_empty() { "" } else { " " };
                statements.push(format!("START TRANSACTION{separator}{}", words.join(", ")));
            }
        }
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

    /// The first of these groups that the transaction has not touched.
    pub fn untouched<'g>(&self, groups: &'g [Group]) -> Option<&'g Group> {
        groups.iter().find(|group| !self.branches.iter().any(|branch| branch.is_in(group)))
    }

    fn branch(&mut self, group: &Group) -> Option<&mut Branch> {
        self.branches.iter_mut().find(|branch| branch.is_in(group))
    }

    /// Takes the connection of a group's branch for a statement; `put_back` returns it.
    pub fn take(&mut self, group: &Group) -> Option<Pooled> {
        self.branch(group)?.connection.take()
    }

    /// Returns a branch's connection.
    pub fn put_back(&mut self, group: &Group, connection: Pooled) {
        if let Some(branch) = self.branch(group) {
            branch.connection = Some(connection);
        }
    }

    /// True when some branch lost its connection: the transaction cannot go on.
    pub fn is_broken(&self) -> bool {
        self.branches.iter().any(|b| b.connection.as_ref().is_none_or(|c| c.is_broken()))
    }

    /// Instances that hold writes of this transaction once these groups are written too: none, unless they are two groups or more.
    pub fn participants(&self, groups: &[Group]) -> Vec<InstanceId> {
        // Under table locks nothing is prepared.
        if self.branches.iter().any(|branch| branch.locked) {
            return Vec::new();
        }
        let wrote = self.branches.iter().filter(|branch| branch.wrote).map(|branch| branch.instance);
        let further = groups.iter().filter(|group| !self.branches.iter().any(|b| b.wrote && b.is_in(group)));
        let writers = wrote.chain(further.map(|group| group.instance));
        // Before each write of a transaction: mostly there is one.
        if writers.clone().nth(1).is_none() {
            return Vec::new();
        }
        let mut instances: Vec<InstanceId> = writers.collect();
        // The deciding branch takes part even if it only read.
        instances.extend(self.branches.first().map(|branch| branch.instance));
        instances.sort_unstable();
        instances.dedup();
        instances
    }

    /// A statement that writes goes to this group now.
    pub fn note_write(&mut self, group: &Group) {
        // A server refuses writes of a transaction that only reads, and its branches could not be prepared.
        if self.is_read_only() {
            return;
        }
        if let Some(branch) = self.branch(group) {
            branch.wrote = true;
        }
    }

    /// The group's branch is a plain transaction, which a server may end on its own: not where nobody else has the tables.
    pub fn is_plain(&self, group: &Group) -> bool {
        self.branches.iter().any(|branch| branch.is_in(group) && branch.xid.is_none() && !branch.locked)
    }

    /// A connection was closed by its server since its last answer.
    pub fn has_lost_one(&self) -> bool {
        self.branches.iter().any(|branch| branch.connection.as_ref().is_none_or(|c| !c.is_alive()))
    }

    /// Takes what an earlier transaction of this session still has to finish in these groups.
    pub fn take_finishing(&mut self, groups: &[Group]) -> Vec<Finishing> {
        if self.finishing.is_empty() {
            return Vec::new();
        }
        let touched = |f: &Finishing| {
            groups.iter().any(|g| g.instance == f.instance && g.physical_database == f.physical_database)
        };
        let (touched, rest) = std::mem::take(&mut self.finishing).into_iter().partition(touched);
        self.finishing = rest;
        touched
    }
}
