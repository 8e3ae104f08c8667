//! SHOW and DESCRIBE on logical objects: from the catalog, the session, or the first physical table.

mod absent;
mod deadlocks;
mod drds;
mod jobs;
pub(in crate::session) mod sequences;
pub mod sessions;
mod status;
mod table_status;
mod variables;
mod view_columns;
mod views;

use ostrakon_catalog::Catalog;
use ostrakon_catalog::privilege::Privileges;
use ostrakon_catalog::schema::Database;
use ostrakon_router::RouterError;
use ostrakon_router::parse::command::{Show, ShowWhat};
use ostrakon_router::plan::INFORMATION_SCHEMA;
use ostrakon_router::sharding::text as rule_text;

use super::result::{CellType, ResultSet, quote_string};
use super::{Failure, Session, Warning};
use crate::backend::connection::Answer;
use crate::exec::names;

impl Session {
    /// The rows of a SHOW, filtered.
    pub async fn show(&mut self, show: &Show) -> Result<ResultSet, Failure> {
        let catalog = self.catalog();
        let catalog = self.visible(catalog);
        if let Some(mut set) = self.show_information_schema(show).await? {
            if let Some(pattern) = &show.like {
                set.keep_like(pattern);
            }
            return match &show.filter {
                Some(filter) => self.filter(set, filter).await,
                None => Ok(set),
            };
        }
        let mut pushed_like = false;
        let mut set = match &show.what {
            ShowWhat::Databases => databases(&catalog, show),
            ShowWhat::Tables { full, database } => self.tables(&catalog, *full, database.as_deref(), show)?,
            ShowWhat::TableStatus { database } => {
                self.table_status(&catalog, database.as_deref(), show).await?
            }
            ShowWhat::CreateTable { database, table } => {
                self.show_create_table(&catalog, database.as_deref(), table).await?
            }
            ShowWhat::CreateView { database, view } => {
                self.show_create_view(&catalog, database.as_deref(), view)?
            }
            ShowWhat::CreateDatabase { database, if_not_exists } => {
                create_database(&catalog, database, *if_not_exists)?
            }
            ShowWhat::Columns { full, extended, database, table } => {
                pushed_like = true;
                let kind = match (full, extended) {
                    (true, true) => "SHOW EXTENDED FULL COLUMNS FROM",
                    (true, false) => "SHOW FULL COLUMNS FROM",
                    (false, true) => "SHOW EXTENDED COLUMNS FROM",
                    (false, false) => "SHOW COLUMNS FROM",
                };
                match self.find_view(&catalog, database.as_deref(), table)? {
                    Some((home, view)) => {
                        pushed_like = false;
                        self.view_columns(&catalog, &home.name, &view.name, kind).await?
                    }
                    None => self.of_first_physical(&catalog, database.as_deref(), table, kind, show).await?,
                }
            }
            ShowWhat::Index { database, table } => {
                pushed_like = true;
                if self.find_view(&catalog, database.as_deref(), table)?.is_some() {
                    return self.no_index(show).await;
                }
                let set = self
                    .of_first_physical(&catalog, database.as_deref(), table, "SHOW INDEX FROM", show)
                    .await?;
                with_first_column(set, table)
            }
            ShowWhat::Warnings { count, limit } => self.diagnostics(*count, *limit, false),
            ShowWhat::Errors { count, limit } => self.diagnostics(*count, *limit, true),
            ShowWhat::Processlist { full } => self.processlist(*full),
            ShowWhat::ConnectionAttributes => self.connection_attributes(),
            ShowWhat::Absent(absent) => self.show_absent(&catalog, absent).await?,
            ShowWhat::Trace => self.show_trace(),
            ShowWhat::Rule { full, database, table } => {
                self.rules(&catalog, *full, database.as_deref(), table.as_deref())?
            }
            ShowWhat::Topology { database, table } => self.topology(&catalog, database.as_deref(), table)?,
            ShowWhat::Partitions { database, table } => {
                self.partitions(&catalog, database.as_deref(), table)?
            }
            ShowWhat::Broadcasts => self.broadcasts(&catalog)?,
            ShowWhat::Node => self.nodes(&catalog)?,
            ShowWhat::Datasources => self.datasources(&catalog)?,
            ShowWhat::Sequences => self.sequences(&catalog)?,
            ShowWhat::Ddl { full } => jobs::jobs(&*self.newest_catalog().await, *full),
            ShowWhat::DdlResult => jobs::results(&*self.newest_catalog().await),
            ShowWhat::Instances => drds::instances(&catalog),
            ShowWhat::Groups => self.groups(&catalog)?,
            ShowWhat::Nodes => self.cluster_nodes().await?,
            ShowWhat::Users => self.users(&catalog),
            ShowWhat::Grants(whom) => self.show_grants(whom).await?,
            ShowWhat::CreateUser(whom) => self.show_create_user(whom).await?,
            ShowWhat::Settings => super::admin::settings(&catalog),
            ShowWhat::Trans { full } => self.transactions(*full).await,
            ShowWhat::TransInDoubt => self.in_doubt().await,
            ShowWhat::TransOutcome(id) => self.transaction_outcome(id).await?,
            ShowWhat::Deadlocks { global } => self.deadlocks(*global).await,
            ShowWhat::Variables { global } => self.variables(*global).await?,
            ShowWhat::Status { global } => {
                pushed_like = true;
                self.server_status(*global, show.like.as_deref()).await?
            }
            ShowWhat::Help => drds::help(),
        };
        if !pushed_like && let Some(pattern) = &show.like {
            set.keep_like(pattern);
        }
        match &show.filter {
            Some(filter) => self.filter(set, filter).await,
            None => Ok(set),
        }
    }

    /// Lets a server evaluate a WHERE over rows of ours. The filter is the user's text: it is planned like any query, so that it reaches no table.
    async fn filter(&mut self, set: ResultSet, filter: &str) -> Result<ResultSet, Failure> {
        let query = self.without_tables(&set.as_select(filter))?;
        let mut filtered = self.described(&query).await?;
        filtered.columns = set.columns;
        Ok(filtered)
    }

    fn database_or_current<'c>(
        &self,
        catalog: &'c Catalog,
        name: Option<&str>,
    ) -> Result<&'c Database, Failure> {
        let name = match name {
            Some(name) => name,
            None => self.current_database()?,
        };
        Ok(catalog.database(name).map(|d| &**d).ok_or_else(|| RouterError::unknown_database(name))?)
    }

    fn tables(
        &self,
        catalog: &Catalog,
        full: bool,
        database: Option<&str>,
        show: &Show,
    ) -> Result<ResultSet, Failure> {
        let database = self.database_or_current(catalog, database)?;
        let pattern = show.like.as_ref().map(|like| format!(" ({like})")).unwrap_or_default();
        let label = format!("Tables_in_{}{pattern}", database.name);
        let mut set = match full {
            true => ResultSet::text(&[&label, "Table_type"]),
            false => ResultSet::text(&[&label]),
        };
        let tables = database.tables.keys().map(|name| (name, "BASE TABLE"));
        let mut all: Vec<(&str, &str)> =
            tables.chain(database.views.keys().map(|name| (name, "VIEW"))).collect();
        all.sort_unstable();
        for (name, kind) in all {
            match full {
                true => set.push([name.into(), kind.into()]),
                false => set.push([name.into()]),
            }
        }
        Ok(set)
    }

    /// A SHOW on the first physical table, with LIKE pushed.
    async fn of_first_physical(
        &mut self,
        catalog: &Catalog,
        database: Option<&str>,
        table: &str,
        kind: &str,
        show: &Show,
    ) -> Result<ResultSet, Failure> {
        let physical = self.first_physical(catalog, database, table)?;
        let mut sql = format!("{kind} {}", physical.quoted);
        if let Some(like) = &show.like {
            let pattern = match self.mode.no_backslash_escapes {
                true => format!("'{}'", like.replace('\'', "''")),
                false => quote_string(like),
            };
            sql.push_str(&format!(" LIKE {pattern}"));
        }
        let mut lease = self.lease(&physical.group).await?;
        let answer = lease.connection.query(&sql).await;
        self.release(lease);
        Ok(to_result(answer?))
    }

    async fn show_create_table(
        &mut self,
        catalog: &Catalog,
        database: Option<&str>,
        table: &str,
    ) -> Result<ResultSet, Failure> {
        if self.find_view(catalog, database, table)?.is_some() {
            return self.show_create_view(catalog, database, table);
        }
        let physical = self.first_physical(catalog, database, table)?;
        let mut lease = self.lease(&physical.group).await?;
        let answer = lease.connection.query(&format!("SHOW CREATE TABLE {}", physical.quoted)).await;
        self.release(lease);
        let mut text = answer?.text(0, 1);
        names::in_definition(&mut text, table);
        let owner = match database {
            Some(name) => name.to_owned(),
            None => self.current_database()?.to_owned(),
        };
        let sequence = catalog.sequence(&owner, &ostrakon_catalog::auto_sequence_name(table));
        let column = physical.table.auto_increment().map(|(_, column)| column.name.as_str());
        sequences::put_sequence(&mut text, &physical.table.kind, column, sequence);
        if self.temporary_table(&owner, table).is_none() {
            text.push(' ');
            text.push_str(&rule_text::table_clause(&physical.table));
        }
        let mut set = ResultSet::text(&["Table", "Create Table"]);
        set.push([table.into(), text.into()]);
        Ok(set)
    }

    fn diagnostics(&self, count: bool, limit: Option<(u64, u64)>, errors_only: bool) -> ResultSet {
        let listed: Vec<&Warning> =
            self.warnings.iter().filter(|w| !errors_only || w.level == "Error").collect();
        if count {
            let label = if errors_only { "@@session.error_count" } else { "@@session.warning_count" };
            let mut set = ResultSet::text(&[label]).integer(label);
            let count = if errors_only { listed.len() as u64 } else { self.warnings.count() };
            set.push([count.into()]);
            return set;
        }
        let (offset, count) = limit.unwrap_or((0, u64::MAX));
        let mut set = ResultSet::text(&["Level", "Code", "Message"]).integer("Code");
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        for warning in listed.into_iter().skip(offset).take(count) {
            set.push([
                warning.level.as_str().into(),
                u64::from(warning.code).into(),
                warning.message.as_str().into(),
            ]);
        }
        set
    }

    /// What clients say of themselves, with the columns of performance_schema.session_connect_attrs.
    fn connection_attributes(&mut self) -> ResultSet {
        let mut set = ResultSet::text(&["PROCESSLIST_ID", "ATTR_NAME", "ATTR_VALUE", "ORDINAL_POSITION"])
            .integer("PROCESSLIST_ID")
            .integer("ORDINAL_POSITION");
        for entry in self.worker.node.registry.all() {
            if !self.may_watch(&entry.identity().account, Privileges::PROCESS) {
                continue;
            }
            for (position, (name, value)) in entry.attributes().into_iter().enumerate() {
                set.push([
                    u64::from(entry.id).into(),
                    name.as_str().into(),
                    value.as_str().into(),
                    position.into(),
                ]);
            }
        }
        set
    }
}

fn databases(catalog: &Catalog, show: &Show) -> ResultSet {
    let label = match &show.like {
        Some(pattern) => format!("Database ({pattern})"),
        None => "Database".to_owned(),
    };
    let mut set = ResultSet::text(&[&label]);
    let mut names: Vec<&str> = catalog.databases.keys().map(String::as_str).collect();
    names.push(INFORMATION_SCHEMA);
    names.sort_unstable();
    for name in names {
        set.push([name.into()]);
    }
    set
}

fn create_database(catalog: &Catalog, name: &str, if_not_exists: bool) -> Result<ResultSet, Failure> {
    let database = catalog.database(name).ok_or_else(|| RouterError::unknown_database(name))?;
    let sharding = match database.default_sharding {
        ostrakon_catalog::schema::DefaultSharding::Single => "SINGLE",
        ostrakon_catalog::schema::DefaultSharding::PrimaryKey => "PRIMARY_KEY",
    };
    let mut set = ResultSet::text(&["Database", "Create Database"]);
    let mut text = format!(
        "CREATE DATABASE {}{} DBPARTITIONS {} DEFAULT_SHARDING = {sharding} CHARACTER SET {} COLLATE {}",
        // As servers say it, for dumps.
        if if_not_exists { "/*!32312 IF NOT EXISTS*/ " } else { "" },
        ostrakon_router::sharding::topology::quote(name),
        database.groups.len(),
        database.charset,
        database.collation
    );
    if database.guard.forbid_full_table_scan {
        text.push_str(" ALLOW_FULL_TABLE_SCAN = OFF");
    }
    if database.guard.forbid_execute_dml_all {
        text.push_str(" FORBID_EXECUTE_DML_ALL = ON");
    }
    set.push([name.into(), text.into()]);
    Ok(set)
}

pub(in crate::session) fn to_result(answer: Answer) -> ResultSet {
    let columns = answer.columns.into_iter().map(|c| {
        let kind =
            if matches!(c.column_type, 1 | 2 | 3 | 8 | 9) { CellType::Integer } else { CellType::Text };
        (c.name, kind)
    });
    ResultSet { columns: columns.collect(), rows: answer.rows }
}

fn with_first_column(mut set: ResultSet, value: &str) -> ResultSet {
    for row in &mut set.rows {
        if let Some(cell) = row.first_mut() {
            *cell = Some(value.as_bytes().to_vec());
        }
    }
    set
}
