//! Tests of one driver alone, on a store in memory. Three of them play together in `tests/simulation.rs`.

use ostrakon_catalog::Command;
use ostrakon_catalog::encode::encode_command;
use raft::prelude::{ConfChange, ConfChangeType};

use super::*;
use crate::store::MemoryStore;
use crate::transport::NoPeers;

fn config(snapshot_entries: u64) -> DriverConfig {
    DriverConfig {
        node_id: 1,
        start: 1,
        voters: vec![1],
        election_ticks: 10..20,
        heartbeat_ticks: 2,
        propose_ticks: 10,
        snapshot_entries,
    }
}

/// A leader on that disk.
fn leader(store: &MemoryStore, snapshot_entries: u64) -> Driver<MemoryStore> {
    let mut driver = Driver::open(config(snapshot_entries), store.clone()).unwrap();
    driver.handle_ready(&mut NoPeers).unwrap();
    driver.campaign().unwrap();
    driver.handle_ready(&mut NoPeers).unwrap();
    assert_eq!(driver.role(), StateRole::Leader);
    driver
}

fn put(name: &str) -> Vec<u8> {
    encode_command(&Command::PutSetting { name: name.to_owned(), value: "1".to_owned() })
}

/// Proposes and gives the answers.
fn run(driver: &mut Driver<MemoryStore>, names: &[String]) -> Vec<Result<Outcome, ProposeError>> {
    let ids: Vec<_> = names.iter().map(|name| driver.propose(&put(name))).collect();
    let answers = driver.handle_ready(&mut NoPeers).unwrap().answers;
    assert_eq!(answers.iter().map(|(id, _)| *id).collect::<Vec<_>>(), ids);
    answers.into_iter().map(|(_, result)| result).collect()
}

fn names(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|n| format!("s{n}")).collect()
}

#[test]
fn a_group_of_one_leads_without_a_tick() {
    let mut driver = leader(&MemoryStore::default(), 1000);
    assert_eq!(driver.leader(), Some(1));
    assert_eq!(run(&mut driver, &names(0..1)), [Ok(Outcome::Done)]);
}

#[test]
fn many_proposals_share_one_synced_write() {
    let store = MemoryStore::default();
    let mut driver = leader(&store, 1000);
    let before = store.writes();
    assert_eq!(run(&mut driver, &names(0..100)).len(), 100);
    assert_eq!(store.writes() - before, 2, "the entries, and the commit index without sync");
}

#[test]
fn what_was_acknowledged_survives_a_loss_of_power() {
    let store = MemoryStore::default();
    let mut driver = leader(&store, 1000);
    run(&mut driver, &names(0..10));
    let state = driver.state_bytes();
    drop(driver);
    store.lose_power();
    assert_eq!(leader(&store, 1000).state_bytes(), state);
}

#[test]
fn snapshot_shortens_the_log_and_a_restart_begins_with_it() {
    let store = MemoryStore::default();
    let mut driver = leader(&store, 10);
    for n in 0..25 {
        run(&mut driver, &names(n..n + 1));
    }
    let image = store.clone().load().unwrap().unwrap();
    assert!(image.start.index >= 20 && image.entries.len() < 10, "{:?}", image.start);
    let state = driver.state_bytes();
    drop(driver);
    store.lose_power();
    let mut again = leader(&store, 10);
    assert_eq!(again.state_bytes(), state);
    assert_eq!(run(&mut again, &names(30..31)), [Ok(Outcome::Done)]);
}

#[test]
fn a_failing_disk_acknowledges_nothing_that_is_not_on_it() {
    // A round writes the entry (synced), the commit index, and here a snapshot too; each fails in turn.
    let expected = [Err(ProposeError::Stopped), Err(ProposeError::Stopped), Ok(Outcome::Done)];
    for (writes, expected) in (0..).zip(expected) {
        let store = MemoryStore::default();
        let mut driver = leader(&store, 2);
        store.fail_after(writes);
        let id = driver.propose(&put("a"));
        let error = driver.handle_ready(&mut NoPeers).unwrap_err();
        assert!(error.to_string().contains("nothing more is acknowledged"), "{error}");
        assert_eq!(driver.stop().answers, [(id, expected.clone())], "after {writes} writes");
        store.repair();
        store.lose_power();
        let again = leader(&store, 2);
        assert!(expected.is_err() || again.catalog().setting("a").is_some(), "acknowledged and lost");
    }
}

#[test]
fn without_a_leader_a_proposal_ends_in_no_leader() {
    let config = DriverConfig { voters: vec![1, 2, 3], ..config(1000) };
    let mut driver = Driver::open(config, MemoryStore::default()).unwrap();
    let id = driver.propose(&put("a"));
    let mut answers = Vec::new();
    for _ in 0..30 {
        driver.tick();
        answers.extend(driver.handle_ready(&mut Vec::new()).unwrap().answers);
    }
    assert_eq!(answers, [(id, Err(ProposeError::NoLeader))]);
}

#[test]
fn an_oversized_command_is_refused() {
    let mut driver = leader(&MemoryStore::default(), 1000);
    driver.propose(&vec![1; COMMAND_BYTES_MAX + 1]);
    let answers = driver.handle_ready(&mut NoPeers).unwrap().answers;
    assert!(matches!(answers[0].1, Err(ProposeError::Rejected(_))), "{answers:?}");
}

#[test]
fn another_nodes_store_is_refused() {
    let store = MemoryStore::default();
    drop(leader(&store, 1000));
    let config = DriverConfig { node_id: 2, voters: vec![2], ..config(1000) };
    let error = Driver::open(config, store).err().unwrap();
    assert!(matches!(error, MetaError::WrongNode { found: 1, configured: 2 }));
}

#[test]
fn members_and_catalog_are_saved_together() {
    let store = MemoryStore::default();
    let mut driver = leader(&store, 1000);
    run(&mut driver, &names(0..3));
    let mut change = ConfChange { node_id: 2, ..ConfChange::default() };
    change.set_change_type(ConfChangeType::AddLearnerNode);
    driver.raw.propose_conf_change(Vec::new(), change).unwrap();
    let mut network = Vec::new();
    driver.handle_ready(&mut network).unwrap();
    let (applied, state) = (driver.applied(), driver.state_bytes());
    drop(driver);
    store.lose_power();
    let again = Driver::open(config(1000), store).unwrap();
    assert_eq!(again.members.learners, [2]);
    assert_eq!((again.applied(), again.state_bytes()), (applied, state), "before any entry is replayed");
    assert!(network.iter().all(|message| message.to == 2));
}

/// Three drivers on a network that loses what a cut-off node sends or should get.
struct Trio {
    drivers: std::collections::BTreeMap<u64, Driver<MemoryStore>>,
    cut_off: Option<u64>,
    answers: Vec<(u64, Result<Outcome, ProposeError>)>,
    reads: Vec<(u64, Result<(), ProposeError>)>,
}

impl Trio {
    fn new() -> Self {
        let open = |node_id| {
            let ticks = 10 + 4 * node_id as usize;
            let config = DriverConfig {
                node_id,
                voters: vec![1, 2, 3],
                election_ticks: ticks..ticks + 1,
                propose_ticks: 200,
                ..config(1000)
            };
            (node_id, Driver::open(config, MemoryStore::default()).unwrap())
        };
        Self { drivers: [1, 2, 3].map(open).into(), cut_off: None, answers: Vec::new(), reads: Vec::new() }
    }

    fn deliver(&mut self) {
        loop {
            let mut network = Vec::new();
            for (id, driver) in &mut self.drivers {
                let progress = driver.handle_ready(&mut network).unwrap();
                self.answers.extend(progress.answers.into_iter().map(|(_, answer)| (*id, answer)));
                self.reads.extend(progress.reads.into_iter().map(|(_, answer)| (*id, answer)));
            }
            network.retain(|message| Some(message.to) != self.cut_off && Some(message.from) != self.cut_off);
            if network.is_empty() {
                return;
            }
            for message in network {
                self.drivers.get_mut(&message.to).unwrap().step(message);
            }
        }
    }

    fn tick(&mut self, count: u32) {
        for _ in 0..count {
            self.drivers.values_mut().for_each(Driver::tick);
            self.deliver();
        }
    }
}

#[test]
fn a_leader_that_was_cut_off_answers_no_read_until_it_knows_what_the_others_did() {
    let mut trio = Trio::new();
    trio.tick(30);
    assert_eq!(trio.drivers[&1].role(), StateRole::Leader);
    trio.cut_off = Some(1);
    // It believes that it leads, and is asked at once; then the others elect one, and go on.
    trio.drivers.get_mut(&1).unwrap().read_index();
    trio.tick(60);
    let leader =
        trio.drivers.iter().find(|(id, d)| **id != 1 && d.role() == StateRole::Leader).map(|(id, _)| *id);
    trio.drivers.get_mut(&leader.unwrap()).unwrap().propose(&put("a"));
    trio.deliver();
    assert_eq!(trio.answers, [(leader.unwrap(), Ok(Outcome::Done))]);
    assert!(trio.reads.is_empty(), "a read without a majority: {:?}", trio.reads);
    assert_eq!(trio.drivers[&1].catalog().setting("a"), None, "it has not heard of it");
    trio.cut_off = None;
    trio.tick(20);
    assert_eq!(trio.reads, [(1, Ok(()))]);
    assert_eq!(trio.drivers[&1].catalog().setting("a"), Some("1"), "answered, and now it has");
}

#[test]
fn a_follower_reads_what_the_leader_has_acknowledged() {
    let mut trio = Trio::new();
    trio.tick(30);
    trio.drivers.get_mut(&1).unwrap().propose(&put("a"));
    trio.deliver();
    trio.drivers.get_mut(&3).unwrap().read_index();
    trio.tick(5);
    assert_eq!(trio.reads, [(3, Ok(()))]);
    assert_eq!(trio.drivers[&3].catalog().setting("a"), Some("1"));
}

/// Whoever reaches the peer port can say this where there is no mutual TLS; raft itself ends the process over it.
#[test]
fn a_commit_that_cannot_be_is_refused_and_the_node_goes_on() {
    let store = MemoryStore::default();
    let mut driver = leader(&store, 1000);
    run(&mut driver, &names(0..3));
    let (term, last) = (driver.raw.raft.term, driver.last_index());
    let heartbeat = |term: u64, commit: u64| {
        let mut message = Message { from: 2, to: 1, term, commit, ..Message::default() };
        message.set_msg_type(MessageType::MsgHeartbeat);
        message
    };
    driver.step(heartbeat(term + 1, last + 1));
    driver.handle_ready(&mut NoPeers).unwrap();
    assert_eq!((driver.role(), driver.raw.raft.term), (StateRole::Leader, term));
    driver.step(heartbeat(term + 1, last));
    let mut answers: Vec<Message> = Vec::new();
    driver.handle_ready(&mut answers).unwrap();
    assert_eq!((driver.role(), driver.raw.raft.term), (StateRole::Follower, term + 1));
}
