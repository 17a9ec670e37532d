//! The requests of one session: what is sent, and who waits for the answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio::time::Instant;
use wamp_proto::message::options::{CallOptions, CancelOptions, PublishOptions};
use wamp_proto::message::{Bare, Call, Cancel, Publish};
use wamp_proto::{Features, Message, Payload, RequestId, Serializer};

use super::{Frames, InOrder, Pending, Unanswered};
use crate::Error;
use crate::passthru::Carried;
use crate::session::{Abandoned, CallKey, CallRequest, EndpointKey, MoreArguments, PublishRequest, Sent};

/// What payloads of one's own need, for errors.
const PASSTHRU: &str = "payload passthru mode";

/// The requests of one session. Their ids count from 1, without a gap: routers insist on that.
#[derive(Debug)]
pub(crate) struct Requests {
    serializer: Serializer,
    /// What the router announced: it is asked for nothing else.
    broker: Features,
    dealer: Features,
    /// What tells the memory of publication keys of this router from others, if it has one.
    key_memory: Option<Arc<str>>,
    last: RequestId,
    pending: InOrder<Pending>,
    /// When somebody may have to be told that it took too long; or not, if the answer has come.
    due: Option<Instant>,
    /// Where to find a call that its caller gave up.
    calls: BTreeMap<CallKey, RequestId>,
    /// What is to be sent.
    pub(super) frames: Frames,
}

impl Default for Requests {
    /// Those of no session.
    fn default() -> Self {
        Self::new(Serializer::DEFAULT, Features::default(), Features::default(), None)
    }
}

impl Requests {
    pub(crate) fn new(
        serializer: Serializer,
        broker: Features,
        dealer: Features,
        key_memory: Option<Arc<str>>,
    ) -> Self {
        let (pending, calls, frames) = Default::default();
        Self { serializer, broker, dealer, key_memory, last: RequestId::ZERO, pending, due: None, calls, frames }
    }

    pub(crate) fn send(&mut self, message: &Message<'_>) {
        self.frames.push(|out| self.serializer.encode(message, out));
    }

    /// The id of the next request.
    pub(crate) fn next(&mut self) -> RequestId {
        self.last = self.last.next();
        self.last
    }

    pub(crate) fn insert(&mut self, request: RequestId, pending: Pending) {
        self.due = [self.due, pending.due()].into_iter().flatten().min();
        self.pending.insert(request, pending);
    }

    /// When to [look](Self::overdue) whether an answer took too long.
    pub(crate) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Takes out those whose answers took too long.
    pub(crate) fn overdue(&mut self, now: Instant) -> Vec<Pending> {
        if self.due.is_none_or(|due| due > now) {
            return Vec::new();
        }
        let overdue = self.pending.extract(|pending| pending.due().is_some_and(|due| due <= now));
        self.due = self.pending.values().filter_map(Pending::due).min();
        overdue
    }

    /// Takes a request out that has its answer. There is none for what was given up, and for an answer the router made
    /// up.
    pub(crate) fn remove(&mut self, request: RequestId) -> Option<Pending> {
        let pending = self.pending.remove(request)?;
        if let Pending::Call { key, .. } = &pending {
            self.calls.remove(key);
        }
        Some(pending)
    }

    /// The call of this id, and where the parts of its result go.
    pub(crate) fn parts(&self, request: RequestId) -> Option<(CallKey, &mpsc::Sender<Carried>)> {
        match self.pending.get(request) {
            Some(Pending::Call { key, parts: Some(parts), .. }) => Some((*key, parts)),
            _ => None,
        }
    }

    /// The endpoints whose attachment is under way.
    pub(crate) fn attaching(&self) -> impl Iterator<Item = EndpointKey> {
        self.pending.values().filter_map(|pending| match pending {
            Pending::Attach { endpoint, .. } => Some(*endpoint),
            _ => None,
        })
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
        let request = self.next();
        let procedure = procedure.as_str().into();
        let message = Call { request, options: *options, procedure, payload: payload.payload.as_payload() };
        self.send(&message.into());
        self.calls.insert(key, request);
        self.insert(request, Pending::Call { key, parts, answer });
    }

    /// Sends more arguments of a call. Nothing, when it has been answered: it has arguments enough.
    pub(crate) fn proceed(&mut self, arguments: &MoreArguments) {
        let MoreArguments { key, procedure, payload, is_last } = arguments;
        let Some(&request) = self.calls.get(key) else { return };
        let options = CallOptions { progress: !is_last, passthru: payload.keys(), ..CallOptions::default() };
        let procedure = procedure.as_str().into();
        self.send(&Call { request, options, procedure, payload: payload.payload.as_payload() }.into());
    }

    /// The caller has given the call up. Gives what nobody waits for any more.
    pub(crate) fn abandon(&mut self, Abandoned { call, mode }: Abandoned) -> Option<Pending> {
        let request = self.calls.remove(&call)?;
        if self.dealer.contains(Features::CALL_CANCELING) {
            let options = CancelOptions { mode: Some(mode.as_str().into()) };
            self.send(&Cancel { request, options }.into());
        }
        self.pending.remove(request)
    }

    pub(crate) fn publish(&mut self, mut publication: PublishRequest) {
        if publication.sent.as_ref().is_some_and(|sent| !sent.is_known_to(self.key_memory.as_ref())) {
            return publication.refuse(Error::NotJoined);
        }
        if publication.payload.passthru.is_some() && !self.broker.contains(Features::PAYLOAD_PASSTHRU_MODE) {
            let request = format!("the publication to {}", publication.topic);
            return publication.refuse(Error::Unsupported { request, feature: PASSTHRU });
        }
        // All of it is needed again only where it may have to be sent again.
        let is_kept = publication.answer.is_some() && publication.publication_key().is_some();
        let memory = self.key_memory.clone().filter(|_| is_kept);
        let mut options = publication.options.as_deref().cloned();
        if let Some(keys) = publication.payload.keys() {
            options.get_or_insert_default().passthru = Some(keys);
        }
        let request = self.post(&publication.topic, options, publication.payload.payload.as_payload());
        if let Some(taken) = publication.taken.take() {
            drop(taken.send(Ok(())));
        }
        if let Some(memory) = memory {
            publication.sent.get_or_insert_with(|| Sent { memory, at: Instant::now() });
            self.insert(request, Pending::Publish(Box::new(publication)));
        } else if let Some(answer) = publication.answer {
            self.insert(request, Pending::Acknowledge { answer, patience: None });
        }
    }

    /// Sends a publication. Nothing of it is kept.
    pub(crate) fn post(&mut self, topic: &str, options: Option<PublishOptions<'_>>, payload: Payload<'_>) -> RequestId {
        let request = self.next();
        match options {
            Some(mut options) => {
                if self.key_memory.is_none() {
                    options.publication_key = None;
                }
                self.send(&Publish { request, options, topic: topic.into(), payload }.into());
            }
            None => {
                let publish = Bare::publish(request, topic, payload);
                self.frames.push(|out| self.serializer.encode_bare(&publish, out));
            }
        }
        request
    }

    /// The session is over: whoever waits for an answer is told, unless another session may bring one.
    pub(crate) fn fail(self, error: impl Fn() -> Error) -> Unanswered {
        let mut unanswered = Unanswered::default();
        for pending in self.pending.into_values() {
            // Whoever asked may have given up: then there is nobody to tell.
            match pending {
                Pending::Call { answer, .. } => drop(answer.send(Err(error()))),
                Pending::Publish(publication) => unanswered.publications.push(*publication),
                Pending::Acknowledge { answer, .. } => drop(answer.send(Err(error()))),
                Pending::Detach { answer } => drop(answer.send(Err(error()))),
                Pending::Attach { endpoint, answer: Some(answer), .. } => {
                    unanswered.endpoints.push(endpoint);
                    drop(answer.send(Err(error())));
                }
                Pending::Attach { answer: None, .. } => {}
            }
        }
        unanswered
    }
}
