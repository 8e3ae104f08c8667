//! What a session may do: its account's grants, as they were when somebody last looked, and what they say of a statement's needs.

use std::sync::Arc;

use ostrakon_catalog::Catalog;
use ostrakon_catalog::name_map::NameMap;
use ostrakon_catalog::privilege::{Grants, Privileges};
use ostrakon_catalog::schema::Database;
use ostrakon_catalog::user::{ANYWHERE, AccountName};
use ostrakon_catalog::view::View;
use ostrakon_router::access::Need;

/// Before the name of a table whose AUTO_INCREMENT values a sequence gives.
const OF_TABLE: &str = "AUTO_SEQ_";

/// A session's account and what it may do.
#[derive(Clone, Debug)]
pub struct Rights {
    pub account: AccountName,
    /// It stands in the configuration file, and may do everything.
    configured: bool,
    /// No check can fail.
    everything: bool,
    /// The catalog's `accounts` when the grants were read.
    read_at: u64,
    grants: Arc<Grants>,
}

/// What is missing for a need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    OnTable { database: String, table: String, privilege: Privileges },
    OnDatabase(String),
    Global(Privileges),
    NoDatabase,
}

impl Rights {
    /// An account of the configuration file.
    pub fn configured(name: &str) -> Self {
        Self {
            account: AccountName { name: name.to_owned(), host: ANYWHERE.to_owned() },
            configured: true,
            everything: true,
            read_at: 0,
            grants: Arc::new(Grants::everything()),
        }
    }

    /// An account of the catalog. One that is gone may do nothing.
    pub fn of(catalog: &Catalog, account: AccountName) -> Self {
        let grants = catalog.user(&account).map(|user| user.granted()).unwrap_or_default();
        Self {
            account,
            configured: false,
            everything: grants.is_everything(),
            read_at: catalog.accounts,
            grants: Arc::new(grants),
        }
    }

    pub fn is_configured(&self) -> bool {
        self.configured
    }

    /// No check can fail, as the catalog is now.
    pub fn is_everything(&self) -> bool {
        self.everything
    }

    /// They are those of the catalog.
    pub fn are_current(&self, catalog: &Catalog) -> bool {
        self.configured || self.read_at == catalog.accounts
    }

    pub fn grants(&self) -> &Grants {
        &self.grants
    }

    /// Has at least one of these on everything.
    pub fn has_any(&self, any: Privileges) -> bool {
        self.everything || self.grants.global.has_any(any)
    }

    /// Errors: what is missing. `current`: the current database.
    pub fn allow<'n>(&self, need: &'n Need, current: Option<&'n str>) -> Result<(), Missing> {
        if self.everything {
            return Ok(());
        }
        let home = |database: Option<&'n str>| database.or(current).ok_or(Missing::NoDatabase);
        // What there is to see of it, everybody may.
        let is_public = |database: &str| database.eq_ignore_ascii_case("information_schema");
        match need {
            Need::Table { database, table, all } => {
                let database = home(database.as_deref())?;
                let lacks = all.without(self.grants.on_table(database, table));
                match lacks.is_empty() {
                    true => Ok(()),
                    false => Err(Missing::OnTable {
                        database: database.to_owned(),
                        table: table.to_string(),
                        privilege: lacks,
                    }),
                }
            }
            Need::AnyOnTable { database, table, any } => {
                let database = home(database.as_deref())?;
                if is_public(database) {
                    return Ok(());
                }
                match self.grants.on_table(database, table).has_any(*any) {
                    true => Ok(()),
                    false => {
                        let privilege = Privileges::SELECT;
                        Err(Missing::OnTable {
                            database: database.to_owned(),
                            table: table.to_string(),
                            privilege,
                        })
                    }
                }
            }
            Need::Database { database, all } => {
                let database = home(database.as_deref())?;
                match self.grants.in_database(database).has(*all) {
                    true => Ok(()),
                    false => Err(Missing::OnDatabase(database.to_owned())),
                }
            }
            Need::SeeDatabase { database } => {
                let database = home(database.as_deref())?;
                match is_public(database) || self.grants.touches_database(database) {
                    true => Ok(()),
                    false => Err(Missing::OnDatabase(database.to_owned())),
                }
            }
            Need::Global { any } => match self.grants.global.has_any(*any) {
                true => Ok(()),
                false => Err(Missing::Global(*any)),
            },
        }
    }

    /// The catalog with those databases, tables, views and sequences alone that the account has something to do with, and queries of those views alone that
    /// it may be shown.
    pub fn visible(&self, catalog: &Arc<Catalog>) -> Arc<Catalog> {
        if self.everything {
            return Arc::clone(catalog);
        }
        let names_all = self.grants.global.has_any(Privileges::SHOW_DATABASES | Privileges::SUPER);
        let mut visible = (**catalog).clone();
        visible.databases.retain(|name, _| names_all || self.grants.touches_database(name));
        for (name, database) in &mut visible.databases {
            let privileges = self.grants.in_database(name);
            let shows_views = database.views.is_empty() || privileges.has(Privileges::SHOW_VIEW);
            if !privileges.has_any(Privileges::ALL_OF_DATABASE) || !shows_views {
                *database = Arc::new(self.visible_part(database));
            }
        }
        Arc::new(visible)
    }

    fn visible_part(&self, database: &Database) -> Database {
        let on = |table: &str| self.grants.on_table(&database.name, table);
        let sees = |table: &str| on(table).has_any(Privileges::ALL_OF_TABLE);
        let mut part = Database {
            tables: NameMap::new(),
            views: NameMap::new(),
            sequences: NameMap::new(),
            ..database.clone()
        };
        for (name, table) in database.tables.iter().filter(|(name, _)| sees(name)) {
            part.tables.insert(name, Arc::clone(table));
        }
        for (name, view) in database.views.iter().filter(|(name, _)| sees(name)) {
            let view = match on(name).has(Privileges::SHOW_VIEW) {
                true => Arc::clone(view),
                false => Arc::new(View { query: String::new(), ..(**view).clone() }),
            };
            part.views.insert(name, view);
        }
        let sees_sequence = |name: &str| sees(name) || name.strip_prefix(OF_TABLE).is_some_and(sees);
        for (name, sequence) in database.sequences.iter().filter(|(name, _)| sees_sequence(name)) {
            part.sequences.insert(name, Arc::clone(sequence));
        }
        part
    }
}

#[cfg(test)]
mod tests {
    use ostrakon_catalog::privilege::Scope;

    use super::*;

    fn rights(grants: &[(Scope, Privileges)]) -> Rights {
        let mut all = Grants::default();
        grants.iter().for_each(|(scope, privileges)| all.set(scope, *privileges));
        let account = AccountName { name: "a".into(), host: "%".into() };
        Rights { account, configured: false, everything: false, read_at: 0, grants: Arc::new(all) }
    }

    #[test]
    fn needs_are_met_by_what_was_granted_there_or_above() {
        let rights = rights(&[
            (Scope::Database("shop".into()), Privileges::SELECT),
            (Scope::Table("shop".into(), "orders".into()), Privileges::INSERT),
            (Scope::Global, Privileges::PROCESS),
        ]);
        let on = |table: &str, all| rights.allow(&Need::table(None, table, all), Some("shop"));
        assert_eq!(on("orders", Privileges::SELECT | Privileges::INSERT), Ok(()));
        let missing = Missing::OnTable {
            database: "shop".into(),
            table: "other".into(),
            privilege: Privileges::INSERT,
        };
        assert_eq!(on("other", Privileges::SELECT | Privileges::INSERT), Err(missing));
        let need = Need::table(None, "orders", Privileges::SELECT);
        assert_eq!(rights.allow(&need, None), Err(Missing::NoDatabase));
        assert!(rights.allow(&need, Some("else")).is_err());
        assert_eq!(rights.allow(&Need::see_database(Some("shop")), None), Ok(()));
        assert_eq!(
            rights.allow(&Need::see_database(Some("else")), None),
            Err(Missing::OnDatabase("else".into()))
        );
        assert_eq!(
            rights.allow(&Need::database(Some("shop"), Privileges::DROP), None),
            Err(Missing::OnDatabase("shop".into()))
        );
        assert_eq!(rights.allow(&Need::see_table(None, "orders"), Some("shop")), Ok(()));
        assert_eq!(rights.allow(&Need::administration(), None), Err(Missing::Global(Privileges::SUPER)));
        assert!(rights.has_any(Privileges::PROCESS | Privileges::SUPER));
        assert_eq!(Rights::configured("root").allow(&Need::administration(), None), Ok(()));
    }
}
