//! What one session, and one realm, may hold.

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

/// The error URI of a request that would exceed one of the [`Limits`]. The specification has
/// none for this, so it stands outside the reserved `wamp`.
pub const LIMIT_EXCEEDED: &str = "router.error.limit_exceeded";

impl Default for Limits {
    fn default() -> Self {
        Self {
            subscriptions: 10_000,
            registrations: 10_000,
            calls: 10_000,
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
