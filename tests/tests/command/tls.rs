//! Receivers behind TLS.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::run::WebhookRs;

const TF: (&str, &str) = ("TF_WEBHOOK_TOKEN", "token-of-the-point-of-sale-3");

/// A receiver for this name, and the certificate of the authority that vouches for it.
async fn receiver(name: &str) -> (std::net::SocketAddr, String) {
    let authority = KeyPair::generate().unwrap();
    let mut of_authority = CertificateParams::default();
    of_authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = of_authority.self_signed(&authority).unwrap().pem();
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new([name.to_owned()])
        .unwrap()
        .signed_by(&key, &Issuer::new(of_authority, authority))
        .unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A sender that does not trust the certificate has hung up by now.
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut request = vec![0; 64 * 1024];
            let _read = stream.read(&mut request).await;
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK";
            let _sent = stream.write_all(answer).await;
            let _closed = stream.shutdown().await;
        }
    });
    (addr, root)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_must_be_for_the_host_and_from_a_known_authority() {
    for (name, trusted, expected) in [
        ("localhost", true, "received: the sender counts only 200"),
        (
            "localhost",
            false,
            "no TLS connection: invalid peer certificate",
        ),
        (
            "example.com",
            true,
            "no TLS connection: invalid peer certificate",
        ),
    ] {
        let (addr, root) = receiver(name).await;
        let (_, other) = receiver(name).await;
        let said = tokio::task::spawn_blocking(move || {
            let command = WebhookRs::new();
            let file = command.home().file("roots.pem");
            std::fs::write(&file, if trusted { root } else { other }).unwrap();
            let url = format!("https://localhost:{}/webhook", addr.port());
            let roots = ("SSL_CERT_FILE", file.to_str().unwrap());
            command
                .run(&["send", "tusfacturas", &url], &[TF, roots])
                .stdout
        });
        let said = said.await.unwrap();
        assert!(said.contains(expected), "{name}, {trusted}: {said}");
    }
}
