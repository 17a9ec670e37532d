//! Connection after connection, until the program is stopped.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep, timeout};
use tracing::{info, warn};
use wamp_proto::Serializer;

use super::endpoint::Endpoints;
use super::join::{Joined, join};
use super::link::{End, Link, Shared};
use super::machine::Machine;
use super::{Abandoned, Command, Hooks};
use crate::app::{Params, States};
use crate::backoff::Backoff;
use crate::handler::{SessionContext, SessionInfo};
use crate::transport::{Address, Connector, Socket};
use crate::{Client, Error, ErrorKind, Result};

/// How to connect, and how patiently.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) address: Address,
    pub(crate) connector: Connector,
    pub(crate) realm: String,
    pub(crate) serializer: Serializer,
    pub(crate) agent: String,
    /// How long it may take to connect and join, and then to set everything up.
    pub(crate) connect_timeout: Duration,
    pub(crate) heartbeat: Duration,
    /// The delays between tries: the first, and the longest.
    pub(crate) backoff: (Duration, Duration),
    pub(crate) most_invocations: usize,
    pub(crate) event_queue: usize,
    /// Whether the first try may fail like any other.
    pub(crate) wait_for_router: bool,
}

/// The task that owns the socket.
pub(crate) struct Driver {
    pub(crate) config: Config,
    pub(crate) endpoints: Endpoints,
    pub(crate) hooks: Hooks,
    pub(crate) params: Arc<Params>,
    pub(crate) states: Arc<States>,
    pub(crate) client: Client,
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) abandoned: mpsc::UnboundedReceiver<Abandoned>,
    /// The session there is.
    pub(crate) session: watch::Sender<Option<Arc<SessionInfo>>>,
    pub(crate) stop: Pin<Box<dyn Future<Output = ()> + Send>>,
}

impl Driver {
    /// Runs until the program is stopped. `first` learns how the first session came about.
    pub(crate) async fn run(mut self, first: oneshot::Sender<Result<()>>) {
        let mut first = Some(first);
        let mut backoff = Backoff::new(self.config.backoff.0, self.config.backoff.1);
        loop {
            let started = Instant::now();
            let lost = match self.connect().await {
                None => break,
                Some(Err(error)) => error,
                Some(Ok((socket, joined))) => match self.session(socket, joined, &mut first).await {
                    End::Stopped => break,
                    End::Lost(error) => {
                        backoff.session_ended(started.elapsed());
                        error
                    }
                },
            };
            if first.is_some() && !(self.config.wait_for_router && may_pass(&lost)) {
                if let Some(first) = first.take() {
                    drop(first.send(Err(lost)));
                }
                return;
            }
            let delay = backoff.next_delay();
            warn!(error = ?lost, retry_in = ?delay, "no session");
            if self.meanwhile(sleep(delay)).await.is_none() {
                break;
            }
        }
        if let Some(first) = first {
            drop(first.send(Err(Error::Stopped)));
        }
        info!("stopped");
    }

    /// Connects and joins; nothing, when the program is stopped.
    async fn connect(&mut self) -> Option<Result<(Socket, Joined)>> {
        let Config { ref address, ref connector, serializer, ref realm, ref agent, connect_timeout, .. } = self.config;
        let connecting = timeout(connect_timeout, async {
            let stream = connector.connect(address).await?;
            let mut socket = Socket::handshake(stream, address, serializer).await?;
            let joined = join(&mut socket, serializer, realm, agent).await?;
            Ok((socket, joined))
        });
        let waiting =
            meanwhile(&mut self.stop, &mut self.commands, &mut self.abandoned, &mut self.endpoints, connecting);
        let connecting = waiting.await?;
        Some(connecting.unwrap_or_else(|_| {
            let request = format!("the attempt to join realm {realm:?} at {}", address.url);
            Err(Error::Timeout { request, after: connect_timeout })
        }))
    }

    /// Runs one session.
    async fn session(
        &mut self,
        socket: Socket,
        joined: Joined,
        first: &mut Option<oneshot::Sender<Result<()>>>,
    ) -> End {
        let session = Arc::new(joined.info);
        let context = SessionContext {
            client: self.client.clone(),
            states: Arc::clone(&self.states),
            session: Arc::clone(&session),
        };
        let machine = Machine::new(self.config.serializer, &joined.roles);
        let link = Link::new(socket, machine, context.clone(), &self.config);
        let mut shared = Shared {
            endpoints: &mut self.endpoints,
            params: &self.params,
            hooks: &self.hooks,
            commands: &mut self.commands,
            abandoned: &mut self.abandoned,
            most_invocations: self.config.most_invocations,
            most_waiting: self.config.event_queue,
        };
        let state = &self.session;
        let mut was_ready = false;
        let ready = || {
            was_ready = true;
            state.send_replace(Some(session));
            if let Some(first) = first.take() {
                drop(first.send(Ok(())));
            }
        };
        let (end, running) = link.run(&mut shared, &mut self.stop, ready).await;
        self.session.send_replace(None);
        if was_ready {
            let leaving = self.hooks.left(running, &context);
            // A stop that comes now is seen to when the functions are done.
            let mut later = std::future::pending();
            meanwhile(&mut later, &mut self.commands, &mut self.abandoned, &mut self.endpoints, leaving).await;
        }
        end
    }

    /// Waits without a session; nothing, when the program is stopped.
    async fn meanwhile<T>(&mut self, wait: impl Future<Output = T>) -> Option<T> {
        meanwhile(&mut self.stop, &mut self.commands, &mut self.abandoned, &mut self.endpoints, wait).await
    }
}

/// Awaits something while there is no session to carry out commands in.
async fn meanwhile<T>(
    stop: &mut (impl Future<Output = ()> + Unpin),
    commands: &mut mpsc::Receiver<Command>,
    abandoned: &mut mpsc::UnboundedReceiver<Abandoned>,
    endpoints: &mut Endpoints,
    wait: impl Future<Output = T>,
) -> Option<T> {
    tokio::pin!(wait);
    loop {
        tokio::select! {
            () = &mut *stop => return None,
            done = &mut wait => return Some(done),
            Some(command) = commands.recv() => match command {
                // This takes no router: the endpoint is not set up again.
                Command::Detach(endpoint, answer) => {
                    endpoints.remove(&endpoint);
                    drop(answer.send(Ok(())));
                }
                command => command.refuse(|| Error::NotJoined),
            },
            Some(_) = abandoned.recv() => {}
        }
    }
}

/// Whether another try may do better.
fn may_pass(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Connect | ErrorKind::Timeout | ErrorKind::Lost)
}

impl std::fmt::Debug for Driver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Driver").field("config", &self.config).finish_non_exhaustive()
    }
}
