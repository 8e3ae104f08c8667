//! Temporary tables: single tables that only this session knows, on a connection that is its own.
//!
//! The session plans what names one of them by a catalog of its own, in which they stand, in the database's default group, and hide tables of their names. All
//! that the session does in that group goes over the connection that has them (the *home*), so they join its single tables and broadcast
//! copies there; what is elsewhere comes together with them as with any single table. The home's branch is always a transaction's first one, which is a plain
//! transaction: MySQL prepares none with temporary tables (error 4091).

mod create;

use std::rc::Rc;
use std::sync::Arc;

use ostrakon_catalog::Catalog;
use ostrakon_catalog::schema::{Group, Table};
use ostrakon_router::access::Need;
use ostrakon_router::lexer::Template;
use ostrakon_router::parse::ddl::{Ddl, ObjectName};
use ostrakon_router::plan::{Expansion, Plan, RoutedPlan, TableName};

use super::ddl::physical_text;
use super::{Failure, Session, definition};
use crate::backend::connection::Answer;
use crate::backend::pool::{Keeper, Pooled};
use crate::backend::settings::Settings;
use crate::error::{BACKEND_FAILED, SqlError};
use crate::exec::names::Names;

/// Numbers of tables from here on are of temporary ones: the catalog counts from 1.
const FIRST_ID: u64 = 1 << 63;

/// The temporary tables of a session.
pub struct Temporary {
    tables: Vec<Made>,
    /// The default group of their database.
    home: Group,
    keeper: Rc<Keeper>,
    /// The catalog with them in it, and the version that it was made from.
    catalog: Option<(u64, Arc<Catalog>)>,
    last_id: u64,
}

struct Made {
    database: String,
    table: Arc<Table>,
    /// The physical table, ready for a statement.
    quoted: String,
}

impl Temporary {
    fn is_home(&self, group: &Group) -> bool {
        self.home.instance == group.instance && self.home.physical_database == group.physical_database
    }

    fn find(&self, database: &str, name: &str) -> Option<&Made> {
        self.tables.iter().find(|made| made.database == database && made.table.name == name)
    }

    /// The catalog with the temporary tables in the place of those that they hide.
    fn catalog(&mut self, base: &Catalog) -> Arc<Catalog> {
        if let Some((version, catalog)) = &self.catalog
            && *version == base.version
        {
            return Arc::clone(catalog);
        }
        let mut catalog = base.clone();
        for made in &self.tables {
            if let Some(database) = catalog.databases.get_mut(&made.database) {
                let database = Arc::make_mut(database);
                database.views.remove(&made.table.name);
                database.tables.insert(made.table.name.as_str(), Arc::clone(&made.table));
            }
        }
        let catalog = Arc::new(catalog);
        self.catalog = Some((base.version, Arc::clone(&catalog)));
        catalog
    }
}

impl Session {
    /// What to plan a text by, where it may name a temporary table.
    ///
    /// Errors: the connection with the tables is lost; the session ends, because it believes that they are there.
    pub fn temporary_catalog(
        &mut self,
        template: &Template,
        base: &Catalog,
    ) -> Result<Option<Arc<Catalog>>, SqlError> {
        let Some(temporary) = &mut self.temporary else { return Ok(None) };
        let named = |made: &Made| {
            let name = made.table.name.as_bytes();
            template.bytes.windows(name.len()).any(|part| part == name)
        };
        if !temporary.tables.iter().any(named) {
            return Ok(None);
        }
        let is_home = |instance, physical: &str| {
            instance == temporary.home.instance && physical == temporary.home.physical_database
        };
        let transaction = &self.transaction;
        let held = temporary.keeper.is_alive()
            || transaction.branches.iter().any(|branch| is_home(branch.instance, &branch.physical_database))
            || transaction.finishing.iter().any(|f| is_home(f.instance, &f.physical_database));
        if !held {
            return Err(self.home_is_lost());
        }
        Ok(Some(temporary.catalog(base)))
    }

    /// The session ends with this error.
    fn home_is_lost(&mut self) -> SqlError {
        self.temporary = None;
        self.leave = true;
        SqlError::new(
            BACKEND_FAILED,
            "HY000",
            "The connection with this session's temporary tables was lost, and they are gone. This connection ends: make a new one",
        )
    }

    /// The connection that has the temporary tables, for a statement in its group, unless one uses it already.
    pub fn take_home(&mut self, group: &Group) -> Option<Pooled> {
        let temporary = self.temporary.as_ref().filter(|temporary| temporary.is_home(group))?;
        temporary.keeper.take()
    }

    /// A transaction that is about to open its first branches elsewhere opens the home's before.
    pub async fn open_home_first(&mut self, groups: &[Group]) -> Result<(), Failure> {
        let Some(temporary) = &self.temporary else { return Ok(()) };
        if !self.transaction.branches.is_empty()
            || groups.first().is_none_or(|first| temporary.is_home(first))
        {
            return Ok(());
        }
        let home = temporary.home.clone();
        let mut lease = Box::pin(self.lease(&home)).await?;
        lease.connection.flush().await?;
        lease.connection.read_prefix().await?;
        self.release(lease);
        Ok(())
    }

    /// The temporary table of that name, with its group and physical name.
    pub(super) fn temporary_table(&self, database: &str, name: &str) -> Option<(Group, String, Arc<Table>)> {
        let temporary = self.temporary.as_ref()?;
        let made = temporary.find(database, name)?;
        Some((temporary.home.clone(), made.quoted.clone(), Arc::clone(&made.table)))
    }

    /// Such a table is this session's alone.
    pub fn is_temporary(&self, table: &Table) -> bool {
        table.id > FIRST_ID
    }

    /// A temporary table that a plan reads or writes.
    fn temporary_in<'p>(&self, plan: &'p RoutedPlan) -> Option<&'p TableName> {
        let temporary = self.temporary.as_ref()?;
        let mut tables = plan.tables.iter();
        tables.find(|name| temporary.find(&name.logical_database, &name.logical_table).is_some())
    }

    /// A plan reads or writes a temporary table.
    pub fn names_temporary(&self, plan: &RoutedPlan) -> bool {
        self.temporary_in(plan).is_some()
    }

    /// Whether a need is about a temporary table: who could make it may do everything with it.
    pub(super) fn is_of_temporary(&self, need: &Need) -> bool {
        let (Need::Table { database, table, .. } | Need::AnyOnTable { database, table, .. }) = need else {
            return false;
        };
        let home = database.as_deref().or(self.database.as_deref());
        home.is_some_and(|home| self.temporary.as_ref().is_some_and(|t| t.find(home, table).is_some()))
    }

    /// A kind of DDL that takes a temporary table before what it hides.
    pub(super) fn is_ddl_of_temporary(&self, ddl: &Ddl) -> bool {
        match ddl {
            Ddl::CreateTable(create) => create.temporary,
            Ddl::DropTable { .. }
            | Ddl::Truncate(_)
            | Ddl::AlterTable(_)
            | Ddl::CreateIndex { .. }
            | Ddl::DropIndex { .. } => true,
            Ddl::CreateDatabase { .. }
            | Ddl::DropDatabase { .. }
            | Ddl::Rename(_)
            | Ddl::CreateView(_)
            | Ddl::DropView { .. } => false,
        }
    }

    /// A view reads the tables that it was made over, and the statement with its query in it could not tell them from temporary ones.
    ///
    /// Errors: 1235.
    pub(super) fn refuse_hidden_in_views(&self, expansion: &Expansion) -> Result<(), SqlError> {
        if self.temporary.is_none() {
            return Ok(());
        }
        match expansion.needs.iter().find(|need| need.in_view && self.is_of_temporary(&need.need)) {
            Some(_) => Err(SqlError::not_supported(
                "a view that reads a table which a temporary table of this session hides; drop the temporary table first",
            )),
            None => Ok(()),
        }
    }

    /// Carries out what is about temporary tables, and gives the server's answer. `None`: it is not.
    pub(super) async fn temporary_ddl(&mut self, ddl: &Ddl, text: &[u8]) -> Result<Option<Answer>, Failure> {
        match ddl {
            Ddl::CreateTable(create) if create.temporary => {
                return Box::pin(self.create_temporary(create, text)).await.map(Some);
            }
            Ddl::DropTable { tables, if_exists, temporary } => {
                return self.drop_temporary(tables, *if_exists, *temporary).await;
            }
            _ => {}
        }
        if self.temporary.is_none() {
            return Ok(None);
        }
        let (name, sql) = match ddl {
            Ddl::Truncate(name) => (name, physical_text(text, &name.span, &[])),
            Ddl::AlterTable(alter) => (&alter.name, physical_text(text, &alter.name.span, &[])),
            Ddl::CreateIndex { table, .. } | Ddl::DropIndex { table, .. } => {
                (table, physical_text(text, &table.span, &[]))
            }
            Ddl::Rename(renames) => {
                let hidden =
                    renames.iter().flat_map(|(old, new)| [old, new]).find(|name| self.made(name).is_some());
                return match hidden {
                    Some(name) => {
                        Err(SqlError::not_supported(format!("RENAME of temporary table '{}'", name.name))
                            .into())
                    }
                    None => Ok(None),
                };
            }
            Ddl::CreateTable(create) => {
                return match create.like.as_ref().filter(|source| self.made(source).is_some()) {
                    Some(source) => {
                        let what = format!("CREATE TABLE ... LIKE temporary table '{}'", source.name);
                        Err(SqlError::not_supported(what).into())
                    }
                    None => Ok(None),
                };
            }
            _ => return Ok(None),
        };
        let Some((home, quoted, table)) = self.made(name) else { return Ok(None) };
        if let Ddl::AlterTable(alter) = ddl {
            use ostrakon_router::parse::ddl::TableChange::{Refused, Rename};
            if let Some(Rename(_) | Refused(_)) =
                alter.changes.iter().find(|c| matches!(c, Rename(_) | Refused(_)))
            {
                return Err(SqlError::not_supported(format!(
                    "this ALTER of temporary table '{}'",
                    table.name
                ))
                .into());
            }
        }
        // As on a server, but for CREATE and DROP.
        self.commit_all().await?;
        let answer = self.on_home(&home, &sql.render(&quoted)).await?;
        let read = self.read_definition(&home, &quoted).await?;
        self.enter_temporary(name, &quoted, Table { columns: read.0, keys: read.1, ..(*table).clone() })?;
        Ok(Some(answer))
    }

    fn made(&self, name: &ObjectName) -> Option<(Group, String, Arc<Table>)> {
        let database = name.database.as_deref().or(self.database.as_deref())?;
        self.temporary_table(database, &name.name)
    }

    async fn read_definition(
        &mut self,
        home: &Group,
        quoted: &str,
    ) -> Result<(Vec<ostrakon_catalog::column::Column>, Vec<ostrakon_catalog::column::Key>), Failure> {
        let collations = Arc::clone(&self.worker.node.server.load().collations);
        let mode = self.mode;
        let mut lease = self.lease(home).await?;
        // SHOW CREATE TABLE quotes by sql_mode.
        lease.connection.queue_settings(&self.worker.intern(Settings::default()));
        let read = definition::read(&mut lease.connection, quoted, mode, &collations).await;
        self.release(lease);
        Ok(read?)
    }

    /// Enters it, or what has become of it.
    fn enter_temporary(&mut self, name: &ObjectName, quoted: &str, table: Table) -> Result<(), SqlError> {
        let database = match &name.database {
            Some(database) => database.clone(),
            None => self.current_database()?.to_owned(),
        };
        let Some(temporary) = &mut self.temporary else { return Ok(()) };
        temporary.tables.retain(|made| made.database != database || made.table.name != table.name);
        temporary.tables.push(Made { database, table: Arc::new(table), quoted: quoted.to_owned() });
        temporary.catalog = None;
        Ok(())
    }

    /// DROP TABLE: a temporary table goes before one that it hides; what is left of the list is the catalog's. `None`: all of it is.
    async fn drop_temporary(
        &mut self,
        tables: &[ObjectName],
        if_exists: bool,
        temporary: bool,
    ) -> Result<Option<Answer>, Failure> {
        let found: Vec<_> = tables.iter().map(|name| (name, self.made(name))).collect();
        if !temporary && found.iter().all(|(_, made)| made.is_none()) {
            return Ok(None);
        }
        let mut missing = Vec::new();
        for (name, _) in found.iter().filter(|(_, made)| made.is_none()) {
            let database = match &name.database {
                Some(database) => database.as_str(),
                None => self.current_database()?,
            };
            missing.push(format!("{database}.{}", name.name));
        }
        if !temporary && !missing.is_empty() {
            return Err(SqlError::not_supported(
                "DROP TABLE of temporary tables and others in one statement; drop them in two",
            )
            .into());
        }
        if !temporary {
            // It is the word TEMPORARY that keeps a transaction open.
            self.commit_all().await?;
        }
        for (name, made) in &found {
            let Some((home, quoted, table)) = made else { continue };
            let database = name.database.clone().or_else(|| self.database.clone()).unwrap_or_default();
            self.drop_made(home, &database, &table.name, quoted).await?;
        }
        if !missing.is_empty() && !if_exists {
            return Err(SqlError::new(1051, "42S02", format!("Unknown table '{}'", missing.join(","))).into());
        }
        for name in missing {
            self.note(1051, format!("Unknown table '{name}'"));
        }
        Ok(Some(Answer::default()))
    }

    async fn drop_made(
        &mut self,
        home: &Group,
        database: &str,
        name: &str,
        quoted: &str,
    ) -> Result<(), Failure> {
        self.on_home(home, &format!("DROP TEMPORARY TABLE IF EXISTS {quoted}")).await?;
        if let Some(temporary) = &mut self.temporary {
            temporary.tables.retain(|made| made.database != database || made.table.name != name);
            temporary.catalog = None;
        }
        self.let_home_go();
        Ok(())
    }

    /// Gives the connection back to everybody when the last temporary table is gone; in a transaction it waits for the next occasion.
    fn let_home_go(&mut self) {
        if let Some(temporary) = self.temporary.as_ref().filter(|temporary| temporary.tables.is_empty())
            && let Some(mut connection) = temporary.keeper.take()
        {
            connection.let_go();
            connection.keeps_tables = false;
            self.temporary = None;
        }
    }

    pub fn has_temporary_tables(&mut self) -> bool {
        self.let_home_go();
        self.temporary.is_some()
    }

    /// Runs a statement there; the session's list has its warnings.
    async fn on_home(&mut self, home: &Group, sql: &str) -> Result<Answer, Failure> {
        let mut lease = self.lease(home).await?;
        let answer = lease.connection.query(sql).await;
        if let Ok(answer) = &answer
            && answer.warnings > 0
        {
            self.fetch_warnings(&mut lease, Names::none(), answer.warnings.into()).await;
        }
        self.release(lease);
        Ok(answer?)
    }

    /// Errors: 1352, a view over a temporary table.
    pub(super) fn refuse_view_of_temporary(&self, plan: &Plan) -> Result<(), SqlError> {
        let Plan::Routed(plan) = plan else { return Ok(()) };
        let Some(table) = self.temporary_in(plan) else { return Ok(()) };
        Err(SqlError::new(
            1352,
            "HY000",
            format!("View's SELECT refers to a temporary table '{}'", table.logical_table),
        ))
    }
}
