//! What messages begin with that are alike but for a number and their payload.

use super::element::Element;
use super::odd_opening;
#[cfg(feature = "cbor")]
use crate::codec::cbor;
#[cfg(feature = "json")]
use crate::codec::json;
#[cfg(feature = "msgpack")]
use crate::codec::msgpack;
use crate::codec::{DecodeError, Items, Read, with_reader};
use crate::{Payload, RequestId, Serializer};

/// What PUBLISHes begin with that have the same options and the same topic: they differ in their request and their
/// payload. Who knows what one of them asks for need not read that again in all that follow.
///
/// ```
/// # use wamp_proto::{Serializer, message::PublishOpening};
/// let opening = PublishOpening::new(Serializer::Json, br#"[16,1,{},"com.example.topic",[23]]"#).unwrap();
/// let (request, payload) = opening.read(br#"[16,2,{},"com.example.topic",[42]]"#).unwrap();
/// assert_eq!((request.get(), payload.args()), (2, Some(&b"[42]"[..])));
/// assert_eq!(opening.read(br#"[16,3,{},"com.example.other",[42]]"#), None);
/// ```
#[derive(Debug, Clone)]
pub struct PublishOpening {
    serializer: Serializer,
    /// Up to the request.
    head: Box<[u8]>,
    /// From behind the request up to the payload.
    tail: Box<[u8]>,
    /// How far the message's list is read by then.
    items: Items,
}

impl PublishOpening {
    /// What this frame begins with. None if it is no PUBLISH, or if its request is not written in the plainest way.
    pub fn new(serializer: Serializer, frame: &[u8]) -> Option<Self> {
        let learned = || with_reader!(serializer, frame, |reader| Self::learn(frame, &mut reader));
        learned().ok().flatten()
    }

    fn learn<'a, R: Read<'a>>(frame: &[u8], reader: &mut R) -> Result<Option<Self>, DecodeError> {
        const PUBLISH: u64 = 16;
        let (mut items, code) = match reader.plain_opening() {
            Some(opening) => opening,
            None => odd_opening(reader)?,
        };
        if code != PUBLISH || !reader.more(&mut items)? {
            return Ok(None);
        }
        let request = reader.position();
        if reader.plain_uint().is_none() {
            return Ok(None);
        }
        let options = reader.position();
        for _options_and_topic in 0..2 {
            if !reader.more(&mut items)? {
                return Ok(None);
            }
            reader.skip()?;
        }
        let (head, tail) = (&frame[..request], &frame[options..reader.position()]);
        Ok(Some(Self { serializer: R::SERIALIZER, head: head.into(), tail: tail.into(), items }))
    }

    /// Request and payload of a PUBLISH, if it begins so. None otherwise, and if its frame is not well-formed:
    /// [`decode`](Serializer::decode) says what is wrong.
    // Always inline, here and below: what is found is not to go through memory.
    #[inline(always)]
    pub fn read<'a>(&self, frame: &'a [u8]) -> Option<(RequestId, Payload<'a>)> {
        match self.serializer {
            #[cfg(feature = "json")]
            Serializer::Json => self.read_text(json::text(frame).ok()?),
            #[cfg(feature = "msgpack")]
            Serializer::MessagePack => self.read_by(&mut msgpack::Reader::new(frame)),
            #[cfg(feature = "cbor")]
            Serializer::Cbor => self.read_by(&mut cbor::Reader::new(frame)),
        }
    }

    /// [`read`](Self::read) of a frame that is known to be UTF-8, as text frames are: where the serializer is JSON, that
    /// is not checked again.
    #[inline(always)]
    pub fn read_text<'a>(&self, frame: &'a str) -> Option<(RequestId, Payload<'a>)> {
        match self.serializer {
            #[cfg(feature = "json")]
            Serializer::Json => self.read_by(&mut json::Reader::new(frame)),
            #[cfg(feature = "msgpack")]
            Serializer::MessagePack => self.read_by(&mut msgpack::Reader::new(frame.as_bytes())),
            #[cfg(feature = "cbor")]
            Serializer::Cbor => self.read_by(&mut cbor::Reader::new(frame.as_bytes())),
        }
    }

    #[inline(always)]
    fn read_by<'a, R: Read<'a>>(&self, reader: &mut R) -> Option<(RequestId, Payload<'a>)> {
        if !reader.pass(&self.head, 1) {
            return None;
        }
        let request = reader.plain_uint()?;
        if !reader.pass(&self.tail, 0) {
            return None;
        }
        let mut items = self.items;
        let payload = Payload::read(reader, &mut items).ok()?;
        if reader.more(&mut items).ok()? {
            return None;
        }
        reader.end().ok()?;
        Some((RequestId::new(request).ok()?, payload))
    }
}
