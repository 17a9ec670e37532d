//! One client's session over long-poll, between its requests.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker, ready};

use parking_lot::Mutex;
use tokio::sync::Notify;
use tokio::time::Instant;
use tracing::Span;
use wamp_proto::rawsocket::MAX_LENGTH;

use super::LongPollSettings;
use super::protocol::Protocol;
use crate::burst::Burst;
use crate::connection::{ConnectionSettings, Flow};
use crate::outbox::{Closed, Encoding, Framing, Outbox, OutboxLimits};
use crate::router::Router;
use crate::session::{Origin, Session};
use crate::transport::control::CloseCode;
use crate::worker;

/// What messages wait in. No byte of it is sent: it is a framing that others have too, with whom
/// encoded events are shared.
const FRAMING: Framing = Framing::RawSocket { max_length: MAX_LENGTH as u32 };

/// A session over long-poll: what the specification calls the transport.
#[derive(Debug)]
pub(super) struct Channel {
    pub(super) protocol: Protocol,
    pub(super) span: Span,
    outbox: Arc<Outbox>,
    bell: Arc<Bell>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    session: Session,
    /// What the session is to handle once it is done with what it waits for, if it waits.
    later: Option<VecDeque<Vec<u8>>>,
    opened: Instant,
    /// A request to receive is under way.
    receiving: bool,
    /// When there was last one, or when the session began.
    received: Instant,
    /// When the session ended; what waits may still be fetched for a while.
    ended: Option<Instant>,
    /// The client wants no more.
    closed: bool,
    logged_drop: bool,
}

/// Wakes who waits for something to happen to a channel.
#[derive(Debug, Default)]
struct Bell {
    keeper: Notify,
    receiver: Notify,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.ring();
    }
}

impl Bell {
    fn ring(&self) {
        self.keeper.notify_one();
        self.receiver.notify_one();
    }
}

/// What there is to say to a request to receive.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received {
    Messages(Vec<u8>),
    /// Nothing, so far.
    Nothing,
    /// Nothing, and there never will be.
    Over(Over),
}

/// Why there is nothing more to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    /// The client has closed it.
    Closed,
    /// Its session has ended, or took too long to begin.
    Ended,
    /// It did not fetch what waited for it.
    TooSlow,
}

/// Why a request to send fails.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unsent {
    /// The body is no batch.
    NoBatch(&'static str),
    /// A message breaks the protocol; ABORT says how.
    Violation,
    /// Earlier messages still wait, and no more may.
    Busy,
    /// The channel is closed.
    Over,
}

impl Channel {
    pub(super) fn open(
        router: &Router,
        settings: &LongPollSettings,
        origin: Origin,
        protocol: Protocol,
        span: Span,
    ) -> Arc<Self> {
        let encoding = Encoding { serializer: protocol.serializer, framing: FRAMING };
        let outbox = Outbox::owned(encoding, settings.connections.outbox);
        let session = Session::new(router.realms().clone(), outbox.clone(), settings.entrance.clone(), origin);
        let now = Instant::now();
        let state = State {
            session,
            later: None,
            opened: now,
            receiving: false,
            received: now,
            ended: None,
            closed: false,
            logged_drop: false,
        };
        let bell = Arc::new(Bell::default());
        let _ = outbox.attend(&Waker::from(bell.clone()));
        Arc::new(Self { protocol, span, outbox, bell, state: Mutex::new(state) })
    }

    /// The longest body a request to send may have by now.
    pub(super) fn max_body(&self, settings: &ConnectionSettings) -> usize {
        if self.state.lock().session.is_joined() { settings.max_message } else { settings.max_first_message }
    }

    /// Lets the session handle what was sent, or keeps it, up to `limit` bytes, while it waits.
    pub(super) fn send(&self, body: &[u8], limit: usize) -> Result<(), Unsent> {
        let _entered = self.span.enter();
        let mut state = self.state.lock();
        if state.closed || self.outbox.closed().is_some() {
            return Err(Unsent::Over);
        }
        let messages = self.protocol.split(body);
        if let (Some(later), Ok(messages)) = (&mut state.later, &messages) {
            if later.iter().map(Vec::len).sum::<usize>() + body.len() > limit {
                return Err(Unsent::Busy);
            }
            later.extend(messages.iter().map(|message| message.to_vec()));
            return Ok(());
        }
        let was_joined = state.session.is_joined();
        let flow = worker::with_burst(|burst| match &messages {
            Err(what) => state.session.on_broken_batch(what, burst),
            Ok(messages) => state.handle(messages, burst),
        });
        if !was_joined {
            state.received = Instant::now();
        }
        drop(state);
        // The session may have begun, or ended, and with it a time limit; or it waits for something.
        self.bell.keeper.notify_one();
        let Flow::Close(code, reason) = flow else { return Ok(()) };
        self.outbox.finish(code, &reason);
        match messages {
            Err(what) => Err(Unsent::NoBatch(what)),
            Ok(_) if code == CloseCode::PROTOCOL_ERROR => Err(Unsent::Violation),
            Ok(_) => Ok(()),
        }
    }

    /// The right to receive, of which there is one at a time.
    pub(super) fn turn(&self) -> Option<Turn<'_>> {
        let taken = std::mem::replace(&mut self.state.lock().receiving, true);
        // Lazily: a turn that is dropped is given back.
        (!taken).then(|| Turn { channel: self })
    }

    /// Ends the session, and what waits for the client goes with it.
    pub(super) fn close(&self) {
        self.state.lock().closed = true;
        self.end();
    }

    /// Leaves the realm, and sends no more.
    pub(super) fn end(&self) {
        self.outbox.close();
        let mut state = self.state.lock();
        worker::with_burst(|burst| state.session.close(burst));
        drop(state);
        self.bell.ring();
    }
}

impl State {
    /// Hands messages to the session; once one of them has to wait, the others do too.
    fn handle(&mut self, messages: &[&[u8]], burst: &mut Burst) -> Flow {
        let now = std::time::Instant::now();
        for (at, message) in messages.iter().enumerate() {
            match self.session.on_frame(message, burst, now) {
                Flow::Continue => {}
                Flow::Pause => {
                    self.later = Some(messages[at + 1..].iter().map(|message| message.to_vec()).collect());
                    return Flow::Pause;
                }
                close => return close,
            }
        }
        Flow::Continue
    }

    /// Goes on with what the session waits for, then with what came meanwhile. Pending while it waits.
    fn poll(&mut self, cx: &mut Context<'_>, burst: &mut Burst) -> Poll<Flow> {
        let now = std::time::Instant::now();
        while let Some(later) = &mut self.later {
            match ready!(self.session.poll(cx, burst, now)) {
                Flow::Continue => {}
                flow => return Poll::Ready(flow),
            }
            let flow = loop {
                let Some(message) = later.pop_front() else { break Flow::Continue };
                match self.session.on_frame(&message, burst, now) {
                    Flow::Continue => {}
                    flow => break flow,
                }
            };
            match flow {
                Flow::Pause => {}
                flow => {
                    self.later = None;
                    return Poll::Ready(flow);
                }
            }
        }
        Poll::Pending
    }
}

/// The right to receive; whoever drops it gives it back.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    channel: &'a Channel,
}

impl Turn<'_> {
    /// Takes what there is: a message, or a batch of all that wait.
    pub(super) fn take(&self) -> Received {
        let Channel { protocol, outbox, .. } = self.channel;
        let mut body = Vec::new();
        // Nobody else writes, so all that waits when this begins is taken.
        let _ = outbox.flush_as_owner(|frames| match protocol.fill(&mut body, FRAMING, frames) {
            0 => Err(std::io::ErrorKind::WouldBlock.into()),
            taken => Ok(taken),
        });
        if !body.is_empty() {
            return Received::Messages(body);
        }
        match outbox.closed() {
            None if outbox.is_finishing() && outbox.queued() == 0 => Received::Over(Over::Ended),
            None => Received::Nothing,
            Some(_) if self.channel.state.lock().closed => Received::Over(Over::Closed),
            Some(Closed::Gone) => Received::Over(Over::Ended),
            Some(Closed::TooSlow) => Received::Over(Over::TooSlow),
        }
    }

    /// Waits until there may be something to take.
    pub(super) async fn changed(&self) {
        self.channel.bell.receiver.notified().await;
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.channel.state.lock();
        state.receiving = false;
        state.received = Instant::now();
        drop(state);
        self.channel.bell.keeper.notify_one();
    }
}

/// How long a client may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    pub(super) connection: ConnectionSettings,
    /// Between one request to receive and the next.
    pub(super) between: std::time::Duration,
}

/// The keeper's side.
impl Channel {
    /// How long it may go on as things are, or `None` if it is over.
    pub(super) fn until(&self, patience: &Patience, now: Instant, shutting_down: bool) -> Option<Instant> {
        if let Some(closed) = self.outbox.closed() {
            if closed == Closed::TooSlow {
                self.state.lock().session.span().in_scope(|| tracing::warn!("slow consumer disconnected"));
            }
            return None;
        }
        let mut state = self.state.lock();
        if self.outbox.dropped() > 0 && !std::mem::replace(&mut state.logged_drop, true) {
            let OutboxLimits { policy, bytes: limit, .. } = patience.connection.outbox;
            let span = state.session.span();
            span.in_scope(|| tracing::warn!(?policy, limit, "slow consumer: events are dropped"));
        }
        let until = if self.outbox.is_finishing() {
            // After a shutdown there is nobody to fetch anything but who is at it.
            if shutting_down && !state.receiving {
                return None;
            }
            let ended = *state.ended.get_or_insert(now);
            worker::with_burst(|burst| state.session.close(burst));
            after(ended, patience.connection.close_timeout)
        } else if !state.session.is_joined() {
            after(state.opened, patience.connection.handshake_timeout)
        } else if state.receiving {
            after(now, patience.between)
        } else {
            after(state.received, patience.between)
        };
        (until > now).then_some(until)
    }

    /// The server goes down.
    pub(super) fn finish(&self, reason: &str) {
        self.outbox.finish(CloseCode::GOING_AWAY, reason);
    }

    /// Waits until the session is done with what it waits for; for ever, if it waits for nothing.
    pub(super) async fn resumed(&self) {
        let flow = poll_fn(|cx| worker::with_burst(|burst| self.state.lock().poll(cx, burst))).await;
        if let Flow::Close(code, reason) = flow {
            self.outbox.finish(code, &reason);
        }
    }

    /// Waits until [`until`](Self::until) may answer something else.
    pub(super) async fn rung(&self) {
        self.bell.keeper.notified().await;
    }
}

fn after(start: Instant, duration: std::time::Duration) -> Instant {
    const LONG: std::time::Duration = std::time::Duration::from_secs(365 * 24 * 3600);
    start + duration.min(LONG)
}
