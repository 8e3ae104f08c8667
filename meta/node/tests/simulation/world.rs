//! The world of one run: nodes, their disks, the network between them, and what a seed lets happen to them, step by step.

use std::collections::{BTreeMap, BTreeSet};

use ostrakon_catalog::Command;
use ostrakon_catalog::encode::encode_command;
use ostrakon_catalog::job::Owner;
use ostrakon_meta::MemberChange;
use ostrakon_meta::driver::{Changing, Driver, DriverConfig, Progress};
use raft::prelude::{Message, MessageType};

use crate::clients::{Asker, Clients, register};
use crate::disk::Disk;
use crate::history::History;
use crate::members::Members;
use crate::network::Network;
use crate::random::Random;
use crate::totals::Totals;
use crate::weather::Weather;

/// Voters of the new group.
const VOTERS: u64 = 3;
/// Nodes that there are in a run at most, those that were removed included.
const MEMBERS_EVER: u64 = 8;
/// States are compared at each index that this divides: encoding them is most of a run's time.
const COMPARED_EACH: u64 = 4;
/// Rounds of ticks in which all must have come to rest.
const REST_ROUNDS: u64 = 400;
/// Ticks for which a node that was removed goes on: the last change may need its vote to be known.
const LINGER_TICKS: u64 = 100;

/// What waits for a node's thread.
enum Input {
    Message(Box<Message>),
    Propose(Box<Command>),
    Read,
}

struct Node {
    driver: Driver<Disk>,
    start: u64,
    inbox: Vec<Input>,
    /// Its disk is slow: it does nothing until that step, and its inbox fills.
    busy_until: u64,
    /// Since it learned of its removal.
    removed_ticks: u64,
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
            // The others join, and have the members from the first snapshot.
            voters: if id <= VOTERS { (1..=VOTERS).collect() } else { Vec::new() },
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
        let node =
            Node { driver, start: self.starts, inbox: Vec::new(), busy_until: 0, removed_ticks: 0, seen };
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
                Input::Message(message) => node.driver.step(*message),
                Input::Propose(command) => {
                    let request = node.driver.propose(&encode_command(&command));
                    self.history.asked(request, Some(*command));
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
            if let (Some(command), Ok(outcome)) = (command, &result) {
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
            node.inbox.push(Input::Propose(Box::new(command)));
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
        self.end_if_removed(id, LINGER_TICKS);
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
            node.inbox.push(Input::Message(Box::new(message)));
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
        self.end_if_removed(id, 1);
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
            w.members,
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
            Some(10) => self.change_members(),
            Some(11) => self.propose(node),
            Some(12) => self.tick(node),
            _ => self.deliver(),
        }
    }

    /// A DBA, or a node that joins, asks whoever takes itself for the leader. A node that is removed does not know it, and goes on.
    fn change_members(&mut self) {
        let leaders: Vec<u64> = self
            .nodes
            .iter()
            .filter(|(id, node)| node.driver.leader() == Some(**id))
            .map(|(id, _)| *id)
            .collect();
        if leaders.is_empty() {
            return;
        }
        let leader = *self.random.pick(&leaders);
        let members = self.nodes[&leader].driver.members();
        let (voters, learners): (Vec<_>, Vec<_>) = members.iter().partition(|member| member.voter);
        let newest = self.disks.keys().max().copied().unwrap_or(VOTERS);
        let change = match self.random.below(8) {
            0..=2 if newest < MEMBERS_EVER => {
                let id = newest + 1;
                self.disks.insert(id, Disk::default());
                self.start(id);
                MemberChange::AddLearner { id, address: "h".to_owned() }
            }
            // One that asks again, since it was not answered, or another one that takes its number.
            3 => MemberChange::AddLearner { id: newest, address: "h".to_owned() },
            0..=5 if !learners.is_empty() => MemberChange::Promote { id: self.random.pick(&learners).id },
            6 => MemberChange::Demote { id: self.random.pick(&voters).id },
            // Mostly not until nobody is left.
            _ if members.len() > 3 || self.random.one_in(4) => {
                MemberChange::Remove { id: self.random.pick(&members).id }
            }
            _ => return,
        };
        let Some(node) = self.nodes.get_mut(&leader) else { return };
        match node.driver.change_members(&change, None) {
            Ok(Changing::Proposed(request)) => {
                self.history.asked(request, None);
                self.open += 1;
            }
            Ok(Changing::Done | Changing::NotLeader) => {}
            Err(_) => self.totals.count("changes of the members that the leader refused"),
        }
        self.work(leader);
    }

    /// A process that learns that its node was removed ends some time later, or at its next start.
    fn end_if_removed(&mut self, id: u64, ticks: u64) {
        let Some(node) = self.nodes.get_mut(&id).filter(|node| node.driver.is_removed()) else { return };
        node.removed_ticks += ticks;
        if node.removed_ticks >= LINGER_TICKS {
            self.totals.count("nodes that learned of their removal");
            self.end(id);
        }
    }

    fn end(&mut self, id: u64) {
        if let Some(node) = self.nodes.remove(&id) {
            let applied = node.driver.applied();
            self.note_answers(applied, node.driver.stop());
        }
    }

    /// Processes of nodes that were removed end, and of those that never got in.
    fn end_strangers(&mut self) {
        let Some(newest) = self.nodes.values().max_by_key(|node| node.driver.applied()) else { return };
        let removed = newest.driver.catalog().removed_nodes.clone();
        let members: BTreeSet<u64> = newest.driver.members().iter().map(|member| member.id).collect();
        let open = self.open;
        let strangers: Vec<u64> = self
            .nodes
            .iter()
            .filter(|(id, node)| {
                let never_in = open == 0 && node.driver.applied() == 0 && !members.contains(id);
                removed.contains(id) || never_in
            })
            .map(|(id, _)| *id)
            .collect();
        for id in strangers {
            self.totals.count("strangers ended");
            self.end(id);
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
        for id in ids {
            if !self.nodes.contains_key(&id) {
                continue;
            }
            let name = format!("last{id}");
            // More than once: the process of a leader that was removed may have ended just now.
            let there = (0..3).any(|_| {
                self.ask(id, Command::PutSetting { name: name.clone(), value: "1".to_owned() });
                self.rest();
                self.nodes.get(&id).is_none_or(|node| node.driver.catalog().setting(&name).is_some())
            });
            assert!(there, "node {id} cannot change the catalog when all is well: {}", self.shown());
        }
    }

    fn rest(&mut self) {
        for round in 0..REST_ROUNDS {
            // Others may need them to hear of the removal.
            if round >= LINGER_TICKS {
                self.end_strangers();
            }
            let ids: Vec<u64> = self.nodes.keys().copied().collect();
            ids.iter().for_each(|id| self.tick(*id));
            while !self.network.is_empty() {
                self.deliver();
            }
            let applied: BTreeSet<_> = self.nodes.values().map(|node| node.driver.applied()).collect();
            let led = self.nodes.values().all(|node| node.driver.leader().is_some());
            let quiet =
                led && self.open == 0
                    && self.nodes.values().all(|node| {
                        node.inbox.is_empty() && node.driver.applied() == node.driver.last_index()
                    });
            if applied.len() == 1 && quiet {
                return;
            }
        }
        panic!("the nodes do not come to rest, {} open: {}", self.open, self.shown());
    }

    /// Each node's term, leader, applied and last index, and members: `*` votes.
    fn shown(&self) -> String {
        let shown = |(id, node): (&u64, &Node)| {
            let driver = &node.driver;
            let members: Vec<_> = driver
                .members()
                .iter()
                .map(|member| format!("{}{}", member.id, if member.voter { "*" } else { "" }))
                .collect();
            let (term, leader, applied, last) =
                (driver.term(), driver.leader(), driver.applied(), driver.last_index());
            format!("\n  node {id}: term {term}, leader {leader:?}, {applied} of {last}, members {members:?}")
        };
        self.nodes.iter().map(shown).collect()
    }

    fn check(&mut self) {
        self.totals.add("terms with a leader", self.leaders.len() as u64);
        let (expected, members) = self.history.judge(VOTERS, &mut self.totals);
        for (id, node) in &self.nodes {
            assert!(**node.driver.catalog() == expected, "node {id} does not have what the log says");
            let (mut voters, mut learners) = (BTreeSet::new(), BTreeSet::new());
            for member in node.driver.members() {
                if member.voter {
                    voters.insert(member.id)
                } else {
                    learners.insert(member.id)
                };
            }
            let back = expected.removed_nodes.iter().find(|id| voters.contains(id) || learners.contains(id));
            assert!(back.is_none(), "node {back:?} was removed and is a member");
            assert_eq!(Members { voters, learners }, members, "members on node {id}");
        }
        let states: BTreeSet<_> = self.nodes.values().map(|node| node.driver.state_bytes()).collect();
        assert_eq!(states.len(), 1, "replicas differ");
        ostrakon_catalog::validate::whole(&expected).unwrap();
    }
}
