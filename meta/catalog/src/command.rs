//! Commands: the closed list of what can change the catalog. They travel in the Raft log, so their encoding is kept for ever.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::guard::GuardChange;
use crate::job::{JobControl, JobId, JobUpdate, NewJob, Owner};
use crate::node::{NodeId, NodeRecord};
use crate::schema::{Database, InstanceTls, Sequence, SequenceChange, Table};
use crate::user::{User, UserChange};
use crate::view::View;

/// A change of the catalog. A variant is never removed or given another meaning: old logs hold it. A field added to a
/// variant takes `#[serde(default)]`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::large_enum_variant, reason = "a command is decoded, applied and dropped: none is kept")]
pub enum Command {
    /// Answers `Outcome::Instance`.
    CreateInstance {
        name: String,
        host: String,
        port: u16,
        user: String,
        password: String,
        #[serde(default, skip_serializing_if = "InstanceTls::is_disabled")]
        tls: InstanceTls,
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
    /// The setting has its default again.
    DropSetting {
        name: String,
    },
    /// `None`: as before. The instance's groups stay. A draining instance gets no new group.
    AlterInstance {
        name: String,
        host: Option<String>,
        port: Option<u16>,
        user: Option<String>,
        password: Option<String>,
        draining: Option<bool>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tls: Option<InstanceTls>,
    },
    /// `sequence.epoch` is ignored: apply gives the next one.
    CreateSequence {
        database: String,
        sequence: Sequence,
    },
    /// Ranges leased before are void.
    AlterSequence {
        database: String,
        sequence: String,
        change: SequenceChange,
    },
    /// Not one of an AUTO_INCREMENT column.
    DropSequence {
        database: String,
        sequence: String,
    },
    /// A node has started. Leaves `version` alone, as all commands about nodes and jobs do.
    RegisterNode {
        node: NodeRecord,
    },
    /// It is no longer a member; its number is never used again.
    RemoveNode {
        node: NodeId,
    },
    DrainNode {
        node: NodeId,
        draining: bool,
    },
    /// A worker number for TIME sequences: `Outcome::TimeWorker`. Times in milliseconds since 1970.
    TakeTimeWorker {
        node: NodeId,
        now: u64,
        ceiling: u64,
    },
    /// The node may give values with times under `ceiling` from now on. Never lowers.
    RaiseTimeCeiling {
        node: NodeId,
        worker: u16,
        ceiling: u64,
    },
    /// `Outcome::Job`. Refused while another unfinished job holds one of its locks.
    SubmitJob {
        job: NewJob,
    },
    /// Another process works on it from now on: `Outcome::Job` with the new token.
    ClaimJob {
        job: JobId,
        expected_token: u64,
        owner: Owner,
    },
    /// By the holder of the token alone. The outcome is that of the last command published, else `Done`.
    UpdateJob {
        job: JobId,
        token: u64,
        update: JobUpdate,
    },
    ControlJob {
        job: JobId,
        control: JobControl,
    },
    /// Takes finished and parked jobs off the list, all or none. What a parked one has done stays as it is.
    RemoveJobs {
        jobs: Vec<JobId>,
    },
    /// Makes an account, or changes it when `replace` is set. Programs before there were privileges wrote it.
    PutUser {
        user: User,
        replace: bool,
    },
    /// Of the same programs.
    DropUser {
        name: String,
    },
    AlterDatabase {
        name: String,
        change: GuardChange,
    },
    /// The table's own setting; `None`: it has the database's. Its number stays.
    GuardTable {
        database: String,
        table: String,
        allow_full_table_scan: Option<bool>,
    },
    /// Makes a view, or puts it in the place of the one of that name.
    PutView {
        database: String,
        view: View,
        /// `None`: there is none yet. `Some(false)`: there is one (ALTER VIEW). `Some(true)`: either.
        replace: Option<bool>,
    },
    /// (database, view) pairs, all or none.
    DropViews {
        views: Vec<(String, String)>,
    },
    /// Accounts and what they may do, all or none.
    ChangeUsers {
        changes: Vec<UserChange>,
    },
}

impl Command {
    /// Changes jobs, so that no job may publish it.
    pub fn is_of_jobs(&self) -> bool {
        matches!(
            self,
            Self::SubmitJob { .. }
                | Self::ClaimJob { .. }
                | Self::UpdateJob { .. }
                | Self::ControlJob { .. }
                | Self::RemoveJobs { .. }
        )
    }

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
            Self::DropSetting { .. } => "DropSetting",
            Self::AlterInstance { .. } => "AlterInstance",
            Self::CreateSequence { .. } => "CreateSequence",
            Self::AlterSequence { .. } => "AlterSequence",
            Self::DropSequence { .. } => "DropSequence",
            Self::RegisterNode { .. } => "RegisterNode",
            Self::RemoveNode { .. } => "RemoveNode",
            Self::DrainNode { .. } => "DrainNode",
            Self::TakeTimeWorker { .. } => "TakeTimeWorker",
            Self::RaiseTimeCeiling { .. } => "RaiseTimeCeiling",
            Self::SubmitJob { .. } => "SubmitJob",
            Self::ClaimJob { .. } => "ClaimJob",
            Self::UpdateJob { .. } => "UpdateJob",
            Self::ControlJob { .. } => "ControlJob",
            Self::RemoveJobs { .. } => "RemoveJobs",
            Self::PutUser { .. } => "PutUser",
            Self::DropUser { .. } => "DropUser",
            Self::AlterDatabase { .. } => "AlterDatabase",
            Self::GuardTable { .. } => "GuardTable",
            Self::PutView { .. } => "PutView",
            Self::DropViews { .. } => "DropViews",
            Self::ChangeUsers { .. } => "ChangeUsers",
        }
    }
}

/// By hand, since a password must never reach a log, nor a fold's kilobytes.
impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct(self.kind());
        match self {
            Self::CreateInstance { name, host, port, user, password: _, tls } => out
                .field("name", name)
                .field("host", host)
                .field("port", port)
                .field("user", user)
                .field("tls", tls),
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
            Self::DropSetting { name } | Self::DropUser { name } => out.field("name", name),
            Self::AlterInstance { name, host, port, user, password: _, draining, tls } => out
                .field("name", name)
                .field("host", host)
                .field("port", port)
                .field("user", user)
                .field("draining", draining)
                .field("tls", tls),
            Self::CreateSequence { database, sequence } => {
                out.field("database", database).field("sequence", sequence)
            }
            Self::AlterSequence { database, sequence, change } => {
                out.field("database", database).field("sequence", sequence).field("change", change)
            }
            Self::DropSequence { database, sequence } => {
                out.field("database", database).field("sequence", sequence)
            }
            Self::RegisterNode { node } => out.field("node", node),
            Self::RemoveNode { node } => out.field("node", node),
            Self::DrainNode { node, draining } => out.field("node", node).field("draining", draining),
            Self::TakeTimeWorker { node, now, ceiling } => {
                out.field("node", node).field("now", now).field("ceiling", ceiling)
            }
            Self::RaiseTimeCeiling { node, worker, ceiling } => {
                out.field("node", node).field("worker", worker).field("ceiling", ceiling)
            }
            Self::SubmitJob { job } => out.field("job", job),
            Self::ClaimJob { job, expected_token, owner } => {
                out.field("job", job).field("expected_token", expected_token).field("owner", owner)
            }
            Self::UpdateJob { job, token, update } => {
                out.field("job", job).field("token", token).field("update", update)
            }
            Self::ControlJob { job, control } => out.field("job", job).field("control", control),
            Self::RemoveJobs { jobs } => out.field("jobs", jobs),
            Self::PutUser { user, replace } => out.field("user", user).field("replace", replace),
            Self::AlterDatabase { name, change } => out.field("name", name).field("change", change),
            Self::GuardTable { database, table, allow_full_table_scan } => out
                .field("database", database)
                .field("table", table)
                .field("allow_full_table_scan", allow_full_table_scan),
            Self::PutView { database, view, replace } => {
                out.field("database", database).field("view", view).field("replace", replace)
            }
            Self::DropViews { views } => out.field("views", views),
            Self::ChangeUsers { changes } => out.field("changes", changes),
        };
        out.finish()
    }
}
