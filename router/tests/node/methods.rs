//! Tokens, certificates and cookies, as files say.

use serde_json::{Value, json};

use wamp_proto::Serializer;

use crate::common::Client;
use crate::program::{Folder, Program, text};

const KEYS: &str = include_str!("../../src/auth/jwt/fixtures/keys.json");
const TOKENS: &str = include_str!("../../src/auth/jwt/fixtures/tokens.txt");

fn file(auth: &str, more: &str) -> String {
    format!(
        "version: 2
workers:
- type: router
  realms: [{{name: realm1, roles: [{{name: user, allow-by-default: true}}]}}]
  transports:
  - type: web
    endpoint: {{type: tcp, interface: 127.0.0.1, port: 0}}
    paths:
      ws:
        type: websocket
        auth: {auth}
        {more}
"
    )
}

async fn hello(program: &Program, details: Value) -> (Client, Value) {
    let mut client = Client::connect(program.address(0), Serializer::Json).await;
    let mut details = details;
    details["roles"] = json!({"caller": {}});
    client.send(json!([1, "realm1", details])).await;
    let answer = client.receive().await;
    (client, answer)
}

fn token(algorithm: &str) -> &'static str {
    TOKENS.lines().find_map(|line| line.strip_prefix(algorithm)).unwrap().trim()
}

#[tokio::test]
async fn a_token_of_a_key_set_lets_in_until_the_set_is_another() {
    let auth = "{jwt: {key_set: keys.json, roles: [user], claims: {authid: sub}, tickets: true}}";
    let folder = Folder::with("config.yaml", file(auth, ""));
    folder.write("keys.json", KEYS);
    let program = folder.start("config.yaml");
    for (method, algorithm) in [("jwt", "RS256"), ("jwt", "EdDSA"), ("ticket", "ES384")] {
        let (mut client, challenge) = hello(&program, json!({"authmethods": [method]})).await;
        assert_eq!(challenge, json!([4, method, {}]));
        client.send(json!([5, token(algorithm), {}])).await;
        let welcome = client.receive().await;
        assert_eq!([&welcome[2]["authid"], &welcome[2]["authrole"]], ["joe", "user"], "{welcome}");
    }
    // The keys change: those of RSA are gone.
    let mut keys: Value = serde_json::from_str(KEYS).unwrap();
    keys["keys"].as_array_mut().unwrap().retain(|key| key["kty"] != "RSA");
    folder.write("keys.json", keys.to_string());
    program.signal("HUP");
    program.logged(" reloaded");
    let (_, refused) = hello(&program, json!({"authmethods": ["jwt"], "authextra": {"token": token("RS256")}})).await;
    assert_eq!(refused[2], "wamp.error.authentication_denied", "{refused}");
    let (_, welcome) = hello(&program, json!({"authmethods": ["jwt"], "authextra": {"token": token("EdDSA")}})).await;
    assert_eq!(welcome[0], 2, "{welcome}");
    assert_eq!(program.stop().code(), Some(0));
}

#[test]
fn what_is_wrong_with_a_method_is_said_with_its_place() {
    let good = "{jwt: {key_set: keys.json, role: user}}";
    let table = [
        (good, "cookie: {name: Sid, length: 5}", "cookie.name: a cookie's name is small letters"),
        (
            good,
            "cookie: {store: {type: database, path: .cookies}}",
            "cookie.store.type: not supported: there is no LMDB",
        ),
        (good, "cookie: {store: {type: file, filename: nowhere/cookies.dat}}", "cannot use the file of cookies"),
        (good, "cookie: {same_site: laxx}", "unknown value \"laxx\"; did you mean \"lax\"?"),
        ("{jwt: {role: user}}", "", "auth.jwt: one of the keys \"secret\", \"public_keys\" and \"key_set\" is needed"),
        ("{jwt: {secret: short, role: user}}", "", "auth.jwt.secret: an HMAC secret needs 32 bytes at least"),
        ("{jwt: {key_set: none.json, role: user}}", "", "auth.jwt.key_set: cannot read"),
        ("{jwt: {public_keys: keys.json, role: user}}", "", "auth.jwt.public_keys: there is no public key in it"),
        ("{jwt: {key_set: keys.json}}", "", "auth.jwt: one of the keys \"role\" and \"roles\" is needed"),
        ("{jwt: {key_set: keys.json, role: user, algorithm: none}}", "", "unknown key \"algorithm\""),
        (
            "{ticket: {type: webhook, url: 'https://localhost/', ca_certificates: [keys.json]}}",
            "",
            "keys.json: it has to hold certificates in PEM",
        ),
        (
            "{ticket: {type: webhook, url: 'http://localhost/', ca_certificates: [keys.json]}}",
            "",
            "auth.ticket.ca_certificates: this is for TLS, which is not spoken here",
        ),
        (
            "{ticket: {type: webhook, url: 'https://localhost/', ca_certificates: []}}",
            "",
            "auth.ticket.ca_certificates: list the files, or leave this out",
        ),
        (
            "{ticket: {type: static, principals: {joe: {role: user, ticket: ''}}}}",
            "",
            "auth.ticket.principals[\"joe\"].ticket: this is empty: anybody could guess it",
        ),
        (
            "{wampcra: {type: static, users: {'': {role: user, secret: x}}}}",
            "",
            "auth.wampcra.users[\"\"]: an authid can't be empty",
        ),
        (
            "{cryptosign: {type: static, default-role: user, principals: {
                joe: {authorized_keys: [545efb0a2192db8d43f118e9bf9aee081466e1ef36c708b96ee6f62dddad9122]},
                ann: {authorized_keys: [545efb0a2192db8d43f118e9bf9aee081466e1ef36c708b96ee6f62dddad9122]}}}}",
            "",
            "auth.cryptosign.principals[\"ann\"]: this is how \"joe\" proves who it is",
        ),
        ("{jwt: {key_set: keys.json, roles: []}}", "", "auth.jwt.roles: list a role, or give all tokens the same one"),
        ("{cookie: {}}", "", "`auth.cookie` knows clients again by their cookies"),
        (
            "{tls: {type: static, principals: {joe: {role: user, certificate-sha1: 'B6:E5'}}}}",
            "",
            "certificate-sha1: a fingerprint is the SHA-256 (32 bytes) or SHA-1 (20 bytes)",
        ),
        (
            "{cryptosign: {type: static, trustroots: {realm1: {certificate: x}}, principals: {}}}",
            "",
            "auth.cryptosign.trustroots: not supported",
        ),
    ];
    for (auth, more, expected) in table {
        let folder = Folder::with("config.yaml", file(auth, more));
        folder.write("keys.json", KEYS);
        let output = folder.run(&["start", "--config", "config.yaml"]);
        let errors = text(&output.stderr);
        assert!(errors.contains(expected), "{expected}: {errors}");
        assert_ne!(output.status.code(), Some(0));
    }
}

/// What is good in itself, and does not go with the rest of the file.
#[test]
fn users_that_can_not_come_in_are_warned_of() {
    let certificate = "certificate-sha1: 'B6:E5:E6:F2:2A:86:DB:3C:DC:9F:51:42:58:39:9B:14:92:5D:A1:EB'";
    let table = [
        ("{}".to_owned(), "nobody can come in here: `auth` has no users"),
        ("{ticket: {type: static, principals: {}}}".to_owned(), "nobody can come in here"),
        (
            "{jwt: {key_set: keys.json, roles: [user, usr]}}".to_owned(),
            "as \"usr\" can join no realm: none has this role",
        ),
        ("{anonymous: {type: static, role: usre}}".to_owned(), "did you mean \"user\"?"),
        (
            format!("{{tls: {{type: static, principals: {{joe: {{role: user, {certificate}}}}}}}}}"),
            "nobody can show a certificate here: the endpoint has no `tls`",
        ),
        (
            "{cryptosign: {type: dynamic, authenticator: com.a, require-channel-binding: true}}".to_owned(),
            "no signature can be bound to its connection here",
        ),
    ];
    for (auth, expected) in table {
        let folder = Folder::with("config.yaml", file(&auth, ""));
        folder.write("keys.json", KEYS);
        let output = folder.run(&["check", "--config", "config.yaml"]);
        let errors = text(&output.stderr);
        assert!(output.status.success() && errors.contains(expected), "{expected}: {errors}");
    }
    let good = file("{anonymous: {type: static}, jwt: {key_set: keys.json, role: user}}", "");
    let folder = Folder::with("config.yaml", good);
    folder.write("keys.json", KEYS);
    assert_eq!(text(&folder.run(&["check", "--config", "config.yaml"]).stderr), "");
}
