//! A gathered statement from its sources to its answer.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use ostrakon_catalog::schema::{Group, InstanceId};
use ostrakon_protocol::column::ColumnDefinition;
use ostrakon_protocol::row::TextRow;
use ostrakon_router::lexer::{self, Template};
use ostrakon_router::merge::MergeSpec;
use ostrakon_router::plan::carriage::carriage;
use ostrakon_router::plan::{Combine, Execution, Gather, Plan, RoutedPlan, Source, TableName};
use ostrakon_router::sharding::topology::quote;

use super::connection::GatherConnection;
use super::load::{Load, LoadColumn, Loaded};
use crate::backend::settings::Settings;
use crate::error::SqlError;
use crate::exec::names::Names;
use crate::exec::pass::{After, Relayed};
use crate::exec::rows::{Query, Rows};
use crate::exec::send::{self, Sending};
use crate::exec::write::now;
use crate::session::dispatch::Input;
use crate::session::trace::Role;
use crate::session::{Failure, Session};

impl Session {
    /// Runs a gathered query and passes its answer to the client.
    pub async fn gather(
        &mut self,
        plan: &RoutedPlan,
        gather: &Gather,
        input: Input<'_>,
        sending: Sending<'_>,
        more: bool,
    ) -> Result<(), Failure> {
        let (mut place, execution) = self.gathered(plan, gather, input).await?;
        let answered = self.answer_gathered(&mut place, plan, gather, &execution, sending, more).await;
        place.drop_tables().await;
        match answered? {
            Relayed::Answer { rows, bytes } => {
                if let Some(statement) = execution.statements.first() {
                    let place = place.lease.connection.instance().to_owned();
                    self.note_sent(Role::Gathered, &place, execution.text(statement), rows, bytes);
                }
                Ok(())
            }
            Relayed::Error { .. } => Err(Failure::Told),
        }
    }

    /// Gives the rows of a query to `rows`, whichever way the query takes. Parameters are literals in its text. Returns how many there were.
    pub async fn query_rows(
        &mut self,
        plan: &RoutedPlan,
        input: Input<'_>,
        rows: &mut dyn Rows,
    ) -> Result<u64, Failure> {
        let mut execution = Execution::default();
        plan.route_into(&self.arguments(plan, input, &[], &[]), &mut execution)?;
        let union = MergeSpec::default();
        let query = |execution, spec| Query { plan, execution, spec, input, sending: Sending::Text };
        if let (true, Combine::Gather(gather)) = (execution.gathers, &plan.combine) {
            let (mut place, execution) = self.gathered(plan, gather, input).await?;
            let (lease, fetched) = self.fetch_over(query(&execution, &union), place.lease, rows).await;
            if let Some(lease) = lease {
                place.lease = lease;
                place.drop_tables().await;
            }
            return match fetched {
                Err(Failure::Sql(e)) => Err(self.logical_error(e, Names::of_gather(gather)).into()),
                fetched => fetched,
            };
        }
        if plan.database.is_none() {
            let lease = self.lease_any().await?;
            let (lease, fetched) = self.fetch_over(query(&execution, &union), lease, rows).await;
            if let Some(lease) = lease {
                self.release(lease);
            }
            return fetched;
        }
        let spec = match (execution.statements.len(), &plan.combine) {
            (1, _) => &union,
            (_, Combine::Rows(spec)) => spec,
            _ => {
                return Err(
                    SqlError::other("Internal error (please report): a query that cannot be merged").into()
                );
            }
        };
        self.fetch_rows(query(&execution, spec), rows).await
    }

    /// Loads a gathered query's tables. Returns where they are, with the statement over them, whose settings are queued.
    async fn gathered(
        &mut self,
        plan: &RoutedPlan,
        gather: &Gather,
        input: Input<'_>,
    ) -> Result<(GatherConnection, Execution), Failure> {
        let mut place = self.gather_place(gather).await?;
        // One moment for all parts of the statement.
        let moment = match self.settings.get("timestamp") {
            Some(_) => Settings::clone(&self.settings),
            None => self.settings.with("timestamp", now()),
        };
        self.load_all(&mut place, gather, input, &moment).await?;
        let mut execution = Execution::default();
        gather.statement_into(&self.arguments(plan, input, &[], &[]), &mut execution);
        let moment = self.worker.intern(moment);
        place.lease.connection.queue_settings(&moment);
        Ok((place, execution))
    }

    /// The columns of a gathered query's answer, as a server describes them over empty tables.
    pub async fn describe_gathered(
        &mut self,
        plan: &RoutedPlan,
        gather: &Gather,
        input: Input<'_>,
    ) -> Result<Vec<Vec<u8>>, Failure> {
        let mut place = self.gather_place(gather).await?;
        for source in &gather.sources {
            self.create_like(&mut place, gather, source, &temporary_name(source)).await?;
        }
        let mut execution = Execution::default();
        gather.statement_into(&self.arguments(plan, input, &[], &[]), &mut execution);
        let settings = Rc::clone(&self.settings);
        place.lease.connection.queue_settings(&settings);
        let text =
            execution.statements.first().map(|statement| execution.text(statement)).unwrap_or_default();
        let prepared = send::prepare(&mut place.lease.connection, text).await;
        place.drop_tables().await;
        Ok(prepared
            .map(|(_, columns)| columns)
            .map_err(|e| self.logical_error(e, Names::of_gather(gather)))?)
    }

    /// What EXPLAIN shows of a gathered query: each source's physical statements, by group, and the statement over all of them.
    pub fn explain_gathered(
        &mut self,
        gather: &Gather,
        plan: &RoutedPlan,
        input: Input<'_>,
    ) -> Result<Vec<Explained>, Failure> {
        let mut explained = Vec::new();
        for source in &gather.sources {
            let (text, template) = self.source_text(source, input)?;
            let planned = self.plan(&text, &template, &self.catalog())?;
            let (Plan::Routed(inner), execution) =
                (&*planned, self.routed_source(&planned, &text, &template)?)
            else {
                continue;
            };
            for statement in &execution.statements {
                let group = inner.database.as_ref().and_then(|database| database.groups.get(statement.group));
                explained.push(Explained {
                    group: group.map_or_else(String::new, |group| group.name.clone()),
                    names: inner.tables.clone(),
                    statement: String::from_utf8_lossy(execution.text(statement)).into_owned(),
                });
            }
        }
        let mut execution = Execution::default();
        gather.statement_into(&self.arguments(plan, input, &[], &[]), &mut execution);
        let text =
            execution.statements.first().map(|statement| execution.text(statement)).unwrap_or_default();
        explained.push(Explained {
            group: String::new(),
            names: gather.names.clone(),
            statement: String::from_utf8_lossy(text).into_owned(),
        });
        Ok(explained)
    }

    /// Loads all sources. Outside of a transaction they are read in one of the statement's own: a table that is read twice is read in one snapshot.
    async fn load_all(
        &mut self,
        place: &mut GatherConnection,
        gather: &Gather,
        input: Input<'_>,
        moment: &Settings,
    ) -> Result<Vec<Loaded>, Failure> {
        let session = Rc::clone(&self.settings);
        // Bytes as they are stored: they go into columns of the same character set.
        let raw = moment.without("sql_select_limit").with("character_set_results", "NULL".to_owned());
        self.settings = self.worker.intern(raw);
        let alone = !self.transaction.applies();
        if alone {
            self.transaction.begin_statement();
        }
        let mut loaded = Vec::with_capacity(gather.sources.len());
        let mut failed = None;
        self.trace_loading(true);
        for source in &gather.sources {
            match self.load_source(place, gather, source, input).await {
                Ok(counts) => loaded.push(counts),
                Err(e) => {
                    failed = Some(e);
                    break;
                }
            }
        }
        self.trace_loading(false);
        self.settings = session;
        if alone {
            self.rollback_all().await;
        }
        match failed {
            Some(e) => Err(e),
            None => Ok(loaded),
        }
    }

    async fn load_source(
        &mut self,
        place: &mut GatherConnection,
        gather: &Gather,
        source: &Source,
        input: Input<'_>,
    ) -> Result<Loaded, Failure> {
        let table = temporary_name(source);
        self.create_like(place, gather, source, &table).await?;
        let (text, template) = self.source_text(source, input)?;
        let planned = self.plan(&text, &template, &self.catalog())?;
        let Plan::Routed(plan) = &*planned else {
            return Err(SqlError::other("Internal error (please report): a source that is no query").into());
        };
        let inner = Input { text: &text, template: &template, values: None };
        let mariadb = self.mode.server.mariadb;
        let columns = source.columns.iter().map(|column| LoadColumn {
            name: column.name.clone(),
            carriage: carriage(&column.data_type, mariadb),
        });
        let mut loading = Loading { load: place.load(&table, &columns.collect::<Vec<_>>()).await? };
        Box::pin(self.query_rows(plan, inner, &mut loading)).await?;
        Ok(loading.load.end().await?)
    }

    fn source_text(&self, source: &Source, input: Input<'_>) -> Result<(Vec<u8>, Template), Failure> {
        let text = source.query(&self.source_arguments(input));
        let mut template = Template::default();
        lexer::scan(&text, self.mode, &mut template)?;
        Ok((text, template))
    }

    fn routed_source(&self, planned: &Plan, text: &[u8], template: &Template) -> Result<Execution, Failure> {
        let mut execution = Execution::default();
        if let Plan::Routed(plan) = planned {
            let inner = Input { text, template, values: None };
            plan.route_into(&self.arguments(plan, inner, &[], &[]), &mut execution)?;
        }
        Ok(execution)
    }

    fn source_arguments<'a>(&'a self, input: Input<'a>) -> ostrakon_router::plan::Arguments<'a> {
        ostrakon_router::plan::Arguments {
            text: input.text,
            holes: &input.template.holes,
            params: input.values,
            generated: &[],
            nextvals: &[],
            spread: 0,
            preferred_group: None,
            session: self,
        }
    }

    /// Makes the temporary table of a source, with its columns' types: from a physical table on the same server, or by way of the definition
    /// that another server gives it.
    async fn create_like(
        &mut self,
        place: &mut GatherConnection,
        gather: &Gather,
        source: &Source,
        table: &str,
    ) -> Result<(), Failure> {
        let here = place.lease.connection.pool().instance.id;
        let groups = source.groups(gather);
        let on = |group: &usize| source.database.groups.get(*group).map(|group| group.instance);
        if let Some(select) =
            groups.iter().find(|g| on(g) == Some(here)).and_then(|g| source.shape(gather, *g))
        {
            return Ok(place.create(table, &select, &source.keys).await?);
        }
        let Some((instance, select)) = groups.first().and_then(|g| Some((on(g)?, source.shape(gather, *g)?)))
        else {
            return Err(SqlError::other("Internal error (please report): a source without a group").into());
        };
        let mut elsewhere = self.gather_connection(instance).await?;
        elsewhere.create(table, &select, &source.keys).await?;
        let definition = elsewhere.definition(table).await?;
        elsewhere.drop_tables().await;
        Ok(place.create_as(table, &definition).await?)
    }

    /// Runs the statement over the loaded tables.
    async fn answer_gathered(
        &mut self,
        place: &mut GatherConnection,
        plan: &RoutedPlan,
        gather: &Gather,
        execution: &Execution,
        sending: Sending<'_>,
        more: bool,
    ) -> Result<Relayed, Failure> {
        let names = Names::of_gather(gather);
        let statements = execution.statements.as_slice();
        let queued = match send::ready(&mut place.lease.connection, execution, statements, sending).await {
            Ok(()) => send::queue(&mut place.lease.connection, execution, statements, sending),
            Err(e) => Err(e),
        };
        if let Err(e) = queued {
            place.drop_tables().await;
            return Err(self.logical_error(e, names).into());
        }
        let after = After { ask_found_rows: plan.calc_found_rows, ..After::default() };
        self.relay_answer(&mut place.lease, sending.response_kind(), names, after, more).await
    }

    /// A gather connection on a server that has as many of the sources' types as possible.
    async fn gather_place(&mut self, gather: &Gather) -> Result<GatherConnection, Failure> {
        let groups = gather.sources.iter().flat_map(|source| {
            let groups = source.groups(gather).into_iter();
            groups.filter_map(|group| source.database.groups.get(group)).map(|group| group.instance)
        });
        let mut instances: Vec<InstanceId> = groups.collect();
        instances.sort_unstable();
        instances.dedup();
        let serves = |instance: &InstanceId| {
            let has = |source: &&Source| {
                let mut groups = source.groups(gather).into_iter();
                groups.any(|g| source.database.groups.get(g).is_some_and(|group| group.instance == *instance))
            };
            gather.sources.iter().filter(has).count()
        };
        let most = instances.iter().map(serves).max().unwrap_or(0);
        instances.retain(|instance| serves(instance) == most);
        let spread = self.worker.spread();
        match instances.get(spread % instances.len().max(1)) {
            Some(instance) => Ok(self.gather_connection(*instance).await?),
            None => Err(SqlError::other("Internal error (please report): a gather without a source").into()),
        }
    }

    async fn gather_connection(&self, instance: InstanceId) -> Result<GatherConnection, SqlError> {
        self.worker.gather_connection(instance, &self.settings).await
    }
}

/// A physical statement of a gathered query, for EXPLAIN.
pub struct Explained {
    /// Empty for the statement over the temporary tables.
    pub group: String,
    pub names: Vec<TableName>,
    pub statement: String,
}

fn temporary_name(source: &Source) -> String {
    format!("{}.{}", quote(ostrakon_router::plan::GATHER_DATABASE), quote(&source.table))
}

/// Rows of a source on their way into its temporary table.
struct Loading<'l> {
    load: Load<'l>,
}

impl Rows for Loading<'_> {
    fn columns(&mut self, _: &[ColumnDefinition<'_>]) -> Result<(), SqlError> {
        Ok(())
    }

    fn row(&mut self, row: &[u8]) -> Result<(), SqlError> {
        let mut broken = None;
        let cells = TextRow::new(row).map_while(|cell| cell.map_err(|e| broken = Some(e)).ok());
        self.load.row(cells)?;
        broken.map_or(Ok(()), |e| Err(SqlError::new(crate::error::BACKEND_FAILED, "HY000", e.to_string())))
    }

    fn settle(&mut self) -> Pin<Box<dyn Future<Output = Result<(), SqlError>> + '_>> {
        Box::pin(self.load.flush_if_full())
    }

    fn is_full(&self) -> bool {
        true
    }
}
