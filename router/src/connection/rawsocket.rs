//! RawSocket connections: the handshake, then the session.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use wamp_proto::rawsocket::{HandshakeError, MAGIC};

use super::{ConnectionSettings, Handler, Heartbeat, run_stream, run_tcp, run_unix};
use crate::outbox::{Encoding, Outbox};
use crate::transport::{Accept, rawsocket};

/// How long a refused client has to read why.
const LINGER: Duration = Duration::from_secs(1);

/// A byte stream RawSocket runs over.
pub(crate) trait Socket: AsyncRead + AsyncWrite + Send + Unpin + 'static {
    /// Runs the connection once the handshake is done, as [`run_tcp`] does.
    fn run<H, F>(self, encoding: Encoding, heartbeat: Heartbeat, handler: F) -> impl Future<Output = ()> + Send
    where
        H: Handler,
        F: FnOnce(Arc<Outbox>) -> H + Send + 'static;
}

/// Shakes hands; `None` if the client was refused, or is no RawSocket client.
pub(crate) async fn open(stream: &mut impl Socket, settings: &ConnectionSettings) -> Option<Encoding> {
    let limit = settings.handshake_timeout;
    match timeout(limit, shake_hands(stream, settings.max_message)).await {
        Ok(Ok(Ok(encoding))) => Some(encoding),
        Ok(Ok(Err(error))) => {
            tracing::info!(%error, "RawSocket handshake refused");
            refuse(stream, error).await;
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

async fn shake_hands(stream: &mut impl Socket, max_message: usize) -> io::Result<Result<Encoding, HandshakeError>> {
    let mut request = [0; 4];
    let (magic, rest) = request.split_at_mut(1);
    stream.read_exact(magic).await?;
    if magic == [MAGIC] {
        stream.read_exact(rest).await?;
    }
    match rawsocket::agree(request, max_message) {
        Ok(agreed) => {
            stream.write_all(&agreed.reply).await?;
            Ok(Ok(agreed.encoding))
        }
        Err(error) => Ok(Err(error)),
    }
}

/// Tells a client why it is refused, and waits a while for it to hang up: a socket that is closed
/// with bytes unread is reset, which may take the answer along.
///
/// Whoever does not speak RawSocket would not understand the answer and gets none.
pub(crate) async fn refuse(stream: &mut impl Socket, error: HandshakeError) {
    let answer = async {
        if !matches!(error, HandshakeError::NotRawSocket(_)) {
            stream.write_all(&error.reply()).await?;
        }
        stream.shutdown().await?;
        while stream.read(&mut [0; 512]).await? > 0 {}
        io::Result::Ok(())
    };
    let _ = timeout(LINGER, answer).await;
}

fn accept(encoding: Encoding) -> Accept {
    if encoding.serializer.is_binary() { Accept::Binary } else { Accept::Text }
}

impl Socket for TcpStream {
    fn run<H, F>(self, encoding: Encoding, heartbeat: Heartbeat, handler: F) -> impl Future<Output = ()> + Send
    where
        H: Handler,
        F: FnOnce(Arc<Outbox>) -> H + Send + 'static,
    {
        let settings = heartbeat.settings();
        if !settings.rawsocket_pings {
            keep_alive(&self, settings);
        }
        run_tcp(self, Vec::new(), encoding, accept(encoding), &heartbeat, handler)
    }
}

/// How often Linux asks before it takes a connection for dead.
const PROBES: u32 = 9;

/// Has the operating system find out that the other end is gone, in the time a ping would take.
fn keep_alive(socket: &TcpStream, settings: &ConnectionSettings) {
    let second = Duration::from_secs(1);
    let keepalive = TcpKeepalive::new()
        .with_time(settings.ping_interval.max(second))
        .with_interval((settings.ping_timeout / PROBES).max(second));
    if let Err(error) = SockRef::from(socket).set_tcp_keepalive(&keepalive) {
        tracing::debug!(%error, "no keep-alive");
    }
}

impl Socket for UnixStream {
    fn run<H, F>(self, encoding: Encoding, heartbeat: Heartbeat, handler: F) -> impl Future<Output = ()> + Send
    where
        H: Handler,
        F: FnOnce(Arc<Outbox>) -> H + Send + 'static,
    {
        run_unix(self, Vec::new(), encoding, accept(encoding), &heartbeat, handler)
    }
}

impl Socket for DuplexStream {
    fn run<H, F>(self, encoding: Encoding, heartbeat: Heartbeat, handler: F) -> impl Future<Output = ()> + Send
    where
        H: Handler,
        F: FnOnce(Arc<Outbox>) -> H + Send + 'static,
    {
        run_stream(self, Vec::new(), encoding, accept(encoding), &heartbeat, handler)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Not pinged, a peer whose machine has vanished is found by the operating system.
    #[tokio::test]
    async fn the_operating_system_looks_after_a_tcp_connection() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let socket = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        assert!(!SockRef::from(&socket).keepalive().unwrap());
        let settings = ConnectionSettings { ping_interval: Duration::from_secs(7), ..Default::default() };
        keep_alive(&socket, &settings);
        assert!(SockRef::from(&socket).keepalive().unwrap());
        assert_eq!(SockRef::from(&socket).tcp_keepalive_time().unwrap(), Duration::from_secs(7));
    }
}
