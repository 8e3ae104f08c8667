//! The catalog's physical databases and tables against those on the instances: what is missing, what nobody knows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ostrakon_catalog::Catalog;
use ostrakon_catalog::job::ObjectLock;
use ostrakon_catalog::schema::{Instance, InstanceId};
use ostrakon_router::sharding::Topology;

use super::Report;
use super::instance::Facts;
use crate::session::Failure;

/// Tables of the system's own in a group.
const SYSTEM: &str = "__ostrakon";
/// Names in one row of the report.
const NAMES_MAX: usize = 20;

/// `now`: the catalog after the instances were asked. `before`: as it was then.
pub(super) fn check(
    report: &mut Report,
    now: &Catalog,
    before: &Catalog,
    facts: &[(Arc<Instance>, Facts)],
) -> Result<(), Failure> {
    let by_instance: BTreeMap<InstanceId, &Facts> = facts.iter().map(|(i, f)| (i.id, f)).collect();
    for database in before.databases.values() {
        let object = database.name.as_str();
        if let Some(job) = at_work(now, object).or_else(|| at_work(before, object)) {
            report.ok("objects", object, format!("not compared: DDL job {job} is at work on it"));
            continue;
        }
        if now.databases.get(object) != Some(database) {
            report.ok("objects", object, "not compared: it was changed meanwhile");
            continue;
        }
        let mut missing = Vec::new();
        for group in &database.groups {
            let Some(facts) = by_instance.get(&group.instance) else { continue };
            if !facts.databases.contains(&group.physical_database) {
                missing.push(group.physical_database.clone());
            }
        }
        let lost: BTreeSet<String> = missing.iter().cloned().collect();
        let mut expected: BTreeSet<(String, String)> = BTreeSet::new();
        for table in database.tables.values() {
            for physical in Topology::new(table, database)?.tables() {
                let Some(group) = database.groups.get(physical.group) else { continue };
                let Some(facts) = by_instance.get(&group.instance) else { continue };
                let name = (group.physical_database.clone(), physical.name.to_string());
                if !facts.tables.contains(&name) && !lost.contains(&name.0) {
                    missing.push(format!("{}.{}", name.0, name.1));
                }
                expected.insert(name);
            }
        }
        let mut unknown = Vec::new();
        for group in &database.groups {
            let Some(facts) = by_instance.get(&group.instance) else { continue };
            let first = (group.physical_database.clone(), String::new());
            let there = facts.tables.range(first..).take_while(|(db, _)| *db == group.physical_database);
            for name in there.filter(|name| !expected.contains(*name) && !name.1.starts_with(SYSTEM)) {
                unknown.push(format!("{}.{}", name.0, name.1));
            }
        }
        match missing.is_empty() {
            true => report.ok("missing_objects", object, format!("none of {} tables", expected.len())),
            false => report.error(
                "missing_objects",
                object,
                some(&missing),
                "Restore them from a backup of the instance, or see CHECK TABLE ... REPAIR PLAN",
            ),
        }
        match unknown.is_empty() {
            true => report.ok("unknown_tables", object, "none"),
            false => report.warning(
                "unknown_tables",
                object,
                some(&unknown),
                "The catalog does not know them: left by an interrupted statement, or made by somebody else. Drop them if nobody needs them",
            ),
        }
    }
    let known: BTreeSet<&str> = [now, before]
        .iter()
        .flat_map(|catalog| catalog.databases.values())
        .flat_map(|database| &database.groups)
        .map(|group| group.physical_database.as_str())
        .collect();
    let busy = now.jobs.values().chain(before.jobs.values()).any(|job| job.state.is_unfinished());
    for (instance, facts) in facts {
        let left = facts.databases.iter().filter(|name| is_physical(name) && !known.contains(name.as_str()));
        let left: Vec<String> = left.cloned().collect();
        match left.is_empty() || busy {
            true => report.ok("unknown_databases", &instance.name, if busy { "not compared: DDL jobs are at work" } else { "none" }),
            false => report.warning(
                "unknown_databases",
                &instance.name,
                some(&left),
                "Named like physical databases, and not in the catalog: left by an interrupted statement, or another cluster's. Drop them if nobody needs them",
            ),
        }
    }
    Ok(())
}

/// The unfinished job that has locked something of the database.
fn at_work(catalog: &Catalog, database: &str) -> Option<u64> {
    let lock = ObjectLock::Database(database.to_owned());
    let busy = catalog
        .jobs
        .values()
        .find(|job| job.state.is_unfinished() && job.action.locks().iter().any(|held| held.conflicts(&lock)));
    busy.map(|job| job.id)
}

/// `name_x7qa_0003`: as CREATE DATABASE names physical databases.
fn is_physical(name: &str) -> bool {
    let mut parts = name.rsplitn(3, '_');
    let (Some(number), Some(random), Some(_)) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    number.len() == 4
        && number.bytes().all(|byte| byte.is_ascii_digit())
        && random.len() == 4
        && random.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// The first names, and how many more there are.
fn some(names: &[String]) -> String {
    let first = names.get(..NAMES_MAX.min(names.len())).unwrap_or_default().join(", ");
    match names.len().saturating_sub(NAMES_MAX) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::is_physical;

    #[test]
    fn names_of_physical_databases_are_told_from_others() {
        assert!(is_physical("app_x7qa_0003") && is_physical("a_b_x7qa_1023"));
        for name in
            ["app", "app_x7qa_003", "app_X7qa_0003", "x7qa_0003", "performance_schema", "app_x7qa_000a"]
        {
            assert!(!is_physical(name), "{name}");
        }
    }
}
