//! The greeting: the server's first packet, version 10, in MySQL's form and in MariaDB's.

use crate::lenenc::{Reader, write_null_terminated};
use crate::{Capabilities, DecodeError, Status};

/// The server's first packet.
///
/// MariaDB clears [`Capabilities::LONG_PASSWORD`] and puts its own flags into the last four bytes of MySQL's filler; the
/// encoder writes that form when the flag is clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// Always 10.
    pub protocol: u8,
    /// Without zero bytes. MariaDB 10 prefixes `5.5.5-`, kept here as sent.
    pub server_version: String,
    pub connection_id: u32,
    /// Must hold no zero byte: clients cut it there.
    pub salt: [u8; 20],
    pub capabilities: Capabilities,
    /// Number of the server's default collation, its low byte.
    pub charset: u8,
    pub status: Status,
    /// Authentication plugin that the salt is for; empty when the server names none.
    pub plugin: String,
}

impl Greeting {
    /// The only handshake version there is.
    pub const PROTOCOL: u8 = 10;

    /// Decodes the payload. A server that refuses the connection sends an ERR packet in its place (first byte 0xFF): test
    /// for it first.
    pub fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(payload);
        let protocol = reader.u8()?;
        if protocol != Self::PROTOCOL {
            return Err(DecodeError::HandshakeVersion(protocol));
        }
        let server_version = String::from_utf8_lossy(reader.null_terminated()?).into_owned();
        let connection_id = reader.u32()?;
        let salt_start = reader.array::<8>()?;
        reader.bytes(1)?;
        let low = u64::from(reader.u16()?);
        let charset = reader.u8()?;
        let status = Status(reader.u16()?);
        let high = u64::from(reader.u16()?);
        let salt_length = usize::from(reader.u8()?);
        reader.bytes(6)?;
        let extended = u64::from(reader.u32()?);
        let mut capabilities = Capabilities(low | high << 16);
        if !capabilities.contains(Capabilities::LONG_PASSWORD) {
            capabilities.0 |= extended << 32;
        }
        let tail = reader.bytes(salt_length.saturating_sub(8).max(13))?;
        let salt_end = tail.first_chunk::<12>().ok_or(DecodeError::Malformed("salt"))?;
        let plugin = match capabilities.contains(Capabilities::PLUGIN_AUTH) {
            true => String::from_utf8_lossy(reader.null_terminated_or_rest()).into_owned(),
            false => String::new(),
        };
        let mut salt = [0; 20];
        salt[..8].copy_from_slice(&salt_start);
        salt[8..].copy_from_slice(salt_end);
        Ok(Self { protocol, server_version, connection_id, salt, capabilities, charset, status, plugin })
    }

    /// Appends the payload.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let lower = self.capabilities.lower().to_le_bytes();
        let named = self.capabilities.contains(Capabilities::PLUGIN_AUTH);
        out.push(self.protocol);
        write_null_terminated(out, self.server_version.as_bytes());
        out.extend_from_slice(&self.connection_id.to_le_bytes());
        out.extend_from_slice(&self.salt[..8]);
        out.push(0);
        out.extend_from_slice(&lower[..2]);
        out.push(self.charset);
        out.extend_from_slice(&self.status.0.to_le_bytes());
        out.extend_from_slice(&lower[2..]);
        out.push(if named { 21 } else { 0 });
        out.extend_from_slice(&[0; 6]);
        let extended = match self.capabilities.contains(Capabilities::LONG_PASSWORD) {
            true => 0,
            false => self.capabilities.upper(),
        };
        out.extend_from_slice(&extended.to_le_bytes());
        out.extend_from_slice(&self.salt[8..]);
        out.push(0);
        if named {
            write_null_terminated(out, self.plugin.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A greeting in the form that MariaDB 10.11 sends: flag LONG_PASSWORD clear, four bytes of its own flags.
    const MARIADB: &[u8] = b"\x0a5.5.5-10.11.19-MariaDB-0+deb12u1\0\x1f\0\0\0\
        abcdefgh\0\xfe\xf7\x2d\x02\0\xff\x81\x15\0\0\0\0\0\0\x1d\0\0\0ijklmnopqrst\0mysql_native_password\0";

    #[test]
    fn a_mariadb_greeting_has_extended_capabilities() {
        let greeting = Greeting::decode(MARIADB).unwrap();
        assert_eq!(greeting.server_version, "5.5.5-10.11.19-MariaDB-0+deb12u1");
        assert_eq!(&greeting.salt, b"abcdefghijklmnopqrst");
        assert_eq!(greeting.capabilities.upper(), 0x1d);
        assert!(greeting.capabilities.contains(Capabilities::DEPRECATE_EOF | Capabilities::MARIADB_PROGRESS));
        assert_eq!(greeting.plugin, "mysql_native_password");
        let mut out = Vec::new();
        greeting.encode(&mut out);
        assert_eq!(out, MARIADB);
    }

    #[test]
    fn another_handshake_version_is_named() {
        assert_eq!(Greeting::decode(&[9, 0]), Err(DecodeError::HandshakeVersion(9)));
    }

    proptest! {
        #[test]
        fn greetings_round_trip(
            version in "[0-9.]{1,10}",
            connection_id: u32,
            salt: [u8; 20],
            bits: u64,
            charset: u8,
            status: u16,
            plugin in "[a-z_]{1,20}",
        ) {
            let mut capabilities = Capabilities(bits);
            if capabilities.contains(Capabilities::LONG_PASSWORD) {
                capabilities = Capabilities(bits & u64::from(u32::MAX));
            }
            let plugin = match capabilities.contains(Capabilities::PLUGIN_AUTH) {
                true => plugin,
                false => String::new(),
            };
            let greeting = Greeting {
                protocol: 10,
                server_version: version,
                connection_id,
                salt,
                capabilities,
                charset,
                status: Status(status),
                plugin,
            };
            let mut out = Vec::new();
            greeting.encode(&mut out);
            prop_assert_eq!(Greeting::decode(&out), Ok(greeting));
        }
    }
}
