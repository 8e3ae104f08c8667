//! One job in this process: takes it from step to step, back, or to where a DBA has to decide.
//!
//! **Invariant:** no statement is sent to a server unless the catalog's leader was heard of within the last seconds, so that an owner that is cut
//! off has stopped before another one takes over.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ostrakon_catalog::command::Command;
use ostrakon_catalog::job::{Job, JobError, JobId, JobState, JobUpdate, ROLLING_BACK};
use ostrakon_catalog::outcome::Rejection;
use ostrakon_catalog::schema::InstanceId;
use ostrakon_meta::ProposeError;

use super::definition::{ByVersion, Definition};
use super::fence::Fences;
use super::physical::GroupState;
use super::reach;
use super::steps::{Point, Step, steps, steps_back};
use super::work;
use crate::backend::settings::Settings;
use crate::call::now_ms as now;
use crate::error::SqlError;
use crate::failpoint;
use crate::worker::Worker;

/// So long after the last word of the leader statements may be sent. Another process takes over after a longer silence (`engine`).
pub const CONTACT: Duration = Duration::from_secs(2);
/// `lock_wait_timeout` of physical statements, in seconds: so long at most a shard's other statements queue up behind one.
const LOCK_WAIT: f64 = 2.0;
/// Between tries to reach the catalog's leader.
const AGAIN: Duration = Duration::from_millis(200);
/// Groups that an error lists.
const GROUPS_LISTED: usize = 16;

/// A job that this process owns.
pub struct Run {
    pub worker: Rc<Worker>,
    pub id: JobId,
    pub token: u64,
    /// As it was when it was picked up: its action, statement and settings.
    pub job: Arc<Job>,
    pub kind: &'static str,
    /// Of physical statements.
    pub settings: Rc<Settings>,
    /// Of questions about definitions.
    pub reading: Rc<Settings>,
    /// The step may have been begun before: what it finds may be its own doing.
    pub resumed: Cell<bool>,
    /// A physical statement of this step was done.
    pub touched: Cell<bool>,
    /// An instance that is out of reach is waited for.
    pub patient: Cell<bool>,
    pub before: RefCell<ByVersion>,
    pub after: RefCell<ByVersion>,
    /// Server connections that run statements of the job.
    pub connections: RefCell<Vec<(Rc<crate::backend::pool::Pool>, u32)>>,
    /// This process's connections that may send statements.
    pub fences: Fences,
    /// Groups that have finished the step and are not recorded yet.
    pub finished: RefCell<BTreeSet<String>>,
    /// Instances on which nothing of an earlier owner is left.
    clean: RefCell<BTreeSet<InstanceId>>,
    /// Physical names and the logical ones for them, for errors.
    pub names: RefCell<Vec<reach::Names>>,
    stop: Cell<Stopping>,
    contact: Cell<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stopping {
    No,
    Cancelled,
    Taken,
}

/// Why a step did not end well.
#[derive(Debug)]
pub enum Stop {
    Failed(Failed),
    /// Another process works on the job, or nobody should.
    Taken,
}

#[derive(Debug)]
pub struct Failed {
    pub error: SqlError,
    /// Of the groups that took part.
    pub groups: Vec<GroupState>,
    /// Certainly nothing was done in this step.
    pub untouched: bool,
}

impl Stop {
    pub fn error(error: SqlError) -> Self {
        Self::Failed(Failed { error, groups: Vec::new(), untouched: false })
    }
}

impl From<SqlError> for Stop {
    fn from(e: SqlError) -> Self {
        Self::error(e)
    }
}

/// What a step leaves.
#[derive(Debug, Default)]
pub struct Outcome {
    pub facts: BTreeMap<String, String>,
    pub publish: Vec<Command>,
}

/// Works on a job until it has ended, is parked, or another process has it.
pub async fn drive(worker: Rc<Worker>, id: JobId, token: u64) {
    loop {
        let catalog = worker.node.meta.catalog();
        let Some(job) = catalog.jobs.get(&id).filter(|job| job.token == token && job.state.is_active())
        else {
            return;
        };
        let run = Rc::new(Run::new(&worker, job));
        let going = match job.state {
            JobState::RollingBack => run.backward().await,
            _ => run.forward().await,
        };
        if going.is_err() {
            tracing::info!(job = id, token, "another process has the job");
            run.interrupt();
            return;
        }
    }
}

/// The job is another process's.
struct Taken;

impl Run {
    fn new(worker: &Rc<Worker>, job: &Arc<Job>) -> Self {
        let base = Settings::from_entries(&job.settings);
        let asked: Option<f64> = base.get("lock_wait_timeout").and_then(|text| text.parse().ok());
        let wait = asked.map_or(LOCK_WAIT, |asked| asked.min(LOCK_WAIT));
        let wait = (wait as u64).to_string();
        let reading =
            Settings::default().with("sql_mode", "''".into()).with("sql_quote_show_create", "1".into());
        let known = |prefix: &str| -> ByVersion {
            let facts = job.facts.iter();
            facts
                .filter_map(|(name, text)| {
                    Some((name.strip_prefix(prefix)?.to_owned(), Definition::decode(text)?))
                })
                .collect()
        };
        let rolling_back = job.state == JobState::RollingBack;
        Self {
            worker: Rc::clone(worker),
            id: job.id,
            token: job.token,
            job: Arc::clone(job),
            kind: job.action.kind(),
            settings: worker.intern(base.with("lock_wait_timeout", wait.clone())),
            reading: worker.intern(reading.with("lock_wait_timeout", wait)),
            resumed: Cell::new(job.token > 1 || rolling_back),
            touched: Cell::new(false),
            patient: Cell::new(false),
            before: RefCell::new(known(BEFORE)),
            after: RefCell::new(known(AFTER)),
            connections: RefCell::default(),
            fences: Fences::default(),
            finished: RefCell::default(),
            clean: RefCell::new(match Self::is_fresh(job) {
                true => worker.node.meta.load().instances.keys().copied().collect(),
                false => BTreeSet::new(),
            }),
            names: RefCell::default(),
            stop: Cell::new(Stopping::No),
            // Submitting and claiming it went through the leader, a restart of the loop may be long after.
            contact: Cell::new(Instant::now()),
        }
    }

    // ---- what others want of it

    /// Looks into the catalog: who has the job, and whether it is to end.
    pub fn look(&self, may_cancel: bool) -> Result<(), Stop> {
        let catalog = self.worker.node.meta.catalog();
        let job = catalog.jobs.get(&self.id).filter(|job| job.token == self.token && job.state.is_active());
        let Some(job) = job else {
            self.stop.set(Stopping::Taken);
            self.interrupt();
            return Err(Stop::Taken);
        };
        if job.cancel && may_cancel && job.state == JobState::Running && self.stop.get() == Stopping::No {
            self.stop.set(Stopping::Cancelled);
            self.interrupt();
        }
        Ok(())
    }

    pub fn interrupted(&self) -> bool {
        self.stop.get() != Stopping::No
    }

    /// Before each statement to a server.
    pub async fn may_act(&self) -> Result<(), SqlError> {
        loop {
            if self.interrupted() {
                return Err(SqlError::interrupted());
            }
            if self.contact.get().elapsed() < CONTACT {
                return Ok(());
            }
            self.ask_leader().await;
        }
    }

    /// As `may_act`, by the word of a majority of the nodes and not by the clock: whoever has taken the job over until now is seen.
    pub async fn confirm_owner(&self) -> Result<(), SqlError> {
        loop {
            let answered = self.ask_leader().await;
            if self.interrupted() {
                return Err(SqlError::interrupted());
            }
            if answered {
                return Ok(());
            }
        }
    }

    async fn ask_leader(&self) -> bool {
        let asked = Instant::now();
        let answered = self.worker.node.meta.read_barrier().await.is_ok();
        match answered {
            true => {
                self.contact.set(asked);
                // Whoever has taken it over is seen now.
                let _ = self.look(false);
            }
            false => tokio::time::sleep(AGAIN).await,
        }
        answered
    }

    // ---- instances

    pub fn is_clean(&self, instance: InstanceId) -> bool {
        self.clean.borrow().contains(&instance)
    }

    /// Nobody has sent anything for this job before: there is nothing to look for.
    fn is_fresh(job: &Job) -> bool {
        job.token == 1 && job.state == JobState::Running
    }

    pub fn note_clean(&self, instance: InstanceId) {
        self.clean.borrow_mut().insert(instance);
    }

    pub fn forget_clean(&self, instance: InstanceId) {
        self.clean.borrow_mut().remove(&instance);
    }

    /// How long the job may wait for locks in all: the session's `lock_wait_timeout`, or else the server's.
    pub async fn lock_limit(&self, instance: InstanceId) -> Duration {
        let own = self.job.settings.iter().find(|(name, _)| name == "lock_wait_timeout");
        let text = match own {
            Some((_, text)) => text.clone(),
            None => reach::server_lock_wait(&self.worker, instance).await.unwrap_or_default(),
        };
        super::lock_limit(text.parse().unwrap_or(60.0))
    }

    // ---- the catalog

    pub fn groups_done(&self, step: Step) -> BTreeSet<String> {
        let catalog = self.worker.node.meta.catalog();
        let job = catalog.jobs.get(&self.id).filter(|job| job.step == step.name());
        job.map(|job| job.groups_done.clone()).unwrap_or_default()
    }

    /// The catalog has the job's change: from now on it can only be brought to its end.
    pub fn is_published(&self) -> bool {
        let steps = steps(&self.job.action);
        let catalog = self.worker.node.meta.catalog();
        let Some(job) = catalog.jobs.get(&self.id) else { return false };
        let at = |name: &str| steps.iter().position(|step| step.name() == name);
        job.state == JobState::Done || at(&job.step) > at(Step::Publish.name())
    }

    /// Makes the change durable, however long it takes.
    ///
    /// Errors: the catalog refuses it, or another process has the job.
    pub async fn record(&self, update: JobUpdate) -> Result<(), Stop> {
        let meta = &self.worker.node.meta;
        let mut unknown = false;
        loop {
            let command = Command::UpdateJob { job: self.id, token: self.token, update: update.clone() };
            match meta.propose(command).await {
                Ok(_) => {
                    self.contact.set(Instant::now());
                    return Ok(());
                }
                // A try whose fate was not known may have been the first.
                Err(ProposeError::Rejected(_)) if unknown && self.is_recorded(&update) => return Ok(()),
                Err(ProposeError::Rejected(
                    Rejection::JobTaken { .. } | Rejection::UnknownJob { .. } | Rejection::JobState { .. },
                )) => {
                    self.stop.set(Stopping::Taken);
                    return Err(Stop::Taken);
                }
                Err(ProposeError::Rejected(r)) => {
                    return Err(SqlError::from(ProposeError::Rejected(r)).into());
                }
                Err(e) => {
                    tracing::warn!(job = self.id, error = %e, "the job's progress cannot be recorded yet");
                    unknown = true;
                    tokio::time::sleep(AGAIN).await;
                    if meta.read_barrier().await.is_ok() && self.is_recorded(&update) {
                        return Ok(());
                    }
                }
            }
        }
    }

    /// The catalog shows what the update says, and it is this process's doing.
    fn is_recorded(&self, update: &JobUpdate) -> bool {
        let catalog = self.worker.node.meta.catalog();
        let Some(job) = catalog.jobs.get(&self.id).filter(|job| job.token == self.token) else {
            return false;
        };
        let step = update.step.as_ref().is_none_or(|step| *step == job.step);
        let state = update.state.is_none_or(|state| state == job.state);
        step && state && (update.step.is_some() || update.state.is_some())
    }

    // ---- forward

    async fn forward(self: &Rc<Self>) -> Result<(), Taken> {
        let steps = steps(&self.job.action);
        let at = steps.iter().position(|step| step.name() == self.job.step).unwrap_or(0);
        work::learn_names(self);
        for (number, step) in steps.iter().enumerate().skip(at) {
            self.patient.set(*step != Step::Preflight);
            match self.one(*step, steps.get(number + 1).copied()).await {
                Ok(()) => {}
                Err(Stop::Taken) => return Err(Taken),
                Err(Stop::Failed(failed)) => return self.fail(*step, failed).await,
            }
        }
        Ok(())
    }

    /// Does a step and records what comes next.
    async fn one(self: &Rc<Self>, step: Step, next: Option<Step>) -> Result<(), Stop> {
        let may_cancel = work::may_cancel(self, step);
        if !may_cancel && self.stop.get() == Stopping::Cancelled {
            // It came when the step before was done, which does not go back: as if it had come after the job.
            self.stop.set(Stopping::No);
        }
        self.look(may_cancel)?;
        self.touched.set(false);
        let begin = match self.interrupted() {
            true => Err(SqlError::interrupted()),
            false => failpoint::pass(self.kind, step, Point::Before).await,
        };
        if let Err(error) = begin {
            let untouched = !self.resumed.get();
            return Err(Stop::Failed(Failed { untouched, ..Failed::of(error) }));
        }
        let outcome = work::perform(self, step).await?;
        failpoint::pass(self.kind, step, Point::Done).await?;
        let mut update = JobUpdate { facts: outcome.facts, publish: outcome.publish, ..JobUpdate::default() };
        match next {
            None => {
                let state = match step {
                    Step::Drop | Step::Undo => JobState::RolledBack,
                    _ => JobState::Done,
                };
                update.state = Some(state);
                update.ended = Some(now());
            }
            Some(next) if next.is_recorded(self.kind) => update.step = Some(next.name().to_owned()),
            Some(_) => {
                // Nothing to record: a crash repeats this step too.
                if update.facts.is_empty() && update.publish.is_empty() {
                    return Ok(());
                }
            }
        }
        self.record(update).await?;
        self.resumed.set(self.job.state == JobState::RollingBack);
        failpoint::pass(self.kind, step, Point::Recorded).await?;
        Ok(())
    }

    /// A step has failed: back where that is possible, else parked.
    async fn fail(self: &Rc<Self>, step: Step, failed: Failed) -> Result<(), Taken> {
        tracing::info!(job = self.id, step = step.name(), error = %failed.error, "a step of the job failed");
        // What stopped the step must not stop the way back.
        if self.stop.get() == Stopping::Taken {
            return Err(Taken);
        }
        self.stop.set(Stopping::No);
        let back = steps_back(&self.job.action);
        let way = match back.first() {
            _ if work::nothing_done(self, step, &failed) => Way::Ended,
            None => Way::Parked(None),
            Some(first) => match work::can_go_back(self).await {
                Ok(()) => Way::Back(*first),
                Err(Stop::Taken) => return Err(Taken),
                Err(Stop::Failed(why)) => Way::Parked(Some(why.error)),
            },
        };
        match way {
            Way::Ended => self.finish_failed(failed.error).await,
            Way::Back(first) => self.begin_back(first, Some(failed.error)).await,
            Way::Parked(why) => self.park(&failed, why).await,
        }
    }

    async fn finish_failed(&self, error: SqlError) -> Result<(), Taken> {
        let update = JobUpdate {
            state: Some(JobState::RolledBack),
            error: Some(self.logical(error).into()),
            ended: Some(now()),
            ..JobUpdate::default()
        };
        self.record(update).await.map_err(|_| Taken)
    }

    async fn begin_back(&self, first: Step, error: Option<SqlError>) -> Result<(), Taken> {
        let update = JobUpdate {
            state: Some(JobState::RollingBack),
            step: Some(first.name().to_owned()),
            facts: self.after_facts().into_iter().chain([(ROLLING_BACK.to_owned(), String::new())]).collect(),
            error: error.map(|e| self.logical(e).into()),
            ..JobUpdate::default()
        };
        self.record(update).await.map_err(|_| Taken)
    }

    /// Leaves the job to a DBA.
    async fn park(&self, failed: &Failed, no_way_back: Option<SqlError>) -> Result<(), Taken> {
        let (id, e) = (self.id, self.logical(failed.error.clone()));
        let (database, object) = self.job.action.object();
        let mut message =
            format!("{} of '{database}.{object}' is parked as DDL job {id}: {}", self.kind, e.message);
        let mut groups: Vec<String> = failed.groups.iter().map(GroupState::describe).collect();
        let left_out = groups.len().saturating_sub(GROUPS_LISTED);
        groups.truncate(GROUPS_LISTED);
        if left_out > 0 {
            groups.push(format!("{left_out} more"));
        }
        if !groups.is_empty() {
            message.push_str(&format!(". {}", groups.join("; ")));
        }
        message.push_str(&format!(". RECOVER DDL {id} goes on with it"));
        match no_way_back {
            _ if self.job.action.goes_forward_only() => {}
            Some(why) => message.push_str(&format!(
                "; ROLLBACK DDL {id} tries to take it back, which is not possible now: {}",
                self.logical(why).message
            )),
            None => message.push_str(&format!("; ROLLBACK DDL {id} takes it back")),
        }
        let error = JobError { message, ..e.into() };
        let update = JobUpdate {
            state: Some(JobState::Pending),
            error: Some(error),
            facts: self.after_facts(),
            ..JobUpdate::default()
        };
        self.record(update).await.map_err(|_| Taken)
    }

    /// The definitions that this process has learnt.
    pub fn after_facts(&self) -> BTreeMap<String, String> {
        let fact = |(version, definition): (&String, &Definition)| {
            (format!("{AFTER}{version}"), definition.encode())
        };
        self.after.borrow().iter().map(fact).collect()
    }

    // ---- back

    async fn backward(self: &Rc<Self>) -> Result<(), Taken> {
        let back = steps_back(&self.job.action);
        work::learn_names(self);
        self.patient.set(true);
        let Some(at) = back.iter().position(|step| step.name() == self.job.step) else {
            // ROLLBACK DDL of a parked job.
            return match (back.first(), work::can_go_back(self).await) {
                (Some(first), Ok(())) => self.begin_back(*first, None).await,
                (_, Err(Stop::Taken)) => Err(Taken),
                (_, Err(Stop::Failed(failed))) => self.park(&failed, Some(failed.error.clone())).await,
                (None, Ok(())) => self.park(&Failed::of(SqlError::interrupted()), None).await,
            };
        };
        for (number, step) in back.iter().enumerate().skip(at) {
            match self.one(*step, back.get(number + 1).copied()).await {
                Ok(()) => {}
                Err(Stop::Taken) => return Err(Taken),
                Err(Stop::Failed(failed)) => return self.park(&failed, None).await,
            }
        }
        Ok(())
    }

    /// Physical names in an error become logical ones.
    pub fn logical(&self, e: SqlError) -> SqlError {
        let message = self.names.borrow().iter().fold(e.message, |text, names| names.in_text(&text));
        SqlError { message, ..e }
    }
}

impl Failed {
    pub fn of(error: SqlError) -> Self {
        Self { error, groups: Vec::new(), untouched: false }
    }
}

enum Way {
    /// Nothing was done.
    Ended,
    Back(Step),
    Parked(Option<SqlError>),
}

/// Facts that hold definitions, each with a server's version behind it.
pub const BEFORE: &str = "before ";
pub const AFTER: &str = "after ";
