//! One Ready of raft after the other: write, apply, send, advance. The order is raft's contract.

use raft::prelude::{ConfChangeV2, Entry, EntryType, Snapshot};
use raft::{LightReady, Ready, StateRole};

use super::{Driver, Progress, SNAPSHOT_LOG_BYTES, described, membership, snapshot_of};
use crate::error::{MetaError, ProposeError};
use crate::log::conf_change_of;
use crate::machine::{Applied, Machine};
use crate::proposal::Proposal;
use crate::store::{LogBatch, LogStart, LogStore, StoreError};
use crate::transport::Transport;

impl<S: LogStore> Driver<S> {
    /// Does all the work that has come up: proposals go into the log, one synced write for each Ready, committed entries into the
    /// catalog. All proposals made since the last call share the write.
    ///
    /// # Errors
    /// The node must stop: it cannot know what is on disk, or cannot follow the group. Nothing unwritten was answered.
    pub fn handle_ready(&mut self, transport: &mut impl Transport) -> Result<Progress, MetaError> {
        loop {
            self.send_proposals();
            let (term, raw) = (self.raw.raft.term, &mut self.raw);
            self.reads.send(term, |context| raw.read_index(context));
            if !self.raw.has_ready() {
                break;
            }
            let ready = self.raw.ready();
            self.one(ready, transport)?;
        }
        self.reads.applied(self.applied);
        self.save_if_due()?;
        Ok(self.progress())
    }

    fn send_proposals(&mut self) {
        let leading = self.raw.raft.leader_id == self.config.node_id;
        let term = self.raw.raft.term;
        let mut pending = std::mem::take(&mut self.pending);
        pending.send(term, leading, |payload| self.hand_in(payload));
        self.pending = pending;
    }

    fn one(&mut self, mut ready: Ready, transport: &mut impl Transport) -> Result<(), MetaError> {
        if ready.ss().is_some() || ready.hs().is_some() {
            self.pending.leader_changed();
        }
        // A leader's messages need not wait for its disk: its own vote for an entry is counted only after `advance`.
        send(transport, ready.take_messages());
        for read in ready.take_read_states() {
            self.reads.confirm(&read.request_ctx, read.index);
        }
        self.write(&mut ready)?;
        if !ready.snapshot().is_empty() {
            self.install(ready.snapshot())?;
        }
        self.apply(ready.take_committed_entries())?;
        // A follower's do: they promise what was just written.
        send(transport, ready.take_persisted_messages());
        let light = self.raw.advance(ready);
        self.finish(light, transport)
    }

    /// Writes what the Ready wants on disk, as one batch.
    fn write(&mut self, ready: &mut Ready) -> Result<(), StoreError> {
        let mut batch =
            LogBatch { hard_state: ready.hs().cloned(), sync: ready.must_sync(), ..LogBatch::default() };
        if !ready.snapshot().is_empty() {
            let metadata = ready.snapshot().get_metadata();
            batch.discard_log = true;
            batch.start = Some(LogStart { index: metadata.index, term: metadata.term });
            batch.snapshot = Some(ready.snapshot().clone());
        }
        batch.entries = ready.take_entries();
        if batch == LogBatch::default() {
            return Ok(());
        }
        self.raw.mut_store().write(&batch)
    }

    /// What became valid by the write.
    fn finish(&mut self, mut light: LightReady, transport: &mut impl Transport) -> Result<(), MetaError> {
        if let Some(commit) = light.commit_index() {
            self.raw.mut_store().write_commit(commit)?;
        }
        send(transport, light.take_messages());
        self.apply(light.take_committed_entries())?;
        self.raw.advance_apply();
        Ok(())
    }

    /// The leader's snapshot is the state now.
    fn install(&mut self, snapshot: &Snapshot) -> Result<(), MetaError> {
        self.machine = Machine::restore(snapshot.get_data())?;
        (self.applied, self.members) = described(snapshot);
        self.applied_bytes = 0;
        // Some of our proposals may have been applied on the way there.
        for id in self.pending.ids() {
            if let Some(answer) = self.machine.answer(&id) {
                self.pending.answer(&id, answer.clone().map_err(ProposeError::from));
            }
        }
        Ok(())
    }

    fn apply(&mut self, entries: Vec<Entry>) -> Result<(), MetaError> {
        for entry in entries {
            self.applied_bytes += entry.data.len();
            let index = entry.index;
            match entry.get_entry_type() {
                // A new leader's first entry is empty.
                EntryType::EntryNormal if entry.data.is_empty() => self.applied = index,
                EntryType::EntryNormal => {
                    let (id, applied) = self.machine.apply(index, &entry.data)?;
                    self.applied = index;
                    let result = match applied {
                        Applied::Answered(answer) => answer.map_err(ProposeError::from),
                        Applied::TooLate => Err(ProposeError::Timeout),
                    };
                    self.pending.answer(&id, result);
                }
                EntryType::EntryConfChange | EntryType::EntryConfChangeV2 => self.apply_change(&entry)?,
            }
        }
        Ok(())
    }

    /// A change of the group's members, and the command that comes with it: both or none. Saved at once, so that members, applied
    /// index and catalog are on disk together.
    fn apply_change(&mut self, entry: &Entry) -> Result<(), MetaError> {
        let change = conf_change_of(entry)?;
        let wanted = change.context.is_empty() || self.apply_context(entry.index, &change)?;
        self.applied = entry.index;
        if !wanted {
            return Ok(());
        }
        self.members = self.raw.apply_conf_change(&change)?;
        self.step_down_if_out();
        // The log stays: raft has not been told yet that this entry is applied.
        let start = self.raw.store().image().start;
        self.save(start)
    }

    /// A leader that was removed or demoted, by a change that an earlier leader had begun, does not lead on: raft leaves it in office,
    /// and then misses it among the members.
    fn step_down_if_out(&mut self) {
        let raft = &mut self.raw.raft;
        if raft.state == StateRole::Leader && !self.members.voters.contains(&self.config.node_id) {
            raft.become_follower(raft.term, raft::INVALID_ID);
        }
    }

    /// Applies the command of a change; false when the change must not be made: it was made before, or cannot be made any more.
    fn apply_context(&mut self, index: u64, change: &ConfChangeV2) -> Result<bool, MetaError> {
        let proposal = Proposal::decode(&change.context).ok_or(MetaError::Envelope { index })?;
        let id = proposal.id;
        let known = self.machine.answer(&id).is_some();
        // Who is added brings its record, who is demoted has one.
        let demotes = proposal.command.is_empty();
        if !known && let Err(reason) = membership::check(&self.members, change, demotes) {
            self.machine.refuse(index, id, &reason);
            self.pending.answer(&id, Err(ProposeError::Refused { reason }));
            return Ok(false);
        }
        let (_, applied) = self.machine.apply(index, &change.context)?;
        let made = !known && matches!(applied, Applied::Answered(Ok(_)));
        let result = match applied {
            Applied::Answered(answer) => answer.map_err(ProposeError::from),
            Applied::TooLate => Err(ProposeError::Timeout),
        };
        self.pending.answer(&id, result);
        Ok(made)
    }

    /// A snapshot when the log has grown enough, or a peer needs a newer one; the log then keeps a tail for slow followers.
    fn save_if_due(&mut self) -> Result<(), MetaError> {
        let log = self.raw.store();
        let saved = log.image().snapshot.get_metadata().index;
        let grown =
            self.applied - saved >= self.config.snapshot_entries || self.applied_bytes >= SNAPSHOT_LOG_BYTES;
        let wanted = log.snapshot_wanted() && self.applied > saved;
        if !grown && !wanted {
            return Ok(());
        }
        let keep = if self.has_no_peers() { 0 } else { self.config.snapshot_entries };
        let index = self.applied.saturating_sub(keep).max(log.image().start.index);
        let term = log.term_of(index).map_err(raft::Error::from)?;
        self.save(LogStart { index, term })
    }

    pub(super) fn save(&mut self, start: LogStart) -> Result<(), MetaError> {
        let log = self.raw.mut_store();
        let term = log.term_of(self.applied).map_err(raft::Error::from)?;
        let at = LogStart { index: self.applied, term };
        log.write_snapshot(snapshot_of(self.machine.save(), at, self.members.clone()), start)?;
        self.applied_bytes = 0;
        Ok(())
    }
}

fn send(transport: &mut impl Transport, messages: Vec<raft::prelude::Message>) {
    if !messages.is_empty() {
        transport.send(messages);
    }
}
