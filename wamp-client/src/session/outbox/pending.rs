//! Requests that wait for their answers.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;
use wamp_proto::PublicationId;

use crate::passthru::{Carried, Reply};
use crate::session::{Answer, CallKey, EndpointKey, PublishRequest};

#[derive(Debug)]
pub(crate) enum Pending {
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
        /// How long somebody waits for that, if the session's task is to keep the time.
        patience: Option<Patience>,
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

/// How long somebody waits for a publication to be acknowledged.
#[derive(Debug)]
pub(crate) struct Patience {
    pub(crate) topic: String,
    pub(crate) limit: Duration,
    pub(crate) due: Instant,
}

impl Patience {
    /// From now on. Nothing, when there will be no end of it.
    pub(crate) fn new(topic: String, limit: Duration) -> Option<Self> {
        Instant::now().checked_add(limit).map(|due| Self { topic, limit, due })
    }
}

impl Pending {
    /// When whoever waits is to be told that it took too long.
    pub(super) fn due(&self) -> Option<Instant> {
        match self {
            Self::Acknowledge { patience: Some(patience), .. } => Some(patience.due),
            _ => None,
        }
    }
}

/// What had no answer when the session ended.
#[derive(Debug, Default)]
pub(crate) struct Unanswered {
    /// Endpoints that a client was attaching: without an answer it does not have them.
    pub(crate) endpoints: Vec<EndpointKey>,
    /// Publications that can be sent again, in the order they were sent.
    pub(crate) publications: Vec<PublishRequest>,
}
