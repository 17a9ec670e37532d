//! A listener that is served.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use super::{Endpoint, Listener, Protocol, RawSocketSettings, Shared, Stage, Tls, accept, ended};
use crate::connection::{Heartbeat, keep_alive, set_nodelay};
use crate::http::{App, Paths, Web};

/// A listener that is served. See [`Server::listen`](crate::Server::listen). Clones are the same.
///
/// Dropping it changes nothing.
#[derive(Debug, Clone)]
pub struct Listening(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    address: Option<SocketAddr>,
    doorway: Arc<Doorway>,
    /// Accepts connections; ends by itself when a shutdown begins, and closes the endpoint.
    task: Mutex<Option<JoinHandle<()>>>,
}

/// What the connections of a listener share.
#[derive(Debug)]
pub(super) struct Doorway {
    pub(super) shared: Arc<Shared>,
    pub(super) tls: Option<Tls>,
    pub(super) rawsocket: Option<RawSocketWay>,
    pub(super) app: Option<Arc<App>>,
    /// One permit for each connection it may have of its own.
    pub(super) slots: Option<Arc<Semaphore>>,
    pub(super) handshake_timeout: Duration,
    closed: watch::Sender<bool>,
}

/// How RawSocket is spoken.
#[derive(Debug)]
pub(super) struct RawSocketWay {
    pub(super) settings: RawSocketSettings,
    pub(super) heartbeat: Heartbeat,
}

impl Listening {
    pub(super) fn start(shared: &Arc<Shared>, listener: Listener) -> Self {
        let Listener { endpoint, tls, protocol, max_connections, handshake_timeout } = listener;
        let address = endpoint.local_addr();
        let loopback = address.is_some_and(|address| address.ip().to_canonical().is_loopback());
        let (rawsocket, web) = match protocol {
            Protocol::RawSocket(rawsocket) => (Some(rawsocket), None),
            Protocol::Web(web) => (None, Some(web)),
            Protocol::Universal { rawsocket, web } => (Some(rawsocket), Some(web)),
        };
        let rawsocket = rawsocket.map(|settings| {
            let heartbeat = shared.heartbeat(settings.connections);
            RawSocketWay { settings, heartbeat }
        });
        let app = web.map(|Web { paths, http }| App::new(shared.clone(), http, loopback, tls.is_some(), paths));
        let doorway = Arc::new(Doorway {
            shared: shared.clone(),
            tls,
            rawsocket,
            app: app.map(Arc::new),
            slots: max_connections.map(|max| Arc::new(Semaphore::new(max.min(Semaphore::MAX_PERMITS)))),
            handshake_timeout,
            closed: watch::Sender::new(false),
        });
        let task = match endpoint {
            Endpoint::Tcp(listener) => {
                // What is accepted has these from its listener: a system call less for each.
                set_nodelay(&listener, true);
                if let Some(way) = doorway.rawsocket.as_ref().filter(|way| !way.settings.connections.rawsocket_pings) {
                    keep_alive(&listener, &way.settings.connections);
                }
                tracing::info!(address = %listener.local_addr().map_or_else(|error| error.to_string(), |it| it.to_string()), "serving");
                tokio::spawn(accept::run(doorway.clone(), listener))
            }
            Endpoint::Unix(socket) => {
                tracing::info!(path = %socket.path().display(), "serving");
                tokio::spawn(accept::run(doorway.clone(), socket))
            }
        };
        Self(Arc::new(Inner { address, doorway, task: Mutex::new(Some(task)) }))
    }

    /// The address it listens on, if it is a TCP port.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.0.address
    }

    /// Its certificate, if it speaks TLS; [`Tls::reload`] reads it again.
    pub fn tls(&self) -> Option<&Tls> {
        self.0.doorway.tls.as_ref()
    }

    /// Replaces what is at its paths, for requests yet to come. What is under way goes on: sessions stay, also those
    /// over long-poll if a long-poll service is still where they know it.
    ///
    /// A listener that speaks RawSocket only has no paths; nothing happens.
    pub fn set_paths(&self, paths: Paths) {
        if let Some(app) = &self.0.doorway.app {
            app.set_paths(paths);
        }
    }

    /// Stops listening: its port is free when this returns. Its connections go on.
    pub async fn close(&self) {
        self.0.doorway.closed.send_replace(true);
        self.stopped().await;
    }

    /// Waits until it listens no more.
    pub(super) async fn stopped(&self) {
        let task = self.0.task.lock().take();
        if let Some(task) = task {
            ended(task).await;
        }
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.0.task.lock().is_none()
    }
}

impl Doorway {
    /// Waits until no more connections are to be accepted.
    pub(super) async fn closing(&self) {
        let mut closed = self.closed.subscribe();
        tokio::select! {
            _ = closed.wait_for(|closed| *closed) => {}
            () = self.shared.reached(Stage::Draining) => {}
        }
    }
}
