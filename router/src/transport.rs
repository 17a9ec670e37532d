//! Transports: frames in, frames out.
//!
//! A [`Decoder`] turns the bytes read from a peer into [`Event`]s, in place and without a copy
//! where a frame lies whole in the buffer. It does no I/O and keeps no clock. The other
//! direction is [`Framing`](crate::encoding::Framing).

pub mod control;
mod error;
pub mod rawsocket;
pub mod websocket;

use control::CloseCode;

pub use error::FrameError;

/// What a decoder found in the bytes of a peer.
#[derive(Debug, PartialEq, Eq)]
pub enum Event<'a> {
    /// A complete message.
    Message(Message<'a>),
    /// The peer wants these bytes back in a pong.
    Ping(&'a [u8]),
    /// The answer to a ping. That it came is all that matters.
    Pong,
    /// The peer ends the stream, for this reason if it gave one. Nothing more will be decoded.
    Close(Option<CloseCode>),
}

/// A complete message of a peer, in the serializer of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// It came as text.
    Text(&'a str),
    /// It came as binary.
    Binary(&'a [u8]),
}

impl<'a> Message<'a> {
    /// Whether it came as binary.
    pub fn is_binary(self) -> bool {
        matches!(self, Self::Binary(_))
    }

    /// The message's bytes.
    pub fn body(self) -> &'a [u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }

    /// Of text it is checked that it is UTF-8.
    // Always inline: what a call writes to memory in parts and is at once passed on as a whole makes the processor wait.
    #[inline(always)]
    fn new(binary: bool, body: &'a [u8]) -> Result<Self, FrameError> {
        if binary {
            return Ok(Self::Binary(body));
        }
        wamp_proto::utf8(body).map(Self::Text).ok_or(FrameError::Utf8)
    }

    /// Text whose bytes were all found to be ASCII.
    #[inline(always)]
    fn ascii(body: &'a [u8]) -> Self {
        debug_assert!(body.is_ascii());
        #[allow(unsafe_code, reason = "to look at 160 bytes again takes 73 instructions of the 1,300 a PUBLISH takes")]
        // SAFETY: every byte is ASCII, and ASCII is UTF-8.
        Self::Text(unsafe { str::from_utf8_unchecked(body) })
    }
}

/// What a call of [`Decoder::next`] took from its input, and what it made of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Step<'a> {
    /// Bytes of the input that are done with.
    pub consumed: usize,
    /// What they said, or `None` if more bytes are needed: what was not consumed has to be at
    /// the start of the next input.
    pub event: Option<Event<'a>>,
}

/// Which kinds of messages a peer may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accept {
    /// Text only: the serializer is JSON.
    Text,
    /// Binary only: MessagePack or CBOR.
    Binary,
    /// Both.
    Any,
}

/// The decoder of one connection, whatever its framing.
#[derive(Debug)]
pub enum Decoder {
    /// RFC 6455.
    WebSocket(websocket::Decoder),
    /// WAMP's RawSocket.
    RawSocket(rawsocket::Decoder),
}

impl Decoder {
    /// Decodes up to the next event.
    ///
    /// `input` starts where the last step's consumed bytes ended. Its content is changed
    /// (unmasked) as far as it is consumed, and no further.
    ///
    /// # Errors
    ///
    /// The peer broke a rule; nothing further may be decoded from this stream.
    pub fn next<'a>(&'a mut self, input: &'a mut [u8]) -> Result<Step<'a>, FrameError> {
        match self {
            Decoder::WebSocket(decoder) => decoder.next(input),
            Decoder::RawSocket(decoder) => decoder.next(input),
        }
    }

    /// Changes the length of the longest message taken, for messages that begin from now on.
    pub fn set_max_message(&mut self, bytes: usize) {
        match self {
            Decoder::WebSocket(decoder) => decoder.set_max_message(bytes),
            Decoder::RawSocket(decoder) => decoder.set_max_message(bytes),
        }
    }
}
