//! Subscriptions and registrations made while the program runs.

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use tokio::sync::{oneshot, watch};
use wamp_proto::MatchPolicy;

use super::{Client, WithoutSession};
use crate::handler::{Attach, InvocationPolicy, ProcedureHandler, TopicHandler};
use crate::session::{Command, Endpoint, EndpointKey, Overflow, Queue, Recovered, Revocation};
use crate::{Error, Result};

/// A subscription that is being built; awaiting it makes it. Made by [`Client::subscribe`].
#[derive(Debug)]
#[must_use = "nothing is subscribed until it is awaited"]
pub struct Subscribe {
    client: Client,
    handler: TopicHandler,
    timeout: Option<Duration>,
}

impl Subscribe {
    pub(super) fn new(client: Client, handler: TopicHandler) -> Self {
        Self { client, handler, timeout: None }
    }

    /// How the topic is compared with those of events: exactly, by default.
    pub fn matching(mut self, policy: MatchPolicy) -> Self {
        self.handler = self.handler.matching(policy);
        self
    }

    /// Asks for the topic's retained event.
    pub fn get_retained(mut self, get: bool) -> Self {
        self.handler = self.handler.get_retained(get);
        self
    }

    /// Loses no event over a broken link or a restart of the router; see [`TopicHandler::history`].
    pub fn history(mut self) -> Self {
        self.handler = self.handler.history(true);
        self
    }

    /// What to do when the subscription got what it missed; see [`TopicHandler::on_recovered`].
    pub fn on_recovered(mut self, function: impl Fn(Recovered) + Send + Sync + 'static) -> Self {
        self.handler = self.handler.on_recovered(function);
        self
    }

    /// How many events are handled at once; see [`TopicHandler::concurrency`].
    ///
    /// # Panics
    /// When it is 0.
    pub fn concurrency(mut self, events: usize) -> Self {
        self.handler = self.handler.concurrency(events);
        self
    }

    /// How many events may wait for their turn; see [`TopicHandler::queue`].
    ///
    /// # Panics
    /// When it is 0.
    pub fn queue(mut self, events: usize) -> Self {
        self.handler = self.handler.queue(events);
        self
    }

    /// Which event is dropped when the queue is full: the newest, unless told otherwise.
    pub fn overflow(mut self, policy: Overflow) -> Self {
        self.handler = self.handler.overflow(policy);
        self
    }

    /// How long to wait for the router.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}

impl IntoFuture for Subscribe {
    type Output = Result<Subscription>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<Subscription>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let Self { client, handler, timeout } = self;
            let key = prepare(&client, &handler)?;
            let (endpoint, queue) = handler.with_queue(key, client.inner.event_queue);
            let revoked = attach(&client, endpoint, timeout).await?;
            Ok(Subscription { client, key, queue, revoked })
        })
    }
}

/// A registration that is being built; awaiting it makes it. Made by [`Client::register`].
#[derive(Debug)]
#[must_use = "nothing is registered until it is awaited"]
pub struct Register {
    client: Client,
    handler: ProcedureHandler,
    timeout: Option<Duration>,
}

impl Register {
    pub(super) fn new(client: Client, handler: ProcedureHandler) -> Self {
        Self { client, handler, timeout: None }
    }

    /// How the procedure is compared with those of calls: exactly, by default.
    pub fn matching(mut self, policy: MatchPolicy) -> Self {
        self.handler = self.handler.matching(policy);
        self
    }

    /// Which of several callees gets a call: by default there may be one only.
    pub fn invoke(mut self, policy: InvocationPolicy) -> Self {
        self.handler = self.handler.invoke(policy);
        self
    }

    /// How many calls the router hands to this callee at once; see [`ProcedureHandler::concurrency`].
    ///
    /// # Panics
    /// When it is 0.
    pub fn concurrency(mut self, calls: u32) -> Self {
        self.handler = self.handler.concurrency(calls);
        self
    }

    /// Takes the procedure over from whoever has registered it.
    pub fn force_reregister(mut self, force: bool) -> Self {
        self.handler = self.handler.force_reregister(force);
        self
    }

    /// Asks the router to tell who calls, whether or not the caller wants to disclose itself.
    pub fn disclose_caller(mut self, disclose: bool) -> Self {
        self.handler = self.handler.disclose_caller(disclose);
        self
    }

    /// Takes the timeouts of calls over from the router; see [`ProcedureHandler::forward_timeout`].
    pub fn forward_timeout(mut self, forward: bool) -> Self {
        self.handler = self.handler.forward_timeout(forward);
        self
    }

    /// How long to wait for the router.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}

impl IntoFuture for Register {
    type Output = Result<Registration>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<Registration>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let Self { client, handler, timeout } = self;
            let key = prepare(&client, &handler)?;
            let endpoint = handler.into_endpoint(key, client.inner.event_queue);
            let revoked = attach(&client, endpoint, timeout).await?;
            Ok(Registration { client, key, revoked })
        })
    }
}

/// A subscription made with [`Client::subscribe`]. Dropping it changes nothing: the handler stays subscribed.
#[derive(Debug, Clone)]
pub struct Subscription {
    client: Client,
    key: EndpointKey,
    queue: Queue,
    revoked: watch::Receiver<Option<Revocation>>,
}

impl Subscription {
    /// Waits until the router takes the subscription back; nothing, when the program itself ends it.
    ///
    /// It is subscribed again when the next session begins.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn revoked(&self) -> Option<Revocation> {
        revoked(self.revoked.clone()).await
    }

    /// How many events were dropped so far because the handler was too slow: see
    /// [`queue`](TopicHandler::queue) and [`overflow`](TopicHandler::overflow).
    pub fn dropped(&self) -> u64 {
        self.queue.dropped()
    }

    /// Ends the subscription, now and in the sessions to come. Works without a session too.
    ///
    /// The handler is not called again from the moment this is: events that are waiting for it are forgotten. One that
    /// it is handling it handles to the end, and this does not wait for it, so that a handler can end its own
    /// subscription.
    ///
    /// # Errors
    /// [`Error::Wamp`] when the router refuses, [`Error::Timeout`], [`Error::Lost`] and [`Error::Stopped`] when it does
    /// not answer. The handler is not called again, whatever the error.
    ///
    /// # Cancel safety
    /// The handler is not called again even if the future is dropped before the router has answered.
    pub async fn unsubscribe(self) -> Result<()> {
        self.queue.clear();
        detach(&self.client, self.key).await
    }
}

/// A registration made with [`Client::register`]. Dropping it changes nothing: the procedure stays registered.
#[derive(Debug, Clone)]
pub struct Registration {
    client: Client,
    key: EndpointKey,
    revoked: watch::Receiver<Option<Revocation>>,
}

impl Registration {
    /// Waits until the router takes the registration back; nothing, when the program itself ends it.
    ///
    /// It is registered again when the next session begins.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn revoked(&self) -> Option<Revocation> {
        revoked(self.revoked.clone()).await
    }

    /// Ends the registration, now and in the sessions to come. Calls that are running still finish. Works without a
    /// session too.
    ///
    /// # Errors
    /// [`Error::Wamp`] when the router refuses, [`Error::Timeout`], [`Error::Lost`] and [`Error::Stopped`] when it does
    /// not answer. There will be no calls in the sessions to come, whatever the error.
    pub async fn unregister(self) -> Result<()> {
        detach(&self.client, self.key).await
    }
}

async fn revoked(mut revoked: watch::Receiver<Option<Revocation>>) -> Option<Revocation> {
    revoked.wait_for(Option::is_some).await.ok()?.clone()
}

/// Checks that the App has what the handler needs, and gives it a key.
fn prepare(client: &Client, handler: &impl Attach) -> Result<EndpointKey> {
    client.inner.states.check(&handler.label(), handler.needs())?;
    client.inner.params.check(&handler.attachment().uri)?;
    Ok(EndpointKey(client.next_key()))
}

async fn attach(
    client: &Client,
    endpoint: Endpoint,
    timeout: Option<Duration>,
) -> Result<watch::Receiver<Option<Revocation>>> {
    let (verb, uri) = (endpoint.kind.verb(), endpoint.uri.clone());
    let revoked = endpoint.revoked.subscribe();
    let asked = client.ask(WithoutSession::Fail, |answer| Command::Attach(endpoint, answer));
    client.bounded(timeout, || format!("the attempt to {verb} {uri:?}"), asked).await?;
    Ok(revoked)
}

impl Client {
    /// Waits until all that was asked for so far is on its way.
    #[cfg(feature = "rawsocket")]
    pub(crate) async fn flush(&self) -> Result<()> {
        // What is not attached is detached at once, in its turn.
        detach(self, EndpointKey(self.next_key())).await
    }
}

async fn detach(client: &Client, endpoint: EndpointKey) -> Result<()> {
    // Without a session too: then there only is no router to tell.
    let (answer, answered) = oneshot::channel();
    let asked = async {
        client.hand_over(Command::Detach(endpoint, answer)).await?;
        answered.await.unwrap_or(Err(Error::Stopped))
    };
    client.bounded(None, || "the attempt to detach a handler".to_owned(), asked).await
}
