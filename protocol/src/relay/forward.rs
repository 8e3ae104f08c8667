//! What the relay does with each kind of packet.

use super::{ColumnRewrite, ErrorSeen, Relay, ResultEnd, StatusPatch};
use crate::column::ColumnDefinition;
use crate::packet::{HEADER_LENGTH, Header, begin_packet, finish_packet};
use crate::response::{EOF_HEADER, EofPacket, ErrPacket, OkPacket};
use crate::scanner::{Event, OK_LENGTH_MIN, ResponseKind};
use crate::statement::PrepareOk;
use crate::{Capabilities, DecodeError};

impl Relay {
    /// Numbers whole row packets as the client counts them.
    pub(super) fn renumber(&mut self, run: &mut [u8], packets: usize) {
        let offset = Header::parse(run).map_or(0, |first| self.sequence.wrapping_sub(first.sequence));
        // The scanner has checked that the run is numbered without a gap.
        self.sequence = self.sequence.wrapping_add(packets as u8);
        if offset == 0 {
            return;
        }
        let mut rest = run;
        while let Some(header) = Header::parse(rest) {
            if let Some(sequence) = rest.get_mut(HEADER_LENGTH - 1) {
                *sequence = header.sequence.wrapping_add(offset);
            }
            rest = rest.get_mut(HEADER_LENGTH + header.length..).unwrap_or_default();
        }
    }

    pub(super) fn forward(
        &mut self,
        event: Event,
        payload: &[u8],
        rewrite: &mut dyn ColumnRewrite,
        patch: StatusPatch,
        out: &mut Vec<u8>,
    ) -> Result<(), DecodeError> {
        match event {
            Event::ColumnCount(columns) => {
                self.seen.columns = columns;
                self.packet(out, |out| out.extend_from_slice(payload));
            }
            Event::ParamDef => {
                self.definition(payload, rewrite, out)?;
                if self.inserts_eof() && !self.scanner.in_params() {
                    self.eof(EofPacket::default(), patch, out);
                }
            }
            Event::Column => {
                self.definition(payload, rewrite, out)?;
                if self.inserts_eof() && !self.scanner.in_columns() {
                    self.owes_columns_eof = true;
                }
                if self.scanner.finished() {
                    // Nothing follows the columns of a prepared statement.
                    self.columns_eof(patch, out);
                }
            }
            Event::ParamsEof | Event::ColumnsEof => {
                self.definitions_end(EofPacket::decode(payload)?, patch, out)
            }
            Event::Ok => self.result(OkPacket::decode(payload, self.backend)?, patch, out),
            Event::RowsEnd => self.rows_end(payload, patch, out)?,
            Event::Err => {
                self.columns_eof(patch, out);
                self.error(payload, rewrite, out)?;
            }
            Event::PrepareOk(answer) => {
                self.seen.prepared = Some(answer);
                let statement_id = self.overrides.statement_id.unwrap_or(answer.statement_id);
                self.packet(out, |out| PrepareOk { statement_id, ..answer }.encode(out));
            }
            Event::LocalInfile => return Err(DecodeError::LocalInfile),
            // Complete row packets are taken in runs.
            Event::Row | Event::Continuation => return Err(DecodeError::Malformed("row outside a run")),
        }
        Ok(())
    }

    /// Sends the EOF packet after the columns that is owed, if one is.
    pub(super) fn columns_eof(&mut self, patch: StatusPatch, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.owes_columns_eof) {
            self.eof(EofPacket::default(), patch, out);
        }
    }

    /// Whether the client expects EOF packets after definitions, and the backend sends none.
    fn inserts_eof(&self) -> bool {
        self.backend.contains(Capabilities::DEPRECATE_EOF)
            && !self.client.contains(Capabilities::DEPRECATE_EOF)
            && self.scanner.kind() != ResponseKind::FieldList
    }

    fn definition(
        &mut self,
        payload: &[u8],
        rewrite: &mut dyn ColumnRewrite,
        out: &mut Vec<u8>,
    ) -> Result<(), DecodeError> {
        let definition = match rewrite.is_active() {
            true => Some(ColumnDefinition::decode(payload)?),
            false => None,
        };
        self.packet(out, |out| {
            let start = out.len();
            if !definition.is_some_and(|definition| rewrite.rewrite(&definition, out)) {
                out.truncate(start);
                out.extend_from_slice(payload);
            }
        });
        Ok(())
    }

    fn error(
        &mut self,
        payload: &[u8],
        rewrite: &mut dyn ColumnRewrite,
        out: &mut Vec<u8>,
    ) -> Result<(), DecodeError> {
        let error = ErrPacket::decode(payload)?;
        self.seen.error = Some(ErrorSeen { code: error.code, sqlstate: error.sqlstate });
        self.packet(out, |out| {
            let start = out.len();
            if !rewrite.rewrite_error(&error, out) {
                out.truncate(start);
                error.encode(out);
            }
        });
        Ok(())
    }

    /// An EOF packet after definitions. Where it opens a cursor it ends the response as well.
    fn definitions_end(&mut self, eof: EofPacket, patch: StatusPatch, out: &mut Vec<u8>) {
        let ends = self.scanner.opened_cursor();
        if ends {
            self.note_rows_end();
        }
        if !self.client.contains(Capabilities::DEPRECATE_EOF) {
            self.eof(eof, patch, out);
        } else if ends {
            // Without EOF packets a cursor's response ends with an OK packet after the columns.
            let ok = OkPacket { status: eof.status, warnings: eof.warnings, ..OkPacket::default() };
            self.ok(OkPacket { header: EOF_HEADER, ..ok }, patch, out);
        }
    }

    fn rows_end(&mut self, payload: &[u8], patch: StatusPatch, out: &mut Vec<u8>) -> Result<(), DecodeError> {
        let (status, warnings) = (self.scanner.status(), self.scanner.warnings());
        if self.scanner.opened_cursor() {
            // For the client, the one EOF packet of a cursor's response is the one after the columns.
            self.owes_columns_eof = false;
        }
        self.columns_eof(patch, out);
        self.note_rows_end();
        let is_ok = self.backend.contains(Capabilities::DEPRECATE_EOF) && payload.len() >= OK_LENGTH_MIN;
        let to_ok = self.client.contains(Capabilities::DEPRECATE_EOF);
        match (is_ok, to_ok) {
            (true, true) => {
                let ok = OkPacket::decode(payload, self.backend)?;
                self.ok(OkPacket { header: EOF_HEADER, ..ok }, patch, out);
            }
            (false, true) => {
                let ok = OkPacket { status, warnings, ..OkPacket::default() };
                self.ok(OkPacket { header: EOF_HEADER, ..ok }, patch, out);
            }
            (true, false) => self.eof(EofPacket { warnings, status }, patch, out),
            (false, false) => self.eof(EofPacket::decode(payload)?, patch, out),
        }
        Ok(())
    }

    /// The OK packet of a result without rows.
    fn result(&mut self, mut ok: OkPacket<'_>, patch: StatusPatch, out: &mut Vec<u8>) {
        self.seen.end = Some(ResultEnd {
            affected_rows: ok.affected_rows,
            last_insert_id: ok.last_insert_id,
            status: ok.status,
            warnings: ok.warnings,
            had_rows: false,
        });
        ok.affected_rows = self.overrides.affected_rows.unwrap_or(ok.affected_rows);
        if ok.affected_rows > 0 {
            ok.last_insert_id = self.overrides.last_insert_id.unwrap_or(ok.last_insert_id);
        }
        self.ok(ok, patch, out);
    }

    fn note_rows_end(&mut self) {
        let (status, warnings) = (self.scanner.status(), self.scanner.warnings());
        self.seen.end = Some(ResultEnd { status, warnings, had_rows: true, ..ResultEnd::default() });
    }

    fn ok(&mut self, mut ok: OkPacket<'_>, patch: StatusPatch, out: &mut Vec<u8>) {
        ok.status = patch.apply(ok.status);
        ok.warnings = ok.warnings.saturating_add(self.overrides.more_warnings);
        let client = self.client;
        self.packet(out, |out| ok.encode(out, client));
    }

    fn eof(&mut self, mut eof: EofPacket, patch: StatusPatch, out: &mut Vec<u8>) {
        eof.status = patch.apply(eof.status);
        eof.warnings = eof.warnings.saturating_add(self.overrides.more_warnings);
        // An EOF packet has no room for session state, so it must not announce any.
        eof.status.remove(crate::Status::SESSION_STATE_CHANGED);
        self.packet(out, |out| eof.encode(out));
    }

    /// Sends one packet with the client's next number.
    fn packet(&mut self, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
        let start = begin_packet(out);
        write(out);
        finish_packet(out, start, &mut self.sequence);
    }
}
