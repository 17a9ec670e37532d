//! Arguments as they travel.

use std::sync::Arc;

use wamp_proto::message::options::Passthru;
use wamp_proto::{OwnedPayload, Serializer};

use crate::WampError;

/// The arguments of a message as it has them: plain, or in passthru mode.
#[derive(Debug, Clone, Default)]
pub(crate) struct Carried {
    pub(crate) payload: OwnedPayload,
    /// Nothing, where the arguments are plain.
    pub(crate) passthru: Option<Arc<Passthru<'static>>>,
}

impl Carried {
    /// Arguments that came with these attributes.
    pub(crate) fn received(payload: OwnedPayload, passthru: Option<&Passthru<'_>>) -> Self {
        Self { payload, passthru: kept(passthru) }
    }

    /// The keys of passthru mode that the message is to have.
    pub(crate) fn keys(&self) -> Option<Box<Passthru<'static>>> {
        self.passthru.as_deref().cloned().map(Box::new)
    }
}

/// The attributes of arguments, to be kept, where they are not plain.
pub(crate) fn kept(passthru: Option<&Passthru<'_>>) -> Option<Arc<Passthru<'static>>> {
    passthru.filter(|passthru| passthru.is_used()).map(|passthru| Arc::new(passthru.to_static()))
}

impl From<OwnedPayload> for Carried {
    fn from(payload: OwnedPayload) -> Self {
        Self { payload, passthru: None }
    }
}

/// The end of a call, as it travels.
#[derive(Debug)]
pub(crate) enum Reply {
    Result(Carried),
    Error { uri: String, payload: Carried },
}

impl Reply {
    /// An error in plain, for a peer of this serializer.
    pub(crate) fn error(error: &WampError, serializer: Serializer) -> Self {
        Self::Error { uri: error.uri().to_owned(), payload: error.payload(serializer).into() }
    }
}
