//! Bytes of a frame to values and back, one tokenizer a format.
//!
//! Each format implements two small traits, [`Read`] and [`Write`]. Everything above them (messages, the serde
//! bridge, transcoding) is written once, over the traits, so that the three formats cannot drift apart.

#[cfg(feature = "cbor")]
pub(crate) mod cbor;
mod error;
#[cfg(feature = "json")]
pub(crate) mod json;
#[cfg(feature = "msgpack")]
pub(crate) mod msgpack;
#[cfg(any(feature = "msgpack", feature = "cbor"))]
mod plain;
#[cfg_attr(not(feature = "json"), allow(dead_code, reason = "only JSON has separators"))]
pub(crate) mod read;
mod serializer;
mod text;
mod transcode;
#[cfg_attr(not(any(feature = "msgpack", feature = "cbor")), allow(dead_code, reason = "JSON has no lengths to write"))]
pub(crate) mod write;

pub use self::error::{DecodeError, DecodeErrorKind};
pub(crate) use self::read::{AnyReader, Items, Read, Token};
pub use self::serializer::Serializer;
pub use self::text::utf8;
pub(crate) use self::transcode::transcode;
pub(crate) use self::write::{Open, Write};

/// How deep lists and dictionaries of one frame may nest, the message's own list included.
///
/// Peers with recursive decoders give up (or crash) at some depth of their own; 128 is below all we met.
pub const MAX_DEPTH: usize = 128;

/// Runs `$body` with `$reader` bound to the reader of `$serializer` over `$bytes`.
macro_rules! with_reader {
    ($serializer:expr, $bytes:expr, |$reader:ident| $body:expr) => {
        match $serializer {
            #[cfg(feature = "json")]
            $crate::Serializer::Json => {
                let mut $reader = $crate::codec::json::Reader::new($crate::codec::json::text($bytes)?);
                $body
            }
            #[cfg(feature = "msgpack")]
            $crate::Serializer::MessagePack => {
                let mut $reader = $crate::codec::msgpack::Reader::new($bytes);
                $body
            }
            #[cfg(feature = "cbor")]
            $crate::Serializer::Cbor => {
                let mut $reader = $crate::codec::cbor::Reader::new($bytes);
                $body
            }
        }
    };
}

/// Runs `$body` with `$writer` bound to the writer of `$serializer` that appends to `$out`.
macro_rules! with_writer {
    ($serializer:expr, $out:expr, |$writer:ident| $body:expr) => {
        match $serializer {
            #[cfg(feature = "json")]
            $crate::Serializer::Json => {
                let mut $writer = $crate::codec::json::Writer::new($out);
                $body
            }
            #[cfg(feature = "msgpack")]
            $crate::Serializer::MessagePack => {
                let mut $writer = $crate::codec::msgpack::Writer::new($out);
                $body
            }
            #[cfg(feature = "cbor")]
            $crate::Serializer::Cbor => {
                let mut $writer = $crate::codec::cbor::Writer::new($out);
                $body
            }
        }
    };
}

pub(crate) use {with_reader, with_writer};
