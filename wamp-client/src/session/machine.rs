//! The protocol of a joined session: commands and messages go in, frames and effects come out. No I/O, no clock.

mod incoming;
mod uploads;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::sync::oneshot;
use tokio::time::Instant;
use wamp_proto::message::options::{
    CallOptions, CloseDetails, ErrorDetails, RegisterOptions, SubscribeOptions, YieldOptions,
};
use wamp_proto::message::{Call, ErrorMessage, Goodbye, Register, Subscribe, Unregister, Unsubscribe, Yield};
use wamp_proto::{
    Features, MatchPolicy, Message, PayloadBuilder, RegistrationId, RequestId, Roles, Serializer, SubscriptionId,
};

use self::uploads::Uploads;
use super::outbox::{Frames, Outbox, Patience, Pending, Requests, Unanswered};
use super::{
    Abandoned, Answer, CallRequest, Endpoint, EndpointKey, EndpointKind, MoreArguments, PublishRequest, Revocation,
};
use crate::handler::{DEFINE, Declaration, Incoming, InvocationPolicy, Origin, SessionContext};
use crate::passthru::{Carried, Reply};
use crate::{Error, Result, WampError};

/// The number of INVOCATION, which an ERROR in answer to one names.
const INVOCATION: u64 = 68;

/// One session, from WELCOME to GOODBYE.
#[derive(Debug)]
pub(crate) struct Machine {
    serializer: Serializer,
    /// What goes with every message to its handler.
    context: Arc<SessionContext>,
    /// Where requests go out, and what else is sent.
    outbox: Outbox,
    subscriptions: BTreeMap<SubscriptionId, Subscription>,
    registrations: BTreeMap<RegistrationId, EndpointKey>,
    /// What the endpoints are attached to (or about to be), with the parameters filled in.
    patterns: BTreeMap<EndpointKey, (MatchPolicy, Arc<str>)>,
    /// What the router announced: it is asked for nothing else.
    broker: Features,
    dealer: Features,
    /// Invocations whose arguments have not all come.
    uploads: Uploads,
    /// Taken from the outbox, to be written.
    frames: Frames,
}

/// A subscription of the router's.
#[derive(Debug)]
pub(crate) struct Subscription {
    /// Those that subscribed the same topic share it. One at least, unless another is about to.
    pub(crate) endpoints: Vec<EndpointKey>,
    /// That of all its events which do not tell their topic.
    pub(crate) origin: Arc<Origin>,
}

/// What a message means for the program.
#[derive(Debug)]
pub(crate) enum Effect {
    /// An event for this endpoint, and for others that share its subscription.
    Event { endpoint: EndpointKey, others: Vec<EndpointKey>, event: Box<Incoming> },
    /// A call of this endpoint.
    Invoke {
        endpoint: EndpointKey,
        request: RequestId,
        /// The caller takes the result in parts.
        in_parts: bool,
        /// More arguments follow.
        more: bool,
        call: Box<Incoming>,
    },
    /// More arguments of a call that was made before.
    Proceed { request: RequestId, is_last: bool, payload: Carried },
    /// That call is no longer wanted.
    Interrupt { request: RequestId },
    /// The router has taken these endpoints back.
    Revoked { endpoints: Vec<EndpointKey>, revocation: Revocation },
    /// The router has answered about an endpoint.
    Attached { endpoint: EndpointKey, answer: Option<Answer<()>>, result: Result<()> },
    /// The router says goodbye, and wants to hear it too.
    Goodbye { reason: String, message: String },
    /// The router has ended the session, and wants to hear no more.
    Abort { reason: String, message: String },
}

impl Machine {
    pub(crate) fn new(
        context: Arc<SessionContext>,
        router: &Roles,
        key_memory: Option<Arc<str>>,
        outbox: Outbox,
    ) -> Self {
        let serializer = context.serializer();
        let (broker, dealer) = (router.broker.unwrap_or_default(), router.dealer.unwrap_or_default());
        outbox.begin(Requests::new(serializer, broker, dealer, key_memory));
        Self {
            serializer,
            context,
            outbox,
            subscriptions: BTreeMap::new(),
            registrations: BTreeMap::new(),
            patterns: BTreeMap::new(),
            broker,
            dealer,
            uploads: Uploads::default(),
            frames: Frames::default(),
        }
    }

    /// Hands over the frames to be sent. If `may_open`, clients add theirs from then on, or wait if it `is_congested`.
    ///
    /// # Errors
    /// The first of `send`; those that come after it are gone too, with their connection.
    pub(crate) fn frames(
        &mut self,
        is_congested: bool,
        may_open: impl FnOnce() -> bool,
        send: impl FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        self.outbox.take(&mut self.frames, is_congested, may_open);
        self.frames.drain(send)
    }

    /// Waits until there are any.
    pub(crate) fn poll_frames(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.outbox.poll_frames(cx)
    }

    /// When an answer may have taken [too long](Self::tell_overdue).
    pub(crate) fn due(&self) -> Option<Instant> {
        self.outbox.requests(|requests| requests.due())
    }

    /// Tells those whose answers took too long.
    pub(crate) fn tell_overdue(&self, now: Instant) {
        for pending in self.outbox.requests(|requests| requests.overdue(now)) {
            if let Pending::Acknowledge { answer, patience: Some(Patience { topic, limit, .. }) } = pending {
                let request = format!("the publication to {topic}");
                drop(answer.send(Err(Error::Timeout { request, after: limit })));
            }
        }
    }

    fn send(&mut self, message: &Message<'_>) {
        self.outbox.requests(|requests| requests.send(message));
    }

    /// Sends a request that `message` makes of its id, and notes who waits for the answer.
    fn request<'m, M: Into<Message<'m>>>(&mut self, message: impl FnOnce(RequestId) -> M, pending: Pending) {
        self.outbox.requests(|requests| {
            let request = requests.next();
            requests.send(&message(request).into());
            requests.insert(request, pending);
        });
    }

    pub(crate) fn call(&mut self, call: CallRequest) {
        self.outbox.requests(|requests| requests.call(call));
    }

    pub(crate) fn proceed(&mut self, arguments: &MoreArguments) {
        self.outbox.requests(|requests| requests.proceed(arguments));
    }

    pub(crate) fn abandon(&mut self, abandoned: Abandoned) {
        drop(self.outbox.requests(|requests| requests.abandon(abandoned)));
    }

    pub(crate) fn publish(&mut self, publication: PublishRequest) {
        self.outbox.requests(|requests| requests.publish(publication));
    }

    /// Whether this router keeps past events.
    pub(crate) fn keeps_history(&self) -> bool {
        self.broker.contains(Features::EVENT_HISTORY)
    }

    /// The subscription an endpoint has.
    pub(crate) fn subscription_of(&self, endpoint: EndpointKey) -> Option<SubscriptionId> {
        key_of(&self.subscriptions, |subscription| subscription.endpoints.contains(&endpoint))
    }

    /// What is known of a subscription.
    pub(crate) fn subscription(&self, subscription: SubscriptionId) -> Option<&Subscription> {
        self.subscriptions.get(&subscription)
    }

    /// Subscribes or registers, at the URI that the endpoint's own has become.
    pub(crate) fn attach(&mut self, endpoint: &Endpoint, uri: &str, answer: Option<Answer<()>>) {
        let matching = match endpoint.matching {
            MatchPolicy::Exact => None,
            MatchPolicy::Prefix => Some("prefix".into()),
            MatchPolicy::Wildcard => Some("wildcard".into()),
        };
        self.patterns.insert(endpoint.key, (endpoint.matching, uri.into()));
        let pending = Pending::Attach { endpoint: endpoint.key, verb: endpoint.kind.verb(), answer };
        match endpoint.kind {
            EndpointKind::Topic { get_retained, .. } => {
                let options = SubscribeOptions { matching, get_retained };
                self.request(|request| Subscribe { request, options, topic: uri.into() }, pending);
            }
            EndpointKind::Procedure { options, .. } => {
                let options = RegisterOptions {
                    matching,
                    invoke: (options.invoke != InvocationPolicy::Single).then(|| options.invoke.as_str().into()),
                    concurrency: options.concurrency.map(u64::from),
                    force_reregister: options.force_reregister,
                    disclose_caller: options.disclose_caller,
                    forward_timeout: options.forward_timeout,
                };
                self.request(|request| Register { request, options, procedure: uri.into() }, pending);
            }
        }
    }

    /// Tells what the source code says of a procedure, for others to read. Nobody waits for the answers: a router that
    /// does not want to know is none the worse.
    pub(crate) fn declare(&mut self, endpoint: &Endpoint) {
        let EndpointKind::Procedure { declarations, .. } = &endpoint.kind else { return };
        if !self.dealer.contains(Features::REFLECTION) {
            return;
        }
        let Some((_, own)) = self.patterns.get(&endpoint.key).cloned() else { return };
        for Declaration { kind, uri, description } in declarations {
            let mut payload = PayloadBuilder::new(self.serializer);
            let uri = uri.as_deref().unwrap_or(&own);
            let added =
                payload.arg(kind).and_then(|payload| payload.arg(uri)).and_then(|payload| payload.arg(description));
            if added.is_err() {
                continue;
            }
            let (options, payload) = (CallOptions::default(), payload.finish());
            self.outbox.requests(|requests| {
                let (request, procedure, payload) = (requests.next(), DEFINE.into(), payload.as_payload());
                requests.send(&Call { request, options, procedure, payload }.into());
            });
        }
    }

    /// Unsubscribes or unregisters.
    pub(crate) fn detach(&mut self, endpoint: EndpointKey, answer: Answer<()>) {
        let pattern = self.patterns.remove(&endpoint);
        if let Some(registration) = key_of(&self.registrations, |&key| key == endpoint) {
            self.registrations.remove(&registration);
            self.request(|request| Unregister { request, registration }, Pending::Detach { answer });
            return;
        }
        let Some(subscription) = key_of(&self.subscriptions, |subscription| subscription.endpoints.contains(&endpoint))
        else {
            // The router has taken it back already.
            drop(answer.send(Ok(())));
            return;
        };
        let sharing = self.subscriptions.get_mut(&subscription).map(|subscription| &mut subscription.endpoints);
        let is_shared = sharing.is_some_and(|sharing| {
            sharing.retain(|&key| key != endpoint);
            !sharing.is_empty()
        });
        // An endpoint whose SUBSCRIBE is under way will share it too, and an UNSUBSCRIBE would come after that.
        let patterns = &self.patterns;
        let is_wanted = |requests: &mut Requests| {
            let mut attaching = requests.attaching();
            attaching.any(|key| patterns.get(&key) == pattern.as_ref())
        };
        let is_wanted = self.outbox.requests(is_wanted);
        if is_shared || is_wanted {
            drop(answer.send(Ok(())));
            return;
        }
        self.subscriptions.remove(&subscription);
        self.request(|request| Unsubscribe { request, subscription }, Pending::Detach { answer });
    }

    /// Unregisters everything. What the router answers comes by these; until then it may send invocations.
    pub(crate) fn withdraw(&mut self) -> Vec<oneshot::Receiver<Result<()>>> {
        let registrations: Vec<_> = self.registrations.keys().copied().collect();
        let withdraw = registrations.into_iter().map(|registration| {
            let (answer, answered) = oneshot::channel();
            self.request(|request| Unregister { request, registration }, Pending::Detach { answer });
            answered
        });
        withdraw.collect()
    }

    /// Sends a part of the result of an invocation.
    pub(crate) fn progress(&mut self, request: RequestId, part: &Carried) {
        let options = YieldOptions { progress: true, passthru: part.keys() };
        self.send(&Yield { request, options, payload: part.payload.as_payload() }.into());
    }

    /// Answers an invocation.
    pub(crate) fn answer(&mut self, request: RequestId, reply: &Reply) {
        self.uploads.answered(request);
        match reply {
            Reply::Result(result) => {
                let options = YieldOptions { progress: false, passthru: result.keys() };
                self.send(&Yield { request, options, payload: result.payload.as_payload() }.into());
            }
            Reply::Error { uri, payload } => {
                let details = ErrorDetails { message: None, passthru: payload.keys() };
                let payload = payload.payload.as_payload();
                let message =
                    ErrorMessage { request_type: INVOCATION, request, details, error: uri.as_str().into(), payload };
                self.send(&message.into());
            }
        }
    }

    /// Answers an invocation that no handler gets.
    pub(crate) fn refuse(&mut self, request: RequestId, error: &WampError) {
        self.answer(request, &Reply::error(error, self.serializer));
    }

    /// Says goodbye, or answers the router's. After that nothing is sent any more.
    pub(crate) fn goodbye(&mut self, reason: &str) {
        let goodbye = Goodbye { details: CloseDetails::default(), reason: reason.into() };
        self.outbox.close(|requests| requests.send(&goodbye.into()));
    }

    /// The session is over: whoever waits for an answer is told. What can be set right in another session comes back.
    pub(crate) fn end(self, error: impl Fn() -> Error) -> Unanswered {
        self.outbox.end().fail(error)
    }
}

impl Drop for Machine {
    /// If the task is aborted nobody is to wait for ever.
    fn drop(&mut self) {
        drop(self.outbox.end());
    }
}

fn key_of<K: Copy, V>(map: &BTreeMap<K, V>, wanted: impl Fn(&V) -> bool) -> Option<K> {
    map.iter().find(|(_, value)| wanted(value)).map(|(key, _)| *key)
}
