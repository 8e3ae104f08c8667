//! Login: no decoder panics, an unknown user is never let in, who has a salted hash not by a proof, and a server never gets the password over plain TCP.
#![no_main]

use libfuzzer_sys::fuzz_target;
use ostrakon_protocol::Capabilities;
use ostrakon_protocol::auth::Plugin;
use ostrakon_protocol::auth::client::{ClientAuth, ClientStep, Transport};
use ostrakon_protocol::auth::server::{Credential, Login, ServerAuth, ServerStep};
use ostrakon_protocol::handshake::{ChangeUser, Greeting, HandshakeResponse, is_ssl_request};

const SALT: [u8; 20] = *b"abcdefghijklmnopqrst";
const PASSWORD: &[u8] = b"correct horse";

fuzz_target!(|input: (Vec<Vec<u8>>, u64, bool)| {
    let (packets, flags, secure) = input;
    let Some((first, rest)) = packets.split_first() else { return };
    if let Ok(greeting) = Greeting::decode(first) {
        let mut out = Vec::new();
        greeting.encode(&mut out);
        assert!(Greeting::decode(&out).is_ok());
    }
    let _ = is_ssl_request(first);
    let _ = ChangeUser::decode(first, Capabilities(flags));
    if let Ok(response) = HandshakeResponse::decode(first) {
        let mut out = Vec::new();
        response.encode(&mut out);
        assert!(HandshakeResponse::decode(&out).is_ok());
        refuses_unknown_users(&response, rest, secure);
        wants_the_password(&response, rest, secure);
    }
    keeps_the_password(&packets);
});

fn begin(
    response: &HandshakeResponse,
    credential: Option<&Credential>,
    secure: bool,
) -> (ServerAuth, ServerStep) {
    ServerAuth::begin(Login {
        credential,
        default_plugin: Plugin::CachingSha2,
        client_plugin: response.plugin.as_deref(),
        response: &response.auth_response,
        salt: SALT,
        switch_salt: SALT,
        secure,
    })
}

fn refuses_unknown_users(response: &HandshakeResponse, replies: &[Vec<u8>], secure: bool) {
    let (mut auth, mut step) = begin(response, None, secure);
    // No password of theirs is compared, and none is worth an RSA operation.
    let refuses = |step: &ServerStep| matches!(step, ServerStep::Deny | ServerStep::Send(_));
    for reply in replies {
        assert!(refuses(&step));
        step = auth.reply(reply);
    }
    assert!(refuses(&step));
}

/// A salted hash: no proof is right, the password is compared inside TLS, and opened with the RSA key outside of it, once.
fn wants_the_password(response: &HandshakeResponse, replies: &[Vec<u8>], secure: bool) {
    let (mut auth, mut step) = begin(response, Some(&Credential::Salted), secure);
    let mut keys = 0;
    for reply in replies {
        match &step {
            ServerStep::Send(_) | ServerStep::Deny => {}
            ServerStep::SendPublicKey => keys += 1,
            ServerStep::Compare(_) if secure => return,
            ServerStep::Open { ciphertext, .. } if !secure => {
                assert!(ciphertext.len() <= 512);
                return;
            }
            step => panic!("{step:?}"),
        }
        assert!(keys == 0 || keys == 1 && !secure);
        step = auth.reply(reply);
    }
    assert!(!matches!(step, ServerStep::Accept | ServerStep::AcceptAfter(_)));
}

fn keeps_the_password(packets: &[Vec<u8>]) {
    let transport = Transport::Plain { fetch_server_key: true };
    let mut client = ClientAuth::new(PASSWORD, "caching_sha2_password", &SALT, transport);
    for packet in packets {
        if let Ok(ClientStep::Send(reply)) = client.receive(packet, Capabilities::EMPTY) {
            assert!(!reply.windows(PASSWORD.len()).any(|part| part == PASSWORD));
        }
    }
}
