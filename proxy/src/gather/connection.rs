//! A gather connection: where temporary tables are made, loaded and read, and gone when it is given back.
//!
//! **Invariant:** a connection goes back to its pool without a table of ours; where that is not certain it is closed, and the server drops
//! its tables. **Invariant:** nothing is written over it but temporary tables, and tables of the system schema that live for a question: one of
//! the pool for gathering has its binary log off where the account may turn it off.

use std::rc::Rc;

use ostrakon_catalog::schema::{Group, InstanceId};
use ostrakon_protocol::column::{ColumnType, flag};
use ostrakon_router::plan::GATHER_DATABASE;
use ostrakon_router::plan::carriage::Carriage;
use ostrakon_router::sharding::topology::quote;

use super::load::LoadColumn;
use crate::backend::connection::{Answer, AnswerColumn};
use crate::backend::pool::Pooled;
use crate::backend::settings::Settings;
use crate::error::SqlError;
use crate::exec::lease::Lease;
use crate::node::ServerInfo;
use crate::worker::Worker;

/// What makes a server refuse a key that the table could do without: too long, of a BLOB, of a type without keys.
const NO_SUCH_KEY: [u16; 5] = [1071, 1167, 1170, 1687, 3152];

/// ER_DUP_FIELDNAME.
const DUPLICATE_COLUMN: u16 = 1060;

/// `sql_mode` in force, without what refuses dates that a server holds.
const LENIENT: &str = "REPLACE(REPLACE(REPLACE(REPLACE(REPLACE(@@sql_mode, 'TRADITIONAL', ''), 'STRICT_TRANS_TABLES', ''), \
                       'STRICT_ALL_TABLES', ''), 'NO_ZERO_IN_DATE', ''), 'NO_ZERO_DATE', '')";

/// `sql_mode` in force, but not strict: what a query warns of is no error while its answer is stored.
const NOT_STRICT: &str = "REPLACE(REPLACE(REPLACE(@@sql_mode, 'TRADITIONAL', ''), 'STRICT_TRANS_TABLES', ''), 'STRICT_ALL_TABLES', '')";

/// As many warnings as a server counts, and as it can list (`max_error_count`).
const WARNINGS_MAX: u16 = u16::MAX;

/// The `sql_mode` with which all dates are taken.
const PERMISSIVE: &str = "'ALLOW_INVALID_DATES'";

/// A connection of a gathered statement.
pub struct GatherConnection {
    pub lease: Lease,
    /// MariaDB, not MySQL.
    mariadb: bool,
    /// Names of the tables that are there, quoted.
    tables: Vec<String>,
    /// What tables are made under: the session's settings, with which the user's text means what it means.
    creating: [Rc<Settings>; 2],
    /// What queries are answered under whose answers are stored here.
    answering: [Rc<Settings>; 2],
    /// What definitions are written and read under.
    defining: Rc<Settings>,
    /// What rows are loaded under.
    pub(super) loading: Rc<Settings>,
}

impl Worker {
    /// A gather connection to an instance, for a session with these settings.
    pub async fn gather_connection(
        &self,
        instance: InstanceId,
        session: &Rc<Settings>,
    ) -> Result<GatherConnection, SqlError> {
        self.ensure_system_schema(instance).await?;
        let connection = self.gather_pool_of(instance)?.acquire(false).await?;
        Ok(GatherConnection::new(connection, session, |settings| self.intern(settings)))
    }
}

impl GatherConnection {
    /// `intern`: makes one of equal settings, so that comparing them costs nothing.
    pub fn new(
        connection: Pooled,
        session: &Rc<Settings>,
        intern: impl Fn(Settings) -> Rc<Settings>,
    ) -> Self {
        let instance = Rc::clone(connection.pool()).instance.clone();
        let group =
            Group { name: instance.name.clone(), physical_database: String::new(), instance: instance.id };
        Self::over(Lease { connection, group, in_transaction: false }, session, intern)
    }

    /// Over a connection of the session's own.
    pub fn over(lease: Lease, session: &Rc<Settings>, intern: impl Fn(Settings) -> Rc<Settings>) -> Self {
        let mariadb = ServerInfo::parse_version(&lease.connection.version).mariadb;
        // A server locks what a query reads whose answer is stored, if only to learn its columns' types, and the statement's own transaction, over another connection,
        // may have locked it. Not so where each statement has a snapshot of its own.
        let isolation = if mariadb { "tx_isolation" } else { "transaction_isolation" };
        let writing = session
            .without("tx_read_only")
            .without("transaction_read_only")
            // The client's tables must have one; the temporary ones here have none.
            .without("sql_require_primary_key")
            .with(isolation, "'READ-COMMITTED'".to_owned());
        let lenient = writing.with("sql_mode", LENIENT.to_owned());
        // All warnings are read, in the words that are known.
        let answering = writing
            .with("sql_mode", NOT_STRICT.to_owned())
            .with("max_error_count", WARNINGS_MAX.to_string())
            .with("lc_messages", "'en_US'".to_owned());
        let answering = if mariadb { answering } else { without_weedout(&answering) };
        Self {
            mariadb,
            lease,
            tables: Vec::new(),
            answering: [intern(writing.clone()), intern(answering)],
            creating: [intern(writing), intern(lenient)],
            defining: intern(Settings::default().with("sql_mode", PERMISSIVE.to_owned())),
            loading: intern(loading_settings()),
        }
    }

    /// Whether the server is of MariaDB.
    pub fn is_mariadb(&self) -> bool {
        self.mariadb
    }

    /// Makes the temporary table `table` (a quoted name, as everywhere here) with the columns that `select` has, which gives no row. `keys` are non-unique keys
    /// and `primary` the primary key (if there are any) by their columns' names; where the server can have none of that kind the table is made without any.
    /// `has_expressions`: `select` has columns that are no table's.
    pub async fn create(
        &mut self,
        table: &str,
        (select, has_expressions): (&str, bool),
        keys: &[Vec<String>],
        primary: &[String],
    ) -> Result<(), SqlError> {
        let is_narrowed = has_expressions && !self.mariadb;
        let integers = if is_narrowed { self.integers(select).await? } else { Vec::new() };
        match self.create_with(table, select, &integers, keys, primary).await {
            Err(e) if !(keys.is_empty() && primary.is_empty()) && NO_SUCH_KEY.contains(&e.errno) => {
                tracing::debug!(table, error = %e.message, "no keys for a gathered table");
                self.create_with(table, select, &integers, &[], &[]).await
            }
            made => made,
        }
    }

    /// Makes a temporary table of what a query answers, under the session's own settings. Returns what the server warned of while it answered.
    ///
    /// Errors: those of the query; a value that its column cannot hold.
    pub async fn make_from(&mut self, table: &str, query: &str) -> Result<Option<Answer>, SqlError> {
        let settings = self.answering.clone();
        let sql = format!("CREATE TEMPORARY TABLE {table} ENGINE=InnoDB AS {query}");
        let count = match self.make(table, &sql, &settings).await {
            Err(e) if e.errno == DUPLICATE_COLUMN && self.names_differ(query).await => {
                return Err(SqlError::not_supported(
                    "a WITH query that is read several times and has a column of type BIT twice: MySQL cannot store it",
                ));
            }
            made => made?,
        };
        if count == 0 {
            return Ok(None);
        }
        let mut warnings = self.lease.connection.query("SHOW WARNINGS").await?;
        if warnings.rows.len() < usize::from(count) || count == WARNINGS_MAX {
            return Err(changed(table, "storing a query's answer", "not all warnings are listed"));
        }
        let texts: Vec<String> = (0..warnings.rows.len()).map(|row| warnings.text(row, 2)).collect();
        // Of storing, not of the query: a server names the column then. NO_ZERO_DATE warns of a zero date and keeps it.
        let is_storing = |text: &&String| text.contains(" for column ");
        match texts.iter().filter(is_storing).find(|text| !text.contains(" value: '0000-00-00")) {
            Some(text) => Err(changed(table, "storing a query's answer", text)),
            None => {
                let mut is_told = texts.iter().map(|text| !is_storing(&text));
                warnings.rows.retain(|_| is_told.next().unwrap_or(true));
                Ok(Some(warnings))
            }
        }
    }

    /// Whether a query's columns have different names: MySQL 9.7 says otherwise of BIT columns, where it is to store the rows.
    async fn names_differ(&mut self, query: &str) -> bool {
        let check = format!("SELECT 1 FROM ({query}) AS `q` WHERE FALSE");
        !self.mariadb && self.lease.connection.query(&check).await.is_ok()
    }

    /// Definitions of the columns that are made of integer expressions. MySQL chooses between INT and BIGINT for a stored expression by how many digits
    /// it shows, and not by the type that its answer has.
    async fn integers(&mut self, select: &str) -> Result<Vec<String>, SqlError> {
        let connection = &mut self.lease.connection;
        for settings in &self.creating {
            connection.queue_settings(settings);
        }
        let answer = connection.query(select).await?;
        let expressions = answer.columns.iter().filter(|column| column.is_expression);
        let definition = |column: &AnswerColumn| {
            let name = match ColumnType(column.column_type) {
                ColumnType::LONG => "INT",
                ColumnType::LONGLONG => "BIGINT",
                _ => return None,
            };
            let sign = if column.flags & flag::UNSIGNED == 0 { "" } else { " UNSIGNED" };
            let null = if column.flags & flag::NOT_NULL == 0 { " NULL" } else { " NOT NULL" };
            Some(format!("{} {name}{sign}{null}", quote(&column.name)))
        };
        Ok(expressions.filter_map(definition).collect())
    }

    async fn create_with(
        &mut self,
        table: &str,
        select: &str,
        integers: &[String],
        keys: &[Vec<String>],
        primary: &[String],
    ) -> Result<(), SqlError> {
        // Aria is the fastest to load by far, and one of the slowest to insert into (measured on 10.11).
        let connection = &self.lease.connection;
        let takes_files = connection.may_send_files() && !connection.pool().refuses_files.get();
        let engine = if self.mariadb && takes_files { "Aria" } else { "InnoDB" };
        let list =
            |columns: &[String]| columns.iter().map(|column| quote(column)).collect::<Vec<_>>().join(", ");
        let mut parts = integers.to_vec();
        parts.extend(keys.iter().map(|columns| format!("KEY ({})", list(columns))));
        if !primary.is_empty() {
            parts.push(format!("PRIMARY KEY ({})", list(primary)));
        }
        let parts = if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(", ")) };
        let sql = format!("CREATE TEMPORARY TABLE {table}{parts} ENGINE={engine} AS {select}");
        let creating = self.creating.clone();
        self.make(table, &sql, &creating).await.map(|_| ())
    }

    /// Makes the temporary table that `definition` made on another connection.
    pub async fn create_as(&mut self, table: &str, definition: &Definition) -> Result<(), SqlError> {
        let defining = Rc::clone(&self.defining);
        self.make(table, &format!("CREATE TEMPORARY TABLE {table} {}", definition.0), &[defining])
            .await
            .map(|_| ())
    }

    /// Makes a table of a definition, inserts rows into it under the session's own settings, and asks it.
    pub async fn fill(
        &mut self,
        table: &str,
        definition: &str,
        insert: &[u8],
        query: &str,
    ) -> Result<Answer, SqlError> {
        self.create_as(table, &definition.into()).await?;
        let connection = &mut self.lease.connection;
        connection.check_size(insert.len() + 1)?;
        let [session, _] = &self.creating;
        connection.queue_settings(session);
        connection.query_bytes(insert).await?;
        self.ask(query).await
    }

    /// A question about a table that was created here.
    pub async fn ask(&mut self, sql: &str) -> Result<Answer, SqlError> {
        self.lease.connection.queue_settings(&self.defining);
        self.lease.connection.query(sql).await
    }

    /// The definition of a table that was created here.
    pub async fn definition(&mut self, table: &str) -> Result<Definition, SqlError> {
        self.lease.connection.queue_settings(&self.defining);
        let shown = self.lease.connection.query(&format!("SHOW CREATE TABLE {table}")).await?.text(0, 1);
        // Column names come later: the first parenthesis ends the table's name, which is ours.
        match shown.find('(') {
            Some(at) if shown.starts_with("CREATE TEMPORARY TABLE ") => {
                Ok(Definition(shown.get(at..).unwrap_or_default().to_owned()))
            }
            _ => Err(SqlError::other(format!(
                "Internal error (please report): a definition that is not understood: {shown}"
            ))),
        }
    }

    /// Names of a table's columns.
    pub async fn columns(&mut self, table: &str) -> Result<Vec<String>, SqlError> {
        self.lease.connection.queue_settings(&self.defining);
        let answer = self.lease.connection.query(&format!("SELECT * FROM {table} LIMIT 0")).await?;
        Ok(answer.columns.into_iter().map(|column| column.name).collect())
    }

    /// Aria knows how many rows a table has, and MariaDB takes one of no row or one for a constant, which shows in the answer's column definitions. InnoDB, which the
    /// tables themselves have, does not know.
    pub async fn hide_count(&mut self, table: &str) -> Result<(), SqlError> {
        if !self.mariadb {
            return Ok(());
        }
        self.lease.connection.queue_settings(&self.defining);
        match self.lease.connection.query(&format!("ALTER TABLE {table} ENGINE=InnoDB")).await {
            Err(e) if self.lease.connection.is_broken() => Err(e),
            // A row that is too long for InnoDB stays where it is.
            _ => Ok(()),
        }
    }

    /// A table's columns, into which values go as a server prints them: those of a query's answer, whose expressions are the user's.
    ///
    /// Errors: 1235 for a type whose text is not the value.
    pub async fn plain_columns(&mut self, table: &str) -> Result<Vec<LoadColumn>, SqlError> {
        self.lease.connection.queue_settings(&self.defining);
        let answer = self.lease.connection.query(&format!("SELECT * FROM {table} LIMIT 0")).await?;
        let mut columns = Vec::with_capacity(answer.columns.len());
        for column in answer.columns {
            let kind = match ColumnType(column.column_type) {
                ColumnType::FLOAT => "FLOAT",
                ColumnType::TIMESTAMP => "TIMESTAMP",
                ColumnType::BIT => "BIT",
                ColumnType::JSON => "JSON",
                _ => {
                    columns.push(LoadColumn { name: column.name, carriage: Carriage::PLAIN });
                    continue;
                }
            };
            return Err(SqlError::not_supported(format!(
                "gathering column '{}' of an inner query's answer: its type {kind} has values that are not printed exactly. \
                 Write it in the outer query, over columns of tables",
                column.name
            )));
        }
        Ok(columns)
    }

    /// Different values of a column, NULL left out: at most `limit`.
    pub async fn distinct(
        &mut self,
        table: &str,
        column: &str,
        limit: usize,
    ) -> Result<Vec<String>, SqlError> {
        self.lease.connection.queue_settings(&self.defining);
        let column = quote(column);
        let sql = format!("SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL LIMIT {limit}");
        let answer = self.lease.connection.query(&sql).await?;
        Ok((0..answer.rows.len()).map(|row| answer.text(row, 0)).collect())
    }

    /// Returns the number of warnings.
    async fn make(&mut self, table: &str, sql: &str, settings: &[Rc<Settings>]) -> Result<u16, SqlError> {
        let connection = &mut self.lease.connection;
        connection.check_size(sql.len() + 1)?;
        for settings in settings {
            connection.queue_settings(settings);
        }
        // Before it is there: a lost answer must not leave it behind.
        connection.has_tables = true;
        let made = connection.query(sql).await;
        match made {
            Ok(answer) => {
                self.tables.push(table.to_owned());
                Ok(answer.warnings)
            }
            Err(e) => {
                connection.has_tables = !self.tables.is_empty();
                Err(e)
            }
        }
    }

    /// Makes `to` as a copy of `from`, rows and keys, on the server: MySQL opens a temporary table only once in a statement.
    pub async fn copy(&mut self, from: &str, to: &str) -> Result<(), SqlError> {
        let loading = Rc::clone(&self.loading);
        self.make(to, &format!("CREATE TEMPORARY TABLE {to} LIKE {from}"), &[loading]).await?;
        let answer = self.lease.connection.query(&format!("INSERT INTO {to} SELECT * FROM {from}")).await?;
        match answer.warnings {
            0 => Ok(()),
            _ => Err(changed(to, "copying it", &self.first_warning().await)),
        }
    }

    /// Drops the tables, so that the connection can serve the next statement. Where that fails it is closed, and they go with it: no failure of
    /// the statement's.
    pub async fn drop_tables(&mut self) {
        if self.tables.is_empty() {
            return;
        }
        let connection = &mut self.lease.connection;
        connection.forget_statements_over(&format!("{}.", quote(GATHER_DATABASE)));
        connection.queue_settings(&self.loading);
        match connection.query(&format!("DROP TEMPORARY TABLE {}", self.tables.join(", "))).await {
            Ok(_) => {
                self.tables.clear();
                connection.has_tables = false;
            }
            Err(e) => {
                tracing::debug!(instance = connection.instance(), error = %e.message, "temporary tables end with their connection");
                connection.mark_broken();
            }
        }
    }

    /// What the server has warned of first.
    pub(super) async fn first_warning(&mut self) -> String {
        match self.lease.connection.query("SHOW WARNINGS LIMIT 1").await {
            Ok(answer) => format!("{} {}", answer.text(0, 1), answer.text(0, 2)),
            Err(e) => e.message,
        }
    }
}

/// What stands behind the name in a table's definition.
#[derive(Clone, Debug)]
pub struct Definition(String);

impl From<&str> for Definition {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// A value was not stored as it came: the statement's answer would be wrong.
pub(super) fn changed(table: &str, what: &str, why: &str) -> SqlError {
    SqlError::not_supported(format!(
        "gathering this: a value would be changed (table {table}, {what}): {why}"
    ))
}

/// Settings under which each value is stored as it comes. Not strict: a server with LOCAL makes warnings of errors anyway, and all of them
/// are counted.
fn loading_settings() -> Settings {
    let literal = |text: &str| format!("'{text}'");
    Settings::default()
        .with("sql_mode", PERMISSIVE.to_owned())
        // A truncated fraction is a note.
        .with("sql_notes", "1".to_owned())
        .with("time_zone", literal("+00:00"))
        .with("character_set_client", literal("binary"))
        .with("character_set_results", literal("binary"))
        .with("collation_connection", literal("binary"))
}

/// Without semijoins that throw duplicates out at their end: inside of an outer join MySQL does not throw them out (seen with 9.7), and it takes that way more
/// often over temporary tables, of whose rows it has no statistics.
pub(super) fn without_weedout(settings: &Settings) -> Settings {
    let off = match settings.get("optimizer_switch") {
        Some(all) => all.replace("duplicateweedout=on", "duplicateweedout=off"),
        None => "'default,duplicateweedout=off'".to_owned(),
    };
    settings.with("optimizer_switch", off)
}
