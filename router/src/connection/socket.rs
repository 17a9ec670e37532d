//! The byte streams connections run over.

use std::io;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream};
use tokio::net::{TcpStream, UnixStream, tcp, unix};
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

use super::ConnectionSettings;
use super::stream::{Side, Stream, Whole};
use crate::outbox::{Encoding, Outbox};

/// A byte stream a connection runs over.
pub(crate) trait Socket: AsyncRead + AsyncWrite + Send + Unpin + 'static {
    /// What the connection's task has of it.
    type Stream: Stream + 'static;

    /// Parts it: what the connection's task has of it, and the outbox that leads to the peer.
    fn part(self, encoding: Encoding, settings: &ConnectionSettings) -> (Self::Stream, Arc<Outbox>);
}

impl Socket for TcpStream {
    type Stream = Side<tcp::OwnedReadHalf>;

    fn part(self, encoding: Encoding, settings: &ConnectionSettings) -> (Self::Stream, Arc<Outbox>) {
        hold_back_if_wanted(&self, settings);
        let (read, write) = self.into_split();
        let outbox = Outbox::tcp(encoding, settings.outbox, write);
        (Side::new(read, outbox.clone()), outbox)
    }
}

impl Socket for UnixStream {
    type Stream = Side<unix::OwnedReadHalf>;

    fn part(self, encoding: Encoding, settings: &ConnectionSettings) -> (Self::Stream, Arc<Outbox>) {
        let (read, write) = self.into_split();
        let outbox = Outbox::unix(encoding, settings.outbox, write);
        (Side::new(read, outbox.clone()), outbox)
    }
}

impl Socket for DuplexStream {
    type Stream = Whole<Self>;

    fn part(self, encoding: Encoding, settings: &ConnectionSettings) -> (Self::Stream, Arc<Outbox>) {
        (Whole::new(self), Outbox::owned(encoding, settings.outbox))
    }
}

impl Socket for TlsStream<TcpStream> {
    type Stream = Whole<Self>;

    fn part(self, encoding: Encoding, settings: &ConnectionSettings) -> (Self::Stream, Arc<Outbox>) {
        hold_back_if_wanted(self.get_ref().0, settings);
        (Whole::new(self), Outbox::owned(encoding, settings.outbox))
    }
}

impl Socket for TlsStream<UnixStream> {
    type Stream = Whole<Self>;

    fn part(self, encoding: Encoding, settings: &ConnectionSettings) -> (Self::Stream, Arc<Outbox>) {
        (Whole::new(self), Outbox::owned(encoding, settings.outbox))
    }
}

/// How long a client has to read what is said to it last.
const LINGER: Duration = Duration::from_secs(1);

/// Says something, and waits a while for the client to hang up: a socket that is closed with bytes unread is reset,
/// which may take the answer along.
pub(crate) async fn say_last(stream: &mut impl Socket, answer: &[u8]) {
    let said = async {
        stream.write_all(answer).await?;
        stream.shutdown().await?;
        while stream.read(&mut [0; 512]).await? > 0 {}
        io::Result::Ok(())
    };
    let _ = timeout(LINGER, said).await;
}

/// Messages are small and their sender waits: they are not held back to fill a packet, unless that is wanted. A
/// listener hands it on to the connections it accepts, as it does [`keep_alive`].
pub(crate) fn set_nodelay<S: AsFd>(socket: &S, nodelay: bool) {
    if let Err(error) = SockRef::from(socket).set_tcp_nodelay(nodelay) {
        tracing::debug!(%error, "TCP_NODELAY is not set");
    }
}

/// An accepted connection holds nothing back, by its listener.
fn hold_back_if_wanted(socket: &TcpStream, settings: &ConnectionSettings) {
    if !settings.tcp_nodelay {
        set_nodelay(socket, false);
    }
}

/// How often Linux asks before it takes a connection for dead.
const PROBES: u32 = 9;

/// What Linux takes at most: 32,767 seconds.
const LONGEST: Duration = Duration::from_secs(i16::MAX as u64);

/// Has the operating system find out that the other end is gone, in the time a ping would take.
pub(crate) fn keep_alive<S: AsFd>(socket: &S, settings: &ConnectionSettings) {
    let second = Duration::from_secs(1);
    let keepalive = TcpKeepalive::new()
        .with_time(settings.ping_interval.clamp(second, LONGEST))
        .with_interval((settings.ping_timeout / PROBES).clamp(second, LONGEST));
    if let Err(error) = SockRef::from(socket).set_tcp_keepalive(&keepalive) {
        tracing::debug!(%error, "no keep-alive");
    }
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    /// Not pinged, a peer whose machine has vanished is found by the operating system.
    #[tokio::test]
    async fn the_operating_system_looks_after_a_tcp_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let socket = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        assert!(!SockRef::from(&socket).keepalive().unwrap());
        let settings = ConnectionSettings { ping_interval: Duration::from_secs(7), ..Default::default() };
        keep_alive(&socket, &settings);
        assert!(SockRef::from(&socket).keepalive().unwrap());
        assert_eq!(SockRef::from(&socket).tcp_keepalive_time().unwrap(), Duration::from_secs(7));
    }
}
