//! The client's side of login as a state machine: how the proxy proves itself to a backend.

use zeroize::Zeroizing;

use super::caching_sha2::{self, KeyError, PERFORM_FULL_AUTH, REQUEST_PUBLIC_KEY};
use super::{Plugin, SALT_LENGTH};
use crate::DecodeError;
use crate::capability::Capabilities;
use crate::handshake::{AUTH_MORE_DATA_HEADER, AUTH_SWITCH_HEADER, AuthMoreData, AuthSwitchRequest};
use crate::response::{ERR_HEADER, ErrPacket, OK_HEADER, OkPacket};

/// What the connection to the server is, for the full exchange of caching_sha2_password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transport {
    /// TLS or a Unix socket: the password may be sent itself.
    Secure,
    /// Plain TCP. With `fetch_server_key` the password is sent under the RSA key that the server hands out; whoever can
    /// change packets on the way can hand out a key of his own, so this is for trusted networks only.
    Plain { fetch_server_key: bool },
}

/// Why a login cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthError {
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The server asks for a plugin that this crate does not speak.
    #[error("authentication plugin '{0}' is not supported")]
    UnsupportedPlugin(String),
    /// caching_sha2_password wants the password itself, and the connection is plain TCP without leave to fetch the key.
    #[error(
        "authentication requires a secure connection: use TLS, or allow the server's public key to be fetched"
    )]
    NeedsSecureTransport,
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The server sent something that does not belong here.
    #[error("unexpected packet {0:#04x} during authentication")]
    Unexpected(u8),
}

/// What the caller does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClientStep<'a> {
    /// Logged in.
    Accepted(OkPacket<'a>),
    /// The server refused.
    Refused(ErrPacket<'a>),
    /// Send this payload, and read the next packet.
    Send(Vec<u8>),
    /// Read the next packet.
    Wait,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    AwaitVerdict,
    AwaitPublicKey,
    Done,
}

/// A login in progress, on the client's side.
pub struct ClientAuth {
    password: Zeroizing<Vec<u8>>,
    plugin: Plugin,
    salt: [u8; SALT_LENGTH],
    transport: Transport,
    state: State,
}

impl std::fmt::Debug for ClientAuth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientAuth")
            .field("plugin", &self.plugin)
            .field("transport", &self.transport)
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl ClientAuth {
    /// `plugin` and `salt` are those of the greeting. Where the greeting's plugin is not one of ours, the native one is
    /// offered, and the server switches to the account's.
    pub fn new(password: &[u8], plugin: &str, salt: &[u8; SALT_LENGTH], transport: Transport) -> Self {
        let plugin = Plugin::from_name(plugin).unwrap_or(Plugin::Native);
        Self {
            password: password.to_vec().into(),
            plugin,
            salt: *salt,
            transport,
            state: State::AwaitVerdict,
        }
    }

    /// The plugin's name for the handshake response.
    pub fn plugin(&self) -> &'static str {
        self.plugin.name()
    }

    /// The auth response for the handshake response.
    pub fn initial_response(&self) -> Vec<u8> {
        self.plugin.scramble(&self.password, &self.salt)
    }

    /// Looks at a packet that the server sent after the handshake response. `capabilities` are those agreed on.
    pub fn receive<'a>(
        &mut self,
        payload: &'a [u8],
        capabilities: Capabilities,
    ) -> Result<ClientStep<'a>, AuthError> {
        let header = payload.first().copied().ok_or(DecodeError::Truncated { wanted: 1, left: 0 })?;
        match (self.state, header) {
            (_, ERR_HEADER) => {
                self.state = State::Done;
                Ok(ClientStep::Refused(ErrPacket::decode(payload)?))
            }
            (State::AwaitVerdict, OK_HEADER) => {
                self.state = State::Done;
                Ok(ClientStep::Accepted(OkPacket::decode(payload, capabilities)?))
            }
            (State::AwaitVerdict, AUTH_SWITCH_HEADER) => self.switch(AuthSwitchRequest::decode(payload)?),
            (State::AwaitVerdict, AUTH_MORE_DATA_HEADER) if self.plugin == Plugin::CachingSha2 => {
                self.more_data(AuthMoreData::decode(payload)?)
            }
            (State::AwaitPublicKey, AUTH_MORE_DATA_HEADER) => {
                self.state = State::AwaitVerdict;
                let AuthMoreData(pem) = AuthMoreData::decode(payload)?;
                Ok(ClientStep::Send(caching_sha2::encrypt_password(&self.password, &self.salt, pem)?))
            }
            (_, byte) => Err(AuthError::Unexpected(byte)),
        }
    }

    fn switch<'a>(&mut self, request: AuthSwitchRequest<'_>) -> Result<ClientStep<'a>, AuthError> {
        self.plugin = Plugin::from_name(request.plugin)
            .ok_or_else(|| AuthError::UnsupportedPlugin(request.plugin.to_owned()))?;
        self.salt = request
            .data
            .try_into()
            .map_err(|_| DecodeError::Malformed("salt of an authentication switch"))?;
        Ok(ClientStep::Send(self.initial_response()))
    }

    fn more_data<'a>(&mut self, data: AuthMoreData<'_>) -> Result<ClientStep<'a>, AuthError> {
        match (data.0, self.transport) {
            ([caching_sha2::FAST_AUTH_OK], _) => Ok(ClientStep::Wait),
            ([PERFORM_FULL_AUTH], Transport::Secure) => {
                let mut packet = self.password.to_vec();
                packet.push(0);
                Ok(ClientStep::Send(packet))
            }
            ([PERFORM_FULL_AUTH], Transport::Plain { fetch_server_key: true }) => {
                self.state = State::AwaitPublicKey;
                Ok(ClientStep::Send(vec![REQUEST_PUBLIC_KEY]))
            }
            ([PERFORM_FULL_AUTH], Transport::Plain { fetch_server_key: false }) => {
                Err(AuthError::NeedsSecureTransport)
            }
            _ => Err(DecodeError::Malformed("caching_sha2_password data").into()),
        }
    }
}

#[cfg(test)]
mod tests;
