//! Packets that answer: OK with session state, ERR, EOF, column definitions and the answer to a prepare. What decodes encodes to what decodes to the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ostrakon_protocol::Capabilities;
use ostrakon_protocol::column::ColumnDefinition;
use ostrakon_protocol::response::{EofPacket, ErrPacket, OkPacket};
use ostrakon_protocol::statement::PrepareOk;
use ostrakon_protocol::status::Status;

fuzz_target!(|input: (&[u8], bool)| {
    let (payload, tracks) = input;
    let mut capabilities = Capabilities::PROTOCOL_41;
    capabilities.set(Capabilities::SESSION_TRACK, tracks);
    let mut out = Vec::new();
    if let Ok(mut ok) = OkPacket::decode(payload, capabilities) {
        ok.encode(&mut out, capabilities);
        // An empty list of changes is not sent.
        ok.status.set(Status::SESSION_STATE_CHANGED, tracks && !ok.session_state.is_empty());
        assert_eq!(OkPacket::decode(&out, capabilities), Ok(ok));
    }
    out.clear();
    if let Ok(error) = ErrPacket::decode(payload) {
        error.encode(&mut out);
        assert_eq!(ErrPacket::decode(&out), Ok(error));
    }
    out.clear();
    if let Ok(eof) = EofPacket::decode(payload) {
        eof.encode(&mut out);
        assert_eq!(EofPacket::decode(&out), Ok(eof));
    }
    out.clear();
    if let Ok(column) = ColumnDefinition::decode(payload) {
        column.encode(&mut out);
        assert_eq!(ColumnDefinition::decode(&out), Ok(column));
    }
    out.clear();
    if let Ok(prepared) = PrepareOk::decode(payload) {
        prepared.encode(&mut out);
        assert_eq!(PrepareOk::decode(&out), Ok(prepared));
    }
});
