//! Options of WebSocket and RawSocket.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Error;
use wamp_proto::Serializer;
use wamp_router::{
    AllowedOrigins, ConnectionSettings, Listener, Paths, RawSocketSettings, Router, Server, WebSocketSettings,
};

use crate::common::raw::RawClient;
use crate::common::{Client, http, serve_web, soon};

async fn serve(settings: WebSocketSettings) -> Server {
    serve_web(Paths::new().at("/ws", settings).unwrap()).await
}

/// The status a client is refused with, if it is.
async fn refused(server: &Server, subprotocols: &str, headers: &[(&'static str, &str)]) -> Option<u16> {
    let address = server.local_addr();
    let stream = TcpStream::connect(address).await.unwrap();
    match Client::over(stream, &format!("ws://{address}/ws"), subprotocols, headers).await {
        Ok(mut client) => {
            client.say_hello().await;
            None
        }
        Err(Error::Http(response)) => Some(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn pages_of_listed_origins_only() {
    let allowed_origins = AllowedOrigins::from_iter(["https://*.example.com", "null"]);
    let server = serve(WebSocketSettings { allowed_origins, ..Default::default() }).await;
    for (origin, status) in [
        ("https://app.example.com", None),
        ("https://app.example.com:443", None),
        ("null", None),
        ("http://app.example.com", Some(403)),
        ("https://app.example.com:8443", Some(403)),
        ("https://evil.example", Some(403)),
    ] {
        assert_eq!(refused(&server, "wamp.2.json", &[("origin", origin)]).await, status, "{origin}");
    }
}

#[tokio::test]
async fn serializers_that_are_wanted_only() {
    let serializers = vec![Serializer::Json, Serializer::Cbor];
    let server = serve(WebSocketSettings { serializers: serializers.clone(), ..Default::default() }).await;
    assert_eq!(refused(&server, "wamp.2.msgpack", &[]).await, Some(400));
    assert_eq!(refused(&server, "wamp.2.msgpack, wamp.2.cbor", &[]).await, None);

    let port = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = Server::new(&Router::builder().realm("realm1").build());
    let settings = RawSocketSettings { serializers, ..Default::default() };
    let address = server.listen(Listener::new(port, settings)).local_addr().unwrap();
    RawClient::join(TcpStream::connect(address).await.unwrap(), Serializer::Cbor).await;
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(&[0x7F, 0xF2, 0, 0]).await.unwrap();
    let mut answer = Vec::new();
    soon(socket.read_to_end(&mut answer)).await.unwrap();
    assert_eq!(answer, [0x7F, 0x10, 0, 0]);
}

#[tokio::test]
async fn a_subprotocol_may_be_left_out_where_that_is_said() {
    for (require_subprotocol, status) in [(true, Some(400)), (false, None)] {
        let server = serve(WebSocketSettings { require_subprotocol, ..Default::default() }).await;
        assert_eq!(refused(&server, "", &[]).await, status);
        assert_eq!(refused(&server, "soap", &[]).await, Some(400), "asked for and not there");
    }
}

#[tokio::test]
async fn a_person_sees_a_page_where_that_is_said() {
    let server = serve(WebSocketSettings { status_page: true, ..Default::default() }).await;
    let page = http(server.local_addr(), "GET /ws HTTP/1.1\r\nhost: localhost", b"").await;
    assert_eq!(page.status, 200);
    assert!(page.head.contains("content-type: text/html") && page.body.contains("WebSocket"), "{page:?}");
    assert_eq!(refused(&server, "wamp.2.json", &[]).await, None);
}

#[tokio::test]
async fn a_frame_is_so_long_and_no_longer() {
    for fail_by_drop in [false, true] {
        let connections = ConnectionSettings { max_frame: 1_000, fail_by_drop, ..Default::default() };
        let server = serve(WebSocketSettings { connections, ..Default::default() }).await;
        let (mut client, _) = Client::join(server.local_addr(), Serializer::Json).await;
        client.send(json!([16, 1, {"acknowledge": true}, "com.example.topic", ["x".repeat(2_000)]])).await;
        let closed = client.closed().await.map(|frame| u16::from(frame.code));
        assert_eq!(closed, (!fail_by_drop).then_some(1009), "dropped: {fail_by_drop}");
    }
}
