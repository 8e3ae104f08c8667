//! INSERT ... ON DUPLICATE KEY UPDATE of a shard key: row by row, an INSERT, and where the key is taken an UPDATE of the row that has it.

use ostrakon_protocol::capability::Capabilities;
use ostrakon_router::lexer::{self, Template};
use ostrakon_router::plan::{Combine, Execution, Plan, RowsFirst, Upsert};

use super::Done;
use super::keyed::{DUPLICATE, number};
use crate::error::SqlError;
use crate::exec::send::Sending;
use crate::session::dispatch::Input;
use crate::session::{Failure, Session};

impl Session {
    pub(super) async fn upsert(&mut self, upsert: &Upsert, input: Input<'_>) -> Result<Done, Failure> {
        // Elsewhere a value is stored as something else that it is not found by.
        if !self.is_strict().await? {
            return Err(SqlError::not_supported(
                "ON DUPLICATE KEY UPDATE of a shard key without a strict sql_mode",
            )
            .into());
        }
        let (mut affected, mut updated) = (0, 0);
        for row in 0..upsert.rows() {
            let insert = upsert.insert(row, &self.text_arguments(input));
            let duplicate = match self.write_text(&insert, row).await {
                Ok(_) => {
                    affected += 1;
                    continue;
                }
                Err(Failure::Sql(e)) if e.errno == DUPLICATE => e,
                Err(e) => return Err(e),
            };
            let update = upsert.update(row, &self.text_arguments(input));
            let info = self.write_text(&update, row).await?;
            if number(&info, "Rows matched:") != 1 {
                return Err(SqlError::not_supported(format!(
                    "ON DUPLICATE KEY UPDATE of a shard key with a value that the server changes as it stores it ({})",
                    duplicate.message
                ))
                .into());
            }
            let changed = number(&info, "Changed:");
            updated += changed;
            affected += match changed {
                0 => u64::from(self.client_has(Capabilities::FOUND_ROWS)),
                _ => 2,
            };
        }
        let warnings = self.warnings.count();
        let info = match upsert.rows() {
            1 => String::new(),
            rows => format!("Records: {rows}  Duplicates: {updated}  Warnings: {warnings}"),
        };
        Ok(Done { affected, info, ..Done::default() })
    }

    /// Runs a write of ours in the transaction that is open; returns its info text. `first_row`: the rows of the client's statement before it.
    async fn write_text(&mut self, text: &[u8], first_row: usize) -> Result<String, Failure> {
        let mut template = Template::default();
        lexer::scan(text, self.mode, &mut template)?;
        let planned = self.plan(text, &template, &self.catalog())?;
        let Plan::Routed(plan) = &*planned else {
            return Err(SqlError::other("Internal error (please report): a row that is no write").into());
        };
        let input = Input { text, template: &template, values: None };
        let mut execution = Execution::default();
        self.route(plan, input, &mut execution).await?;
        if !execution.gathers {
            let answers = self.write_part(plan, &execution, first_row).await?;
            return Ok(answers.into_iter().flatten().next().map(|answer| answer.info).unwrap_or_default());
        }
        match &plan.combine {
            Combine::RowsFirst(rows_first) => match &**rows_first {
                RowsFirst::Keyed { write, .. } => {
                    Ok(self.keyed_write(write, input, Sending::Text, None).await?.info)
                }
                _ => {
                    Err(SqlError::not_supported("ON DUPLICATE KEY UPDATE of a shard key of this row").into())
                }
            },
            _ => Err(SqlError::other("Internal error (please report): a row that is gathered").into()),
        }
    }
}
