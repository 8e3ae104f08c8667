//! SHOW STATUS: a server's counters, with what is about the client's own connection put in place.

use crate::error::SqlError;
use crate::frontend::Stream;
use crate::session::result::ResultSet;
use crate::session::{Failure, Session};

/// The status that has the RSA key.
const PUBLIC_KEY: &[u8] = b"Caching_sha2_password_rsa_public_key";

impl Session {
    /// The rows that match. Clients learn from `Ssl_cipher` whether they have TLS: the node's connection to the instance has none to speak of.
    pub(super) async fn server_status(
        &mut self,
        global: bool,
        like: Option<&str>,
    ) -> Result<ResultSet, Failure> {
        let mut lease = self.lease_any().await?;
        let scope = if global { "GLOBAL" } else { "SESSION" };
        let answer = lease.connection.query(&format!("SHOW {scope} STATUS")).await;
        self.release(lease);
        let mut set = super::to_result(answer?);
        if let Some(pattern) = like {
            set.keep_like(pattern);
        }
        let (cipher, version) = if global { Default::default() } else { self.tls_in_use() };
        self.put_public_key(&mut set).await?;
        for row in &mut set.rows {
            let own = match row.first().and_then(Option::as_deref) {
                Some(b"Ssl_cipher") => &cipher,
                Some(b"Ssl_version") => &version,
                _ => continue,
            };
            if let Some(value) = row.get_mut(1) {
                *value = Some(own.clone().into_bytes());
            }
        }
        Ok(set)
    }

    /// The key under which clients without TLS send their passwords is the node's. MySQL has a status for it, MariaDB has no such plugin and none.
    async fn put_public_key(&self, set: &mut ResultSet) -> Result<(), Failure> {
        let is_name =
            |row: &&mut Vec<Option<Vec<u8>>>| row.first().and_then(Option::as_deref) == Some(PUBLIC_KEY);
        let Some(value) = set.rows.iter_mut().find(is_name).and_then(|row| row.get_mut(1)) else {
            return Ok(());
        };
        let key = self.worker.node.accounts.key.get().await.map_err(SqlError::other)?;
        *value = Some(key.public_pem().as_bytes().to_vec());
        Ok(())
    }

    /// The names of the cipher suite and the version of TLS, as OpenSSL has them; empty without TLS.
    fn tls_in_use(&self) -> (String, String) {
        let Stream::Tls(stream) = &self.client.stream else { return Default::default() };
        let connection = &stream.get_ref().1;
        let suite = connection.negotiated_cipher_suite().map(|suite| format!("{:?}", suite.suite()));
        let version = match connection.protocol_version() {
            Some(tokio_rustls::rustls::ProtocolVersion::TLSv1_3) => "TLSv1.3",
            Some(tokio_rustls::rustls::ProtocolVersion::TLSv1_2) => "TLSv1.2",
            _ => "",
        };
        (suite.unwrap_or_default().replacen("TLS13_", "TLS_", 1), version.to_owned())
    }
}
