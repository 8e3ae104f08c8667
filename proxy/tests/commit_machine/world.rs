//! The world of one run: servers, connections, coordinators, resolvers, and what a seed lets happen to them, step by step.

use crate::coordinator::Coordinator;
use crate::counts::{Counts, Happened};
use crate::faults::Faults;
use crate::mutants::Mutant;
use crate::random::Random;
use crate::resolver::Resolver;
use crate::rules::Transaction;
use crate::server::Server;
use crate::wire::{Command, Connection, Owner, SERVERS, Session, TRANSACTIONS};

/// Rounds in which all must have come to rest.
const REST_ROUNDS: usize = 4_000;

pub struct World {
    pub random: Random,
    pub faults: Faults,
    pub counts: Counts,
    pub connections: Vec<Connection>,
    /// Of earlier runs, for their memory.
    spare: Vec<Connection>,
    pub servers: Vec<Server>,
    pub coordinators: Vec<Coordinator>,
    pub resolvers: Vec<Resolver>,
    pub transactions: Vec<Transaction>,
    pub mutant: Option<Mutant>,
    /// Tells what happens.
    pub told: bool,
    /// Nothing goes wrong any more.
    pub calm: bool,
    /// Of the run, for its print.
    steps: u64,
}

impl World {
    pub fn new(mutant: Option<Mutant>) -> Self {
        Self {
            random: Random::new(0),
            faults: Faults::default(),
            counts: Counts::default(),
            connections: Vec::new(),
            spare: Vec::new(),
            servers: (0..SERVERS).map(|_| Server::default()).collect(),
            coordinators: Vec::new(),
            resolvers: Vec::new(),
            transactions: Vec::new(),
            mutant,
            told: false,
            calm: false,
            steps: 0,
        }
    }

    /// Plays one seed's run, to its end; gives a fingerprint, or what is wrong.
    pub fn play(&mut self, seed: u64) -> Result<u64, String> {
        self.begin(seed);
        let busiest = 150 + 120 * self.coordinators.iter().map(|c| u64::from(c.left)).sum::<u64>();
        for _ in 0..busiest {
            self.step();
            if self.coordinators.iter().all(Coordinator::is_done) {
                break;
            }
        }
        // What only a crash shows is shown twice: before all has come to rest, and after.
        for _ in 0..2 {
            for server in 0..self.servers.len() {
                if self.servers[server].up && self.random.one_in(2) {
                    self.crash_server(server);
                }
            }
            self.rest()?;
            self.check()?;
        }
        Ok(self.steps ^ self.random.next())
    }

    fn begin(&mut self, seed: u64) {
        self.random = Random::new(seed);
        self.faults = Faults::of(&mut self.random);
        self.calm = false;
        self.steps = 0;
        self.spare.append(&mut self.connections);
        let servers = 2 + self.random.index(SERVERS - 1);
        self.servers.resize_with(servers, Server::default);
        // MariaDB and MySQL, or one of them.
        let kinds = self.random.below(3);
        for server in 0..servers {
            let mariadb = kinds == 0 || (kinds == 1 && self.random.one_in(2));
            self.servers[server].reset(mariadb);
        }
        self.transactions.clear();
        self.coordinators.clear();
        for _ in 0..1 + self.random.index(4) {
            let left = 1 + self.random.index(TRANSACTIONS / 4) as u8;
            self.coordinators.push(Coordinator::new(left));
        }
        self.resolvers.clear();
        for _ in 0..1 + self.random.index(3) {
            self.resolvers.push(Resolver::default());
        }
    }

    pub fn tell(&self, what: impl FnOnce() -> String) {
        if self.told {
            println!("{:>5} {}", self.steps, what());
        }
    }

    pub fn happens(&mut self, chances: u64) -> bool {
        !self.calm && self.random.below(4096) < chances
    }

    fn step(&mut self) {
        self.steps += 1;
        self.misfortune();
        let actors = self.coordinators.len() + self.faults.resolvers;
        let at = self.random.index(self.connections.len() * 2 + actors);
        if at < self.connections.len() * 2 {
            let (at, serve) = (at / 2, at.is_multiple_of(2));
            if self.connections[at].stalled {
                self.connections[at].stalled = !self.random.one_in(24);
                return;
            }
            if !(serve && self.serve(at)) {
                self.deliver(at);
            }
            return;
        }
        let actor = at - self.connections.len() * 2;
        if actor < self.coordinators.len() {
            self.coordinate(actor);
        } else {
            let resolver = self.random.index(self.resolvers.len());
            self.resolve(resolver);
        }
    }

    fn misfortune(&mut self) {
        if self.happens(self.faults.cut) && !self.connections.is_empty() {
            let at = self.random.index(self.connections.len());
            self.cut(at);
        }
        if self.happens(self.faults.stall) && !self.connections.is_empty() {
            let at = self.random.index(self.connections.len());
            self.connections[at].stalled = true;
            self.counts.add(Happened::Stalls);
        }
        if self.happens(self.faults.crash_server) {
            let server = self.random.index(self.servers.len());
            if self.servers[server].up {
                self.crash_server(server);
            }
        }
        if self.happens(self.faults.crash_coordinator) {
            let coordinator = self.random.index(self.coordinators.len());
            self.crash_coordinator(coordinator);
        }
        if self.happens(self.faults.stop_coordinator) {
            let coordinator = self.random.index(self.coordinators.len());
            self.coordinators[coordinator].stopped = true;
            self.counts.add(Happened::CoordinatorStops);
        }
        if self.happens(self.faults.crash_resolver) {
            let resolver = self.random.index(self.resolvers.len());
            self.crash_resolver(resolver);
        }
        let server = self.random.index(self.servers.len());
        if !self.servers[server].up && self.random.one_in(12) {
            self.restart_server(server);
        }
    }

    pub fn open(&mut self, server: usize, owner: Owner) -> usize {
        let at = self.connections.iter().position(Connection::is_unused).unwrap_or_else(|| {
            self.connections.push(self.spare.pop().unwrap_or_else(Connection::new));
            self.connections.len() - 1
        });
        let host = &mut self.servers[server];
        host.connections += 1;
        self.connections[at].reopen(server, host.connections, owner, host.up);
        at
    }

    pub fn send(&mut self, at: usize, command: Command) {
        let connection = &mut self.connections[at];
        // What is sent into a dead connection is not heard of: the loss is found by reading.
        if connection.up && !connection.eof && !connection.cut {
            connection.commands.push_back(command);
        }
    }

    /// The client closes its end. The server goes on with some of what has arrived, and finds out then.
    pub fn close(&mut self, at: usize) {
        self.connections[at].client = false;
        self.connections[at].answers.clear();
        self.end_of_file(at);
    }

    fn cut(&mut self, at: usize) {
        let connection = &mut self.connections[at];
        if connection.is_unused() || connection.cut {
            return;
        }
        self.counts.add(Happened::Cuts);
        connection.cut = true;
        let owner = connection.owner;
        self.tell(|| format!("connection {at} of {owner:?} is cut"));
        let connection = &mut self.connections[at];
        let arrived = self.random.index(connection.answers.len() + 1);
        connection.answers.truncate(arrived);
        self.end_of_file(at);
    }

    fn end_of_file(&mut self, at: usize) {
        let connection = &mut self.connections[at];
        if connection.eof || !connection.up {
            return;
        }
        connection.cut = true;
        let arrived = self.random.index(connection.commands.len() + 1);
        connection.commands.truncate(arrived);
        if self.faults.half_open && self.random.one_in(4) {
            self.counts.add(Happened::HalfOpen);
            return;
        }
        connection.eof = true;
    }

    /// The client reads: an answer, or that the connection is gone. False: nothing to read.
    pub fn deliver(&mut self, at: usize) -> bool {
        let connection = &mut self.connections[at];
        if !connection.client {
            return false;
        }
        if let Owner::Branch { coordinator, .. }
        | Owner::Arbiter { coordinator }
        | Owner::Pool { coordinator } = connection.owner
            && self.coordinators[coordinator].stopped
        {
            return false;
        }
        let answer = connection.answers.pop_front();
        if answer.is_none() {
            if connection.up && !connection.cut {
                return false;
            }
            connection.client = false;
        }
        let owner = connection.owner;
        self.tell(|| format!("{owner:?} reads {answer:?}"));
        match owner {
            Owner::Branch { coordinator, ordinal } => self.branch_answer(coordinator, ordinal, answer),
            Owner::Arbiter { coordinator } => self.arbiter_answer(coordinator, answer),
            Owner::Pool { coordinator } => self.pool_answer(coordinator, at, answer),
            Owner::Resolver(resolver) => self.resolver_answer(resolver, answer),
        }
        true
    }

    /// Nothing fails any more, and all has to come to its end.
    fn rest(&mut self) -> Result<(), String> {
        self.calm = true;
        for server in 0..self.servers.len() {
            if !self.servers[server].up {
                self.restart_server(server);
            }
        }
        for coordinator in 0..self.coordinators.len() {
            // Whoever is still stopped goes on, or dies now.
            if self.coordinators[coordinator].stopped && self.random.one_in(2) {
                self.crash_coordinator(coordinator);
            }
            self.coordinators[coordinator].stopped = false;
        }
        for round in 0..REST_ROUNDS {
            let quiet = self.is_at_rest();
            if quiet && self.resolvers.iter().all(Resolver::is_idle) {
                return Ok(());
            }
            for at in 0..self.connections.len() {
                self.serve(at);
                self.deliver(at);
                self.outlast(at, round);
            }
            (0..self.coordinators.len()).for_each(|coordinator| self.coordinate(coordinator));
            if !quiet {
                (0..self.resolvers.len()).for_each(|resolver| self.resolve(resolver));
            }
            self.steps += 1;
        }
        let prepared: Vec<_> = self.servers.iter().flat_map(|server| &server.prepared).collect();
        let open: Vec<_> = self.connections.iter().filter(|c| c.is_busy()).collect();
        Err(format!("it did not come to rest: prepared {prepared:?}, busy {open:?}"))
    }

    /// A server ends what a vanished client left open, after its time limit; only a captive session with a prepared branch stays.
    fn outlast(&mut self, at: usize, round: usize) {
        let connection = &self.connections[at];
        let vanished = connection.up && connection.cut && !connection.eof && connection.commands.is_empty();
        if vanished && connection.session != Session::Prepared && round % 8 == 7 {
            self.close_server_end(at);
        }
    }

    fn is_at_rest(&self) -> bool {
        self.coordinators.iter().all(Coordinator::is_done)
            && self.servers.iter().all(|server| server.prepared.is_empty())
            && !self.connections.iter().any(Connection::is_busy)
    }
}
