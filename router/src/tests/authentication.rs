//! Specification: "Authentication Methods" with the chapters on tickets, WAMP-CRA, SCRAM and Cryptosign (advanced
//! profile).

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use wamp_proto::Serializer;
use wamp_proto::auth::cra;
use wamp_proto::auth::cryptosign::{SigningKey, message, unhex};
use wamp_proto::auth::scram::{Dialect, Kdf, SaltedPassword, Transcript};

use super::world::{Client, World};
use crate::auth::{AskedMethod, CraSecret, Directory, Finding, Inquiry, Jwt, JwtKey, ScramSecret, Users};
use crate::connection::Flow;
use crate::realm::RealmOptions;
use crate::session::{Entrance, Origin};

const WRONG: &str = "the authid is unknown, or its secret or signature is wrong";

fn world(users: Users) -> World {
    World::with(RealmOptions { authenticator: Arc::new(users), ..RealmOptions::default() })
}

/// Says HELLO, and gives the answer.
fn hello(world: &World, details: Value) -> (Client, Value) {
    let mut client = world.connect();
    let mut details = details;
    details["roles"] = json!({"caller": {}});
    let _ = client.send(&json!([1, "realm1", details]).to_string());
    let answer = received(&client);
    (client, answer)
}

fn received(client: &Client) -> Value {
    serde_json::from_str(&client.received()[0]).unwrap()
}

/// Answers a challenge, and gives what comes of it.
fn answer(client: &mut Client, signature: &str, extra: Value) -> Value {
    let _ = client.send(&json!([5, signature, extra]).to_string());
    received(client)
}

fn assert_joined_as(welcome: &Value, authid: &str, authrole: &str, authmethod: &str) {
    assert_eq!(welcome[0], 2, "{welcome}");
    let details = &welcome[2];
    assert_eq!(
        [&details["authid"], &details["authrole"], &details["authmethod"], &details["authprovider"]],
        [authid, authrole, authmethod, "static"]
    );
}

fn assert_refused(abort: &Value) {
    assert_eq!(*abort, json!([3, {"message": WRONG}, "wamp.error.authentication_denied"]));
}

#[test]
fn a_ticket_lets_in_who_has_it() {
    let world = world(Users::default().ticket("joe", "user", "secret!!!"));
    let joe = json!({"authmethods": ["ticket"], "authid": "joe"});
    let (mut client, challenge) = hello(&world, joe.clone());
    assert_eq!(challenge, json!([4, "ticket", {}]));
    assert_joined_as(&answer(&mut client, "secret!!!", json!({})), "joe", "user", "ticket");

    for wrong in ["", "secret", "secret!!!!", "Secret!!!"] {
        let (mut client, _) = hello(&world, joe.clone());
        assert_refused(&answer(&mut client, wrong, json!({})));
    }
}

/// Tickets of one user are none of another's, whatever method they are for.
#[test]
fn secrets_belong_to_their_user_and_method() {
    let world = world(Users::default().ticket("joe", "user", "one").wampcra("ann", "user", CraSecret::plain("two")));
    for authid in ["ann", "nobody"] {
        let (mut client, challenge) = hello(&world, json!({"authmethods": ["ticket"], "authid": authid}));
        assert_eq!(challenge[0], 4);
        assert_refused(&answer(&mut client, "two", json!({})));
    }
}

fn sign(challenge: &Value, secret: &str) -> String {
    let extra = &challenge[2];
    let key = match extra["salt"].as_str() {
        None => secret.to_owned(),
        Some(salt) => {
            let number = |key: &str| extra[key].as_u64().unwrap();
            cra::Salt::checked(salt, number("iterations") as u32, number("keylen") as usize).unwrap().derive(secret)
        }
    };
    cra::sign(&key, extra["challenge"].as_str().unwrap())
}

fn salt() -> cra::Salt {
    cra::Salt::checked("salt123", 100, 32).unwrap()
}

#[test]
fn a_wampcra_signature_lets_in_who_can_make_it() {
    let salted = CraSecret::salted(salt().derive("secret2"), salt());
    let users = Users::default().wampcra("peter", "user", CraSecret::plain("secret1")).wampcra("ann", "admin", salted);
    let world = world(users);
    for (authid, authrole, secret) in [("peter", "user", "secret1"), ("ann", "admin", "secret2")] {
        let details = json!({"authmethods": ["wampcra"], "authid": authid});
        let (mut client, challenge) = hello(&world, details.clone());
        let text: Value = serde_json::from_str(challenge[2]["challenge"].as_str().unwrap()).unwrap();
        assert_eq!([&text["authid"], &text["authrole"], &text["authmethod"]], [authid, authrole, "wampcra"]);
        assert_eq!(text["timestamp"], "2026-01-01T00:00:00Z");
        let welcome = answer(&mut client, &sign(&challenge, secret), json!({}));
        assert_joined_as(&welcome, authid, authrole, "wampcra");
        // "The WAMP session ID that will be assigned to the session".
        assert_eq!(welcome[1], text["session"]);

        let (mut client, other) = hello(&world, details.clone());
        assert_ne!(challenge[2]["challenge"], other[2]["challenge"], "each challenge is new");
        assert_refused(&answer(&mut client, &sign(&challenge, secret), json!({})));
        let (mut client, challenge) = hello(&world, details);
        assert_refused(&answer(&mut client, &sign(&challenge, "wrong"), json!({})));
    }
}

/// An unknown user has a salt like the others have, always the same one, and never gets in.
#[test]
fn nobody_learns_which_users_there_are() {
    let salted = CraSecret::salted(salt().derive("secret"), salt());
    let kdf = Kdf::Argon2id { iterations: 1, memory: 8 };
    let scram = ScramSecret {
        salt: vec![1; 16],
        kdf,
        verifier: SaltedPassword::derive("secret", "AQEBAQEBAQEBAQEBAQEBAQ==", kdf, Dialect::Standard)
            .unwrap()
            .verifier(),
    };
    let world = world(Users::default().wampcra("peter", "user", salted).scram("peter", "user", scram));
    for method in ["wampcra", "wamp-scram", "scram"] {
        let details = |authid| json!({"authmethods": [method], "authid": authid, "authextra": {"nonce": "cm9zZXM="}});
        let shape = |challenge: &Value| {
            let extra = challenge[2].as_object().unwrap();
            let lengths = extra.iter().map(|(key, value)| (key.clone(), value.as_str().map(str::len), value.is_u64()));
            lengths.filter(|(key, ..)| key != "challenge").collect::<Vec<_>>()
        };
        let (_, known) = hello(&world, details("peter"));
        let (mut client, unknown) = hello(&world, details("paul"));
        let (_, again) = hello(&world, details("paul"));
        assert_eq!(shape(&known), shape(&unknown), "{method}");
        assert_eq!(unknown[2]["salt"], again[2]["salt"]);
        assert_ne!(unknown[2]["salt"], known[2]["salt"]);
        let nonce = unknown[2]["nonce"].clone();
        assert_refused(&answer(&mut client, "c2lnbmF0dXJl", json!({"nonce": nonce})));
    }
}

/// The transcript of an exchange, as the client knows it.
fn transcript<'a>(dialect: Dialect, authid: &'a str, challenge: &'a Value) -> Transcript<'a> {
    let extra = &challenge[2];
    Transcript {
        dialect,
        authid,
        client_nonce: "cm9zZXM=",
        nonce: extra["nonce"].as_str().unwrap(),
        salt: extra["salt"].as_str().unwrap(),
        iterations: extra["iterations"].as_u64().unwrap() as u32,
    }
}

#[test]
fn a_scram_proof_is_answered_with_the_routers_own() {
    for (dialect, kdf, kdf_name, verifier) in [
        (Dialect::Standard, Kdf::Pbkdf2 { iterations: 4096.try_into().unwrap() }, "pbkdf2", "verifier"),
        (Dialect::Standard, Kdf::Argon2id { iterations: 1, memory: 8 }, "argon2id13", "verifier"),
        (Dialect::Crossbar, Kdf::Argon2id { iterations: 1, memory: 8 }, "argon2id-13", "scram_server_signature"),
    ] {
        let salt = STANDARD.encode([9; 16]);
        let password = SaltedPassword::derive("p4ssw0rd", &salt, kdf, dialect).unwrap();
        let secret = ScramSecret { salt: vec![9; 16], kdf, verifier: password.verifier() };
        let world = world(Users::default().scram("ann", "admin", secret));
        let method = dialect.method();
        let details = json!({"authmethods": [method], "authid": "ann", "authextra": {"nonce": "cm9zZXM="}});

        let (mut client, challenge) = hello(&world, details.clone());
        assert_eq!([&challenge[1], &challenge[2]["kdf"], &challenge[2]["salt"]], [method, kdf_name, &salt]);
        let transcript = transcript(dialect, "ann", &challenge);
        assert!(dialect == Dialect::Crossbar || transcript.nonce.starts_with("cm9zZXM="));
        let extra = json!({"nonce": transcript.nonce, "channel_binding": null, "cbind_data": null});
        let welcome = answer(&mut client, &password.proof(&transcript), extra.clone());
        assert_joined_as(&welcome, "ann", "admin", method);
        assert!(password.is_verified(&transcript, welcome[2]["authextra"][verifier].as_str().unwrap()));

        // Said again it is wrong: the nonce is another one.
        let (mut client, _) = hello(&world, details);
        assert_refused(&answer(&mut client, &password.proof(&transcript), extra));
    }
}

#[test]
fn a_key_is_its_user() {
    let key = SigningKey::from_seed(&[7; 32]);
    let world = world(Users::default().cryptosign("sensor-1", "sensor", key.public_key()));
    let details = json!({"authmethods": ["cryptosign"], "authextra": {"pubkey": key.public_key().to_string()}});
    let sign = |key: &SigningKey, challenge: &Value| {
        key.sign(&message(&unhex(challenge[2]["challenge"].as_str().unwrap()).unwrap(), None))
    };
    // With its authid, or without: the key says who it is.
    for authid in [json!(null), json!(""), json!("sensor-1")] {
        let mut details = details.clone();
        details["authid"] = authid;
        let (mut client, challenge) = hello(&world, details);
        assert_eq!([&challenge[1], &challenge[2]["channel_binding"]], [&json!("cryptosign"), &json!(null)]);
        let welcome = answer(&mut client, &sign(&key, &challenge), json!({}));
        assert_joined_as(&welcome, "sensor-1", "sensor", "cryptosign");
    }
    // As somebody else; with another key than announced; with one nobody knows.
    let mut other = details.clone();
    other["authid"] = json!("sensor-2");
    let stranger = SigningKey::from_seed(&[8; 32]);
    let mut unknown = details.clone();
    unknown["authextra"]["pubkey"] = json!(stranger.public_key().to_string());
    for (details, key) in [(other, &key), (details, &stranger), (unknown, &stranger)] {
        let (mut client, challenge) = hello(&world, details);
        assert_refused(&answer(&mut client, &sign(key, &challenge), json!({})));
    }
}

#[test]
fn what_a_method_needs_and_does_not_get_is_named() {
    let key = SigningKey::from_seed(&[7; 32]).public_key();
    let world = world(Users::default().ticket("joe", "user", "secret").cryptosign("sensor-1", "sensor", key));
    for (details, what) in [
        (json!({"authmethods": ["ticket"]}), "no authid"),
        (json!({"authmethods": ["cryptosign"]}), "authextra.pubkey"),
        (json!({"authmethods": ["cryptosign"], "authextra": {"pubkey": "12"}}), "64 hexadecimal digits"),
        (
            json!({"authmethods": ["cryptosign"], "authextra": {"pubkey": key.to_string(), "channel_binding": "tls-unique"}}),
            "tls-unique",
        ),
    ] {
        let (_, abort) = hello(&world, details);
        assert_eq!(abort[2], "wamp.error.authentication_required");
        assert!(abort[1]["message"].as_str().unwrap().contains(what), "{abort}");
    }
}

#[test]
fn the_first_method_that_is_offered_is_used() {
    let users = || Users::default().ticket("joe", "user", "one").wampcra("joe", "user", CraSecret::plain("two"));
    let methods = |methods: &[&str]| json!({"authmethods": methods, "authid": "joe"});
    let (_, challenge) = hello(&world(users()), methods(&["cryptosign", "wampcra", "ticket"]));
    assert_eq!(challenge[1], "wampcra");
    // Nobody is anonymous here, and who names no method would be.
    for details in [methods(&["anonymous"]), methods(&[]), json!({})] {
        let (_, abort) = hello(&world(users()), details);
        assert_eq!(abort[2], "wamp.error.no_matching_auth_method");
        assert!(abort[1]["message"].as_str().unwrap().ends_with("ticket, wampcra"), "{abort}");
    }
    let (_, welcome) = hello(&world(users().anonymous("guest")), json!({}));
    assert_eq!([&welcome[0], &welcome[2]["authrole"]], [&json!(2), &json!("guest")]);
}

#[test]
fn nothing_but_authenticate_answers_a_challenge() {
    let world = world(Users::default().ticket("joe", "user", "secret"));
    for message in
        [r#"[48,1,{},"com.add"]"#, r#"[1,"realm1",{"roles":{"caller":{}}}]"#, r#"[6,{},"wamp.close.normal"]"#]
    {
        let (mut client, _) = hello(&world, json!({"authmethods": ["ticket"], "authid": "joe"}));
        assert!(matches!(client.send(message), Flow::Close(..)));
        client.expect_violation("AUTHENTICATE must answer CHALLENGE");
    }
    // A client that has second thoughts is let go.
    let (mut client, _) = hello(&world, json!({"authmethods": ["ticket"], "authid": "joe"}));
    assert!(matches!(client.send(r#"[3,{},"wamp.error.authentication_failed"]"#), Flow::Close(..)));
    assert!(world.realm().is_empty());
}

#[test]
fn a_token_lets_in_whom_it_names() {
    let tokens = include_str!("../auth/jwt/fixtures/tokens.txt");
    let token = tokens.lines().find_map(|line| line.strip_prefix("EdDSA ")).unwrap();
    let keys = || JwtKey::pem(include_bytes!("../auth/jwt/fixtures/keys.pem")).unwrap();
    let world = world(Users::default().jwt(Jwt::new(keys()).role("user")));
    let (mut client, challenge) = hello(&world, json!({"authmethods": ["jwt"]}));
    assert_eq!(challenge, json!([4, "jwt", {}]));
    assert_joined_as(&answer(&mut client, token, json!({})), "joe", "user", "jwt");

    let (mut client, _) = hello(&world, json!({"authmethods": ["jwt"], "authid": "ann"}));
    let abort = answer(&mut client, token, json!({}));
    assert_eq!(abort[2], "wamp.error.authentication_denied");
    // Who sends it along needs no challenge.
    let (_, welcome) = hello(&world, json!({"authmethods": ["jwt"], "authextra": {"token": token}}));
    assert_joined_as(&welcome, "joe", "user", "jwt");
    let (_, abort) = hello(&world, json!({"authmethods": ["jwt"], "authextra": {"token": "x"}}));
    assert_eq!(abort[2], "wamp.error.authentication_denied");
    let (_, abort) = hello(&world, json!({"authmethods": ["ticket"], "authid": "joe"}));
    assert_eq!(abort[2], "wamp.error.no_matching_auth_method");
}

#[test]
fn a_token_may_be_a_ticket() {
    let tokens = include_str!("../auth/jwt/fixtures/tokens.txt");
    let token = tokens.lines().find_map(|line| line.strip_prefix("ES256 ")).unwrap();
    let keys = JwtKey::pem(include_bytes!("../auth/jwt/fixtures/keys.pem")).unwrap();
    let users = Users::default().ticket("ann", "admin", "secret!!!").jwt(Jwt::new(keys).role("user").as_tickets());
    let world = world(users);
    for (details, ticket, authid, authrole) in [
        (json!({"authmethods": ["ticket"]}), token, "joe", "user"),
        (json!({"authmethods": ["ticket"], "authid": "joe"}), token, "joe", "user"),
        (json!({"authmethods": ["ticket"], "authid": "ann"}), "secret!!!", "ann", "admin"),
    ] {
        let (mut client, _) = hello(&world, details);
        assert_joined_as(&answer(&mut client, ticket, json!({})), authid, authrole, "ticket");
    }
    for (authid, ticket) in [("ann", token), ("ann", "wrong"), ("joe", "secret!!!")] {
        let (mut client, _) = hello(&world, json!({"authmethods": ["ticket"], "authid": authid}));
        assert_eq!(answer(&mut client, ticket, json!({}))[2], "wamp.error.authentication_denied", "{authid}");
    }
}

/// Knows nobody.
#[derive(Debug)]
struct Nobody;

impl Directory for Nobody {
    fn find(&self, _: Inquiry) -> Finding {
        Box::pin(std::future::ready(Ok(None)))
    }

    fn provider(&self) -> &'static str {
        "dynamic"
    }
}

#[test]
fn a_token_may_be_a_ticket_where_somebody_else_checks_tickets() {
    let tokens = include_str!("../auth/jwt/fixtures/tokens.txt");
    let token = tokens.lines().find_map(|line| line.strip_prefix("ES256 ")).unwrap();
    let keys = JwtKey::pem(include_bytes!("../auth/jwt/fixtures/keys.pem")).unwrap();
    let users = Users::default().jwt(Jwt::new(keys).role("user").as_tickets());
    let world = world(users.ask(AskedMethod::Ticket, Arc::new(Nobody), None));
    let (mut client, _) = hello(&world, json!({"authmethods": ["ticket"]}));
    assert_joined_as(&answer(&mut client, token, json!({})), "joe", "user", "ticket");
    let (mut client, _) = hello(&world, json!({"authmethods": ["ticket"], "authid": "joe"}));
    assert_eq!(client.send(r#"[5,"secret!!!",{}]"#), Flow::Pause);
    assert!(client.poll().is_ready());
    assert_refused(&received(&client));
}

/// Guessing is no use: after ten wrong secrets nobody from there is heard for a while.
#[test]
fn who_fails_too_often_is_not_heard_for_a_while() {
    let world = world(Users::default().anonymous("guest").ticket("joe", "user", "secret!!!"));
    let from = |address: &str, details: Value| {
        let peer = Some(std::net::SocketAddr::new(address.parse().unwrap(), 4711));
        let origin = Origin { peer, ..Origin::default() };
        let entrance = Arc::new(Entrance::new("websocket", true));
        let mut client = world.connect_by(entrance, origin, Serializer::Json, usize::MAX);
        let mut details = details;
        details["roles"] = json!({"caller": {}});
        let _ = client.send(&json!([1, "realm1", details]).to_string());
        let answer = received(&client);
        (client, answer)
    };
    let joe = || json!({"authmethods": ["ticket"], "authid": "joe"});
    let mut one_more = from("192.0.2.1", joe()).0;
    for _ in 0..10 {
        let (mut client, _) = from("192.0.2.1", joe());
        // Who gets in has not failed.
        assert_joined_as(&answer(&mut client, "secret!!!", json!({})), "joe", "user", "ticket");
        let (mut client, _) = from("192.0.2.1", joe());
        assert_refused(&answer(&mut client, "guess", json!({})));
    }
    let assert_too_many = |abort: &Value| {
        assert_eq!([&abort[0], &abort[2]], [&json!(3), &json!("router.error.limit_exceeded")]);
        let message = abort[1]["message"].as_str().unwrap();
        assert_eq!(message, "too many logins from this address have failed; try again in 6 s");
    };
    assert_too_many(&from("192.0.2.1", joe()).1);
    assert_too_many(&answer(&mut one_more, "secret!!!", json!({})));
    // Others are heard, and so are those who prove nothing.
    assert_eq!(from("192.0.2.2", joe()).1[0], 4);
    assert_eq!(from("192.0.2.1", json!({})).1[0], 2);
    world.pass(6000);
    let (mut client, _) = from("192.0.2.1", joe());
    assert_joined_as(&answer(&mut client, "secret!!!", json!({})), "joe", "user", "ticket");
}
