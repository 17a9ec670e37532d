//! SIGHUP: what changes, while sessions go on.

use serde_json::json;
use wamp_proto::Serializer;

use crate::common::{Client, http};
use crate::program::{Folder, Program};

/// A node on one port. `allow` is what nobody may do, `users` and `paths` are further ones.
fn file(allow: &str, users: &str, paths: &str, rest: &str) -> String {
    format!(
        "version: 2
workers:
- type: router
  realms:
  - name: realm1
    roles:
    - {{name: anonymous, permissions: [{{uri: '', match: prefix, allow: {{{allow}}}}}]}}
    - {{name: backend, allow-by-default: true}}
  transports:
  - type: web
    endpoint: {{type: tcp, interface: 127.0.0.1, port: 0}}
    paths:
      ws: {{type: websocket, auth: {{anonymous: {{type: static}}, ticket: {{type: static, principals: {{{users}}}}}}}}}
      {paths}
{rest}"
    )
}

async fn reloaded(program: &Program, folder: &Folder, text: &str) {
    folder.write("config.yaml", text);
    program.signal("HUP");
    program.logged(" reloaded");
}

/// The error a request is answered with, if it is.
async fn error(client: &mut Client, request: u64, uri: &str) -> Option<String> {
    client.send(json!([32, request, {}, uri])).await;
    let answer = client.receive().await;
    (answer[0] == 8).then(|| answer[4].as_str().unwrap().to_owned())
}

/// How a ticket is taken.
async fn ticket(program: &Program, authid: &str) -> String {
    let mut client = Client::connect(program.address(0), Serializer::Json).await;
    let details = json!({"roles": {"caller": {}}, "authmethods": ["ticket"], "authid": authid});
    client.send(json!([1, "realm1", details])).await;
    let challenge = client.receive().await;
    assert_eq!(challenge[0], 4, "{challenge}");
    client.send(json!([5, "secret!!!", {}])).await;
    let answer = client.receive().await;
    if answer[0] == 2 { "welcome".to_owned() } else { answer[2].as_str().unwrap().to_owned() }
}

#[tokio::test]
async fn permissions_users_and_paths_change_and_sessions_stay() {
    let joe = "joe: {ticket: secret!!!, role: backend}";
    let paula = "paula: {ticket: secret!!!, role: backend}";
    let folder = Folder::with("config.yaml", file("subscribe: false", joe, "", ""));
    let program = folder.start("config.yaml");
    let (mut client, _) = Client::join(program.address(0), Serializer::Json).await;
    assert_eq!(error(&mut client, 1, "com.a").await.as_deref(), Some("wamp.error.not_authorized"));
    assert_eq!(ticket(&program, "joe").await, "welcome");
    assert_eq!(ticket(&program, "paula").await, "wamp.error.authentication_denied");
    let info = format!("GET /info HTTP/1.1\r\nhost: {}", program.address(0));
    assert_eq!(http(program.address(0), &info, b"").await.status, 404);

    let changed = file("subscribe: true", paula, "info: {type: nodeinfo}", "");
    reloaded(&program, &folder, &changed).await;
    assert_eq!(error(&mut client, 2, "com.a").await, None, "the session is there, and may do more");
    assert_eq!(ticket(&program, "joe").await, "wamp.error.authentication_denied");
    assert_eq!(ticket(&program, "paula").await, "welcome");
    assert_eq!(http(program.address(0), &info, b"").await.status, 200);

    reloaded(&program, &folder, &file("subscribe: false", paula, "", "")).await;
    assert_eq!(error(&mut client, 3, "com.b").await.as_deref(), Some("wamp.error.not_authorized"));
    assert_eq!(http(program.address(0), &info, b"").await.status, 404);
    assert_eq!(program.stop().code(), Some(0));
}

#[tokio::test]
async fn a_bad_file_changes_nothing_and_says_why() {
    let folder = Folder::with("config.yaml", file("subscribe: true", "", "", ""));
    let program = folder.start("config.yaml");
    let (mut client, _) = Client::join(program.address(0), Serializer::Json).await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let listen = format!("  - {{type: rawsocket, endpoint: {{type: tcp, interface: 127.0.0.1, port: {port}}}}}\n");
    let table = [
        ("version: 2\nworkers: [".to_owned(), "line "),
        (file("subscrbe: false", "", "", ""), "did you mean \\\"subscribe\\\"?"),
        (file("subscribe: false", "joe: {ticket: $WAMP_NO_SUCH, role: backend}", "", ""), "WAMP_NO_SUCH is not set"),
        (file("subscribe: false", "", "", &listen), "cannot listen on 127.0.0.1"),
    ];
    for (request, (text, why)) in (1..).zip(table) {
        folder.write("config.yaml", text);
        program.signal("HUP");
        let logged = program.logged("ERROR");
        assert!(logged.contains(why) || logged.contains(&why.replace('\\', "")), "{logged}");
        if !logged.contains("nothing has changed") {
            program.logged("nothing has changed");
        }
        assert_eq!(error(&mut client, request, "com.a").await, None);
    }
}

#[tokio::test]
async fn what_takes_a_restart_is_named_and_listeners_come_and_go() {
    let folder = Folder::with("config.yaml", file("subscribe: true", "", "", ""));
    let program = folder.start("config.yaml");
    let (mut client, _) = Client::join(program.address(0), Serializer::Json).await;

    let unix = "  - {type: rawsocket, endpoint: {type: unix, path: wamp.sock}}\n";
    reloaded(&program, &folder, &file("subscribe: true", "", "", unix)).await;
    assert!(folder.file("wamp.sock").exists());
    reloaded(&program, &folder, &file("subscribe: true", "", "", "")).await;
    assert!(!folder.file("wamp.sock").exists());

    let text = file("subscribe: true", "", "", "  limits: {calls: 5}\n").replace("name: realm1", "name: realm2");
    folder.write("config.yaml", text);
    program.signal("HUP");
    let warning = program.logged("takes a restart");
    for named in ["workers[0].realms[0] (the realm \"realm2\" is new)", "(the realm \"realm1\" is no longer there)"] {
        assert!(warning.contains(named) || warning.contains(&named.replace('"', "\\\"")), "{warning}");
    }
    assert_eq!(error(&mut client, 1, "com.a").await, None, "the session is still there");
}
