//! The WAMP protocol, pure: messages, serializers, URIs and patterns. No sockets, no clock, no async.
//!
//! The types follow the [WAMP specification](https://wamp-proto.org/spec.html); each says which chapter it implements
//! where behaviour may surprise.
//!
//! # Payloads stay encoded
//!
//! A [`Message`] borrows from the frame it was decoded from, and so does its [`Payload`]: the application's arguments
//! are checked (grammar, UTF-8, depth) but never built into a tree. Encoding a message for a peer of the same
//! [`Serializer`] copies those bytes; for another one they are transcoded on the way.
//!
//! ```
//! use wamp_proto::{Message, Serializer};
//!
//! let frame = br#"[16,1,{"acknowledge":true},"com.example.tick",[1,"two"]]"#;
//! let message = Serializer::Json.decode(frame)?;
//! let Message::Publish(publish) = &message else { panic!("PUBLISH was decoded") };
//! assert_eq!(publish.topic, "com.example.tick");
//! assert_eq!(publish.payload.args(), Some(&br#"[1,"two"]"#[..]));
//!
//! let mut packed = Vec::new();
//! Serializer::Cbor.encode(&message, &mut packed);
//! assert_eq!(Serializer::Cbor.decode(&packed)?.name(), "PUBLISH");
//! # Ok::<(), wamp_proto::DecodeError>(())
//! ```
//!
//! # Features
//!
//! - `json`, `msgpack`, `cbor`: the serializers. At least one makes a protocol of it; without any there are only URIs,
//!   patterns and ids.
//! - `index`: [`PatternIndex`], which routers look subscriptions and registrations up in.
//! - `auth`: the arithmetic of authentication, in a module of this name.
//!
//! All but `auth` are on by default.

#[cfg(all(feature = "codec", not(any(feature = "json", feature = "msgpack", feature = "cbor"))))]
compile_error!("the feature `codec` is what `json`, `msgpack` and `cbor` have in common: switch one of these on");

#[cfg(feature = "auth")]
pub mod auth;
#[cfg(feature = "codec")]
mod codec;
pub mod error;
#[cfg(feature = "codec")]
mod features;
mod id;
#[cfg(feature = "codec")]
pub mod message;
#[cfg(feature = "codec")]
mod passthru;
mod pattern;
#[cfg(feature = "codec")]
mod payload;
mod publication_key;
#[cfg(feature = "codec")]
pub mod rawsocket;
#[cfg(feature = "codec")]
mod serde;
mod uri;
#[cfg(feature = "codec")]
mod value;

#[cfg(feature = "codec")]
pub use self::codec::{DecodeError, DecodeErrorKind, MAX_DEPTH, Serializer, utf8};
#[cfg(feature = "codec")]
pub use self::features::{Features, Roles};
pub use self::id::{Id, IdOutOfRange, PublicationId, RegistrationId, RequestId, SessionId, SubscriptionId};
#[cfg(feature = "codec")]
pub use self::message::Message;
#[cfg(feature = "index")]
pub use self::pattern::PatternIndex;
pub use self::pattern::{MatchPolicy, Pattern, UnknownMatchPolicy};
#[cfg(feature = "codec")]
pub use self::payload::{Args, Kwargs, OwnedPayload, Payload, PayloadBuilder, PlacedPayload};
pub use self::publication_key::{InvalidPublicationKey, PublicationKey};
#[cfg(feature = "codec")]
pub use self::serde::{SerError, from_slice, to_vec, write_to};
pub use self::uri::{InvalidUri, Uri, UriRules};
#[cfg(feature = "codec")]
pub use self::value::Value;
