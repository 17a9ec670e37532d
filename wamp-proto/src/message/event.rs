//! EVENTs as nearly all are, straight from their frame.

use super::element::Element;
use super::odd_opening;
use crate::codec::Read;
#[cfg(feature = "cbor")]
use crate::codec::cbor;
#[cfg(feature = "json")]
use crate::codec::json;
#[cfg(feature = "msgpack")]
use crate::codec::msgpack;
use crate::{Payload, PublicationId, Serializer, SubscriptionId};

/// An EVENT whose details are empty, and its ids written in the plainest way.
///
/// ```
/// # use wamp_proto::{Serializer, message::PlainEvent};
/// let event = PlainEvent::read(Serializer::Json, br#"[36,1,2,{},[23]]"#).unwrap();
/// assert_eq!((event.subscription.get(), event.publication.get()), (1, 2));
/// assert_eq!(event.payload.args(), Some(&b"[23]"[..]));
/// assert_eq!(PlainEvent::read(Serializer::Json, br#"[36,1,2,{"retained":true},[23]]"#), None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlainEvent<'a> {
    /// The subscription it comes by.
    pub subscription: SubscriptionId,
    /// The publication.
    pub publication: PublicationId,
    /// The event.
    pub payload: Payload<'a>,
}

impl<'a> PlainEvent<'a> {
    /// Reads one, in a fraction of the time that [`decode`](Serializer::decode) takes: there are no keys to look for, and
    /// nothing that only other messages have to be made room for. None for any other frame, and for one that is not
    /// well-formed: `decode` says what it is.
    // Always inline, here and below: what is found is not to go through memory.
    #[inline(always)]
    pub fn read(serializer: Serializer, frame: &'a [u8]) -> Option<Self> {
        match serializer {
            // What other messages begin with is not to be checked twice.
            #[cfg(feature = "json")]
            Serializer::Json if !frame.starts_with(b"[36,") => None,
            #[cfg(feature = "json")]
            Serializer::Json => Self::read_by(&mut json::Reader::new(json::text(frame).ok()?)),
            #[cfg(feature = "msgpack")]
            Serializer::MessagePack => Self::read_by(&mut msgpack::Reader::new(frame)),
            #[cfg(feature = "cbor")]
            Serializer::Cbor => Self::read_by(&mut cbor::Reader::new(frame)),
        }
    }

    #[inline(always)]
    fn read_by<R: Read<'a>>(reader: &mut R) -> Option<Self> {
        const EVENT: u64 = 36;
        let (mut items, code) = match reader.plain_opening() {
            Some(opening) => opening,
            None => odd_opening(reader).ok()?,
        };
        if code != EVENT || !reader.more(&mut items).ok()? {
            return None;
        }
        let subscription = SubscriptionId::new(reader.plain_uint()?).ok()?;
        if !reader.more(&mut items).ok()? {
            return None;
        }
        let publication = PublicationId::new(reader.plain_uint()?).ok()?;
        if !reader.more(&mut items).ok()? || !reader.empty_dict() {
            return None;
        }
        let payload = Payload::read(reader, &mut items).ok()?;
        if reader.more(&mut items).ok()? {
            return None;
        }
        reader.end().ok()?;
        Some(Self { subscription, publication, payload })
    }
}
