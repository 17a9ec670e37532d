//! Arguments and keyword arguments that stay encoded.

mod builder;

use bytes::{Buf, Bytes};
use serde::Deserialize;
use serde::de::DeserializeOwned;

pub use self::builder::PayloadBuilder;
use crate::codec::{AnyReader, DecodeError, Items, Read, Serializer, Token, with_reader};
use crate::serde::Deserializer;

/// The arguments of a message, encoded, borrowed from its frame.
///
/// The bytes are those of one list (`args`) and one dict (`kwargs`) and were checked: they can be spliced into a
/// message of the same serializer and be transcoded into any other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payload<'a> {
    serializer: Serializer,
    args: Option<&'a [u8]>,
    kwargs: Option<&'a [u8]>,
}

impl Default for Payload<'_> {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl<'a> Payload<'a> {
    /// No arguments at all.
    pub const EMPTY: Self = Self { serializer: Serializer::DEFAULT, args: None, kwargs: None };

    /// Arguments that are encoded already.
    ///
    /// # Errors
    /// When `args` is not exactly one list, or `kwargs` not exactly one dict.
    pub fn new(serializer: Serializer, args: Option<&'a [u8]>, kwargs: Option<&'a [u8]>) -> Result<Self, DecodeError> {
        if let Some(args) = args {
            with_reader!(serializer, args, |reader| {
                if !reader.at_list() {
                    let found = reader.token()?;
                    return Err(reader.expected("a list of arguments", &found));
                }
                reader.skip()?;
                reader.end()?;
            });
        }
        if let Some(kwargs) = kwargs {
            with_reader!(serializer, kwargs, |reader| {
                if !reader.at_dict() {
                    let found = reader.token()?;
                    return Err(reader.expected("a dict of keyword arguments", &found));
                }
                reader.skip()?;
                reader.end()?;
            });
        }
        Ok(Self { serializer, args, kwargs })
    }

    pub(crate) fn trusted(serializer: Serializer, args: Option<&'a [u8]>, kwargs: Option<&'a [u8]>) -> Self {
        Self { serializer, args, kwargs }
    }

    /// What the arguments are encoded in.
    pub fn serializer(&self) -> Serializer {
        self.serializer
    }

    /// The encoded list of arguments.
    pub fn args(&self) -> Option<&'a [u8]> {
        self.args
    }

    /// The encoded dict of keyword arguments.
    pub fn kwargs(&self) -> Option<&'a [u8]> {
        self.kwargs
    }

    /// Whether there are no arguments of either kind.
    pub fn is_empty(&self) -> bool {
        self.args.is_none() && self.kwargs.is_none()
    }

    /// The same payload, outliving its frame, by copying it.
    pub fn to_owned(&self) -> OwnedPayload {
        let (args, kwargs) = (self.args.unwrap_or_default(), self.kwargs.unwrap_or_default());
        OwnedPayload::behind(self.serializer, [args, kwargs].concat(), args.len())
    }

    /// The same payload, outliving the borrow, by sharing the `frame` it was decoded from. Nothing is copied.
    ///
    /// # Panics
    /// When the payload was not decoded from `frame`.
    pub fn own_in(&self, frame: &Bytes) -> OwnedPayload {
        let start_of = |part: &[u8]| (part.as_ptr() as usize).wrapping_sub(frame.as_ptr() as usize);
        let bytes = match (self.args, self.kwargs) {
            (Some(args), Some(kwargs)) => {
                let (start, end) = (start_of(args), start_of(kwargs).wrapping_add(kwargs.len()));
                if start > end {
                    // No message has them in this order.
                    return self.to_owned();
                }
                frame.slice(start..end)
            }
            (Some(part), None) | (None, Some(part)) => frame.slice_ref(part),
            (None, None) => Bytes::new(),
        };
        let (args, kwargs) = (self.args.map_or(0, <[u8]>::len), self.kwargs.map_or(0, <[u8]>::len));
        OwnedPayload { serializer: self.serializer, bytes, args, kwargs }
    }

    /// Where it lies in the `frame` it was decoded from: with that it can take the frame over.
    #[inline]
    pub fn placed_in(&self, frame: &[u8]) -> PlacedPayload {
        let start_of = |part: &[u8]| (part.as_ptr() as usize).wrapping_sub(frame.as_ptr() as usize);
        let (args, kwargs) = (self.args.map_or(0, <[u8]>::len), self.kwargs.map_or(0, <[u8]>::len));
        let start = self.args.or(self.kwargs).map_or(0, start_of);
        let end = self.kwargs.or(self.args).map_or(0, |last| start_of(last).wrapping_add(last.len()));
        PlacedPayload { serializer: self.serializer, start, end, args, kwargs }
    }

    /// A cursor over the arguments.
    #[inline]
    pub fn args_reader(&self) -> Args<'a> {
        Args::new(self)
    }

    /// The keyword arguments.
    pub fn kwargs_reader(&self) -> Kwargs<'a> {
        Kwargs { serializer: self.serializer, bytes: self.kwargs }
    }
}

/// Where a payload lies in the frame it was decoded from.
#[derive(Debug, Clone, Copy)]
pub struct PlacedPayload {
    serializer: Serializer,
    start: usize,
    end: usize,
    args: usize,
    kwargs: usize,
}

impl PlacedPayload {
    /// The payload, which keeps the frame. Unlike [`Payload::own_in`] this takes no second share of the frame, which
    /// would have to be counted, and given back.
    ///
    /// # Panics
    /// When the payload was decoded from another frame.
    // Always inline: where it lies is not to go through memory.
    #[inline(always)]
    pub fn keep(self, mut frame: Bytes) -> OwnedPayload {
        let Self { serializer, start, end, args, kwargs } = self;
        assert!(start <= end && end <= frame.len(), "the payload is not of this frame");
        frame.truncate(end);
        frame.advance(start);
        OwnedPayload { serializer, bytes: frame, args, kwargs }
    }
}

/// The arguments of a message, encoded, owned (or sharing the frame they came in).
#[derive(Debug, Clone)]
pub struct OwnedPayload {
    serializer: Serializer,
    /// Begins with the list and ends with the dict. Between them may be what was between them in a frame.
    bytes: Bytes,
    /// The length of the list; 0 without one.
    args: usize,
    /// The length of the dict; 0 without one.
    kwargs: usize,
}

impl Default for OwnedPayload {
    fn default() -> Self {
        Self { serializer: Serializer::DEFAULT, bytes: Bytes::new(), args: 0, kwargs: 0 }
    }
}

impl PartialEq for OwnedPayload {
    fn eq(&self, other: &Self) -> bool {
        self.as_payload() == other.as_payload()
    }
}

impl Eq for OwnedPayload {}

impl OwnedPayload {
    /// A list of so many bytes, and behind it a dict. Either may be missing.
    pub(crate) fn behind(serializer: Serializer, bytes: Vec<u8>, args: usize) -> Self {
        let kwargs = bytes.len() - args;
        Self { serializer, bytes: bytes.into(), args, kwargs }
    }

    /// The payload, borrowed: what messages are made of.
    #[inline]
    pub fn as_payload(&self) -> Payload<'_> {
        let (args, kwargs) = (&self.bytes[..self.args], &self.bytes[self.bytes.len() - self.kwargs..]);
        Payload {
            serializer: self.serializer,
            args: (!args.is_empty()).then_some(args),
            kwargs: (!kwargs.is_empty()).then_some(kwargs),
        }
    }
}

/// A cursor over encoded arguments: each is decoded straight into the type it is wanted as.
///
/// ```
/// use wamp_proto::{Payload, Serializer};
///
/// let payload = Payload::new(Serializer::Json, Some(b"[1, \"two\"]"), None)?;
/// let mut args = payload.args_reader();
/// assert_eq!(args.take::<i64>()?, Some(1));
/// assert_eq!(args.take::<String>()?, Some("two".to_owned()));
/// assert_eq!(args.take::<bool>()?, None);
/// # Ok::<(), wamp_proto::DecodeError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Args<'a> {
    serializer: Serializer,
    reader: Option<AnyReader<'a>>,
    /// How far the list has been read; nothing before it was entered.
    items: Option<Items>,
    read: usize,
}

impl<'a> Args<'a> {
    #[inline]
    fn new(payload: &Payload<'a>) -> Self {
        let reader = payload.args.map(|args| {
            AnyReader::new(payload.serializer, args).expect("the text of a payload was checked when it was made")
        });
        Self { serializer: payload.serializer, reader, items: None, read: 0 }
    }

    /// Decodes the next argument; nothing after the last one.
    ///
    /// # Errors
    /// When the argument does not fit `T`. The cursor stands behind it all the same.
    pub fn take<T: Deserialize<'a>>(&mut self) -> Result<Option<T>, DecodeError> {
        match &mut self.reader {
            None => Ok(None),
            #[cfg(feature = "json")]
            Some(AnyReader::Json(reader)) => decode_item(reader, &mut self.items, &mut self.read),
            #[cfg(feature = "msgpack")]
            Some(AnyReader::MessagePack(reader)) => decode_item(reader, &mut self.items, &mut self.read),
            #[cfg(feature = "cbor")]
            Some(AnyReader::Cbor(reader)) => decode_item(reader, &mut self.items, &mut self.read),
        }
    }

    /// The next argument, encoded; nothing after the last one.
    ///
    /// # Errors
    /// Never for a payload that was checked, as all are.
    pub fn take_raw(&mut self) -> Result<Option<&'a [u8]>, DecodeError> {
        let next = match &mut self.reader {
            None => return Ok(None),
            #[cfg(feature = "json")]
            Some(AnyReader::Json(reader)) => next_item(reader, &mut self.items),
            #[cfg(feature = "msgpack")]
            Some(AnyReader::MessagePack(reader)) => next_item(reader, &mut self.items),
            #[cfg(feature = "cbor")]
            Some(AnyReader::Cbor(reader)) => next_item(reader, &mut self.items),
        }?;
        match next {
            Some(_) => self.read += 1,
            None => self.reader = None,
        }
        Ok(next)
    }

    /// How many arguments have been read.
    #[inline]
    pub fn position(&self) -> usize {
        self.read
    }

    /// What the arguments are encoded in.
    pub fn serializer(&self) -> Serializer {
        self.serializer
    }
}

fn next_item<'a, R: Read<'a>>(reader: &mut R, items: &mut Option<Items>) -> Result<Option<&'a [u8]>, DecodeError> {
    if at_item(reader, items)? { reader.skip().map(Some) } else { Ok(None) }
}

/// Decodes the next item where it stands, and counts it.
fn decode_item<'a, R: Read<'a> + Clone, T: Deserialize<'a>>(
    reader: &mut R,
    items: &mut Option<Items>,
    read: &mut usize,
) -> Result<Option<T>, DecodeError> {
    if !at_item(reader, items)? {
        return Ok(None);
    }
    *read += 1;
    let start = reader.clone();
    match T::deserialize(Deserializer::new(&mut *reader)) {
        // All of the value was read.
        Ok(value) if reader.depth() == start.depth() && reader.position() > start.position() => Ok(Some(value)),
        // What is wrong is told as of the value alone, and the cursor has to stand behind it.
        _ => {
            *reader = start;
            crate::from_slice(R::SERIALIZER, reader.skip()?).map(Some)
        }
    }
}

#[inline]
fn at_item<'a, R: Read<'a>>(reader: &mut R, items: &mut Option<Items>) -> Result<bool, DecodeError> {
    let items = match items {
        Some(items) => items,
        None => items.insert(reader.list("a list of arguments")?),
    };
    reader.more(items)
}

/// Encoded keyword arguments.
#[derive(Debug, Clone, Copy)]
pub struct Kwargs<'a> {
    serializer: Serializer,
    bytes: Option<&'a [u8]>,
}

impl<'a> Kwargs<'a> {
    /// Decodes the whole dict: into a struct, or a map. Where there is none, as from an empty one.
    ///
    /// # Errors
    /// When the dict does not fit `T`.
    pub fn decode<T: Deserialize<'a>>(&self) -> Result<T, DecodeError> {
        match self.bytes {
            Some(bytes) => crate::from_slice(self.serializer, bytes),
            None => crate::from_slice(self.serializer, self.serializer.empty_dict()),
        }
    }

    /// Decodes the value of one key.
    ///
    /// # Errors
    /// When the value does not fit `T`.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, DecodeError> {
        let Some(bytes) = self.bytes else {
            return Ok(None);
        };
        with_reader!(self.serializer, bytes, |reader| {
            let mut items = match reader.token()? {
                Token::Map(items) => items,
                other => return Err(reader.expected("a dict of keyword arguments", &other)),
            };
            while reader.more(&mut items)? {
                let found = matches!(reader.key()?, Token::Str(name) if name == key);
                let value = reader.skip()?;
                if found {
                    return crate::from_slice(self.serializer, value).map(Some);
                }
            }
            Ok(None)
        })
    }
}
