//! Forwarding a backend's response to a client whose connection differs: numbering, EOF packets, status, session state.
//!
//! Rows go through untouched, a run of them with one copy; only definitions, OK, ERR and EOF packets are looked into. No
//! memory is allocated besides what `out` needs.

mod forward;

use crate::column::ColumnDefinition;
use crate::packet::HEADER_LENGTH;
use crate::response::ErrPacket;
use crate::scanner::{ResponseKind, ResponseScanner, Scan};
use crate::statement::PrepareOk;
use crate::{Capabilities, DecodeError, Status};

/// How the client's status flags differ from the backend's: first `clear`, then `set`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatusPatch {
    pub clear: u16,
    pub set: u16,
}

impl StatusPatch {
    pub fn apply(self, status: Status) -> Status {
        Status(status.0 & !self.clear | self.set)
    }
}

/// Changes what names things: physical names in definitions and messages become logical ones.
pub trait ColumnRewrite {
    /// Whether definitions are to be looked at. Where not, they are not even decoded.
    fn is_active(&self) -> bool {
        true
    }

    /// Writes the definition to send in place of `definition` to the end of `out` (see [`ColumnDefinition::encode`]) and
    /// returns true; or returns false to send it as it is.
    fn rewrite(&mut self, definition: &ColumnDefinition<'_>, out: &mut Vec<u8>) -> bool;

    /// The same for an error. Errors are sent as they are unless this is implemented.
    fn rewrite_error(&mut self, _error: &ErrPacket<'_>, _out: &mut Vec<u8>) -> bool {
        false
    }
}

/// Sends everything as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoRewrite;

impl ColumnRewrite for NoRewrite {
    fn is_active(&self) -> bool {
        false
    }

    fn rewrite(&mut self, _: &ColumnDefinition<'_>, _: &mut Vec<u8>) -> bool {
        false
    }
}

/// Numbers that the caller knows better than the backend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// In OK packets of results without rows; where no row was affected no value was used either.
    pub last_insert_id: Option<u64>,
    /// In OK packets of results without rows.
    pub affected_rows: Option<u64>,
    /// In the answer to a prepare.
    pub statement_id: Option<u32>,
    /// Warnings that there are beside the backend's.
    pub more_warnings: u16,
}

/// The end of a result, as the backend sent it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ResultEnd {
    /// Zero after rows.
    pub affected_rows: u64,
    /// Zero after rows.
    pub last_insert_id: u64,
    pub status: Status,
    pub warnings: u16,
    /// Whether the result had columns.
    pub had_rows: bool,
}

/// An ERR packet, as the backend sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ErrorSeen {
    pub code: u16,
    pub sqlstate: [u8; 5],
}

/// What went through a relay so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The end of the last result.
    pub end: Option<ResultEnd>,
    /// The error that ended the response.
    pub error: Option<ErrorSeen>,
    /// Rows of all results.
    pub rows: u64,
    /// Columns of the last result.
    pub columns: u64,
    /// The answer to a prepare.
    pub prepared: Option<PrepareOk>,
}

/// Forwards one response.
#[derive(Clone, Debug)]
pub struct Relay {
    /// May be set until the packet that they are for has come.
    pub overrides: Overrides,
    scanner: ResponseScanner,
    backend: Capabilities,
    client: Capabilities,
    sequence: u8,
    need: usize,
    /// The client waits for an EOF packet after the columns that the backend does not send. It goes out before the next
    /// packet, as a cursor's response has no other.
    owes_columns_eof: bool,
    seen: Seen,
}

impl Relay {
    /// `backend` are the capabilities agreed on with the backend; `client_deprecate_eof` and `client_session_track` those
    /// of the client that matter. `start_sequence` is the number of the client's first packet.
    pub fn new(
        kind: ResponseKind,
        backend: Capabilities,
        client_deprecate_eof: bool,
        client_session_track: bool,
        start_sequence: u8,
    ) -> Self {
        let mut client = Capabilities::EMPTY;
        client.set(Capabilities::DEPRECATE_EOF, client_deprecate_eof);
        client.set(Capabilities::SESSION_TRACK, client_session_track);
        Self {
            overrides: Overrides::default(),
            scanner: ResponseScanner::new(kind, backend),
            backend,
            client,
            sequence: start_sequence,
            need: HEADER_LENGTH,
            owes_columns_eof: false,
            seen: Seen::default(),
        }
    }

    /// Whether the whole response went through.
    pub fn finished(&self) -> bool {
        self.scanner.finished()
    }

    /// Number of the client's next packet.
    pub fn sequence(&self) -> u8 {
        self.sequence
    }

    /// Bytes that the unconsumed input must have for the next [`push`](Self::push) to get further.
    pub fn need(&self) -> usize {
        self.need
    }

    pub fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Forwards the complete packets of `input` to `out` and returns how many bytes of it were used. It stops at the end
    /// of the response: what follows belongs to the next one.
    ///
    /// `patch` applies to the status of every OK and EOF packet; an EOF packet that the backend does not send has the flags
    /// of `patch.set` alone.
    ///
    /// After an error the backend's connection must be closed. `out` holds whole packets only.
    pub fn push(
        &mut self,
        input: &[u8],
        rewrite: &mut dyn ColumnRewrite,
        patch: StatusPatch,
        out: &mut Vec<u8>,
    ) -> Result<usize, DecodeError> {
        let mut consumed = 0;
        while !self.finished() {
            let rest = input.get(consumed..).unwrap_or_default();
            let run = self.scanner.rows(rest);
            if run.packets > 0 {
                self.columns_eof(patch, out);
                let start = out.len();
                out.extend_from_slice(rest.get(..run.bytes).unwrap_or_default());
                self.renumber(out.get_mut(start..).unwrap_or_default(), run.packets);
                self.seen.rows += run.rows;
                consumed += run.bytes;
                continue;
            }
            match self.scanner.next(rest) {
                Scan::NeedMore { at_least } => {
                    self.need = at_least;
                    break;
                }
                Scan::Broken(error) => return Err(error),
                Scan::Packet { length, event } => {
                    let payload = rest.get(HEADER_LENGTH..length).unwrap_or_default();
                    self.forward(event, payload, rewrite, patch, out)?;
                    consumed += length;
                }
            }
        }
        Ok(consumed)
    }

    /// The complete row packets at the start of `input`, which are to follow `out` as they stand there afterwards, instead of being copied: how many bytes
    /// they have. None says nothing: ask [`push`](Self::push) then.
    pub fn rows_in_place(&mut self, input: &mut [u8], patch: StatusPatch, out: &mut Vec<u8>) -> usize {
        let run = self.scanner.rows(input);
        if run.packets > 0 {
            self.columns_eof(patch, out);
            self.renumber(input.get_mut(..run.bytes).unwrap_or_default(), run.packets);
            self.seen.rows += run.rows;
        }
        run.bytes
    }
}

#[cfg(test)]
mod tests;
