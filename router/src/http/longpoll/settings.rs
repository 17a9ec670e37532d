//! Limits of the long-poll transport.

use std::time::Duration;

/// Where WAMP over HTTP long-poll is served, and what a session over it may cost. How much may
/// wait for a client, how long a message may be and how long HELLO may take is said by
/// [`ConnectionSettings`](crate::ConnectionSettings), as for all transports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LongPollSettings {
    /// The base of its four URLs. Default: `/lp`, which makes `/lp/open` the one that clients call first.
    pub path: String,
    /// How long a request to receive is kept open while there is nothing to receive; at most half of
    /// [`Config::request_timeout`](crate::Config::request_timeout). Default: 10 s; autobahn-js takes a
    /// transport for lost after 12 s.
    pub poll_timeout: Duration,
    /// How long a client may go without a request to receive before it is taken for gone. Default: 30 s.
    pub session_timeout: Duration,
    /// Transports that may be open at a time; they also count among
    /// [`Config::max_connections`](crate::Config::max_connections). Default: 5,000.
    pub max_transports: usize,
}

impl Default for LongPollSettings {
    fn default() -> Self {
        Self {
            path: "/lp".into(),
            poll_timeout: Duration::from_secs(10),
            session_timeout: Duration::from_secs(30),
            max_transports: 5_000,
        }
    }
}
