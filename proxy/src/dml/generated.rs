//! Generated shard keys of rows that are to be inserted: a server works them out on a temporary table of the same columns, under the session's settings,
//! as it will where the rows belong.

use ostrakon_router::plan::{Execution, GATHER_DATABASE, GeneratedKeys, RoutedPlan};
use ostrakon_router::value::Value;

use crate::error::SqlError;
use crate::exec::names::Names;
use crate::exec::send::Sending;
use crate::exec::write::now;
use crate::gather::budget::Budget;
use crate::gather::guard::Guard;
use crate::gather::source::temporary_name;
use crate::session::dispatch::Input;
use crate::session::{Failure, Session};

impl Session {
    /// The generated shard keys of each row; none for a plan that needs none.
    pub async fn generated_keys(
        &mut self,
        plan: &RoutedPlan,
        input: Input<'_>,
    ) -> Result<Vec<Vec<Value<'static>>>, Failure> {
        let Some(keys) = plan.generated_keys() else { return Ok(Vec::new()) };
        let group = plan.database.as_ref().and_then(|database| database.groups.get(keys.group));
        let Some(group) = group else {
            return Err(SqlError::other("Internal error (please report): a plan names no group").into());
        };
        let table = temporary_name(&keys.table);
        let insert = keys.insert(&table, &self.text_arguments(input));
        let mut place = self.worker.gather_connection(group.instance, &self.settings).await?;
        let node = &self.worker.node;
        let budget = Budget::new(&node.config.limits, &node.gathering, &self.user);
        let guard = Guard::new(&place.lease.connection, budget.deadline());
        let query = keys.query(&table);
        let filled =
            guard.watch(place.fill(&table, keys.definition(), &insert, &query), self.watched()).await;
        place.drop_tables().await;
        let answer = match filled {
            Ok(answer) => answer,
            Err(Failure::Sql(e)) => return Err(logical(e, plan).into()),
            Err(failure) => return Err(failure),
        };
        Ok(read(keys, answer.rows)?)
    }

    /// One moment for a statement that works generated shard keys out first: a DEFAULT may ask for it each time. Returns the settings to come back to.
    pub fn hold_moment(
        &mut self,
        plan: &RoutedPlan,
    ) -> Option<std::rc::Rc<crate::backend::settings::Settings>> {
        plan.generated_keys().and_then(|_| self.hold())
    }

    /// One moment for all physical statements of one that asks for it, as `hold_moment`. One of a single physical table is left as it is: its server has
    /// one moment, and the connection keeps its settings.
    pub fn hold_moment_of_all(
        &mut self,
        plan: &RoutedPlan,
        execution: &Execution,
        sending: Sending<'_>,
    ) -> Option<std::rc::Rc<crate::backend::settings::Settings>> {
        // A time of the day is of today beside a date. And while a table is changed the servers may have a column already that the catalog does not.
        let may_ask =
            || plan.reads_time || plan.class.writes() && (sending.has_time() || self.tables_are_changing());
        let is_needed = execution.statements.len() > 1 && may_ask();
        if is_needed { self.hold() } else { None }
    }

    fn tables_are_changing(&self) -> bool {
        self.worker.node.meta.load().jobs.values().any(|job| job.state.is_unfinished())
    }

    fn hold(&mut self) -> Option<std::rc::Rc<crate::backend::settings::Settings>> {
        if self.settings.get("timestamp").is_some() {
            return None;
        }
        let held = self.worker.intern(self.settings.with("timestamp", now()));
        Some(std::mem::replace(&mut self.settings, held))
    }
}

/// An error with the names that the user knows.
fn logical(e: SqlError, plan: &RoutedPlan) -> SqlError {
    let database = plan.database.as_ref().map_or("", |database| &database.name);
    let message = e.message.replace(GATHER_DATABASE, database);
    Names::of(plan).error(SqlError { message, ..e })
}

fn read(keys: &GeneratedKeys, rows: Vec<Vec<Option<Vec<u8>>>>) -> Result<Vec<Vec<Value<'static>>>, SqlError> {
    if rows.len() != keys.rows() {
        return Err(SqlError::other(format!(
            "The server has stored {} of {} rows for which it was to work out a generated shard key; nothing was written",
            rows.len(),
            keys.rows()
        )));
    }
    let mut all = Vec::with_capacity(rows.len());
    for row in rows {
        let values = row.into_iter().enumerate().map(|(at, text)| keys.value(at, text));
        all.push(values.collect::<Result<_, _>>()?);
    }
    Ok(all)
}
