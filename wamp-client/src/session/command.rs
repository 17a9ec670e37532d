//! What clients ask the session's task for.

use tokio::sync::oneshot;
use wamp_proto::message::options::{CallOptions, PublishOptions};
use wamp_proto::{OwnedPayload, PublicationId};

use super::{Endpoint, EndpointKey};
use crate::Result;

/// Where an answer goes. Whoever waits for it may have given up.
pub(crate) type Answer<T> = oneshot::Sender<Result<T>>;

/// Names a call before it has a request id, and across sessions.
pub(crate) type CallKey = u64;

#[derive(Debug)]
pub(crate) enum Command {
    Call(CallRequest),
    Publish(PublishRequest),
    Attach(Endpoint, Answer<()>),
    Detach(EndpointKey, Answer<()>),
}

#[derive(Debug)]
pub(crate) struct CallRequest {
    pub(crate) key: CallKey,
    pub(crate) procedure: String,
    pub(crate) options: CallOptions<'static>,
    pub(crate) payload: OwnedPayload,
    pub(crate) answer: Answer<OwnedPayload>,
}

#[derive(Debug)]
pub(crate) struct PublishRequest {
    pub(crate) topic: String,
    pub(crate) options: PublishOptions<'static>,
    pub(crate) payload: OwnedPayload,
    /// Only for a publication that is to be acknowledged.
    pub(crate) answer: Option<Answer<PublicationId>>,
}

impl Command {
    /// Answers that it can't be done.
    pub(crate) fn refuse(self, error: impl Fn() -> crate::Error) {
        // Whoever asked may have given up: then there is nobody to tell.
        match self {
            Self::Call(request) => drop(request.answer.send(Err(error()))),
            Self::Publish(request) => {
                if let Some(answer) = request.answer {
                    drop(answer.send(Err(error())));
                }
            }
            Self::Attach(_, answer) | Self::Detach(_, answer) => drop(answer.send(Err(error()))),
        }
    }
}
