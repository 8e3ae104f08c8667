//! Commands: the first payload of every exchange after login, decoded for a client's request and encoded for a backend.

use crate::DecodeError;
use crate::lenenc::{Reader, write_null_terminated};

pub const COM_QUIT: u8 = 0x01;
pub const COM_INIT_DB: u8 = 0x02;
pub const COM_QUERY: u8 = 0x03;
pub const COM_FIELD_LIST: u8 = 0x04;
pub const COM_STATISTICS: u8 = 0x09;
pub const COM_PROCESS_INFO: u8 = 0x0A;
pub const COM_PROCESS_KILL: u8 = 0x0C;
pub const COM_DEBUG: u8 = 0x0D;
pub const COM_PING: u8 = 0x0E;
pub const COM_CHANGE_USER: u8 = 0x11;
pub const COM_STMT_PREPARE: u8 = 0x16;
pub const COM_STMT_EXECUTE: u8 = 0x17;
pub const COM_STMT_SEND_LONG_DATA: u8 = 0x18;
pub const COM_STMT_CLOSE: u8 = 0x19;
pub const COM_STMT_RESET: u8 = 0x1A;
pub const COM_SET_OPTION: u8 = 0x1B;
pub const COM_STMT_FETCH: u8 = 0x1C;
pub const COM_RESET_CONNECTION: u8 = 0x1F;

/// A decoded command. QUIT, STMT_CLOSE and STMT_SEND_LONG_DATA get no answer; every other one gets exactly one response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command<'a> {
    Quit,
    /// USE, with the database's name.
    InitDb(&'a [u8]),
    /// The statement's text, in the client's character set.
    Query(&'a [u8]),
    FieldList {
        table: &'a [u8],
        wildcard: &'a [u8],
    },
    Statistics,
    ProcessInfo,
    /// Connection id to kill.
    ProcessKill(u32),
    Debug,
    Ping,
    /// What follows the command byte: see [`ChangeUser`](crate::handshake::ChangeUser).
    ChangeUser(&'a [u8]),
    StmtPrepare(&'a [u8]),
    /// `rest` holds the parameters: see [`parse_execute`](crate::statement::parse_execute).
    StmtExecute {
        id: u32,
        /// 0, or a cursor type.
        flags: u8,
        /// Always 1.
        iteration: u32,
        rest: &'a [u8],
    },
    StmtSendLongData {
        id: u32,
        param: u16,
        data: &'a [u8],
    },
    StmtClose(u32),
    StmtReset(u32),
    StmtFetch {
        id: u32,
        rows: u32,
    },
    /// 0 turns several statements in one query on, 1 turns them off.
    SetOption(u16),
    ResetConnection,
    /// A command that this crate does not decode; answer 1047.
    Other(u8),
}

impl<'a> Command<'a> {
    /// Decodes a payload. Only an empty payload, or one too short for its command, is an error.
    pub fn decode(payload: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(payload);
        Ok(match reader.u8()? {
            COM_QUIT => Self::Quit,
            COM_INIT_DB => Self::InitDb(reader.rest()),
            COM_QUERY => Self::Query(reader.rest()),
            COM_FIELD_LIST => {
                Self::FieldList { table: reader.null_terminated_or_rest(), wildcard: reader.rest() }
            }
            COM_STATISTICS => Self::Statistics,
            COM_PROCESS_INFO => Self::ProcessInfo,
            COM_PROCESS_KILL => Self::ProcessKill(reader.u32()?),
            COM_DEBUG => Self::Debug,
            COM_PING => Self::Ping,
            COM_CHANGE_USER => Self::ChangeUser(reader.rest()),
            COM_STMT_PREPARE => Self::StmtPrepare(reader.rest()),
            COM_STMT_EXECUTE => Self::StmtExecute {
                id: reader.u32()?,
                flags: reader.u8()?,
                iteration: reader.u32()?,
                rest: reader.rest(),
            },
            COM_STMT_SEND_LONG_DATA => {
                Self::StmtSendLongData { id: reader.u32()?, param: reader.u16()?, data: reader.rest() }
            }
            COM_STMT_CLOSE => Self::StmtClose(reader.u32()?),
            COM_STMT_RESET => Self::StmtReset(reader.u32()?),
            COM_SET_OPTION => Self::SetOption(reader.u16()?),
            COM_STMT_FETCH => Self::StmtFetch { id: reader.u32()?, rows: reader.u32()? },
            COM_RESET_CONNECTION => Self::ResetConnection,
            other => Self::Other(other),
        })
    }

    /// The command's first byte.
    pub fn code(&self) -> u8 {
        match self {
            Self::Quit => COM_QUIT,
            Self::InitDb(_) => COM_INIT_DB,
            Self::Query(_) => COM_QUERY,
            Self::FieldList { .. } => COM_FIELD_LIST,
            Self::Statistics => COM_STATISTICS,
            Self::ProcessInfo => COM_PROCESS_INFO,
            Self::ProcessKill(_) => COM_PROCESS_KILL,
            Self::Debug => COM_DEBUG,
            Self::Ping => COM_PING,
            Self::ChangeUser(_) => COM_CHANGE_USER,
            Self::StmtPrepare(_) => COM_STMT_PREPARE,
            Self::StmtExecute { .. } => COM_STMT_EXECUTE,
            Self::StmtSendLongData { .. } => COM_STMT_SEND_LONG_DATA,
            Self::StmtClose(_) => COM_STMT_CLOSE,
            Self::StmtReset(_) => COM_STMT_RESET,
            Self::SetOption(_) => COM_SET_OPTION,
            Self::StmtFetch { .. } => COM_STMT_FETCH,
            Self::ResetConnection => COM_RESET_CONNECTION,
            Self::Other(code) => *code,
        }
    }

    /// Appends the payload.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(self.code());
        match self {
            Self::InitDb(text) | Self::Query(text) | Self::StmtPrepare(text) | Self::ChangeUser(text) => {
                out.extend_from_slice(text);
            }
            Self::FieldList { table, wildcard } => {
                write_null_terminated(out, table);
                out.extend_from_slice(wildcard);
            }
            Self::ProcessKill(id) | Self::StmtClose(id) | Self::StmtReset(id) => {
                out.extend_from_slice(&id.to_le_bytes());
            }
            Self::StmtExecute { id, flags, iteration, rest } => {
                out.extend_from_slice(&id.to_le_bytes());
                out.push(*flags);
                out.extend_from_slice(&iteration.to_le_bytes());
                out.extend_from_slice(rest);
            }
            Self::StmtSendLongData { id, param, data } => {
                out.extend_from_slice(&id.to_le_bytes());
                out.extend_from_slice(&param.to_le_bytes());
                out.extend_from_slice(data);
            }
            Self::StmtFetch { id, rows } => {
                out.extend_from_slice(&id.to_le_bytes());
                out.extend_from_slice(&rows.to_le_bytes());
            }
            Self::SetOption(option) => out.extend_from_slice(&option.to_le_bytes()),
            Self::Quit
            | Self::Statistics
            | Self::ProcessInfo
            | Self::Debug
            | Self::Ping
            | Self::ResetConnection
            | Self::Other(_) => {}
        }
    }

    /// Whether the server answers nothing to this command.
    pub fn is_unanswered(&self) -> bool {
        matches!(self, Self::Quit | Self::StmtClose(_) | Self::StmtSendLongData { .. })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn commands_decode_by_their_first_byte() {
        assert_eq!(Command::decode(b"\x03SELECT 1"), Ok(Command::Query(b"SELECT 1")));
        assert_eq!(Command::decode(b"\x0e"), Ok(Command::Ping));
        assert_eq!(Command::decode(b"\x1c\x01\0\0\0\x0a\0\0\0"), Ok(Command::StmtFetch { id: 1, rows: 10 }));
        assert_eq!(Command::decode(b"\x04t1\0%"), Ok(Command::FieldList { table: b"t1", wildcard: b"%" }));
        assert_eq!(Command::decode(b"\x12"), Ok(Command::Other(0x12)));
    }

    #[test]
    fn short_commands_are_errors() {
        for payload in [&b""[..], b"\x17\0\0\0\0", b"\x19\0\0\0", b"\x18\0\0\0\0\0", b"\x1b\0"] {
            assert!(matches!(Command::decode(payload), Err(DecodeError::Truncated { .. })), "{payload:?}");
        }
    }

    proptest! {
        #[test]
        fn what_decodes_encodes_to_the_same_command(code: u8, tail in proptest::collection::vec(any::<u8>(), 0..40)) {
            let mut payload = vec![code];
            payload.extend_from_slice(&tail);
            if let Ok(command) = Command::decode(&payload) {
                let mut out = Vec::new();
                command.encode(&mut out);
                prop_assert_eq!(Command::decode(&out), Ok(command));
            }
        }
    }
}
