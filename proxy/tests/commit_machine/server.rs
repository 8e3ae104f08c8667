//! Model servers: what of InnoDB and of XA matters for a commit, with what was measured of MariaDB where it differs from MySQL.
//!
//! The arbiter is a unique key: who inserts one that an open transaction holds waits until that ends. What is not committed or prepared is
//! lost with its connection or its server; prepared branches stay, with their locks.

use ostrakon::commit::system_schema::Decision;

use crate::counts::Happened;
use crate::wire::{Answer, Command, Connection, Session, TRANSACTIONS, Work, Xid};
use crate::world::World;

/// Hot rows of each server.
pub const ROWS: usize = 5;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    Connection(usize),
    Prepared(Xid),
}

#[derive(Clone, Copy, Debug)]
pub struct Prepared {
    pub work: Work,
    /// MariaDB: nobody else may finish it while this connection is open.
    pub owner: Option<usize>,
}

#[derive(Default)]
pub struct Server {
    pub mariadb: bool,
    pub up: bool,
    pub connections: u32,
    pub decisions: [Option<Decision>; TRANSACTIONS],
    /// Who holds the key of a decision that is not committed.
    pub deciding: [Option<usize>; TRANSACTIONS],
    /// Committed rows of `branch`, and committed writes, by branch.
    pub rows: u64,
    pub writes: u64,
    pub locks: [Option<Holder>; ROWS],
    pub prepared: Vec<Prepared>,
    /// MariaDB: COM_RESET_CONNECTION took them out of sight, with their locks; XA COMMIT of them answers OK and does nothing.
    pub hidden: Vec<Prepared>,
    /// MariaDB: rolled back and acknowledged, but not flushed: a crash brings them back.
    pub shaky: Vec<Prepared>,
    /// MariaDB: in the binary log, lost by the engine: a promotion brings them back.
    pub ghosts: Vec<Prepared>,
}

impl Server {
    pub fn reset(&mut self, mariadb: bool) {
        (self.mariadb, self.up, self.connections) = (mariadb, true, 0);
        self.decisions = [None; TRANSACTIONS];
        self.deciding = [None; TRANSACTIONS];
        (self.rows, self.writes) = (0, 0);
        self.locks = [None; ROWS];
        for list in [&mut self.prepared, &mut self.hidden, &mut self.shaky, &mut self.ghosts] {
            list.clear();
        }
    }

    fn find(&self, xid: Xid) -> Option<usize> {
        self.prepared.iter().position(|branch| branch.work.xid == xid)
    }

    /// What is committed here is flushed, and all that came before it.
    fn apply(&mut self, work: &Work) {
        self.rows |= if work.row { work.xid.bit() } else { 0 };
        self.writes |= if work.wrote { work.xid.bit() } else { 0 };
        if work.decision.is_some() {
            self.decisions[work.xid.transaction as usize] = work.decision;
        }
        self.shaky.clear();
    }

    fn release(&mut self, work: &Work) {
        for (row, lock) in self.locks.iter_mut().enumerate() {
            if work.locks & (1 << row) != 0 {
                *lock = None;
            }
        }
        if work.decision.is_some() {
            self.deciding[work.xid.transaction as usize] = None;
        }
    }

    fn lock_as(&mut self, work: &Work, holder: Holder) {
        for (row, lock) in self.locks.iter_mut().enumerate() {
            if work.locks & (1 << row) != 0 {
                *lock = Some(holder);
            }
        }
    }

    /// A branch that was gone is prepared again; not if its rows were changed since.
    fn revive(&mut self, branch: Prepared) -> bool {
        let free = (0..ROWS).all(|row| branch.work.locks & (1 << row) == 0 || self.locks[row].is_none());
        if free && self.find(branch.work.xid).is_none() {
            self.lock_as(&branch.work, Holder::Prepared(branch.work.xid));
            self.prepared.push(Prepared { owner: None, ..branch });
            return true;
        }
        false
    }
}

impl World {
    /// The server takes the connection's next command, or finds its client gone. False: there was nothing to do.
    pub fn serve(&mut self, at: usize) -> bool {
        let connection = &self.connections[at];
        if !connection.up {
            return false;
        }
        let Some(command) = connection.commands.front().copied() else {
            let gone = connection.eof;
            if gone {
                self.close_server_end(at);
            }
            return gone;
        };
        let Some(answer) = self.execute(at, command) else { return false };
        let (owner, server) = (self.connections[at].owner, self.connections[at].server);
        self.tell(|| format!("server {server} for {owner:?}: {command:?}: {answer:?}"));
        let connection = &mut self.connections[at];
        // A KILL of its own connection closes it.
        if connection.up {
            connection.commands.pop_front();
            if !connection.cut {
                connection.answers.push_back(answer);
            }
        }
        true
    }

    /// The connection's session ends: what is open is rolled back, what is prepared stays.
    pub fn close_server_end(&mut self, at: usize) {
        let connection = &mut self.connections[at];
        if !connection.up {
            return;
        }
        connection.up = false;
        connection.commands.clear();
        let server = &mut self.servers[connection.server];
        match connection.session {
            Session::Free => {}
            Session::Plain | Session::Active | Session::Idle => server.release(&connection.work),
            Session::Prepared => {
                if let Some(index) = server.find(connection.work.xid) {
                    server.prepared[index].owner = None;
                }
            }
        }
        connection.session = Session::Free;
    }

    /// `None`: it waits for a lock.
    fn execute(&mut self, at: usize, command: Command) -> Option<Answer> {
        if self.is_refused(command) {
            return Some(self.refuse(at, command));
        }
        let number = self.connections[at].server;
        let (connection, server) = (&mut self.connections[at], &mut self.servers[number]);
        Some(match command {
            Command::Reset => {
                self.counts.add(Happened::Resets);
                match connection.session {
                    Session::Free => {}
                    Session::Plain | Session::Active | Session::Idle => server.release(&connection.work),
                    Session::Prepared => {
                        if let Some(index) = server.find(connection.work.xid) {
                            let branch = server.prepared.swap_remove(index);
                            server.hidden.push(branch);
                        }
                    }
                }
                connection.session = Session::Free;
                Answer::Ok
            }
            Command::Begin(xid) | Command::XaStart(xid) if connection.session == Session::Free => {
                connection.work = Work::of(xid);
                connection.session =
                    if matches!(command, Command::Begin(_)) { Session::Plain } else { Session::Active };
                Answer::Ok
            }
            Command::Begin(_) | Command::XaStart(_) => Answer::Error(1399),
            Command::Write(row) => {
                let lock = &mut server.locks[row as usize];
                if !matches!(connection.session, Session::Plain | Session::Active) {
                    return Some(Answer::Error(1399));
                }
                match *lock {
                    None => *lock = Some(Holder::Connection(at)),
                    Some(Holder::Connection(holder)) if holder == at => {}
                    Some(_) => return self.waited(at),
                }
                connection.work.locks |= 1 << row;
                connection.work.wrote = true;
                Answer::Ok
            }
            Command::WriteNothing => Answer::Ok,
            Command::InsertBranch => match connection.session {
                Session::Plain | Session::Active => {
                    connection.work.row = true;
                    Answer::Ok
                }
                _ => Answer::Error(1399),
            },
            Command::InsertDecisionOfBranch(_)
                if connection.session != Session::Plain || !connection.work.row =>
            {
                Answer::Ok
            }
            Command::InsertDecisionOfBranch(transaction) => {
                return self.execute(at, Command::InsertDecision(transaction, Decision::Committed));
            }
            Command::InsertDecision(transaction, decision) => {
                let key = transaction as usize;
                if server.decisions[key].is_some() {
                    self.counts.add(Happened::Duplicates);
                    return Some(Answer::Error(1062));
                }
                if server.deciding[key].is_some_and(|holder| holder != at) {
                    self.counts.add(Happened::Waits);
                    return self.waited(at);
                }
                match connection.session {
                    Session::Plain => {
                        connection.work.decision = Some(decision);
                        server.deciding[key] = Some(at);
                    }
                    Session::Free => {
                        server.decisions[key] = Some(decision);
                        server.shaky.clear();
                    }
                    _ => return Some(Answer::Error(1399)),
                }
                Answer::Ok
            }
            Command::Commit | Command::Rollback => match connection.session {
                Session::Free => Answer::Ok,
                Session::Plain => {
                    let work = connection.work;
                    connection.session = Session::Free;
                    server.release(&work);
                    if command == Command::Commit {
                        server.apply(&work);
                    }
                    Answer::Ok
                }
                _ => Answer::Error(1399),
            },
            Command::XaEnd if connection.session == Session::Active => {
                connection.session = Session::Idle;
                Answer::Ok
            }
            Command::XaPrepare if connection.session == Session::Idle => {
                let work = connection.work;
                let owner = server.mariadb.then_some(at);
                server.prepared.push(Prepared { work, owner });
                server.lock_as(&work, Holder::Prepared(work.xid));
                server.shaky.clear();
                connection.session = if server.mariadb { Session::Prepared } else { Session::Free };
                Answer::Ok
            }
            Command::XaCommitOnePhase if connection.session == Session::Idle => {
                let work = connection.work;
                connection.session = Session::Free;
                server.release(&work);
                server.apply(&work);
                Answer::Ok
            }
            Command::XaEnd | Command::XaPrepare | Command::XaCommitOnePhase => Answer::Error(1399),
            Command::XaCommit(xid) => self.finish_branch(at, xid, true),
            Command::XaRollback(xid) => self.finish_branch(at, xid, false),
            Command::XaRecover => {
                Answer::Recovered(server.prepared.iter().fold(0, |mask, branch| mask | branch.work.xid.bit()))
            }
            Command::ReadDecision(transaction) => Answer::Decision(server.decisions[transaction as usize]),
            Command::ReadBranch(xid) => Answer::Found(server.rows & xid.bit() != 0),
            Command::Kill(victim) => {
                let is = |c: &Connection| c.up && c.server == number && c.number == victim;
                match self.connections.iter().position(is) {
                    Some(victim) => {
                        self.counts.add(Happened::Kills);
                        self.close_server_end(victim);
                        Answer::Ok
                    }
                    None => Answer::Error(1094),
                }
            }
        })
    }

    fn finish_branch(&mut self, at: usize, xid: Xid, commit: bool) -> Answer {
        let connection = &mut self.connections[at];
        let server = &mut self.servers[connection.server];
        // A branch that is not prepared is rolled back by its own session only.
        if connection.session == Session::Idle && connection.work.xid == xid {
            if commit {
                return Answer::Error(1399);
            }
            server.release(&connection.work);
            connection.session = Session::Free;
            return Answer::Ok;
        }
        match connection.session {
            Session::Free => {}
            Session::Prepared if connection.work.xid == xid => {}
            _ => return Answer::Error(1400),
        }
        let Some(index) = server.find(xid) else {
            if server.hidden.iter().any(|branch| branch.work.xid == xid) {
                return Answer::Ok;
            }
            self.counts.add(Happened::NotaGone);
            return Answer::Error(1397);
        };
        if server.prepared[index].owner.is_some_and(|owner| owner != at) {
            self.counts.add(Happened::Nota);
            return Answer::Error(1397);
        }
        let own = server.prepared[index].owner == Some(at);
        let branch = server.prepared.swap_remove(index);
        server.release(&branch.work);
        if own {
            connection.session = Session::Free;
        }
        if server.mariadb && !own && !branch.work.wrote && !branch.work.row {
            self.counts.add(Happened::Empty);
            return Answer::Error(1402);
        }
        if commit {
            server.apply(&branch.work);
        } else if server.mariadb {
            server.shaky.push(branch);
        }
        Answer::Ok
    }

    /// A lock is not free: the statement goes on waiting, times out, or is a deadlock's victim.
    fn waited(&mut self, at: usize) -> Option<Answer> {
        if !self.random.one_in(24) {
            return None;
        }
        let connection = &mut self.connections[at];
        if self.random.one_in(4) {
            // The whole transaction is gone, and the session is as before it.
            self.counts.add(Happened::Deadlocks);
            if connection.session != Session::Free {
                self.servers[connection.server].release(&connection.work);
                connection.session = Session::Free;
            }
            return Some(Answer::Error(1213));
        }
        self.counts.add(Happened::LockTimeouts);
        Some(Answer::Error(1205))
    }

    fn is_refused(&mut self, command: Command) -> bool {
        let refusable = matches!(
            command,
            Command::Write(_)
                | Command::InsertBranch
                | Command::InsertDecision(..)
                | Command::Commit
                | Command::XaPrepare
                | Command::XaCommitOnePhase
                | Command::XaCommit(_)
                | Command::XaRollback(_)
        );
        refusable && self.happens(self.faults.refuse)
    }

    /// An error for no reason that matters here: a full disk, read_only, a semi-synchronous replica that is not there.
    fn refuse(&mut self, at: usize, command: Command) -> Answer {
        self.counts.add(Happened::Refusals);
        let connection = &mut self.connections[at];
        let server = &mut self.servers[connection.server];
        match command {
            // The deciding COMMIT's error does not say that it did nothing.
            Command::Commit
                if connection.session == Session::Plain
                    && connection.work.decision.is_some()
                    && self.random.one_in(2) =>
            {
                let work = connection.work;
                connection.session = Session::Free;
                server.release(&work);
                server.apply(&work);
            }
            // A deadlock: the whole transaction is gone, and what is sent behind it runs outside of one.
            Command::InsertBranch if connection.session == Session::Plain && self.random.one_in(2) => {
                self.counts.add(Happened::Deadlocks);
                server.release(&connection.work);
                connection.session = Session::Free;
                return Answer::Error(1213);
            }
            // It may be rolled back, or left as it was.
            Command::XaPrepare if connection.session == Session::Idle && self.random.one_in(2) => {
                server.release(&connection.work);
                connection.session = Session::Free;
            }
            _ => {}
        }
        Answer::Error(1180)
    }

    /// kill -9, or the power: every session ends, at any point of what it does.
    pub fn crash_server(&mut self, number: usize) {
        self.counts.add(Happened::ServerCrashes);
        self.tell(|| format!("server {number} crashes"));
        for at in 0..self.connections.len() {
            if self.connections[at].server != number || !self.connections[at].up {
                continue;
            }
            let ghost = self.crash_in(at);
            self.close_server_end(at);
            if let Some(branch) = ghost {
                self.servers[number].ghosts.push(branch);
            }
        }
        let server = &mut self.servers[number];
        server.up = false;
        for branch in std::mem::take(&mut server.hidden) {
            server.prepared.push(Prepared { owner: None, ..branch });
        }
        let mut shaky = std::mem::take(&mut server.shaky);
        for branch in shaky.drain(..) {
            if self.random.one_in(2) && server.revive(branch) {
                self.counts.add(Happened::RollbacksUndone);
            }
        }
        server.shaky = shaky;
        if !server.ghosts.is_empty() && self.random.one_in(2) {
            for branch in std::mem::take(&mut server.ghosts) {
                if server.revive(branch) {
                    self.counts.add(Happened::Ghosts);
                }
            }
        }
        // A branch that did nothing is not in the log.
        let mariadb = server.mariadb;
        server.prepared.retain(|branch| !mariadb || branch.work.wrote || branch.work.row);
    }

    /// The server dies while it does the connection's next command: done or not, it is not answered. On MariaDB a prepare may be in the binary log
    /// and not in the engine.
    fn crash_in(&mut self, at: usize) -> Option<Prepared> {
        let command = self.connections[at].commands.front().copied()?;
        if self.random.one_in(2) {
            let connection = &self.connections[at];
            let prepares = command == Command::XaPrepare && connection.session == Session::Idle;
            let lost = prepares && self.servers[connection.server].mariadb;
            return lost.then_some(Prepared { work: connection.work, owner: None });
        }
        if matches!(command, Command::Kill(_)) {
            return None;
        }
        if let Some(answer) = self.execute(at, command) {
            self.tell(|| format!("done in the crash: {command:?}: {answer:?}"));
            self.counts.add(Happened::ExecutedUnanswered);
        }
        None
    }

    pub fn restart_server(&mut self, number: usize) {
        self.servers[number].up = true;
        self.servers[number].connections = 0;
    }
}
