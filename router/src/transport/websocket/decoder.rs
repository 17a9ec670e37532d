//! From bytes to messages.

use super::header::{Header, Kind};
use super::mask::Mask;
use crate::pool;
use crate::transport::control::CloseCode;
use crate::transport::{Accept, Event, FrameError, Message, Step};

#[cfg(test)]
mod tests;

/// Decodes the frames of one client. See [`Decoder::next`](crate::transport::Decoder::next).
///
/// A message that lies in one frame, and that in the input, is unmasked and handed out in
/// place. Only of others a copy is made, as they arrive: an unfinished frame is consumed as far
/// as it is there, so however long it is, each byte is moved once.
#[derive(Debug)]
pub struct Decoder {
    accept: Accept,
    max_message: usize,
    max_frame: usize,
    /// The message under way, if it is not whole in one piece of input.
    assembly: Option<Assembly>,
    /// The last step handed out the assembly, which is done with now.
    handed_out: bool,
}

/// A message that arrives in pieces.
#[derive(Debug)]
struct Assembly {
    binary: bool,
    bytes: Vec<u8>,
    /// How many of `bytes` are known to be UTF-8, if it is text.
    valid: usize,
    /// The frame that has not fully arrived; `None` between two fragments.
    frame: Option<OpenFrame>,
}

#[derive(Debug)]
struct OpenFrame {
    fin: bool,
    mask: Mask,
    missing: usize,
}

impl Decoder {
    /// A decoder that takes messages of these kinds, of at most `max_message` bytes.
    pub fn new(accept: Accept, max_message: usize) -> Self {
        Self { accept, max_message, max_frame: usize::MAX, assembly: None, handed_out: false }
    }

    /// The same, that takes frames of messages of at most `bytes`.
    #[must_use]
    pub fn with_max_frame(mut self, bytes: usize) -> Self {
        self.max_frame = bytes;
        self
    }

    /// See [`Decoder::set_max_message`](crate::transport::Decoder::set_max_message).
    pub fn set_max_message(&mut self, bytes: usize) {
        self.max_message = bytes;
    }

    /// See [`Decoder::next`](crate::transport::Decoder::next).
    ///
    /// # Errors
    ///
    /// The peer broke a rule; nothing further may be decoded from this stream.
    pub fn next<'a>(&'a mut self, input: &'a mut [u8]) -> Result<Step<'a>, FrameError> {
        if std::mem::take(&mut self.handed_out) {
            self.release();
        }
        let mut at = 0;
        loop {
            if let Some(assembly) = &mut self.assembly
                && let Some(frame) = assembly.frame.take()
            {
                match assembly.advance(frame, input, &mut at)? {
                    Progress::Starved => {
                        return Ok(Step { consumed: at, event: None });
                    }
                    Progress::Frame => {}
                    Progress::Message => {
                        return Ok(Step { consumed: at, event: Some(self.hand_out()?) });
                    }
                }
            }
            let Some(mut header) = Header::parse(&input[at..])? else {
                return Ok(Step { consumed: at, event: None });
            };
            let start = at + header.size;
            if header.kind.is_control() {
                // At most 125 bytes: waited for as a whole.
                let end = start + header.length as usize;
                if end > input.len() {
                    return Ok(Step { consumed: at, event: None });
                }
                let payload = &mut input[start..end];
                header.mask.apply(payload);
                return Ok(Step { consumed: end, event: Some(control(header.kind, payload)?) });
            }
            let length = self.check_data(&header)?;
            if self.assembly.is_none() && header.fin && input.len() - start >= length {
                let payload = &mut input[start..start + length];
                let is_ascii = header.mask.apply(payload);
                let message = match header.kind {
                    Kind::Text if is_ascii => Message::ascii(payload),
                    kind => Message::new(kind == Kind::Binary, payload)?,
                };
                return Ok(Step { consumed: start + length, event: Some(Event::Message(message)) });
            }
            let assembly = self.assembly.get_or_insert_with(|| Assembly {
                binary: header.kind == Kind::Binary,
                bytes: pool::take(),
                valid: 0,
                frame: None,
            });
            assembly.frame = Some(OpenFrame { fin: header.fin, mask: header.mask, missing: length });
            at = start;
        }
    }

    /// Checks a data frame against the message it belongs to; answers its length.
    fn check_data(&self, header: &Header) -> Result<usize, FrameError> {
        match (header.kind, &self.assembly) {
            (Kind::Continuation, None) => return Err(FrameError::NothingToContinue),
            (Kind::Text | Kind::Binary, Some(_)) => return Err(FrameError::UnfinishedMessage),
            (Kind::Text, None) if self.accept == Accept::Binary => {
                return Err(FrameError::UnexpectedText);
            }
            (Kind::Binary, None) if self.accept == Accept::Text => {
                return Err(FrameError::UnexpectedBinary);
            }
            _ => {}
        }
        let have = self.assembly.as_ref().map_or(0, |assembly| assembly.bytes.len());
        let limit = self.max_message;
        match usize::try_from(header.length) {
            Ok(length) if length > self.max_frame => Err(FrameError::FrameTooBig { limit: self.max_frame }),
            Ok(length) if length <= limit.saturating_sub(have) => Ok(length),
            _ => Err(FrameError::TooBig { limit }),
        }
    }

    fn hand_out(&mut self) -> Result<Event<'_>, FrameError> {
        self.handed_out = true;
        let (binary, body) = match &self.assembly {
            Some(assembly) => (assembly.binary, assembly.bytes.as_slice()),
            None => (false, [].as_slice()),
        };
        Message::new(binary, body).map(Event::Message)
    }

    fn release(&mut self) {
        if let Some(assembly) = self.assembly.take() {
            pool::give(assembly.bytes);
        }
    }
}

/// How far a message under way has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// The frame goes on beyond the input.
    Starved,
    /// The frame is complete, the message goes on.
    Frame,
    /// The message is complete.
    Message,
}

impl Assembly {
    /// Takes what there is of `frame` from `input[*at..]`.
    fn advance(&mut self, mut frame: OpenFrame, input: &mut [u8], at: &mut usize) -> Result<Progress, FrameError> {
        let end = *at + frame.missing.min(input.len() - *at);
        let piece = &mut input[*at..end];
        frame.mask.apply(piece);
        self.bytes.extend_from_slice(piece);
        frame.missing -= piece.len();
        *at = end;
        let message_ends = frame.missing == 0 && frame.fin;
        if !self.binary {
            self.check_utf8(message_ends)?;
        }
        if message_ends {
            return Ok(Progress::Message);
        }
        if frame.missing == 0 {
            return Ok(Progress::Frame);
        }
        self.frame = Some(frame);
        Ok(Progress::Starved)
    }

    /// Checks what came since the last check. A character may be cut only where more is to come.
    fn check_utf8(&mut self, message_ends: bool) -> Result<(), FrameError> {
        match simdutf8::compat::from_utf8(&self.bytes[self.valid..]) {
            Ok(_) => self.valid = self.bytes.len(),
            Err(error) if error.error_len().is_none() && !message_ends => self.valid += error.valid_up_to(),
            Err(_) => return Err(FrameError::Utf8),
        }
        Ok(())
    }
}

/// What a control frame says.
fn control(kind: Kind, payload: &[u8]) -> Result<Event<'_>, FrameError> {
    match kind {
        Kind::Ping => Ok(Event::Ping(payload)),
        Kind::Close => close(payload).map(Event::Close),
        _ => Ok(Event::Pong),
    }
}

fn close(payload: &[u8]) -> Result<Option<CloseCode>, FrameError> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return if payload.is_empty() { Ok(None) } else { Err(FrameError::MalformedClose) };
    };
    let code = u16::from_be_bytes(*code);
    let code = CloseCode::received(code).ok_or(FrameError::InvalidCloseCode(code))?;
    if simdutf8::basic::from_utf8(reason).is_err() {
        // The reason is text too, and section 8.1 has one code for all text that is not UTF-8.
        return Err(FrameError::Utf8);
    }
    Ok(Some(code))
}

impl Drop for Decoder {
    fn drop(&mut self) {
        self.release();
    }
}
