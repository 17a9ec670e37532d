//! Serves WAMP over RawSocket: a session straight on a stream, with no HTTP before it.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::DuplexStream;
use tokio::sync::Semaphore;
use tracing::Instrument;
use wamp_proto::rawsocket::HandshakeError;

use super::{Shared, Slot, Stage};
use crate::connection::rawsocket::{self, Socket};
use crate::connection::{ConnectionSettings, Heartbeat, WampHandler};
use crate::outbox::Encoding;
use crate::router::Router;
use crate::session::{Entrance, Origin};

/// Clients that are one too many and being told so. Those beyond are just hung up on.
pub(super) const REFUSALS: usize = 64;

/// Bytes a pipe to the router holds each way.
const PIPE: usize = 64 << 10;

/// Runs one connection, and holds its slot: the slot is dropped last.
pub(super) async fn serve<S: Socket>(_slot: Slot, shared: Arc<Shared>, mut stream: S, origin: Origin) {
    let settings = shared.heartbeat.settings();
    let encoding = tokio::select! {
        encoding = rawsocket::open(&mut stream, settings) => encoding,
        () = shared.reached(Stage::Draining) => None,
    };
    let Some(encoding) = encoding else { return };
    let span = span(&origin, encoding);
    let entrance = shared.rawsocket.clone();
    let connection = run(&shared.router, stream, encoding, shared.heartbeat.clone(), entrance, origin);
    drop(shared);
    connection.instrument(span).await;
}

/// Tells a client that it is one too many.
pub(super) fn refuse<S: Socket>(shared: &Arc<Shared>, mut stream: S) {
    let Ok(permit) = shared.refusals.clone().try_acquire_owned() else { return };
    let shared = shared.clone();
    tokio::spawn(async move {
        tokio::select! {
            () = rawsocket::refuse(&mut stream, HandshakeError::ConnectionLimit) => {}
            () = shared.reached(Stage::Draining) => {}
        }
        drop(stream);
        drop(permit);
    });
}

/// Waits until nobody is being refused any more.
pub(super) async fn refused_gone(refusals: &Semaphore) {
    let _ = refusals.acquire_many(REFUSALS as u32).await;
}

/// A pipe to the router. See [`Router::connect_in_process`].
pub(crate) fn connect_in_process(router: &Router) -> DuplexStream {
    let (client, mut pipe) = tokio::io::duplex(PIPE);
    // A pipe is closed or it is open: there is nothing to find out by a ping.
    let settings = ConnectionSettings { ping_interval: Duration::MAX, ..router.config().connections };
    let router = router.clone();
    tokio::spawn(async move {
        let Some(encoding) = rawsocket::open(&mut pipe, &settings).await else { return };
        let heartbeat = Heartbeat::new(settings);
        let entrance = Entrance::new("rawsocket", router.config().sequential_request_ids);
        let origin = Origin::default();
        let span = span(&origin, encoding);
        let connection = run(&router, pipe, encoding, heartbeat.clone(), Arc::new(entrance), origin).instrument(span);
        drop(router);
        tokio::select! {
            () = connection => {}
            () = heartbeat.run() => {}
        }
    });
    client
}

fn run<S: Socket>(
    router: &Router,
    stream: S,
    encoding: Encoding,
    heartbeat: Heartbeat,
    entrance: Arc<Entrance>,
    origin: Origin,
) -> impl Future<Output = ()> + Send + use<S> {
    let realms = router.realms().clone();
    stream.run(encoding, heartbeat, move |outbox| WampHandler::new(realms, outbox, entrance, origin))
}

fn span(origin: &Origin, encoding: Encoding) -> tracing::Span {
    tracing::info_span!(
        "connection",
        peer = %origin,
        serializer = ?encoding.serializer,
        // Known once the session has joined.
        session = tracing::field::Empty,
        realm = tracing::field::Empty,
    )
}
