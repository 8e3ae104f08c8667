//! The world of one run: nodes, their disks, the network between them, and what a seed lets happen to them, step by step.

use std::collections::{BTreeMap, BTreeSet};

use ostrakon_catalog::Command;
use ostrakon_catalog::encode::encode_command;
use ostrakon_catalog::job::Owner;
use ostrakon_meta::driver::{Driver, DriverConfig, Progress};
use raft::prelude::{Message, MessageType};

use crate::clients::{Asker, Clients, register};
use crate::disk::Disk;
use crate::history::History;
use crate::network::Network;
use crate::random::Random;
use crate::totals::Totals;
use crate::weather::Weather;

pub const VOTERS: u64 = 3;
/// States are compared at each index that this divides: encoding them is most of a run's time.
const COMPARED_EACH: u64 = 4;
/// Rounds of ticks in which all must have come to rest.
const REST_ROUNDS: u32 = 400;

/// What waits for a node's thread.
enum Input {
    Message(Message),
    Propose(Command),
    Read,
}

struct Node {
    driver: Driver<Disk>,
    start: u64,
    inbox: Vec<Input>,
    /// Its disk is slow: it does nothing until that step, and its inbox fills.
    busy_until: u64,
    /// Last index whose entry and state were looked at.
    seen: u64,
}

pub struct World {
    random: Random,
    weather: Weather,
    disks: BTreeMap<u64, Disk>,
    nodes: BTreeMap<u64, Node>,
    network: Network,
    clients: Clients,
    history: History,
    steps: u64,
    starts: u64,
    /// Requests without an answer.
    open: u64,
    leaders: BTreeMap<u64, u64>,
    pub totals: Totals,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut world = Self {
            weather: Weather::of(&mut random),
            random,
            disks: (1..=VOTERS).map(|id| (id, Disk::default())).collect(),
            nodes: BTreeMap::new(),
            network: Network::default(),
            clients: Clients::default(),
            history: History::default(),
            steps: 0,
            starts: 0,
            open: 0,
            leaders: BTreeMap::new(),
            totals: Totals::default(),
        };
        (1..=VOTERS).for_each(|id| world.start(id));
        world
    }

    /// Runs the whole of it; gives a fingerprint.
    pub fn run(&mut self) -> u64 {
        for _ in 0..2_000 + self.random.below(8_000) {
            self.step();
        }
        self.settle();
        self.check();
        self.history.print()
    }

    fn config(&mut self, id: u64) -> DriverConfig {
        // One possible election timeout for each node: raft draws it from the thread's randomness, which no seed reaches.
        let ticks = 10 + 4 * id as usize + self.random.below(4) as usize;
        DriverConfig {
            node_id: id,
            start: self.starts,
            voters: (1..=VOTERS).collect(),
            election_ticks: ticks..ticks + 1,
            heartbeat_ticks: 2,
            propose_ticks: 60,
            snapshot_entries: 15,
        }
    }

    fn start(&mut self, id: u64) {
        self.starts += 1;
        let config = self.config(id);
        let driver = Driver::open(config, self.disks[&id].clone()).unwrap();
        let seen = driver.applied();
        let node = Node { driver, start: self.starts, inbox: Vec::new(), busy_until: 0, seen };
        self.nodes.insert(id, node);
        let owner = Owner { node: id, start: self.starts };
        self.ask(id, register(owner));
    }

    /// Lets a node do what has come up, unless it is busy, and looks at what became of it. When its disk fails in the middle, the
    /// node dies there: what it had sent by then is on its way.
    fn work(&mut self, id: u64) {
        let steps = self.steps;
        let Some(node) = self.nodes.get_mut(&id).filter(|node| node.busy_until <= steps) else { return };
        for input in std::mem::take(&mut node.inbox) {
            match input {
                Input::Message(message) => node.driver.step(message),
                Input::Propose(command) => {
                    let request = node.driver.propose(&encode_command(&command));
                    self.history.asked(request, command);
                    self.open += 1;
                }
                Input::Read => {
                    self.history.read_asked(node.driver.read_index());
                    self.open += 1;
                }
            }
        }
        let mut sent: Vec<Message> = Vec::new();
        let result = node.driver.handle_ready(&mut sent);
        let snapshots = sent.iter().filter(|m| m.get_msg_type() == MessageType::MsgSnapshot).count();
        self.totals.add("snapshots sent", snapshots as u64);
        self.network.send(sent);
        self.look(id);
        match result {
            Ok(progress) => self.answered(id, progress),
            Err(_) => {
                self.totals.count("deaths between two writes of one round");
                self.lose_power(id);
            }
        }
    }

    /// Checks what a node has applied since the last look.
    fn look(&mut self, id: u64) {
        let Some(node) = self.nodes.get_mut(&id) else { return };
        if node.driver.leader() == Some(id) {
            let term = node.driver.term();
            let leader = *self.leaders.entry(term).or_insert(id);
            assert_eq!(leader, id, "term {term} has two leaders");
        }
        let applied = node.driver.applied();
        assert!(applied >= node.seen, "node {id} went back from {} to {applied}", node.seen);
        if applied == node.seen {
            return;
        }
        let disk = &self.disks[&id];
        for entry in (node.seen + 1..=applied).filter_map(|index| disk.entry(index)) {
            self.history.committed(id, entry);
        }
        disk.forget_to(applied);
        node.seen = applied;
        if applied.is_multiple_of(COMPARED_EACH) {
            self.history.state(id, applied, &node.driver.state_bytes(), node.driver.catalog());
        }
    }

    fn answered(&mut self, id: u64, progress: Progress) {
        let applied = self.nodes[&id].driver.applied();
        self.note_answers(applied, progress);
    }

    fn note_answers(&mut self, applied: u64, progress: Progress) {
        for (read, result) in progress.reads {
            self.open -= 1;
            match result {
                Ok(()) => self.history.read_answered(read, applied),
                Err(_) => self.totals.count("reads refused"),
            }
        }
        for (request, result) in progress.answers {
            self.open -= 1;
            let command = self.history.answered(request, applied, &result);
            if let Ok(outcome) = &result {
                self.clients.told(command, outcome);
            }
        }
    }

    /// A client of that node asks for something.
    fn propose(&mut self, id: u64) {
        let read = self.random.one_in(8);
        let Some(node) = self.nodes.get_mut(&id) else { return };
        if read {
            node.inbox.push(Input::Read);
            return self.maybe_work(id);
        }
        // Clocks of nodes differ, and step back.
        let now = 1_000 + 10 * self.steps + self.random.below(2_000);
        let asker = Asker { owner: Owner { node: id, start: node.start }, now };
        let command = self.clients.command(&mut self.random, node.driver.catalog(), asker);
        self.ask(id, command);
    }

    fn ask(&mut self, id: u64, command: Command) {
        if let Some(node) = self.nodes.get_mut(&id) {
            node.inbox.push(Input::Propose(command));
        }
        self.maybe_work(id);
    }

    /// What comes in is often handled together with what comes next.
    fn maybe_work(&mut self, id: u64) {
        if !self.random.one_in(4) {
            self.work(id);
        }
    }

    fn lose_power(&mut self, id: u64) {
        self.totals.count("losses of power");
        let Some(node) = self.nodes.remove(&id) else { return };
        let applied = node.driver.applied();
        self.note_answers(applied, node.driver.stop());
        self.disks[&id].store.repair();
        self.disks[&id].store.lose_power();
        self.start(id);
    }

    /// One message arrives, or is lost.
    fn deliver(&mut self) {
        let Some(message) = self.network.take(&mut self.random, self.weather.reorder) else { return };
        if self.network.is_cut(&message) || !self.nodes.contains_key(&message.to) {
            return self.lose(message);
        }
        self.report_snapshot(&message, true);
        let to = message.to;
        if let Some(node) = self.nodes.get_mut(&to) {
            node.inbox.push(Input::Message(message));
        }
        self.maybe_work(to);
    }

    fn drop_message(&mut self) {
        if let Some(message) = self.network.take(&mut self.random, true) {
            self.lose(message);
        }
    }

    fn drop_inbound(&mut self, id: u64) {
        self.network.take_all(|message| message.to == id).into_iter().for_each(|message| self.lose(message));
    }

    /// The sender's transport must tell of a snapshot; of other messages it often notices nothing.
    fn lose(&mut self, message: Message) {
        self.totals.count("messages lost");
        self.report_snapshot(&message, false);
        if self.random.one_in(2) {
            return;
        }
        if let Some(sender) = self.nodes.get_mut(&message.from) {
            sender.driver.report_unreachable(message.to);
            self.work(message.from);
        }
    }

    fn report_snapshot(&mut self, message: &Message, delivered: bool) {
        if message.get_msg_type() == MessageType::MsgSnapshot
            && let Some(sender) = self.nodes.get_mut(&message.from)
        {
            sender.driver.report_snapshot(message.to, delivered);
        }
    }

    fn tick(&mut self, id: u64) {
        let steps = self.steps;
        if let Some(node) = self.nodes.get_mut(&id).filter(|node| node.busy_until <= steps) {
            node.driver.tick();
        }
        self.work(id);
    }

    fn any_node(&mut self) -> u64 {
        let ids: Vec<u64> = self.nodes.keys().copied().collect();
        *self.random.pick(&ids)
    }

    fn step(&mut self) {
        self.steps += 1;
        let node = self.any_node();
        let w = &self.weather;
        let faults = [
            w.drop,
            w.repeat,
            w.lose_power,
            w.break_disk,
            w.slow_disk,
            w.isolate,
            w.split,
            w.one_way,
            w.heal,
            w.lose_inbound,
            w.proposals,
            w.ticks,
        ];
        let mut dice = self.random.below(1000);
        let which = faults.iter().position(|share| {
            let hit = dice < *share;
            dice = dice.saturating_sub(*share);
            hit
        });
        match which {
            Some(0) => self.drop_message(),
            Some(1) => {
                if self.network.repeat(&mut self.random) {
                    self.totals.count("messages repeated");
                }
            }
            Some(2) => self.lose_power(node),
            Some(3) => self.disks[&node].store.fail_after(self.random.below(3)),
            Some(4) => self.slow_down(node),
            Some(5) => self.cut("nodes cut off", &[node], true),
            Some(6) => self.split(),
            Some(7) => self.cut("links cut one way", &[node], false),
            Some(8) => self.network.heal(),
            Some(9) => self.drop_inbound(node),
            Some(10) => self.propose(node),
            Some(11) => self.tick(node),
            _ => self.deliver(),
        }
    }

    fn slow_down(&mut self, id: u64) {
        self.totals.count("slow disks");
        let until = self.steps + 20 + self.random.below(200);
        if let Some(node) = self.nodes.get_mut(&id) {
            node.busy_until = until;
        }
    }

    fn split(&mut self) {
        let mut side = BTreeSet::new();
        for id in self.nodes.keys() {
            if self.random.one_in(2) {
                side.insert(*id);
            }
        }
        self.cut("splits", &side.into_iter().collect::<Vec<_>>(), true);
    }

    /// Nothing gets from that side to the other any more, and nothing back if `both`.
    fn cut(&mut self, what: &'static str, side: &[u64], both: bool) {
        self.totals.count(what);
        let others: Vec<u64> = self.nodes.keys().copied().filter(|id| !side.contains(id)).collect();
        for (one, other) in side.iter().flat_map(|one| others.iter().map(move |other| (*one, *other))) {
            self.network.cut(one, other);
            if both {
                self.network.cut(other, one);
            }
        }
    }

    /// No more faults: the nodes must agree soon, and serve.
    fn settle(&mut self) {
        self.network.heal();
        for (id, disk) in &self.disks {
            disk.store.repair();
            if let Some(node) = self.nodes.get_mut(id) {
                node.busy_until = 0;
            }
        }
        self.rest();
        let ids: Vec<u64> = self.nodes.keys().copied().collect();
        let acknowledged = self.open;
        assert_eq!(acknowledged, 0);
        for id in ids {
            let name = format!("last{id}");
            self.ask(id, Command::PutSetting { name: name.clone(), value: "1".to_owned() });
            self.rest();
            let there = self.nodes[&id].driver.catalog().setting(&name).is_some();
            assert!(there, "node {id} cannot change the catalog when all is well");
        }
    }

    fn rest(&mut self) {
        for _ in 0..REST_ROUNDS {
            let ids: Vec<u64> = self.nodes.keys().copied().collect();
            ids.iter().for_each(|id| self.tick(*id));
            while !self.network.is_empty() {
                self.deliver();
            }
            let applied: BTreeSet<_> = self.nodes.values().map(|node| node.driver.applied()).collect();
            let quiet = self.open == 0
                && self
                    .nodes
                    .values()
                    .all(|node| node.inbox.is_empty() && node.driver.applied() == node.driver.last_index());
            if applied.len() == 1 && quiet {
                return;
            }
        }
        let state: Vec<_> = self
            .nodes
            .iter()
            .map(|(id, node)| {
                let driver = &node.driver;
                (*id, driver.term(), driver.leader(), driver.applied(), driver.last_index())
            })
            .collect();
        panic!(
            "the nodes do not come to rest: (id, term, leader, applied, last) {state:?}, {} open",
            self.open
        );
    }

    fn check(&mut self) {
        self.totals.add("terms with a leader", self.leaders.len() as u64);
        let expected = self.history.judge(&mut self.totals);
        for (id, node) in &self.nodes {
            assert!(**node.driver.catalog() == expected, "node {id} does not have what the log says");
        }
        let states: BTreeSet<_> = self.nodes.values().map(|node| node.driver.state_bytes()).collect();
        assert_eq!(states.len(), 1, "replicas differ");
        ostrakon_catalog::validate::whole(&expected).unwrap();
    }
}
