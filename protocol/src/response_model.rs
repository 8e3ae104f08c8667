//! For tests: responses as values, and their bytes as a server sends them to a peer with given capabilities.

use proptest::collection::vec;
use proptest::prelude::*;

use crate::column::ColumnDefinition;
use crate::lenenc::write_lenenc_int;
use crate::packet::write_packet;
use crate::relay::StatusPatch;
use crate::response::{EOF_HEADER, EofPacket, ErrPacket, OK_HEADER, OkPacket};
use crate::row::write_text_cell;
use crate::scanner::ResponseKind;
use crate::{Capabilities, Status};

/// The flags and numbers at the end of a result.
#[derive(Clone, Debug, Default)]
pub(crate) struct End {
    pub affected_rows: u64,
    pub last_insert_id: u64,
    pub status: u16,
    pub warnings: u16,
    pub info: Vec<u8>,
    pub state: Vec<u8>,
}

/// One result of a chain.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    Ok(End),
    /// Column labels and the payloads of rows.
    Rows(Vec<String>, Vec<Vec<u8>>, End),
    /// Column labels; rows would be fetched.
    Cursor(Vec<String>, End),
    Err(u16, String),
}

/// A peer, and what becomes of the flags on the way to it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    pub deprecate_eof: bool,
    pub session_track: bool,
    /// Whether the text and session state at the end of rows get here: a hop without DEPRECATE_EOF loses them.
    pub rows_end_whole: bool,
    pub patch: StatusPatch,
}

impl Peer {
    pub(crate) fn new(deprecate_eof: bool, session_track: bool) -> Self {
        Self { deprecate_eof, session_track, rows_end_whole: true, patch: StatusPatch::default() }
    }

    pub(crate) fn capabilities(&self) -> Capabilities {
        let mut flags = Capabilities::PROTOCOL_41;
        flags.set(Capabilities::DEPRECATE_EOF, self.deprecate_eof);
        flags.set(Capabilities::SESSION_TRACK, self.session_track);
        flags
    }
}

/// Appends the bytes of a chain; the flag that says more follows is set where more follows.
pub(crate) fn encode(parts: &[Part], peer: Peer, mut sequence: u8, out: &mut Vec<u8>) {
    for (index, part) in parts.iter().enumerate() {
        let more = index + 1 < parts.len();
        match part {
            Part::Ok(end) => write(out, &mut sequence, |out| ok(end, OK_HEADER, more, peer, true, out)),
            Part::Rows(columns, rows, end) => {
                definitions(columns, &mut sequence, out);
                if !peer.deprecate_eof {
                    write(out, &mut sequence, |out| eof(&End::default(), false, peer, out));
                }
                for row in rows {
                    write_packet(out, &mut sequence, row);
                }
                rows_end(end, more, peer, &mut sequence, out);
            }
            Part::Cursor(columns, end) => {
                definitions(columns, &mut sequence, out);
                let mut end = end.clone();
                end.status |= Status::CURSOR_EXISTS.0;
                rows_end(&end, more, peer, &mut sequence, out);
            }
            Part::Err(code, message) => write(out, &mut sequence, |out| {
                ErrPacket { code: *code, sqlstate: *b"42000", message: message.as_bytes() }.encode(out);
            }),
        }
    }
}

fn definitions(columns: &[String], sequence: &mut u8, out: &mut Vec<u8>) {
    write(out, sequence, |out| write_lenenc_int(out, columns.len() as u64));
    for name in columns {
        write(out, sequence, |out| definition(name).encode(out));
    }
}

pub(crate) fn definition(name: &str) -> ColumnDefinition<'_> {
    ColumnDefinition {
        schema: b"s",
        table: b"t",
        org_table: b"t_01",
        name: name.as_bytes(),
        ..Default::default()
    }
}

fn rows_end(end: &End, more: bool, peer: Peer, sequence: &mut u8, out: &mut Vec<u8>) {
    let end = End { affected_rows: 0, last_insert_id: 0, ..end.clone() };
    write(out, sequence, |out| match peer.deprecate_eof {
        true => ok(&end, EOF_HEADER, more, peer, peer.rows_end_whole, out),
        false => eof(&end, more, peer, out),
    });
}

fn ok(end: &End, header: u8, more: bool, peer: Peer, whole: bool, out: &mut Vec<u8>) {
    let mut status = Status(end.status);
    status.set(Status::SESSION_STATE_CHANGED, !end.state.is_empty());
    status.set(Status::MORE_RESULTS_EXISTS, more);
    let packet = OkPacket {
        header,
        affected_rows: end.affected_rows,
        last_insert_id: end.last_insert_id,
        status: peer.patch.apply(status),
        warnings: end.warnings,
        info: if whole { &end.info } else { b"" },
        session_state: if whole { &end.state } else { b"" },
    };
    packet.encode(out, peer.capabilities());
}

fn eof(end: &End, more: bool, peer: Peer, out: &mut Vec<u8>) {
    let mut status = Status(end.status);
    status.set(Status::MORE_RESULTS_EXISTS, more);
    EofPacket { warnings: end.warnings, status: peer.patch.apply(status) }.encode(out);
}

fn write(out: &mut Vec<u8>, sequence: &mut u8, payload: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = Vec::new();
    payload(&mut bytes);
    write_packet(out, sequence, &bytes);
}

/// Status bits that the model sets by itself.
const MODEL_BITS: u16 =
    Status::MORE_RESULTS_EXISTS.0 | Status::CURSOR_EXISTS.0 | Status::SESSION_STATE_CHANGED.0;

fn end() -> impl Strategy<Value = End> {
    (any::<(u64, u64, u16, u16)>(), vec(any::<u8>(), 0..20), vec(any::<u8>(), 0..20)).prop_map(
        |((affected_rows, last_insert_id, status, warnings), info, state)| {
            let status = status & !MODEL_BITS;
            End { affected_rows, last_insert_id, status, warnings, info, state }
        },
    )
}

fn row(kind: ResponseKind) -> BoxedStrategy<Vec<u8>> {
    match kind {
        ResponseKind::Query => vec(proptest::option::of(vec(any::<u8>(), 0..12)), 1..4)
            .prop_map(|cells| {
                let mut row = Vec::new();
                cells.iter().for_each(|cell| write_text_cell(&mut row, cell.as_deref()));
                row
            })
            .boxed(),
        _ => vec(any::<u8>(), 0..12).prop_map(|cells| [&[0], cells.as_slice()].concat()).boxed(),
    }
}

/// A response to a query or an execution.
pub(crate) fn chain() -> impl Strategy<Value = (ResponseKind, Vec<Part>)> {
    prop_oneof![Just(ResponseKind::Query), Just(ResponseKind::Execute)].prop_flat_map(|kind| {
        let columns = || vec("[a-z]{1,5}", 1..4);
        let ok = end().prop_map(Part::Ok).boxed();
        let rows = (columns(), vec(row(kind), 0..6), end()).prop_map(|(c, r, e)| Part::Rows(c, r, e)).boxed();
        let cursor = (columns(), end()).prop_map(|(c, e)| Part::Cursor(c, e)).boxed();
        let part = match kind {
            ResponseKind::Execute => prop_oneof![ok, rows.clone(), rows, cursor].boxed(),
            _ => prop_oneof![ok, rows.clone(), rows].boxed(),
        };
        let error = (any::<u16>(), "[a-z ]{0,20}").prop_map(|(code, text)| Part::Err(code, text));
        (vec(part, 0..4), proptest::option::of(error), Just(kind)).prop_map(|(mut parts, error, kind)| {
            parts.extend(error);
            if parts.is_empty() {
                parts.push(Part::Ok(End::default()));
            }
            (kind, parts)
        })
    })
}
