//! How much may wait for one peer, and what happens when it is more.

/// What a frame is to its receiver, which decides what happens to it in a full outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// An event. May be dropped, by policy.
    Event,
    /// Anything else (replies, invocations, control frames): never dropped.
    Reply,
}

/// What to do with a peer that reads more slowly than it is sent to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SlowConsumer {
    /// End the connection. The peer notices, reconnects and asks for the current state; no
    /// subscriber is ever left with a gap it doesn't know of.
    #[default]
    Disconnect,
    /// Drop the event that doesn't fit.
    DropNewest,
    /// Drop the events that have waited longest. They are dropped some at a time (an eighth of
    /// the limit), because each time the rest has to be moved.
    DropOldest,
}

/// Bounds of one outbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutboxLimits {
    /// Bytes of frames that may wait for one peer. Counted once something waits already: a
    /// single message always fits.
    pub bytes: usize,
    /// Bytes on top of that for what is not an event. A peer that lets even these fill up is
    /// disconnected whatever the policy says.
    pub reserve: usize,
    /// What happens to events when it is full.
    pub policy: SlowConsumer,
}

impl Default for OutboxLimits {
    /// 8 MiB and a reserve of 1 MiB, then the peer is disconnected.
    fn default() -> Self {
        Self { bytes: 8 << 20, reserve: 1 << 20, policy: SlowConsumer::default() }
    }
}

impl OutboxLimits {
    /// Whether `more` bytes fit besides those being written and those in the backlog.
    pub(super) fn fit(&self, in_flight: usize, backlog: usize, more: usize, class: Class) -> bool {
        let (held, limit) = match self.policy {
            // What is being written can't be dropped any more. Half the bytes for each keeps
            // room for fresh events while stale ones are being written.
            SlowConsumer::DropOldest => (backlog, self.bytes / 2),
            SlowConsumer::DropNewest | SlowConsumer::Disconnect => (in_flight + backlog, self.bytes),
        };
        let limit = match class {
            Class::Event => limit,
            Class::Reply => limit + self.reserve,
        };
        held + more <= limit
    }

    /// Bytes to drop from a backlog in which `more` did not fit.
    pub(super) fn room_to_make(&self, backlog: usize, more: usize) -> usize {
        (backlog + more).saturating_sub(self.bytes / 2).max(self.bytes / 8)
    }
}
