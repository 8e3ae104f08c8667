//! DRDS's hints at work: a statement without them is run as they say.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use ostrakon_catalog::schema::Database;
use ostrakon_router::RouterError;
use ostrakon_router::lexer::{self, Template};
use ostrakon_router::merge::MergeSpec;
use ostrakon_router::parse::hint::{Hint, Scan, Target, parse_hint};
use ostrakon_router::plan::{self, Execution, Plan, Request, RoutedPlan, ScanPlaces, StatementClass};
use ostrakon_router::sharding::topology::quote;
use rand::seq::IndexedRandom;
use tokio::task::JoinHandle;

use super::dispatch::Input;
use super::{Failure, Session, Warning};
use crate::error::SqlError;
use crate::exec::rows::Query;
use crate::exec::send::Sending;

/// A statement with blanks in place of its hints, and what they said.
pub struct Unhinted {
    /// The whole text; its first statement has no hint left.
    pub text: Vec<u8>,
    pub template: Template,
    pub hint: Rc<Hint>,
}

impl Session {
    /// Takes the hints out of the first statement of a text.
    ///
    /// Errors: 1064, 1235.
    pub(super) fn take_hints(&self, text: &[u8]) -> Result<Unhinted, SqlError> {
        let taken = lexer::take_hints(text, self.mode)?;
        let mut hint = Hint::default();
        for range in taken.hints {
            parse_hint(text.get(range).unwrap_or_default(), &mut hint)?;
        }
        let mut template = Template::default();
        lexer::scan(&taken.text, self.mode, &mut template)?;
        Ok(Unhinted { text: taken.text, template, hint: Rc::new(hint) })
    }

    /// The first statement of a text with hints.
    pub(super) async fn hinted_of_query(&mut self, rest: &[u8]) -> Result<(), Failure> {
        let Unhinted { text, template, hint } = self.take_hints(rest)?;
        let timer = self.begin_hint(&hint);
        let result = self.one_of_query(&text, &template).await;
        self.end_hint(timer, result)
    }

    /// The hint counts for what is run from now on, until `end_hint`.
    pub(super) fn begin_hint(&mut self, hint: &Rc<Hint>) -> Option<JoinHandle<()>> {
        self.hint = Some(Rc::clone(hint));
        let limit = hint.socket_timeout_ms.filter(|limit| *limit > 0)?;
        let entry = Arc::clone(self.entry());
        Some(tokio::task::spawn_local(async move {
            tokio::time::sleep(Duration::from_millis(limit)).await;
            entry.kill.time_out(limit);
        }))
    }

    pub(super) fn end_hint<T>(
        &mut self,
        timer: Option<JoinHandle<()>>,
        result: Result<T, Failure>,
    ) -> Result<T, Failure> {
        self.hint = None;
        let Some(timer) = timer else { return result };
        timer.abort();
        let kill = &self.entry().kill;
        let result = result.map_err(|failure| match failure {
            Failure::Sql(e) => Failure::Sql(kill.as_victim(e)),
            other => other,
        });
        if kill.timed_out_ms.swap(0, Ordering::SeqCst) != 0 {
            // It came as the statement ended: the next one has nothing to do with it.
            kill.query.store(false, Ordering::SeqCst);
        }
        result
    }

    /// What the hint says and this version does in its own way is told, once the warnings of the statement before are gone.
    pub(super) fn warn_of_hint(&mut self) {
        let Some(hint) = &self.hint else { return };
        for name in &hint.ignored {
            let message = format!("Hint {name} is not supported and was ignored; it changes no answer");
            self.warnings.push(Warning { level: "Warning".into(), code: 1235, message });
        }
    }

    /// The statement is sent to groups as it is, so that names without a database are those of the group's.
    pub fn names_physical_tables(&self) -> bool {
        let target = self.hint.as_ref().and_then(|hint| hint.target.as_ref());
        matches!(target, Some(Target::Nodes(_) | Target::RandomNodes(..)))
    }

    /// What the scatter guard says of scans in the running statement: its hint forbids all.
    pub fn forbids_scans(&self) -> bool {
        self.hint.as_ref().is_some_and(|hint| hint.allow_full_table_scan == Some(false))
    }

    /// The scatter guard.
    ///
    /// Errors: 1104 for a scan, 1175 for a write, with the setting and the hint that allow it.
    pub fn check_guard(&self, plan: &RoutedPlan, execution: &Execution) -> Result<(), SqlError> {
        if execution.full_scan.is_none() && plan.writes_whole.is_none() {
            return Ok(());
        }
        let hint = self.hint.as_deref();
        let database = plan.database.as_deref();
        let name = database.map_or("", |database| database.name.as_str());
        if let Some(table) = &plan.writes_whole {
            let of_database = database.is_some_and(|database| database.guard.forbid_execute_dml_all);
            if hint.and_then(|hint| hint.forbid_execute_dml_all).unwrap_or(of_database) {
                return Err(SqlError::new(
                    1175,
                    "HY000",
                    format!(
                        "UPDATE and DELETE with neither WHERE nor LIMIT are refused, here of table '{table}': FORBID_EXECUTE_DML_ALL is ON \
                         (ALTER DATABASE {} SET FORBID_EXECUTE_DML_ALL = OFF). For one statement the hint /*+TDDL:FORBID_EXECUTE_DML_ALL=FALSE*/ allows it",
                        quote(name)
                    ),
                ));
            }
        }
        match &execution.full_scan {
            Some(table) if hint.and_then(|hint| hint.allow_full_table_scan) != Some(true) => {
                let (errno, state) = match plan.class {
                    StatementClass::Read | StatementClass::LockingRead => (1104, "42000"),
                    StatementClass::Write | StatementClass::WriteReturning => (1175, "HY000"),
                };
                Err(SqlError::new(
                    errno,
                    state,
                    format!(
                        "A full scan of table '{name}.{table}' over several groups is refused: ALLOW_FULL_TABLE_SCAN is OFF. Give a condition on its shard key; \
                         ALTER DATABASE or ALTER TABLE ... SET ALLOW_FULL_TABLE_SCAN = ON allows it, the hint /*+TDDL:ALLOW_FULL_TABLE_SCAN=TRUE*/ for one statement"
                    ),
                ))
            }
            _ => Ok(()),
        }
    }

    /// What EXPLAIN says of a statement that the guard refuses.
    pub fn refused(&self, plan: &RoutedPlan, execution: &Execution) -> Option<String> {
        let refused = self.check_guard(plan, execution).err()?;
        Some(format!("would be refused: {}", refused.message))
    }

    /// Runs a statement that its hint sends to groups or physical tables; false: it has no such hint.
    pub(super) async fn run_target(
        &mut self,
        input: Input<'_>,
        sending: Sending<'_>,
        more: bool,
    ) -> Result<bool, Failure> {
        let Some(hint) = self.hint.clone() else { return Ok(false) };
        if self.table_locks.is_some() && !matches!(hint.target, None | Some(Target::Scan(_))) {
            return Err(SqlError::not_supported("a hint that names groups under LOCK TABLES").into());
        }
        match &hint.target {
            None => Ok(false),
            Some(Target::Scan(scan)) => {
                let (planned, expanded) = self.plan_expanded(input.text, input.template).await?;
                let input = expanded.as_ref().map_or(input, |expanded| expanded.input(input.values));
                match &*planned {
                    Plan::Routed(plan) => {
                        let result = self.run_scan(plan, scan, input, sending, more).await;
                        if matches!(&result, Err(Failure::Sql(e)) if e.ends_transaction()) {
                            self.rollback_all().await;
                        }
                        result?;
                        Ok(true)
                    }
                    // EXPLAIN looks at the hint itself.
                    Plan::Command(_) | Plan::Views(_) => Ok(false),
                    Plan::Ddl(_) => Err(SqlError::not_supported("the hint SCAN for DDL").into()),
                    Plan::Load(_) => Err(SqlError::not_supported("the hint SCAN for LOAD DATA").into()),
                }
            }
            Some(_) => {
                let plan = self.direct_plan(input.text, input.template).await?;
                self.routed(&plan, input, sending, more).await?;
                Ok(true)
            }
        }
    }

    /// The plan of a statement that goes to groups as it is.
    pub(super) async fn direct_plan(
        &mut self,
        text: &[u8],
        template: &Template,
    ) -> Result<RoutedPlan, Failure> {
        let catalog = self.catalog();
        let name = self.current_database()?;
        let database = catalog.database(name).cloned().ok_or_else(|| RouterError::unknown_database(name))?;
        let groups = match self.hint.as_ref().and_then(|hint| hint.target.as_ref()) {
            Some(Target::Nodes(nodes)) => groups(nodes, &database)?,
            Some(Target::RandomNodes(nodes, count)) => {
                let mut all = groups(nodes, &database)?;
                if *count < all.len() {
                    all = all.choose_multiple(&mut rand::rng(), *count).copied().collect();
                    all.sort_unstable();
                }
                all
            }
            _ => Vec::new(),
        };
        let request = Request {
            text,
            template,
            catalog: &catalog,
            database: self.database.as_deref(),
            mode: self.mode,
        };
        let plan = plan::direct(&request, &database, groups)?;
        for need in &plan.needs {
            self.allow(need.clone()).await?;
        }
        Ok(plan)
    }

    async fn run_scan(
        &mut self,
        plan: &RoutedPlan,
        scan: &Scan,
        input: Input<'_>,
        sending: Sending<'_>,
        more: bool,
    ) -> Result<(), Failure> {
        let mut execution = Execution::default();
        self.scan_into(plan, scan, input, &mut execution)?;
        self.check_guard(plan, &execution)?;
        self.warnings.clear();
        self.warn_of_hint();
        let spec = MergeSpec::default();
        match (execution.statements.len(), plan.class) {
            (1, _) => self.pass(plan, &execution, sending, more).await,
            (_, StatementClass::Read | StatementClass::LockingRead) => {
                let query = Query { plan, execution: &execution, spec: &spec, input, sending, at_most: None };
                self.merge_rows(query, more).await
            }
            _ => self.scatter_write(plan, &execution, input, sending, more).await,
        }
    }

    /// The scan's physical statements.
    pub(super) fn scan_into(
        &mut self,
        plan: &RoutedPlan,
        scan: &Scan,
        input: Input<'_>,
        execution: &mut Execution,
    ) -> Result<(), Failure> {
        let places = self.scan_places(plan, scan)?;
        Ok(plan.scan_into(&self.arguments(plan, input, &[], &[]), &places, execution)?)
    }

    fn scan_places(&mut self, plan: &RoutedPlan, scan: &Scan) -> Result<ScanPlaces, Failure> {
        let groups = match &plan.database {
            Some(database) if !scan.nodes.is_empty() => Some(groups(&scan.nodes, database)?),
            _ => None,
        };
        let indexes = match &scan.condition {
            Some(condition) => Some(self.shards_of(plan, scan, condition)?),
            None => None,
        };
        Ok(ScanPlaces { tables: scan.tables.clone(), groups, indexes, real_tables: scan.real_tables.clone() })
    }

    /// The physical tables that can hold rows for which the condition is true.
    fn shards_of(&mut self, plan: &RoutedPlan, scan: &Scan, condition: &str) -> Result<Vec<usize>, Failure> {
        let known = |name: &&std::sync::Arc<str>| scan.tables.first().is_none_or(|first| **first == ***name);
        let names = plan.tables.iter().find(|table| known(&&table.logical_table));
        let Some(names) = names else {
            return Err(SqlError::not_supported(
                "CONDITION in the hint SCAN without a table of the statement",
            )
            .into());
        };
        let text = format!(
            "SELECT 1 FROM {}.{} WHERE {condition}",
            quote(&names.logical_database),
            quote(&names.logical_table)
        );
        let mut template = Template::default();
        lexer::scan(text.as_bytes(), self.mode, &mut template)?;
        let planned = self.plan(text.as_bytes(), &template, &self.catalog())?;
        let wrong = || RouterError::syntax(format_args!("CONDITION in the hint SCAN: '{condition}'"));
        let Plan::Routed(routed) = &*planned else { return Err(wrong().into()) };
        let mut execution = Execution::default();
        let input = Input { text: text.as_bytes(), template: &template, values: None };
        routed.route_into(&self.arguments(routed, input, &[], &[]), &mut execution)?;
        if template.next.is_some() || execution.gathers {
            return Err(wrong().into());
        }
        Ok(execution.statements.iter().map(|statement| statement.shard).collect())
    }
}

/// Groups by number or name, each once, in placement order.
fn groups(nodes: &[String], database: &Arc<Database>) -> Result<Vec<usize>, SqlError> {
    let mut groups = Vec::with_capacity(nodes.len());
    for node in nodes {
        let found = match node.parse::<usize>() {
            Ok(number) => Some(number).filter(|number| *number < database.groups.len()),
            Err(_) => database.groups.iter().position(|group| group.name.eq_ignore_ascii_case(node)),
        };
        groups.push(found.ok_or_else(|| {
            SqlError::other(format!(
                "Group '{node}' of the hint is none of database '{}': see SHOW NODE",
                database.name
            ))
        })?);
    }
    groups.sort_unstable();
    groups.dedup();
    Ok(groups)
}
