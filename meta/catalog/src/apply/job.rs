//! Jobs: submit, claim, update, control, remove.
//!
//! **Invariant:** a job is submitted for the objects as they are, and its locks keep them so: what it was planned from is true until it ends.

use std::sync::Arc;

use super::Change;
use crate::command::Command;
use crate::job::{
    FINISHED_KEPT, FORWARD_STEP, FRESH_KEPT, FRESH_MS, Job, JobAction, JobControl, JobId, JobState,
    JobUpdate, NewJob, Owner, ROLLING_BACK,
};
use crate::outcome::{Outcome, Rejection};
use crate::schema::{Group, Table};
use crate::state::Catalog;
use crate::validate;

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
        self.check_action(&new.action)?;
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

    /// The objects are what the job was planned from.
    fn check_action(&self, action: &JobAction) -> Result<(), Rejection> {
        match action {
            JobAction::CreateDatabase { database, .. } => validate::new_database(self, database),
            JobAction::DropDatabase { name, groups } => match self.database(name) {
                None => Err(Rejection::NoDatabaseToDrop { name: name.clone() }),
                Some(home) => same_groups(&home.groups, groups),
            },
            JobAction::CreateTable { database, table, like, .. } => {
                let home = self.need_database(database)?;
                if home.tables.contains_key(&table.name) || home.views.contains_key(&table.name) {
                    return Err(Rejection::TableExists { name: table.name.clone() });
                }
                // Before anything is made: a physical table of that name would be another logical one's.
                validate::physical_name_is_free(home, table, None)?;
                like.as_ref().map_or(Ok(()), |source| self.is_still(database, source))
            }
            JobAction::DropTables { tables } => {
                tables.iter().try_for_each(|(database, table)| self.is_still(database, table))
            }
            JobAction::Truncate { database, table } | JobAction::AlterTable { database, table, .. } => {
                self.is_still(database, table)
            }
            JobAction::Rename { renames } => self.clone().rename_tables(renames).map(|_| ()),
        }
    }

    fn is_still(&self, database: &str, expected: &Table) -> Result<(), Rejection> {
        match self.table(database, &expected.name) {
            None => {
                Err(Rejection::NoSuchTable { database: database.to_owned(), table: expected.name.clone() })
            }
            Some(table) if table.id != expected.id => {
                Err(Rejection::TableChanged { expected_id: expected.id, id: table.id })
            }
            Some(_) => Ok(()),
        }
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
            // Only steps need them, and definitions are long.
            job.facts.clear();
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
            if command.is_of_jobs() {
                let reason = format!("a job publishes {}", command.kind());
                return Err(Rejection::Malformed { reason });
            }
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
                if job.facts.contains_key(ROLLING_BACK) {
                    job.state = JobState::RollingBack;
                } else {
                    job.state = JobState::Running;
                    job.error = None;
                    if let Some(step) = job.facts.remove(FORWARD_STEP) {
                        job.step = step;
                        job.groups_done.clear();
                    }
                }
                job.cancel = false;
                job.owner = Owner::default();
                job.token += 1;
            }
            (JobControl::Rollback, JobState::Pending) if job.action.goes_forward_only() => {
                return Err(Rejection::JobForwardOnly { job: id });
            }
            (JobControl::Rollback, JobState::Pending) => {
                // The steps back have names of their own. Where they turn out not to lead back, RECOVER goes on with this one.
                if !job.facts.contains_key(ROLLING_BACK) {
                    let step = std::mem::take(&mut job.step);
                    job.facts.entry(FORWARD_STEP.to_owned()).or_insert(step);
                    job.groups_done.clear();
                }
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
        let finished = || self.jobs.values().rev().filter(|job| !job.state.is_unfinished());
        let last = finished().filter_map(|job| job.ended).max().unwrap_or(0);
        let is_fresh = |job: &Job| job.ended.is_some_and(|ended| ended.saturating_add(FRESH_MS) > last);
        let forgotten = finished().enumerate().skip(FINISHED_KEPT);
        let forgotten = forgotten.filter(|(rank, job)| *rank >= FRESH_KEPT || !is_fresh(job));
        let forgotten: Vec<JobId> = forgotten.map(|(_, job)| job.id).collect();
        for id in forgotten {
            self.jobs.remove(&id);
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

#[cfg(test)]
mod tests;

fn same_groups(current: &[Group], planned: &[Group]) -> Result<(), Rejection> {
    match current == planned {
        true => Ok(()),
        false => {
            let reason = "a database's groups have changed since the statement was planned".to_owned();
            Err(Rejection::Malformed { reason })
        }
    }
}
