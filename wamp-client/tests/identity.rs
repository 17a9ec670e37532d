//! Certificates, signatures bound to a connection, and cookies: the real router over real sockets.

#![cfg(all(feature = "tls", feature = "auth"))]

mod peer;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{SinkExt, StreamExt};
use peer::within;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio_rustls::{TlsAcceptor, TlsConnector};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::{HeaderValue, header};
use wamp_client::rustls::crypto::ring;
use wamp_client::rustls::pki_types::pem::PemObject;
use wamp_client::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use wamp_client::rustls::{ClientConfig, RootCertStore, ServerConfig};
use wamp_client::{App, Auth, Error, Lifecycle, SessionInfo, SigningKey};
use wamp_router::auth::{CookieSettings, Cookies, Fingerprint, Remembered, SameSite, Users};
use wamp_router::realm::RealmOptions;
use wamp_router::session::Entrance;
use wamp_router::{
    AllowedOrigins, ClientCertificates, Listener, Paths, Protocol, Router, Server, Tls, TlsSettings, WebSocketSettings,
};

/// An authority, and what it has issued.
struct Authority {
    folder: TempDir,
    issuer: Issuer<'static, KeyPair>,
    /// In PEM.
    certificate: String,
}

/// A certificate and its key, in PEM.
struct Issued {
    certificate: String,
    key: String,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("there are no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("there are random numbers");
        let certificate = params.self_signed(&key).expect("it can be signed").pem();
        let folder = tempfile::tempdir().expect("there is a folder for it");
        std::fs::write(folder.path().join("ca.pem"), &certificate).expect("it can be written");
        Self { folder, issuer: Issuer::new(params, key), certificate }
    }

    fn issue(&self, common_name: &str) -> Issued {
        let mut params = CertificateParams::new(["localhost".to_owned()]).expect("it is a name");
        params.distinguished_name.push(DnType::CommonName, common_name);
        let key = KeyPair::generate().expect("there are random numbers");
        let certificate = params.signed_by(&key, &self.issuer).expect("it can be signed");
        Issued { certificate: certificate.pem(), key: key.serialize_pem() }
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("it can be written");
        path
    }

    /// A router with TLS, which asks for certificates of this authority but does not insist.
    async fn serve(&self, users: Users) -> Server {
        let own = self.issue("router");
        let certificate = self.file("router.pem", &own.certificate);
        let mut settings = TlsSettings::new(certificate, self.file("router.key", &own.key));
        settings.client_certificates = ClientCertificates::Optional(vec![self.folder.path().join("ca.pem")]);
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let server = Server::new(&router(users));
        let tls = Tls::load(settings).expect("the files are good");
        server.listen(Listener::new(listener, Protocol::Web(axum::Router::new().into())).tls(tls));
        server
    }

    fn app(&self, address: SocketAddr) -> App {
        let app = App::new(format!("wss://localhost:{}/ws", address.port()));
        app.tls_roots(&self.certificate).expect("it is a certificate")
    }
}

impl Issued {
    fn der(&self) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(self.certificate.as_bytes()).expect("it is a certificate")
    }
}

fn router(users: Users) -> Router {
    let options = RealmOptions { authenticator: Arc::new(users), ..RealmOptions::default() };
    Router::builder().realm_with("realm1", options).build()
}

async fn join(app: App) -> Result<SessionInfo, Error> {
    let running = within(app.start()).await?;
    let session = running.client().session().expect("it has joined");
    within(running.stop()).await?;
    Ok(SessionInfo::clone(&session))
}

async fn joined(app: App) -> [String; 3] {
    let session = join(app).await.expect("it joins");
    [session.authid, session.authrole, session.authmethod].map(|text| text.expect("the router says so"))
}

async fn refused(app: App, expected: &str, text: &str) {
    let error = join(app).await.expect_err("it is refused");
    let Error::Refused { reason, message, .. } = &error else { panic!("{error}") };
    assert_eq!(reason, expected);
    assert!(message.contains(text), "{message}");
}

#[tokio::test]
async fn a_certificate_lets_in_whom_it_belongs_to() {
    let authority = Authority::new();
    let (one, two, other) = (authority.issue("one"), authority.issue("two"), authority.issue("machine-7"));
    let users = Users::default()
        .certificate("sensor-1", "sensor", Fingerprint::sha256(&one.der()))
        // As Crossbar.io has it.
        .certificate("sensor-2", "sensor", Fingerprint::sha1(&two.der()).to_string().parse().expect("it is one"))
        .any_certificate("device")
        .ticket("joe", "user", "secret");
    let server = authority.serve(users).await;
    let app = || authority.app(server.local_addr());
    let with = |issued: &Issued| app().tls_identity(&issued.certificate, &issued.key).expect("they go together");
    assert_eq!(joined(with(&one).auth(Auth::tls())).await, ["sensor-1", "sensor", "tls"]);
    assert_eq!(joined(with(&two).auth(Auth::tls().authid("sensor-2"))).await, ["sensor-2", "sensor", "tls"]);
    assert_eq!(joined(with(&other).auth(Auth::tls())).await, ["machine-7", "device", "tls"]);
    let denied = "wamp.error.authentication_denied";
    refused(with(&one).auth(Auth::tls().authid("sensor-2")), denied, "the certificate is of nobody").await;

    let required = "wamp.error.authentication_required";
    refused(app().auth(Auth::tls()), required, "which the client has to show in TLS").await;
    let several = Auth::tls().or(Auth::ticket("joe", "secret"));
    assert_eq!(joined(app().auth(several)).await, ["joe", "user", "ticket"]);
    // One that nobody vouches for does not even get to say HELLO.
    let stranger = Authority::new().issue("one");
    let error = join(app().tls_identity(&stranger.certificate, &stranger.key).expect("they go together"));
    let error = error.await.expect_err("it is refused");
    assert!(matches!(error, Error::Handshake { .. } | Error::Lost { .. }), "{error}");
    within(server.shutdown()).await;
}

#[test]
fn what_is_no_certificate_is_named() {
    let authority = Authority::new();
    let (one, two) = (authority.issue("one"), authority.issue("two"));
    let app = || App::new("wss://localhost/ws");
    for (error, expected) in [
        (app().tls_identity(&one.certificate, &two.key), "don't go together"),
        (app().tls_identity(&one.key, &one.key), "no certificate"),
        (app().tls_identity(&one.certificate, &one.certificate), "no private key"),
        (app().tls_roots("-----BEGIN"), "no certificate"),
    ] {
        let error = error.expect_err(expected);
        assert!(matches!(error, Error::Tls(_)) && error.to_string().contains(expected), "{error}");
    }
}

/// Takes connections in the router's place, with a certificate the client trusts, and passes on what is said.
async fn man_in_the_middle(authority: &Authority, router: SocketAddr) -> SocketAddr {
    let own = authority.issue("middle");
    let key = PrivateKeyDer::from_pem_slice(own.key.as_bytes()).expect("it is a key");
    let provider = Arc::new(ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_no_client_auth()
        .with_single_cert(vec![own.der()], key)
        .expect("they go together");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.certificate.as_bytes()).expect("it is one")).expect("it is one");
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has them")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = TlsConnector::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, connector) = (acceptor.clone(), connector.clone());
            tokio::spawn(async move {
                let mut near = acceptor.accept(stream).await.expect("the client trusts it");
                let far = TcpStream::connect(router).await.expect("the router listens");
                let name = ServerName::try_from("localhost").expect("it is a name");
                let mut far = connector.connect(name, far).await.expect("it trusts the router");
                let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
            });
        }
    });
    address
}

#[tokio::test]
async fn a_signature_is_good_for_one_connection() {
    let authority = Authority::new();
    let key = || SigningKey::from_seed(&[3; 32]);
    let bound = || Auth::cryptosign(key()).bind_channel();
    let users = || Users::default().cryptosign("sensor-1", "sensor", key().public_key());
    let expected = ["sensor-1", "sensor", "cryptosign"];
    let lenient = authority.serve(users()).await;
    let strict = authority.serve(users().require_channel_binding()).await;
    let app = |server: &Server| authority.app(server.local_addr());
    for server in [&lenient, &strict] {
        assert_eq!(joined(app(server).auth(bound())).await, expected);
    }
    assert_eq!(joined(app(&lenient).auth(Auth::cryptosign(key()))).await, expected);
    let required = "wamp.error.authentication_required";
    refused(app(&strict).auth(Auth::cryptosign(key())), required, "needs a channel binding here").await;

    // Without the binding, whoever is in between passes it on.
    let middle = man_in_the_middle(&authority, lenient.local_addr()).await;
    assert_eq!(joined(authority.app(middle).auth(Auth::cryptosign(key()))).await, expected);
    refused(authority.app(middle).auth(bound()), "wamp.error.authentication_denied", "signature is wrong").await;

    // Nor is there one where TLS 1.3 is not spoken.
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let plain = router(users()).serve(listener, axum::Router::new());
    let app = App::new(format!("ws://{}/ws", plain.local_addr())).auth(bound());
    refused(app, required, "without TLS 1.3").await;
    for server in [lenient, strict, plain] {
        within(server.shutdown()).await;
    }
}

/// A router that knows clients by their cookies.
async fn serve_cookies(settings: CookieSettings, allowed_origins: AllowedOrigins) -> Server {
    let entrance = Arc::new(Entrance::new("websocket", true));
    entrance.set_cookies(Some(Cookies::open(settings).expect("the file is good")));
    let users = Users::default().ticket("joe", "user", "secret").anonymous("guest");
    entrance.set_authenticator(Some(Arc::new(Remembered::new(Arc::new(users)))));
    let websocket = WebSocketSettings { entrance, allowed_origins, ..WebSocketSettings::default() };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let server = Server::new(&Router::builder().realm("realm1").build());
    server.listen(Listener::new(listener, Protocol::Web(Paths::simple(websocket, axum::Router::new()).into())));
    server
}

#[tokio::test]
async fn a_client_that_comes_back_is_known_by_its_cookie() {
    let server = serve_cookies(CookieSettings::default(), AllowedOrigins::own()).await;
    // What the client connects to, which can be cut.
    let between = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let (address, router) = (between.local_addr().expect("it is bound"), server.local_addr());
    let cut = Arc::new(Notify::new());
    let cutting = Arc::clone(&cut);
    tokio::spawn(async move {
        while let Ok((mut near, _)) = between.accept().await {
            let mut far = TcpStream::connect(router).await.expect("the router listens");
            tokio::select! {
                _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                () = cutting.notified() => {}
            }
        }
    });
    let asked = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&asked);
    let ticket = Auth::ticket_with("joe", move || {
        counting.fetch_add(1, Ordering::Relaxed);
        "secret".to_owned()
    });
    let app = App::new(format!("ws://{address}/ws")).auth(Auth::cookie().or(ticket));
    let running = within(app.start()).await.expect("it joins");
    let first = running.client().session().expect("it has joined");
    assert_eq!(first.authid.as_deref(), Some("joe"));
    let mut lifecycle = running.client().lifecycle();
    cut.notify_one();
    while !matches!(within(lifecycle.next()).await, Some(Lifecycle::Lost(_))) {}
    let second = within(running.client().joined()).await.expect("it runs");
    assert_ne!(second.id, first.id);
    assert_eq!((second.authid.as_deref(), second.authrole.as_deref()), (Some("joe"), Some("user")));
    assert_eq!(asked.load(Ordering::Relaxed), 1, "the ticket was not needed again");
    within(running.stop()).await.expect("it ends well");
    within(server.shutdown()).await;
}

/// A WebSocket that shows a cookie, if it has one, and what cookie it was given.
struct Browser {
    socket: WebSocketStream<TcpStream>,
    set: Option<String>,
}

impl Browser {
    async fn open(server: &Server, cookie: Option<&str>, origin: Option<&str>) -> Self {
        let stream = TcpStream::connect(server.local_addr()).await.expect("the router listens");
        let mut request = format!("ws://{}/ws", server.local_addr()).into_client_request().expect("it is a request");
        let headers = request.headers_mut();
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static("wamp.2.json"));
        for (name, value) in [(header::COOKIE, cookie), (header::ORIGIN, origin)] {
            if let Some(value) = value {
                headers.insert(name, HeaderValue::from_str(value).expect("it is a header"));
            }
        }
        let (socket, response) =
            within(tokio_tungstenite::client_async(request, stream)).await.expect("it is a WebSocket");
        let set = response.headers().get(header::SET_COOKIE);
        let set = set.map(|set| set.to_str().expect("it is text").to_owned());
        Self { socket, set }
    }

    async fn send(&mut self, message: Value) {
        within(self.socket.send(Message::text(message.to_string()))).await.expect("it is sent");
    }

    async fn receive(&mut self) -> Value {
        let message = within(self.socket.next()).await.expect("there is one more").expect("it is a message");
        serde_json::from_str(message.to_text().expect("it is text")).expect("it is JSON")
    }

    /// The answer to HELLO.
    async fn hello(&mut self, details: Value) -> Value {
        let mut details = details;
        details["roles"] = json!({"caller": {}});
        self.send(json!([1, "realm1", details])).await;
        self.receive().await
    }

    /// What to show the next time.
    fn cookie(&self) -> String {
        let set = self.set.as_deref().expect("there was none before");
        set.split(';').next().expect("there is a first part").to_owned()
    }
}

fn authenticated(welcome: &Value) -> [&Value; 3] {
    assert_eq!(welcome[0], 2, "{welcome}");
    ["authid", "authmethod", "authprovider"].map(|key| &welcome[2][key])
}

#[tokio::test]
async fn who_logs_out_is_known_no_more() {
    let folder = tempfile::tempdir().expect("there is a folder");
    let file = Some(folder.path().join("cookies.dat"));
    let settings = CookieSettings { file, same_site: SameSite::Strict, ..CookieSettings::default() };
    let server = serve_cookies(settings.clone(), AllowedOrigins::own()).await;
    let by_cookie = || json!({"authmethods": ["cookie"]});

    let mut first = Browser::open(&server, None, None).await;
    assert!(first.set.as_deref().is_some_and(|set| set.ends_with("SameSite=Strict; HttpOnly")), "{:?}", first.set);
    let cookie = first.cookie();
    let refusal = Browser::open(&server, Some(&cookie), None).await.hello(by_cookie()).await;
    assert_eq!(refusal[2], "wamp.error.no_matching_auth_method", "nobody is known by it yet");
    assert_eq!(first.hello(json!({"authmethods": ["cookie", "ticket"], "authid": "joe"})).await[0], 4);
    first.send(json!([5, "secret", {}])).await;
    assert_eq!(authenticated(&first.receive().await), ["joe", "ticket", "static"]);

    let mut second = Browser::open(&server, Some(&cookie), None).await;
    assert_eq!(second.set, None);
    assert_eq!(authenticated(&second.hello(by_cookie()).await), ["joe", "ticket", "cookie"]);
    let mut other = Browser::open(&server, Some(&cookie), None).await;
    let refusal = other.hello(json!({"authmethods": ["cookie"], "authid": "ann"})).await;
    assert_eq!(refusal[2], "wamp.error.no_matching_auth_method", "it is not the one who is asked for");
    // After a restart as well.
    drop((first, second, other));
    within(server.shutdown()).await;
    let server = serve_cookies(settings, AllowedOrigins::own()).await;
    let mut first = Browser::open(&server, Some(&cookie), None).await;
    let mut second = Browser::open(&server, Some(&cookie), None).await;
    for browser in [&mut first, &mut second] {
        assert_eq!(authenticated(&browser.hello(by_cookie()).await), ["joe", "ticket", "cookie"]);
    }
    second.send(json!([6, {}, "wamp.close.logout"])).await;
    assert_eq!(second.receive().await, json!([6, {}, "wamp.close.goodbye_and_out"]));
    assert_eq!(first.receive().await, json!([6, {}, "wamp.close.logout"]), "it has ended with the other");
    let refusal = Browser::open(&server, Some(&cookie), None).await.hello(by_cookie()).await;
    assert_eq!(refusal[2], "wamp.error.no_matching_auth_method");
    drop((first, second));
    within(server.shutdown()).await;
}

/// Cookies track who proves nothing, too; and don't help pages that anybody may have made.
#[tokio::test]
async fn anonymous_clients_are_told_apart_by_their_cookies() {
    let server = serve_cookies(CookieSettings::default(), AllowedOrigins::all()).await;
    let own = format!("http://{}", server.local_addr());
    let mut first = Browser::open(&server, None, Some(&own)).await;
    let cookie = first.cookie();
    let welcome = first.hello(json!({})).await;
    let authid = welcome[2]["authid"].clone();
    let mut again = Browser::open(&server, Some(&cookie), None).await;
    assert_eq!(again.hello(json!({})).await[2]["authid"], authid);
    let mut new = Browser::open(&server, None, None).await;
    assert_ne!(new.hello(json!({})).await[2]["authid"], authid);
    let mut foreign = Browser::open(&server, Some(&cookie), Some("https://evil.example")).await;
    assert_eq!(foreign.set, None);
    assert_ne!(foreign.hello(json!({})).await[2]["authid"], authid);
    drop((first, again, new, foreign));
    within(server.shutdown()).await;
}
