//! The protocol of a joined session: commands and messages go in, frames and effects come out. No I/O, no clock.

mod frames;
mod incoming;
mod pending;
mod uploads;

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::oneshot;
use tokio::time::Instant;
use wamp_proto::message::options::{
    CallOptions, CancelOptions, CloseDetails, ErrorDetails, RegisterOptions, SubscribeOptions, YieldOptions,
};
use wamp_proto::message::{
    Call, Cancel, ErrorMessage, Goodbye, Publish, Register, Subscribe, Unregister, Unsubscribe, Yield,
};
use wamp_proto::{
    Features, MatchPolicy, Message, PayloadBuilder, RegistrationId, RequestId, Roles, Serializer, SubscriptionId,
};

use self::frames::Frames;
pub(crate) use self::pending::Unanswered;
use self::pending::{Pending, Requests};
use self::uploads::Uploads;
use super::{
    Answer, CallKey, CallRequest, CancelMode, Endpoint, EndpointKey, EndpointKind, MoreArguments, PublishRequest,
    Revocation, Sent,
};
use crate::handler::{DEFINE, Declaration, Incoming, InvocationPolicy, SessionContext};
use crate::passthru::{Carried, Reply};
use crate::{Error, Result, WampError};

/// The number of INVOCATION, which an ERROR in answer to one names.
const INVOCATION: u64 = 68;

/// What payloads of one's own need, for errors.
const PASSTHRU: &str = "payload passthru mode";

/// One session, from WELCOME to GOODBYE.
#[derive(Debug)]
pub(crate) struct Machine {
    serializer: Serializer,
    /// What goes with every message to its handler.
    context: Arc<SessionContext>,
    requests: Requests,
    /// Where to find a call that its caller gave up.
    calls: BTreeMap<CallKey, RequestId>,
    /// Endpoints that subscribed the same topic share the router's subscription.
    subscriptions: BTreeMap<SubscriptionId, Vec<EndpointKey>>,
    registrations: BTreeMap<RegistrationId, EndpointKey>,
    /// What the endpoints are attached to (or about to be), with the parameters filled in.
    patterns: BTreeMap<EndpointKey, (MatchPolicy, Arc<str>)>,
    /// What the router announced: it is asked for nothing else.
    broker: Features,
    dealer: Features,
    /// What tells the memory of publication keys of this router from others, if it has one.
    key_memory: Option<Arc<str>>,
    /// Invocations whose arguments have not all come.
    uploads: Uploads,
    frames: Frames,
}

/// What a message means for the program.
#[derive(Debug)]
pub(crate) enum Effect {
    /// An event, for the [endpoints](Machine::endpoints_of) that share the subscription.
    Event { subscription: SubscriptionId, event: Box<Incoming> },
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
    pub(crate) fn new(context: Arc<SessionContext>, router: &Roles, key_memory: Option<Arc<str>>) -> Self {
        Self {
            serializer: context.serializer(),
            context,
            requests: Requests::default(),
            calls: BTreeMap::new(),
            subscriptions: BTreeMap::new(),
            registrations: BTreeMap::new(),
            patterns: BTreeMap::new(),
            broker: router.broker.unwrap_or_default(),
            dealer: router.dealer.unwrap_or_default(),
            key_memory,
            uploads: Uploads::default(),
            frames: Frames::default(),
        }
    }

    /// Hands over the frames to be sent.
    ///
    /// # Errors
    /// The first of `send`; those that come after it are gone too, with their connection.
    pub(crate) fn frames(&mut self, send: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        self.frames.drain(send)
    }

    fn send(&mut self, message: &Message<'_>) {
        self.frames.push(self.serializer, message);
    }

    pub(crate) fn call(&mut self, call: CallRequest) {
        if call.answer.is_closed() {
            return;
        }
        let CallRequest { key, procedure, mut options, payload, parts, answer, .. } = call;
        let needed = [
            (options.progress, Features::PROGRESSIVE_CALL_INVOCATIONS, "progressive call invocations"),
            (payload.passthru.is_some(), Features::PAYLOAD_PASSTHRU_MODE, PASSTHRU),
        ];
        let is_missing = |(is_needed, feature, _): &(bool, Features, _)| *is_needed && !self.dealer.contains(*feature);
        if let Some((.., feature)) = needed.into_iter().find(is_missing) {
            let request = format!("the call of {procedure}");
            drop(answer.send(Err(Error::Unsupported { request, feature })));
            return;
        }
        options.passthru = payload.keys();
        if !self.dealer.contains(Features::CALL_TIMEOUT) {
            options.timeout = None;
        }
        let request = self.requests.next();
        let procedure = procedure.as_str().into();
        let message = Call { request, options: *options, procedure, payload: payload.payload.as_payload() };
        self.send(&message.into());
        self.calls.insert(key, request);
        self.requests.insert(request, Pending::Call { key, parts, answer });
    }

    /// Sends more arguments of a call. Nothing, when it has been answered: it has arguments enough.
    pub(crate) fn proceed(&mut self, arguments: &MoreArguments) {
        let MoreArguments { key, procedure, payload, is_last } = arguments;
        let Some(&request) = self.calls.get(key) else { return };
        let options = CallOptions { progress: !is_last, passthru: payload.keys(), ..CallOptions::default() };
        let procedure = procedure.as_str().into();
        self.send(&Call { request, options, procedure, payload: payload.payload.as_payload() }.into());
    }

    /// The caller has given the call up.
    pub(crate) fn abandon(&mut self, call: CallKey, mode: CancelMode) {
        let Some(request) = self.calls.remove(&call) else { return };
        self.requests.remove(request);
        if self.dealer.contains(Features::CALL_CANCELING) {
            let options = CancelOptions { mode: Some(mode.as_str().into()) };
            self.send(&Cancel { request, options }.into());
        }
    }

    pub(crate) fn publish(&mut self, mut publication: PublishRequest) {
        if publication.sent.as_ref().is_some_and(|sent| !sent.is_known_to(self.key_memory.as_ref())) {
            return publication.refuse(Error::NotJoined);
        }
        if publication.payload.passthru.is_some() && !self.broker.contains(Features::PAYLOAD_PASSTHRU_MODE) {
            let request = format!("the publication to {}", publication.topic);
            return publication.refuse(Error::Unsupported { request, feature: PASSTHRU });
        }
        let request = self.requests.next();
        // All of it is needed again only where it may have to be sent again.
        let memory = self.key_memory.as_ref();
        let memory =
            memory.filter(|_| publication.answer.is_some() && publication.publication_key().is_some()).cloned();
        let options = if memory.is_some() { publication.options.clone() } else { publication.options.take() };
        let mut options = options.map(|options| *options).unwrap_or_default();
        if self.key_memory.is_none() {
            options.publication_key = None;
        }
        options.passthru = publication.payload.keys();
        let (topic, payload) = (publication.topic.as_str().into(), publication.payload.payload.as_payload());
        self.send(&Publish { request, options, topic, payload }.into());
        if let Some(taken) = publication.taken.take() {
            drop(taken.send(Ok(())));
        }
        if let Some(memory) = memory {
            publication.sent.get_or_insert_with(|| Sent { memory, at: Instant::now() });
            self.requests.insert(request, Pending::Publish(Box::new(publication)));
        } else if let Some(answer) = publication.answer {
            self.requests.insert(request, Pending::Acknowledge { answer });
        }
    }

    /// Whether this router keeps past events.
    pub(crate) fn keeps_history(&self) -> bool {
        self.broker.contains(Features::EVENT_HISTORY)
    }

    /// The endpoints that share a subscription.
    pub(crate) fn endpoints_of(&self, subscription: SubscriptionId) -> &[EndpointKey] {
        self.subscriptions.get(&subscription).map(Vec::as_slice).unwrap_or_default()
    }

    /// The subscription an endpoint has.
    pub(crate) fn subscription_of(&self, endpoint: EndpointKey) -> Option<SubscriptionId> {
        key_of(&self.subscriptions, |keys| keys.contains(&endpoint))
    }

    /// Subscribes or registers, at the URI that the endpoint's own has become.
    pub(crate) fn attach(&mut self, endpoint: &Endpoint, uri: &str, answer: Option<Answer<()>>) {
        let request = self.requests.next();
        let matching = match endpoint.matching {
            MatchPolicy::Exact => None,
            MatchPolicy::Prefix => Some("prefix".into()),
            MatchPolicy::Wildcard => Some("wildcard".into()),
        };
        match endpoint.kind {
            EndpointKind::Topic { get_retained, .. } => {
                let options = SubscribeOptions { matching, get_retained };
                self.send(&Subscribe { request, options, topic: uri.into() }.into());
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
                self.send(&Register { request, options, procedure: uri.into() }.into());
            }
        }
        self.patterns.insert(endpoint.key, (endpoint.matching, uri.into()));
        let verb = endpoint.kind.verb();
        self.requests.insert(request, Pending::Attach { endpoint: endpoint.key, verb, answer });
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
            let (request, payload) = (self.requests.next(), payload.finish());
            let options = CallOptions::default();
            self.send(&Call { request, options, procedure: DEFINE.into(), payload: payload.as_payload() }.into());
        }
    }

    /// Unsubscribes or unregisters.
    pub(crate) fn detach(&mut self, endpoint: EndpointKey, answer: Answer<()>) {
        let pattern = self.patterns.remove(&endpoint);
        if let Some(registration) = key_of(&self.registrations, |&key| key == endpoint) {
            self.registrations.remove(&registration);
            let request = self.requests.next();
            self.send(&Unregister { request, registration }.into());
            self.requests.insert(request, Pending::Detach { answer });
            return;
        }
        let Some(subscription) = key_of(&self.subscriptions, |keys| keys.contains(&endpoint)) else {
            // The router has taken it back already.
            drop(answer.send(Ok(())));
            return;
        };
        let sharing = self.subscriptions.entry(subscription).or_default();
        sharing.retain(|&key| key != endpoint);
        // An endpoint whose SUBSCRIBE is under way will share it too, and an UNSUBSCRIBE would come after that.
        let patterns = &self.patterns;
        let is_wanted = self.requests.attaching().any(|key| patterns.get(&key) == pattern.as_ref());
        if !sharing.is_empty() || is_wanted {
            drop(answer.send(Ok(())));
            return;
        }
        self.subscriptions.remove(&subscription);
        let request = self.requests.next();
        self.send(&Unsubscribe { request, subscription }.into());
        self.requests.insert(request, Pending::Detach { answer });
    }

    /// Unregisters everything. What the router answers comes by these; until then it may send invocations.
    pub(crate) fn withdraw(&mut self) -> Vec<oneshot::Receiver<Result<()>>> {
        let registrations: Vec<_> = self.registrations.keys().copied().collect();
        let withdraw = registrations.into_iter().map(|registration| {
            let (answer, answered) = oneshot::channel();
            let request = self.requests.next();
            self.send(&Unregister { request, registration }.into());
            self.requests.insert(request, Pending::Detach { answer });
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

    /// Says goodbye, or answers the router's.
    pub(crate) fn goodbye(&mut self, reason: &str) {
        self.send(&Goodbye { details: CloseDetails::default(), reason: reason.into() }.into());
    }

    /// The session is over: whoever waits for an answer is told. What can be set right in another session comes back.
    pub(crate) fn end(self, error: impl Fn() -> Error) -> Unanswered {
        self.requests.fail(error)
    }
}

fn key_of<K: Copy, V>(map: &BTreeMap<K, V>, wanted: impl Fn(&V) -> bool) -> Option<K> {
    map.iter().find(|(_, value)| wanted(value)).map(|(key, _)| *key)
}
