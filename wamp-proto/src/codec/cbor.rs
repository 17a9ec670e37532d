//! CBOR (RFC 8949). Tags are passed over: the value they tag is what counts.

mod reader;
mod writer;

pub(crate) use self::reader::Reader;
pub(crate) use self::writer::Writer;
