use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use wamp_proto::Serializer;

use super::*;
use crate::outbox::{Append, Class, OutboxLimits, SlowConsumer};

const WEBSOCKET: Encoding = Encoding { serializer: Serializer::Json, framing: Framing::WebSocket };
const RAWSOCKET: Encoding =
    Encoding { serializer: Serializer::Json, framing: Framing::RawSocket { max_length: 1 << 24 } };

/// Sends each message back; "hello" establishes the connection, "bye" closes it, "flood"
/// answers with a lot, "pause" has what follows wait.
struct Echo {
    outbox: Arc<Outbox>,
    established: bool,
    ends: Arc<AtomicUsize>,
    /// What "pause" waits for.
    gate: Arc<tokio::sync::Notify>,
    waiting: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
}

impl Handler for Echo {
    fn on_burst(&mut self, incoming: &mut Incoming<'_>) {
        let mut replies = Vec::new();
        incoming.for_each(|message| {
            let reply = |body: &[u8], replies: &mut Vec<u8>| {
                let framing = self.outbox.encoding().framing;
                framing.frame(message.is_binary(), replies, |out| out.extend_from_slice(body)).unwrap();
            };
            match message.body() {
                b"hello" => self.established = true,
                b"bye" => return Flow::Close(CloseCode::NORMAL, "as you wish".into()),
                b"flood" => reply(&vec![b'x'; 32 << 20], &mut replies),
                b"panic" => panic!("asked to"),
                b"pause" => {
                    reply(b"pausing", &mut replies);
                    let gate = self.gate.clone();
                    self.waiting = Some(Box::pin(async move { gate.notified().await }));
                    return Flow::Pause;
                }
                _ => {}
            }
            reply(message.body(), &mut replies);
            Flow::Continue
        });
        if self.outbox.append(&replies, Class::Reply) == Append::First {
            self.outbox.flush();
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Flow> {
        ready!(self.waiting.as_mut().expect("it is polled while it waits").as_mut().poll(cx));
        self.waiting = None;
        self.established = true;
        Poll::Ready(Flow::Continue)
    }

    fn is_established(&self) -> bool {
        self.established
    }

    fn on_end(&mut self) {
        self.ends.fetch_add(1, Ordering::Relaxed);
    }
}

/// No time limit hides a connection that should have ended by itself.
fn patient() -> ConnectionSettings {
    ConnectionSettings {
        handshake_timeout: Duration::MAX,
        ping_interval: Duration::MAX,
        close_timeout: Duration::MAX,
        ..Default::default()
    }
}

/// A connection with its peer's end of the stream.
struct Peer<S> {
    stream: S,
    outbox: Arc<Outbox>,
    task: JoinHandle<()>,
    ends: Arc<AtomicUsize>,
    gate: Arc<tokio::sync::Notify>,
}

async fn tcp(encoding: Encoding, settings: ConnectionSettings) -> Peer<TcpStream> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (client, server) = tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
    peer(client.unwrap(), server.unwrap().0, encoding, settings, &[]).await
}

async fn duplex(encoding: Encoding, received: &[u8]) -> Peer<tokio::io::DuplexStream> {
    let (client, server) = tokio::io::duplex(1000);
    peer(client, server, encoding, patient(), received).await
}

/// An echo at the other end of a stream, from whom so much has been received before.
async fn peer<S: Socket>(
    stream: S,
    server: S,
    encoding: Encoding,
    settings: ConnectionSettings,
    received: &[u8],
) -> Peer<S> {
    let heartbeat = beating(settings);
    let ends = Arc::new(AtomicUsize::new(0));
    let gate = Arc::new(tokio::sync::Notify::new());
    let (sender, receiver) = tokio::sync::oneshot::channel();
    let received = received.to_vec();
    let task = tokio::spawn({
        let (ends, gate) = (ends.clone(), gate.clone());
        async move {
            let handler = |outbox: Arc<Outbox>| {
                sender.send(outbox.clone()).unwrap();
                Echo { outbox, established: false, ends, gate, waiting: None }
            };
            Connection::over(server, received, encoding, Accept::Any, &heartbeat, handler).await;
        }
    });
    Peer { stream, outbox: receiver.await.unwrap(), task, ends, gate }
}

fn beating(settings: ConnectionSettings) -> Heartbeat {
    let heartbeat = Heartbeat::new(settings);
    tokio::spawn(heartbeat.clone().run());
    heartbeat
}

impl<S: AsyncRead + AsyncWrite + Unpin> Peer<S> {
    async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    async fn expect(&mut self, bytes: impl AsRef<[u8]>) {
        let mut read = vec![0; bytes.as_ref().len()];
        tokio::time::timeout(Duration::from_secs(10), self.stream.read_exact(&mut read)).await.unwrap().unwrap();
        assert_eq!(read, bytes.as_ref());
    }

    /// Reads to the end of the stream; a reset is an end too.
    async fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        let read = tokio::time::timeout(Duration::from_secs(10), self.stream.read_to_end(&mut rest));
        let _ = read.await.expect("the stream should end");
        rest
    }

    /// Waits for the connection's task; its handler has been told once.
    async fn ended(self) {
        tokio::time::timeout(Duration::from_secs(10), self.task).await.unwrap().unwrap();
        assert_eq!(self.ends.load(Ordering::Relaxed), 1);
        assert!(self.outbox.closed().is_some());
    }
}

/// A frame as a client sends it, with a key of zeros.
fn masked(first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let mut frame = Vec::new();
    let payload = payload.as_ref();
    Framing::WebSocket.frame(false, &mut frame, |out| out.extend_from_slice(payload)).unwrap();
    frame[0] = first;
    frame[1] |= 0x80;
    let body = frame.len() - payload.len();
    frame.splice(body..body, [0; 4]);
    frame
}

fn text(payload: &str) -> Vec<u8> {
    let mut frame = Vec::new();
    Framing::WebSocket.frame(false, &mut frame, |out| out.extend_from_slice(payload.as_bytes())).unwrap();
    frame
}

fn close(code: u16, reason: &str) -> Vec<u8> {
    [&[0x88, reason.len() as u8 + 2], code.to_be_bytes().as_slice(), reason.as_bytes()].concat()
}

#[tokio::test]
async fn messages_are_handled_and_pings_answered() {
    let mut peer = tcp(WEBSOCKET, patient()).await;
    peer.send([masked(0x81, "hello"), masked(0x89, "are you there?"), masked(0x81, "second")].concat()).await;
    let mut answers = vec![text("hello"), text("second"), [b"\x8A\x0E".as_slice(), b"are you there?"].concat()];
    // A pong may overtake the replies of its burst.
    answers.sort();
    let mut read = vec![0; answers.concat().len()];
    peer.stream.read_exact(&mut read).await.unwrap();
    let mut frames: Vec<_> = Framing::WebSocket.split(&read).map(|frame| frame.whole.to_vec()).collect();
    frames.sort();
    assert_eq!(frames, answers);
    peer.send(masked(0x88, &close(4321, "done")[2..])).await;
    peer.expect(close(4321, "")).await;
    assert!(peer.rest().await.is_empty());
    peer.ended().await;
}

#[tokio::test]
async fn a_message_in_many_reads_is_one_message() {
    let mut peer = tcp(WEBSOCKET, patient()).await;
    peer.send(masked(0x81, "hello")).await;
    peer.expect(text("hello")).await;
    let long = "äöü".repeat(100_000);
    let (mut read, mut write) = peer.stream.split();
    let bytes = masked(0x81, &long);
    let (_, back) = tokio::join!(write.write_all(&bytes), async {
        let mut back = vec![0; text(&long).len()];
        read.read_exact(&mut back).await.unwrap();
        back
    });
    assert!(back == text(&long));
}

#[tokio::test]
async fn what_came_with_the_handshake_is_not_lost() {
    let mut peer = duplex(RAWSOCKET, b"\0\0\0\x05hello\0\0\0\x03o").await;
    peer.expect(b"\0\0\0\x05hello").await;
    peer.send(b"ne").await;
    peer.expect(b"\0\0\0\x03one").await;
    drop(peer.stream);
    tokio::time::timeout(Duration::from_secs(10), peer.task).await.unwrap().unwrap();
    assert_eq!(peer.ends.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_stream_only_its_task_can_write_to_works_the_same() {
    let mut peer = duplex(WEBSOCKET, b"").await;
    let long = "x".repeat(50_000);
    peer.send(masked(0x81, "hello")).await;
    peer.expect(text("hello")).await;
    let bytes = masked(0x81, &long);
    let (mut read, mut write) = tokio::io::split(&mut peer.stream);
    let (_, back) = tokio::join!(write.write_all(&bytes), async {
        let mut back = vec![0; text(&long).len()];
        read.read_exact(&mut back).await.unwrap();
        back
    });
    assert!(back == text(&long));
    assert_eq!(peer.outbox.append(&text("from another task"), Class::Event), Append::First);
    peer.outbox.flush();
    peer.expect(text("from another task")).await;
    peer.send(masked(0x81, "bye")).await;
    peer.expect(close(1000, "as you wish")).await;
    peer.send(masked(0x88, "")).await;
    peer.ended().await;
}

#[tokio::test]
async fn the_handler_closes_after_its_last_words() {
    let mut peer = tcp(WEBSOCKET, patient()).await;
    peer.send([masked(0x81, "last"), masked(0x81, "bye"), masked(0x81, "ignored")].concat()).await;
    peer.expect([text("last"), close(1000, "as you wish")].concat()).await;
    assert_eq!(peer.ends.load(Ordering::Relaxed), 1, "it has left, whether the peer answers or not");
    peer.send([masked(0x81, "ignored"), masked(0x88, &close(1000, "")[2..])].concat()).await;
    assert!(peer.rest().await.is_empty());
    peer.ended().await;
}

#[tokio::test]
async fn somebody_else_closes() {
    let mut peer = tcp(WEBSOCKET, patient()).await;
    peer.outbox.finish(CloseCode::GOING_AWAY, "shutdown");
    peer.expect(close(1001, "shutdown")).await;
    peer.send(masked(0x88, &close(1001, "")[2..])).await;
    peer.ended().await;
}

#[tokio::test]
async fn a_broken_rule_is_answered_with_its_code() {
    let table: &[(&str, Vec<u8>, u16)] = &[
        ("unmasked", text("x"), 1002),
        ("reserved bit", masked(0xC1, "x"), 1002),
        ("invalid UTF-8", masked(0x81, [0xFF]), 1007),
        ("too long before the introduction", masked(0x81, vec![b'x'; (64 << 10) + 1]), 1009),
        ("bad close code", masked(0x88, 1005_u16.to_be_bytes()), 1002),
    ];
    for (rule, bytes, code) in table {
        let mut peer = tcp(WEBSOCKET, patient()).await;
        // Bytes behind the mistake must not reset the connection before the answer is read.
        peer.send([bytes.as_slice(), &[0; 1000]].concat()).await;
        let rest = peer.rest().await;
        assert_eq!(rest[0], 0x88, "{rule}");
        assert_eq!(rest[2..4], code.to_be_bytes(), "{rule}");
        assert!(rest.len() > 4, "{rule}: a reason is given");
        peer.stream.shutdown().await.unwrap();
        peer.ended().await;
    }
}

#[tokio::test]
async fn the_introduction_raises_the_limit() {
    let settings = ConnectionSettings { max_first_message: 5, max_message: 6, ..patient() };
    let mut peer = tcp(WEBSOCKET, settings).await;
    peer.send(masked(0x81, "hello")).await;
    peer.expect(text("hello")).await;
    peer.send(masked(0x81, "longer")).await;
    peer.expect(text("longer")).await;
    peer.send(masked(0x81, "too long")).await;
    assert_eq!(peer.rest().await[2..4], 1009_u16.to_be_bytes());
}

#[tokio::test]
async fn a_peer_that_does_not_introduce_itself_is_sent_away() {
    let settings = ConnectionSettings { handshake_timeout: Duration::from_millis(40), ..patient() };
    let mut peer = tcp(WEBSOCKET, settings).await;
    peer.expect(close(1008, "no session was opened within 0.04 s")).await;
    peer.send(masked(0x88, "")).await;
    peer.ended().await;
}

#[tokio::test]
async fn a_silent_peer_is_pinged_then_dropped() {
    let settings = ConnectionSettings {
        ping_interval: Duration::from_millis(40),
        // Long enough for a busy machine to get the pongs through.
        ping_timeout: Duration::from_secs(1),
        ..patient()
    };
    let mut peer = tcp(WEBSOCKET, settings).await;
    for _ in 0..3 {
        peer.expect([0x89, 0]).await;
        peer.send(masked(0x8A, "")).await;
    }
    assert_eq!(peer.outbox.closed(), None);
    let _ = peer.rest().await;
    peer.ended().await;
}

#[tokio::test]
async fn a_peer_that_does_not_answer_the_close_is_dropped() {
    let settings = ConnectionSettings { close_timeout: Duration::from_millis(40), ..patient() };
    for encoding in [WEBSOCKET, RAWSOCKET] {
        let mut peer = tcp(encoding, settings).await;
        peer.outbox.finish(CloseCode::NORMAL, "");
        let _ = peer.rest().await;
        peer.ended().await;
    }
}

#[tokio::test]
async fn a_peer_that_does_not_read_is_not_read_from() {
    let limits = OutboxLimits { bytes: 1 << 20, ..Default::default() };
    let mut peer = tcp(WEBSOCKET, ConnectionSettings { outbox: limits, ..patient() }).await;
    let task = tokio::spawn(async move {
        peer.send([masked(0x81, "hello"), masked(0x81, "flood")].concat()).await;
        // What follows waits until there is room, so none of it overflows the outbox.
        for _ in 0..64 {
            peer.send(masked(0x81, "x".repeat(60_000))).await;
            tokio::task::yield_now().await;
        }
        peer
    });
    let mut peer = task.await.unwrap();
    peer.expect(text("hello")).await;
    let flood = text(&"x".repeat(32 << 20));
    peer.expect(&flood).await;
    peer.expect(text("flood")).await;
    for _ in 0..64 {
        peer.expect(text(&"x".repeat(60_000))).await;
    }
    assert_eq!(peer.outbox.closed(), None);
}

#[tokio::test]
async fn a_slow_consumer_is_disconnected() {
    let limits = OutboxLimits { bytes: 1 << 20, reserve: 0, policy: SlowConsumer::Disconnect };
    let peer = tcp(WEBSOCKET, ConnectionSettings { outbox: limits, ..patient() }).await;
    let event = text(&"x".repeat(60_000));
    loop {
        match peer.outbox.append(&event, Class::Event) {
            Append::First => peer.outbox.flush(),
            Append::Queued => {}
            Append::Closed => break,
            Append::Dropped => panic!("not by this policy"),
        }
    }
    assert_eq!(peer.outbox.closed(), Some(Closed::TooSlow));
    peer.ended().await;
}

#[tokio::test]
async fn a_panicking_handler_ends_its_own_connection_only() {
    let mut peer = tcp(WEBSOCKET, patient()).await;
    peer.send(masked(0x81, "panic")).await;
    assert!(peer.rest().await.is_empty());
    assert!(peer.task.await.unwrap_err().is_panic());
    assert_eq!(peer.ends.load(Ordering::Relaxed), 1);
    // The thread's buffers are still usable.
    let mut next = tcp(WEBSOCKET, patient()).await;
    next.send(masked(0x81, "hello")).await;
    next.expect(text("hello")).await;
}

#[tokio::test]
async fn the_socket_ends_with_its_task_whoever_has_the_outbox() {
    for kept in [true, false] {
        let Peer { mut stream, outbox, task, .. } = tcp(WEBSOCKET, patient()).await;
        let outbox = kept.then_some(outbox);
        task.abort();
        let read = tokio::time::timeout(Duration::from_secs(10), stream.read(&mut [0])).await;
        assert_eq!(read.expect("the stream has ended").unwrap(), 0);
        drop(outbox);
    }
}

#[tokio::test]
async fn an_idle_connection_owns_no_buffers() {
    let mut peer = tcp(WEBSOCKET, patient()).await;
    peer.send(masked(0x81, "hello")).await;
    peer.expect(text("hello")).await;
    assert_eq!(peer.outbox.queued(), 0);
    assert!(
        size_of::<Connection<<TcpStream as Socket>::Stream, Echo>>() + size_of::<Outbox>() + size_of::<Pulse>() < 1024
    );
}

#[tokio::test]
async fn messages_wait_in_order_while_one_is_decided() {
    let mut peer = tcp(WEBSOCKET, patient()).await;
    let long = "x".repeat(70_000);
    peer.send([masked(0x81, "first"), masked(0x81, "pause"), masked(0x81, "second")].concat()).await;
    peer.expect([text("first"), text("pausing")].concat()).await;
    // More comes, a part of a message too.
    let third = masked(0x81, &long);
    peer.send([&masked(0x81, "pause"), &third[..7]].concat()).await;
    peer.gate.notify_one();
    peer.expect([text("second"), text("pausing")].concat()).await;
    peer.gate.notify_one();
    peer.send(&third[7..]).await;
    peer.expect(text(&long)).await;
    peer.send(masked(0x81, "bye")).await;
    peer.expect(close(1000, "as you wish")).await;
}

#[tokio::test]
async fn in_a_pause_little_is_read() {
    let mut peer = duplex(RAWSOCKET, b"\0\0\0\x05pause").await;
    peer.expect(b"\0\0\0\x07pausing").await;
    let message = [b"\0\0\x04\0".as_slice(), &[b'x'; 1024]].concat();
    let sending = async {
        for _ in 0..200 {
            peer.stream.write_all(&message).await.unwrap();
        }
    };
    let stuck = tokio::time::timeout(Duration::from_millis(200), sending).await;
    assert!(stuck.is_err(), "200 KiB were taken from a peer that has to wait");
    assert_eq!(peer.outbox.closed(), None);
}

#[tokio::test]
async fn who_hangs_up_in_a_pause_is_gone() {
    let mut peer = tcp(WEBSOCKET, patient()).await;
    peer.send([masked(0x81, "pause"), masked(0x81, "never")].concat()).await;
    peer.expect(text("pausing")).await;
    peer.stream.shutdown().await.unwrap();
    assert!(peer.rest().await.is_empty());
    peer.ended().await;
}

#[tokio::test]
async fn a_pause_is_no_way_around_the_time_limit() {
    let settings = ConnectionSettings { handshake_timeout: Duration::from_millis(40), ..patient() };
    let mut peer = tcp(WEBSOCKET, settings).await;
    peer.send(masked(0x81, "pause")).await;
    peer.expect([text("pausing"), close(1008, "no session was opened within 0.04 s")].concat()).await;
    peer.send([masked(0x81, "ignored"), masked(0x88, "")].concat()).await;
    peer.ended().await;
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_a_pause() {
    let mut peer = tcp(WEBSOCKET, patient()).await;
    peer.send([masked(0x81, "pause"), masked(0x81, "never")].concat()).await;
    peer.expect(text("pausing")).await;
    peer.outbox.finish(CloseCode::GOING_AWAY, "shutdown");
    peer.expect(close(1001, "shutdown")).await;
    peer.send(masked(0x88, &close(1001, "")[2..])).await;
    peer.ended().await;
}
