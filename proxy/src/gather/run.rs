//! A gathered statement from its sources to its answer.

use std::collections::HashMap;
use std::rc::Rc;

use ostrakon_catalog::schema::InstanceId;
use ostrakon_router::merge::MergeSpec;
use ostrakon_router::plan::{Combine, Execution, Gather, RoutedPlan, Source, StatementClass};

use ostrakon_router::parse::command::Isolation;

use super::budget::Budget;
use super::connection::{GatherConnection, without_weedout};
use super::guard::Guard;
use super::load::Loaded;
use super::source::{NOTHING, temporary_name};
use crate::backend::settings::Settings;
use crate::error::SqlError;
use crate::exec::names::Names;
use crate::exec::pass::{After, Relayed, listed_warnings};
use crate::exec::rows::{Query, Rows};
use crate::exec::send::{self, Sending};
use crate::exec::write::now;
use crate::session::dispatch::Input;
use crate::session::trace::Role;
use crate::session::{Failure, Session};

/// A source that is expected to bring fewer rows is not worth a list of another's values.
const WORTH_A_LIST: u64 = 500;

/// Where a statement is gathered.
pub struct Place {
    pub instance: InstanceId,
    /// Sources that are not copied, because the server has their table itself: by their temporary tables' names, the group.
    pub direct: HashMap<String, usize>,
}

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
        let (mut place, execution, _budget) = self.gathered(plan, gather, input).await?;
        let names = Names::of_gather(gather, plan);
        let statements = execution.statements.as_slice();
        let connection = &mut place.lease.connection;
        let queued = match send::ready(connection, &execution, statements, sending).await {
            Ok(_) => send::queue(connection, &execution, statements, sending),
            Err(e) => Err(e),
        };
        if let Err(e) = queued {
            place.drop_tables().await;
            return Err(self.logical_error(e, names).into());
        }
        let after =
            After { ask_found_rows: plan.calc_found_rows, variables: &plan.assigned, ..After::default() };
        let relayed =
            self.relay_answer(&mut place.lease, sending.response_kind(), names, after, more).await?;
        place.drop_tables().await;
        match relayed {
            Relayed::Answer { rows, bytes } => {
                if let Some(statement) = execution.statements.first() {
                    let instance = place.lease.connection.instance().to_owned();
                    self.note_sent(Role::Gathered, &instance, execution.text(statement), rows, bytes);
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
        self.query_rows_as(plan, input, Sending::Text, rows).await
    }

    /// As [`Session::query_rows`], with rows of the protocol that `sending` means.
    pub async fn query_rows_as(
        &mut self,
        plan: &RoutedPlan,
        input: Input<'_>,
        sending: Sending<'_>,
        rows: &mut dyn Rows,
    ) -> Result<u64, Failure> {
        if !plan.assigned.is_empty() {
            // Who reads the rows follows no variables.
            return Err(SqlError::not_supported(
                "an assignment to a user variable in a query inside of another statement; use SET",
            )
            .into());
        }
        let mut execution = Execution { forbids_scans: self.forbids_scans(), ..Execution::default() };
        plan.route_into(&self.arguments(plan, input, &[], &[]), &mut execution)?;
        self.check_guard(plan, &execution)?;
        let union = MergeSpec::default();
        let query = |execution, spec| Query { plan, execution, spec, input, sending, at_most: None };
        if let (true, Combine::Gather(gather)) = (execution.gathers, &plan.combine) {
            let (mut place, execution, _budget) = self.gathered(plan, gather, input).await?;
            let (lease, fetched) = self.fetch_over(query(&execution, &union), place.lease, rows).await;
            if let Some(lease) = lease {
                place.lease = lease;
                place.drop_tables().await;
            }
            return match fetched {
                Err(Failure::Sql(e)) => Err(self.logical_error(e, Names::of_gather(gather, plan)).into()),
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

    /// The columns of a gathered query's answer, as a server describes them over empty tables.
    pub async fn describe_gathered(
        &mut self,
        plan: &RoutedPlan,
        gather: &Gather,
        input: Input<'_>,
    ) -> Result<Vec<Vec<u8>>, Failure> {
        let (mut place, text) = self.gathered_empty(plan, gather, input).await?;
        let settings = Rc::clone(&self.settings);
        place.lease.connection.queue_settings(&settings);
        let prepared = send::prepare(&mut place.lease.connection, &text).await;
        place.drop_tables().await;
        Ok(prepared
            .map(|(_, columns)| columns)
            .map_err(|e| self.logical_error(e, Names::of_gather(gather, plan)))?)
    }

    /// Makes a gathered query's tables without rows. Returns where they are, with the statement over them.
    pub async fn gathered_empty(
        &mut self,
        plan: &RoutedPlan,
        gather: &Gather,
        input: Input<'_>,
    ) -> Result<(GatherConnection, Vec<u8>), Failure> {
        self.refuse_gather_of_locked(plan)?;
        let chosen = self.choose_place(gather, plan)?;
        let mut place = self.worker.gather_connection(chosen.instance, &self.settings).await?;
        let budget = Budget::new(&self.worker.node.config.limits, &self.worker.node.gathering, &self.user);
        let guard = Guard::new(&place.lease.connection, budget.deadline());
        let created = self.create_all(&mut place, gather, input, &chosen, &guard).await;
        created.map_err(|e| self.gather_failure(e, plan, gather))?;
        self.make_tables(&mut place, plan, gather, input, &chosen).await?;
        let execution = self.final_statement(plan, gather, input, &chosen);
        let statement = execution.statements.first();
        Ok((place, statement.map(|statement| execution.text(statement).to_vec()).unwrap_or_default()))
    }

    /// Loads a gathered query's tables. Returns where they are, with the statement over them, whose settings are queued, and the budget, which counts for as
    /// long as the tables are there.
    pub async fn gathered(
        &mut self,
        plan: &RoutedPlan,
        gather: &Gather,
        input: Input<'_>,
    ) -> Result<(GatherConnection, Execution, Budget), Failure> {
        self.refuse_gather_of_locked(plan)?;
        let node = &self.worker.node;
        let mut budget = Budget::new(&node.config.limits, &node.gathering, &self.user);
        let chosen = self.choose_place(gather, plan)?;
        // One moment for all parts of the statement.
        let moment = match self.settings.get("timestamp") {
            Some(_) => Settings::clone(&self.settings),
            None => self.settings.with("timestamp", now()),
        };
        // Before a gather connection is held: the statistics are asked over another one.
        let order = self.in_order(gather, input, &chosen).await?;
        let statement = self.worker.intern(moment.clone());
        let mut place = self.worker.gather_connection(chosen.instance, &statement).await?;
        let session = Rc::clone(&self.settings);
        // Bytes as they are stored: they go into columns of the same character set.
        let raw = moment.without("sql_select_limit").with("character_set_results", "NULL".to_owned());
        self.settings = self.worker.intern(raw);
        let reads = plan.class == StatementClass::Read;
        self.trace_loading(true);
        let loaded = self.load_all(&mut place, gather, input, &order, &mut budget, reads).await;
        self.trace_loading(false);
        self.settings = session;
        loaded.map_err(|e| self.gather_failure(e, plan, gather))?;
        self.make_tables(&mut place, plan, gather, input, &chosen).await?;
        let moment = self.worker.intern(self.final_settings(moment, &budget)?);
        place.lease.connection.queue_settings(&moment);
        Ok((place, self.final_statement(plan, gather, input, &chosen), budget))
    }

    /// Makes the temporary tables of all sources, without rows.
    async fn create_all(
        &mut self,
        place: &mut GatherConnection,
        gather: &Gather,
        input: Input<'_>,
        chosen: &Place,
        guard: &Guard,
    ) -> Result<(), Failure> {
        for source in &gather.system {
            self.create_system(place, source).await?;
        }
        for source in gather.sources.iter().filter(|source| !chosen.direct.contains_key(&source.table)) {
            let planned = self.plan_source(source, input, &[])?;
            self.create_for(place, gather, &planned, guard).await?;
        }
        Ok(())
    }

    /// What a server says of a temporary table, it says of the one that it stands for.
    fn gather_failure(&self, failure: Failure, plan: &RoutedPlan, gather: &Gather) -> Failure {
        match failure {
            Failure::Sql(e) => self.logical_error(e, Names::of_gather(gather, plan)).into(),
            other => other,
        }
    }

    /// Makes the tables that the statement reads several times.
    async fn make_tables(
        &mut self,
        place: &mut GatherConnection,
        plan: &RoutedPlan,
        gather: &Gather,
        input: Input<'_>,
        chosen: &Place,
    ) -> Result<(), Failure> {
        for made in &gather.made {
            let direct = |table: &str| chosen.direct.get(table).copied();
            let query = gather.made_by(made, &self.arguments(plan, input, &[], &[]), &direct);
            let query = String::from_utf8(query).map_err(|_| {
                SqlError::not_supported("a WITH query that is read twice, with other bytes than UTF-8")
            })?;
            let table = temporary_name(&made.table);
            let names = Names::of_gather(gather, plan);
            if let Some(warnings) =
                place.make_from(&table, &query).await.map_err(|e| self.logical_error(e, names))?
            {
                let (told, limit) = (listed_warnings(&warnings, names), self.warning_limit());
                let count = told.len() as u64;
                self.warnings.add(told, count, limit);
            }
            for copy in &made.copies {
                place.copy(&table, &temporary_name(copy)).await?;
            }
            let instance = place.lease.connection.instance().to_owned();
            self.note_sent(Role::Gathered, &instance, query.as_bytes(), 0, 0);
        }
        Ok(())
    }

    fn final_statement(
        &self,
        plan: &RoutedPlan,
        gather: &Gather,
        input: Input<'_>,
        chosen: &Place,
    ) -> Execution {
        let mut execution = Execution::default();
        let direct = |table: &str| chosen.direct.get(table).copied();
        gather.statement_into(&self.arguments(plan, input, &[], &[]), &direct, &mut execution);
        execution
    }

    /// The settings of the statement over the temporary tables: the server ends it when its time is over.
    fn final_settings(&self, settings: Settings, budget: &Budget) -> Result<Settings, SqlError> {
        let left = budget.left();
        if left.is_zero() {
            return Err(budget.out_of_time());
        }
        let (name, unit) = match self.mode.server.mariadb {
            true => ("max_statement_time", 1.0),
            false => ("max_execution_time", 1000.0),
        };
        let settings = match self.mode.server.mariadb {
            true => settings,
            false => without_weedout(&settings),
        };
        let own: Option<f64> = settings.get(name).and_then(|value| value.trim_matches('\'').parse().ok());
        let limit = left.as_secs_f64() * unit;
        Ok(match own {
            Some(own) if own > 0.0 && own < limit => settings,
            _ => settings.with(name, format!("{}", limit.ceil())),
        })
    }

    /// The sources that are copied, those of few rows first, with the rows that are expected.
    async fn in_order<'g>(
        &mut self,
        gather: &'g Gather,
        input: Input<'_>,
        chosen: &Place,
    ) -> Result<Vec<(u64, &'g Source)>, Failure> {
        let mut order = Vec::with_capacity(gather.sources.len());
        for source in gather.sources.iter().filter(|source| !chosen.direct.contains_key(&source.table)) {
            let rows = match gather.sources.len() {
                1 => 0,
                _ => {
                    let planned = self.plan_source(source, input, &[])?;
                    let statements = self.route_source(&planned)?.statements.len();
                    self.expected(gather, source, statements).await.rows
                }
            };
            order.push((rows, source));
        }
        order.sort_by_key(|(rows, _)| *rows);
        Ok(order)
    }

    /// Loads all sources. Outside of a transaction they are read in one of the statement's own: a table that is read twice is read in one snapshot.
    async fn load_all(
        &mut self,
        place: &mut GatherConnection,
        gather: &Gather,
        input: Input<'_>,
        order: &[(u64, &Source)],
        budget: &mut Budget,
        reads: bool,
    ) -> Result<(), Failure> {
        self.load_system(place, gather, input, budget).await?;
        if gather.sources.is_empty() {
            return Ok(());
        }
        let alone = !self.transaction.applies();
        if alone {
            self.begin_reading(gather, reads).await?;
        }
        let loaded = self.load_in_order(place, gather, input, order, budget).await;
        if alone {
            self.rollback_all().await;
        }
        loaded
    }

    /// Opens the transaction in which an autocommit statement's sources are read.
    async fn begin_reading(&mut self, gather: &Gather, reads: bool) -> Result<(), Failure> {
        if !self.wants_agreement() {
            self.transaction.begin_statement();
            if reads {
                // Below it a snapshot lasts for one physical statement only, and these are several.
                self.transaction.next_isolation = Some(Isolation::RepeatableRead);
            }
            return Ok(());
        }
        let mut groups = Vec::new();
        for source in &gather.sources {
            for group in source.groups(gather) {
                if let Some(group) = source.database.groups.get(group)
                    && !groups.contains(group)
                {
                    groups.push(group.clone());
                }
            }
        }
        self.begin_consistent_statement(&groups).await
    }

    async fn load_in_order(
        &mut self,
        place: &mut GatherConnection,
        gather: &Gather,
        input: Input<'_>,
        order: &[(u64, &Source)],
        budget: &mut Budget,
    ) -> Result<(), Failure> {
        let mut loaded: HashMap<&str, Loaded> = HashMap::new();
        for (expected, source) in order {
            let mut keys = Vec::new();
            for link in &source.links {
                let known = loaded.get(link.table.as_str());
                if *expected >= WORTH_A_LIST && known.is_some_and(|known| known.rows < *expected) {
                    keys.extend(self.listed(place, link, budget).await?);
                }
            }
            let counts = if keys.iter().any(|key| key == NOTHING) {
                let planned = self.plan_source(source, input, &[])?;
                self.make_empty(place, gather, &planned, budget).await?
            } else {
                let planned = self.plan_source(source, input, &keys)?;
                self.load_source(place, gather, &planned, budget).await?
            };
            loaded.insert(&source.table, counts);
        }
        Ok(())
    }

    /// The server that gathers: one that has as many of the tables, and of those as many whole, as possible.
    pub fn choose_place(&self, gather: &Gather, plan: &RoutedPlan) -> Result<Place, Failure> {
        // A transaction has rows that only its own connections see, and agreed snapshots are theirs too.
        let reads_itself =
            plan.class == StatementClass::Read && !self.transaction.applies() && !self.wants_agreement();
        let groups_on = |source: &Source, instance: InstanceId| -> Option<usize> {
            let on =
                |group: &usize| source.database.groups.get(*group).is_some_and(|g| g.instance == instance);
            source.groups(gather).into_iter().find(on)
        };
        let instances = gather.sources.iter().flat_map(|source| {
            let groups = source.groups(gather).into_iter();
            groups.filter_map(|group| source.database.groups.get(group)).map(|group| group.instance)
        });
        let mut instances: Vec<InstanceId> = instances.collect();
        if gather.sources.is_empty() {
            // Tables of information_schema alone: any server will do.
            instances.extend(self.catalog().instances.keys().copied());
        }
        instances.sort_unstable();
        instances.dedup();
        let value = |instance: &InstanceId| {
            let present = gather.sources.iter().filter(|source| groups_on(source, *instance).is_some());
            present.map(|source| if source.is_copied(gather) { 3 } else { 1 }).sum::<usize>()
        };
        let most = instances.iter().map(value).max().unwrap_or(0);
        instances.retain(|instance| value(instance) == most);
        let spread = self.worker.spread();
        let Some(instance) = instances.get(spread % instances.len().max(1)).copied() else {
            return Err(SqlError::other("Internal error (please report): a gather without a source").into());
        };
        let mut direct = HashMap::new();
        let shared = |source: &&Source| {
            source.is_copied(gather) && !source.is_of(gather, |table| self.is_temporary(table))
        };
        for source in gather.sources.iter().filter(|source| reads_itself && shared(source)) {
            if let Some(group) = groups_on(source, instance) {
                direct.insert(source.table.clone(), group);
            }
        }
        Ok(Place { instance, direct })
    }
}
