//! Listens: serves HTTP on one port and RawSocket where it is asked to, and ends in order.

mod accept;
mod deadlines;
mod rawsocket;
mod unix;
mod web;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::connection::Heartbeat;
use crate::router::{Phase, Router};
use crate::session::{Entrance, Origin};
use crate::transport::control::CloseCode;
use crate::{http, worker};

pub(crate) use accept::Slot;
pub(crate) use rawsocket::connect_in_process;
pub use unix::UnixSocket;

/// A serving router. See [`Router::serve`].
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    /// Accept connections; each ends by itself, and closes its listener, when a shutdown begins.
    listeners: Vec<JoinHandle<()>>,
    /// Tasks that run as long as the server does.
    tasks: Vec<JoinHandle<()>>,
}

/// What the tasks of a server share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) router: Router,
    pub(crate) heartbeat: Heartbeat,
    pub(crate) websocket: Arc<Entrance>,
    rawsocket: Arc<Entrance>,
    /// Whether the server listens on this machine only.
    pub(crate) loopback: bool,
    /// One permit for each connection there may be.
    slots: Arc<Semaphore>,
    /// One permit for each RawSocket client that may be told at a time that it is one too many.
    refusals: Arc<Semaphore>,
    stage: watch::Sender<Stage>,
}

/// How far a shutdown has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Serving,
    /// No new connections and no new requests; what is under way may end.
    Draining,
    /// GOODBYE is said to all sessions; nothing comes after it.
    Closing,
    /// What is still there is dropped.
    Dropping,
}

impl Server {
    pub(crate) fn start(router: Router, listener: TcpListener, http: axum::Router) -> Self {
        let address = listener.local_addr().expect("a listener is bound to an address");
        let config = router.config();
        let heartbeat = Heartbeat::new(config.connections);
        let shared = Arc::new(Shared {
            heartbeat: heartbeat.clone(),
            websocket: Arc::new(Entrance::new("websocket", config.sequential_request_ids)),
            rawsocket: Arc::new(Entrance::new("rawsocket", config.sequential_request_ids)),
            loopback: address.ip().to_canonical().is_loopback(),
            slots: Arc::new(Semaphore::new(config.max_connections.min(Semaphore::MAX_PERMITS))),
            refusals: Arc::new(Semaphore::new(rawsocket::REFUSALS)),
            stage: watch::Sender::new(Stage::Serving),
            router: router.clone(),
        });
        let app = http::app(&shared, http);
        let serve = {
            let shared = shared.clone();
            move |slot, socket, origin: Origin| {
                let Some(peer) = origin.peer else { return };
                tokio::spawn(web::serve(slot, shared.clone(), socket, peer, app.clone()));
            }
        };
        let accept = accept::run(shared.clone(), listener, serve, |socket| web::refuse(&socket));
        let listeners = vec![tokio::spawn(accept)];
        let mut tasks = vec![tokio::spawn(heartbeat.run())];
        tasks.extend(router.realms().iter().map(|realm| tokio::spawn(deadlines::run(realm.clone()))));
        router.set_phase(Phase::Serving);
        tracing::info!(%address, "serving");
        Self { address, shared, listeners, tasks }
    }

    /// Serves RawSocket on `listener` too, until the shutdown.
    ///
    /// Its connections count among [`Config::max_connections`](crate::Config::max_connections) and
    /// are held to the same [settings](crate::ConnectionSettings) as WebSockets. No browser gets in
    /// this way, so neither origins nor hosts are checked: anybody who reaches the port may join.
    /// Has to be called in a tokio runtime.
    pub fn rawsocket(&mut self, listener: TcpListener) {
        self.listen_rawsocket(listener);
    }

    /// Serves RawSocket on a unix socket too, until the shutdown, which removes its file.
    /// See [`rawsocket`](Self::rawsocket).
    pub fn rawsocket_unix(&mut self, socket: UnixSocket) {
        self.listen_rawsocket(socket);
    }

    fn listen_rawsocket<L>(&mut self, listener: L)
    where
        L: accept::Listener<Stream: crate::connection::rawsocket::Socket>,
    {
        let serve = {
            let shared = self.shared.clone();
            move |slot, stream, origin| drop(tokio::spawn(rawsocket::serve(slot, shared.clone(), stream, origin)))
        };
        let refuse = {
            let shared = self.shared.clone();
            move |stream| rawsocket::refuse(&shared, stream)
        };
        self.listeners.push(tokio::spawn(accept::run(self.shared.clone(), listener, serve, refuse)));
    }

    /// The address it listens on.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Connections that are open now, of whatever protocol.
    pub fn connections(&self) -> usize {
        self.shared.connections()
    }

    /// Ends the server, and all sessions of its router: accepts no more connections, says
    /// GOODBYE `wamp.close.system_shutdown` to all sessions, waits for them to go as long as
    /// [`Config::shutdown_timeout`](crate::Config::shutdown_timeout) says, then drops the rest.
    ///
    /// When it returns, no task of the server is left and its ports can be bound again.
    pub async fn shutdown(mut self) {
        let shared = &self.shared;
        tracing::info!(connections = self.connections(), "shutting down");
        shared.router.set_phase(Phase::Draining);
        shared.stage.send_replace(Stage::Draining);
        for listener in std::mem::take(&mut self.listeners) {
            ended(listener).await;
        }
        worker::with_burst(|burst| shared.router.realms().shut_down(burst));
        shared.stage.send_replace(Stage::Closing);
        shared.heartbeat.close_all(CloseCode::GOING_AWAY, "the router is shutting down");
        if timeout(shared.router.config().shutdown_timeout, shared.all_gone()).await.is_err() {
            tracing::warn!(connections = self.connections(), "dropping connections that did not close in time");
            shared.stage.send_replace(Stage::Dropping);
            shared.heartbeat.drop_all();
            shared.all_gone().await;
        }
        for task in &self.tasks {
            task.abort();
        }
        for task in self.tasks {
            ended(task).await;
        }
    }
}

/// Waits for a task, however it ends: what it held is dropped then.
async fn ended(task: JoinHandle<()>) {
    match task.await {
        Err(error) if error.is_panic() => tracing::error!(%error, "a task of the server has panicked"),
        _ => {}
    }
}

impl Shared {
    pub(crate) fn stage(&self) -> Stage {
        *self.stage.borrow()
    }

    pub(crate) async fn reached(&self, stage: Stage) {
        // The sender lives as long as `self`, so this waits for the stage and nothing else.
        let _ = self.stage.subscribe().wait_for(|current| *current >= stage).await;
    }

    /// Room for a connection that is none to the listener, if there is any.
    pub(crate) fn slot(&self) -> Option<Slot> {
        Slot::take(&self.slots)
    }

    fn max_connections(&self) -> usize {
        self.router.config().max_connections.min(Semaphore::MAX_PERMITS)
    }

    fn connections(&self) -> usize {
        self.max_connections() - self.slots.available_permits()
    }

    /// Waits until no connection is left.
    async fn all_gone(&self) {
        let all = u32::try_from(self.max_connections()).unwrap_or(u32::MAX);
        let _ = self.slots.acquire_many(all).await;
        rawsocket::refused_gone(&self.refusals).await;
    }
}
