//! CREATE, DROP and RENAME TABLE.

use std::sync::Arc;

use ostrakon_catalog::auto_sequence_name;
use ostrakon_catalog::job::{JobAction, PhysicalText};
use ostrakon_catalog::schema::{Database, Sequence, SequenceKind, Table, TableKind};
use ostrakon_router::RouterError;
use ostrakon_router::parse::ddl::{CreateTable, ObjectName};
use ostrakon_router::sharding::{Topology, rule};
use rand::Rng;

use super::physical_text;
use crate::error::SqlError;
use crate::session::definition;
use crate::session::{Failure, Session};

/// ER_IT_IS_A_VIEW, MariaDB's.
const IS_A_VIEW: u16 = 1965;

impl Session {
    pub(super) fn create_table(
        &mut self,
        create: &CreateTable,
        text: &[u8],
    ) -> Result<Option<JobAction>, Failure> {
        let catalog = self.catalog();
        let database = self.database_of(&catalog, &create.name)?;
        let name = &create.name.name;
        if database.tables.contains_key(name) || database.views.contains_key(name) {
            let message = format!("Table '{name}' already exists");
            if create.if_not_exists {
                self.note(1050, message);
                return Ok(None);
            }
            return Err(SqlError::new(1050, "42S01", message).into());
        }
        if let (Some(refused), None) = (&create.refused, &create.like) {
            return Err(SqlError::not_supported(format!("{refused} in CREATE TABLE {name}")).into());
        }
        let (table, text, like) = match &create.like {
            Some(source) => {
                let (table, source) = self.like(create, source)?;
                (table, PhysicalText::default(), Some(source))
            }
            None => {
                let text = physical_text(text, &create.name.span, &create.cut);
                (self.new_table(create, &database)?, text, None)
            }
        };
        let kind = self.sequence_kind(create, &table, &database)?;
        let topology = Topology::new(&table, &database)?;
        let limit = self.worker.node.config.limits.physical_tables_per_table;
        if topology.len() > limit as usize {
            return Err(SqlError::not_supported(format!(
                "{} physical tables for one table, at most {limit} (limits.physical_tables_per_table)",
                topology.len()
            ))
            .into());
        }
        let start_with = create.auto_increment.unwrap_or(1).max(1);
        let sequence = Some(Sequence::of_kind(kind, auto_sequence_name(&table.name), start_with));
        Ok(Some(JobAction::CreateTable { database: database.name.clone(), table, text, sequence, like }))
    }

    /// The kind of sequence that fills the AUTO_INCREMENT column: as it says, or as that of the table it is made like.
    fn sequence_kind(
        &self,
        create: &CreateTable,
        table: &Table,
        database: &Database,
    ) -> Result<SequenceKind, Failure> {
        if let Some(source) = &create.like {
            let sequence = database.sequences.get(&auto_sequence_name(&source.name));
            return Ok(sequence.map(|sequence| sequence.kind).unwrap_or_default());
        }
        let kind = create.sequence.unwrap_or_default();
        if kind != SequenceKind::default() && matches!(table.kind, TableKind::Single) {
            return Err(SqlError::not_supported(format!(
                "AUTO_INCREMENT BY in table '{}', which is a single table: its server counts there; leave the BY clause out",
                table.name
            ))
            .into());
        }
        Ok(kind)
    }

    /// The catalog's record of a table to be made; columns and keys as parsed, until the server tells its own.
    fn new_table(&mut self, create: &CreateTable, database: &Database) -> Result<Table, Failure> {
        let mut columns = create.columns.clone();
        let collations = Arc::clone(&self.worker.node.server.load().collations);
        let charset = create.charset.clone().or_else(|| Some(database.charset.clone()));
        let collation = match (&create.charset, &create.collation) {
            (None, None) => Some(database.collation.clone()),
            (_, collation) => collation.clone(),
        };
        definition::fill_charsets(&mut columns, charset.as_deref(), collation.as_deref(), &collations);
        let instances = instance_count(database);
        let (kind, warnings) = rule::resolve(&rule::RuleRequest {
            table: &create.name.name,
            clause: &create.sharding,
            columns: &columns,
            keys: &create.keys,
            groups: database.groups.len() as u32,
            instances,
            default_sharding: database.default_sharding,
            placement: create.placement,
            unique_scope_global: self.own.unique_scope_global,
        })?;
        self.warn_all(warnings);
        Ok(Table {
            id: 0,
            name: create.name.name.clone(),
            kind,
            columns,
            keys: create.keys.clone(),
            name_suffix: Some(random_part()),
            physical_base: create.name.name.clone(),
            allow_full_table_scan: None,
            generated_key: None,
        })
    }

    /// CREATE TABLE ... LIKE: the same rule on the same groups. The new table, and the one that it is like.
    fn like(&mut self, create: &CreateTable, source: &ObjectName) -> Result<(Table, Table), Failure> {
        let found = self.find(source)?;
        let target = self.database_of(&self.catalog(), &create.name)?;
        if found.database.name != target.name {
            return Err(SqlError::not_supported("CREATE TABLE ... LIKE a table of another database").into());
        }
        let table = Table {
            id: 0,
            name: create.name.name.clone(),
            name_suffix: Some(random_part()),
            physical_base: create.name.name.clone(),
            allow_full_table_scan: None,
            ..(*found.table).clone()
        };
        Ok((table, (*found.table).clone()))
    }

    pub(super) fn drop_tables(
        &mut self,
        tables: &[ObjectName],
        if_exists: bool,
    ) -> Result<Option<JobAction>, Failure> {
        let mut found: Vec<(String, Table)> = Vec::new();
        let (mut missing, mut views) = (Vec::new(), Vec::new());
        for name in tables {
            match self.find(name) {
                Ok(table) => {
                    if found.iter().any(|(db, t)| *db == table.database.name && *t.name == table.table.name) {
                        let message = format!("Not unique table/alias: '{}'", name.name);
                        return Err(SqlError::new(1066, "42000", message).into());
                    }
                    found.push((table.database.name.clone(), (*table.table).clone()));
                }
                Err(Failure::Sql(e)) if e.errno == 1347 => views.push(self.qualified(name)?),
                Err(Failure::Sql(e)) if e.is_missing() => missing.push(self.qualified(name)?),
                Err(e) => return Err(e),
            }
        }
        // MySQL finds no table of that name.
        let mariadb = self.mode.server.mariadb;
        if !mariadb {
            missing.append(&mut views);
        }
        if let Some(name) = views.first().filter(|_| !if_exists) {
            return Err(SqlError::new(IS_A_VIEW, "42S02", format!("'{name}' is a view")).into());
        }
        for name in views {
            self.note(IS_A_VIEW, format!("'{name}' is a view"));
        }
        if !missing.is_empty() && !if_exists {
            return Err(SqlError::new(1051, "42S02", format!("Unknown table '{}'", missing.join(","))).into());
        }
        for name in missing {
            self.note(1051, format!("Unknown table '{name}'"));
        }
        Ok((!found.is_empty()).then_some(JobAction::DropTables { tables: found }))
    }

    fn qualified(&self, name: &ObjectName) -> Result<String, SqlError> {
        let database = match &name.database {
            Some(database) => database,
            None => self.current_database()?,
        };
        Ok(format!("{database}.{}", name.name))
    }

    /// Physical names stay, so a rename is one change of the catalog: all of it, at once.
    pub(super) fn rename(&mut self, renames: &[(ObjectName, ObjectName)]) -> Result<JobAction, Failure> {
        let mut pairs = Vec::with_capacity(renames.len());
        for (old, new) in renames {
            let database = |name: &ObjectName| match &name.database {
                Some(database) => Ok(database.clone()),
                None => self.current_database().map(str::to_owned),
            };
            pairs.push(((database(old)?, old.name.clone()), (database(new)?, new.name.clone())));
        }
        for ((database, name), _) in &pairs {
            let catalog = self.catalog();
            if catalog.database(database).is_none() {
                return Err(RouterError::unknown_database(database).into());
            }
            if catalog.view(database, name).is_some() {
                return Err(SqlError::not_supported(format!(
                    "RENAME TABLE of view '{name}'; drop it and make it under its new name"
                ))
                .into());
            }
        }
        Ok(JobAction::Rename { renames: pairs })
    }
}

/// Instances that hold the database's groups.
fn instance_count(database: &Database) -> u32 {
    let mut instances: Vec<u32> = database.groups.iter().map(|g| g.instance).collect();
    instances.sort_unstable();
    instances.dedup();
    instances.len() as u32
}

/// Four letters and digits: a dropped and made-again table gets other physical names, so leftovers of a crash never collide.
pub(in crate::session) fn random_part() -> String {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut random = rand::rng();
    (0..4).map(|_| char::from(letters[random.random_range(0..letters.len())])).collect()
}
