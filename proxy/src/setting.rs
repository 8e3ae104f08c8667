//! Settings of the whole cluster: names, defaults, what a value may be. The catalog keeps those that were set.

use ostrakon_catalog::Catalog;

use crate::error::SqlError;

/// A setting that there is.
#[derive(Debug)]
pub struct Setting {
    pub name: &'static str,
    pub default: &'static str,
    pub kind: Kind,
    pub description: &'static str,
}

/// What values a setting takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    OneOf(&'static [&'static str]),
    /// Both ends included.
    Integer {
        from: u64,
        to: u64,
    },
}

/// All settings, by name.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: COMMIT_ON_UNSAFE_INSTANCES,
        default: "refuse",
        kind: Kind::OneOf(&["refuse", "allow"]),
        description: "Whether transactions may write in several groups where a server's settings do not keep an acknowledged prepare",
    },
    Setting {
        name: "drain_timeout_s",
        default: "0",
        kind: Kind::Integer { from: 0, to: 86_400 },
        description: "Seconds after which a draining node closes clients that are idle outside of a transaction; 0: it waits for them",
    },
    Setting {
        name: TRANSACTION_IDLE_TIMEOUT,
        default: "0",
        kind: Kind::Integer { from: 0, to: 86_400 },
        description: "Seconds after which a client that is idle in a transaction is rolled back and closed; 0: never",
    },
    Setting {
        name: TRANSACTION_LOG_RETENTION,
        default: "24",
        kind: Kind::Integer { from: 1, to: 8_760 },
        description: "Hours for which the outcomes of transactions over several groups are kept on the servers",
    },
    Setting {
        name: TRANSACTION_TIME_LIMIT,
        default: "3600",
        // Half of the outcomes' retention, as it is by default, is the limit in any case.
        kind: Kind::Integer { from: 1, to: 43_200 },
        description: "Seconds that a transaction may last: its next statement after that fails, and it is rolled back",
    },
    Setting {
        name: "voters",
        default: "3",
        kind: Kind::OneOf(&["1", "3", "5"]),
        description: "Nodes that vote on changes of the catalog; nodes that join become voters until there are so many",
    },
];

/// `refuse` or `allow`.
pub const COMMIT_ON_UNSAFE_INSTANCES: &str = "commit_on_unsafe_instances";
/// Seconds that a client may idle in a transaction; 0 for any time.
pub const TRANSACTION_IDLE_TIMEOUT: &str = "transaction_idle_timeout_s";
/// Hours for which outcomes are kept.
pub const TRANSACTION_LOG_RETENTION: &str = "transaction_log_retention_h";
/// Seconds that a transaction may last.
pub const TRANSACTION_TIME_LIMIT: &str = "transaction_time_limit_s";

/// Settings with this beginning are the program's own: neither shown nor set.
const INTERNAL: &str = "internal.";
/// Fingerprint of the key that the instances' passwords are encrypted with.
pub const KEY_FINGERPRINT: &str = "internal.instance_key";

impl Setting {
    /// The setting of that name, or error 1193.
    pub fn find(name: &str) -> Result<&'static Setting, SqlError> {
        SETTINGS.iter().find(|setting| setting.name == name).ok_or_else(|| {
            SqlError::new(1193, "HY000", format!("Unknown system variable '{name}': see SHOW SETTINGS"))
        })
    }

    /// The value in the form in which it is kept, or error 1231.
    pub fn check(&self, value: &str) -> Result<String, SqlError> {
        let wrong = || {
            SqlError::new(
                1231,
                "42000",
                format!(
                    "Variable '{}' can't be set to the value of '{value}': it takes {}",
                    self.name,
                    self.kind.text()
                ),
            )
        };
        match self.kind {
            Kind::OneOf(words) => {
                let word = words.iter().find(|word| word.eq_ignore_ascii_case(value));
                word.map(|word| (*word).to_owned()).ok_or_else(wrong)
            }
            Kind::Integer { from, to } => match value.parse::<u64>() {
                Ok(number) if (from..=to).contains(&number) => Ok(number.to_string()),
                _ => Err(wrong()),
            },
        }
    }

    /// Its value in the catalog, or its default.
    pub fn value<'c>(&self, catalog: &'c Catalog) -> &'c str {
        catalog.setting(self.name).unwrap_or(self.default)
    }
}

impl Kind {
    /// As SHOW SETTINGS prints it.
    pub fn text(self) -> String {
        match self {
            Self::OneOf(words) => words.join(", "),
            Self::Integer { from, to } => format!("{from} to {to}"),
        }
    }
}

/// A number setting's value; its default where the catalog holds what this version does not understand.
pub fn number(catalog: &Catalog, name: &str) -> u64 {
    let Ok(setting) = Setting::find(name) else { return 0 };
    let number = |text: &str| text.parse().ok();
    number(setting.value(catalog)).or_else(|| number(setting.default)).unwrap_or(0)
}

/// A setting's value as text; its default where the catalog holds what this version does not understand.
pub fn text(catalog: &Catalog, name: &str) -> String {
    let Ok(setting) = Setting::find(name) else { return String::new() };
    setting.check(setting.value(catalog)).unwrap_or_else(|_| setting.default.to_owned())
}

/// Settings in the catalog that a newer version made.
pub fn unknown(catalog: &Catalog) -> impl Iterator<Item = &String> {
    let known =
        |name: &str| name.starts_with(INTERNAL) || SETTINGS.iter().any(|setting| setting.name == name);
    catalog.settings.keys().filter(move |name| !known(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_valid_values_and_names_are_in_order() {
        for setting in SETTINGS {
            assert_eq!(setting.check(setting.default).unwrap(), setting.default, "{}", setting.name);
        }
        assert!(SETTINGS.windows(2).all(|pair| pair[0].name < pair[1].name));
    }

    #[test]
    fn wrong_values_and_names_are_refused() {
        let voters = Setting::find("voters").unwrap();
        assert_eq!(voters.check("5").unwrap(), "5");
        for value in ["4", "", "-3", "3.0"] {
            assert_eq!(voters.check(value).unwrap_err().errno, 1231, "{value}");
        }
        let drain = Setting::find("drain_timeout_s").unwrap();
        assert_eq!(drain.check("007").unwrap(), "7");
        assert_eq!(drain.check("86401").unwrap_err().errno, 1231);
        assert_eq!(Setting::find("internal.instance_key").unwrap_err().errno, 1193);
    }
}
