//! Limits of a listener, and of an address, exceeded.

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wamp_proto::Serializer;
use wamp_router::{
    Config, HttpSettings, Listener, LongPollSettings, Paths, RawSocketSettings, Router, Server, Web, WebSocketSettings,
};

use crate::common::raw::RawClient;
use crate::common::tls::Authority;
use crate::common::{Answer, Client, answer, http, serve_web, serve_with, soon};

/// What RawSocket clients are told of which there are too many.
const TOO_MANY: [u8; 4] = [0x7F, 0x40, 0, 0];

async fn port() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

#[tokio::test]
async fn a_listener_has_a_limit_of_its_own() {
    let server = Server::new(&Router::builder().realm("realm1").build());
    let one = |listener| server.listen(Listener { max_connections: Some(1), ..listener }).local_addr().unwrap();
    let raw = one(Listener::new(port().await, RawSocketSettings::default()));
    let web = one(Listener::new(port().await, Web::from(axum::Router::new())));
    let _raw = RawClient::join(TcpStream::connect(raw).await.unwrap(), Serializer::Json).await;
    let (_web, _) = Client::join(web, Serializer::Json).await;

    let mut second = TcpStream::connect(raw).await.unwrap();
    second.write_all(&[0x7F, 0xF1, 0, 0]).await.unwrap();
    let mut told = Vec::new();
    soon(second.read_to_end(&mut told)).await.unwrap();
    assert_eq!(told, TOO_MANY);
    let mut second = TcpStream::connect(web).await.unwrap();
    // Although it said something already.
    second.write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    assert_eq!(answer(&mut second).await.status, 503);
    assert_eq!(server.connections(), 2);
}

/// Under TLS nobody is told anything: that would cost more than to serve him.
#[tokio::test]
async fn who_is_one_too_many_under_tls_is_hung_up_on() {
    let (authority, server) = (Authority::new(), Server::new(&Router::builder().realm("realm1").build()));
    let listener = Listener::new(port().await, RawSocketSettings::default()).tls(authority.tls());
    let address = server.listen(Listener { max_connections: Some(1), ..listener }).local_addr().unwrap();
    let first = RawClient::join(authority.connect(address, None).await.unwrap(), Serializer::Json).await;
    assert!(authority.connect(address, None).await.is_err());
    drop(first);
}

/// Of addresses on this machine none is counted, so a proxy on it has to say who comes.
fn behind_a_proxy() -> Config {
    Config {
        max_connections_per_address: Some(1),
        trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()],
        ..Config::default()
    }
}

async fn come(server: &Server, forwarded_for: &str) -> Result<Client, tokio_tungstenite::tungstenite::Error> {
    let address = server.local_addr();
    let stream = TcpStream::connect(address).await.unwrap();
    let header = [("x-forwarded-for", forwarded_for)];
    Client::over(stream, &format!("ws://{address}/ws"), "wamp.2.json", &header).await
}

#[tokio::test]
async fn an_address_has_a_limit_whoever_brings_it() {
    let server = serve_with(behind_a_proxy(), axum::Router::new()).await;
    let mut first = come(&server, "192.0.2.1").await.unwrap();
    first.say_hello().await;
    let second = come(&server, "6.6.6.6, 192.0.2.1").await.err().unwrap();
    let tokio_tungstenite::tungstenite::Error::Http(refused) = second else { panic!("{second}") };
    assert_eq!(refused.status(), 503);
    let problem = String::from_utf8(refused.into_body().unwrap()).unwrap();
    assert!(problem.contains("192.0.2.1"), "{problem}");

    come(&server, "192.0.2.2").await.unwrap().say_hello().await;
    come(&server, "2001:db8::1").await.unwrap().say_hello().await;
    let _one = come(&server, "2001:db8:0:1::1").await.unwrap();
    assert!(come(&server, "2001:db8:0:1:8000::9").await.is_err(), "whoever has one has 2^64");
    // Who is gone makes room, once the router has seen it.
    drop(first);
    soon(async { while come(&server, "192.0.2.1").await.is_err() {} }).await;
}

#[tokio::test]
async fn who_is_no_proxy_can_not_say_who_he_is() {
    let config = Config { max_connections_per_address: Some(1), ..Config::default() };
    let server = serve_with(config, axum::Router::new()).await;
    let _first = come(&server, "192.0.2.1").await.unwrap();
    let _second = come(&server, "192.0.2.1").await.unwrap();
    assert_eq!(server.connections(), 2);
}

#[tokio::test]
async fn sessions_over_long_poll_are_counted_too() {
    let paths = Paths::new().at("/lp", LongPollSettings::default()).unwrap();
    let server = serve_with(behind_a_proxy(), paths).await;
    let open = async || {
        let head = "POST /lp/open HTTP/1.1\r\nhost: localhost\r\nx-forwarded-for: 192.0.2.1";
        http(server.local_addr(), head, br#"{"protocols":["wamp.2.json"]}"#).await
    };
    assert_eq!(open().await.status, 200);
    let second = open().await;
    assert_eq!((second.status, &second.json()["error"]), (503, &json!("too_many")), "{second:?}");
}

async fn ask(server: &Server, headers: &str) -> Answer {
    http(server.local_addr(), &format!("GET /ws HTTP/1.1\r\nhost: localhost{headers}"), b"").await
}

#[tokio::test]
async fn a_head_is_so_long_and_no_longer() {
    let limits = HttpSettings { max_head: 10_000, max_headers: 20, ..HttpSettings::default() };
    let server = serve_web(Web { http: limits, ..Web::from(axum::Router::new()) }).await;
    assert_eq!(ask(&server, &format!("\r\nx: {}", "y".repeat(9_000))).await.status, 426);
    assert_eq!(ask(&server, &format!("\r\nx: {}", "y".repeat(20_000))).await.status, 431);
    assert_eq!(ask(&server, &"\r\nx: y".repeat(15)).await.status, 426);
    assert_eq!(ask(&server, &"\r\nx: y".repeat(25)).await.status, 431);
}

#[tokio::test]
async fn each_way_in_has_its_limits() {
    let of = |max_message| WebSocketSettings {
        connections: wamp_router::ConnectionSettings { max_message, ..Default::default() },
        ..WebSocketSettings::default()
    };
    let server = serve_web(Paths::new().at("/small", of(1_000)).unwrap().at("/large", of(100_000)).unwrap()).await;
    let address = server.local_addr();
    for (path, code) in [("small", Some(1009)), ("large", None)] {
        let stream = TcpStream::connect(address).await.unwrap();
        let mut client = Client::over(stream, &format!("ws://{address}/{path}"), "wamp.2.json", &[]).await.unwrap();
        client.say_hello().await;
        client.send(json!([16, 1, {"acknowledge": true}, "com.example.topic", ["x".repeat(2_000)]])).await;
        match code {
            Some(code) => assert_eq!(u16::from(client.closed().await.unwrap().code), code),
            None => assert_eq!(client.receive().await[0], 17),
        }
    }
}
