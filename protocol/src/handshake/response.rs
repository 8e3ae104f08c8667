//! The client's side of login: the TLS request, the handshake response, and COM_CHANGE_USER, which repeats it.

use crate::lenenc::{Reader, lenenc_int_size, write_lenenc_bytes, write_lenenc_int, write_null_terminated};
use crate::{Capabilities, DecodeError};

/// Bytes of a TLS request: a handshake response that ends after its fixed part.
pub const SSL_REQUEST_LENGTH: usize = 32;

/// The longest block of connection attributes, as in MySQL.
const ATTRIBUTES_MAX: usize = 65_535;

/// Name and value of a connection attribute.
pub type Attribute = (String, String);

/// The client's answer to the greeting, in the form since MySQL 4.1.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HandshakeResponse {
    /// What the client can do. The encoder sets or clears CONNECT_WITH_DB, PLUGIN_AUTH and CONNECT_ATTRS to match the
    /// fields below, and always sets PROTOCOL_41 and SECURE_CONNECTION.
    pub capabilities: Capabilities,
    /// Longest packet that the client takes, in bytes.
    pub max_packet: u32,
    /// Number of the client's collation, its low byte.
    pub charset: u8,
    pub username: String,
    pub auth_response: Vec<u8>,
    pub database: Option<String>,
    /// None when the client names no plugin: it means mysql_native_password, and cannot be switched.
    pub plugin: Option<String>,
    pub attributes: Vec<Attribute>,
    /// Of a client that can compress by zstd.
    pub zstd_level: Option<u8>,
}

impl HandshakeResponse {
    /// Decodes the payload. The form from before MySQL 4.1 is [`DecodeError::OldHandshake`].
    pub fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(payload);
        let (capabilities, max_packet, charset) = fixed_part(&mut reader)?;
        let username = text(reader.null_terminated()?, "user name")?;
        let auth_response = auth_response(&mut reader, capabilities)?.to_vec();
        let mut database = None;
        if capabilities.contains(Capabilities::CONNECT_WITH_DB) && !reader.is_empty() {
            database = Some(text(reader.null_terminated_or_rest(), "database name")?)
                .filter(|name| !name.is_empty());
        }
        let mut plugin = None;
        if capabilities.contains(Capabilities::PLUGIN_AUTH) {
            plugin = Some(text(reader.null_terminated_or_rest(), "plugin name")?);
        }
        let attributes = attributes(&mut reader, capabilities)?;
        let has_level = capabilities.contains(Capabilities::ZSTD_COMPRESSION) && !reader.is_empty();
        let zstd_level = if has_level { Some(reader.u8()?) } else { None };
        Ok(Self {
            capabilities,
            max_packet,
            charset,
            username,
            auth_response,
            database,
            plugin,
            attributes,
            zstd_level,
        })
    }

    /// Appends the payload. The auth response has a length of one byte unless PLUGIN_AUTH_LENENC is set; a longer one than
    /// 255 bytes sets that flag.
    pub fn encode(&self, out: &mut Vec<u8>) {
        let capabilities = self.wire_capabilities();
        write_fixed_part(out, capabilities, self.max_packet, self.charset);
        write_null_terminated(out, self.username.as_bytes());
        if capabilities.contains(Capabilities::PLUGIN_AUTH_LENENC) {
            write_lenenc_bytes(out, &self.auth_response);
        } else {
            out.push(self.auth_response.len() as u8);
            out.extend_from_slice(&self.auth_response);
        }
        if let Some(database) = &self.database {
            write_null_terminated(out, database.as_bytes());
        }
        if let Some(plugin) = &self.plugin {
            write_null_terminated(out, plugin.as_bytes());
        }
        if !self.attributes.is_empty() {
            write_attributes(out, &self.attributes);
        }
        out.extend(self.zstd_level);
    }

    /// The flags as they are sent: those that say which fields follow agree with the fields.
    pub fn wire_capabilities(&self) -> Capabilities {
        let mut flags = self.capabilities | Capabilities::PROTOCOL_41 | Capabilities::SECURE_CONNECTION;
        flags.set(Capabilities::CONNECT_WITH_DB, self.database.is_some());
        flags.set(Capabilities::PLUGIN_AUTH, self.plugin.is_some());
        flags.set(Capabilities::CONNECT_ATTRS, !self.attributes.is_empty());
        flags.set(Capabilities::ZSTD_COMPRESSION, self.zstd_level.is_some());
        if self.auth_response.len() > 255 {
            flags.insert(Capabilities::PLUGIN_AUTH_LENENC);
        }
        flags
    }
}

/// Whether the payload is a TLS request and not a whole handshake response. Bytes that follow it in the same read are not
/// encrypted: they must be refused, or a plain-text attacker can put commands in front of the encrypted ones.
pub fn is_ssl_request(payload: &[u8]) -> bool {
    payload.len() == SSL_REQUEST_LENGTH && ssl_request_capabilities(payload).is_some()
}

/// The flags of a TLS request; None where the payload is something else.
pub fn ssl_request_capabilities(payload: &[u8]) -> Option<Capabilities> {
    let mut reader = Reader::new(payload);
    let (capabilities, ..) = fixed_part(&mut reader).ok()?;
    (reader.is_empty() && capabilities.contains(Capabilities::SSL)).then_some(capabilities)
}

/// Appends the payload of a TLS request. SSL and PROTOCOL_41 are set in any case.
pub fn encode_ssl_request(out: &mut Vec<u8>, capabilities: Capabilities, max_packet: u32, charset: u8) {
    let flags = capabilities | Capabilities::SSL | Capabilities::PROTOCOL_41;
    write_fixed_part(out, flags, max_packet, charset);
}

/// COM_CHANGE_USER: log in again on the same connection.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeUser {
    pub username: String,
    pub auth_response: Vec<u8>,
    pub database: Option<String>,
    /// Number of the client's collation; None when the client leaves it out.
    pub charset: Option<u16>,
    pub plugin: Option<String>,
    pub attributes: Vec<Attribute>,
}

impl ChangeUser {
    /// Decodes what follows the command byte; `capabilities` are those of the client's handshake.
    pub fn decode(payload: &[u8], capabilities: Capabilities) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(payload);
        let username = text(reader.null_terminated()?, "user name")?;
        let length = usize::from(reader.u8()?);
        let auth_response = reader.bytes(length)?.to_vec();
        let database =
            Some(text(reader.null_terminated()?, "database name")?).filter(|name| !name.is_empty());
        let charset = if reader.left() >= 2 { Some(reader.u16()?) } else { None };
        let mut plugin = None;
        if capabilities.contains(Capabilities::PLUGIN_AUTH) && !reader.is_empty() {
            plugin = Some(text(reader.null_terminated_or_rest(), "plugin name")?);
        }
        let attributes = attributes(&mut reader, capabilities)?;
        Ok(Self { username, auth_response, database, charset, plugin, attributes })
    }
}

/// Flags, packet limit and character set: what a TLS request and a response have in common.
fn fixed_part(reader: &mut Reader) -> Result<(Capabilities, u32, u8), DecodeError> {
    // The old form has two bytes of flags, but the flag that tells is among them.
    let low = u64::from(reader.u16()?);
    if !Capabilities(low).contains(Capabilities::PROTOCOL_41) {
        return Err(DecodeError::OldHandshake);
    }
    let mut capabilities = Capabilities(low | u64::from(reader.u16()?) << 16);
    let max_packet = reader.u32()?;
    let charset = reader.u8()?;
    reader.bytes(19)?;
    let extended = u64::from(reader.u32()?);
    if !capabilities.contains(Capabilities::LONG_PASSWORD) {
        capabilities.0 |= extended << 32;
    }
    Ok((capabilities, max_packet, charset))
}

fn write_fixed_part(out: &mut Vec<u8>, capabilities: Capabilities, max_packet: u32, charset: u8) {
    out.extend_from_slice(&capabilities.lower().to_le_bytes());
    out.extend_from_slice(&max_packet.to_le_bytes());
    out.push(charset);
    out.extend_from_slice(&[0; 19]);
    let extended = match capabilities.contains(Capabilities::LONG_PASSWORD) {
        true => 0,
        false => capabilities.upper(),
    };
    out.extend_from_slice(&extended.to_le_bytes());
}

fn auth_response<'a>(reader: &mut Reader<'a>, capabilities: Capabilities) -> Result<&'a [u8], DecodeError> {
    if capabilities.contains(Capabilities::PLUGIN_AUTH_LENENC) {
        reader.lenenc_bytes()
    } else if capabilities.contains(Capabilities::SECURE_CONNECTION) {
        let length = usize::from(reader.u8()?);
        reader.bytes(length)
    } else {
        reader.null_terminated()
    }
}

fn attributes(reader: &mut Reader, capabilities: Capabilities) -> Result<Vec<Attribute>, DecodeError> {
    if !capabilities.contains(Capabilities::CONNECT_ATTRS) || reader.is_empty() {
        return Ok(Vec::new());
    }
    let block = reader.lenenc_bytes()?;
    if block.len() > ATTRIBUTES_MAX {
        return Err(DecodeError::Malformed("connection attributes"));
    }
    let mut pairs = Vec::new();
    let mut reader = Reader::new(block);
    while !reader.is_empty() {
        let name = String::from_utf8_lossy(reader.lenenc_bytes()?).into_owned();
        let value = String::from_utf8_lossy(reader.lenenc_bytes()?).into_owned();
        pairs.push((name, value));
    }
    Ok(pairs)
}

fn write_attributes(out: &mut Vec<u8>, attributes: &[Attribute]) {
    let size = |text: &String| lenenc_int_size(text.len() as u64) + text.len();
    let total: usize = attributes.iter().map(|(name, value)| size(name) + size(value)).sum();
    write_lenenc_int(out, total as u64);
    for (name, value) in attributes {
        write_lenenc_bytes(out, name.as_bytes());
        write_lenenc_bytes(out, value.as_bytes());
    }
}

fn text(bytes: &[u8], what: &'static str) -> Result<String, DecodeError> {
    String::from_utf8(bytes.to_vec()).map_err(|_| DecodeError::NotUtf8(what))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_old_handshake_is_named_as_such() {
        assert_eq!(HandshakeResponse::decode(b"\x05\0\0\0\x40root\0"), Err(DecodeError::OldHandshake));
    }

    #[test]
    fn a_tls_request_is_told_from_a_response() {
        let mut request = Vec::new();
        encode_ssl_request(&mut request, Capabilities::PLUGIN_AUTH, 1 << 24, 45);
        assert_eq!(request.len(), SSL_REQUEST_LENGTH);
        assert!(is_ssl_request(&request));
        let mut response = Vec::new();
        HandshakeResponse { capabilities: Capabilities::SSL, ..Default::default() }.encode(&mut response);
        assert!(!is_ssl_request(&response));
        let mut plain = request.clone();
        plain[1] &= !0x08;
        assert!(!is_ssl_request(&plain));
    }

    #[test]
    fn a_database_flag_without_a_name_means_no_database() {
        let mut out = Vec::new();
        HandshakeResponse { username: "u".into(), ..Default::default() }.encode(&mut out);
        out[0] |= Capabilities::CONNECT_WITH_DB.0 as u8;
        assert_eq!(HandshakeResponse::decode(&out).unwrap().database, None);
    }

    #[test]
    fn change_user_repeats_the_login() {
        let payload = b"bob\0\x03abcshop\0\x2d\0mysql_native_password\0\x05\x01k\x02vw";
        let flags = Capabilities::PLUGIN_AUTH | Capabilities::CONNECT_ATTRS;
        let change = ChangeUser::decode(payload, flags).unwrap();
        assert_eq!(change.username, "bob");
        assert_eq!(change.auth_response, b"abc");
        assert_eq!(change.database.as_deref(), Some("shop"));
        assert_eq!(change.charset, Some(45));
        assert_eq!(change.plugin.as_deref(), Some("mysql_native_password"));
        assert_eq!(change.attributes, [("k".to_string(), "vw".to_string())]);
        let short = ChangeUser::decode(b"bob\0\0\0", flags).unwrap();
        assert_eq!((short.database, short.charset, short.plugin), (None, None, None));
    }

    proptest! {
        #[test]
        fn responses_round_trip(
            bits: u64,
            max_packet: u32,
            charset: u8,
            username in "[^\0]{0,20}",
            auth_response in proptest::collection::vec(any::<u8>(), 0..300),
            database in proptest::option::of("[^\0]{1,20}"),
            plugin in proptest::option::of("[a-z_]{0,20}"),
            attributes in proptest::collection::vec((".{0,10}", ".{0,300}"), 0..4),
            zstd_level in proptest::option::of(any::<u8>()),
        ) {
            let bits = if bits & 1 == 1 { bits & u64::from(u32::MAX) } else { bits };
            let mut response = HandshakeResponse {
                capabilities: Capabilities(bits), max_packet, charset, username, auth_response, database, plugin, attributes,
                zstd_level,
            };
            let mut out = Vec::new();
            response.encode(&mut out);
            response.capabilities = response.wire_capabilities();
            prop_assert_eq!(HandshakeResponse::decode(&out), Ok(response));
        }

        #[test]
        fn arbitrary_logins_never_panic(
            tail in proptest::collection::vec(any::<u8>(), 0..120),
            bits: u32,
        ) {
            let mut payload = (bits | 0x200).to_le_bytes().to_vec();
            payload.extend_from_slice(&[0; 28]);
            payload.extend_from_slice(&tail);
            let _ = HandshakeResponse::decode(&payload);
            let _ = ChangeUser::decode(&tail, Capabilities(u64::from(bits)));
        }
    }
}
