//! Connection after connection, until the program is stopped.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::time::{Instant, sleep, timeout};
use tracing::{info, warn};
use wamp_proto::Serializer;

use super::endpoint::Endpoints;
use super::join::{Applicant, Joined, join};
use super::link::{End, Link, Shared};
use super::machine::Machine;
use super::routers::{Next, Routers};
use super::shutdown::{Shutdown, Work};
use super::{Abandoned, Command, Hooks, Lifecycle, Outbox, Outgoing};
use crate::app::{Params, States};
use crate::auth::Auth;
use crate::backoff::Backoff;
use crate::handler::{SessionContext, SessionInfo};
use crate::transport::{Connector, Opened, Socket};
use crate::{Client, Error, Result};

/// How to connect, and how patiently.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) connector: Connector,
    pub(crate) realm: String,
    pub(crate) serializer: Serializer,
    pub(crate) agent: String,
    pub(crate) auth: Option<Auth>,
    /// How long it may take to connect and join, and then to set everything up.
    pub(crate) connect_timeout: Duration,
    /// How long what is running may go on when the program is to stop.
    pub(crate) shutdown_timeout: Duration,
    pub(crate) heartbeat: Duration,
    /// The delays between tries: the first, and the longest.
    pub(crate) backoff: (Duration, Duration),
    pub(crate) most_invocations: usize,
    pub(crate) event_queue: usize,
    /// Whether the first tries may fail like any other.
    pub(crate) wait_for_router: bool,
    /// Tries in a row that may fail.
    pub(crate) most_tries: Option<u32>,
}

/// The task that owns the socket.
pub(crate) struct Driver {
    pub(crate) config: Config,
    pub(crate) routers: Routers,
    pub(crate) endpoints: Endpoints,
    pub(crate) hooks: Hooks,
    pub(crate) params: Arc<Params>,
    pub(crate) states: Arc<States>,
    pub(crate) client: Client,
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) abandoned: mpsc::UnboundedReceiver<Abandoned>,
    pub(crate) outgoing: Outgoing,
    /// Shared with all clients.
    pub(crate) outbox: Outbox,
    /// The session there is.
    pub(crate) session: watch::Sender<Option<Arc<SessionInfo>>>,
    pub(crate) lifecycle: broadcast::Sender<Lifecycle>,
    pub(crate) stop: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// How a try to get a session ended.
enum SessionEnd {
    /// The program wants no more.
    Stopped(Shutdown),
    /// Without a session in which all is set up.
    Failed(Error),
    /// There was one.
    Lost(Error),
}

impl Driver {
    /// Runs until the program is stopped, or can't go on. `first` learns how the first session came about.
    ///
    /// # Errors
    /// Why it can't go on, or that something was still running in the end, and was aborted.
    pub(crate) async fn run(mut self, first: oneshot::Sender<Result<()>>) -> Result<()> {
        let mut first = Some(first);
        let mut work = Work::default();
        let ended = match self.sessions(&mut work, &mut first).await {
            Ok(shutdown) => self.finish(shutdown, work).await,
            Err(error) => {
                // What it tells of is in the log, and this matters more.
                drop(self.finish(None, work).await);
                Err(error)
            }
        };
        self.tell(Lifecycle::Stopped(ended.as_ref().err().cloned()));
        match &ended {
            Ok(()) => info!("stopped"),
            Err(error) => warn!(?error, "stopped"),
        }
        let Some(first) = first else { return ended };
        // Whoever started the program may have lost interest.
        drop(first.send(ended.and(Err(Error::Stopped))));
        Ok(())
    }

    /// Gets a session, and another one when it is lost, and so on.
    async fn sessions(
        &mut self,
        work: &mut Work,
        first: &mut Option<oneshot::Sender<Result<()>>>,
    ) -> Result<Option<Shutdown>> {
        let mut backoff = Backoff::new(self.config.backoff.0, self.config.backoff.1);
        let mut tries: u32 = 0;
        loop {
            self.tell(Lifecycle::Connecting { url: self.routers.current().url.clone() });
            let started = Instant::now();
            let end = match self.connect().await {
                None => return Ok(None),
                Some(Err(error)) => SessionEnd::Failed(error),
                Some(Ok((socket, joined))) => self.session(socket, joined, work, first).await,
            };
            let (error, next) = match end {
                SessionEnd::Stopped(shutdown) => return Ok(Some(shutdown)),
                SessionEnd::Failed(error) => {
                    self.tell(Lifecycle::Failed(error.clone()));
                    tries += 1;
                    let next = self.routers.failed(&error);
                    (error, next)
                }
                SessionEnd::Lost(error) => {
                    self.tell(Lifecycle::Lost(error.clone()));
                    tries = 0;
                    backoff.session_ended(started.elapsed());
                    let next = self.routers.lost(&error);
                    (error, next)
                }
            };
            let no_more = self.config.most_tries.is_some_and(|most| tries >= most);
            let is_first_round = first.is_some() && !self.config.wait_for_router;
            match next {
                Next::Nothing => return Err(error),
                _ if no_more => return Err(error),
                Next::Round if is_first_round => return Err(error),
                Next::Another => warn!(?error, "no session"),
                Next::Round => {
                    let after = backoff.next_delay();
                    warn!(?error, retry_in = ?after, "no session");
                    self.tell(Lifecycle::Retrying { after });
                    if self.meanwhile(sleep(after)).await.is_none() {
                        return Ok(None);
                    }
                }
            }
        }
    }

    fn tell(&self, event: Lifecycle) {
        // Without a reader there is nobody to tell.
        let _ = self.lifecycle.send(event);
    }

    /// Waits for what is still running, without a session.
    async fn finish(&mut self, shutdown: Option<Shutdown>, mut work: Work) -> Result<()> {
        let shutdown = shutdown.unwrap_or_else(|| Shutdown::begin(self.config.shutdown_timeout, &self.endpoints));
        let (mut later, finishing) = (std::future::pending(), shutdown.finish(&mut work));
        let finished = meanwhile(
            &mut later,
            &mut self.commands,
            &mut self.abandoned,
            &mut self.endpoints,
            &mut self.outgoing,
            finishing,
        );
        finished.await.unwrap_or(Ok(()))
    }

    /// Connects and joins; nothing, when the program is stopped.
    async fn connect(&mut self) -> Option<Result<(Socket, Joined)>> {
        let Config { ref connector, serializer, ref realm, ref agent, ref auth, connect_timeout, .. } = self.config;
        let address = self.routers.current();
        let connecting = timeout(connect_timeout, async {
            let Opened { stream, channel } = connector.connect(address).await?;
            let mut socket = Socket::handshake(stream, address, serializer, auth.as_ref()).await?;
            let applicant = Applicant { realm, agent, auth: auth.as_ref(), channel };
            let joined = join(&mut socket, serializer, applicant).await?;
            Ok((socket, joined))
        });
        let waiting = meanwhile(
            &mut self.stop,
            &mut self.commands,
            &mut self.abandoned,
            &mut self.endpoints,
            &mut self.outgoing,
            connecting,
        );
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
        work: &mut Work,
        first: &mut Option<oneshot::Sender<Result<()>>>,
    ) -> SessionEnd {
        let session = Arc::new(joined.info);
        let context = Arc::new(SessionContext {
            client: self.client.clone(),
            states: Arc::clone(&self.states),
            session: Arc::clone(&session),
        });
        let machine = Machine::new(Arc::clone(&context), &joined.roles, joined.key_memory, self.outbox.clone());
        let link = Link::new(socket, machine, Arc::clone(&context), &self.config);
        let mut shared = Shared {
            endpoints: &mut self.endpoints,
            params: &self.params,
            hooks: &self.hooks,
            commands: &mut self.commands,
            abandoned: &mut self.abandoned,
            work,
            outgoing: &mut self.outgoing,
            lifecycle: &self.lifecycle,
            most_invocations: self.config.most_invocations,
            most_waiting: self.config.event_queue,
        };
        let (state, lifecycle, routers) = (&self.session, &self.lifecycle, &mut self.routers);
        let mut was_ready = false;
        let ready = || {
            was_ready = true;
            routers.joined();
            state.send_replace(Some(Arc::clone(&session)));
            let _ = lifecycle.send(Lifecycle::Joined(session));
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
            meanwhile(
                &mut later,
                &mut self.commands,
                &mut self.abandoned,
                &mut self.endpoints,
                &mut self.outgoing,
                leaving,
            )
            .await;
        }
        match end {
            End::Stopped(shutdown) => SessionEnd::Stopped(shutdown),
            End::Lost(error) if was_ready => SessionEnd::Lost(error),
            End::Lost(error) => SessionEnd::Failed(error),
        }
    }

    /// Waits without a session; nothing, when the program is stopped.
    async fn meanwhile<T>(&mut self, wait: impl Future<Output = T>) -> Option<T> {
        meanwhile(
            &mut self.stop,
            &mut self.commands,
            &mut self.abandoned,
            &mut self.endpoints,
            &mut self.outgoing,
            wait,
        )
        .await
    }
}

/// Awaits something while there is no session to carry out commands in.
async fn meanwhile<T>(
    stop: &mut (impl Future<Output = ()> + Unpin),
    commands: &mut mpsc::Receiver<Command>,
    abandoned: &mut mpsc::UnboundedReceiver<Abandoned>,
    endpoints: &mut Endpoints,
    outgoing: &mut Outgoing,
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
                Command::Publish(publication) => outgoing.publish(publication),
                Command::Call(call) if call.waits => outgoing.call(call),
                command => command.refuse(|| Error::NotJoined),
            },
            Some(Abandoned { call, .. }) = abandoned.recv() => outgoing.abandon(call),
        }
    }
}

impl std::fmt::Debug for Driver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Driver").field("config", &self.config).finish_non_exhaustive()
    }
}
