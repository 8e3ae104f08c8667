//! What a command answers: the outcome, or the refusal with the MySQL error that the client sees.

use serde::{Deserialize, Serialize};

use crate::job::{JobId, JobState};
use crate::node::NodeId;
use crate::schema::InstanceId;
use crate::user::AccountName;

/// A command was applied. Kept with the state for a while, so that a repeated proposal gets the first one's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    /// Applied, or there was nothing to change.
    Done,
    Instance {
        id: InstanceId,
    },
    /// The id that the new table, or the table's new definition, was given.
    Table {
        id: u64,
    },
    /// Leased values, both ends included. At least one.
    Range {
        first: u64,
        last: u64,
        /// From one value to the next.
        #[serde(default = "one")]
        increment: u64,
        /// Of the sequence: the range is void when it has another one.
        #[serde(default)]
        epoch: u64,
    },
    Job {
        id: JobId,
        token: u64,
    },
    TimeWorker {
        worker: u16,
    },
}

fn one() -> u64 {
    1
}

/// A command was refused, and changed nothing. Messages are MySQL's own where it has one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Rejection {
    #[error("Can't create database '{name}'; database exists")]
    DatabaseExists { name: String },
    #[error("Can't drop database '{name}'; database doesn't exist")]
    NoDatabaseToDrop { name: String },
    #[error("Unknown database '{name}'")]
    UnknownDatabase { name: String },
    /// Two groups must never share a physical database, nor a name.
    #[error("Can't create database '{database}'; {what} '{name}' is in use")]
    GroupTaken { database: String, what: String, name: String },
    #[error("Table '{name}' already exists")]
    TableExists { name: String },
    #[error("'{database}.{name}' is not VIEW")]
    NotView { database: String, name: String },
    /// Two logical tables must never share physical ones (after a RENAME, the old name's may be in use).
    #[error(
        "Table '{name}' can't be made: its physical name is in use by table '{holder}'; use another suffix"
    )]
    PhysicalTableTaken { name: String, holder: String },
    /// `names`: `db.t`, joined with commas.
    #[error("Unknown table '{names}'")]
    UnknownTables { names: String },
    #[error("Table '{database}.{table}' doesn't exist")]
    NoSuchTable { database: String, table: String },
    #[error("Not unique table/alias: '{name}'")]
    TableTwice { name: String },
    /// The table is not the one that the change was made for: read the catalog again.
    #[error("Table definition has changed, please retry transaction")]
    TableChanged { expected_id: u64, id: u64 },
    #[error(
        "Not supported: RENAME TABLE from database '{from}' to database '{to}': tables stay in their database"
    )]
    RenameAcrossDatabases { from: String, to: String },
    #[error("Duplicate entry '{name}' for key 'instance.name'")]
    InstanceExists { name: String },
    #[error("The foreign server name you are trying to reference does not exist. Data source error: {name}")]
    UnknownInstance { name: String },
    #[error("Can't drop instance '{name}': group '{group}' of database '{database}' is on it")]
    InstanceInUse { name: String, group: String, database: String },
    #[error("Unknown SEQUENCE: '{database}.{sequence}'")]
    UnknownSequence { database: String, sequence: String },
    #[error("Sequence '{database}.{sequence}' already exists")]
    SequenceExists { database: String, sequence: String },
    #[error("Failed to read auto-increment value from storage engine")]
    SequenceExhausted { database: String, sequence: String },
    /// Two servers disagree about a collation; rows have been placed by the first one's answer.
    #[error(
        "Collation '{collation}' is known already with another order of equality: the servers disagree about it"
    )]
    FoldDiffers { collation: String },
    #[error("Incorrect database name '{name}'")]
    BadDatabaseName { name: String },
    #[error("Incorrect table name '{name}'")]
    BadTableName { name: String },
    #[error("Identifier name '{name}' is too long")]
    NameTooLong { name: String },
    #[error("A table must have at least 1 column")]
    NoColumns,
    #[error("Duplicate column name '{name}'")]
    ColumnTwice { name: String },
    #[error("Key column '{name}' doesn't exist in table")]
    NoKeyColumn { name: String },
    #[error("Incorrect table definition; there can be only one auto column and it must be defined as a key")]
    AutoIncrementTwice,
    /// A job's own locks keep others away until it is finished.
    #[error("'{object}' is being changed by DDL job {job} ({}): see SHOW DDL", state.name())]
    ObjectLocked { object: String, job: JobId, state: JobState },
    #[error("There is no DDL job {job}: see SHOW DDL")]
    UnknownJob { job: JobId },
    /// Its owner was taken for dead.
    #[error("DDL job {job} was taken over by another node")]
    JobTaken { job: JobId },
    #[error("DDL job {job} is {}: this cannot be done to it now", state.name())]
    JobState { job: JobId, state: JobState },
    #[error("DDL job {job} has removed data, so it cannot be taken back: RECOVER DDL {job} completes it")]
    JobForwardOnly { job: JobId },
    #[error("There is no node {node}: see SHOW NODES")]
    UnknownNode { node: NodeId },
    #[error(
        "Node {node} was removed from the cluster, and its number is not used again: give the node a new node_id and an empty data_directory"
    )]
    NodeRemoved { node: NodeId },
    #[error("TIME sequences: no worker number (0 to 1023) is free for this node")]
    NoTimeWorker,
    #[error("Sequence '{database}.{sequence}' belongs to an AUTO_INCREMENT column: it goes with the table")]
    SequenceOfTable { database: String, sequence: String },
    #[error("Sequence '{database}.{sequence}' values are conflicting: {reason}")]
    SequenceInvalid { database: String, sequence: String, reason: String },
    #[error("Sequence '{database}.{sequence}' has run out")]
    SequenceRunOut { database: String, sequence: String },
    #[error("Operation {operation} failed for '{name}'@'%'")]
    UserExists { operation: String, name: String },
    #[error("Operation {operation} failed for {account}")]
    AccountRefused { operation: String, account: AccountName },
    /// `table`: it was one of a table.
    #[error(
        "There is no such grant defined for user '{}' on host '{}'{}",
        account.name,
        account.host,
        table.as_ref().map(|table| format!(" on table '{table}'")).unwrap_or_default()
    )]
    NoSuchGrant { account: AccountName, table: Option<String> },
    #[error("Unknown setting '{name}'")]
    UnknownSetting { name: String },
    /// A change of the cluster's members that cannot be made.
    #[error("{reason}")]
    MembersRefused { reason: String },
    /// The proposer broke a rule that no client can break.
    #[error("Internal error (please report): {reason}")]
    Malformed { reason: String },
}

impl Rejection {
    /// MySQL's error number (MariaDB's for sequences, which MySQL has not).
    pub fn errno(&self) -> u16 {
        self.code().0
    }

    /// Five characters.
    pub fn sqlstate(&self) -> &'static str {
        self.code().1
    }

    fn code(&self) -> (u16, &'static str) {
        match self {
            Self::DatabaseExists { .. } | Self::GroupTaken { .. } => (1007, "HY000"),
            Self::NoDatabaseToDrop { .. } => (1008, "HY000"),
            Self::UnknownDatabase { .. } => (1049, "42000"),
            Self::TableExists { .. } | Self::PhysicalTableTaken { .. } | Self::SequenceExists { .. } => {
                (1050, "42S01")
            }
            Self::UnknownTables { .. } => (1051, "42S02"),
            Self::NameTooLong { .. } => (1059, "42000"),
            Self::ColumnTwice { .. } => (1060, "42S21"),
            Self::InstanceExists { .. } => (1062, "23000"),
            Self::TableTwice { .. } => (1066, "42000"),
            Self::NoKeyColumn { .. } => (1072, "42000"),
            Self::AutoIncrementTwice => (1075, "42000"),
            Self::BadDatabaseName { .. } => (1102, "42000"),
            Self::BadTableName { .. } => (1103, "42000"),
            Self::FoldDiffers { .. } | Self::Malformed { .. } => (1105, "HY000"),
            Self::NoColumns => (1113, "42000"),
            Self::NoSuchTable { .. } => (1146, "42S02"),
            Self::NotView { .. } => (1347, "HY000"),
            Self::RenameAcrossDatabases { .. } => (1235, "42000"),
            Self::TableChanged { .. } => (1412, "HY000"),
            Self::InstanceInUse { .. } => (1451, "23000"),
            Self::SequenceExhausted { .. } => (1467, "HY000"),
            Self::UnknownInstance { .. } => (1477, "HY000"),
            Self::UnknownSequence { .. } => (4091, "42S02"),
            Self::ObjectLocked { .. } => (1205, "HY000"),
            Self::UnknownJob { .. } | Self::JobTaken { .. } | Self::JobState { .. } => (1105, "HY000"),
            Self::JobForwardOnly { .. } => (1105, "HY000"),
            Self::UnknownNode { .. } | Self::NodeRemoved { .. } | Self::NoTimeWorker => (1105, "HY000"),
            Self::SequenceOfTable { .. } => (4089, "42S02"),
            Self::SequenceInvalid { .. } => (4082, "HY000"),
            Self::SequenceRunOut { .. } => (4084, "HY000"),
            Self::UserExists { .. } | Self::AccountRefused { .. } => (1396, "HY000"),
            Self::NoSuchGrant { table: None, .. } => (1141, "42000"),
            Self::NoSuchGrant { table: Some(_), .. } => (1147, "42000"),
            Self::UnknownSetting { .. } => (1193, "HY000"),
            Self::MembersRefused { .. } => (1105, "HY000"),
        }
    }
}
