//! Coordinators: sessions that run transactions one after another, carry out what the commit machine says, die, and stop for long.
//!
//! What decides is the machine of the program itself; here is only what its actions mean on connections.

use ostrakon::commit::machine::{self, Action, Event, Outcome, Path, Phase, State};
use ostrakon::commit::system_schema::Decision;

use crate::counts::Happened;
use crate::mutants::Mutant;
use crate::rules::Transaction;
use crate::server::ROWS;
use crate::wire::{Answer, BRANCHES, Command, Owner, SERVERS, TRANSACTIONS, Xid};
use crate::world::World;

/// What a branch's connection is busy with, and how many answers are to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Doing {
    Nothing,
    Working,
    Preparing,
    Recording,
    Deciding,
    Finishing,
    /// The only writer's commit in one phase.
    OnePhase,
}

#[derive(Clone, Copy, Debug)]
struct Branch {
    at: usize,
    /// The connection can be used.
    open: bool,
    doing: Doing,
    left: u8,
    /// Of the answers so far: the first error, or 0; and the last one.
    error: u16,
    last: u16,
}

struct Job {
    transaction: u8,
    branches: [Branch; BRANCHES],
    count: usize,
    wrote: [bool; BRANCHES],
    /// Since the commit began, if it has two phases.
    machine: Option<State>,
    arbiter: Option<usize>,
    /// The arbiter's next answer is that of the KILL sent before the question.
    killing: bool,
    /// A doubtful decision was the machine's way here.
    doubtful: bool,
}

pub struct Coordinator {
    pub left: u8,
    pub stopped: bool,
    start: u32,
    dead: bool,
    /// One idle connection to each server.
    pool: [Option<usize>; SERVERS],
    job: Option<Job>,
}

impl Coordinator {
    pub fn new(left: u8) -> Self {
        Self { left, stopped: false, start: 0, dead: false, pool: [None; SERVERS], job: None }
    }

    pub fn is_done(&self) -> bool {
        self.left == 0 && self.job.is_none()
    }

    /// Whether the process of that start is known to have ended.
    pub fn has_ended(&self, start: u32) -> bool {
        self.start != start
    }
}

impl World {
    pub fn coordinate(&mut self, number: usize) {
        let coordinator = &mut self.coordinators[number];
        if coordinator.stopped {
            if self.random.one_in(12) {
                coordinator.stopped = false;
            }
            return;
        }
        if coordinator.dead {
            // A new process.
            coordinator.dead = false;
            coordinator.start += 1;
            return;
        }
        if coordinator.job.is_some() {
            self.time_out(number);
            return;
        }
        if coordinator.left == 0 {
            return;
        }
        coordinator.left -= 1;
        self.begin_transaction(number);
    }

    pub fn crash_coordinator(&mut self, number: usize) {
        if self.coordinators[number].dead {
            return;
        }
        self.counts.add(Happened::CoordinatorCrashes);
        self.tell(|| format!("coordinator {number} crashes"));
        for at in 0..self.connections.len() {
            let connection = &self.connections[at];
            let owner = match connection.owner {
                Owner::Branch { coordinator, .. }
                | Owner::Arbiter { coordinator }
                | Owner::Pool { coordinator } => Some(coordinator),
                Owner::Resolver(_) => None,
            };
            if connection.client && owner == Some(number) {
                self.close(at);
            }
        }
        let coordinator = &mut self.coordinators[number];
        if let Some(job) = coordinator.job.take()
            && self.transactions[job.transaction as usize].answer.is_none()
        {
            self.counts.add(Happened::NoAnswer);
        }
        coordinator.dead = true;
        coordinator.stopped = false;
        coordinator.pool = [None; SERVERS];
    }

    fn begin_transaction(&mut self, number: usize) {
        if self.transactions.len() == TRANSACTIONS {
            return;
        }
        self.counts.add(Happened::Transactions);
        let transaction = self.transactions.len() as u8;
        let count = 2 + self.random.index(BRANCHES - 1);
        let mut entry = Transaction {
            coordinator: number,
            start: self.coordinators[number].start,
            branches: count,
            ..Transaction::default()
        };
        let nobody = Branch { at: 0, open: false, doing: Doing::Nothing, left: 0, error: 0, last: 0 };
        let mut job = Job {
            transaction,
            branches: [nobody; BRANCHES],
            count,
            wrote: [false; BRANCHES],
            machine: None,
            arbiter: None,
            killing: false,
            doubtful: false,
        };
        for ordinal in 0..count {
            let server = self.random.index(self.servers.len());
            let owner = Owner::Branch { coordinator: number, ordinal };
            let mut left = 1;
            let at = match self.coordinators[number].pool[server].take() {
                Some(at) => {
                    self.connections[at].owner = owner;
                    self.send(at, Command::Reset);
                    left += 1;
                    at
                }
                None => self.open(server, owner),
            };
            let xid = Xid { transaction, ordinal: ordinal as u8 };
            self.send(at, if ordinal == 0 { Command::Begin(xid) } else { Command::XaStart(xid) });
            // One in six branches only reads; one in six of the others changes nothing by what it writes.
            if !self.random.one_in(6) {
                job.wrote[ordinal] = true;
                left += 1;
                let row = self.random.index(ROWS) as u8;
                if self.random.one_in(6) {
                    self.send(at, Command::WriteNothing);
                } else {
                    entry.writes |= 1 << ordinal;
                    self.send(at, Command::Write(row));
                }
            }
            job.branches[ordinal] = Branch { at, open: true, doing: Doing::Working, left, error: 0, last: 0 };
            entry.servers[ordinal] = server;
            entry.numbers[ordinal] = self.connections[at].number;
        }
        if let Path::TwoPhase = machine::path(&job.wrote[..count]) {
            entry.rows = (0..count).fold(0, |rows, at| rows | u8::from(job.wrote[at]) << at);
        }
        self.transactions.push(entry);
        self.coordinators[number].job = Some(job);
    }

    fn job(&mut self, number: usize) -> Option<&mut Job> {
        self.coordinators[number].job.as_mut()
    }

    /// Sends a train of commands on a branch's connection. Where that is gone, the answer is its loss.
    fn train(&mut self, number: usize, ordinal: usize, doing: Doing, commands: &[Command]) {
        let Some(job) = self.job(number) else { return };
        let branch = &mut job.branches[ordinal];
        (branch.doing, branch.left, branch.error, branch.last) = (doing, commands.len() as u8, 0, 0);
        let (at, open) = (branch.at, branch.open);
        if !open {
            self.branch_done(number, ordinal, true);
            return;
        }
        commands.iter().for_each(|command| self.send(at, *command));
    }

    /// An answer on a branch's connection; `None`: it is lost.
    pub fn branch_answer(&mut self, number: usize, ordinal: usize, answer: Option<Answer>) {
        let Some(job) = self.job(number) else { return };
        let branch = &mut job.branches[ordinal];
        let Some(answer) = answer else {
            branch.open = false;
            self.branch_done(number, ordinal, true);
            return;
        };
        branch.last = match answer {
            Answer::Error(code) => code,
            _ => 0,
        };
        if branch.error == 0 {
            branch.error = branch.last;
        }
        branch.left = branch.left.saturating_sub(1);
        if branch.left == 0 && branch.doing != Doing::Nothing {
            self.branch_done(number, ordinal, false);
        }
    }

    /// All answers of a branch's train are there, or its connection is lost.
    fn branch_done(&mut self, number: usize, ordinal: usize, lost: bool) {
        let mutant = self.mutant;
        let Some(job) = self.job(number) else { return };
        let transaction = job.transaction as usize;
        let branch = &mut job.branches[ordinal];
        let (doing, error, last) = (branch.doing, branch.error, branch.last);
        branch.doing = Doing::Nothing;
        let event = match doing {
            Doing::Working if lost || error != 0 => return self.fail_early(number),
            Doing::Working => {
                if job.branches[..job.count].iter().all(|branch| branch.doing == Doing::Nothing) {
                    self.begin_commit(number);
                }
                return;
            }
            Doing::OnePhase => {
                let outcome = match (lost, last) {
                    (true, _) => Outcome::Unknown,
                    (false, 0) => Outcome::Committed,
                    (false, _) => Outcome::Aborted,
                };
                if outcome == Outcome::Committed {
                    self.counts.add(Happened::OnePhase);
                }
                self.transactions[transaction].answer = Some(outcome);
                return self.end_job(number);
            }
            Doing::Nothing | Doing::Preparing | Doing::Recording if lost => Event::Lost(ordinal),
            Doing::Nothing => return,
            Doing::Recording if error == 1062 => {
                self.counts.add(Happened::Overtaken);
                match mutant {
                    Some(Mutant::DecideOverDuplicate) => Event::Ready(ordinal),
                    _ => Event::Refused(ordinal),
                }
            }
            Doing::Preparing | Doing::Recording if error != 0 => Event::Refused(ordinal),
            Doing::Preparing | Doing::Recording => Event::Ready(ordinal),
            Doing::Deciding if lost || error != 0 => {
                self.give_back(number, ordinal, false);
                if let Some(job) = self.job(number) {
                    job.doubtful = true;
                }
                Event::DecisionDoubtful
            }
            Doing::Deciding => {
                self.give_back(number, ordinal, true);
                Event::DecisionCommitted
            }
            Doing::Finishing if lost || last != 0 => Event::NotFinished(ordinal),
            Doing::Finishing => {
                self.give_back(number, ordinal, true);
                Event::Finished(ordinal)
            }
        };
        self.event(number, event);
    }

    fn begin_commit(&mut self, number: usize) {
        let Some(job) = self.job(number) else { return };
        let (count, wrote) = (job.count, job.wrote);
        match machine::path(&wrote[..count]) {
            Path::Release => {
                let transaction = job.transaction as usize;
                self.transactions[transaction].answer = Some(Outcome::Committed);
                self.end_job(number);
            }
            Path::OnePhase { writer: 0 } => self.train(number, 0, Doing::OnePhase, &[Command::Commit]),
            Path::OnePhase { writer } => {
                let train = [Command::XaEnd, Command::XaCommitOnePhase];
                self.train(number, writer, Doing::OnePhase, &train);
            }
            Path::TwoPhase => {
                let (state, actions) = machine::start(&wrote[..count]);
                job.machine = Some(state);
                self.act(number, &actions);
            }
        }
    }

    /// Feeds the machine.
    fn event(&mut self, number: usize, event: Event) {
        let mutant = self.mutant;
        let Some(job) = self.job(number) else { return };
        let Some(state) = job.machine.take() else {
            // Before the commit, or in one phase: a connection that only read is gone.
            return;
        };
        let (state, actions) = match mutant {
            Some(mutant) => mutant.step(state, event),
            None => machine::step(state, event),
        };
        let ended = matches!(state.phase, Phase::Ended(_));
        self.tell(|| format!("coordinator {number}: {event:?}: {actions:?}"));
        let Some(job) = self.job(number) else { return };
        job.machine = Some(state);
        self.act(number, &actions);
        if ended {
            self.end_job(number);
        }
    }

    fn act(&mut self, number: usize, actions: &[Action]) {
        let Some(job) = self.job(number) else { return };
        let (transaction, wrote, doubtful) = (job.transaction, job.wrote, job.doubtful);
        let xid = |at: usize| Xid { transaction, ordinal: at as u8 };
        for action in actions {
            match *action {
                Action::Prepare(at) => {
                    let train = [Command::InsertBranch, Command::XaEnd, Command::XaPrepare];
                    self.train(number, at, Doing::Preparing, &train);
                }
                Action::Record => {
                    let both = [Command::InsertBranch, Command::InsertDecisionOfBranch(transaction)];
                    let alone = [Command::InsertDecision(transaction, Decision::Committed)];
                    let blind = [both[0], alone[0]];
                    let train = match (wrote[0], self.mutant) {
                        (true, Some(Mutant::DecideBlindly)) => &blind[..],
                        (true, _) => &both[..],
                        (false, _) => &alone[..],
                    };
                    self.train(number, 0, Doing::Recording, train);
                }
                Action::Decide => self.train(number, 0, Doing::Deciding, &[Command::Commit]),
                Action::AskArbiter => self.ask_arbiter(number),
                Action::Answer(outcome) => {
                    let entry = &mut self.transactions[transaction as usize];
                    assert!(entry.answer.is_none(), "answered twice: {entry:?}");
                    entry.answer = Some(outcome);
                    self.counts.add(match outcome {
                        Outcome::Committed => Happened::Committed,
                        Outcome::Aborted => Happened::Aborted,
                        Outcome::Unknown => Happened::Unknown,
                    });
                    match outcome {
                        Outcome::Committed if doubtful => self.counts.add(Happened::DoubtfulCommitted),
                        Outcome::Aborted if doubtful => self.counts.add(Happened::DoubtfulAborted),
                        _ => {}
                    }
                }
                Action::Commit(at) => {
                    self.train(number, at, Doing::Finishing, &[Command::XaCommit(xid(at))]);
                }
                Action::RollBack(0) | Action::Release(0) => {
                    self.train(number, 0, Doing::Finishing, &[Command::Rollback]);
                }
                // XA END fails where it was done: only the last answer counts.
                Action::RollBack(at) | Action::Release(at) => {
                    let train = [Command::XaEnd, Command::XaRollback(xid(at))];
                    self.train(number, at, Doing::Finishing, &train);
                }
                Action::HandOver(at) => {
                    let pooled = self.mutant == Some(Mutant::PoolPrepared);
                    self.give_back(number, at, pooled);
                }
            }
        }
    }

    /// A branch's connection goes to the pool, or is closed.
    fn give_back(&mut self, number: usize, ordinal: usize, good: bool) {
        let Some(job) = self.job(number) else { return };
        let branch = &mut job.branches[ordinal];
        if !branch.open {
            return;
        }
        let at = branch.at;
        (branch.open, branch.doing) = (false, Doing::Nothing);
        let server = self.connections[at].server;
        let pooled = &mut self.coordinators[number].pool[server];
        if good && pooled.is_none() {
            *pooled = Some(at);
            self.connections[at].owner = Owner::Pool { coordinator: number };
            return;
        }
        self.close(at);
    }

    fn end_job(&mut self, number: usize) {
        let count = self.job(number).map_or(0, |job| job.count);
        (0..count).for_each(|ordinal| self.give_back(number, ordinal, false));
        if let Some(job) = self.coordinators[number].job.take()
            && let Some(at) = job.arbiter
        {
            self.close(at);
        }
    }

    /// A statement failed: no commit was begun, and closing the connections rolls everything back.
    fn fail_early(&mut self, number: usize) {
        self.counts.add(Happened::FailedEarly);
        if let Some(job) = self.job(number) {
            let transaction = job.transaction as usize;
            self.transactions[transaction].answer = Some(Outcome::Aborted);
        }
        self.end_job(number);
    }

    pub fn pool_answer(&mut self, number: usize, at: usize, answer: Option<Answer>) {
        if answer.is_none() {
            let pool = &mut self.coordinators[number].pool;
            pool.iter_mut().filter(|slot| **slot == Some(at)).for_each(|slot| *slot = None);
        }
    }

    /// Some answer is not waited for any longer.
    fn time_out(&mut self, number: usize) {
        let asks = |state: &State| state.phase == Phase::Asking;
        let Some(job) = self.coordinators[number].job.as_ref() else { return };
        let asking = job.machine.as_ref().is_some_and(asks);
        if !self.happens(self.faults.timeout * if asking { 16 } else { 4 }) {
            return;
        }
        let Some(job) = self.coordinators[number].job.as_ref() else { return };
        let ordinal = self.random.index(job.count);
        let branch = job.branches[ordinal];
        self.counts.add(Happened::Timeouts);
        if asking && self.random.one_in(2) {
            return self.event(number, Event::ArbiterSilent);
        }
        if branch.doing != Doing::Nothing && branch.open {
            if let Some(job) = self.job(number) {
                job.branches[ordinal].open = false;
            }
            self.close(branch.at);
            self.branch_done(number, ordinal, true);
        }
    }

    fn ask_arbiter(&mut self, number: usize) {
        let Some(job) = self.job(number) else { return };
        let transaction = job.transaction;
        let entry = &self.transactions[transaction as usize];
        let (server, deciding) = (entry.servers[0], entry.numbers[0]);
        let at = self.open(server, Owner::Arbiter { coordinator: number });
        let killing = self.faults.kill_first;
        if killing {
            self.send(at, Command::Kill(deciding));
        }
        self.send(at, Command::InsertDecision(transaction, Decision::Aborted));
        if let Some(job) = self.job(number) {
            (job.arbiter, job.killing) = (Some(at), killing);
        }
    }

    pub fn arbiter_answer(&mut self, number: usize, answer: Option<Answer>) {
        let Some(job) = self.job(number) else { return };
        let (transaction, Some(at)) = (job.transaction, job.arbiter) else { return };
        if answer.is_some() && std::mem::take(&mut job.killing) {
            return;
        }
        match answer {
            None => self.ask_arbiter(number),
            Some(Answer::Ok) => self.event(number, Event::Arbiter(Decision::Aborted)),
            Some(Answer::Error(1062)) => self.send(at, Command::ReadDecision(transaction)),
            Some(Answer::Decision(Some(decision))) => self.event(number, Event::Arbiter(decision)),
            _ => self.send(at, Command::InsertDecision(transaction, Decision::Aborted)),
        }
    }
}
