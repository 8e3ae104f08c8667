//! The servers' system tables that a query can read: of which schema they are, and where their rows come from.

use super::super::tree::Name;
use crate::RouterError;

pub const INFORMATION_SCHEMA: &str = "information_schema";

const PERFORMANCE_SCHEMA: &str = "performance_schema";

/// The servers' own schema. Gathers have their temporary tables in it too.
const MYSQL: &str = "mysql";

const SYS: &str = "sys";

/// Where the rows of one of these tables come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemRows {
    /// One for each logical database.
    Databases,
    /// Those of one physical table for each logical table.
    Tables,
    /// There is nothing of the kind on the servers.
    Nothing,
    /// The server's own: every server has the same, or (its counters) says what SHOW says.
    Server,
    /// The clients of this node, as SHOW PROCESSLIST lists them.
    Sessions,
    /// What SHOW VARIABLES shows.
    Variables { global: bool },
}

/// A system table that can be read.
#[derive(Debug, PartialEq, Eq)]
pub struct SystemTable {
    pub schema: &'static str,
    pub name: &'static str,
    pub rows: SystemRows,
    /// Its column for the database that a row is about.
    pub database: &'static str,
}

impl SystemTable {
    /// MySQL has it as a view whose columns have names in upper case, and labels them so however a statement writes them.
    pub(crate) fn has_upper_labels(&self) -> bool {
        self.schema == INFORMATION_SCHEMA
            && !matches!(self.rows, SystemRows::Sessions | SystemRows::Variables { .. })
    }
}

const fn of_schema(schema: &'static str, name: &'static str, rows: SystemRows) -> SystemTable {
    SystemTable { schema, name, rows, database: "" }
}

const fn by_table(name: &'static str, database: &'static str) -> SystemTable {
    SystemTable { schema: INFORMATION_SCHEMA, name, rows: SystemRows::Tables, database }
}

const fn by_database(name: &'static str) -> SystemTable {
    SystemTable { schema: INFORMATION_SCHEMA, name, rows: SystemRows::Databases, database: "SCHEMA_NAME" }
}

const fn empty(name: &'static str) -> SystemTable {
    of_schema(INFORMATION_SCHEMA, name, SystemRows::Nothing)
}

const fn of_server(name: &'static str) -> SystemTable {
    of_schema(INFORMATION_SCHEMA, name, SystemRows::Server)
}

/// The tables that can be read. A server need not have each of them.
pub const SYSTEM_TABLES: &[SystemTable] = &[
    by_database("SCHEMATA"),
    by_database("SCHEMATA_EXTENSIONS"),
    by_table("TABLES", "TABLE_SCHEMA"),
    by_table("TABLES_EXTENSIONS", "TABLE_SCHEMA"),
    by_table("COLUMNS", "TABLE_SCHEMA"),
    by_table("COLUMNS_EXTENSIONS", "TABLE_SCHEMA"),
    by_table("STATISTICS", "TABLE_SCHEMA"),
    by_table("KEY_COLUMN_USAGE", "TABLE_SCHEMA"),
    by_table("TABLE_CONSTRAINTS", "TABLE_SCHEMA"),
    by_table("REFERENTIAL_CONSTRAINTS", "CONSTRAINT_SCHEMA"),
    by_table("CHECK_CONSTRAINTS", "CONSTRAINT_SCHEMA"),
    by_table("PARTITIONS", "TABLE_SCHEMA"),
    SystemTable {
        schema: INFORMATION_SCHEMA,
        name: "VIEWS",
        rows: SystemRows::Nothing,
        database: "TABLE_SCHEMA",
    },
    empty("ROUTINES"),
    empty("PARAMETERS"),
    empty("TRIGGERS"),
    empty("EVENTS"),
    // Histograms are made by ANALYZE TABLE ... UPDATE HISTOGRAM, which is refused.
    empty("COLUMN_STATISTICS"),
    // Files and tablespaces of a server are none of a logical database.
    empty("FILES"),
    empty("TABLESPACES"),
    empty("TABLESPACES_EXTENSIONS"),
    of_server("ALL_PLUGINS"),
    of_server("CHARACTER_SETS"),
    of_server("COLLATIONS"),
    of_server("COLLATION_CHARACTER_SET_APPLICABILITY"),
    of_server("ENGINES"),
    of_server("GLOBAL_STATUS"),
    of_server("KEYWORDS"),
    of_server("LOCALES"),
    of_server("PLUGINS"),
    of_server("SESSION_STATUS"),
    of_server("SQL_FUNCTIONS"),
    of_server("ST_SPATIAL_REFERENCE_SYSTEMS"),
    of_server("ST_UNITS_OF_MEASURE"),
    of_schema(INFORMATION_SCHEMA, "PROCESSLIST", SystemRows::Sessions),
    of_schema(INFORMATION_SCHEMA, "GLOBAL_VARIABLES", SystemRows::Variables { global: true }),
    of_schema(INFORMATION_SCHEMA, "SESSION_VARIABLES", SystemRows::Variables { global: false }),
    of_schema(PERFORMANCE_SCHEMA, "processlist", SystemRows::Sessions),
    of_schema(PERFORMANCE_SCHEMA, "global_variables", SystemRows::Variables { global: true }),
    of_schema(PERFORMANCE_SCHEMA, "session_variables", SystemRows::Variables { global: false }),
    of_schema(PERFORMANCE_SCHEMA, "global_status", SystemRows::Server),
    of_schema(PERFORMANCE_SCHEMA, "session_status", SystemRows::Server),
    of_schema(MYSQL, "time_zone", SystemRows::Server),
    of_schema(MYSQL, "time_zone_leap_second", SystemRows::Server),
    of_schema(MYSQL, "time_zone_name", SystemRows::Server),
    of_schema(MYSQL, "time_zone_transition", SystemRows::Server),
    of_schema(MYSQL, "time_zone_transition_type", SystemRows::Server),
    of_schema(MYSQL, "help_category", SystemRows::Server),
    of_schema(MYSQL, "help_keyword", SystemRows::Server),
    of_schema(MYSQL, "help_relation", SystemRows::Server),
    of_schema(MYSQL, "help_topic", SystemRows::Server),
    of_schema(MYSQL, "event", SystemRows::Nothing),
    of_schema(MYSQL, "proc", SystemRows::Nothing),
    of_schema(SYS, "version", SystemRows::Server),
];

/// Tables of information_schema that servers have, and that say nothing of logical objects.
const REFUSED: &[&str] = &[
    "ADMINISTRABLE_ROLE_AUTHORIZATIONS",
    "APPLICABLE_ROLES",
    "CLIENT_STATISTICS",
    "COLUMN_PRIVILEGES",
    "ENABLED_ROLES",
    "GEOMETRY_COLUMNS",
    "INDEX_STATISTICS",
    "KEY_CACHES",
    "KEY_PERIOD_USAGE",
    "LIBRARIES",
    "METADATA_LOCK_INFO",
    "OPTIMIZER_COSTS",
    "OPTIMIZER_TRACE",
    "PERIODS",
    "PROFILING",
    "QUERY_CACHE_INFO",
    "QUERY_RESPONSE_TIME",
    "RESOURCE_GROUPS",
    "ROLE_COLUMN_GRANTS",
    "ROLE_ROUTINE_GRANTS",
    "ROLE_TABLE_GRANTS",
    "ROUTINE_LIBRARIES",
    "SCHEMA_PRIVILEGES",
    "SEQUENCES",
    "SPATIAL_REF_SYS",
    "ST_GEOMETRY_COLUMNS",
    "SYSTEM_VARIABLES",
    "TABLE_CONSTRAINTS_EXTENSIONS",
    "TABLE_PRIVILEGES",
    "TABLE_STATISTICS",
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

/// The system table that a name means; `None` for names of other databases. `current`: the session's database, for names without one.
///
/// Errors: 1109, and 1235 for tables that say nothing of logical objects.
pub(super) fn find(
    name: &[Name],
    current: Option<&str>,
) -> Result<Option<&'static SystemTable>, RouterError> {
    let (schema, table) = match name {
        [table] => (current.unwrap_or_default(), table),
        [schema, table] => (schema.text.as_str(), table),
        _ => return Ok(None),
    };
    if let Some(found) = table_named(schema, &table.text) {
        return Ok(Some(found));
    }
    if !schema.eq_ignore_ascii_case(INFORMATION_SCHEMA) {
        return Ok(None);
    }
    let upper = table.text.to_ascii_uppercase();
    if REFUSED.contains(&upper.as_str()) || upper.starts_with("INNODB_") {
        return Err(RouterError::not_supported(format_args!("information_schema.{upper} in a query")));
    }
    Err(RouterError::new(1109, "42S02", format!("Unknown table '{}' in information_schema", table.text)))
}

/// The table of that name. Those of information_schema are found in any letter case, as on the servers.
pub fn table_named(schema: &str, table: &str) -> Option<&'static SystemTable> {
    SYSTEM_TABLES.iter().find(|known| {
        known.schema.eq_ignore_ascii_case(schema)
            && match known.schema {
                INFORMATION_SCHEMA => known.name.eq_ignore_ascii_case(table),
                _ => known.name == table,
            }
    })
}
