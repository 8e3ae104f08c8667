//! Privileges by their names in SQL.

use ostrakon_catalog::privilege::Privileges;

/// As SHOW GRANTS prints them, in its order.
const NAMES: [(&str, Privileges); 28] = [
    ("SELECT", Privileges::SELECT),
    ("INSERT", Privileges::INSERT),
    ("UPDATE", Privileges::UPDATE),
    ("DELETE", Privileges::DELETE),
    ("CREATE", Privileges::CREATE),
    ("DROP", Privileges::DROP),
    ("RELOAD", Privileges::RELOAD),
    ("SHUTDOWN", Privileges::SHUTDOWN),
    ("PROCESS", Privileges::PROCESS),
    ("FILE", Privileges::FILE),
    ("REFERENCES", Privileges::REFERENCES),
    ("INDEX", Privileges::INDEX),
    ("ALTER", Privileges::ALTER),
    ("SHOW DATABASES", Privileges::SHOW_DATABASES),
    ("SUPER", Privileges::SUPER),
    ("CREATE TEMPORARY TABLES", Privileges::CREATE_TEMPORARY_TABLES),
    ("LOCK TABLES", Privileges::LOCK_TABLES),
    ("EXECUTE", Privileges::EXECUTE),
    ("REPLICATION SLAVE", Privileges::REPLICATION_SLAVE),
    ("REPLICATION CLIENT", Privileges::REPLICATION_CLIENT),
    ("CREATE VIEW", Privileges::CREATE_VIEW),
    ("SHOW VIEW", Privileges::SHOW_VIEW),
    ("CREATE ROUTINE", Privileges::CREATE_ROUTINE),
    ("ALTER ROUTINE", Privileges::ALTER_ROUTINE),
    ("CREATE USER", Privileges::CREATE_USER),
    ("EVENT", Privileges::EVENT),
    ("TRIGGER", Privileges::TRIGGER),
    ("CREATE TABLESPACE", Privileges::CREATE_TABLESPACE),
];

/// Other names of the same.
const ALIASES: [(&str, Privileges); 3] = [
    ("REPLICATION REPLICA", Privileges::REPLICATION_SLAVE),
    ("BINLOG MONITOR", Privileges::REPLICATION_CLIENT),
    ("GRANT OPTION", Privileges::GRANT_OPTION),
];

/// What MariaDB has and prints, and nothing here asks for.
const WITHOUT_MEANING: &[&str] = &[
    "CREATE ROLE",
    "DROP ROLE",
    "DELETE HISTORY",
    "DELETE VERSIONING ROWS",
    "BINLOG ADMIN",
    "BINLOG REPLAY",
    "CONNECTION ADMIN",
    "FEDERATED ADMIN",
    "READ_ONLY ADMIN",
    "READ ONLY ADMIN",
    "REPLICATION MASTER ADMIN",
    "REPLICATION SLAVE ADMIN",
    "REPLICATION REPLICA ADMIN",
    "REPLICA MONITOR",
    "SLAVE MONITOR",
    "SET USER",
    "SHOW CREATE ROUTINE",
];

/// What a name means: upper case, one space between words. `NONE` for what servers have and nothing here asks for.
pub fn named(name: &str) -> Option<Privileges> {
    let known = NAMES.iter().chain(&ALIASES).find(|(known, _)| *known == name);
    match known {
        Some((_, privilege)) => Some(*privilege),
        // MySQL's dynamic ones are one word with underscores each, and every release has more of them.
        None => (WITHOUT_MEANING.contains(&name) || name.contains('_')).then_some(Privileges::NONE),
    }
}

/// Names of all that are in the set, but for GRANT OPTION, which SHOW GRANTS says in another place.
pub fn names(set: Privileges) -> Vec<&'static str> {
    NAMES.iter().filter(|(_, privilege)| set.has(*privilege)).map(|(name, _)| *name).collect()
}

/// The name of the first one in the set, for an error.
pub fn first_name(set: Privileges) -> &'static str {
    names(set).first().copied().unwrap_or("GRANT")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_privilege_has_one_name() {
        let all = NAMES.iter().fold(Privileges::NONE, |set, (name, privilege)| {
            assert!(!set.has_any(*privilege), "{name} twice");
            assert_eq!(named(name), Some(*privilege));
            set | *privilege
        });
        assert_eq!(all, Privileges::ALL);
        assert_eq!(names(Privileges::SELECT | Privileges::CREATE_VIEW), ["SELECT", "CREATE VIEW"]);
        assert_eq!(first_name(Privileges::GRANT_OPTION), "GRANT");
        assert_eq!(named("BACKUP_ADMIN"), Some(Privileges::NONE));
        assert_eq!(named("SELCT"), None);
    }
}
