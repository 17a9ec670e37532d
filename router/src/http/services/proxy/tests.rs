use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::http::HeaderMap;
use axum::routing::{any, get, post};
use futures_util::{StreamExt, stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::sync::Notify;

use super::*;
use crate::session::Origin;

async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

fn to(address: SocketAddr, path: &str) -> ProxySettings {
    ProxySettings::new(format!("http://{address}{path}").parse().unwrap())
}

/// A front server with a proxy at `/app`, for clients of this machine.
async fn front(settings: ProxySettings) -> SocketAddr {
    front_for(settings, Origin { peer: Some("192.0.2.7:5000".parse().unwrap()), ..Origin::default() }).await
}

async fn front_for(settings: ProxySettings, origin: Origin) -> SocketAddr {
    let know = axum::middleware::map_request(move |mut request: Request| {
        request.extensions_mut().insert(origin.clone());
        async { request }
    });
    serve(Router::new().nest_service("/app", routes(settings)).layer(know)).await
}

/// Sends a request as it stands, and reads to the end of the connection.
async fn raw(address: SocketAddr, request: &str) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    soon(socket.read_to_end(&mut answer)).await.unwrap();
    String::from_utf8(answer).unwrap()
}

async fn ask(address: SocketAddr, request: &str) -> String {
    raw(address, &format!("{request}\r\nhost: front.example\r\nconnection: close\r\n\r\n")).await
}

async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), what).await.expect("it should have happened by now")
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap()
}

/// Answers a request's line, headers and body.
async fn echo(request: Request) -> String {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    let headers: String =
        head.headers.iter().map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap())).collect();
    format!("{} {}\n{headers}\n{}", head.method, head.uri, String::from_utf8_lossy(&body))
}

#[tokio::test]
async fn requests_go_to_the_backend_below_its_path() {
    let backend = serve(Router::new().fallback(echo)).await;
    let plain = front(to(backend, "")).await;
    let below = front(to(backend, "/base/")).await;
    for (path, at_root, at_base) in [
        ("/app", "/", "/base/"),
        ("/app/", "/", "/base/"),
        ("/app/a%2Fb/?q=%20", "/a%2Fb/?q=%20", "/base/a%2Fb/?q=%20"),
        ("/app?q=1", "/?q=1", "/base/?q=1"),
        ("/app/..a/b..", "/..a/b..", "/base/..a/b.."),
    ] {
        let answer = ask(plain, &format!("GET {path} HTTP/1.1")).await;
        assert!(answer.contains(&format!("GET {at_root}\n")), "{path}: {answer}");
        let answer = ask(below, &format!("GET {path} HTTP/1.1")).await;
        assert!(answer.contains(&format!("GET {at_base}\n")), "{path}: {answer}");
    }
    for path in ["/app/../x", "/app/%2e%2e/x", "/app/a/..%2f..", "/app/..%5cx"] {
        assert_eq!(status(&ask(below, &format!("GET {path} HTTP/1.1")).await), "400", "{path}");
    }
    assert_eq!(status(&ask(plain, "TRACE /app/ HTTP/1.1").await), "405");
}

#[tokio::test]
async fn the_backend_is_told_who_asks_and_believes_no_client() {
    let backend = serve(Router::new().fallback(echo)).await;
    let address = front(to(backend, "")).await;
    let lies = "GET /app/ HTTP/1.1\r\nx-forwarded-for: 1.1.1.1\r\nx-real-ip: 1.1.1.1\r\nforwarded: for=1.1.1.1\r\n\
                x-forwarded-proto: https\r\nx-forwarded-server: evil\r\nx_real_ip: 1.1.1.1\r\nproxy: evil\r\n\
                te: trailers\r\nupgrade: h2c\r\nauthorization: Bearer x";
    let answer = ask(address, lies).await;
    for line in [
        format!("host: {backend}\n"),
        "x-forwarded-for: 192.0.2.7\n".into(),
        "x-real-ip: 192.0.2.7\n".into(),
        "x-forwarded-proto: http\n".into(),
        "x-forwarded-host: front.example\n".into(),
        "x-forwarded-port: 80\n".into(),
        "x-forwarded-prefix: /app\n".into(),
        "forwarded: for=192.0.2.7;host=\"front.example\";proto=http\n".into(),
        "authorization: Bearer x\n".into(),
    ] {
        assert!(answer.contains(&line), "{line}: {answer}");
    }
    for absent in ["1.1.1.1", "evil", "\nte: ", "\nupgrade: "] {
        assert!(!answer.contains(absent), "{absent}: {answer}");
    }

    let mut settings = to(backend, "");
    settings.host = Host::Client;
    settings.forwarded_proto = Some(Scheme::HTTPS);
    settings.forwarded_port = Some(8443);
    let origin = Origin { peer: Some("[2001:db8::1]:5000".parse().unwrap()), ..Origin::default() };
    let answer = ask(front_for(settings, origin).await, "GET /app/ HTTP/1.1").await;
    for line in [
        "host: front.example\n",
        "x-forwarded-proto: https\n",
        "x-forwarded-port: 8443\n",
        "forwarded: for=\"[2001:db8::1]\";host=\"front.example\";proto=https\n",
    ] {
        assert!(answer.contains(line), "{line}: {answer}");
    }
}

#[tokio::test]
async fn bodies_are_streamed_both_ways() {
    let half = Arc::new(Notify::new());
    let seen = half.clone();
    // Answers each part of a body as it comes.
    let mirror = post(async move |body: Body| {
        let parts = body.into_data_stream().inspect(move |_| seen.notify_one());
        Body::from_stream(parts)
    });
    let backend = serve(Router::new().route("/mirror", mirror)).await;
    let mut socket = TcpStream::connect(front(to(backend, "")).await).await.unwrap();
    let head = "POST /app/mirror HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n";
    socket.write_all(head.as_bytes()).await.unwrap();
    socket.write_all(b"5\r\nfirst\r\n").await.unwrap();
    soon(half.notified()).await;
    let mut answer = Vec::new();
    while !answer.ends_with(b"first\r\n") {
        soon(socket.read_buf(&mut answer)).await.unwrap();
    }
    socket.write_all(b"6\r\nsecond\r\n0\r\n\r\n").await.unwrap();
    soon(socket.read_to_end(&mut answer)).await.unwrap();
    assert!(String::from_utf8(answer).unwrap().ends_with("5\r\nfirst\r\n6\r\nsecond\r\n0\r\n\r\n"));
}

#[tokio::test]
async fn lengths_are_kept_and_ambiguous_ones_refused() {
    let backend = serve(Router::new().fallback(echo)).await;
    let address = front(to(backend, "")).await;
    let answer = ask(address, "POST /app/ HTTP/1.1\r\ncontent-length: 0").await;
    assert!(answer.contains("content-length: 0\n") && !answer.contains("transfer-encoding: chunked\n"), "{answer}");
    let request =
        "POST /app/ HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 3\r\n\r\nabcGET /evil HTTP/1.1\r\n\r\n";
    let answer = raw(address, request).await;
    assert!(answer.contains("content-length: 3\n") && answer.ends_with("\n\nabc"), "{answer}");
    for lengths in ["content-length: 3\r\ncontent-length: 4", "content-length: 3, 4", "content-length: +3"] {
        let answer = raw(address, &format!("POST /app/ HTTP/1.1\r\nhost: a\r\n{lengths}\r\n\r\nabcd")).await;
        assert_eq!(status(&answer), "400", "{lengths}: {answer}");
    }
    // What counts is what hyper has read: one body of chunks, and nothing after it.
    let both = "POST /app/ HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 3\r\n\
                transfer-encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n";
    let answer = raw(address, both).await;
    assert!(
        status(&answer) == "400" || (answer.ends_with("\n\nabcd") && !answer.contains("content-length: 3\n")),
        "{answer}"
    );
}

#[tokio::test]
async fn answers_come_as_they_are() {
    let app = Router::new()
        .route("/absent", any(async || (StatusCode::NOT_FOUND, [("x-mine", "1"), ("keep-alive", "timeout=5")], "no")))
        .route("/head", get(async || "eight by"))
        .route(
            "/elsewhere",
            any(async |headers: HeaderMap| {
                let url = format!("http://{}/base/new?q=1", headers["host"].to_str().unwrap());
                (StatusCode::FOUND, [("location", url)])
            }),
        )
        .route("/away", any(async || (StatusCode::FOUND, [("location", "https://a.example/base/new")])));
    let backend = serve(Router::new().nest("/base", app)).await;
    let address = front(to(backend, "/base")).await;
    let answer = ask(address, "GET /app/absent HTTP/1.1").await;
    assert!(answer.starts_with("HTTP/1.1 404 ") && answer.ends_with("\r\n\r\nno"), "{answer}");
    assert!(answer.contains("x-mine: 1") && !answer.contains("keep-alive"), "{answer}");
    let answer = ask(address, "HEAD /app/head HTTP/1.1").await;
    assert!(answer.contains("content-length: 8\r\n") && answer.ends_with("\r\n\r\n"), "{answer}");
    let answer = ask(address, "GET /app/elsewhere HTTP/1.1").await;
    assert!(answer.contains("location: /app/new?q=1\r\n"), "{answer}");
    let answer = ask(address, "GET /app/away HTTP/1.1").await;
    assert!(answer.contains("location: https://a.example/base/new\r\n"), "{answer}");
    let old = raw(address, "GET /app/head HTTP/1.0\r\nhost: a\r\n\r\n").await;
    assert!(old.starts_with("HTTP/1.0 200 ") && old.ends_with("eight by"), "{old}");
}

#[tokio::test]
async fn a_backend_that_is_away_or_silent_is_told_of() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closed = listener.local_addr().unwrap();
    drop(listener);
    let answer = ask(front(to(closed, "")).await, "GET /app/ HTTP/1.1").await;
    assert_eq!(status(&answer), "502");
    assert!(answer.contains("\"bad_gateway\"") && !answer.contains(&closed.port().to_string()), "{answer}");

    let silent = serve(Router::new().fallback(std::future::pending::<()>)).await;
    let mut settings = to(silent, "");
    settings.timeout = Duration::from_millis(50);
    let answer = ask(front(settings).await, "GET /app/ HTTP/1.1").await;
    assert_eq!(status(&answer), "504");
    assert!(answer.contains("\"gateway_timeout\""), "{answer}");
}

/// A server that speaks no HTTP beyond what is written here.
async fn canned(answer: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") && socket.read_buf(&mut head).await.is_ok_and(|read| read > 0) {}
            let _ = socket.write_all(answer.as_bytes()).await;
        }
    });
    address
}

#[tokio::test]
async fn a_backend_that_makes_no_sense_is_a_bad_one() {
    for answer in [
        "",
        "220 mail.example ESMTP\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
    ] {
        let address = front(to(canned(answer).await, "")).await;
        assert_eq!(status(&ask(address, "GET /app/ HTTP/1.1").await), "502", "{answer}");
    }
}

/// What a client sends to open a WebSocket.
const OPEN: &str = "GET /app/ws HTTP/1.1\r\nhost: front.example\r\nconnection: keep-alive, Upgrade\r\n\
                    upgrade: WebSocket\r\nsec-websocket-key: x\r\n\r\n";

#[tokio::test]
async fn websockets_are_tunnelled() {
    let backend = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = front(to(backend.local_addr().unwrap(), "")).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(OPEN.as_bytes()).await.unwrap();
    let (mut server, _) = soon(backend.accept()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        soon(server.read_buf(&mut head)).await.unwrap();
    }
    let head = String::from_utf8(head).unwrap();
    for line in
        ["GET /ws HTTP/1.1\r\n", "connection: upgrade\r\n", "upgrade: websocket\r\n", "sec-websocket-key: x\r\n"]
    {
        assert!(head.contains(line), "{head}");
    }
    // The first bytes after the head come along with it.
    let switch = "HTTP/1.1 101 Switching Protocols\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\
                  sec-websocket-accept: y\r\n\r\nhello";
    server.write_all(switch.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"hello") {
        soon(client.read_buf(&mut answer)).await.unwrap();
    }
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 101 ") && answer.contains("sec-websocket-accept: y\r\n"), "{answer}");
    client.write_all(b"ping").await.unwrap();
    let mut bytes = [0; 4];
    soon(server.read_exact(&mut bytes)).await.unwrap();
    assert_eq!(&bytes, b"ping");
    drop(client);
    assert_eq!(soon(server.read(&mut bytes)).await.unwrap(), 0, "the end is passed on too");
}

#[tokio::test]
async fn a_backend_may_refuse_a_websocket() {
    let refuse = any(async || (StatusCode::FORBIDDEN, "not you"));
    let address = front(to(serve(Router::new().route("/ws", refuse)).await, "")).await;
    let answer = raw(address, &OPEN.replace("keep-alive,", "close,")).await;
    assert!(answer.starts_with("HTTP/1.1 403 ") && answer.ends_with("not you"), "{answer}");
}

#[tokio::test]
async fn a_proxy_for_websockets_alone_has_one_place() {
    let backend = serve(Router::new().fallback(echo)).await;
    let mut settings = to(backend, "/only/here");
    settings.exact = true;
    settings.only_websockets = true;
    settings.host = Host::Named("named.example:9000".parse().unwrap());
    let address = front(settings).await;
    assert_eq!(status(&ask(address, "GET /app/ HTTP/1.1").await), "426");
    let answer = raw(address, &OPEN.replace("keep-alive,", "close,").replace("/ws", "/ws?q=1")).await;
    assert!(answer.contains("GET /only/here?q=1\n") && answer.contains("host: named.example:9000\n"), "{answer}");
}

#[tokio::test]
async fn a_backend_can_be_behind_a_unix_socket() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("backend.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback(echo)).await });
    let mut settings = ProxySettings::new("http://app.example/base".parse().unwrap());
    settings.socket = Some(socket);
    let answer = ask(front(settings).await, "GET /app/x HTTP/1.1").await;
    assert!(answer.contains("GET /base/x\n") && answer.contains("host: app.example\n"), "{answer}");
}

#[tokio::test]
async fn an_endless_answer_ends_with_its_client() {
    let gone = Arc::new(Notify::new());
    let told = gone.clone();
    let events = get(async move || {
        struct Told(Arc<Notify>);
        impl Drop for Told {
            fn drop(&mut self) {
                self.0.notify_one();
            }
        }
        let told = Told(told);
        let first = stream::once(async { Ok::<_, std::io::Error>(Bytes::from_static(b"data: 1\n\n")) });
        Body::from_stream(first.chain(stream::pending()).inspect(move |_| _ = &told))
    });
    let address = front(to(serve(Router::new().route("/events", events)).await, "")).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    client.write_all(b"GET /app/events HTTP/1.1\r\nhost: a\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"data: 1\n\n\r\n") {
        soon(client.read_buf(&mut answer)).await.unwrap();
    }
    drop(client);
    soon(gone.notified()).await;
}
