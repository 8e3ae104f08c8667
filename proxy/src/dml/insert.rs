//! INSERT and REPLACE ... SELECT: the query's rows, in batches of INSERT ... VALUES through the ordinary plan.

use ostrakon_protocol::value::BinaryValue;
use ostrakon_router::lexer::{self, Template};
use ostrakon_router::plan::{Combine, Execution, InsertQuery, Literal, Plan, Reading, RoutedPlan, RowsFirst};
use ostrakon_router::value::Value;

use super::Done;
use super::answering::Answering;
use super::literal::{self, Quoting};
use super::operand;
use super::spool::Spool;
use crate::error::SqlError;
use crate::exec::send::Sending;
use crate::exec::write::{RowKind, add_info, combine};
use crate::session::dispatch::Input;
use crate::session::{Failure, Session};

/// Bytes of one batch's text, at which it is full.
const BATCH_BYTES: usize = 256 << 10;
/// Rows of one batch.
const BATCH_ROWS: usize = 1000;

/// What the batches came to.
#[derive(Default)]
struct Batches {
    affected: u64,
    /// The first AUTO_INCREMENT value that was made.
    generated: Option<u64>,
}

/// An AUTO_INCREMENT value that is given, not made.
fn given(value: Option<BinaryValue<'_>>) -> Option<u64> {
    match value? {
        BinaryValue::Int(number) => u64::try_from(number).ok().filter(|number| *number > 0),
        BinaryValue::UInt(number) => Some(number).filter(|number| *number > 0),
        BinaryValue::Float(number) => Some(number.round() as u64).filter(|number| *number > 0),
        BinaryValue::Double(number) => Some(number.round() as u64).filter(|number| *number > 0),
        BinaryValue::Bytes(text) => std::str::from_utf8(text).ok()?.parse().ok().filter(|number| *number > 0),
        _ => None,
    }
}

/// What ON DUPLICATE KEY UPDATE reads of a row of the query.
fn selected_of(
    insert: &InsertQuery,
    rows: &Spool,
    index: usize,
    quoting: Quoting,
) -> Result<Vec<Literal>, SqlError> {
    let mut literals = Vec::with_capacity(insert.selected.len());
    if insert.selected.is_empty() || index >= rows.len() {
        return Ok(literals);
    }
    let row = rows.row(index)?;
    let values = row.iter().zip(&rows.columns).skip(insert.columns.len());
    for ((value, column), reading) in values.zip(&insert.selected) {
        let mut text = Vec::new();
        match reading {
            Reading::Whole(stored) => literal::push(value.as_ref(), column, stored, quoting, &mut text)?,
            Reading::Part { compared } => {
                operand::push(value.as_ref(), column, *compared, quoting, &mut text)?
            }
        }
        literals.push(text);
    }
    Ok(literals)
}

impl Session {
    pub(super) async fn insert_query(
        &mut self,
        insert: &InsertQuery,
        input: Input<'_>,
        sending: Sending<'_>,
        mut answering: Option<&mut Answering<'_>>,
    ) -> Result<Done, Failure> {
        let arguments = self.text_arguments(input);
        let head = insert.head(&arguments);
        let mut query =
            self.asked(|| insert.marked_query(&arguments), || insert.query(&arguments), input, sending)?;
        query.is_buffered = insert.reads_target && self.mode.server.mariadb;
        // The batches' parameters: what is returned has types that depend on them.
        let mut values: Option<&[Value<'_>]> = None;
        if let (Some(answering), Some(all)) = (answering.as_deref_mut(), input.values) {
            let first = all.len().saturating_sub(insert.tail_parameters);
            values = Some(all.get(first..).unwrap_or_default());
            answering.first_parameter = first;
        }
        let expected = insert.columns.len();
        let before = self.warnings.iter().count();
        let rows = self.spool(&query, Some(expected + insert.selected.len())).await?;
        if !insert.ignores {
            self.refuse_warnings(before, Some(input), false).await?;
        }
        if let Some(answering) = answering.as_deref_mut() {
            answering.returned.limit_to(rows.left());
        }
        let quoting = self.quoting();
        let mut batches = Batches::default();
        let mut infos = Vec::new();
        // The values of the AUTO_INCREMENT column that the query gave.
        let (mut all_given, mut last_given) = (insert.auto_increment.is_some(), None);
        let mut text = Vec::new();
        let mut first_row = 0;
        let mut selected = selected_of(insert, &rows, 0, quoting)?;
        for index in 0..rows.len() {
            text.extend_from_slice(if text.is_empty() { &head } else { b"," });
            text.extend_from_slice(if index == first_row { b" VALUES (" } else { b"(" });
            for (at, value) in rows.row(index)?.iter().enumerate() {
                let (Some(column), Some(stored)) = (rows.columns.get(at), insert.columns.get(at)) else {
                    continue;
                };
                if at > 0 {
                    text.push(b',');
                }
                literal::push(value.as_ref(), column, stored, quoting, &mut text)?;
            }
            text.push(b')');
            if let Some(position) = insert.auto_increment {
                last_given = given(rows.row(index)?.get(position).copied().flatten());
                all_given &= last_given.is_some();
            }
            let count = index + 1 - first_row;
            // What ON DUPLICATE KEY UPDATE reads of the query is one for all rows of a batch.
            let next = selected_of(insert, &rows, index + 1, quoting)?;
            if index + 1 == rows.len() || text.len() >= BATCH_BYTES || count >= BATCH_ROWS || next != selected
            {
                let arguments = self.text_arguments(input);
                text.extend(match values {
                    Some(_) => insert.tail_with_markers(&selected, &arguments),
                    None => insert.tail(&selected, &arguments),
                });
                let inserted = self.insert_batch(
                    &text,
                    values,
                    input,
                    (first_row, count),
                    &mut batches,
                    answering.as_deref_mut(),
                );
                infos.push(inserted.await?);
                text.clear();
                first_row = index + 1;
            }
            selected = next;
        }
        let warnings = self.warnings.count();
        let info = match infos.is_empty() {
            true => format!("Records: 0  Duplicates: 0  Warnings: {warnings}"),
            false => add_info(infos.iter().map(String::as_str), warnings),
        };
        let generated = batches.generated.filter(|_| !all_given);
        // One server says the last value where it made none, but not beside ON DUPLICATE KEY UPDATE.
        let says_given = batches.affected > 0 && !input.updates();
        let insert_id = generated.or(last_given.filter(|_| says_given));
        Ok(Done { affected: batches.affected, insert_id: insert_id.unwrap_or(0), generated, info })
    }

    /// Inserts rows; `rows`: the number of the first, and how many. Returns the info text.
    async fn insert_batch(
        &mut self,
        text: &[u8],
        values: Option<&[Value<'_>]>,
        input: Input<'_>,
        rows: (usize, usize),
        done: &mut Batches,
        answering: Option<&mut Answering<'_>>,
    ) -> Result<String, Failure> {
        let mut template = Template::default();
        lexer::scan(text, self.mode, &mut template)?;
        let planned = self.plan(text, &template, &self.catalog())?;
        let Plan::Routed(plan) = &*planned else {
            return Err(SqlError::other("Internal error (please report): rows that are no INSERT").into());
        };
        let batch = Input { text, template: &template, values };
        let mut execution = Execution::default();
        self.route(plan, batch, &mut execution).await?;
        if execution.gathers {
            let apart = self.insert_apart(plan, batch, answering.is_some()).await?;
            done.affected += apart.affected;
            done.generated = done.generated.or(apart.generated);
            return Ok(match apart.info.is_empty() && rows.1 == 1 {
                true => RowKind::of(&input).info(apart.affected),
                false => apart.info,
            });
        }
        let answers = self.write_answering(plan, &execution, rows.0, answering).await?;
        let (affected, mut info) = combine(plan, input, &answers, 0);
        if info.is_empty() && rows.1 == 1 {
            info = RowKind::of(&input).info(affected);
        }
        done.affected += affected;
        if affected > 0 {
            let server = answers.iter().flatten().map(|answer| answer.last_insert_id).find(|id| *id > 0);
            let generated = if plan.sequence.is_some() { execution.first_generated } else { server };
            done.generated = done.generated.or(generated);
        }
        Ok(info)
    }

    /// Inserts rows of which a literal is no value that places a row, or after which others may move.
    async fn insert_apart(
        &mut self,
        plan: &RoutedPlan,
        batch: Input<'_>,
        returns: bool,
    ) -> Result<Done, Failure> {
        let Combine::RowsFirst(rows_first) = &plan.combine else {
            return Err(SqlError::other("Internal error (please report): rows that are gathered").into());
        };
        match &**rows_first {
            RowsFirst::Computed(insert) if !returns => Box::pin(self.insert_computed(insert, batch)).await,
            RowsFirst::Upsert(upsert) if !returns => Box::pin(self.upsert(upsert, batch)).await,
            _ => {
                let reason = format!("INSERT ... SELECT of rows that need {}", rows_first.reason());
                Err(SqlError::not_supported(reason).into())
            }
        }
    }

    pub(super) fn quoting(&self) -> Quoting {
        let collation = self.settings.get("collation_connection").map(|literal| literal.trim_matches('\''));
        Quoting {
            no_backslash_escapes: self.mode.no_backslash_escapes,
            mariadb: self.mode.server.mariadb,
            introducer: collation.is_some_and(|collation| !collation.starts_with("utf8mb4")),
        }
    }
}
