//! What waits to be written to one peer, and who writes it.
//!
//! An [`Outbox`] is a byte buffer of complete frames behind a small mutex. Whoever routes a
//! message to a peer appends the frame here, from any task. An append that finds the outbox
//! idle answers [`Append::First`]: the appender then owes one [`flush`](Outbox::flush), which
//! it makes at the end of its burst, so that everything a burst sends to one peer goes out in
//! one write.
//!
//! A flush writes straight to the peer's socket from the flushing task, with no lock held.
//! What the socket doesn't take stays here and the peer's own task is woken to write it when
//! the socket has room again. Nobody ever waits for anybody.

mod backlog;
mod limits;
mod wire;

#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use parking_lot::Mutex;
use tokio::net::{tcp, unix};

use crate::metrics::rare;
use crate::pool;
use crate::transport::control::CloseCode;
use backlog::Backlog;
use wire::Wire;

pub use crate::encoding::{Encoding, Frame, FrameTooLarge, Frames, Framing};
pub use limits::{Class, OutboxLimits, SlowConsumer};

/// Rounds one flush writes for appends that came in meanwhile, before the peer's own task takes
/// over: a publisher's task must not end up as another peer's writer.
const FLUSH_ROUNDS: usize = 4;

/// The frames on their way to one peer. See the [module](self).
#[derive(Debug)]
pub struct Outbox {
    encoding: Encoding,
    limits: OutboxLimits,
    wire: Wire,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Frames appended since the last write began.
    backlog: Backlog,
    /// Frames being written. While `writing`, the writer has taken it out.
    pending: Vec<u8>,
    /// How much of `pending` the wire has taken.
    offset: usize,
    /// Bytes the writer has still to write, as of when it last held the lock.
    in_flight: usize,
    /// A task is in the middle of a write; it will see what is appended meanwhile.
    writing: bool,
    /// The peer's own task has been asked to write: the wire was full, or somebody handed over.
    owner_writes: bool,
    /// No further appends: a close frame, or the end of the stream, follows what is queued.
    finishing: bool,
    /// Why nothing more will be written, once that is so.
    closed: Option<Closed>,
    /// Frames dropped because the peer was too slow.
    dropped: u64,
    /// Wakes the peer's own task.
    owner: Option<Waker>,
}

/// Why an outbox takes and writes nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closed {
    /// The peer's connection is gone, or its task has ended.
    Gone,
    /// The peer read too slowly, see [`SlowConsumer::Disconnect`].
    TooSlow,
}

/// What became of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "an append answered with `First` has to be followed by a flush"]
pub enum Append {
    /// Queued in an idle outbox: the caller must [`flush`](Outbox::flush) it, at the latest at the end of its burst.
    First,
    /// Queued; somebody else already sees to the flush.
    Queued,
    /// The outbox was full: some or all of the frames were dropped. Nothing to be done.
    Dropped,
    /// The peer is gone or going, or the append's condition did not hold. Nothing to be done.
    Closed,
}

/// How far a flush came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flush {
    /// Everything is written.
    Done,
    /// The wire is full, or it is the owner's turn: the owner has to be woken.
    Blocked,
    /// Another task is writing and will see to the rest.
    Busy,
}

impl Outbox {
    /// An outbox in front of a TCP socket, which any task may write to.
    pub fn tcp(encoding: Encoding, limits: OutboxLimits, socket: tcp::OwnedWriteHalf) -> Arc<Self> {
        Self::new(encoding, limits, Wire::Tcp(socket))
    }

    /// An outbox in front of a unix socket, which any task may write to.
    pub fn unix(encoding: Encoding, limits: OutboxLimits, socket: unix::OwnedWriteHalf) -> Arc<Self> {
        Self::new(encoding, limits, Wire::Unix(socket))
    }

    /// An outbox whose stream only the peer's own task can write to (TLS, an in-process pipe):
    /// a flush wakes that task.
    pub fn owned(encoding: Encoding, limits: OutboxLimits) -> Arc<Self> {
        Self::new(encoding, limits, Wire::Owner)
    }

    /// An outbox with no peer, for tests: [`drain`](Self::drain) returns what was flushed.
    pub fn detached(encoding: Encoding) -> Arc<Self> {
        Self::detached_with(encoding, OutboxLimits::default(), usize::MAX)
    }

    /// Like [`detached`](Self::detached), with a wire that takes `capacity` bytes until the next
    /// [`drain`](Self::drain).
    pub fn detached_with(encoding: Encoding, limits: OutboxLimits, capacity: usize) -> Arc<Self> {
        Self::new(encoding, limits, Wire::detached(capacity))
    }

    /// An outbox with no peer, for measurements: it takes whatever is written, at once, and keeps nothing.
    pub fn sink(encoding: Encoding) -> Arc<Self> {
        Self::new(encoding, OutboxLimits::default(), Wire::Sink)
    }

    fn new(encoding: Encoding, limits: OutboxLimits, wire: Wire) -> Arc<Self> {
        let mut state = State::default();
        state.backlog.track_classes(limits.policy == SlowConsumer::DropOldest);
        Arc::new(Self { encoding, limits, wire, state: Mutex::new(state) })
    }

    /// How messages to this peer are encoded.
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Queues `frames`: one or more complete frames in this outbox's [encoding](Self::encoding).
    pub fn append(&self, frames: &[u8], class: Class) -> Append {
        self.append_if(frames, class, || true)
    }

    /// Like [`append`](Self::append), but only if `condition` holds, which is asked while nobody
    /// else can append: what somebody appends after making it false comes after all of these.
    pub fn append_if(&self, frames: &[u8], class: Class, condition: impl FnOnce() -> bool) -> Append {
        let mut state = self.state.lock();
        if condition() { self.append_locked(&mut state, frames, class) } else { Append::Closed }
    }

    /// Sends `frames` now: an idle peer is written to straight from the slice, for any other this
    /// is [`append`](Self::append). Never answers [`Append::First`].
    ///
    /// For the last frames of a burst, shared by many receivers: it spares the copy.
    pub fn send(&self, frames: &[u8], class: Class) -> Append {
        self.send_if(frames, class, || true)
    }

    /// Like [`send`](Self::send), with the condition of [`append_if`](Self::append_if).
    pub fn send_if(&self, frames: &[u8], class: Class, condition: impl FnOnce() -> bool) -> Append {
        let mut state = self.state.lock();
        if !condition() {
            return Append::Closed;
        }
        if state.closed.is_some() || state.finishing || !state.is_idle() || !self.wire.is_shared() {
            let append = self.append_locked(&mut state, frames, class);
            drop(state);
            if append != Append::First {
                return append;
            }
            self.flush();
            return Append::Queued;
        }
        state.writing = true;
        state.in_flight = frames.len();
        drop(state);
        let written = write_all(frames, |bytes| self.wire.write(bytes));
        let mut state = self.state.lock();
        state.writing = false;
        state.in_flight = 0;
        let rest = match written {
            _ if state.closed.is_some() => return Append::Closed,
            Ok(written) => &frames[written..],
            Err(_) => {
                state.close(Closed::Gone);
                return Append::Closed;
            }
        };
        if rest.is_empty() && state.backlog.is_empty() && !state.finishing {
            return Append::Queued;
        }
        if !rest.is_empty() {
            state.pending = pool::take();
            state.pending.extend_from_slice(rest);
            state.offset = 0;
            state.in_flight = rest.len();
        }
        state.hand_over();
        Append::Queued
    }

    /// Writes what is queued, as far as the wire takes it; the rest is left to the peer's own task.
    ///
    /// Never blocks. Call it once for each [`Append::First`].
    pub fn flush(&self) {
        match &self.wire {
            Wire::Owner => self.hand_over(),
            wire => {
                if self.flush_with(|bytes| wire.write(bytes)) == Flush::Blocked {
                    self.state.lock().wake_owner();
                }
            }
        }
    }

    /// Leaves the flush an append asked for to the peer's own task.
    ///
    /// For the later ones of very many receivers: other workers then write to them in parallel.
    pub fn hand_over(&self) {
        self.state.lock().hand_over();
    }

    /// Ends the stream after what is queued: appends the framing's close frame, takes no more
    /// appends, and tells the peer's own task to close the connection once all is written.
    pub fn finish(&self, code: CloseCode, reason: &str) {
        self.finish_with(&[], code, reason);
    }

    /// [`finish`](Self::finish) with `last` as the last frames before the close frame: nothing
    /// another task appends comes after them.
    pub fn finish_with(&self, last: &[u8], code: CloseCode, reason: &str) {
        let mut state = self.state.lock();
        if state.closed.is_some() || state.finishing {
            return;
        }
        let mut end = last.to_vec();
        self.encoding.framing.close_frame(code, reason, &mut end);
        state.backlog.push(&end, Class::Reply);
        state.finishing = true;
        state.hand_over();
    }

    /// Takes and writes nothing more; what is queued is dropped.
    pub fn close(&self) {
        self.state.lock().close(Closed::Gone);
    }

    /// Why this outbox takes no more frames, if so.
    pub fn closed(&self) -> Option<Closed> {
        self.state.lock().closed
    }

    /// Whether a close frame is on its way, or has been sent.
    pub(crate) fn is_finishing(&self) -> bool {
        self.state.lock().finishing
    }

    /// Frames dropped so far because the peer was too slow.
    pub fn dropped(&self) -> u64 {
        self.state.lock().dropped
    }

    /// Bytes queued and not yet taken by the wire.
    pub fn queued(&self) -> usize {
        let state = self.state.lock();
        state.backlog.len() + state.in_flight
    }

    /// What was flushed since the last call, for a [detached](Self::detached) outbox; of another, nothing.
    pub fn drain(&self) -> Vec<u8> {
        self.wire.drain()
    }

    fn append_locked(&self, state: &mut State, frames: &[u8], class: Class) -> Append {
        if state.closed.is_some() || state.finishing {
            return Append::Closed;
        }
        let idle = state.is_idle();
        // A message alone is never too much, however small the limit: its own size is bounded.
        if !idle && !self.limits.fit(state.in_flight, state.backlog.len(), frames.len(), class) {
            return self.overflow(state, frames, class);
        }
        state.backlog.push(frames, class);
        if idle { Append::First } else { Append::Queued }
    }

    #[cold]
    fn overflow(&self, state: &mut State, frames: &[u8], class: Class) -> Append {
        if class == Class::Reply || self.limits.policy == SlowConsumer::Disconnect {
            state.close(Closed::TooSlow);
            rare::SLOW_CONSUMERS.add(1);
            return Append::Closed;
        }
        let framing = self.encoding.framing;
        let first_drop = state.dropped == 0;
        if self.limits.policy == SlowConsumer::DropOldest {
            let room = self.limits.room_to_make(state.backlog.len(), frames.len());
            let dropped = state.backlog.drop_oldest(framing, room);
            rare::DROPPED_OLDEST.add(dropped);
            state.dropped += dropped;
        }
        let mut kept = 0;
        for frame in framing.split(frames) {
            let end = kept + frame.whole.len();
            if !self.limits.fit(state.in_flight, state.backlog.len(), end, class) {
                break;
            }
            kept = end;
        }
        state.backlog.push(&frames[..kept], class);
        let dropped = framing.split(&frames[kept..]).count() as u64;
        rare::DROPPED_NEWEST.add(dropped);
        state.dropped += dropped;
        if first_drop {
            // It logs the first drop, in its own span.
            state.wake_owner();
        }
        Append::Dropped
    }

    /// Writes with `write` until all is written or `write` answers `WouldBlock`.
    fn flush_with(&self, mut write: impl FnMut(&[u8]) -> io::Result<usize>) -> Flush {
        let mut state = self.state.lock();
        if state.writing {
            return Flush::Busy;
        }
        for _ in 0..FLUSH_ROUNDS {
            if state.offset == state.pending.len() {
                pool::give(std::mem::take(&mut state.pending));
                state.offset = 0;
                if state.closed.is_some() || state.backlog.is_empty() {
                    state.owner_writes = false;
                    if state.finishing {
                        // It waits for this moment to end the connection.
                        state.wake_owner();
                    }
                    return Flush::Done;
                }
                state.pending = state.backlog.take();
                state.in_flight = state.pending.len();
            }
            state.writing = true;
            let offset = state.offset;
            let pending = std::mem::take(&mut state.pending);
            drop(state);
            let written = write_all(&pending[offset..], &mut write);
            state = self.state.lock();
            state.writing = false;
            match written {
                Ok(written) if state.closed.is_none() => {
                    state.offset = offset + written;
                    state.in_flight = pending.len() - state.offset;
                    state.pending = pending;
                    if state.in_flight > 0 {
                        break;
                    }
                }
                Ok(_) => return Flush::Done,
                Err(_) => {
                    state.close(Closed::Gone);
                    return Flush::Done;
                }
            }
        }
        state.owner_writes = true;
        Flush::Blocked
    }
}

/// The half of the work that belongs to the peer's own task.
impl Outbox {
    /// Remembers whom to wake, and answers where the outbox stands.
    pub(crate) fn attend(&self, waker: &Waker) -> Status {
        let mut state = self.state.lock();
        if !state.owner.as_ref().is_some_and(|owner| owner.will_wake(waker)) {
            state.owner = Some(waker.clone());
        }
        Status {
            owner_writes: state.owner_writes,
            finishing: state.finishing,
            queued: state.in_flight + state.backlog.len(),
            closed: state.closed,
            dropped: state.dropped,
        }
    }

    /// Waits until the outbox's own wire, if it has one, takes bytes again.
    pub(crate) fn poll_writable(&self, cx: &mut Context<'_>) -> Poll<()> {
        match &self.wire {
            // An error shows itself in the write that follows.
            Wire::Tcp(socket) => socket.as_ref().poll_write_ready(cx).map(drop),
            Wire::Unix(socket) => socket.as_ref().poll_write_ready(cx).map(drop),
            Wire::Owner | Wire::Sink => Poll::Ready(()),
            Wire::Detached { .. } => Poll::Pending,
        }
    }

    /// Leaves its socket to whoever has the half that is read from.
    pub(crate) fn let_go(&mut self) {
        self.wire.let_go();
    }

    /// Writes with `write`, or with the outbox's own wire if it has one.
    pub(crate) fn flush_as_owner(&self, write: impl FnMut(&[u8]) -> io::Result<usize>) -> Flush {
        match &self.wire {
            Wire::Owner => self.flush_with(write),
            wire => self.flush_with(|bytes| wire.write(bytes)),
        }
    }
}

/// What the peer's own task has to know, see [`Outbox::attend`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Status {
    pub(crate) owner_writes: bool,
    pub(crate) finishing: bool,
    pub(crate) queued: usize,
    pub(crate) closed: Option<Closed>,
    pub(crate) dropped: u64,
}

impl State {
    /// Nothing queued and nobody charged with writing: the next appender is.
    fn is_idle(&self) -> bool {
        self.backlog.is_empty() && !self.writing && !self.owner_writes
    }

    fn hand_over(&mut self) {
        self.owner_writes = true;
        self.wake_owner();
    }

    fn wake_owner(&self) {
        if let Some(owner) = &self.owner {
            owner.wake_by_ref();
        }
    }

    fn close(&mut self, why: Closed) {
        if self.closed.is_some() {
            return;
        }
        self.closed = Some(why);
        drop(self.backlog.take());
        self.pending = Vec::new();
        self.offset = 0;
        self.in_flight = 0;
        self.wake_owner();
    }
}

/// Writes until everything is written or the wire is full; answers how much it took.
fn write_all(bytes: &[u8], mut write: impl FnMut(&[u8]) -> io::Result<usize>) -> io::Result<usize> {
    let mut written = 0;
    while written < bytes.len() {
        match write(&bytes[written..]) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => written += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(written)
}
