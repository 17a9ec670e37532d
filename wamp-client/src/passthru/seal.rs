//! The codec of one call or publication, at work on what goes out.

use std::fmt;
use std::sync::Arc;

use wamp_proto::message::options::Passthru;
use wamp_proto::{OwnedPayload, Serializer};

use super::{Carried, CodecError, PayloadCodec, PayloadContext, Reply};
use crate::handler::Outcome;
use crate::{Error, Result, WampError};

/// What all payloads of one call or publication are encoded with: by a codec, or not at all.
#[derive(Clone)]
pub(crate) struct Seal {
    serializer: Serializer,
    passthru: Option<Used>,
}

#[derive(Clone)]
struct Used {
    codec: Arc<dyn PayloadCodec>,
    uri: Arc<str>,
    /// What came with the call that is answered.
    request: Option<Arc<Passthru<'static>>>,
}

impl Seal {
    /// Plain payloads, in a session of this serializer.
    pub(crate) fn plain(serializer: Serializer) -> Self {
        Self { serializer, passthru: None }
    }

    /// For a request to this topic or procedure.
    pub(crate) fn new(codec: Option<Arc<dyn PayloadCodec>>, uri: &str, serializer: Serializer) -> Self {
        Self { serializer, passthru: codec.map(|codec| Used { codec, uri: uri.into(), request: None }) }
    }

    /// For the answer to a call that came with these attributes.
    pub(super) fn answering(
        codec: Arc<dyn PayloadCodec>,
        uri: Arc<str>,
        request: Arc<Passthru<'static>>,
        serializer: Serializer,
    ) -> Self {
        Self { serializer, passthru: Some(Used { codec, uri, request: Some(request) }) }
    }

    /// What arguments are encoded in before the codec gets them, if there is one.
    pub(crate) fn serializer(&self) -> Serializer {
        self.serializer
    }

    /// The codec, if there is one.
    pub(super) fn codec(&self) -> Option<&Arc<dyn PayloadCodec>> {
        self.passthru.as_ref().map(|used| &used.codec)
    }

    /// Encodes arguments, which `payload` says what of in an error.
    pub(crate) fn close(&self, arguments: OwnedPayload, payload: impl FnOnce() -> String) -> Result<Carried> {
        self.encode(arguments).map_err(|source| Error::Passthru {
            payload: payload(),
            scheme: self.codec().map(|codec| codec.scheme().to_owned()).unwrap_or_default(),
            source: source.into(),
        })
    }

    /// Encodes what a procedure answers.
    pub(crate) fn close_outcome(&self, outcome: Outcome) -> Reply {
        let closed = match outcome {
            Ok(payload) => self.encode(payload).map(Reply::Result),
            Err(error) => {
                let payload = self.encode(error.payload(self.serializer));
                payload.map(|payload| Reply::Error { uri: error.uri().to_owned(), payload })
            }
        };
        closed.unwrap_or_else(|problem| {
            tracing::warn!(seal = ?self, problem, "answer not encoded");
            // Nothing of the answer, which was to be kept from the router.
            let text = "the answer has no encoding in the scheme of the call";
            Reply::error(&WampError::runtime(text), self.serializer)
        })
    }

    fn encode(&self, arguments: OwnedPayload) -> Result<Carried, CodecError> {
        let Some(Used { codec, uri, request }) = &self.passthru else { return Ok(arguments.into()) };
        let context = PayloadContext { uri, request: request.as_deref() };
        let encoded = codec.encode(&context, arguments.as_payload())?;
        let (payload, attributes) = encoded.into_parts(codec.scheme(), self.serializer);
        Ok(Carried { payload, passthru: Some(Arc::new(attributes)) })
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.passthru.as_ref().map(|used| (used.codec.scheme(), &used.uri));
        f.debug_tuple("Seal").field(&scheme).finish()
    }
}
