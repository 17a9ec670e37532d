//! A WAMP router: the library behind the program `wamp-router`, to embed in others.
//!
//! [`Router`] is what an embedding program needs. The way a message takes through the modules:
//! [`transport`] decodes frames, [`connection`] reads and writes, [`session`] knows who is
//! there, [`realm`] routes, and [`outbox`] holds what waits for a peer.

pub mod auth;
mod broker;
pub mod burst;
pub mod clock;
mod config;
pub mod configuration;
pub mod connection;
mod dealer;
pub mod encoding;
pub mod history;
mod http;
pub mod local;
mod meta;
mod metrics;
pub mod node;
pub mod outbox;
mod pool;
pub mod realm;
mod round;
mod router;
mod server;
pub mod session;
mod table;
pub mod transport;
mod worker;

#[cfg(test)]
mod tests;

pub use config::Config;
pub use connection::ConnectionSettings;
pub use http::{AllowedOrigins, HttpSettings, LongPollSettings, PathError, PathService, Paths, Web, WebSocketSettings};
pub use outbox::{OutboxLimits, SlowConsumer};
pub use router::{PublishError, Router, RouterBuilder};
pub use server::{
    ClientCertificates, Endpoint, Listener, Listening, Protocol, RawSocketSettings, Server, TcpPort, Tls, TlsError,
    TlsSettings, TlsVersion, UnixSocket,
};
