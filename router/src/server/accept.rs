//! Accepts connections, and counts them.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Shared, Stage, UnixSocket};
use crate::metrics::rare::{self, OpenConnection};
use crate::session::Origin;

/// Held by a connection for as long as it counts as one, in whatever protocol.
#[derive(Debug, Clone)]
pub(crate) struct Slot(#[expect(dead_code, reason = "held for its drop")] Arc<(OwnedSemaphorePermit, OpenConnection)>);

impl Slot {
    pub(super) fn take(slots: &Arc<Semaphore>) -> Option<Self> {
        slots.clone().try_acquire_owned().ok().map(|permit| Self(Arc::new((permit, OpenConnection::new()))))
    }
}

/// How long to wait after an error that says the process is short of something.
const PAUSE: Duration = Duration::from_millis(100);

/// Where connections come from.
pub(super) trait Listener: Send + Sync + 'static {
    type Stream: Send;

    fn accept(&self) -> impl Future<Output = io::Result<(Self::Stream, Origin)>> + Send;
}

/// Accepts until the server shuts down. What `serve` starts holds the slot; what is one
/// connection too many goes to `refuse`.
pub(super) async fn run<L: Listener>(
    shared: Arc<Shared>,
    listener: L,
    serve: impl Fn(Slot, L::Stream, Origin) + Send,
    refuse: impl Fn(L::Stream) + Send,
) {
    let mut draining = pin!(shared.reached(Stage::Draining));
    let mut full = false;
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut draining => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, origin)) => match shared.slot() {
                Some(slot) => {
                    full = false;
                    serve(slot, stream, origin);
                }
                None => {
                    rare::CONNECTIONS_REFUSED.add(1);
                    if !std::mem::replace(&mut full, true) {
                        tracing::warn!(peer = %origin, limit = shared.max_connections(), "too many connections");
                    }
                    refuse(stream);
                }
            },
            Err(error) if is_of_the_peer(&error) => {}
            Err(error) => {
                tracing::error!(%error, "could not accept a connection");
                // Not beyond the beginning of a shutdown.
                if tokio::time::timeout(PAUSE, &mut draining).await.is_ok() {
                    return;
                }
            }
        }
    }
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    async fn accept(&self) -> io::Result<(TcpStream, Origin)> {
        let (stream, peer) = TcpListener::accept(self).await?;
        Ok((stream, Origin { peer: Some(peer) }))
    }
}

impl Listener for UnixSocket {
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
