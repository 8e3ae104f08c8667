//! Statements of administration: instances, accounts, nodes, settings, the catalog's backup and the check of the whole cluster.

use std::fmt;

use ostrakon_catalog::guard::GuardChange;

use super::ddl::ObjectName;

/// A statement that changes or examines the cluster itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Admin {
    /// `CREATE INSTANCE name HOST='h' [PORT=n] [USER='u'] [PASSWORD='p']`
    CreateInstance {
        name: String,
        host: String,
        port: u16,
        user: String,
        password: Secret,
    },
    /// `ALTER INSTANCE name {HOST=... | PORT=... | USER=... | PASSWORD=...}... | DRAIN | UNDRAIN`
    AlterInstance {
        name: String,
        change: InstanceChange,
    },
    /// `DROP INSTANCE name`
    DropInstance {
        name: String,
    },
    /// `CREATE USER [IF NOT EXISTS] name[@'%'] IDENTIFIED [WITH plugin] BY 'p'`
    CreateUser {
        account: Account,
        if_not_exists: bool,
    },
    /// `ALTER USER [IF EXISTS] name[@'%'] IDENTIFIED [WITH plugin] BY 'p'`, `SET PASSWORD FOR`
    AlterUser {
        account: Account,
        if_exists: bool,
    },
    /// `DROP USER [IF EXISTS] name[@'%'] [, ...]`
    DropUser {
        names: Vec<String>,
        if_exists: bool,
    },
    /// `ALTER CLUSTER ADD NODE n ADDRESS 'h:p'`
    AddNode {
        node: u64,
        address: String,
    },
    RemoveNode {
        node: u64,
    },
    PromoteNode {
        node: u64,
    },
    DemoteNode {
        node: u64,
    },
    /// `ALTER CLUSTER {DRAIN | UNDRAIN} NODE n`
    DrainNode {
        node: u64,
        draining: bool,
    },
    /// `ALTER CLUSTER TRANSFER LEADER TO NODE n`
    TransferLeader {
        to: u64,
    },
    /// `ALTER CLUSTER SET name = value`; the value as text, without quotes.
    SetSetting {
        name: String,
        value: String,
    },
    ResetSetting {
        name: String,
    },
    /// `ALTER DATABASE [name] [SET] option = value`; without a name the current one.
    AlterDatabase {
        name: Option<String>,
        change: GuardChange,
    },
    /// `ALTER TABLE t [SET] ALLOW_FULL_TABLE_SCAN = value`; `None`: the database's.
    GuardTable {
        table: ObjectName,
        allow_full_table_scan: Option<bool>,
    },
    BackupCatalog,
    CheckCluster,
    /// `RESOLVE TRANS 'id'`
    ResolveTransaction {
        id: String,
    },
}

/// A password in a statement. Never printed.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(pub String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<secret>")
    }
}

/// What ALTER INSTANCE changes; `None`: stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstanceChange {
    pub host: Option<String>,
    pub port: Option<u16>,
    pub user: Option<String>,
    pub password: Option<Secret>,
    pub draining: Option<bool>,
}

/// An account and how it proves itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub name: String,
    /// As written after IDENTIFIED WITH, in lower case; `None`: the default.
    pub plugin: Option<String>,
    pub password: Secret,
}
