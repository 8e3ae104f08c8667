//! The tables that each instance has for transactions, and the statements on them.
//!
//! `decision` is the arbiter: its primary key lets one of "committed" (by the transaction itself) and "aborted" (by whoever finds it orphaned)
//! in. `branch` has a row for each writing branch of a transaction with two or more of them, written inside the branch: who sees it sees the
//! branch's writes, which is how readers find out what belongs together.

use super::xid::TransactionId;

/// The database of ours on each instance.
pub const SCHEMA: &str = "__ostrakon";

/// What makes the schema; each statement does nothing where it is there.
pub const CREATE: [&str; 3] = [
    "CREATE DATABASE IF NOT EXISTS `__ostrakon` CHARACTER SET utf8mb4",
    "CREATE TABLE IF NOT EXISTS `__ostrakon`.decision (\
     gtrid VARBINARY(64) NOT NULL PRIMARY KEY, \
     state TINYINT NOT NULL COMMENT '1 committed, 2 aborted', \
     branches MEDIUMBLOB NOT NULL COMMENT 'groups that wrote', \
     at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), \
     KEY (at)) ENGINE=InnoDB COMMENT='Ostrakon: outcomes of transactions over several groups'",
    "CREATE TABLE IF NOT EXISTS `__ostrakon`.branch (\
     gtrid VARBINARY(64) NOT NULL, \
     ordinal SMALLINT UNSIGNED NOT NULL, \
     name VARBINARY(255) NOT NULL COMMENT 'group', \
     branches MEDIUMBLOB NOT NULL COMMENT 'groups that wrote', \
     at TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3), \
     PRIMARY KEY (gtrid, ordinal), KEY (at)) ENGINE=InnoDB COMMENT='Ostrakon: branches of transactions over several groups'",
];

/// What a transaction came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Committed,
    Aborted,
}

impl Decision {
    /// As column `state` has it.
    pub fn code(self) -> u8 {
        match self {
            Self::Committed => 1,
            Self::Aborted => 2,
        }
    }

    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "1" => Some(Self::Committed),
            "2" => Some(Self::Aborted),
            _ => None,
        }
    }
}

/// Enters a decision: 1062 when there is one.
pub fn insert_decision(id: TransactionId, decision: Decision, branches: &str) -> String {
    let (code, branches) = (decision.code(), hex(branches));
    format!("INSERT INTO `__ostrakon`.decision (gtrid, state, branches) VALUES ('{id}', {code}, {branches})")
}

/// Enters "committed" behind the row of the deciding branch, in one train with it: only if that row is there. A deadlock there would end the
/// transaction, and a plain insert behind it would be committed by itself.
pub fn insert_decision_of_branch(id: TransactionId, branches: &str) -> String {
    let (code, branches) = (Decision::Committed.code(), hex(branches));
    format!(
        "INSERT INTO `__ostrakon`.decision (gtrid, state, branches) \
         SELECT '{id}', {code}, {branches} FROM `__ostrakon`.branch WHERE gtrid = '{id}' AND ordinal = 0"
    )
}

/// Reads a decision: no row, or its code.
pub fn select_decision(id: TransactionId) -> String {
    format!("SELECT state FROM `__ostrakon`.decision WHERE gtrid = '{id}'")
}

/// Enters the branch `ordinal` of the group `name`.
pub fn insert_branch(id: TransactionId, ordinal: u16, name: &str, branches: &str) -> String {
    let (name, branches) = (hex(name), hex(branches));
    format!(
        "INSERT INTO `__ostrakon`.branch (gtrid, ordinal, name, branches) VALUES ('{id}', {ordinal}, {name}, {branches})"
    )
}

/// Whether the branch's writes are there: one row or none.
pub fn select_branch(id: TransactionId, ordinal: u16) -> String {
    format!("SELECT 1 FROM `__ostrakon`.branch WHERE gtrid = '{id}' AND ordinal = {ordinal}")
}

/// The transactions whose writes in the group `name` are to be seen, entered within the last `seconds`: gtrid, groups that wrote. To be asked in UTC,
/// and without a `timestamp` of the session's.
pub fn select_recent(name: &str, seconds: u64) -> String {
    let name = hex(name);
    format!(
        "SELECT gtrid, branches FROM `__ostrakon`.branch WHERE at > NOW(3) - INTERVAL {seconds} SECOND AND name = {name}"
    )
}

/// The same of these transactions, however old they are.
pub fn select_these(name: &str, ids: &[&str]) -> String {
    let ids: Vec<String> = ids.iter().map(|id| hex(id)).collect();
    format!(
        "SELECT gtrid, branches FROM `__ostrakon`.branch WHERE gtrid IN ({}) AND name = {}",
        ids.join(", "),
        hex(name)
    )
}

/// A literal that means the same in every character set and SQL mode of a session.
fn hex(text: &str) -> String {
    if text.is_empty() {
        return "''".to_owned();
    }
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or_default();
    let mut literal = String::with_capacity(2 + text.len() * 2);
    literal.push_str("0x");
    for byte in text.bytes() {
        literal.push(digit(byte >> 4));
        literal.push(digit(byte & 15));
    }
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sent_as_bytes() {
        let id: TransactionId = "o1.2.1.a.b".parse().unwrap();
        assert_eq!(
            insert_branch(id, 1, "G_1", "G_0,G_1"),
            "INSERT INTO `__ostrakon`.branch (gtrid, ordinal, name, branches) VALUES ('o1.2.1.a.b', 1, 0x475f31, 0x475f302c475f31)"
        );
        assert!(insert_decision(id, Decision::Aborted, "").ends_with("('o1.2.1.a.b', 2, '')"));
        assert!(insert_decision_of_branch(id, "G_1").ends_with(
            "SELECT 'o1.2.1.a.b', 1, 0x475f31 FROM `__ostrakon`.branch WHERE gtrid = 'o1.2.1.a.b' AND ordinal = 0"
        ));
        for decision in [Decision::Committed, Decision::Aborted] {
            assert_eq!(Decision::from_code(&decision.code().to_string()), Some(decision));
        }
    }
}
