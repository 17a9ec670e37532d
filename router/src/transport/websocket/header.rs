//! Frame headers (RFC 6455, section 5.2).

use super::mask::Mask;
use crate::transport::FrameError;

/// The header of a frame from a client, all rules for headers checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: Kind,
    /// The frame ends its message.
    pub(super) fin: bool,
    pub(super) mask: Mask,
    /// Length of the payload.
    pub(super) length: u64,
    /// Length of the header itself.
    pub(super) size: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Kind {
    fn from_opcode(opcode: u8) -> Result<Self, FrameError> {
        Ok(match opcode {
            0 => Kind::Continuation,
            1 => Kind::Text,
            2 => Kind::Binary,
            8 => Kind::Close,
            9 => Kind::Ping,
            10 => Kind::Pong,
            unknown => return Err(FrameError::UnknownType(unknown)),
        })
    }

    pub(super) fn is_control(self) -> bool {
        matches!(self, Kind::Close | Kind::Ping | Kind::Pong)
    }
}

impl Header {
    /// Parses the header at the start of `bytes`; `None` if it is not all there.
    ///
    /// What is wrong with the first two bytes is told as soon as they are there.
    #[inline]
    pub(super) fn parse(bytes: &[u8]) -> Result<Option<Self>, FrameError> {
        let &[first, second, ref rest @ ..] = bytes else {
            return Ok(None);
        };
        if first & 0x70 != 0 {
            return Err(FrameError::ReservedBits);
        }
        let fin = first & 0x80 != 0;
        let kind = Kind::from_opcode(first & 0x0F)?;
        if second & 0x80 == 0 {
            return Err(FrameError::Unmasked);
        }
        let short = second & 0x7F;
        if kind.is_control() {
            if !fin {
                return Err(FrameError::FragmentedControl);
            }
            if short > 125 {
                return Err(FrameError::LongControl);
            }
        }
        let (length, rest) = match short {
            126 => {
                let Some((length, rest)) = rest.split_first_chunk() else {
                    return Ok(None);
                };
                let length = u64::from(u16::from_be_bytes(*length));
                if length < 126 {
                    return Err(FrameError::LengthForm);
                }
                (length, rest)
            }
            127 => {
                let Some((length, rest)) = rest.split_first_chunk() else {
                    return Ok(None);
                };
                let length = u64::from_be_bytes(*length);
                if length >> 63 != 0 {
                    return Err(FrameError::LengthRange);
                }
                if length <= u64::from(u16::MAX) {
                    return Err(FrameError::LengthForm);
                }
                (length, rest)
            }
            short => (u64::from(short), rest),
        };
        let Some((key, rest)) = rest.split_first_chunk() else {
            return Ok(None);
        };
        Ok(Some(Self { kind, fin, mask: Mask::new(*key), length, size: bytes.len() - rest.len() }))
    }
}
