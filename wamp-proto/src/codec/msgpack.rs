//! MessagePack. Extension types are read as the binary string they carry.

mod reader;
mod writer;

pub(crate) use self::reader::Reader;
pub(crate) use self::writer::Writer;
