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

mod codec;
pub mod error;
mod features;
mod id;
pub mod message;
mod pattern;
mod payload;
pub mod rawsocket;
mod serde;
mod uri;
mod value;

pub use self::codec::{DecodeError, DecodeErrorKind, MAX_DEPTH, Serializer};
pub use self::features::{Features, Roles};
pub use self::id::{Id, IdOutOfRange, PublicationId, RegistrationId, RequestId, SessionId, SubscriptionId};
pub use self::message::Message;
pub use self::pattern::{MatchPolicy, Pattern, PatternIndex, UnknownMatchPolicy};
pub use self::payload::{Args, Kwargs, OwnedPayload, Payload, PayloadBuilder};
pub use self::serde::{SerError, from_slice, to_vec, write_to};
pub use self::uri::{InvalidUri, Uri, UriRules};
pub use self::value::Value;
