//! System tables in a gathered statement: the servers' rows about one physical table of each logical one, with logical names, or rows of the node's own.
//!
//! **Invariant:** no physical name, and nothing of a schema that is not a logical database, reaches a temporary table.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use ostrakon_catalog::Catalog;
use ostrakon_catalog::auto_sequence_name;
use ostrakon_catalog::column::ColumnType;
use ostrakon_catalog::schema::{Database, InstanceId, SequenceKind, Table, TableKind};
use ostrakon_router::plan::carriage::{Carriage, carriage};
use ostrakon_router::plan::{Gather, INFORMATION_SCHEMA, SUMMED, SYSTEM_TABLES, SystemRows, SystemSource};
use ostrakon_router::sharding::Topology;
use ostrakon_router::sharding::topology::quote;

use super::budget::Budget;
use super::connection::GatherConnection;
use super::guard::Guard;
use super::load::{LoadColumn, Loaded};
use super::source::temporary_name;
use super::system_views;
use crate::backend::connection::{AnswerColumn, Connection};
use crate::error::SqlError;
use crate::exec::names;
use crate::session::dispatch::Input;
use crate::session::result::quote_string;
use crate::session::trace::Role;
use crate::session::{Failure, Session, Warning};

/// So many tables are named in one question: its answer is held in memory.
const TABLES_OF_A_QUESTION: usize = 200;

/// ER_NOT_SUPPORTED_YET.
const NOT_SUPPORTED: u16 = 1235;

/// Columns whose values are names of tables.
const TABLE_COLUMNS: [&str; 2] = ["TABLE_NAME", "REFERENCED_TABLE_NAME"];

pub(crate) type Row = Vec<Option<Vec<u8>>>;

/// The tables of a physical database that answer for logical ones, by their names.
type Known = HashMap<String, Arc<Table>>;

/// A question to a server about one of its schemas.
pub struct Question {
    /// The group's name.
    pub place: String,
    instance: InstanceId,
    pub sql: String,
    about: About,
}

enum About {
    /// The rows of the logical database of that name.
    Rows { database: Arc<Database>, physical: String, known: Rc<Known> },
    /// Numbers that are added up, for the rows of the same database that come after.
    Sums { database: Arc<Database>, known: Rc<Known> },
    /// information_schema itself.
    Itself,
}

/// What a source asks the servers.
struct Asking<'s> {
    source: &'s SystemSource,
    columns: &'s [LoadColumn],
    /// The only database and table whose rows are needed.
    database: Option<String>,
    table: Option<String>,
    no_backslash_escapes: bool,
}

impl Asking<'_> {
    fn questions(&self, catalog: &Catalog) -> Result<Vec<Question>, Failure> {
        let mut questions = Vec::new();
        let wanted = |name: &str| self.database.as_deref().is_none_or(|only| only == name);
        for database in catalog.databases.values().filter(|database| wanted(&database.name)) {
            match self.source.system.rows {
                SystemRows::Databases => questions.extend(self.of_database(database)),
                SystemRows::Tables => self.of_tables(database, &mut questions)?,
                SystemRows::Nothing
                | SystemRows::Server
                | SystemRows::Sessions
                | SystemRows::Variables { .. } => {}
            }
        }
        if let Some(instance) = catalog.instances.keys().next()
            && self.database.as_deref().is_none_or(|only| only.eq_ignore_ascii_case(INFORMATION_SCHEMA))
        {
            questions.extend(self.of_itself(*instance));
        }
        Ok(questions)
    }

    /// Rows of views.
    fn views(&self, catalog: &Catalog) -> Vec<Row> {
        let columns: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
        let (database, table) = (self.database.as_deref(), self.table.as_deref());
        system_views::rows(catalog, self.source.system.name, &columns, database, table)
    }

    /// The views that COLUMNS is asked about, by database and name.
    fn views_with_columns(&self, catalog: &Catalog) -> Vec<(String, String)> {
        if self.source.system.name != "COLUMNS" {
            return Vec::new();
        }
        system_views::wanted(catalog, self.database.as_deref(), self.table.as_deref())
            .map(|(home, view)| (home.name.clone(), view.name.clone()))
            .collect()
    }

    fn of_database(&self, database: &Arc<Database>) -> Option<Question> {
        let group = database.groups.first()?;
        Some(Question {
            place: group.name.clone(),
            instance: group.instance,
            sql: format!("{} = {}", self.select("NULL"), self.literal(&group.physical_database)),
            about: About::Rows {
                database: Arc::clone(database),
                physical: group.physical_database.clone(),
                known: Rc::default(),
            },
        })
    }

    /// One physical table answers for each logical table: its first.
    fn of_tables(&self, database: &Arc<Database>, questions: &mut Vec<Question>) -> Result<(), Failure> {
        let mut first: Vec<Vec<(String, Arc<Table>)>> = vec![Vec::new(); database.groups.len()];
        let mut every: Vec<Known> = vec![Known::new(); database.groups.len()];
        let wanted = |name: &str| self.table.as_deref().is_none_or(|only| only == name);
        for table in database.tables.values().filter(|table| wanted(&table.name)) {
            let topology = Topology::new(table, database)?;
            if let Some(physical) = topology.get(0)
                && let Some(tables) = first.get_mut(physical.group)
            {
                tables.push((physical.name.to_string(), Arc::clone(table)));
            }
            if self.is_summed() && matches!(table.kind, TableKind::Sharded(_)) && topology.len() > 1 {
                for physical in topology.tables() {
                    if let Some(known) = every.get_mut(physical.group) {
                        known.insert(physical.name.to_string(), Arc::clone(table));
                    }
                }
            }
        }
        for (group, known) in database.groups.iter().zip(every).filter(|(_, known)| !known.is_empty()) {
            let list = if self.table.is_some() { self.list(known.keys()) } else { String::new() };
            let keys = self.sum_keys().join(", ");
            questions.push(Question {
                place: group.name.clone(),
                instance: group.instance,
                sql: format!(
                    "SELECT {keys}, {} FROM information_schema.{} WHERE TABLE_SCHEMA = {}{list}",
                    SUMMED.join(", "),
                    self.source.system.name,
                    self.literal(&group.physical_database)
                ),
                about: About::Sums { database: Arc::clone(database), known: Rc::new(known) },
            });
        }
        for (group, tables) in database.groups.iter().zip(first) {
            for tables in tables.chunks(TABLES_OF_A_QUESTION) {
                questions.push(Question {
                    place: group.name.clone(),
                    instance: group.instance,
                    sql: format!(
                        "{} = {}{}{}",
                        self.select(self.table_column()),
                        self.literal(&group.physical_database),
                        self.list(tables.iter().map(|(name, _)| name)),
                        self.order()
                    ),
                    about: About::Rows {
                        database: Arc::clone(database),
                        physical: group.physical_database.clone(),
                        known: Rc::new(tables.iter().cloned().collect()),
                    },
                });
            }
        }
        Ok(())
    }

    /// information_schema, as far as it can be read, is part of what it shows.
    fn of_itself(&self, instance: InstanceId) -> Option<Question> {
        let name = self.source.system.name;
        let list = match name {
            "SCHEMATA" => String::new(),
            "TABLES" | "COLUMNS" => {
                let known = SYSTEM_TABLES.iter().filter(|table| table.schema == INFORMATION_SCHEMA);
                let tables = known.map(|table| table.name);
                let wanted = tables.filter(|name| self.table.as_deref().is_none_or(|only| only == *name));
                let names: Vec<String> = wanted.map(str::to_owned).collect();
                if names.is_empty() {
                    return None;
                }
                self.list(names.iter())
            }
            _ => return None,
        };
        Some(Question {
            place: String::new(),
            instance,
            sql: format!("{} = '{INFORMATION_SCHEMA}'{list}", self.select("NULL")),
            about: About::Itself,
        })
    }

    /// The columns, and one more: the name of the table that the row is about.
    fn select(&self, table: &str) -> String {
        let columns: Vec<String> = self
            .columns
            .iter()
            .map(|column| column.carriage.source(&format!("s.{}", quote(&column.name))))
            .collect();
        let name = self.source.system.name;
        let joined = match self.has_table() {
            true => "",
            false => {
                " JOIN information_schema.TABLE_CONSTRAINTS AS t ON t.CONSTRAINT_SCHEMA = s.CONSTRAINT_SCHEMA \
                 AND t.CONSTRAINT_NAME = s.CONSTRAINT_NAME"
            }
        };
        format!(
            "SELECT {}, {table} FROM information_schema.{name} AS s{joined} WHERE s.{}",
            columns.join(", "),
            self.source.system.database
        )
    }

    /// MySQL's CHECK_CONSTRAINTS does not say which table a constraint belongs to.
    fn has_table(&self) -> bool {
        self.source.system.rows != SystemRows::Tables
            || self.columns.iter().any(|column| column.name == "TABLE_NAME")
    }

    fn table_column(&self) -> &'static str {
        if self.has_table() { "s.TABLE_NAME" } else { "t.TABLE_NAME" }
    }

    fn is_summed(&self) -> bool {
        self.source.sums && matches!(self.source.system.name, "TABLES" | "PARTITIONS")
    }

    /// What a row of sums is about.
    fn sum_keys(&self) -> &'static [&'static str] {
        match self.source.system.name {
            "PARTITIONS" => &["TABLE_NAME", "PARTITION_NAME", "SUBPARTITION_NAME"],
            _ => &["TABLE_NAME"],
        }
    }

    /// There are clients that read columns without asking for an order, and MySQL has two that it may take.
    fn order(&self) -> &'static str {
        if self.source.system.name == "COLUMNS" { " ORDER BY s.TABLE_NAME, s.ORDINAL_POSITION" } else { "" }
    }

    fn list<'n>(&self, names: impl Iterator<Item = &'n String>) -> String {
        let names: Vec<String> = names.map(|name| self.literal(name)).collect();
        let column = if self.has_table() { "TABLE_NAME" } else { "t.TABLE_NAME" };
        match names.as_slice() {
            [only] => format!(" AND {column} = {only}"),
            names => format!(" AND {column} IN ({})", names.join(", ")),
        }
    }

    fn literal(&self, text: &str) -> String {
        match self.no_backslash_escapes {
            true => format!("'{}'", text.replace('\'', "''")),
            false => quote_string(text),
        }
    }
}

/// Sums of logical tables: by database, and by table and partition.
#[derive(Default)]
struct Sums(HashMap<(String, Row), [u64; SUMMED.len()]>);

impl Sums {
    /// Adds a row: what it is about, and numbers.
    fn add(&mut self, database: &str, known: &Known, mut row: Row) {
        let numbers = row.split_off(row.len().saturating_sub(SUMMED.len()));
        let Some(Some(physical)) = row.first() else { return };
        let Some(table) = known.get(&*String::from_utf8_lossy(physical)) else { return };
        if let Some(first) = row.first_mut() {
            *first = Some(table.name.clone().into_bytes());
        }
        let sums = self.0.entry((database.to_owned(), row)).or_default();
        for (sum, cell) in sums.iter_mut().zip(numbers) {
            *sum = sum.saturating_add(number(cell.as_deref()));
        }
    }

    /// Puts sums into a row that has its logical names.
    fn put(&self, database: &str, keys: &[&str], columns: &[LoadColumn], row: &mut Row) {
        let at = |name: &str| columns.iter().position(|column| column.name == name);
        let key = keys.iter().map(|name| at(name).and_then(|at| row.get(at).cloned()).flatten()).collect();
        let Some(sums) = self.0.get(&(database.to_owned(), key)) else { return };
        for (name, sum) in SUMMED.iter().zip(sums) {
            if let Some(cell @ Some(_)) = at(name).and_then(|at| row.get_mut(at)) {
                *cell = Some(sum.to_string().into_bytes());
            }
        }
    }
}

fn number(cell: Option<&[u8]>) -> u64 {
    cell.and_then(|cell| std::str::from_utf8(cell).ok()).and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Puts logical names into a row; `table`: the physical table that it is about.
fn logical(
    columns: &[LoadColumn],
    row: &mut Row,
    physical: &str,
    database: &Database,
    known: &Known,
    table: &str,
) {
    let logical = known.get(table);
    for (column, cell) in columns.iter().zip(row) {
        let Some(bytes) = cell else { continue };
        let text = String::from_utf8_lossy(bytes);
        let new = if column.name.ends_with("_SCHEMA") || column.name == "SCHEMA_NAME" {
            (*text == *physical).then(|| database.name.clone())
        } else if TABLE_COLUMNS.contains(&column.name.as_str()) {
            known.get(&*text).map(|table| table.name.clone())
        } else if column.name.ends_with("CONSTRAINT_NAME") {
            logical.and_then(|logical| names::constraint(&text, table, &logical.name))
        } else {
            None
        };
        if let Some(new) = new {
            *cell = Some(new.into_bytes());
        }
    }
}

/// The next AUTO_INCREMENT value of a table with a sequence, or that it has none; `None` for a single table, whose server knows.
pub fn next_of_sequence(catalog: &Catalog, database: &Database, table: &Table) -> Option<Option<u64>> {
    if matches!(table.kind, TableKind::Single) {
        return None;
    }
    let sequence = catalog.sequence(&database.name, &auto_sequence_name(&table.name));
    let next = sequence.filter(|sequence| sequence.kind != SequenceKind::Time).map(|sequence| sequence.next);
    Some(next.filter(|_| table.auto_increment().is_some()))
}

/// The next value of a table's sequence, in place of what a physical table says.
fn put_sequence(
    catalog: &Catalog,
    database: &Database,
    table: &Table,
    columns: &[LoadColumn],
    row: &mut Row,
) {
    let Some(next) = next_of_sequence(catalog, database, table) else { return };
    if let Some(at) = columns.iter().position(|column| column.name == "AUTO_INCREMENT")
        && let Some(cell) = row.get_mut(at)
    {
        *cell = next.map(|next| next.to_string().into_bytes());
    }
}

/// How a column's values travel, from what a server says of it.
fn load_column(column: AnswerColumn, mariadb: bool) -> LoadColumn {
    const TIMESTAMP: u8 = 7;
    const ENUM: u16 = 256;
    let carriage = match (column.column_type, column.flags & ENUM != 0) {
        (TIMESTAMP, _) => carriage(&ColumnType::Timestamp { fsp: 0 }, mariadb),
        (_, true) => carriage(&ColumnType::Enum, mariadb),
        _ => Carriage::PLAIN,
    };
    LoadColumn { name: column.name, carriage }
}

impl Session {
    /// Makes the temporary table of a source.
    pub async fn create_system(
        &mut self,
        place: &mut GatherConnection,
        source: &SystemSource,
    ) -> Result<(), SqlError> {
        let shape = format!("SELECT * FROM {}.{} WHERE FALSE", source.system.schema, source.system.name);
        place.create(&temporary_name(&source.table), (&shape, true), &[], &[]).await
    }

    /// Makes the temporary tables of system tables, and brings their rows.
    pub async fn load_system(
        &mut self,
        place: &mut GatherConnection,
        gather: &Gather,
        input: Input<'_>,
        budget: &mut Budget,
    ) -> Result<(), Failure> {
        for source in &gather.system {
            let guard = Guard::new(&place.lease.connection, budget.deadline());
            self.create_system(place, source).await?;
            let mut count = 0;
            let columns = self.system_columns(&mut place.lease.connection, source).await?;
            let catalog = self.catalog();
            let catalog = self.visible(catalog);
            let asking = self.asking(source, &columns, input);
            let keys = asking.sum_keys();
            let questions = asking.questions(&catalog)?;
            let views = asking.views(&catalog);
            let views_with_columns = asking.views_with_columns(&catalog);
            let select = asking.select("NULL");
            let own = self.own_rows(source, &columns).await?;
            let mut sums = Sums::default();
            for question in questions {
                let rows = self.ask(&question, &guard).await?;
                let rows = match &question.about {
                    About::Sums { database, known } => {
                        rows.into_iter().for_each(|row| sums.add(&database.name, known, row));
                        continue;
                    }
                    About::Itself => rows.into_iter().map(without_last).collect(),
                    About::Rows { database, physical, known } => {
                        let rows = rows.into_iter().filter_map(|mut row| {
                            let table = row.pop().flatten();
                            let table = table.map(|table| String::from_utf8_lossy(&table).into_owned());
                            let table = table.unwrap_or_default();
                            logical(&columns, &mut row, physical, database, known, &table);
                            if let Some(found) = known.get(&table) {
                                sums.put(&database.name, keys, &columns, &mut row);
                                put_sequence(&catalog, database, found, &columns, &mut row);
                            } else if !known.is_empty() {
                                return None;
                            }
                            Some(row)
                        });
                        rows.collect::<Vec<_>>()
                    }
                };
                let loading = load_rows(place, source, &columns, &rows);
                let loaded = guard.watch(loading, self.watched()).await?;
                budget.add(loaded.rows, loaded.bytes)?;
                count += loaded.rows;
            }
            for (database, view) in views_with_columns {
                let rows =
                    self.columns_of_view(&catalog, (&database, &view), &select, &columns, &guard).await?;
                let loading = load_rows(place, source, &columns, &rows);
                let loaded = guard.watch(loading, self.watched()).await?;
                budget.add(loaded.rows, loaded.bytes)?;
                count += loaded.rows;
            }
            // Not a server's, so as text: an ENUM of a server travels as its number.
            let plain: Vec<LoadColumn> = columns
                .iter()
                .map(|column| LoadColumn { name: column.name.clone(), carriage: Carriage::PLAIN })
                .collect();
            if source.system.name == "TABLES" && !views.is_empty() && !self.mode.server.mariadb {
                // MySQL knows when a view was made; the catalog does not.
                let sql = format!(
                    "ALTER TABLE {} MODIFY CREATE_TIME TIMESTAMP NULL",
                    temporary_name(&source.table)
                );
                place.lease.connection.query(&sql).await?;
            }
            for rows in [views, own] {
                let loading = load_rows(place, source, &plain, &rows);
                let loaded = guard.watch(loading, self.watched()).await?;
                budget.add(loaded.rows, loaded.bytes)?;
                count += loaded.rows;
            }
            if count < 2 {
                place.hide_count(&temporary_name(&source.table)).await?;
            }
        }
        Ok(())
    }

    /// A view's rows of COLUMNS, with its names. Of a view that cannot be used there are none, and a warning, as on a server.
    async fn columns_of_view(
        &mut self,
        catalog: &Catalog,
        (database, view): (&str, &str),
        select: &str,
        columns: &[LoadColumn],
        guard: &Guard,
    ) -> Result<Vec<Row>, Failure> {
        let rows = match Box::pin(self.view_column_rows(catalog, database, view, select, guard)).await {
            Ok(rows) => rows,
            Err(Failure::Sql(e)) if !e.is_of_connection() => {
                // 1235 says why it cannot be told; all else is that it cannot be used.
                let e = if e.errno == NOT_SUPPORTED { e } else { SqlError::invalid_view(database, view) };
                self.warnings.push(Warning { level: "Warning".into(), code: e.errno, message: e.message });
                return Ok(Vec::new());
            }
            Err(e) => return Err(e),
        };
        let mut rows: Vec<Row> = rows.into_iter().map(without_last).collect();
        for (name, value) in [("TABLE_SCHEMA", database), ("TABLE_NAME", view)] {
            let Some(at) = columns.iter().position(|column| column.name == name) else { continue };
            rows.iter_mut().filter_map(|row| row.get_mut(at)).for_each(|cell| *cell = Some(value.into()));
        }
        Ok(rows)
    }

    /// What a gathered statement's system tables ask the servers, for EXPLAIN.
    pub async fn system_questions(
        &mut self,
        gather: &Gather,
        instance: InstanceId,
        input: Input<'_>,
    ) -> Result<Vec<Question>, Failure> {
        let mut questions = Vec::new();
        for source in &gather.system {
            let mut connection = self.worker.gather_pool_of(instance)?.acquire(false).await?;
            let columns = self.system_columns(&mut connection, source).await?;
            drop(connection);
            let catalog = self.catalog();
            let catalog = self.visible(catalog);
            questions.extend(self.asking(source, &columns, input).questions(&catalog)?);
        }
        Ok(questions)
    }

    async fn system_columns(
        &self,
        connection: &mut Connection,
        source: &SystemSource,
    ) -> Result<Vec<LoadColumn>, SqlError> {
        connection.queue_settings(&self.settings);
        let sql = format!("SELECT * FROM {}.{} LIMIT 0", source.system.schema, source.system.name);
        let answer = connection.query(&sql).await?;
        let mariadb = self.mode.server.mariadb;
        Ok(answer.columns.into_iter().map(|column| load_column(column, mariadb)).collect())
    }

    fn asking<'s>(
        &self,
        source: &'s SystemSource,
        columns: &'s [LoadColumn],
        input: Input<'_>,
    ) -> Asking<'s> {
        let arguments = self.text_arguments(input);
        Asking {
            source,
            columns,
            database: source.only_database(&arguments, self.database.as_deref()),
            table: source.only_table(&arguments),
            no_backslash_escapes: self.mode.no_backslash_escapes,
        }
    }

    /// The answer to a question, by a connection outside of the session's transaction.
    async fn ask(&mut self, question: &Question, guard: &Guard) -> Result<Vec<Row>, Failure> {
        let mut connection = self.worker.pool_of(question.instance)?.acquire(false).await?;
        connection.queue_settings(&self.settings);
        let guard = guard.on(&connection);
        let answer = guard.watch(connection.query(&question.sql), self.watched()).await?;
        drop(connection);
        let bytes = answer.rows.iter().flatten().flatten().map(|cell| cell.len() as u64).sum();
        let rows = answer.rows.len() as u64;
        self.note_sent(Role::Source, &question.place, question.sql.as_bytes(), rows, bytes);
        Ok(answer.rows)
    }
}

fn without_last(mut row: Row) -> Row {
    row.pop();
    row
}

async fn load_rows(
    place: &mut GatherConnection,
    source: &SystemSource,
    columns: &[LoadColumn],
    rows: &[Row],
) -> Result<Loaded, SqlError> {
    if rows.is_empty() {
        return Ok(Loaded::default());
    }
    let mut load = place.load(&temporary_name(&source.table), columns).await?;
    for row in rows {
        load.row(row.iter().map(Option::as_deref))?;
        load.flush_if_full().await?;
    }
    load.end().await
}
