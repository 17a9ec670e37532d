//! The task of one connection: reads, lets a [`Handler`] handle, and writes what is left to it.
//!
//! It reads as much as is there into a buffer shared by all connections of its thread, decodes
//! the frames where they lie, and gives the handler all of them as one burst. What an idle
//! connection holds of its own is a few hundred bytes.

mod incoming;
mod pulse;
pub(crate) mod rawsocket;
mod settings;
mod socket;
mod stream;
mod wamp;

#[cfg(test)]
mod tests;

use std::cell::RefCell;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::ReadBuf;
use tokio::net::TcpStream;
use tracing::Span;

use crate::outbox::{Closed, Encoding, Flush, Framing, Outbox, OutboxLimits, Status};
use crate::transport::control::CloseCode;
use crate::transport::{self, Accept, Decoder, websocket};
use incoming::Outcome;
use pulse::Pulse;
use stream::Stream;

pub use incoming::{Flow, Incoming};
pub use pulse::Heartbeat;
pub use settings::ConnectionSettings;
pub(crate) use socket::{Socket, keep_alive, say_last, set_nodelay};
pub(crate) use wamp::WampHandler;

/// Bytes read at a time. A smaller buffer makes smaller bursts, and fan-out several times as
/// expensive.
const READ: usize = 64 << 10;

/// Reads before other connections of the thread get their turn.
const READS_PER_POLL: usize = 4;

thread_local! {
    /// Where the connections of a thread read to, one after the other.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// What handles the messages of a connection: a WAMP session, or an echo.
///
/// It is called from the connection's task and must not block. What it has to say it appends to
/// outboxes, its own one among them.
pub trait Handler: Send + 'static {
    /// Handles the messages of one read, and flushes each outbox it has touched by doing so.
    fn on_burst(&mut self, incoming: &mut Incoming<'_>);

    /// Whether the peer has introduced itself. Until then its messages are held to a smaller
    /// limit, and it has to hurry: see [`ConnectionSettings`].
    fn is_established(&self) -> bool {
        true
    }

    /// Goes on with the message that was answered with [`Flow::Pause`]: pending until it is done with.
    /// While it is, no message is handled. Otherwise it is not called.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Flow> {
        let _ = cx;
        Poll::Ready(Flow::Continue)
    }

    /// What a line of the log for operators tells of the peer.
    fn span(&self) -> Span {
        Span::none()
    }

    /// The peer is gone, or going: no more messages will come. Called exactly once.
    fn on_end(&mut self);
}

/// Runs a connection over TCP until its end.
///
/// `received` is what was already read from `socket` and belongs to the framing. The handler is
/// made from the outbox that leads to the peer.
///
/// Dropping the future ends the connection.
pub fn run_tcp<H, F>(
    socket: TcpStream,
    received: Vec<u8>,
    encoding: Encoding,
    accept: Accept,
    heartbeat: &Heartbeat,
    handler: F,
) -> impl Future<Output = ()> + Send + use<H, F>
where
    H: Handler,
    F: FnOnce(Arc<Outbox>) -> H,
{
    socket::set_nodelay(&socket, heartbeat.settings().tcp_nodelay);
    // Not an async function: that would keep room for its arguments as long as it runs, and
    // there are many of them.
    Connection::over(socket, received, encoding, accept, heartbeat, handler)
}

/// Runs a session's connection over a socket that has its options from its listener, as [`run_tcp`] does.
pub(crate) fn run<S, H, F>(
    socket: S,
    received: Vec<u8>,
    encoding: Encoding,
    heartbeat: &Heartbeat,
    handler: F,
) -> impl Future<Output = ()> + Send + use<S, H, F>
where
    S: Socket,
    H: Handler,
    F: FnOnce(Arc<Outbox>) -> H,
{
    let accept = if encoding.serializer.is_binary() { Accept::Binary } else { Accept::Text };
    Connection::over(socket, received, encoding, accept, heartbeat, handler)
}

struct Connection<S, H: Handler> {
    outbox: Arc<Outbox>,
    decoder: Decoder,
    handler: H,
    settings: ConnectionSettings,
    pulse: Arc<Pulse>,
    /// What was read but is no whole header or control frame yet, or has to wait.
    tail: Vec<u8>,
    /// `tail` holds what has not been looked at: it came with the handshake, or in a pause.
    unread: bool,
    /// The handler has to be done with a message before it takes another.
    paused: bool,
    established: bool,
    ended: bool,
    /// The peer has said that it sends no more, or what it sends can't be understood any more.
    hearing: Hearing,
    /// The stream had no room for more when last written to.
    was_full: bool,
    logged_drop: bool,
    /// Dropped last: it closes its socket at once if nobody else has the outbox.
    stream: S,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hearing {
    /// Frames are decoded.
    Open,
    /// The peer's close frame has come.
    PeerClosed,
    /// The peer broke the framing; its bytes are read only to let it read ours.
    Deaf,
}

/// Why a connection's task is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Everything said, and the peer's close frame seen.
    Finished,
    /// The peer closed the stream.
    Eof,
    /// The outbox was closed under us.
    Closed(Closed),
    /// Reading failed.
    Failed(io::ErrorKind),
}

/// Nothing in it is pinned.
impl<S, H: Handler> Unpin for Connection<S, H> {}

impl<S: Stream, H: Handler> Future for Connection<S, H> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let connection = self.get_mut();
        match ready!(connection.poll_end(cx)) {
            End::Closed(Closed::TooSlow) => {
                connection.handler.span().in_scope(|| tracing::warn!("slow consumer disconnected"));
            }
            end => {
                // A peer that only writes no more may still read what it was to be told.
                connection.outbox.flush();
                tracing::debug!(?end, "connection ended");
            }
        }
        Poll::Ready(())
    }
}

impl<S: Stream, H: Handler> Connection<S, H> {
    fn over<T: Socket<Stream = S>>(
        socket: T,
        received: Vec<u8>,
        encoding: Encoding,
        accept: Accept,
        heartbeat: &Heartbeat,
        handler: impl FnOnce(Arc<Outbox>) -> H,
    ) -> Self {
        let mut settings = *heartbeat.settings();
        let (stream, outbox) = socket.part(encoding, &settings);
        let handler = handler(outbox.clone());
        let framing = encoding.framing;
        if let Framing::RawSocket { .. } = framing {
            // What the handshake has told the peer.
            settings.max_message = transport::rawsocket::announced_length(settings.max_message);
        }
        let established = handler.is_established();
        let max_message = if established { settings.max_message } else { settings.max_first_message };
        let decoder = match framing {
            Framing::WebSocket => {
                Decoder::WebSocket(websocket::Decoder::new(accept, max_message).with_max_frame(settings.max_frame))
            }
            Framing::RawSocket { .. } => Decoder::RawSocket(transport::rawsocket::Decoder::new(accept, max_message)),
        };
        let pulse = heartbeat.watch(&outbox, !established);
        Self {
            outbox,
            decoder,
            handler,
            settings,
            pulse,
            unread: !received.is_empty(),
            tail: received,
            paused: false,
            established,
            ended: false,
            hearing: Hearing::Open,
            was_full: false,
            logged_drop: false,
            stream,
        }
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let status = self.outbox.attend(cx.waker());
        if let Some(closed) = status.closed {
            return Poll::Ready(End::Closed(closed));
        }
        self.log_drops(&status);
        if status.finishing {
            self.end();
            if status.queued == 0 {
                if self.hearing == Hearing::PeerClosed {
                    ready!(self.stream.poll_end(cx));
                    return Poll::Ready(End::Finished);
                }
                // With bytes of the peer unread, closing would reset the connection and might
                // take our last frames with it. So wait for the peer to close, and where no
                // close frame tells it to, end our direction.
                if self.hearing == Hearing::Deaf || matches!(self.outbox.encoding().framing, Framing::RawSocket { .. })
                {
                    ready!(self.stream.poll_shutdown(cx));
                }
            }
        }
        if status.owner_writes
            && self.flush(cx) == Flush::Blocked
            && self.outbox.queued() > self.settings.outbox.bytes / 2
        {
            // It does not read its replies: no more of its requests until it does.
            return Poll::Pending;
        }
        // What is not sent yet wakes us when it can be; there may be something to read meanwhile.
        let _ = self.stream.poll_flush(cx);
        while self.paused || self.unread {
            if self.paused {
                match self.handler.poll(cx) {
                    Poll::Ready(flow) => self.resume(flow),
                    Poll::Pending => return self.poll_hangup(cx),
                }
            } else {
                self.unread = false;
                let mut received = std::mem::take(&mut self.tail);
                self.burst(&mut received);
            }
        }
        for _ in 0..READS_PER_POLL {
            if let Err(end) = ready!(self.poll_read(cx)) {
                return Poll::Ready(end);
            }
            if self.hearing != Hearing::Open || self.paused {
                // That may have been all there was to wait for, or something else is to be.
                break;
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Writes as the outbox's owner; answers `Blocked` if the stream will wake us.
    fn flush(&mut self, cx: &mut Context<'_>) -> Flush {
        loop {
            let before = self.outbox.queued();
            let mut full = false;
            let flush = self.outbox.flush_as_owner(|bytes| match self.stream.poll_write(cx, bytes) {
                Poll::Ready(result) => result,
                Poll::Pending => {
                    full = true;
                    Err(io::ErrorKind::WouldBlock.into())
                }
            });
            if self.was_full && self.outbox.queued() < before {
                // There is room again, so the peer has read something: it is slow, not gone.
                self.pulse.beat();
            }
            self.was_full = flush == Flush::Blocked && (full || self.outbox.poll_writable(cx).is_pending());
            if flush != Flush::Blocked || self.was_full {
                return flush;
            }
        }
    }

    /// The handler has done with the message it paused at.
    fn resume(&mut self, flow: Flow) {
        match flow {
            Flow::Pause => return,
            Flow::Continue => {}
            Flow::Close(code, reason) => self.outbox.finish(code, &reason),
        }
        self.paused = false;
        self.unread = !self.tail.is_empty();
        self.note_established();
        // It was not the peer that was silent.
        self.pulse.beat();
    }

    /// Reads a little ahead during a pause: a peer that hangs up is gone, and what waits for it ends.
    fn poll_hangup(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        SCRATCH.with_borrow_mut(|scratch| {
            scratch.resize(scratch.len().max(READ), 0);
            while self.tail.len() < READ {
                let mut buffer = ReadBuf::new(&mut scratch[..READ]);
                if let Err(error) = ready!(self.stream.poll_read(cx, &mut buffer)) {
                    return Poll::Ready(End::Failed(error.kind()));
                }
                if buffer.filled().is_empty() {
                    return Poll::Ready(End::Eof);
                }
                self.tail.extend_from_slice(buffer.filled());
            }
            Poll::Pending
        })
    }

    /// One read and its burst.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), End>> {
        SCRATCH.with_borrow_mut(|scratch| {
            let kept = self.tail.len();
            if scratch.len() < kept + READ {
                scratch.resize(kept + READ, 0);
            }
            let mut buffer = ReadBuf::new(&mut scratch[kept..kept + READ]);
            if let Err(error) = ready!(self.stream.poll_read(cx, &mut buffer)) {
                return Poll::Ready(Err(End::Failed(error.kind())));
            }
            let count = buffer.filled().len();
            if count == 0 {
                return Poll::Ready(Err(End::Eof));
            }
            self.pulse.beat();
            scratch[..kept].copy_from_slice(&self.tail);
            self.burst(&mut scratch[..kept + count]);
            Poll::Ready(Ok(()))
        })
    }

    /// Handles what was read and keeps what is incomplete.
    fn burst(&mut self, input: &mut [u8]) {
        if self.hearing != Hearing::Open {
            return;
        }
        let mut incoming = Incoming::new(&mut self.decoder, input, &self.outbox);
        if self.ended {
            // Our close frame is on its way; only the peer's is of interest now.
            incoming.for_each(|_| Flow::Continue);
        } else {
            self.handler.on_burst(&mut incoming);
        }
        let (outcome, consumed) = incoming.finish();
        keep(&mut self.tail, &input[consumed..]);
        match outcome {
            Outcome::Continue => {}
            Outcome::Pause => self.paused = true,
            Outcome::Close(code, reason) => self.outbox.finish(code, &reason),
            Outcome::PeerClosed(code) => {
                self.hearing = Hearing::PeerClosed;
                self.tail = Vec::new();
                self.outbox.finish(code.unwrap_or(CloseCode::NORMAL), "");
            }
            Outcome::Failed(error) => {
                tracing::debug!(%error, "peer broke the framing");
                self.hearing = Hearing::Deaf;
                self.tail = Vec::new();
                if self.settings.fail_by_drop && self.outbox.encoding().framing == Framing::WebSocket {
                    self.outbox.close();
                } else {
                    self.outbox.finish(error.close_code(), &error.to_string());
                }
            }
        }
        self.note_established();
    }

    fn note_established(&mut self) {
        if !self.established && self.handler.is_established() {
            self.established = true;
            self.pulse.established();
            self.decoder.set_max_message(self.settings.max_message);
        }
    }

    fn log_drops(&mut self, status: &Status) {
        if status.dropped > 0 && !self.logged_drop {
            self.logged_drop = true;
            let OutboxLimits { policy, bytes: limit, .. } = self.settings.outbox;
            let span = self.handler.span();
            span.in_scope(|| tracing::warn!(?policy, limit, "slow consumer: events are dropped"));
        }
    }
}

impl<S, H: Handler> Connection<S, H> {
    /// Tells the handler that it is over.
    fn end(&mut self) {
        if !std::mem::replace(&mut self.ended, true) {
            self.pulse.closing();
            self.handler.on_end();
        }
        if std::mem::take(&mut self.paused) {
            // Nothing is waited for any more; the peer's close frame may be among what has come.
            self.unread = !self.tail.is_empty();
        }
    }
}

/// However the task ends, by a panic or with the runtime, the session has left and nobody
/// writes to the peer any more.
impl<S, H: Handler> Drop for Connection<S, H> {
    fn drop(&mut self) {
        self.outbox.close();
        self.end();
    }
}

/// Makes `rest` the content of `tail`, which owns no memory while there is nothing to keep.
fn keep(tail: &mut Vec<u8>, rest: &[u8]) {
    if rest.is_empty() {
        *tail = Vec::new();
    } else {
        tail.clear();
        tail.extend_from_slice(rest);
    }
}
