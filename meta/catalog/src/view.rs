//! Logical views: a query with a name. Servers know nothing of them; the router puts the query in a view's place.

use serde::{Deserialize, Serialize};

/// How a view asks to be planned: kept for SHOW CREATE VIEW alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum ViewAlgorithm {
    #[default]
    Undefined,
    Merge,
    TempTable,
}

impl ViewAlgorithm {
    /// As SHOW CREATE VIEW prints it.
    pub fn as_text(self) -> &'static str {
        match self {
            Self::Undefined => "UNDEFINED",
            Self::Merge => "MERGE",
            Self::TempTable => "TEMPTABLE",
        }
    }
}

/// WITH CHECK OPTION.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum CheckOption {
    #[default]
    None,
    Local,
    Cascaded,
}

impl CheckOption {
    /// CHECK_OPTION of information_schema.VIEWS.
    pub fn as_text(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Local => "LOCAL",
            Self::Cascaded => "CASCADED",
        }
    }
}

/// A view of one logical database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct View {
    pub name: String,
    /// The query without comments: each table with its database, each `*` as columns, each column under the view's own name for it.
    pub query: String,
    /// Names of its columns, in order.
    pub columns: Vec<String>,
    #[serde(default)]
    pub algorithm: ViewAlgorithm,
    /// `user@host`.
    pub definer: String,
    /// SQL SECURITY INVOKER.
    #[serde(default)]
    pub invoker: bool,
    #[serde(default)]
    pub check: CheckOption,
    /// Words of sql_mode that change how this query is read, and whether they were set at its creation.
    #[serde(default)]
    pub modes: Vec<(String, bool)>,
    /// `collation_connection` at its creation, if a literal in the query may have another answer with another one.
    #[serde(default)]
    pub literal_collation: Option<String>,
    /// character_set_client and collation_connection at its creation, as SHOW CREATE VIEW prints them.
    pub character_set_client: String,
    pub collation_connection: String,
    /// The ORDER BY of a query without LIMIT, by the view's columns, with "descending": servers give it to a query that has none of its own.
    #[serde(default)]
    pub order: Vec<(String, bool)>,
    /// One table, row for row: a server could write through it.
    #[serde(default)]
    pub updatable: bool,
}
