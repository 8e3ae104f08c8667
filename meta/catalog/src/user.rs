//! Accounts of clients that were made by SQL; those of the configuration file are not here.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::privilege::{Grants, Privileges, Scope};

/// An account. Its password is never here: only what checks it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub name: String,
    /// `mysql_native_password` or `caching_sha2_password`.
    pub plugin: String,
    /// The plugin's own hash, as `mysql.user.authentication_string` holds it; empty: no password.
    pub authentication: String,
    /// From where it may log in: a pattern of addresses.
    #[serde(default = "anywhere", skip_serializing_if = "is_anywhere")]
    pub host: String,
    /// `None`: the account was made before there were privileges, and has them all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grants: Option<Grants>,
    /// Nobody logs in by it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub locked: bool,
    /// REQUIRE SSL.
    #[serde(default, skip_serializing_if = "is_false")]
    pub requires_tls: bool,
    /// On each node; 0: as many as the node takes.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub max_connections: u32,
}

/// The host of an account that may log in from everywhere.
pub const ANYWHERE: &str = "%";

fn anywhere() -> String {
    ANYWHERE.to_owned()
}

fn is_anywhere(host: &str) -> bool {
    host == ANYWHERE
}

fn is_false(flag: &bool) -> bool {
    !flag
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// What an account is filed under. One for all hosts has its name alone, as before there were hosts.
pub fn key(name: &str, host: &str) -> String {
    match host {
        ANYWHERE => name.to_owned(),
        host => format!("{name}\0{host}"),
    }
}

impl User {
    pub fn key(&self) -> String {
        key(&self.name, &self.host)
    }

    /// What it may do.
    pub fn granted(&self) -> Grants {
        self.grants.clone().unwrap_or_else(Grants::everything)
    }
}

/// By hand: a native hash is as good as the password to whoever forwards it.
impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User")
            .field("name", &self.name)
            .field("host", &self.host)
            .field("plugin", &self.plugin)
            .field("grants", &self.grants)
            .finish_non_exhaustive()
    }
}

/// Name and host of an account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AccountName {
    pub name: String,
    pub host: String,
}

impl AccountName {
    pub fn key(&self) -> String {
        key(&self.name, &self.host)
    }
}

/// As messages say it.
impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'@'{}'", self.name, self.host)
    }
}

/// How an account proves itself. Never printed.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    pub plugin: String,
    pub authentication: String,
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Proof").field("plugin", &self.plugin).finish_non_exhaustive()
    }
}

/// What ALTER USER changes; `None`: stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct UserOptions {
    pub proof: Option<Proof>,
    pub locked: Option<bool>,
    pub requires_tls: Option<bool>,
    pub max_connections: Option<u32>,
}

impl UserOptions {
    pub fn put_into(&self, user: &mut User) {
        if let Some(proof) = &self.proof {
            (user.plugin, user.authentication) = (proof.plugin.clone(), proof.authentication.clone());
        }
        user.locked = self.locked.unwrap_or(user.locked);
        user.requires_tls = self.requires_tls.unwrap_or(user.requires_tls);
        user.max_connections = self.max_connections.unwrap_or(user.max_connections);
    }
}

/// One step of a statement about accounts. Old logs hold them: a variant is never removed or given another meaning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UserChange {
    Create(User),
    Alter {
        account: AccountName,
        options: UserOptions,
    },
    Drop(AccountName),
    Rename {
        from: AccountName,
        to: AccountName,
    },
    Grant {
        account: AccountName,
        scope: Scope,
        privileges: Privileges,
    },
    Revoke {
        account: AccountName,
        scope: Scope,
        privileges: Privileges,
    },
    /// Everything everywhere.
    RevokeAll(AccountName),
}
