//! Statements that change logical objects: the catalog's view of them, and where the names stand in the user's own text.

use std::ops::Range;

use ostrakon_catalog::column::{Column, Key};
use ostrakon_catalog::guard::GuardChange;
use ostrakon_catalog::rule::{Placement, ShardFunction};
use ostrakon_catalog::schema::{DefaultSharding, SequenceKind};
use ostrakon_catalog::view::{CheckOption, ViewAlgorithm};

/// A possibly qualified name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ObjectName {
    pub database: Option<String>,
    pub name: String,
    /// Byte range of the whole name (`db`.`t`) in the text: what a physical name replaces.
    pub span: Range<usize>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Ddl {
    CreateDatabase {
        name: String,
        if_not_exists: bool,
        /// DBPARTITIONS n
        groups: Option<u32>,
        default_sharding: DefaultSharding,
        charset: Option<String>,
        collation: Option<String>,
        guard: GuardChange,
    },
    DropDatabase {
        name: String,
        if_exists: bool,
    },
    CreateTable(Box<CreateTable>),
    DropTable {
        tables: Vec<ObjectName>,
        if_exists: bool,
        temporary: bool,
    },
    Truncate(ObjectName),
    /// RENAME TABLE a TO b, c TO d
    Rename(Vec<(ObjectName, ObjectName)>),
    AlterTable(Box<AlterTable>),
    /// CREATE [UNIQUE|FULLTEXT|SPATIAL] INDEX k ON t (...): runs as text with the table's name replaced.
    CreateIndex {
        table: ObjectName,
        key: Key,
    },
    DropIndex {
        table: ObjectName,
        name: String,
    },
    /// CREATE VIEW and ALTER VIEW.
    CreateView(Box<CreateView>),
    DropView {
        views: Vec<ObjectName>,
        if_exists: bool,
    },
}

/// What may be there under a view's name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PutMode {
    #[default]
    New,
    /// OR REPLACE.
    Replace,
    /// ALTER VIEW: what it does not name stays.
    Alter,
}

/// CREATE VIEW and ALTER VIEW, as written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CreateView {
    pub name: ObjectName,
    pub mode: PutMode,
    pub if_not_exists: bool,
    pub algorithm: Option<ViewAlgorithm>,
    /// User and host; `None`: who makes it.
    pub definer: Option<(String, String)>,
    /// SQL SECURITY INVOKER, or DEFINER.
    pub invoker: Option<bool>,
    /// The view's column list; empty where there is none.
    pub columns: Vec<String>,
    /// The query, without comments.
    pub query: String,
    pub check: CheckOption,
}

/// CREATE TABLE, as the catalog needs it. Physical statements are the user's text with `name.span` replaced and `cut` spans left out.
#[derive(Clone, Debug, PartialEq)]
pub struct CreateTable {
    pub name: ObjectName,
    pub if_not_exists: bool,
    pub temporary: bool,
    pub columns: Vec<Column>,
    pub keys: Vec<Key>,
    pub sharding: ShardingClause,
    /// DRDS's own clauses (DBPARTITION ..., BROADCAST, AUTO_INCREMENT BY ..., PLACEMENT = ...), in order: not for the servers.
    pub cut: Vec<Range<usize>>,
    /// `AUTO_INCREMENT BY ...` of the column; `None`: it says nothing, which is GROUP.
    pub sequence: Option<SequenceKind>,
    /// Table option AUTO_INCREMENT=n.
    pub auto_increment: Option<u64>,
    /// Table options, lower case; they are the default of string columns.
    pub charset: Option<String>,
    pub collation: Option<String>,
    pub engine: Option<String>,
    pub placement: Placement,
    /// A construct that sharded tables refuse (FOREIGN KEY, PARTITION BY, LIKE, AS SELECT), for the error text.
    pub refused: Option<String>,
    /// Where the query of AS SELECT begins, with neither IGNORE nor REPLACE before it.
    pub query: Option<usize>,
    /// CREATE TABLE t LIKE other.
    pub like: Option<ObjectName>,
}

/// What stands after the table options.
#[derive(Clone, Debug, PartialEq)]
pub enum ShardingClause {
    /// Nothing: the database's default.
    Default,
    Single,
    Broadcast,
    Sharded {
        db: Option<PartitionClause>,
        tb: Option<PartitionClause>,
    },
}

/// `DBPARTITION BY f(cols) [DBPARTITIONS n]`, counts not yet resolved. `HASH()` has no column: the primary key.
#[derive(Clone, Debug, PartialEq)]
pub struct PartitionClause {
    pub function: ShardFunction,
    pub columns: Vec<String>,
    pub count: Option<u32>,
}

/// ALTER TABLE: runs as text with the table's name replaced; the changes are what the catalog must follow.
#[derive(Clone, Debug, PartialEq)]
pub struct AlterTable {
    pub name: ObjectName,
    pub changes: Vec<TableChange>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum TableChange {
    AddColumn {
        column: Column,
        position: ColumnPosition,
        keys: Vec<Key>,
    },
    DropColumn(String),
    /// MODIFY and CHANGE: `old` is the name before.
    ChangeColumn {
        old: String,
        column: Column,
        position: ColumnPosition,
    },
    RenameColumn {
        old: String,
        new: String,
    },
    /// ALTER [COLUMN] c SET DEFAULT / DROP DEFAULT
    SetDefault {
        column: String,
        default: ostrakon_catalog::column::ColumnDefault,
    },
    AddKey(Key),
    DropKey(String),
    DropPrimaryKey,
    RenameKey {
        old: String,
        new: String,
    },
    /// RENAME [TO|AS] new
    Rename(ObjectName),
    /// AUTO_INCREMENT = n: raises the sequence; `span` is cut from sharded tables' text.
    AutoIncrement {
        value: u64,
        span: Range<usize>,
    },
    /// DEFAULT CHARSET / CONVERT TO: new default for string columns; `convert` changes the existing ones.
    Charset {
        charset: Option<String>,
        collation: Option<String>,
        convert: bool,
    },
    /// Changes nothing that the catalog knows: ENGINE, COMMENT, ALGORITHM, LOCK, FORCE ...
    Physical,
    /// Refused on every kind of table or on sharded tables, with the text for the error: partitioning, foreign keys, DISCARD TABLESPACE.
    Refused(String),
}

/// Where a new column stands.
#[derive(Clone, Debug, PartialEq)]
pub enum ColumnPosition {
    Last,
    First,
    After(String),
    /// CHANGE or MODIFY without FIRST or AFTER.
    Unchanged,
}
