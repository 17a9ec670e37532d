//! What a program implements to have payloads of its own.

use std::borrow::Cow;
use std::sync::Arc;

use wamp_proto::message::options::Passthru;
use wamp_proto::{OwnedPayload, Payload, Serializer};

use crate::wamp_error::INTERNAL;

/// Why a codec could not do it. The text goes into the [`Error`](crate::Error); a caller is not told.
pub type CodecError = Box<dyn std::error::Error + Send + Sync>;

/// A scheme of payload passthru mode: turns arguments into something only its peers can read, and back.
///
/// The router hands such payloads through as they are. What the scheme is for is up to the program: to keep payloads
/// from the router by encrypting them, or to carry those of another system as they came, such as MQTT messages.
///
/// [`App::codec`](crate::App::codec) adds one for everything that comes in: events, calls, results.
/// [`Publish::passthru`](crate::Publish::passthru) and [`Call::passthru`](crate::Call::passthru) use one for what goes
/// out. Handlers don't notice: their arguments are decoded before they are called, and what they return (or send as
/// parts, or fail with) to a call in passthru mode is encoded by the same codec.
///
/// Both methods are run by the task that makes the request, or runs the handler, and should not block: a codec that
/// needs keys from elsewhere holds them.
///
/// ```
/// use wamp_client::{
///     App, CodecError, EncodedPayload, OwnedPayload, Payload, PayloadCodec, PayloadContext, Serializer,
/// };
///
/// /// Packs arguments as CBOR, whatever the session's serializer is.
/// struct Packed;
///
/// impl PayloadCodec for Packed {
///     fn scheme(&self) -> &str {
///         "x_packed"
///     }
///
///     fn encode(&self, _: &PayloadContext<'_>, arguments: Payload<'_>) -> Result<EncodedPayload, CodecError> {
///         // Here one would encrypt.
///         Ok(EncodedPayload::packed(arguments, Serializer::Cbor))
///     }
///
///     fn decode(&self, _: &PayloadContext<'_>, encoded: &EncodedPayload) -> Result<OwnedPayload, CodecError> {
///         match encoded.attributes().serializer.as_deref() {
///             Some("cbor") => Ok(OwnedPayload::unpack(Serializer::Cbor, encoded.binary()?)?),
///             other => Err(format!("the serializer is {other:?}, and not cbor").into()),
///         }
///     }
/// }
///
/// # async fn f(client: wamp_client::Client) -> wamp_client::Result<()> {
/// let app = App::new("ws://localhost:8080/ws").codec(Packed);
/// let sum: i64 = client.call("com.example.add").arg(2).arg(3).passthru(Packed).await?;
/// # Ok(())
/// # }
/// ```
pub trait PayloadCodec: Send + Sync + 'static {
    /// The scheme's name, which goes out as `ppt_scheme`: `wamp` (end-to-end encryption) and `mqtt` are the
    /// specification's; names of one's own begin with `x_`.
    fn scheme(&self) -> &str;

    /// Encodes the arguments of a message. They may be in any serializer.
    ///
    /// # Errors
    /// Where they can't be encoded, or there is no key for them. The message is not sent then.
    fn encode(&self, context: &PayloadContext<'_>, arguments: Payload<'_>) -> Result<EncodedPayload, CodecError>;

    /// Decodes the arguments of a message. They may come from anybody.
    ///
    /// # Errors
    /// Where they can't be decoded, or the key is not known.
    fn decode(&self, context: &PayloadContext<'_>, encoded: &EncodedPayload) -> Result<OwnedPayload, CodecError>;
}

impl<C: PayloadCodec + ?Sized> PayloadCodec for Arc<C> {
    fn scheme(&self) -> &str {
        (**self).scheme()
    }

    fn encode(&self, context: &PayloadContext<'_>, arguments: Payload<'_>) -> Result<EncodedPayload, CodecError> {
        (**self).encode(context, arguments)
    }

    fn decode(&self, context: &PayloadContext<'_>, encoded: &EncodedPayload) -> Result<OwnedPayload, CodecError> {
        (**self).decode(context, encoded)
    }
}

/// What a payload belongs to, for codecs that choose their keys by it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct PayloadContext<'a> {
    /// The topic or procedure.
    pub uri: &'a str,
    /// What the call came with, when it is answered: the key that the answer is for may follow from it.
    pub request: Option<&'a Passthru<'static>>,
}

/// An encoded payload, and how it is encoded.
#[derive(Debug, Clone, PartialEq)]
pub struct EncodedPayload {
    body: Body,
    attributes: Passthru<'static>,
}

#[derive(Debug, Clone, PartialEq)]
enum Body {
    Binary(Vec<u8>),
    Native(OwnedPayload),
}

impl EncodedPayload {
    /// A binary payload, which travels as the message's one argument.
    pub fn new(binary: impl Into<Vec<u8>>) -> Self {
        Self { body: Body::Binary(binary.into()), attributes: Passthru::default() }
    }

    /// The arguments in one piece, in this serializer, which is named.
    pub fn packed(arguments: Payload<'_>, serializer: Serializer) -> Self {
        Self::new(arguments.pack(serializer)).serializer(serializer.passthru_name())
    }

    /// Arguments that travel as they are, in the serializer of the session: the serializer `native` of the
    /// specification, which is named.
    pub fn native(arguments: Payload<'_>) -> Self {
        let body = Body::Native(arguments.to_owned());
        Self { body, attributes: Passthru::default() }.serializer("native")
    }

    /// What came with a message.
    pub(super) fn received(arguments: OwnedPayload, attributes: Passthru<'static>) -> Self {
        Self { body: Body::Native(arguments), attributes }
    }

    /// Names what it is serialized with: `ppt_serializer`.
    #[must_use]
    pub fn serializer(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.attributes.serializer = Some(name.into());
        self
    }

    /// Names what it is encrypted with: `ppt_cipher`.
    #[must_use]
    pub fn cipher(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.attributes.cipher = Some(name.into());
        self
    }

    /// Names the key it is encrypted with: `ppt_keyid`.
    #[must_use]
    pub fn keyid(mut self, id: impl Into<Cow<'static, str>>) -> Self {
        self.attributes.keyid = Some(id.into());
        self
    }

    /// Scheme, serializer, cipher and key, as they are named.
    pub fn attributes(&self) -> &Passthru<'static> {
        &self.attributes
    }

    /// The binary payload.
    ///
    /// # Errors
    /// Where the message has arguments that are not one binary string.
    pub fn binary(&self) -> Result<Vec<u8>, CodecError> {
        match &self.body {
            Body::Binary(bytes) => Ok(bytes.clone()),
            Body::Native(arguments) => arguments.as_payload().to_binary().ok_or_else(|| {
                "a payload in passthru mode is one binary argument, and nothing else; this one is not".into()
            }),
        }
    }

    /// The arguments of the message as they are, for the serializer `native`.
    pub fn arguments(&self) -> OwnedPayload {
        match &self.body {
            Body::Binary(bytes) => OwnedPayload::binary(INTERNAL, bytes),
            Body::Native(arguments) => arguments.clone(),
        }
    }

    /// What is to be sent, in a session of this serializer.
    pub(super) fn into_parts(self, scheme: &str, serializer: Serializer) -> (OwnedPayload, Passthru<'static>) {
        let Self { body, mut attributes } = self;
        attributes.scheme = Some(Cow::Owned(scheme.to_owned()));
        let payload = match body {
            Body::Binary(bytes) => OwnedPayload::binary(serializer, &bytes),
            Body::Native(arguments) => arguments,
        };
        (payload, attributes)
    }
}
