//! Writes that need rows first: a query gives them, whichever way it takes, and what it gave is written in batches, all in one transaction.

mod frame;
mod insert;
mod keyed;
pub mod literal;
mod spool;

use ostrakon_router::plan::RowsFirst;

use crate::session::dispatch::Input;
use crate::session::{Failure, Session};

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
        more: bool,
    ) -> Result<(), Failure> {
        let frame = self.open_frame().await?;
        let done = match rows_first {
            RowsFirst::Insert(insert) => self.insert_query(insert, input).await,
            RowsFirst::Keyed { write, .. } => self.keyed_write(write, input).await,
        };
        let done = self.close_frame(frame, done).await?;
        self.row_count = i64::try_from(done.affected).unwrap_or(i64::MAX);
        if let Some(generated) = done.generated {
            self.last_insert_id = generated;
        }
        self.ok(done.affected, done.insert_id, done.info.as_bytes(), more);
        Ok(())
    }
}
