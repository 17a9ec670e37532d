//! RawSocket over TCP, over a unix socket and in process, against the real router.
//! Specification: "RawSocket Transport" (advanced profile).

use std::future::IntoFuture;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::time::timeout;
use wamp_client::{App, Error, ErrorKind, Serializer};
use wamp_router::{Listener, RawSocketSettings, Router, UnixSocket};

async fn within<T>(event: impl IntoFuture<Output = T>) -> T {
    timeout(Duration::from_secs(30), event).await.expect("it happens before the deadline")
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Sample {
    text: String,
    number: i64,
}

/// Calls and events, between two sessions and in every serializer, large ones too.
async fn exercise(app: impl Fn() -> App) {
    for serializer in Serializer::ALL {
        let (sender, mut events) = mpsc::unbounded_channel();
        let on_event = move |sample: Sample| {
            sender.send(sample).expect("the test listens");
            async {}
        };
        let callee = app().serializer(serializer).register("com.example.echo", |sample: Sample| async { sample });
        let callee = within(callee.subscribe("com.example.event", on_event).start()).await.expect("it starts");
        let caller = within(app().start()).await.expect("it starts");
        let client = caller.client();
        for length in [0, 1, 4095, 4096, 4097, 500_000] {
            let sample = || Sample { text: "x".repeat(length), number: -7 };
            let echoed: Sample = within(client.call("com.example.echo").arg(sample())).await.expect("it is answered");
            assert_eq!(echoed, sample());
            within(client.publish("com.example.event").arg(sample())).await.expect("it is sent");
            assert_eq!(within(events.recv()).await, Some(sample()));
        }
        within(caller.stop()).await.expect("it ends well");
        within(callee.stop()).await.expect("it ends well");
    }
}

#[tokio::test]
async fn rawsocket_over_tcp_works() {
    let listener = || TcpListener::bind("127.0.0.1:0");
    let router = Router::builder().realm("realm1").build();
    let server = router.serve(listener().await.expect("an address is free"), axum::Router::new());
    let raw = listener().await.expect("an address is free");
    let address = raw.local_addr().expect("it is bound");
    server.listen(Listener::new(raw, RawSocketSettings::default()));
    exercise(|| App::new(format!("rs://{address}"))).await;
    within(server.shutdown()).await;
}

#[cfg(unix)]
#[tokio::test]
async fn rawsocket_over_a_unix_socket_works() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("router.sock");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("an address is free");
    let server = Router::builder().realm("realm1").build().serve(listener, axum::Router::new());
    let socket = UnixSocket::bind(&path, 0o600).expect("the path is free");
    server.listen(Listener::new(socket, RawSocketSettings::default()));
    let url = format!("rs+unix://{}", path.display());
    exercise(|| App::new(url.clone())).await;
    let url = format!("unix:{}", path.display());
    within(App::new(url).start()).await.expect("it starts").stop().await.expect("it ends well");
    within(server.shutdown()).await;
}

#[tokio::test]
async fn a_router_in_the_same_process_needs_no_socket() {
    let router = Router::builder().realm("realm1").build();
    exercise(|| {
        let router = router.clone();
        App::over(move || router.connect_in_process())
    })
    .await;
}

#[tokio::test]
async fn what_is_no_rawsocket_router_is_told_from_one_that_is_not_there() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("an address is free");
    let address = listener.local_addr().expect("it is bound");
    drop(listener);
    let error = within(App::new(format!("rs://{address}")).start()).await.expect_err("nobody is there");
    assert!(matches!(error, Error::Connect { .. }), "{error}");

    // A refusal, and an answer that is none.
    for (answer, expected) in [(b"\x7f\x10\x00\x00", "serializer"), (b"HTTP", "no RawSocket peer")] {
        let app = App::over(move || {
            let (near, mut far) = tokio::io::duplex(64);
            tokio::spawn(async move { answer_handshake(&mut far, *answer).await });
            near
        });
        let error = within(app.start()).await.expect_err("it is no router");
        assert!(matches!(&error, Error::Handshake { problem, .. } if problem.contains(expected)), "{error}");
        assert_eq!(error.kind(), ErrorKind::Connect);
    }
}

async fn answer_handshake(far: &mut DuplexStream, answer: [u8; 4]) {
    let mut asked = [0; 4];
    far.read_exact(&mut asked).await.expect("it asks");
    assert_eq!(asked, [0x7f, 0xf1, 0, 0]);
    far.write_all(&answer).await.expect("it reads");
}

#[tokio::test]
async fn pings_are_sent_and_answered() {
    let (sender, mut pipes) = mpsc::unbounded_channel();
    let app = App::over(move || {
        let (near, far) = tokio::io::duplex(4096);
        sender.send(far).expect("the test listens");
        near
    });
    let starting = tokio::spawn(app.heartbeat(Duration::from_millis(20)).start());
    let mut far = within(pipes.recv()).await.expect("it connects");
    answer_handshake(&mut far, [0x7f, 0xf1, 0, 0]).await;
    let hello = receive(&mut far).await;
    assert_eq!((hello.0, &hello.1[..3]), (0, &b"[1,"[..]));
    let welcome = br#"[2,7,{"roles":{"broker":{},"dealer":{}}}]"#;
    send(&mut far, 0, welcome).await;
    let _running = within(starting).await.expect("it does not panic").expect("it joins");
    assert_eq!(receive(&mut far).await, (1, Vec::new()), "a ping after the silence");
    send(&mut far, 1, b"mine").await;
    assert_eq!(receive(&mut far).await, (2, b"mine".to_vec()), "a pong with the same bytes");
}

async fn send(far: &mut DuplexStream, kind: u8, content: &[u8]) {
    let length = u8::try_from(content.len()).expect("it is short");
    within(far.write_all(&[kind, 0, 0, length])).await.expect("it reads");
    within(far.write_all(content)).await.expect("it reads");
}

async fn receive(far: &mut DuplexStream) -> (u8, Vec<u8>) {
    let mut header = [0; 4];
    within(far.read_exact(&mut header)).await.expect("it writes");
    let mut content = vec![0; usize::from(header[2]) << 8 | usize::from(header[3])];
    within(far.read_exact(&mut content)).await.expect("it writes");
    (header[0], content)
}
