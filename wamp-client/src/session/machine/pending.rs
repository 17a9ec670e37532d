//! Requests that wait for their answers.

use std::collections::BTreeMap;

use tokio::sync::mpsc;
use wamp_proto::{PublicationId, RequestId};

use super::Effect;
use crate::Error;
use crate::passthru::{Carried, Reply};
use crate::session::{Answer, CallKey, EndpointKey, PublishRequest};

#[derive(Debug)]
pub(super) enum Pending {
    Call {
        key: CallKey,
        /// Where parts of the result go, if they are wanted.
        parts: Option<mpsc::Sender<Carried>>,
        answer: Answer<Reply>,
    },
    /// A publication that is to be acknowledged: all of it, since it may have to be sent again.
    Publish(Box<PublishRequest>),
    /// One that can't be sent again: no router would know that it is the same.
    Acknowledge {
        answer: Answer<PublicationId>,
    },
    /// No answer is wanted for what is set up after a join: the effect is enough.
    Attach {
        endpoint: EndpointKey,
        verb: &'static str,
        answer: Option<Answer<()>>,
    },
    Detach {
        answer: Answer<()>,
    },
}

/// What had no answer when the session ended.
#[derive(Debug, Default)]
pub(crate) struct Unanswered {
    /// Endpoints that a client was attaching: without an answer it does not have them.
    pub(crate) endpoints: Vec<EndpointKey>,
    /// Publications that can be sent again, in the order they were sent.
    pub(crate) publications: Vec<PublishRequest>,
}

/// The requests of one session. Their ids count from 1, without a gap: routers insist on that.
#[derive(Debug)]
pub(super) struct Requests {
    last: RequestId,
    pending: BTreeMap<RequestId, Pending>,
}

impl Default for Requests {
    fn default() -> Self {
        Self { last: RequestId::ZERO, pending: BTreeMap::new() }
    }
}

impl Requests {
    /// The id of the next request.
    pub(super) fn next(&mut self) -> RequestId {
        self.last = self.last.next();
        self.last
    }

    pub(super) fn insert(&mut self, request: RequestId, pending: Pending) {
        self.pending.insert(request, pending);
    }

    /// Takes a request out. There is none for what was given up, and for an answer the router made up.
    pub(super) fn remove(&mut self, request: RequestId) -> Option<Pending> {
        self.pending.remove(&request)
    }

    /// Where the parts of a call's result go.
    pub(super) fn parts(&self, request: RequestId) -> Option<&mpsc::Sender<Carried>> {
        match self.pending.get(&request) {
            Some(Pending::Call { parts, .. }) => parts.as_ref(),
            _ => None,
        }
    }

    /// The endpoints whose attachment is under way.
    pub(super) fn attaching(&self) -> impl Iterator<Item = EndpointKey> {
        self.pending.values().filter_map(|pending| match pending {
            Pending::Attach { endpoint, .. } => Some(*endpoint),
            _ => None,
        })
    }

    /// Settles an attachment, with `record` taking note of the endpoint.
    pub(super) fn attached(&mut self, request: RequestId, record: impl FnOnce(EndpointKey)) -> Option<Effect> {
        let Some(Pending::Attach { endpoint, answer, .. }) = self.remove(request) else { return None };
        record(endpoint);
        Some(Effect::Attached { endpoint, answer, result: Ok(()) })
    }

    /// Tells everyone that no answer will come, unless another session may bring one.
    pub(super) fn fail(self, error: impl Fn() -> Error) -> Unanswered {
        let mut unanswered = Unanswered::default();
        for pending in self.pending.into_values() {
            // Whoever asked may have given up: then there is nobody to tell.
            match pending {
                Pending::Call { answer, .. } => drop(answer.send(Err(error()))),
                Pending::Publish(publication) => unanswered.publications.push(*publication),
                Pending::Acknowledge { answer } => drop(answer.send(Err(error()))),
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
