//! Login packets: the server's greeting, the client's response, the TLS request, and the switch of authentication method.

mod greeting;
mod response;

pub use greeting::Greeting;
pub use response::{
    Attribute, ChangeUser, HandshakeResponse, SSL_REQUEST_LENGTH, encode_ssl_request, is_ssl_request,
    ssl_request_capabilities,
};

use crate::DecodeError;
use crate::lenenc::{Reader, write_null_terminated};

/// First byte of an authentication switch.
pub const AUTH_SWITCH_HEADER: u8 = 0xFE;

/// First byte of further authentication data.
pub const AUTH_MORE_DATA_HEADER: u8 = 0x01;

/// The server asks the client to authenticate with another plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthSwitchRequest<'a> {
    pub plugin: &'a str,
    /// The plugin's data without the trailing zero byte: the salt of 20 bytes for the plugins that this crate speaks.
    pub data: &'a [u8],
}

impl<'a> AuthSwitchRequest<'a> {
    /// Decodes the payload. The form of one byte, which asks for the password hash from before MySQL 4.1, is an error.
    pub fn decode(payload: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(payload);
        match reader.u8()? {
            AUTH_SWITCH_HEADER => {}
            byte => return Err(DecodeError::UnexpectedHeader { what: "an authentication switch", byte }),
        }
        let plugin = reader.null_terminated()?;
        let plugin = std::str::from_utf8(plugin).map_err(|_| DecodeError::NotUtf8("plugin name"))?;
        let data = reader.rest();
        Ok(Self { plugin, data: data.strip_suffix(&[0]).unwrap_or(data) })
    }

    /// Appends the payload.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(AUTH_SWITCH_HEADER);
        write_null_terminated(out, self.plugin.as_bytes());
        out.extend_from_slice(self.data);
        out.push(0);
    }
}

/// Further data of the authentication plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthMoreData<'a>(pub &'a [u8]);

impl<'a> AuthMoreData<'a> {
    pub fn decode(payload: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(payload);
        match reader.u8()? {
            AUTH_MORE_DATA_HEADER => Ok(Self(reader.rest())),
            byte => Err(DecodeError::UnexpectedHeader { what: "authentication data", byte }),
        }
    }

    /// Appends the payload.
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.push(AUTH_MORE_DATA_HEADER);
        out.extend_from_slice(self.0);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_switch_to_the_old_password_hash_is_refused() {
        assert_eq!(AuthSwitchRequest::decode(&[0xFE]), Err(DecodeError::Unterminated));
    }

    proptest! {
        #[test]
        fn switch_and_more_data_round_trip(
            plugin in "[a-z_]{0,30}",
            mut data in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let mut out = Vec::new();
            AuthMoreData(&data).encode(&mut out);
            prop_assert_eq!(AuthMoreData::decode(&out), Ok(AuthMoreData(&data)));

            data.push(1);
            let switch = AuthSwitchRequest { plugin: &plugin, data: &data };
            out.clear();
            switch.encode(&mut out);
            prop_assert_eq!(AuthSwitchRequest::decode(&out), Ok(switch));
        }

        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = AuthSwitchRequest::decode(&bytes);
            let _ = AuthMoreData::decode(&bytes);
            let _ = Greeting::decode(&bytes);
            let _ = HandshakeResponse::decode(&bytes);
            let _ = is_ssl_request(&bytes);
        }
    }
}
