//! All codecs of an App, at work on what comes in.

use std::fmt;
use std::sync::Arc;

use wamp_proto::{OwnedPayload, Serializer, error};

use super::{Carried, CodecError, EncodedPayload, PayloadCodec, PayloadContext, Reply, Seal};
use crate::{Error, Result, WampError};

/// The codecs for what comes in, by their schemes.
#[derive(Clone, Default)]
pub(crate) struct Codecs(Vec<Arc<dyn PayloadCodec>>);

impl Codecs {
    /// Adds one, in place of an earlier one of the same scheme.
    pub(crate) fn insert(&mut self, codec: Arc<dyn PayloadCodec>) {
        self.0.retain(|known| known.scheme() != codec.scheme());
        self.0.push(codec);
    }

    fn find(&self, scheme: &str) -> Option<&Arc<dyn PayloadCodec>> {
        self.0.iter().find(|codec| codec.scheme() == scheme)
    }

    /// The arguments of an event or call, and what its answer is to be encoded with.
    ///
    /// # Errors
    /// What a caller is told: that the scheme is not known, or that the payload can't be decoded, but not why.
    pub(crate) fn open(
        &self,
        carried: Carried,
        uri: &Arc<str>,
        serializer: Serializer,
    ) -> Result<(OwnedPayload, Seal), WampError> {
        let Carried { payload, passthru: Some(attributes) } = carried else {
            return Ok((carried.payload, Seal::plain(serializer)));
        };
        let scheme = attributes.scheme.as_deref().unwrap_or_default();
        let Some(codec) = self.find(scheme) else {
            let text = format!("there is no codec for payloads in the scheme {scheme:?}");
            return Err(WampError::new(error::FEATURE_NOT_SUPPORTED).arg(text));
        };
        let encoded = EncodedPayload::received(payload, attributes.as_ref().clone());
        match codec.decode(&PayloadContext { uri, request: None }, &encoded) {
            Ok(arguments) => {
                let seal = Seal::answering(Arc::clone(codec), Arc::clone(uri), attributes, serializer);
                Ok((arguments, seal))
            }
            Err(problem) => {
                tracing::debug!(%uri, scheme, problem, "payload not decoded");
                let text = format!("the payload can't be decoded in the scheme {scheme:?}");
                Err(WampError::new(error::INVALID_ARGUMENT).arg(text))
            }
        }
    }

    /// What a procedure returned, or a part of it, to a call that was made with this seal. Only the arguments become
    /// plain: how they were encoded is kept.
    pub(crate) fn open_result(&self, carried: Carried, seal: &Seal, procedure: &str) -> Result<Carried> {
        let passthru = carried.passthru.clone();
        match self.decode(carried, seal, procedure) {
            Ok(payload) => Ok(Carried { payload, passthru }),
            Err(source) => Err(Error::Passthru {
                payload: format!("the result of the call of {procedure}"),
                scheme: passthru.and_then(|used| used.scheme.clone()).unwrap_or_default().into_owned(),
                source: source.into(),
            }),
        }
    }

    /// The end of a call that was made with this seal.
    pub(crate) fn open_reply(&self, reply: Reply, seal: &Seal, procedure: &str) -> Result<Carried> {
        match reply {
            Reply::Result(carried) => self.open_result(carried, seal, procedure),
            Reply::Error { uri, payload } => Err(match self.decode(payload, seal, procedure) {
                Ok(payload) => WampError::received(&uri, payload.as_payload()).into(),
                // What went wrong is known all the same.
                Err(problem) => {
                    let text = format!("what the error says can't be decoded: {problem}");
                    WampError::new(error::canonical(&uri).to_owned()).arg(text).into()
                }
            }),
        }
    }

    fn decode(&self, carried: Carried, seal: &Seal, uri: &str) -> Result<OwnedPayload, CodecError> {
        let Carried { payload, passthru: Some(attributes) } = carried else { return Ok(carried.payload) };
        let scheme = attributes.scheme.as_deref().unwrap_or_default();
        let own = seal.codec().filter(|codec| codec.scheme() == scheme);
        let codec = own.or_else(|| self.find(scheme)).ok_or("no codec is known: add one with `App::codec`")?;
        let encoded = EncodedPayload::received(payload, attributes.as_ref().clone());
        codec.decode(&PayloadContext { uri, request: None }, &encoded)
    }
}

impl fmt::Debug for Codecs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.iter().map(|codec| codec.scheme())).finish()
    }
}
