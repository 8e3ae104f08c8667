//! OK, ERR and EOF packets: how a response ends.

use crate::errno::{Errno, GENERAL_SQLSTATE};
use crate::lenenc::{Reader, write_lenenc_bytes, write_lenenc_int};
use crate::{Capabilities, DecodeError, Status};

/// First byte of an OK packet.
pub const OK_HEADER: u8 = 0x00;
/// First byte of an ERR packet.
pub const ERR_HEADER: u8 = 0xFF;
/// First byte of an EOF packet, and of the OK packet that takes its place under DEPRECATE_EOF.
pub const EOF_HEADER: u8 = 0xFE;
/// Bytes below which a payload that starts with 0xFE is an EOF packet.
pub const EOF_LENGTH_MAX: usize = 9;

/// The end of a statement that succeeded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OkPacket<'a> {
    /// [`OK_HEADER`], or [`EOF_HEADER`] after rows under DEPRECATE_EOF.
    pub header: u8,
    pub affected_rows: u64,
    pub last_insert_id: u64,
    pub status: Status,
    pub warnings: u16,
    /// Text such as `Rows matched: 1  Changed: 1  Warnings: 0`.
    pub info: &'a [u8],
    /// Session state changes as they are on the wire; empty unless SESSION_STATE_CHANGED is set.
    pub session_state: &'a [u8],
}

impl<'a> OkPacket<'a> {
    /// Decodes the payload; `capabilities` are those of the connection.
    ///
    /// Without SESSION_TRACK the manual calls the text "the rest of the packet", but servers send it with a length, and
    /// clients read it so. Both forms are taken.
    pub fn decode(payload: &'a [u8], capabilities: Capabilities) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(payload);
        let header = reader.u8()?;
        if header != OK_HEADER && header != EOF_HEADER {
            return Err(DecodeError::UnexpectedHeader { what: "an OK packet", byte: header });
        }
        let affected_rows = reader.lenenc_int()?;
        let last_insert_id = reader.lenenc_int()?;
        let status = Status(reader.u16()?);
        let warnings = reader.u16()?;
        let mut ok = Self { header, affected_rows, last_insert_id, status, warnings, ..Self::default() };
        if !capabilities.contains(Capabilities::SESSION_TRACK) {
            ok.info = text_or_rest(reader);
        } else if !reader.is_empty() {
            ok.info = reader.lenenc_bytes()?;
            if status.contains(Status::SESSION_STATE_CHANGED) {
                ok.session_state = reader.lenenc_bytes()?;
            }
        }
        Ok(ok)
    }

    /// Appends the payload for a peer with `capabilities`. Without SESSION_TRACK the session state and its status flag are
    /// left out.
    pub fn encode(&self, out: &mut Vec<u8>, capabilities: Capabilities) {
        let tracks = capabilities.contains(Capabilities::SESSION_TRACK);
        let mut status = self.status;
        status.set(Status::SESSION_STATE_CHANGED, tracks && !self.session_state.is_empty());
        let changed = status.contains(Status::SESSION_STATE_CHANGED);
        out.push(self.header);
        write_lenenc_int(out, self.affected_rows);
        write_lenenc_int(out, self.last_insert_id);
        out.extend_from_slice(&status.0.to_le_bytes());
        out.extend_from_slice(&self.warnings.to_le_bytes());
        if changed || !self.info.is_empty() {
            write_lenenc_bytes(out, self.info);
        }
        if changed {
            write_lenenc_bytes(out, self.session_state);
        }
    }
}

fn text_or_rest<'a>(mut reader: Reader<'a>) -> &'a [u8] {
    let mut sized = reader.clone();
    match sized.lenenc_bytes() {
        Ok(text) if sized.is_empty() => text,
        _ => reader.rest(),
    }
}

/// The end of a statement that failed. Nothing follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrPacket<'a> {
    pub code: u16,
    pub sqlstate: [u8; 5],
    /// In the client's character set.
    pub message: &'a [u8],
}

impl<'a> ErrPacket<'a> {
    /// An error of the table.
    pub fn new(errno: Errno, message: &'a str) -> Self {
        Self { code: errno.code, sqlstate: errno.sqlstate, message: message.as_bytes() }
    }

    /// An error by number and state; a state that is not of five bytes becomes HY000.
    pub fn with_state(code: u16, sqlstate: &str, message: &'a str) -> Self {
        let sqlstate = sqlstate.as_bytes().try_into().unwrap_or(GENERAL_SQLSTATE);
        Self { code, sqlstate, message: message.as_bytes() }
    }

    /// Decodes the payload. Errors before login have no SQLSTATE; it is HY000 then.
    pub fn decode(payload: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(payload);
        match reader.u8()? {
            ERR_HEADER => {}
            byte => return Err(DecodeError::UnexpectedHeader { what: "an ERR packet", byte }),
        }
        let code = reader.u16()?;
        let mut sqlstate = GENERAL_SQLSTATE;
        if reader.peek() == Some(b'#') && reader.left() >= 6 {
            reader.bytes(1)?;
            sqlstate = reader.array()?;
        }
        Ok(Self { code, sqlstate, message: reader.rest() })
    }

    /// Appends the payload, in the form since MySQL 4.1.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(ERR_HEADER);
        out.extend_from_slice(&self.code.to_le_bytes());
        out.push(b'#');
        out.extend_from_slice(&self.sqlstate);
        out.extend_from_slice(self.message);
    }

    /// The message as text, with bytes that are not UTF-8 replaced.
    pub fn message_text(&self) -> std::borrow::Cow<'a, str> {
        String::from_utf8_lossy(self.message)
    }
}

/// The end of columns or rows where DEPRECATE_EOF was not agreed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EofPacket {
    pub warnings: u16,
    pub status: Status,
}

impl EofPacket {
    /// Decodes the payload. Nine bytes or more that start with 0xFE are a row, not an EOF packet.
    pub fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(payload);
        match reader.u8()? {
            EOF_HEADER if payload.len() < EOF_LENGTH_MAX => {}
            byte => return Err(DecodeError::UnexpectedHeader { what: "an EOF packet", byte }),
        }
        Ok(Self { warnings: reader.u16()?, status: Status(reader.u16()?) })
    }

    /// Appends the payload.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(EOF_HEADER);
        out.extend_from_slice(&self.warnings.to_le_bytes());
        out.extend_from_slice(&self.status.0.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_text_of_an_ok_packet_is_read_with_and_without_length() {
        for payload in [&b"\0\x01\0\x02\0\0\0\x02hi"[..], b"\0\x01\0\x02\0\0\0hi"] {
            let ok = OkPacket::decode(payload, Capabilities::EMPTY).unwrap();
            assert_eq!((ok.affected_rows, ok.status, ok.info), (1, Status::AUTOCOMMIT, &b"hi"[..]));
        }
    }

    #[test]
    fn session_state_is_left_out_for_a_peer_that_does_not_track_it() {
        let ok = OkPacket {
            status: Status::AUTOCOMMIT | Status::SESSION_STATE_CHANGED,
            session_state: b"\x01\x02\x01t",
            ..Default::default()
        };
        let (mut tracked, mut plain) = (Vec::new(), Vec::new());
        ok.encode(&mut tracked, Capabilities::SESSION_TRACK);
        ok.encode(&mut plain, Capabilities::EMPTY);
        assert_eq!(OkPacket::decode(&tracked, Capabilities::SESSION_TRACK), Ok(ok));
        assert_eq!(plain, b"\0\0\0\x02\0\0\0");
    }

    #[test]
    fn an_error_before_login_has_no_state() {
        let err = ErrPacket::decode(b"\xff\x10\x04Too many connections").unwrap();
        assert_eq!((err.code, &err.sqlstate, err.message), (1040, b"HY000", &b"Too many connections"[..]));
    }

    #[test]
    fn a_long_payload_with_the_eof_byte_is_not_eof() {
        assert!(EofPacket::decode(&[0xFE, 0, 0, 0, 0, 0, 0, 0, 0]).is_err());
    }

    proptest! {
        #[test]
        fn ok_packets_round_trip(
            eof: bool,
            numbers: (u64, u64, u16, u16),
            info in proptest::collection::vec(any::<u8>(), 0..300),
            session_state in proptest::collection::vec(any::<u8>(), 0..300),
            tracks: bool,
        ) {
            let session_state: &[u8] = if tracks { &session_state } else { &[] };
            let mut status = Status(numbers.2);
            status.set(Status::SESSION_STATE_CHANGED, !session_state.is_empty());
            let ok = OkPacket {
                header: if eof { EOF_HEADER } else { OK_HEADER },
                affected_rows: numbers.0,
                last_insert_id: numbers.1,
                status,
                warnings: numbers.3,
                info: &info,
                session_state,
            };
            let capabilities = if tracks { Capabilities::SESSION_TRACK } else { Capabilities::EMPTY };
            let mut out = Vec::new();
            ok.encode(&mut out, capabilities);
            prop_assert_eq!(OkPacket::decode(&out, capabilities), Ok(ok));
        }

        #[test]
        fn err_and_eof_packets_round_trip(code: u16, state: [u8; 5], message in ".{0,40}", warnings: u16, status: u16) {
            let mut out = Vec::new();
            let err = ErrPacket { code, sqlstate: state, message: message.as_bytes() };
            err.encode(&mut out);
            prop_assert_eq!(ErrPacket::decode(&out), Ok(err));
            out.clear();
            let eof = EofPacket { warnings, status: Status(status) };
            eof.encode(&mut out);
            prop_assert_eq!(EofPacket::decode(&out), Ok(eof));
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..60), bits: u64) {
            let _ = OkPacket::decode(&bytes, Capabilities(bits));
            let _ = ErrPacket::decode(&bytes);
            let _ = EofPacket::decode(&bytes);
        }
    }
}
