//! Who joins: to a realm that lets nobody in who does not prove it.

use std::fs;
use std::sync::Arc;

use serde_json::Value;
use tokio::net::TcpListener;
use wamp_client::SigningKey;
use wamp_proto::auth::scram::{Dialect, Kdf, SaltedPassword};
use wamp_router::auth::{CraSecret, Jwt, JwtKey, ScramSecret, Users};
use wamp_router::realm::RealmOptions;
use wamp_router::{Router, Server};

use crate::support::{Ended, ended, wamp};

async fn serve(users: Users) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let options = RealmOptions { authenticator: Arc::new(users), ..RealmOptions::default() };
    Router::builder().realm_with("realm1", options).build().serve(listener, axum::Router::new())
}

/// Lists the sessions, with these flags and this secret.
async fn sessions(server: &Server, flags: &[&str], secret: &str) -> Ended {
    let mut command = wamp(&["sessions"]);
    command.args(flags).env("WAMP_URL", format!("ws://{}/ws", server.local_addr())).env("WAMP_SECRET", secret);
    ended(command).await
}

fn who(sessions: Ended) -> (String, String) {
    let session: Value = serde_json::from_str(&sessions.good()).unwrap();
    let text = |key: &str| session[key].as_str().unwrap().to_owned();
    (text("authid"), text("authmethod"))
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_prove_who_somebody_is() {
    let kdf = Kdf::Pbkdf2 { iterations: 4096.try_into().unwrap() };
    let salted = SaltedPassword::derive("secret", "AAECAwQFBgcICQoLDA0ODw==", kdf, Dialect::Standard).unwrap();
    let scram = ScramSecret { salt: (0..16).collect(), kdf, verifier: salted.verifier() };
    let keys = JwtKey::pem(include_bytes!("../../../router/src/auth/jwt/fixtures/keys.pem")).unwrap();
    let users = Users::default()
        .ticket("joe", "staff", "secret")
        .wampcra("ann", "staff", CraSecret::plain("secret"))
        .scram("bob", "staff", scram)
        .jwt(Jwt::new(keys).role("staff"));
    let server = serve(users).await;
    let ticket = sessions(&server, &["--authid", "joe", "--auth", "ticket"], "secret").await;
    assert_eq!(who(ticket), ("joe".to_owned(), "ticket".to_owned()));
    let cra = sessions(&server, &["--authid", "ann", "--auth", "wampcra"], "secret").await;
    assert_eq!(who(cra), ("ann".to_owned(), "wampcra".to_owned()));
    let scram = sessions(&server, &["--authid", "bob", "--auth", "scram"], "secret").await;
    assert_eq!(who(scram), ("bob".to_owned(), "wamp-scram".to_owned()));
    // A token says itself who somebody is.
    let tokens = include_str!("../../../router/src/auth/jwt/fixtures/tokens.txt");
    let token = tokens.lines().find_map(|line| line.strip_prefix("ES256 ")).unwrap();
    let jwt = sessions(&server, &["--auth", "jwt"], token).await;
    assert_eq!(who(jwt), ("joe".to_owned(), "jwt".to_owned()));
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("secret");
    fs::write(&file, "secret\n").unwrap();
    let flags = ["--authid", "joe", "--auth", "ticket", "--secret-file", file.to_str().unwrap()];
    assert_eq!(who(sessions(&server, &flags, "").await).0, "joe");

    let error = sessions(&server, &["--authid", "joe", "--auth", "ticket"], "wrong").await.failed(1);
    assert!(error.contains("wamp.error.authentication_denied") && error.contains("the proof, is wrong"), "{error}");
    let error = sessions(&server, &[], "").await.failed(1);
    assert!(error.contains("wamp.error.") && error.contains("--authid with --auth"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_was_made_here_proves_who_somebody_is() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("machine.key");
    ended(wamp(&["keygen", file.to_str().unwrap()])).await.good();
    let key: SigningKey = fs::read_to_string(&file).unwrap().trim().parse().unwrap();
    let server = serve(Users::default().cryptosign("machine", "machine", key.public_key())).await;
    let joined = sessions(&server, &["--key", file.to_str().unwrap()], "").await;
    assert_eq!(who(joined), ("machine".to_owned(), "cryptosign".to_owned()));

    // A profile names a file beside it.
    let url = format!("ws://{}/ws", server.local_addr());
    fs::write(folder.path().join("config.toml"), format!("[profiles.here]\nurl = {url:?}\nkey = \"machine.key\"\n"))
        .unwrap();
    let mut command = wamp(&["sessions", "--profile", "here"]);
    command.env("WAMP_CONFIG", folder.path().join("config.toml"));
    assert_eq!(who(ended(command).await).0, "machine");
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let missing: [(&[&str], &str); 10] = [
        (&["--auth", "jwt"], "WAMP_SECRET"),
        (&["--auth", "tls"], "--tls-cert and --tls-key"),
        (&["--tls-cert", "/nonexistent/me.crt"], "--tls-key"),
        (&["--tls-key", "/nonexistent/me.key"], "--tls-cert"),
        (&["--tls-ca", "/dev/null"], "no certificate is in the PEM text"),
        (&["--authid", "joe"], "--key, or --auth"),
        (&["--auth", "ticket"], "--authid"),
        (&["--auth", "ticket", "--authid", "joe"], "WAMP_SECRET"),
        (&["--auth", "magic", "--authid", "joe"], "\"magic\""),
        (&["--key", "/nonexistent/machine.key"], "machine.key"),
    ];
    for (flags, expected) in missing {
        let mut command = wamp(&["sessions"]);
        command.args(flags);
        let error = ended(command).await.failed(2);
        assert!(error.contains(expected), "{flags:?}: {error}");
    }
}
