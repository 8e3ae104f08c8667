//! GRANT and REVOKE, SHOW GRANTS, SHOW CREATE USER.

use std::sync::Arc;

use ostrakon_catalog::privilege::{Privileges, Scope};
use ostrakon_catalog::user::{AccountName, User, UserChange};
use ostrakon_protocol::auth::Plugin;
use ostrakon_router::RouterError;
use ostrakon_router::access::Need;
use ostrakon_router::parse::administration::{AccountOptions, AccountSpec, GrantLevel, Granted, Whom};
use ostrakon_router::privilege::names;
use ostrakon_router::sharding::topology::quote;

use super::user::{changed, check_host, new_user, no_such_account};
use crate::account::rights::Missing;
use crate::error::SqlError;
use crate::session::authorize::no_database_access;
use crate::session::result::{ResultSet, quote_string};
use crate::session::{Failure, Session, Warning};

impl Session {
    pub(super) async fn grant(
        &mut self,
        granted: &Granted,
        level: &GrantLevel,
        accounts: &[AccountSpec],
        options: AccountOptions,
    ) -> Result<u64, Failure> {
        let scope = self.scope(level)?;
        let privileges = privileges(granted, &scope)?;
        self.may_give(&scope, privileges).await?;
        let changes_accounts =
            options != AccountOptions::default() || accounts.iter().any(|spec| spec.identified.is_some());
        if changes_accounts {
            self.allow(Need::Global { any: Privileges::CREATE_USER }).await?;
        }
        if let Scope::Table(database, table) = &scope {
            self.check_granted_table(database, table, privileges)?;
        }
        let catalog = self.catalog();
        let mut changes = Vec::new();
        for spec in accounts {
            let account = self.name_of(&spec.whom);
            self.refuse_configured("GRANT", &account)?;
            match (catalog.user(&account), &spec.identified) {
                (Some(user), identified) => {
                    if changes_accounts {
                        self.guard_administrator(user).await?;
                        let plugin = Plugin::from_name(&user.plugin).unwrap_or(Plugin::CachingSha2);
                        let proof = identified.as_ref().map(|given| self.proof(&account, given, plugin));
                        let options = changed(options, proof.transpose()?);
                        changes.push(UserChange::Alter { account: account.clone(), options });
                    }
                }
                // As MariaDB, and MySQL before 8.0.
                (None, Some(identified)) => {
                    check_host(&account)?;
                    let proof = self.proof(&account, identified, Plugin::CachingSha2)?;
                    changes.push(UserChange::Create(new_user(&account, proof, options)));
                }
                (None, None) if self.mode.server.mariadb => return Err(no_such_account()),
                (None, None) => {
                    return Err(SqlError::new(
                        1410,
                        "42000",
                        "You are not allowed to create a user with GRANT",
                    )
                    .into());
                }
            }
            changes.push(UserChange::Grant { account, scope: scope.clone(), privileges });
        }
        self.change_users(changes).await?;
        self.warn_without_meaning(granted);
        Ok(0)
    }

    pub(super) async fn revoke(
        &mut self,
        granted: &Granted,
        level: &GrantLevel,
        accounts: &[Whom],
        if_exists: bool,
        ignores_unknown: bool,
    ) -> Result<u64, Failure> {
        let scope = self.scope(level)?;
        let privileges = privileges(granted, &scope)?;
        self.may_give(&scope, privileges).await?;
        let catalog = self.catalog();
        let mut changes = Vec::new();
        for whom in accounts {
            let account = self.name_of(whom);
            self.refuse_configured("REVOKE", &account)?;
            let Some(user) = catalog.user(&account) else {
                self.unknown_account(account, ignores_unknown)?;
                continue;
            };
            if user.granted().at(&scope).is_none() && if_exists {
                self.note(1141, format!("There is no such grant defined for account {account}"));
                continue;
            }
            changes.push(UserChange::Revoke { account, scope: scope.clone(), privileges });
        }
        self.change_users(changes).await?;
        self.warn_without_meaning(granted);
        Ok(0)
    }

    /// REVOKE ALL PRIVILEGES, GRANT OPTION.
    pub(super) async fn revoke_all(
        &mut self,
        accounts: &[Whom],
        ignores_unknown: bool,
    ) -> Result<u64, Failure> {
        let catalog = self.catalog();
        let mut changes = Vec::new();
        for whom in accounts {
            let account = self.name_of(whom);
            self.refuse_configured("REVOKE", &account)?;
            match catalog.user(&account) {
                Some(user) => {
                    self.guard_administrator(user).await?;
                    changes.push(UserChange::RevokeAll(account));
                }
                None => self.unknown_account(account, ignores_unknown)?,
            }
        }
        self.change_users(changes).await?;
        Ok(0)
    }

    /// Errors: 1133, unless those are left out.
    fn unknown_account(&mut self, account: AccountName, ignores_unknown: bool) -> Result<(), Failure> {
        if !ignores_unknown {
            return Err(no_such_account());
        }
        self.note(3162, format!("Authorization ID {account} does not exist."));
        Ok(())
    }

    fn scope(&self, level: &GrantLevel) -> Result<Scope, Failure> {
        let current = || self.current_database().map(str::to_owned);
        Ok(match level {
            GrantLevel::Everything => Scope::Global,
            // The name as it is, whatever it has of a pattern.
            GrantLevel::CurrentDatabase => Scope::Database(escaped(&current()?)),
            GrantLevel::Database(pattern) => Scope::Database(pattern.clone()),
            GrantLevel::Table { database: Some(database), table } => {
                Scope::Table(database.clone(), table.clone())
            }
            GrantLevel::Table { database: None, table } => Scope::Table(current()?, table.clone()),
        })
    }

    /// Who gives privileges has them, and GRANT OPTION, at that place or above.
    ///
    /// Errors: 1045 on everything, 1044 on a database, 1142 on a table, as servers say it.
    async fn may_give(&mut self, scope: &Scope, privileges: Privileges) -> Result<(), Failure> {
        if self.may_do_everything() {
            return Ok(());
        }
        let needed = privileges | Privileges::GRANT_OPTION;
        let grants = self.rights.grants();
        let has = match scope {
            Scope::Global => grants.global,
            // Of a pattern only who has the same one, or everything, is sure to have all that it matches.
            Scope::Database(pattern) => {
                grants.global | grants.at(scope).unwrap_or_default() | {
                    let name = unescaped(pattern);
                    name.map(|name| grants.in_database(&name)).unwrap_or_default()
                }
            }
            Scope::Table(database, table) => grants.on_table(database, table),
        };
        let lacks = needed.without(has);
        if lacks.is_empty() {
            return Ok(());
        }
        let account = &self.rights.account;
        Err(match scope {
            Scope::Global => SqlError::new(
                1045,
                "28000",
                format!(
                    "Access denied for user '{}'@'{}': who grants on *.* needs the same privileges and GRANT OPTION there",
                    account.name,
                    self.client.peer.ip()
                ),
            ),
            Scope::Database(pattern) => no_database_access(account, pattern),
            Scope::Table(database, table) => {
                let (database, table) = (database.clone(), table.clone());
                self.denial(Missing::OnTable { database, table, privilege: lacks })
            }
        }
        .into())
    }

    /// A table that is not there can be granted by who may create it.
    ///
    /// Errors: 1146.
    fn check_granted_table(
        &self,
        database: &str,
        table: &str,
        privileges: Privileges,
    ) -> Result<(), Failure> {
        let catalog = self.catalog();
        let is_there = catalog.table(database, table).is_some()
            || catalog.view(database, table).is_some()
            || catalog.sequence(database, table).is_some();
        match is_there || privileges.has(Privileges::CREATE) {
            true => Ok(()),
            false => Err(RouterError::no_such_table(database, table).into()),
        }
    }

    fn warn_without_meaning(&mut self, granted: &Granted) {
        for name in &granted.without_meaning {
            let message = format!("Privilege {name} means nothing here, and is not kept");
            self.warnings.push(Warning { level: "Warning".into(), code: 3929, message });
        }
    }

    /// The account that SHOW is about; others than one's own are shown to who makes accounts.
    async fn shown_account(&mut self, whom: &Whom) -> Result<Shown, Failure> {
        let account = self.name_of(whom);
        let may_see = self.may_do_everything()
            || account == self.rights.account
            || self.rights.has_any(Privileges::CREATE_USER | Privileges::SUPER);
        if !may_see {
            return Err(no_database_access(&self.rights.account, "mysql").into());
        }
        if self.is_configured(&account.name) {
            return Ok(Shown::Configured(account));
        }
        match self.newest_catalog().await.user(&account) {
            Some(user) => Ok(Shown::Catalogs(Arc::clone(user))),
            None => {
                let AccountName { name, host } = &account;
                let message = format!("There is no such grant defined for user '{name}' on host '{host}'");
                Err(SqlError::new(1141, "42000", message).into())
            }
        }
    }

    /// SHOW GRANTS.
    pub(in crate::session) async fn show_grants(&mut self, whom: &Whom) -> Result<ResultSet, Failure> {
        let (account, grants) = match self.shown_account(whom).await? {
            Shown::Configured(account) => (account, ostrakon_catalog::privilege::Grants::everything()),
            Shown::Catalogs(user) => (name_of(&user), user.granted()),
        };
        let title = format!("Grants for {}@{}", account.name, account.host);
        let mut set = ResultSet::text(&[title.as_str()]);
        let to = format!("{}@{}", quote(&account.name), quote(&account.host));
        let mut push = |scope: Scope, privileges: Privileges| {
            set.push([grant_text(&scope, privileges, &to).into()]);
        };
        push(Scope::Global, grants.global);
        for (pattern, privileges) in grants.databases {
            push(Scope::Database(pattern), privileges);
        }
        for (database, tables) in grants.tables {
            for (table, privileges) in tables {
                push(Scope::Table(database.clone(), table), privileges);
            }
        }
        Ok(set)
    }

    /// SHOW CREATE USER.
    pub(in crate::session) async fn show_create_user(&mut self, whom: &Whom) -> Result<ResultSet, Failure> {
        let user = match self.shown_account(whom).await? {
            Shown::Catalogs(user) => user,
            Shown::Configured(account) => {
                return Err(SqlError::not_supported(format!(
                    "SHOW CREATE USER of {account}, which is in this node's configuration file"
                ))
                .into());
            }
        };
        let title = format!("CREATE USER for {}@{}", user.name, user.host);
        let mut set = ResultSet::text(&[title.as_str()]);
        let mut text = format!(
            "CREATE USER {}@{} IDENTIFIED WITH {} AS {}",
            quote(&user.name),
            quote(&user.host),
            quote_string(&user.plugin),
            quote_string(&user.authentication)
        );
        text.push_str(if user.requires_tls { " REQUIRE SSL" } else { " REQUIRE NONE" });
        if user.max_connections > 0 {
            text.push_str(&format!(" WITH MAX_USER_CONNECTIONS {}", user.max_connections));
        }
        text.push_str(if user.locked { " ACCOUNT LOCK" } else { " ACCOUNT UNLOCK" });
        set.push([text.into()]);
        Ok(set)
    }
}

/// Whom SHOW GRANTS is about.
enum Shown {
    Configured(AccountName),
    Catalogs(Arc<User>),
}

fn name_of(user: &User) -> AccountName {
    AccountName { name: user.name.clone(), host: user.host.clone() }
}

/// What a list of privileges means at a place.
///
/// Errors: 1221 and 1144 for what cannot be given there.
fn privileges(granted: &Granted, scope: &Scope) -> Result<Privileges, SqlError> {
    let allowed = scope.all() | Privileges::GRANT_OPTION;
    if !granted.set.without(allowed).is_empty() {
        return Err(match scope {
            Scope::Table(..) => SqlError::new(
                1144,
                "42000",
                "Illegal GRANT/REVOKE command; please consult the manual to see which privileges can be used",
            ),
            Scope::Global | Scope::Database(_) => {
                SqlError::new(1221, "HY000", "Incorrect usage of DB GRANT and GLOBAL PRIVILEGES")
            }
        });
    }
    Ok(if granted.all { granted.set | scope.all() } else { granted.set })
}

/// The statement that grants it.
fn grant_text(scope: &Scope, privileges: Privileges, to: &str) -> String {
    let given = privileges.without(Privileges::GRANT_OPTION);
    let list = match () {
        () if given.is_empty() => "USAGE".to_owned(),
        () if given.has(scope.all()) => "ALL PRIVILEGES".to_owned(),
        () => names(given).join(", "),
    };
    let place = match scope {
        Scope::Global => "*.*".to_owned(),
        Scope::Database(pattern) => format!("{}.*", quote(pattern)),
        Scope::Table(database, table) => format!("{}.{}", quote(database), quote(table)),
    };
    let option = if privileges.has(Privileges::GRANT_OPTION) { " WITH GRANT OPTION" } else { "" };
    format!("GRANT {list} ON {place} TO {to}{option}")
}

/// The pattern that matches this name alone.
fn escaped(name: &str) -> String {
    let mut pattern = String::with_capacity(name.len());
    for character in name.chars() {
        if matches!(character, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}

/// The only name that a pattern matches; `None`: it matches several.
fn unescaped(pattern: &str) -> Option<String> {
    let mut name = String::with_capacity(pattern.len());
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '%' | '_' => return None,
            '\\' => name.extend(characters.next()),
            other => name.push(other),
        }
    }
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_are_printed_as_they_are_granted() {
        let table = Scope::Table("d`b".into(), "t".into());
        for (scope, privileges, expected) in [
            (Scope::Global, Privileges::NONE, "GRANT USAGE ON *.* TO u"),
            (Scope::Global, Privileges::ALL, "GRANT ALL PRIVILEGES ON *.* TO u"),
            (
                Scope::Database(r"a\_b".into()),
                Privileges::SELECT | Privileges::LOCK_TABLES,
                r"GRANT SELECT, LOCK TABLES ON `a\_b`.* TO u",
            ),
            (
                table,
                Privileges::ALL_OF_TABLE | Privileges::GRANT_OPTION,
                "GRANT ALL PRIVILEGES ON `d``b`.`t` TO u WITH GRANT OPTION",
            ),
            (
                Scope::Database("d".into()),
                Privileges::GRANT_OPTION,
                "GRANT USAGE ON `d`.* TO u WITH GRANT OPTION",
            ),
        ] {
            assert_eq!(grant_text(&scope, privileges, "u"), expected);
        }
    }

    #[test]
    fn a_name_is_a_pattern_of_itself() {
        for name in ["shop", "a_b", r"100%\", ""] {
            let pattern = escaped(name);
            assert!(ostrakon_catalog::privilege::matches(&pattern, name));
            assert_eq!(unescaped(&pattern).as_deref(), Some(name));
        }
        assert_eq!(unescaped("a_b"), None);
    }

    #[test]
    fn what_a_place_cannot_have_is_an_error() {
        let of = |set, scope: &Scope| {
            let granted = Granted { set, ..Granted::default() };
            privileges(&granted, scope).map_err(|e| e.errno)
        };
        let (database, table) = (Scope::Database("d".into()), Scope::Table("d".into(), "t".into()));
        assert_eq!(of(Privileges::SUPER, &database), Err(1221));
        assert_eq!(of(Privileges::EXECUTE, &table), Err(1144));
        assert_eq!(of(Privileges::EXECUTE, &database), Ok(Privileges::EXECUTE));
        let all = Granted { all: true, ..Granted::default() };
        assert_eq!(privileges(&all, &table).ok(), Some(Privileges::ALL_OF_TABLE));
    }
}
