//! Who a program says it is, to the real router, and to one that lies.
//!
//! Specification: "Authentication Methods" (advanced profile).

mod peer;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use peer::within;
use serde_json::json;
use tokio::net::TcpListener;
use wamp_client::{App, Auth, Error, ErrorKind, Lifecycle, Serializer, SessionInfo, SigningKey};
use wamp_proto::auth::cra::Salt;
use wamp_proto::auth::mac;
use wamp_proto::auth::scram::{Dialect, Kdf, SaltedPassword};
use wamp_router::Router;
use wamp_router::auth::{CraSecret, Jwt, JwtKey, ScramSecret, Users};
use wamp_router::realm::RealmOptions;

fn key() -> SigningKey {
    SigningKey::from_seed(&[3; 32])
}

fn scram(kdf: Kdf) -> ScramSecret {
    let password = SaltedPassword::derive("p4ssw0rd", "AAECAwQFBgcICQoLDA0ODw==", kdf, Dialect::Standard)
        .expect("a password can be salted");
    ScramSecret { salt: (0..16).collect(), kdf, verifier: password.verifier() }
}

/// A token of joe's, and the key it is checked with.
fn token() -> (&'static str, Vec<JwtKey>) {
    let tokens = include_str!("../../router/src/auth/jwt/fixtures/tokens.txt");
    let token = tokens.lines().find_map(|line| line.strip_prefix("EdDSA ")).expect("it is one of them");
    (token, JwtKey::pem(include_bytes!("../../router/src/auth/jwt/fixtures/keys.pem")).expect("these are keys"))
}

fn router() -> Router {
    let salt = Salt::checked("salt123", 1000, 32).expect("these are sane");
    let users = Users::default()
        .ticket("joe", "backend", "secret!!!")
        .wampcra("peter", "frontend", CraSecret::plain("secret1"))
        .wampcra("salty", "frontend", CraSecret::salted(salt.derive("secret2"), salt))
        .scram("ann", "admin", scram(Kdf::Argon2id { iterations: 1, memory: 64 }))
        .scram("bob", "admin", scram(Kdf::Pbkdf2 { iterations: 4096.try_into().expect("it is not 0") }))
        .cryptosign("sensor-1", "sensor", key().public_key())
        .jwt(Jwt::new(token().1).role("bearer"));
    let options = RealmOptions { authenticator: Arc::new(users), ..RealmOptions::default() };
    Router::builder().realm_with("realm1", options).build()
}

fn app(router: &Router) -> App {
    let router = router.clone();
    App::over(move || router.connect_in_process())
}

async fn join(app: App) -> Result<SessionInfo, Error> {
    let running = within(app.start()).await?;
    let session = running.client().session().expect("it has joined");
    within(running.stop()).await?;
    Ok(SessionInfo::clone(&session))
}

#[tokio::test]
async fn every_method_in_every_serializer() {
    let router = router();
    let good: [(Auth, &str, &str, &str); 9] = [
        (Auth::jwt(token().0), "joe", "bearer", "jwt"),
        // Of several the first that the router knows is taken.
        (Auth::cookie().or(Auth::jwt(token().0)).or(Auth::ticket("joe", "secret!!!")), "joe", "bearer", "jwt"),
        (Auth::cookie().or(Auth::scram("ann", "p4ssw0rd")).or(Auth::cryptosign(key())), "ann", "admin", "wamp-scram"),
        (Auth::ticket("joe", "secret!!!"), "joe", "backend", "ticket"),
        (Auth::wampcra("peter", "secret1"), "peter", "frontend", "wampcra"),
        (Auth::wampcra("salty", "secret2"), "salty", "frontend", "wampcra"),
        (Auth::scram("ann", "p4ssw0rd"), "ann", "admin", "wamp-scram"),
        (Auth::scram("bob", "p4ssw0rd"), "bob", "admin", "wamp-scram"),
        (Auth::cryptosign(key()), "sensor-1", "sensor", "cryptosign"),
    ];
    for ((auth, authid, authrole, method), serializer) in good.into_iter().zip(Serializer::ALL.into_iter().cycle()) {
        let session = join(app(&router).serializer(serializer).auth(auth)).await.expect("it joins");
        let who = [session.authid, session.authrole, session.authmethod].map(|text| text.expect("the router says so"));
        assert_eq!(who, [authid, authrole, method]);
    }
}

#[tokio::test]
async fn who_can_t_prove_it_is_told_so_once_and_for_all() {
    let router = router();
    for auth in [
        Auth::ticket("joe", "wrong"),
        Auth::wampcra("peter", "wrong"),
        Auth::wampcra("salty", "wrong"),
        Auth::wampcra("nobody", "secret1"),
        Auth::scram("ann", "wrong"),
        Auth::cryptosign(SigningKey::from_seed(&[4; 32])),
        Auth::cryptosign(key()).authid("sensor-2"),
        Auth::jwt("wrong"),
        Auth::jwt(token().0).authid("ann"),
    ] {
        let named = format!("{auth:?}");
        assert!(!named.contains("wrong") && !named.contains("secret1"), "{named}");
        // However patient: it is of no use to go on.
        let error = join(app(&router).auth(auth).wait_for_router()).await.expect_err("it is refused");
        let Error::Refused { reason, .. } = &error else { panic!("{named}: {error}") };
        assert_eq!(reason, "wamp.error.authentication_denied", "{named}");
        assert!(error.is_final());
    }
    let error = join(app(&router).wait_for_router()).await.expect_err("it is refused");
    let Error::Refused { reason, message, .. } = error else { panic!("{error}") };
    assert_eq!(reason, "wamp.error.no_matching_auth_method");
    assert!(message.contains("cryptosign, jwt, scram, ticket, wamp-scram, wampcra"), "{message}");
}

#[tokio::test]
async fn a_ticket_that_expires_is_asked_for_at_every_join() {
    let (app, mut peer) = peer::app();
    let asked = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&asked);
    let ticket = move || format!("ticket {}", counting.fetch_add(1, Ordering::Relaxed));
    let starting = tokio::spawn(app.auth(Auth::ticket_with("joe", ticket)).wait_for_router().start());
    for expected in ["ticket 0", "ticket 1"] {
        let mut connection = peer.accept().await;
        let hello = connection.receive().await;
        assert_eq!([&hello[2]["authid"], &hello[2]["authmethods"]], [&json!("joe"), &json!(["ticket"])]);
        connection.send(json!([4, "ticket", {}])).await;
        connection.expect(json!([5, expected, {}])).await;
        // It goes without an answer, so there is another try.
    }
    starting.abort();
}

/// A token of joe's that expires two seconds from now, and the secret it is signed with.
fn short_token() -> (String, &'static [u8]) {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
    let secret = b"thirty-two bytes that nobody knows";
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is later than 1970").as_secs();
    let parts = [json!({"alg": "HS256"}), json!({"sub": "joe", "exp": now + 2})];
    let signed = parts.map(|part| BASE64.encode(part.to_string())).join(".");
    (format!("{signed}.{}", BASE64.encode(mac(secret, signed.as_bytes()))), secret)
}

/// The router ends a session when its token has expired.
#[tokio::test]
async fn a_token_that_expires_is_asked_for_anew_where_it_can_be() {
    let key = JwtKey::secret(short_token().1).expect("it is long enough");
    let users = Users::default().jwt(Jwt::new([key]).role("bearer").leeway(Duration::ZERO));
    let options = RealmOptions { authenticator: Arc::new(users), ..RealmOptions::default() };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let server = Router::builder().realm_with("realm1", options).build().serve(listener, axum::Router::new());
    let app = || App::new(format!("ws://{}/ws", server.local_addr()));

    let asked = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&asked);
    let token = move || {
        counting.fetch_add(1, Ordering::Relaxed);
        short_token().0
    };
    let running = within(app().auth(Auth::jwt_with(token)).start()).await.expect("it joins");
    let mut lifecycle = running.client().lifecycle();
    let lost = loop {
        if let Some(Lifecycle::Lost(error)) = within(lifecycle.next()).await {
            break error;
        }
    };
    assert!(matches!(&lost, Error::Closed { reason, .. } if reason == "wamp.close.expired"), "{lost}");
    assert!(lost.to_string().contains("has expired") && !lost.is_final(), "{lost}");
    within(running.client().joined()).await.expect("it runs");
    assert_eq!(asked.load(Ordering::Relaxed), 2, "each session has a token of its own");
    within(running.stop()).await.expect("it ends well");

    let mut running = within(app().auth(Auth::jwt(short_token().0)).start()).await.expect("it joins");
    let error = within(running.stopped()).await.expect_err("there is no other token");
    let Error::Refused { message, .. } = &error else { panic!("{error}") };
    assert!(message.contains("the token is not accepted: it has expired"), "{message}");
    within(server.shutdown()).await;
}

/// What a router says instead of letting the client in; and what the client makes of it.
async fn refuses(auth: Auth, challenge: serde_json::Value, problem: &str) {
    let (app, mut peer) = peer::app();
    let starting = tokio::spawn(app.auth(auth).wait_for_router().start());
    let mut connection = peer.accept().await;
    connection.receive().await;
    connection.send(challenge).await;
    let abort = connection.receive().await;
    assert_eq!([&abort[0], &abort[2]], [&json!(3), &json!("wamp.error.authentication_failed")], "{abort}");
    let error = within(starting).await.expect("no panic").expect_err("it is refused");
    assert!(matches!(error, Error::Authentication { .. }), "{error}");
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(error.to_string().contains(problem), "{error}");
}

#[tokio::test]
async fn a_router_that_asks_for_what_was_not_offered_gets_nothing() {
    // A password as a ticket, for one.
    refuses(Auth::scram("ann", "p4ssw0rd"), json!([4, "ticket", {}]), "only scram and wamp-scram").await;
    refuses(Auth::cryptosign(key()), json!([4, "cryptosign", {"challenge": "12"}]), "32 bytes").await;
    let bound = json!({"challenge": "0".repeat(64), "channel_binding": "tls-unique"});
    refuses(Auth::cryptosign(key()), json!([4, "cryptosign", bound]), "tls-unique").await;
    let endless = json!({"challenge": "", "salt": "salt", "iterations": 4_000_000_000u32, "keylen": 32});
    refuses(Auth::wampcra("peter", "secret1"), json!([4, "wampcra", endless]), "out of bounds").await;
    let several = Auth::cookie().or(Auth::tls()).or(Auth::wampcra("peter", "secret1"));
    refuses(several, json!([4, "ticket", {}]), "only cookie and tls and wampcra").await;
    refuses(Auth::cookie(), json!([4, "cookie", {}]), "beside the cookie").await;
    refuses(Auth::tls(), json!([4, "tls", {}]), "beside the certificate").await;
}

/// Whoever is in between would have the signature bound to nothing, or to what it chooses.
#[tokio::test]
async fn a_signature_that_is_to_be_bound_is_bound_or_not_made() {
    let bound = || Auth::cryptosign(key()).bind_channel();
    let challenge = |binding| json!([4, "cryptosign", {"challenge": "0".repeat(64), "channel_binding": binding}]);
    refuses(bound(), challenge(json!(null)), "does not bind the signature").await;
    refuses(bound(), challenge(json!("tls-unique")), "\"tls-unique\", which was not offered").await;
    refuses(bound(), challenge(json!("tls-exporter")), "TLS 1.3").await;
    refuses(Auth::cryptosign(key()), challenge(json!("tls-exporter")), "which was not offered").await;

    let (app, mut peer) = peer::app();
    let starting = tokio::spawn(app.auth(bound()).start());
    let hello = peer.accept().await.receive().await;
    let extra = json!({"pubkey": key().public_key().to_string(), "channel_binding": "tls-exporter"});
    assert_eq!(hello[2]["authextra"], extra);
    starting.abort();
}

/// The first join gets a cookie, the second shows it.
#[tokio::test]
async fn a_router_is_shown_its_cookie_again() {
    let (app, mut peer) = peer::app();
    let starting = tokio::spawn(app.auth(Auth::cookie().or(Auth::ticket("joe", "secret"))).wait_for_router().start());
    for (shown, set) in [(None, "cbtid=one; HttpOnly; Max-Age=60"), (Some("cbtid=one"), "cbtid=two")] {
        let (mut connection, cookie) = peer.accept_with_cookie(set).await;
        assert_eq!(cookie.as_deref(), shown);
        let hello = connection.receive().await;
        assert_eq!([&hello[2]["authmethods"], &hello[2]["authid"]], [&json!(["cookie", "ticket"]), &json!("joe")]);
        // It goes without an answer, so there is another try.
    }
    let (_, cookie) = peer.accept_with_cookie("cbtid=; Max-Age=0").await;
    assert_eq!(cookie.as_deref(), Some("cbtid=two"));
    starting.abort();
}

/// "The client MUST respond with an ABORT message if CHALLENGE.Details.nonce does not begin with the client nonce",
/// "SHOULD […] if it detects that the cost parameters are unusually low".
#[tokio::test]
async fn a_router_gets_no_cheap_hash_of_a_password() {
    let ann = || Auth::scram("ann", "p4ssw0rd");
    let extra = |nonce: &str, kdf: &str, iterations: u32| json!([4, "wamp-scram", {"nonce": nonce, "salt": "AAAA", "kdf": kdf, "iterations": iterations, "memory": null}]);
    refuses(ann(), extra("replayed", "pbkdf2", 4096), "does not begin with the client's").await;
    // In the older dialect nonces are bytes in base64, and only there may they not show.
    let cheap = json!([4, "scram", {"nonce": "AAAA", "salt": "AAAA", "kdf": "pbkdf2", "iterations": 1}]);
    refuses(ann(), cheap, "4096").await;
}

/// "The client SHOULD check the verifier for mutual authentication, terminating the session if invalid."
#[tokio::test]
async fn a_router_that_does_not_know_the_password_is_left() {
    for verifier in [json!({}), json!({"verifier": "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="})] {
        let (app, mut peer) = peer::app();
        let starting = tokio::spawn(app.auth(Auth::scram("ann", "p4ssw0rd")).start());
        let mut connection = peer.accept().await;
        let hello = connection.receive().await;
        let nonce = format!("{}abc", hello[2]["authextra"]["nonce"].as_str().expect("a nonce"));
        let extra = json!({"nonce": nonce, "salt": "AAAA", "kdf": "pbkdf2", "iterations": 4096, "memory": null});
        connection.send(json!([4, "wamp-scram", extra])).await;
        let answer = connection.receive().await;
        assert_eq!([&answer[0], &answer[2]["nonce"]], [&json!(5), &json!(nonce)]);
        let details = json!({"roles": {"broker": {}}, "authmethod": "wamp-scram", "authextra": verifier});
        connection.send(json!([2, 7, details])).await;
        assert_eq!(connection.receive().await[0], 3);
        let error = within(starting).await.expect("no panic").expect_err("it is refused");
        assert!(error.to_string().contains("did not prove that it knows the password"), "{error}");
    }
    // And so is one that asks for no proof at all.
    let (app, mut peer) = peer::app();
    let starting = tokio::spawn(app.auth(Auth::scram("ann", "p4ssw0rd")).start());
    let mut connection = peer.accept().await;
    connection.welcome(json!({})).await;
    let error = within(starting).await.expect("no panic").expect_err("it is refused");
    assert!(error.to_string().contains("without asking for a proof"), "{error}");
}
