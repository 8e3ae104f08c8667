//! Finding the end of a backend's response by looking at packet headers and first bytes only.
//!
//! A response is a chain of results; the scanner knows which packet may come next, and names each one. It decodes the
//! packets that end something (a few bytes each) and never a row.

use crate::lenenc::Reader;
use crate::packet::{HEADER_LENGTH, Header, MAX_PAYLOAD};
use crate::response::{EOF_HEADER, EOF_LENGTH_MAX, ERR_HEADER, EofPacket, OK_HEADER};
use crate::statement::PrepareOk;
use crate::{Capabilities, DecodeError, Status};

/// First byte of a request for a local file.
const LOCAL_INFILE_HEADER: u8 = 0xFB;
/// The shortest OK packet; a shorter one that starts with 0xFE is an EOF packet even under DEPRECATE_EOF.
pub(crate) const OK_LENGTH_MIN: usize = 7;

/// Which command the response answers: it decides the shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponseKind {
    /// COM_QUERY: results with text rows.
    Query,
    /// COM_STMT_EXECUTE: results with binary rows.
    Execute,
    /// COM_STMT_PREPARE.
    Prepare,
    /// COM_FIELD_LIST: column definitions and their end.
    FieldList,
    /// COM_STMT_FETCH: binary rows and their end.
    Fetch,
    /// Commands answered with one packet: COM_PING, COM_INIT_DB, COM_RESET_CONNECTION, COM_STMT_RESET, COM_SET_OPTION.
    Simple,
}

/// What one packet is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A result without rows.
    Ok,
    /// The statement failed; the response ends.
    Err,
    /// A result with this many columns starts.
    ColumnCount(u64),
    /// A column definition.
    Column,
    /// The end of the column definitions; only where the backend sends it.
    ColumnsEof,
    /// A row, or the first packet of a row of 16 MiB or more.
    Row,
    /// The end of the rows, or of the definitions that answer COM_FIELD_LIST: an EOF packet, or an OK packet with header
    /// 0xFE under DEPRECATE_EOF.
    RowsEnd,
    /// The backend asks for a local file: to be treated as a protocol error. The scanner stops here.
    LocalInfile,
    /// A statement was prepared; its definitions follow.
    PrepareOk(PrepareOk),
    /// The definition of a parameter.
    ParamDef,
    /// The end of the parameters' definitions; only where the backend sends it.
    ParamsEof,
    /// The next packet of a row of 16 MiB or more.
    Continuation,
}

/// What [`ResponseScanner::next`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scan {
    /// The next packet is not complete. Call again when the buffer holds at least this many bytes.
    NeedMore { at_least: usize },
    /// One physical packet of `length` bytes, its header included.
    Packet { length: usize, event: Event },
    /// The bytes are not a response to the command: the connection must be closed.
    Broken(DecodeError),
}

/// A run of complete row packets at the start of a buffer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RowRun {
    /// Bytes of all packets, headers included.
    pub bytes: usize,
    /// Physical packets.
    pub packets: usize,
    /// Rows that start in the run.
    pub rows: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// The first packet of a result.
    First,
    /// Definitions of parameters, then those of `columns` columns.
    Params {
        left: u16,
        columns: u16,
    },
    ParamsEof {
        columns: u16,
    },
    Columns {
        left: u16,
    },
    ColumnsEof,
    FieldList,
    Rows,
    Done,
}

/// Follows one response of a backend, packet by packet. It holds no bytes.
#[derive(Clone, Debug)]
pub struct ResponseScanner {
    kind: ResponseKind,
    deprecate_eof: bool,
    state: State,
    /// The last packet was a full one: the next belongs to the same row.
    continuing: bool,
    /// Sequence number of the next packet; None before the first, whose number depends on how long the command was.
    sequence: Option<u8>,
    status: Status,
    warnings: u16,
    /// Flags of the EOF packet before the OUT parameters of a procedure: MySQL leaves them out of the one after.
    out_params: Status,
}

impl ResponseScanner {
    /// `capabilities` are those agreed on with the backend.
    pub fn new(kind: ResponseKind, capabilities: Capabilities) -> Self {
        Self {
            kind,
            deprecate_eof: capabilities.contains(Capabilities::DEPRECATE_EOF),
            state: match kind {
                ResponseKind::FieldList => State::FieldList,
                ResponseKind::Fetch => State::Rows,
                _ => State::First,
            },
            continuing: false,
            sequence: None,
            status: Status::EMPTY,
            warnings: 0,
            out_params: Status::EMPTY,
        }
    }

    /// Whether the whole response was seen, further results included.
    pub fn finished(&self) -> bool {
        self.state == State::Done && !self.continuing
    }

    /// Status flags of the last packet that carried them.
    pub fn status(&self) -> Status {
        self.status
    }

    /// Number of warnings in the last packet that carried it.
    pub fn warnings(&self) -> u16 {
        self.warnings
    }

    /// Which command the response answers.
    pub fn kind(&self) -> ResponseKind {
        self.kind
    }

    /// Names the packet at the start of `buf`, which is the first one not seen yet. Not to be called once
    /// [`finished`](Self::finished): bytes after the end belong to the next response.
    pub fn next(&mut self, buf: &[u8]) -> Scan {
        let Some(header) = Header::parse(buf) else {
            return Scan::NeedMore { at_least: HEADER_LENGTH };
        };
        let length = HEADER_LENGTH + header.length;
        let Some(payload) = buf.get(HEADER_LENGTH..length) else {
            return Scan::NeedMore { at_least: length };
        };
        let expected = self.sequence.unwrap_or(header.sequence);
        if header.sequence != expected {
            return Scan::Broken(DecodeError::OutOfOrder { expected, got: header.sequence });
        }
        match self.event(payload) {
            Ok(event) => {
                self.sequence = Some(expected.wrapping_add(1));
                Scan::Packet { length, event }
            }
            Err(error) => Scan::Broken(error),
        }
    }

    /// Takes all complete row packets at the start of `buf` in one go. An empty run says nothing: ask
    /// [`next`](Self::next) then.
    pub fn rows(&mut self, buf: &[u8]) -> RowRun {
        let mut run = RowRun::default();
        if self.state != State::Rows {
            return run;
        }
        while let Some(rest) = buf.get(run.bytes..) {
            let Some(header) = Header::parse(rest) else { break };
            let length = HEADER_LENGTH + header.length;
            let in_order = self.sequence.is_none_or(|expected| expected == header.sequence);
            if rest.len() < length || !in_order {
                break;
            }
            // A packet of no bytes must not borrow the next packet's first byte.
            let first = if header.length > 0 { rest.get(HEADER_LENGTH).copied() } else { None };
            if !self.continuing {
                if !self.is_row(first, header.length) {
                    break;
                }
                run.rows += 1;
            }
            self.continuing = header.length == MAX_PAYLOAD;
            self.sequence = Some(header.sequence.wrapping_add(1));
            run.bytes += length;
            run.packets += 1;
        }
        run
    }

    /// Takes the row at the start of `buf`, when it is there and in one packet: the packet's length with its header. `None` says nothing: ask
    /// [`next`](Self::next) then.
    pub fn row(&mut self, buf: &[u8]) -> Option<usize> {
        let header = Header::parse(buf)?;
        let length = HEADER_LENGTH + header.length;
        let taken = self.state == State::Rows
            && !self.continuing
            && buf.len() >= length
            && (1..MAX_PAYLOAD).contains(&header.length)
            && self.sequence.is_none_or(|expected| expected == header.sequence)
            && self.is_row(buf.get(HEADER_LENGTH).copied(), header.length);
        taken.then(|| {
            self.sequence = Some(header.sequence.wrapping_add(1));
            length
        })
    }

    /// Whether the definitions of parameters are not over.
    pub(crate) fn in_params(&self) -> bool {
        matches!(self.state, State::Params { .. })
    }

    /// Whether the column definitions are not over.
    pub(crate) fn in_columns(&self) -> bool {
        matches!(self.state, State::Columns { .. } | State::FieldList)
    }

    /// Whether the last packet opened a cursor instead of sending rows.
    pub(crate) fn opened_cursor(&self) -> bool {
        self.kind == ResponseKind::Execute && self.status.contains(Status::CURSOR_EXISTS)
    }

    fn event(&mut self, payload: &[u8]) -> Result<Event, DecodeError> {
        let full = payload.len() == MAX_PAYLOAD;
        if self.continuing {
            self.continuing = full;
            return Ok(Event::Continuation);
        }
        let first = payload.first().copied();
        if self.state == State::Rows && self.is_row(first, payload.len()) {
            self.continuing = full;
            return Ok(Event::Row);
        }
        let first = first.ok_or(DecodeError::Malformed("empty packet in a response"))?;
        if full {
            return Err(DecodeError::Malformed("packet of 16 MiB that is not a row"));
        }
        if first == ERR_HEADER && self.state != State::Done {
            self.state = State::Done;
            return Ok(Event::Err);
        }
        match self.state {
            State::First => self.first(first, payload),
            State::Params { left, columns } => {
                self.state = match left {
                    2.. => State::Params { left: left - 1, columns },
                    _ if self.deprecate_eof => self.columns(columns),
                    _ => State::ParamsEof { columns },
                };
                Ok(Event::ParamDef)
            }
            State::ParamsEof { columns } => {
                self.eof(payload)?;
                self.state = self.columns(columns);
                Ok(Event::ParamsEof)
            }
            State::Columns { left } => {
                self.state = match left {
                    2.. => State::Columns { left: left - 1 },
                    _ if self.deprecate_eof => self.after_columns(),
                    _ => State::ColumnsEof,
                };
                Ok(Event::Column)
            }
            State::ColumnsEof => {
                self.eof(payload)?;
                if self.opened_cursor() {
                    self.state = self.after_result();
                    return Ok(Event::ColumnsEof);
                }
                if self.status.contains(Status::PS_OUT_PARAMS) {
                    self.out_params = self.status & (Status::PS_OUT_PARAMS | Status::MORE_RESULTS_EXISTS);
                }
                self.state = self.after_columns();
                Ok(Event::ColumnsEof)
            }
            State::FieldList if !self.is_end(first, payload.len()) => Ok(Event::Column),
            State::FieldList | State::Rows => self.rows_end(first, payload),
            State::Done => Err(DecodeError::Malformed("packet after the end of a response")),
        }
    }

    fn first(&mut self, first: u8, payload: &[u8]) -> Result<Event, DecodeError> {
        match (self.kind, first) {
            (ResponseKind::Prepare, OK_HEADER) => {
                let answer = PrepareOk::decode(payload)?;
                self.warnings = answer.warnings;
                self.state = match answer.params {
                    0 => self.columns(answer.columns),
                    left => State::Params { left, columns: answer.columns },
                };
                Ok(Event::PrepareOk(answer))
            }
            (ResponseKind::Prepare, byte) => {
                Err(DecodeError::UnexpectedHeader { what: "the answer to a prepare", byte })
            }
            (_, OK_HEADER) => {
                self.ok(payload)?;
                self.state = self.after_result();
                Ok(Event::Ok)
            }
            (ResponseKind::Simple, EOF_HEADER) => self.rows_end(first, payload),
            (ResponseKind::Simple, byte) => {
                Err(DecodeError::UnexpectedHeader { what: "the answer to a command", byte })
            }
            (_, LOCAL_INFILE_HEADER) => {
                self.state = State::Done;
                Ok(Event::LocalInfile)
            }
            _ => self.column_count(payload),
        }
    }

    fn column_count(&mut self, payload: &[u8]) -> Result<Event, DecodeError> {
        let malformed = DecodeError::Malformed("column count");
        let mut reader = Reader::new(payload);
        let count = reader.lenenc_int()?;
        // Bytes after the count belong to extensions that are never negotiated.
        if !reader.is_empty() {
            return Err(malformed);
        }
        self.state = match u16::try_from(count) {
            Ok(left @ 1..) => State::Columns { left },
            _ => return Err(malformed),
        };
        Ok(Event::ColumnCount(count))
    }

    fn rows_end(&mut self, first: u8, payload: &[u8]) -> Result<Event, DecodeError> {
        if !self.is_end(first, payload.len()) {
            return Err(DecodeError::UnexpectedHeader { what: "a row", byte: first });
        }
        if self.deprecate_eof && payload.len() >= OK_LENGTH_MIN {
            self.ok(payload)?;
        } else {
            self.eof(payload)?;
        }
        self.status.insert(std::mem::take(&mut self.out_params));
        self.state = self.after_result();
        Ok(Event::RowsEnd)
    }

    /// A text row may start with any byte but 0xFF; where it starts with 0xFE (a cell of 16 MiB or more) it is a full
    /// packet. A binary row starts with zero.
    fn is_row(&self, first: Option<u8>, length: usize) -> bool {
        match (self.kind, first) {
            (_, None | Some(ERR_HEADER)) => false,
            (ResponseKind::Query, Some(byte)) => !self.is_end(byte, length),
            (_, Some(byte)) => byte == OK_HEADER,
        }
    }

    fn is_end(&self, first: u8, length: usize) -> bool {
        first == EOF_HEADER && length < if self.deprecate_eof { MAX_PAYLOAD } else { EOF_LENGTH_MAX }
    }

    fn eof(&mut self, payload: &[u8]) -> Result<(), DecodeError> {
        let eof = EofPacket::decode(payload)?;
        (self.status, self.warnings) = (eof.status, eof.warnings);
        Ok(())
    }

    fn ok(&mut self, payload: &[u8]) -> Result<(), DecodeError> {
        let mut reader = Reader::new(payload);
        reader.u8()?;
        reader.lenenc_int()?;
        reader.lenenc_int()?;
        self.status = Status(reader.u16()?);
        self.warnings = reader.u16()?;
        Ok(())
    }

    fn columns(&self, count: u16) -> State {
        match count {
            0 => State::Done,
            left => State::Columns { left },
        }
    }

    fn after_columns(&self) -> State {
        if self.kind == ResponseKind::Prepare { State::Done } else { State::Rows }
    }

    fn after_result(&self) -> State {
        let chained = matches!(self.kind, ResponseKind::Query | ResponseKind::Execute);
        if chained && self.status.contains(Status::MORE_RESULTS_EXISTS) { State::First } else { State::Done }
    }
}

#[cfg(test)]
mod tests;
