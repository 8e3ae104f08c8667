//! Connections to model servers: commands and answers under way, each in its order, and what either side knows of the other's end.

use std::collections::VecDeque;

use ostrakon::commit::system_schema::Decision;

/// Transactions in a run, and branches of one, at most: one bit of a u64 for each branch.
pub const TRANSACTIONS: usize = 16;
pub const BRANCHES: usize = 4;
pub const SERVERS: usize = 4;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Xid {
    pub transaction: u8,
    pub ordinal: u8,
}

impl Xid {
    pub fn bit(self) -> u64 {
        1 << (self.transaction as usize * BRANCHES + self.ordinal as usize)
    }

    /// The branch of the lowest bit.
    pub fn lowest(mask: u64) -> Self {
        let bit = mask.trailing_zeros() as usize;
        Self { transaction: (bit / BRANCHES) as u8, ordinal: (bit % BRANCHES) as u8 }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// COM_RESET_CONNECTION.
    Reset,
    /// START TRANSACTION. The model's servers need to know whose it is.
    Begin(Xid),
    XaStart(Xid),
    /// Changes the hot row of that number.
    Write(u8),
    /// An UPDATE that changes nothing.
    WriteNothing,
    InsertBranch,
    /// In the open transaction, or, where there is none, at once.
    InsertDecision(u8, Decision),
    /// The same, "committed", if the transaction's row in `branch` is there: what goes before it in the train may have failed, and ended the transaction.
    InsertDecisionOfBranch(u8),
    Commit,
    Rollback,
    XaEnd,
    XaPrepare,
    XaCommitOnePhase,
    XaCommit(Xid),
    XaRollback(Xid),
    XaRecover,
    ReadDecision(u8),
    ReadBranch(Xid),
    Kill(u32),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Ok,
    Error(u16),
    Decision(Option<Decision>),
    Found(bool),
    Recovered(u64),
}

/// Who reads the answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    Branch { coordinator: usize, ordinal: usize },
    Arbiter { coordinator: usize },
    Pool { coordinator: usize },
    Resolver(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Session {
    Free,
    Plain,
    Active,
    Idle,
    /// MariaDB only: the session is captive until its branch is finished.
    Prepared,
}

/// What an open transaction has done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    pub xid: Xid,
    pub decision: Option<Decision>,
    pub row: bool,
    pub wrote: bool,
    /// Hot rows, by bit.
    pub locks: u8,
}

impl Work {
    pub fn of(xid: Xid) -> Self {
        Self { xid, decision: None, row: false, wrote: false, locks: 0 }
    }
}

#[derive(Debug)]
pub struct Connection {
    pub server: usize,
    /// The server's number of it, which it gives again after a restart.
    pub number: u32,
    pub owner: Owner,
    pub commands: VecDeque<Command>,
    pub answers: VecDeque<Answer>,
    /// The client's end is open, as far as the client knows.
    pub client: bool,
    /// What the server answers does not arrive any more.
    pub cut: bool,
    /// The server's end is open.
    pub up: bool,
    /// The server will find its client gone when it has done what has arrived.
    pub eof: bool,
    /// Nothing gets through, in either direction, for a while.
    pub stalled: bool,
    pub session: Session,
    pub work: Work,
}

impl Connection {
    pub fn new() -> Self {
        let xid = Xid { transaction: 0, ordinal: 0 };
        Self {
            server: 0,
            number: 0,
            owner: Owner::Resolver(0),
            commands: VecDeque::new(),
            answers: VecDeque::new(),
            client: false,
            cut: false,
            up: false,
            eof: false,
            stalled: false,
            session: Session::Free,
            work: Work::of(xid),
        }
    }

    pub fn is_unused(&self) -> bool {
        !self.client && !self.up
    }

    /// Something is under way or open, but for a resolver's questions, which never end.
    pub fn is_busy(&self) -> bool {
        let asks = matches!(self.owner, Owner::Resolver(_)) && self.client;
        self.up && (self.session != Session::Free || !self.commands.is_empty() && !asks)
    }

    pub fn reopen(&mut self, server: usize, number: u32, owner: Owner, up: bool) {
        self.commands.clear();
        self.answers.clear();
        (self.server, self.number, self.owner) = (server, number, owner);
        (self.client, self.cut, self.up, self.eof) = (true, false, up, false);
        (self.stalled, self.session) = (false, Session::Free);
    }
}
