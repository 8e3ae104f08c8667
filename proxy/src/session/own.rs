//! Session variables that are Ostrakon's own, and those of DRDS that it understands.

use ostrakon_router::parse::command::SetValue;

use super::{Failure, Session, Warning};
use crate::error::SqlError;

/// Values of the `ostrakon_...` variables.
#[derive(Clone, Copy, Debug, Default)]
pub struct OwnVariables {
    /// `ostrakon_unique_scope = 'global'`: CREATE TABLE refuses unique keys that lack the shard key.
    pub unique_scope_global: bool,
    /// `ostrakon_ddl_async = ON`: DDL is answered when its job is submitted.
    pub ddl_async: bool,
    /// `ostrakon_read_consistency`.
    pub read_consistency: ReadConsistency,
}

/// What a read over several groups sees of transactions that wrote in several groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReadConsistency {
    /// In each group what its server shows at that moment.
    #[default]
    Shard,
    /// All of a transaction, or nothing of it.
    Atomic,
    /// That, at one moment for all groups: what was acknowledged before the read began is seen, and no effect without its cause.
    Snapshot,
}

impl ReadConsistency {
    /// As SET takes it and SHOW VARIABLES shows it.
    pub fn as_text(self) -> &'static str {
        match self {
            Self::Shard => "shard",
            Self::Atomic => "atomic",
            Self::Snapshot => "snapshot",
        }
    }
}

impl Session {
    /// `SET ostrakon_...`; `name` without the beginning.
    pub(super) fn set_own(&mut self, name: &str, value: &SetValue) -> Result<(), Failure> {
        let text = text(value);
        let wrong = |takes: &str| {
            let message = format!(
                "Variable 'ostrakon_{name}' can't be set to the value of '{text}' (it takes {takes})"
            );
            Failure::from(SqlError::new(1231, "42000", message))
        };
        match (name, text.as_str()) {
            ("unique_scope", "global") => self.own.unique_scope_global = true,
            ("unique_scope", "table" | "physical" | "") => self.own.unique_scope_global = false,
            ("unique_scope", _) => return Err(wrong("physical or global")),
            ("ddl_async", "1" | "on" | "true") => self.own.ddl_async = true,
            ("ddl_async", "0" | "off" | "false" | "") => self.own.ddl_async = false,
            ("ddl_async", _) => return Err(wrong("ON or OFF")),
            ("read_consistency", "shard" | "") => self.set_read_consistency(ReadConsistency::Shard)?,
            ("read_consistency", "atomic") => self.set_read_consistency(ReadConsistency::Atomic)?,
            ("read_consistency", "snapshot") => self.set_read_consistency(ReadConsistency::Snapshot)?,
            ("read_consistency", _) => return Err(wrong("shard, atomic or snapshot")),
            #[cfg(debug_assertions)]
            ("failpoints", text) => {
                crate::failpoint::set(text).map_err(|e| SqlError::new(1231, "42000", e))?;
            }
            _ => {
                let message = format!("Unknown system variable 'ostrakon_{name}'");
                return Err(SqlError::new(1193, "HY000", message).into());
            }
        }
        Ok(())
    }

    fn set_read_consistency(&mut self, level: ReadConsistency) -> Result<(), Failure> {
        // Its snapshots are taken already, or have to be taken all at once.
        if self.transaction.is_open() && level != self.own.read_consistency {
            let message = "ostrakon_read_consistency can't be changed while a transaction is in progress";
            return Err(SqlError::new(1568, "25001", message).into());
        }
        self.own.read_consistency = level;
        Ok(())
    }

    /// `SET drds_transaction_policy`: there is one way to commit here, and a note says what the policy's becomes.
    pub(super) fn set_drds_policy(&mut self, value: &SetValue) -> Result<(), Failure> {
        let text = text(value).to_ascii_uppercase();
        let becomes = match text.as_str() {
            "XA" | "" => "commit across groups is two-phase and atomic always",
            "2PC" | "BEST_EFFORT" | "FLEXIBLE" => {
                "as 'XA': commit across groups is two-phase and atomic always"
            }
            "FREE" => "as 'XA': writes in several groups are atomic here, which FREE does not ask for",
            "ALLOW_READ" | "ALLOW_READ_CROSS_DB" => "as 'XA': a transaction may read and write in all groups",
            "NO_TRANSACTION" => {
                "as 'XA': BEGIN and COMMIT keep their meaning; a statement outside of a transaction is one by itself"
            }
            "TSO" => {
                self.set_read_consistency(ReadConsistency::Snapshot)?;
                "as 'XA' with ostrakon_read_consistency = 'snapshot'"
            }
            _ => {
                let message =
                    format!("Variable 'drds_transaction_policy' can't be set to the value of '{text}'");
                return Err(SqlError::new(1231, "42000", message).into());
            }
        };
        let message = format!("drds_transaction_policy '{text}': {becomes}");
        self.warnings.push(Warning { level: "Note".into(), code: 1105, message });
        Ok(())
    }
}

/// The value as a word in lower case; empty for DEFAULT.
fn text(value: &SetValue) -> String {
    match value {
        SetValue::Default => String::new(),
        SetValue::Expression(text) => text.trim().trim_matches(['\'', '"']).to_ascii_lowercase(),
    }
}
