//! Session settings as a value: what `SET` has changed, so that any backend connection can be brought to it by difference.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::rc::Rc;

/// Variables that differ from a fresh backend connection's: canonical name (`sql_mode`, `@user_variable`) to SQL literal.
///
/// A fresh backend connection has utf8mb4 with utf8mb4_general_ci and the server's global defaults for everything else.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    values: BTreeMap<String, String>,
}

impl Settings {
    /// A copy with one variable changed. `literal` is SQL text that was read back from a server, so it is safe to send.
    pub fn with(&self, name: &str, literal: String) -> Self {
        let mut values = self.values.clone();
        if literal.trim_matches('\'') == default_literal(name) {
            values.remove(name);
        } else {
            values.insert(name.to_owned(), literal);
        }
        Self { values }
    }

    /// A copy with one variable back at its default.
    pub fn without(&self, name: &str) -> Self {
        let mut values = self.values.clone();
        values.remove(name);
        Self { values }
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
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
        // Character sets first: a later literal in the same SET is read in the statement's own character set anyway.
        for (name, literal) in &target.values {
            if self.values.get(name) != Some(literal) {
                add(name, literal);
            }
        }
        for name in self.values.keys() {
            if !target.values.contains_key(name) {
                add(name, default_literal(name));
            }
        }
        (!sql.is_empty()).then_some(sql)
    }
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
    known: Vec<std::rc::Weak<Settings>>,
}

impl Interner {
    pub fn intern(&mut self, settings: Settings) -> Rc<Settings> {
        self.known.retain(|weak| weak.strong_count() > 0);
        if let Some(found) = self.known.iter().filter_map(std::rc::Weak::upgrade).find(|s| **s == settings) {
            return found;
        }
        let shared = Rc::new(settings);
        self.known.push(Rc::downgrade(&shared));
        shared
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_sets_what_is_new_and_resets_what_is_gone() {
        let one = Settings::default().with("sql_mode", "'ANSI'".into()).with("@a", "1".into());
        let two = Settings::default().with("sql_mode", "''".into()).with("time_zone", "'+00:00'".into());
        assert_eq!(one.difference(&two).unwrap(), "SET sql_mode='', time_zone='+00:00', @`a`=NULL");
        assert_eq!(one.difference(&one), None);
        assert_eq!(two.difference(&Settings::default()).unwrap(), "SET sql_mode=DEFAULT, time_zone=DEFAULT");
    }

    #[test]
    fn equal_settings_are_one_value() {
        let mut interner = Interner::default();
        let a = interner.intern(Settings::default().with("sql_mode", "''".into()));
        let b = interner.intern(Settings::default().with("sql_mode", "''".into()));
        assert!(Rc::ptr_eq(&a, &b));
    }
}
