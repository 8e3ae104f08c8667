//! DDL on logical objects: physical statements on every group, then the catalog.
//!
//! A first physical table tries the statement, so that what MySQL refuses is refused with MySQL's own error and nothing is done. The others
//! follow in parallel. **Invariant:** the catalog changes only after every group has changed; a failure on some groups names each group's state.

mod database;
mod fanout;
mod fold;
mod table;

use std::ops::Range;
use std::sync::Arc;

use ostrakon_catalog::Catalog;
use ostrakon_catalog::command::Command as CatalogCommand;
use ostrakon_catalog::schema::{Database, Group, Table};
use ostrakon_router::RouterError;
use ostrakon_router::parse::ddl::{AlterTable, Ddl, ObjectName, ShardingClause, TableChange};
use ostrakon_router::sharding::{Topology, rule};

use super::dispatch::sequence_name;
use super::{Failure, Session, Warning};
use crate::error::SqlError;
use fanout::GroupWork;

/// The first physical table of a logical one: what describes it.
pub struct FirstPhysical {
    pub group: Group,
    /// `` `physical database`.`physical table` ``.
    pub quoted: String,
    pub table: Arc<Table>,
}

impl Session {
    /// Carries out a DDL statement. The session's transaction is committed first, as MySQL does.
    pub async fn run_ddl(&mut self, ddl: &Ddl, text: &[u8]) -> Result<(), Failure> {
        self.commit_all().await?;
        let node = Arc::clone(&self.worker.node);
        let _one_at_a_time = tokio::select! {
            lock = node.ddl.lock() => lock,
            // Another statement may wait for a lock for long.
            () = super::killed_statement(self.entry()) => {
                return Err(SqlError::new(1317, "70100", "Query execution was interrupted").into());
            }
            () = self.client.hung_up() => return Err(Failure::ClientGone),
        };
        match ddl {
            Ddl::CreateDatabase { name, if_not_exists, groups, default_sharding, charset, collation } => {
                let options = database::NewDatabase {
                    name,
                    groups: *groups,
                    default_sharding: *default_sharding,
                    charset: charset.as_deref(),
                    collation: collation.as_deref(),
                };
                self.create_database(options, *if_not_exists).await
            }
            Ddl::DropDatabase { name, if_exists } => self.drop_database(name, *if_exists).await,
            Ddl::CreateTable(create) => self.create_table(create, text).await,
            Ddl::DropTable { tables, if_exists, temporary } => {
                if *temporary {
                    return Err(SqlError::not_supported("temporary tables").into());
                }
                self.drop_tables(tables, *if_exists).await
            }
            Ddl::Truncate(name) => self.truncate(name).await,
            Ddl::Rename(renames) => self.rename(renames).await,
            Ddl::AlterTable(alter) => self.alter_table(alter, text).await,
            Ddl::CreateIndex { table, key } => self.create_index(table, key, text).await,
            Ddl::DropIndex { table, .. } => {
                let found = self.find(table)?;
                self.change_physical(&found, &table.span, &[], text).await
            }
        }
    }

    /// Database and table of a name, or 1046, 1049, 1146.
    fn find(&self, name: &ObjectName) -> Result<Found, Failure> {
        let catalog = self.catalog();
        let database = self.database_of(&catalog, name)?;
        let table = database.tables.get(&name.name).cloned();
        let table = table.ok_or_else(|| RouterError::no_such_table(&database.name, &name.name))?;
        Ok(Found { database, table })
    }

    fn database_of(&self, catalog: &Catalog, name: &ObjectName) -> Result<Arc<Database>, Failure> {
        let database = match &name.database {
            Some(database) => database,
            None => self.current_database()?,
        };
        let found = catalog.database(database).cloned();
        Ok(found.ok_or_else(|| RouterError::unknown_database(database))?)
    }

    /// The physical table that describes a logical one.
    pub fn first_physical(
        &self,
        catalog: &Catalog,
        database: Option<&str>,
        table: &str,
    ) -> Result<FirstPhysical, Failure> {
        let name = ObjectName { database: database.map(str::to_owned), name: table.to_owned(), span: 0..0 };
        let database = self.database_of(catalog, &name)?;
        let found = database.tables.get(table).cloned();
        let table = found.ok_or_else(|| RouterError::no_such_table(&database.name, table))?;
        let topology = Topology::new(&table, &database)?;
        let first = topology
            .get(0)
            .and_then(|t| database.groups.get(t.group).map(|g| (g.clone(), t.quoted.to_string())));
        let (group, quoted) = first.ok_or_else(|| SqlError::other("the table has no physical table"))?;
        Ok(FirstPhysical { group, quoted, table })
    }

    async fn alter_table(&mut self, alter: &AlterTable, text: &[u8]) -> Result<(), Failure> {
        let found = self.find(&alter.name)?;
        if let [TableChange::Rename(new)] = alter.changes.as_slice() {
            return self.rename(&[(alter.name.clone(), new.clone())]).await;
        }
        if found.table.kind == ostrakon_catalog::schema::TableKind::Broadcast {
            let lower = String::from_utf8_lossy(text).to_ascii_lowercase();
            if let Some(word) = ["uuid", "rand(", "sysdate"].iter().find(|word| lower.contains(**word)) {
                return Err(SqlError::not_supported(format!(
                    "{word} in ALTER of broadcast table '{}': its copies would differ",
                    found.table.name
                ))
                .into());
            }
        }
        let mut cuts: Vec<Range<usize>> = Vec::new();
        for change in &alter.changes {
            self.check_change(&found, change, alter.changes.len())?;
            if let (TableChange::AutoIncrement { value, span }, true) = (change, found.has_sequence()) {
                let node = Arc::clone(&self.worker.node);
                let sequence = sequence_name(&found.table.name);
                node.sequences
                    .raise(&node.meta, &found.database.name, &sequence, value.saturating_sub(1))
                    .await?;
                cuts.push(span.clone());
            }
        }
        if !cuts.is_empty() {
            // Its own physical tables never count: the sequence does, and it has been raised.
            return Ok(());
        }
        self.change_physical(&found, &alter.name.span, &cuts, text).await
    }

    /// Refuses what would break placement, or what the catalog could not follow.
    fn check_change(&mut self, found: &Found, change: &TableChange, changes: usize) -> Result<(), Failure> {
        let table = &found.table;
        let refuse = |what: String| Err(Failure::from(SqlError::not_supported(what)));
        match change {
            TableChange::Refused(what) => refuse(what.clone()),
            TableChange::Rename(_) => refuse("RENAME together with other changes in one ALTER TABLE".into()),
            TableChange::DropColumn(c) | TableChange::RenameColumn { old: c, .. } if is_key(table, c) => {
                refuse(format!("changing shard key column '{c}' of table '{}'", table.name))
            }
            TableChange::ChangeColumn { old, .. } if is_key(table, old) => refuse(format!(
                "changing shard key column '{old}' of table '{}': its rows would have to move",
                table.name
            )),
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

    fn check_unique_keys(
        &mut self,
        found: &Found,
        keys: &[ostrakon_catalog::column::Key],
    ) -> Result<(), Failure> {
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

    async fn create_index(
        &mut self,
        name: &ObjectName,
        key: &ostrakon_catalog::column::Key,
        text: &[u8],
    ) -> Result<(), Failure> {
        let found = self.find(name)?;
        self.check_unique_keys(&found, std::slice::from_ref(key))?;
        self.change_physical(&found, &name.span, &[], text).await
    }

    /// Runs the user's text on every physical table, reads the definition back, and puts it into the catalog.
    async fn change_physical(
        &mut self,
        found: &Found,
        span: &Range<usize>,
        cuts: &[Range<usize>],
        text: &[u8],
    ) -> Result<(), Failure> {
        let topology = Topology::new(&found.table, &found.database)?;
        let work =
            GroupWork::for_tables(&found.database, &topology, |quoted| splice(text, span, quoted, cuts));
        let named = Some((&topology, found.table.name.as_str()));
        self.fan_out(&found.database, named, work, &format!("DDL on table '{}'", found.table.name)).await?;
        let first = self.first_physical(&self.catalog(), Some(&found.database.name), &found.table.name)?;
        let (columns, keys) = self.read_definition(&first.group, &first.quoted).await?;
        let table = Table { columns, keys, ..(*found.table).clone() };
        let command = CatalogCommand::ReplaceTable {
            database: found.database.name.clone(),
            name: found.table.name.clone(),
            expected_id: found.table.id,
            table,
            sequence: None,
        };
        self.propose(command).await?;
        Ok(())
    }

    /// The definition of a physical table.
    async fn read_definition(
        &mut self,
        group: &Group,
        quoted: &str,
    ) -> Result<(Vec<ostrakon_catalog::column::Column>, Vec<ostrakon_catalog::column::Key>), Failure> {
        let collations = Arc::clone(&self.worker.node.server.load().collations);
        let pool = self.worker.pool_of(group.instance)?;
        let mut connection = pool.acquire(false).await?;
        // Not the session's settings: SHOW CREATE TABLE quotes by sql_mode.
        connection.queue_settings(&self.worker.intern(crate::backend::settings::Settings::default()));
        Ok(super::definition::read(&mut connection, quoted, self.mode, &collations).await?)
    }

    /// Refuses column properties that placement or equal copies could not survive, which only the server's own description tells.
    async fn check_columns(&mut self, table: &Table, group: &Group, quoted: &str) -> Result<(), Failure> {
        let mut connection = self.worker.pool_of(group.instance)?.acquire(false).await?;
        let answer = connection.query(&format!("SHOW COLUMNS FROM {quoted}")).await?;
        for row in 0..answer.rows.len() {
            let (column, default, extra) = (answer.text(row, 0), answer.text(row, 4), answer.text(row, 5));
            let (default, extra) = (default.to_ascii_lowercase(), extra.to_ascii_lowercase());
            if extra.contains("on update") && is_key(table, &column) {
                return Err(SqlError::not_supported(format!(
                    "ON UPDATE on shard key column '{column}' of table '{}': each UPDATE would move the row",
                    table.name
                ))
                .into());
            }
            let varies = ["uuid", "rand(", "sysdate"].iter().any(|word| default.contains(word));
            if varies && table.kind == ostrakon_catalog::schema::TableKind::Broadcast {
                return Err(SqlError::not_supported(format!(
                    "DEFAULT {default} of column '{column}' in broadcast table '{}': its copies would differ",
                    table.name
                ))
                .into());
            }
        }
        Ok(())
    }

    pub async fn propose(
        &self,
        command: CatalogCommand,
    ) -> Result<ostrakon_catalog::outcome::Outcome, Failure> {
        Ok(self.worker.node.meta.propose(command).await.map_err(SqlError::from)?)
    }

    /// Adds warnings of our own.
    fn warn_all(&mut self, warnings: Vec<String>) {
        self.warnings.extend(warnings.into_iter().map(|message| Warning {
            level: "Warning".into(),
            code: 1105,
            message,
        }));
    }

    pub(super) fn note(&mut self, code: u16, message: String) {
        self.warnings.push(Warning { level: "Note".into(), code, message });
    }
}

/// True when the column takes part in placing the table's rows.
fn is_key(table: &Table, column: &str) -> bool {
    table.rule().is_some_and(|rule| {
        let partitions = [&rule.db, &rule.tb].into_iter().flatten();
        partitions.flat_map(|p| &p.columns).any(|c| c.eq_ignore_ascii_case(column))
    })
}

/// A table and its database.
struct Found {
    database: Arc<Database>,
    table: Arc<Table>,
}

impl Found {
    /// Its AUTO_INCREMENT values come (or would come) from a sequence, not from a server.
    fn needs_sequence(&self) -> bool {
        !matches!(self.table.kind, ostrakon_catalog::schema::TableKind::Single)
    }

    fn has_sequence(&self) -> bool {
        self.needs_sequence() && self.table.auto_increment().is_some()
    }
}

/// The text with the name at `span` replaced by a physical one and the `cuts` left out.
pub fn splice(text: &[u8], span: &Range<usize>, physical: &str, cuts: &[Range<usize>]) -> String {
    let mut out = Vec::with_capacity(text.len() + physical.len());
    let mut edits: Vec<(Range<usize>, &[u8])> = cuts.iter().map(|cut| (cut.clone(), &b" "[..])).collect();
    edits.push((span.clone(), physical.as_bytes()));
    edits.sort_by_key(|(range, _)| range.start);
    let mut at = 0;
    for (range, replacement) in edits {
        out.extend_from_slice(text.get(at..range.start).unwrap_or_default());
        out.extend_from_slice(replacement);
        at = range.end.max(at);
    }
    out.extend_from_slice(text.get(at..).unwrap_or_default());
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_are_replaced_and_our_clauses_left_out() {
        let text = b"CREATE TABLE t (id INT) ENGINE=InnoDB DBPARTITION BY HASH(id)";
        let physical = super::splice(text, &(13..14), "`d_0000`.`t_0`", std::slice::from_ref(&(38..61)));
        assert_eq!(physical, "CREATE TABLE `d_0000`.`t_0` (id INT) ENGINE=InnoDB  ");
    }
}
