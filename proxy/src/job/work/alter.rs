//! ALTER TABLE, CREATE INDEX and DROP INDEX: what was done where is told by the physical tables' definitions.

use std::rc::Rc;

use ostrakon_catalog::command::Command;
use ostrakon_catalog::job::JobAction;
use ostrakon_catalog::schema::Table;

use super::create::first_physical;
use super::{all, first, may_cancel, rest};
use crate::error::SqlError;
use crate::job::definition::ByVersion;
use crate::job::physical::{self, GroupState, GroupWork, Operation};
use crate::job::run::{BEFORE, Failed, Outcome, Run, Stop};
use crate::job::steps::Step;
use crate::job::table_facts;
use crate::job::{reach, rehearsal, undo};

pub async fn table(run: &Rc<Run>, step: Step) -> Result<Outcome, Stop> {
    let JobAction::AlterTable { database: home, table, text, .. } = &run.job.action else {
        return Ok(Outcome::default());
    };
    let database = reach::database(run, home)?;
    let change = || {
        reach::tables(&database, table, |physical| Operation::Change { sql: text.render(&physical.quoted) })
    };
    match step {
        Step::Preflight => {
            let states = all(run, step, reads(run)?, may_cancel(run, step)).await?;
            let before = all_equal(&table.name, &states)?;
            let facts = before
                .iter()
                .map(|(version, definition)| (format!("{BEFORE}{version}"), definition.encode()));
            let facts = facts.collect();
            *run.before.borrow_mut() = before;
            return Ok(Outcome { facts, ..Outcome::default() });
        }
        Step::First => {
            first(run, change()?).await?;
            let (group, quoted) = first_physical(&database, table)?;
            table_facts::check_columns(&run.worker, table, &group, &quoted).await?;
            return Ok(Outcome { facts: run.after_facts(), ..Outcome::default() });
        }
        Step::Rest => rest(run, change()?).await?,
        Step::Verify => {
            let states = all(run, step, reads(run)?, may_cancel(run, step)).await?;
            all_equal(&table.name, &states)?;
            table_facts::check_collations(&run.worker, &database, table, &states).await?;
        }
        Step::Publish => {
            let (group, quoted) = first_physical(&database, table)?;
            let (columns, keys) = table_facts::read(&run.worker, &group, &quoted).await?;
            let command = Command::ReplaceTable {
                database: home.clone(),
                name: table.name.clone(),
                table: Table { columns, keys, ..table.clone() },
                expected_id: table.id,
                sequence: None,
            };
            return Ok(Outcome { publish: vec![command], ..Outcome::default() });
        }
        Step::Undo => {
            all(run, step, undos(run)?, false).await?;
        }
        _ => {}
    }
    Ok(Outcome::default())
}

fn on_all(run: &Rc<Run>, operation: impl Fn(&str) -> Operation) -> Result<Vec<GroupWork>, SqlError> {
    let JobAction::AlterTable { database, table, .. } = &run.job.action else { return Ok(Vec::new()) };
    let database = reach::database(run, database)?;
    reach::tables(&database, table, |physical| operation(&physical.quoted))
}

fn reads(run: &Rc<Run>) -> Result<Vec<GroupWork>, SqlError> {
    on_all(run, |_| Operation::Read)
}

fn undos(run: &Rc<Run>) -> Result<Vec<GroupWork>, SqlError> {
    let known = known_undo(run);
    on_all(run, |quoted| Operation::Undo { known: known.map(|text| text.render(quoted)) })
}

fn known_undo(run: &Rc<Run>) -> Option<&ostrakon_catalog::job::PhysicalText> {
    match &run.job.action {
        JobAction::AlterTable { undo, .. } => undo.as_ref(),
        _ => None,
    }
}

/// What is known of the change can be undone.
pub fn has_undo(run: &Rc<Run>) -> bool {
    let (before, after) = (run.before.borrow(), run.after.borrow());
    let undone =
        |(version, after)| before.get(version).is_some_and(|before| undo::clauses(before, after).is_some());
    after.iter().all(undone)
}

/// Every physical table is as before, or there is a way back for it.
pub async fn can_go_back(run: &Rc<Run>) -> Result<(), Stop> {
    let JobAction::AlterTable { database, .. } = &run.job.action else { return Ok(()) };
    let home = reach::database(run, database)?;
    let groups = physical::perform(run, Step::Preflight, reads(run)?, false).await?;
    let known = known_undo(run).map(|text| text.render(""));
    for state in &groups {
        if let Some(e) = &state.error {
            return Err(Stop::Failed(Failed { error: e.clone(), groups, untouched: false }));
        }
        for shown in &state.shown {
            if let Some(group) = home.groups.iter().find(|group| group.name == state.group) {
                let mut connection = run.worker.pool_of(group.instance)?.acquire(false).await?;
                rehearsal::learn(run, &mut connection, group, &shown.definition).await?;
            }
            let back = run.way_back(&shown.version, &shown.definition, known.as_deref(), &state.group);
            if let Err(error) = back {
                return Err(Stop::Failed(Failed { groups: Vec::new(), untouched: false, error }));
            }
        }
    }
    Ok(())
}

/// The definition that all physical tables have, by server version.
///
/// Errors: they differ.
pub fn all_equal(table: &str, states: &[GroupState]) -> Result<ByVersion, SqlError> {
    let mut known = ByVersion::new();
    let mut first_of = std::collections::BTreeMap::new();
    for shown in states.iter().flat_map(|state| &state.shown) {
        match known.get(&shown.version) {
            None => {
                known.insert(shown.version.clone(), shown.definition.clone());
                first_of.insert(&shown.version, &shown.group);
            }
            Some(definition) if *definition == shown.definition => {}
            Some(_) => {
                let other = first_of.get(&shown.version).map_or("", |group| group.as_str());
                return Err(SqlError::other(format!(
                    "The physical tables of '{table}' differ: those of group {} from those of group {other}; CHECK TABLE {table} shows how",
                    shown.group
                )));
            }
        }
    }
    Ok(known)
}
