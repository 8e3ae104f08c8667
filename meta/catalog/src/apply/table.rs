//! Logical tables: create, drop, replace, rename, each with the sequence of its AUTO_INCREMENT column.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Change, next_number};
use crate::outcome::{Outcome, Rejection};
use crate::schema::{Database, Sequence, Table};
use crate::state::{Catalog, auto_sequence_name};
use crate::validate;

/// (database, table)
type QualifiedName = (String, String);

impl Catalog {
    pub(super) fn create_table(
        &mut self,
        database: &str,
        table: &Table,
        sequence: Option<&Sequence>,
    ) -> Result<(Change, Outcome), Rejection> {
        let home = self.need_database(database)?;
        if home.tables.contains_key(&table.name) || home.views.contains_key(&table.name) {
            return Err(Rejection::TableExists { name: table.name.clone() });
        }
        validate::table(home, table)?;
        validate::physical_name_is_free(home, table, None)?;
        validate::sequence_of_table(home, table, sequence)?;
        let sequence_name = auto_sequence_name(&table.name);
        if sequence.is_some() && home.sequences.contains_key(&sequence_name) {
            return Err(Rejection::SequenceExists { database: database.to_owned(), sequence: sequence_name });
        }
        if sequence.is_none() && validate::needs_sequence(table) {
            return Err(missing_sequence(table));
        }
        let id = self.next_table_id()?;
        let epoch = if sequence.is_some() { self.next_epoch() } else { 0 };
        let home = self.database_mut(database)?;
        home.tables.insert(table.name.as_str(), Arc::new(Table { id, ..table.clone() }));
        if let Some(sequence) = sequence {
            home.sequences.insert(sequence_name, Arc::new(Sequence { epoch, ..sequence.clone() }));
        }
        self.last_table = id;
        Ok((Change::Schema, Outcome::Table { id }))
    }

    pub(super) fn drop_tables(&mut self, tables: &[QualifiedName]) -> Result<(Change, Outcome), Rejection> {
        let mut seen = BTreeSet::new();
        let mut unknown = Vec::new();
        for (database, name) in tables {
            if !seen.insert((database, name)) {
                return Err(Rejection::TableTwice { name: name.clone() });
            }
            if self.table(database, name).is_none() {
                unknown.push(format!("{database}.{name}"));
            }
        }
        if !unknown.is_empty() {
            return Err(Rejection::UnknownTables { names: unknown.join(",") });
        }
        for (database, name) in tables {
            let home = self.database_mut(database)?;
            home.tables.remove(name);
            home.sequences.remove(&auto_sequence_name(name));
        }
        let change = if tables.is_empty() { Change::Nothing } else { Change::Schema };
        Ok((change, Outcome::Done))
    }

    pub(super) fn replace_table(
        &mut self,
        database: &str,
        name: &str,
        table: &Table,
        expected_id: u64,
        sequence: Option<&Sequence>,
    ) -> Result<(Change, Outcome), Rejection> {
        let home = self.need_database(database)?;
        let current = home.tables.get(name).ok_or_else(|| no_such_table(database, name))?;
        if current.id != expected_id {
            return Err(Rejection::TableChanged { expected_id, id: current.id });
        }
        if table.name != name {
            let reason = format!("ReplaceTable of '{name}' with a table named '{}'", table.name);
            return Err(Rejection::Malformed { reason });
        }
        validate::table(home, table)?;
        validate::physical_name_is_free(home, table, Some(name))?;
        validate::sequence_of_table(home, table, sequence)?;
        let sequence_name = auto_sequence_name(name);
        let has_sequence = home.sequences.contains_key(&sequence_name);
        // It may have been set since the new definition was made.
        let allow_full_table_scan = current.allow_full_table_scan;
        if validate::needs_sequence(table) && !has_sequence && sequence.is_none() {
            return Err(missing_sequence(table));
        }
        let id = self.next_table_id()?;
        let epoch = if sequence.is_some() && !has_sequence { self.next_epoch() } else { 0 };
        let home = self.database_mut(database)?;
        home.tables.insert(name, Arc::new(Table { id, allow_full_table_scan, ..table.clone() }));
        if table.auto_increment().is_none() {
            home.sequences.remove(&sequence_name);
        } else if let (false, Some(sequence)) = (has_sequence, sequence) {
            home.sequences.insert(sequence_name, Arc::new(Sequence { epoch, ..sequence.clone() }));
        }
        self.last_table = id;
        Ok((Change::Schema, Outcome::Table { id }))
    }

    pub(super) fn guard_table(
        &mut self,
        database: &str,
        name: &str,
        allow_full_table_scan: Option<bool>,
    ) -> Result<(Change, Outcome), Rejection> {
        let home = self.need_database(database)?;
        let current = home.tables.get(name).ok_or_else(|| no_such_table(database, name))?;
        if current.allow_full_table_scan == allow_full_table_scan {
            return Ok((Change::Nothing, Outcome::Done));
        }
        let table = Arc::new(Table { allow_full_table_scan, ..(**current).clone() });
        self.database_mut(database)?.tables.insert(name, table);
        Ok((Change::Schema, Outcome::Done))
    }

    pub(super) fn rename_tables(
        &mut self,
        renames: &[(QualifiedName, QualifiedName)],
    ) -> Result<(Change, Outcome), Rejection> {
        // A later step may use the name that an earlier one freed, so the steps run on copies, which replace the originals
        // only when all have passed.
        let mut copies = self.databases.clone();
        for ((from_database, from), (to_database, to)) in renames {
            if from_database != to_database {
                let (from, to) = (from_database.clone(), to_database.clone());
                return Err(Rejection::RenameAcrossDatabases { from, to });
            }
            let home = copies.get_mut(from_database);
            let home = home.ok_or_else(|| Rejection::UnknownDatabase { name: from_database.clone() })?;
            rename_one(Arc::make_mut(home), from, to)?;
        }
        self.databases = copies;
        let change = if renames.is_empty() { Change::Nothing } else { Change::Schema };
        Ok((change, Outcome::Done))
    }

    fn next_table_id(&self) -> Result<u64, Rejection> {
        next_number(self.last_table, "table numbers are used up")
    }
}

fn rename_one(home: &mut Database, from: &str, to: &str) -> Result<(), Rejection> {
    validate::table_name(to)?;
    if !home.tables.contains_key(from) {
        return Err(no_such_table(&home.name, from));
    }
    if home.tables.contains_key(to) || home.views.contains_key(to) {
        return Err(Rejection::TableExists { name: to.to_owned() });
    }
    let (old_sequence, new_sequence) = (auto_sequence_name(from), auto_sequence_name(to));
    let moves_sequence = home.sequences.contains_key(&old_sequence);
    if moves_sequence && home.sequences.contains_key(&new_sequence) {
        return Err(Rejection::SequenceExists { database: home.name.clone(), sequence: new_sequence });
    }
    if let Some(table) = home.tables.remove(from) {
        home.tables.insert(to, Arc::new(Table { name: to.to_owned(), ..Table::clone(&table) }));
    }
    if let Some(sequence) = home.sequences.remove(&old_sequence) {
        let renamed = Sequence { name: new_sequence.clone(), ..Sequence::clone(&sequence) };
        home.sequences.insert(new_sequence, Arc::new(renamed));
    }
    Ok(())
}

fn no_such_table(database: &str, table: &str) -> Rejection {
    Rejection::NoSuchTable { database: database.to_owned(), table: table.to_owned() }
}

fn missing_sequence(table: &Table) -> Rejection {
    Rejection::Malformed {
        reason: format!("AUTO_INCREMENT table '{}' over several physical tables has no sequence", table.name),
    }
}
