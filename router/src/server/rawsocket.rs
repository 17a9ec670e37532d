//! Serves WAMP over RawSocket: a session straight on a stream, with no HTTP before it.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::DuplexStream;
use tracing::Instrument;
use wamp_proto::Serializer;

use super::listening::Doorway;
use super::{Slot, Stage};
use crate::connection::{self, ConnectionSettings, Heartbeat, Socket, WampHandler, rawsocket};
use crate::outbox::Encoding;
use crate::router::Router;
use crate::session::{Entrance, Origin, Place, span};

/// Bytes a pipe to the router holds each way.
const PIPE: usize = 64 << 10;

/// Runs one connection, whose client has said `received`, and holds its slot: the slot is dropped last.
pub(super) async fn serve<S: Socket>(
    slot: Slot,
    doorway: Arc<Doorway>,
    mut stream: S,
    mut received: Vec<u8>,
    origin: Origin,
) {
    let Some(way) = &doorway.rawsocket else { return };
    let encoding = tokio::select! {
        // A shutdown is looked out for only where there is something to wait for.
        biased;
        encoding = rawsocket::open(
            &mut stream, &mut received, &way.settings.connections, &way.settings.serializers,
        ) => encoding,
        () = doorway.shared.reached(Stage::Draining) => None,
    };
    let Some(encoding) = encoding else { return };
    let span = span::connected(way.settings.entrance.transport, origin.place(), encoding.serializer);
    let connection =
        run(&doorway.shared.router, stream, received, encoding, &way.heartbeat, way.settings.entrance.clone(), origin);
    drop(doorway);
    // A task of its own: a session is not to keep the room that the handshake takes.
    tokio::spawn(async move {
        connection.instrument(span).await;
        drop(slot);
    });
}

/// A pipe to the router. See [`Router::connect_in_process`].
pub(crate) fn connect_in_process(router: &Router) -> DuplexStream {
    let (client, mut pipe) = tokio::io::duplex(PIPE);
    // A pipe is closed or it is open: there is nothing to find out by a ping.
    let settings = ConnectionSettings { ping_interval: Duration::MAX, ..ConnectionSettings::default() };
    let router = router.clone();
    tokio::spawn(async move {
        let mut received = Vec::new();
        let Some(encoding) = rawsocket::open(&mut pipe, &mut received, &settings, &Serializer::ALL).await else {
            return;
        };
        let heartbeat = Heartbeat::new(settings);
        let entrance = Arc::new(Entrance::new("rawsocket", true));
        let origin = Origin::default();
        let span = span::connected(entrance.transport, Place::ThisProcess, encoding.serializer);
        let connection = run(&router, pipe, received, encoding, &heartbeat, entrance, origin).instrument(span);
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
    received: Vec<u8>,
    encoding: Encoding,
    heartbeat: &Heartbeat,
    entrance: Arc<Entrance>,
    origin: Origin,
) -> impl Future<Output = ()> + Send + use<S> {
    let realms = router.realms().clone();
    let handler = move |outbox| WampHandler::new(realms, outbox, entrance, origin);
    connection::run(stream, received, encoding, heartbeat, handler)
}
