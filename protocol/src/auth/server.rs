//! The server's side of login as a state machine: it says what to send next, and in the end accept or deny.
//!
//! A wrong password and an unknown user take the same steps: an unknown user has the exchange of an account of the default
//! plugin with a hash that nothing matches, and only the last step decides.

use subtle::Choice;
use zeroize::Zeroizing;

use super::caching_sha2::{self, REQUEST_PUBLIC_KEY};
use super::{Plugin, SALT_LENGTH, native};
use crate::handshake::{AuthMoreData, AuthSwitchRequest};

/// What an account's password is checked against. Neither form is the password, but a client that knows the inner hash of
/// either can log in with it: keep them as secret as passwords.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// The account has no password.
    Empty,
    /// [`native::double_hash`].
    Native([u8; 20]),
    /// [`caching_sha2::double_hash`].
    Sha2([u8; 32]),
    /// Both hashes of one password: the client chooses its plugin.
    Both { native: [u8; 20], sha2: [u8; 32] },
    /// A salted hash of caching_sha2_password, which no scramble can be checked against: the client must send the password itself, inside TLS or
    /// under the server's RSA key, and the caller compares.
    Salted,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Empty => "Empty",
            Self::Native(_) => "Native(..)",
            Self::Sha2(_) => "Sha2(..)",
            Self::Both { .. } => "Both { .. }",
            Self::Salted => "Salted",
        })
    }
}

impl Credential {
    /// Both hashes of a password; [`Credential::Empty`] for an empty one.
    pub fn from_password(password: &[u8]) -> Self {
        match password.is_empty() {
            true => Self::Empty,
            false => Self::Both {
                native: native::double_hash(password),
                sha2: caching_sha2::double_hash(password),
            },
        }
    }

    fn allows(&self, plugin: Plugin) -> bool {
        match self {
            Self::Empty | Self::Both { .. } => true,
            Self::Native(_) => plugin == Plugin::Native,
            Self::Sha2(_) | Self::Salted => plugin == Plugin::CachingSha2,
        }
    }

    fn verify(&self, plugin: Plugin, salt: &[u8; SALT_LENGTH], response: &[u8]) -> Choice {
        match (self, plugin) {
            (Self::Empty, _) => Choice::from(u8::from(is_empty_password(response))),
            (Self::Native(stored) | Self::Both { native: stored, .. }, Plugin::Native) => {
                native::verify(stored, salt, response)
            }
            (Self::Sha2(stored) | Self::Both { sha2: stored, .. }, Plugin::CachingSha2) => {
                caching_sha2::verify(stored, salt, response)
            }
            (Self::Native(_), Plugin::CachingSha2) | (Self::Sha2(_), Plugin::Native) | (Self::Salted, _) => {
                Choice::from(0)
            }
        }
    }

    fn verify_cleartext(&self, packet: &[u8]) -> Choice {
        match self {
            Self::Sha2(stored) | Self::Both { sha2: stored, .. } => {
                caching_sha2::verify_cleartext(stored, packet)
            }
            Self::Empty | Self::Native(_) | Self::Salted => Choice::from(0),
        }
    }
}

/// A client's password. Never printed, and wiped.
#[derive(Clone, PartialEq, Eq)]
pub struct Cleartext(pub Zeroizing<Vec<u8>>);

impl std::fmt::Debug for Cleartext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("<password>")
    }
}

/// What the caller does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerStep {
    /// Send OK: the client is logged in.
    Accept,
    /// Send this payload, then OK: the client is logged in.
    AcceptAfter(Vec<u8>),
    /// Send this payload, and give the client's next one to [`ServerAuth::reply`].
    Send(Vec<u8>),
    /// Compare this password with the account's salted hash: the client is logged in if it is the same, else as [`ServerStep::Deny`].
    Compare(Cleartext),
    /// Send the public half of the server's RSA key ([`public_key`]), and give the client's next packet to [`ServerAuth::reply`].
    SendPublicKey,
    /// Open this with the RSA key (`LoginKey::open`), and compare as with [`ServerStep::Compare`]. What cannot be opened is a wrong password.
    Open { ciphertext: Vec<u8>, salt: [u8; SALT_LENGTH] },
    /// Send error 1045 and close the connection.
    Deny,
}

/// What is known when the client's first proof has come.
#[derive(Clone, Debug)]
pub struct Login<'a> {
    /// The account's; None for an unknown user.
    pub credential: Option<&'a Credential>,
    /// The plugin that the greeting named: what a client with a foreign plugin is switched to where the account allows
    /// either.
    pub default_plugin: Plugin,
    /// The plugin that the client names in its response; None for a client without PLUGIN_AUTH, which means the native
    /// one and cannot be switched. An empty name forces a switch, which is what COM_CHANGE_USER wants.
    pub client_plugin: Option<&'a str>,
    /// The client's proof, for the greeting's salt.
    pub response: &'a [u8],
    /// The greeting's salt.
    pub salt: [u8; SALT_LENGTH],
    /// A fresh salt, without zero bytes, in case of a switch.
    pub switch_salt: [u8; SALT_LENGTH],
    /// Whether the password itself may be asked for: over TLS or a Unix socket.
    pub secure: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    AwaitSwitchReply(Plugin),
    AwaitCleartext,
    /// As above without TLS, before and after the client has asked for the RSA key, which it does once.
    AwaitKeyRequest,
    AwaitCiphertext,
    Done,
}

/// A login in progress, on the server's side. After [`ServerStep::Deny`] every reply is denied.
#[derive(Clone, Debug)]
pub struct ServerAuth {
    credential: Credential,
    known: Choice,
    secure: bool,
    salt: [u8; SALT_LENGTH],
    state: State,
}

impl ServerAuth {
    /// Looks at the client's first proof.
    pub fn begin(login: Login<'_>) -> (Self, ServerStep) {
        // A match with these hashes would not let anyone in: `known` denies in any case.
        let dummy = match login.default_plugin {
            Plugin::Native => Credential::Native([0; 20]),
            Plugin::CachingSha2 => Credential::Sha2([0; 32]),
        };
        let known = Choice::from(u8::from(login.credential.is_some()));
        let credential = login.credential.cloned().unwrap_or(dummy);
        let offered = match login.client_plugin {
            None => Some(Plugin::Native),
            Some(name) => Plugin::from_name(name),
        };
        let offered = offered.filter(|plugin| credential.allows(*plugin));
        let mut auth = Self { credential, known, secure: login.secure, salt: login.salt, state: State::Done };
        let step = match (offered, login.client_plugin) {
            (Some(plugin), _) => auth.check(plugin, login.response),
            (None, None) => ServerStep::Deny,
            (None, Some(_)) => auth.switch(login.default_plugin, login.switch_salt),
        };
        (auth, step)
    }

    /// Looks at the client's answer to what was sent last.
    pub fn reply(&mut self, payload: &[u8]) -> ServerStep {
        match std::mem::replace(&mut self.state, State::Done) {
            State::AwaitSwitchReply(plugin) => self.check(plugin, payload),
            State::AwaitCleartext if self.credential == Credential::Salted => {
                match payload.strip_suffix(&[0]) {
                    Some(password) => ServerStep::Compare(Cleartext(Zeroizing::new(password.to_vec()))),
                    None => ServerStep::Deny,
                }
            }
            State::AwaitKeyRequest if payload == [REQUEST_PUBLIC_KEY] => {
                self.state = State::AwaitCiphertext;
                ServerStep::SendPublicKey
            }
            // A client that has the key in a file does not ask.
            State::AwaitKeyRequest | State::AwaitCiphertext if CIPHERTEXT.contains(&payload.len()) => {
                ServerStep::Open { ciphertext: payload.to_vec(), salt: self.salt }
            }
            State::AwaitCleartext if bool::from(self.credential.verify_cleartext(payload) & self.known) => {
                ServerStep::Accept
            }
            State::AwaitCleartext | State::AwaitKeyRequest | State::AwaitCiphertext | State::Done => {
                ServerStep::Deny
            }
        }
    }

    fn switch(&mut self, default: Plugin, salt: [u8; SALT_LENGTH]) -> ServerStep {
        let plugin = match self.credential {
            Credential::Native(_) => Plugin::Native,
            Credential::Sha2(_) | Credential::Salted => Plugin::CachingSha2,
            Credential::Empty | Credential::Both { .. } => default,
        };
        self.salt = salt;
        self.state = State::AwaitSwitchReply(plugin);
        let mut payload = Vec::new();
        AuthSwitchRequest { plugin: plugin.name(), data: &salt }.encode(&mut payload);
        ServerStep::Send(payload)
    }

    fn check(&mut self, plugin: Plugin, response: &[u8]) -> ServerStep {
        let right = bool::from(self.credential.verify(plugin, &self.salt, response) & self.known);
        match (plugin, right) {
            (Plugin::Native, true) => ServerStep::Accept,
            // An empty password has no fast exchange to confirm.
            (Plugin::CachingSha2, true) if self.credential == Credential::Empty => ServerStep::Accept,
            (Plugin::CachingSha2, true) => ServerStep::AcceptAfter(more_data(&[caching_sha2::FAST_AUTH_OK])),
            // Without TLS only for who has no hash that the proof could have been checked against: the others have failed.
            (Plugin::CachingSha2, false)
                if (self.secure || self.credential == Credential::Salted) && !is_empty_password(response) =>
            {
                self.state = if self.secure { State::AwaitCleartext } else { State::AwaitKeyRequest };
                ServerStep::Send(more_data(&[caching_sha2::PERFORM_FULL_AUTH]))
            }
            (_, false) => ServerStep::Deny,
        }
    }
}

/// Bytes that something under an RSA key may have: those of the keys that a server may have.
const CIPHERTEXT: std::ops::RangeInclusive<usize> = 256..=512;

/// Clients send an empty password as nothing, or as its terminating zero byte.
fn is_empty_password(response: &[u8]) -> bool {
    matches!(response, [] | [0])
}

/// The payload that gives a client the server's public key.
pub fn public_key(pem: &str) -> Vec<u8> {
    more_data(pem.as_bytes())
}

fn more_data(data: &[u8]) -> Vec<u8> {
    let mut payload = Vec::new();
    AuthMoreData(data).encode(&mut payload);
    payload
}

#[cfg(test)]
mod tests;
