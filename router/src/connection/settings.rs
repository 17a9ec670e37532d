//! Limits of a connection.

use std::time::Duration;

use crate::outbox::OutboxLimits;

/// What a connection may cost, and how long it may take: of one way in, or of several.
///
/// Crossbar's options of transports are these:
///
/// | option | here |
/// |---|---|
/// | `max_message_size` | [`max_message`](Self::max_message); 0 there means no limit |
/// | `max_frame_size` | [`max_frame`](Self::max_frame); 0 there means no limit |
/// | `open_handshake_timeout` | [`handshake_timeout`](Self::handshake_timeout) |
/// | `close_handshake_timeout` | [`close_timeout`](Self::close_timeout) |
/// | `auto_ping_interval` | [`ping_interval`](Self::ping_interval); 0 there means no pings: [`Duration::MAX`] |
/// | `auto_ping_timeout` | [`ping_timeout`](Self::ping_timeout) |
/// | `fail_by_drop` | [`fail_by_drop`](Self::fail_by_drop) |
/// | `tcp_nodelay` | [`tcp_nodelay`](Self::tcp_nodelay) |
/// | `auto_ping_restart_on_any_traffic` | always: whoever sends something is not pinged |
/// | `echo_close_codereason` | always: a close frame is answered with its own code |
/// | `validate_utf8`, `require_masked_client_frames`, `apply_mask` | always, as RFC 6455 demands |
/// | `mask_server_frames` | never: RFC 6455 forbids it |
/// | `auto_ping_size` | no meaning: pings are empty |
/// | `auto_fragment_size` | no meaning: messages are sent whole |
/// | `compression` | not negotiated, which every client takes |
///
/// What is about opening a WebSocket is in [`WebSocketSettings`](crate::WebSocketSettings).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionSettings {
    /// The longest message taken, in bytes. Default: 16 MiB, which is also RawSocket's limit.
    pub max_message: usize,
    /// The longest frame of a WebSocket message that is taken, in bytes. Default: as long as a message.
    pub max_frame: usize,
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
    /// Whether a WebSocket whose client breaks the framing is dropped at once, with no close frame that says why.
    /// Default: no.
    pub fail_by_drop: bool,
    /// Whether what is written to a TCP connection is sent at once. Without it small messages wait for others, up
    /// to 40 ms. Default: yes.
    pub tcp_nodelay: bool,
}

impl Default for ConnectionSettings {
    fn default() -> Self {
        Self {
            max_message: 16 << 20,
            max_frame: usize::MAX,
            max_first_message: 64 << 10,
            outbox: OutboxLimits::default(),
            handshake_timeout: Duration::from_secs(10),
            ping_interval: Duration::from_secs(30),
            ping_timeout: Duration::from_secs(20),
            rawsocket_pings: false,
            close_timeout: Duration::from_secs(5),
            fail_by_drop: false,
            tcp_nodelay: true,
        }
    }
}
