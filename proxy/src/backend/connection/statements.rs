//! Prepared statements of a backend connection, by their texts.

use std::borrow::Cow;

use ostrakon_protocol::DecodeError;
use ostrakon_protocol::column::{ColumnDefinition, ColumnType};
use ostrakon_protocol::command::{COM_STMT_CLOSE, COM_STMT_PREPARE};
use ostrakon_protocol::packet::HEADER_LENGTH;
use ostrakon_protocol::scanner::{Event, ResponseKind, ResponseScanner, Scan};
use ostrakon_protocol::statement::execute_types;
use ostrakon_protocol::value::ValueType;

use super::{BackendStatement, Connection};

/// Whether an execution can be sent.
pub enum Fit {
    /// Of the statement with this number.
    Ready(u32),
    /// Once its statement is prepared, under this name.
    Missing(Box<[u8]>),
    /// Not without more ado.
    Never,
}

/// The answer to COM_STMT_PREPARE, packet by packet.
#[derive(Default)]
pub struct PrepareAnswer {
    /// The statement's number, and how many parameters it has.
    statement: Option<(u32, u16)>,
    types: Vec<ValueType>,
    pub warned: bool,
    /// Payloads of the result's column definitions.
    pub columns: Vec<Vec<u8>>,
}

impl PrepareAnswer {
    /// Takes a packet that is no ERR.
    pub fn take(&mut self, event: Event, payload: &[u8]) -> Result<(), DecodeError> {
        match event {
            Event::PrepareOk(ok) => {
                self.statement = Some((ok.statement_id, ok.params));
                self.warned = ok.warnings > 0;
            }
            Event::ParamDef => self.types.push(ValueType::from(&ColumnDefinition::decode(payload)?)),
            Event::Column => self.columns.push(payload.to_vec()),
            _ => {}
        }
        Ok(())
    }
}

impl Connection {
    pub fn is_mariadb(&self) -> bool {
        self.version.contains("MariaDB")
    }

    /// Queues the prepare of a statement.
    pub fn queue_prepare(&mut self, text: &[u8]) {
        self.queue_command(|out| {
            out.push(COM_STMT_PREPARE);
            out.extend_from_slice(text);
        });
    }

    /// Keeps what was prepared. `None`: the answer names no statement.
    pub fn keep_answer(
        &mut self,
        key: &[u8],
        answer: PrepareAnswer,
        warnings: u64,
    ) -> Option<BackendStatement> {
        let (id, params) = answer.statement?;
        // MariaDB's parameters have the types of their values.
        let types = if self.is_mariadb() { Vec::new() } else { answer.types };
        let prepared = BackendStatement { id, params, types: types.into(), warnings };
        self.keep_statement(key, prepared.clone());
        Some(prepared)
    }

    /// Keeps what was prepared as these packets say. False where it was not, or with warnings.
    pub fn keep_prepared(&mut self, key: &[u8], mut packets: &[u8]) -> bool {
        let mut scanner = ResponseScanner::new(ResponseKind::Prepare, self.capabilities);
        let mut answer = PrepareAnswer::default();
        while let Scan::Packet { length, event } = scanner.next(packets) {
            let (packet, rest) = packets.split_at(length);
            if event == Event::Err
                || answer.take(event, packet.get(HEADER_LENGTH..).unwrap_or_default()).is_err()
            {
                return false;
            }
            if scanner.finished() {
                break;
            }
            packets = rest;
        }
        let warned = answer.warned && !self.is_mariadb();
        match self.keep_answer(key, answer, 0) {
            Some(_) if warned => {
                self.forget_statement(key);
                false
            }
            kept => kept.is_some(),
        }
    }

    /// How an execution is sent whose COM_STMT_EXECUTE, but for the number, is this payload with so many parameters.
    pub fn fit(&mut self, text: &[u8], execute: &[u8], params: u16) -> Fit {
        match self.statement_for(text, execute_types(execute, params)) {
            Ok(prepared) if prepared.warnings > 0 || prepared.params != params => Fit::Never,
            Ok(prepared) => Fit::Ready(prepared.id),
            Err(name) => Fit::Missing(name),
        }
    }

    /// The statement of this text that takes values of these types (none of a NULL) as they are, or the name under which it is to be prepared.
    pub fn statement_for(
        &mut self,
        text: &[u8],
        values: impl Iterator<Item = Option<ValueType>> + Clone,
    ) -> Result<BackendStatement, Box<[u8]>> {
        let Some(prepared) = self.statement(text) else { return Err(text.into()) };
        match retyped(text, &prepared, values) {
            None => Ok(prepared),
            Some(name) => self.statement(&name).ok_or_else(|| name.into()),
        }
    }

    /// What names a statement here: its text, and before it the settings that change how a server reads a text. A server parses once, when it
    /// prepares, so the same text under another `sql_mode` is another statement.
    fn statement_key<'t>(&self, text: &'t [u8]) -> Cow<'t, [u8]> {
        let mut key = Vec::new();
        for name in ["sql_mode", "character_set_client", "collation_connection"] {
            if let Some(value) = self.settings.get(name) {
                key.extend_from_slice(name.as_bytes());
                key.extend_from_slice(value.as_bytes());
                key.push(0);
            }
        }
        if key.is_empty() {
            return Cow::Borrowed(text);
        }
        key.extend_from_slice(text);
        Cow::Owned(key)
    }

    /// Keeps the statements that are used or prepared from now on until the next call.
    pub fn pin_statements(&mut self) {
        self.pinned_since = self.tick + 1;
    }

    /// The statement of this text, when it is prepared here under the same settings.
    pub fn statement(&mut self, text: &[u8]) -> Option<BackendStatement> {
        let key = self.statement_key(text);
        self.tick += 1;
        let (statement, used) = self.statements.get_mut(&*key)?;
        *used = self.tick;
        Some(statement.clone())
    }

    /// Queues the close of the statements over temporary tables that end: MySQL would type their parameters by their values when the tables are there again.
    pub fn forget_statements_over(&mut self, tables: &str) {
        let tables = tables.as_bytes();
        self.forget_where(|key| key.windows(tables.len()).any(|part| part == tables));
    }

    fn forget_where(&mut self, is_over: impl Fn(&[u8]) -> bool) {
        let over: Vec<_> = self.statements.extract_if(|key, _| is_over(key)).collect();
        for (_, (statement, _)) in over {
            self.close_statement(&statement);
        }
    }

    /// Queues the close of a statement whose text does not come again, and of those of its text for values of other types.
    pub fn forget_statement(&mut self, text: &[u8]) {
        let key = self.statement_key(text).into_owned();
        self.forget_where(|other| {
            other.strip_prefix(&*key).is_some_and(|rest| rest.first().is_none_or(|byte| *byte == 0))
        });
    }

    fn close_statement(&mut self, statement: &BackendStatement) {
        self.write_command(|out| {
            out.push(COM_STMT_CLOSE);
            out.extend_from_slice(&statement.id.to_le_bytes());
        });
    }

    /// Enters a statement that was just prepared; queues the close of the least recently used ones above the limit.
    pub fn keep_statement(&mut self, text: &[u8], statement: BackendStatement) {
        let key = self.statement_key(text).into();
        self.tick += 1;
        self.statements.insert(key, (statement, self.tick));
        while self.statements.len() > self.statement_limit {
            let oldest = self.statements.iter().min_by_key(|(_, (_, used))| *used);
            let oldest =
                oldest.filter(|(_, (_, used))| *used < self.pinned_since).map(|(text, _)| text.clone());
            let Some((old, _)) = oldest.and_then(|text| self.statements.remove(&text)) else { return };
            self.close_statement(&old);
        }
    }
}

/// The name of a statement of its own for parameters whose types do not fit those that MySQL gave them: it is prepared again by the values' types then,
/// and keeps them, so that it would answer other executions otherwise.
///
/// `values`: the types of the parameters, none of a NULL.
fn retyped(
    text: &[u8],
    prepared: &BackendStatement,
    values: impl Iterator<Item = Option<ValueType>> + Clone,
) -> Option<Vec<u8>> {
    let misfits =
        |(given, value): (ValueType, Option<ValueType>)| value.is_some_and(|value| !takes(given, value));
    if !prepared.types.iter().copied().zip(values.clone()).any(misfits) {
        return None;
    }
    let mut key = [text, b"\0"].concat();
    for value in values {
        key.extend(value.map_or([0, 0xFF], |value| [u8::from(value.unsigned), value.column_type.0]));
    }
    Some(key)
}

/// Whether MySQL leaves a parameter of this type as it is when it gets such a value (Prepared_statement::check_parameter_types).
fn takes(given: ValueType, value: ValueType) -> bool {
    let is_integer = matches!(
        value.column_type,
        ColumnType::TINY | ColumnType::SHORT | ColumnType::INT24 | ColumnType::LONG | ColumnType::LONGLONG
    );
    let is_decimal = matches!(value.column_type, ColumnType::DECIMAL | ColumnType::NEWDECIMAL);
    let is_number =
        is_integer || is_decimal || matches!(value.column_type, ColumnType::FLOAT | ColumnType::DOUBLE);
    let is_date = value.column_type == ColumnType::DATE;
    let is_time = value.column_type == ColumnType::TIME;
    let is_datetime = matches!(value.column_type, ColumnType::DATETIME | ColumnType::TIMESTAMP);
    if !(is_number || is_date || is_time || is_datetime) {
        return true;
    }
    match given.column_type {
        ColumnType::YEAR => is_integer,
        ColumnType::TINY
        | ColumnType::SHORT
        | ColumnType::INT24
        | ColumnType::LONG
        | ColumnType::LONGLONG
        | ColumnType::BIT => is_integer && given.unsigned == value.unsigned,
        ColumnType::NEWDECIMAL => is_integer || is_decimal,
        ColumnType::FLOAT | ColumnType::DOUBLE => is_number,
        ColumnType::DATE => is_number || is_date,
        ColumnType::TIME => !is_date,
        ColumnType::DATETIME | ColumnType::TIMESTAMP => true,
        _ => false,
    }
}
