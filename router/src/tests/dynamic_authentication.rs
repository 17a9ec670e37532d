//! A procedure, or a web service, knows the users.

use std::sync::Arc;

use serde_json::{Value, json};
use wamp_proto::Serializer;
use wamp_proto::auth::cra;
use wamp_proto::auth::cryptosign::{SigningKey, hex, message, unhex};
use wamp_proto::auth::scram::{Dialect, Kdf, SaltedPassword, Transcript};

use super::receivers::{self, Believes};
use super::world::{Client, World};
use crate::auth::{AskedMethod, Directory, Procedure, Users, Webhook};
use crate::connection::Flow;
use crate::realm::RealmOptions;
use crate::session::{Entrance, Origin, RequestFacts};

const METHODS: [AskedMethod; 7] = [
    AskedMethod::Anonymous,
    AskedMethod::Ticket,
    AskedMethod::Cra,
    AskedMethod::Scram,
    AskedMethod::Cryptosign,
    AskedMethod::Tls,
    AskedMethod::Cookie,
];

fn entrance(directory: Arc<dyn Directory>) -> Arc<Entrance> {
    let users = Users::default();
    let users = METHODS.into_iter().fold(users, |users, method| users.ask(method, directory.clone(), Some("guest")));
    let entrance = Entrance::new("websocket", true);
    entrance.set_authenticator(Some(Arc::new(users)));
    Arc::new(entrance)
}

/// A realm with somebody who answers `com.authenticate`, and how clients come in who are asked about there.
struct Asking {
    world: World,
    authenticator: Client,
    entrance: Arc<Entrance>,
}

impl Asking {
    fn new() -> Self {
        let world = World::with(RealmOptions { authenticator: Arc::new(Believes), ..RealmOptions::default() });
        let mut authenticator = receivers::join(&world, "authenticator", "backend");
        let _ = authenticator.send(r#"[64,1,{},"com.authenticate"]"#);
        authenticator.received();
        let procedure = Procedure::new(world.realms.clone(), "com.authenticate").in_realm("realm1");
        Self { world, authenticator, entrance: entrance(Arc::new(procedure)) }
    }

    /// Says HELLO with no realm.
    fn hello(&self, details: Value) -> (Client, Flow) {
        self.hello_by(self.entrance.clone(), "", details)
    }

    fn hello_by(&self, entrance: Arc<Entrance>, realm: &str, mut details: Value) -> (Client, Flow) {
        let request = RequestFacts { cookie: Some("id=7".into()), ..RequestFacts::default() };
        let origin =
            Origin { peer: Some(([192, 0, 2, 7], 4711).into()), request: Some(Arc::new(request)), ..Origin::default() };
        let mut client = self.world.connect_by(entrance, origin, Serializer::MessagePack, usize::MAX);
        details["roles"] = json!({"caller": {}});
        let flow = client.send(&json!([1, realm, details]).to_string());
        (client, flow)
    }

    /// Takes the question, and answers it; what the client gets comes second.
    async fn answer(&mut self, client: &mut Client, answer: Value) -> (Value, Value) {
        let authenticator = &mut self.authenticator;
        let answered = async {
            let invocation = authenticator.next().await;
            let _ = authenticator.send(&json!([70, invocation[1], {}, [answer]]).to_string());
            invocation[4].clone()
        };
        let (asked, _) = tokio::join!(answered, client.resumed());
        (asked, received(client))
    }
}

fn received(client: &Client) -> Value {
    serde_json::from_str(&client.received()[0]).unwrap()
}

fn assert_joined(welcome: &Value, authid: &str, authrole: &str, authmethod: &str) {
    assert_eq!(welcome[0], 2, "{welcome}");
    let who = ["authid", "authrole", "authmethod", "authprovider", "realm"].map(|key| &welcome[2][key]);
    assert_eq!(who, [authid, authrole, authmethod, "dynamic", "realm1"]);
}

fn assert_denied(abort: &Value) {
    assert_eq!([&abort[0], &abort[2]], [&json!(3), &json!("wamp.error.authentication_denied")], "{abort}");
}

const RIGHT: &str = "realm1";

#[tokio::test]
async fn a_ticket_is_checked_by_the_procedure() {
    let mut asking = Asking::new();
    let joe = json!({"authmethods": ["ticket"], "authid": "joe", "authextra": {"x": 1}});
    let principal = json!({"role": "user", "realm": RIGHT, "extra": {"hello": "joe"}});
    let (mut client, flow) = asking.hello(joe.clone());
    assert_eq!((flow, received(&client)), (Flow::Continue, json!([4, "ticket", {}])));
    assert_eq!(client.send(r#"[5,"secret!!!",{}]"#), Flow::Pause);
    let (asked, welcome) = asking.answer(&mut client, principal).await;
    assert_joined(&welcome, "joe", "user", "ticket");
    assert_eq!(welcome[2]["authextra"], json!({"hello": "joe"}));
    let details = &asked[2];
    assert_eq!([&asked[0], &asked[1]], [&json!(null), &json!("joe")]);
    assert_eq!([&details["ticket"], &details["authmethod"]], ["secret!!!", "ticket"]);
    assert_eq!(details["authextra"], json!({"x": 1}));
    let transport = &details["transport"];
    assert_eq!(
        [&transport["type"], &transport["protocol"], &transport["peer"], &transport["http_headers_received"]["cookie"]],
        ["websocket", "wamp.2.msgpack", "tcp4:192.0.2.7:4711", "id=7"]
    );
    // The older form of an answer: the role alone. And who is not known.
    for (realm, answer, joins) in
        [(RIGHT, json!("user"), true), (RIGHT, json!(null), false), (RIGHT, json!(false), false)]
    {
        let (mut client, _) = asking.hello_by(asking.entrance.clone(), realm, joe.clone());
        client.received();
        client.send(r#"[5,"secret!!!",{}]"#);
        let (asked, outcome) = asking.answer(&mut client, answer).await;
        assert_eq!(asked[0], realm);
        if joins { assert_joined(&outcome, "joe", "user", "ticket") } else { assert_denied(&outcome) }
    }
}

#[tokio::test]
async fn an_error_of_the_procedure_is_no_entry_and_no_procedure_a_failure() {
    let mut asking = Asking::new();
    let joe = json!({"authmethods": ["ticket"], "authid": "joe"});
    let (mut client, _) = asking.hello(joe.clone());
    client.received();
    client.send(r#"[5,"secret!!!",{}]"#);
    let fail = async {
        let invocation = asking.authenticator.next().await;
        let error = json!([8, 68, invocation[1], {}, "com.error.no_such_user", ["there is no joe"]]);
        let _ = asking.authenticator.send(&error.to_string());
    };
    tokio::join!(fail, client.resumed());
    let abort = received(&client);
    assert_denied(&abort);
    assert!(!abort.to_string().contains("no joe"), "who is known is nobody's business: {abort}");
    // It answers nonsense; a role is missing; it belongs to another realm; there is no procedure.
    for (answer, error) in [
        (json!(7), "wamp.error.authentication_failed"),
        (json!({"realm": 1}), "wamp.error.authentication_failed"),
        (json!({"role": "user", "realm": "realm2"}), "wamp.error.no_such_realm"),
        (json!({"role": "user"}), "wamp.error.no_such_realm"),
    ] {
        let (mut client, _) = asking.hello(joe.clone());
        client.received();
        client.send(r#"[5,"secret!!!",{}]"#);
        let (_, abort) = asking.answer(&mut client, answer).await;
        assert_eq!([&abort[0], &abort[2]], [&json!(3), &json!(error)], "{abort}");
    }
    asking.authenticator.vanish();
    let (mut client, _) = asking.hello(joe);
    client.received();
    client.send(r#"[5,"secret!!!",{}]"#);
    client.resumed().await;
    assert_eq!(received(&client)[2], "wamp.error.authentication_failed");
}

#[tokio::test]
async fn clients_that_prove_nothing_are_asked_about_as_well() {
    let mut asking = Asking::new();
    for method in ["anonymous", "cookie"] {
        let (mut client, flow) = asking.hello(json!({"authmethods": [method]}));
        assert_eq!(flow, Flow::Pause);
        let (asked, welcome) = asking.answer(&mut client, json!({"realm": RIGHT, "authid": "seven"})).await;
        assert_joined(&welcome, "seven", "guest", method);
        assert_eq!(asked[2]["authmethod"], method);
        let (mut client, _) = asking.hello(json!({"authmethods": [method]}));
        assert_denied(&asking.answer(&mut client, json!(null)).await.1);
    }
    // Nobody has shown a certificate, so that the next method is due.
    let (_, flow) = asking.hello(json!({"authmethods": ["tls", "ticket"], "authid": "joe"}));
    assert_eq!(flow, Flow::Continue);
}

#[tokio::test]
async fn a_wampcra_secret_comes_from_the_procedure() {
    let mut asking = Asking::new();
    let details = |authid: &str| json!({"authmethods": ["wampcra"], "authid": authid});
    let salt = cra::Salt::checked("salt123", 100, 32).unwrap();
    let salted = json!({"secret": salt.derive("secret2"), "salt": "salt123", "iterations": 100, "keylen": 32,
        "role": "user", "realm": RIGHT});
    let password = json!({"secret": "secret2", "salt": "salt123", "iterations": 100, "keylen": 32,
        "role": "user", "realm": RIGHT, "authid": "peter"});
    for principal in [json!({"secret": salt.derive("secret2"), "role": "user", "realm": RIGHT}), salted, password] {
        let (mut client, flow) = asking.hello(details("peter"));
        assert_eq!(flow, Flow::Pause);
        let (_, challenge) = asking.answer(&mut client, principal).await;
        let text = challenge[2]["challenge"].as_str().unwrap();
        client.send(&json!([5, cra::sign(&salt.derive("secret2"), text), {}]).to_string());
        assert_joined(&received(&client), "peter", "user", "wampcra");
    }
    // Whoever is not known is asked in the same way, and can't answer.
    let (mut client, _) = asking.hello(details("paul"));
    let (_, challenge) = asking.answer(&mut client, json!(null)).await;
    let extra = &challenge[2];
    assert_eq!((challenge[1].as_str(), extra["iterations"].as_u64()), (Some("wampcra"), Some(100)));
    assert_eq!(extra["salt"].as_str().unwrap().len(), "salt123".len());
    client.send(&json!([5, cra::sign("", extra["challenge"].as_str().unwrap()), {}]).to_string());
    assert_denied(&received(&client));
}

#[tokio::test]
async fn a_scram_verifier_comes_from_the_procedure() {
    let mut asking = Asking::new();
    let (dialect, kdf) = (Dialect::Crossbar, Kdf::Argon2id { iterations: 1, memory: 8 });
    let details = json!({"authmethods": ["scram"], "authid": "ann", "authextra": {"nonce": "cm9zZXM="}});
    let password = SaltedPassword::derive("p4ssw0rd", "CQkJCQkJCQkJCQkJCQkJCQ==", kdf, dialect).unwrap();
    let verifier = password.verifier();
    let principal = json!({"kdf": "argon2id-13", "iterations": 1, "memory": 8, "salt": "09".repeat(16),
        "stored-key": hex(&verifier.stored_key), "server-key": hex(&verifier.server_key),
        "role": "user", "realm": RIGHT, "extra": {"more": true}});
    let (mut client, _) = asking.hello(details.clone());
    let (_, challenge) = asking.answer(&mut client, principal).await;
    let transcript = Transcript {
        dialect,
        authid: "ann",
        client_nonce: "cm9zZXM=",
        nonce: challenge[2]["nonce"].as_str().unwrap(),
        salt: challenge[2]["salt"].as_str().unwrap(),
        iterations: 1,
    };
    client.send(&json!([5, password.proof(&transcript), {}]).to_string());
    let welcome = received(&client);
    assert_joined(&welcome, "ann", "user", "scram");
    assert_eq!(welcome[2]["authextra"]["more"], true);
    assert!(welcome[2]["authextra"]["scram_server_signature"].is_string());
    let (mut client, _) = asking.hello(details);
    let (_, challenge) = asking.answer(&mut client, json!(null)).await;
    assert_eq!([&challenge[2]["kdf"], &challenge[2]["memory"]], [&json!("argon2id-13"), &json!(8)]);
    client.send(&json!([5, "AAAA", {}]).to_string());
    assert_denied(&received(&client));
}

#[tokio::test]
async fn a_key_comes_from_the_procedure() {
    let mut asking = Asking::new();
    let key = SigningKey::from_seed(&[7; 32]);
    let other = SigningKey::from_seed(&[8; 32]);
    let details = json!({"authmethods": ["cryptosign"], "authextra": {"pubkey": key.public_key().to_string()}});
    let principal = |key: &SigningKey| json!({"pubkey": key.public_key().to_string(), "authid": "sensor-1", "role": "sensor", "realm": RIGHT});
    for (answer, joins) in [(principal(&key), true), (principal(&other), false), (json!(null), false)] {
        let (mut client, _) = asking.hello(details.clone());
        let (asked, challenge) = asking.answer(&mut client, answer).await;
        assert_eq!(asked[2]["authextra"]["pubkey"], key.public_key().to_string());
        let challenge: [u8; 32] = unhex(challenge[2]["challenge"].as_str().unwrap()).unwrap();
        client.send(&json!([5, key.sign(&message(&challenge, None)), {}]).to_string());
        let outcome = received(&client);
        if joins { assert_joined(&outcome, "sensor-1", "sensor", "cryptosign") } else { assert_denied(&outcome) }
    }
}

/// Posts what it gets back into a channel, and answers as told.
async fn service(status: u16, answer: &'static str) -> (String, tokio::sync::mpsc::Receiver<(Option<String>, Value)>) {
    let (asked, questions) = tokio::sync::mpsc::channel(8);
    let handle = move |headers: axum::http::HeaderMap, body: axum::Json<Value>| async move {
        let bearer = headers.get("authorization").map(|header| header.to_str().unwrap().to_owned());
        asked.send((bearer, body.0)).await.unwrap();
        (axum::http::StatusCode::from_u16(status).unwrap(), answer)
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/login", listener.local_addr().unwrap());
    let app = axum::Router::new().route("/login", axum::routing::post(handle));
    tokio::spawn(async { axum::serve(listener, app).await });
    (url, questions)
}

#[tokio::test]
async fn a_web_service_may_know_the_users() {
    let asking = Asking::new();
    let joe = json!({"authmethods": ["ticket"], "authid": "joe"});
    for (status, answer, outcome) in [
        (200, r#"{"allow": true, "role": "user", "authid": "joseph"}"#, "WELCOME"),
        (200, r#"{"allow": false, "role": "user"}"#, "wamp.error.authentication_denied"),
        (200, r#"{"role": "user"}"#, "wamp.error.authentication_failed"),
        (200, "welcome", "wamp.error.authentication_failed"),
        (500, r#"{"allow": true, "role": "user"}"#, "wamp.error.authentication_failed"),
    ] {
        let (url, mut questions) = service(status, answer).await;
        let webhook = Arc::new(Webhook::new(&url).unwrap().secret("s3cret").unwrap());
        let (mut client, _) = asking.hello_by(entrance(webhook), "realm1", joe.clone());
        client.received();
        assert_eq!(client.send(r#"[5,"ticket-7",{}]"#), Flow::Pause);
        client.resumed().await;
        let (bearer, question) = questions.recv().await.unwrap();
        assert_eq!(bearer.as_deref(), Some("Bearer s3cret"));
        assert_eq!([&question["realm"], &question["authid"], &question["ticket"]], ["realm1", "joe", "ticket-7"]);
        let received = received(&client);
        if outcome == "WELCOME" {
            let who = ["authid", "authrole", "authprovider"].map(|key| &received[2][key]);
            assert_eq!(who, ["joseph", "user", "webhook"]);
        } else {
            assert_eq!(received[2], outcome, "{status} {answer}");
        }
    }
    // Nobody there.
    let webhook = Arc::new(Webhook::new("http://127.0.0.1:1/").unwrap());
    let (mut client, _) = asking.hello_by(entrance(webhook), "realm1", json!({"authmethods": ["anonymous"]}));
    client.resumed().await;
    assert_eq!(received(&client)[2], "wamp.error.authentication_failed");
    Webhook::new("ftp://example.com").unwrap_err();
}
