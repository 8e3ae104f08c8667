//! What each step does for each kind of job.

mod alter;
mod create;
mod remove;

use std::rc::Rc;

use ostrakon_catalog::command::Command;
use ostrakon_catalog::job::JobAction;
use ostrakon_router::sharding::Topology;

use super::physical::{self, GroupState, GroupWork, is_lost};
use super::reach::{self, Names};
use super::run::{Failed, Outcome, Run, Stop};
use super::settle;
use super::steps::Step;
use crate::error::{DEADLOCK, INTERRUPTED, LOCK_WAIT_TIMEOUT, SqlError};

/// Does one step.
pub async fn perform(run: &Rc<Run>, step: Step) -> Result<Outcome, Stop> {
    if step == Step::Settle {
        settle::settle(run).await;
        return Ok(Outcome::default());
    }
    match &run.job.action {
        JobAction::CreateDatabase { database, options } => {
            create::database(run, step, database, options).await
        }
        JobAction::CreateTable { .. } => create::table(run, step).await,
        JobAction::AlterTable { .. } => alter::table(run, step).await,
        JobAction::DropDatabase { name, groups } => remove::database(run, step, name, groups).await,
        JobAction::DropTables { tables } => remove::tables(run, step, tables).await,
        JobAction::Truncate { database, table } => remove::rows(run, step, database, table).await,
        JobAction::Rename { renames } => {
            let publish = vec![Command::RenameTables { renames: renames.clone() }];
            Ok(Outcome { publish, ..Outcome::default() })
        }
    }
}

/// CANCEL DDL is followed in this step.
pub fn may_cancel(run: &Rc<Run>, step: Step) -> bool {
    let fresh = !run.resumed.get();
    match (step, &run.job.action) {
        (Step::Settle | Step::Drop | Step::Undo, _) => false,
        (_, JobAction::CreateDatabase { .. } | JobAction::CreateTable { .. }) => true,
        (Step::Preflight | Step::First, action) => fresh || !action.goes_forward_only(),
        (_, JobAction::AlterTable { undo, .. }) => undo.is_some() || alter::has_undo(run),
        (_, JobAction::Rename { .. }) => true,
        _ => false,
    }
}

/// The step's failure leaves nothing of the job anywhere.
pub fn nothing_done(run: &Rc<Run>, step: Step, failed: &Failed) -> bool {
    match (step, &run.job.action) {
        _ if run.is_published() => false,
        (Step::Publish, JobAction::Rename { .. }) => true,
        // Recorded before anything is changed, except for what is created.
        (Step::Preflight, JobAction::CreateDatabase { .. } | JobAction::CreateTable { .. }) => {
            !run.resumed.get()
        }
        (Step::Preflight, _) => true,
        (Step::First, _) => failed.untouched && !run.resumed.get(),
        _ => false,
    }
}

/// Looks whether the job can be taken back.
pub async fn can_go_back(run: &Rc<Run>) -> Result<(), Stop> {
    if run.is_published() {
        return Err(SqlError::other("the catalog has the change already, and statements use it").into());
    }
    match &run.job.action {
        JobAction::CreateDatabase { .. } | JobAction::CreateTable { .. } => Ok(()),
        JobAction::AlterTable { .. } => alter::can_go_back(run).await,
        _ => Err(SqlError::other("what was removed does not come back").into()),
    }
}

/// Tells the run which physical names are not for clients.
pub fn learn_names(run: &Rc<Run>) {
    let catalog = run.worker.node.meta.catalog();
    let of_table = |database: &str, table: &ostrakon_catalog::schema::Table| {
        let database = catalog.database(database)?;
        let topology = Topology::new(table, database).ok()?;
        Some(Names { database: database.clone(), table: Some((topology, table.name.clone())) })
    };
    let names: Vec<Names> = match &run.job.action {
        JobAction::CreateDatabase { database, .. } => {
            vec![Names { database: std::sync::Arc::new(database.clone()), table: None }]
        }
        JobAction::DropDatabase { name, .. } => catalog
            .database(name)
            .map(|database| Names { database: database.clone(), table: None })
            .into_iter()
            .collect(),
        JobAction::CreateTable { database, table, like, .. } => [Some(table), like.as_ref()]
            .into_iter()
            .flatten()
            .filter_map(|table| of_table(database, table))
            .collect(),
        JobAction::DropTables { tables } => {
            tables.iter().filter_map(|(database, table)| of_table(database, table)).collect()
        }
        JobAction::Truncate { database, table } | JobAction::AlterTable { database, table, .. } => {
            of_table(database, table).into_iter().collect()
        }
        JobAction::Rename { .. } => Vec::new(),
    };
    *run.names.borrow_mut() = names;
}

/// The first physical object of the work, then nothing else.
async fn first(run: &Rc<Run>, work: Vec<GroupWork>) -> Result<(), Stop> {
    let (first, _) = reach::split_first(work);
    let cancel = may_cancel(run, Step::First);
    let states = physical::perform(run, Step::First, first.into_iter().collect(), cancel).await?;
    match states.into_iter().find_map(|state| state.error) {
        None => Ok(()),
        Some(error) => {
            // An ALTER is followed by a look at what it has made, which may fail by itself.
            let after_it = matches!(run.job.action, JobAction::AlterTable { .. })
                && matches!(error.errno, LOCK_WAIT_TIMEOUT | DEADLOCK | INTERRUPTED);
            let untouched = !is_lost(&error) && !after_it && !run.touched.get();
            Err(Stop::Failed(Failed { untouched, ..Failed::of(error) }))
        }
    }
}

/// All physical objects of the work but the first.
async fn rest(run: &Rc<Run>, work: Vec<GroupWork>) -> Result<(), Stop> {
    let (_, rest) = reach::split_first(work);
    let cancel = may_cancel(run, Step::Rest);
    all(run, Step::Rest, rest, cancel).await.map(|_| ())
}

/// All of the work; fails with each group's state when one fails.
async fn all(run: &Rc<Run>, step: Step, work: Vec<GroupWork>, cancel: bool) -> Result<Vec<GroupState>, Stop> {
    let groups = physical::perform(run, step, work, cancel).await?;
    match groups.iter().find_map(|state| state.error.clone()) {
        None => Ok(groups),
        Some(error) if error.errno == DUPLICATE_CHECK && has_several_in_a_group(run) => {
            let error = SqlError::not_supported(format!(
                "a named CHECK constraint on a table with TBPARTITIONS: MySQL wants its name to be unique in a database ({}). Leave CONSTRAINT and the name out",
                error.message
            ));
            Err(Stop::Failed(Failed { error, groups, untouched: false }))
        }
        Some(error) => Err(Stop::Failed(Failed { error, groups, untouched: false })),
    }
}

/// ER_CHECK_CONSTRAINT_DUP_NAME, MySQL's.
const DUPLICATE_CHECK: u16 = 3822;

/// The job's table has several physical tables in a group.
fn has_several_in_a_group(run: &Rc<Run>) -> bool {
    let table = match &run.job.action {
        JobAction::CreateTable { table, .. } | JobAction::AlterTable { table, .. } => table,
        _ => return false,
    };
    table.rule().is_some_and(|rule| rule.tb.is_some())
}
