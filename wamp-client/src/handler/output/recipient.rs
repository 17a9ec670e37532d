//! Who gets what a handler returns.

use wamp_proto::Serializer;

use super::Outcome;
use crate::handler::BoxFuture;
use crate::handler::invocation::PartSender;

/// Who gets what a handler returns, and how.
#[derive(Debug)]
pub struct Recipient {
    /// What it is encoded in.
    pub(super) serializer: Serializer,
    pub(super) wants: Wants,
}

/// What the recipient wants of a result that comes in parts.
#[derive(Debug)]
pub(super) enum Wants {
    /// Each as it comes. Boxed: all handlers that run have room for this, and few need it.
    Parts(Box<PartSender>),
    /// All at once.
    Whole,
    /// None: it is an event that is handled, or a session that begins or ends.
    Nothing,
}

impl Recipient {
    /// A caller, who may have asked for parts.
    pub(crate) fn caller(serializer: Serializer, parts: Option<PartSender>) -> Self {
        Self { serializer, wants: parts.map_or(Wants::Whole, |parts| Wants::Parts(Box::new(parts))) }
    }

    /// Nobody: only an error will be noticed.
    pub(crate) fn nobody(serializer: Serializer) -> Self {
        Self { serializer, wants: Wants::Nothing }
    }
}

/// What a handler returned, on its way.
#[allow(missing_debug_implementations, reason = "it is moved on at once")]
pub enum Returning {
    /// All of it.
    Whole(Outcome),
    /// The rest, when its parts have been sent.
    Rest(BoxFuture<Outcome>),
}

impl Returning {
    /// What is left to be answered.
    pub async fn outcome(self) -> Outcome {
        match self {
            Self::Whole(outcome) => outcome,
            Self::Rest(rest) => rest.await,
        }
    }
}
