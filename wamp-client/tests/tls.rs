//! wss: a TLS end in front of the real router.

#![cfg(feature = "tls")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use wamp_client::rustls::crypto::ring;
use wamp_client::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use wamp_client::rustls::{ClientConfig, RootCertStore, ServerConfig};
use wamp_client::{App, Error};
use wamp_router::Router;

/// Serves TLS for "localhost" with a certificate that only this test knows, and hands the bytes on to a router.
async fn serve() -> (SocketAddr, CertificateDer<'static>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let server = Router::builder().realm("realm1").build().serve(listener, axum::Router::new());
    let router = server.local_addr();

    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("it can be made");
    let certificate = made.cert.der().clone();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("it is a key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .expect("the key fits");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A client that does not trust the certificate breaks off.
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                let mut onward = TcpStream::connect(router).await.expect("the router listens");
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut onward).await;
            });
        }
    });
    (address, certificate)
}

#[tokio::test]
async fn a_certificate_that_is_trusted_lets_us_in() {
    let (address, certificate) = serve().await;
    let mut roots = RootCertStore::empty();
    roots.add(certificate).expect("it is one");
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let app = App::new(format!("wss://localhost:{}/ws", address.port())).tls(Arc::new(config));
    let started =
        timeout(Duration::from_secs(30), app.register("com.example.add", |a: i64| async move { a + 1 }).start());
    let running = started.await.expect("it is in time").expect("it starts");
    let mut events = Vec::new();
    for number in 0..3 {
        let answer: Result<i64, _> = running.client().call("com.example.add").arg(number).await;
        events.push(answer.expect("it is answered"));
    }
    assert_eq!(events, [1, 2, 3]);
    running.stop().await.expect("it ends well");
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_refused() {
    let (address, _) = serve().await;
    let app = App::new(format!("wss://localhost:{}/ws", address.port()));
    let started = timeout(Duration::from_secs(30), app.start()).await.expect("it is in time");
    // Without any authority on the system there is nothing to trust, which is said too.
    let error = started.expect_err("nobody vouches for it");
    assert!(matches!(&error, Error::Handshake { .. } | Error::Tls(_)), "{error}");
    assert!(error.to_string().contains("TLS"), "{error}");
}
