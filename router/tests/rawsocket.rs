//! WAMP over RawSocket, over TCP, unix sockets and in process.
//! Specification: "RawSocket Transport" (advanced profile).

mod common;

use std::net::SocketAddr;
use std::time::Duration;

use common::raw::{Frame, RawClient, serve_unix, served, served_with};
use common::{Client, http, soon};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use wamp_proto::Serializer;
use wamp_router::{Config, ConnectionSettings, Listener, Protocol, RawSocketSettings, Router, Server, Web};

/// A handshake that asks for JSON and takes 16 MiB.
const JSON: [u8; 4] = [0x7F, 0xF1, 0, 0];

/// Serves RawSocket on a port where HTTP is spoken, too.
async fn with_http(server: &Server) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let web = Web::from(axum::Router::new());
    let both = Protocol::Universal { rawsocket: RawSocketSettings::default(), web };
    server.listen(Listener::new(listener, both)).local_addr().expect("it is TCP")
}

#[tokio::test]
async fn every_serializer_over_every_stream() {
    let (server, address) = served(Config::default()).await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("wamp.sock");
    serve_unix(&server, &path);
    let router = Router::builder().realm("realm1").build();
    for serializer in Serializer::ALL {
        let tcp = RawClient::join(TcpStream::connect(address).await.unwrap(), serializer).await;
        sees_its_own_event(tcp).await;
        let unix = RawClient::join(UnixStream::connect(&path).await.unwrap(), serializer).await;
        sees_its_own_event(unix).await;
        sees_its_own_event(RawClient::join(router.connect_in_process(), serializer).await).await;
    }
    soon(server.shutdown()).await;
    assert!(!path.exists());
}

async fn sees_its_own_event<S: common::raw::Stream>(mut client: RawClient<S>) {
    client.send(json!([32, 1, {}, "com.example.topic"])).await;
    let subscribed = client.receive().await;
    client.send(json!([16, 2, {"exclude_me": false}, "com.example.topic", [1, "two"]])).await;
    let event = client.receive().await;
    assert_eq!((&event[0], &event[1], &event[4]), (&json!(36), &subscribed[2], &json!([1, "two"])));
    client.send(json!([6, {}, "wamp.close.close_realm"])).await;
    assert_eq!(client.receive().await[2], "wamp.close.goodbye_and_out");
    assert!(client.rest().await.is_empty());
}

#[tokio::test]
async fn sessions_of_all_transports_meet() {
    let (server, address) = served(Config::default()).await;
    let (mut web, _) = Client::join(server.local_addr(), Serializer::Json).await;
    let subscription = web.subscribe(1, "com.example.topic").await;
    let mut raw = RawClient::join(TcpStream::connect(address).await.unwrap(), Serializer::Cbor).await;
    raw.send(json!([16, 1, {"acknowledge": true}, "com.example.topic", ["over"]])).await;
    assert_eq!(raw.receive().await[0], 17);
    let event = web.receive().await;
    assert_eq!((&event[1], &event[4]), (&json!(subscription), &json!(["over"])));
}

#[tokio::test]
async fn handshakes_that_are_refused() {
    let (_server, address) = served(Config::default()).await;
    let table: &[(&str, [u8; 4], &[u8])] = &[
        ("serializer 0 is illegal", [0x7F, 0xF0, 0, 0], &[0x7F, 0x10, 0, 0]),
        ("UBJSON is not supported", [0x7F, 0xF4, 0, 0], &[0x7F, 0x10, 0, 0]),
        ("WELCOME is longer than 512 bytes", [0x7F, 0x01, 0, 0], &[0x7F, 0x20, 0, 0]),
        ("the third byte is reserved", [0x7F, 0xF1, 1, 0], &[0x7F, 0x30, 0, 0]),
        ("the fourth byte is reserved", [0x7F, 0xF1, 0, 1], &[0x7F, 0x30, 0, 0]),
        ("HTTP is no RawSocket", *b"GET ", &[]),
    ];
    for (rule, request, reply) in table {
        let mut socket = TcpStream::connect(address).await.unwrap();
        // What follows the handshake must not reset the connection before the answer is read.
        socket.write_all(&[request.as_slice(), &[0; 2000]].concat()).await.unwrap();
        let mut answer = Vec::new();
        soon(socket.read_to_end(&mut answer)).await.unwrap();
        assert_eq!(&answer, reply, "{rule}");
    }
}

#[tokio::test]
async fn the_first_byte_tells_what_is_no_rawsocket() {
    let (_server, address) = served(Config::default()).await;
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(b"G").await.unwrap();
    assert_eq!(soon(socket.read(&mut [0; 4])).await.unwrap(), 0);
}

#[tokio::test]
async fn a_handshake_has_to_come_in_time() {
    let settings = ConnectionSettings { handshake_timeout: Duration::from_millis(40), ..Default::default() };
    let (_server, address) =
        served_with(Config::default(), RawSocketSettings { connections: settings, ..Default::default() }).await;
    for partial in [&JSON[..0], &JSON[..1], &JSON[..3]] {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.write_all(partial).await.unwrap();
        assert_eq!(soon(socket.read(&mut [0; 4])).await.unwrap(), 0, "{partial:?}");
    }
    // As has HELLO after it.
    let mut client = RawClient::connect(TcpStream::connect(address).await.unwrap(), JSON).await;
    assert!(client.rest().await.is_empty());
}

#[tokio::test]
async fn one_connection_too_many_is_told_so() {
    let (server, address) = served(Config { max_connections: 2, ..Config::default() }).await;
    let (_web, _) = Client::join(server.local_addr(), Serializer::Json).await;
    let first = RawClient::join(TcpStream::connect(address).await.unwrap(), Serializer::Json).await;
    let mut second = TcpStream::connect(address).await.unwrap();
    second.write_all(&JSON).await.unwrap();
    let mut answer = Vec::new();
    soon(second.read_to_end(&mut answer)).await.unwrap();
    assert_eq!(answer, [0x7F, 0x40, 0, 0]);
    drop(second);
    drop(first);
    // The place is free once the router has seen that it was left.
    let again = async {
        loop {
            let mut socket = TcpStream::connect(address).await.unwrap();
            socket.write_all(&JSON).await.unwrap();
            let mut answer = [0; 4];
            socket.read_exact(&mut answer).await.unwrap();
            if answer == JSON {
                return;
            }
        }
    };
    soon(again).await;
}

#[tokio::test]
async fn frames_in_single_bytes() {
    let (server, address) = served(Config::default()).await;
    for address in [address, with_http(&server).await] {
        let mut socket = TcpStream::connect(address).await.unwrap();
        socket.set_nodelay(true).unwrap();
        for byte in JSON {
            socket.write_all(&[byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
        let mut client = RawClient::shaken(socket, Serializer::Json).await;
        let hello = br#"[1,"realm1",{"roles":{"caller":{}}}]"#;
        for byte in [&[0, 0, 0, hello.len() as u8], hello.as_slice()].concat() {
            client.stream.write_all(&[byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
        assert_eq!(client.receive().await[0], 2);
    }
}

#[tokio::test]
async fn hello_may_come_along_with_the_handshake() {
    let (server, address) = served(Config::default()).await;
    for address in [address, with_http(&server).await] {
        let mut socket = TcpStream::connect(address).await.unwrap();
        let hello = br#"[1,"realm1",{"roles":{"caller":{}}}]"#;
        // Half a second message, too: nothing of what is read with the handshake may be lost.
        let goodbye = br#"[6,{},"wamp.close.goodbye_and_out"]"#;
        let (begin, rest) = goodbye.split_at(goodbye.len() / 2);
        let head = |message: &[u8]| [0, 0, 0, message.len() as u8];
        socket.write_all(&[&JSON[..], &head(hello), hello, &head(goodbye), begin].concat()).await.unwrap();
        let mut client = RawClient::shaken(socket, Serializer::Json).await;
        assert_eq!(client.receive().await[0], 2);
        client.stream.write_all(rest).await.unwrap();
        assert_eq!(client.receive().await[0], 6);
    }
}

#[tokio::test]
async fn a_ping_is_answered_with_the_same_bytes() {
    let (_server, address) = served(Config::default()).await;
    let mut client = RawClient::join(TcpStream::connect(address).await.unwrap(), Serializer::Json).await;
    for length in [0, 1, 125, 126, 70_000] {
        let payload = vec![length as u8; length];
        client.send_frame(1, &payload).await;
        assert!(client.frame().await == Frame { kind: 2, body: payload }, "{length}");
    }
}

#[tokio::test]
async fn a_silent_client_is_pinged_then_dropped_if_asked_for() {
    let settings = ConnectionSettings {
        ping_interval: Duration::from_millis(40),
        // Long enough for a busy machine to get the pongs through.
        ping_timeout: Duration::from_secs(1),
        rawsocket_pings: true,
        ..Default::default()
    };
    let (_server, address) =
        served_with(Config::default(), RawSocketSettings { connections: settings, ..Default::default() }).await;
    let mut client = RawClient::join(TcpStream::connect(address).await.unwrap(), Serializer::Json).await;
    for _ in 0..3 {
        assert_eq!(client.frame().await, Frame { kind: 1, body: Vec::new() });
        client.send_frame(2, b"").await;
    }
    // It stays silent from now on, pinged now and then until it is given up.
    let rest = client.rest().await;
    assert!(rest.chunks(4).all(|frame| frame == [1, 0, 0, 0]), "{rest:?}");
}

#[tokio::test]
async fn frames_against_the_rules_end_the_connection() {
    let settings = ConnectionSettings { max_message: 1024, max_first_message: 1024, ..Default::default() };
    let (_server, address) =
        served_with(Config::default(), RawSocketSettings { connections: settings, ..Default::default() }).await;
    let table: &[(&str, &[u8])] = &[
        ("type 3 is reserved", &[3, 0, 0, 0]),
        ("type 7 is reserved", &[7, 0, 0, 1, 0]),
        ("a reserved bit", &[0x10, 0, 0, 0]),
        ("the bit for 16 MiB with a length", &[8, 0, 0, 1]),
        ("longer than the router has said it takes", &[0, 0, 4, 1]),
        ("a ping of that length", &[1, 0, 4, 1]),
        ("no UTF-8", &[0, 0, 0, 1, 0xFF]),
    ];
    for (rule, bytes) in table {
        let mut client = RawClient::join(TcpStream::connect(address).await.unwrap(), Serializer::Json).await;
        client.stream.write_all(bytes).await.unwrap();
        assert!(client.rest().await.is_empty(), "{rule}");
    }
}

#[tokio::test]
async fn a_violation_is_aborted() {
    let (_server, address) = served(Config::default()).await;
    let mut client = RawClient::join(TcpStream::connect(address).await.unwrap(), Serializer::Json).await;
    client.send(json!([16, 5, {}, "com.example.topic"])).await;
    assert_eq!(client.receive().await[2], "wamp.error.protocol_violation");
    assert!(client.rest().await.is_empty());
}

#[tokio::test]
async fn the_router_takes_what_it_says_it_takes() {
    let settings = ConnectionSettings { max_message: 5000, ..Default::default() };
    let (_server, address) =
        served_with(Config::default(), RawSocketSettings { connections: settings, ..Default::default() }).await;
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(&JSON).await.unwrap();
    let mut reply = [0; 4];
    soon(socket.read_exact(&mut reply)).await.unwrap();
    assert_eq!(reply, [0x7F, 0x31, 0, 0], "4096, the power of two below");
    let mut client = RawClient::join(TcpStream::connect(address).await.unwrap(), Serializer::Json).await;
    client.send_frame(1, &[0; 4096]).await;
    assert_eq!(client.frame().await.body.len(), 4096);
    client.stream.write_all(&[1, 0, 0x10, 1]).await.unwrap();
    assert!(client.rest().await.is_empty());
}

/// A frame of exactly 16 MiB has a header of its own.
#[tokio::test]
async fn messages_of_up_to_16_mib() {
    const MAX: usize = 1 << 24;
    let (_server, address) = served(Config::default()).await;
    let mut client = RawClient::join(TcpStream::connect(address).await.unwrap(), Serializer::Json).await;
    client.send(json!([32, 1, {}, "com.example.topic"])).await;
    client.receive().await;
    for (request, length) in [(2, MAX - 1), (3, MAX)] {
        // The EVENT is a little longer than the PUBLISH, so that all of 16 MiB goes one way only.
        let empty = format!(r#"[16,{request},{{"exclude_me":true,"acknowledge":true}},"com.example.topic",[""]]"#);
        let text = "x".repeat(length - empty.len());
        let publish = empty.replace(r#"[""]"#, &format!(r#"["{text}"]"#));
        assert_eq!(publish.len(), length);
        client.send_frame(0, publish.as_bytes()).await;
        let published = client.receive().await;
        assert_eq!((&published[0], &published[1]), (&json!(17), &json!(request)));
    }
    client.send_frame(1, &vec![7; MAX]).await;
    let pong = client.frame().await;
    assert_eq!((pong.kind, pong.body.len()), (2, MAX));
}

/// Specification: "RawSocket Transport" (advanced profile), Serialization: the router may drop an
/// event that is longer than a client takes.
#[tokio::test]
async fn an_event_longer_than_a_client_takes_is_dropped_for_that_client() {
    let (_server, address) = served(Config::default()).await;
    let connect = || async { TcpStream::connect(address).await.unwrap() };
    // Lengths 3 and 4 are 4 and 8 KiB.
    let mut small = RawClient::join_with(connect().await, [0x7F, 0x31, 0, 0]).await;
    let mut large = RawClient::join_with(connect().await, [0x7F, 0x41, 0, 0]).await;
    for client in [&mut small, &mut large] {
        client.send(json!([32, 1, {}, "com.example.topic"])).await;
        client.receive().await;
    }
    let mut publisher = RawClient::join(connect().await, Serializer::MessagePack).await;
    for (request, length) in [(1, 5000), (2, 10)] {
        publisher.send(json!([16, request, {}, "com.example.topic", ["x".repeat(length)]])).await;
    }
    assert_eq!(large.receive().await[4][0].as_str().unwrap().len(), 5000);
    assert_eq!(large.receive().await[4][0].as_str().unwrap().len(), 10);
    assert_eq!(small.receive().await[4][0].as_str().unwrap().len(), 10, "the long one never came");
}

#[tokio::test]
async fn a_call_or_result_longer_than_its_receiver_takes_is_an_error() {
    let (_server, address) = served(Config::default()).await;
    let connect = || async { TcpStream::connect(address).await.unwrap() };
    let mut small = RawClient::join_with(connect().await, [0x7F, 0x31, 0, 0]).await;
    let mut large = RawClient::join(connect().await, Serializer::Json).await;
    for (client, procedure) in [(&mut small, "com.example.small"), (&mut large, "com.example.large")] {
        client.send(json!([64, 1, {}, procedure])).await;
        assert_eq!(client.receive().await[0], 65);
    }
    let long = "x".repeat(5000);
    large.send(json!([48, 2, {}, "com.example.small", [long]])).await;
    let error = large.receive().await;
    assert_eq!(error[4], "wamp.error.payload_size_exceeded", "INVOCATION: {error}");

    small.send(json!([48, 2, {}, "com.example.large"])).await;
    let invocation = large.receive().await;
    large.send(json!([70, invocation[1], {}, [long]])).await;
    let error = small.receive().await;
    assert_eq!(error[4], "wamp.error.payload_size_exceeded", "RESULT: {error}");
}

/// Somebody who does not read is left behind, and gets everything once he does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slow_reader_on_a_unix_socket_misses_nothing() {
    const EVENTS: usize = 200;
    let (server, address) = served(Config::default()).await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("wamp.sock");
    serve_unix(&server, &path);
    let mut reader = RawClient::join(UnixStream::connect(&path).await.unwrap(), Serializer::Cbor).await;
    reader.send(json!([32, 1, {}, "com.example.topic"])).await;
    reader.receive().await;
    let mut publisher = RawClient::join(TcpStream::connect(address).await.unwrap(), Serializer::Json).await;
    // Several times what the socket's buffer holds, and less than the outbox does.
    let filling = "x".repeat(20_000);
    for event in 0..EVENTS {
        publisher.send(json!([16, event + 1, {"acknowledge": true}, "com.example.topic", [event, filling]])).await;
        publisher.receive().await;
    }
    for event in 0..EVENTS {
        assert_eq!(reader.receive().await[4][0], event);
    }
}

#[tokio::test]
async fn who_hangs_up_has_left() {
    let (_server, address) = served(Config::default()).await;
    let mut watcher = RawClient::join(TcpStream::connect(address).await.unwrap(), Serializer::Json).await;
    watcher.send(json!([32, 1, {}, "wamp.session.on_leave"])).await;
    watcher.receive().await;
    let client = RawClient::join(TcpStream::connect(address).await.unwrap(), Serializer::Json).await;
    let session = client.session;
    drop(client);
    assert_eq!(watcher.receive().await[4][0], session);
}

#[tokio::test]
async fn on_the_http_port_only_where_asked_for() {
    let server = Server::new(&Router::builder().realm("realm1").build());
    let address = with_http(&server).await;
    sees_its_own_event(RawClient::join(TcpStream::connect(address).await.unwrap(), Serializer::Cbor).await).await;
    assert_eq!(http(address, "GET /ws HTTP/1.1\r\nhost: localhost", b"").await.status, 426);
    let (mut web, _) = Client::join(address, Serializer::Json).await;
    web.subscribe(1, "com.example.topic").await;
    let mut pieces = TcpStream::connect(address).await.unwrap();
    for byte in b"GET /ws HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n" {
        pieces.write_all(&[*byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    let mut answer = Vec::new();
    soon(pieces.read_to_end(&mut answer)).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 426"), "{answer:?}");

    let (server, _) = served(Config::default()).await;
    let mut socket = TcpStream::connect(server.local_addr()).await.unwrap();
    socket.write_all(&[&JSON[..], b"\r\n\r\n"].concat()).await.unwrap();
    let mut answer = Vec::new();
    soon(socket.read_to_end(&mut answer)).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 400"), "{answer:?}");
}

#[tokio::test]
async fn a_shutdown_says_goodbye_everywhere() {
    let (server, address) = served(Config { shutdown_timeout: Duration::MAX, ..Config::default() }).await;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("wamp.sock");
    serve_unix(&server, &path);
    let mut tcp = RawClient::join(TcpStream::connect(address).await.unwrap(), Serializer::Json).await;
    let mut unix = RawClient::join(UnixStream::connect(&path).await.unwrap(), Serializer::Json).await;
    // It has not even begun.
    let mut silent = TcpStream::connect(address).await.unwrap();
    let shutdown = tokio::spawn(server.shutdown());
    assert_eq!(tcp.receive().await[2], "wamp.close.system_shutdown");
    assert_eq!(unix.receive().await[2], "wamp.close.system_shutdown");
    assert!(tcp.rest().await.is_empty() && unix.rest().await.is_empty());
    // Without a close frame, the end of the stream is the answer.
    drop((tcp, unix));
    let _ = soon(silent.read(&mut [0; 4])).await;
    soon(shutdown).await.unwrap();
    assert!(!path.exists());
    tokio::net::TcpListener::bind(address).await.unwrap();
}

#[tokio::test]
async fn a_client_in_process_comes_and_goes_like_any_other() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let router = Router::builder().realm("realm1").build();
    let server = router.serve(listener, axum::Router::new());
    let (mut watcher, _) = Client::join(server.local_addr(), Serializer::Json).await;
    watcher.subscribe(1, "wamp.session.on_leave").await;
    let client = RawClient::join(router.connect_in_process(), Serializer::MessagePack).await;
    let session = client.session;
    drop(client);
    assert_eq!(watcher.receive().await[4][0], session);
    drop(watcher);

    let mut client = RawClient::join(router.connect_in_process(), Serializer::Json).await;
    soon(server.shutdown()).await;
    assert_eq!(client.receive().await[2], "wamp.close.system_shutdown");
    assert!(client.rest().await.is_empty());
    // Who comes later is told the same.
    let mut late = RawClient::connect(router.connect_in_process(), JSON).await;
    late.send(json!([1, "realm1", {"roles": {"caller": {}}}])).await;
    let abort = late.receive().await;
    assert_eq!((&abort[0], &abort[2]), (&json!(3), &json!("wamp.close.system_shutdown")));
}

/// More than the pipe holds, so that router and client have to take turns.
#[tokio::test]
async fn long_messages_through_a_pipe() {
    let router = Router::builder().realm("realm1").build();
    let mut client = RawClient::join(router.connect_in_process(), Serializer::Json).await;
    client.send(json!([32, 1, {}, "com.example.topic"])).await;
    client.receive().await;
    for (request, length) in [(2, 100), (3, 70_000), (4, 3_000_000)] {
        client.send(json!([16, request, {"exclude_me": false}, "com.example.topic", ["x".repeat(length)]])).await;
        assert_eq!(client.receive().await[4][0].as_str().unwrap().len(), length);
    }
}
