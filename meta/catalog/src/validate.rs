//! Rules between records: what must hold before a command may change the state, and in every state that it leaves.

use std::collections::BTreeSet;

use crate::job::ObjectLock;
use crate::outcome::Rejection;
use crate::rule::{Partition, ShardingRule};
use crate::schema::{Database, Instance, Sequence, SequenceKind, Table, TableKind};
use crate::state::{Catalog, auto_sequence_name};
use crate::view::View;

/// MySQL's limit on the characters of an identifier.
const NAME_CHARS_MAX: usize = 64;

/// A new instance: a name that is free, and somewhere to connect to.
pub fn new_instance(catalog: &Catalog, new: &Instance) -> Result<(), Rejection> {
    if new.name.is_empty() || new.host.is_empty() || new.port == 0 {
        return Err(malformed(format!("instance '{}' lacks a name, a host or a port", new.name)));
    }
    if new.name.chars().count() > NAME_CHARS_MAX {
        return Err(Rejection::NameTooLong { name: new.name.clone() });
    }
    match catalog.instance_by_name(&new.name) {
        Some(_) => Err(Rejection::InstanceExists { name: new.name.clone() }),
        None => Ok(()),
    }
}

/// A new database: a free name, groups on known instances, and no group or physical database that another one has.
pub fn new_database(catalog: &Catalog, new: &Database) -> Result<(), Rejection> {
    database_name(&new.name)?;
    if catalog.databases.contains_key(&new.name) {
        return Err(Rejection::DatabaseExists { name: new.name.clone() });
    }
    if !new.tables.is_empty() || !new.sequences.is_empty() || !new.views.is_empty() {
        return Err(malformed(format!("new database '{}' brings tables, sequences or views", new.name)));
    }
    groups(catalog, new)?;
    let others = catalog.databases.values().flat_map(|database| &database.groups);
    for other in others {
        for group in &new.groups {
            if group.name == other.name {
                return Err(group_taken(new, "group", &group.name));
            }
            if group.instance == other.instance && group.physical_database == other.physical_database {
                return Err(group_taken(new, "physical database", &group.physical_database));
            }
        }
    }
    Ok(())
}

/// The groups of one database: at least one, all different, on known instances.
fn groups(catalog: &Catalog, database: &Database) -> Result<(), Rejection> {
    if database.groups.is_empty() {
        return Err(malformed(format!("database '{}' has no group", database.name)));
    }
    let (mut names, mut places) = (BTreeSet::new(), BTreeSet::new());
    for group in &database.groups {
        if group.name.is_empty() || group.physical_database.is_empty() {
            return Err(malformed(format!("a group of database '{}' has no name", database.name)));
        }
        if catalog.instance(group.instance).is_none() {
            return Err(Rejection::UnknownInstance { name: format!("number {}", group.instance) });
        }
        if !names.insert(&group.name) {
            return Err(group_taken(database, "group", &group.name));
        }
        if !places.insert((group.instance, &group.physical_database)) {
            return Err(group_taken(database, "physical database", &group.physical_database));
        }
    }
    Ok(())
}

/// A table by itself, and its rule against its database.
pub fn table(home: &Database, table: &Table) -> Result<(), Rejection> {
    table_name(&table.name)?;
    if table.physical_base.is_empty() {
        return Err(malformed(format!("table '{}' has no physical name", table.name)));
    }
    if table.columns.is_empty() {
        return Err(Rejection::NoColumns);
    }
    let mut names = BTreeSet::new();
    for column in &table.columns {
        if !names.insert(column.name.to_lowercase()) {
            return Err(Rejection::ColumnTwice { name: column.name.clone() });
        }
    }
    if table.columns.iter().filter(|column| column.auto_increment).count() > 1 {
        return Err(Rejection::AutoIncrementTwice);
    }
    match &table.kind {
        TableKind::Single | TableKind::Broadcast => Ok(()),
        TableKind::Sharded(rule) => sharding_rule(home, table, rule),
    }
}

fn sharding_rule(home: &Database, table: &Table, rule: &ShardingRule) -> Result<(), Rejection> {
    if rule.groups == 0 || rule.tables_per_group == 0 || rule.instances == 0 {
        return Err(malformed(format!(
            "the rule of table '{}' counts no groups, tables or instances",
            table.name
        )));
    }
    if usize::try_from(rule.groups).map_or(true, |groups| groups > home.groups.len()) {
        let reason = format!(
            "the rule of table '{}' wants {} groups of {}",
            table.name,
            rule.groups,
            home.groups.len()
        );
        return Err(malformed(reason));
    }
    if rule.db.is_none() && rule.tb.is_none() {
        return Err(malformed(format!("sharded table '{}' has no partition clause", table.name)));
    }
    let clauses = [(&rule.db, rule.groups), (&rule.tb, rule.tables_per_group)];
    for (partition, limit) in clauses {
        if let Some(partition) = partition {
            partition_clause(table, partition, limit)?;
        }
    }
    Ok(())
}

fn partition_clause(table: &Table, partition: &Partition, limit: u32) -> Result<(), Rejection> {
    if partition.columns.is_empty() || partition.count == 0 || partition.count > limit {
        return Err(malformed(format!(
            "a partition clause of table '{}' does not fit its counts",
            table.name
        )));
    }
    match partition.columns.iter().find(|name| table.column(name).is_none()) {
        Some(name) => Err(Rejection::NoKeyColumn { name: name.clone() }),
        None => Ok(()),
    }
}

/// Physical names are built from base and suffix, so no two tables of a database may share both. `except` is the table that is
/// being replaced.
pub fn physical_name_is_free(home: &Database, new: &Table, except: Option<&str>) -> Result<(), Rejection> {
    let holder = home.tables.values().find(|other| {
        Some(other.name.as_str()) != except
            && other.physical_base == new.physical_base
            && other.name_suffix == new.name_suffix
    });
    match holder {
        Some(holder) => {
            Err(Rejection::PhysicalTableTaken { name: new.name.clone(), holder: holder.name.clone() })
        }
        None => Ok(()),
    }
}

/// A table over several physical ones cannot leave AUTO_INCREMENT to the servers: they would give the same value twice.
pub fn needs_sequence(table: &Table) -> bool {
    !matches!(table.kind, TableKind::Single) && table.auto_increment().is_some()
}

/// A sequence that comes with a table carries its name, and can give a value.
pub fn sequence_of_table(home: &Database, table: &Table, new: Option<&Sequence>) -> Result<(), Rejection> {
    let Some(new) = new else { return Ok(()) };
    if new.name != auto_sequence_name(&table.name) || new.inner_step == 0 {
        return Err(malformed(format!("sequence '{}' does not belong to table '{}'", new.name, table.name)));
    }
    sequence(&home.name, new)?;
    match table.auto_increment() {
        Some(_) => Ok(()),
        None => Err(malformed(format!("table '{}' has a sequence and no AUTO_INCREMENT column", table.name))),
    }
}

/// A sequence can give a value, and its numbers fit together.
pub fn sequence(database: &str, new: &Sequence) -> Result<(), Rejection> {
    let refuse = |reason: &str| {
        let (database, sequence) = (database.to_owned(), new.name.clone());
        Err(Rejection::SequenceInvalid { database, sequence, reason: reason.to_owned() })
    };
    match new.kind {
        _ if new.increment == 0 => refuse("INCREMENT BY is 0"),
        _ if new.inner_step == 0 => refuse("the inner step is 0"),
        _ if new.maximum == u64::MAX => refuse("MAXVALUE is too great"),
        SequenceKind::Simple if new.start_with > new.maximum => refuse("START WITH is above MAXVALUE"),
        SequenceKind::Group { unit_count, unit_index } if unit_count == 0 || unit_index >= unit_count => {
            refuse("INDEX must be from 0 to under UNIT COUNT")
        }
        _ => Ok(()),
    }
}

/// MySQL's rule: 1 to 64 characters, no space at the end.
pub fn table_name(name: &str) -> Result<(), Rejection> {
    if name.is_empty() || name.ends_with(' ') || name.contains('\0') {
        return Err(Rejection::BadTableName { name: name.to_owned() });
    }
    name_length(name)
}

/// A view has a name as tables have, and columns with different names.
pub fn view(new: &View) -> Result<(), Rejection> {
    table_name(&new.name)?;
    if new.columns.is_empty() || new.query.is_empty() {
        return Err(malformed(format!("view '{}' without a query or columns", new.name)));
    }
    let mut seen = BTreeSet::new();
    match new.columns.iter().find(|column| !seen.insert(column.to_lowercase())) {
        Some(twice) => Err(Rejection::ColumnTwice { name: twice.clone() }),
        None => Ok(()),
    }
}

fn database_name(name: &str) -> Result<(), Rejection> {
    if name.is_empty() || name.ends_with(' ') || name.contains('\0') {
        return Err(Rejection::BadDatabaseName { name: name.to_owned() });
    }
    name_length(name)
}

fn name_length(name: &str) -> Result<(), Rejection> {
    match name.chars().count() > NAME_CHARS_MAX {
        true => Err(Rejection::NameTooLong { name: name.to_owned() }),
        false => Ok(()),
    }
}

/// Folds are looked up by lower-case names.
pub fn collation_name(name: &str) -> Result<(), Rejection> {
    let good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    match !name.is_empty() && name.bytes().all(good) {
        true => Ok(()),
        false => Err(malformed(format!("'{name}' is no lower-case collation name"))),
    }
}

/// Checks a whole state, for example one read from disk, against the rules that `apply` keeps.
///
/// # Errors
/// The first rule that does not hold.
pub fn whole(catalog: &Catalog) -> Result<(), Rejection> {
    let (mut ids, mut group_names, mut places) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for (id, instance) in &catalog.instances {
        if *id != instance.id || *id > catalog.last_instance {
            return Err(malformed(format!("instance '{}' is filed under number {id}", instance.name)));
        }
    }
    for (name, home) in &catalog.databases {
        groups(catalog, home)?;
        if *name != home.name {
            return Err(malformed(format!("database '{}' is filed under '{name}'", home.name)));
        }
        for group in &home.groups {
            if !group_names.insert(&group.name) || !places.insert((group.instance, &group.physical_database))
            {
                return Err(group_taken(home, "group", &group.name));
            }
        }
        for (name, entry) in home.tables.iter() {
            table(home, entry)?;
            physical_name_is_free(home, entry, Some(name))?;
            if name != entry.name || entry.id > catalog.last_table || !ids.insert(entry.id) {
                return Err(malformed(format!(
                    "table '{}' is filed under '{name}', id {}",
                    entry.name, entry.id
                )));
            }
            if needs_sequence(entry) && !home.sequences.contains_key(&auto_sequence_name(name)) {
                return Err(malformed(format!("table '{name}' has lost its sequence")));
            }
        }
        for (name, entry) in home.views.iter() {
            view(entry)?;
            if name != entry.name || home.tables.contains_key(name) {
                return Err(malformed(format!("view '{}' is filed under '{name}'", entry.name)));
            }
        }
        if let Some((name, sequence)) = home.sequences.iter().find(|(name, sequence)| *name != sequence.name)
        {
            return Err(malformed(format!("sequence '{}' is filed under '{name}'", sequence.name)));
        }
    }
    for (key, user) in &catalog.users {
        if *key != user.key() {
            return Err(malformed(format!("account '{}'@'{}' is filed under '{key}'", user.name, user.host)));
        }
    }
    jobs(catalog)
}

/// Jobs are filed under their numbers, and no two unfinished ones lock the same object.
fn jobs(catalog: &Catalog) -> Result<(), Rejection> {
    let mut held: Vec<(ObjectLock, u64)> = Vec::new();
    for (id, job) in &catalog.jobs {
        if *id != job.id || *id > catalog.last_job || job.token == 0 {
            return Err(malformed(format!("DDL job {} is filed under number {id}", job.id)));
        }
        if !job.state.is_unfinished() {
            continue;
        }
        let locks = job.action.locks();
        for lock in &locks {
            if let Some((_, other)) = held.iter().find(|(other, _)| other.conflicts(lock)) {
                let reason = format!("DDL jobs {other} and {id} both lock '{}'", lock.name());
                return Err(malformed(reason));
            }
        }
        held.extend(locks.into_iter().map(|lock| (lock, *id)));
    }
    Ok(())
}

fn group_taken(database: &Database, what: &str, name: &str) -> Rejection {
    Rejection::GroupTaken { database: database.name.clone(), what: what.to_owned(), name: name.to_owned() }
}

fn malformed(reason: String) -> Rejection {
    Rejection::Malformed { reason }
}
