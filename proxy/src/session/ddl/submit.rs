//! A DDL statement's job: submitted, waited for, and answered with what became of it.

use std::time::{Duration, Instant};

use ostrakon_catalog::command::Command;
use ostrakon_catalog::job::{Job, JobAction, JobControl, JobId, JobState, NewJob};
use ostrakon_catalog::outcome::{Outcome, Rejection};
use ostrakon_meta::ProposeError;
use ostrakon_router::parse::ddl::Ddl;

use crate::backend::connection::Answer;
use crate::call::now_ms as now;
use crate::error::{LOCK_WAIT_TIMEOUT, SqlError};
use crate::session::{Failure, Session, killed_statement};

/// A look at the catalog at least so often, should a notice have been missed.
const LOOK_AGAIN: Duration = Duration::from_millis(500);
/// So long a killed statement waits for its job to go back.
const GO_BACK_LIMIT: Duration = Duration::from_secs(10);
/// A statement's text in the catalog, in bytes.
const STATEMENT_KEPT: usize = 16 << 10;
/// Seconds for which a statement waits for another one's job, where the session says nothing: MariaDB's default.
const LOCK_WAIT: f64 = 86_400.0;
/// How often a statement is planned anew because its object has changed meanwhile.
const PLANS_MAX: usize = 16;

impl Session {
    /// Carries out a DDL statement and answers it.
    pub async fn answer_ddl(&mut self, ddl: &Ddl, text: &[u8], more: bool) -> Result<(), Failure> {
        self.warnings.clear();
        if let Ddl::CreateTable(create) = ddl
            && create.temporary
            && create.query.is_some()
        {
            return Box::pin(self.create_temporary_as(create, text, more)).await;
        }
        let answer = match Box::pin(self.temporary_ddl(ddl, text)).await? {
            Some(answer) => answer,
            None => {
                self.run_ddl(ddl, text).await?;
                Answer::default()
            }
        };
        self.row_count = i64::try_from(answer.affected_rows).unwrap_or(i64::MAX);
        self.ok(answer.affected_rows, 0, answer.info.as_bytes(), more);
        Ok(())
    }

    /// Carries out a DDL statement. The session's transaction is committed first, as MySQL does.
    pub async fn run_ddl(&mut self, ddl: &Ddl, text: &[u8]) -> Result<(), Failure> {
        self.commit_all().await?;
        match ddl {
            Ddl::CreateView(create) => return Box::pin(self.put_view(create)).await,
            Ddl::DropView { views, if_exists } => return self.drop_views(views, *if_exists).await,
            _ => {}
        }
        let node = std::sync::Arc::clone(&self.worker.node);
        let waiting_since = Instant::now();
        let mut changed = 0;
        while changed < PLANS_MAX {
            // What any node has acknowledged is there for this statement.
            node.meta.read_barrier().await.map_err(SqlError::from)?;
            self.warnings.clear();
            let Some(action) = self.plan_ddl(ddl, text).await? else { return Ok(()) };
            let job = NewJob {
                settings: self.job_settings(&action),
                action: action.clone(),
                statement: shortened(text),
                owner: node.owner(),
                submitted: now(),
            };
            match node.meta.propose(Command::SubmitJob { job }).await {
                Ok(Outcome::Job { id, .. }) if self.own.ddl_async => {
                    self.note(1105, format!("DDL job {id} was submitted: see SHOW DDL and SHOW DDL RESULT"));
                    return Ok(());
                }
                Ok(Outcome::Job { id, .. }) => {
                    self.wait_for_job(id).await?;
                    self.after_ddl(&action);
                    return Ok(());
                }
                Ok(other) => {
                    return Err(SqlError::other(format!("the catalog answered a job with {other:?}")).into());
                }
                Err(ProposeError::Rejected(Rejection::ObjectLocked { object, job, .. })) => {
                    self.wait_for_lock(&object, job, waiting_since).await?;
                }
                // What it was planned from has changed since: as if the statement had come a moment later.
                Err(ProposeError::Rejected(Rejection::TableChanged { .. })) => changed += 1,
                Err(ProposeError::Rejected(
                    Rejection::NoSuchTable { .. } | Rejection::TableExists { .. },
                )) if !matches!(action, JobAction::Rename { .. }) => {
                    changed += 1;
                }
                Err(e) => return Err(SqlError::from(e).into()),
            }
        }
        Err(SqlError::new(1412, "HY000", "Table definition has changed, please retry transaction").into())
    }

    /// What physical statements are to run with: what the session has SET.
    fn job_settings(&self, action: &JobAction) -> Vec<(String, String)> {
        let own = self.settings.entries().filter(|(name, _)| !name.starts_with('@'));
        let mut settings: Vec<(String, String)> =
            own.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let has_time = settings.iter().any(|(name, _)| name == "timestamp");
        if matches!(action, JobAction::AlterTable { .. }) && !has_time {
            // NOW() as a default of a new column is one moment in all groups.
            let now = now();
            settings.push(("timestamp".to_owned(), format!("{}.{:03}", now / 1000, now % 1000)));
        }
        settings
    }

    /// Waits until the job has ended.
    ///
    /// Errors: the job's own; 1317 after KILL.
    async fn wait_for_job(&mut self, id: JobId) -> Result<(), Failure> {
        let mut revisions = self.worker.node.meta.revisions();
        let mut killed_at: Option<Instant> = None;
        loop {
            revisions.mark_unchanged();
            let catalog = self.catalog();
            let job = catalog.jobs.get(&id).map(|job| &**job);
            match ended(job, id) {
                None => {}
                Some(Ok(())) => return Ok(()),
                Some(Err(e)) if killed_at.is_some() => {
                    // Nothing is left of a job that went back. One that could not holds its object: that must not pass for a plain KILL.
                    let went_back = job.is_some_and(|job| job.state == JobState::RolledBack);
                    return Err(interrupted((!went_back).then_some(e.message)).into());
                }
                Some(Err(e)) => return Err(e.into()),
            }
            if killed_at.is_some_and(|at| at.elapsed() > GO_BACK_LIMIT) {
                let what =
                    format!("DDL job {id} goes on, since it can no longer be taken back: see SHOW DDL");
                return Err(interrupted(Some(what)).into());
            }
            tokio::select! {
                _ = revisions.changed() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
                () = killed_statement(self.entry()), if killed_at.is_none() => {
                    killed_at = Some(Instant::now());
                    self.cancel(id).await;
                }
                () = self.client.hung_up(), if killed_at.is_none() => {
                    self.cancel(id).await;
                    return Err(Failure::ClientGone);
                }
            }
        }
    }

    /// Asks the job to go back. It does so as long as that loses nothing.
    async fn cancel(&self, job: JobId) {
        let command = Command::ControlJob { job, control: JobControl::Cancel };
        if let Err(e) = self.worker.node.meta.propose(command).await {
            tracing::debug!(job, error = %e, "the job was not cancelled");
        }
    }

    /// Waits for the end of the job that has the object, as for a metadata lock.
    ///
    /// Errors: 1205 after `lock_wait_timeout`, and at once when the job is parked.
    pub(super) async fn wait_for_lock(
        &mut self,
        object: &str,
        id: JobId,
        since: Instant,
    ) -> Result<(), Failure> {
        let asked = self.settings.get("lock_wait_timeout").and_then(|text| text.parse::<f64>().ok());
        let limit = crate::job::lock_limit(asked.unwrap_or(LOCK_WAIT));
        let mut revisions = self.worker.node.meta.revisions();
        loop {
            revisions.mark_unchanged();
            let catalog = self.catalog();
            let state = match catalog.jobs.get(&id) {
                Some(job) if job.state == JobState::Pending => return Err(parked(object, job).into()),
                Some(job) if job.state.is_active() => job.state,
                _ => return Ok(()),
            };
            let Some(left) = limit.checked_sub(since.elapsed()) else {
                return Err(SqlError::new(
                    LOCK_WAIT_TIMEOUT,
                    "HY000",
                    format!(
                        "Lock wait timeout exceeded; try restarting transaction: '{object}' is being changed by DDL job {id} ({})",
                        state.name()
                    ),
                )
                .into());
            };
            tokio::select! {
                _ = revisions.changed() => {}
                () = tokio::time::sleep(LOOK_AGAIN.min(left.max(Duration::from_millis(1)))) => {}
                () = killed_statement(self.entry()) => {
                    return Err(SqlError::interrupted().into());
                }
                () = self.client.hung_up() => return Err(Failure::ClientGone),
            }
        }
    }

    /// What the session keeps in mind of objects that have changed.
    fn after_ddl(&mut self, action: &JobAction) {
        let JobAction::DropDatabase { name, .. } = action else { return };
        self.changes.dropped = true;
        if self.database.as_ref() == Some(name) {
            self.database = None;
            self.note_database();
            self.publish_identity();
        }
    }
}

/// How a job has ended, if it has.
fn ended(job: Option<&Job>, id: JobId) -> Option<Result<(), SqlError>> {
    let Some(job) = job else {
        return Some(Err(SqlError::other(format!(
            "DDL job {id} was removed, and how it ended is not known"
        ))));
    };
    let error = || match &job.error {
        Some(e) => SqlError::from(e),
        None => SqlError::other(format!("DDL job {id} is {}", job.state.name())),
    };
    match job.state {
        JobState::Running | JobState::RollingBack => None,
        JobState::Done => Some(Ok(())),
        JobState::RolledBack | JobState::Pending => Some(Err(error())),
    }
}

/// `job`: what becomes of the statement's job, when it did not go back.
fn interrupted(job: Option<String>) -> SqlError {
    let job = job.map(|what| format!("; {what}")).unwrap_or_default();
    SqlError::interrupted_but(&job)
}

fn parked(object: &str, job: &Job) -> SqlError {
    let id = job.id;
    let reason = job.error.as_ref().map_or("it was left alone", |e| e.message.as_str());
    SqlError::new(
        LOCK_WAIT_TIMEOUT,
        "HY000",
        format!(
            "'{object}' is held by DDL job {id}, which is parked (RECOVER DDL {id}, ROLLBACK DDL {id} or REMOVE DDL {id}): {reason}"
        ),
    )
}

fn shortened(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    match text.char_indices().nth(STATEMENT_KEPT) {
        Some((at, _)) => format!("{} ...", text.get(..at).unwrap_or_default()),
        None => text.into_owned(),
    }
}
