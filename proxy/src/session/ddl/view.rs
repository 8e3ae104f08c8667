//! CREATE, ALTER and DROP VIEW: one change of the catalog. A server is asked what the query's columns are called, and nothing is made on it.

use std::time::Instant;

use ostrakon_catalog::Catalog;
use ostrakon_catalog::command::Command as CatalogCommand;
use ostrakon_catalog::outcome::Rejection;
use ostrakon_catalog::view::View;
use ostrakon_meta::ProposeError;
use ostrakon_protocol::column::ColumnDefinition;
use ostrakon_router::RouterError;
use ostrakon_router::access::Need;
use ostrakon_router::lexer::{self, Template};
use ostrakon_router::parse::ddl::{CreateView, ObjectName, PutMode};
use ostrakon_router::plan::{self, Literals, Plan, Request};

use crate::error::SqlError;
use crate::session::{Failure, Session, Warning};

/// ER_UNKNOWN_VIEW, MariaDB's.
const UNKNOWN_VIEW: u16 = 4092;

impl Session {
    /// Makes a view, or changes one. The session's transaction is committed first, as by any DDL.
    pub(super) async fn put_view(&mut self, create: &CreateView) -> Result<(), Failure> {
        let waiting_since = Instant::now();
        loop {
            // What any node has acknowledged is there for this statement.
            self.worker.node.meta.read_barrier().await.map_err(SqlError::from)?;
            self.warnings.clear();
            let Some((database, view)) = self.new_view(create).await? else { return Ok(()) };
            let replace = match create.mode {
                PutMode::New => None,
                PutMode::Replace => Some(true),
                PutMode::Alter => Some(false),
            };
            let command = CatalogCommand::PutView { database, view, replace };
            match self.worker.node.meta.propose(command).await {
                Ok(_) => return Ok(()),
                Err(ProposeError::Rejected(Rejection::ObjectLocked { object, job, .. })) => {
                    self.wait_for_lock(&object, job, waiting_since).await?;
                }
                Err(e) => return Err(SqlError::from(e).into()),
            }
        }
    }

    /// The view as it is kept, with its database; `None`: IF NOT EXISTS, and it does.
    async fn new_view(&mut self, create: &CreateView) -> Result<Option<(String, View)>, Failure> {
        let catalog = self.catalog();
        let database = self.database_of(&catalog, &create.name)?;
        let name = &create.name.name;
        let known = database.views.get(name).cloned();
        let has_table = database.tables.contains_key(name);
        match create.mode {
            PutMode::New if has_table || known.is_some() => {
                let message = format!("Table '{name}' already exists");
                if create.if_not_exists {
                    self.note(1050, message);
                    return Ok(None);
                }
                return Err(SqlError::new(1050, "42S01", message).into());
            }
            PutMode::Replace | PutMode::Alter if has_table => {
                return Err(self.not_of_type(&database.name, name, "VIEW").into());
            }
            PutMode::Alter if known.is_none() => {
                return Err(RouterError::no_such_table(&database.name, name).into());
            }
            _ => {}
        }
        let mut template = Template::default();
        lexer::scan(create.query.as_bytes(), self.mode, &mut template)?;
        let current = self.database.clone();
        let request = Request {
            text: create.query.as_bytes(),
            template: &template,
            catalog: &catalog,
            database: current.as_deref(),
            mode: self.mode,
        };
        plan::check_view(&request)?;
        // Who makes it must be allowed to read what it reads, whoever is its definer.
        let read = self.plan_caught_up(create.query.as_bytes(), &template).await?;
        self.authorize(&read).await?;
        self.refuse_view_of_temporary(&read)?;
        let labels = self.labels(&create.query).await?;
        let definition = plan::define_view(&request, &labels, &create.columns)?;
        let collation = self.charset_setting("collation_connection");
        let kept = known.filter(|_| create.mode == PutMode::Alter);
        let definer = create.definer.clone().map(|(user, host)| format!("{user}@{host}"));
        let definer = definer
            .or_else(|| kept.as_ref().map(|view| view.definer.clone()))
            .unwrap_or_else(|| self.account_name());
        // The query would be read with another account's rights.
        if definer != self.account_name() {
            self.allow(Need::administration()).await?;
        }
        let view = View {
            name: name.clone(),
            query: definition.query,
            columns: definition.columns,
            algorithm: create.algorithm.or(kept.as_ref().map(|view| view.algorithm)).unwrap_or_default(),
            definer,
            invoker: create.invoker.or(kept.as_ref().map(|view| view.invoker)).unwrap_or_default(),
            check: create.check,
            modes: definition.modes,
            literal_collation: (definition.literals == Literals::OfConnection).then(|| collation.clone()),
            character_set_client: self.charset_setting("character_set_client"),
            collation_connection: collation,
            order: definition.order,
            updatable: definition.updatable,
        };
        self.check_as_used(&catalog, &database.name, &view).await?;
        Ok(Some((database.name.clone(), view)))
    }

    /// What a server calls a query's columns; its errors are those of CREATE VIEW.
    pub(in crate::session) async fn labels(&mut self, query: &str) -> Result<Vec<String>, Failure> {
        let mut template = Template::default();
        lexer::scan(query.as_bytes(), self.mode, &mut template)?;
        let (plan, expanded) = self.plan_own_expanded(query.as_bytes(), &template).await?;
        let Plan::Routed(plan) = &*plan else { return Err(RouterError::syntax("a view of no query").into()) };
        let (text, template) = match &expanded {
            Some(expanded) => (expanded.text.as_slice(), &expanded.template),
            None => (query.as_bytes(), &template),
        };
        let columns = self.describe(plan, text, template, 0).await?;
        let name = |column: &Vec<u8>| {
            let definition = ColumnDefinition::decode(column).map_err(|e| SqlError::other(e.to_string()))?;
            Ok(String::from_utf8_lossy(definition.name).into_owned())
        };
        columns.iter().map(name).collect()
    }

    /// The new view in a query, before it is there: a server must know the same columns.
    async fn check_as_used(&mut self, catalog: &Catalog, database: &str, view: &View) -> Result<(), Failure> {
        let mut with = catalog.clone();
        let command = CatalogCommand::PutView {
            database: database.to_owned(),
            view: view.clone(),
            replace: Some(true),
        };
        with.apply(&command).map_err(|e| SqlError::new(e.errno(), e.sqlstate(), e.to_string()))?;
        let template = Template::default();
        let request = Request {
            text: b"",
            template: &template,
            catalog: &with,
            database: self.database.as_deref(),
            mode: self.mode,
        };
        let query = plan::expanded_view(&request, database, view).map_err(|e| match e.errno {
            // MariaDB does not find the view in its own place.
            1462 if self.mode.server.mariadb => RouterError::no_such_table(database, &view.name),
            _ => e,
        })?;
        let labels = self.labels(&format!("SELECT * FROM ({query}) AS `__view`")).await?;
        if labels != view.columns {
            return Err(SqlError::not_supported(format!(
                "view '{}': a server names its columns otherwise ({}); give each an alias",
                view.name,
                labels.join(", ")
            ))
            .into());
        }
        Ok(())
    }

    /// MariaDB drops what there is and names the rest in an error; MySQL drops nothing then.
    pub(super) async fn drop_views(&mut self, views: &[ObjectName], if_exists: bool) -> Result<(), Failure> {
        let waiting_since = Instant::now();
        loop {
            self.worker.node.meta.read_barrier().await.map_err(SqlError::from)?;
            self.warnings.clear();
            let catalog = self.catalog();
            let (mut found, mut missing) = (Vec::new(), Vec::new());
            for name in views {
                let database = match &name.database {
                    Some(database) => database.clone(),
                    None => self.current_database()?.to_owned(),
                };
                if catalog.view(&database, &name.name).is_some() {
                    found.push((database, name.name.clone()));
                    continue;
                }
                if catalog.table(&database, &name.name).is_some() {
                    let wrong = self.not_of_type(&database, &name.name, "VIEW");
                    if !self.mode.server.mariadb {
                        return Err(wrong.into());
                    }
                    let (code, message) = (wrong.errno, wrong.message);
                    self.warnings.push(Warning { level: "Warning".into(), code, message });
                }
                missing.push(format!("{database}.{}", name.name));
            }
            let mariadb = self.mode.server.mariadb;
            let failed = !missing.is_empty() && !if_exists;
            if !failed || mariadb {
                let command = CatalogCommand::DropViews { views: found };
                match self.worker.node.meta.propose(command).await {
                    Ok(_) => {}
                    Err(ProposeError::Rejected(Rejection::ObjectLocked { object, job, .. })) => {
                        self.wait_for_lock(&object, job, waiting_since).await?;
                        continue;
                    }
                    // Dropped by another session meanwhile.
                    Err(ProposeError::Rejected(Rejection::UnknownTables { .. })) => continue,
                    Err(e) => return Err(SqlError::from(e).into()),
                }
            }
            let unknown = |names: &str| match mariadb {
                true => (UNKNOWN_VIEW, format!("Unknown VIEW: '{names}'")),
                false => (1051, format!("Unknown table '{names}'")),
            };
            if failed {
                let (code, message) = unknown(&missing.join(","));
                return Err(SqlError::new(code, "42S02", message).into());
            }
            for name in missing {
                let (code, message) = unknown(&name);
                self.note(code, message);
            }
            return Ok(());
        }
    }

    /// ER_WRONG_OBJECT 1347, in the words of the servers' family. `wanted`: VIEW or BASE TABLE.
    pub(in crate::session) fn not_of_type(&self, database: &str, name: &str, wanted: &str) -> SqlError {
        let is_not = if self.mode.server.mariadb { "is not of type" } else { "is not" };
        let message = match self.mode.server.mariadb {
            true => format!("'{database}.{name}' {is_not} '{wanted}'"),
            false => format!("'{database}.{name}' {is_not} {wanted}"),
        };
        SqlError::new(1347, "HY000", message)
    }
}
