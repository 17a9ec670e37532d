//! WebSocket, server side (RFC 6455).

mod decoder;

pub mod handshake;
mod header;
mod mask;

pub use decoder::Decoder;
