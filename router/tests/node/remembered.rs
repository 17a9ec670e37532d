//! How long a client is let in for: by its cookie, by its token, and once it is in.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use wamp_proto::auth::mac;

use crate::common::Client;
use crate::program::{Folder, Program};

/// What tokens are signed with.
const SECRET: &str = "thirty-two bytes that nobody knows";

/// A node whose clients get cookies. Nobody says anything of `ops` but that it may end the sessions of others.
fn file(auth: &str) -> String {
    format!(
        "version: 2
workers:
- type: router
  realms:
  - name: realm1
    roles:
    - {{name: user, allow-by-default: true}}
    - {{name: admin, allow-by-default: true}}
    - {{name: ops, permissions: [{{uri: wamp.session., match: prefix, allow: {{call: true}}}}]}}
  transports:
  - type: web
    endpoint: {{type: tcp, interface: 127.0.0.1, port: 0}}
    paths:
      ws:
        type: websocket
        cookie: {{store: {{type: file, filename: cookies.dat}}}}
        auth: {{cookie: {{}}, {auth}}}
"
    )
}

fn users(users: &str) -> String {
    file(&format!("ticket: {{type: static, principals: {{{users}}}}}"))
}

const JOE: &str = "joe: {ticket: secret!!!, role: user}";
const OPS: &str = "ops: {ticket: secret!!!, role: ops}";

async fn reload(program: &Program, folder: &Folder, text: &str) {
    folder.write("config.yaml", text);
    program.signal("HUP");
    program.logged(" reloaded");
}

/// Opens a WebSocket, with a cookie if there is one, and says HELLO.
async fn hello(program: &Program, cookie: Option<&str>, details: Value) -> (Client, Value) {
    let address = program.address(0);
    let stream = TcpStream::connect(address).await.unwrap();
    let headers: Vec<_> = cookie.map(|cookie| ("cookie", cookie)).into_iter().collect();
    let mut client = Client::over(stream, &format!("ws://{address}/ws"), "wamp.2.json", &headers).await.unwrap();
    let mut details = details;
    details["roles"] = json!({"caller": {}, "subscriber": {}});
    client.send(json!([1, "realm1", details])).await;
    let answer = client.receive().await;
    (client, answer)
}

/// Joins by ticket.
async fn log_in(program: &Program, cookie: Option<&str>, authid: &str) -> Client {
    let details = json!({"authmethods": ["cookie", "ticket"], "authid": authid});
    let (mut client, challenge) = hello(program, cookie, details).await;
    assert_eq!(challenge[0], 4, "{challenge}");
    client.send(json!([5, "secret!!!", {}])).await;
    let welcome = client.receive().await;
    assert_eq!(welcome[0], 2, "{welcome}");
    client
}

/// What comes of a cookie alone: the role that it gives, or the reason of a refusal.
async fn back(program: &Program, cookie: &str) -> String {
    let (_, answer) = hello(program, Some(cookie), json!({"authmethods": ["cookie"]})).await;
    let text = if answer[0] == 2 { &answer[2]["authrole"] } else { &answer[2] };
    text.as_str().unwrap().to_owned()
}

const UNKNOWN: &str = "wamp.error.no_matching_auth_method";

#[tokio::test]
async fn a_cookie_admits_whom_the_file_has_now() {
    let folder = Folder::with("config.yaml", users(&format!("{JOE}, {OPS}")));
    let program = folder.start("config.yaml");
    let mut client = log_in(&program, None, "joe").await;
    let cookie = client.cookie.clone().unwrap();
    assert_eq!(back(&program, &cookie).await, "user");

    reload(&program, &folder, &users(&format!("joe: {{ticket: secret!!!, role: admin}}, {OPS}"))).await;
    assert_eq!(back(&program, &cookie).await, "admin");

    // A secret that somebody else has got to know, and what it opened.
    reload(&program, &folder, &users(&format!("joe: {{ticket: another one, role: user}}, {OPS}"))).await;
    assert_eq!(back(&program, &cookie).await, UNKNOWN);
    reload(&program, &folder, &users(&format!("{JOE}, {OPS}"))).await;
    assert_eq!(back(&program, &cookie).await, UNKNOWN, "it was forgotten");
    log_in(&program, Some(&cookie), "joe").await;
    assert_eq!(back(&program, &cookie).await, "user");

    reload(&program, &folder, &users(OPS)).await;
    assert_eq!(back(&program, &cookie).await, UNKNOWN);
    let stored = std::fs::read_to_string(folder.file("cookies.dat")).unwrap();
    let last: Value = serde_json::from_str(stored.lines().last().unwrap()).unwrap();
    assert_eq!(last["known"], Value::Null, "{stored}");
    assert!(!stored.contains("secret"), "{stored}");

    // Who is in stays in, until somebody ends that.
    assert!(client.subscribe(1, "com.a").await > 0);
    let mut ops = log_in(&program, None, "ops").await;
    let message = json!({"message": "you have left us"});
    ops.send(json!([48, 1, {}, "wamp.session.kill_by_authid", ["joe"], message])).await;
    let killed = ops.receive().await;
    assert_eq!([&killed[0], &killed[3][0].as_array().unwrap().len().into()], [&json!(50), &json!(1)], "{killed}");
    let goodbye = client.receive().await;
    assert_eq!([&goodbye[1]["message"], &goodbye[2]], ["you have left us", "wamp.close.killed"]);
    assert_eq!(program.stop().code(), Some(0));

    let program = folder.start("config.yaml");
    assert_eq!(back(&program, &cookie).await, UNKNOWN, "after a restart too");
}

/// A token of joe's that expires so many seconds from now.
fn token(seconds: i64) -> String {
    let now = i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()).unwrap();
    let claims = json!({"sub": "joe", "exp": now + seconds});
    let [header, claims] =
        [json!({"alg": "HS256", "typ": "JWT"}), claims].map(|it| URL_SAFE_NO_PAD.encode(it.to_string()));
    let signed = format!("{header}.{claims}");
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac(SECRET.as_bytes(), signed.as_bytes())))
}

#[tokio::test]
async fn a_session_and_a_cookie_end_with_their_token() {
    let tokens = |secret: &str| file(&format!("jwt: {{secret: '{secret}', role: user, leeway: 0}}"));
    let folder = Folder::with("config.yaml", tokens(SECRET));
    let program = folder.start("config.yaml");
    let join = async |token: String| {
        let details = json!({"authmethods": ["cookie", "jwt"], "authextra": {"token": token}});
        let (client, welcome) = hello(&program, None, details).await;
        assert_eq!(welcome[0], 2, "{welcome}");
        client
    };
    let mut long = join(token(3600)).await;
    let mut short = join(token(2)).await;
    let cookie = short.cookie.clone().unwrap();
    let (mut by_cookie, welcome) = hello(&program, Some(&cookie), json!({"authmethods": ["cookie"]})).await;
    assert_eq!([&welcome[2]["authmethod"], &welcome[2]["authprovider"]], ["jwt", "cookie"], "{welcome}");
    for client in [&mut short, &mut by_cookie] {
        let goodbye = client.receive().await;
        assert_eq!([&goodbye[0], &goodbye[2]], [&json!(6), &json!("wamp.close.expired")]);
        let message = goodbye[1]["message"].as_str().unwrap();
        assert!(message.contains("has expired"), "{message}");
    }
    assert_eq!(back(&program, &cookie).await, UNKNOWN);
    let (_, refused) = hello(&program, None, json!({"authmethods": ["jwt"], "authextra": {"token": token(-2)}})).await;
    assert_eq!(refused[2], "wamp.error.authentication_denied");
    assert!(long.subscribe(1, "com.a").await > 0, "the other one goes on");

    // The key of its issuer is taken away.
    let cookie = long.cookie.clone().unwrap();
    assert_eq!(back(&program, &cookie).await, "user");
    reload(&program, &folder, &tokens("thirty-two bytes of somebody else!")).await;
    assert_eq!(back(&program, &cookie).await, UNKNOWN);
    assert_eq!(program.stop().code(), Some(0));
}
