//! RECOVER, ROLLBACK, CANCEL and REMOVE DDL: what a DBA asks of jobs, and the wait for what becomes of them.

use ostrakon_catalog::command::Command as CatalogCommand;
use ostrakon_catalog::job::{Job, JobControl, JobId, JobState, ROLLING_BACK};
use ostrakon_router::parse::command::{JobSelection, JobStatement};

use super::{Failure, Session};
use crate::error::SqlError;

impl Session {
    /// Carries a statement about jobs out. RECOVER and ROLLBACK wait until each job has ended or is parked again; its error is theirs.
    pub(super) async fn control_jobs(&mut self, statement: &JobStatement) -> Result<(), Failure> {
        // What ALL means is what has been acknowledged anywhere.
        self.worker.node.meta.read_barrier().await.map_err(SqlError::from)?;
        match statement {
            JobStatement::Recover(selection) => {
                let ids = self.selected(selection, |job| job.state == JobState::Pending);
                self.resume(&ids, JobControl::Recover).await
            }
            JobStatement::Rollback(ids) => self.resume(ids, JobControl::Rollback).await,
            JobStatement::Cancel(selection) => {
                let ids = self.selected(selection, |job| job.state == JobState::Running);
                for job in ids {
                    self.propose(CatalogCommand::ControlJob { job, control: JobControl::Cancel }).await?;
                }
                Ok(())
            }
            JobStatement::Remove(ids) => self.remove(ids.clone()).await,
            JobStatement::RemoveCompleted => {
                let ids = self.selected(&JobSelection::All, |job| !job.state.is_unfinished());
                self.remove(ids).await
            }
            JobStatement::RemovePending => {
                let ids = self.selected(&JobSelection::All, |job| job.state == JobState::Pending);
                self.remove(ids).await
            }
        }
    }

    fn selected(&self, selection: &JobSelection, of_all: impl Fn(&Job) -> bool) -> Vec<JobId> {
        match selection {
            JobSelection::Ids(ids) => ids.clone(),
            JobSelection::All => {
                self.catalog().jobs.values().filter(|job| of_all(job)).map(|job| job.id).collect()
            }
        }
    }

    async fn remove(&self, jobs: Vec<JobId>) -> Result<(), Failure> {
        self.propose(CatalogCommand::RemoveJobs { jobs }).await?;
        Ok(())
    }

    async fn resume(&mut self, ids: &[JobId], control: JobControl) -> Result<(), Failure> {
        let mut resumed = Vec::with_capacity(ids.len());
        for id in ids {
            // A job that was parked on its way back goes on back.
            let catalog = self.catalog();
            let back = catalog.jobs.get(id).is_some_and(|job| job.facts.contains_key(ROLLING_BACK));
            let reached = match control {
                JobControl::Recover if !back => JobState::Done,
                _ => JobState::RolledBack,
            };
            self.propose(CatalogCommand::ControlJob { job: *id, control }).await?;
            resumed.push((id, reached));
        }
        if self.own.ddl_async {
            return Ok(());
        }
        let mut failed = Vec::new();
        for (id, reached) in resumed {
            let job = self.at_rest(*id).await?;
            if job.as_ref().is_none_or(|job| job.state != reached) {
                failed.push((*id, job));
            }
        }
        match failed.as_slice() {
            [] => Ok(()),
            [(id, job)] => Err(outcome(*id, job.as_ref()).into()),
            [(first, job), ..] => {
                let names: Vec<String> = failed.iter().map(|(id, _)| id.to_string()).collect();
                let e = outcome(*first, job.as_ref());
                let message = format!("DDL jobs {} did not go through; {}", names.join(", "), e.message);
                Err(SqlError { message, ..e }.into())
            }
        }
    }

    /// The job when nobody works on it any longer; `None` when it is no longer kept.
    async fn at_rest(&mut self, id: JobId) -> Result<Option<Job>, Failure> {
        let mut revisions = self.worker.node.meta.revisions();
        loop {
            revisions.mark_unchanged();
            match self.catalog().jobs.get(&id) {
                None => return Ok(None),
                Some(job) if !job.state.is_active() => return Ok(Some((**job).clone())),
                Some(_) => {}
            }
            tokio::select! {
                changed = revisions.changed() => {
                    if changed.is_err() {
                        return Err(SqlError::other(format!("The node stops; DDL job {id} goes on elsewhere")).into());
                    }
                }
                () = super::killed_statement(self.entry()) => {
                    return Err(SqlError::interrupted_but(&format!("; DDL job {id} goes on: see SHOW DDL"))
                    .into());
                }
                () = self.client.hung_up() => return Err(Failure::ClientGone),
            }
        }
    }
}

/// What became of a job that did not reach what was asked of it.
fn outcome(id: JobId, job: Option<&Job>) -> SqlError {
    let Some(job) = job else {
        return SqlError::other(format!("DDL job {id} has ended, and how is no longer kept"));
    };
    let what = match job.state {
        JobState::Done => "was completed",
        JobState::RolledBack => "was rolled back",
        _ => "is parked again (RECOVER DDL, ROLLBACK DDL or REMOVE DDL)",
    };
    match &job.error {
        Some(e) => SqlError::new(e.errno, &e.sqlstate, format!("DDL job {id} {what}: {}", e.message)),
        None => SqlError::other(format!("DDL job {id} {what}")),
    }
}
