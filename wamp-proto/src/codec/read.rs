//! What the three readers have in common.

use std::borrow::Cow;

#[cfg(feature = "cbor")]
use super::cbor;
#[cfg(feature = "json")]
use super::json;
#[cfg(feature = "msgpack")]
use super::msgpack;
use super::{DecodeError, DecodeErrorKind, Serializer};

/// One step of a reader through a frame: a scalar, or the start of a container.
#[derive(Debug)]
pub(crate) enum Token<'a> {
    Null,
    Bool(bool),
    Uint(u64),
    /// Always negative: what fits `u64` is a [`Token::Uint`].
    Int(i64),
    Float(f64),
    Str(Cow<'a, str>),
    Bin(Cow<'a, [u8]>),
    /// The items follow; ask [`Read::more`] before each.
    Array(Items),
    /// The entries follow; ask [`Read::more`] before each, then [`Read::key`], then read the value.
    Map(Items),
}

impl Token<'_> {
    /// The type, as error messages call it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a bool",
            Self::Uint(_) | Self::Int(_) => "an integer",
            Self::Float(_) => "a float",
            Self::Str(_) => "a string",
            Self::Bin(_) => "a binary string",
            Self::Array(_) => "a list",
            Self::Map(_) => "a dict",
        }
    }
}

/// How far a container has been read. Handed back to [`Read::more`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Items {
    /// How many are left, where the format says so at the start; else they end with a terminator.
    pub(crate) left: Option<usize>,
    /// Nothing was read yet (a separator is due before all but the first).
    pub(crate) first: bool,
    /// The terminator of a format that has one for each kind of container.
    pub(crate) close: u8,
    /// The end was reached.
    pub(crate) ended: bool,
}

/// A cursor over the values of one frame.
pub(crate) trait Read<'a> {
    const SERIALIZER: Serializer;

    /// Reads a scalar, or enters a container.
    fn token(&mut self) -> Result<Token<'a>, DecodeError>;

    /// Reads a token where a string is due. In JSON, a string that looks like a binary one is a string here.
    fn string_token(&mut self) -> Result<Token<'a>, DecodeError> {
        self.token()
    }

    /// Reads a string, which has to be next, as [`string_token`](Self::string_token) does.
    fn string(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        match self.string_token()? {
            Token::Str(value) => Ok(value),
            other => Err(self.expected("a string", &other)),
        }
    }

    /// Enters a list, which has to be next; an error calls it `expected`.
    fn list(&mut self, expected: &'static str) -> Result<Items, DecodeError> {
        match self.token()? {
            Token::Array(items) => Ok(items),
            other => Err(self.expected(expected, &other)),
        }
    }

    /// Reads an integer from 0 on that is written in the plainest way, if one stands here; reads nothing otherwise, even
    /// if it is an integer. For what every message has: see [`token`](Self::token) for all there may be.
    fn plain_uint(&mut self) -> Option<u64>;

    /// Reads a string that is written in the plainest way, if one stands here; reads nothing otherwise, even if it is a
    /// string.
    fn plain_string(&mut self) -> Option<&'a str>;

    /// Enters a list and reads the number that it begins with, if they are written as nearly every message begins and
    /// there is something to gain by knowing that; reads nothing otherwise.
    #[inline]
    fn plain_opening(&mut self) -> Option<(Items, u64)> {
        None
    }

    /// Reads past a dict that has nothing in it, if one stands here and is written in the plainest way.
    fn empty_dict(&mut self) -> bool;

    /// Reads past these bytes, if they are next, and with them into so many containers; reads nothing otherwise.
    fn pass(&mut self, bytes: &[u8], depth: usize) -> bool;

    /// Whether the container has one more item (entry); leaves the container when not. Asked again after the end, it
    /// says no again.
    #[inline(always)]
    fn more(&mut self, items: &mut Items) -> Result<bool, DecodeError> {
        if items.ended {
            return Ok(false);
        }
        items.ended = !self.advance(items)?;
        Ok(!items.ended)
    }

    /// What [`more`](Self::more) does in this format. Never asked after the end.
    fn advance(&mut self, items: &mut Items) -> Result<bool, DecodeError>;

    /// Reads an entry's key. Containers are refused as keys.
    fn key(&mut self) -> Result<Token<'a>, DecodeError>;

    /// Reads past one whole value and returns its bytes. What it returns is valid: it can be read again, and be
    /// spliced into another frame.
    fn skip(&mut self) -> Result<&'a [u8], DecodeError>;

    /// Reads past a null, if one is next.
    fn null(&mut self) -> bool;

    /// Whether a list is next.
    fn at_list(&mut self) -> bool;

    /// Whether a dict is next.
    fn at_dict(&mut self) -> bool;

    /// The frame must end here.
    fn end(&mut self) -> Result<(), DecodeError>;

    /// The offset of the next byte.
    fn position(&self) -> usize;

    /// How many containers it is in.
    fn depth(&self) -> usize;

    /// An error at the current position.
    #[cold]
    fn error(&self, kind: DecodeErrorKind) -> DecodeError {
        DecodeError::new(kind, self.position())
    }

    /// An error about `found` standing where `expected` is due.
    #[cold]
    fn expected(&self, expected: &'static str, found: &Token<'_>) -> DecodeError {
        self.error(DecodeErrorKind::Expected { expected, found: found.name() })
    }
}

/// A reader of a format that is known only at run time, for a cursor that is kept.
#[derive(Debug, Clone)]
pub(crate) enum AnyReader<'a> {
    #[cfg(feature = "json")]
    Json(json::Reader<'a>),
    #[cfg(feature = "msgpack")]
    MessagePack(msgpack::Reader<'a>),
    #[cfg(feature = "cbor")]
    Cbor(cbor::Reader<'a>),
}

impl<'a> AnyReader<'a> {
    #[inline]
    pub(crate) fn new(serializer: Serializer, bytes: &'a [u8]) -> Result<Self, DecodeError> {
        Ok(match serializer {
            #[cfg(feature = "json")]
            Serializer::Json => Self::Json(json::Reader::new(json::text(bytes)?)),
            #[cfg(feature = "msgpack")]
            Serializer::MessagePack => Self::MessagePack(msgpack::Reader::new(bytes)),
            #[cfg(feature = "cbor")]
            Serializer::Cbor => Self::Cbor(cbor::Reader::new(bytes)),
        })
    }
}
