//! CREATE, ALTER, RENAME and DROP USER, SET PASSWORD, SHOW USERS. The catalog keeps what checks a password, never the password.

use std::sync::Arc;

use ostrakon_catalog::Catalog;
use ostrakon_catalog::command::Command as CatalogCommand;
use ostrakon_catalog::privilege::{Grants, Privileges};
use ostrakon_catalog::user::{AccountName, Proof, User, UserChange, UserOptions};
use ostrakon_conf::AuthPlugin;
use ostrakon_protocol::auth::Plugin;
use ostrakon_router::access::Need;
use ostrakon_router::parse::administration::{AccountOptions, AccountSpec, Given, Identified, Whom};

use crate::account::host::HostPattern;
use crate::account::proof;
use crate::error::SqlError;
use crate::session::result::ResultSet;
use crate::session::{Failure, Session};

impl Session {
    /// All or none.
    pub(super) async fn create_users(
        &mut self,
        accounts: &[AccountSpec],
        options: AccountOptions,
        if_not_exists: bool,
    ) -> Result<u64, Failure> {
        let catalog = self.catalog();
        let (mut changes, mut known) = (Vec::new(), Vec::new());
        for spec in accounts {
            let account = self.name_of(&spec.whom);
            check_host(&account)?;
            if self.is_configured(&account.name) || catalog.user(&account).is_some() {
                known.push(account);
                continue;
            }
            let identified = spec.identified.as_ref().ok_or_else(|| no_password(&account))?;
            let proof = self.proof(&account, identified, Plugin::CachingSha2)?;
            changes.push(UserChange::Create(new_user(&account, proof, options)));
        }
        if !known.is_empty() && !if_not_exists {
            return Err(failed("CREATE USER", &known));
        }
        self.change_users(changes).await?;
        for account in known {
            self.note(3163, format!("Authorization ID {account} already exists."));
        }
        Ok(0)
    }

    pub(super) async fn alter_users(
        &mut self,
        accounts: &[AccountSpec],
        options: AccountOptions,
        if_exists: bool,
    ) -> Result<u64, Failure> {
        // Everybody may change their own password, and nothing else.
        let own_password = options == AccountOptions::default()
            && accounts.iter().all(|spec| self.name_of(&spec.whom) == self.rights.account);
        if !own_password {
            self.allow(Need::Global { any: Privileges::CREATE_USER }).await?;
        }
        let catalog = self.catalog();
        let (mut changes, mut unknown) = (Vec::new(), Vec::new());
        for spec in accounts {
            let account = self.name_of(&spec.whom);
            self.refuse_configured("ALTER USER", &account)?;
            let Some(user) = catalog.user(&account) else {
                unknown.push(account);
                continue;
            };
            self.guard_administrator(user).await?;
            let plugin = Plugin::from_name(&user.plugin).unwrap_or(Plugin::CachingSha2);
            // Without WITH the plugin stays.
            let proof = spec.identified.as_ref().map(|given| self.proof(&account, given, plugin));
            let proof = proof.transpose()?;
            changes.push(UserChange::Alter { account, options: changed(options, proof) });
        }
        if !unknown.is_empty() && !if_exists {
            return Err(failed("ALTER USER", &unknown));
        }
        self.change_users(changes).await?;
        for account in unknown {
            self.note(3162, format!("Authorization ID {account} does not exist."));
        }
        Ok(0)
    }

    pub(super) async fn set_password(
        &mut self,
        whom: &Whom,
        identified: &Identified,
    ) -> Result<u64, Failure> {
        let account = self.name_of(whom);
        self.refuse_configured("SET PASSWORD", &account)?;
        if account != self.rights.account {
            self.allow(Need::Global { any: Privileges::CREATE_USER }).await?;
        }
        let Some(user) = self.catalog().user(&account).map(Arc::clone) else {
            return Err(no_such_account());
        };
        self.guard_administrator(&user).await?;
        let plugin = Plugin::from_name(&user.plugin).unwrap_or(Plugin::CachingSha2);
        let proof = Some(self.proof(&account, identified, plugin)?);
        let options = UserOptions { proof, ..UserOptions::default() };
        self.change_users(vec![UserChange::Alter { account, options }]).await?;
        Ok(0)
    }

    pub(super) async fn rename_users(
        &mut self,
        renames: &[(AccountName, AccountName)],
    ) -> Result<u64, Failure> {
        let catalog = self.catalog();
        let mut changes = Vec::with_capacity(renames.len());
        for (from, to) in renames {
            self.refuse_configured("RENAME USER", from)?;
            self.refuse_configured("RENAME USER", to)?;
            check_host(to)?;
            if let Some(user) = catalog.user(from) {
                self.guard_administrator(user).await?;
            }
            changes.push(UserChange::Rename { from: from.clone(), to: to.clone() });
        }
        self.change_users(changes).await?;
        Ok(0)
    }

    /// All or, when one cannot be dropped, none.
    pub(super) async fn drop_users(&mut self, accounts: &[Whom], if_exists: bool) -> Result<u64, Failure> {
        let catalog = self.catalog();
        let (mut changes, mut unknown) = (Vec::new(), Vec::new());
        for whom in accounts {
            let account = self.name_of(whom);
            self.refuse_configured("DROP USER", &account)?;
            match catalog.user(&account) {
                Some(user) => {
                    self.guard_administrator(user).await?;
                    changes.push(UserChange::Drop(account));
                }
                None => unknown.push(account),
            }
        }
        if !unknown.is_empty() && !if_exists {
            return Err(failed("DROP USER", &unknown));
        }
        self.change_users(changes).await?;
        for account in unknown {
            self.note(3162, format!("Authorization ID {account} does not exist."));
        }
        Ok(0)
    }

    /// SHOW USERS: those of the configuration file, which are this node's, then the catalog's, which are all nodes'.
    pub(in crate::session) fn users(&self, catalog: &Catalog) -> ResultSet {
        let mut set = ResultSet::text(&["NAME", "HOST", "PLUGIN", "SOURCE"]);
        for user in &self.worker.node.config.users {
            let plugin = match user.plugin {
                AuthPlugin::Native => Plugin::Native,
                AuthPlugin::CachingSha2 => Plugin::CachingSha2,
            };
            set.push([user.name.as_str().into(), "%".into(), plugin.name().into(), "config".into()]);
        }
        for user in catalog.users.values().filter(|user| !self.is_configured(&user.name)) {
            let cells = [&user.name, &user.host, &user.plugin].map(|text| text.as_str().into());
            let [name, host, plugin] = cells;
            set.push([name, host, plugin, "catalog".into()]);
        }
        set
    }

    pub(super) async fn change_users(&mut self, changes: Vec<UserChange>) -> Result<(), Failure> {
        if !changes.is_empty() {
            self.propose(CatalogCommand::ChangeUsers { changes }).await?;
        }
        Ok(())
    }

    pub(super) fn name_of(&self, whom: &Whom) -> AccountName {
        match whom {
            Whom::Named(account) => account.clone(),
            Whom::Current => self.rights.account.clone(),
        }
    }

    pub(super) fn refuse_configured(&self, operation: &str, account: &AccountName) -> Result<(), Failure> {
        if !self.is_configured(&account.name) {
            return Ok(());
        }
        Err(SqlError::new(
            1396,
            "HY000",
            format!(
                "Operation {operation} failed for {account}: the account is in this node's configuration file; change it there and restart"
            ),
        )
        .into())
    }

    /// An account that looks after the cluster is changed by its like alone: who may make accounts could become it otherwise.
    pub(super) async fn guard_administrator(&mut self, user: &User) -> Result<(), Failure> {
        let is_own = user.name == self.rights.account.name && user.host == self.rights.account.host;
        match !is_own && user.granted().global.has(Privileges::SUPER) {
            true => self.allow(Need::administration()).await,
            false => Ok(()),
        }
    }

    /// What checks the account's password.
    ///
    /// Errors: 1524 for a plugin that is not there, 1827 for a hash that is not its, 1819 for an empty password.
    pub(super) fn proof(
        &self,
        account: &AccountName,
        identified: &Identified,
        default: Plugin,
    ) -> Result<Proof, Failure> {
        let is_native = matches!(&identified.given, Given::Hash(hash) if hash.0.starts_with('*'));
        let plugin = match identified.plugin.as_deref() {
            Some(name) => Plugin::from_name(name).ok_or_else(|| {
                SqlError::new(
                    1524,
                    "HY000",
                    format!(
                        "Plugin '{name}' is not loaded: use caching_sha2_password or mysql_native_password"
                    ),
                )
            })?,
            // IDENTIFIED BY PASSWORD '*...' names no plugin.
            None if is_native => Plugin::Native,
            None => default,
        };
        match &identified.given {
            Given::Password(password) if password.0.is_empty() => Err(no_password(account).into()),
            Given::Password(password) => Ok(proof::of_password(plugin, password.0.as_bytes())),
            Given::Hash(hash) => proof::of_hash(plugin, &hash.0).ok_or_else(|| {
                SqlError::new(
                    1827,
                    "HY000",
                    format!(
                        "The password hash doesn't have the expected format: {} takes {}",
                        plugin.name(),
                        match plugin {
                            Plugin::Native => "'*' and 40 hexadecimal digits",
                            Plugin::CachingSha2 => "'$A$005$', 20 characters of salt and 43 of hash",
                        }
                    ),
                )
                .into()
            }),
        }
    }
}

pub(super) fn new_user(account: &AccountName, proof: Proof, options: AccountOptions) -> User {
    User {
        name: account.name.clone(),
        host: account.host.clone(),
        plugin: proof.plugin,
        authentication: proof.authentication,
        grants: Some(Grants::default()),
        locked: options.locked.unwrap_or(false),
        requires_tls: options.requires_tls.unwrap_or(false),
        max_connections: options.max_connections.unwrap_or(0),
    }
}

pub(super) fn changed(options: AccountOptions, proof: Option<Proof>) -> UserOptions {
    let AccountOptions { locked, requires_tls, max_connections } = options;
    UserOptions { proof, locked, requires_tls, max_connections }
}

/// Errors: 1235 for a host that no client would ever match.
pub(super) fn check_host(account: &AccountName) -> Result<(), SqlError> {
    match HostPattern::parse(&account.host) {
        Some(_) => Ok(()),
        None => Err(SqlError::not_supported(format!(
            "host '{}' of an account: a node looks no names up. Use an address, a network as 10.0.0.0/8, a pattern of an address as '10.%', or localhost",
            account.host
        ))),
    }
}

/// An account without a password would let anybody in.
pub(super) fn no_password(account: &AccountName) -> SqlError {
    SqlError::new(
        1819,
        "HY000",
        format!(
            "Your password does not satisfy the current policy requirements: {account} needs one that is not empty"
        ),
    )
}

/// ER_PASSWORD_NO_MATCH.
pub(super) fn no_such_account() -> Failure {
    SqlError::new(1133, "42000", "Can't find any matching row in the user table").into()
}

/// ER_CANNOT_USER 1396.
pub(super) fn failed(operation: &str, accounts: &[AccountName]) -> Failure {
    let accounts: Vec<String> = accounts.iter().map(ToString::to_string).collect();
    SqlError::new(1396, "HY000", format!("Operation {operation} failed for {}", accounts.join(","))).into()
}
