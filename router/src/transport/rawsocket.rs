//! WAMP's RawSocket framing (WAMP specification, "RawSocket Transport").

use super::{Accept, Event, FrameError, Message, Step};
use crate::pool;

#[cfg(test)]
mod tests;

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
    kind: Kind,
    bytes: Vec<u8>,
    length: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Message,
    Ping,
    Pong,
}

/// Length of a frame's header.
const HEADER: usize = 4;

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
            let Some((header, rest)) = input.split_first_chunk::<HEADER>() else {
                return Ok(Step { consumed: 0, event: None });
            };
            let (kind, length) = self.parse(*header)?;
            if rest.len() >= length {
                let consumed = HEADER + length;
                let event = self.event(kind, &input[HEADER..consumed])?;
                return Ok(Step { consumed, event: Some(event) });
            }
            self.open = Some(OpenFrame { kind, bytes: pool::take(), length });
            at = HEADER;
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

    fn parse(&self, header: [u8; HEADER]) -> Result<(Kind, usize), FrameError> {
        let word = u32::from_be_bytes(header);
        if word >> 28 != 0 {
            return Err(FrameError::ReservedBits);
        }
        let kind = match header[0] & 0x07 {
            0 => Kind::Message,
            1 => Kind::Ping,
            2 => Kind::Pong,
            unknown => return Err(FrameError::UnknownType(unknown)),
        };
        let low = (word & 0x00FF_FFFF) as usize;
        let length = match header[0] & 0x08 {
            0 => low,
            // The length 2^24 exactly, for which 24 bits are one too few.
            _ if low == 0 => 1 << 24,
            _ => return Err(FrameError::LengthRange),
        };
        let limit = self.max_message;
        if length > limit { Err(FrameError::TooBig { limit }) } else { Ok((kind, length)) }
    }

    fn event<'a>(&self, kind: Kind, body: &'a [u8]) -> Result<Event<'a>, FrameError> {
        Ok(match kind {
            Kind::Ping => Event::Ping(body),
            Kind::Pong => Event::Pong,
            Kind::Message => {
                let binary = self.accept == Accept::Binary;
                if !binary && simdutf8::basic::from_utf8(body).is_err() {
                    return Err(FrameError::Utf8);
                }
                Event::Message(Message { binary, body })
            }
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
