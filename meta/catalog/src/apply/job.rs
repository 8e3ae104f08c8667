//! Jobs: submit, claim, update, control, remove.

use std::sync::Arc;

use super::Change;
use crate::command::Command;
use crate::job::{FINISHED_KEPT, Job, JobControl, JobId, JobState, JobUpdate, NewJob, Owner};
use crate::outcome::{Outcome, Rejection};
use crate::state::Catalog;

impl Catalog {
    pub(super) fn submit_job(&mut self, new: &NewJob) -> Result<(Change, Outcome), Rejection> {
        let locks = new.action.locks();
        for job in self.jobs.values().filter(|job| job.state.is_unfinished()) {
            let held = job.action.locks();
            if let Some(lock) = locks.iter().find(|lock| held.iter().any(|other| other.conflicts(lock))) {
                let (object, state) = (lock.name(), job.state);
                return Err(Rejection::ObjectLocked { object, job: job.id, state });
            }
        }
        let id = super::next_number(self.last_job, "job numbers are used up")?;
        let job = Job {
            id,
            action: new.action.clone(),
            statement: new.statement.clone(),
            settings: new.settings.clone(),
            state: JobState::Running,
            step: String::new(),
            groups_done: Default::default(),
            facts: Default::default(),
            owner: new.owner,
            token: 1,
            error: None,
            cancel: false,
            submitted: new.submitted,
            ended: None,
        };
        self.jobs.insert(id, Arc::new(job));
        self.last_job = id;
        Ok((Change::Position, Outcome::Job { id, token: 1 }))
    }

    pub(super) fn claim_job(
        &mut self,
        id: JobId,
        expected_token: u64,
        owner: Owner,
    ) -> Result<(Change, Outcome), Rejection> {
        let job = self.job_mut(id, expected_token)?;
        if !job.state.is_active() {
            return Err(Rejection::JobState { job: id, state: job.state });
        }
        job.owner = owner;
        job.token += 1;
        let token = job.token;
        Ok((Change::Position, Outcome::Job { id, token }))
    }

    pub(super) fn update_job(
        &mut self,
        id: JobId,
        token: u64,
        update: &JobUpdate,
    ) -> Result<(Change, Outcome), Rejection> {
        let job = self.need_job(id)?;
        if job.token != token {
            return Err(Rejection::JobTaken { job: id });
        }
        if !job.state.is_active() {
            return Err(Rejection::JobState { job: id, state: job.state });
        }
        let (change, outcome) = self.publish(&update.publish)?;
        let job = self.job_mut(id, token)?;
        if let Some(state) = update.state {
            job.state = state;
        }
        if let Some(step) = &update.step {
            job.step.clone_from(step);
            job.groups_done.clear();
        }
        job.groups_done.extend(update.groups_done.iter().cloned());
        job.facts.extend(update.facts.iter().map(|(name, value)| (name.clone(), value.clone())));
        if update.error.is_some() {
            job.error.clone_from(&update.error);
        }
        if !job.state.is_unfinished() {
            job.ended = update.ended;
            self.forget_finished();
        }
        Ok((change, outcome))
    }

    /// Runs the commands on a copy, so that the one that is refused takes all others with it. The last one's outcome.
    fn publish(&mut self, commands: &[Command]) -> Result<(Change, Outcome), Rejection> {
        if commands.is_empty() {
            return Ok((Change::Position, Outcome::Done));
        }
        let mut copy = self.clone();
        let (mut change, mut outcome) = (Change::Position, Outcome::Done);
        for command in commands {
            let applied = copy.dispatch(command)?;
            outcome = applied.1;
            if matches!(applied.0, Change::Schema) {
                change = Change::Schema;
            }
        }
        *self = copy;
        Ok((change, outcome))
    }

    pub(super) fn control_job(
        &mut self,
        id: JobId,
        control: JobControl,
    ) -> Result<(Change, Outcome), Rejection> {
        let state = self.need_job(id)?.state;
        let token = self.need_job(id)?.token;
        let refused = Err(Rejection::JobState { job: id, state });
        let job = self.job_mut(id, token)?;
        match (control, state) {
            (JobControl::Cancel, JobState::Running) => job.cancel = true,
            (JobControl::Recover, JobState::Pending) => {
                job.state = if job.facts.contains_key(ROLLING_BACK) {
                    JobState::RollingBack
                } else {
                    JobState::Running
                };
                job.cancel = false;
                job.owner = Owner::default();
                job.token += 1;
            }
            (JobControl::Rollback, JobState::Pending) => {
                job.state = JobState::RollingBack;
                job.owner = Owner::default();
                job.token += 1;
            }
            _ => return refused,
        }
        Ok((Change::Position, Outcome::Done))
    }

    pub(super) fn remove_jobs(&mut self, ids: &[JobId]) -> Result<(Change, Outcome), Rejection> {
        for id in ids {
            let state = self.need_job(*id)?.state;
            if state.is_active() {
                return Err(Rejection::JobState { job: *id, state });
            }
        }
        for id in ids {
            self.jobs.remove(id);
        }
        let change = if ids.is_empty() { Change::Nothing } else { Change::Position };
        Ok((change, Outcome::Done))
    }

    fn forget_finished(&mut self) {
        let finished: Vec<JobId> =
            self.jobs.values().filter(|job| !job.state.is_unfinished()).map(|job| job.id).collect();
        for id in finished.iter().rev().skip(FINISHED_KEPT) {
            self.jobs.remove(id);
        }
    }

    fn need_job(&self, id: JobId) -> Result<&Arc<Job>, Rejection> {
        self.jobs.get(&id).ok_or(Rejection::UnknownJob { job: id })
    }

    fn job_mut(&mut self, id: JobId, token: u64) -> Result<&mut Job, Rejection> {
        match self.jobs.get_mut(&id) {
            None => Err(Rejection::UnknownJob { job: id }),
            Some(job) if job.token != token => Err(Rejection::JobTaken { job: id }),
            Some(job) => Ok(Arc::make_mut(job)),
        }
    }
}

/// The fact that a job was going back when it was parked.
pub const ROLLING_BACK: &str = "rolling_back";
