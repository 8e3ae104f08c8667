//! What a statement must be allowed: which privileges on which logical objects. Decided on the parsed statement; who has them, the session knows.
//!
//! **Invariant:** every kind of statement is named here or in `plan/access.rs`, without a rest: a new kind does not compile before somebody has said what it
//! needs.

mod command;
mod ddl;

use std::sync::Arc;

pub use command::of_command;
pub use ddl::of_ddl;
use ostrakon_catalog::privilege::Privileges;

/// One thing that an account must be allowed. A database that is not named is the current one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Need {
    /// All of these on a table, view or sequence.
    Table { database: Option<Arc<str>>, table: Arc<str>, all: Privileges },
    /// At least one of these on it.
    AnyOnTable { database: Option<Arc<str>>, table: Arc<str>, any: Privileges },
    /// All of these on the whole database.
    Database { database: Option<Arc<str>>, all: Privileges },
    /// To have something in the database.
    SeeDatabase { database: Option<Arc<str>> },
    /// At least one of these on everything.
    Global { any: Privileges },
}

/// Who looks after the cluster.
pub const ADMINISTRATION: Privileges = Privileges::SUPER;

impl Need {
    pub fn administration() -> Self {
        Self::Global { any: ADMINISTRATION }
    }

    pub fn table(database: Option<&str>, table: &str, all: Privileges) -> Self {
        Self::Table { database: database.map(Into::into), table: table.into(), all }
    }

    /// To know that the table is there and what it looks like.
    pub fn see_table(database: Option<&str>, table: &str) -> Self {
        let any = Privileges::ALL_OF_TABLE;
        Self::AnyOnTable { database: database.map(Into::into), table: table.into(), any }
    }

    pub fn database(database: Option<&str>, all: Privileges) -> Self {
        Self::Database { database: database.map(Into::into), all }
    }

    pub fn see_database(database: Option<&str>) -> Self {
        Self::SeeDatabase { database: database.map(Into::into) }
    }
}
