//! Accepts connections and serves HTTP on each.

use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::OwnedSemaphorePermit;

use super::{Shared, Stage};

/// Held by a connection for as long as it counts as one, in whatever protocol.
#[derive(Debug, Clone)]
pub(crate) struct Slot(#[expect(dead_code, reason = "held for its drop")] Arc<OwnedSemaphorePermit>);

/// How long to wait after an error that says the process is short of something.
const PAUSE: Duration = Duration::from_millis(100);

/// Accepts until the server shuts down.
pub(super) async fn run(shared: Arc<Shared>, listener: TcpListener, app: axum::Router) {
    let mut draining = pin!(shared.reached(Stage::Draining));
    let mut full = false;
    loop {
        let accepted = tokio::select! {
            biased;
            () = &mut draining => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((socket, peer)) => match shared.slots.clone().try_acquire_owned() {
                Ok(permit) => {
                    full = false;
                    let slot = Slot(Arc::new(permit));
                    tokio::spawn(serve(shared.clone(), socket, peer, slot, app.clone()));
                }
                Err(_) => {
                    if !std::mem::replace(&mut full, true) {
                        tracing::warn!(%peer, limit = shared.max_connections(), "too many connections");
                    }
                    refuse(&socket);
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

async fn serve(shared: Arc<Shared>, socket: TcpStream, peer: SocketAddr, slot: Slot, app: axum::Router) {
    // Declared first to be dropped last: whoever waits for the slot finds the socket closed.
    let _held = slot.clone();
    let app = TowerToHyperService::new(app);
    let limit = shared.router.config().request_timeout;
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(slot.clone());
        let answer = app.call(request);
        async move {
            match tokio::time::timeout(limit, answer).await {
                Ok(answer) => answer,
                Err(_) => Ok(crate::http::timed_out()),
            }
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(shared.router.config().header_timeout)
        .max_buf_size(64 << 10)
        .serve_connection(TokioIo::new(socket), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = shared.reached(Stage::Draining) => {
            connection.as_mut().graceful_shutdown();
            tokio::select! {
                ended = connection => ended,
                () = shared.reached(Stage::Dropping) => return,
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "HTTP connection ended");
    }
}

/// Tells a peer that it is one too many. If it can't be told at once, it isn't.
fn refuse(socket: &TcpStream) {
    let answer = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let _ = socket2::SockRef::from(socket).send(answer);
}

/// Whether an accept failed because that one peer went away again.
fn is_of_the_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}
