//! Session settings as a value: what `SET` has changed, so that any backend connection can be brought to it by difference.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write;
use std::hash::{BuildHasher, RandomState};
use std::rc::{Rc, Weak};

/// Variables that differ from a fresh backend connection's: canonical name (`sql_mode`, `@user_variable`) to SQL literal.
///
/// A fresh backend connection has utf8mb4 with utf8mb4_general_ci and the server's global defaults for everything else.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Settings {
    values: BTreeMap<String, String>,
}

impl Settings {
    /// A copy with one variable changed. `literal` is SQL text that was read back from a server, so it is safe to send.
    pub fn with(&self, name: &str, literal: String) -> Self {
        let mut values = self.without(name).values;
        // A user variable that was set to NULL is not one that was never set: MySQL gives them different types.
        if !name.starts_with('@') && literal.trim_matches('\'') == default_literal(name) {
            values.remove(name);
        } else {
            values.insert(name.to_owned(), literal);
        }
        Self { values }
    }

    /// A copy with one variable back at its default, under whatever name it was set.
    pub fn without(&self, name: &str) -> Self {
        let mut values = self.values.clone();
        values.remove(name);
        let names = ALIASES.iter().filter(|names| names.contains(&name)).flat_map(|names| names.iter());
        for alias in names {
            values.remove(*alias);
        }
        Self { values }
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// All of them, as `from_entries` takes them.
    pub fn entries(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(name, literal)| (name.as_str(), literal.as_str()))
    }

    /// What `entries` gave.
    pub fn from_entries(entries: &[(String, String)]) -> Self {
        Self { values: entries.iter().cloned().collect() }
    }

    /// The three character set variables as one SET NAMES would set them, where they agree.
    fn names(&self) -> Option<String> {
        let value = |name: &str| {
            self.values.get(name).map_or_else(|| default_literal(name), |literal| literal.trim_matches('\''))
        };
        let (client, collation) = (value("character_set_client"), value("collation_connection"));
        let agree = client == value("character_set_results")
            && (collation == client
                || collation.strip_prefix(client).is_some_and(|rest| rest.starts_with('_')));
        agree.then(|| format!("NAMES '{client}' COLLATE '{collation}'"))
    }

    /// The `SET` statement that brings a connection from `self` to `target`; `None` when there is nothing to do.
    pub fn difference(&self, target: &Settings) -> Option<String> {
        let mut sql = String::new();
        let mut add = |name: &str, literal: &str| {
            let separator = if sql.is_empty() { "SET " } else { ", " };
            // A variable's name was checked by the server when the session set it first.
            let _ = match name.strip_prefix('@') {
                Some(user) => write!(sql, "{separator}@`{}`={literal}", user.replace('`', "``")),
                None => write!(sql, "{separator}{name}={literal}"),
            };
        };
        let charset_differs = CHARSETS.iter().any(|name| self.values.get(*name) != target.values.get(*name));
        let names = target.names().filter(|_| charset_differs);
        let covered = |name: &str| names.is_some() && CHARSETS.contains(&name);
        // First what goes back: another name of the same variable may be set.
        for (name, literal) in &self.values {
            let is_default = literal == default_literal(name);
            if !target.values.contains_key(name) && !covered(name) && !is_default {
                add(name, default_literal(name));
            }
        }
        for (name, literal) in &target.values {
            if self.values.get(name) != Some(literal) && !covered(name) {
                add(name, literal);
            }
        }
        match names {
            // Not three single SETs: a server remembers the collation given with SET NAMES for results too.
            Some(names) if sql.is_empty() => Some(format!("SET {names}")),
            Some(names) => Some(format!("SET {names}, {}", sql.trim_start_matches("SET "))),
            None => (!sql.is_empty()).then_some(sql),
        }
    }
}

/// The variables that SET NAMES sets.
const CHARSETS: [&str; 3] = ["character_set_client", "character_set_results", "collation_connection"];

/// Names of one and the same variable: setting one sets the others.
const ALIASES: [&[&str]; 4] = [
    &["tx_isolation", "transaction_isolation"],
    &["tx_read_only", "transaction_read_only"],
    &["tmp_table_size", "tmp_memory_table_size"],
    &["storage_engine", "default_storage_engine"],
];

/// What a fresh connection has for a variable that SET NAMES sets.
pub fn default_charset(name: &str) -> &'static str {
    default_literal(name)
}

/// What a fresh connection has for this variable.
fn default_literal(name: &str) -> &'static str {
    match name {
        "character_set_client" | "character_set_results" => "utf8mb4",
        "collation_connection" => "utf8mb4_general_ci",
        _ if name.starts_with('@') => "NULL",
        _ => "DEFAULT",
    }
}

/// Settings shared between sessions: most sessions of an application have the same ones, so a connection that had them last needs
/// one pointer comparison.
#[derive(Debug, Default)]
pub struct Interner {
    known: HashMap<u64, Vec<Weak<Settings>>>,
    hashes: RandomState,
    /// So many are known when those that nobody has any more are forgotten.
    sweep_at: usize,
    count: usize,
}

impl Interner {
    /// Fewer are not worth a sweep.
    const FEW: usize = 64;

    pub fn intern(&mut self, settings: Settings) -> Rc<Settings> {
        let hash = self.hashes.hash_one(&settings);
        if let Some(alike) = self.known.get(&hash)
            && let Some(found) = alike.iter().filter_map(Weak::upgrade).find(|known| **known == settings)
        {
            return found;
        }
        if self.count >= self.sweep_at.max(Self::FEW) {
            self.sweep();
        }
        let shared = Rc::new(settings);
        self.known.entry(hash).or_default().push(Rc::downgrade(&shared));
        self.count += 1;
        shared
    }

    /// Forgets those that nobody has. The next sweep comes when there are twice as many, so each new one pays for a constant number of others.
    fn sweep(&mut self) {
        self.known.retain(|_, alike| {
            alike.retain(|known| known.strong_count() > 0);
            !alike.is_empty()
        });
        self.count = self.known.values().map(Vec::len).sum();
        self.sweep_at = self.count.saturating_mul(2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_sets_what_is_new_and_resets_what_is_gone() {
        let one = Settings::default().with("sql_mode", "'ANSI'".into()).with("@a", "1".into());
        let two = Settings::default().with("sql_mode", "''".into()).with("time_zone", "'+00:00'".into());
        assert_eq!(one.difference(&two).unwrap(), "SET @`a`=NULL, sql_mode='', time_zone='+00:00'");
        assert_eq!(one.difference(&one), None);
        assert_eq!(two.difference(&Settings::default()).unwrap(), "SET sql_mode=DEFAULT, time_zone=DEFAULT");
    }

    #[test]
    fn character_sets_that_agree_travel_as_set_names() {
        let names = |client: &str, collation: &str| {
            Settings::default()
                .with("character_set_client", format!("'{client}'"))
                .with("character_set_results", format!("'{client}'"))
                .with("collation_connection", format!("'{collation}'"))
        };
        let bin = names("utf8mb4", "utf8mb4_bin");
        assert_eq!(
            Settings::default().difference(&bin).unwrap(),
            "SET NAMES 'utf8mb4' COLLATE 'utf8mb4_bin'"
        );
        let back = bin.difference(&Settings::default().with("sql_mode", "''".into())).unwrap();
        assert_eq!(back, "SET NAMES 'utf8mb4' COLLATE 'utf8mb4_general_ci', sql_mode=''");
        let odd = names("latin1", "latin1_bin").with("character_set_results", "NULL".into());
        let sql = Settings::default().difference(&odd).unwrap();
        assert!(sql.contains("character_set_results=NULL") && !sql.contains("NAMES"), "{sql}");
    }

    #[test]
    fn the_last_name_of_a_variable_counts() {
        let one = Settings::default().with("tmp_table_size", "1024".into());
        let two = one.with("tmp_memory_table_size", "2048".into());
        assert_eq!(one.difference(&two).unwrap(), "SET tmp_table_size=DEFAULT, tmp_memory_table_size=2048");
        assert_eq!(two.without("tmp_table_size"), Settings::default());
    }

    #[test]
    fn equal_settings_are_one_value() {
        let mut interner = Interner::default();
        let a = interner.intern(Settings::default().with("sql_mode", "''".into()));
        let b = interner.intern(Settings::default().with("sql_mode", "''".into()));
        assert!(Rc::ptr_eq(&a, &b));
    }

    #[test]
    fn settings_that_nobody_has_are_forgotten() {
        let mut interner = Interner::default();
        let of = |number: u32| Settings::default().with("@n", number.to_string());
        let kept: Vec<_> = (0..100).map(|number| interner.intern(of(number))).collect();
        for number in 100..10_000 {
            interner.intern(of(number));
        }
        assert!(interner.count < 400, "{}", interner.count);
        assert!(kept.iter().zip(0..).all(|(known, number)| Rc::ptr_eq(known, &interner.intern(of(number)))));
    }
}
