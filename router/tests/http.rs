//! What the port does besides WebSockets.

mod common;

use std::time::Duration;

use axum::extract::ConnectInfo;
use axum::routing::get;
use common::{Client, answer, http, serve, serve_web, soon};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tower_http::services::ServeDir;
use wamp_proto::Serializer;
use wamp_router::{Config, HttpSettings, Server, Web};

const POST: &str = "POST /publish HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json";

async fn serve_http(http: HttpSettings) -> Server {
    serve_web(Web { http, ..Web::from(axum::Router::new()) }).await
}

#[tokio::test]
async fn what_is_posted_is_published() {
    let server = serve(Config::default()).await;
    let address = server.local_addr();
    for serializer in Serializer::ALL {
        let (mut client, _) = Client::join(address, serializer).await;
        let subscription = client.subscribe(1, "com.example.topic").await;
        for path in ["/publish", "/notify"] {
            let head = POST.replace("/publish", path);
            let body = json!({"topic": "com.example.topic", "args": [1, "two"], "kwargs": {"three": 3}});
            let answer = http(address, &head, body.to_string().as_bytes()).await;
            assert_eq!(answer.status, 200, "{answer:?}");
            let event = client.receive().await;
            assert_eq!(event, json!([36, subscription, answer.json()["id"], {}, [1, "two"], {"three": 3}]));
        }
        let answer = http(address, POST, br#"{"topic":"com.example.topic"}"#).await;
        let event = client.receive().await;
        assert_eq!(event, json!([36, subscription, answer.json()["id"], {}]));
    }
}

#[tokio::test]
async fn what_can_not_be_published_is_explained() {
    let server = serve_http(HttpSettings { max_body: 1000, ..Default::default() }).await;
    let table = [
        (r#"{"topic": "com.example."}"#, 200, "wamp.error.invalid_uri"),
        (r#"{"topic": "wamp.session.on_join"}"#, 200, "wamp.error.invalid_uri"),
        (r#"{"topic": 1}"#, 400, "Request body was valid JSON, but not well formed"),
        (r#"{"args": []}"#, 400, "missing field `topic`"),
        (r#"{"topic": "a", "args": {}}"#, 400, "\"args\" has to be a list"),
        (r#"{"topic": "a", "kwargs": []}"#, 400, "\"kwargs\" has to be an object"),
        ("topic=a", 400, "Request body was invalid JSON"),
        ("", 400, "Request body was invalid JSON"),
    ];
    for (body, status, error) in table {
        let answer = http(server.local_addr(), POST, body.as_bytes()).await;
        assert_eq!(answer.status, status, "{body}: {answer:?}");
        assert!(answer.json()["error"].as_str().unwrap().contains(error), "{body}: {answer:?}");
    }
    let long = http(server.local_addr(), POST, &[b' '; 1001]).await;
    assert_eq!(long.status, 413, "{long:?}");
    for other in ["application/x-www-form-urlencoded", "text/plain"] {
        let form = POST.replace("application/json", other);
        assert_eq!(http(server.local_addr(), &form, br#"{"topic":"a"}"#).await.status, 400);
    }
    let get = "GET /publish HTTP/1.1\r\nhost: localhost";
    assert_eq!(http(server.local_addr(), get, b"").await.status, 405);
}

#[tokio::test]
async fn pages_of_other_sites_are_kept_out() {
    let server = serve(Config::default()).await;
    let address = server.local_addr();
    let event = br#"{"topic":"a"}"#;
    assert_eq!(http(address, &format!("{POST}\r\norigin: http://evil.example"), event).await.status, 403);
    assert_eq!(http(address, &format!("{POST}\r\norigin: http://localhost"), event).await.status, 200);
    assert_eq!(http(address, &POST.replace("localhost", "evil.example"), event).await.status, 403);

    let open = "GET /ws HTTP/1.1\r\nhost: localhost\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n\
                sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: wamp.2.json\r\norigin: ";
    let mut socket = TcpStream::connect(address).await.unwrap();
    let foreign = format!("{open}http://evil.example\r\nconnection: upgrade, close\r\n\r\n");
    socket.write_all(foreign.as_bytes()).await.unwrap();
    assert_eq!(answer(&mut socket).await.status, 403);
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(format!("{open}http://localhost\r\nconnection: upgrade\r\n\r\n").as_bytes()).await.unwrap();
    let mut start = [0; 34];
    soon(socket.read_exact(&mut start)).await.unwrap();
    assert_eq!(&start, b"HTTP/1.1 101 Switching Protocols\r\n");
}

#[tokio::test]
async fn a_request_that_opens_no_websocket_is_told_how() {
    let server = serve(Config::default()).await;
    let plain = http(server.local_addr(), "GET /ws HTTP/1.1\r\nhost: localhost", b"").await;
    assert_eq!(plain.status, 426);
    assert!(plain.head.contains("sec-websocket-version: 13") && plain.head.contains("upgrade: websocket"), "{plain:?}");
}

#[tokio::test]
async fn routes_of_the_embedding_program_and_static_files() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("index.html"), "the page").unwrap();
    std::fs::write(dir.path().join("module.js"), "export {}").unwrap();
    let hello = |peer: ConnectInfo<std::net::SocketAddr>| async move { format!("hello {}", peer.0.ip()) };
    let routes = axum::Router::new().route("/hello", get(hello));
    let server = serve_web(routes.fallback_service(ServeDir::new(dir.path()))).await;
    let get =
        async |path: &str| http(server.local_addr(), &format!("GET {path} HTTP/1.1\r\nhost: localhost"), b"").await;
    assert_eq!(get("/hello").await.body, "hello 127.0.0.1");
    assert_eq!(get("/").await.body, "the page");
    let module = get("/module.js").await;
    assert_eq!(module.body, "export {}");
    assert!(module.head.contains("content-type: text/javascript"), "{module:?}");
    assert_eq!(get("/../Cargo.toml").await.status, 404);
    assert_eq!(get("/%2e%2e/Cargo.toml").await.status, 404);
}

#[tokio::test]
async fn a_head_that_does_not_come_is_not_waited_for() {
    let server = serve_http(HttpSettings { header_timeout: Duration::from_millis(50), ..Default::default() }).await;
    let whole = "GET / HTTP/1.1\r\nhost: localhost\r\n\r\n";
    for head in ["", "GET / HTTP/1.1\r\nhost: loc", whole, &format!("{whole}GET /")] {
        let mut socket = TcpStream::connect(server.local_addr()).await.unwrap();
        socket.write_all(head.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        let _ = soon(socket.read_to_end(&mut rest)).await;
    }
}

#[tokio::test]
async fn an_answer_that_is_not_read_is_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("large"), vec![b'x'; 32 << 20]).unwrap();
    let settings = HttpSettings { write_timeout: Duration::from_millis(100), ..Default::default() };
    let routes = axum::Router::new().fallback_service(ServeDir::new(dir.path()));
    let server = serve_web(Web { http: settings, ..Web::from(routes) }).await;
    let mut socket = TcpStream::connect(server.local_addr()).await.unwrap();
    socket.write_all(b"GET /large HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    socket.readable().await.unwrap();
    soon(async {
        while server.connections() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let mut read = Vec::new();
    let _ = socket.read_to_end(&mut read).await;
    assert!(read.len() < 32 << 20, "all of it came");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_not_waited_for() {
    let server = serve_http(HttpSettings { request_timeout: Duration::from_millis(50), ..Default::default() }).await;
    let mut socket = TcpStream::connect(server.local_addr()).await.unwrap();
    let head = format!("{POST}\r\nconnection: close\r\ncontent-length: 100\r\n\r\n{{");
    socket.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(answer(&mut socket).await.status, 408);
}

#[tokio::test]
async fn one_connection_too_many_is_refused() {
    let server = serve(Config { max_connections: 1, ..Config::default() }).await;
    let (mut client, _) = Client::join(server.local_addr(), Serializer::Json).await;
    let mut socket = TcpStream::connect(server.local_addr()).await.unwrap();
    assert_eq!(answer(&mut socket).await.status, 503);
    assert_eq!(server.connections(), 1);
    client.subscribe(1, "com.example.topic").await;
}

/// The usual request to open a WebSocket is read by the router itself and all others by hyper; one with many lines is
/// hyper's, too. What is said to it has to be the same.
#[tokio::test]
async fn a_websocket_is_opened_or_refused_alike_whoever_reads_the_request() {
    let server = serve(Config::default()).await;
    let lines: [&[&str]; 8] = [
        &["host: localhost\r\n", "host: localhost\r\n", "host: evil.example\r\n", ""],
        &["Upgrade: websocket\r\n", "upgrade:  WebSocket \r\n", "upgrade: h2c, websocket\r\n", "upgrade: h2c\r\n", ""],
        &["Connection: Upgrade\r\n", "connection: keep-alive, upgrade\r\n", "connection: keep-alive\r\n", ""],
        &["Sec-WebSocket-Version: 13\r\n", "sec-websocket-version: 8\r\n", ""],
        &["Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "sec-websocket-key: short\r\n", ""],
        &["Sec-WebSocket-Protocol: wamp.2.json\r\n", "sec-websocket-protocol: x,wamp.2.cbor\r\n", ""],
        &["", "", "origin: http://evil.example\r\n", "origin: http://localhost\r\n", "content-length: 0\r\n"],
        &["", "", "cookie: a=b\r\ncookie: c\r\n", "authorization: Bearer x\r\n"],
    ];
    let padding: String = (0..40).map(|line| format!("x-padding-{line}: x\r\n")).collect();
    let mut random = fastrand::Rng::with_seed(1);
    for number in 0..300 {
        let path = random.choice(["/ws", "/ws", "/ws/below?query", "/other"]).unwrap();
        let mut head = format!("GET {path} HTTP/1.1\r\n");
        for choices in lines {
            // Mostly right: one mistake hides the others.
            let usual = number == 0 || random.u8(..4) > 0;
            head += if usual { choices[0] } else { random.choice(choices).unwrap() };
        }
        let short = opened_by(&server, &[&head, "\r\n"]).await;
        let long = opened_by(&server, &[&head, &padding, "\r\n"]).await;
        assert_eq!(short, long, "{head}");
        let (begin, end) = head.split_at(random.usize(1..head.len()));
        assert_eq!(short, opened_by(&server, &[begin, "", end, "\r\n"]).await, "{head}");
        assert!(number > 0 || short.0 == 101, "{short:?}");
    }
}

/// The status, the sorted lines of the head but for the time of day, and the body that a request is answered with;
/// where a part of it is empty, what stands before has been sent.
#[expect(clippy::unwrap_used, reason = "what fails in a helper fails the test")]
async fn opened_by(server: &Server, parts: &[&str]) -> (u16, Vec<String>, String) {
    let mut socket = TcpStream::connect(server.local_addr()).await.unwrap();
    for sent in parts.split(|part| part.is_empty()) {
        socket.write_all(sent.concat().as_bytes()).await.unwrap();
        tokio::task::yield_now().await;
    }
    socket.shutdown().await.unwrap();
    let answer = answer(&mut socket).await;
    let mut lines: Vec<_> = answer.head.lines().filter(|line| !line.starts_with("date:")).map(String::from).collect();
    lines.sort();
    (answer.status, lines, answer.body)
}
