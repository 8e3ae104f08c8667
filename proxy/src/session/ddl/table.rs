//! CREATE, DROP, TRUNCATE and RENAME TABLE.

use std::sync::Arc;

use ostrakon_catalog::command::Command as CatalogCommand;
use ostrakon_catalog::schema::{Database, Sequence, SequenceKind, Table, TableKind};
use ostrakon_router::RouterError;
use ostrakon_router::parse::ddl::{CreateTable, ObjectName};
use ostrakon_router::sharding::{Topology, rule};
use rand::Rng;

use super::{GroupWork, splice};
use crate::error::SqlError;
use crate::session::definition;
use crate::session::dispatch::sequence_name;
use crate::session::{Failure, Session};

impl Session {
    pub(super) async fn create_table(&mut self, create: &CreateTable, text: &[u8]) -> Result<(), Failure> {
        let catalog = self.catalog();
        let database = self.database_of(&catalog, &create.name)?;
        let name = &create.name.name;
        if database.tables.contains_key(name) {
            let message = format!("Table '{name}' already exists");
            if create.if_not_exists {
                self.note(1050, message);
                return Ok(());
            }
            return Err(SqlError::new(1050, "42S01", message).into());
        }
        if create.temporary {
            return Err(SqlError::not_supported("temporary tables").into());
        }
        if let (Some(refused), None) = (&create.refused, &create.like) {
            return Err(SqlError::not_supported(format!("{refused} in CREATE TABLE {name}")).into());
        }
        let (mut table, text) = match &create.like {
            Some(source) => self.like(create, source)?,
            None => (self.new_table(create, &database)?, text.to_vec()),
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
        let made = match &create.like {
            Some(source) => {
                let source = self.find(source)?;
                let from = Topology::new(&source.table, &source.database)?;
                let mut work = GroupWork::for_tables(&database, &topology, str::to_owned);
                for (group, statements) in work.iter_mut().map(|w| (w.group.name.clone(), &mut w.statements))
                {
                    let sources = from
                        .tables()
                        .iter()
                        .filter(|t| source.database.groups.get(t.group).is_some_and(|g| g.name == group));
                    for (statement, source) in statements.iter_mut().zip(sources) {
                        *statement = format!("CREATE TABLE {statement} LIKE {}", source.quoted);
                    }
                }
                self.fan_out(&database, Some((&topology, name)), work, &format!("CREATE TABLE {name}")).await
            }
            None => {
                let render = |quoted: &str| splice(&text, &create.name.span, quoted, &create.cut);
                let work = GroupWork::for_tables(&database, &topology, render);
                self.fan_out(&database, Some((&topology, name)), work, &format!("CREATE TABLE {name}")).await
            }
        };
        let finished = match made {
            Ok(()) => {
                let start = create.auto_increment;
                self.finish_create(&mut table, &database, &topology, kind, start).await
            }
            Err(e) => Err(e),
        };
        if let Err(e) = finished {
            // The physical names have a random part, so whatever is there is ours.
            let drop = GroupWork::for_tables(&database, &topology, |quoted| {
                format!("DROP TABLE IF EXISTS {quoted}")
            });
            let _ = self.fan_out(&database, Some((&topology, name)), drop, "clean-up").await;
            return Err(e);
        }
        Ok(())
    }

    /// The kind of sequence that fills the AUTO_INCREMENT column: as it says, or as that of the table it is made like.
    fn sequence_kind(
        &self,
        create: &CreateTable,
        table: &Table,
        database: &Database,
    ) -> Result<SequenceKind, Failure> {
        if let Some(source) = &create.like {
            let sequence = database.sequences.get(&sequence_name(&source.name));
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

    /// Reads the definition back and enters the table into the catalog.
    async fn finish_create(
        &mut self,
        table: &mut Table,
        database: &Database,
        topology: &Topology,
        kind: SequenceKind,
        start: Option<u64>,
    ) -> Result<(), Failure> {
        let first = topology
            .get(0)
            .and_then(|t| database.groups.get(t.group).map(|g| (g.clone(), t.quoted.to_string())));
        let (group, quoted) = first.ok_or_else(|| SqlError::other("a table without a physical table"))?;
        (table.columns, table.keys) = self.read_definition(&group, &quoted).await?;
        self.check_columns(table, &group, &quoted).await?;
        self.ensure_folds(table, &group).await?;
        let has_sequence = table.auto_increment().is_some() && !matches!(table.kind, TableKind::Single);
        let start_with = start.unwrap_or(1).max(1);
        let sequence = has_sequence.then(|| Sequence::of_kind(kind, sequence_name(&table.name), start_with));
        let command =
            CatalogCommand::CreateTable { database: database.name.clone(), table: table.clone(), sequence };
        self.propose(command).await?;
        Ok(())
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
        })
    }

    /// CREATE TABLE ... LIKE: the same rule on the same groups.
    fn like(&mut self, create: &CreateTable, source: &ObjectName) -> Result<(Table, Vec<u8>), Failure> {
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
            ..(*found.table).clone()
        };
        Ok((table, Vec::new()))
    }

    pub(super) async fn drop_tables(
        &mut self,
        tables: &[ObjectName],
        if_exists: bool,
    ) -> Result<(), Failure> {
        let mut found = Vec::new();
        let mut missing = Vec::new();
        for name in tables {
            match self.find(name) {
                Ok(table) => found.push(table),
                Err(Failure::Sql(e)) if e.errno == 1146 || e.errno == 1049 => {
                    missing.push(self.qualified(name)?)
                }
                Err(e) => return Err(e),
            }
        }
        if !missing.is_empty() && !if_exists {
            return Err(SqlError::new(1051, "42S02", format!("Unknown table '{}'", missing.join(","))).into());
        }
        for table in found {
            let topology = Topology::new(&table.table, &table.database)?;
            let work = GroupWork::for_tables(&table.database, &topology, |quoted| {
                format!("DROP TABLE IF EXISTS {quoted}")
            });
            let name = (table.database.name.clone(), table.table.name.clone());
            self.fan_out(
                &table.database,
                Some((&topology, &table.table.name)),
                work,
                &format!("DROP TABLE {}", name.1),
            )
            .await?;
            self.propose(CatalogCommand::DropTables { tables: vec![name] }).await?;
        }
        for name in missing {
            self.note(1051, format!("Unknown table '{name}'"));
        }
        Ok(())
    }

    fn qualified(&self, name: &ObjectName) -> Result<String, SqlError> {
        let database = match &name.database {
            Some(database) => database,
            None => self.current_database()?,
        };
        Ok(format!("{database}.{}", name.name))
    }

    pub(super) async fn truncate(&mut self, name: &ObjectName) -> Result<(), Failure> {
        let found = self.find(name)?;
        let topology = Topology::new(&found.table, &found.database)?;
        let work =
            GroupWork::for_tables(&found.database, &topology, |quoted| format!("TRUNCATE TABLE {quoted}"));
        self.fan_out(
            &found.database,
            Some((&topology, &found.table.name)),
            work,
            &format!("TRUNCATE TABLE {}", name.name),
        )
        .await?;
        if found.has_sequence() {
            let sequence = sequence_name(&found.table.name);
            let database = found.database.name.clone();
            self.propose(CatalogCommand::ResetSequence { database, sequence, start: 1 }).await?;
        }
        Ok(())
    }

    /// Physical names stay, so a rename is one change of the catalog: all of it, at once.
    pub(super) async fn rename(&mut self, renames: &[(ObjectName, ObjectName)]) -> Result<(), Failure> {
        let mut pairs = Vec::with_capacity(renames.len());
        for (old, new) in renames {
            let database = |name: &ObjectName| match &name.database {
                Some(database) => Ok(database.clone()),
                None => self.current_database().map(str::to_owned),
            };
            pairs.push(((database(old)?, old.name.clone()), (database(new)?, new.name.clone())));
        }
        for ((database, _), _) in &pairs {
            if self.catalog().database(database).is_none() {
                return Err(RouterError::unknown_database(database).into());
            }
        }
        self.propose(CatalogCommand::RenameTables { renames: pairs }).await?;
        Ok(())
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
fn random_part() -> String {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut random = rand::rng();
    (0..4).map(|_| char::from(letters[random.random_range(0..letters.len())])).collect()
}
