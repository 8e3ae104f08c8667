//! The tables that each instance has for transactions, and the statements on them.
//!
//! `decision` is the arbiter: its primary key lets one of "committed" (by the transaction itself) and "aborted" (by whoever finds it orphaned)
//! in. `branch` has a row for each writing branch of a transaction with two or more of them, written inside the branch: who sees it sees the
//! branch's writes, which is how readers find out what belongs together.

use super::literal::bytes;

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

/// Enters a decision: 1062 when there is one. Here and below `gtrid` is `TransactionId::literal`, and `branches` and `name` are literals like that.
pub fn insert_decision(gtrid: &str, decision: Decision, branches: &str) -> String {
    let code = decision.code();
    format!("INSERT INTO `__ostrakon`.decision (gtrid, state, branches) VALUES ({gtrid}, {code}, {branches})")
}

/// Enters "committed" behind the row of the deciding branch, in one train with it: only if that row is there. A deadlock there would end the
/// transaction, and a plain insert behind it would be committed by itself.
pub fn insert_decision_of_branch(gtrid: &str, branches: &str) -> String {
    let code = Decision::Committed.code();
    format!(
        "INSERT INTO `__ostrakon`.decision (gtrid, state, branches) \
         SELECT {gtrid}, {code}, {branches} FROM `__ostrakon`.branch WHERE gtrid = {gtrid} AND ordinal = 0"
    )
}

/// Reads a decision: no row, or its code.
pub fn select_decision(gtrid: &str) -> String {
    format!("SELECT state FROM `__ostrakon`.decision WHERE gtrid = {gtrid}")
}

/// Enters the branch `ordinal` of the group `name`.
pub fn insert_branch(gtrid: &str, ordinal: u16, name: &str, branches: &str) -> String {
    format!(
        "INSERT INTO `__ostrakon`.branch (gtrid, ordinal, name, branches) VALUES ({gtrid}, {ordinal}, {name}, {branches})"
    )
}

/// Whether the branch's writes are there: one row or none.
pub fn select_branch(gtrid: &str, ordinal: u16) -> String {
    format!("SELECT 1 FROM `__ostrakon`.branch WHERE gtrid = {gtrid} AND ordinal = {ordinal}")
}

/// The transactions whose writes in the group `name` are to be seen, entered within the last `seconds`: gtrid, groups that wrote. To be asked in UTC,
/// and without a `timestamp` of the session's.
pub fn select_recent(name: &str, seconds: u64) -> String {
    let name = bytes(name.as_bytes());
    format!(
        "SELECT gtrid, branches FROM `__ostrakon`.branch WHERE at > NOW(3) - INTERVAL {seconds} SECOND AND name = {name}"
    )
}

/// The same of these transactions, however old they are.
pub fn select_these(name: &str, ids: &[&str]) -> String {
    let ids: Vec<String> = ids.iter().map(|id| bytes(id.as_bytes())).collect();
    format!(
        "SELECT gtrid, branches FROM `__ostrakon`.branch WHERE gtrid IN ({}) AND name = {}",
        ids.join(", "),
        bytes(name.as_bytes())
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sent_as_bytes() {
        assert!(select_recent("G_1", 7).ends_with(" 7 SECOND AND name = 0x475f31"));
        assert!(
            select_these("G_1", &["o1", "o2"]).ends_with("gtrid IN (0x6f31, 0x6f32) AND name = 0x475f31")
        );
        for decision in [Decision::Committed, Decision::Aborted] {
            assert_eq!(Decision::from_code(&decision.code().to_string()), Some(decision));
        }
    }
}
