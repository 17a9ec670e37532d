//! Options and details: dicts with known keys, as structs.

use std::borrow::Cow;

use crate::codec::{DecodeError, DecodeErrorKind, Read, Token, Write, with_reader};
use crate::{Id, RegistrationId, Serializer, SessionId, SubscriptionId};

/// A dict with known keys. Unknown ones are passed over; a null stands for an absent value.
pub(crate) trait Dict<'a>: Default {
    /// Reads the value of `key` if it is one of ours; leaves it unread when not.
    fn read_key<R: Read<'a>>(&mut self, key: &str, reader: &mut R) -> Result<bool, DecodeError>;

    /// Writes the entries that are present and tells how many.
    fn write_entries<W: Write>(&self, writer: &mut W) -> usize;
}

#[inline(always)]
pub(crate) fn read_dict<'a, D: Dict<'a>>(reader: &mut impl Read<'a>) -> Result<D, DecodeError> {
    if reader.empty_dict() {
        return Ok(D::default());
    }
    // Not returned as it is: what a call writes stays in memory, and so would the empty dict, to be copied from there.
    let full = read_full_dict(reader)?;
    Ok(full)
}

#[inline(never)]
fn read_full_dict<'a, D: Dict<'a>>(reader: &mut impl Read<'a>) -> Result<D, DecodeError> {
    let mut dict = D::default();
    read_entries(reader, &mut |key, reader| dict.read_key(key, reader))?;
    Ok(dict)
}

/// Reads a dict, handing each entry to `read_key`. Once a reader, and not once a dict too: that is 80 kB of a program.
fn read_entries<'a, R: Read<'a>>(
    reader: &mut R,
    read_key: &mut dyn FnMut(&str, &mut R) -> Result<bool, DecodeError>,
) -> Result<(), DecodeError> {
    let mut items = match reader.token()? {
        Token::Map(items) => items,
        other => return Err(reader.expected("a dict", &other)),
    };
    while reader.more(&mut items)? {
        let key = match reader.key()? {
            Token::Str(key) => key,
            other => return Err(reader.expected("a string as key", &other)),
        };
        if !reader.null() && !read_key(&key, reader)? {
            reader.skip()?;
        }
    }
    Ok(())
}

pub(crate) fn write_dict<'a>(dict: &impl Dict<'a>, writer: &mut impl Write) {
    let open = writer.map(None);
    let count = dict.write_entries(writer);
    writer.close(open, count);
}

/// The value of a known key. Its default is what an absent key means, and is not written.
pub(crate) trait Field<'a>: Default + PartialEq {
    fn read<R: Read<'a>>(reader: &mut R) -> Result<Self, DecodeError>;
    fn write<W: Write>(&self, writer: &mut W);
}

impl<'a> Field<'a> for bool {
    fn read<R: Read<'a>>(reader: &mut R) -> Result<Self, DecodeError> {
        match reader.token()? {
            Token::Bool(value) => Ok(value),
            other => Err(reader.expected("a bool", &other)),
        }
    }

    fn write<W: Write>(&self, writer: &mut W) {
        writer.bool(*self);
    }
}

/// An integer.
#[inline]
pub(crate) fn integer<'a>(reader: &mut impl Read<'a>) -> Result<u64, DecodeError> {
    match reader.plain_uint() {
        Some(value) => Ok(value),
        None => odd_integer(reader),
    }
}

/// JavaScript peers write integers above 2^32 as floats in some formats.
#[cold]
fn odd_integer<'a>(reader: &mut impl Read<'a>) -> Result<u64, DecodeError> {
    match reader.token()? {
        Token::Uint(value) => Ok(value),
        Token::Float(value) if value >= 0.0 && value <= (1u64 << 53) as f64 && value.fract() == 0.0 => Ok(value as u64),
        other => Err(reader.expected("a non-negative integer", &other)),
    }
}

impl<'a> Field<'a> for Option<u64> {
    fn read<R: Read<'a>>(reader: &mut R) -> Result<Self, DecodeError> {
        integer(reader).map(Some)
    }

    fn write<W: Write>(&self, writer: &mut W) {
        if let Some(value) = self {
            writer.uint(*value);
        }
    }
}

impl<'a> Field<'a> for Option<bool> {
    fn read<R: Read<'a>>(reader: &mut R) -> Result<Self, DecodeError> {
        bool::read(reader).map(Some)
    }

    fn write<W: Write>(&self, writer: &mut W) {
        if let Some(value) = self {
            writer.bool(*value);
        }
    }
}

impl<'a> Field<'a> for Option<Cow<'a, str>> {
    fn read<R: Read<'a>>(reader: &mut R) -> Result<Self, DecodeError> {
        reader.string().map(Some)
    }

    fn write<W: Write>(&self, writer: &mut W) {
        if let Some(value) = self {
            writer.str(value);
        }
    }
}

/// An id, which some peers write as a float.
pub(crate) fn id<'a, I: Id>(reader: &mut impl Read<'a>) -> Result<I, DecodeError> {
    let value = integer(reader)?;
    I::new(value).map_err(|_| out_of_range(value, reader.position()))
}

#[cold]
fn out_of_range(value: u64, at: usize) -> DecodeError {
    DecodeError::new(DecodeErrorKind::IdOutOfRange(value), at)
}

macro_rules! id_fields {
    ($($id:ident)*) => {$(
        impl<'a> Field<'a> for Option<$id> {
            fn read<R: Read<'a>>(reader: &mut R) -> Result<Self, DecodeError> {
                id(reader).map(Some)
            }

            fn write<W: Write>(&self, writer: &mut W) {
                if let Some(id) = self {
                    writer.uint(id.get());
                }
            }
        }
    )*};
}
id_fields!(SessionId SubscriptionId RegistrationId);

fn list<'a, R: Read<'a>, T>(
    reader: &mut R,
    item: impl Fn(&mut R) -> Result<T, DecodeError>,
) -> Result<Vec<T>, DecodeError> {
    let mut items = reader.list("a list")?;
    let mut values = Vec::new();
    while reader.more(&mut items)? {
        values.push(item(reader)?);
    }
    Ok(values)
}

fn write_list<W: Write, T>(writer: &mut W, values: &[T], item: impl Fn(&mut W, &T)) {
    let open = writer.array(Some(values.len()));
    for value in values {
        item(writer, value);
    }
    writer.close(open, values.len());
}

impl<'a> Field<'a> for Option<Vec<SessionId>> {
    fn read<R: Read<'a>>(reader: &mut R) -> Result<Self, DecodeError> {
        list(reader, id).map(Some)
    }

    fn write<W: Write>(&self, writer: &mut W) {
        write_list(writer, self.as_deref().unwrap_or_default(), |writer, id| writer.uint(id.get()));
    }
}

impl<'a> Field<'a> for Option<Vec<Cow<'a, str>>> {
    fn read<R: Read<'a>>(reader: &mut R) -> Result<Self, DecodeError> {
        list(reader, R::string).map(Some)
    }

    fn write<W: Write>(&self, writer: &mut W) {
        write_list(writer, self.as_deref().unwrap_or_default(), |writer, text| writer.str(text));
    }
}

/// A value that is kept encoded, such as an `authextra`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Raw<'a> {
    serializer: Serializer,
    bytes: &'a [u8],
}

impl<'a> Raw<'a> {
    /// A value that is encoded already.
    ///
    /// # Errors
    /// When the bytes are not exactly one value.
    pub fn new(serializer: Serializer, bytes: &'a [u8]) -> Result<Self, DecodeError> {
        with_reader!(serializer, bytes, |reader| {
            reader.skip()?;
            reader.end()?;
        });
        Ok(Self { serializer, bytes })
    }

    /// What the bytes are encoded in.
    pub fn serializer(&self) -> Serializer {
        self.serializer
    }

    /// The encoded value.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Decodes the value.
    ///
    /// # Errors
    /// When it does not fit `T`.
    pub fn decode<T: serde::Deserialize<'a>>(&self) -> Result<T, DecodeError> {
        crate::from_slice(self.serializer, self.bytes)
    }

    pub(crate) fn trusted(serializer: Serializer, bytes: &'a [u8]) -> Self {
        Self { serializer, bytes }
    }
}

impl<'a> Field<'a> for Option<Raw<'a>> {
    fn read<R: Read<'a>>(reader: &mut R) -> Result<Self, DecodeError> {
        Ok(Some(Raw::trusted(R::SERIALIZER, reader.skip()?)))
    }

    fn write<W: Write>(&self, writer: &mut W) {
        if let Some(raw) = self {
            write_encoded(raw.serializer, raw.bytes, writer);
        }
    }
}

/// Writes a value that is encoded already, and was checked when it was read: spliced in, where the formats are the
/// same, else transcoded.
pub(crate) fn write_encoded<W: Write>(serializer: Serializer, bytes: &[u8], writer: &mut W) {
    if serializer == W::SERIALIZER {
        return writer.raw(bytes);
    }
    transcode(serializer, bytes, writer).expect("a value that was checked can be read again");
}

fn transcode<W: Write>(serializer: Serializer, bytes: &[u8], writer: &mut W) -> Result<(), DecodeError> {
    with_reader!(serializer, bytes, |reader| crate::codec::transcode(&mut reader, writer))
}

/// Takes up the value of a key of a dict that is part of another one and mostly absent: there once it has a key.
pub(crate) fn read_part_key<'a, D: Dict<'a>, R: Read<'a>>(
    part: &mut Option<Box<D>>,
    key: &str,
    reader: &mut R,
) -> Result<bool, DecodeError> {
    if let Some(part) = part {
        return part.read_key(key, reader);
    }
    let mut found = D::default();
    let is_ours = found.read_key(key, reader)?;
    *part = is_ours.then(|| Box::new(found));
    Ok(is_ours)
}

/// Defines option and detail dicts: struct, decoding, encoding.
///
/// `+ name: Type` at the end takes in the keys of another dict. Few messages have any of them, so these are behind a
/// pointer: what a message is passed on as stays small.
macro_rules! dicts {
    ($(
        $(#[$doc:meta])*
        $name:ident<$life:lifetime> {
            $( $(#[$field_doc:meta])* $field:ident: $type:ty = $key:literal, )*
            $( + $(#[$part_doc:meta])* $part:ident: $part_type:ty, )*
        }
    )*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Default)]
        pub struct $name<$life> {
            $( $(#[$field_doc])* pub $field: $type, )*
            $( $(#[$part_doc])* pub $part: Option<Box<$part_type>>, )*
        }

        impl<$life> $crate::message::dict::Dict<$life> for $name<$life> {
            fn read_key<R: $crate::codec::Read<$life>>(
                &mut self,
                key: &str,
                reader: &mut R,
            ) -> Result<bool, $crate::codec::DecodeError> {
                match key {
                    $( $key => {
                        self.$field = $crate::message::dict::Field::read(reader)
                            .map_err(|error: $crate::codec::DecodeError| error.in_key($key))?;
                    } )*
                    _ => {
                        $( if $crate::message::dict::read_part_key(&mut self.$part, key, reader)? {
                            return Ok(true);
                        } )*
                        return Ok(false);
                    }
                }
                Ok(true)
            }

            #[allow(unused_mut, reason = "only dicts that take in another one add to it")]
            fn write_entries<W: $crate::codec::Write>(&self, writer: &mut W) -> usize {
                let mut count = 0;
                $( if self.$field != Default::default() {
                    writer.name($key);
                    $crate::message::dict::Field::write(&self.$field, writer);
                    count += 1;
                } )*
                $( if let Some(part) = &self.$part {
                    count += part.write_entries(writer);
                } )*
                count
            }
        }
    )*};
}

pub(crate) use dicts;
