//! From a program that is put together to one that runs.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};
use wamp_proto::Uri;

use super::signals::Signals;
use super::{App, Running};
use crate::client::{Client, Parts};
use crate::handler::{Attach, Definition, DefinitionKind};
use crate::session::{Config, Driver, EndpointKey, Endpoints, Hooks, Outbox, Outgoing, Routers};
use crate::transport::Address;
use crate::{Error, Result};

/// Commands that wait for the session's task. More wait in the tasks that give them.
const COMMANDS: usize = 256;

impl App {
    /// Runs until Ctrl-C or SIGTERM, then leaves the realm in good order:
    ///
    /// 1. nothing new begins: everything is unregistered, so that other callees get the calls (those that the router had
    ///    already sent are still answered), and events are taken no more;
    /// 2. calls that are running finish, and events that have come are handled, for as long as
    ///    [`shutdown_timeout`](Self::shutdown_timeout) allows. What they publish and call is still sent, and their
    ///    results reach the callers. What takes longer is aborted, its callers get `wamp.error.canceled`, and the error
    ///    of this function tells how much it was;
    /// 3. the `on_join` functions that are still running are dropped;
    /// 4. GOODBYE is said, and the connection closed;
    /// 5. the `on_leave` functions run: they have no session any more.
    ///
    /// A second signal ends the program at once.
    ///
    /// # Errors
    /// When the program is not complete (a handler's state or a URI's parameter is missing, nothing was discovered),
    /// whenever the router refuses the session or a handler for a reason [that is final](Error::is_final), and at first,
    /// without [`wait_for_router`](Self::wait_for_router), for any reason; then also when it can't be reached. After
    /// [`most_tries`](Self::most_tries), if that is set. At its end
    /// [`Error::Unfinished`] or, after a second signal, [`Error::Aborted`].
    pub async fn run(self) -> Result<()> {
        let mut signals = Signals::listen();
        // Boxed: a session is much to keep in the future of a program's `main`.
        let mut starting = Box::pin(self.start());
        let mut running = tokio::select! {
            started = &mut starting => started?,
            () = signals.next() => return Ok(()),
        };
        tokio::select! {
            ended = running.stopped() => return ended,
            () = signals.next() => running.client().stop(),
        }
        tokio::select! {
            ended = running.stopped() => return ended,
            () = signals.next() => running.abort(),
        }
        Err(Error::Aborted)
    }

    /// Starts the program in a task of its own, and waits until it has joined and everything is set up.
    ///
    /// # Errors
    /// As [`run`](Self::run).
    ///
    /// # Cancel safety
    /// Dropping the future stops the program.
    ///
    /// ```no_run
    /// # async fn f() -> wamp_client::Result<()> {
    /// let running = wamp_client::App::new("ws://localhost:8080/ws").start().await?;
    /// let sum: i64 = running.client().call("com.example.add").arg(2).arg(3).await?;
    /// running.stop().await
    /// # }
    /// ```
    pub async fn start(self) -> Result<Running> {
        self.check()?;
        #[cfg(feature = "tls")]
        let connector = self.connector.with_tls(self.tls)?;
        #[cfg(not(feature = "tls"))]
        let connector = self.connector;
        let addresses = self.urls.iter().map(|url| Address::parse(url)).collect::<Result<_>>()?;
        let (commands, command_queue) = mpsc::channel(COMMANDS);
        let outbox = Outbox::default();
        let (abandoned, abandoned_calls) = mpsc::unbounded_channel();
        let (session, session_watch) = watch::channel(None);
        let (stop, mut stop_asked) = mpsc::channel(1);
        let (states, params) = (Arc::new(self.states), Arc::new(self.params));
        let client = Client::new(Parts {
            commands,
            outbox: outbox.clone(),
            abandoned,
            session: session_watch,
            lifecycle: self.lifecycle.downgrade(),
            stop,
            serializer: self.serializer,
            request_timeout: self.request_timeout,
            event_queue: self.event_queue,
            buffers: self.publish_buffer.is_used(),
            wait_for_session: self.wait_for_session,
            states: Arc::clone(&states),
            params: Arc::clone(&params),
            codecs: self.codecs,
            receipts: self.receipts,
        });
        let mut definitions = self.definitions;
        if !self.reflect {
            definitions.iter_mut().for_each(Definition::withhold);
        }
        let (endpoints, hooks) = sort(definitions, &client, self.event_queue);
        let driver = Driver {
            config: Config {
                connector,
                realm: self.realm,
                serializer: self.serializer,
                agent: self.agent,
                auth: self.auth,
                connect_timeout: self.connect_timeout,
                shutdown_timeout: self.shutdown_timeout,
                heartbeat: self.heartbeat,
                backoff: self.backoff,
                most_invocations: self.most_invocations,
                event_queue: self.event_queue,
                wait_for_router: self.wait_for_router,
                most_tries: self.most_tries,
            },
            routers: Routers::new(addresses),
            endpoints,
            hooks,
            params,
            states,
            client: client.clone(),
            commands: command_queue,
            abandoned: abandoned_calls,
            outgoing: Outgoing::new(self.publish_buffer),
            outbox,
            session,
            lifecycle: self.lifecycle,
            stop: Box::pin(async move {
                stop_asked.recv().await;
            }),
        };
        let (first, joined) = oneshot::channel();
        let task = tokio::spawn(driver.run(first));
        let running = Running::new(client, task);
        joined.await.unwrap_or(Err(Error::Stopped))?;
        Ok(running)
    }

    /// Refuses a program that lacks something, before it connects.
    fn check(&self) -> Result<()> {
        if self.nothing_discovered {
            return Err(Error::NothingDiscovered);
        }
        Uri::parse(self.realm.as_str())?;
        for definition in &self.definitions {
            self.states.check(&definition.label(), definition.needs())?;
            let attachment = match &definition.kind {
                DefinitionKind::Topic(handler) => handler.attachment(),
                DefinitionKind::Procedure(handler) => handler.attachment(),
                DefinitionKind::OnJoin(_) | DefinitionKind::OnLeave(_) => continue,
            };
            self.params.fill(attachment.matching, &attachment.uri)?;
        }
        Ok(())
    }
}

/// Gives every definition its place.
fn sort(definitions: Vec<Definition>, client: &Client, event_queue: usize) -> (Endpoints, Hooks) {
    let (mut endpoints, mut hooks) = (Endpoints::new(), Hooks::default());
    for definition in definitions {
        let key = EndpointKey(client.next_key());
        match definition.kind {
            DefinitionKind::Topic(handler) => drop(endpoints.insert(key, handler.into_endpoint(key, event_queue))),
            DefinitionKind::Procedure(handler) => drop(endpoints.insert(key, handler.into_endpoint(key, event_queue))),
            DefinitionKind::OnJoin(hook) => hooks.on_join.push(hook.hook),
            DefinitionKind::OnLeave(hook) => hooks.on_leave.push(hook.hook),
        }
    }
    (endpoints, hooks)
}
