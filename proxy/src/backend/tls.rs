//! TLS to instances: what this node asks of their certificates, by the mode that the catalog has for each instance.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use ostrakon_catalog::schema::InstanceTls;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use tokio_rustls::rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

/// How the running node connects: a process is one node.
static NODE_CLIENTS: OnceLock<Clients> = OnceLock::new();

/// One configuration for each mode.
struct Clients {
    any: Arc<ClientConfig>,
    /// Where there is an authority.
    verified: Option<Verified>,
}

struct Verified {
    authority: Arc<ClientConfig>,
    identity: Arc<ClientConfig>,
}

/// Reads the files of `instance_tls`; the error says which one and why. Once, when the node starts.
pub fn open(config: &ostrakon_conf::InstanceTls) -> Result<(), String> {
    let clients = Clients::read(config)?;
    NODE_CLIENTS.get_or_init(|| clients);
    Ok(())
}

/// Whether an instance's host is this machine, by its name alone.
pub fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// The configuration of TLS for an instance of this mode; the error says what is missing.
pub fn client(mode: InstanceTls) -> Result<Arc<ClientConfig>, String> {
    let clients = NODE_CLIENTS.get().ok_or("TLS to instances is not set up in this process")?;
    let verified = || {
        clients.verified.as_ref().ok_or_else(|| {
            "the server's certificate cannot be verified: set instance_tls.authority in this node's configuration file, \
             or choose TLS = REQUIRED or TLS = DISABLED for the instance"
                .to_owned()
        })
    };
    match mode {
        InstanceTls::Disabled => Err("TLS is disabled for this instance".to_owned()),
        InstanceTls::Required => Ok(Arc::clone(&clients.any)),
        InstanceTls::VerifyCa => Ok(Arc::clone(&verified()?.authority)),
        InstanceTls::VerifyIdentity => Ok(Arc::clone(&verified()?.identity)),
    }
}

impl Clients {
    fn read(config: &ostrakon_conf::InstanceTls) -> Result<Self, String> {
        let configured = |verifier: Arc<dyn ServerCertVerifier>| -> Result<Arc<ClientConfig>, String> {
            // As the crate calls every verifier that is not its own; what each of ours leaves out, its mode says.
            let builder = ClientConfig::builder().dangerous().with_custom_certificate_verifier(verifier);
            let (Some(certificate), Some(key)) = (&config.certificate, &config.key) else {
                return Ok(Arc::new(builder.with_no_client_auth()));
            };
            let key = PrivateKeyDer::from_pem_file(key)
                .map_err(|e| format!("instance_tls.key {}: {e}", key.display()))?;
            let chain = certificates(certificate, "certificate")?;
            let client = builder.with_client_auth_cert(chain, key);
            Ok(Arc::new(
                client.map_err(|e| format!("instance_tls.certificate {}: {e}", certificate.display()))?,
            ))
        };
        let verified = match &config.authority {
            None => None,
            Some(file) => {
                let wrong =
                    |e: &dyn std::fmt::Display| format!("instance_tls.authority {}: {e}", file.display());
                let mut roots = RootCertStore::empty();
                for certificate in certificates(file, "authority")? {
                    roots.add(certificate).map_err(|e| wrong(&e))?;
                }
                let web = WebPkiServerVerifier::builder(Arc::new(roots)).build().map_err(|e| wrong(&e))?;
                Some(Verified {
                    authority: configured(Arc::new(AnyName(Arc::clone(&web))))?,
                    identity: configured(web)?,
                })
            }
        };
        let provider = ClientConfig::builder().crypto_provider().clone();
        Ok(Self { any: configured(Arc::new(AnyCertificate(provider)))?, verified })
    }
}

fn certificates(file: &Path, field: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let wrong = |e: &dyn std::fmt::Display| format!("instance_tls.{field} {}: {e}", file.display());
    let all = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match all {
        Ok(all) if all.is_empty() => Err(wrong(&"no certificate is in it")),
        Ok(all) => Ok(all),
        Err(e) => Err(wrong(&e)),
    }
}

/// VERIFY_CA: signed by the authority, for whatever name. The certificates that MySQL makes for itself name no host.
#[derive(Debug)]
struct AnyName(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        // The name is looked at last: one that is wrong is all that is wrong.
        match self.0.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}

/// REQUIRED: whoever it is, nobody reads along.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
