//! Writes that need rows first: a query gives them, whichever way it takes, and what it gave is written in batches, all in one transaction.

mod answering;
mod ask;
mod computed;
mod evaluate;
mod frame;
mod generated;
mod insert;
mod keyed;
pub mod literal;
mod load;
mod operand;
mod spool;
mod strict;
mod upsert;

use answering::Answering;
use ostrakon_router::plan::RowsFirst;

use crate::exec::names::Names;
use crate::exec::send::Sending;
use crate::session::dispatch::Input;
use crate::session::warnings::DEPRECATED;
use crate::session::{Failure, Session, Warning};

/// What MySQL says of VALUES(column) in ON DUPLICATE KEY UPDATE.
const VALUES_FUNCTION: &str = "'VALUES function' is deprecated and will be removed in a future release. \
    Please use an alias (INSERT INTO ... VALUES (...) AS alias) and replace VALUES(col) in the ON DUPLICATE KEY UPDATE clause with alias.col instead";

/// What a write came to.
#[derive(Debug, Default)]
struct Done {
    affected: u64,
    /// What the OK packet says.
    insert_id: u64,
    /// What LAST_INSERT_ID() is from now on; `None`: as before.
    generated: Option<u64>,
    info: String,
}

impl Session {
    /// Runs a write that needs rows first, and answers.
    pub async fn write_rows_first(
        &mut self,
        rows_first: &RowsFirst,
        input: Input<'_>,
        sending: Sending<'_>,
        more: bool,
    ) -> Result<(), Failure> {
        let frame = self.open_frame().await?;
        if rows_first.has_values_function() && !self.mode.server.mariadb && !self.warnings.is_prepared() {
            self.warnings.push(Warning {
                level: "Warning".into(),
                code: DEPRECATED,
                message: VALUES_FUNCTION.into(),
            });
        }
        let mut answering =
            rows_first.returning().map(|returning| self.answering(returning, &frame, sending));
        let mut done = match rows_first {
            RowsFirst::Insert(insert) => self.insert_query(insert, input, sending, answering.as_mut()).await,
            RowsFirst::Computed(insert) => self.insert_computed(insert, input).await,
            RowsFirst::Upsert(upsert) => self.upsert(upsert, input).await,
            RowsFirst::Keyed { write, .. } => {
                self.keyed_write(write, input, sending, answering.as_mut()).await
            }
        };
        if let (Ok(_), Some(answering)) = (&done, &mut answering)
            && let Err(e) = self.describe_nothing(answering, input).await
        {
            done = Err(e);
        }
        let done = self.close_frame(frame, done).await?;
        self.row_count = i64::try_from(done.affected).unwrap_or(i64::MAX);
        if let Some(generated) = done.generated {
            self.last_insert_id = generated;
        }
        if let Some(Answering { returning, returned, .. }) = answering {
            return self.answer_returned(returned, Names::of(&returning.plan), more).await;
        }
        self.ok(done.affected, done.insert_id, done.info.as_bytes(), more);
        Ok(())
    }
}
