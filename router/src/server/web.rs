//! Serves HTTP on a connection.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpStream;
use tokio::time::timeout;
use wamp_proto::rawsocket::MAGIC;

use super::{Shared, Slot, Stage, rawsocket};
use crate::session::Origin;

/// Serves what the first byte says it is, where that is more than HTTP.
pub(super) async fn serve(slot: Slot, shared: Arc<Shared>, socket: TcpStream, peer: SocketAddr, app: axum::Router) {
    if shared.router.config().rawsocket_on_http_port {
        let mut first = [0];
        let limit = shared.router.config().header_timeout;
        let peeked = tokio::select! {
            peeked = timeout(limit, socket.peek(&mut first)) => peeked,
            () = shared.reached(Stage::Draining) => return,
        };
        match peeked {
            Ok(Ok(1)) if first == [MAGIC] => {
                return rawsocket::serve(slot, shared, socket, Origin { peer: Some(peer) }).await;
            }
            Ok(Ok(1)) => {}
            Ok(_) | Err(_) => return tracing::debug!(%peer, "said nothing"),
        }
    }
    http(slot, shared, socket, peer, app).await;
}

/// Serves HTTP, and holds the slot: it is dropped last.
async fn http(slot: Slot, shared: Arc<Shared>, socket: TcpStream, peer: SocketAddr, app: axum::Router) {
    let held = slot.clone();
    let app = TowerToHyperService::new(app);
    let limit = shared.router.config().request_timeout;
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(held.clone());
        let answer = app.call(request);
        async move {
            match timeout(limit, answer).await {
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

/// Tells a client that it is one too many. If it can't be told at once, it isn't.
pub(super) fn refuse(socket: &TcpStream) {
    let answer = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    let _ = socket2::SockRef::from(socket).send(answer);
}
