//! Login to an instance: TLS as its mode wants it, then the account's password, which no other server gets.

use bytes::Buf;
use ostrakon_catalog::schema::{Instance, InstanceTls};
use ostrakon_protocol::auth::client::{ClientAuth, ClientStep, Transport};
use ostrakon_protocol::capability::Capabilities;
use ostrakon_protocol::handshake::{Greeting, HandshakeResponse, encode_ssl_request};
use ostrakon_protocol::packet::{Header, write_packet};

use super::stream::Stream;
use super::{Connection, UTF8MB4_GENERAL_CI};
use crate::backend::tls;
use crate::error::SqlError;

impl Connection {
    pub(super) async fn login(&mut self, instance: &Instance) -> Result<(), SqlError> {
        let (payload, _) = self.read_packet().await?;
        if payload.first() == Some(&0xFF) {
            return Err(self.decode_error(&payload));
        }
        let greeting = Greeting::decode(&payload).map_err(|e| self.malformed(&e))?;
        self.id = greeting.connection_id;
        self.version = greeting.server_version.clone();
        // Never MULTI_STATEMENTS (user text must stay one statement). LOCAL_FILES for rows of ours and a client's file: see `file`.
        let mut wanted = Capabilities::LONG_PASSWORD
            | Capabilities::LONG_FLAG
            | Capabilities::LOCAL_FILES
            | Capabilities::PROTOCOL_41
            | Capabilities::TRANSACTIONS
            | Capabilities::SECURE_CONNECTION
            | Capabilities::MULTI_RESULTS
            | Capabilities::PS_MULTI_RESULTS
            | Capabilities::PLUGIN_AUTH
            | Capabilities::PLUGIN_AUTH_LENENC
            | Capabilities::DEPRECATE_EOF;
        if self.found_rows {
            wanted = wanted | Capabilities::FOUND_ROWS;
        }
        let mut sequence = 1;
        let transport = match instance.tls {
            // As the server's require_secure_transport counts it.
            _ if self.stream.is_local() => Transport::Secure,
            // The DBA has said that this network is trusted.
            InstanceTls::Disabled => Transport::Plain { fetch_server_key: true },
            _ => {
                wanted = wanted | Capabilities::SSL;
                self.encrypt(instance, wanted, greeting.capabilities, &mut sequence).await?;
                Transport::Secure
            }
        };
        self.capabilities = wanted & greeting.capabilities;
        let password = crate::secret::reveal(&instance.name, &instance.password)
            .map_err(|e| SqlError::other(e.to_string()))?;
        let mut auth = ClientAuth::new(password.as_bytes(), &greeting.plugin, &greeting.salt, transport);
        let response = HandshakeResponse {
            capabilities: self.capabilities,
            max_packet: 1 << 30,
            charset: UTF8MB4_GENERAL_CI,
            username: instance.user.clone(),
            auth_response: auth.initial_response(),
            database: None,
            plugin: Some(auth.plugin().to_owned()),
            attributes: Vec::new(),
            zstd_level: None,
        };
        let mut payload = Vec::new();
        response.encode(&mut payload);
        write_packet(&mut self.output, &mut sequence, &payload);
        loop {
            self.flush().await?;
            let (payload, got) = self.read_packet().await?;
            match auth.receive(&payload, self.capabilities).map_err(|e| SqlError::other(e.to_string()))? {
                ClientStep::Accepted(_) => return Ok(()),
                ClientStep::Refused(err) => return Err(SqlError::from(err)),
                ClientStep::Send(reply) => {
                    let mut sequence = got.wrapping_add(1);
                    write_packet(&mut self.output, &mut sequence, &reply);
                }
                ClientStep::Wait => {}
            }
        }
    }

    /// From here on the connection is encrypted. A server that cannot do it, or is not the right one, gets no password.
    async fn encrypt(
        &mut self,
        instance: &Instance,
        wanted: Capabilities,
        offered: Capabilities,
        sequence: &mut u8,
    ) -> Result<(), SqlError> {
        let refused = |why: String| SqlError::other(format!("{why} (TLS = {})", instance.tls.name()));
        let client = tls::client(instance.tls).map_err(refused)?;
        if !offered.contains(Capabilities::SSL) {
            return Err(refused("the server offers no TLS".to_owned()));
        }
        // Whatever came behind the greeting came from anybody.
        if !self.input.is_empty() {
            return Err(self.malformed(&"bytes before TLS"));
        }
        let mut request = Vec::new();
        // MariaDB takes the flags from here, and not from the response that follows.
        encode_ssl_request(&mut request, wanted & offered, 1 << 30, UTF8MB4_GENERAL_CI);
        write_packet(&mut self.output, sequence, &request);
        self.flush().await?;
        let plain = std::mem::replace(&mut self.stream, Stream::Closed);
        self.stream =
            plain.encrypt(client, &instance.host).await.map_err(|e| refused(format!("TLS: {e}")))?;
        Ok(())
    }

    /// One physical packet's payload (login only) and its sequence number.
    async fn read_packet(&mut self) -> Result<(Vec<u8>, u8), SqlError> {
        loop {
            if let Some(header) = Header::parse(&self.input)
                && self.input.len() >= 4 + header.length
            {
                let payload = self.input[4..4 + header.length].to_vec();
                self.input.advance(4 + header.length);
                return Ok((payload, header.sequence));
            }
            self.fill(0).await?;
        }
    }
}
