//! Serves HTTP on a connection.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;

use axum::http::HeaderMap;
use axum::response::Response;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::Mutex;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

use super::head::Head;
use super::listening::Doorway;
use super::reader::Reader;
use super::{Shared, Slot, Stage};
use crate::connection::Socket;
use crate::http::{App, Carrier};
use crate::session::Origin;

/// What a client is told that is one too many.
pub(super) const TOO_MANY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// Header lines hyper parses without memory of their own.
const USUAL_HEADERS: usize = 100;

/// Serves HTTP to a client that has said `received`, and holds the slot: it is dropped last.
///
/// The usual request to open a WebSocket, and nothing else, is read and answered here, without the task and the buffers
/// that hyper would take for it.
pub(super) async fn serve<S: Socket>(
    slot: Slot,
    doorway: Arc<Doorway>,
    mut stream: S,
    received: Vec<u8>,
    origin: Origin,
) {
    let Some(app) = doorway.app.clone() else { return };
    let shared = doorway.shared.clone();
    drop(doorway);
    let mut head = Head::begun(received);
    let request = tokio::select! {
        // A shutdown is looked out for only where there is something to wait for.
        biased;
        request = timeout(app.settings().header_timeout, head.read(&mut stream, app.settings())) => request,
        () = shared.reached(Stage::Draining) => Ok(Ok(None)),
    };
    let request = match request {
        Ok(Ok(request)) => request,
        Ok(Err(error)) => return tracing::debug!(peer = %origin, %error, "HTTP connection ended"),
        Err(_) => return tracing::debug!(peer = %origin, "no HTTP request in time"),
    };
    let refusal = match request.and_then(|request| app.open(&request, &origin, &slot)) {
        Some(Ok((answer, opening))) => {
            let answer = switching(answer.headers());
            let said = async {
                stream.write_all(&answer).await?;
                stream.flush().await
            };
            match timeout(app.settings().write_timeout, said).await {
                // A task of its own: a session is not to keep the room that HTTP takes.
                Ok(Ok(())) => drop(tokio::spawn(opening.session(stream, head.into_rest()))),
                _ => tracing::debug!(peer = %origin, "gone before its WebSocket was open"),
            }
            return;
        }
        Some(Err(refusal)) => Some(refusal),
        None => None,
    };
    let stream = Reader::new(stream, app.settings().write_timeout).after(head.into_received());
    Box::pin(by_hyper(slot, app, shared, stream, origin, refusal)).await;
}

/// The head of an answer that switches protocols.
fn switching(headers: &HeaderMap) -> Vec<u8> {
    let mut head = Vec::with_capacity(256);
    head.extend_from_slice(b"HTTP/1.1 101 Switching Protocols\r\n");
    for (name, value) in headers {
        head.extend_from_slice(name.as_ref());
        head.extend_from_slice(b": ");
        head.extend_from_slice(value.as_bytes());
        head.extend_from_slice(b"\r\n");
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// Serves whatever is asked for. What the first request is to be answered may be known already.
async fn by_hyper<S: Socket>(
    slot: Slot,
    app: Arc<App>,
    shared: Arc<Shared>,
    stream: Reader<S>,
    origin: Origin,
    first: Option<Response>,
) {
    let requests = Arc::new((app.clone(), origin.clone(), Carrier::new::<S>(slot), Mutex::new(first)));
    let service = service_fn(move |request| {
        let requests = requests.clone();
        async move {
            let (app, origin, carrier, first) = &*requests;
            let known = first.lock().take();
            Ok::<_, Infallible>(match known {
                Some(answer) => answer,
                None => app.answer(request, origin, carrier).await,
            })
        }
    });
    let settings = app.settings();
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(settings.header_timeout).max_buf_size(settings.max_head());
    if settings.max_headers != USUAL_HEADERS {
        builder.max_headers(settings.max_headers);
    }
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service).with_upgrades());
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
