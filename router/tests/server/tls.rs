//! TLS on every kind of listener.

use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_rustls::rustls::HandshakeKind;
use wamp_proto::Serializer;
use wamp_router::auth::Anonymous;
use wamp_router::realm::RealmOptions;
use wamp_router::session::{Applicant, Authenticator, Refusal, TlsFacts, Verdict};
use wamp_router::{
    ClientCertificates, HttpSettings, Listener, Listening, Protocol, RawSocketSettings, Router, Server, Tls, TlsError,
    TlsSettings, TlsVersion, UnixSocket, Web,
};

use crate::common::raw::RawClient;
use crate::common::tls::{Authority, Certified, openssl, replace};
use crate::common::{Client, soon};

async fn port() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

fn server() -> Server {
    Server::new(&Router::builder().realm("realm1").build())
}

fn universal() -> Protocol {
    Protocol::Universal { rawsocket: RawSocketSettings::default(), web: Web::from(axum::Router::new()) }
}

async fn serve(server: &Server, protocol: impl Into<Protocol>, tls: Tls) -> Listening {
    server.listen(Listener::new(port().await, protocol).tls(tls))
}

async fn sees_its_own_event<S: crate::common::raw::Stream>(mut client: RawClient<S>) {
    client.send(json!([32, 1, {}, "com.example.topic"])).await;
    let subscribed = client.receive().await;
    client.send(json!([16, 2, {"exclude_me": false}, "com.example.topic", [1, "two"]])).await;
    let event = client.receive().await;
    assert_eq!((&event[0], &event[1], &event[4]), (&json!(36), &subscribed[2], &json!([1, "two"])));
    client.send(json!([6, {}, "wamp.close.close_realm"])).await;
    assert_eq!(client.receive().await[2], "wamp.close.goodbye_and_out");
    assert!(client.rest().await.is_empty());
}

#[tokio::test]
async fn every_protocol_over_tls() {
    let (authority, server) = (Authority::new(), server());
    let tls = authority.tls();
    let web = serve(&server, Web::from(axum::Router::new()), tls.clone()).await.local_addr().unwrap();
    let rawsocket = serve(&server, RawSocketSettings::default(), tls.clone()).await.local_addr().unwrap();
    let both = serve(&server, universal(), tls).await.local_addr().unwrap();
    for serializer in Serializer::ALL {
        for address in [web, both] {
            let stream = authority.connect(address, None).await.unwrap();
            let mut client = Client::over(stream, "wss://localhost/ws", serializer.subprotocol(), &[]).await.unwrap();
            client.say_hello().await;
            client.subscribe(1, "com.example.topic").await;
            client.send(json!([6, {}, "wamp.close.close_realm"])).await;
            assert_eq!(client.receive().await[2], "wamp.close.goodbye_and_out");
            assert_eq!(u16::from(client.closed().await.unwrap().code), 1000);
        }
        for address in [rawsocket, both] {
            let stream = authority.connect(address, None).await.unwrap();
            sees_its_own_event(RawClient::join(stream, serializer).await).await;
        }
    }
    soon(server.shutdown()).await;
}

#[tokio::test]
async fn over_a_unix_socket_too() {
    let (authority, server) = (Authority::new(), server());
    let paths = [authority.path("plain.sock"), authority.path("tls.sock")];
    let socket = |path| UnixSocket::bind(path, 0o600).unwrap();
    server.listen(Listener::new(socket(&paths[0]), universal()));
    server.listen(Listener::new(socket(&paths[1]), universal()).tls(authority.tls()));

    let plain = || async { UnixStream::connect(&paths[0]).await.unwrap() };
    sees_its_own_event(RawClient::join(plain().await, Serializer::Cbor).await).await;
    let mut client = Client::over(plain().await, "ws://localhost/ws", "wamp.2.json", &[]).await.unwrap();
    client.say_hello().await;
    client.subscribe(1, "com.example.topic").await;

    let tls = || async { authority.over(UnixStream::connect(&paths[1]).await.unwrap(), None).await.unwrap() };
    sees_its_own_event(RawClient::join(tls().await, Serializer::Cbor).await).await;
    let mut client = Client::over(tls().await, "wss://localhost/ws", "wamp.2.json", &[]).await.unwrap();
    client.say_hello().await;
    client.subscribe(1, "com.example.topic").await;
}

/// Somebody who does not read is left behind, and gets everything once he does: also the end of it, which nothing
/// follows that would push it out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_misses_nothing() {
    const EVENTS: usize = 200;
    let (authority, server) = (Authority::new(), server());
    let address = serve(&server, RawSocketSettings::default(), authority.tls()).await.local_addr().unwrap();
    let connect = || async { authority.connect(address, None).await.unwrap() };
    let mut reader = RawClient::join(connect().await, Serializer::Cbor).await;
    reader.send(json!([32, 1, {}, "com.example.topic"])).await;
    reader.receive().await;
    let mut publisher = RawClient::join(connect().await, Serializer::Json).await;
    let filling = "x".repeat(20_000);
    for event in 0..EVENTS {
        publisher.send(json!([16, event + 1, {"acknowledge": true}, "com.example.topic", [event, filling]])).await;
        publisher.receive().await;
    }
    for event in 0..EVENTS {
        assert_eq!(reader.receive().await[4][0], event);
    }
}

#[tokio::test]
async fn long_messages_both_ways() {
    let (authority, server) = (Authority::new(), server());
    let address = serve(&server, RawSocketSettings::default(), authority.tls()).await.local_addr().unwrap();
    let mut client = RawClient::join(authority.connect(address, None).await.unwrap(), Serializer::Json).await;
    client.send(json!([32, 1, {}, "com.example.topic"])).await;
    client.receive().await;
    for (request, length) in [(2, 100), (3, 16 << 10), (4, 70_000), (5, 3_000_000)] {
        client.send(json!([16, request, {"exclude_me": false}, "com.example.topic", ["x".repeat(length)]])).await;
        assert_eq!(client.receive().await[4][0].as_str().unwrap().len(), length);
    }
}

/// The certificate a client is shown.
async fn shown(authority: &Authority, listening: &Listening) -> Vec<u8> {
    let stream = authority.connect(listening.local_addr().unwrap(), None).await.unwrap();
    stream.get_ref().1.peer_certificates().unwrap()[0].to_vec()
}

#[tokio::test]
async fn a_certificate_is_replaced_and_no_session_dropped() {
    let (authority, server) = (Authority::new(), server());
    let (first, second) = (authority.certify("first"), authority.certify("second"));
    let (before, after) = (first.der(), second.der());
    let tls = Tls::load(first.settings()).unwrap();
    let listening = serve(&server, RawSocketSettings::default(), tls.clone()).await;
    let stream = authority.connect(listening.local_addr().unwrap(), None).await.unwrap();
    let client = RawClient::join(stream, Serializer::Json).await;
    assert_eq!(shown(&authority, &listening).await, before);

    fs::write(&first.certificate, "-----BEGIN CERTIFICATE-----\nbroken").unwrap();
    assert!(matches!(tls.reload(), Err(TlsError::File { path, .. }) if path == first.certificate));
    assert_eq!(shown(&authority, &listening).await, before, "a bad file changes nothing");

    replace(&first, &second);
    assert_eq!(shown(&authority, &listening).await, before, "it is not read unless asked for");
    listening.tls().unwrap().reload().unwrap();
    assert_eq!(shown(&authority, &listening).await, after);
    sees_its_own_event(client).await;
}

/// Lets everybody in, and keeps what TLS tells of the last.
#[derive(Debug, Default)]
struct Watching(Mutex<Option<Arc<TlsFacts>>>);

impl Authenticator for Watching {
    fn meet(&self, applicant: &Applicant<'_>) -> Result<Verdict, Refusal> {
        *self.0.lock() = applicant.origin.tls.clone();
        Anonymous.meet(applicant)
    }
}

#[tokio::test]
async fn an_authenticator_is_told_what_tls_knows() {
    let authority = Authority::new();
    let watching = Arc::new(Watching::default());
    let options = RealmOptions { authenticator: watching.clone(), ..RealmOptions::default() };
    let server = Server::new(&Router::builder().realm_with("realm1", options).build());
    let client_certificates = ClientCertificates::Optional(vec![authority.certificate()]);
    let tls = Tls::load(TlsSettings { client_certificates, ..authority.certify("localhost").settings() }).unwrap();
    let address = serve(&server, universal(), tls).await.local_addr().unwrap();
    let alice = authority.certify("alice");
    for own in [None, Some(&alice)] {
        let stream = authority.connect(address, own).await.unwrap();
        let exported = stream.get_ref().1.export_keying_material([0; 32], b"EXPORTER-Channel-Binding", None).unwrap();
        let facts = TlsFacts {
            version: "TLSv1.3",
            server_name: Some("localhost".into()),
            certificates: own.iter().map(|own| own.der()).collect(),
            exporter: Some(exported),
        };
        let client = RawClient::join(stream, Serializer::Json).await;
        assert_eq!(watching.0.lock().take().as_deref(), Some(&facts), "RawSocket");
        drop(client);

        let stream = authority.connect(address, own).await.unwrap();
        let mut client = Client::over(stream, "wss://localhost/ws", "wamp.2.json", &[]).await.unwrap();
        client.say_hello().await;
        assert_eq!(watching.0.lock().take().unwrap().certificates, facts.certificates, "WebSocket");
    }
}

/// Who comes back needs no second key exchange, and is still who he was; until the files are read again, by which an
/// authority may have gone.
#[tokio::test]
async fn who_comes_back_resumes_until_a_reload() {
    let authority = Authority::new();
    let watching = Arc::new(Watching::default());
    let options = RealmOptions { authenticator: watching.clone(), ..RealmOptions::default() };
    let server = Server::new(&Router::builder().realm_with("realm1", options).build());
    let client_certificates = ClientCertificates::Required(vec![authority.certificate()]);
    let tls = Tls::load(TlsSettings { client_certificates, ..authority.certify("localhost").settings() }).unwrap();
    let address = serve(&server, RawSocketSettings::default(), tls.clone()).await.local_addr().unwrap();
    let alice = authority.certify("alice");
    let connector = authority.connector(Some(&alice));
    for (reload, kind) in [(false, HandshakeKind::Full), (false, HandshakeKind::Resumed), (true, HandshakeKind::Full)] {
        if reload {
            tls.reload().unwrap();
        }
        let stream = TcpStream::connect(address).await.unwrap();
        let stream = soon(connector.connect("localhost".try_into().unwrap(), stream)).await.unwrap();
        assert_eq!(stream.get_ref().1.handshake_kind(), Some(kind));
        drop(RawClient::join(stream, Serializer::Json).await);
        assert_eq!(watching.0.lock().take().unwrap().certificates, [alice.der()], "{kind:?}");
    }
}

/// Whether a client with this certificate gets in.
async fn enters(authority: &Authority, listening: &Listening, own: Option<&Certified>) -> bool {
    let Ok(stream) = authority.connect(listening.local_addr().unwrap(), own).await else { return false };
    // With TLS 1.3 a client is done with the handshake before its certificate is looked at.
    RawClient::shakes_hands(stream).await
}

#[tokio::test]
async fn who_has_to_show_a_certificate_needs_one_of_the_right_authority() {
    let (authority, other, server) = (Authority::new(), Authority::new(), server());
    let localhost = authority.certify("localhost");
    let (alice, mallory) = (authority.certify("alice"), other.certify("alice"));
    let of = |client_certificates| Tls::load(TlsSettings { client_certificates, ..localhost.settings() }).unwrap();
    let files = || vec![authority.certificate()];
    let table = [
        (ClientCertificates::None, [true, true, true]),
        (ClientCertificates::Optional(files()), [true, true, false]),
        (ClientCertificates::Required(files()), [false, true, false]),
    ];
    for (whose, verdicts) in table {
        let listening = serve(&server, RawSocketSettings::default(), of(whose.clone())).await;
        for (own, enters_) in [None, Some(&alice), Some(&mallory)].into_iter().zip(verdicts) {
            assert_eq!(enters(&authority, &listening, own).await, enters_, "{whose:?} {}", own.is_some());
        }
    }
}

#[tokio::test]
async fn the_oldest_version_is_what_it_is_set_to() {
    let (authority, server) = (Authority::new(), server());
    let localhost = authority.certify("localhost");
    for (minimum_version, twelve) in [(TlsVersion::V12, true), (TlsVersion::V13, false)] {
        let tls = Tls::load(TlsSettings { minimum_version, ..localhost.settings() }).unwrap();
        let listening = serve(&server, Web::from(axum::Router::new()), tls).await;
        for (version, gets_in) in [("1.2", twelve), ("1.3", true)] {
            assert_eq!(
                curl(&authority, &listening, &["--tls-max", version]).await.is_some(),
                gets_in,
                "{minimum_version:?} {version}"
            );
        }
    }
}

/// What curl is answered, if it gets in.
async fn curl(authority: &Authority, listening: &Listening, options: &[&str]) -> Option<String> {
    let port = listening.local_addr().unwrap().port();
    let mut command = Command::new("curl");
    command.args(["--silent", "--include", "--cacert"]).arg(authority.certificate()).args(options);
    command.arg(format!("https://localhost:{port}/ws"));
    let answer = soon(tokio::task::spawn_blocking(move || command.output())).await.unwrap().unwrap();
    answer.status.success().then(|| String::from_utf8(answer.stdout).unwrap().to_lowercase())
}

#[tokio::test]
async fn browsers_are_told_to_come_by_tls_only() {
    let (authority, server) = (Authority::new(), server());
    let http = HttpSettings { hsts: Some(Duration::from_secs(3600)), ..HttpSettings::default() };
    let web = || Web { http: http.clone(), ..Web::from(axum::Router::new()) };
    let listening = serve(&server, web(), authority.tls()).await;
    // Whose ALPN has HTTP/2 as well.
    let answer = curl(&authority, &listening, &[]).await.unwrap();
    assert!(
        answer.starts_with("http/1.1 426") && answer.contains("strict-transport-security: max-age=3600"),
        "{answer}"
    );
    let plain = server.listen(Listener::new(port().await, web())).local_addr().unwrap();
    let answer = crate::common::http(plain, "GET /ws HTTP/1.1\r\nhost: localhost", b"").await;
    assert!(!answer.head.contains("strict-transport-security"), "{answer:?}");
}

#[tokio::test]
async fn who_does_not_shake_hands_is_not_waited_for() {
    let (authority, server) = (Authority::new(), server());
    let listener = Listener::new(port().await, universal()).tls(authority.tls());
    let listening = server.listen(Listener { handshake_timeout: Duration::from_millis(50), ..listener });
    let mut silent = TcpStream::connect(listening.local_addr().unwrap()).await.unwrap();
    assert_eq!(soon(silent.read(&mut [0; 8])).await.unwrap(), 0);
    let mut mute = authority.connect(listening.local_addr().unwrap(), None).await.unwrap();
    let _ = soon(mute.read(&mut [0; 8])).await;
    let mut plain = TcpStream::connect(listening.local_addr().unwrap()).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = soon(plain.read_to_end(&mut answer)).await;
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
}

#[test]
fn files_that_will_not_do_are_named() {
    let authority = Authority::new();
    let (good, other) = (authority.certify("good"), authority.certify("other"));
    let file = |name: &str, content: &[u8]| {
        let path = authority.path(name);
        fs::write(&path, content).unwrap();
        path
    };
    let locked = authority.path("locked.key");
    let (from, to) = (good.key.to_str().unwrap(), locked.to_str().unwrap());
    openssl(&["pkey", "-in", from, "-aes256", "-passout", "pass:secret", "-out", to]);
    let load = |certificate: &_, key: &_| Tls::load(TlsSettings::new(certificate, key)).unwrap_err().to_string();
    let (empty, text) = (file("empty.pem", b""), file("text.pem", b"certificate"));
    let torn = file("torn.pem", &fs::read(&good.certificate).unwrap()[..200]);
    let der = file("der.pem", &good.der());
    let table = [
        (load(&authority.path("none.pem"), &good.key), "none.pem", "cannot read"),
        (load(&good.certificate, &authority.path("none.key")), "none.key", "cannot read"),
        (load(&empty, &good.key), "empty.pem", "empty"),
        (load(&text, &good.key), "text.pem", "BEGIN CERTIFICATE"),
        (load(&der, &good.key), "der.pem", "PEM"),
        (load(&torn, &good.key), "torn.pem", "PEM"),
        (load(&good.key, &good.key), "good.key", "BEGIN CERTIFICATE"),
        (load(&good.certificate, &good.certificate), "good.pem", "that is a certificate"),
        (load(&good.certificate, &text), "text.pem", "BEGIN PRIVATE KEY"),
        (load(&good.certificate, &locked), "locked.key", "passphrase"),
        (load(&good.certificate, &other.key), "other.key", "does not belong to the certificate"),
    ];
    for (error, name, what) in table {
        assert!(error.contains(name) && error.contains(what), "{error}");
    }
    let client_certificates = ClientCertificates::Required(Vec::new());
    let nobody = Tls::load(TlsSettings { client_certificates, ..good.settings() }).unwrap_err().to_string();
    assert!(nobody.contains("authorities"), "{nobody}");
}
