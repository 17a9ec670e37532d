//! WAMP's RawSocket framing (WAMP specification, "RawSocket Transport").

mod handshake;

#[cfg(test)]
mod tests;

use wamp_proto::rawsocket::{self, FrameHeader, FrameKind};

pub use handshake::{Agreed, MIN_CLIENT_LENGTH, agree, announced_length};

use super::{Accept, Event, FrameError, Message, Step};
use crate::pool;

/// Decodes the frames of one peer. See [`Decoder::next`](super::Decoder::next).
///
/// A frame that lies whole in the input is handed out in place; one that does not is consumed
/// as it arrives.
#[derive(Debug)]
pub struct Decoder {
    accept: Accept,
    max_message: usize,
    /// The frame under way, if it is not whole in one input.
    open: Option<OpenFrame>,
    /// The last step handed out the open frame, which is done with now.
    handed_out: bool,
}

#[derive(Debug)]
struct OpenFrame {
    kind: FrameKind,
    bytes: Vec<u8>,
    length: usize,
}

impl Decoder {
    /// A decoder of a peer whose serializer is text or binary, for frames of at most
    /// `max_message` bytes.
    pub fn new(accept: Accept, max_message: usize) -> Self {
        Self { accept, max_message, open: None, handed_out: false }
    }

    /// See [`Decoder::set_max_message`](super::Decoder::set_max_message).
    pub fn set_max_message(&mut self, bytes: usize) {
        self.max_message = bytes;
    }

    /// See [`Decoder::next`](super::Decoder::next).
    ///
    /// # Errors
    ///
    /// The peer broke a rule; nothing further may be decoded from this stream.
    pub fn next<'a>(&'a mut self, input: &'a mut [u8]) -> Result<Step<'a>, FrameError> {
        if std::mem::take(&mut self.handed_out) {
            self.release();
        }
        let mut at = 0;
        if self.open.is_none() {
            let Some((header, rest)) = input.split_first_chunk() else {
                return Ok(Step { consumed: 0, event: None });
            };
            let FrameHeader { kind, length } = self.parse(*header)?;
            if rest.len() >= length {
                let consumed = FrameHeader::SIZE + length;
                let event = self.event(kind, &input[FrameHeader::SIZE..consumed])?;
                return Ok(Step { consumed, event: Some(event) });
            }
            self.open = Some(OpenFrame { kind, bytes: pool::take(), length });
            at = FrameHeader::SIZE;
        }
        if let Some(open) = &mut self.open {
            let end = at + (open.length - open.bytes.len()).min(input.len() - at);
            open.bytes.extend_from_slice(&input[at..end]);
            if open.bytes.len() < open.length {
                return Ok(Step { consumed: end, event: None });
            }
            at = end;
        }
        self.handed_out = true;
        let event = match &self.open {
            Some(open) => Some(self.event(open.kind, &open.bytes)?),
            None => None,
        };
        Ok(Step { consumed: at, event })
    }

    fn parse(&self, header: [u8; FrameHeader::SIZE]) -> Result<FrameHeader, FrameError> {
        let header = FrameHeader::decode(header).map_err(|error| match error {
            rawsocket::FrameError::UnknownKind(kind) => FrameError::UnknownType(kind),
            rawsocket::FrameError::LengthOverflow(_) => FrameError::LengthRange,
            _ => FrameError::ReservedBits,
        })?;
        let limit = self.max_message;
        if header.length > limit { Err(FrameError::TooBig { limit }) } else { Ok(header) }
    }

    fn event<'a>(&self, kind: FrameKind, body: &'a [u8]) -> Result<Event<'a>, FrameError> {
        Ok(match kind {
            FrameKind::Ping => Event::Ping(body),
            FrameKind::Pong => Event::Pong,
            FrameKind::Message => Event::Message(Message::new(self.accept == Accept::Binary, body)?),
        })
    }

    fn release(&mut self) {
        if let Some(open) = self.open.take() {
            pool::give(open.bytes);
        }
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        self.release();
    }
}
