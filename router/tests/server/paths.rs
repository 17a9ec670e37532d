//! What is at which path, and how that changes.

use axum::extract::OriginalUri;
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use wamp_proto::Serializer;
use wamp_router::{
    Listener, LongPollSettings, PathService, Paths, RawSocketSettings, Router, Server, Web, WebSocketSettings,
};

use crate::common::longpoll::Poller;
use crate::common::raw::RawClient;
use crate::common::{Client, http, serve_web, soon};

/// Says what it sees of a path.
fn seen() -> axum::Router {
    axum::Router::new().fallback(async |OriginalUri(all): OriginalUri, uri: axum::http::Uri| {
        format!("{} of {}", uri.path(), all.path())
    })
}

async fn get(server: &Server, path: &str) -> (u16, String) {
    let answer = http(server.local_addr(), &format!("GET {path} HTTP/1.1\r\nhost: localhost"), b"").await;
    (answer.status, answer.body)
}

#[tokio::test]
async fn the_longest_path_answers() {
    let inner = Paths::new().at("/", seen()).unwrap().at("/ws", WebSocketSettings::default()).unwrap();
    let paths = Paths::new().at("/a", seen()).unwrap().at("/a/b", inner).unwrap();
    let server = serve_web(paths).await;
    for (path, body) in [("/a", "/ of /a"), ("/a/", "/ of /a/"), ("/a/c", "/c of /a/c"), ("/a/bc", "/bc of /a/bc")] {
        assert_eq!(get(&server, path).await, (200, body.to_owned()));
    }
    assert_eq!(get(&server, "/a/b/c").await, (200, "/c of /a/b/c".to_owned()));
    assert_eq!(get(&server, "/a/b/ws").await.0, 426);
    assert_eq!(get(&server, "/a/b/ws/").await.0, 426);
    assert_eq!(get(&server, "/").await.0, 404);
    assert_eq!(get(&server, "/ab").await.0, 404);
}

#[tokio::test]
async fn a_websocket_at_the_root_is_at_every_path() {
    let server = serve_web(Paths::new().at("/", WebSocketSettings::default()).unwrap()).await;
    let address = server.local_addr();
    for path in ["", "/ws", "/any/where?at=all"] {
        let stream = TcpStream::connect(address).await.unwrap();
        let url = format!("ws://{address}{path}");
        Client::over(stream, &url, "wamp.2.json", &[]).await.unwrap().say_hello().await;
    }
}

#[tokio::test]
async fn paths_are_replaced_and_no_session_dropped() {
    let server = Server::new(&Router::builder().realm("realm1").build());
    let before = Paths::simple(WebSocketSettings::default(), seen()).at("/lp", LongPollSettings::default()).unwrap();
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let listening = server.listen(Listener::new(port, Web::from(before)));
    let address = server.local_addr();
    let (mut web, _) = Client::join(address, Serializer::Json).await;
    let mut poller = Poller::join(address, "wamp.2.json").await;
    web.subscribe(1, "com.example.topic").await;

    let after = Paths::new().at("/other", WebSocketSettings::default()).unwrap();
    listening.set_paths(after.at("/poll", LongPollSettings::default()).unwrap());
    assert_eq!((get(&server, "/ws").await.0, get(&server, "/other").await.0), (404, 426));
    poller.base = poller.base.replace("/lp/", "/poll/");
    poller.send(&[json!([16, 1, {"acknowledge": true}, "com.example.topic", ["still"]])]).await;
    assert_eq!(poller.receive().await[0][0], 17);
    assert_eq!(web.receive().await[4][0], "still");

    listening.set_paths(Paths::new().at("/publish", PathService::Publish).unwrap());
    let post = "POST /publish HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json";
    assert_eq!(http(address, post, br#"{"topic":"com.example.topic","args":["posted"]}"#).await.status, 200);
    assert_eq!(web.receive().await[4][0], "posted");
    // The old way in is gone, its sessions are told of a shutdown all the same.
    let shutdown = tokio::spawn(server.shutdown());
    assert_eq!(web.receive().await[2], "wamp.close.system_shutdown");
    assert_eq!(u16::from(web.closed().await.unwrap().code), 1001);
    drop(web);
    soon(shutdown).await.unwrap();
}

/// A connection that is kept alive serves what is at the paths by then.
#[tokio::test]
async fn a_listener_is_closed_and_its_sessions_stay() {
    let server = Server::new(&Router::builder().realm("realm1").build());
    let port = async || TcpListener::bind("127.0.0.1:0").await.unwrap();
    let first = server.listen(Listener::new(port().await, RawSocketSettings::default()));
    let second = server.listen(Listener::new(port().await, RawSocketSettings::default()));
    let address = first.local_addr().unwrap();
    let mut client = RawClient::join(TcpStream::connect(address).await.unwrap(), Serializer::Json).await;
    soon(first.close()).await;
    TcpListener::bind(address).await.expect("the port is free");
    client.send(json!([32, 1, {}, "com.example.topic"])).await;
    assert_eq!(client.receive().await[0], 33);
    RawClient::join(TcpStream::connect(second.local_addr().unwrap()).await.unwrap(), Serializer::Json).await;
    let shutdown = tokio::spawn(server.shutdown());
    assert_eq!(client.receive().await[2], "wamp.close.system_shutdown");
    drop(client);
    soon(shutdown).await.unwrap();
}
