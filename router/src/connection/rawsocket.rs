//! RawSocket connections: the handshake, then the session.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use wamp_proto::Serializer;
use wamp_proto::rawsocket::{HandshakeError, MAGIC};

use super::ConnectionSettings;
use super::socket::{Socket, say_last};
use crate::outbox::Encoding;
use crate::transport::rawsocket;

/// Shakes hands with a client that has said `received`, of which stays what is no handshake; `None` if the client was
/// refused, or is no RawSocket client.
pub(crate) async fn open(
    stream: &mut impl Socket,
    received: &mut Vec<u8>,
    settings: &ConnectionSettings,
    serializers: &[Serializer],
) -> Option<Encoding> {
    let limit = settings.handshake_timeout;
    match timeout(limit, shake_hands(stream, received, settings.max_message, serializers)).await {
        Ok(Ok(Ok(encoding))) => Some(encoding),
        Ok(Ok(Err(error))) => {
            tracing::info!(%error, "RawSocket handshake refused");
            let reply = error.reply();
            // Whoever does not speak RawSocket would not understand the answer.
            let answer: &[u8] = if matches!(error, HandshakeError::NotRawSocket(_)) { &[] } else { &reply };
            say_last(stream, answer).await;
            None
        }
        Ok(Err(error)) => {
            tracing::debug!(%error, "gone before the RawSocket handshake");
            None
        }
        Err(_) => {
            tracing::debug!(?limit, "no RawSocket handshake in time");
            None
        }
    }
}

async fn shake_hands(
    stream: &mut impl Socket,
    received: &mut Vec<u8>,
    max_message: usize,
    serializers: &[Serializer],
) -> io::Result<Result<Encoding, HandshakeError>> {
    let mut request = [0; 4];
    let mut length = received.len().min(request.len());
    request[..length].copy_from_slice(&received[..length]);
    received.drain(..length);
    // Whoever does not speak RawSocket may have less to say.
    while length == 0 || request[0] == MAGIC && length < request.len() {
        match stream.read(&mut request[length..]).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => length += count,
        }
    }
    match rawsocket::agree(request, max_message) {
        Ok(agreed) if !serializers.contains(&agreed.encoding.serializer) => {
            Ok(Err(HandshakeError::SerializerUnsupported))
        }
        Ok(agreed) => {
            stream.write_all(&agreed.reply).await?;
            stream.flush().await?;
            Ok(Ok(agreed.encoding))
        }
        Err(error) => Ok(Err(error)),
    }
}
