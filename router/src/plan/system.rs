//! Tables of information_schema in a query: which there are, and what the query asks of them. Their columns are the servers' affair; the node
//! brings their rows, with logical names.

use std::ops::Range;

use super::Arguments;
use super::bind::{Binder, Entry};
use super::text::{Edit, text};
use super::tokens::Tokens;
use super::tree::{Column, Compare, Expr, Name};
use super::values::{Operand, Values};
use crate::RouterError;
use crate::lexer::SqlMode;
use crate::sharding::topology::quote;
use crate::value::Value;

const INFORMATION_SCHEMA: &str = "information_schema";

/// Where the rows of one of these tables come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemRows {
    /// One for each logical database.
    Databases,
    /// Those of one physical table for each logical table.
    Tables,
    /// There is nothing of the kind on the servers.
    Nothing,
    /// The server's own: every server has the same.
    Server,
}

/// A table of information_schema that can be read.
#[derive(Debug, PartialEq, Eq)]
pub struct SystemTable {
    pub name: &'static str,
    pub rows: SystemRows,
    /// Its column for the database that a row is about.
    pub database: &'static str,
}

const fn by_table(name: &'static str, database: &'static str) -> SystemTable {
    SystemTable { name, rows: SystemRows::Tables, database }
}

const fn empty(name: &'static str) -> SystemTable {
    SystemTable { name, rows: SystemRows::Nothing, database: "" }
}

const fn of_server(name: &'static str) -> SystemTable {
    SystemTable { name, rows: SystemRows::Server, database: "" }
}

/// The tables that can be read.
pub const SYSTEM_TABLES: &[SystemTable] = &[
    SystemTable { name: "SCHEMATA", rows: SystemRows::Databases, database: "SCHEMA_NAME" },
    by_table("TABLES", "TABLE_SCHEMA"),
    by_table("COLUMNS", "TABLE_SCHEMA"),
    by_table("STATISTICS", "TABLE_SCHEMA"),
    by_table("KEY_COLUMN_USAGE", "TABLE_SCHEMA"),
    by_table("TABLE_CONSTRAINTS", "TABLE_SCHEMA"),
    by_table("REFERENTIAL_CONSTRAINTS", "CONSTRAINT_SCHEMA"),
    by_table("CHECK_CONSTRAINTS", "CONSTRAINT_SCHEMA"),
    by_table("PARTITIONS", "TABLE_SCHEMA"),
    SystemTable { name: "VIEWS", rows: SystemRows::Nothing, database: "TABLE_SCHEMA" },
    empty("ROUTINES"),
    empty("PARAMETERS"),
    empty("TRIGGERS"),
    empty("EVENTS"),
    of_server("CHARACTER_SETS"),
    of_server("COLLATIONS"),
    of_server("COLLATION_CHARACTER_SET_APPLICABILITY"),
    of_server("ENGINES"),
    of_server("KEYWORDS"),
    of_server("PLUGINS"),
    of_server("SQL_FUNCTIONS"),
    of_server("ST_SPATIAL_REFERENCE_SYSTEMS"),
    of_server("ST_UNITS_OF_MEASURE"),
];

/// Tables that servers have, and that say nothing of logical objects.
const REFUSED: &[&str] = &[
    "ADMINISTRABLE_ROLE_AUTHORIZATIONS",
    "ALL_PLUGINS",
    "APPLICABLE_ROLES",
    "CLIENT_STATISTICS",
    "COLUMN_PRIVILEGES",
    "COLUMN_STATISTICS",
    "COLUMNS_EXTENSIONS",
    "ENABLED_ROLES",
    "FILES",
    "GEOMETRY_COLUMNS",
    "GLOBAL_STATUS",
    "GLOBAL_VARIABLES",
    "INDEX_STATISTICS",
    "KEY_CACHES",
    "KEY_PERIOD_USAGE",
    "LIBRARIES",
    "LOCALES",
    "METADATA_LOCK_INFO",
    "OPTIMIZER_COSTS",
    "OPTIMIZER_TRACE",
    "PERIODS",
    "PROCESSLIST",
    "PROFILING",
    "QUERY_CACHE_INFO",
    "QUERY_RESPONSE_TIME",
    "RESOURCE_GROUPS",
    "ROLE_COLUMN_GRANTS",
    "ROLE_ROUTINE_GRANTS",
    "ROLE_TABLE_GRANTS",
    "ROUTINE_LIBRARIES",
    "SCHEMA_PRIVILEGES",
    "SCHEMATA_EXTENSIONS",
    "SEQUENCES",
    "SESSION_STATUS",
    "SESSION_VARIABLES",
    "SPATIAL_REF_SYS",
    "ST_GEOMETRY_COLUMNS",
    "SYSTEM_VARIABLES",
    "TABLE_CONSTRAINTS_EXTENSIONS",
    "TABLE_PRIVILEGES",
    "TABLE_STATISTICS",
    "TABLES_EXTENSIONS",
    "TABLESPACES",
    "TABLESPACES_EXTENSIONS",
    "THREAD_POOL_GROUPS",
    "THREAD_POOL_QUEUES",
    "THREAD_POOL_STATS",
    "THREAD_POOL_WAITS",
    "USER_ATTRIBUTES",
    "USER_PRIVILEGES",
    "USER_STATISTICS",
    "USER_VARIABLES",
    "VIEW_ROUTINE_USAGE",
    "VIEW_TABLE_USAGE",
];

/// Columns that are sums over all physical tables.
pub const SUMMED: [&str; 5] = ["TABLE_ROWS", "DATA_LENGTH", "MAX_DATA_LENGTH", "INDEX_LENGTH", "DATA_FREE"];

/// One reference to a table of information_schema.
#[derive(Clone, Debug)]
pub(crate) struct SystemReference {
    pub table: &'static SystemTable,
    /// Byte span of the name as written, with its database.
    pub span: Range<usize>,
    pub known_as: String,
    pub has_alias: bool,
}

impl SystemReference {
    /// The node brings its rows; it is not read where it is.
    pub fn is_brought(&self) -> bool {
        self.table.rows != SystemRows::Server
    }
}

/// A value that a condition asks of a row's database or table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Wanted {
    Given(Operand),
    /// `DATABASE()`
    CurrentDatabase,
}

/// A condition that names one database or one table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Narrowing {
    pub reference: usize,
    /// Of the table, not of the database.
    pub is_table: bool,
    pub wanted: Wanted,
}

/// A table of information_schema in a gathered statement.
#[derive(Debug)]
pub struct SystemSource {
    /// Name of the temporary table.
    pub table: String,
    pub system: &'static SystemTable,
    /// The statement asks for columns that are summed over all physical tables.
    pub sums: bool,
    mode: SqlMode,
    databases: Vec<Wanted>,
    tables: Vec<Wanted>,
}

impl SystemSource {
    /// The only database whose rows are needed; `None`: rows of all.
    pub fn only_database(&self, arguments: &Arguments<'_>, current: Option<&str>) -> Option<String> {
        self.only(&self.databases, arguments, current)
    }

    /// The only table whose rows are needed.
    pub fn only_table(&self, arguments: &Arguments<'_>) -> Option<String> {
        self.only(&self.tables, arguments, None)
    }

    fn only(&self, wanted: &[Wanted], arguments: &Arguments<'_>, current: Option<&str>) -> Option<String> {
        let values = Values {
            text: arguments.text,
            holes: arguments.holes,
            params: arguments.params,
            mode: self.mode,
        };
        wanted.iter().find_map(|wanted| match wanted {
            Wanted::CurrentDatabase => current.map(str::to_owned),
            Wanted::Given(operand) => match values.get(*operand)? {
                Value::Text(bytes) => String::from_utf8(bytes.into_owned()).ok(),
                _ => None,
            },
        })
    }
}

/// The table of information_schema that a name means; `None` for names of other databases.
///
/// Errors: 1109, and 1235 for tables that are not there yet.
fn find(name: &[Name]) -> Result<Option<&'static SystemTable>, RouterError> {
    let [database, table] = name else { return Ok(None) };
    if !database.text.eq_ignore_ascii_case(INFORMATION_SCHEMA) {
        return Ok(None);
    }
    let upper = table.text.to_ascii_uppercase();
    if let Some(found) = SYSTEM_TABLES.iter().find(|known| known.name == upper) {
        return Ok(Some(found));
    }
    if REFUSED.contains(&upper.as_str()) || upper.starts_with("INNODB_") {
        return Err(RouterError::not_supported(format_args!("information_schema.{upper} in a query")));
    }
    Err(RouterError::new(1109, "42S02", format!("Unknown table '{}' in information_schema", table.text)))
}

impl Binder<'_> {
    /// Adds a reference to a table of information_schema, if that is what the name means.
    ///
    /// Errors: 1109, 1235.
    pub fn system_table(&mut self, name: &[Name], alias: Option<&str>) -> Result<Option<usize>, RouterError> {
        let Some(table) = find(name)? else { return Ok(None) };
        let (Some(first), Some(last)) = (name.first(), name.last()) else { return Ok(None) };
        self.system.push(SystemReference {
            table,
            span: first.span.start..last.span.end,
            known_as: alias.unwrap_or(&last.text).to_owned(),
            has_alias: alias.is_some(),
        });
        Ok(Some(self.system.len() - 1))
    }

    /// Notes `information_schema.t.c` of a table that gets another name.
    pub fn note_system(&mut self, parts: &[Name]) {
        let [database, table, _] = parts else { return };
        let is_brought = self.system.iter().any(|reference| {
            reference.is_brought() && !reference.has_alias && reference.known_as == table.text
        });
        if is_brought && database.text.eq_ignore_ascii_case(INFORMATION_SCHEMA) {
            self.system_qualifiers.push(database.span.start..table.span.start);
        }
    }

    /// The reference to a table of information_schema that a column of this scope belongs to, when that is certain.
    fn system_of(&self, scope: usize, column: &Column) -> Option<usize> {
        let entries = &self.scopes.get(scope)?.entries;
        match column.parts.as_slice() {
            [_] => {
                let [Entry { system: Some(only), .. }] = entries.as_slice() else { return None };
                Some(*only)
            }
            [.., table, _] => {
                let mut named = entries.iter().filter(|entry| entry.name == table.text);
                let found = named.next()?.system?;
                let by_database = column.parts.len() == 3;
                let is_meant = match by_database {
                    true => column.parts.first()?.text.eq_ignore_ascii_case(INFORMATION_SCHEMA),
                    false => true,
                };
                (named.next().is_none() && is_meant).then_some(found)
            }
            _ => None,
        }
    }

    /// True for a column that only tables of information_schema can have here.
    pub fn is_system_column(&self, scope: usize, column: &Column) -> bool {
        let all =
            |entries: &[Entry]| !entries.is_empty() && entries.iter().all(|entry| entry.system.is_some());
        let alone =
            column.parts.len() == 1 && self.scopes.get(scope).is_some_and(|scope| all(&scope.entries));
        alone || self.system_of(scope, column).is_some()
    }

    /// What a condition says of one database or one table.
    pub fn narrowing(
        &self,
        tokens: &Tokens<'_>,
        mode: SqlMode,
        scope: usize,
        expr: &Expr,
    ) -> Option<Narrowing> {
        let Expr::Compare { op: Compare::Eq, left, right } = expr else { return None };
        let (column, value) = match (left.as_ref(), right.as_ref()) {
            (Expr::Column(column), value) | (value, Expr::Column(column)) => (column, value),
            _ => return None,
        };
        let wanted = match value {
            Expr::Literal(literal) => Wanted::Given(Operand::of(tokens, literal.span.start, false, mode)?),
            Expr::Call(call)
                if call.args.is_empty() && matches!(call.name.as_str(), "DATABASE" | "SCHEMA") =>
            {
                Wanted::CurrentDatabase
            }
            _ => return None,
        };
        let reference = self.system_of(scope, column)?;
        let system = self.system.get(reference)?;
        let is_database = column.name().eq_ignore_ascii_case(system.table.database);
        let is_table =
            system.table.rows == SystemRows::Tables && column.name().eq_ignore_ascii_case("TABLE_NAME");
        (is_database || is_table).then_some(Narrowing { reference, is_table, wanted })
    }
}

/// Name of the temporary table of a reference.
fn table_name(index: usize) -> String {
    format!("gather_s{index:03}")
}

/// The sources of all references that the node brings, with what the conditions say of them.
pub(crate) fn sources(
    references: &[SystemReference],
    narrowings: &[Narrowing],
    tokens: &Tokens<'_>,
    mode: SqlMode,
) -> Vec<SystemSource> {
    let sums = names_sums(tokens);
    let brought = references.iter().enumerate().filter(|(_, reference)| reference.is_brought());
    brought
        .map(|(index, reference)| {
            let wanted = |is_table: bool| {
                let mine = narrowings
                    .iter()
                    .filter(move |narrowing| narrowing.reference == index && narrowing.is_table == is_table);
                mine.map(|narrowing| narrowing.wanted).collect()
            };
            SystemSource {
                table: table_name(index),
                system: reference.table,
                sums,
                mode,
                databases: wanted(false),
                tables: wanted(true),
            }
        })
        .collect()
}

/// The temporary tables' names in place of the tables'.
pub(crate) fn edits(references: &[SystemReference], database: &str) -> Vec<Edit> {
    let brought = references.iter().enumerate().filter(|(_, reference)| reference.is_brought());
    brought
        .map(|(index, reference)| {
            let alias = match reference.has_alias {
                true => String::new(),
                false => format!(" AS {}", quote(&reference.known_as)),
            };
            let name = format!("{}.{}{alias}", quote(database), quote(&table_name(index)));
            Edit::new(reference.span.clone(), vec![text(name)])
        })
        .collect()
}

/// A summed column is named, or a star that shows it.
fn names_sums(tokens: &Tokens<'_>) -> bool {
    (0..tokens.len()).any(|at| {
        let is_star = tokens.is_op(at, "*") && !(at > 0 && tokens.is_op(at - 1, "("));
        is_star
            || tokens.is_any_word(at, &["NATURAL", "TABLE"])
            || tokens
                .name(at)
                .is_some_and(|name| SUMMED.iter().any(|summed| summed.eq_ignore_ascii_case(&name)))
    })
}

/// Errors: 1235 for a write that reads information_schema.
pub(crate) fn refuse_in_write(references: &[SystemReference]) -> Result<(), RouterError> {
    match references.first() {
        Some(reference) => Err(RouterError::not_supported(format_args!(
            "information_schema.{} in a statement that writes",
            reference.table.name
        ))),
        None => Ok(()),
    }
}
