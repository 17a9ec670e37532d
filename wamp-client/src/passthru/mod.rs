//! Payloads in an encoding of the application's own, which the router does not look into.
//! Specification: "Payload Passthru Mode" (advanced profile).
//!
//! ```text
//! codec    what a program implements: arguments to bytes and back
//! codecs   all codecs of an App, by their schemes
//! carried  arguments as they travel, plain or encoded
//! seal     the codec of one call or publication, at work
//! ```

mod carried;
mod codec;
mod codecs;
mod seal;

pub(crate) use self::carried::{Carried, Reply, kept};
pub use self::codec::{CodecError, EncodedPayload, PayloadCodec, PayloadContext};
pub(crate) use self::codecs::Codecs;
pub(crate) use self::seal::Seal;
