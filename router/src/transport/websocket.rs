//! WebSocket, server side (RFC 6455).

mod decoder;

mod header;
mod mask;

pub use decoder::Decoder;
