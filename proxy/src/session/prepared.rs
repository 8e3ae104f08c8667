//! Prepared statements of a client: what PREPARE keeps, and how EXECUTE finds its plan and its parameters.
//!
//! The client's statement is text and template. Backend connections prepare the physical statements when they first meet them, and keep them;
//! so a client's statement lives on no connection, and any connection may run it.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use foldhash::quality::RandomState;
use ostrakon_protocol::column::{BINARY_CHARSET, ColumnDefinition, ColumnType};
use ostrakon_protocol::response::EofPacket;
use ostrakon_protocol::statement::{Param, ParamValue, PrepareOk, parse_execute};
use ostrakon_protocol::value::ValueType;
use ostrakon_router::lexer::{self, HoleKind, Keyword, SqlMode, Template, leading_keyword};
use ostrakon_router::parse::command::Command;
use ostrakon_router::parse::hint::{Hint, Target};
use ostrakon_router::plan::{Arguments, Combine, Execution, GeneratedKeys, Plan, RoutedPlan, StatementClass};
use ostrakon_router::value::Value;

use super::cursor::Cursor;
use super::dispatch::Input;
use super::hint::Unhinted;
use super::named::{Named, is_text_only, not_preparable};
use super::{Failure, Session};
use crate::error::SqlError;
use crate::exec::names::Names;
use crate::exec::send::{self, Sending};
use crate::worker::Worker;

/// One statement.
#[derive(Debug, Default)]
struct Statement {
    text: Vec<u8>,
    template: Template,
    params: usize,
    /// Types from the last execute that sent them.
    types: Vec<ValueType>,
    long_data: Vec<Option<Vec<u8>>>,
    long_bytes: usize,
    /// Long data went wrong: the next execute says so.
    failed: Option<SqlError>,
    /// What its hints say; they are no longer in the text.
    hint: Option<Rc<Hint>>,
    origin: Origin,
}

/// What a statement was prepared under, which counts for its names and its text whatever the session does until it runs (tried: MariaDB 10.11, MySQL 9.7).
#[derive(Debug, Default)]
pub(super) struct Origin {
    pub database: Option<String>,
    mode: SqlMode,
}

/// A client's prepared statements.
#[derive(Debug, Default)]
pub struct Statements {
    next_id: u32,
    by_id: HashMap<u32, Box<Statement>, RandomState>,
    cursors: BTreeMap<u32, Cursor>,
    /// Those of PREPARE, by their names in lower case.
    pub(super) named: BTreeMap<String, Rc<Named>>,
}

impl Statements {
    /// COM_STMT_SEND_LONG_DATA. `limit`: bytes that one statement's long data may have.
    pub fn long_data(&mut self, id: u32, param: u16, data: &[u8], limit: usize) {
        let Some(statement) = self.by_id.get_mut(&id) else { return };
        let param = usize::from(param);
        if param >= statement.params {
            statement.failed =
                Some(SqlError::new(1210, "HY000", "Incorrect arguments to mysqld_stmt_send_long_data"));
            return;
        }
        statement.long_bytes += data.len();
        if statement.long_bytes > limit {
            statement.failed = Some(SqlError::new(
                1153,
                "08S01",
                "Parameter of prepared statement is longer than 'max_allowed_packet' bytes (limits.max_allowed_packet)",
            ));
            return;
        }
        if statement.long_data.len() <= param {
            statement.long_data.resize(param + 1, None);
        }
        if let Some(slot) = statement.long_data.get_mut(param) {
            slot.get_or_insert_with(Vec::new).extend_from_slice(data);
        }
    }

    /// COM_STMT_CLOSE.
    pub fn close(&mut self, id: u32) {
        self.by_id.remove(&id);
        self.cursors.remove(&id);
    }

    pub(super) fn has(&self, id: u32) -> bool {
        self.by_id.contains_key(&id)
    }

    pub(super) fn open(&mut self, id: u32, cursor: Cursor) {
        self.cursors.insert(id, cursor);
    }

    pub(super) fn take_cursor(&mut self, id: u32) -> Option<Cursor> {
        self.cursors.remove(&id)
    }

    /// Bytes that all cursors hold.
    pub(super) fn cursor_bytes(&self) -> usize {
        self.cursors.values().map(Cursor::bytes).sum()
    }

    /// Forgets all: COM_RESET_CONNECTION.
    pub fn clear(&mut self) {
        self.by_id.clear();
        self.cursors.clear();
        self.named.clear();
    }

    /// Errors: 1461 when there are as many as one client may have.
    pub(super) fn check_limit(&self, worker: &Worker) -> Result<(), SqlError> {
        let limit = worker.node.config.limits.prepared_statements_per_client;
        if self.by_id.len() + self.named.len() < limit {
            return Ok(());
        }
        Err(SqlError::new(
            1461,
            "42000",
            format!(
                "Can't create more than {limit} prepared statements for one client (limits.prepared_statements_per_client)"
            ),
        ))
    }
}

/// ER_BAD_NULL_ERROR.
const NOT_NULL: u16 = 1048;

pub(super) fn unknown(id: u32, command: &str) -> SqlError {
    SqlError::new(1243, "HY000", format!("Unknown prepared statement handler ({id}) given to {command}"))
}

impl Session {
    /// COM_STMT_PREPARE.
    pub async fn prepare(&mut self, text: &[u8]) -> Result<(), Failure> {
        self.warnings.clear();
        self.statements.check_limit(&self.worker)?;
        let mut template = Template::default();
        lexer::scan(text, self.mode, &mut template)?;
        if template.has_tddl_hint {
            let Unhinted { text, template, hint } = self.take_hints(text)?;
            let timer = self.begin_hint(&hint);
            let prepared = Box::pin(self.prepare_unhinted(&text, template)).await;
            return self.end_hint(timer, prepared);
        }
        self.prepare_unhinted(text, template).await
    }

    async fn prepare_unhinted(&mut self, text: &[u8], template: Template) -> Result<(), Failure> {
        let text = text.get(..template.length).unwrap_or_default();
        let (_, params, columns) = self.plan_to_prepare(text, &template).await?;
        self.statements.next_id = self.statements.next_id.wrapping_add(1).max(1);
        let id = self.statements.next_id;
        self.answer_prepare(id, params, &columns)?;
        let (hint, origin) = (self.hint.clone(), self.origin());
        let statement =
            Statement { text: text.to_vec(), template, params, hint, origin, ..Statement::default() };
        self.statements.by_id.insert(id, Box::new(statement));
        Ok(())
    }

    /// The plan of a statement that is prepared, with the number of its markers and its columns' definitions; none for what says them when it runs.
    pub(super) async fn plan_to_prepare(
        &mut self,
        text: &[u8],
        template: &Template,
    ) -> Result<(Rc<Plan>, usize, Vec<Vec<u8>>), Failure> {
        if template.next.is_some() {
            return Err(ostrakon_router::RouterError::syntax("a prepared statement is one statement").into());
        }
        let text = text.get(..template.length).unwrap_or_default();
        let params = template.holes.iter().filter(|h| h.kind == HoleKind::Parameter).count();
        let (plan, expanded) = match self.names_physical_tables() {
            true => (Rc::new(Plan::Routed(Box::new(self.direct_plan(text, template).await?))), None),
            false => self.plan_expanded(text, template).await?,
        };
        let columns = match (&*plan, &expanded) {
            (Plan::Routed(plan), Some(expanded)) => {
                self.describe(plan, &expanded.text, &expanded.template, params).await?
            }
            (Plan::Routed(plan), None) => self.describe(plan, text, template, params).await?,
            (Plan::Command(command), _) => match &**command {
                // A trace is of a statement as text.
                Command::Prepared(_) | Command::Trace(_) => return Err(not_preparable().into()),
                command if !self.mode.server.mariadb && is_text_only(command) => {
                    return Err(not_preparable().into());
                }
                Command::Refused(what) => return Err(SqlError::not_supported(what).into()),
                command => self.columns_of_command(command, text).await?,
            },
            // MariaDB's since 10.6.
            (Plan::Load(_), _) if !self.mode.server.mariadb => return Err(not_preparable().into()),
            (Plan::Load(_) | Plan::Ddl(_) | Plan::Views(_), _) => Vec::new(),
        };
        Ok((plan, params, columns))
    }

    /// What a statement that is prepared now is prepared under.
    pub(super) fn origin(&self) -> Origin {
        Origin { database: self.database.clone(), mode: self.mode }
    }

    /// Errors: 1235 where a statement would be read otherwise than when it was prepared.
    pub(super) fn check_mode(&self, origin: &Origin) -> Result<(), SqlError> {
        let reading = |mode: SqlMode| SqlMode { no_auto_value_on_zero: false, ..mode };
        match reading(origin.mode) == reading(self.mode) {
            true => Ok(()),
            false => Err(SqlError::not_supported(
                "a statement that was prepared under another sql_mode, which reads it otherwise; prepare it again",
            )),
        }
    }

    fn answer_prepare(&mut self, id: u32, params: usize, columns: &[Vec<u8>]) -> Result<(), Failure> {
        let too_many = |_| SqlError::new(1390, "HY000", "Prepared statement contains too many placeholders");
        let ok = PrepareOk {
            statement_id: id,
            columns: u16::try_from(columns.len()).map_err(too_many)?,
            params: u16::try_from(params).map_err(too_many)?,
            warnings: self.warning_count(),
        };
        let mut scratch = std::mem::take(&mut self.scratch);
        self.client.packet_with(&mut scratch, |out| ok.encode(out));
        let eof = !self.client_has(ostrakon_protocol::capability::Capabilities::DEPRECATE_EOF);
        let status = self.status();
        let end = EofPacket { warnings: 0, status };
        // As servers do: nothing is known of a parameter before it is bound.
        let marker = ColumnDefinition {
            name: b"?",
            charset: BINARY_CHARSET,
            column_type: ColumnType::VAR_STRING,
            ..ColumnDefinition::default()
        };
        for _ in 0..params {
            self.client.packet_with(&mut scratch, |out| marker.encode(out));
        }
        if params > 0 && eof {
            self.client.packet_with(&mut scratch, |out| end.encode(out));
        }
        for column in columns {
            self.client.packet(column);
        }
        if !columns.is_empty() && eof {
            self.client.packet_with(&mut scratch, |out| end.encode(out));
        }
        self.scratch = scratch;
        Ok(())
    }

    /// Prepares the statement on one backend, with NULLs for routing, to learn its columns (and the server's opinion of it).
    pub(super) async fn describe(
        &mut self,
        plan: &RoutedPlan,
        text: &[u8],
        template: &Template,
        params: usize,
    ) -> Result<Vec<Vec<u8>>, Failure> {
        let described = self.describe_with(plan, text, template, &vec![Value::Null; params]).await;
        let unplaced = matches!(&described, Err(Failure::Sql(e)) if e.errno == NOT_NULL);
        if unplaced && plan.class == StatementClass::WriteReturning {
            // What stands there does not matter, but that it can be placed: this text is a small number and a date too.
            let example = vec![Value::Text(b"000101".into()); params];
            return self.describe_with(plan, text, template, &example).await;
        }
        described
    }

    /// As [`Session::describe`], with these values in the markers' places.
    async fn describe_with(
        &mut self,
        plan: &RoutedPlan,
        text: &[u8],
        template: &Template,
        values: &[Value<'_>],
    ) -> Result<Vec<Vec<u8>>, Failure> {
        let input = Input { text, template, values: Some(values) };
        let mut execution = Execution::default();
        let hint = self.hint.clone();
        if let Some(Target::Scan(scan)) = hint.as_ref().and_then(|hint| hint.target.as_ref()) {
            self.scan_into(plan, scan, input, &mut execution)?;
            return self.describe_first(plan, &execution, 0).await;
        }
        let needed = plan.sequence_values(&self.arguments(plan, input, &[], &[]))?;
        // Example values: PREPARE takes none from a sequence.
        let (generated, nextvals) = (vec![1; needed], vec![1; plan.nextvals.len()]);
        let keys = plan.generated_keys().map(GeneratedKeys::examples).unwrap_or_default();
        let arguments = Arguments { keys: &keys, ..self.arguments(plan, input, &generated, &nextvals) };
        let routed = plan.route_into(&arguments, &mut execution);
        match (routed, plan.class) {
            (Ok(()), _) => {}
            // NULL may not be placed; the execute brings values.
            (Err(_), StatementClass::Write) => return Ok(Vec::new()),
            (Err(e), _) => return Err(e.into()),
        }
        if let (true, Combine::Gather(gather)) = (execution.gathers, &plan.combine) {
            let columns = Box::pin(self.describe_gathered(plan, gather, input)).await?;
            return logical_columns(columns, Names::of_gather(gather, plan));
        }
        let hidden = match (&plan.combine, execution.statements.len()) {
            (Combine::Rows(spec), 2..) => spec.hidden,
            _ => 0,
        };
        self.describe_first(plan, &execution, hidden).await
    }

    /// Prepares the first physical statement. Its last `hidden` columns are not the client's.
    async fn describe_first(
        &mut self,
        plan: &RoutedPlan,
        execution: &Execution,
        hidden: usize,
    ) -> Result<Vec<Vec<u8>>, Failure> {
        let Some(statement) = execution.statements.first() else { return Ok(Vec::new()) };
        let mut lease = match &plan.database {
            Some(database) => match database.groups.get(statement.group) {
                Some(group) => self.lease(group).await?,
                None => {
                    return Err(
                        SqlError::other("Internal error (please report): a plan names no group").into()
                    );
                }
            },
            None => self.lease_any().await?,
        };
        let physical = execution.text(statement);
        let names = Names::of(plan);
        let prepared = send::prepare(&mut lease.connection, physical).await;
        self.release(lease);
        let (_, columns) = prepared.map_err(|e| names.error(e))?;
        let visible = columns.len().saturating_sub(hidden);
        logical_columns(columns.into_iter().take(visible), names)
    }

    /// COM_STMT_EXECUTE.
    pub async fn execute_statement(&mut self, id: u32, rest: &[u8]) -> Result<(), Failure> {
        self.statements.cursors.remove(&id);
        let Some(mut statement) = self.statements.by_id.remove(&id) else {
            return Err(unknown(id, "mysqld_stmt_execute").into());
        };
        // No match: it would keep room for the error while the statement runs.
        let result = if let Some(failed) = statement.failed.take() {
            Err(failed.into())
        } else {
            self.run_statement(&mut statement, rest).await
        };
        statement.long_data.clear();
        statement.long_bytes = 0;
        self.statements.by_id.insert(id, statement);
        result
    }

    async fn run_statement(&mut self, statement: &mut Statement, rest: &[u8]) -> Result<(), Failure> {
        let params = parse_execute(rest, statement.params, &mut statement.types, &statement.long_data)
            .map_err(|e| {
                SqlError::new(1210, "HY000", format!("Incorrect arguments to mysqld_stmt_execute: {e}"))
            })?;
        if self.reads_ascii_only() && params.iter().any(has_foreign_text) {
            return Err(SqlError::not_supported(
                "a text parameter with other than ASCII characters in a client character set other than utf8mb4",
            )
            .into());
        }
        self.check_mode(&statement.origin)?;
        if self.database == statement.origin.database || leading_keyword(&statement.template) == Keyword::Use
        {
            return self.run_hinted(statement, &params).await;
        }
        let database = std::mem::replace(&mut self.database, statement.origin.database.clone());
        let ran = Box::pin(self.run_hinted(statement, &params)).await;
        self.return_to(database);
        ran
    }

    /// Makes that database the current one again, if the statement that ran meanwhile has not dropped it.
    pub(super) fn return_to(&mut self, database: Option<String>) {
        let catalog = self.catalog();
        self.database = database.filter(|name| catalog.database(name).is_some());
        self.publish_identity();
    }

    async fn run_hinted(&mut self, statement: &Statement, params: &[Param<'_>]) -> Result<(), Failure> {
        if let Some(hint) = statement.hint.clone() {
            let timer = self.begin_hint(&hint);
            let ran = Box::pin(self.run_params(statement, params)).await;
            return self.end_hint(timer, ran);
        }
        self.run_params(statement, params).await
    }

    async fn run_params(&mut self, statement: &Statement, params: &[Param<'_>]) -> Result<(), Failure> {
        if self.hint.is_some() {
            let values: Vec<Value<'_>> = params.iter().map(send::routing_value).collect();
            let input = Input { text: &statement.text, template: &statement.template, values: Some(&values) };
            if Box::pin(self.run_target(input, Sending::Prepared(params), false)).await? {
                return Ok(());
            }
        }
        let (plan, expanded) = self.plan_expanded(&statement.text, &statement.template).await?;
        match &*plan {
            Plan::Routed(plan) => {
                let values: Vec<Value<'_>> = params.iter().map(send::routing_value).collect();
                let sending = Sending::Prepared(params);
                let own =
                    Input { text: &statement.text, template: &statement.template, values: Some(&values) };
                let input = expanded.as_ref().map_or(own, |expanded| expanded.input(Some(&values)));
                self.current.clear();
                self.current.extend_from_slice(&statement.text);
                self.routed(plan, input, sending, false).await
            }
            Plan::Load(_) | Plan::Command(_) | Plan::Ddl(_) | Plan::Views(_) if !params.is_empty() => {
                Err(SqlError::not_supported("parameters in this kind of statement").into())
            }
            // What is expanded has no views.
            Plan::Views(_) => Err(SqlError::other("Internal error (please report): views in views").into()),
            Plan::Command(command) => {
                self.binary_results = true;
                let result = Box::pin(self.run_command(command, &statement.text, false)).await;
                self.binary_results = false;
                result
            }
            Plan::Load(load) => {
                self.current.clear();
                self.current.extend_from_slice(&statement.text);
                let input = Input { text: &statement.text, template: &statement.template, values: None };
                Box::pin(self.load_data(load, input, false)).await
            }
            Plan::Ddl(ddl) => Box::pin(self.answer_ddl(ddl, &statement.text, false)).await,
        }
    }

    /// COM_STMT_RESET: forgets long data, and closes the cursor.
    pub fn reset_statement(&mut self, id: u32) -> Result<(), Failure> {
        self.statements.cursors.remove(&id);
        let Some(statement) = self.statements.by_id.get_mut(&id) else {
            return Err(unknown(id, "mysqld_stmt_reset").into());
        };
        statement.long_data.clear();
        statement.long_bytes = 0;
        statement.failed = None;
        self.ok(0, 0, b"", false);
        Ok(())
    }
}

/// Column definitions with logical names.
fn logical_columns(
    columns: impl IntoIterator<Item = Vec<u8>>,
    names: Names<'_>,
) -> Result<Vec<Vec<u8>>, Failure> {
    let logical = |column: Vec<u8>| {
        let definition = ColumnDefinition::decode(&column).map_err(|e| SqlError::other(e.to_string()))?;
        Ok(match names.logical(&definition) {
            Some(logical) => {
                let mut payload = Vec::new();
                logical.encode(&mut payload);
                payload
            }
            None => column,
        })
    };
    columns.into_iter().map(logical).collect()
}

fn has_foreign_text(param: &Param<'_>) -> bool {
    let is_foreign =
        |bytes: &[u8]| !bytes.is_ascii() && !matches!(send::routing_value(param), Value::Bytes(_));
    match param.value {
        ParamValue::Null => false,
        ParamValue::LongData(data) => is_foreign(data),
        ParamValue::Value(ostrakon_protocol::value::BinaryValue::Bytes(bytes)) => is_foreign(bytes),
        ParamValue::Value(_) => false,
    }
}
