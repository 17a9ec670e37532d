//! Messages of the router.

use std::borrow::Cow;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc::error::TrySendError;
use wamp_proto::message::{ErrorMessage, Event, Invocation};
use wamp_proto::{Message, RequestId, error};

use super::{Effect, Machine, Pending, Subscription};
use crate::handler::{Incoming, Origin, Particulars};
use crate::passthru::{Carried, Reply};
use crate::session::{Abandoned, CancelMode, EndpointKey, Revocation};
use crate::{Error, WampError};

impl Machine {
    /// Takes a frame.
    ///
    /// # Errors
    /// When the router broke the protocol: the text says how.
    pub(crate) fn receive(&mut self, frame: &Bytes) -> Result<Option<Effect>, String> {
        // Not moved from where it was decoded: it is big.
        let decoded = self.serializer.decode(frame);
        let message = decoded.as_ref().map_err(ToString::to_string)?;
        Ok(match message {
            Message::Event(event) => self.event(event, frame),
            Message::Invocation(invocation) => self.invocation(invocation, frame),
            Message::Interrupt(interrupt) => Some(Effect::Interrupt { request: interrupt.request }),
            Message::Result(result) if result.details.progress => {
                self.part(
                    result.request,
                    Carried::received(result.payload.own_in(frame), result.details.passthru.as_deref()),
                );
                None
            }
            Message::Result(result) => {
                if let Some(Pending::Call { answer, .. }) = self.answered(result.request) {
                    let carried = Carried::received(result.payload.own_in(frame), result.details.passthru.as_deref());
                    drop(answer.send(Ok(Reply::Result(carried))));
                }
                None
            }
            Message::Published(published) => {
                let answer = match self.answered(published.request) {
                    Some(Pending::Publish(publication)) => publication.answer,
                    Some(Pending::Acknowledge { answer, .. }) => Some(answer),
                    _ => None,
                };
                if let Some(answer) = answer {
                    drop(answer.send(Ok(published.publication)));
                }
                None
            }
            Message::Subscribed(subscribed) => {
                let subscription = subscribed.subscription;
                self.attached(subscribed.request, |machine, endpoint| {
                    let Some(uri) = machine.uri_of(endpoint) else { return };
                    let origin = || Origin::new(Arc::clone(&machine.context), uri);
                    let subscription = machine.subscriptions.entry(subscription);
                    let subscription =
                        subscription.or_insert_with(|| Subscription { endpoints: Vec::new(), origin: origin() });
                    subscription.endpoints.push(endpoint);
                })
            }
            Message::Registered(registered) => self.attached(registered.request, |machine, endpoint| {
                machine.registrations.insert(registered.registration, endpoint);
            }),
            Message::Unsubscribed(unsubscribed) => {
                if unsubscribed.request != RequestId::ZERO {
                    return Ok(self.detached(unsubscribed.request));
                }
                let details = unsubscribed.details.clone().unwrap_or_default();
                let endpoints = details.subscription.and_then(|id| self.subscriptions.remove(&id));
                let endpoints = endpoints.map(|subscription| subscription.endpoints);
                tracing::warn!(subscription = ?details.subscription, reason = ?details.reason, "subscription revoked");
                revoked(endpoints, details.reason)
            }
            Message::Unregistered(unregistered) => {
                if unregistered.request != RequestId::ZERO {
                    return Ok(self.detached(unregistered.request));
                }
                let details = unregistered.details.clone().unwrap_or_default();
                let endpoint = details.registration.and_then(|id| self.registrations.remove(&id));
                tracing::warn!(registration = ?details.registration, reason = ?details.reason, "registration revoked");
                revoked(endpoint.map(|endpoint| vec![endpoint]), details.reason)
            }
            Message::Error(error) => self.error(error, frame),
            Message::Goodbye(goodbye) => Some(Effect::Goodbye {
                reason: goodbye.reason.to_string(),
                message: goodbye.details.message.as_deref().unwrap_or_default().to_owned(),
            }),
            Message::Abort(abort) => Some(Effect::Abort {
                reason: abort.reason.to_string(),
                message: abort.details.message.as_deref().unwrap_or_default().to_owned(),
            }),
            other => return Err(format!("{} has no place in a session", other.name())),
        })
    }

    fn event(&self, event: &Event<'_>, frame: &Bytes) -> Option<Effect> {
        // Not there: it crossed our UNSUBSCRIBE.
        let Subscription { endpoints, origin } = self.subscriptions.get(&event.subscription)?;
        let (&endpoint, others) = endpoints.split_last()?;
        let origin = match &event.details.topic {
            Some(topic) if **topic != *origin.uri => Origin::new(Arc::clone(&self.context), topic.as_ref().into()),
            _ => Arc::clone(origin),
        };
        let (particulars, payload) = (Particulars::of_event(&event.details), event.payload.own_in(frame));
        let incoming = Incoming::new(origin, Some(event.publication), particulars, payload);
        Some(Effect::Event { endpoint, others: others.to_vec(), event: Box::new(incoming) })
    }

    fn invocation(&mut self, invocation: &Invocation<'_>, frame: &Bytes) -> Option<Effect> {
        let request = invocation.request;
        // Before the registration is looked at: that may have ended since.
        if self.uploads.is_known(request) {
            let is_last = !invocation.details.progress;
            if is_last {
                self.uploads.complete(request);
            }
            let payload = Carried::received(invocation.payload.own_in(frame), invocation.details.passthru.as_deref());
            return Some(Effect::Proceed { request, is_last, payload });
        }
        let Some(&endpoint) = self.registrations.get(&invocation.registration) else {
            // It crossed our UNREGISTER; whoever calls must get an answer all the same.
            self.refuse(request, &WampError::new(error::NO_SUCH_REGISTRATION));
            return None;
        };
        if invocation.details.progress {
            self.uploads.begin(request);
        }
        let (in_parts, more) = (invocation.details.receive_progress, invocation.details.progress);
        let uri = match &invocation.details.procedure {
            Some(procedure) => procedure.as_ref().into(),
            None => self.uri_of(endpoint)?,
        };
        let (origin, particulars) =
            (Origin::new(Arc::clone(&self.context), uri), Particulars::of_call(&invocation.details));
        let call = Incoming::new(origin, None, particulars, invocation.payload.own_in(frame));
        Some(Effect::Invoke { endpoint, request, in_parts, more, call: Box::new(call) })
    }

    /// A part of a call's result.
    fn part(&mut self, request: RequestId, payload: Carried) {
        let too_slow = self.outbox.requests(|requests| {
            // None for a call that was given up, or that did not ask for parts.
            let (call, parts) = requests.parts(request)?;
            let Err(TrySendError::Full(_)) = parts.try_send(payload) else { return None };
            // Waiting here would stop all else, growing would never end, and a result with a part missing is none.
            let waiting = parts.max_capacity();
            Some((requests.abandon(Abandoned { call, mode: CancelMode::KillNoWait })?, waiting))
        });
        if let Some((Pending::Call { answer, .. }, waiting)) = too_slow {
            drop(answer.send(Err(Error::TooSlow { waiting })));
        }
    }

    /// The request that is answered, if somebody waits for that.
    fn answered(&self, request: RequestId) -> Option<Pending> {
        self.outbox.requests(|requests| requests.remove(request))
    }

    /// An endpoint is attached, of which `record` takes note.
    fn attached(&mut self, request: RequestId, record: impl FnOnce(&mut Self, EndpointKey)) -> Option<Effect> {
        let Some(Pending::Attach { endpoint, answer, .. }) = self.answered(request) else { return None };
        record(self, endpoint);
        Some(Effect::Attached { endpoint, answer, result: Ok(()) })
    }

    /// What an endpoint is attached to.
    pub(crate) fn uri_of(&self, endpoint: EndpointKey) -> Option<Arc<str>> {
        self.patterns.get(&endpoint).map(|(_, uri)| Arc::clone(uri))
    }

    fn error(&mut self, error: &ErrorMessage<'_>, frame: &Bytes) -> Option<Effect> {
        let received = || WampError::received(&error.error, error.payload);
        match self.answered(error.request)? {
            Pending::Call { answer, .. } => {
                let payload = Carried::received(error.payload.own_in(frame), error.details.passthru.as_deref());
                drop(answer.send(Ok(Reply::Error { uri: error.error.to_string(), payload })));
                None
            }
            Pending::Publish(publication) => {
                if let Some(answer) = publication.answer {
                    drop(answer.send(Err(received().into())));
                }
                None
            }
            Pending::Acknowledge { answer, .. } => {
                drop(answer.send(Err(received().into())));
                None
            }
            Pending::Detach { answer } => {
                drop(answer.send(Err(received().into())));
                None
            }
            Pending::Attach { endpoint, verb, answer } => {
                let uri = self.patterns.remove(&endpoint).map(|(_, uri)| uri.to_string()).unwrap_or_default();
                let result = Err(Error::Setup { verb, uri, source: Box::new(received()) });
                Some(Effect::Attached { endpoint, answer, result })
            }
        }
    }

    fn detached(&mut self, request: RequestId) -> Option<Effect> {
        if let Some(Pending::Detach { answer }) = self.answered(request) {
            drop(answer.send(Ok(())));
        }
        None
    }
}

fn revoked(endpoints: Option<Vec<EndpointKey>>, reason: Option<Cow<'_, str>>) -> Option<Effect> {
    // None: it crossed our request to end it.
    let revocation = Revocation { reason: reason.map(Cow::into_owned) };
    Some(Effect::Revoked { endpoints: endpoints?, revocation })
}
