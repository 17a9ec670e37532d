//! A scheme of payload passthru mode that others can read.

use wamp_client::{CodecError, EncodedPayload, OwnedPayload, Payload, PayloadCodec, PayloadContext, Serializer};

/// Arguments in CBOR, whatever the session's serializer is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Packed;

impl Packed {
    pub(crate) const SERIALIZER: &str = "cbor";
}

impl PayloadCodec for Packed {
    fn scheme(&self) -> &str {
        "x_interop"
    }

    fn encode(&self, _: &PayloadContext<'_>, arguments: Payload<'_>) -> Result<EncodedPayload, CodecError> {
        Ok(EncodedPayload::packed(arguments, Serializer::Cbor))
    }

    fn decode(&self, _: &PayloadContext<'_>, encoded: &EncodedPayload) -> Result<OwnedPayload, CodecError> {
        match encoded.attributes().serializer.as_deref() {
            Some(Self::SERIALIZER) => Ok(OwnedPayload::unpack(Serializer::Cbor, encoded.binary()?)?),
            other => Err(format!("the serializer is {other:?}").into()),
        }
    }
}
