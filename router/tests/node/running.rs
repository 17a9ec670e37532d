//! Routers that run what files say.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::net::UnixStream;
use wamp_proto::Serializer;

use crate::common::raw::RawClient;
use crate::common::{Client, http};
use crate::program::{Folder, text};

/// Says HELLO and answers what comes back.
async fn hello(address: SocketAddr, realm: &str, details: Value) -> (Client, Value) {
    let mut client = Client::connect(address, Serializer::Json).await;
    let mut details = details;
    details["roles"] = json!({"publisher": {}, "subscriber": {}, "caller": {}, "callee": {}});
    client.send(json!([1, realm, details])).await;
    let answer = client.receive().await;
    (client, answer)
}

#[tokio::test]
async fn the_default_of_version_1_and_2() {
    for fixture in [include_str!("fixtures/good/v1-default.json"), include_str!("fixtures/good/v2-default.json")] {
        let folder = Folder::with("web/index.html", "<p>hello");
        folder.write(".crossbar/config.json", fixture);
        let program = crate::program::Program::start(folder.command(&[]));
        let ws = program.addresses.iter().position(|address| address.starts_with("ws://")).unwrap();
        assert!(program.addresses[ws].ends_with("/ws"));
        let address = program.address(ws);
        let (mut client, _) = Client::join(address, Serializer::Cbor).await;
        client.subscribe(1, "com.example").await;
        let page = http(address, &format!("GET / HTTP/1.1\r\nhost: {address}"), b"").await;
        assert_eq!((page.status, page.body.as_str()), (200, "<p>hello"));
        drop(client);
        assert_eq!(program.stop().code(), Some(0));
    }
}

#[tokio::test]
async fn a_file_with_everything() {
    let folder = Folder::with("config.yaml", include_str!("fixtures/good/v2-everything.yaml"));
    let program = folder.start("config.yaml");
    let kinds: Vec<_> = program.addresses.iter().map(|address| address.split(':').next().unwrap()).collect();
    assert_eq!(kinds, ["ws", "rs", "ws", "ws", "rs"]);
    // A WebSocket transport answers at every path, and only with the serializers it has.
    let (mut client, _) = Client::join(program.address(0), Serializer::Cbor).await;
    assert!(Client::try_connect(program.address(0), "wamp.2.msgpack").await.is_err());
    // The permissions of version 2, with a star and without.
    client.send(json!([32, 1, {}, "com.example.news"])).await;
    assert_eq!(client.receive().await[0], 33);
    client.send(json!([32, 2, {}, "com.other"])).await;
    assert_eq!(client.receive().await[4], "wamp.error.not_authorized");
    client.send(json!([16, 3, {"acknowledge": true}, "com.anything.log", []])).await;
    assert_eq!(client.receive().await[0], 17);

    let at_ws = program.address(2);
    let (_, welcome) = hello(at_ws, "realm1", json!({})).await;
    assert_eq!((&welcome[0], &welcome[2]["authid"]), (&json!(2), &json!("everybody")));
    let ticket = json!({"authmethods": ["ticket"], "authid": "joe"});
    let (mut joe, challenge) = hello(at_ws, "realm1", ticket.clone()).await;
    assert_eq!((&challenge[0], &challenge[1]), (&json!(4), &json!("ticket")));
    joe.send(json!([5, "secret!!!", {}])).await;
    let welcome = joe.receive().await;
    assert_eq!((&welcome[0], &welcome[2]["authrole"]), (&json!(2), &json!("backend")));
    let (mut wrong, _) = hello(at_ws, "realm1", ticket.clone()).await;
    wrong.send(json!([5, "secret", {}])).await;
    assert_eq!(wrong.receive().await[2], "wamp.error.authentication_denied");
    // A realm without the role.
    let (mut joe, _) = hello(at_ws, "realm2", ticket).await;
    joe.send(json!([5, "secret!!!", {}])).await;
    let refused = joe.receive().await;
    assert_eq!((&refused[0], &refused[2]), (&json!(3), &json!("wamp.error.no_such_role")));
    for method in ["wampcra", "scram", "cryptosign"] {
        let key = "545efb0a2192db8d43f118e9bf9aee081466e1ef36c708b96ee6f62dddad9122";
        let authid = match method {
            "wampcra" => "peter",
            "scram" => "carol",
            _ => "sensor",
        };
        let details = json!({"authmethods": [method], "authid": authid,
            "authextra": {"pubkey": key, "nonce": "AAAAAAAAAAAAAAAAAAAAAA==", "channel_binding": null}});
        let (_, challenge) = hello(at_ws, "realm1", details).await;
        assert_eq!((&challenge[0], &challenge[1]), (&json!(4), &json!(method)), "{challenge}");
    }
    let value = http(at_ws, &format!("GET /settings HTTP/1.1\r\nhost: {at_ws}"), b"").await;
    assert_eq!(value.json(), json!({"a": [1, null]}));
    let moved = http(at_ws, &format!("GET /old HTTP/1.1\r\nhost: {at_ws}"), b"").await;
    assert!((300..400).contains(&moved.status), "{moved:?}");
    let below = http(at_ws, &format!("GET /below/files/config.yaml HTTP/1.1\r\nhost: {at_ws}"), b"").await;
    assert_eq!(below.status, 404, "it is relative to the file's folder, so that its folder is above");

    let socket = UnixStream::connect(folder.file("wamp.sock")).await.unwrap();
    RawClient::join(socket, Serializer::MessagePack).await;
    assert_eq!(program.stop().code(), Some(0));
    assert!(!folder.file("wamp.sock").exists());
}

#[test]
fn what_keeps_it_from_starting_is_said_with_its_place() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let transport = |endpoint: &str| {
        format!(
            "version: 2\nworkers:\n- type: router\n  transports:\n  - {{type: rawsocket, endpoint: {{{endpoint}}}}}\n"
        )
    };
    let table = [
        (
            transport(&format!("type: tcp, interface: 127.0.0.1, port: {port}")),
            format!("workers[0].transports[0].endpoint: cannot listen on 127.0.0.1:{port}: "),
        ),
        (transport("type: unix, path: config.yaml"), "there is a file that is no socket".to_owned()),
        (
            transport("type: tcp, interface: 127.0.0.1, port: 0, tls: {certificate: none.crt, key: none.key}"),
            "workers[0].transports[0].endpoint.tls: ".to_owned(),
        ),
    ];
    for (file, expected) in table {
        let folder = Folder::with("config.yaml", &file);
        let output = folder.run(&["start", "--config", "config.yaml"]);
        let errors = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{errors}");
        let last = errors.lines().last().unwrap();
        assert!(last.starts_with("wamp-router: config.yaml: ") && last.contains(&expected), "{errors}");
        assert!(output.stdout.is_empty(), "nothing was started");
    }
}

#[tokio::test]
async fn anonymous_beyond_loopback_is_obeyed_with_a_warning() {
    let file = "version: 2\nworkers:\n- type: router\n  realms: [{name: realm1, roles: [{name: anonymous}]}]\n  \
                transports: [{type: web, endpoint: {type: tcp, port: 0}, paths: {ws: {type: websocket}}}]\n";
    let folder = Folder::with("config.yaml", file);
    let program = folder.start("config.yaml");
    let warning = program.logged("comes in, without a proof of who it is");
    assert!(warning.contains("WARN") && warning.contains("workers[0].transports[0].paths[\"ws\"]: "), "{warning}");
    let port = program.address(0).port();
    Client::join(([127, 0, 0, 1], port).into(), Serializer::Json).await;
}
