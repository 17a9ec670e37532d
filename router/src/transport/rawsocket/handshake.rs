//! The opening handshake: four bytes from the client, four bytes back.

use wamp_proto::Serializer;
use wamp_proto::rawsocket::{Handshake, HandshakeError};

use crate::encoding::{Encoding, Framing};

/// The least a client has to take, in bytes. One that asks for less could not even be told
/// WELCOME, which lists what the router can do, and is refused with error 2.
pub const MIN_CLIENT_LENGTH: usize = 4 << 10;

/// What a client and the router have agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreed {
    /// How messages to the client are encoded, and how long they may be.
    pub encoding: Encoding,
    /// What the client is to be answered.
    pub reply: [u8; 4],
}

/// Answers a client's handshake; `max_message` is the longest message the router takes.
///
/// # Errors
///
/// Why the client is refused; [`HandshakeError::reply`] is what it has to be told.
pub fn agree(request: [u8; 4], max_message: usize) -> Result<Agreed, HandshakeError> {
    let client = Handshake::from_client(request)?;
    if client.max_length() < MIN_CLIENT_LENGTH {
        return Err(HandshakeError::LengthUnacceptable);
    }
    let serializer = client.serializer;
    let framing = Framing::RawSocket { max_length: client.max_length() as u32 };
    let reply = Handshake::new(serializer, max_message).encode();
    Ok(Agreed { encoding: Encoding { serializer, framing }, reply })
}

/// The longest message a router may say it takes if it takes `max_message`: a power of two from
/// 512 bytes to 16 MiB, rounded down.
pub fn announced_length(max_message: usize) -> usize {
    Handshake::new(Serializer::Json, max_message).max_length()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serializer_and_lengths_are_agreed_on() {
        for (client, serializer, max_message, reply) in [
            (0xF1, Serializer::Json, 16 << 20, 0xF1),
            (0x32, Serializer::MessagePack, 1000, 0x02),
            (0xF3, Serializer::Cbor, 1 << 20, 0xB3),
        ] {
            let agreed = agree([0x7F, client, 0, 0], max_message).unwrap();
            let max_length = 1 << (9 + (client >> 4));
            assert_eq!(agreed.encoding, Encoding { serializer, framing: Framing::RawSocket { max_length } });
            assert_eq!(agreed.reply, [0x7F, reply, 0, 0]);
        }
    }

    #[test]
    fn a_client_that_takes_too_little_is_refused() {
        for length in 0..16_u8 {
            let agreed = agree([0x7F, length << 4 | 1, 0, 0], 1 << 20);
            let enough = 512 << length >= MIN_CLIENT_LENGTH;
            assert_eq!(agreed.err(), (!enough).then_some(HandshakeError::LengthUnacceptable));
        }
    }

    #[test]
    fn what_is_announced_is_never_more_than_what_is_taken() {
        assert_eq!(announced_length(16 << 20), 16 << 20);
        assert_eq!(announced_length(usize::MAX), 16 << 20);
        assert_eq!(announced_length((1 << 20) - 1), 1 << 19);
        assert_eq!(announced_length(0), 512, "the protocol has no less");
    }
}
