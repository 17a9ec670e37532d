//! Serves HTTP on a connection.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};

use super::listening::Doorway;
use super::reader::Reader;
use super::{Slot, Stage};
use crate::connection::Socket;
use crate::http::Carrier;
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
    let requests = Arc::new((app.clone(), origin.clone(), Carrier::new::<S>(slot)));
    let service = service_fn(move |request| {
        let requests = requests.clone();
        async move {
            let (app, origin, carrier) = &*requests;
            Ok::<_, Infallible>(app.answer(request, origin, carrier).await)
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
