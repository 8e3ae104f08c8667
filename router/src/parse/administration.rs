//! Statements of administration: instances, accounts, nodes, settings, the catalog's backup and the check of the whole cluster.

use std::fmt;

use ostrakon_catalog::guard::GuardChange;
use ostrakon_catalog::privilege::Privileges;
use ostrakon_catalog::schema::InstanceTls;
use ostrakon_catalog::user::AccountName;

use super::ddl::ObjectName;

/// A statement that changes or examines the cluster itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Admin {
    /// `CREATE INSTANCE name HOST='h' [PORT=n] [USER='u'] [PASSWORD='p'] [TLS={DISABLED | REQUIRED | VERIFY_CA | VERIFY_IDENTITY}]`
    CreateInstance {
        name: String,
        host: String,
        port: u16,
        user: String,
        password: Secret,
        /// `None`: as its host needs it.
        tls: Option<InstanceTls>,
    },
    /// `ALTER INSTANCE name {HOST=... | PORT=... | USER=... | PASSWORD=... | TLS=...}... | DRAIN | UNDRAIN`
    AlterInstance {
        name: String,
        change: InstanceChange,
    },
    /// `DROP INSTANCE name`
    DropInstance {
        name: String,
    },
    /// `CREATE USER [IF NOT EXISTS] account IDENTIFIED ... [, ...] [options]`
    CreateUser {
        accounts: Vec<AccountSpec>,
        options: AccountOptions,
        if_not_exists: bool,
    },
    /// `ALTER USER [IF EXISTS] account [IDENTIFIED ...] [, ...] [options]`
    AlterUser {
        accounts: Vec<AccountSpec>,
        options: AccountOptions,
        if_exists: bool,
    },
    /// `SET PASSWORD [FOR account] = ...`
    SetPassword {
        account: Whom,
        identified: Identified,
    },
    /// `RENAME USER a TO b [, ...]`
    RenameUser {
        renames: Vec<(AccountName, AccountName)>,
    },
    /// `DROP USER [IF EXISTS] account [, ...]`
    DropUser {
        accounts: Vec<Whom>,
        if_exists: bool,
    },
    /// `GRANT ... ON ... TO account [IDENTIFIED ...] [, ...] [options]`
    Grant {
        granted: Granted,
        level: GrantLevel,
        accounts: Vec<AccountSpec>,
        options: AccountOptions,
    },
    /// `REVOKE [IF EXISTS] ... ON ... FROM account [, ...] [IGNORE UNKNOWN USER]`
    Revoke {
        granted: Granted,
        level: GrantLevel,
        accounts: Vec<Whom>,
        if_exists: bool,
        ignores_unknown: bool,
    },
    /// `REVOKE ALL PRIVILEGES, GRANT OPTION FROM account [, ...]`
    RevokeAll {
        accounts: Vec<Whom>,
        ignores_unknown: bool,
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
    pub tls: Option<InstanceTls>,
}

/// Whose account it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whom {
    Named(AccountName),
    /// `CURRENT_USER`
    Current,
}

/// An account and how it proves itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSpec {
    pub whom: Whom,
    pub identified: Option<Identified>,
}

/// What follows IDENTIFIED.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identified {
    /// As written after WITH or VIA, in lower case; `None`: the default.
    pub plugin: Option<String>,
    pub given: Given,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    Password(Secret),
    /// As a server keeps it.
    Hash(Secret),
}

/// What else is said of accounts; `None`: nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountOptions {
    pub locked: Option<bool>,
    pub requires_tls: Option<bool>,
    pub max_connections: Option<u32>,
}

/// The list of privileges of a GRANT or REVOKE.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Granted {
    /// ALL PRIVILEGES: all that can be given there.
    pub all: bool,
    pub set: Privileges,
    /// Names that servers know, and that nothing here asks for.
    pub without_meaning: Vec<String>,
}

/// Where privileges are given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GrantLevel {
    Everything,
    CurrentDatabase,
    /// A pattern.
    Database(String),
    Table {
        database: Option<String>,
        table: String,
    },
}
