//! INSERT and REPLACE with values that a server works out first: one query gives them, and the statement with literals in their place runs
//! as any other.

use ostrakon_protocol::column::{ColumnType, flag};
use ostrakon_router::lexer::{self, Template};
use ostrakon_router::plan::{ComputedValue, Execution, InsertComputed, Literal, Plan};

use super::Done;
use super::literal;
use super::spool::SpoolColumn;
use crate::error::SqlError;
use crate::exec::write::combine;
use crate::session::dispatch::Input;
use crate::session::{Failure, Session};

/// Values that one query works out.
const QUERY_VALUES: usize = 500;

impl Session {
    pub(super) async fn insert_computed(
        &mut self,
        insert: &InsertComputed,
        input: Input<'_>,
    ) -> Result<Done, Failure> {
        let mut literals = Vec::with_capacity(insert.values.len());
        for part in insert.values.chunks(QUERY_VALUES) {
            let worked_out = self.work_out(insert, part, literals.len(), input).await;
            literals.extend(worked_out.map_err(|failure| refusable(insert, part, failure))?);
        }
        let text = insert.statement(&literals, &self.text_arguments(input));
        let mut template = Template::default();
        lexer::scan(&text, self.mode, &mut template)?;
        let planned = self.plan(&text, &template, &self.catalog())?;
        let Plan::Routed(plan) = &*planned else {
            return Err(SqlError::other("Internal error (please report): rows that are no INSERT").into());
        };
        let mut execution = Execution::default();
        self.route(plan, Input { text: &text, template: &template, values: None }, &mut execution).await?;
        if execution.gathers {
            // What the server gave is no literal that places a row.
            return Err(SqlError::not_supported("this expression as the value of a shard key column").into());
        }
        let answers = self.write_part(plan, &execution, 0).await?;
        let (affected, info) = combine(plan, input, &answers, self.warnings.count());
        let info = if insert.rows > 1 { info } else { String::new() };
        let server = answers.iter().flatten().map(|answer| answer.last_insert_id).find(|id| *id > 0);
        let (generated, given) = match plan.sequence {
            Some(_) => (execution.first_generated, execution.last_explicit),
            None => (server, None),
        };
        let wrote = |id: &u64| affected > 0 && *id > 0;
        Ok(Done {
            affected,
            insert_id: generated.or(given).filter(wrote).unwrap_or(0),
            generated: generated.filter(wrote),
            info,
        })
    }

    /// The literals of some of the values, from the `first` on.
    async fn work_out(
        &mut self,
        insert: &InsertComputed,
        values: &[ComputedValue],
        first: usize,
        input: Input<'_>,
    ) -> Result<Vec<Literal>, Failure> {
        let query = insert.query(first..first + values.len(), &self.text_arguments(input));
        self.authorize_query(&query).await?;
        let before = self.warnings.iter().count();
        let rows = self.spool(&query.into(), Some(values.len())).await?;
        if !insert.ignores {
            self.refuse_warnings(before, None, false).await?;
        }
        let row = match rows.len() {
            1 => rows.row(0)?,
            _ => return Err(SqlError::other("Internal error (please report): values without a row").into()),
        };
        let quoting = self.quoting();
        let mut literals = Vec::with_capacity(values.len());
        for ((cell, column), value) in row.iter().zip(&rows.columns).zip(values) {
            let mut text = Vec::new();
            if column.column_type == ColumnType::BIT {
                // MariaDB stores the first digits of its number only, which is no rule to follow.
                return Err(SqlError::not_supported("a BIT as a value of INSERT; select column + 0").into());
            }
            literal::push(cell.as_ref(), &evaluated(column), &value.data_type, quoting, &mut text)?;
            literals.push(text);
        }
        Ok(literals)
    }
}

/// An expression is no column: its number is stored as a number is and its text as a text is, whatever the column that it reads looks like.
fn evaluated(column: &SpoolColumn) -> SpoolColumn {
    SpoolColumn { flags: column.flags & !(flag::ZEROFILL | flag::ENUM | flag::SET), ..*column }
}

/// An error of the query, where it says what the statement's would be; else a refusal.
fn refusable(insert: &InsertComputed, values: &[ComputedValue], failure: Failure) -> Failure {
    const ALWAYS: [u16; 7] = [1046, 1049, 1052, 1054, 1064, 1146, 1241];
    let Failure::Sql(e) = failure else { return failure };
    let unknown = (e.errno == 1054).then(|| e.message.split('\'').nth(1).unwrap_or_default());
    let reason = match unknown {
        Some(name) if insert.has_column(name) => {
            format!("an expression that reads column '{name}' of the row and is worked out first")
        }
        // One server works these out row by row, or not at all.
        None if e.errno == 1242 && (insert.ignores || values.iter().any(|value| value.is_update)) => {
            format!("a value that cannot be worked out: {}", e.message)
        }
        _ if values.iter().any(|value| value.is_update) && !ALWAYS.contains(&e.errno) => e.message,
        _ => return Failure::Sql(e),
    };
    SqlError::not_supported(reason).into()
}
