//! COM_QUERY: one text, one or several statements, each to its plan and its execution.

use std::rc::Rc;

use ostrakon_catalog::privilege::Privileges;
use ostrakon_catalog::{Catalog, auto_sequence_name};
use ostrakon_protocol::capability::Capabilities;
use ostrakon_router::RouterError;
use ostrakon_router::lexer::{self, Keyword, Template, leading_keyword};
use ostrakon_router::plan::{Arguments, Combine, Execution, Plan, Request, RoutedPlan, StatementClass, plan};
use ostrakon_router::value::Value;

use super::views::Expanded;
use super::{Failure, Session, Warnings};
use crate::error::SqlError;
use crate::exec::rows::Query;
use crate::exec::send::Sending;

/// ER_UNKNOWN_SEQUENCES, MariaDB's.
const UNKNOWN_SEQUENCE: u16 = 4091;

/// What a statement would do to its tables, by its first word.
fn verb(text: &[u8]) -> Privileges {
    let word = text.trim_ascii_start();
    let is = |verb: &[u8]| word.get(..verb.len()).is_some_and(|start| start.eq_ignore_ascii_case(verb));
    match () {
        () if is(b"INSERT") || is(b"REPLACE") => Privileges::INSERT,
        () if is(b"UPDATE") => Privileges::UPDATE,
        () if is(b"DELETE") => Privileges::DELETE,
        () => Privileges::SELECT,
    }
}

/// One statement as the client sent it.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    pub text: &'a [u8],
    pub template: &'a Template,
    /// Parameters of a prepared statement.
    pub values: Option<&'a [Value<'a>]>,
}

impl Input<'_> {
    /// ON DUPLICATE KEY UPDATE stands in an INSERT. The word may stand in a name too; it decides about nothing but the info text.
    pub fn updates(&self) -> bool {
        self.text.windows(9).any(|word| word.eq_ignore_ascii_case(b"DUPLICATE"))
    }

    /// IGNORE stands in it, for the same purpose.
    pub fn ignores(&self) -> bool {
        self.text.windows(6).any(|word| word.eq_ignore_ascii_case(b"IGNORE"))
    }
}

impl Session {
    /// Answers a COM_QUERY; false when the session is over.
    pub async fn query(&mut self, text: &[u8]) -> bool {
        let mut rest = text;
        loop {
            let mut template = self.take_template();
            if let Err(e) = lexer::scan(rest, self.mode, &mut template) {
                self.put_template_back(template);
                self.error(&e.into());
                return true;
            }
            let result = match template.has_tddl_hint {
                true => Box::pin(self.hinted_of_query(rest)).await,
                false => self.one_of_query(rest, &template).await,
            };
            let next = template.next;
            self.put_template_back(template);
            match (result, next) {
                (Ok(()), Some(next)) => rest = rest.get(next..).unwrap_or_default(),
                (Ok(()), None) => return true,
                (Err(Failure::Sql(e)), _) => {
                    self.error(&e);
                    return true;
                }
                (Err(Failure::Told), _) => return true,
                (Err(Failure::ClientGone), _) => return false,
            }
        }
    }

    pub(super) async fn one_of_query(&mut self, rest: &[u8], template: &Template) -> Result<(), Failure> {
        let more = template.next.is_some();
        if more && !self.client_has(Capabilities::MULTI_STATEMENTS) {
            let near = rest.get(template.length..).unwrap_or_default();
            let near: String = String::from_utf8_lossy(near).chars().take(80).collect();
            return Err(RouterError::syntax(format!("several statements in one query near '{near}'")).into());
        }
        let text = rest.get(..template.length).unwrap_or_default();
        self.current.clear();
        self.current.extend_from_slice(text);
        if leading_keyword(template) == Keyword::Empty && !template.holes.is_empty() {
            // Nothing but comments: both engines say OK (MariaDB 10.11, MySQL 9.7).
            self.warnings.clear();
            self.ok(0, 0, b"", more);
            return Ok(());
        }
        self.run_text(text, template, more).await
    }

    /// Plans and runs one statement.
    pub async fn run_text(&mut self, text: &[u8], template: &Template, more: bool) -> Result<(), Failure> {
        let text = text.get(..template.length).unwrap_or_default();
        if self.hint.is_some() {
            let input = Input { text, template, values: None };
            if Box::pin(self.run_target(input, Sending::Text, more)).await? {
                return Ok(());
            }
        }
        let plan = self.plan_caught_up(text, template).await?;
        self.authorize(&plan).await?;
        match &*plan {
            Plan::Routed(plan) => {
                self.routed(plan, Input { text, template, values: None }, Sending::Text, more).await
            }
            Plan::Views(expansion) => {
                let expanded = self.expanded(expansion, text, template)?;
                Box::pin(self.run_expanded(&expanded, more)).await
            }
            Plan::Command(command) => Box::pin(self.run_command(command, text, more)).await,
            Plan::Load(load) => {
                Box::pin(self.load_data(load, Input { text, template, values: None }, more)).await
            }
            Plan::Ddl(ddl) => Box::pin(self.answer_ddl(ddl, text, more)).await,
        }
    }

    /// Runs a statement with its views' queries in it.
    async fn run_expanded(&mut self, expanded: &Expanded, more: bool) -> Result<(), Failure> {
        let plan = self.plan_caught_up(&expanded.text, &expanded.template).await?;
        self.authorize_expanded(&plan).await?;
        match &*plan {
            Plan::Routed(plan) => self.routed(plan, expanded.input(None), Sending::Text, more).await,
            // It was a query or a write, and has no views any more.
            Plan::Views(_) | Plan::Command(_) | Plan::Ddl(_) | Plan::Load(_) => {
                Err(SqlError::other("Internal error (please report): views in views").into())
            }
        }
    }

    /// The plan from the cache, or a new one.
    pub fn plan(&mut self, text: &[u8], template: &Template, catalog: &Catalog) -> Result<Rc<Plan>, Failure> {
        if self.reads_ascii_only() && !text.is_ascii() {
            return Err(SqlError::not_supported(
                "a statement with other than ASCII characters in a client character set other than utf8mb4; use SET NAMES utf8mb4",
            )
            .into());
        }
        let own = match self.temporary.is_some() {
            true => self.temporary_catalog(template, catalog)?,
            false => None,
        };
        let database = self.database.as_deref();
        let request = Request { text, template, catalog, database, mode: self.mode };
        let planned = match &own {
            // Nobody else's plan.
            Some(own) => plan(&Request { catalog: own, ..request }).map(Rc::new),
            None => self.worker.plans.borrow_mut().get_or_plan(&request),
        };
        Ok(planned.map_err(|error| self.hide_missing(error, verb(text)))?)
    }

    /// As [`Session::plan`]. A sequence that is not known here may have been made on another node a moment ago: this node catches up before it says so.
    pub async fn plan_caught_up(&mut self, text: &[u8], template: &Template) -> Result<Rc<Plan>, Failure> {
        let planned = self.plan(text, template, &self.catalog());
        match planned {
            Err(Failure::Sql(e)) if e.errno == UNKNOWN_SEQUENCE => {
                Box::pin(self.worker.node.meta.read_barrier()).await.map_err(SqlError::from)?;
                self.plan(text, template, &self.catalog())
            }
            planned => planned,
        }
    }

    /// Routes and executes.
    pub async fn routed(
        &mut self,
        plan: &RoutedPlan,
        input: Input<'_>,
        sending: Sending<'_>,
        more: bool,
    ) -> Result<(), Failure> {
        let mut execution = self.take_execution();
        let settings = self.hold_moment(plan);
        // @@warning_count in the statement is that of the one before.
        let routed = self.route(plan, input, &mut execution).await;
        let settings = settings.or_else(|| self.hold_moment_of_all(plan, &execution, sending));
        let told = matches!(sending, Sending::Prepared(_)) && !self.mode.server.mariadb;
        let none = if told { Warnings::prepared() } else { Warnings::default() };
        let before = std::mem::replace(&mut self.warnings, none);
        self.warn_of_hint();
        let result = match routed {
            Ok(()) => self.execute(plan, &execution, input, sending, more).await,
            Err(e) => Err(e),
        };
        if let Some(settings) = settings {
            self.settings = settings;
        }
        if result.is_ok() {
            self.note_generated(plan, &execution);
            // In MariaDB a query without tables leaves the list as it was, if it has nothing to add; MySQL empties it for each statement
            // (tried: 10.11, 8.0, 9.7).
            let keeps =
                self.mode.server.mariadb && plan.class == StatementClass::Read && plan.tables.is_empty();
            if keeps && self.warnings.is_empty() {
                self.warnings = before;
            }
        }
        execution.clear();
        self.put_execution_back(execution);
        match &result {
            Err(Failure::Sql(e)) if e.ends_transaction() => Box::pin(self.rollback_all()).await,
            _ => {}
        }
        result
    }

    /// Fills `execution` with the physical statements.
    pub async fn route(
        &mut self,
        plan: &RoutedPlan,
        input: Input<'_>,
        execution: &mut Execution,
    ) -> Result<(), Failure> {
        execution.clear();
        execution.forbids_scans = self.forbids_scans();
        let nextvals = match plan.nextvals.is_empty() {
            true => Vec::new(),
            false => Box::pin(self.nextvals(plan)).await?,
        };
        let keys = match plan.generated_keys() {
            None => Vec::new(),
            Some(_) => Box::pin(self.generated_keys(plan, input)).await?,
        };
        let mut generated = Vec::new();
        if let Some((database, table)) = &plan.sequence {
            let needed = plan.sequence_values(&self.arguments(plan, input, &[], &nextvals))?;
            if needed > 0 {
                let node = &self.worker.node;
                generated =
                    Box::pin(node.sequences.take(&node.meta, database, &auto_sequence_name(table), needed))
                        .await?;
            }
        }
        let arguments = self.arguments(plan, input, &generated, &nextvals);
        plan.route_into(&Arguments { keys: &keys, ..arguments }, execution)?;
        self.check_guard(plan, execution)?;
        if let (Some((database, table)), Some(largest)) = (&plan.sequence, execution.largest_explicit) {
            // Before anything is written, or another session could be given the value meanwhile.
            let node = &self.worker.node;
            let sequence = auto_sequence_name(table);
            Box::pin(node.sequences.raise(&node.meta, database, &sequence, largest)).await?;
            if generated.iter().any(|value| *value <= largest) {
                // One of them may be a value that this very statement gives: all new ones are above.
                generated =
                    Box::pin(node.sequences.take(&node.meta, database, &sequence, generated.len())).await?;
                execution.clear();
                let arguments = self.arguments(plan, input, &generated, &nextvals);
                plan.route_into(&Arguments { keys: &keys, ..arguments }, execution)?;
            }
        }
        Ok(())
    }

    pub fn arguments<'a>(
        &'a self,
        plan: &RoutedPlan,
        input: Input<'a>,
        generated: &'a [u64],
        nextvals: &'a [u64],
    ) -> Arguments<'a> {
        let preferred_group = plan.database.as_ref().and_then(|database| {
            database.groups.iter().position(|g| {
                let held = |b: &super::transaction::Branch| {
                    b.instance == g.instance && b.physical_database == g.physical_database
                };
                self.transaction.branches.iter().any(held)
            })
        });
        let spread = self.worker.spread();
        Arguments { generated, nextvals, spread, preferred_group, ..self.text_arguments(input) }
    }

    /// What a part of the statement's text is written with: nothing that is generated stands in it, and no group is chosen by it.
    pub fn text_arguments<'a>(&'a self, input: Input<'a>) -> Arguments<'a> {
        Arguments {
            text: input.text,
            holes: &input.template.holes,
            params: input.values,
            generated: &[],
            keys: &[],
            nextvals: &[],
            spread: 0,
            preferred_group: None,
            session: self,
        }
    }

    async fn execute(
        &mut self,
        plan: &RoutedPlan,
        execution: &Execution,
        input: Input<'_>,
        sending: Sending<'_>,
        more: bool,
    ) -> Result<(), Failure> {
        if let (true, Combine::Gather(gather)) = (execution.gathers, &plan.combine) {
            return Box::pin(self.gather(plan, gather, input, sending, more)).await;
        }
        if let (true, Combine::RowsFirst(rows_first)) = (execution.gathers, &plan.combine) {
            return Box::pin(self.write_rows_first(rows_first, input, sending, more)).await;
        }
        match execution.statements.as_slice() {
            [] => Err(SqlError::other("Internal error (please report): a plan without a statement").into()),
            [_] => self.pass(plan, execution, sending, more).await,
            _ => match &plan.combine {
                Combine::Rows(spec) => {
                    let query = Query { plan, execution, spec, input, sending, at_most: None };
                    Box::pin(self.merge_rows(query, more)).await
                }
                Combine::Counts | Combine::Broadcast => {
                    Box::pin(self.scatter_write(plan, execution, input, sending, more)).await
                }
                Combine::Gather(_) | Combine::RowsFirst(_) => {
                    Err(SqlError::other("Internal error (please report): a gather with statements").into())
                }
                Combine::Never(reason) => Err(SqlError::not_supported(reason).into()),
            },
        }
    }

    /// After a write: LAST_INSERT_ID follows the values that were inserted.
    fn note_generated(&mut self, plan: &RoutedPlan, execution: &Execution) {
        // A write that returns rows has noted it by their number.
        if plan.class != StatementClass::Write {
            return;
        }
        // What INSERT IGNORE ignored has used no value.
        if let Some(first) = execution.first_generated.filter(|_| self.row_count != 0 && !plan.sets_last_id) {
            self.last_insert_id = first;
        }
    }
}
