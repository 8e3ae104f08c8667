//! DDL on logical objects: planned here from the newest catalog, carried out by the job engine.
//!
//! What the catalog can refuse is refused before a job is submitted; what only a server can, by the job's first physical statement, with the
//! server's own error and nothing done.

mod alter;
mod database;
mod submit;
pub(super) mod table;
mod view;

use std::ops::Range;
use std::sync::Arc;

use ostrakon_catalog::Catalog;
use ostrakon_catalog::command::Command as CatalogCommand;
use ostrakon_catalog::job::{JobAction, PhysicalText};
use ostrakon_catalog::schema::{Database, Group, Table, TableKind};
use ostrakon_router::RouterError;
use ostrakon_router::parse::ddl::{Ddl, ObjectName};
use ostrakon_router::sharding::Topology;

use super::{Failure, Session, Warning};
use crate::error::SqlError;

/// The first physical table of a logical one: what describes it.
pub struct FirstPhysical {
    pub group: Group,
    /// `` `physical database`.`physical table` ``.
    pub quoted: String,
    pub table: Arc<Table>,
}

impl Session {
    /// What a DDL statement is to do by the newest catalog; `None`: nothing, or it is done already.
    async fn plan_ddl(&mut self, ddl: &Ddl, text: &[u8]) -> Result<Option<JobAction>, Failure> {
        match ddl {
            Ddl::CreateDatabase {
                name,
                if_not_exists,
                groups,
                default_sharding,
                charset,
                collation,
                guard,
            } => {
                let options = database::NewDatabase {
                    name,
                    groups: *groups,
                    default_sharding: *default_sharding,
                    charset: charset.as_deref(),
                    collation: collation.as_deref(),
                    guard: *guard,
                };
                self.create_database(options, *if_not_exists)
            }
            Ddl::DropDatabase { name, if_exists } => self.drop_database(name, *if_exists),
            Ddl::CreateTable(create) => self.create_table(create, text),
            Ddl::DropTable { tables, if_exists, temporary } => {
                debug_assert!(!temporary, "the session's own business");
                self.drop_tables(tables, *if_exists)
            }
            Ddl::Truncate(name) => {
                let found = self.find(name).map_err(|e| match e {
                    // A view is no table that could be emptied (tried: MariaDB 10.11, MySQL 9.7).
                    Failure::Sql(e) if e.errno == 1347 => {
                        let database = name.database.as_deref().or(self.database.as_deref());
                        RouterError::no_such_table(database.unwrap_or_default(), &name.name).into()
                    }
                    other => other,
                })?;
                let database = found.database.name.clone();
                Ok(Some(JobAction::Truncate { database, table: (*found.table).clone() }))
            }
            Ddl::Rename(renames) => self.rename(renames).map(Some),
            Ddl::AlterTable(alter) => self.alter_table(alter, text).await,
            Ddl::CreateIndex { table, key } => self.create_index(table, key, text).map(Some),
            // Not a job.
            Ddl::CreateView(_) | Ddl::DropView { .. } => Ok(None),
            Ddl::DropIndex { table, .. } => {
                let found = self.find(table)?;
                Ok(Some(found.change(physical_text(text, &table.span, &[]), None)))
            }
        }
    }

    /// Database and table of a name, or 1046, 1049, 1146.
    fn find(&self, name: &ObjectName) -> Result<Found, Failure> {
        let catalog = self.catalog();
        let database = self.database_of(&catalog, name)?;
        let table = database.tables.get(&name.name).cloned();
        if database.views.contains_key(&name.name) {
            return Err(self.not_of_type(&database.name, &name.name, "BASE TABLE").into());
        }
        let table = table.ok_or_else(|| RouterError::no_such_table(&database.name, &name.name))?;
        Ok(Found { database, table })
    }

    pub fn database_of(&self, catalog: &Catalog, name: &ObjectName) -> Result<Arc<Database>, Failure> {
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
        if let Some((group, quoted, table)) = self.temporary_table(&database.name, table) {
            return Ok(FirstPhysical { group, quoted, table });
        }
        let found = database.tables.get(table).cloned();
        if database.views.contains_key(table) {
            return Err(self.not_of_type(&database.name, table, "BASE TABLE").into());
        }
        let table = found.ok_or_else(|| RouterError::no_such_table(&database.name, table))?;
        let topology = Topology::new(&table, &database)?;
        let first = topology
            .get(0)
            .and_then(|t| database.groups.get(t.group).map(|g| (g.clone(), t.quoted.to_string())));
        let (group, quoted) = first.ok_or_else(|| SqlError::other("the table has no physical table"))?;
        Ok(FirstPhysical { group, quoted, table })
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

/// A table and its database.
struct Found {
    database: Arc<Database>,
    table: Arc<Table>,
}

impl Found {
    /// Its AUTO_INCREMENT values come (or would come) from a sequence, not from a server.
    fn needs_sequence(&self) -> bool {
        !matches!(self.table.kind, TableKind::Single)
    }

    fn change(&self, text: PhysicalText, undo: Option<PhysicalText>) -> JobAction {
        let (database, table) = (self.database.name.clone(), (*self.table).clone());
        JobAction::AlterTable { database, table, text, undo }
    }

    fn has_sequence(&self) -> bool {
        self.needs_sequence() && self.table.auto_increment().is_some()
    }
}

/// The text with the name at `span` left open and without the `cuts`, each of which is wholly before or behind it.
pub(super) fn physical_text(text: &[u8], span: &Range<usize>, cuts: &[Range<usize>]) -> PhysicalText {
    let part = |range: Range<usize>| {
        let (mut out, mut at) = (Vec::with_capacity(range.len()), range.start);
        for cut in cuts.iter().filter(|cut| range.start <= cut.start && cut.end <= range.end) {
            out.extend_from_slice(text.get(at..cut.start).unwrap_or_default());
            out.push(b' ');
            at = cut.end.max(at);
        }
        out.extend_from_slice(text.get(at..range.end).unwrap_or_default());
        String::from_utf8_lossy(&out).into_owned()
    };
    PhysicalText { head: part(0..span.start), tail: part(span.end..text.len()) }
}

#[cfg(test)]
mod tests {
    #[test]
    fn names_are_replaced_and_our_clauses_left_out() {
        let text = b"CREATE TABLE t (id INT) ENGINE=InnoDB DBPARTITION BY HASH(id)";
        let physical = super::physical_text(text, &(13..14), std::slice::from_ref(&(38..61)));
        assert_eq!(physical.render("`d_0000`.`t_0`"), "CREATE TABLE `d_0000`.`t_0` (id INT) ENGINE=InnoDB  ");
    }
}
