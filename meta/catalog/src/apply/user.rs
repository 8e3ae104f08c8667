//! Accounts: made, changed, renamed, dropped, and what they may do. Plans know nothing of them, so `version` stays.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Change;
use crate::outcome::{Outcome, Rejection};
use crate::privilege::{Grants, Privileges, Scope};
use crate::state::Catalog;
use crate::user::{AccountName, User, UserChange};

type Users = BTreeMap<String, Arc<User>>;

impl Catalog {
    /// Of programs before there were hosts and privileges.
    pub(super) fn put_user(&mut self, user: &User, replace: bool) -> Result<(Change, Outcome), Rejection> {
        let refused = |operation: &str| {
            Err(Rejection::UserExists { operation: operation.to_owned(), name: user.name.clone() })
        };
        match (self.users.contains_key(&user.key()), replace) {
            (true, false) => return refused("CREATE USER"),
            (false, true) => return refused("ALTER USER"),
            _ => {}
        }
        self.users.insert(user.key(), Arc::new(user.clone()));
        self.accounts += 1;
        Ok((Change::Position, Outcome::Done))
    }

    /// Of the same programs.
    pub(super) fn drop_user(&mut self, name: &str) -> Result<(Change, Outcome), Rejection> {
        match self.users.remove(name) {
            Some(_) => {
                self.accounts += 1;
                Ok((Change::Position, Outcome::Done))
            }
            None => Err(Rejection::UserExists { operation: "DROP USER".to_owned(), name: name.to_owned() }),
        }
    }

    /// All of them or none.
    pub(super) fn change_users(&mut self, changes: &[UserChange]) -> Result<(Change, Outcome), Rejection> {
        let mut users = self.users.clone();
        for change in changes {
            change_one(&mut users, change)?;
        }
        if users == self.users {
            return Ok((Change::Nothing, Outcome::Done));
        }
        self.users = users;
        self.accounts += 1;
        Ok((Change::Position, Outcome::Done))
    }
}

fn change_one(users: &mut Users, change: &UserChange) -> Result<(), Rejection> {
    match change {
        UserChange::Create(user) => {
            let name = AccountName { name: user.name.clone(), host: user.host.clone() };
            check_name(&name)?;
            match users.insert(user.key(), Arc::new(user.clone())) {
                None => Ok(()),
                Some(_) => Err(failed("CREATE USER", &name)),
            }
        }
        UserChange::Alter { account, options } => {
            options.put_into(find(users, account, "ALTER USER")?);
            Ok(())
        }
        UserChange::Drop(account) => match users.remove(&account.key()) {
            Some(_) => Ok(()),
            None => Err(failed("DROP USER", account)),
        },
        UserChange::Rename { from, to } => {
            check_name(to)?;
            if users.contains_key(&to.key()) {
                return Err(failed("RENAME USER", from));
            }
            let user = users.remove(&from.key()).ok_or_else(|| failed("RENAME USER", from))?;
            let renamed = User { name: to.name.clone(), host: to.host.clone(), ..(*user).clone() };
            users.insert(to.key(), Arc::new(renamed));
            Ok(())
        }
        UserChange::Grant { account, scope, privileges } => {
            let user = find(users, account, "GRANT")?;
            let mut grants = user.granted();
            let before = grants.at(scope).unwrap_or_default();
            let given = privileges.only(scope.all() | Privileges::GRANT_OPTION);
            grants.set(scope, before | given);
            user.grants = Some(grants);
            Ok(())
        }
        UserChange::Revoke { account, scope, privileges } => {
            let user = find(users, account, "REVOKE")?;
            let mut grants = user.granted();
            let Some(before) = grants.at(scope) else { return Err(no_such_grant(account, scope)) };
            grants.set(scope, before.without(*privileges));
            user.grants = Some(grants);
            Ok(())
        }
        UserChange::RevokeAll(account) => {
            find(users, account, "REVOKE")?.grants = Some(Grants::default());
            Ok(())
        }
    }
}

/// A name that cannot be mistaken for another one's key.
fn check_name(account: &AccountName) -> Result<(), Rejection> {
    match account.host.is_empty() || account.name.contains('\0') || account.host.contains('\0') {
        true => {
            Err(Rejection::Malformed { reason: format!("account {account} has no host, or a zero byte") })
        }
        false => Ok(()),
    }
}

fn find<'u>(users: &'u mut Users, account: &AccountName, operation: &str) -> Result<&'u mut User, Rejection> {
    let user = users.get_mut(&account.key()).ok_or_else(|| failed(operation, account))?;
    Ok(Arc::make_mut(user))
}

fn failed(operation: &str, account: &AccountName) -> Rejection {
    Rejection::AccountRefused { operation: operation.to_owned(), account: account.clone() }
}

fn no_such_grant(account: &AccountName, scope: &Scope) -> Rejection {
    let table = match scope {
        Scope::Table(_, table) => Some(table.clone()),
        Scope::Global | Scope::Database(_) => None,
    };
    Rejection::NoSuchGrant { account: account.clone(), table }
}
