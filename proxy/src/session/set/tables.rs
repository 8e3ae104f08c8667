//! SET of a user variable to what tables say: `SET @n = (SELECT COUNT(*) FROM orders)`. The expression takes the way of a query without FROM; where its rows
//! are, the variable is set on that connection, and read back as after any SET.

use std::rc::Rc;

use ostrakon_router::lexer::{self, Template};
use ostrakon_router::plan::{Combine, Execution, Plan, RoutedPlan};
use ostrakon_router::sharding::topology::quote;

use super::{NAME, expression_of};
use crate::backend::settings::Settings;
use crate::error::SqlError;
use crate::exec::lease::Lease;
use crate::exec::names::Names;
use crate::gather::budget::Budget;
use crate::gather::guard::Guard;
use crate::session::dispatch::Input;
use crate::session::{Failure, Session};

impl Session {
    /// Sets the variable if the expression reads tables; false where it reads none.
    ///
    /// Errors: those of the query.
    pub(super) async fn set_from_tables(
        &mut self,
        name: &str,
        expression: &str,
        base: &Rc<Settings>,
    ) -> Result<bool, Failure> {
        if !expression.to_ascii_uppercase().contains("SELECT") {
            return Ok(false);
        }
        let text = format!("SELECT {expression} AS `{NAME}`");
        let mut template = Template::default();
        lexer::scan(text.as_bytes(), self.mode, &mut template)?;
        let (plan, expanded) = Box::pin(self.plan_expanded(text.as_bytes(), &template)).await?;
        let Plan::Routed(plan) = &*plan else { return Ok(false) };
        // Tables of information_schema belong to no database of ours.
        let reads = !plan.tables.is_empty() || matches!(plan.combine, Combine::Gather(_));
        if template.next.is_some() || !reads || !plan.nextvals.is_empty() {
            return Ok(false);
        }
        if !plan.assigned.is_empty() {
            return Err(
                SqlError::not_supported("an assignment to a user variable in an expression of SET").into()
            );
        }
        let own = Input { text: text.as_bytes(), template: &template, values: None };
        let input = expanded.as_ref().map_or(own, |expanded| expanded.input(None));
        // Each expression sees the variables as they were before the SET.
        let changed = std::mem::replace(&mut self.settings, Rc::clone(base));
        let set = Box::pin(self.set_over(plan, input, name)).await;
        let key = format!("@{name}");
        let value = self.settings.get(&key).map(str::to_owned);
        self.settings = changed;
        set?;
        let value = value.unwrap_or_else(|| "NULL".to_owned());
        self.settings = self.worker.intern(self.settings.with(&key, value));
        Ok(true)
    }

    async fn set_over(&mut self, plan: &RoutedPlan, input: Input<'_>, name: &str) -> Result<(), Failure> {
        let mut execution = Execution { forbids_scans: self.forbids_scans(), ..Execution::default() };
        plan.route_into(&self.arguments(plan, input, &[], &[]), &mut execution)?;
        self.check_guard(plan, &execution)?;
        if let (true, Combine::Gather(gather)) = (execution.gathers, &plan.combine) {
            let (mut place, execution, budget) = self.gathered(plan, gather, input).await?;
            let set = self.set_on(&mut place.lease, &execution, name, &budget).await;
            place.drop_tables().await;
            return set.map_err(|e| self.logical_failure(e, Names::of_gather(gather, plan)));
        }
        let group = match (execution.statements.as_slice(), &plan.database) {
            ([statement], Some(database)) => database.groups.get(statement.group),
            _ => None,
        };
        let group = group.ok_or_else(|| SqlError::not_supported("this query in an expression of SET"))?;
        let node = &self.worker.node;
        let budget = Budget::new(&node.config.limits, &node.gathering, &self.user);
        let mut lease = self.lease(group).await?;
        let set = self.set_on(&mut lease, &execution, name, &budget).await;
        let kept = self.keeps_transaction(&mut lease).await;
        self.release(lease);
        if !kept {
            self.rollback_all().await;
        }
        set.map_err(|e| self.logical_failure(e, Names::of(plan)))
    }

    /// Sets the variable on the connection that has the rows, and follows it.
    async fn set_on(
        &mut self,
        lease: &mut Lease,
        execution: &Execution,
        name: &str,
        budget: &Budget,
    ) -> Result<(), Failure> {
        let statement = execution.statements.first().map(|statement| execution.text(statement));
        let expression = expression_of(&String::from_utf8_lossy(statement.unwrap_or_default()))?;
        let guard = Guard::new(&lease.connection, budget.deadline());
        let set = format!("SET @{} = {expression}", quote(name));
        lease.connection.check_size(set.len() + 1)?;
        let done = guard.watch(lease.connection.query(&set), self.watched()).await?;
        if done.warnings > 0 {
            self.fetch_warnings(lease, Names::none(), done.warnings.into()).await;
        }
        self.follow_variables(&mut lease.connection, &[name.to_owned()]).await;
        Ok(())
    }

    fn logical_failure(&self, failure: Failure, names: Names<'_>) -> Failure {
        match failure {
            Failure::Sql(e) => self.logical_error(e, names).into(),
            other => other,
        }
    }
}
