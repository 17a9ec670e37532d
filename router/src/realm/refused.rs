//! Requests that are answered with ERROR.

use std::borrow::Cow;

use wamp_proto::message::options::ErrorDetails;
use wamp_proto::message::{ErrorMessage, Message};
use wamp_proto::{PayloadBuilder, RequestId, error};

use super::Action;
use super::inquiry::Inquiry;
use super::limits::LIMIT_EXCEEDED;
use super::member::Member;
use crate::burst::Burst;

/// Why a request is not fulfilled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{error}: {why}")]
pub struct Refused {
    /// The error's URI.
    pub error: &'static str,
    /// What was wrong, for a person. Goes along as the error's argument.
    pub why: String,
    /// What the authorizer has to be asked before it is known whether the request is refused. It is,
    /// with this error, where nobody can wait for the answer.
    pub(crate) inquiry: Option<Box<Inquiry>>,
}

/// The kinds of request an ERROR of the router can be about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Publish = 16,
    Subscribe = 32,
    Unsubscribe = 34,
    Call = 48,
    Register = 64,
    Unregister = 66,
    /// Not a request, but a passthru payload the caller can't take is refused like one.
    Yield = 70,
}

impl Asked {
    /// The code of the request's message, `ERROR.REQUEST.Type`.
    pub(crate) fn code(self) -> u64 {
        self as u64
    }
}

impl Refused {
    pub(crate) fn new(error: &'static str, why: impl Into<String>) -> Self {
        Self { error, why: why.into(), inquiry: None }
    }

    /// The authorizer has to be asked first.
    pub(super) fn undecided(action: Action, uri: &str) -> Self {
        let why = format!("the authorizer has to be asked who may {} {uri:?}, which can't be done here", action.verb());
        let inquiry = Inquiry { action, uri: uri.into() };
        Self { inquiry: Some(Box::new(inquiry)), ..Self::new(error::AUTHORIZATION_FAILED, why) }
    }

    /// One of the [limits](super::Limits) is reached.
    pub(crate) fn limit(of: &str, limit: usize) -> Self {
        Self::new(LIMIT_EXCEEDED, format!("the session's limit of {limit} {of} is reached"))
    }

    /// Sends the ERROR.
    pub(crate) fn send(&self, member: &Member, asked: Asked, request: RequestId, burst: &mut Burst) {
        let mut payload = PayloadBuilder::new(member.outbox.encoding().serializer);
        // A string has an encoding in every serializer; without it the ERROR is still one.
        let _ = payload.arg(&*self.why);
        let payload = payload.finish();
        let error = Message::Error(ErrorMessage {
            request_type: asked.code(),
            request,
            details: ErrorDetails::default(),
            error: Cow::Borrowed(self.error),
            payload: payload.as_payload(),
        });
        burst.send(&member.outbox, &error);
    }
}
