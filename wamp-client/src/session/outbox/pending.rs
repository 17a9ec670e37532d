//! Requests that wait for their answers.

use tokio::sync::mpsc;
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
