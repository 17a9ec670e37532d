//! Accepts connections, and finds out what they speak.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;
use wamp_proto::rawsocket::{HandshakeError, MAGIC};

use super::first::read_some;
use super::listening::Doorway;
use super::slots::Full;
use super::{Slot, Stage, UnixSocket, rawsocket, web};
use crate::connection::Socket;
use crate::session::Origin;

/// How long to wait after an error that says the process is short of something.
const PAUSE: Duration = Duration::from_millis(100);

/// Where connections come from.
pub(super) trait Accept: Send + Sync + 'static {
    type Stream: Socket;

    fn accept(&self) -> impl Future<Output = io::Result<(Self::Stream, Origin)>> + Send;
}

/// Accepts until it is told to stop, or the server shuts down.
pub(super) async fn run<A>(doorway: Arc<Doorway>, listener: A)
where
    A: Accept,
    TlsStream<A::Stream>: Socket,
{
    let mut ending = pin!(doorway.closing());
    let mut full = false;
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut ending => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, origin)) => match doorway.shared.slots.take(doorway.slots.as_ref(), &origin) {
                Ok(slot) => {
                    full = false;
                    meet(&doorway, slot, stream, origin);
                }
                Err(why) => {
                    why.count();
                    let of_all = !matches!(why, Full::Address { .. });
                    if why.is_news() || of_all && !std::mem::replace(&mut full, true) {
                        tracing::warn!(peer = %origin, "connection refused: {why}");
                    }
                    refuse(&doorway, stream);
                }
            },
            Err(error) if is_of_the_peer(&error) => {}
            Err(error) => {
                tracing::error!(%error, "could not accept a connection");
                // Not beyond the beginning of a shutdown.
                if timeout(PAUSE, &mut ending).await.is_ok() {
                    return;
                }
            }
        }
    }
}

/// Begins with a connection: with TLS where it is spoken.
fn meet<S>(doorway: &Arc<Doorway>, slot: Slot, stream: S, mut origin: Origin)
where
    S: Socket,
    TlsStream<S>: Socket,
{
    let Some(tls) = &doorway.tls else { return serve(doorway.clone(), slot, stream, origin) };
    let handshake = tls.accept(stream);
    let doorway = doorway.clone();
    tokio::spawn(async move {
        let accepted = tokio::select! {
            accepted = timeout(doorway.handshake_timeout, handshake) => accepted,
            () = doorway.shared.reached(Stage::Draining) => return,
        };
        match accepted {
            Ok(Ok((stream, facts))) => {
                origin.tls = Some(Arc::new(facts));
                serve(doorway, slot, stream, origin);
            }
            Ok(Err(error)) => tracing::info!(peer = %origin, %error, "TLS handshake failed"),
            Err(_) => tracing::debug!(peer = %origin, "no TLS handshake in time"),
        }
    });
}

/// Begins to speak what the listener speaks.
fn serve<S: Socket>(doorway: Arc<Doorway>, slot: Slot, mut stream: S, origin: Origin) {
    match (&doorway.rawsocket, &doorway.app) {
        (Some(_), None) => drop(tokio::spawn(rawsocket::serve(slot, doorway, stream, Vec::new(), origin))),
        (None, _) => drop(tokio::spawn(web::serve(slot, doorway, stream, Vec::new(), origin))),
        (Some(_), Some(_)) => {
            tokio::spawn(async move {
                let mut received = Vec::new();
                let read = tokio::select! {
                    // A shutdown is looked out for only where there is something to wait for.
                    biased;
                    read = timeout(doorway.handshake_timeout, read_some(&mut stream, &mut received)) => read,
                    () = doorway.shared.reached(Stage::Draining) => return,
                };
                // A task of their own: a session is not to keep the room that HTTP takes.
                match (read, received.first()) {
                    (Ok(Ok(())), Some(&MAGIC)) => {
                        drop(tokio::spawn(rawsocket::serve(slot, doorway, stream, received, origin)));
                    }
                    (Ok(Ok(())), Some(_)) => drop(tokio::spawn(web::serve(slot, doorway, stream, received, origin))),
                    _ => tracing::debug!(peer = %origin, "said nothing"),
                }
            });
        }
    }
}

/// Tells a client that it is one too many, in the way it understands. Under TLS that would cost more than to serve it.
fn refuse<S: Socket>(doorway: &Arc<Doorway>, stream: S) {
    match &doorway.app {
        _ if doorway.tls.is_some() => {}
        Some(_) => doorway.shared.refuse(stream, web::TOO_MANY),
        None => doorway.shared.refuse(stream, HandshakeError::ConnectionLimit.reply()),
    }
}

impl Accept for TcpListener {
    type Stream = TcpStream;

    async fn accept(&self) -> io::Result<(TcpStream, Origin)> {
        let (stream, peer) = TcpListener::accept(self).await?;
        Ok((stream, Origin { peer: Some(peer), ..Origin::default() }))
    }
}

impl Accept for UnixSocket {
    type Stream = UnixStream;

    async fn accept(&self) -> io::Result<(UnixStream, Origin)> {
        let (stream, _) = self.listener.accept().await?;
        // The other end of a unix socket has no name.
        Ok((stream, Origin::default()))
    }
}

/// Whether an accept failed because that one peer went away again.
fn is_of_the_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}
