//! TLS to clients: the configured certificate, or a self-signed one made at the first start.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use ostrakon_conf::Config;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// Makes the acceptor; the error says which file and why.
pub fn acceptor(config: &Config) -> Result<TlsAcceptor, String> {
    let (certificate, key) = match (&config.tls.certificate, &config.tls.key) {
        (Some(certificate), Some(key)) => (certificate.clone(), key.clone()),
        _ => self_signed(&config.data_directory)?,
    };
    let chain = CertificateDer::pem_file_iter(&certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|e| format!("TLS certificate {}: {e}", certificate.display()))?;
    let key_der =
        PrivateKeyDer::from_pem_file(&key).map_err(|e| format!("TLS private key {}: {e}", key.display()))?;
    let server = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, key_der)
        .map_err(|e| format!("TLS certificate {} and key {}: {e}", certificate.display(), key.display()))?;
    Ok(TlsAcceptor::from(Arc::new(server)))
}

fn self_signed(directory: &Path) -> Result<(std::path::PathBuf, std::path::PathBuf), String> {
    let certificate = directory.join("server-cert.pem");
    let key = directory.join("server-key.pem");
    if certificate.exists() && key.exists() {
        return Ok((certificate, key));
    }
    let pair = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()])
        .map_err(|e| format!("making a self-signed certificate: {e}"))?;
    let write = |path: &Path, text: String| {
        std::fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(path)
            .and_then(|mut file| file.write_all(text.as_bytes()))
            .map_err(|e| format!("{}: {e}", path.display()))
    };
    write(&key, pair.signing_key.serialize_pem())?;
    write(&certificate, pair.cert.pem())?;
    Ok((certificate, key))
}
