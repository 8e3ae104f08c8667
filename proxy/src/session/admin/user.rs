//! CREATE, ALTER and DROP USER, SHOW USERS. The catalog keeps what checks a password, never the password.

use ostrakon_catalog::Catalog;
use ostrakon_catalog::command::Command as CatalogCommand;
use ostrakon_catalog::user::User;
use ostrakon_conf::AuthPlugin;
use ostrakon_protocol::auth::Plugin;
use ostrakon_router::parse::administration::Account;

use crate::error::SqlError;
use crate::session::login;
use crate::session::result::ResultSet;
use crate::session::{Failure, Session};

impl Session {
    pub(super) async fn create_user(
        &mut self,
        account: &Account,
        if_not_exists: bool,
    ) -> Result<u64, Failure> {
        let exists = self.is_configured(&account.name) || self.catalog().users.contains_key(&account.name);
        if exists && if_not_exists {
            self.note(3163, format!("Authorization ID '{}'@'%' already exists.", account.name));
            return Ok(0);
        }
        if exists {
            return Err(failed("CREATE USER", &account.name));
        }
        self.propose(CatalogCommand::PutUser { user: user(account)?, replace: false }).await?;
        Ok(0)
    }

    pub(super) async fn alter_user(&mut self, account: &Account, if_exists: bool) -> Result<u64, Failure> {
        self.refuse_configured("ALTER USER", &account.name)?;
        let catalog = self.catalog();
        let Some(known) = catalog.users.get(&account.name) else {
            if if_exists {
                self.note(3162, format!("Authorization ID '{}'@'%' does not exist.", account.name));
                return Ok(0);
            }
            return Err(failed("ALTER USER", &account.name));
        };
        // Without WITH the plugin stays.
        let plugin = account.plugin.clone().or_else(|| Some(known.plugin.clone()));
        let user = user(&Account { plugin, ..account.clone() })?;
        self.propose(CatalogCommand::PutUser { user, replace: true }).await?;
        Ok(0)
    }

    /// All or, when one cannot be dropped, none.
    pub(super) async fn drop_users(&mut self, names: &[String], if_exists: bool) -> Result<u64, Failure> {
        let catalog = self.catalog();
        let mut unknown = Vec::new();
        for name in names {
            self.refuse_configured("DROP USER", name)?;
            if !catalog.users.contains_key(name) {
                unknown.push(name.as_str());
            }
        }
        if !unknown.is_empty() && !if_exists {
            return Err(failed("DROP USER", &unknown.join("'@'%','")));
        }
        for name in unknown {
            self.note(3162, format!("Authorization ID '{name}'@'%' does not exist."));
        }
        for name in names.iter().filter(|name| catalog.users.contains_key(*name)) {
            self.propose(CatalogCommand::DropUser { name: name.clone() }).await?;
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
            set.push([user.name.as_str().into(), "%".into(), user.plugin.as_str().into(), "catalog".into()]);
        }
        set
    }

    fn is_configured(&self, name: &str) -> bool {
        self.worker.node.config.users.iter().any(|user| user.name == name)
    }

    fn refuse_configured(&self, operation: &str, name: &str) -> Result<(), Failure> {
        if !self.is_configured(name) {
            return Ok(());
        }
        Err(SqlError::new(
            1396,
            "HY000",
            format!(
                "Operation {operation} failed for '{name}'@'%': the account is in this node's configuration file; change it there and restart"
            ),
        )
        .into())
    }
}

/// ER_CANNOT_USER 1396.
fn failed(operation: &str, name: &str) -> Failure {
    SqlError::new(1396, "HY000", format!("Operation {operation} failed for '{name}'@'%'")).into()
}

/// The account as the catalog keeps it.
fn user(account: &Account) -> Result<User, Failure> {
    let name = account.plugin.as_deref().unwrap_or(Plugin::CachingSha2.name());
    let plugin = Plugin::from_name(name).ok_or_else(|| {
        SqlError::new(
            1524,
            "HY000",
            format!("Plugin '{name}' is not loaded: use caching_sha2_password or mysql_native_password"),
        )
    })?;
    if account.password.0.is_empty() {
        // It would let anybody in from anywhere.
        return Err(SqlError::new(
            1819,
            "HY000",
            format!("Your password does not satisfy the current policy requirements: '{}' needs one that is not empty", account.name),
        )
        .into());
    }
    Ok(User {
        name: account.name.clone(),
        plugin: plugin.name().to_owned(),
        authentication: login::authentication(plugin, account.password.0.as_bytes()),
    })
}
