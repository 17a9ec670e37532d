//! The end of a server.

mod common;

use std::time::Duration;

use common::{Client, http, serve, soon};
use futures_util::StreamExt;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use wamp_proto::Serializer;
use wamp_router::{Config, Router};

#[tokio::test]
async fn everybody_is_told_and_the_port_is_free_again() {
    let server = serve(Config { shutdown_timeout: Duration::MAX, ..Config::default() }).await;
    let address = server.local_addr();
    let mut clients = Vec::new();
    for serializer in Serializer::ALL {
        clients.push(Client::join(address, serializer).await.0);
    }
    let mut silent = Client::connect(address, Serializer::Json).await;
    // A browser keeps its connection for the next request.
    let mut idle = TcpStream::connect(address).await.unwrap();
    idle.write_all(b"GET /ws HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut answered = [0; 12];
    soon(idle.read_exact(&mut answered)).await.unwrap();
    assert_eq!(&answered, b"HTTP/1.1 426");
    let ends = tokio::spawn(async move {
        for mut client in clients {
            let goodbye = client.receive().await;
            assert_eq!((&goodbye[0], &goodbye[2]), (&json!(6), &json!("wamp.close.system_shutdown")));
            assert_eq!(client.closed().await.unwrap().code, CloseCode::Away);
            assert!(soon(client.socket.next()).await.is_none());
        }
        assert_eq!(silent.closed().await.unwrap().code, CloseCode::Away);
        assert!(soon(silent.socket.next()).await.is_none());
        soon(idle.read_to_end(&mut Vec::new())).await.unwrap();
    });
    soon(server.shutdown()).await;
    soon(ends).await.unwrap();
    TcpListener::bind(address).await.unwrap();
}

#[tokio::test]
async fn who_does_not_go_is_dropped() {
    let server = serve(Config { shutdown_timeout: Duration::from_millis(50), ..Config::default() }).await;
    // Neither reads, so neither answers the close frame.
    let (mut stubborn, _) = Client::join(server.local_addr(), Serializer::Json).await;
    let _silent = Client::connect(server.local_addr(), Serializer::Json).await;
    soon(server.shutdown()).await;
    assert_eq!(stubborn.receive().await[0], 6);
}

#[tokio::test]
async fn a_request_under_way_is_answered() {
    let (entered, wait) = tokio::sync::oneshot::channel();
    let (release, released) = tokio::sync::oneshot::channel::<()>();
    let once = std::sync::Arc::new(std::sync::Mutex::new(Some((entered, released))));
    let slow = axum::routing::get(move || async move {
        let (entered, released) = once.lock().unwrap().take().unwrap();
        entered.send(()).unwrap();
        released.await.unwrap();
        "answered"
    });
    let routes = axum::Router::new().route("/slow", slow);
    let server = common::serve_with(Config::default(), routes).await;
    let address = server.local_addr();
    let request = tokio::spawn(async move { http(address, "GET /slow HTTP/1.1\r\nhost: localhost", b"").await });
    soon(wait).await.unwrap();
    let shutdown = tokio::spawn(server.shutdown());
    release.send(()).unwrap();
    assert_eq!(soon(request).await.unwrap().body, "answered");
    soon(shutdown).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_port_can_be_bound_again_at_once() {
    let mut listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = |config| Router::builder().realm("realm1").config(config).build();
    for round in 0..100 {
        let server = router(Config::default()).serve(listener, axum::Router::new());
        let (client, _) = Client::join(address, Serializer::Json).await;
        drop(client);
        soon(server.shutdown()).await;
        listener = TcpListener::bind(address).await.unwrap_or_else(|error| panic!("round {round}: {error}"));
    }
}
