//! The handle to the session, and the requests that can be made with it.

mod attach;
mod audience;
mod call;
mod meta;
mod progressive;
mod publish;
mod testament;
mod typed;

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::{broadcast, mpsc, oneshot, watch};
use tokio::time::timeout;
use wamp_proto::{OwnedPayload, PayloadBuilder, RequestId, Serializer};

pub use self::attach::{Register, Registration, Subscribe, Subscription};
pub use self::call::{Call, CallResult};
pub use self::meta::{
    History, IdsByPolicy, Kill, Meta, PastDetails, PastEvent, PastEvents, RegistrationDetails, Registrations,
    SessionDetails, SessionLeft, Sessions, SubscriptionDetails, Subscriptions,
};
pub use self::progressive::{Part, Progressive};
pub use self::publish::{Acknowledged, Publish, Publishing, Unacknowledged};
pub use self::testament::{Testament, TestamentScope};
pub use self::typed::{CallError, TypedCall, subscribe};
use crate::app::{Params, States};
use crate::handler::{Alive, Handler, ProcedureHandler, SessionInfo, TopicHandler};
use crate::passthru::{Carried, Codecs};
use crate::session::{
    Abandoned, Access, Answer, Command, Lifecycle, LifecycleEvents, Outbox, Posting, ProgressRequest, PublishRequest,
    Receipts,
};
use crate::{Error, Result};

/// A handle to the App's session: calls, publishes, subscribes and registers.
///
/// Cheap to clone and usable from any task; handlers get one by taking a `Client` as a parameter. It stays valid
/// across reconnects. While there is no session every request fails at once with [`Error::NotJoined`], unless events are
/// to be [buffered](crate::App::publish_buffer) and calls to [wait](crate::App::wait_for_session).
///
/// Requests are built and then awaited:
///
/// ```
/// # use std::time::Duration;
/// # async fn f(client: wamp_client::Client) -> wamp_client::Result<()> {
/// let sum: i64 = client.call("com.example.add").arg(2).arg(3).timeout(Duration::from_secs(1)).await?;
/// client.publish("com.example.sum").arg(sum).await?;
/// let publication = client.publish("com.example.sum").arg(sum).acknowledge().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    commands: mpsc::Sender<Command>,
    /// Where publications go, if they can be sent at once.
    outbox: Outbox,
    /// Calls that were given up. Not bounded, so that dropping never waits; there is one for each call at most.
    abandoned: mpsc::UnboundedSender<Abandoned>,
    session: watch::Receiver<Option<Arc<SessionInfo>>>,
    lifecycle: broadcast::WeakSender<Lifecycle>,
    /// Asks the App to stop.
    stop: mpsc::Sender<()>,
    /// The last key given to a call or an endpoint.
    keys: AtomicU64,
    serializer: Serializer,
    request_timeout: Duration,
    event_queue: usize,
    /// Events that are published without a session are buffered.
    buffers: bool,
    /// Calls wait for a session, unless they say otherwise.
    wait_for_session: bool,
    states: Arc<States>,
    params: Arc<Params>,
    codecs: Codecs,
    /// In a test.
    receipts: Option<Arc<Receipts>>,
}

/// What a client is made of.
pub(crate) struct Parts {
    pub(crate) commands: mpsc::Sender<Command>,
    pub(crate) outbox: Outbox,
    pub(crate) abandoned: mpsc::UnboundedSender<Abandoned>,
    pub(crate) session: watch::Receiver<Option<Arc<SessionInfo>>>,
    pub(crate) lifecycle: broadcast::WeakSender<Lifecycle>,
    pub(crate) stop: mpsc::Sender<()>,
    pub(crate) serializer: Serializer,
    pub(crate) request_timeout: Duration,
    pub(crate) event_queue: usize,
    pub(crate) buffers: bool,
    pub(crate) wait_for_session: bool,
    pub(crate) states: Arc<States>,
    pub(crate) params: Arc<Params>,
    pub(crate) codecs: Codecs,
    pub(crate) receipts: Option<Arc<Receipts>>,
}

impl Client {
    pub(crate) fn new(parts: Parts) -> Self {
        let Parts { commands, outbox, abandoned, session, lifecycle, stop, .. } = parts;
        let Parts { serializer, request_timeout, event_queue, buffers, wait_for_session, .. } = parts;
        let Parts { states, params, codecs, receipts, .. } = parts;
        let keys = AtomicU64::new(0);
        Self {
            inner: Arc::new(Inner {
                commands,
                outbox,
                abandoned,
                session,
                lifecycle,
                stop,
                keys,
                serializer,
                request_timeout,
                event_queue,
                buffers,
                wait_for_session,
                states,
                params,
                codecs,
                receipts,
            }),
        }
    }

    /// Calls a procedure; the result is its first positional result, decoded into `T`.
    ///
    /// `T` follows from what the result is used as. `()` takes any result and ignores it; an `Option` is `None` where
    /// there is none. [`call_raw`](Self::call_raw) gives access to all of a result.
    ///
    /// # Errors
    /// [`Error::Wamp`] with the callee's or the router's error, [`Error::Timeout`] after the call's timeout,
    /// [`Error::NotJoined`] and [`Error::Lost`] without a session, [`Error::Decode`] when the result is no `T`.
    ///
    /// # Cancel safety
    /// Dropping a call before it is answered cancels it: the procedure is interrupted, where the router can do that,
    /// unless [`on_drop`](Call::on_drop) says otherwise.
    ///
    /// ```
    /// # async fn f(client: wamp_client::Client) -> wamp_client::Result<()> {
    /// let sum: i64 = client.call("com.example.add").arg(2).arg(3).await?;
    /// client.call::<()>("com.example.log").arg("hello").kwarg("level", "info").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn call<T: DeserializeOwned + 'static>(&self, procedure: impl Into<String>) -> Call<T> {
        Call::decoded(self.clone(), procedure.into())
    }

    /// Calls a procedure; the result is everything it returned, still encoded.
    ///
    /// ```
    /// # async fn f(client: wamp_client::Client) -> wamp_client::Result<()> {
    /// let result = client.call_raw("com.example.divide").arg(7).arg(2).await?;
    /// let quotient: i64 = result.arg(0)?;
    /// let remainder: i64 = result.kwarg("remainder")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn call_raw(&self, procedure: impl Into<String>) -> Call<CallResult> {
        Call::raw(self.clone(), procedure.into())
    }

    /// Publishes an event.
    ///
    /// Awaiting it waits until the event is on its way, and for nothing the router says; with
    /// [`acknowledge`](Publish::acknowledge) it waits until the router has published it.
    ///
    /// # Errors
    /// [`Error::NotJoined`] without a session; with `acknowledge` also what [`call`](Self::call) has.
    ///
    /// ```
    /// # async fn f(client: wamp_client::Client) -> wamp_client::Result<()> {
    /// client.publish("com.example.tick").arg(42).kwarg("unit", "s").exclude_me(false).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn publish(&self, topic: impl Into<String>) -> Publish<Unacknowledged> {
        Publish::new(self.clone(), topic.into())
    }

    /// Subscribes to a topic, from now on and in every session to come, until it is unsubscribed.
    ///
    /// The handler is any function that [`App::subscribe`](crate::App::subscribe) takes.
    ///
    /// # Errors
    /// [`Error::Setup`] when the router refuses, [`Error::MissingState`] and [`Error::MissingParam`] for what the App
    /// does not have, and what [`call`](Self::call) has.
    ///
    /// ```
    /// # async fn f(client: wamp_client::Client) -> wamp_client::Result<()> {
    /// let subscription = client
    ///     .subscribe("com.example.tick", |tick: i64| async move { println!("tick {tick}") })
    ///     .await?;
    /// subscription.unsubscribe().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn subscribe<M, H: Handler<M>>(&self, topic: impl Into<Cow<'static, str>>, handler: H) -> Subscribe {
        Subscribe::new(self.clone(), TopicHandler::new(topic, handler))
    }

    /// Registers a procedure, from now on and in every session to come, until it is unregistered.
    ///
    /// # Errors
    /// As [`subscribe`](Self::subscribe).
    ///
    /// ```
    /// # async fn f(client: wamp_client::Client) -> wamp_client::Result<()> {
    /// let registration = client.register("com.example.add", |a: i64, b: i64| async move { a + b }).await?;
    /// registration.unregister().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn register<M, H: Handler<M>>(&self, procedure: impl Into<Cow<'static, str>>, handler: H) -> Register {
        Register::new(self.clone(), ProcedureHandler::new(procedure, handler))
    }

    /// What the router tells about the realm: its sessions, registrations and subscriptions.
    pub fn meta(&self) -> Meta {
        Meta::new(self.clone())
    }

    /// Leaves an event with the router, to be published when this session is gone, however it ends.
    ///
    /// # Errors
    /// What [`call`](Self::call) has.
    ///
    /// ```
    /// use wamp_client::{Client, Result, on_join};
    ///
    /// #[on_join]
    /// async fn leave_word(client: Client) -> Result<()> {
    ///     client.testament("com.example.status").arg("offline").retain().await
    /// }
    /// ```
    pub fn testament(&self, topic: impl Into<String>) -> Testament {
        Testament::new(self.clone(), topic.into())
    }

    /// Takes back the testaments of this session.
    ///
    /// # Errors
    /// What [`call`](Self::call) has.
    pub async fn flush_testaments(&self, scope: TestamentScope) -> Result<()> {
        self.call("wamp.session.flush_testaments").kwarg("scope", scope.as_str()).await
    }

    /// The session there is right now, once everything is set up in it.
    pub fn session(&self) -> Option<Arc<SessionInfo>> {
        self.inner.session.borrow().clone()
    }

    /// Waits until there is a session in which everything is set up.
    ///
    /// # Errors
    /// [`Error::Stopped`] when there will be none any more.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn joined(&self) -> Result<Arc<SessionInfo>> {
        let mut session = self.inner.session.clone();
        let joined = session.wait_for(Option::is_some).await.map_err(|_| Error::Stopped)?;
        joined.clone().ok_or(Error::Stopped)
    }

    /// What becomes of the program's sessions, from now on: when one is lost, why, and when there is one again.
    ///
    /// ```
    /// use wamp_client::{Client, Lifecycle};
    ///
    /// async fn watch(client: Client) {
    ///     let mut events = client.lifecycle();
    ///     while let Some(event) = events.next().await {
    ///         match event {
    ///             Lifecycle::Lost(error) => println!("offline: {error}"),
    ///             Lifecycle::Joined(session) => println!("online as {}", session.id),
    ///             _ => {}
    ///         }
    ///     }
    /// }
    /// ```
    pub fn lifecycle(&self) -> LifecycleEvents {
        match self.inner.lifecycle.upgrade() {
            Some(events) => LifecycleEvents::new(events.subscribe()),
            None => LifecycleEvents::ended(),
        }
    }

    /// Asks the App to leave the realm and stop. It does so on its own time; [`Running::stop`](crate::Running::stop)
    /// also waits for it.
    pub fn stop(&self) {
        // Full: it has been asked already. Closed: it has stopped.
        let _ = self.inner.stop.try_send(());
    }

    /// What arguments are encoded in.
    pub fn serializer(&self) -> Serializer {
        self.inner.serializer
    }

    /// Sends a part of a procedure's result.
    pub(crate) async fn send_part(&self, request: RequestId, running: Weak<Alive>, payload: Carried) -> Result<()> {
        let part = ProgressRequest { request, running, payload };
        // Not `send`: a procedure may be called before all of its program is set up.
        self.hand_over(Command::Progress(part)).await
    }

    /// What decodes payloads in passthru mode.
    pub(crate) fn codecs(&self) -> &Codecs {
        &self.inner.codecs
    }

    /// Who is to be told what becomes of events, in a test.
    pub(crate) fn receipts(&self) -> Option<&Arc<Receipts>> {
        self.inner.receipts.as_ref()
    }

    pub(crate) fn next_key(&self) -> u64 {
        self.inner.keys.fetch_add(1, Ordering::Relaxed)
    }

    /// Whether calls wait for a session, unless they say otherwise.
    fn waits(&self) -> bool {
        self.inner.wait_for_session
    }

    /// Hands a command to the session's task, whether there is a session or not.
    async fn hand_over(&self, command: Command) -> Result<()> {
        let room = self.inner.commands.reserve().await.map_err(|_| Error::Stopped)?;
        match (command, self.inner.outbox.access()) {
            // Meanwhile it can be done at once, and has to be: those who publish without a pause would all come this way.
            (Command::Publish(publication), Access::Open(posting)) => {
                posting.post(|requests| requests.publish(publication));
            }
            (command, access) => {
                drop(access);
                self.inner.outbox.leave_to_task(|| room.send(command));
            }
        }
        Ok(())
    }

    /// Hands a command to the session's task, if there is a session.
    async fn send(&self, command: Command) -> Result<()> {
        if self.inner.session.borrow().is_none() {
            return Err(if self.inner.commands.is_closed() { Error::Stopped } else { Error::NotJoined });
        }
        self.hand_over(command).await
    }

    async fn give(&self, without_session: WithoutSession, command: Command) -> Result<()> {
        match without_session {
            WithoutSession::Fail => self.send(command).await,
            WithoutSession::Wait | WithoutSession::Try => self.hand_over(command).await,
        }
    }

    /// Where something can be published at once, if that can be done.
    fn posting(&self) -> Option<Posting<'_>> {
        match self.inner.outbox.access() {
            Access::Open(posting) => Some(posting),
            Access::Full | Access::Closed => None,
        }
    }

    /// Room for a command, if there is any now, and a session whose task has to see to what is published.
    fn room(&self) -> Option<mpsc::Permit<'_, Command>> {
        if self.inner.session.borrow().is_none() || !matches!(self.inner.outbox.access(), Access::Closed) {
            return None;
        }
        self.inner.commands.try_reserve().ok()
    }

    /// Publishes as soon as there is room, or leaves it to the session's task.
    async fn post_soon(&self, publication: PublishRequest) -> Option<PublishRequest> {
        loop {
            let room = self.inner.outbox.room();
            match self.inner.outbox.access() {
                Access::Open(posting) => {
                    posting.post(|requests| requests.publish(publication));
                    return None;
                }
                Access::Closed => return Some(publication),
                Access::Full => {}
            }
            room.await;
        }
    }

    /// Hands over a command, and waits for its answer.
    async fn ask<T>(&self, without_session: WithoutSession, command: impl FnOnce(Answer<T>) -> Command) -> Result<T> {
        let (answer, answered) = oneshot::channel();
        self.give(without_session, command(answer)).await?;
        // Dropped unanswered: the task ended with the command in its queue.
        answered.await.unwrap_or(Err(Error::Stopped))
    }

    /// Bounds a request in time.
    async fn bounded<T>(
        &self,
        limit: Option<Duration>,
        request: impl FnOnce() -> String,
        asked: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let after = limit.unwrap_or(self.inner.request_timeout);
        timeout(after, asked).await.unwrap_or_else(|_| Err(Error::Timeout { request: request(), after }))
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let session = self.session().map(|session| session.id);
        f.debug_struct("Client").field("session", &session).finish_non_exhaustive()
    }
}

/// What a request does while there is no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WithoutSession {
    /// It fails at once.
    Fail,
    /// The session's task keeps it.
    Wait,
    /// It is left to the session's task, which may be setting a session up.
    Try,
}

/// The arguments of a request that is being built. The first that has no encoding is remembered, and is the request's
/// error.
#[derive(Debug)]
struct Arguments {
    payload: PayloadBuilder,
    count: usize,
    /// Which argument, and what is wrong with it.
    failed: Option<Box<(String, String)>>,
}

impl Arguments {
    fn new(serializer: Serializer) -> Self {
        Self { payload: PayloadBuilder::new(serializer), count: 0, failed: None }
    }

    fn arg(&mut self, value: &(impl Serialize + ?Sized)) {
        self.count += 1;
        if let Err(error) = self.payload.arg(value) {
            self.failed.get_or_insert_with(|| Box::new((self.count.to_string(), error.to_string())));
        }
    }

    fn kwarg(&mut self, key: &str, value: &(impl Serialize + ?Sized)) {
        if let Err(error) = self.payload.kwarg(key, value) {
            self.failed.get_or_insert_with(|| Box::new((key.to_owned(), error.to_string())));
        }
    }

    /// All of them, which are none then.
    fn finish(&mut self, request: impl FnOnce() -> String) -> Result<OwnedPayload> {
        self.check(request).map(|()| self.payload.finish())
    }

    /// Whether all have an encoding. The error is told once.
    fn check(&mut self, request: impl FnOnce() -> String) -> Result<()> {
        match self.failed.take().map(|failed| *failed) {
            None => Ok(()),
            Some((argument, problem)) => Err(Error::Encode { argument, request: request(), problem }),
        }
    }
}
