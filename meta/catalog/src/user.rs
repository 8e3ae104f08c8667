//! Accounts of clients that were made by SQL; those of the configuration file are not here.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An account. Its password is never here: only what checks it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    pub name: String,
    /// `mysql_native_password` or `caching_sha2_password`.
    pub plugin: String,
    /// The plugin's own hash, as `mysql.user.authentication_string` holds it; empty: no password.
    pub authentication: String,
}

/// By hand: a native hash is as good as the password to whoever forwards it.
impl fmt::Debug for User {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("User").field("name", &self.name).field("plugin", &self.plugin).finish_non_exhaustive()
    }
}
