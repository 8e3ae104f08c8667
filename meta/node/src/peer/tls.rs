//! Certificates of the connections between nodes. Both sides show one, and both must be signed by the same authority.

use std::path::Path;

use tonic::transport::{Certificate, ClientTlsConfig, Identity, ServerTlsConfig};

use crate::config::PeerTls;
use crate::error::MetaError;

pub(super) struct Material {
    certificate: Vec<u8>,
    key: Vec<u8>,
    authority: Vec<u8>,
}

impl Material {
    /// # Errors
    /// A file that cannot be read.
    pub fn load(files: &PeerTls) -> Result<Self, MetaError> {
        Ok(Self {
            certificate: read(&files.certificate)?,
            key: read(&files.key)?,
            authority: read(&files.authority)?,
        })
    }

    pub fn client(&self) -> ClientTlsConfig {
        ClientTlsConfig::new()
            .identity(self.identity())
            .ca_certificate(Certificate::from_pem(&self.authority))
    }

    pub fn server(&self) -> ServerTlsConfig {
        ServerTlsConfig::new()
            .identity(self.identity())
            .client_ca_root(Certificate::from_pem(&self.authority))
    }

    fn identity(&self) -> Identity {
        Identity::from_pem(&self.certificate, &self.key)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, MetaError> {
    let unreadable = |error| MetaError::Config(format!("peer.tls: {}: {error}", path.display()));
    std::fs::read(path).map_err(unreadable)
}
