//! The client's machine against the server's machine, and against what only a real MySQL sends.

use proptest::prelude::*;
use rsa::pkcs8::{EncodePublicKey, LineEnding};

use super::*;
use crate::auth::login_key::tests::key;
use crate::auth::server::{Credential, Login, ServerAuth, ServerStep, public_key};

const SALT: [u8; SALT_LENGTH] = *b"abcdefghijklmnopqrst";
const FRESH: [u8; SALT_LENGTH] = *b"ABCDEFGHIJKLMNOPQRST";
const OK: &[u8] = b"\0\0\0\x02\0\0\0";
const PLAIN: Transport = Transport::Plain { fetch_server_key: true };

/// Runs both machines until one ends; true when both agree on success.
fn logs_in(credential: &Credential, password: &[u8], greeted: &str, transport: Transport) -> bool {
    let mut client = ClientAuth::new(password, greeted, &SALT, transport);
    let (mut server, mut step) = ServerAuth::begin(Login {
        credential: Some(credential),
        default_plugin: Plugin::CachingSha2,
        client_plugin: Some(client.plugin()),
        response: &client.initial_response(),
        salt: SALT,
        switch_salt: FRESH,
        secure: transport == Transport::Secure,
    });
    loop {
        let sent = match &step {
            ServerStep::Accept => break,
            ServerStep::AcceptAfter(payload) => {
                assert_eq!(client.receive(payload, Capabilities::EMPTY), Ok(ClientStep::Wait));
                break;
            }
            ServerStep::Send(payload) => client.receive(payload, Capabilities::EMPTY),
            // A salted hash is the caller's to compare.
            ServerStep::Compare(sent) if *sent.0 == b"secret" => break,
            ServerStep::Open { ciphertext, salt } if *key().open(ciphertext, salt).unwrap() == b"secret" => {
                break;
            }
            ServerStep::Compare(_) | ServerStep::Open { .. } => return false,
            ServerStep::SendPublicKey => {
                let payload = public_key(key().public_pem());
                let Ok(ClientStep::Send(reply)) = client.receive(&payload, Capabilities::EMPTY) else {
                    panic!("no reply")
                };
                step = server.reply(&reply);
                continue;
            }
            ServerStep::Deny => {
                let refused = client.receive(b"\xff\x15\x04#28000Access denied", Capabilities::EMPTY);
                assert!(matches!(refused, Ok(ClientStep::Refused(ErrPacket { code: 1045, .. }))));
                return false;
            }
        };
        let Ok(ClientStep::Send(reply)) = sent else { panic!("{sent:?}") };
        step = server.reply(&reply);
    }
    matches!(client.receive(OK, Capabilities::EMPTY), Ok(ClientStep::Accepted(_)))
}

#[test]
fn client_and_server_agree_for_every_account_and_plugin() {
    let accounts = [
        Credential::Native(crate::auth::native::double_hash(b"secret")),
        Credential::Sha2(caching_sha2::double_hash(b"secret")),
        Credential::from_password(b"secret"),
        Credential::Salted,
    ];
    for greeted in ["mysql_native_password", "caching_sha2_password", "client_ed25519"] {
        for transport in [Transport::Secure, PLAIN] {
            for account in &accounts {
                assert!(logs_in(account, b"secret", greeted, transport));
                assert!(!logs_in(account, b"Secret", greeted, transport));
                assert!(!logs_in(account, b"", greeted, transport));
            }
            assert!(logs_in(&Credential::Empty, b"", greeted, transport));
            assert!(!logs_in(&Credential::Empty, b"secret", greeted, transport));
        }
    }
}

#[test]
fn the_full_exchange_over_plain_tcp_fetches_the_key_and_encrypts() {
    let key = rsa::RsaPrivateKey::new(&mut rand_core::OsRng, 1024).unwrap();
    let pem = key.to_public_key().to_public_key_pem(LineEnding::LF).unwrap();
    let mut client = ClientAuth::new(b"secret", "caching_sha2_password", &SALT, PLAIN);
    assert_eq!(client.receive(&[1, 4], Capabilities::EMPTY), Ok(ClientStep::Send(vec![2])));
    let answer = [b"\x01", pem.as_bytes()].concat();
    let Ok(ClientStep::Send(sent)) = client.receive(&answer, Capabilities::EMPTY) else { panic!("no reply") };
    let plain = key.decrypt(rsa::Oaep::new::<sha1::Sha1>(), &sent).unwrap();
    let shown: Vec<u8> = plain.iter().zip(SALT).map(|(byte, mask)| byte ^ mask).collect();
    assert_eq!(shown, b"secret\0");
    assert!(matches!(client.receive(OK, Capabilities::EMPTY), Ok(ClientStep::Accepted(_))));
}

#[test]
fn the_full_exchange_over_plain_tcp_without_leave_is_refused() {
    let transport = Transport::Plain { fetch_server_key: false };
    let mut client = ClientAuth::new(b"secret", "caching_sha2_password", &SALT, transport);
    assert_eq!(client.receive(&[1, 4], Capabilities::EMPTY), Err(AuthError::NeedsSecureTransport));
}

#[test]
fn a_switch_to_an_unknown_plugin_names_it() {
    let mut client = ClientAuth::new(b"secret", "mysql_native_password", &SALT, Transport::Secure);
    let switch = b"\xfemysql_clear_password\0\0";
    let refused = client.receive(switch, Capabilities::EMPTY);
    assert_eq!(refused, Err(AuthError::UnsupportedPlugin("mysql_clear_password".into())));
}

#[test]
fn a_second_verdict_is_unexpected() {
    let mut client = ClientAuth::new(b"", "mysql_native_password", &SALT, Transport::Secure);
    assert!(client.receive(OK, Capabilities::EMPTY).is_ok());
    assert_eq!(client.receive(OK, Capabilities::EMPTY), Err(AuthError::Unexpected(0)));
}

proptest! {
    #[test]
    fn arbitrary_servers_never_panic_nor_get_the_password_over_plain_tcp(
        packets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..6),
    ) {
        let mut client = ClientAuth::new(b"secret", "caching_sha2_password", &SALT, PLAIN);
        for packet in &packets {
            if let Ok(ClientStep::Send(reply)) = client.receive(packet, Capabilities::EMPTY) {
                prop_assert!(!reply.windows(6).any(|part| part == b"secret"));
            }
        }
    }
}
