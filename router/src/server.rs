//! Listens: serves WAMP and HTTP on any number of endpoints, and ends in order.

mod accept;
mod deadlines;
mod endpoint;
mod first;
mod head;
mod heartbeats;
mod listener;
mod listening;
mod memory;
mod monitor;
mod rawsocket;
mod reader;
mod slots;
mod tls;
mod unix;
mod web;

use std::net::SocketAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::connection::{ConnectionSettings, Heartbeat, Socket, say_last};
use crate::router::{Phase, Router};
use crate::session::Origin;
use crate::transport::control::CloseCode;
use crate::worker;
use heartbeats::Heartbeats;
use slots::Slots;

pub use endpoint::{Endpoint, TcpPort};
pub use listener::{Listener, Protocol, RawSocketSettings};
pub use listening::Listening;
pub(crate) use rawsocket::connect_in_process;
pub(crate) use reader::Reader;
pub(crate) use slots::{AddressSlot, Full, Slot};
pub(crate) use tls::authorities;
pub use tls::{ClientCertificates, Tls, TlsError, TlsSettings, TlsVersion};
pub use unix::UnixSocket;

/// Clients that are one too many and being told so. Those beyond are just hung up on.
const REFUSALS: usize = 64;

/// A serving router. See [`Router::serve`] and [`Server::new`].
///
/// Dropping it changes nothing: it serves until [`shutdown`](Self::shutdown).
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    listening: Mutex<Vec<Listening>>,
    /// Tasks that run as long as the server does.
    tasks: Vec<JoinHandle<()>>,
}

/// What the tasks of a server share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) router: Router,
    heartbeats: Heartbeats,
    slots: Slots,
    /// One permit for each client that may be told at a time that it is one too many.
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
    /// A server that does not listen anywhere yet. A router has one at a time. Has to be called in a tokio runtime.
    pub fn new(router: &Router) -> Self {
        let shared = Arc::new(Shared {
            heartbeats: Heartbeats::default(),
            slots: Slots::new(router.config()),
            refusals: Arc::new(Semaphore::new(REFUSALS)),
            stage: watch::Sender::new(Stage::Serving),
            router: router.clone(),
        });
        let mut tasks: Vec<_> =
            router.realms().iter().map(|realm| tokio::spawn(deadlines::run(realm.clone()))).collect();
        tasks.push(tokio::spawn(memory::run(router.realms().clone())));
        Self { shared, listening: Mutex::default(), tasks }
    }

    /// Serves on a listener too, until the shutdown or until it is [closed](Listening::close). Has to be called in a
    /// tokio runtime.
    pub fn listen(&self, listener: Listener) -> Listening {
        let listening = Listening::start(&self.shared, listener);
        self.shared.router.set_phase(Phase::Serving);
        let mut all = self.listening.lock();
        all.retain(|listening| !listening.is_stopped());
        all.push(listening.clone());
        listening
    }

    /// The address of the first TCP port it listens on.
    ///
    /// # Panics
    ///
    /// If there is none.
    pub fn local_addr(&self) -> SocketAddr {
        let first = self.listening.lock().iter().find_map(Listening::local_addr);
        first.expect("the server listens on a TCP port")
    }

    /// Connections that are open now, of whatever protocol.
    pub fn connections(&self) -> usize {
        self.shared.slots.taken()
    }

    /// Ends the server, and all sessions of its router: accepts no more connections, says
    /// GOODBYE `wamp.close.system_shutdown` to all sessions, waits for them to go as long as
    /// [`Config::shutdown_timeout`](crate::Config::shutdown_timeout) says, then drops the rest.
    ///
    /// When it returns, no task of the server is left and its ports can be bound again.
    pub async fn shutdown(self) {
        let shared = &self.shared;
        tracing::info!(connections = self.connections(), "shutting down");
        shared.router.set_phase(Phase::Draining);
        shared.stage.send_replace(Stage::Draining);
        let listening = std::mem::take(&mut *self.listening.lock());
        for listening in listening {
            listening.stopped().await;
        }
        worker::with_burst(|burst| shared.router.realms().shut_down(burst));
        shared.stage.send_replace(Stage::Closing);
        shared.heartbeats.for_each(Shared::close_all);
        if timeout(shared.router.config().shutdown_timeout, shared.all_gone()).await.is_err() {
            tracing::warn!(connections = self.connections(), "dropping connections that did not close in time");
            shared.stage.send_replace(Stage::Dropping);
            shared.heartbeats.for_each(Heartbeat::drop_all);
            shared.all_gone().await;
        }
        for task in shared.heartbeats.take_tasks().into_iter().chain(self.tasks) {
            task.abort();
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

    /// How far it comes from now on.
    pub(crate) fn watch_stage(&self) -> watch::Receiver<Stage> {
        self.stage.subscribe()
    }

    pub(crate) async fn reached(&self, stage: Stage) {
        // The sender lives as long as `self`, so this waits for the stage and nothing else.
        let _ = self.stage.subscribe().wait_for(|current| *current >= stage).await;
    }

    /// The heartbeat of connections with these settings.
    pub(crate) fn heartbeat(&self, settings: ConnectionSettings) -> Heartbeat {
        self.heartbeats.of(settings, |new| {
            // Each stage is set before it is told to all there are.
            match self.stage() {
                Stage::Serving | Stage::Draining => {}
                Stage::Closing => Self::close_all(new),
                Stage::Dropping => new.drop_all(),
            }
        })
    }

    fn close_all(heartbeat: &Heartbeat) {
        heartbeat.close_all(CloseCode::GOING_AWAY, "the router is shutting down");
    }

    /// Room for a connection that is none to a listener, if there is any.
    pub(crate) fn slot(&self, origin: &Origin) -> Result<Slot, Full> {
        self.slots.take(None, origin)
    }

    /// Room for a session of whom a proxy comes for: its own connection is the proxy's.
    pub(crate) fn slot_behind_proxy(&self, origin: &Origin) -> Result<Option<AddressSlot>, Full> {
        if origin.forwarded_for.is_some() { self.slots.take_of_address(origin) } else { Ok(None) }
    }

    /// Whether a peer may say on whose behalf it comes.
    pub(crate) fn trusts(&self, origin: &Origin) -> bool {
        self.slots.trusts(origin)
    }

    /// Whether an address is a proxy's that may say so.
    pub(crate) fn is_proxy(&self, address: std::net::IpAddr) -> bool {
        self.slots.is_proxy(address)
    }

    /// Tells a client something and hangs up, if there are not too many of that kind.
    fn refuse<S: Socket>(self: &Arc<Self>, mut stream: S, answer: impl AsRef<[u8]> + Send + Sync + 'static) {
        let Ok(permit) = self.refusals.clone().try_acquire_owned() else { return };
        let shared = self.clone();
        tokio::spawn(async move {
            tokio::select! {
                () = say_last(&mut stream, answer.as_ref()) => {}
                () = shared.reached(Stage::Draining) => {}
            }
            drop(stream);
            drop(permit);
        });
    }

    /// Waits until no connection is left.
    async fn all_gone(&self) {
        self.slots.all_free().await;
        let _ = self.refusals.acquire_many(REFUSALS as u32).await;
    }
}
