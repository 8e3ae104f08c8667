//! Which physical objects a job's logical ones are, and what their servers say of themselves.

use std::rc::Rc;
use std::sync::Arc;

use ostrakon_catalog::schema::{Database, Group, InstanceId, Table};
use ostrakon_router::sharding::Topology;
use ostrakon_router::sharding::topology::PhysicalTable;

use super::physical::{GroupWork, Object, Operation};
use super::run::Run;
use crate::error::SqlError;
use crate::exec::names;
use crate::worker::Worker;

/// The physical names of one logical table, or of a database alone.
pub struct Names {
    pub database: Arc<Database>,
    pub table: Option<(Topology, String)>,
}

impl Names {
    pub fn in_text(&self, text: &str) -> String {
        let table = self.table.as_ref().map(|(topology, name)| (topology, name.as_str()));
        names::logical_text(text, &self.database, table)
    }
}

/// The database of a job, which its locks keep.
pub fn database(run: &Run, name: &str) -> Result<Arc<Database>, SqlError> {
    let catalog = run.worker.node.meta.catalog();
    let found = catalog.database(name).cloned();
    Ok(found.ok_or_else(|| ostrakon_router::RouterError::unknown_database(name))?)
}

/// An operation on each physical table of a logical one, by group.
pub fn tables(
    database: &Database,
    table: &Table,
    operation: impl Fn(&PhysicalTable) -> Operation,
) -> Result<Vec<GroupWork>, SqlError> {
    let topology = Topology::new(table, database)?;
    let mut work: Vec<GroupWork> =
        database.groups.iter().map(|group| GroupWork { group: group.clone(), objects: Vec::new() }).collect();
    for physical in topology.tables() {
        if let Some(of_group) = work.get_mut(physical.group) {
            of_group.objects.push(Object { name: physical.name.to_string(), operation: operation(physical) });
        }
    }
    work.retain(|w| !w.objects.is_empty());
    Ok(work)
}

/// An operation on each physical database.
pub fn databases(groups: &[Group], operation: impl Fn(&Group) -> Operation) -> Vec<GroupWork> {
    let of = |group: &Group| GroupWork {
        group: group.clone(),
        objects: vec![Object { name: String::new(), operation: operation(group) }],
    };
    groups.iter().map(of).collect()
}

/// The first object, and all others.
pub fn split_first(mut work: Vec<GroupWork>) -> (Option<GroupWork>, Vec<GroupWork>) {
    let first = work.first_mut().and_then(|part| {
        let object = (!part.objects.is_empty()).then(|| part.objects.remove(0))?;
        Some(GroupWork { group: part.group.clone(), objects: vec![object] })
    });
    work.retain(|part| !part.objects.is_empty());
    (first, work)
}

/// A connection to each instance that the work needs can be had.
pub async fn instances_answer(run: &Rc<Run>, groups: &[Group]) -> Result<(), SqlError> {
    let mut instances: Vec<InstanceId> = groups.iter().map(|group| group.instance).collect();
    instances.sort_unstable();
    instances.dedup();
    for instance in instances {
        run.worker.pool_of(instance)?.acquire(false).await?;
    }
    Ok(())
}

/// The server's default of `lock_wait_timeout`.
pub async fn server_lock_wait(worker: &Rc<Worker>, instance: InstanceId) -> Result<String, SqlError> {
    let mut connection = worker.pool_of(instance)?.acquire(false).await?;
    Ok(connection.query("SELECT @@GLOBAL.lock_wait_timeout").await?.text(0, 0))
}
