//! How a physical statement is sent: as text, or as a prepared statement with the client's parameters.

use ostrakon_protocol::column::{ColumnDefinition, ColumnType};
use ostrakon_protocol::packet::HEADER_LENGTH;
use ostrakon_protocol::response::ErrPacket;
use ostrakon_protocol::scanner::{Event, ResponseKind, ResponseScanner, Scan};
use ostrakon_protocol::statement::{Param, ParamValue, encode_execute};
use ostrakon_protocol::value::{BinaryValue, ValueType};
use ostrakon_router::plan::{Execution, ParamSource, PhysicalStatement};

use super::lease::Lease;
use super::write::Part;
use crate::backend::connection::{BackendStatement, Connection, PrepareAnswer};
use crate::error::{BACKEND_FAILED, SqlError};

/// A number that the plan gives.
const NUMBER: ValueType = ValueType { column_type: ColumnType::LONGLONG, unsigned: true };

/// The protocol that the client's statement came in.
#[derive(Clone, Copy)]
pub enum Sending<'a> {
    Text,
    /// COM_STMT_EXECUTE with these parameters.
    Prepared(&'a [Param<'a>]),
}

impl Sending<'_> {
    pub fn response_kind(self) -> ResponseKind {
        match self {
            Self::Text => ResponseKind::Query,
            Self::Prepared(_) => ResponseKind::Execute,
        }
    }

    /// A parameter is a time of the day.
    pub fn has_time(self) -> bool {
        let is_time = |param: &Param<'_>| param.value_type.column_type == ColumnType::TIME;
        matches!(self, Self::Prepared(params) if params.iter().any(is_time))
    }
}

/// Makes a connection ready for statements: they are not too long for it, and prepared ones that it does not have yet are prepared, which
/// costs a round trip each. No statement is queued, so after an error the connection is as good as it was.
///
/// Gives how often it was warned of the statements' texts as they were prepared, now or before.
///
/// Errors: 1153, and what the server says against a statement.
pub async fn ready(
    connection: &mut Connection,
    execution: &Execution,
    statements: &[PhysicalStatement],
    sending: Sending<'_>,
) -> Result<u64, SqlError> {
    for statement in statements {
        connection.check_size(execution.text(statement).len() + 1)?;
    }
    let Sending::Prepared(params) = sending else { return Ok(0) };
    let mut warnings = 0;
    connection.pin_statements();
    for statement in statements {
        let text = execution.text(statement);
        let sources = execution.params.get(statement.params.clone()).unwrap_or_default();
        let prepared = loop {
            // By its text alone first: that tells the types that MySQL gives its parameters.
            match connection.statement_for(text, value_types(sources, params)) {
                Ok(prepared) => break prepared,
                Err(name) => prepare_as(connection, text, &name).await?,
            };
        };
        warnings += prepared.warnings;
        if sources.len() != usize::from(prepared.params) {
            return Err(SqlError::other(format!(
                "Internal error (please report): a physical statement has {} parameters, {} were planned",
                prepared.params,
                sources.len()
            )));
        }
        let bytes = sources.iter().map(|source| match *source {
            ParamSource::Client(n) => params.get(n).map_or(0, param_size),
            ParamSource::Number(_) => size_of::<u64>(),
        });
        connection.check_size(bytes.sum())?;
    }
    Ok(warnings)
}

/// `ready` for each part on its lease. Nothing is queued on any before all are ready.
pub async fn ready_all(
    leases: &mut [Lease],
    execution: &Execution,
    parts: &[Part],
    sending: Sending<'_>,
) -> Result<u64, SqlError> {
    let mut warnings = 0;
    for (part, lease) in parts.iter().zip(leases) {
        let statements = execution.statements.get(part.statements.clone()).unwrap_or_default();
        warnings += ready(&mut lease.connection, execution, statements, sending).await?;
    }
    Ok(warnings)
}

/// Bytes of a parameter's text; a few, for other values.
pub fn param_size(param: &Param<'_>) -> usize {
    match param.value {
        ParamValue::LongData(data) => data.len(),
        ParamValue::Value(BinaryValue::Bytes(bytes)) => bytes.len(),
        _ => 0,
    }
}

/// Queues statements of one connection, in order. `ready` comes before.
pub fn queue(
    connection: &mut Connection,
    execution: &Execution,
    statements: &[PhysicalStatement],
    sending: Sending<'_>,
) -> Result<(), SqlError> {
    let Sending::Prepared(params) = sending else {
        for statement in statements {
            connection.queue_query(execution.text(statement));
        }
        return Ok(());
    };
    for statement in statements {
        let text = execution.text(statement);
        let sources = execution.params.get(statement.params.clone()).unwrap_or_default();
        let Ok(prepared) = connection.statement_for(text, value_types(sources, params)) else {
            return Err(broken(connection, "a statement that was prepared is gone"));
        };
        let Some(values) = values(sources, params) else {
            return Err(broken(connection, "a parameter is missing"));
        };
        let mut encoded = Ok(());
        connection.queue_command(|out| encoded = encode_execute(out, prepared.id, &values));
        encoded.map_err(|e| broken(connection, &e.to_string()))?;
    }
    Ok(())
}

/// A physical statement's parameters. `None`: the client has not given one of them.
pub fn values<'a>(sources: &[ParamSource], params: &[Param<'a>]) -> Option<Vec<Param<'a>>> {
    let value = |source: &ParamSource| match *source {
        ParamSource::Client(n) => params.get(n).copied(),
        ParamSource::Number(n) => {
            Some(Param { value_type: NUMBER, value: ParamValue::Value(BinaryValue::UInt(n)) })
        }
    };
    sources.iter().map(value).collect()
}

/// The types of an execution's parameters; none of a NULL.
fn value_types(
    sources: &[ParamSource],
    params: &[Param<'_>],
) -> impl Iterator<Item = Option<ValueType>> + Clone {
    sources.iter().map(|source| match *source {
        ParamSource::Client(n) => params
            .get(n)
            .filter(|param| !matches!(param.value, ParamValue::Null))
            .map(|param| param.value_type),
        ParamSource::Number(_) => Some(NUMBER),
    })
}

/// Prepares a statement and keeps it. Returns it and the payloads of its result's column definitions.
pub async fn prepare(
    connection: &mut Connection,
    text: &[u8],
) -> Result<(BackendStatement, Vec<Vec<u8>>), SqlError> {
    prepare_as(connection, text, text).await
}

/// As [`prepare`], under another name.
async fn prepare_as(
    connection: &mut Connection,
    text: &[u8],
    key: &[u8],
) -> Result<(BackendStatement, Vec<Vec<u8>>), SqlError> {
    connection.check_size(text.len() + 1)?;
    connection.queue_prepare(text);
    connection.flush().await?;
    connection.read_prefix().await?;
    let mut scanner = ResponseScanner::new(ResponseKind::Prepare, connection.capabilities);
    let mut answer = PrepareAnswer::default();
    while !scanner.finished() {
        match scanner.next(&connection.input) {
            Scan::Broken(e) => return Err(broken(connection, &e.to_string())),
            Scan::NeedMore { at_least } => connection.fill(at_least).await?,
            Scan::Packet { length, event } => {
                let packet = connection.input.split_to(length);
                let payload = packet.get(HEADER_LENGTH..).unwrap_or_default();
                if event == Event::Err {
                    connection.answered();
                    let err = ErrPacket::decode(payload).map_err(|e| broken(connection, &e.to_string()))?;
                    return Err(SqlError::from(err));
                }
                answer.take(event, payload).map_err(|e| broken(connection, &e.to_string()))?;
            }
        }
    }
    connection.answered();
    let warned = answer.warned && !connection.is_mariadb();
    let warnings = if warned { warned_of_values(connection).await? } else { 0 };
    let columns = std::mem::take(&mut answer.columns);
    match connection.keep_answer(key, answer, warnings) {
        Some(prepared) => Ok((prepared, columns)),
        None => Err(broken(connection, "no answer to a prepare")),
    }
}

/// How many of the last statement's warnings speak of its values, and not of its syntax.
async fn warned_of_values(connection: &mut Connection) -> Result<u64, SqlError> {
    let listed = connection.query("SHOW WARNINGS").await?;
    let counts = |row: &usize| {
        listed.text(*row, 0) != "Note"
            && listed.text(*row, 1).parse() != Ok(crate::session::warnings::DEPRECATED)
    };
    Ok((0..listed.rows.len()).filter(counts).count() as u64)
}

/// Queues the execution of a prepared statement without parameters.
pub fn queue_without_params(connection: &mut Connection, id: u32) -> Result<(), SqlError> {
    let mut encoded = Ok(());
    connection.queue_command(|out| encoded = encode_execute(out, id, &[]));
    encoded.map_err(|e| broken(connection, &e.to_string()))
}

fn broken(connection: &mut Connection, why: &str) -> SqlError {
    connection.mark_broken();
    SqlError::new(
        BACKEND_FAILED,
        "HY000",
        format!("Malformed packet from instance '{}': {why}", connection.instance()),
    )
}

/// The parameter as the router reads it.
pub fn routing_value<'a>(param: &Param<'a>) -> ostrakon_router::value::Value<'a> {
    use ostrakon_router::value::Value;
    let bytes = |bytes: &'a [u8]| match param.value_type.column_type {
        ColumnType::TINY_BLOB
        | ColumnType::MEDIUM_BLOB
        | ColumnType::LONG_BLOB
        | ColumnType::BLOB
        | ColumnType::BIT => Value::Bytes(bytes.into()),
        ColumnType::DECIMAL | ColumnType::NEWDECIMAL => match std::str::from_utf8(bytes) {
            Ok(text) => Value::Decimal(text.into()),
            Err(_) => Value::Bytes(bytes.into()),
        },
        _ => Value::Text(bytes.into()),
    };
    match param.value {
        ParamValue::Null => Value::Null,
        ParamValue::LongData(data) => bytes(data),
        ParamValue::Value(value) => read_value(value, param.value_type.column_type, bytes),
    }
}

/// A binary value as the router reads it. `bytes`: what a string of that column or parameter is.
pub fn read_value<'a>(
    value: BinaryValue<'a>,
    column_type: ColumnType,
    bytes: impl Fn(&'a [u8]) -> ostrakon_router::value::Value<'a>,
) -> ostrakon_router::value::Value<'a> {
    use ostrakon_router::value::Value;
    match value {
        BinaryValue::Int(number) => Value::Int(number),
        BinaryValue::UInt(number) => Value::UInt(number),
        BinaryValue::Float(number) => Value::Double(number.into()),
        BinaryValue::Double(number) => Value::Double(number),
        BinaryValue::Bytes(text) => bytes(text),
        // A zero time is left out on the wire, whatever the type is.
        BinaryValue::Date { year, month, day } => match column_type {
            ColumnType::DATE => Value::Date { year, month, day },
            _ => Value::DateTime { year, month, day, hour: 0, minute: 0, second: 0, micros: 0 },
        },
        BinaryValue::DateTime { year, month, day, hour, minute, second, micros } => {
            Value::DateTime { year, month, day, hour, minute, second, micros }
        }
        BinaryValue::Time { negative, days, hours, minutes, seconds, micros } => Value::Time {
            negative,
            hours: days.saturating_mul(24).saturating_add(u32::from(hours)),
            minute: minutes,
            second: seconds,
            micros,
        },
    }
}

/// Decodes the column definitions of an answer.
pub fn decode_columns(payloads: &[Vec<u8>]) -> Result<Vec<ColumnDefinition<'_>>, SqlError> {
    payloads
        .iter()
        .map(|payload| {
            ColumnDefinition::decode(payload)
                .map_err(|e| SqlError::new(BACKEND_FAILED, "HY000", e.to_string()))
        })
        .collect()
}
