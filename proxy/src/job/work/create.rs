//! CREATE DATABASE and CREATE TABLE. Physical names have a random part, so whatever is there under them is this job's.

use std::rc::Rc;
use std::sync::Arc;

use ostrakon_catalog::command::Command;
use ostrakon_catalog::job::JobAction;
use ostrakon_catalog::schema::{Database, Group, Table};
use ostrakon_catalog::validate;
use ostrakon_router::sharding::topology::quote;

use super::{all, first, may_cancel, rest};
use crate::error::SqlError;
use crate::job::physical::{GroupWork, Operation};
use crate::job::reach;
use crate::job::run::{Outcome, Run, Stop};
use crate::job::steps::Step;
use crate::job::{generated_key, table_facts};

/// ER_DB_CREATE_EXISTS, ER_TABLE_EXISTS_ERROR: an earlier try has made it.
const DATABASE_IS_THERE: &[u16] = &[1007];
const TABLE_IS_THERE: &[u16] = &[1050];

pub async fn database(
    run: &Rc<Run>,
    step: Step,
    database: &Database,
    options: &str,
) -> Result<Outcome, Stop> {
    match step {
        Step::Preflight => reach::instances_answer(run, &database.groups).await?,
        Step::First => first(run, create_databases(database, options)).await?,
        Step::Rest => {
            // What the first one has, said in full: servers of two products have different defaults.
            let (charset, collation) = default_charset(run, database).await?;
            let options = format!(" CHARACTER SET {charset} COLLATE {collation}");
            rest(run, create_databases(database, &options)).await?;
        }
        Step::Publish => {
            let (charset, collation) = default_charset(run, database).await?;
            let database = Database { charset, collation, ..database.clone() };
            return Ok(Outcome { publish: vec![Command::CreateDatabase { database }], ..Outcome::default() });
        }
        Step::Drop => {
            let drop = reach::databases(&database.groups, |group| Operation::Run {
                sql: format!("DROP DATABASE IF EXISTS {}", quote(&group.physical_database)),
                done: &[],
            });
            all(run, step, drop, false).await?;
        }
        _ => {}
    }
    Ok(Outcome::default())
}

fn create_databases(database: &Database, options: &str) -> Vec<GroupWork> {
    reach::databases(&database.groups, |group| Operation::Run {
        sql: format!("CREATE DATABASE {}{options}", quote(&group.physical_database)),
        done: DATABASE_IS_THERE,
    })
}

/// Character set and collation that the first group's server gave its database.
async fn default_charset(run: &Rc<Run>, database: &Database) -> Result<(String, String), SqlError> {
    let Some(group) = database.groups.first() else { return Ok(Default::default()) };
    let mut connection = run.worker.pool_of(group.instance)?.acquire(false).await?;
    let sql = format!(
        "SELECT DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = '{}'",
        group.physical_database.replace('\'', "''")
    );
    let answer = connection.query(&sql).await?;
    match answer.rows.is_empty() {
        true => Err(SqlError::other(format!("The database of group {} is gone", group.name))),
        false => Ok((answer.text(0, 0), answer.text(0, 1))),
    }
}

pub async fn table(run: &Rc<Run>, step: Step) -> Result<Outcome, Stop> {
    let JobAction::CreateTable { database: home, table, sequence, .. } = &run.job.action else {
        return Ok(Outcome::default());
    };
    let database = reach::database(run, home)?;
    match step {
        Step::Preflight => reach::instances_answer(run, &database.groups).await?,
        Step::First => first(run, create(run, &database, table)?).await?,
        Step::Rest => rest(run, create(run, &database, table)?).await?,
        Step::Verify => {
            let cancel = may_cancel(run, step);
            let read = reach::tables(&database, table, |_| Operation::Read)?;
            let states = all(run, step, read, cancel).await?;
            super::alter::all_equal(&table.name, &states)?;
            table_facts::check_collations(&run.worker, &database, table, &states).await?;
            let (group, quoted) = first_physical(&database, table)?;
            table_facts::check_columns(&run.worker, table, &group, &quoted).await?;
            if generated_key::read(&run.worker, &database, table).await?.is_some() {
                generated_key::refuse_two_products(table, &states)?;
            }
        }
        Step::Publish => {
            let (group, quoted) = first_physical(&database, table)?;
            let (columns, keys) = table_facts::read(&run.worker, &group, &quoted).await?;
            let generated_key = generated_key::read(&run.worker, &database, table).await?;
            let table = Table { columns, keys, generated_key, ..table.clone() };
            let mut publish = table_facts::missing_folds(&run.worker, &table, &group).await?;
            let sequence = sequence.clone().filter(|_| validate::needs_sequence(&table));
            publish.push(Command::CreateTable { database: home.clone(), table, sequence });
            return Ok(Outcome { publish, ..Outcome::default() });
        }
        Step::Drop => {
            let drop = reach::tables(&database, table, |physical| Operation::Run {
                sql: format!("DROP TABLE IF EXISTS {}", physical.quoted),
                done: &[],
            })?;
            all(run, step, drop, false).await?;
        }
        _ => {}
    }
    Ok(Outcome::default())
}

/// The physical CREATE TABLE statements.
fn create(run: &Rc<Run>, database: &Arc<Database>, table: &Table) -> Result<Vec<GroupWork>, SqlError> {
    let JobAction::CreateTable { text, like, .. } = &run.job.action else { return Ok(Vec::new()) };
    let mut work = reach::tables(database, table, |physical| Operation::Run {
        sql: match like {
            None => text.render(&physical.quoted),
            Some(_) => format!("CREATE TABLE {} LIKE ", physical.quoted),
        },
        done: TABLE_IS_THERE,
    })?;
    let Some(source) = like else { return Ok(work) };
    // The same rule on the same groups: each physical table has one like it in its group.
    let sources = reach::tables(database, source, |_| Operation::Read)?;
    for part in &mut work {
        let of_group = sources.iter().find(|other| other.group.name == part.group.name);
        for (number, object) in part.objects.iter_mut().enumerate() {
            let source = of_group.and_then(|part| part.objects.get(number));
            let (Some(source), Operation::Run { sql, .. }) = (source, &mut object.operation) else {
                return Err(SqlError::other("the tables have not the same physical tables"));
            };
            sql.push_str(&format!("{}.{}", quote(&part.group.physical_database), quote(&source.name)));
        }
    }
    Ok(work)
}

/// The physical table that describes the logical one.
pub fn first_physical(database: &Database, table: &Table) -> Result<(Group, String), SqlError> {
    let topology = ostrakon_router::sharding::Topology::new(table, database)?;
    let first =
        topology.get(0).and_then(|t| database.groups.get(t.group).map(|g| (g.clone(), t.quoted.to_string())));
    first.ok_or_else(|| SqlError::other("a table without a physical table"))
}
