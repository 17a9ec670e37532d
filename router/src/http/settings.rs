//! How HTTP is served on a listener.

use std::sync::Arc;
use std::time::Duration;

use wamp_proto::Serializer;

use super::{AllowedOrigins, Paths};
use crate::connection::ConnectionSettings;
use crate::session::Entrance;

/// What a listener serves by HTTP, and how.
#[derive(Debug, Default)]
pub struct Web {
    /// What is where.
    pub paths: Paths,
    /// What holds for all requests.
    pub http: HttpSettings,
}

impl From<Paths> for Web {
    fn from(paths: Paths) -> Self {
        Self { paths, http: HttpSettings::default() }
    }
}

impl From<axum::Router> for Web {
    fn from(routes: axum::Router) -> Self {
        Paths::simple(WebSocketSettings::default(), routes).into()
    }
}

/// What holds for all HTTP requests of a listener.
///
/// Of Crossbar's options of the Web transport these are `client_timeout` ([`header_timeout`](Self::header_timeout)),
/// `hsts` and `hsts_max_age` ([`hsts`](Self::hsts)) and `access_log`. `display_tracebacks` has no meaning: none are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpSettings {
    /// Web pages of other origins that may do more than read, at all paths but those of WebSocket and long-poll, which
    /// have a list of their own. Default: none.
    pub allowed_origins: AllowedOrigins,
    /// Names by which a server on a loopback address may be called, besides `localhost` and IP addresses: those of a
    /// reverse proxy that passes `Host` on. Default: none, so that no name somebody makes point to this machine lets
    /// his web page in (DNS rebinding).
    pub allowed_hosts: Vec<String>,
    /// Length of a request's body in bytes; services may have a limit of their own. Default: 1 MiB.
    pub max_body: usize,
    /// Length of a request's head in bytes, 8 KiB at least. Default: 64 KiB.
    pub max_head: usize,
    /// Lines in a request's head. Default: 100.
    pub max_headers: usize,
    /// How long the head of a request may take to arrive, the first as well as further ones of a connection: so
    /// long it may be idle. Default: 10 s.
    pub header_timeout: Duration,
    /// How long a request may take from its head to the head of its answer. Default: 30 s.
    pub request_timeout: Duration,
    /// How long a client may read nothing of an answer that waits to be written to it. Default: 60 s.
    pub write_timeout: Duration,
    /// How long browsers are to remember that this server is reached by TLS only (`Strict-Transport-Security`); said
    /// where TLS is spoken. Default: not at all.
    pub hsts: Option<Duration>,
    /// Whether each request is logged. Default: no.
    pub access_log: bool,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            allowed_origins: AllowedOrigins::own(),
            allowed_hosts: Vec::new(),
            max_body: 1 << 20,
            max_head: 64 << 10,
            max_headers: 100,
            header_timeout: Duration::from_secs(10),
            request_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(60),
            hsts: None,
            access_log: false,
        }
    }
}

impl HttpSettings {
    /// What hyper takes: it has no less.
    pub(crate) fn max_head(&self) -> usize {
        self.max_head.max(8 << 10)
    }
}

/// How WAMP is spoken over WebSockets that are opened at a path.
///
/// Crossbar's options `allowed_origins`, `allow_null_origin`, `require_websocket_subprotocol` and `enable_webstatus`
/// are here; the others are in [`ConnectionSettings`]. `enable_hybi10`, `enable_rfc6455`, `external_port`,
/// `show_server_version`, `enable_flash_policy` and `flash_policy` have no meaning.
#[derive(Debug, Clone)]
pub struct WebSocketSettings {
    /// What its sessions have in common.
    pub entrance: Arc<Entrance>,
    /// What a connection may cost, and how long it may take.
    pub connections: ConnectionSettings,
    /// The serializers a client may ask for. Default: all.
    pub serializers: Vec<Serializer>,
    /// Web pages of other origins that may open WebSockets. Default: none.
    pub allowed_origins: AllowedOrigins,
    /// Whether a client has to ask for a subprotocol that is spoken. Otherwise one that asks for none is spoken to in
    /// JSON. Default: yes.
    pub require_subprotocol: bool,
    /// Whether a person who opens the address in a browser sees a page that says what it is, with status 200.
    /// Otherwise a request that opens no WebSocket is answered with status 426. Default: no.
    pub status_page: bool,
}

impl Default for WebSocketSettings {
    fn default() -> Self {
        Self {
            entrance: Arc::new(Entrance::new("websocket", true)),
            connections: ConnectionSettings::default(),
            serializers: Serializer::ALL.to_vec(),
            allowed_origins: AllowedOrigins::own(),
            require_subprotocol: true,
            status_page: false,
        }
    }
}
