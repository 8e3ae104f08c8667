//! Commands: the closed list of what can change the catalog. They travel in the Raft log, so their encoding is kept for ever.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::schema::{Database, Sequence, Table};

/// A change of the catalog. A variant is never removed or given another meaning: old logs hold it. A field added to a
/// variant takes `#[serde(default)]`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Command {
    /// Answers `Outcome::Instance`.
    CreateInstance {
        name: String,
        host: String,
        port: u16,
        user: String,
        password: String,
    },
    /// Refused while a group is on the instance.
    DropInstance {
        name: String,
    },
    /// The database comes with its groups, without tables and sequences.
    CreateDatabase {
        database: Database,
    },
    /// Drops everything in it too.
    DropDatabase {
        name: String,
    },
    /// `table.id` is ignored: apply gives the next one and answers `Outcome::Table`. A sharded or broadcast table with an
    /// AUTO_INCREMENT column must bring its sequence, `AUTO_SEQ_<table>`.
    CreateTable {
        database: String,
        table: Table,
        sequence: Option<Sequence>,
    },
    /// (database, table) pairs, all or none. Their `AUTO_SEQ_` sequences go too.
    DropTables {
        tables: Vec<(String, String)>,
    },
    /// After ALTER or TRUNCATE: the definition that had `expected_id` is replaced. A compare-and-swap: the new definition gets
    /// an id of its own (`Outcome::Table`), so that of two concurrent changes one is refused. The name stays.
    /// `sequence` is taken when the table needs one and has none (ALTER that adds AUTO_INCREMENT); the sequence of a table that
    /// lost its AUTO_INCREMENT column goes.
    ReplaceTable {
        database: String,
        name: String,
        table: Table,
        expected_id: u64,
        #[serde(default)]
        sequence: Option<Sequence>,
    },
    /// ((database, old), (database, new)) in order, all or none; sequences follow. Ids and physical names stay.
    RenameTables {
        renames: Vec<((String, String), (String, String))>,
    },
    /// The next `count` values: `Outcome::Range`. Fewer at the end of the numbers. Leaves the catalog's `version` alone.
    LeaseRange {
        database: String,
        sequence: String,
        count: u64,
    },
    /// No value under `at_least` is leased from now on (after an explicit value v: v + 1). Never lowers. Leaves `version` alone.
    RaiseSequence {
        database: String,
        sequence: String,
        at_least: u64,
    },
    /// TRUNCATE: the next value is `start`. Ranges leased before must be thrown away by their holders, so `version` grows.
    ResetSequence {
        database: String,
        sequence: String,
        start: u64,
    },
    /// What a collation calls equal. Once put it cannot change, since rows have been placed by it.
    PutCollationFold {
        collation: String,
        #[serde(with = "crate::bytes")]
        table: Vec<u8>,
    },
    PutSetting {
        name: String,
        value: String,
    },
}

impl Command {
    /// The variant's name, for logs.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::CreateInstance { .. } => "CreateInstance",
            Self::DropInstance { .. } => "DropInstance",
            Self::CreateDatabase { .. } => "CreateDatabase",
            Self::DropDatabase { .. } => "DropDatabase",
            Self::CreateTable { .. } => "CreateTable",
            Self::DropTables { .. } => "DropTables",
            Self::ReplaceTable { .. } => "ReplaceTable",
            Self::RenameTables { .. } => "RenameTables",
            Self::LeaseRange { .. } => "LeaseRange",
            Self::RaiseSequence { .. } => "RaiseSequence",
            Self::ResetSequence { .. } => "ResetSequence",
            Self::PutCollationFold { .. } => "PutCollationFold",
            Self::PutSetting { .. } => "PutSetting",
        }
    }
}

/// By hand, since a password must never reach a log, nor a fold's kilobytes.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct(self.kind());
        match self {
            Self::CreateInstance { name, host, port, user, password: _ } => {
                out.field("name", name).field("host", host).field("port", port).field("user", user)
            }
            Self::DropInstance { name } | Self::DropDatabase { name } => out.field("name", name),
            Self::CreateDatabase { database } => out.field("database", database),
            Self::CreateTable { database, table, sequence } => {
                out.field("database", database).field("table", table).field("sequence", sequence)
            }
            Self::DropTables { tables } => out.field("tables", tables),
            Self::ReplaceTable { database, name, table, expected_id, sequence } => out
                .field("database", database)
                .field("name", name)
                .field("table", table)
                .field("expected_id", expected_id)
                .field("sequence", sequence),
            Self::RenameTables { renames } => out.field("renames", renames),
            Self::LeaseRange { database, sequence, count } => {
                out.field("database", database).field("sequence", sequence).field("count", count)
            }
            Self::RaiseSequence { database, sequence, at_least } => {
                out.field("database", database).field("sequence", sequence).field("at_least", at_least)
            }
            Self::ResetSequence { database, sequence, start } => {
                out.field("database", database).field("sequence", sequence).field("start", start)
            }
            Self::PutCollationFold { collation, table } => {
                out.field("collation", collation).field("bytes", &table.len())
            }
            Self::PutSetting { name, value } => out.field("name", name).field("value", value),
        };
        out.finish()
    }
}
