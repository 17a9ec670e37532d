//! What a peer can do wrong on the wire.

use super::control::CloseCode;

/// A peer broke a rule of its framing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// RSV1 to RSV3 are for extensions, of which none was agreed.
    #[error("reserved bits are set in a frame header, but no extension was agreed")]
    ReservedBits,
    /// Opcodes 3 to 7 and 11 to 15, RawSocket types above 2.
    #[error("unknown frame type {0}")]
    UnknownType(u8),
    /// What a client sends has to be masked.
    #[error("a frame from a client has to be masked")]
    Unmasked,
    /// Control frames hold at most 125 bytes.
    #[error("a control frame of more than 125 bytes")]
    LongControl,
    /// Control frames can't be fragmented.
    #[error("a fragmented control frame")]
    FragmentedControl,
    /// A length was not written in the shortest of its three forms.
    #[error("a frame length in a longer form than it needs")]
    LengthForm,
    /// The most significant bit of a 64-bit length has to be zero.
    #[error("a frame length with its highest bit set")]
    LengthRange,
    /// A continuation with nothing to continue.
    #[error("a continuation frame, but no fragmented message has begun")]
    NothingToContinue,
    /// A new message before the fragmented one has ended.
    #[error("a new message inside a fragmented one")]
    UnfinishedMessage,
    /// Text that is not UTF-8.
    #[error("text that is not UTF-8")]
    Utf8,
    /// A message longer than allowed.
    #[error("a message of more than {limit} bytes")]
    TooBig {
        /// The longest message allowed here, in bytes.
        limit: usize,
    },
    /// A frame of a message longer than allowed.
    #[error("a frame of more than {limit} bytes")]
    FrameTooBig {
        /// The longest frame allowed here, in bytes.
        limit: usize,
    },
    /// Binary where the serializer is text.
    #[error("a binary message, but the serializer agreed on is text")]
    UnexpectedBinary,
    /// Text where the serializer is binary.
    #[error("a text message, but the serializer agreed on is binary")]
    UnexpectedText,
    /// A close frame with one byte: a code has two.
    #[error("a close frame with half a code")]
    MalformedClose,
    /// A close code that may not be sent.
    #[error("a close frame with the code {0}, which may not be sent")]
    InvalidCloseCode(u16),
}

impl FrameError {
    /// The code that tells the peer about it.
    pub fn close_code(self) -> CloseCode {
        match self {
            FrameError::Utf8 => CloseCode::INVALID_PAYLOAD,
            FrameError::TooBig { .. } | FrameError::FrameTooBig { .. } => CloseCode::TOO_BIG,
            FrameError::UnexpectedBinary | FrameError::UnexpectedText => CloseCode::UNSUPPORTED,
            _ => CloseCode::PROTOCOL_ERROR,
        }
    }
}
