//! The server behind TLS.

#![cfg(feature = "tls")]

mod support;

use std::sync::Arc;

use support::next;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_tungstenite::client_async;
use vivavoce_server::{LocalServer, Tls, TlsError};

async fn secured(server: &LocalServer, name: &'static str, trusted: &str) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(trusted.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(server.addr()).await?;
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(name).unwrap(), stream).await
}

async fn server() -> (LocalServer, String) {
    let (tls, trusted) = Tls::self_signed(&["localhost", "127.0.0.1"]).unwrap();
    (LocalServer::builder().tls(tls).start().await.unwrap(), trusted)
}

#[tokio::test]
async fn a_client_that_trusts_the_certificate_has_a_session() {
    let (server, trusted) = server().await;
    assert!(server.url().starts_with("wss://127.0.0.1:"));
    for name in ["localhost", "127.0.0.1"] {
        let stream = secured(&server, name, &trusted).await.unwrap();
        let (mut socket, _) = client_async(format!("ws://{name}/v1/realtime?model=m"), stream).await.unwrap();
        assert_eq!(next(&mut socket).await["type"], "session.created");
    }
    secured(&server, "elsewhere", &trusted).await.unwrap_err();
    let (_, another) = Tls::self_signed(&["localhost"]).unwrap();
    secured(&server, "localhost", &another).await.unwrap_err();
}

#[tokio::test]
async fn a_handshake_that_stalls_keeps_nobody_waiting() {
    let (server, trusted) = server().await;
    let mut stalled = Vec::new();
    for _ in 0..16 {
        stalled.push(TcpStream::connect(server.addr()).await.unwrap());
    }
    let stream = secured(&server, "localhost", &trusted).await.unwrap();
    client_async("ws://localhost/v1/realtime?model=m", stream).await.unwrap();
}

#[tokio::test]
async fn a_client_without_tls_is_not_served() {
    let (server, _) = server().await;
    support::connect(&format!("ws://{}/v1/realtime?model=m", server.addr()), &[]).await.unwrap_err();
}

#[test]
fn what_is_wrong_with_a_certificate_is_said() {
    let (_, pem) = Tls::self_signed(&["localhost"]).unwrap();
    assert!(matches!(Tls::from_pem(b"no pem", b""), Err(TlsError::Certificate(_))));
    assert!(matches!(Tls::from_pem(pem.as_bytes(), b"no pem"), Err(TlsError::Key(_))));
    let other = rcgen::KeyPair::generate().unwrap().serialize_pem();
    assert!(matches!(Tls::from_pem(pem.as_bytes(), other.as_bytes()), Err(TlsError::Pair(_))));
    assert!(matches!(Tls::self_signed(&["b\u{e4}d"]), Err(TlsError::Making(_))));
}

#[tokio::test]
async fn a_certificate_of_ones_own_is_used() {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let pem = made.cert.pem();
    let tls = Tls::from_pem(pem.as_bytes(), made.signing_key.serialize_pem().as_bytes()).unwrap();
    let server = LocalServer::builder().tls(tls).start().await.unwrap();
    secured(&server, "localhost", &pem).await.unwrap();
}
