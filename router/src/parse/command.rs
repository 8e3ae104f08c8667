//! Flat statements that the session answers itself: SET, SHOW, USE, transaction control, administration.

use ostrakon_catalog::schema::SequenceKind;

use super::administration::{Admin, Whom};
use super::ddl::ObjectName;

/// A statement for the session.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    // --- transaction control
    Begin {
        read_only: Option<bool>,
        consistent_snapshot: bool,
    },
    Commit {
        chain: bool,
        release: bool,
    },
    Rollback {
        chain: bool,
        release: bool,
    },
    Savepoint(String),
    RollbackTo(String),
    ReleaseSavepoint(String),
    /// `SET [SESSION|GLOBAL] TRANSACTION ...`
    SetTransaction {
        scope: TransactionScope,
        isolation: Option<Isolation>,
        read_only: Option<bool>,
    },
    // --- session
    Use(String),
    /// `SET a = 1, @b = 2, NAMES utf8mb4`, in order.
    Set(Vec<Assignment>),
    /// `SET ROLE`, `SET DEFAULT ROLE` and others that are refused by name.
    Kill {
        query: bool,
        id: u64,
    },
    // --- SHOW that Ostrakon answers
    Show(Show),
    /// SHOW that describes the server itself (ENGINES, CHARACTER SET, COLLATION, PLUGINS, PRIVILEGES, STATUS, VARIABLES ...): the text
    /// goes to any backend with the session's settings.
    ShowPassed,
    /// `EXPLAIN <statement>`, `DESC <statement>`: byte range of the inner statement. `execute`: EXPLAIN EXECUTE and EXPLAIN with
    /// FORMAT, EXTENDED: the servers' own explain.
    Explain {
        inner: std::ops::Range<usize>,
        server: bool,
    },
    /// `EXPLAIN ANALYZE`: with the byte range of the query.
    ExplainAnalyze(std::ops::Range<usize>),
    /// `TRACE statement`: with the byte range of the statement.
    Trace(std::ops::Range<usize>),
    /// `DO expression` with a subquery: the expressions, as bytes of the text.
    Evaluate(std::ops::Range<usize>),
    // --- administration
    Admin(Admin),
    // --- DDL jobs
    Job(JobStatement),
    /// `CHECK TABLE t [, t2 ...]`
    CheckTable {
        tables: Vec<ObjectName>,
        mode: CheckMode,
    },
    /// On sequences: CREATE, ALTER, DROP, and DRDS's others.
    Sequence(Box<SequenceStatement>),
    /// `SELECT s.NEXTVAL, ... [FROM DUAL] [WHERE COUNT = n]`: n rows.
    NextValues {
        columns: Vec<NextColumn>,
        count: u64,
    },
    /// PREPARE, EXECUTE, DEALLOCATE PREPARE.
    Prepared(PreparedCommand),
    /// `LOCK TABLES t READ, u AS v WRITE`; `wait`: seconds, where the statement says how long (MariaDB).
    LockTables {
        tables: Vec<LockedTable>,
        wait: Option<u64>,
    },
    UnlockTables,
    /// FLUSH HOSTS: addresses that are blocked are not any more.
    FlushHosts,
    /// A statement of MySQL's that Ostrakon refuses by name with 1235; the text is what it is, for example "HANDLER".
    Refused(String),
    /// Does nothing here and is answered OK: `FLUSH ...` of kinds without meaning, `/*!40000 ALTER TABLE t DISABLE KEYS */`.
    Nothing,
}

/// One table of LOCK TABLES.
#[derive(Clone, Debug, PartialEq)]
pub struct LockedTable {
    pub name: ObjectName,
    pub alias: Option<String>,
    pub writes: bool,
}

/// On prepared statements that have a name. Sources and values are expressions, as SQL text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PreparedCommand {
    Prepare { name: String, source: String },
    Execute { name: String, values: Vec<String> },
    ExecuteImmediate { source: String, values: Vec<String> },
    Deallocate(String),
}

/// DRDS's statements about DDL jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobStatement {
    Recover(JobSelection),
    Rollback(Vec<u64>),
    Cancel(JobSelection),
    Remove(Vec<u64>),
    RemoveCompleted,
    RemovePending,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JobSelection {
    /// Each job in a state in which it can be done.
    All,
    /// Each number once, as written.
    Ids(Vec<u64>),
}

/// How much CHECK TABLE does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckMode {
    /// Topology and definitions.
    Quick,
    /// Rows and the sequence too.
    Full,
    /// As `Full`, and the answer is what would mend it. Nothing is changed.
    RepairPlan,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionScope {
    /// Without SESSION or GLOBAL: the next transaction only.
    Next,
    Session,
    Global,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Isolation {
    ReadUncommitted,
    ReadCommitted,
    RepeatableRead,
    Serializable,
}

impl Isolation {
    /// As SQL writes it.
    pub fn as_sql(self) -> &'static str {
        match self {
            Self::ReadUncommitted => "READ UNCOMMITTED",
            Self::ReadCommitted => "READ COMMITTED",
            Self::RepeatableRead => "REPEATABLE READ",
            Self::Serializable => "SERIALIZABLE",
        }
    }
}

/// One assignment of a SET.
#[derive(Clone, Debug, PartialEq)]
pub enum Assignment {
    /// `NAMES 'x' [COLLATE 'y']`; `None`: DEFAULT.
    Names { charset: Option<String>, collation: Option<String> },
    /// `CHARACTER SET x`, `CHARSET x`.
    CharacterSet(Option<String>),
    /// `[SESSION | LOCAL | @@session. | @@local. | @@] name = expression`; name in lower case.
    Session { name: String, value: SetValue },
    /// `GLOBAL name`, `@@global.name`, PERSIST.
    Global { name: String, value: SetValue },
    /// `@name = expression` or `:=`; name without the `@`, lower case.
    User { name: String, value: SetValue },
}

#[derive(Clone, Debug, PartialEq)]
pub enum SetValue {
    Default,
    /// The expression's own text. Bare words (`ON`, `utf8mb4`) are kept as written.
    Expression(String),
}

/// SHOW statements that Ostrakon answers from the catalog, the session, or the first physical table.
#[derive(Clone, Debug, PartialEq)]
pub struct Show {
    pub what: ShowWhat,
    /// `LIKE 'pattern'`, unquoted.
    pub like: Option<String>,
    /// Text of the WHERE expression.
    pub filter: Option<String>,
}

/// What SHOW lists on a server and no logical database has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Absent {
    /// Behind SHOW.
    pub words: &'static str,
    pub scope: Scope,
}

/// What a SHOW is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A database: the current one, where none is named.
    Database(Option<String>),
    /// The server. `filtered`: with LIKE and WHERE.
    Server { filtered: bool },
}

#[derive(Clone, Debug, PartialEq)]
pub enum ShowWhat {
    Databases,
    Tables {
        full: bool,
        database: Option<String>,
    },
    TableStatus {
        database: Option<String>,
    },
    CreateTable {
        database: Option<String>,
        table: String,
    },
    CreateView {
        database: Option<String>,
        view: String,
    },
    CreateDatabase {
        database: String,
        if_not_exists: bool,
    },
    /// Also DESCRIBE t [col]: then `like` is the column.
    Columns {
        full: bool,
        extended: bool,
        database: Option<String>,
        table: String,
    },
    Index {
        database: Option<String>,
        table: String,
    },
    /// `SHOW WARNINGS [LIMIT [offset,] n]`; count: `SHOW COUNT(*) WARNINGS`.
    Warnings {
        count: bool,
        limit: Option<(u64, u64)>,
    },
    Errors {
        count: bool,
        limit: Option<(u64, u64)>,
    },
    Processlist {
        full: bool,
    },
    /// What clients said of themselves at login.
    ConnectionAttributes,
    /// TRIGGERS, EVENTS, MASTER STATUS and others.
    Absent(Absent),
    /// What the last traced statement sent.
    Trace,
    // DRDS
    Rule {
        full: bool,
        database: Option<String>,
        table: Option<String>,
    },
    Topology {
        database: Option<String>,
        table: String,
    },
    Partitions {
        database: Option<String>,
        table: String,
    },
    Broadcasts,
    Node,
    Datasources,
    Sequences,
    /// Unfinished jobs.
    Ddl {
        full: bool,
    },
    /// Finished ones.
    DdlResult,
    Instances,
    Groups,
    /// Nodes of the cluster.
    Nodes,
    Users,
    /// What an account may do.
    Grants(Whom),
    /// The statement that makes the account.
    CreateUser(Whom),
    /// Settings of the cluster.
    Settings,
    /// Open transactions of all nodes.
    Trans {
        full: bool,
    },
    /// Prepared branches of all instances.
    TransInDoubt,
    /// What the transaction of this id came to.
    TransOutcome(String),
    /// `SHOW {GLOBAL | LOCAL} DEADLOCKS`: those that all nodes have ended, or this one.
    Deadlocks {
        global: bool,
    },
    /// `SHOW [SESSION] VARIABLES`: the session splices in its own variables before asking a backend.
    Variables {
        global: bool,
    },
    /// `SHOW [GLOBAL] STATUS`.
    Status {
        global: bool,
    },
    /// `SHOW HELP`
    Help,
}

#[derive(Clone, Debug, PartialEq)]
pub enum SequenceStatement {
    Create {
        name: ObjectName,
        if_not_exists: bool,
        kind: SequenceKind,
        options: SequenceOptions,
    },
    Alter {
        name: ObjectName,
        change_to: Option<SequenceKind>,
        options: SequenceOptions,
    },
    Drop {
        names: Vec<ObjectName>,
        if_exists: bool,
    },
    /// What this node holds of a sequence; `None`: of all in the current database.
    Inspect(Option<ObjectName>),
    /// All nodes forget what they hold.
    ClearCache(Option<ObjectName>),
    ConvertAll {
        from: SequenceKind,
        to: SequenceKind,
    },
}

/// `None`: not named.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SequenceOptions {
    pub start_with: Option<u64>,
    pub increment: Option<u64>,
    pub maximum: Option<u64>,
    pub cycle: Option<bool>,
}

/// A column of `SELECT s.NEXTVAL`.
#[derive(Clone, Debug, PartialEq)]
pub struct NextColumn {
    pub database: Option<String>,
    pub sequence: String,
    pub label: String,
}
