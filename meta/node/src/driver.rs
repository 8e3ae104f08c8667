//! Raft without a thread, a clock or a network of its own: whoever holds a `Driver` ticks it, steps it, and lets it write.
//!
//! The node's thread holds one; a simulation holds three and plays the network. After every call that changes something comes
//! `handle_ready`, which writes, applies and answers.
//! **Invariant:** one Ready is written in one synced batch, and what it acknowledges is acknowledged afterwards.

mod membership;
mod pending;
mod reads;
mod ready;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use ostrakon_catalog::{Catalog, Outcome, Rejection};
use raft::prelude::{ConfState, HardState, Message, MessageType, Snapshot};
use raft::{RawNode, ReadOnlyOption, SnapshotStatus, StateRole};

use crate::error::{MetaError, ProposeError};
use crate::log::RaftLog;
use crate::machine::Machine;
pub use crate::proposal::RequestId;
use crate::raft_log_output;
use crate::store::{Image, LogBatch, LogStart, LogStore};
pub use membership::Changing;
use pending::Pending;
use reads::Reads;

/// Where the log of a new group begins. Not 0, so that a node added later, which has nothing, is sent a snapshot and with it the
/// members.
const FIRST: LogStart = LogStart { index: 1, term: 1 };
/// One command's bytes at most.
const COMMAND_BYTES_MAX: usize = 16 << 20;
/// Soft limit of one message between peers.
const MESSAGE_BYTES: u64 = 1 << 20;
/// Messages with entries to one peer that it has not answered.
const MESSAGES_INFLIGHT_MAX: usize = 64;
/// Proposals that are not committed; above it they wait outside the log.
const UNCOMMITTED_BYTES_MAX: u64 = 64 << 20;
/// Entries applied in one go.
const APPLY_BYTES: u64 = 16 << 20;
/// A snapshot is made after this much log too, so that long commands do not fill the memory.
const SNAPSHOT_LOG_BYTES: usize = 16 << 20;

/// How a driver runs; all times in ticks.
#[derive(Clone, Debug)]
pub struct DriverConfig {
    /// Never 0.
    pub node_id: u64,
    /// Drawn anew at each start.
    pub start: u64,
    /// Members of a new group; a store that has a group keeps its own. Empty: an empty store joins a group.
    pub voters: Vec<u64>,
    /// A follower waits from the first to under the second, at random. Equal but for one, there is no randomness.
    pub election_ticks: std::ops::Range<usize>,
    pub heartbeat_ticks: usize,
    pub propose_ticks: u64,
    /// Entries between snapshots, and entries that the log keeps before a snapshot.
    pub snapshot_entries: u64,
}

/// What `handle_ready` achieved, for the callers that wait.
#[derive(Debug, Default)]
pub struct Progress {
    /// Publish the catalog before telling these.
    pub answers: Vec<(RequestId, Result<Outcome, ProposeError>)>,
    /// Publish the catalog before telling these too.
    pub reads: Vec<(RequestId, Result<(), ProposeError>)>,
}

/// Raft's state and the catalog under it.
pub struct Driver<S: LogStore> {
    config: DriverConfig,
    raw: RawNode<RaftLog<S>>,
    machine: Machine,
    /// Last entry in `machine`.
    applied: u64,
    /// The members at `applied`.
    members: ConfState,
    /// Bytes applied since the last snapshot.
    applied_bytes: usize,
    pending: Pending,
    reads: Reads,
    /// Ticks until now.
    now: u64,
    /// When each peer was last heard of.
    heard: BTreeMap<u64, u64>,
}

impl<S: LogStore> Driver<S> {
    /// Opens the store, or makes a new group in an empty one. Entries that are committed and newer than the snapshot come with the
    /// first `handle_ready`.
    ///
    /// # Errors
    /// A store that fails, is another node's, or holds what this program cannot read; settings that raft refuses.
    pub fn open(config: DriverConfig, mut store: S) -> Result<Self, MetaError> {
        if config.node_id == 0 {
            return Err(MetaError::Config("node_id is 0".to_owned()));
        }
        let image = match store.load()? {
            Some(image) => image,
            None if config.voters.is_empty() => found(&config, &mut store, None)?,
            None => bootstrap(&config, &mut store)?,
        };
        if image.node_id != config.node_id {
            return Err(MetaError::WrongNode { found: image.node_id, configured: config.node_id });
        }
        let machine = match image.snapshot.get_metadata().index {
            // Nothing has come yet.
            0 => Machine::default(),
            _ => Machine::restore(image.snapshot.get_data())?,
        };
        let (applied, members) = described(&image.snapshot);
        let raft_config = raft_config(&config, applied);
        raft_config.validate()?;
        let pending = Pending::new(config.node_id, config.start, config.propose_ticks);
        let reads = Reads::new(config.node_id, config.start, config.propose_ticks);
        let raw = RawNode::new(&raft_config, RaftLog::new(store, image), &raft_log_output::logger())?;
        Ok(Self {
            config,
            raw,
            machine,
            applied,
            members,
            applied_bytes: 0,
            pending,
            reads,
            now: 0,
            heard: BTreeMap::new(),
        })
    }

    /// One unit of time has passed.
    pub fn tick(&mut self) {
        self.now += 1;
        self.raw.tick();
        self.pending.tick();
        self.reads.tick();
    }

    /// A message from a peer. One that raft cannot use (from a removed member, say) is dropped, as the network might have.
    pub fn step(&mut self, message: Message) {
        if !self.is_possible(&message) {
            tracing::warn!(
                from = message.from,
                commit = message.commit,
                last = self.last_index(),
                "raft message refused: it says that entries are committed which this node has never had"
            );
            return;
        }
        self.heard.insert(message.from, self.now);
        if let Err(error) = self.raw.step(message) {
            tracing::debug!(%error, "raft message dropped");
        }
    }

    /// A leader tells a follower of no commit that this one has not acknowledged. Raft ends the process over such a word.
    fn is_possible(&self, message: &Message) -> bool {
        message.get_msg_type() != MessageType::MsgHeartbeat
            || message.term < self.raw.raft.term
            || message.commit <= self.raw.raft.raft_log.last_index()
    }

    /// Begins an election now. A group of one has its leader after the next `handle_ready`.
    ///
    /// # Errors
    /// When raft refuses.
    pub fn campaign(&mut self) -> Result<(), MetaError> {
        Ok(self.raw.campaign()?)
    }

    /// True when this node alone makes the majority.
    pub fn is_alone(&self) -> bool {
        self.members.voters == [self.config.node_id] && self.members.voters_outgoing.is_empty()
    }

    /// True when no other node has a part in the group.
    pub fn has_no_peers(&self) -> bool {
        self.is_alone() && self.members.learners.is_empty()
    }

    /// False until the first snapshot has come to a node that joins.
    pub fn has_joined(&self) -> bool {
        self.applied > 0
    }

    /// True when this node is known here to have been removed from the group.
    pub fn is_removed(&self) -> bool {
        self.catalog().removed_nodes.contains(&self.config.node_id)
    }

    /// Names the group among all groups; 0: not named yet.
    pub fn cluster(&self) -> u64 {
        self.machine.cluster()
    }

    /// Names a group that has no name yet. Only while nobody else has a copy of it.
    ///
    /// # Errors
    /// When the store fails, and when the group has other members.
    pub fn name_cluster(&mut self, name: u64) -> Result<(), MetaError> {
        if !self.has_no_peers() || self.cluster() != 0 {
            return Err(MetaError::Config("this group cannot be named any more".to_owned()));
        }
        self.machine.set_cluster(name);
        let start = self.raw.store().image().start;
        self.save(start)
    }

    /// Takes an encoded command. Its answer comes from a later `handle_ready`.
    pub fn propose(&mut self, command: &[u8]) -> RequestId {
        // Not the log's last index: entries after `applied` may yet be replaced, and this proposal may come to stand before it.
        let id = self.pending.add(self.applied, command);
        if command.len() > COMMAND_BYTES_MAX {
            let reason =
                format!("a metadata command of {} bytes; the limit is {COMMAND_BYTES_MAX}", command.len());
            self.pending.answer(&id, Err(Rejection::Malformed { reason }.into()));
        }
        id
    }

    /// Asks for the catalog as it is now, or newer. The answer, in a later `handle_ready`, comes when this node has applied all that
    /// was acknowledged before this call, wherever that was.
    pub fn read_index(&mut self) -> RequestId {
        self.reads.add()
    }

    /// The transport could not reach this peer.
    pub fn report_unreachable(&mut self, peer: u64) {
        self.raw.report_unreachable(peer);
    }

    /// The transport has delivered a snapshot to this peer, or has failed to.
    pub fn report_snapshot(&mut self, peer: u64, delivered: bool) {
        let status = if delivered { SnapshotStatus::Finish } else { SnapshotStatus::Failure };
        self.raw.report_snapshot(peer, status);
    }

    /// Answers everything that waits: the node stops.
    pub fn stop(mut self) -> Progress {
        self.pending.stop();
        self.reads.stop();
        self.progress()
    }

    fn progress(&mut self) -> Progress {
        Progress { answers: self.pending.take_answers(), reads: self.reads.take_answers() }
    }

    /// The catalog at `applied`.
    pub fn catalog(&self) -> &Arc<Catalog> {
        self.machine.catalog()
    }

    /// Bytes of the whole replicated state: equal on all nodes at the same `applied`.
    pub fn state_bytes(&self) -> Vec<u8> {
        self.machine.save()
    }

    /// Last entry applied.
    pub fn applied(&self) -> u64 {
        self.applied
    }

    /// Last entry known to be committed.
    pub fn committed(&self) -> u64 {
        self.raw.raft.raft_log.committed
    }

    /// Last entry of the log.
    pub fn last_index(&self) -> u64 {
        self.raw.raft.raft_log.last_index()
    }

    pub fn term(&self) -> u64 {
        self.raw.raft.term
    }

    /// The leader as this node knows it.
    pub fn leader(&self) -> Option<u64> {
        Some(self.raw.raft.leader_id).filter(|id| *id != raft::INVALID_ID)
    }

    pub(crate) fn role(&self) -> StateRole {
        self.raw.raft.state
    }
}

/// Makes a new group of `config.voters` with an empty catalog.
fn bootstrap<S: LogStore>(config: &DriverConfig, store: &mut S) -> Result<Image, MetaError> {
    if !config.voters.contains(&config.node_id) {
        return Err(MetaError::Config(format!("node {} is not in its own group", config.node_id)));
    }
    let members = ConfState { voters: config.voters.clone(), ..ConfState::default() };
    let snapshot = snapshot_of(Machine::default().save(), FIRST, members);
    found(config, store, Some(snapshot))
}

/// The first batch of a store: with a group's first state, or without any for a node that joins.
fn found<S: LogStore>(
    config: &DriverConfig,
    store: &mut S,
    first: Option<Snapshot>,
) -> Result<Image, MetaError> {
    let start = if first.is_some() { FIRST } else { LogStart::default() };
    let batch = LogBatch {
        node_id: Some(config.node_id),
        hard_state: Some(HardState { term: start.term, vote: 0, commit: start.index }),
        start: Some(start),
        snapshot: Some(first.unwrap_or_default()),
        sync: true,
        ..LogBatch::default()
    };
    store.write(&batch)?;
    let mut image = Image::default();
    image.apply(&batch);
    Ok(image)
}

/// A snapshot of the machine's bytes at `at`.
pub(crate) fn snapshot_of(data: Vec<u8>, at: LogStart, members: ConfState) -> Snapshot {
    let mut snapshot = Snapshot { data, ..Snapshot::default() };
    let metadata = snapshot.mut_metadata();
    (metadata.index, metadata.term) = (at.index, at.term);
    metadata.set_conf_state(members);
    snapshot
}

/// Index and members of a snapshot.
fn described(snapshot: &Snapshot) -> (u64, ConfState) {
    let metadata = snapshot.get_metadata();
    (metadata.index, metadata.get_conf_state().clone())
}

fn raft_config(config: &DriverConfig, applied: u64) -> raft::Config {
    raft::Config {
        id: config.node_id,
        election_tick: config.election_ticks.start,
        min_election_tick: config.election_ticks.start,
        max_election_tick: config.election_ticks.end,
        heartbeat_tick: config.heartbeat_ticks,
        applied,
        max_size_per_msg: MESSAGE_BYTES,
        max_inflight_msgs: MESSAGES_INFLIGHT_MAX,
        max_uncommitted_size: UNCOMMITTED_BYTES_MAX,
        max_committed_size_per_ready: APPLY_BYTES,
        // A majority confirms each read: clocks are not trusted.
        read_only_option: ReadOnlyOption::Safe,
        // A node that comes back from a partition must not unseat a working leader, and a leader without a majority must know.
        check_quorum: true,
        pre_vote: true,
        ..raft::Config::default()
    }
}
