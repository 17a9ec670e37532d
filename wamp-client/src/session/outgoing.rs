//! What the program wants to send, while there is no session to send it in.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tracing::warn;

use super::{CallKey, CallRequest, Command, PublishRequest};
use crate::Error;

/// How long a router remembers publication keys at least, with a good margin: see `docs/publication-keys.md`.
const KEYS_LAST: Duration = Duration::from_secs(1800);

/// What becomes of events that are published while there is no session; see
/// [`App::publish_buffer`](crate::App::publish_buffer).
///
/// By default there is no buffer: publishing without a session is [`Error::NotJoined`].
///
/// ```
/// use wamp_client::{App, PublishBuffer};
///
/// let app = App::new("ws://localhost:8080/ws").publish_buffer(PublishBuffer::new(1000).drop_oldest());
/// ```
#[derive(Debug, Clone, Default)]
pub struct PublishBuffer {
    events: usize,
    bytes: usize,
    when_full: WhenFull,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum WhenFull {
    #[default]
    Refuse,
    DropOldest,
    Wait,
}

impl PublishBuffer {
    /// A buffer for so many events, of 16 MiB at most. When it is full, publishing is [`Error::BufferFull`], unless told
    /// otherwise.
    pub fn new(events: usize) -> Self {
        Self { events, bytes: 16 << 20, when_full: WhenFull::Refuse }
    }

    /// How many bytes the events may have, all together: arguments and topics.
    pub fn bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }

    /// When it is full, the oldest event makes room for the new one: for measurements, of which the latest matter. If
    /// somebody waits for the acknowledgment of the oldest, the error there is [`Error::BufferFull`].
    pub fn drop_oldest(mut self) -> Self {
        self.when_full = WhenFull::DropOldest;
        self
    }

    /// When it is full, publishing waits until there is a session, or until its timeout.
    pub fn wait(mut self) -> Self {
        self.when_full = WhenFull::Wait;
        self
    }

    /// Whether anything is buffered at all.
    pub(crate) fn is_used(&self) -> bool {
        self.events > 0
    }
}

/// A publication that was sent, and not acknowledged.
#[derive(Debug, Clone)]
pub(crate) struct Sent {
    /// The memory of the router it was sent to: only there it is known by its key.
    pub(crate) memory: Arc<str>,
    pub(crate) at: Instant,
}

impl Sent {
    /// Whether a router with this memory would know that it comes again.
    pub(crate) fn is_known_to(&self, memory: Option<&Arc<str>>) -> bool {
        memory == Some(&self.memory) && self.at.elapsed() < KEYS_LAST
    }
}

/// Publications, and calls whose callers want to wait, in the order they are to be sent.
#[derive(Debug)]
pub(crate) struct Outgoing {
    buffer: PublishBuffer,
    publications: VecDeque<PublishRequest>,
    bytes: usize,
    calls: VecDeque<CallRequest>,
    dropped: u64,
    /// How many may be there before those are looked for that nobody waits for any more.
    sweep_at: usize,
}

impl Outgoing {
    pub(crate) fn new(buffer: PublishBuffer) -> Self {
        let (publications, calls) = (VecDeque::new(), VecDeque::new());
        Self { buffer, publications, bytes: 0, calls, dropped: 0, sweep_at: 64 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.publications.is_empty() && self.calls.is_empty()
    }

    /// Takes a publication in, or refuses it.
    pub(crate) fn publish(&mut self, mut publication: PublishRequest) {
        self.sweep();
        let size = publication.size();
        if !self.buffer.is_used() {
            return publication.refuse(Error::NotJoined);
        }
        if !self.has_room(size) {
            match self.buffer.when_full {
                WhenFull::Wait => return self.append(publication),
                WhenFull::DropOldest if size <= self.buffer.bytes => self.make_room(size),
                WhenFull::DropOldest | WhenFull::Refuse => return publication.refuse(self.full()),
            }
        }
        // It is in good hands.
        if let Some(taken) = publication.taken.take() {
            drop(taken.send(Ok(())));
        }
        self.append(publication);
    }

    /// Takes back what was sent and not acknowledged, in the order it was sent. It comes before all else, and on top of
    /// what the buffer may hold: for each there is somebody who waits.
    pub(crate) fn publish_again(&mut self, publications: Vec<PublishRequest>) {
        for publication in publications.into_iter().rev() {
            self.bytes += publication.size();
            self.publications.push_front(publication);
        }
    }

    /// Lets a call wait.
    pub(crate) fn call(&mut self, call: CallRequest) {
        self.calls.push_back(call);
    }

    /// Nobody waits for that call any more.
    pub(crate) fn abandon(&mut self, call: CallKey) {
        self.calls.retain(|waiting| waiting.key != call);
    }

    /// The next to be sent.
    pub(crate) fn next(&mut self) -> Option<Command> {
        while let Some(mut publication) = self.publications.pop_front() {
            self.bytes -= publication.size();
            if let Some(taken) = publication.taken.take()
                && taken.send(Ok(())).is_err()
            {
                // Whoever wanted to publish it was told that it took too long.
                continue;
            }
            if !publication.is_given_up() {
                return Some(Command::Publish(publication));
            }
        }
        self.calls.pop_front().map(Command::Call)
    }

    fn append(&mut self, publication: PublishRequest) {
        self.bytes += publication.size();
        self.publications.push_back(publication);
    }

    fn has_room(&self, size: usize) -> bool {
        self.publications.len() < self.buffer.events && self.bytes + size <= self.buffer.bytes
    }

    fn make_room(&mut self, size: usize) {
        while !self.has_room(size)
            && let Some(oldest) = self.publications.pop_front()
        {
            self.bytes -= oldest.size();
            self.dropped += 1;
            if self.dropped.is_power_of_two() {
                warn!(topic = oldest.topic, dropped = self.dropped, "publish buffer full: the oldest event is dropped");
            }
            oldest.refuse(self.full());
        }
    }

    fn full(&self) -> Error {
        Error::BufferFull { events: self.buffer.events, bytes: self.buffer.bytes }
    }

    /// Now and then, lets go of what nobody waits for any more.
    fn sweep(&mut self) {
        if self.publications.len() < self.sweep_at {
            return;
        }
        self.publications.retain(|publication| !publication.is_given_up());
        self.bytes = self.publications.iter().map(PublishRequest::size).sum();
        self.sweep_at = (2 * self.publications.len()).max(64);
    }
}

impl Drop for Outgoing {
    fn drop(&mut self) {
        let unsent = self.publications.iter().filter(|publication| publication.answer.is_none()).count();
        if unsent > 0 {
            warn!(events = unsent, "stopped without a session: events in the publish buffer are lost");
        }
    }
}
