//! JSON (RFC 8259), with the WAMP convention for binary: a string of U+0000 and base64.

mod digits;
mod escapes;
mod reader;
mod scan;
mod writer;

pub(crate) use self::reader::Reader;
pub(crate) use self::writer::Writer;

use super::{DecodeError, DecodeErrorKind, utf8};

/// The frame as text: JSON must be UTF-8.
pub(crate) fn text(bytes: &[u8]) -> Result<&str, DecodeError> {
    utf8(bytes).ok_or_else(|| {
        let offset = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
        DecodeError::new(DecodeErrorKind::InvalidUtf8, offset)
    })
}
