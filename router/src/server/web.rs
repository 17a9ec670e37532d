//! Serves HTTP on a connection.

use std::pin::pin;
use std::sync::Arc;

use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;

use super::listening::Doorway;
use super::reader::Reader;
use super::{Slot, Stage};
use crate::connection::Socket;
use crate::http::patience::Patience;
use crate::http::{self, Carrier};
use crate::session::Origin;

/// What a client is told that is one too many.
pub(super) const TOO_MANY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// Header lines hyper parses without memory of their own.
const USUAL_HEADERS: usize = 100;

/// Serves HTTP, and holds the slot: it is dropped last.
pub(super) async fn serve<S: Socket>(slot: Slot, doorway: Arc<Doorway>, stream: S, origin: Origin) {
    let Some(app) = doorway.app.clone() else { return };
    let shared = doorway.shared.clone();
    drop(doorway);
    let carrier = Carrier::new::<S>(slot);
    let from = origin.clone();
    let requests = app.clone();
    let stage = shared.stage.subscribe();
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        let origin = requests.origin_of(&from, request.headers());
        let extensions = request.extensions_mut();
        if let Some(peer) = origin.peer {
            extensions.insert(ConnectInfo(peer));
        }
        extensions.insert(origin);
        extensions.insert(carrier.clone());
        let patience = Patience::new(stage.clone());
        extensions.insert(patience.clone());
        let answer = TowerToHyperService::new(requests.routes()).call(request);
        let limit = requests.settings().request_timeout;
        async move {
            tokio::select! {
                answer = answer => answer,
                () = patience.tried(limit) => Ok(http::timed_out()),
            }
        }
    });
    let settings = app.settings();
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(settings.header_timeout).max_buf_size(settings.max_head());
    if settings.max_headers != USUAL_HEADERS {
        builder.max_headers(settings.max_headers);
    }
    let mut connection = pin!(
        builder.serve_connection(TokioIo::new(Reader::new(stream, settings.write_timeout)), service).with_upgrades()
    );
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
        tracing::debug!(peer = %origin, %error, "HTTP connection ended");
    }
}
