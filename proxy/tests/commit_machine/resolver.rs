//! Resolvers: they look for prepared branches that nobody finishes, ask the arbiter, and finish them. Any number of them at once.

use ostrakon::commit::system_schema::Decision;

use crate::counts::Happened;
use crate::mutants::Mutant;
use crate::wire::{Answer, Command, Owner, SERVERS, Xid};
use crate::world::World;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Idle,
    Listing,
    Deciding(Xid),
    Reading(Xid),
    Finishing(Xid, Decision),
    /// After XAER_NOTA: is it there?
    ListingAgain(Xid, Decision),
    Killing(Xid, Decision),
    /// After a commit: is its row there?
    Proving(Xid),
}

#[derive(Default)]
pub struct Resolver {
    connection: Option<usize>,
    stage: Stage,
    server: usize,
    /// By server: what was prepared when it was last looked at.
    seen: [u64; SERVERS],
    orphans: u64,
}

impl Resolver {
    pub fn is_idle(&self) -> bool {
        self.stage == Stage::Idle
    }
}

impl World {
    /// Begins a round, if none is under way.
    pub fn resolve(&mut self, number: usize) {
        if self.resolvers[number].stage != Stage::Idle {
            return;
        }
        let server = (self.resolvers[number].server + 1) % self.servers.len();
        self.resolvers[number].server = server;
        self.ask(number, server, Command::XaRecover, Stage::Listing);
    }

    pub fn crash_resolver(&mut self, number: usize) {
        self.counts.add(Happened::ResolverCrashes);
        if let Some(at) = self.resolvers[number].connection.take() {
            self.close(at);
        }
        self.resolvers[number] = Resolver::default();
    }

    fn ask(&mut self, number: usize, server: usize, command: Command, stage: Stage) {
        let at = match self.resolvers[number].connection {
            Some(at) if self.connections[at].server == server => at,
            old => {
                if let Some(at) = old {
                    self.close(at);
                }
                self.open(server, Owner::Resolver(number))
            }
        };
        self.resolvers[number].connection = Some(at);
        self.resolvers[number].stage = stage;
        self.send(at, command);
    }

    pub fn resolver_answer(&mut self, number: usize, answer: Option<Answer>) {
        let Some(answer) = answer else {
            let resolver = &mut self.resolvers[number];
            (resolver.connection, resolver.stage) = (None, Stage::Idle);
            return;
        };
        let server = self.resolvers[number].server;
        match (self.resolvers[number].stage, answer) {
            (Stage::Listing, Answer::Recovered(mask)) => {
                let ended = self.branches_of_the_ended(mask);
                let impatient = if self.faults.impatient { mask } else { 0 };
                let resolver = &mut self.resolvers[number];
                resolver.orphans = mask & (resolver.seen[server] | ended | impatient);
                resolver.seen[server] = mask;
                self.next_orphan(number);
            }
            (Stage::Deciding(xid), Answer::Ok) => self.finish(number, xid, Decision::Aborted),
            (Stage::Deciding(xid), Answer::Error(1062)) => {
                if self.mutant == Some(Mutant::DuplicateIsCommitted) {
                    return self.finish(number, xid, Decision::Committed);
                }
                let decides = self.decides(xid);
                self.ask(number, decides, Command::ReadDecision(xid.transaction), Stage::Reading(xid));
            }
            (Stage::Reading(xid), Answer::Decision(Some(decision))) => self.finish(number, xid, decision),
            (Stage::Reading(xid), Answer::Decision(None))
                if self.mutant == Some(Mutant::ResolveWithoutArbiter) =>
            {
                self.finish(number, xid, Decision::Aborted);
            }
            (Stage::Finishing(xid, decision), Answer::Ok) => {
                self.counts.add(match decision {
                    Decision::Committed => Happened::ResolvedCommitted,
                    Decision::Aborted => Happened::ResolvedAborted,
                });
                self.prove(number, xid, decision);
            }
            (Stage::Finishing(xid, decision), Answer::Error(1397))
                if self.mutant != Some(Mutant::NotaIsDone) =>
            {
                self.ask(number, server, Command::XaRecover, Stage::ListingAgain(xid, decision));
            }
            (Stage::ListingAgain(xid, decision), Answer::Recovered(mask)) => {
                if mask & xid.bit() == 0 {
                    return self.prove(number, xid, decision);
                }
                let owner = self.transactions[xid.transaction as usize].numbers[xid.ordinal as usize];
                self.ask(number, server, Command::Kill(owner), Stage::Killing(xid, decision));
            }
            (Stage::Killing(xid, decision), _) => self.finish(number, xid, decision),
            (Stage::Proving(xid), Answer::Found(found)) => {
                assert!(found, "a branch with a committed decision is gone, and was not committed: {xid:?}");
                self.next_orphan(number);
            }
            // Whatever else: later.
            _ => self.next_orphan(number),
        }
    }

    fn decides(&self, xid: Xid) -> usize {
        self.transactions[xid.transaction as usize].servers[0]
    }

    fn branches_of_the_ended(&self, mut mask: u64) -> u64 {
        let mut ended = 0;
        while mask != 0 {
            let xid = Xid::lowest(mask);
            mask &= !xid.bit();
            let transaction = &self.transactions[xid.transaction as usize];
            if self.coordinators[transaction.coordinator].has_ended(transaction.start) {
                ended |= xid.bit();
            }
        }
        ended
    }

    fn next_orphan(&mut self, number: usize) {
        let resolver = &mut self.resolvers[number];
        if resolver.orphans == 0 {
            resolver.stage = Stage::Idle;
            return;
        }
        let xid = Xid::lowest(resolver.orphans);
        resolver.orphans &= !xid.bit();
        let decides = self.decides(xid);
        if self.mutant == Some(Mutant::ResolveWithoutArbiter) {
            return self.ask(number, decides, Command::ReadDecision(xid.transaction), Stage::Reading(xid));
        }
        let insert = Command::InsertDecision(xid.transaction, Decision::Aborted);
        self.ask(number, decides, insert, Stage::Deciding(xid));
    }

    fn finish(&mut self, number: usize, xid: Xid, decision: Decision) {
        let server = self.resolvers[number].server;
        let command = match decision {
            Decision::Committed => Command::XaCommit(xid),
            Decision::Aborted => Command::XaRollback(xid),
        };
        self.ask(number, server, command, Stage::Finishing(xid, decision));
    }

    /// What was committed must be seen: on MariaDB an XA COMMIT that answered OK may have done nothing.
    fn prove(&mut self, number: usize, xid: Xid, decision: Decision) {
        if decision == Decision::Aborted {
            return self.next_orphan(number);
        }
        let server = self.resolvers[number].server;
        self.ask(number, server, Command::ReadBranch(xid), Stage::Proving(xid));
    }
}
