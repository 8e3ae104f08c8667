//! Cursors: rows of a prepared statement that its client fetches, some at a time.
//!
//! The answer is made as any other, and kept back instead of written. One that is larger than `limits.cursor_memory` goes out as it comes, without a cursor, as servers
//! answer statements that they open none for; clients look at the status for that.

use ostrakon_protocol::Status;
use ostrakon_protocol::packet::{HEADER_LENGTH, Header, MAX_PAYLOAD};
use ostrakon_protocol::scanner::{Event, ResponseKind, ResponseScanner, Scan};

use super::prepared::unknown;
use super::{Failure, Session};
use crate::error::SqlError;

/// COM_STMT_EXECUTE asks for a cursor to read by (CURSOR_TYPE_READ_ONLY).
pub(super) const READ_ONLY: u8 = 1;

/// Rows that were not fetched yet, as packets.
#[derive(Debug)]
pub(super) struct Cursor {
    packets: Vec<u8>,
    at: usize,
}

impl Cursor {
    fn left(&self) -> &[u8] {
        self.packets.get(self.at..).unwrap_or_default()
    }

    /// Bytes that it holds.
    pub fn bytes(&self) -> usize {
        self.packets.len()
    }
}

impl Session {
    /// COM_STMT_EXECUTE whose rows are to be fetched.
    pub(super) async fn open_cursor(&mut self, id: u32, rest: &[u8]) -> Result<(), Failure> {
        self.flush_client().await?;
        self.statements.take_cursor(id);
        let limit = self.worker.node.config.limits.cursor_memory;
        let sequence = self.client.sequence;
        self.client.keep_back(limit.saturating_sub(self.statements.cursor_bytes()));
        let executed = self.execute_statement(id, rest).await;
        let Some(mut answer) = self.client.take_kept_back() else { return executed };
        match executed {
            Ok(()) | Err(Failure::Told) => {}
            // COMMIT RELEASE has its OK in it.
            Err(Failure::ClientGone) => {
                self.client.output = answer;
                let _ = self.client.flush().await;
                return executed;
            }
            Err(Failure::Sql(_)) => {
                self.client.sequence = sequence;
                return executed;
            }
        }
        let end = self.client.sequence;
        self.client.sequence = sequence;
        let broken = |why: &str| {
            SqlError::other(format!("Internal error (please report): an answer for a cursor: {why}"))
        };
        let mut scanner = ResponseScanner::new(ResponseKind::Execute, self.client.capabilities);
        let (mut at, mut rows) = (0, None);
        let mut head = Vec::new();
        while !scanner.finished() {
            match scanner.next(answer.get(at..).unwrap_or_default()) {
                Scan::Packet { length, event } => {
                    let payload = at + HEADER_LENGTH..at + length;
                    match event {
                        Event::ColumnCount(_) | Event::Column => head.push(payload),
                        Event::ColumnsEof => {}
                        Event::Row | Event::Continuation => rows = rows.or(Some(at)),
                        Event::RowsEnd => {
                            let rows = rows.unwrap_or(at)..at;
                            for column in head {
                                self.client.packet(answer.get(column).unwrap_or_default());
                            }
                            self.write_rows_end_with(Status::CURSOR_EXISTS);
                            answer.truncate(rows.end);
                            answer.drain(..rows.start);
                            answer.shrink_to_fit();
                            self.statements.open(id, Cursor { packets: answer, at: 0 });
                            return executed;
                        }
                        // Rows that came before are of no use.
                        Event::Err => {
                            self.client.packet(answer.get(payload).unwrap_or_default());
                            return executed;
                        }
                        // No rows, no cursor.
                        Event::Ok => {
                            (self.client.output, self.client.sequence) = (answer, end);
                            return executed;
                        }
                        other => return Err(broken(&format!("{other:?}")).into()),
                    }
                    at += length;
                }
                Scan::NeedMore { .. } => return Err(broken("it is cut off").into()),
                Scan::Broken(e) => return Err(broken(&e.to_string()).into()),
            }
        }
        Err(broken("it has no end").into())
    }

    /// COM_STMT_FETCH: at most so many rows, and whether there may be more.
    pub(super) async fn fetch_cursor(&mut self, id: u32, wanted: u32) -> Result<(), Failure> {
        if !self.statements.has(id) {
            return Err(unknown(id, "mysqld_stmt_fetch").into());
        }
        let Some(mut cursor) = self.statements.take_cursor(id) else {
            return Err(
                SqlError::new(1421, "HY000", format!("The statement ({id}) has no open cursor.")).into()
            );
        };
        let mut fetched = 0;
        let mut is_whole = true;
        while let Some(header) = Header::parse(cursor.left()) {
            if is_whole && fetched == wanted {
                break;
            }
            fetched += u32::from(is_whole);
            is_whole = header.length < MAX_PAYLOAD;
            let end = HEADER_LENGTH + header.length;
            self.client.part(cursor.left().get(HEADER_LENGTH..end).unwrap_or_default());
            cursor.at += end;
            self.flush_window().await?;
        }
        // As servers do: the last row is known for the last by a fetch that asks for more.
        if fetched < wanted {
            self.write_rows_end_with(Status::LAST_ROW_SENT);
        } else {
            self.write_rows_end_with(Status::CURSOR_EXISTS);
            self.statements.open(id, cursor);
        }
        Ok(())
    }
}
