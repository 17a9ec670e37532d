//! What is spoken where.

use std::sync::Arc;
use std::time::Duration;

use wamp_proto::Serializer;

use super::{Endpoint, Tls};
use crate::connection::ConnectionSettings;
use crate::http::Web;
use crate::session::Entrance;

/// A way in to a server: an endpoint, and what is spoken there. See [`Server::listen`](crate::Server::listen).
///
/// Crossbar's transports are these: `rawsocket` is [`Protocol::RawSocket`]; `websocket` is [`Protocol::Web`] with a
/// WebSocket at `/`, which answers at every path; `web` is [`Protocol::Web`]; and `universal` is
/// [`Protocol::Universal`], with its `websocket` paths among those of the web.
#[derive(Debug)]
pub struct Listener {
    /// Where it listens.
    pub endpoint: Endpoint,
    /// The certificate, if it speaks TLS. Default: none.
    pub tls: Option<Tls>,
    /// What it speaks.
    pub protocol: Protocol,
    /// Connections it may have; they also count among
    /// [`Config::max_connections`](crate::Config::max_connections). Default: no limit of its own.
    pub max_connections: Option<usize>,
    /// How long a client may take for the TLS handshake, and for the first byte where that tells what it speaks.
    /// Default: 10 s.
    pub handshake_timeout: Duration,
}

impl Listener {
    /// A listener without TLS that speaks this.
    pub fn new(endpoint: impl Into<Endpoint>, protocol: impl Into<Protocol>) -> Self {
        Self {
            endpoint: endpoint.into(),
            tls: None,
            protocol: protocol.into(),
            max_connections: None,
            handshake_timeout: Duration::from_secs(10),
        }
    }

    /// The same with TLS.
    #[must_use]
    pub fn tls(self, tls: Tls) -> Self {
        Self { tls: Some(tls), ..self }
    }
}

/// What is spoken on a listener.
#[derive(Debug)]
pub enum Protocol {
    /// HTTP, and what begins with it: WebSocket, long-poll and other services, each at its path.
    Web(Web),
    /// RawSocket. No browser gets in this way, so neither origins nor hosts are checked: anybody who reaches the
    /// endpoint may join.
    RawSocket(RawSocketSettings),
    /// Both. A connection whose first byte is 0x7F is RawSocket: no HTTP request begins with it.
    Universal {
        /// What it is where that is the first byte.
        rawsocket: RawSocketSettings,
        /// What it is otherwise.
        web: Web,
    },
}

impl From<Web> for Protocol {
    fn from(web: Web) -> Self {
        Protocol::Web(web)
    }
}

impl From<RawSocketSettings> for Protocol {
    fn from(settings: RawSocketSettings) -> Self {
        Protocol::RawSocket(settings)
    }
}

/// How WAMP is spoken over RawSocket.
///
/// Crossbar's only option, `max_message_size`, is [`ConnectionSettings::max_message`], rounded down to a power of two.
#[derive(Debug, Clone)]
pub struct RawSocketSettings {
    /// What its sessions have in common.
    pub entrance: Arc<Entrance>,
    /// What a connection may cost, and how long it may take.
    pub connections: ConnectionSettings,
    /// The serializers a client may ask for. Default: all.
    pub serializers: Vec<Serializer>,
}

impl Default for RawSocketSettings {
    fn default() -> Self {
        Self {
            entrance: Arc::new(Entrance::new("rawsocket", true)),
            connections: ConnectionSettings::default(),
            serializers: Serializer::ALL.to_vec(),
        }
    }
}
