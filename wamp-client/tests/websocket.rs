//! WebSocket frames as routers may send them, and those the client answers with.
//! Specification: RFC 6455, sections 5.4 and 5.5.

use std::future::IntoFuture;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use wamp_client::{App, Error, Lifecycle, Running};

const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
/// The frame ends its message.
const FIN: u8 = 0x80;

const WELCOME: &str = r#"[2,7,{"roles":{"broker":{},"dealer":{}}}]"#;

async fn within<T>(event: impl IntoFuture<Output = T>) -> T {
    timeout(Duration::from_secs(30), event).await.expect("it happens before the deadline")
}

/// The router's end of a connection.
struct Far(DuplexStream);

impl Far {
    /// Answers the request of the handshake, with `frames` in the same write.
    async fn upgrade(&mut self, frames: &[u8]) {
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(within(self.0.read_u8()).await.expect("the client asks"));
        }
        let request = String::from_utf8(request).expect("it is text");
        let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: ")).expect("there is a key");
        let accept = derive_accept_key(key.as_bytes());
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: wamp.2.json\r\n\r\n"
        );
        let bytes = [answer.as_bytes(), frames].concat();
        within(self.0.write_all(&bytes)).await.expect("the client reads");
    }

    async fn send(&mut self, bytes: &[u8]) {
        within(self.0.write_all(bytes)).await.expect("the client reads");
    }

    /// The client's next frame: its first byte, and its content.
    async fn receive(&mut self) -> (u8, Vec<u8>) {
        let mut header = [0; 2];
        within(self.0.read_exact(&mut header)).await.expect("the client writes");
        assert_eq!(header[1] & 0x80, 0x80, "frames of clients are masked");
        let length = match header[1] & 0x7F {
            126 => usize::from(within(self.0.read_u16()).await.expect("there is a length")),
            length => usize::from(length),
        };
        let mut mask = [0; 4];
        within(self.0.read_exact(&mut mask)).await.expect("there is a mask");
        let mut content = vec![0; length];
        within(self.0.read_exact(&mut content)).await.expect("the frame is whole");
        content.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, key)| *byte ^= key);
        (header[0], content)
    }
}

/// A frame of a router's.
fn frame(first: u8, content: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match u8::try_from(content.len()) {
        Ok(length @ ..126) => frame.push(length),
        _ => {
            frame.push(126);
            frame.extend((content.len() as u16).to_be_bytes());
        }
    }
    frame.extend(content);
    frame
}

fn frame_of_welcome() -> Vec<u8> {
    frame(FIN | TEXT, WELCOME.as_bytes())
}

/// An App that connects to this pipe.
async fn connect() -> (JoinHandle<wamp_client::Result<Running>>, Far) {
    let (sender, mut pipes) = mpsc::unbounded_channel();
    let app = App::new("ws://localhost/ws").connect_with(move || {
        let (near, far) = tokio::io::duplex(4096);
        let sent = sender.send(far).map_err(|_| std::io::Error::from(std::io::ErrorKind::ConnectionRefused));
        async move { sent.map(|()| near) }
    });
    let starting = tokio::spawn(app.start());
    (starting, Far(within(pipes.recv()).await.expect("it connects")))
}

/// An App that has joined, told so by these frames.
async fn joined(welcome: &[u8]) -> (Running, Far) {
    let (starting, mut far) = connect().await;
    far.upgrade(&[]).await;
    let (first, hello) = far.receive().await;
    assert_eq!((first, &hello[..3]), (FIN | TEXT, &b"[1,"[..]));
    far.send(welcome).await;
    let running = within(starting).await.expect("it does not panic").expect("it joins");
    (running, far)
}

#[tokio::test]
async fn a_message_may_come_in_pieces_with_a_ping_between() {
    let (first, rest) = WELCOME.split_at(10);
    let (second, third) = rest.split_at(1);
    let pieces = [
        frame(TEXT, first.as_bytes()),
        frame(FIN | PING, b"between"),
        frame(0, second.as_bytes()),
        frame(0, b""),
        frame(FIN, third.as_bytes()),
    ];
    let (_running, mut far) = joined(&pieces.concat()).await;
    assert_eq!(far.receive().await, (FIN | PONG, b"between".to_vec()));
}

#[tokio::test]
async fn what_comes_with_the_handshake_is_not_lost() {
    let (_starting, mut far) = connect().await;
    far.upgrade(&frame(FIN | PING, b"early")).await;
    let frames = [far.receive().await, far.receive().await];
    assert!(frames.contains(&(FIN | PONG, b"early".to_vec())), "{frames:?}");
}

#[tokio::test]
async fn a_close_is_answered_and_its_reason_told() {
    let (running, mut far) = joined(&frame_of_welcome()).await;
    let mut events = running.client().lifecycle();
    far.send(&frame(FIN | CLOSE, b"\x03\xE9going down")).await;
    assert_eq!(far.receive().await, (FIN | CLOSE, b"\x03\xE9".to_vec()));
    let Some(Lifecycle::Lost(Error::Lost { reason })) = within(events.next()).await else { panic!("it is lost") };
    assert_eq!(reason, "going down (1001)");
}

#[tokio::test]
async fn a_router_that_breaks_the_rules_is_left() {
    for (bytes, expected) in [
        (frame(FIN, b"[]"), "continuation"),
        ([frame(TEXT, b"["), frame(FIN | TEXT, b"[]")].concat(), "within"),
        (frame(FIN | 2, b"[]"), "wrong kind"),
        (frame(FIN | 0x40 | TEXT, b"[]"), "reserved"),
        (vec![FIN | TEXT, 0x82, 0, 0, 0, 0, b'[', b']'], "mask"),
        (frame(FIN | CLOSE, b"\x03"), "half a code"),
    ] {
        let (running, mut far) = joined(&frame_of_welcome()).await;
        let mut events = running.client().lifecycle();
        far.send(&bytes).await;
        let Some(Lifecycle::Lost(error)) = within(events.next()).await else { panic!("it is lost") };
        assert!(error.to_string().contains(expected), "{error}");
    }
}
