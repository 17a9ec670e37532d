//! Rust values to encoded ones and back: one serde serializer and one deserializer over all three formats.
//!
//! Binary (`serialize_bytes`, `deserialize_bytes`) is what it should be in each, JSON included. Structs are dicts,
//! enums are tagged from outside, as in `serde_json`.

mod de;
mod ser;

use ::serde::{Deserialize, Serialize};

pub(crate) use self::de::Deserializer;
pub use self::ser::SerError;
use crate::codec::{DecodeError, Read as _, Serializer, with_reader, with_writer};

/// Decodes one value.
///
/// # Errors
/// When the bytes are not exactly one value of the format, or the value does not fit `T`.
pub fn from_slice<'de, T: Deserialize<'de>>(serializer: Serializer, bytes: &'de [u8]) -> Result<T, DecodeError> {
    with_reader!(serializer, bytes, |reader| {
        let decoded = T::deserialize(Deserializer::new(&mut reader));
        let value = decoded.map_err(|error: DecodeError| error.at(reader.position()))?;
        reader.end()?;
        Ok(value)
    })
}

/// Encodes one value.
///
/// # Errors
/// When the value has no encoding: a map whose keys are no scalars, an integer beyond 64 bits, or the type's own
/// `Serialize` failed.
pub fn to_vec<T: Serialize + ?Sized>(serializer: Serializer, value: &T) -> Result<Vec<u8>, SerError> {
    let mut out = Vec::new();
    write_to(serializer, value, &mut out)?;
    Ok(out)
}

/// Encodes one value, appending to `out`.
///
/// # Errors
/// As [`to_vec`]. `out` is as it was, then.
pub fn write_to<T: Serialize + ?Sized>(serializer: Serializer, value: &T, out: &mut Vec<u8>) -> Result<(), SerError> {
    let start = out.len();
    let result = with_writer!(serializer, &mut *out, |writer| value.serialize(ser::Serializer::new(&mut writer)));
    if result.is_err() {
        out.truncate(start);
    }
    result
}

#[cfg(test)]
mod tests;
