//! How a router is run.

use std::path::PathBuf;
use std::time::Duration;

use crate::connection::ConnectionSettings;
use crate::http::LongPollSettings;

/// How a router is run, its realms aside. Every limit is documented where it is set.
///
/// ```
/// use wamp_router::{Config, ConnectionSettings};
///
/// let config = Config {
///     max_connections: 500,
///     connections: ConnectionSettings { max_message: 1 << 20, ..Default::default() },
///     ..Config::default()
/// };
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// What a WAMP connection may cost, and how long it may take.
    pub connections: ConnectionSettings,
    /// Connections of a server, of all protocols together. One more is answered with 503, where
    /// RawSocket has a port of its own with its error 4. Default: 50,000.
    pub max_connections: usize,
    /// Where WebSockets are opened. Default: `/ws`.
    pub websocket_path: String,
    /// Whether RawSocket is served on the HTTP port too: a connection whose first byte is 0x7F,
    /// which no HTTP request begins with. For a port of its own, see
    /// [`Server::rawsocket`](crate::Server::rawsocket). Default: no.
    pub rawsocket_on_http_port: bool,
    /// Whether WAMP is served over HTTP long-poll too, for clients behind a proxy that breaks
    /// WebSockets, and where. Default: no.
    pub longpoll: Option<LongPollSettings>,
    /// Whether `POST /publish` and `POST /notify` publish. Default: yes.
    pub http_publish: bool,
    /// A directory of static files, served where nothing else answers. Default: none.
    pub static_dir: Option<PathBuf>,
    /// Web pages of other origins that may open WebSockets and send POST requests, such as
    /// `https://example.com`, or `*` for all. Default: none, so only pages this server has served.
    pub allowed_origins: Vec<String>,
    /// Names by which a server on a loopback address may be called, besides `localhost` and IP
    /// addresses: those of a reverse proxy that passes `Host` on. Default: none, so that no name
    /// somebody makes point to this machine lets his web page in (DNS rebinding).
    pub allowed_hosts: Vec<String>,
    /// Length of a request's body in bytes. Default: 1 MiB.
    pub max_body: usize,
    /// How long the head of a request may take to arrive. Default: 10 s.
    pub header_timeout: Duration,
    /// How long a request may take from its head to the head of its answer. Default: 30 s.
    pub request_timeout: Duration,
    /// How long a shutdown waits for clients to say goodbye. Default: 5 s.
    pub shutdown_timeout: Duration,
    /// Whether clients have to number their requests 1, 2, 3 …, as the specification demands.
    /// Some older ones number at random. Default: yes.
    pub sequential_request_ids: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            connections: ConnectionSettings::default(),
            max_connections: 50_000,
            websocket_path: "/ws".into(),
            rawsocket_on_http_port: false,
            longpoll: None,
            http_publish: true,
            static_dir: None,
            allowed_origins: Vec::new(),
            allowed_hosts: Vec::new(),
            max_body: 1 << 20,
            header_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            shutdown_timeout: Duration::from_secs(5),
            sequential_request_ids: true,
        }
    }
}
