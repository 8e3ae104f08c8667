//! ALTER TABLE and CREATE INDEX: what would break placement, or what the catalog could not follow, is refused before anything is done.

use std::sync::Arc;

use ostrakon_catalog::auto_sequence_name;
use ostrakon_catalog::column::Key;
use ostrakon_catalog::job::{JobAction, PhysicalText};
use ostrakon_catalog::schema::{Table, TableKind};
use ostrakon_router::parse::ddl::{AlterTable, ObjectName, ShardingClause, TableChange};
use ostrakon_router::sharding::rule;
use ostrakon_router::sharding::topology::quote;

use super::{Found, physical_text};
use crate::error::SqlError;
use crate::job::table_facts::VARYING;
use crate::session::{Failure, Session};

impl Session {
    pub(super) async fn alter_table(
        &mut self,
        alter: &AlterTable,
        text: &[u8],
    ) -> Result<Option<JobAction>, Failure> {
        let found = self.find(&alter.name)?;
        if let [TableChange::Rename(new)] = alter.changes.as_slice() {
            return self.rename(&[(alter.name.clone(), new.clone())]).map(Some);
        }
        refuse_replaced(&alter.changes)?;
        let mut raised = false;
        for change in &alter.changes {
            refuse_varying(&found, change, text)?;
            self.check_change(&found, change, alter.changes.len())?;
            if let (TableChange::AutoIncrement { value, .. }, true) = (change, found.has_sequence()) {
                let node = Arc::clone(&self.worker.node);
                let sequence = auto_sequence_name(&found.table.name);
                node.sequences
                    .raise(&node.meta, &found.database.name, &sequence, value.saturating_sub(1))
                    .await?;
                raised = true;
            }
        }
        if raised {
            // Its own physical tables never count: the sequence does, and it has been raised.
            return Ok(None);
        }
        let undo = rename_back(&alter.changes);
        Ok(Some(found.change(physical_text(text, &alter.name.span, &[]), undo)))
    }

    pub(super) fn create_index(
        &mut self,
        name: &ObjectName,
        key: &Key,
        text: &[u8],
    ) -> Result<JobAction, Failure> {
        let found = self.find(name)?;
        self.check_unique_keys(&found, std::slice::from_ref(key))?;
        Ok(found.change(physical_text(text, &name.span, &[]), None))
    }

    /// Refuses what would break placement, or what the catalog could not follow.
    fn check_change(&mut self, found: &Found, change: &TableChange, changes: usize) -> Result<(), Failure> {
        let table = &found.table;
        let refuse = |what: String| Err(Failure::from(SqlError::not_supported(what)));
        match change {
            TableChange::Refused(what) => refuse(what.clone()),
            TableChange::Rename(_) => refuse("RENAME together with other changes in one ALTER TABLE".into()),
            TableChange::DropColumn(c) | TableChange::RenameColumn { old: c, .. }
                if table.is_placed_by(c) =>
            {
                refuse(format!("changing shard key column '{c}' of table '{}'", table.name))
            }
            TableChange::ChangeColumn { old, .. } if table.is_placed_by(old) => refuse(format!(
                "changing shard key column '{old}' of table '{}': its rows would have to move",
                table.name
            )),
            TableChange::SetDefault { column, .. } => Ok(refuse_default(table, column)?),
            TableChange::Charset { convert: true, .. } if table.rule().is_some() => refuse(format!(
                "CONVERT TO CHARACTER SET on sharded table '{}': its shard key's equality would change",
                table.name
            )),
            TableChange::AddColumn { column, .. } | TableChange::ChangeColumn { column, .. }
                if column.auto_increment && table.auto_increment().is_none() && found.needs_sequence() =>
            {
                refuse(format!("giving table '{}' an AUTO_INCREMENT column after it was made", table.name))
            }
            TableChange::AutoIncrement { .. } if found.has_sequence() && changes > 1 => {
                refuse("AUTO_INCREMENT = n together with other changes in one ALTER TABLE".into())
            }
            TableChange::AddKey(key) => self.check_unique_keys(found, std::slice::from_ref(key)),
            TableChange::AddColumn { keys, .. } => self.check_unique_keys(found, keys),
            _ => Ok(()),
        }
    }

    fn check_unique_keys(&mut self, found: &Found, keys: &[Key]) -> Result<(), Failure> {
        let Some(sharding) = found.table.rule() else { return Ok(()) };
        let request = rule::RuleRequest {
            table: &found.table.name,
            clause: &ShardingClause::Default,
            columns: &found.table.columns,
            keys,
            placement: sharding.placement,
            groups: sharding.groups,
            instances: sharding.instances,
            default_sharding: found.database.default_sharding,
            unique_scope_global: self.own.unique_scope_global,
        };
        let warnings = rule::unique_scope_warnings(&request, sharding)?;
        self.warn_all(warnings);
        Ok(())
    }
}

/// Copies of a broadcast table that a change rewrites must not get values that differ. What is added is judged by the server's own description of
/// the first physical table and goes again; a rewritten column could not be taken back, so the text decides.
fn refuse_varying(found: &Found, change: &TableChange, text: &[u8]) -> Result<(), Failure> {
    let rewrites = matches!(change, TableChange::ChangeColumn { .. } | TableChange::SetDefault { .. });
    if found.table.kind != TableKind::Broadcast || !rewrites {
        return Ok(());
    }
    let lower = String::from_utf8_lossy(text).to_ascii_lowercase();
    match VARYING.iter().find(|word| lower.contains(**word)) {
        Some(word) => Err(SqlError::not_supported(format!(
            "{word} in ALTER of broadcast table '{}': its copies would differ",
            found.table.name
        ))
        .into()),
        None => Ok(()),
    }
}

/// Rows that leave the shard key out are placed by the catalog's default for it.
fn refuse_default(table: &Table, column: &str) -> Result<(), SqlError> {
    match table.is_placed_by(column) {
        true => Err(SqlError::not_supported(format!(
            "changing the default of shard key column '{column}' of table '{}': rows that leave it out are placed by it",
            table.name
        ))),
        false => Ok(()),
    }
}

/// A column that is dropped and added under its name looks as before, and has lost its values: no definition would tell where that was done,
/// and it could not be taken back.
fn refuse_replaced(changes: &[TableChange]) -> Result<(), SqlError> {
    let dropped = |name: &str| {
        changes.iter().any(|c| matches!(c, TableChange::DropColumn(old) if old.eq_ignore_ascii_case(name)))
    };
    let added = changes.iter().find_map(|change| match change {
        TableChange::AddColumn { column, .. } if dropped(&column.name) => Some(&column.name),
        _ => None,
    });
    match added {
        Some(name) => Err(SqlError::not_supported(format!(
            "dropping and adding column '{name}' in one ALTER TABLE: use two statements"
        ))),
        None => Ok(()),
    }
}

/// What takes renames back, when there is nothing else: definitions alone do not tell a renamed column from another one.
fn rename_back(changes: &[TableChange]) -> Option<PhysicalText> {
    let mut clauses = Vec::new();
    for change in changes.iter().rev() {
        match change {
            TableChange::RenameColumn { old, new } => {
                clauses.push(format!("RENAME COLUMN {} TO {}", quote(new), quote(old)));
            }
            TableChange::RenameKey { old, new } => {
                clauses.push(format!("RENAME INDEX {} TO {}", quote(new), quote(old)));
            }
            _ => return None,
        }
    }
    let tail = format!(" {}", clauses.join(", "));
    (!clauses.is_empty()).then_some(PhysicalText { head: "ALTER TABLE ".into(), tail })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renames_go_back_and_what_is_mixed_with_others_does_not() {
        let column = TableChange::RenameColumn { old: "a".into(), new: "b`".into() };
        let key = TableChange::RenameKey { old: "k".into(), new: "l".into() };
        let undo = rename_back(&[column.clone(), key]).unwrap();
        assert_eq!(
            undo.render("`d`.`t`"),
            "ALTER TABLE `d`.`t` RENAME INDEX `l` TO `k`, RENAME COLUMN `b``` TO `a`"
        );
        assert_eq!(rename_back(&[column, TableChange::DropColumn("c".into())]), None);
        assert_eq!(rename_back(&[]), None);
    }
}
