//! What the router refuses, with the MySQL error that the client sees.

/// A refusal. The text says what failed, on which logical object, and what to do; never a physical name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RouterError {
    /// MySQL's error number.
    pub errno: u16,
    pub sqlstate: &'static str,
    pub message: String,
    /// What is not there, where that is the error: who may not know of it is told something else.
    pub missing: Option<Missing>,
}

/// A database, or a table in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    pub database: String,
    pub table: Option<String>,
}

impl RouterError {
    pub fn new(errno: u16, sqlstate: &'static str, message: impl Into<String>) -> Self {
        Self { errno, sqlstate, message: message.into(), missing: None }
    }

    /// ER_NOT_SUPPORTED_YET 1235: the statement is MySQL's, and this version does not do it. `what` names the construct and
    /// the reason.
    pub fn not_supported(what: impl std::fmt::Display) -> Self {
        Self::new(1235, "42000", format!("Not supported: {what}"))
    }

    /// ER_PARSE_ERROR 1064.
    pub fn syntax(what: impl std::fmt::Display) -> Self {
        Self::new(1064, "42000", format!("You have an error in your SQL syntax: {what}"))
    }

    /// ER_NO_SUCH_TABLE 1146.
    pub fn no_such_table(database: &str, table: &str) -> Self {
        let missing = Missing { database: database.to_owned(), table: Some(table.to_owned()) };
        let message = format!("Table '{database}.{table}' doesn't exist");
        Self { missing: Some(missing), ..Self::new(1146, "42S02", message) }
    }

    /// ER_BAD_DB_ERROR 1049.
    pub fn unknown_database(database: &str) -> Self {
        let missing = Missing { database: database.to_owned(), table: None };
        Self { missing: Some(missing), ..Self::new(1049, "42000", format!("Unknown database '{database}'")) }
    }

    /// ER_NO_DB_ERROR 1046.
    pub fn no_database() -> Self {
        Self::new(1046, "3D000", "No database selected")
    }
}
