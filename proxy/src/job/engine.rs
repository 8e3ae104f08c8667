//! The engine: one thread of each node that works on the jobs of this process, and, on the leader's node, gives away those whose process is gone.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ostrakon_catalog::command::Command;
use ostrakon_catalog::job::{Job, JobId, JobState, JobUpdate, Owner};
use ostrakon_meta::{ProposeError, Role};

use super::run::{CONTACT, drive};
use crate::error::SqlError;
use crate::node::Node;
use crate::worker::Worker;

/// The engine's connections to one instance: so many groups change at once, and one connection more to look after them.
pub const CONNECTIONS_PER_INSTANCE: usize = 9;
/// Between looks at jobs of others.
const TICK: Duration = Duration::from_secs(1);
/// So long an owner must be silent before its jobs go to another: by then it has long stopped (`run::CONTACT`).
const SILENCE: Duration = Duration::from_secs(8);
const _: () = assert!(SILENCE.as_secs() > 3 * CONTACT.as_secs());

/// Works on jobs until the node stops.
pub fn run(node: &Arc<Node>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => {
            tracing::error!(error = %e, "the job engine cannot start");
            return;
        }
    };
    let local = tokio::task::LocalSet::new();
    // What still runs when the node stops is the next process's to take up again.
    local.block_on(&runtime, async {
        let engine = Rc::new(Engine {
            worker: Worker::with_connections(node, CONNECTIONS_PER_INSTANCE),
            running: RefCell::default(),
            silent: RefCell::default(),
        });
        engine.work().await;
    });
}

struct Engine {
    worker: Rc<Worker>,
    /// Jobs that a task of this thread works on, with their tokens.
    running: RefCell<BTreeMap<JobId, u64>>,
    /// Owners that seem to be gone, and since when.
    silent: RefCell<BTreeMap<(u64, u64), Instant>>,
}

impl Engine {
    async fn work(self: &Rc<Self>) {
        let meta = &self.worker.node.meta;
        let mut stop = self.worker.node.stop.subscribe();
        let mut revisions = meta.revisions();
        let mut asked = self.worker.node.asked.subscribe();
        // Definitions are read by what the servers are.
        tokio::select! {
            _ = asked.wait_for(|asked| *asked) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
        let mut tick = tokio::time::interval(TICK);
        loop {
            revisions.mark_unchanged();
            self.pick_up();
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                changed = revisions.changed() => if changed.is_err() { return },
                _ = tick.tick() => {}
            }
            self.give_away().await;
        }
    }

    /// Starts on each job of this process that no task works on.
    fn pick_up(self: &Rc<Self>) {
        let own = self.worker.node.owner();
        let catalog = self.worker.node.meta.catalog();
        for job in catalog.jobs.values().filter(|job| job.state.is_active() && job.owner == own) {
            if self.running.borrow().get(&job.id) == Some(&job.token) {
                continue;
            }
            self.running.borrow_mut().insert(job.id, job.token);
            let (engine, id, token) = (Rc::clone(self), job.id, job.token);
            let driven = tokio::task::spawn_local(drive(Rc::clone(&engine.worker), id, token));
            tokio::task::spawn_local(async move {
                if driven.await.is_err_and(|e| e.is_panic()) {
                    park_panicked(&engine.worker, id, token).await;
                }
                let mut running = engine.running.borrow_mut();
                if running.get(&id) == Some(&token) {
                    running.remove(&id);
                }
            });
        }
    }

    /// Takes over what nobody works on: an older process's of this node, and on the leader everybody's.
    async fn give_away(&self) {
        let meta = &self.worker.node.meta;
        let own = self.worker.node.owner();
        let leads = meta.status().role == Role::Leader;
        let catalog = meta.catalog();
        let gone = |job: &Job| job.state.is_active() && job.owner != own;
        for job in catalog.jobs.values().filter(|job| gone(job)) {
            let older_own = job.owner.node == own.node;
            let nobody = job.owner == Owner::default();
            if !(older_own || leads && (nobody || self.is_gone(job.owner))) {
                continue;
            }
            let claim = Command::ClaimJob { job: job.id, expected_token: job.token, owner: own };
            match meta.propose(claim).await {
                Ok(_) => tracing::info!(job = job.id, earlier = job.owner.node, "takes the job over"),
                // Somebody else has it, or it has ended.
                Err(e) => tracing::debug!(job = job.id, error = %e, "the job was not taken over"),
            }
        }
        self.forget_silent();
    }

    /// True when the owner's process has been gone for long enough.
    fn is_gone(&self, owner: Owner) -> bool {
        let meta = &self.worker.node.meta;
        let catalog = meta.load();
        let registered = catalog.nodes.get(&owner.node);
        if registered.is_some_and(|node| node.start != owner.start) {
            // Its node has started anew: the process cannot be there any longer.
            return true;
        }
        let active =
            meta.members().iter().any(|member| member.id == owner.node && member.active != Some(false));
        let mut silent = self.silent.borrow_mut();
        if active && registered.is_some() {
            silent.remove(&(owner.node, owner.start));
            return false;
        }
        silent.entry((owner.node, owner.start)).or_insert_with(Instant::now).elapsed() > SILENCE
    }

    /// Forgets owners that own nothing any longer.
    fn forget_silent(&self) {
        let catalog = self.worker.node.meta.load();
        let owns = |owner: &(u64, u64)| {
            catalog
                .jobs
                .values()
                .any(|job| job.state.is_active() && (job.owner.node, job.owner.start) == *owner)
        };
        self.silent.borrow_mut().retain(|owner, _| owns(owner));
    }
}

/// A job that makes this program panic would do so again and again: a DBA decides what becomes of it.
async fn park_panicked(worker: &Rc<Worker>, id: JobId, token: u64) {
    tracing::error!(job = id, "the job made its engine panic, and is parked");
    let message = format!(
        "Internal error (please report): DDL job {id} made the engine panic (see the node's log), and is parked. RECOVER DDL {id} tries again; \
         ROLLBACK DDL {id} takes it back, where that is possible"
    );
    let update = JobUpdate {
        state: Some(JobState::Pending),
        error: Some(SqlError::other(message).into()),
        ..JobUpdate::default()
    };
    loop {
        let command = Command::UpdateJob { job: id, token, update: update.clone() };
        match worker.node.meta.propose(command).await {
            // Refused: it has ended, or is another process's.
            Ok(_) | Err(ProposeError::Rejected(_) | ProposeError::Stopped) => return,
            Err(e) => {
                tracing::warn!(job = id, error = %e, "the job cannot be parked yet");
                tokio::time::sleep(TICK).await;
            }
        }
    }
}
