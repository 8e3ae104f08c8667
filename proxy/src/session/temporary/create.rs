//! CREATE TEMPORARY TABLE: with columns, LIKE another table, AS a query.

use std::rc::Rc;
use std::sync::Arc;

use ostrakon_catalog::schema::{Database, Table, TableKind};
use ostrakon_router::lexer::{self, Template};
use ostrakon_router::parse::ddl::{CreateTable, ObjectName, ShardingClause};
use ostrakon_router::plan::{Execution, Plan, RoutedPlan};
use ostrakon_router::sharding::Topology;
use ostrakon_router::sharding::topology::quote;

use super::{FIRST_ID, Temporary};
use crate::backend::connection::Answer;
use crate::backend::settings::Settings;
use crate::error::SqlError;
use crate::exec::names::Names;
use crate::session::ddl::physical_text;
use crate::session::ddl::table::random_part;
use crate::session::dispatch::Input;
use crate::session::{Failure, Session};

impl Session {
    /// CREATE TEMPORARY TABLE with columns, or LIKE another table.
    pub(super) async fn create_temporary(
        &mut self,
        create: &CreateTable,
        text: &[u8],
    ) -> Result<Answer, Failure> {
        let Some((database, table, quoted)) = self.new_temporary(create)? else {
            return Ok(Answer::default());
        };
        if let Some(refused) = &create.refused
            && create.like.is_none()
        {
            let name = &create.name.name;
            return Err(SqlError::not_supported(format!("{refused} in CREATE TEMPORARY TABLE {name}")).into());
        }
        let sql = match &create.like {
            None => physical_text(text, &create.name.span, &create.cut).render(&quoted),
            Some(source) => self.definition_like(source, &quoted).await?,
        };
        self.make_temporary(&create.name, &database, table, quoted, &sql).await
    }

    /// `CREATE TEMPORARY TABLE t ... AS SELECT`: with the query's columns, and then its rows. Answers by itself.
    pub(in crate::session) async fn create_temporary_as(
        &mut self,
        create: &CreateTable,
        text: &[u8],
        more: bool,
    ) -> Result<(), Failure> {
        let name = &create.name.name;
        let refuse = |what: &str| {
            Failure::from(SqlError::not_supported(format!("CREATE TEMPORARY TABLE {name} ... AS {what}")))
        };
        let Some(start) = create.query.filter(|_| create.columns.is_empty()) else {
            return Err(refuse("SELECT with columns, IGNORE or REPLACE"));
        };
        let Some((database, table, quoted)) = self.new_temporary(create)? else {
            self.row_count = 0;
            self.ok(0, 0, b"", more);
            return Ok(());
        };
        let query = text.get(start..).unwrap_or_default();
        let mut template = Template::default();
        lexer::scan(query, self.mode, &mut template)?;
        let query = query.get(..template.length).unwrap_or_default();
        let (plan, expanded) = self.plan_expanded(query, &template).await?;
        let Plan::Routed(plan) = &*plan else { return Err(refuse("anything but a query")) };
        if !plan.assigned.is_empty() || !plan.nextvals.is_empty() {
            return Err(refuse("a query that assigns variables or takes values of sequences"));
        }
        // The rows are asked for when the new table hides what has its name.
        let hides = plan
            .tables
            .iter()
            .any(|table| *table.logical_database == *database.name && *table.logical_table == **name)
            || (database.views.contains_key(name) && expanded.is_some());
        if hides {
            return Err(refuse("a query on a table or view of the same name"));
        }
        let input = match &expanded {
            Some(expanded) => expanded.input(None),
            None => Input { text: query, template: &template, values: None },
        };
        let Some(shape) = self.shape_at_home(plan, input, &database)? else {
            return Err(refuse(
                "a query whose tables are not all in the database's default group, or in another database",
            ));
        };
        let head = physical_text(text.get(..start).unwrap_or_default(), &create.name.span, &create.cut);
        let head = head.render(&quoted);
        let head = head.trim_end();
        let head = match head.get(head.len().saturating_sub(3)..) {
            Some(end) if end.eq_ignore_ascii_case(" AS") || end.eq_ignore_ascii_case("\nAS") => {
                head.to_owned()
            }
            _ => format!("{head} AS"),
        };
        let made = format!("{head} {shape}");
        self.make_temporary(&create.name, &database, table, quoted.clone(), &made).await?;
        // These were the rows that this group has; the columns are what was wanted.
        let home =
            database.groups.first().cloned().ok_or_else(|| refuse("a query in a database without groups"))?;
        self.on_home(&home, &format!("DELETE FROM {quoted}")).await?;
        let insert =
            [format!("INSERT INTO {}.{} ", quote(&database.name), quote(name)).as_bytes(), query].concat();
        let mut template = Template::default();
        lexer::scan(&insert, self.mode, &mut template)?;
        let filled = Box::pin(self.run_text(&insert, &template, more)).await;
        if filled.is_err() {
            self.drop_made(&home, &database.name, name, &quoted).await?;
        }
        filled
    }

    /// The query on the home's own tables alone, which has the columns of its answer.
    fn shape_at_home(
        &self,
        plan: &RoutedPlan,
        input: Input<'_>,
        database: &Database,
    ) -> Result<Option<String>, Failure> {
        let arguments = self.arguments(plan, input, &[], &[]);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match &plan.database {
            None => {
                let mut execution = Execution::default();
                plan.route_into(&arguments, &mut execution)?;
                let statement = execution.statements.first().filter(|_| !execution.gathers);
                Ok(statement.map(|statement| text(execution.text(statement))))
            }
            Some(own) if own.name == database.name => {
                Ok(plan.alone_in(0, &arguments).map(|shape| text(&shape)))
            }
            Some(_) => Ok(None),
        }
    }

    /// What a new temporary table is entered as; `None`: it is there, and IF NOT EXISTS was said.
    fn new_temporary(
        &mut self,
        create: &CreateTable,
    ) -> Result<Option<(Arc<Database>, Table, String)>, Failure> {
        // One that is left from a transaction ties the session to its database no longer.
        self.has_temporary_tables();
        let catalog = self.catalog();
        let database = self.database_of(&catalog, &create.name)?;
        let name = &create.name.name;
        if self.temporary_table(&database.name, name).is_some() {
            let message = format!("Table '{name}' already exists");
            if create.if_not_exists {
                self.note(1050, message);
                return Ok(None);
            }
            return Err(SqlError::new(1050, "42S01", message).into());
        }
        if self.table_locks.is_some() {
            return Err(SqlError::not_supported("CREATE TEMPORARY TABLE under LOCK TABLES").into());
        }
        // A statement is searched for the name as it is.
        if name.contains(['`', '"']) {
            return Err(SqlError::not_supported("a temporary table with a quotation mark in its name").into());
        }
        if !matches!(create.sharding, ShardingClause::Default | ShardingClause::Single) {
            return Err(SqlError::not_supported(format!("DBPARTITION, TBPARTITION or BROADCAST in CREATE TEMPORARY TABLE {name}: it is its session's, on one server")).into());
        }
        let home = database.groups.first();
        if let Some(temporary) = &self.temporary
            && home.is_none_or(|home| !temporary.is_home(home))
        {
            return Err(SqlError::not_supported(format!(
                "temporary tables in several databases ('{}' beside the one that has this session's others)",
                database.name
            ))
            .into());
        }
        let last = self.temporary.as_ref().map_or(FIRST_ID, |temporary| temporary.last_id);
        let table = Table {
            id: last + 1,
            name: name.clone(),
            kind: TableKind::Single,
            columns: Vec::new(),
            keys: Vec::new(),
            name_suffix: Some(random_part()),
            physical_base: name.clone(),
            allow_full_table_scan: None,
            generated_key: None,
        };
        let topology = Topology::new(&table, &database)?;
        let quoted = topology.get(0).map(|physical| physical.quoted.to_string()).unwrap_or_default();
        Ok(Some((database, table, quoted)))
    }

    /// CREATE TEMPORARY TABLE ... LIKE: of a table in the same group as its server does it, of others by their definition.
    async fn definition_like(&mut self, source: &ObjectName, quoted: &str) -> Result<String, Failure> {
        let catalog = self.catalog();
        let physical = self.first_physical(&catalog, source.database.as_deref(), &source.name)?;
        let mut lease = self.lease(&physical.group).await?;
        lease.connection.queue_settings(&self.worker.intern(Settings::default()));
        let shown = lease.connection.query(&format!("SHOW CREATE TABLE {}", physical.quoted)).await;
        self.release(lease);
        let text = shown?.text(0, 1);
        let Some(open) = text.find(" (\n") else {
            return Err(SqlError::not_supported(format!(
                "CREATE TEMPORARY TABLE ... LIKE '{}'",
                source.name
            ))
            .into());
        };
        let rest = text.get(open..).unwrap_or_default();
        // The counter is not part of what a table is like.
        let (parts, options) = rest.rsplit_once("\n)").unwrap_or((rest, ""));
        let words = options.split(' ').filter(|word| !word.starts_with("AUTO_INCREMENT="));
        let options: Vec<&str> = words.collect();
        Ok(format!("CREATE TEMPORARY TABLE {quoted}{parts}\n){}", options.join(" ")))
    }

    /// Makes the table, and enters it with the columns and keys that its server says.
    async fn make_temporary(
        &mut self,
        name: &ObjectName,
        database: &Database,
        table: Table,
        quoted: String,
        sql: &str,
    ) -> Result<Answer, Failure> {
        let home = database.groups.first().cloned();
        let home = home.ok_or_else(|| SqlError::other("a database without groups"))?;
        let mut lease = self.lease(&home).await?;
        if lease.in_transaction && !self.transaction.branches.first().is_some_and(|first| first.is_in(&home))
        {
            self.release(lease);
            return Err(SqlError::not_supported(
                "the first CREATE TEMPORARY TABLE of a session in a transaction that has begun in another group; COMMIT first",
            )
            .into());
        }
        if !lease.connection.keeps_tables && self.temporary.as_ref().is_some_and(|t| !t.tables.is_empty()) {
            self.release(lease);
            return Err(self.home_is_lost().into());
        }
        let made = lease.connection.query(sql).await;
        if let Ok(answer) = &made
            && answer.warnings > 0
        {
            self.fetch_warnings(&mut lease, Names::none(), answer.warnings.into()).await;
        }
        let keeper =
            self.temporary.as_ref().map(|temporary| Rc::clone(&temporary.keeper)).unwrap_or_default();
        if made.is_ok() {
            lease.connection.keep(&keeper);
            lease.connection.keeps_tables = true;
        }
        self.release(lease);
        let made = made.map_err(|e| self.logical_temporary(e, name, &quoted))?;
        let last_id = table.id;
        let temporary = self.temporary.get_or_insert_with(|| {
            Box::new(Temporary { tables: Vec::new(), home: home.clone(), keeper, catalog: None, last_id })
        });
        temporary.last_id = last_id;
        let read = self.read_definition(&home, &quoted).await?;
        self.enter_temporary(name, &quoted, Table { columns: read.0, keys: read.1, ..table })?;
        Ok(made)
    }

    fn logical_temporary(&self, e: SqlError, name: &ObjectName, quoted: &str) -> SqlError {
        let bare = quoted.rsplit('`').nth(1).unwrap_or_default();
        let message = e.message.replace(quoted, &name.name).replace(bare, &name.name);
        SqlError { message, ..e }
    }
}
