use std::sync::{Arc, OnceLock};

use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Encrypts a connection, and checks the certificate against the roots of this system.
pub(super) async fn encrypt(stream: TcpStream, name: &str) -> Result<TlsStream<TcpStream>, String> {
    let name = ServerName::try_from(name.to_owned())
        .map_err(|_| format!("no certificate can be for the host {name}"))?;
    TlsConnector::from(config()?)
        .connect(name, stream)
        .await
        .map_err(|error| format!("no TLS connection: {error}"))
}

fn config() -> Result<Arc<ClientConfig>, String> {
    static CONFIG: OnceLock<Result<Arc<ClientConfig>, String>> = OnceLock::new();

    let made = CONFIG.get_or_init(|| {
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        let (added, _) = roots.add_parsable_certificates(found.certs);
        if added == 0 {
            return Err(
                "no root certificates: install those of the system, or set SSL_CERT_FILE"
                    .to_owned(),
            );
        }
        let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Arc::new(config))
    });
    made.clone()
}
