//! RawSocket: the handshake and the frame header. Specification: "RawSocket Transport" (advanced profile).

use crate::Serializer;

/// The first byte of a handshake, by which a server tells RawSocket from HTTP.
pub const MAGIC: u8 = 0x7f;

/// The longest message any peer can take: 2^24 bytes.
pub const MAX_LENGTH: usize = 1 << 24;

/// What a client asks for, and what a server grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Handshake {
    /// The longest message the sender takes, as the exponent L of 2^(9+L).
    exponent: u8,
    /// The serializer of all messages.
    pub serializer: Serializer,
}

/// Why a handshake failed; the codes a server answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The first byte is not [`MAGIC`]: this is some other protocol.
    #[error("the first byte is {0:#04x} and not 0x7f: this is no RawSocket peer")]
    NotRawSocket(u8),
    /// The server does not have the serializer.
    #[error("the serializer is not supported: there are 1 (JSON), 2 (MessagePack) and 3 (CBOR)")]
    SerializerUnsupported,
    /// The server does not take the message length.
    #[error("the maximum message length is not acceptable")]
    LengthUnacceptable,
    /// The third or fourth byte is not zero.
    #[error("the reserved bytes are not zero")]
    ReservedBits,
    /// The server has all the connections it takes.
    #[error("the maximum number of connections is reached")]
    ConnectionLimit,
    /// A code the specification does not have.
    #[error("the server refused with code {0}, which the specification does not define")]
    Unknown(u8),
}

impl HandshakeError {
    /// The server's answer.
    pub const fn reply(self) -> [u8; 4] {
        let code = match self {
            Self::SerializerUnsupported => 1,
            Self::LengthUnacceptable => 2,
            Self::NotRawSocket(_) | Self::ReservedBits => 3,
            Self::ConnectionLimit => 4,
            Self::Unknown(code) => code,
        };
        [MAGIC, code << 4, 0, 0]
    }

    const fn from_code(code: u8) -> Self {
        match code {
            1 => Self::SerializerUnsupported,
            2 => Self::LengthUnacceptable,
            3 => Self::ReservedBits,
            4 => Self::ConnectionLimit,
            code => Self::Unknown(code),
        }
    }
}

impl Handshake {
    /// A handshake of a peer that takes messages up to `max_length` bytes, rounded down to a power of two from 2^9 to
    /// 2^24.
    pub fn new(serializer: Serializer, max_length: usize) -> Self {
        let exponent = max_length.clamp(1 << 9, MAX_LENGTH).ilog2() - 9;
        Self { exponent: exponent as u8, serializer }
    }

    /// The longest message the sender takes, in bytes.
    pub const fn max_length(self) -> usize {
        1 << (9 + self.exponent)
    }

    /// The four bytes, which are the same from client and from server.
    pub const fn encode(self) -> [u8; 4] {
        [MAGIC, self.exponent << 4 | self.serializer.rawsocket_id(), 0, 0]
    }

    /// Reads a client's handshake.
    ///
    /// # Errors
    /// What is to be answered with [`HandshakeError::reply`] before the connection is closed.
    pub fn from_client(bytes: [u8; 4]) -> Result<Self, HandshakeError> {
        Self::decode(bytes).and_then(|(exponent, id)| {
            let serializer = Serializer::from_rawsocket_id(id).ok_or(HandshakeError::SerializerUnsupported)?;
            Ok(Self { exponent, serializer })
        })
    }

    /// Reads a server's answer to a client that asked for `serializer`.
    ///
    /// # Errors
    /// The server's refusal, or an answer that is none.
    pub fn from_server(bytes: [u8; 4], serializer: Serializer) -> Result<Self, HandshakeError> {
        let (high, low) = Self::decode(bytes)?;
        match low {
            0 => Err(HandshakeError::from_code(high)),
            id if id == serializer.rawsocket_id() => Ok(Self { exponent: high, serializer }),
            _ => Err(HandshakeError::SerializerUnsupported),
        }
    }

    fn decode(bytes: [u8; 4]) -> Result<(u8, u8), HandshakeError> {
        let [magic, head, reserved @ ..] = bytes;
        if magic != MAGIC {
            return Err(HandshakeError::NotRawSocket(magic));
        }
        if reserved != [0, 0] {
            return Err(HandshakeError::ReservedBits);
        }
        Ok((head >> 4, head & 15))
    }
}

/// What a frame carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameKind {
    /// A WAMP message.
    Message,
    /// Asks for a pong with the same bytes.
    Ping,
    /// The answer to a ping.
    Pong,
}

/// The four bytes before each frame's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    /// What the frame carries.
    pub kind: FrameKind,
    /// The length of the content, in bytes; at most [`MAX_LENGTH`].
    pub length: usize,
}

/// A frame header against the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// One of the four upper bits is set.
    #[error("reserved bits are set in the frame header byte {0:#04x}")]
    ReservedBits(u8),
    /// A type of frame that does not exist.
    #[error("{0} is no frame type: there are 0 (message), 1 (ping) and 2 (pong)")]
    UnknownKind(u8),
    /// The bit for 2^24 is set together with a length.
    #[error("the length bit is set together with a length of {0}")]
    LengthOverflow(usize),
}

impl FrameHeader {
    /// The size of a header, in bytes.
    pub const SIZE: usize = 4;

    /// The header's bytes.
    ///
    /// # Panics
    /// When the length is above [`MAX_LENGTH`].
    pub fn encode(self) -> [u8; Self::SIZE] {
        assert!(self.length <= MAX_LENGTH, "a RawSocket frame carries at most 2^24 bytes");
        let kind = match self.kind {
            FrameKind::Message => 0,
            FrameKind::Ping => 1,
            FrameKind::Pong => 2,
        };
        let [top, high, middle, low] = (self.length as u32).to_be_bytes();
        [kind | top << 3, high, middle, low]
    }

    /// Reads a header.
    ///
    /// # Errors
    /// When it is against the rules; the connection is to be closed then.
    pub fn decode(bytes: [u8; Self::SIZE]) -> Result<Self, FrameError> {
        let [head, high, middle, low] = bytes;
        if head & 0xf0 != 0 {
            return Err(FrameError::ReservedBits(head));
        }
        let kind = match head & 7 {
            0 => FrameKind::Message,
            1 => FrameKind::Ping,
            2 => FrameKind::Pong,
            other => return Err(FrameError::UnknownKind(other)),
        };
        let length = u32::from_be_bytes([0, high, middle, low]) as usize;
        match (head & 8, length) {
            (0, length) => Ok(Self { kind, length }),
            (_, 0) => Ok(Self { kind, length: MAX_LENGTH }),
            (_, length) => Err(FrameError::LengthOverflow(length)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_is_four_bytes() {
        let handshake = Handshake::new(Serializer::MessagePack, 1 << 20);
        assert_eq!(handshake.encode(), [0x7f, 0xb2, 0, 0]);
        assert_eq!(Handshake::from_client([0x7f, 0xb2, 0, 0]), Ok(handshake));
        assert_eq!(handshake.max_length(), 1 << 20);
        assert_eq!(Handshake::new(Serializer::Json, usize::MAX).max_length(), MAX_LENGTH);
        assert_eq!(Handshake::new(Serializer::Json, 0).max_length(), 512);
    }

    #[test]
    fn each_mistake_of_a_client_has_its_error() {
        for (bytes, error, reply) in [
            ([0x47, 0x45, 0x54, 0x20], HandshakeError::NotRawSocket(0x47), 0x30),
            ([0x7f, 0xf0, 0, 0], HandshakeError::SerializerUnsupported, 0x10),
            ([0x7f, 0xf4, 0, 0], HandshakeError::SerializerUnsupported, 0x10),
            ([0x7f, 0xf1, 1, 0], HandshakeError::ReservedBits, 0x30),
            ([0x7f, 0xf1, 0, 1], HandshakeError::ReservedBits, 0x30),
        ] {
            assert_eq!(Handshake::from_client(bytes), Err(error));
            assert_eq!(error.reply(), [0x7f, reply, 0, 0]);
        }
    }

    #[test]
    fn a_refusal_is_told_from_an_answer() {
        for error in [
            HandshakeError::SerializerUnsupported,
            HandshakeError::LengthUnacceptable,
            HandshakeError::ReservedBits,
            HandshakeError::ConnectionLimit,
            HandshakeError::Unknown(9),
        ] {
            assert_eq!(Handshake::from_server(error.reply(), Serializer::Json), Err(error));
        }
        let answer = Handshake::new(Serializer::Json, 512);
        assert_eq!(Handshake::from_server(answer.encode(), Serializer::Json), Ok(answer));
        assert!(Handshake::from_server(answer.encode(), Serializer::Cbor).is_err());
    }

    #[test]
    fn frame_headers_go_both_ways() {
        for kind in [FrameKind::Message, FrameKind::Ping, FrameKind::Pong] {
            for length in [0, 1, 255, 65_536, MAX_LENGTH - 1, MAX_LENGTH] {
                let header = FrameHeader { kind, length };
                assert_eq!(FrameHeader::decode(header.encode()), Ok(header));
            }
        }
        let whole = FrameHeader { kind: FrameKind::Message, length: MAX_LENGTH };
        assert_eq!(whole.encode(), [8, 0, 0, 0]);
    }

    #[test]
    fn frame_headers_against_the_rules_are_refused() {
        assert_eq!(FrameHeader::decode([0x10, 0, 0, 0]), Err(FrameError::ReservedBits(0x10)));
        assert_eq!(FrameHeader::decode([3, 0, 0, 0]), Err(FrameError::UnknownKind(3)));
        assert_eq!(FrameHeader::decode([8, 0, 0, 1]), Err(FrameError::LengthOverflow(1)));
    }
}
