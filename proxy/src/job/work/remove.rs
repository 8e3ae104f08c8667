//! DROP DATABASE, DROP TABLE and TRUNCATE TABLE: forward only, once the first physical object is gone.

use std::rc::Rc;

use ostrakon_catalog::auto_sequence_name;
use ostrakon_catalog::command::Command;
use ostrakon_catalog::schema::{Group, Table, TableKind};
use ostrakon_router::sharding::topology::quote;

use super::{first, rest};
use crate::error::SqlError;
use crate::job::physical::{GroupWork, Operation};
use crate::job::reach;
use crate::job::run::{Outcome, Run, Stop};
use crate::job::steps::Step;

pub async fn database(run: &Rc<Run>, step: Step, name: &str, groups: &[Group]) -> Result<Outcome, Stop> {
    let work = || {
        reach::databases(groups, |group| Operation::Run {
            sql: format!("DROP DATABASE IF EXISTS {}", quote(&group.physical_database)),
            done: &[],
        })
    };
    match step {
        Step::Preflight => reach::instances_answer(run, groups).await?,
        Step::First => first(run, work()).await?,
        Step::Rest => rest(run, work()).await?,
        Step::Publish => {
            let publish = vec![Command::DropDatabase { name: name.to_owned() }];
            return Ok(Outcome { publish, ..Outcome::default() });
        }
        _ => {}
    }
    Ok(Outcome::default())
}

pub async fn tables(run: &Rc<Run>, step: Step, tables: &[(String, Table)]) -> Result<Outcome, Stop> {
    match step {
        Step::Preflight => {
            for (database, _) in tables {
                reach::instances_answer(run, &reach::database(run, database)?.groups).await?;
            }
        }
        Step::First => first(run, drops(run, tables)?).await?,
        Step::Rest => rest(run, drops(run, tables)?).await?,
        Step::Publish => {
            let tables =
                tables.iter().map(|(database, table)| (database.clone(), table.name.clone())).collect();
            return Ok(Outcome { publish: vec![Command::DropTables { tables }], ..Outcome::default() });
        }
        _ => {}
    }
    Ok(Outcome::default())
}

/// The tables' physical ones, those of one group together.
fn drops(run: &Rc<Run>, tables: &[(String, Table)]) -> Result<Vec<GroupWork>, SqlError> {
    let mut work: Vec<GroupWork> = Vec::new();
    for (database, table) in tables {
        let database = reach::database(run, database)?;
        let of_table = reach::tables(&database, table, |physical| Operation::Run {
            sql: format!("DROP TABLE IF EXISTS {}", physical.quoted),
            done: &[],
        })?;
        for part in of_table {
            match work.iter_mut().find(|known| known.group.name == part.group.name) {
                Some(known) => known.objects.extend(part.objects),
                None => work.push(part),
            }
        }
    }
    Ok(work)
}

/// A TRUNCATE that is repeated after a crash removes what was inserted since as well. That is right: the statement was not acknowledged yet, so
/// whoever inserted did so before it, as far as anybody can tell.
pub async fn rows(run: &Rc<Run>, step: Step, database: &str, table: &Table) -> Result<Outcome, Stop> {
    let home = reach::database(run, database)?;
    let work = || {
        reach::tables(&home, table, |physical| Operation::Run {
            sql: format!("TRUNCATE TABLE {}", physical.quoted),
            done: &[],
        })
    };
    match step {
        Step::Preflight => reach::instances_answer(run, &home.groups).await?,
        Step::First => first(run, work()?).await?,
        Step::Rest => rest(run, work()?).await?,
        Step::Publish if !matches!(table.kind, TableKind::Single) && table.auto_increment().is_some() => {
            let (database, sequence) = (database.to_owned(), auto_sequence_name(&table.name));
            let publish = vec![Command::ResetSequence { database, sequence, start: 1 }];
            return Ok(Outcome { publish, ..Outcome::default() });
        }
        _ => {}
    }
    Ok(Outcome::default())
}
