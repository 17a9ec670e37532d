//! The way to the router: a byte stream (TCP, TLS, or one the program brings), and WebSocket on top of it.

mod address;
mod stream;
#[cfg(feature = "tls")]
mod tls;
mod websocket;

pub(crate) use self::address::Address;
pub(crate) use self::stream::Connector;
#[cfg(feature = "tls")]
pub(crate) use self::tls::TlsConfig;
pub(crate) use self::websocket::{Turn, WebSocket};
