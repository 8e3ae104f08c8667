//! What an account may do: sets of privileges, and where each set holds. Their names in SQL are the router's.

use std::collections::BTreeMap;
use std::ops::BitOr;

use serde::{Deserialize, Serialize};

/// A set of privileges. The bits are in logs and snapshots: one is never given another meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Privileges(u64);

impl Privileges {
    pub const NONE: Self = Self(0);
    pub const SELECT: Self = Self(1);
    pub const INSERT: Self = Self(1 << 1);
    pub const UPDATE: Self = Self(1 << 2);
    pub const DELETE: Self = Self(1 << 3);
    pub const CREATE: Self = Self(1 << 4);
    pub const DROP: Self = Self(1 << 5);
    pub const REFERENCES: Self = Self(1 << 6);
    pub const INDEX: Self = Self(1 << 7);
    pub const ALTER: Self = Self(1 << 8);
    pub const CREATE_VIEW: Self = Self(1 << 9);
    pub const SHOW_VIEW: Self = Self(1 << 10);
    pub const TRIGGER: Self = Self(1 << 11);
    pub const CREATE_TEMPORARY_TABLES: Self = Self(1 << 12);
    pub const LOCK_TABLES: Self = Self(1 << 13);
    pub const EVENT: Self = Self(1 << 14);
    pub const CREATE_ROUTINE: Self = Self(1 << 15);
    pub const ALTER_ROUTINE: Self = Self(1 << 16);
    pub const EXECUTE: Self = Self(1 << 17);
    pub const RELOAD: Self = Self(1 << 18);
    pub const SHUTDOWN: Self = Self(1 << 19);
    pub const PROCESS: Self = Self(1 << 20);
    pub const FILE: Self = Self(1 << 21);
    pub const SHOW_DATABASES: Self = Self(1 << 22);
    pub const SUPER: Self = Self(1 << 23);
    pub const REPLICATION_SLAVE: Self = Self(1 << 24);
    pub const REPLICATION_CLIENT: Self = Self(1 << 25);
    pub const CREATE_USER: Self = Self(1 << 26);
    pub const CREATE_TABLESPACE: Self = Self(1 << 27);
    /// To give to others what one has at that place.
    pub const GRANT_OPTION: Self = Self(1 << 63);

    /// All that can be given for one table, without GRANT OPTION.
    pub const ALL_OF_TABLE: Self = Self((1 << 12) - 1);
    /// All that can be given for one database.
    pub const ALL_OF_DATABASE: Self = Self((1 << 18) - 1);
    pub const ALL: Self = Self((1 << 28) - 1);

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Has all of the others.
    pub fn has(self, others: Self) -> bool {
        self.0 & others.0 == others.0
    }

    /// Has at least one of the others.
    pub fn has_any(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }

    pub fn without(self, others: Self) -> Self {
        Self(self.0 & !others.0)
    }

    /// `|`, where a constant is made.
    pub const fn or(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    pub fn only(self, others: Self) -> Self {
        Self(self.0 & others.0)
    }
}

impl BitOr for Privileges {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.or(other)
    }
}

/// Where privileges hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Scope {
    Global,
    /// A pattern: `%`, `_`, and `\` before one that is meant as it is.
    Database(String),
    /// Database and table, as they are called.
    Table(String, String),
}

impl Scope {
    /// All that can be given there, without GRANT OPTION.
    pub fn all(&self) -> Privileges {
        match self {
            Self::Global => Privileges::ALL,
            Self::Database(_) => Privileges::ALL_OF_DATABASE,
            Self::Table(..) => Privileges::ALL_OF_TABLE,
        }
    }
}

/// All that an account was granted. A place without privileges is not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Grants {
    pub global: Privileges,
    /// By pattern.
    pub databases: BTreeMap<String, Privileges>,
    /// By database, then by table.
    pub tables: BTreeMap<String, BTreeMap<String, Privileges>>,
}

impl Grants {
    /// What the accounts have that were made before there were privileges, and those of the configuration file.
    pub fn everything() -> Self {
        Self { global: Privileges::ALL | Privileges::GRANT_OPTION, ..Self::default() }
    }

    /// No check can fail.
    pub fn is_everything(&self) -> bool {
        self.global.has(Privileges::ALL | Privileges::GRANT_OPTION)
    }

    /// What holds in the whole database. Of several patterns that match its name only one counts, as on a server: the most specific one.
    pub fn in_database(&self, database: &str) -> Privileges {
        let matching = self.databases.iter().filter(|(pattern, _)| matches(pattern, database));
        let best = matching.max_by_key(|(pattern, _)| specificity(pattern));
        self.global | best.map_or(Privileges::NONE, |(_, privileges)| *privileges)
    }

    /// What holds for the table.
    pub fn on_table(&self, database: &str, table: &str) -> Privileges {
        let own = self.tables.get(database).and_then(|tables| tables.get(table)).copied();
        self.in_database(database) | own.unwrap_or_default()
    }

    /// Something in the database is the account's to use.
    pub fn touches_database(&self, database: &str) -> bool {
        self.in_database(database).has_any(Privileges::ALL_OF_DATABASE) || self.tables.contains_key(database)
    }

    /// What was given at this very place; `None`: nothing.
    pub fn at(&self, scope: &Scope) -> Option<Privileges> {
        match scope {
            Scope::Global => Some(self.global),
            Scope::Database(pattern) => self.databases.get(pattern).copied(),
            Scope::Table(database, table) => self.tables.get(database)?.get(table).copied(),
        }
    }

    /// Puts these at the place of what was given there.
    pub fn set(&mut self, scope: &Scope, privileges: Privileges) {
        match scope {
            Scope::Global => self.global = privileges,
            Scope::Database(pattern) if privileges.is_empty() => {
                self.databases.remove(pattern);
            }
            Scope::Database(pattern) => {
                self.databases.insert(pattern.clone(), privileges);
            }
            Scope::Table(database, table) => {
                let tables = self.tables.entry(database.clone()).or_default();
                match privileges.is_empty() {
                    true => tables.remove(table),
                    false => tables.insert(table.clone(), privileges),
                };
                if tables.is_empty() {
                    self.tables.remove(database);
                }
            }
        }
    }
}

/// A pattern without wildcards is the most specific; of others, the one with more before its first wildcard, then the longer one.
fn specificity(pattern: &str) -> (bool, usize, usize) {
    let mut escaped = false;
    for (at, byte) in pattern.bytes().enumerate() {
        match byte {
            b'\\' if !escaped => escaped = true,
            b'%' | b'_' if !escaped => return (false, at, pattern.len()),
            _ => escaped = false,
        }
    }
    (true, pattern.len(), pattern.len())
}

/// `%` is any text, `_` one character, `\` takes the next one as it is. Case counts, as it does for names of databases.
pub fn matches(pattern: &str, name: &str) -> bool {
    /// A pattern's next element, and what is behind it.
    enum Next<'p> {
        End,
        Any(&'p str),
        One(&'p str),
        Exactly(char, &'p str),
    }
    fn next(pattern: &str) -> Next<'_> {
        let mut chars = pattern.chars();
        match chars.next() {
            None => Next::End,
            Some('%') => Next::Any(chars.as_str()),
            Some('_') => Next::One(chars.as_str()),
            Some('\\') => match chars.next() {
                Some(meant) => Next::Exactly(meant, chars.as_str()),
                None => Next::Exactly('\\', ""),
            },
            Some(other) => Next::Exactly(other, chars.as_str()),
        }
    }
    let (mut pattern, mut name) = (pattern, name);
    // Behind the last `%`: the pattern, and the text that it is tried on.
    let mut again: Option<(&str, &str)> = None;
    loop {
        let mut rest = name.chars();
        let first = rest.next();
        match (next(pattern), first) {
            (Next::Any(behind), _) => {
                again = Some((behind, name));
                pattern = behind;
                continue;
            }
            (Next::End, None) => return true,
            (Next::One(behind), Some(_)) => {
                (pattern, name) = (behind, rest.as_str());
                continue;
            }
            (Next::Exactly(meant, behind), Some(found)) if meant == found => {
                (pattern, name) = (behind, rest.as_str());
                continue;
            }
            _ => {}
        }
        let Some((behind, tried)) = again else { return false };
        let mut shorter = tried.chars();
        if shorter.next().is_none() {
            return false;
        }
        again = Some((behind, shorter.as_str()));
        (pattern, name) = (behind, shorter.as_str());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_on_a_server() {
        for (pattern, name, expected) in [
            ("shop", "shop", true),
            ("shop", "Shop", false),
            ("shop", "shop1", false),
            ("%", "", true),
            ("%", "shop", true),
            ("sh%", "shop", true),
            ("%op", "shop", true),
            ("%h%p", "shop", true),
            ("%h%x", "shop", false),
            ("sh_p", "shop", true),
            ("sh_p", "shp", false),
            (r"a\_b", "a_b", true),
            (r"a\_b", "axb", false),
            (r"a\%", "a%", true),
            (r"a\%", "ab", false),
            ("%ab", "aab", true),
            ("é_", "éü", true),
        ] {
            assert_eq!(matches(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn the_most_specific_pattern_counts_alone() {
        let mut grants = Grants::default();
        for (pattern, privileges) in [
            ("%", Privileges::DROP),
            ("shop%", Privileges::DELETE),
            (r"shop\_a", Privileges::SELECT),
            ("shop_a", Privileges::INSERT),
        ] {
            grants.set(&Scope::Database(pattern.into()), privileges);
        }
        assert_eq!(grants.in_database("shop_a"), Privileges::SELECT);
        assert_eq!(grants.in_database("shopxa"), Privileges::INSERT);
        assert_eq!(grants.in_database("shopping"), Privileges::DELETE);
        assert_eq!(grants.in_database("other"), Privileges::DROP);
        grants.global = Privileges::UPDATE;
        assert_eq!(grants.in_database("other"), Privileges::DROP | Privileges::UPDATE);
    }

    #[test]
    fn what_is_taken_away_leaves_nothing_behind() {
        let mut grants = Grants::default();
        let (database, table) = (Scope::Database("d".into()), Scope::Table("d".into(), "t".into()));
        grants.set(&database, Privileges::SELECT);
        grants.set(&table, Privileges::INSERT);
        assert_eq!(grants.on_table("d", "t"), Privileges::SELECT | Privileges::INSERT);
        assert_eq!(grants.on_table("d", "u"), Privileges::SELECT);
        assert_eq!(grants.on_table("e", "t"), Privileges::NONE);
        assert!(grants.touches_database("d") && !grants.touches_database("e"));
        grants.set(&database, Privileges::NONE);
        assert!(grants.touches_database("d"));
        grants.set(&table, Privileges::NONE);
        assert_eq!(grants, Grants::default());
    }

    #[test]
    fn usage_and_grant_option_alone_touch_nothing() {
        let mut grants =
            Grants { global: Privileges::PROCESS | Privileges::GRANT_OPTION, ..Grants::default() };
        assert!(!grants.touches_database("d"));
        grants.set(&Scope::Database("d".into()), Privileges::GRANT_OPTION);
        assert!(!grants.touches_database("d"));
        assert!(!grants.is_everything() && Grants::everything().is_everything());
    }
}
