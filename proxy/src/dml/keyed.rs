//! UPDATE and DELETE by keys: the rows that the query found, each once, written in each physical table; a row whose shard key changed moves.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use ostrakon_protocol::capability::Capabilities;
use ostrakon_protocol::column::{BINARY_CHARSET, ColumnType};
use ostrakon_protocol::value::BinaryValue;
use ostrakon_router::merge::MergeSpec;
use ostrakon_router::plan::{Alike, Execution, KeyedColumn, KeyedTarget, KeyedWrite, Literal, Moves};
use ostrakon_router::value::Value;

use super::Done;
use super::answering::Answering;
use super::literal::{self, Quoting};
use super::spool::{Spool, SpoolColumn};
use crate::backend::settings::Settings;
use crate::error::SqlError;
use crate::exec::rows::Query;
use crate::exec::send::{Sending, read_value};
use crate::exec::write::add_info;
use crate::session::dispatch::Input;
use crate::session::{Failure, Session, Warning};

/// Rows that one statement writes.
const STATEMENT_ROWS: usize = 500;
/// Rows that are written before the next are looked at.
const WINDOW_ROWS: usize = 2000;
/// The same where each row may need a statement of its own: so many can be sent before their answers are read.
const WINDOW_STATEMENTS: usize = 64;

/// A row of a target.
struct Found {
    shard: usize,
    key: Vec<Literal>,
    values: Vec<Literal>,
    /// How many of the target's came before it.
    number: usize,
    /// Rows that hold the same, which it stands for.
    count: u64,
}

/// What the statements of a target came to.
#[derive(Default)]
struct Written {
    affected: u64,
    infos: Vec<String>,
}

impl Session {
    pub(super) async fn keyed_write(
        &mut self,
        write: &KeyedWrite,
        input: Input<'_>,
        sending: Sending<'_>,
        mut answering: Option<&mut Answering<'_>>,
    ) -> Result<Done, Failure> {
        let arguments = self.text_arguments(input);
        let query =
            self.asked(|| write.marked_query(&arguments), || write.query(&arguments), input, sending)?;
        let before = self.warnings.iter().count();
        let rows = self.spool(&query, None).await?;
        // MariaDB has no strict mode for a DELETE.
        let is_lax = write.ignore || write.is_delete && self.mode.server.mariadb;
        if !is_lax {
            let sorts = write.is_ordered && self.mode.server.mariadb;
            self.refuse_warnings(before, Some(input), sorts).await?;
        }
        if let Some(answering) = answering.as_deref_mut() {
            answering.returned.limit_to(rows.left());
        }
        let mut written = Written::default();
        for target in &write.targets {
            self.write_target(write, target, &rows, input, &mut written, answering.as_deref_mut()).await?;
        }
        let warnings = self.warnings.count();
        let info = match (write.is_delete, written.infos.is_empty()) {
            (true, _) => String::new(),
            (false, true) => format!("Rows matched: 0  Changed: 0  Warnings: {warnings}"),
            (false, false) => add_info(written.infos.iter().map(String::as_str), warnings),
        };
        Ok(Done { affected: written.affected, info, ..Done::default() })
    }

    async fn write_target(
        &mut self,
        write: &KeyedWrite,
        target: &KeyedTarget,
        rows: &Spool,
        input: Input<'_>,
        written: &mut Written,
        mut answering: Option<&mut Answering<'_>>,
    ) -> Result<(), Failure> {
        let quoting = self.quoting();
        let counts = match target.counts {
            true => self.count_alike(target, rows, input).await?,
            false => HashMap::new(),
        };
        // A join gives a row as often as it finds partners for it.
        let mut seen = HashSet::new();
        let mut number = 0;
        let by_row = write.in_order || target.by_value || target.moves.is_some();
        let window = if by_row || !target.values.is_empty() { WINDOW_STATEMENTS } else { WINDOW_ROWS };
        let mut found = Vec::new();
        for index in 0..rows.len() {
            let row = rows.row(index)?;
            let row = found_row(target, &row, &rows.columns, quoting)?;
            let is_new = |row: &Found| target.by_value && !target.counts || seen.insert(row.key.clone());
            if let Some(row) = row.filter(is_new) {
                let count = counts.get(&row.key).copied().unwrap_or(1);
                found.push(Found { number, count, ..row });
                number += 1;
            }
            if index + 1 < rows.len() && found.len() < window {
                continue;
            }
            match &target.moves {
                Some(moves) => {
                    for row in found.drain(..) {
                        self.move_row(write, target, moves, row, input, written).await?;
                    }
                }
                None => {
                    let found = std::mem::take(&mut found);
                    let written =
                        self.write_found(write, target, found, input, written, answering.as_deref_mut());
                    written.await?;
                }
            }
        }
        Ok(())
    }

    /// How many rows hold the same as each row that the query found.
    async fn count_alike(
        &mut self,
        target: &KeyedTarget,
        rows: &Spool,
        input: Input<'_>,
    ) -> Result<HashMap<Vec<Literal>, u64>, Failure> {
        let quoting = self.quoting();
        let mut counts = HashMap::new();
        let mut found: Vec<Found> = Vec::new();
        for index in 0..rows.len() {
            let row = found_row(target, &rows.row(index)?, &rows.columns, quoting)?;
            found.extend(row.filter(|row| counts.insert(row.key.clone(), 0).is_none()));
            if index + 1 < rows.len() && found.len() < WINDOW_STATEMENTS || found.is_empty() {
                continue;
            }
            let mut execution = Execution::default();
            for (number, row) in found.iter().enumerate() {
                target.count_into(row.shard, number, &row.key, &mut execution);
            }
            sort_by_group(&mut execution);
            let answers = self.read_rows(target, &execution, Some(2), input).await?;
            for index in 0..answers.len() {
                let cells = answers.row(index)?;
                let mut numbers = cells.iter().map(|cell| match cell {
                    Some(BinaryValue::Int(number)) => u64::try_from(*number).unwrap_or(0),
                    Some(BinaryValue::UInt(number)) => *number,
                    _ => 0,
                });
                let number = numbers.next().and_then(|number| usize::try_from(number).ok());
                if let (Some(row), Some(count)) = (number.and_then(|at| found.get(at)), numbers.next()) {
                    counts.insert(row.key.clone(), count);
                }
            }
            found.clear();
        }
        Ok(counts)
    }

    /// Writes rows where they are.
    async fn write_found(
        &mut self,
        write: &KeyedWrite,
        target: &KeyedTarget,
        found: Vec<Found>,
        input: Input<'_>,
        written: &mut Written,
        answering: Option<&mut Answering<'_>>,
    ) -> Result<(), Failure> {
        if found.is_empty() {
            return Ok(());
        }
        let expected: u64 = found.iter().map(|row| row.count).sum();
        let mut by_shard: BTreeMap<(usize, usize), Vec<Found>> = BTreeMap::new();
        for row in found {
            by_shard.entry((target.group_of(row.shard), row.shard)).or_default().push(row);
        }
        let arguments = self.text_arguments(input);
        let returning = answering.as_ref().map(|answering| answering.returning);
        let mut execution = Execution::default();
        for ((_, shard), rows) in &by_shard {
            let is_like = |a: &Found, b: &Found| {
                !write.in_order && a.values == b.values && (!target.by_value || a.key == b.key)
            };
            for same in rows.chunk_by(is_like) {
                for part in same.chunks(STATEMENT_ROWS) {
                    let keys = part.iter().map(|row| row.key.as_slice());
                    let keys: Vec<&[Literal]> =
                        keys.take(if target.by_value { 1 } else { usize::MAX }).collect();
                    let values = part.first().map(|row| row.values.as_slice()).unwrap_or_default();
                    let limit = target.by_value.then(|| part.iter().map(|row| row.count).sum());
                    let alike = Alike { keys: &keys, values, limit };
                    target.write_into(*shard, &alike, returning, &arguments, &mut execution);
                    if let (Some(_), true, [row]) = (returning, write.in_order, part) {
                        execution.row_numbers.resize(execution.statements.len(), vec![row.number]);
                    }
                }
            }
        }
        // Copies are written group by group.
        sort_by_group(&mut execution);
        let before = written.infos.len();
        let affected = self.write_by_key(target, &execution, written, answering).await?;
        let matched = match write.is_delete {
            true => affected,
            false => written.infos.iter().skip(before).map(|info| number(info, "Rows matched:")).sum(),
        };
        if matched != expected && !write.ignore {
            return Err(SqlError::other(format!(
                "Table '{}' has {expected} rows that this statement is for, and {matched} of them were found by their keys. \
                 Nothing was changed; CHECK TABLE tells whether rows are where they do not belong",
                target.name()
            ))
            .into());
        }
        Ok(())
    }

    /// Runs statements of a target, and counts what they did: of copies, one's. Returns how many rows they affected.
    async fn write_by_key(
        &mut self,
        target: &KeyedTarget,
        execution: &Execution,
        written: &mut Written,
        answering: Option<&mut Answering<'_>>,
    ) -> Result<u64, Failure> {
        let answers = self.write_answering(&target.plan, execution, 0, answering).await?;
        let copies = if target.is_everywhere() { 1 } else { usize::MAX };
        let mut affected = 0;
        for answer in answers.iter().take(copies).flatten() {
            affected += answer.affected_rows;
            written.infos.push(answer.info.clone());
        }
        written.affected += affected;
        Ok(affected)
    }

    /// Updates a row where it is, which makes of it all that its server makes of it, and puts it where it belongs then.
    async fn move_row(
        &mut self,
        write: &KeyedWrite,
        target: &KeyedTarget,
        moves: &Moves,
        row: Found,
        input: Input<'_>,
        written: &mut Written,
    ) -> Result<(), Failure> {
        let Found { shard, mut key, values, number: place, count } = row;
        let before = written.infos.len();
        // What IGNORE leaves as it was must be known.
        let was = match write.ignore {
            true => Some(self.stored_row(target, moves, shard, &key, input).await?),
            false => None,
        };
        let found = Found { shard, key: key.clone(), values: values.clone(), number: place, count };
        self.write_found(write, target, vec![found], input, written, None).await?;
        let changed: u64 = written.infos.iter().skip(before).map(|info| number(info, "Changed:")).sum();
        if changed == 0 {
            return Ok(());
        }
        for (value, literal) in target.values.iter().zip(&values) {
            if let Some(slot) = value.key.and_then(|at| key.get_mut(at)) {
                slot.clone_from(literal);
            }
        }
        let session = self.store_exactly();
        let settled = self.settle_row(target, moves, shard, &key, was, input).await;
        self.settings = session;
        if let Some(duplicate) = settled? {
            // MariaDB says nothing of it.
            if !self.mode.server.mariadb {
                let (level, code) = ("Warning".into(), duplicate.errno);
                self.warnings.push(Warning { level, code, message: duplicate.message });
            }
            for info in written.infos.iter_mut().skip(before) {
                *info = info.replace("Changed: 1", "Changed: 0");
            }
            if !self.client_has(Capabilities::FOUND_ROWS) {
                written.affected = written.affected.saturating_sub(changed);
            }
        }
        Ok(())
    }

    /// What is stored is put down again as it is: no mode of the session's has a say in it, and a TIMESTAMP is one moment. Returns the
    /// settings to come back to.
    fn store_exactly(&mut self) -> Rc<Settings> {
        let escapes = if self.mode.no_backslash_escapes { ",NO_BACKSLASH_ESCAPES" } else { "" };
        let exact = self
            .settings
            .with("sql_mode", format!("'NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES{escapes}'"))
            .with("time_zone", "'+00:00'".to_owned());
        let exact = self.worker.intern(exact);
        std::mem::replace(&mut self.settings, exact)
    }

    /// A row as literals that store it.
    async fn stored_row(
        &mut self,
        target: &KeyedTarget,
        moves: &Moves,
        shard: usize,
        key: &[Literal],
        input: Input<'_>,
    ) -> Result<Vec<Literal>, Failure> {
        let session = self.store_exactly();
        let rows = self.read_row(target, moves, shard, key, input).await;
        self.settings = session;
        Ok(literals(&rows?, 0, &moves.columns, 0, self.quoting())?)
    }

    async fn read_row(
        &mut self,
        target: &KeyedTarget,
        moves: &Moves,
        shard: usize,
        key: &[Literal],
        input: Input<'_>,
    ) -> Result<Spool, Failure> {
        let mut execution = Execution::default();
        target.read_into(moves, shard, key, &mut execution);
        let columns = moves.columns.len() + moves.identity.len();
        let rows = self.read_rows(target, &execution, Some(columns), input).await?;
        if target.by_value {
            return Ok(rows);
        }
        if rows.len() > 1 {
            return Err(SqlError::not_supported(format!(
                "UPDATE of what the generated shard key of table '{}' is made from, where only generated columns of its key tell rows apart",
                target.name()
            ))
            .into());
        }
        if rows.len() != 1 {
            return Err(SqlError::not_supported(format!(
                "UPDATE of the key of table '{}' with a value that the server changes as it stores it; give it as it is stored",
                target.name()
            ))
            .into());
        }
        Ok(rows)
    }

    /// Runs queries of a target's physical tables.
    async fn read_rows(
        &mut self,
        target: &KeyedTarget,
        execution: &Execution,
        expected: Option<usize>,
        input: Input<'_>,
    ) -> Result<Spool, Failure> {
        let mut rows = Spool::new(self.worker.node.config.limits.merge_memory, expected);
        let (spec, sending) = (MergeSpec::default(), Sending::Prepared(&[]));
        let query = Query { plan: &target.plan, execution, spec: &spec, input, sending, at_most: None };
        self.fetch_rows(query, &mut rows).await?;
        Ok(rows)
    }

    /// Puts a row where it belongs. `was`: what it was before, for IGNORE: it is that again, and the error is returned, where a row is in the way.
    async fn settle_row(
        &mut self,
        target: &KeyedTarget,
        moves: &Moves,
        shard: usize,
        key: &[Literal],
        was: Option<Vec<Literal>>,
        input: Input<'_>,
    ) -> Result<Option<SqlError>, Failure> {
        let rows = self.read_row(target, moves, shard, key, input).await?;
        let Some((index, now)) = misplaced(target, moves, &rows, shard)? else {
            return Ok(None);
        };
        let quoting = self.quoting();
        let row = literals(&rows, index, &moves.columns, 0, quoting)?;
        let key = &match target.by_value {
            true => literals(&rows, index, &moves.identity, moves.columns.len(), quoting)?,
            false => target.key_of_row(moves, key, &row),
        };
        let before = self.warnings.clone();
        let mut execution = Execution::default();
        target.insert_into(moves, now, &[&row], &mut execution);
        let mut duplicate = None;
        if let Some(was) = was {
            // By itself: what fails leaves nothing, and the row goes away, or back, then.
            match self.write_part(&target.plan, &execution, 0).await {
                Ok(_) => {}
                Err(Failure::Sql(e)) if e.errno == DUPLICATE => duplicate = Some(e),
                Err(e) => return Err(e),
            }
            execution = Execution::default();
            target.remove_into(shard, &[key], &mut execution);
            if duplicate.is_some() {
                target.insert_into(moves, shard, &[&was], &mut execution);
            }
        } else {
            target.remove_into(shard, &[key], &mut execution);
            execution.statements.sort_by_key(|statement| statement.group);
        }
        self.write_part(&target.plan, &execution, 0).await?;
        if moves.is_generated() && duplicate.is_none() {
            // It was worked out anew as the row was stored.
            let rows = self.read_row(target, moves, now, key, input).await?;
            if place(target, moves, &rows, 0)? != now {
                return Err(SqlError::not_supported(format!(
                    "UPDATE of table '{}' after which its generated shard key has another value under another sql_mode",
                    target.name()
                ))
                .into());
            }
        }
        self.warnings = before;
        Ok(duplicate)
    }
}

/// The row that does not belong where it is, and where it belongs: the one that was updated, since all others are where they belong.
fn misplaced(
    target: &KeyedTarget,
    moves: &Moves,
    rows: &Spool,
    shard: usize,
) -> Result<Option<(usize, usize)>, SqlError> {
    for index in 0..rows.len() {
        let now = place(target, moves, rows, index)?;
        if now != shard {
            return Ok(Some((index, now)));
        }
    }
    Ok(None)
}

/// Where a row belongs.
fn place(target: &KeyedTarget, moves: &Moves, rows: &Spool, index: usize) -> Result<usize, SqlError> {
    let values = rows.row(index)?;
    let cells = values.iter().zip(&rows.columns).take(moves.columns.len());
    let placing: Vec<Value<'_>> =
        cells.map(|(value, column)| routing_value(value.as_ref(), column)).collect();
    Ok(target.shard_of_row(moves, &placing)?)
}

/// The statements of a group one after the other, with the numbers of their rows.
fn sort_by_group(execution: &mut Execution) {
    let mut numbers = std::mem::take(&mut execution.row_numbers).into_iter();
    let mut statements: Vec<_> = std::mem::take(&mut execution.statements)
        .into_iter()
        .map(|statement| (statement, numbers.next()))
        .collect();
    statements.sort_by_key(|(statement, _)| statement.group);
    for (statement, numbers) in statements {
        execution.statements.push(statement);
        execution.row_numbers.extend(numbers);
    }
}

/// ER_DUP_ENTRY.
pub(super) const DUPLICATE: u16 = 1062;

/// Cells of a row, from that position on, as literals that store them in these columns.
fn literals(
    rows: &Spool,
    index: usize,
    stored: &[KeyedColumn],
    first: usize,
    quoting: Quoting,
) -> Result<Vec<Literal>, SqlError> {
    let mut literals = Vec::with_capacity(stored.len());
    let row = rows.row(index)?;
    for ((value, column), stored) in row.iter().zip(&rows.columns).skip(first).zip(stored) {
        let mut text = Vec::new();
        literal::push(value.as_ref(), column, &stored.data_type, quoting, &mut text)?;
        literals.push(text);
    }
    Ok(literals)
}

/// The row of a target in a row of the query, if it has one.
fn found_row(
    target: &KeyedTarget,
    row: &[Option<BinaryValue<'_>>],
    columns: &[SpoolColumn],
    quoting: Quoting,
) -> Result<Option<Found>, SqlError> {
    let cell = |position: usize| (row.get(position).and_then(Option::as_ref), columns.get(position));
    if target.is_missing(|at| cell(target.first + at).0.is_none()) {
        return Ok(None);
    }
    let text = |position: usize, stored| {
        let mut text = Vec::new();
        if let (value, Some(column)) = cell(position) {
            literal::push(value, column, stored, quoting, &mut text)?;
        }
        Ok::<_, SqlError>(text)
    };
    let mut key = Vec::with_capacity(target.keys.len());
    let mut placing = Vec::with_capacity(target.keys.len());
    for (at, column) in target.keys.iter().enumerate() {
        key.push(text(target.first + at, &column.data_type)?);
        if let (value, Some(column)) = cell(target.first + at) {
            placing.push(routing_value(value, column));
        }
    }
    let mut values = Vec::with_capacity(target.values.len());
    for value in &target.values {
        values.push(text(value.position, &value.column.data_type)?);
    }
    Ok(Some(Found { shard: target.shard_of(&placing)?, key, values, number: 0, count: 1 }))
}

/// A value as the router reads it.
fn routing_value<'v>(value: Option<&BinaryValue<'v>>, column: &SpoolColumn) -> Value<'v> {
    let bytes = |bytes: &'v [u8]| match column.column_type {
        ColumnType::NEWDECIMAL | ColumnType::DECIMAL => Value::Decimal(String::from_utf8_lossy(bytes)),
        ColumnType::BIT => Value::UInt(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte))),
        _ if column.charset == BINARY_CHARSET => Value::Bytes(bytes.into()),
        _ => Value::Text(bytes.into()),
    };
    value.map_or(Value::Null, |value| read_value(*value, column.column_type, bytes))
}

/// The number behind a label in an info text.
pub(super) fn number(info: &str, label: &str) -> u64 {
    let behind = info.split_once(label).map_or("", |(_, behind)| behind);
    behind.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}
