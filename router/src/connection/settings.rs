//! Limits of a connection.

use std::time::Duration;

use crate::outbox::OutboxLimits;

/// What a connection may cost, and how long it may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionSettings {
    /// The longest message taken, in bytes. Default: 16 MiB, which is also RawSocket's limit.
    pub max_message: usize,
    /// The longest message taken before the peer has introduced itself. Default: 64 KiB.
    pub max_first_message: usize,
    /// How much may wait to be written to one peer, and what happens when it is more.
    pub outbox: OutboxLimits,
    /// How long a peer may take to introduce itself (HELLO to WELCOME). Default: 10 s.
    pub handshake_timeout: Duration,
    /// How long a peer may be silent before it is pinged. Default: 30 s.
    pub ping_interval: Duration,
    /// How long a pinged peer may stay silent before it is taken for gone. Default: 20 s.
    pub ping_timeout: Duration,
    /// Whether RawSocket peers are pinged too. Some do not answer (wamp_async), or hang up
    /// (autobahn-python on asyncio). Without it the operating system looks after their TCP
    /// connections, by keep-alives in the same times: it finds a link that is dead, not a program
    /// that hangs. Default: no.
    pub rawsocket_pings: bool,
    /// How long a peer may take to answer a close frame. Default: 5 s.
    pub close_timeout: Duration,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            max_message: 16 << 20,
            max_first_message: 64 << 10,
            outbox: OutboxLimits::default(),
            handshake_timeout: Duration::from_secs(10),
            ping_interval: Duration::from_secs(30),
            ping_timeout: Duration::from_secs(20),
            rawsocket_pings: false,
            close_timeout: Duration::from_secs(5),
        }
    }
}
