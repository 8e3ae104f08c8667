//! Jobs: changes of several steps over several groups, which another node can take over where the last one stopped.
//!
//! The catalog keeps what a job is to do, how far it has come and who works on it; the steps themselves are the proxy's.
//! **Invariant:** two unfinished jobs never lock the same object.
//! **Invariant:** only the holder of the current token changes a job, so that an owner that was taken for dead changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::command::Command;
use crate::node::NodeId;
use crate::schema::{Database, Group, Sequence, Table};

/// Number of a job; never used again.
pub type JobId = u64;

/// Finished jobs that are kept for SHOW DDL RESULT and for the sessions that wait for them.
pub const FINISHED_KEPT: usize = 100;

/// A session may look late when many jobs end at once: what ended within so many milliseconds before the last one is kept as well,
/// up to `FRESH_KEPT` in all.
pub const FRESH_MS: u64 = 10_000;
pub const FRESH_KEPT: usize = 2000;

/// The fact that a job has begun to go back, so that it can only go on doing so.
pub const ROLLING_BACK: &str = "rolling_back";
/// The step at which a job was parked, before it was asked to go back.
pub const FORWARD_STEP: &str = "forward_step";

/// A physical statement for each physical table of a logical one: `head`, the physical table's quoted name, `tail`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhysicalText {
    pub head: String,
    pub tail: String,
}

impl PhysicalText {
    /// The statement for one physical table (`` `db`.`table` ``).
    pub fn render(&self, quoted: &str) -> String {
        [&self.head, quoted, &self.tail].concat()
    }
}

/// What a job is to do. Everything random or read from a session was decided when it was submitted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::large_enum_variant, reason = "jobs are few, and each is behind an Arc")]
pub enum JobAction {
    /// `options`: what follows the name in each physical CREATE DATABASE.
    CreateDatabase {
        database: Database,
        options: String,
    },
    DropDatabase {
        name: String,
        groups: Vec<Group>,
    },
    /// Columns and keys of `table` are as parsed, until the servers have told their own. `like`: the physical statements are
    /// CREATE TABLE ... LIKE that table's, and `text` is not used.
    CreateTable {
        database: String,
        table: Table,
        text: PhysicalText,
        /// First value of the AUTO_INCREMENT column's sequence, if the table has one in the end.
        sequence: Option<Sequence>,
        like: Option<Table>,
    },
    /// (database, the table as it was).
    DropTables {
        tables: Vec<(String, Table)>,
    },
    Truncate {
        database: String,
        table: Table,
    },
    /// ALTER TABLE, CREATE INDEX, DROP INDEX. `table`: as it was. `undo`: what takes the change back on a physical table that has it; `None`:
    /// nothing does, so a job that has changed one can only go forward.
    AlterTable {
        database: String,
        table: Table,
        text: PhysicalText,
        undo: Option<PhysicalText>,
    },
    /// ((database, old), (database, new)) in order.
    Rename {
        renames: Vec<((String, String), (String, String))>,
    },
}

/// What a job keeps other jobs from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum ObjectLock {
    /// The database and everything in it.
    Database(String),
    Table(String, String),
}

impl ObjectLock {
    /// True when both cannot be held at once.
    pub fn conflicts(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Table(d, t), Self::Table(other_d, other_t)) => d == other_d && t == other_t,
            (Self::Database(d) | Self::Table(d, _), Self::Database(other) | Self::Table(other, _)) => {
                d == other
            }
        }
    }

    /// As errors and SHOW DDL print it.
    pub fn name(&self) -> String {
        match self {
            Self::Database(name) => name.clone(),
            Self::Table(database, table) => format!("{database}.{table}"),
        }
    }
}

impl JobAction {
    /// CREATE_TABLE and so on: JOB_TYPE of SHOW DDL.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::CreateDatabase { .. } => "CREATE_DATABASE",
            Self::DropDatabase { .. } => "DROP_DATABASE",
            Self::CreateTable { .. } => "CREATE_TABLE",
            Self::DropTables { .. } => "DROP_TABLE",
            Self::Truncate { .. } => "TRUNCATE_TABLE",
            Self::AlterTable { .. } => "ALTER_TABLE",
            Self::Rename { .. } => "RENAME_TABLE",
        }
    }

    /// What it has done, from its first physical change on, nothing brings back.
    pub fn goes_forward_only(&self) -> bool {
        matches!(self, Self::DropDatabase { .. } | Self::DropTables { .. } | Self::Truncate { .. })
    }

    /// What it locks while it is unfinished, in order, each once.
    pub fn locks(&self) -> Vec<ObjectLock> {
        let table = |database: &str, table: &str| ObjectLock::Table(database.to_owned(), table.to_owned());
        let locks: BTreeSet<ObjectLock> = match self {
            Self::CreateDatabase { database, .. } => [ObjectLock::Database(database.name.clone())].into(),
            Self::DropDatabase { name, .. } => [ObjectLock::Database(name.clone())].into(),
            Self::CreateTable { database, table: made, like, .. } => {
                let source = like.as_ref().map(|source| table(database, &source.name));
                source.into_iter().chain([table(database, &made.name)]).collect()
            }
            Self::DropTables { tables } => {
                tables.iter().map(|(db, dropped)| table(db, &dropped.name)).collect()
            }
            Self::Truncate { database, table: changed }
            | Self::AlterTable { database, table: changed, .. } => [table(database, &changed.name)].into(),
            Self::Rename { renames } => {
                renames.iter().flat_map(|(from, to)| [table(&from.0, &from.1), table(&to.0, &to.1)]).collect()
            }
        };
        locks.into_iter().collect()
    }

    /// Database and object, as SHOW DDL prints them.
    pub fn object(&self) -> (String, String) {
        match self.locks().into_iter().next() {
            Some(ObjectLock::Database(name)) => (name.clone(), name),
            Some(ObjectLock::Table(database, table)) => (database, table),
            None => Default::default(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobState {
    Running,
    RollingBack,
    /// Parked: it could go neither on nor back, and `error` says why. RECOVER, ROLLBACK or REMOVE DDL decides.
    Pending,
    Done,
    /// Nothing of it is left; `error` says why.
    RolledBack,
}

impl JobState {
    /// It holds its locks.
    pub fn is_unfinished(self) -> bool {
        !matches!(self, Self::Done | Self::RolledBack)
    }

    /// Somebody works on it, or should.
    pub fn is_active(self) -> bool {
        matches!(self, Self::Running | Self::RollingBack)
    }

    /// STATE of SHOW DDL.
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::RollingBack => "ROLLBACK_RUNNING",
            Self::Pending => "PENDING",
            Self::Done => "COMPLETED",
            Self::RolledBack => "ROLLBACK_COMPLETED",
        }
    }
}

/// Why a job failed: what the client of its statement is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobError {
    pub errno: u16,
    pub sqlstate: String,
    pub message: String,
}

/// One process of one node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Owner {
    pub node: NodeId,
    /// The node's `start`.
    pub start: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    pub id: JobId,
    pub action: JobAction,
    /// As the user wrote it.
    pub statement: String,
    /// Session settings that the physical statements run with: (variable, value as SET takes it).
    pub settings: Vec<(String, String)>,
    pub state: JobState,
    /// Name of the step to do next; empty: the first.
    pub step: String,
    /// Groups that have finished `step`, by name.
    pub groups_done: BTreeSet<String>,
    /// What earlier steps found out for later ones, for example the definition before the change.
    pub facts: BTreeMap<String, String>,
    pub owner: Owner,
    /// Grows with each change of owner, and in each physical statement's comment.
    pub token: u64,
    pub error: Option<JobError>,
    /// Asked to end: it goes back if it can, at its next step.
    pub cancel: bool,
    /// Milliseconds since 1970, by the clock of the node that said so.
    pub submitted: u64,
    pub ended: Option<u64>,
}

/// A job to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewJob {
    pub action: JobAction,
    pub statement: String,
    pub settings: Vec<(String, String)>,
    pub owner: Owner,
    /// Milliseconds since 1970.
    pub submitted: u64,
}

/// How a job has come on. `None` and empty: as before.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JobUpdate {
    pub state: Option<JobState>,
    /// The next step; `groups_done` begins anew with it.
    pub step: Option<String>,
    pub groups_done: Vec<String>,
    pub facts: BTreeMap<String, String>,
    pub error: Option<JobError>,
    /// Milliseconds since 1970; with a state that is finished.
    pub ended: Option<u64>,
    /// Changes of the catalog that become true together with the rest, all or none.
    pub publish: Vec<Command>,
}

/// What a DBA asks of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum JobControl {
    /// RECOVER DDL: a parked job goes on (in the direction in which it went when `RollingBack` failed too).
    Recover,
    /// ROLLBACK DDL: a parked job goes back.
    Rollback,
    /// CANCEL DDL: a running job goes back.
    Cancel,
}
