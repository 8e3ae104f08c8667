//! One source of a gathered statement: its query is planned as any is, and its rows are loaded into its temporary table.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use ostrakon_catalog::column::ColumnType;
use ostrakon_protocol::column::ColumnDefinition;
use ostrakon_protocol::row::TextRow;
use ostrakon_router::lexer::{self, Template};
use ostrakon_router::plan::carriage::carriage;
use ostrakon_router::plan::{
    Execution, GATHER_DATABASE, Gather, Link, Plan, Request, RoutedPlan, Source, plan,
};
use ostrakon_router::sharding::topology::quote;

use super::budget::Budget;
use super::connection::GatherConnection;
use super::guard::Guard;
use super::load::{Load, LoadColumn, Loaded};
use crate::error::{DUPLICATE_KEY, SqlError};
use crate::exec::rows::Rows;
use crate::session::dispatch::Input;
use crate::session::{Failure, Session};

/// So many different values of another source are listed in a source's query.
const LISTED_MAX: usize = 2000;

/// The condition of a source that no row of another one needs.
pub const NOTHING: &str = "FALSE";

/// A source with its query.
pub struct Planned<'g> {
    pub source: &'g Source,
    text: Vec<u8>,
    template: Template,
    plan: Rc<Plan>,
}

impl Planned<'_> {
    pub fn input(&self) -> Input<'_> {
        Input { text: &self.text, template: &self.template, values: None }
    }

    pub fn plan(&self) -> Result<&RoutedPlan, SqlError> {
        match &*self.plan {
            Plan::Routed(plan) => Ok(plan),
            _ => Err(SqlError::other("Internal error (please report): a source that is no query")),
        }
    }
}

impl Session {
    /// Plans a source's query. `keys`: further conditions, which are not worth a place in the plan cache.
    pub fn plan_source<'g>(
        &mut self,
        source: &'g Source,
        input: Input<'_>,
        keys: &[String],
    ) -> Result<Planned<'g>, Failure> {
        let arguments = self.text_arguments(input);
        let text = source.query(&arguments, keys);
        let mut template = Template::default();
        lexer::scan(&text, self.mode, &mut template)?;
        let catalog = self.catalog();
        let planned = match keys {
            [] => self.plan(&text, &template, &catalog)?,
            _ => {
                let own = self.temporary_catalog(&template, &catalog)?;
                let database = self.database.as_deref();
                let request = Request {
                    text: &text,
                    template: &template,
                    catalog: own.as_ref().unwrap_or(&catalog),
                    database,
                    mode: self.mode,
                };
                Rc::new(plan(&request)?)
            }
        };
        Ok(Planned { source, text, template, plan: planned })
    }

    /// The physical statements of a source.
    pub fn route_source(&self, planned: &Planned<'_>) -> Result<Execution, Failure> {
        let mut execution = Execution { forbids_scans: self.forbids_scans(), ..Execution::default() };
        let plan = planned.plan()?;
        plan.route_into(&self.arguments(plan, planned.input(), &[], &[]), &mut execution)?;
        Ok(execution)
    }

    /// Makes the temporary table of a source, with its columns' types: from physical tables on the same server, or by way of the definition
    /// that another server gives it.
    pub async fn create_for(
        &mut self,
        place: &mut GatherConnection,
        gather: &Gather,
        planned: &Planned<'_>,
        guard: &Guard,
    ) -> Result<(), Failure> {
        let source = planned.source;
        let table = temporary_name(&source.table);
        let here = place.lease.connection.pool().instance.id;
        let groups = source.groups(gather);
        let on = |group: &usize| source.database.groups.get(*group).map(|group| group.instance);
        let plan = planned.plan()?;
        let arguments = self.arguments(plan, planned.input(), &[], &[]);
        let shape = |group: &usize| source.shape(gather, plan, &arguments, *group);
        // Over another connection there is no temporary table of the session's.
        let own = self.names_temporary(plan);
        if let Some(select) = groups.iter().find(|group| !own && on(group) == Some(here)).and_then(shape) {
            return guard
                .watch(
                    place.create(&table, (&select, source.is_query()), &source.keys, &source.primary),
                    self.watched(),
                )
                .await;
        }
        let Some((instance, select)) = groups.first().and_then(|group| Some((on(group)?, shape(group)?)))
        else {
            return Err(SqlError::other("Internal error (please report): a source without a group").into());
        };
        let home = own.then(|| groups.first().and_then(|group| source.database.groups.get(*group)).cloned());
        let mut elsewhere = match home.flatten() {
            None => self.worker.gather_connection(instance, &self.settings).await?,
            Some(home) => {
                self.worker.ensure_system_schema(instance).await?;
                let lease = self.lease(&home).await?;
                GatherConnection::over(lease, &self.settings, |settings| self.worker.intern(settings))
            }
        };
        let guard_there = guard.on(&elsewhere.lease.connection);
        guard_there
            .watch(
                elsewhere.create(&table, (&select, source.is_query()), &source.keys, &source.primary),
                self.watched(),
            )
            .await?;
        let definition = elsewhere.definition(&table).await?;
        elsewhere.drop_tables().await;
        if own {
            self.release(elsewhere.lease);
        }
        guard.watch(place.create_as(&table, &definition), self.watched()).await
    }

    /// Makes a source's table and brings its rows there.
    pub async fn load_source(
        &mut self,
        place: &mut GatherConnection,
        gather: &Gather,
        planned: &Planned<'_>,
        budget: &mut Budget,
    ) -> Result<Loaded, Failure> {
        if self.route_source(planned)?.gathers {
            return Err(SqlError::other(
                "Internal error (please report): a source that is to be gathered itself",
            )
            .into());
        }
        let guard = Guard::new(&place.lease.connection, budget.deadline());
        self.create_for(place, gather, planned, &guard).await?;
        let table = temporary_name(&planned.source.table);
        let mariadb = self.mode.server.mariadb;
        let mut columns: Vec<LoadColumn> = planned
            .source
            .columns
            .iter()
            .map(|column| LoadColumn {
                name: column.name.clone(),
                carriage: carriage(&column.data_type, mariadb),
            })
            .collect();
        if columns.is_empty() {
            columns = place.plain_columns(&table).await?;
        }
        let mut loading =
            Loading { load: place.load(&table, &columns).await?, counted: Loaded::default(), budget, guard };
        let known = self.warnings.clone();
        Box::pin(self.query_rows(planned.plan()?, planned.input(), &mut loading)).await?;
        self.entry().kill.check()?;
        if !planned.source.is_query() {
            // What a server warns of while a table's rows are brought, it warns of again where it counts; but not of rows that a condition has left out.
            let told = self.warnings.count().saturating_sub(known.count()) + self.warnings.unplaced;
            self.warnings = known;
            self.warnings.unplaced = told;
        }
        loading.count()?;
        let Loading { load, guard, .. } = loading;
        let loaded = match guard.watch(load.end(), self.watched()).await {
            // Keys of several shards, which only a key over all of them would keep apart.
            Err(Failure::Sql(e)) if e.errno == DUPLICATE_KEY && !planned.source.primary.is_empty() => {
                return Err(SqlError::not_supported(format_args!(
                    "a grouped query on rows of several shards that have one primary key (table '{}')",
                    gather.logical_name(&planned.source.table)
                ))
                .into());
            }
            loaded => loaded?,
        };
        // Groups of a BIT column WITH ROLLUP are mixed up over Aria (seen with 10.11).
        let has_bits = planned.source.columns.iter().any(|column| column.data_type == ColumnType::Bit);
        if loaded.rows < 2 || has_bits {
            place.hide_count(&table).await?;
        }
        Ok(loaded)
    }

    /// Makes a source's table and leaves it empty: no row is needed.
    pub async fn make_empty(
        &mut self,
        place: &mut GatherConnection,
        gather: &Gather,
        planned: &Planned<'_>,
        budget: &Budget,
    ) -> Result<Loaded, Failure> {
        let guard = Guard::new(&place.lease.connection, budget.deadline());
        self.create_for(place, gather, planned, &guard).await?;
        place.hide_count(&temporary_name(&planned.source.table)).await?;
        Ok(Loaded::default())
    }

    /// A condition that lists the values which another source's column has; `None` where they are too many to list.
    pub async fn listed(
        &mut self,
        place: &mut GatherConnection,
        link: &Link,
        budget: &Budget,
    ) -> Result<Option<String>, Failure> {
        let guard = Guard::new(&place.lease.connection, budget.deadline());
        let table = temporary_name(&link.table);
        let column = match link.other.as_str() {
            "" => place.columns(&table).await?.into_iter().next().unwrap_or_default(),
            other => other.to_owned(),
        };
        let values = guard.watch(place.distinct(&table, &column, LISTED_MAX + 1), self.watched()).await?;
        if values.len() > LISTED_MAX {
            return Ok(None);
        }
        if values.is_empty() {
            return Ok(Some(NOTHING.into()));
        }
        // Zero dates are no literals in every mode.
        if !link.is_number && values.iter().any(|value| value.starts_with("0000-") || value.contains("-00")) {
            return Ok(None);
        }
        let literal = |value: &String| match link.is_number {
            true => value.clone(),
            false if value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" -_.:".contains(&byte)) => {
                format!("'{value}'")
            }
            false => {
                format!("_utf8mb4 x'{}'", value.bytes().map(|byte| format!("{byte:02x}")).collect::<String>())
            }
        };
        let list: Vec<String> = values.iter().map(literal).collect();
        Ok(Some(format!("{} IN ({})", link.column, list.join(","))))
    }
}

/// A temporary table with its database, quoted.
pub fn temporary_name(table: &str) -> String {
    format!("{}.{}", quote(GATHER_DATABASE), quote(table))
}

/// Rows of a source on their way into its temporary table.
struct Loading<'l> {
    load: Load<'l>,
    /// What the budget knows of.
    counted: Loaded,
    budget: &'l mut Budget,
    guard: Guard,
}

impl Loading<'_> {
    fn count(&mut self) -> Result<(), SqlError> {
        let loaded = self.load.loaded();
        let before = std::mem::replace(&mut self.counted, loaded);
        self.budget.add(loaded.rows - before.rows, loaded.bytes - before.bytes)
    }
}

impl Rows for Loading<'_> {
    fn columns(&mut self, _: &[ColumnDefinition<'_>]) -> Result<(), SqlError> {
        Ok(())
    }

    fn row(&mut self, row: &[u8]) -> Result<(), SqlError> {
        let mut broken = None;
        let cells = TextRow::new(row).map_while(|cell| cell.map_err(|e| broken = Some(e)).ok());
        self.load.row(cells)?;
        match broken {
            Some(e) => Err(SqlError::new(crate::error::BACKEND_FAILED, "HY000", e.to_string())),
            None => self.count(),
        }
    }

    fn settle(&mut self) -> Pin<Box<dyn Future<Output = Result<(), SqlError>> + '_>> {
        Box::pin(self.load.flush_if_full())
    }

    fn is_full(&self) -> bool {
        self.load.is_full()
    }

    fn guard(&self) -> Option<&Guard> {
        Some(&self.guard)
    }
}
