//! What one session, and one realm, may hold.

use std::num::NonZeroU32;

/// Upper bounds that keep a single session from filling the router's memory.
///
/// A request beyond a bound is answered with the error [`LIMIT_EXCEEDED`], whose first argument
/// names the bound; the session goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Subscriptions a session may hold.
    pub subscriptions: usize,
    /// Registrations a session may hold.
    pub registrations: usize,
    /// Calls a session may wait for.
    pub calls: usize,
    /// How fast a session's messages may come. By default as fast as they are handled: a client that
    /// sends more than that is slowed down by its own connection already.
    pub message_rate: Option<MessageRate>,
    /// Bytes a URI, or a pattern of URIs, may have.
    pub uri_bytes: usize,
    /// Testaments a session may leave.
    pub testaments: usize,
    /// Bytes of payload one testament may have.
    pub testament_bytes: usize,
    /// Procedures, topics and errors a session may define for reflection.
    pub definitions: usize,
    /// Bytes one such definition may have, its URI included.
    pub definition_bytes: usize,
    /// Topics of a realm that may have a retained event.
    pub retained_topics: usize,
    /// Bytes of payload one retained event may have; a larger one is delivered but not retained.
    pub retained_bytes: usize,
    /// Bytes of events one answer of `wamp.subscription.get_events` may have; it is cut there,
    /// with `more: true` among its keyword arguments.
    pub history_answer_bytes: usize,
    /// Procedures of a realm whose call durations are told apart in the metrics.
    pub measured_procedures: usize,
}

/// How fast the messages of a session may come, whatever they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageRate {
    /// Messages a second, on the average.
    pub per_second: NonZeroU32,
    /// Messages that may come at once after a pause.
    pub burst: NonZeroU32,
    /// What happens when there are more.
    pub beyond: BeyondRate,
}

/// What happens to a session that sends more messages than it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BeyondRate {
    /// Nothing is read from it until it may send again, so that its own connection holds it back.
    /// Nothing is lost.
    #[default]
    Pause,
    /// It is ended with ABORT [`LIMIT_EXCEEDED`].
    Disconnect,
}

/// The error URI of a request that would exceed one of the [`Limits`]. The specification has
/// none for this, so it stands outside the reserved `wamp`.
pub const LIMIT_EXCEEDED: &str = "router.error.limit_exceeded";

impl Default for Limits {
    fn default() -> Self {
        Self {
            subscriptions: 10_000,
            registrations: 10_000,
            calls: 10_000,
            message_rate: None,
            uri_bytes: 512,
            testaments: 100,
            testament_bytes: 64 << 10,
            definitions: 1_000,
            definition_bytes: 8 << 10,
            retained_topics: 10_000,
            retained_bytes: 64 << 10,
            history_answer_bytes: 1 << 20,
            measured_procedures: 100,
        }
    }
}
