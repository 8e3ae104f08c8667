//! COM_CHANGE_USER and the attributes of a connection: no more comes out than went in, and a login with the same attributes has the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ostrakon_protocol::Capabilities;
use ostrakon_protocol::handshake::{ChangeUser, HandshakeResponse};

fuzz_target!(|input: (&[u8], u32)| {
    let (payload, flags) = input;
    let Ok(change) = ChangeUser::decode(payload, Capabilities(flags.into())) else { return };
    let held = change.username.len()
        + change.auth_response.len()
        + change.database.as_ref().map_or(0, String::len)
        + change.plugin.as_ref().map_or(0, String::len);
    assert!(held <= payload.len());
    // Bytes that are no text become three each.
    let attributes: usize = change.attributes.iter().map(|(name, value)| name.len() + value.len()).sum();
    assert!(attributes <= 3 * payload.len());
    let login = HandshakeResponse {
        capabilities: Capabilities::PROTOCOL_41 | Capabilities::PLUGIN_AUTH_LENENC,
        username: change.username,
        auth_response: change.auth_response,
        attributes: change.attributes,
        ..HandshakeResponse::default()
    };
    let mut out = Vec::new();
    login.encode(&mut out);
    if let Ok(again) = HandshakeResponse::decode(&out) {
        assert_eq!((again.username, again.auth_response), (login.username, login.auth_response));
        assert_eq!(again.attributes, login.attributes);
    }
});
