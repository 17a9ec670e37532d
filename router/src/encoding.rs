//! How messages to one peer become bytes: a serializer inside a framing.

use wamp_proto::message::Bare;
use wamp_proto::rawsocket::{FrameHeader, FrameKind};
use wamp_proto::{Message, Serializer};

/// What turns a message into bytes for one peer.
///
/// Receivers with equal encodings can share the same bytes: an event is encoded once for
/// each encoding among the subscribers, not once for each subscriber.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Encoding {
    /// The serializer agreed in the transport's handshake.
    pub serializer: Serializer,
    /// What delimits one message from the next on the wire.
    pub framing: Framing,
}

impl Encoding {
    /// Appends `message` to `out` as one complete frame.
    ///
    /// # Errors
    ///
    /// [`FrameTooLarge`] if the peer doesn't take a message of this size; `out` is then as it was.
    pub fn encode(self, message: &Message<'_>, out: &mut Vec<u8>) -> Result<(), FrameTooLarge> {
        self.framing.frame(self.serializer.is_binary(), out, |out| {
            self.serializer.encode(message, out);
        })
    }
}

/// What can be sent: any message, or one of those that nearly always have no details.
pub(crate) trait Outgoing {
    /// The number that stands for the message's type.
    fn code(&self) -> u64;

    /// The error it tells, if it does.
    fn error(&self) -> Option<&str> {
        None
    }

    /// Appends it to `out`, see [`Encoding::encode`].
    fn encode(&self, encoding: Encoding, out: &mut Vec<u8>) -> Result<(), FrameTooLarge>;
}

impl Outgoing for Message<'_> {
    fn code(&self) -> u64 {
        Message::code(self)
    }

    fn error(&self) -> Option<&str> {
        match self {
            Message::Error(message) => Some(&message.error),
            Message::Abort(message) => Some(&message.reason),
            _ => None,
        }
    }

    fn encode(&self, encoding: Encoding, out: &mut Vec<u8>) -> Result<(), FrameTooLarge> {
        encoding.encode(self, out)
    }
}

impl Outgoing for Bare<'_> {
    #[inline]
    fn code(&self) -> u64 {
        Bare::code(self)
    }

    #[inline]
    fn encode(&self, encoding: Encoding, out: &mut Vec<u8>) -> Result<(), FrameTooLarge> {
        let Encoding { serializer, framing } = encoding;
        framing.frame(serializer.is_binary(), out, |out| serializer.encode_bare(self, out))
    }
}

/// What delimits messages on a byte stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Framing {
    /// RFC 6455, server to client: unmasked, never fragmented.
    WebSocket,
    /// WAMP's own length-prefixed framing.
    RawSocket {
        /// The longest message the peer takes, in bytes, as it said in its handshake; at most
        /// [`MAX_LENGTH`](wamp_proto::rawsocket::MAX_LENGTH).
        max_length: u32,
    },
}

/// A message longer than the peer takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a message of {length} bytes is longer than the peer takes")]
pub struct FrameTooLarge {
    /// Length of the message's body in bytes.
    pub length: usize,
}

/// Room for a header whose length is not known yet.
pub(crate) const GAP: usize = 4;

/// Gives a WebSocket message that is shorter or longer than most its header in place of the gap.
#[inline(never)]
fn move_into_place(out: &mut Vec<u8>, start: usize, opcode: u8, length: usize) {
    if let Ok(length @ ..126) = u8::try_from(length) {
        out.drain(start + 2..start + GAP);
        out[start..start + 2].copy_from_slice(&[opcode, length]);
    } else {
        out.splice(start + GAP..start + GAP, [0; 6]);
        out[start..start + 2].copy_from_slice(&[opcode, 127]);
        out[start + 2..start + 10].copy_from_slice(&(length as u64).to_be_bytes());
    }
}

impl Framing {
    /// Appends one frame to `out` whose body is what `write_body` appends.
    ///
    /// `binary` picks the WebSocket opcode; RawSocket makes no difference.
    ///
    /// # Errors
    ///
    /// [`FrameTooLarge`] if the peer doesn't take a message of this size; `out` is then as it was.
    #[inline]
    pub fn frame(
        self,
        binary: bool,
        out: &mut Vec<u8>,
        write_body: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), FrameTooLarge> {
        // The body's length is known only once it is written. A gap of four bytes is right for
        // every RawSocket frame and for WebSocket bodies of 126 bytes to 64 KiB; the others are
        // moved into place, which is cheap for short ones and rare for long ones.
        let start = out.len();
        out.extend_from_slice(&[0; GAP]);
        write_body(out);
        self.fill_gap(binary, start, out)
    }

    /// Makes what `out` has from `start` on, a [gap](GAP) and a body, one frame. See [`frame`](Self::frame).
    #[inline]
    pub(crate) fn fill_gap(self, binary: bool, start: usize, out: &mut Vec<u8>) -> Result<(), FrameTooLarge> {
        let length = out.len() - start - GAP;
        match self {
            Framing::WebSocket => {
                let opcode = if binary { 0x82 } else { 0x81 };
                match length {
                    126..=0xFFFF => {
                        let [high, low] = (length as u16).to_be_bytes();
                        out[start..start + GAP].copy_from_slice(&[opcode, 126, high, low]);
                    }
                    _ => move_into_place(out, start, opcode, length),
                }
            }
            Framing::RawSocket { max_length } => {
                if length > max_length as usize {
                    out.truncate(start);
                    return Err(FrameTooLarge { length });
                }
                let header = FrameHeader { kind: FrameKind::Message, length };
                out[start..start + GAP].copy_from_slice(&header.encode());
            }
        }
        Ok(())
    }

    /// Walks over `frames`, a run of complete frames as [`frame`](Self::frame) writes them.
    pub fn split(self, frames: &[u8]) -> Frames<'_> {
        Frames { framing: self, rest: frames }
    }

    /// Lengths of header and body of the frame at the start of `bytes`, if its header is whole.
    fn lengths(self, bytes: &[u8]) -> Option<(usize, usize)> {
        match self {
            Framing::WebSocket => match *bytes.get(1)? & 0x7F {
                126 => {
                    let length = bytes.get(2..4)?.try_into().ok()?;
                    Some((4, usize::from(u16::from_be_bytes(length))))
                }
                127 => {
                    let length = bytes.get(2..10)?.try_into().ok()?;
                    Some((10, usize::try_from(u64::from_be_bytes(length)).ok()?))
                }
                length => Some((2, usize::from(length))),
            },
            Framing::RawSocket { .. } => {
                let header = FrameHeader::decode(bytes.first_chunk().copied()?).ok()?;
                Some((FrameHeader::SIZE, header.length))
            }
        }
    }
}

/// One frame of a run, see [`Framing::split`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// The frame as it goes over the wire.
    pub whole: &'a [u8],
    /// The frame without its header: the serialized message.
    pub body: &'a [u8],
}

/// The frames of a run, see [`Framing::split`]. Ends early at a frame that is not complete.
#[derive(Debug, Clone)]
pub struct Frames<'a> {
    framing: Framing,
    rest: &'a [u8],
}

impl<'a> Iterator for Frames<'a> {
    type Item = Frame<'a>;

    fn next(&mut self) -> Option<Frame<'a>> {
        let (header, body) = self.framing.lengths(self.rest)?;
        let (whole, rest) = self.rest.split_at_checked(header.checked_add(body)?)?;
        self.rest = rest;
        Some(Frame { whole, body: &whole[header..] })
    }
}

#[cfg(test)]
mod tests {
    use wamp_proto::rawsocket::MAX_LENGTH;

    use super::*;

    const RAWSOCKET: Framing = Framing::RawSocket { max_length: MAX_LENGTH as u32 };

    /// Bodies around every change of the header's shape, written one after the other.
    #[test]
    fn frames_written_are_the_frames_split() {
        let lengths = [0, 1, 125, 126, 127, 65_535, 65_536, 1 << 24];
        for framing in [Framing::WebSocket, RAWSOCKET] {
            let mut out = Vec::new();
            for length in lengths {
                let body = vec![length as u8; length];
                framing.frame(false, &mut out, |out| out.extend_from_slice(&body)).unwrap();
            }
            let bodies: Vec<Vec<u8>> = framing.split(&out).map(|frame| frame.body.to_vec()).collect();
            let expected: Vec<Vec<u8>> = lengths.iter().map(|&length| vec![length as u8; length]).collect();
            assert_eq!(bodies, expected, "{framing:?}");
            assert_eq!(framing.split(&out).map(|frame| frame.whole.len()).sum::<usize>(), out.len());
        }
    }

    #[test]
    fn headers_are_the_bytes_of_the_specifications() {
        let header = |framing: Framing, binary, length: usize| {
            let mut out = vec![9];
            framing.frame(binary, &mut out, |out| out.resize(out.len() + length, 0)).unwrap();
            let (header, _) = framing.lengths(&out[1..]).unwrap();
            out[1..=header].to_vec()
        };
        use Framing::WebSocket;
        assert_eq!(header(WebSocket, false, 5), [0x81, 5]);
        assert_eq!(header(WebSocket, true, 125), [0x82, 125]);
        assert_eq!(header(WebSocket, false, 126), [0x81, 126, 0, 126]);
        assert_eq!(header(WebSocket, false, 65_535), [0x81, 126, 0xFF, 0xFF]);
        assert_eq!(header(WebSocket, true, 65_536), [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
        assert_eq!(header(RAWSOCKET, true, 5), [0, 0, 0, 5]);
        assert_eq!(header(RAWSOCKET, false, 1 << 24), [8, 0, 0, 0]);
    }

    /// Specification: "RawSocket Transport" (advanced profile), Serialization.
    #[test]
    fn a_message_longer_than_a_rawsocket_peer_takes_leaves_nothing_behind() {
        for max_length in [512, MAX_LENGTH] {
            let framing = Framing::RawSocket { max_length: max_length as u32 };
            let mut out = vec![1, 2, 3];
            let result = framing.frame(true, &mut out, |out| out.resize(out.len() + max_length + 1, 0));
            assert_eq!(result, Err(FrameTooLarge { length: max_length + 1 }));
            assert_eq!(out, [1, 2, 3]);
            framing.frame(true, &mut out, |out| out.resize(out.len() + max_length, 0)).unwrap();
            assert_eq!(out.len(), 3 + 4 + max_length);
        }
    }

    #[test]
    fn an_incomplete_frame_ends_the_walk() {
        let mut out = Vec::new();
        Framing::WebSocket.frame(false, &mut out, |out| out.extend_from_slice(b"whole")).unwrap();
        out.extend_from_slice(&[0x81, 5, b'h']);
        assert_eq!(Framing::WebSocket.split(&out).count(), 1);
    }
}
