//! Publications.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use serde::Serialize;
use tokio::sync::oneshot::{self, error::RecvError};
use wamp_proto::message::options::PublishOptions;
use wamp_proto::{PublicationId, PublicationKey};

use super::audience::audience;
use super::{Arguments, Client, WithoutSession};
use crate::passthru::{PayloadCodec, Seal};
use crate::session::{Command, Patience, Pending, PublishRequest};
use crate::{Error, Result};

/// A publication that the router does not answer.
#[derive(Debug)]
pub enum Unacknowledged {}

/// A publication that the router answers with its id.
#[derive(Debug)]
pub enum Acknowledged {}

/// An event that is being built; awaiting it publishes it. Made by [`Client::publish`].
///
/// Every test that is given must hold for a subscriber to get the event.
#[must_use = "an event is not published until it is awaited"]
pub struct Publish<A> {
    client: Client,
    topic: String,
    arguments: Arguments,
    /// Boxed: a builder is handed on with every setting. Nothing, as long as none was made.
    options: Option<Box<PublishOptions<'static>>>,
    timeout: Option<Duration>,
    codec: Option<Arc<dyn PayloadCodec>>,
    acknowledgment: PhantomData<A>,
}

impl Publish<Unacknowledged> {
    pub(super) fn new(client: Client, topic: String) -> Self {
        let arguments = Arguments::new(client.serializer());
        Self { client, topic, arguments, options: None, timeout: None, codec: None, acknowledgment: PhantomData }
    }

    /// Waits for the router to confirm the publication, and gives its id.
    pub fn acknowledge(self) -> Publish<Acknowledged> {
        let Self { client, topic, arguments, mut options, timeout, codec, .. } = self;
        options.get_or_insert_default().acknowledge = true;
        Publish { client, topic, arguments, options, timeout, codec, acknowledgment: PhantomData }
    }
}

impl<A> Publish<A> {
    /// Adds a positional argument.
    pub fn arg(mut self, value: impl Serialize) -> Self {
        self.arguments.arg(&value);
        self
    }

    /// Adds a keyword argument.
    pub fn kwarg(mut self, key: &str, value: impl Serialize) -> Self {
        self.arguments.kwarg(key, &value);
        self
    }

    /// Whether this session gets no event of its own publication. It does not, by default.
    pub fn exclude_me(mut self, exclude: bool) -> Self {
        self.options().exclude_me = Some(exclude);
        self
    }

    /// Asks the router to keep the event for those who subscribe later.
    pub fn retain(mut self) -> Self {
        self.options().retain = true;
        self
    }

    /// Lets subscribers know who published, where the router allows it.
    pub fn disclose_me(mut self) -> Self {
        self.options().disclose_me = true;
        self
    }

    audience!();

    /// Encodes the arguments with this codec: payload passthru mode. Subscribers decode them with one of the same
    /// scheme.
    ///
    /// The error is [`Error::Passthru`](crate::Error::Passthru) when the codec can't, and
    /// [`Error::Unsupported`](crate::Error::Unsupported) when the router does not announce payload passthru mode.
    pub fn passthru(mut self, codec: impl PayloadCodec) -> Self {
        self.codec = Some(Arc::new(codec));
        self
    }

    /// How long to wait: for room in the send buffer, and for the router if it is to acknowledge.
    ///
    /// Without it [`App::request_timeout`](crate::App::request_timeout) holds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    fn options(&mut self) -> &mut PublishOptions<'static> {
        self.options.get_or_insert_default()
    }

    fn request(&mut self) -> Result<PublishRequest> {
        let Self { client, topic, options, codec, arguments, .. } = self;
        let seal = Seal::new(codec.take(), topic, client.serializer());
        let payload = seal.close(arguments.payload.finish(), || describe(topic))?;
        let (topic, options) = (std::mem::take(topic), options.take());
        Ok(PublishRequest { topic, options, payload, answer: None, taken: None, sent: None })
    }
}

/// Without the system's random numbers there is none, and the publication is not sent again.
fn publication_key() -> Option<PublicationKey> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).ok()?;
    Some(PublicationKey::from_bytes(bits))
}

fn describe(topic: &str) -> String {
    format!("the publication to {topic}")
}

impl IntoFuture for Publish<Unacknowledged> {
    type Output = Result<()>;
    type IntoFuture = Publishing<Unacknowledged, ()>;

    fn into_future(self) -> Self::IntoFuture {
        Publishing { publish: Some(self), start: Self::start, waiting: None }
    }
}

impl IntoFuture for Publish<Acknowledged> {
    type Output = Result<PublicationId>;
    type IntoFuture = Publishing<Acknowledged, PublicationId>;

    fn into_future(self) -> Self::IntoFuture {
        Publishing { publish: Some(self), start: Self::start, waiting: None }
    }
}

/// An event that is being published. Made by awaiting a [`Publish`].
#[must_use = "an event is not published until it is awaited"]
#[derive(Debug)]
pub struct Publishing<A, T> {
    publish: Option<Publish<A>>,
    /// Publishes it at once, or says what to wait for.
    start: fn(&mut Publish<A>) -> Started<T>,
    waiting: Option<Waiting<T>>,
}

type Started<T> = ControlFlow<Result<T>, Waiting<T>>;

/// What it waits for, if it has to. Those that are not acknowledged mostly don't.
enum Waiting<T> {
    /// For an answer, with the session's task keeping the time.
    Answer(oneshot::Receiver<Result<T>>),
    /// For something else.
    Other(Pin<Box<dyn Future<Output = Result<T>> + Send>>),
}

impl<T> Waiting<T> {
    fn on(future: impl Future<Output = Result<T>> + Send + 'static) -> Started<T> {
        ControlFlow::Continue(Self::Other(Box::pin(future)))
    }
}

impl<A: Unpin, T> Future for Publishing<A, T> {
    type Output = Result<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let start = self.start;
        if let Some(publish) = &mut self.publish {
            let started = start(publish);
            self.publish = None;
            match started {
                ControlFlow::Break(published) => return Poll::Ready(published),
                ControlFlow::Continue(waiting) => self.waiting = Some(waiting),
            }
        }
        match &mut self.waiting {
            Some(Waiting::Answer(answer)) => Pin::new(answer).poll(cx).map(answered),
            Some(Waiting::Other(future)) => future.as_mut().poll(cx),
            None => panic!("polled after it was ready"),
        }
    }
}

fn answered<T>(answer: Result<Result<T>, RecvError>) -> Result<T> {
    // Dropped unanswered: the task ended with the publication in its queue.
    answer.unwrap_or(Err(Error::Stopped))
}

impl Publish<Unacknowledged> {
    fn start(&mut self) -> Started<()> {
        if let Err(error) = self.arguments.check(|| describe(&self.topic)) {
            return ControlFlow::Break(Err(error));
        }
        // In passthru mode it may have to be refused.
        if self.codec.is_none()
            && let Some(posting) = self.client.posting()
        {
            let options = self.options.take().map(|options| *options);
            let Self { arguments, topic, .. } = self;
            arguments.payload.lend(|payload| posting.post(|requests| requests.post(topic, options, payload)));
            return ControlFlow::Break(Ok(()));
        }
        let (client, timeout) = (self.client.clone(), self.timeout);
        let mut request = match self.request() {
            Ok(request) => request,
            Err(error) => return ControlFlow::Break(Err(error)),
        };
        // As when the connection is congested.
        if request.payload.passthru.is_none()
            && let Some(room) = client.room()
        {
            client.inner.outbox.leave_to_task(|| room.send(Command::Publish(request)));
            return ControlFlow::Break(Ok(()));
        }
        Waiting::on(async move {
            let (buffers, description) = (client.inner.buffers, request.topic.clone());
            let sent = async {
                if request.payload.passthru.is_none() {
                    let Some(unsent) = client.post_soon(request).await else { return Ok(()) };
                    if !(buffers && client.session().is_none()) {
                        return client.send(Command::Publish(unsent)).await;
                    }
                    request = unsent;
                }
                // The session's task knows what the router announced, and whether the buffer has room.
                let without_session = if buffers { WithoutSession::Wait } else { WithoutSession::Fail };
                let taken = client.ask(without_session, |taken| {
                    request.taken = Some(taken);
                    Command::Publish(request)
                });
                taken.await
            };
            client.bounded(timeout, || describe(&description), sent).await
        })
    }
}

impl Publish<Acknowledged> {
    fn start(&mut self) -> Started<PublicationId> {
        if let Err(error) = self.arguments.check(|| describe(&self.topic)) {
            return ControlFlow::Break(Err(error));
        }
        let (answer, receiver) = oneshot::channel();
        let limit = self.timeout.unwrap_or(self.client.inner.request_timeout);
        // One that is not to be sent again is encoded, and nothing of it is kept.
        if self.codec.is_none()
            && !self.client.inner.buffers
            && let Some(posting) = self.client.posting()
        {
            let options = self.options.take().map(|options| *options);
            let Self { arguments, topic, .. } = self;
            arguments.payload.lend(|payload| {
                posting.post(|requests| {
                    let request = requests.post(topic, options, payload);
                    let patience = Patience::new(std::mem::take(topic), limit);
                    requests.insert(request, Pending::Acknowledge { answer, patience });
                });
            });
            return ControlFlow::Continue(Waiting::Answer(receiver));
        }
        let client = self.client.clone();
        if client.inner.buffers {
            self.options().publication_key = publication_key().map(|key| key.to_string().into());
        }
        let mut request = match self.request() {
            Ok(request) => request,
            Err(error) => return ControlFlow::Break(Err(error)),
        };
        request.answer = Some(answer);
        Waiting::on(async move {
            let topic = request.topic.clone();
            let asked = async {
                if let Some(request) = client.post_soon(request).await {
                    let buffers = client.inner.buffers;
                    let without_session = if buffers { WithoutSession::Wait } else { WithoutSession::Fail };
                    client.give(without_session, Command::Publish(request)).await?;
                }
                answered(receiver.await)
            };
            client.bounded(Some(limit), || describe(&topic), asked).await
        })
    }
}

impl<T> fmt::Debug for Waiting<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Waiting")
    }
}

impl<A> fmt::Debug for Publish<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publish").field("topic", &self.topic).finish_non_exhaustive()
    }
}
