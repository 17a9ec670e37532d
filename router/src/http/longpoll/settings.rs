//! Limits of the long-poll transport.

use std::sync::Arc;
use std::time::Duration;

use crate::connection::ConnectionSettings;
use crate::http::AllowedOrigins;
use crate::session::Entrance;

/// How WAMP is spoken over HTTP long-poll, below a path: clients call `/open` there first.
///
/// Crossbar's options `request_timeout` and `session_timeout` are [`poll_timeout`](Self::poll_timeout) and
/// [`session_timeout`](Self::session_timeout); `queue_limit_bytes` is that of the connection's
/// [`outbox`](ConnectionSettings::outbox).
#[derive(Debug, Clone)]
pub struct LongPollSettings {
    /// What its sessions have in common. A client may send several requests at a time, on connections of which either
    /// may be the faster: autobahn-js does. So request ids may have to be taken in any order, as by default.
    pub entrance: Arc<Entrance>,
    /// How much may wait for a client, how long a message may be and how long HELLO may take. There are no pings.
    pub connections: ConnectionSettings,
    /// Web pages of other origins that may open sessions. Default: none.
    pub allowed_origins: AllowedOrigins,
    /// How long a request to receive is kept open while there is nothing to receive; at most half of
    /// [`HttpSettings::request_timeout`](crate::HttpSettings::request_timeout). Default: 10 s; autobahn-js takes a
    /// transport for lost after 12 s.
    pub poll_timeout: Duration,
    /// How long a client may go without a request to receive before it is taken for gone. Default: 30 s.
    pub session_timeout: Duration,
    /// Transports that may be open at a time on the listener; they also count among
    /// [`Config::max_connections`](crate::Config::max_connections). Default: 5,000.
    pub max_transports: usize,
}

impl Default for LongPollSettings {
    fn default() -> Self {
        Self {
            entrance: Arc::new(Entrance::new("longpoll", false)),
            connections: ConnectionSettings::default(),
            allowed_origins: AllowedOrigins::own(),
            poll_timeout: Duration::from_secs(10),
            session_timeout: Duration::from_secs(30),
            max_transports: 5_000,
        }
    }
}
