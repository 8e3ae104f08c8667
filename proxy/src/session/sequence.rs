//! Statements on sequences, and the values that a statement asks for by NEXTVAL.

use ostrakon_catalog::column::ColumnType;
use ostrakon_catalog::command::Command as CatalogCommand;
use ostrakon_catalog::outcome::Rejection;
use ostrakon_catalog::schema::{SIMPLE_MAXIMUM, Sequence, SequenceChange, SequenceKind};
use ostrakon_router::RouterError;
use ostrakon_router::parse::command::{NextColumn, SequenceOptions, SequenceStatement};
use ostrakon_router::parse::ddl::ObjectName;
use ostrakon_router::parse::sequence::check;
use ostrakon_router::plan::{RoutedPlan, SequenceName, unknown_sequence};

use super::result::{CellType, ResultSet};
use super::show::sequences::kind_name;
use super::{Failure, Session, Warning};
use crate::error::SqlError;
use crate::exec::sequence::above_time;

/// Most values that `WHERE COUNT = n` may ask for.
const COUNT_MAX: u64 = 100_000;

impl Session {
    /// Carries a statement on sequences out. Rows are the answer of INSPECT. The session's transaction is committed first, as by any DDL.
    pub(super) async fn sequence_statement(
        &mut self,
        statement: &SequenceStatement,
    ) -> Result<Option<ResultSet>, Failure> {
        if let SequenceStatement::Inspect(name) = statement {
            return self.inspect(name.as_ref()).map(Some);
        }
        self.commit_all().await?;
        // What any node has acknowledged is there for this statement.
        self.worker.node.meta.read_barrier().await.map_err(SqlError::from)?;
        match statement {
            SequenceStatement::Inspect(_) => {}
            SequenceStatement::Create { name, if_not_exists, kind, options } => {
                self.create_sequence(name, *if_not_exists, *kind, options).await?;
            }
            SequenceStatement::Alter { name, change_to, options } => {
                self.alter_sequence(name, *change_to, options).await?;
            }
            SequenceStatement::Drop { names, if_exists } => self.drop_sequences(names, *if_exists).await?,
            SequenceStatement::ClearCache(name) => {
                for (database, sequence) in self.named_sequences(name.as_ref())? {
                    // A new epoch and nothing else: every node's ranges are void.
                    let change = SequenceChange::default();
                    self.propose(CatalogCommand::AlterSequence { database, sequence, change }).await?;
                }
            }
            SequenceStatement::ConvertAll { from, to } => self.convert_all(*from, *to).await?,
        }
        Ok(None)
    }

    /// One value for each NEXTVAL of a plan, in the order of the text.
    pub(super) async fn nextvals(&self, plan: &RoutedPlan) -> Result<Vec<u64>, Failure> {
        let mut values = vec![0; plan.nextvals.len()];
        let mut distinct: Vec<&SequenceName> = Vec::new();
        for name in &plan.nextvals {
            if !distinct.contains(&name) {
                distinct.push(name);
            }
        }
        let node = &self.worker.node;
        for name in distinct {
            let places = || plan.nextvals.iter().enumerate().filter(|(_, n)| *n == name).map(|(at, _)| at);
            let taken = node.sequences.take(&node.meta, &name.0, &name.1, places().count()).await?;
            for (place, value) in places().zip(taken) {
                if let Some(slot) = values.get_mut(place) {
                    *slot = value;
                }
            }
        }
        Ok(values)
    }

    /// `SELECT s.NEXTVAL, ... [WHERE COUNT = n]`: no server is asked.
    pub(super) async fn next_values(&self, columns: &[NextColumn], count: u64) -> Result<ResultSet, Failure> {
        if count > COUNT_MAX {
            return Err(SqlError::not_supported(format!("WHERE COUNT = {count}; at most {COUNT_MAX}")).into());
        }
        let rows = vec![Vec::with_capacity(columns.len()); usize::try_from(count).unwrap_or_default()];
        let mut set = ResultSet { rows, ..ResultSet::default() };
        let node = &self.worker.node;
        for column in columns {
            let database = match &column.database {
                Some(database) => database,
                None => self.current_database()?,
            };
            let values = match set.rows.len() {
                0 => Vec::new(),
                rows => node.sequences.take(&node.meta, database, &column.sequence, rows).await?,
            };
            let fits = values.iter().all(|value| i64::try_from(*value).is_ok());
            let kind = if fits { CellType::Signed } else { CellType::Integer };
            set.columns.push((column.label.clone(), kind));
            for (row, value) in set.rows.iter_mut().zip(values) {
                row.push(Some(value.to_string().into_bytes()));
            }
        }
        Ok(set)
    }

    async fn create_sequence(
        &mut self,
        name: &ObjectName,
        if_not_exists: bool,
        kind: SequenceKind,
        options: &SequenceOptions,
    ) -> Result<(), Failure> {
        let database = self.database_name(name)?;
        let sequence = name.name.clone();
        if self.catalog().sequence(&database, &sequence).is_some() {
            let exists = Rejection::SequenceExists { database, sequence };
            if if_not_exists {
                self.warn("Note", exists.errno(), exists.to_string());
                return Ok(());
            }
            return Err(SqlError::new(exists.errno(), exists.sqlstate(), exists.to_string()).into());
        }
        if kind == SequenceKind::Time && options.start_with.is_some() {
            self.warn("Note", 1105, "START WITH has no meaning for a TIME sequence".to_owned());
        }
        let new = Sequence::of_kind(kind, sequence, options.start_with.unwrap_or(1));
        let sequence = Sequence {
            increment: options.increment.unwrap_or(new.increment),
            maximum: options.maximum.unwrap_or(new.maximum),
            cycle: options.cycle.unwrap_or(new.cycle),
            ..new
        };
        self.propose(CatalogCommand::CreateSequence { database, sequence }).await?;
        Ok(())
    }

    async fn alter_sequence(
        &mut self,
        name: &ObjectName,
        change_to: Option<SequenceKind>,
        options: &SequenceOptions,
    ) -> Result<(), Failure> {
        let (database, known) = self.need_sequence(name)?;
        let kind = change_to.unwrap_or(known.kind);
        check(kind, options)?;
        if kind == SequenceKind::Time {
            self.check_time_column(&database, &known.name)?;
            if options.start_with.is_some() {
                self.warn("Note", 1105, "START WITH has no meaning for a TIME sequence".to_owned());
            }
        }
        let change = changed(&known, kind, options);
        self.propose(CatalogCommand::AlterSequence { database, sequence: known.name, change }).await?;
        Ok(())
    }

    async fn drop_sequences(&mut self, names: &[ObjectName], if_exists: bool) -> Result<(), Failure> {
        let catalog = self.catalog();
        let mut found = Vec::new();
        for name in names {
            let database = self.database_name(name)?;
            match catalog.sequence(&database, &name.name) {
                Some(_) => found.push((database, name.name.clone())),
                None if if_exists => {
                    let unknown = unknown_sequence(&database, &name.name);
                    self.warn("Note", unknown.errno, unknown.message);
                }
                None => return Err(unknown_sequence(&database, &name.name).into()),
            }
        }
        for (database, sequence) in found {
            self.propose(CatalogCommand::DropSequence { database, sequence }).await?;
        }
        Ok(())
    }

    /// All sequences of one kind in the current database. Those in units stay, with a warning.
    async fn convert_all(&mut self, from: SequenceKind, to: SequenceKind) -> Result<(), Failure> {
        let database = self.current_database()?.to_owned();
        let catalog = self.catalog();
        let home = catalog.database(&database).ok_or_else(|| RouterError::unknown_database(&database))?;
        let same = |kind: SequenceKind| kind_name(kind) == kind_name(from);
        let (mut changes, mut kept) = (Vec::new(), Vec::new());
        for known in home.sequences.values().filter(|s| same(s.kind) && !same(to)) {
            if matches!(known.kind, SequenceKind::Group { unit_count: 2.., .. }) {
                kept.push(known.name.clone());
                continue;
            }
            if to == SequenceKind::Time {
                self.check_time_column(&database, &known.name)?;
            }
            // What TIME has given has no position: the new kind begins above all that any node may have given.
            let start_with = (known.kind == SequenceKind::Time).then(|| {
                let ceilings = catalog.time_workers.values().map(|worker| worker.ceiling);
                above_time(ceilings.max().unwrap_or(0).max(crate::call::now_ms()))
            });
            let options = SequenceOptions { start_with, ..SequenceOptions::default() };
            changes.push((known.name.clone(), changed(known, to, &options)));
        }
        for (sequence, change) in changes {
            let database = database.clone();
            self.propose(CatalogCommand::AlterSequence { database, sequence, change }).await?;
        }
        for name in kept {
            self.warn(
                "Warning",
                1235,
                format!("Not supported: converting sequence '{name}', which is in units"),
            );
        }
        Ok(())
    }

    /// A sequence's values must fit the column that it fills.
    fn check_time_column(&self, database: &str, sequence: &str) -> Result<(), Failure> {
        let catalog = self.catalog();
        let table = sequence.strip_prefix("AUTO_SEQ_").and_then(|table| catalog.table(database, table));
        let column = table.and_then(|table| table.auto_increment()).map(|(_, column)| column);
        match column {
            Some(column) if !matches!(column.data_type, ColumnType::BigInt { .. }) => Err(SqlError::new(
                1063,
                "42000",
                format!(
                    "Incorrect column specifier for column '{}': AUTO_INCREMENT BY TIME needs BIGINT",
                    column.name
                ),
            )
            .into()),
            _ => Ok(()),
        }
    }

    /// INSPECT SEQUENCE RANGE: what this node holds.
    fn inspect(&mut self, name: Option<&ObjectName>) -> Result<ResultSet, Failure> {
        let mut set = ResultSet::text(&["NODE", "NAME", "TYPE", "RANGE", "NEXT_SIZE", "LEASES", "WAITS"])
            .integer("NODE")
            .integer("NEXT_SIZE")
            .integer("LEASES")
            .integer("WAITS");
        let catalog = self.catalog();
        let node = &self.worker.node;
        for (database, sequence) in self.named_sequences(name)? {
            let Some(known) = catalog.sequence(&database, &sequence) else { continue };
            let held = node.sequences.held(&node.meta, &database, &sequence).unwrap_or_default();
            let range = match held.worker {
                Some((worker, ceiling)) => format!("worker {worker} under {ceiling} ms"),
                None => {
                    let ranges = held.ranges.iter().map(|(first, last)| format!("[{first}, {last}]"));
                    ranges.collect::<Vec<_>>().join(" ")
                }
            };
            set.push([
                node.config.node_id.into(),
                sequence.into(),
                kind_name(known.kind).into(),
                range.into(),
                held.size.into(),
                held.leases.into(),
                held.waits.into(),
            ]);
        }
        Ok(set)
    }

    /// One sequence, which must be there, or all of the current database.
    fn named_sequences(&self, name: Option<&ObjectName>) -> Result<Vec<(String, String)>, Failure> {
        if let Some(name) = name {
            let (database, known) = self.need_sequence(name)?;
            return Ok(vec![(database, known.name)]);
        }
        let database = self.current_database()?;
        let catalog = self.catalog();
        let home = catalog.database(database).ok_or_else(|| RouterError::unknown_database(database))?;
        Ok(home.sequences.keys().map(|name| (database.to_owned(), name.to_owned())).collect())
    }

    fn need_sequence(&self, name: &ObjectName) -> Result<(String, Sequence), Failure> {
        let database = self.database_name(name)?;
        let found = self.catalog().sequence(&database, &name.name).cloned();
        let found = found.ok_or_else(|| unknown_sequence(&database, &name.name))?;
        Ok((database, found))
    }

    fn database_name(&self, name: &ObjectName) -> Result<String, Failure> {
        let database = match &name.database {
            Some(database) => database,
            None => self.current_database()?,
        };
        match self.catalog().database(database) {
            Some(_) => Ok(database.to_owned()),
            None => Err(RouterError::unknown_database(database).into()),
        }
    }

    fn warn(&mut self, level: &str, code: u16, message: String) {
        self.warnings.push(Warning { level: level.to_owned(), code, message });
    }
}

/// The change that makes `known` one of `kind`. Another kind begins with that kind's own defaults.
fn changed(known: &Sequence, kind: SequenceKind, options: &SequenceOptions) -> SequenceChange {
    let is_new = kind_name(kind) != kind_name(known.kind);
    let default = Sequence::of_kind(kind, String::new(), 1);
    let simple = kind == SequenceKind::Simple;
    SequenceChange {
        kind: is_new.then_some(kind),
        start_with: options.start_with.filter(|_| kind != SequenceKind::Time),
        increment: options.increment.or(is_new.then_some(default.increment)),
        maximum: options.maximum.or(is_new.then_some(if simple { SIMPLE_MAXIMUM } else { default.maximum })),
        cycle: options.cycle.or(is_new.then_some(default.cycle)),
        inner_step: None,
    }
}
