//! What clients ask the session's task for.

use std::sync::Weak;

use tokio::sync::{mpsc, oneshot};
use wamp_proto::message::options::{CallOptions, PublishOptions};
use wamp_proto::{PublicationId, RequestId};

use super::{Endpoint, EndpointKey, Sent};
use crate::Result;
use crate::handler::Alive;
use crate::passthru::{Carried, Reply};

/// Where an answer goes. Whoever waits for it may have given up.
pub(crate) type Answer<T> = oneshot::Sender<Result<T>>;

/// Names a call before it has a request id, and across sessions.
pub(crate) type CallKey = u64;

#[derive(Debug)]
pub(crate) enum Command {
    Call(CallRequest),
    More(MoreArguments),
    Progress(ProgressRequest),
    Publish(PublishRequest),
    Attach(Endpoint, Answer<()>),
    Detach(EndpointKey, Answer<()>),
}

#[derive(Debug)]
pub(crate) struct CallRequest {
    pub(crate) key: CallKey,
    pub(crate) procedure: String,
    pub(crate) options: Box<CallOptions<'static>>,
    pub(crate) payload: Carried,
    /// Where parts of the result go, if they are wanted.
    pub(crate) parts: Option<mpsc::Sender<Carried>>,
    /// It waits until there is a session.
    pub(crate) waits: bool,
    pub(crate) answer: Answer<Reply>,
}

/// A call that its caller has given up.
#[derive(Debug)]
pub(crate) struct Abandoned {
    pub(crate) call: CallKey,
    pub(crate) mode: CancelMode,
}

/// What is to become of a call that is canceled. Specification: "Call Canceling" (advanced profile).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum CancelMode {
    /// The procedure goes on, and does not learn that nobody waits for its result any more.
    Skip,
    /// The procedure is interrupted; the router answers when the procedure has ended.
    Kill,
    /// The procedure is interrupted, and the router does not wait for it.
    #[default]
    KillNoWait,
}

impl CancelMode {
    /// The word that stands for it in CANCEL.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Kill => "kill",
            Self::KillNoWait => "killnowait",
        }
    }
}

/// More arguments of a call that was made with the first of them.
#[derive(Debug)]
pub(crate) struct MoreArguments {
    pub(crate) key: CallKey,
    pub(crate) procedure: String,
    pub(crate) payload: Carried,
    pub(crate) is_last: bool,
}

/// A part of the result of a procedure that is running.
#[derive(Debug)]
pub(crate) struct ProgressRequest {
    pub(crate) request: RequestId,
    /// Gone when the call is over, be it that it was answered or that its session has ended.
    pub(crate) running: Weak<Alive>,
    pub(crate) payload: Carried,
}

#[derive(Debug)]
pub(crate) struct PublishRequest {
    pub(crate) topic: String,
    /// Nothing, where all are as usual.
    pub(crate) options: Option<Box<PublishOptions<'static>>>,
    pub(crate) payload: Carried,
    /// For a publication that is to be acknowledged, or may be refused on this side.
    pub(crate) answer: Option<Answer<PublicationId>>,
    /// For one that is not, if there was no session: learns whether it is sent, or will be.
    pub(crate) taken: Option<Answer<()>>,
    /// It has been sent before.
    pub(crate) sent: Option<Sent>,
}

impl PublishRequest {
    /// The memory it takes, about.
    pub(crate) fn size(&self) -> usize {
        let payload = self.payload.payload.as_payload();
        self.topic.len() + payload.args().map_or(0, <[u8]>::len) + payload.kwargs().map_or(0, <[u8]>::len)
    }

    /// The key by which a router that has seen it knows it again.
    pub(crate) fn publication_key(&self) -> Option<&str> {
        self.options.as_ref()?.publication_key.as_deref()
    }

    /// Whether somebody waited for it to be published, and does so no more: it is not published behind their back.
    pub(crate) fn is_given_up(&self) -> bool {
        self.answer.as_ref().is_some_and(Answer::is_closed) || self.taken.as_ref().is_some_and(Answer::is_closed)
    }

    /// Answers that it is not published; of one that was sent before, that this is not known.
    pub(crate) fn refuse(self, error: crate::Error) {
        let error = match self.sent {
            Some(_) => crate::Error::Lost { reason: "it could not be sent again".to_owned() },
            None => error,
        };
        // Whoever asked may have given up: then there is nobody to tell.
        if let Some(answer) = self.answer {
            drop(answer.send(Err(error.clone())));
        }
        if let Some(taken) = self.taken {
            drop(taken.send(Err(error)));
        }
    }
}

impl Command {
    /// Answers that it can't be done.
    pub(crate) fn refuse(self, error: impl Fn() -> crate::Error) {
        // Whoever asked may have given up: then there is nobody to tell.
        match self {
            Self::Call(request) => drop(request.answer.send(Err(error()))),
            Self::Publish(request) => request.refuse(error()),
            // The call itself was, or will be, told.
            Self::More(_) | Self::Progress(_) => {}
            Self::Attach(_, answer) | Self::Detach(_, answer) => drop(answer.send(Err(error()))),
        }
    }
}
