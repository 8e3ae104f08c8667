//! Logins of every kind of account with every kind of client.

use proptest::prelude::*;

use super::*;
use crate::auth::SALT_LENGTH;

const SALT: [u8; SALT_LENGTH] = *b"abcdefghijklmnopqrst";
const FRESH: [u8; SALT_LENGTH] = *b"ABCDEFGHIJKLMNOPQRST";
const PASSWORD: &[u8] = b"secret";

fn native_only() -> Credential {
    Credential::Native(native::double_hash(PASSWORD))
}

fn sha2_only() -> Credential {
    Credential::Sha2(caching_sha2::double_hash(PASSWORD))
}

fn begin(
    credential: Option<&Credential>,
    plugin: Option<&str>,
    response: &[u8],
    secure: bool,
) -> (ServerAuth, ServerStep) {
    ServerAuth::begin(Login {
        credential,
        default_plugin: Plugin::CachingSha2,
        client_plugin: plugin,
        response,
        salt: SALT,
        switch_salt: FRESH,
        secure,
    })
}

fn fast_ok() -> ServerStep {
    ServerStep::AcceptAfter(vec![0x01, 0x03])
}

fn switch_to(plugin: Plugin) -> ServerStep {
    let mut payload = Vec::new();
    AuthSwitchRequest { plugin: plugin.name(), data: &FRESH }.encode(&mut payload);
    ServerStep::Send(payload)
}

#[test]
fn the_right_password_is_accepted_by_the_plugin_that_the_client_offers() {
    let both = Credential::from_password(PASSWORD);
    for (plugin, expected) in [(Plugin::Native, ServerStep::Accept), (Plugin::CachingSha2, fast_ok())] {
        let (_, step) = begin(Some(&both), Some(plugin.name()), &plugin.scramble(PASSWORD, &SALT), false);
        assert_eq!(step, expected);
    }
    let old_client = begin(Some(&both), None, &native::scramble(PASSWORD, &SALT), false).1;
    assert_eq!(old_client, ServerStep::Accept);
}

#[test]
fn a_client_with_another_plugin_is_switched_with_a_fresh_salt() {
    for (credential, offered, wanted, last) in [
        (native_only(), "caching_sha2_password", Plugin::Native, ServerStep::Accept),
        (sha2_only(), "mysql_native_password", Plugin::CachingSha2, fast_ok()),
        (sha2_only(), "client_ed25519", Plugin::CachingSha2, fast_ok()),
        (Credential::from_password(PASSWORD), "", Plugin::CachingSha2, fast_ok()),
    ] {
        let (mut auth, step) = begin(Some(&credential), Some(offered), b"whatever", false);
        assert_eq!(step, switch_to(wanted));
        let mut replayed = auth.clone();
        assert_eq!(auth.reply(&wanted.scramble(PASSWORD, &FRESH)), last);
        assert_eq!(replayed.reply(&wanted.scramble(PASSWORD, &SALT)), ServerStep::Deny);
    }
}

#[test]
fn a_client_without_plugins_cannot_be_switched() {
    let response = native::scramble(PASSWORD, &SALT);
    assert_eq!(begin(Some(&sha2_only()), None, &response, true).1, ServerStep::Deny);
}

#[test]
fn the_password_itself_is_asked_for_over_tls_only() {
    let sha2 = Plugin::CachingSha2.name();
    assert_eq!(begin(Some(&sha2_only()), Some(sha2), &[1; 32], false).1, ServerStep::Deny);
    let (mut auth, step) = begin(Some(&sha2_only()), Some(sha2), &[1; 32], true);
    assert_eq!(step, ServerStep::Send(vec![0x01, 0x04]));
    assert_eq!(auth.clone().reply(b"wrong\0"), ServerStep::Deny);
    assert_eq!(auth.reply(b"secret\0"), ServerStep::Accept);
    assert_eq!(auth.reply(b"secret\0"), ServerStep::Deny);
}

#[test]
fn an_account_without_password_takes_only_an_empty_one() {
    for plugin in [Plugin::Native, Plugin::CachingSha2] {
        for empty in [&b""[..], b"\0"] {
            assert_eq!(
                begin(Some(&Credential::Empty), Some(plugin.name()), empty, false).1,
                ServerStep::Accept
            );
        }
        let proof = plugin.scramble(b"x", &SALT);
        assert_eq!(begin(Some(&Credential::Empty), Some(plugin.name()), &proof, false).1, ServerStep::Deny);
    }
    assert_eq!(Credential::from_password(b""), Credential::Empty);
}

#[test]
fn an_account_with_password_refuses_an_empty_one() {
    for credential in [native_only(), sha2_only(), Credential::from_password(PASSWORD)] {
        for plugin in ["mysql_native_password", "caching_sha2_password"] {
            let (mut auth, step) = begin(Some(&credential), Some(plugin), b"", true);
            if step != ServerStep::Deny {
                assert!(matches!(step, ServerStep::Send(_)));
                assert_eq!(auth.reply(b""), ServerStep::Deny);
            }
        }
    }
}

#[test]
fn an_unknown_user_sees_the_steps_of_a_wrong_password_of_the_default_plugin() {
    for plugin in
        [Some("mysql_native_password"), Some("caching_sha2_password"), Some("dialog"), Some(""), None]
    {
        for secure in [false, true] {
            for wrong in [vec![], vec![0], vec![7; 20], vec![7; 32]] {
                let (mut known, first) = begin(Some(&sha2_only()), plugin, &wrong, secure);
                let (mut unknown, same) = begin(None, plugin, &wrong, secure);
                assert_eq!(first, same);
                for _ in 0..3 {
                    assert_eq!(known.reply(&wrong), unknown.reply(&wrong));
                }
            }
        }
    }
}

#[test]
fn a_proof_that_matches_is_not_enough_without_an_account() {
    let sha2 = Plugin::CachingSha2;
    let (mut auth, _) = begin(Some(&sha2_only()), Some(""), b"", true);
    auth.known = Choice::from(0);
    assert_eq!(auth.reply(&sha2.scramble(PASSWORD, &FRESH)), ServerStep::Send(vec![0x01, 0x04]));
    assert_eq!(auth.reply(b"secret\0"), ServerStep::Deny);
}

#[test]
fn credentials_are_not_printed() {
    assert_eq!(format!("{:?}", native_only()), "Native(..)");
}

proptest! {
    #[test]
    fn an_unknown_user_is_never_accepted(
        plugin in proptest::option::of("(mysql_native_password|caching_sha2_password|x?)"),
        secure: bool,
        replies in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..34), 1..5),
    ) {
        let (mut auth, mut step) = begin(None, plugin.as_deref(), &replies[0], secure);
        for reply in &replies {
            prop_assert!(!matches!(step, ServerStep::Accept | ServerStep::AcceptAfter(_)));
            step = auth.reply(reply);
        }
        prop_assert_eq!(auth.reply(b"secret\0"), ServerStep::Deny);
    }
}

#[test]
fn a_salted_hash_is_compared_by_the_caller() {
    let sha2 = Plugin::CachingSha2;
    let proof = sha2.scramble(PASSWORD, &SALT);
    let full = ServerStep::Send(vec![0x01, 0x04]);
    for secure in [true, false] {
        let (mut auth, step) = begin(Some(&Credential::Salted), Some(sha2.name()), &proof, secure);
        assert_eq!(step, full);
        let step = auth.reply(b"secret\0");
        match secure {
            true => assert_eq!(step, ServerStep::Compare(Cleartext(Zeroizing::new(PASSWORD.to_vec())))),
            false => assert_eq!(step, ServerStep::Deny),
        }
        assert!(!format!("{step:?}").contains("secret"));
        assert_eq!(auth.reply(b"secret\0"), ServerStep::Deny);
    }
    let (mut auth, _) = begin(Some(&Credential::Salted), Some(sha2.name()), &proof, true);
    assert_eq!(auth.clone().reply(b"secret"), ServerStep::Deny, "no zero byte");
    assert_eq!(auth.reply(&[REQUEST_PUBLIC_KEY]), ServerStep::Deny, "TLS needs no key");
    let (_, step) = begin(Some(&Credential::Salted), Some(sha2.name()), b"", true);
    assert_eq!(step, ServerStep::Deny, "an empty password");
    let native = Plugin::Native.scramble(PASSWORD, &SALT);
    let (_, step) = begin(Some(&Credential::Salted), Some(Plugin::Native.name()), &native, true);
    assert_eq!(step, switch_to(sha2));
    assert_eq!(begin(Some(&Credential::Salted), None, &native, true).1, ServerStep::Deny);
}

#[test]
fn without_tls_a_salted_hash_wants_the_password_under_the_key_which_is_given_once() {
    let sha2 = Plugin::CachingSha2;
    let (asked, _) =
        begin(Some(&Credential::Salted), Some(sha2.name()), &sha2.scramble(PASSWORD, &SALT), false);
    let open = |salt| ServerStep::Open { ciphertext: vec![7; 256], salt };
    let mut auth = asked.clone();
    assert_eq!(auth.reply(&[REQUEST_PUBLIC_KEY]), ServerStep::SendPublicKey);
    let mut twice = auth.clone();
    assert_eq!(auth.reply(&[7; 256]), open(SALT));
    assert_eq!(auth.reply(&[7; 256]), ServerStep::Deny);
    assert_eq!(twice.reply(&[REQUEST_PUBLIC_KEY]), ServerStep::Deny);
    assert_eq!(twice.reply(&[7; 256]), ServerStep::Deny);
    // It may have the key already.
    assert_eq!(asked.clone().reply(&[7; 256]), open(SALT));
    for wrong in [&b""[..], &[1], &[REQUEST_PUBLIC_KEY, 0], &[7; 255], &[7; 513]] {
        assert_eq!(asked.clone().reply(wrong), ServerStep::Deny, "{} bytes", wrong.len());
    }
    // Hidden by the salt of the switch, where there was one.
    let (mut switched, _) = begin(Some(&Credential::Salted), Some(""), b"", false);
    assert_eq!(switched.reply(&sha2.scramble(PASSWORD, &FRESH)), ServerStep::Send(vec![0x01, 0x04]));
    assert_eq!(switched.reply(&[7; 256]), open(FRESH));
    assert_eq!(public_key("KEY"), b"\x01KEY");
}
