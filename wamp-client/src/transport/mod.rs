//! The way to the router: a byte stream (TCP, TLS, a unix socket, or one the program brings), and WebSocket or RawSocket
//! on top of it.

mod address;
#[cfg(feature = "rawsocket")]
mod rawsocket;
mod socket;
mod stream;
#[cfg(feature = "tls")]
mod tls;
#[cfg(feature = "websocket")]
mod websocket;
mod wire;

pub(crate) use self::address::Address;
#[cfg(feature = "rawsocket")]
pub(crate) use self::rawsocket::RawSocket;
pub(crate) use self::socket::{Socket, Turn};
pub(crate) use self::stream::{Channel, Connector, Opened};
#[cfg(feature = "tls")]
pub(crate) use self::tls::{TlsConfig, TlsSettings};
#[cfg(feature = "websocket")]
use self::websocket::WebSocket;
