//! Rows that a write over several physical tables returns (MariaDB's RETURNING): kept until all of it is certain, then answered as one result.

use std::rc::Rc;

use ostrakon_protocol::column::{ColumnDefinition, flag};
use ostrakon_protocol::packet::{HEADER_LENGTH, MAX_PAYLOAD};
use ostrakon_protocol::response::{ErrPacket, OkPacket};
use ostrakon_protocol::scanner::{Event, ResponseKind, ResponseScanner, Scan};

use super::kept::Kept;
use super::lease::Lease;
use super::names::Names;
use super::send;
use super::watch::{self, Watched};
use crate::backend::connection::Answer;
use crate::error::{BACKEND_FAILED, SqlError};
use crate::session::{Failure, Session};

/// The rows, and the columns of the first answer that had some.
#[derive(Debug)]
pub struct Returned {
    columns: Vec<Vec<u8>>,
    rows: Kept,
    /// For each row, where in the answer it belongs: those of one place stay as they came.
    places: Vec<usize>,
    limit: usize,
}

/// Which rows of the client's statement one physical statement writes.
#[derive(Clone, Copy)]
pub struct Places<'a> {
    /// Rows of the client's statement that came before.
    pub first: usize,
    /// Their numbers, counted from there; `None`: as they come.
    pub numbers: Option<&'a [usize]>,
}

impl Places<'_> {
    fn of(&self, nth: usize) -> Option<usize> {
        match self.numbers {
            Some(numbers) => numbers.get(nth).map(|number| self.first + number),
            None => Some(self.first),
        }
    }
}

impl Returned {
    /// `limit`: bytes that they may take (limits.merge_memory).
    pub fn new(limit: usize) -> Self {
        Self { columns: Vec::new(), rows: Kept::new(limit), places: Vec::new(), limit }
    }

    /// So many bytes are left for them.
    pub fn limit_to(&mut self, limit: usize) {
        self.limit = limit;
        self.rows.limit_to(limit);
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Some answer had columns.
    pub fn has_columns(&self) -> bool {
        !self.columns.is_empty()
    }

    /// Begins anew.
    pub fn clear(&mut self) {
        self.columns.clear();
        self.rows.clear();
        self.places.clear();
    }

    fn set_columns(&mut self, columns: Vec<Vec<u8>>) -> Result<(), SqlError> {
        if self.columns.is_empty() {
            self.columns = columns;
            return Ok(());
        }
        let shapes = |columns: &[Vec<u8>]| -> Result<Vec<_>, SqlError> {
            let shape = |c: &ColumnDefinition<'_>| (c.column_type.0, c.charset, c.flags & flag::UNSIGNED);
            Ok(send::decode_columns(columns)?.iter().map(shape).collect())
        };
        if shapes(&self.columns)? != shapes(&columns)? {
            return Err(SqlError::not_supported(
                "the physical tables of the statement return columns of different types",
            ));
        }
        Ok(())
    }

    fn push(&mut self, place: usize, row: &[u8]) -> Result<(), SqlError> {
        if !self.rows.push(row) {
            return Err(SqlError::new(
                1038,
                "HY001",
                format!(
                    "Out of memory: the rows that this statement returns take more than {} bytes (limits.merge_memory); \
                     write them in several statements",
                    self.limit
                ),
            ));
        }
        self.places.push(place);
        Ok(())
    }

    /// Reads the answer of one statement to its end. `keep`: its rows are the client's; those of further copies are not.
    pub async fn read(
        &mut self,
        lease: &mut Lease,
        kind: ResponseKind,
        places: Places<'_>,
        keep: bool,
        watched: Watched<'_>,
    ) -> Result<Answer, Failure> {
        let answer = self.read_answer(lease, kind, places, keep, watched).await;
        lease.connection.answered();
        answer
    }

    async fn read_answer(
        &mut self,
        lease: &mut Lease,
        kind: ResponseKind,
        places: Places<'_>,
        keep: bool,
        watched: Watched<'_>,
    ) -> Result<Answer, Failure> {
        let pool = Rc::clone(lease.connection.pool());
        let connection = &mut lease.connection;
        let mut scanner = ResponseScanner::new(kind, connection.capabilities);
        let mut answer = Answer::default();
        let mut columns = Vec::new();
        // What is wrong here is said when nothing is outstanding any more.
        let mut error = None;
        let mut partial: Vec<u8> = Vec::new();
        let mut rows = 0;
        while !scanner.finished() {
            let (length, event) = match scanner.next(&connection.input) {
                Scan::Packet { length, event } => (length, event),
                Scan::NeedMore { at_least } => {
                    watch::fill(connection, at_least, &pool, watched).await?;
                    continue;
                }
                Scan::Broken(e) => {
                    connection.mark_broken();
                    let text = format!("Malformed answer from a group: {e}");
                    return Err(SqlError::new(BACKEND_FAILED, "HY000", text).into());
                }
            };
            let packet = connection.input.split_to(length);
            let payload = packet.get(HEADER_LENGTH..).unwrap_or_default();
            let mut whole = None;
            match event {
                Event::Column => columns.push(payload.to_vec()),
                Event::Row if payload.len() == MAX_PAYLOAD => partial = payload.to_vec(),
                Event::Row => whole = Some(payload),
                Event::Continuation => {
                    partial.extend_from_slice(payload);
                    whole = (payload.len() < MAX_PAYLOAD).then_some(partial.as_slice());
                }
                Event::RowsEnd => answer.warnings = scanner.warnings(),
                // A server says so where it knows beforehand that there is no row.
                Event::Ok => {
                    answer.warnings =
                        OkPacket::decode(payload, connection.capabilities).map_or(0, |ok| ok.warnings);
                }
                Event::Err => {
                    let failed = ErrPacket::decode(payload).map(SqlError::from);
                    error = Some(failed.unwrap_or_else(|e| {
                        SqlError::new(BACKEND_FAILED, "HY000", format!("Malformed answer from a group: {e}"))
                    }));
                }
                Event::LocalInfile => {
                    connection.mark_broken();
                    return Err(
                        SqlError::new(BACKEND_FAILED, "HY000", "A group asked for a local file").into()
                    );
                }
                _ => {}
            }
            if let Some(row) = whole {
                if keep && error.is_none() {
                    error = self.take(&mut columns, places.of(rows), row).err();
                }
                rows += 1;
                partial = Vec::new();
            }
            drop(packet);
            connection.trim(length);
        }
        if let Some(error) = error {
            return Err(error.into());
        }
        if keep && !columns.is_empty() {
            self.set_columns(columns)?;
        }
        if places.numbers.is_some_and(|numbers| numbers.len() > 1 && numbers.len() != rows) {
            return Err(unknown_row().into());
        }
        answer.affected_rows = rows as u64;
        Ok(answer)
    }

    fn take(&mut self, columns: &mut Vec<Vec<u8>>, place: Option<usize>, row: &[u8]) -> Result<(), SqlError> {
        if !columns.is_empty() {
            self.set_columns(std::mem::take(columns))?;
        }
        self.push(place.ok_or_else(unknown_row)?, row)
    }
}

fn unknown_row() -> SqlError {
    SqlError::other(
        "Internal error (please report): a write returned other rows than it wrote; nothing was changed",
    )
}

impl Session {
    /// Answers with the rows of a write that is done.
    pub async fn answer_returned(
        &mut self,
        returned: Returned,
        names: Names<'_>,
        more: bool,
    ) -> Result<(), Failure> {
        if !returned.has_columns() {
            // Every server knew that there is no row, and so would one.
            self.row_count = 0;
            self.ok(0, 0, b"", more);
            return Ok(());
        }
        let columns = send::decode_columns(&returned.columns)?;
        self.write_columns(&columns, columns.len(), names);
        let mut order: Vec<usize> = (0..returned.len()).collect();
        order.sort_by_key(|index| returned.places.get(*index));
        for index in order {
            self.client.packet(returned.rows.row(index));
            self.flush_window().await?;
        }
        self.row_count = -1;
        self.write_rows_end(more);
        Ok(())
    }
}
