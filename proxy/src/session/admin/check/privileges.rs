//! What an account on an instance may do, read from SHOW GRANTS.

use std::collections::BTreeSet;

/// What statements of clients and of our own need, on the physical databases.
const NEEDED: [&str; 11] = [
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "CREATE",
    "DROP",
    "ALTER",
    "INDEX",
    "CREATE TEMPORARY TABLES",
    "LOCK TABLES",
    "CREATE VIEW",
];

/// Privileges that were found on `*.*`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Granted {
    all: bool,
    global: BTreeSet<String>,
    /// Something is granted on less than `*.*`.
    partial: bool,
}

impl Granted {
    /// Reads the lines of SHOW GRANTS.
    pub fn read<'l>(lines: impl Iterator<Item = &'l str>) -> Self {
        let mut granted = Self::default();
        for line in lines {
            let Some((privileges, rest)) =
                line.strip_prefix("GRANT ").and_then(|line| line.split_once(" ON "))
            else {
                continue;
            };
            if !rest.starts_with("*.* ") {
                granted.partial |= !privileges.eq_ignore_ascii_case("PROXY");
                continue;
            }
            for privilege in privileges.split(',').map(|name| name.trim().to_ascii_uppercase()) {
                match privilege.as_str() {
                    "ALL PRIVILEGES" | "ALL" => granted.all = true,
                    _ => {
                        granted.global.insert(privilege);
                    }
                }
            }
        }
        granted
    }

    /// Those of `NEEDED`, PROCESS, and what an engine wants for the recovery of transactions, that are not granted on `*.*`.
    pub fn missing(&self, mariadb: bool) -> Vec<&'static str> {
        let recovery = if mariadb { None } else { Some("XA_RECOVER_ADMIN") };
        let wanted = NEEDED.into_iter().chain(["PROCESS"]).chain(recovery);
        // In MySQL ALL on *.* is listed privilege by privilege, in MariaDB it is one word.
        wanted.filter(|name| !self.all && !self.global.contains(*name)).collect()
    }

    /// Missing ones may be granted by database.
    pub fn is_partial(&self) -> bool {
        self.partial
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants_of_both_engines_are_read() {
        let all = Granted::read(["GRANT ALL PRIVILEGES ON *.* TO `root`@`%` WITH GRANT OPTION"].into_iter());
        assert!(all.missing(true).is_empty() && all.missing(false).is_empty());
        let some = [
            "GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, DROP, PROCESS, INDEX, ALTER, CREATE TEMPORARY TABLES, LOCK TABLES, CREATE VIEW ON *.* TO `o`@`%`",
            "GRANT SYSTEM_VARIABLES_ADMIN ON *.* TO `o`@`%`",
        ];
        let some = Granted::read(some.into_iter());
        assert!(some.missing(true).is_empty());
        assert_eq!(some.missing(false), ["XA_RECOVER_ADMIN"]);
        let by_database = [
            "GRANT USAGE ON *.* TO `o`@`%` IDENTIFIED BY PASSWORD '*A'",
            "GRANT ALL PRIVILEGES ON `app\\_%`.* TO `o`@`%`",
        ];
        let by_database = Granted::read(by_database.into_iter());
        assert!(by_database.is_partial() && by_database.missing(true).len() == 12);
    }
}
