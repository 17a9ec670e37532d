//! What a message of the router makes the program do.

use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::oneshot;
use tracing::debug;
use wamp_proto::error;
use wamp_proto::message::PlainEvent;

use super::invocations::{Proceeded, Running};
use super::link::{Link, Shared};
use super::machine::Effect;
use super::{Endpoint, EndpointKey, EndpointKind};
use crate::handler::{Incoming, Invocation, Received};
use crate::{Error, Result, WampError};

impl Link {
    pub(super) fn effect(&mut self, effect: Effect, shared: &mut Shared<'_>) -> Result<()> {
        match effect {
            Effect::Event { endpoint, others, event } => {
                for other in others {
                    self.gathered.add(other, &event.origin, event.received.again(), shared);
                }
                self.gathered.add(endpoint, &event.origin, event.received, shared);
            }
            Effect::Invoke { endpoint, request, in_parts, more, mut call } => {
                let most_waiting = shared.most_waiting;
                let (invocation, running) =
                    Invocation::new(request, in_parts, more.then_some(most_waiting), self.context.serializer());
                call.received.invocation = Some(Box::new(invocation));
                self.invoke(endpoint, running, call, shared);
            }
            Effect::Proceed { request, is_last, payload } => {
                if shared.work.invocations.proceed(request, payload, is_last) == Proceeded::TooSlow {
                    let problem = "the procedure does not take its arguments as fast as they come";
                    self.machine.refuse(request, &WampError::new(error::UNAVAILABLE).arg(problem));
                }
            }
            Effect::Interrupt { request } => {
                if shared.work.invocations.interrupt(request) {
                    self.machine.refuse(request, &WampError::new(error::CANCELED));
                }
            }
            Effect::Revoked { endpoints, revocation } => {
                for endpoint in endpoints.iter().filter_map(|key| shared.endpoints.get(key)) {
                    endpoint.revoked.send_replace(Some(revocation.clone()));
                }
            }
            Effect::Attached { endpoint, answer, result } => return self.attached(endpoint, answer, result, shared),
            Effect::Goodbye { reason, message } | Effect::Abort { reason, message } => {
                return Err(Error::Closed { reason, message });
            }
        }
        Ok(())
    }

    /// Takes a frame if it is an event of the plainest kind, as nearly all are, without a message and an effect made of
    /// it. Any other frame comes back.
    // Inline: an event is not to be gathered in memory before it is where it waits.
    #[inline(always)]
    pub(super) fn plain_event(&mut self, frame: Bytes, shared: &mut Shared<'_>) -> Result<(), Bytes> {
        let Some(event) = PlainEvent::read(self.serializer, &frame) else { return Err(frame) };
        // Not there: it crossed our UNSUBSCRIBE.
        let Some(subscription) = self.machine.subscription(event.subscription) else { return Ok(()) };
        let Some((&endpoint, others)) = subscription.endpoints.split_last() else { return Ok(()) };
        let (origin, publication, placed) = (&subscription.origin, event.publication, event.payload.placed_in(&frame));
        for &other in others {
            self.gathered.add(other, origin, Received::event(publication, event.payload.own_in(&frame)), shared);
        }
        self.gathered.add(endpoint, origin, Received::event(publication, placed.keep(frame)), shared);
        Ok(())
    }

    fn invoke(&mut self, endpoint: EndpointKey, running: Running, call: Box<Incoming>, shared: &mut Shared<'_>) {
        let request = running.request;
        let Some(Endpoint { kind: EndpointKind::Procedure { handler, names, options, .. }, .. }) =
            shared.endpoints.get(&endpoint)
        else {
            self.machine.refuse(request, &WampError::new(error::NO_SUCH_REGISTRATION));
            return;
        };
        let invocations = &mut shared.work.invocations;
        // Not every router sees to the limit.
        let limit = options.concurrency.map(|limit| limit as usize);
        let refusal = if invocations.len() >= shared.most_invocations {
            format!("the callee is busy with {} calls, the most it takes", shared.most_invocations)
        } else if let Some(limit) = limit.filter(|&limit| invocations.of(endpoint) >= limit) {
            format!("the callee is busy with {limit} calls of this procedure, the most it takes")
        } else {
            invocations.start(endpoint, running, Arc::clone(handler), call, names);
            return;
        };
        self.machine.refuse(request, &WampError::new(error::UNAVAILABLE).arg(refusal));
    }

    fn attached(
        &mut self,
        endpoint: EndpointKey,
        answer: Option<oneshot::Sender<Result<()>>>,
        result: Result<()>,
        shared: &mut Shared<'_>,
    ) -> Result<()> {
        if let (Ok(()), Some(endpoint)) = (&result, shared.endpoints.get(&endpoint)) {
            self.machine.declare(endpoint);
        }
        let Some(answer) = answer else {
            self.missing = self.missing.saturating_sub(1);
            result?;
            self.resume(endpoint, shared);
            return Ok(());
        };
        let attached = result.is_ok();
        if !attached {
            shared.endpoints.remove(&endpoint);
        }
        if answer.send(result).is_err() && attached {
            // Whoever wanted it has given up in the meantime.
            debug!("an endpoint is detached again: nobody waits for it any more");
            shared.endpoints.remove(&endpoint);
            let (nobody, _) = oneshot::channel();
            self.machine.detach(endpoint, nobody);
        } else if attached {
            self.resume(endpoint, shared);
        }
        Ok(())
    }
}
