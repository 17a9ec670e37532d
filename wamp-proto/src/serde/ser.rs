use std::fmt;

use serde::ser::{self, Impossible, Serialize};

use crate::codec::{Open, Write};

/// Why a value could not be encoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SerError {
    /// A list, dict or other compound stands as key of a dict.
    #[error("a key of a dict must be a string, a number or a bool")]
    CompoundKey,
    /// No format has integers of more than 64 bits.
    #[error("{0} does not fit 64 bits, the most an integer can have")]
    IntegerTooLarge(String),
    /// The value's own `Serialize` failed.
    #[error("{0}")]
    Refused(String),
}

impl ser::Error for SerError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Refused(message.to_string())
    }
}

pub(super) struct Serializer<'w, W> {
    writer: &'w mut W,
}

impl<'w, W: Write> Serializer<'w, W> {
    pub(super) fn new(writer: &'w mut W) -> Self {
        Self { writer }
    }

    /// A list or dict. Lengths that serde is told are not trusted: a wrong one would break the frame.
    fn compound(self, map: bool, variant: Option<&'static str>) -> Compound<'w, W> {
        let outer = variant.map(|variant| {
            let outer = self.writer.map(Some(1));
            self.writer.key(variant);
            outer
        });
        let open = if map { self.writer.map(None) } else { self.writer.array(None) };
        Compound { writer: self.writer, open, count: 0, outer }
    }
}

macro_rules! scalars {
    ($($method:ident($type:ty) => $write:ident;)*) => {$(
        fn $method(self, value: $type) -> Result<(), SerError> {
            self.writer.$write(value.into());
            Ok(())
        }
    )*};
}

impl<'w, W: Write> ser::Serializer for Serializer<'w, W> {
    type Ok = ();
    type Error = SerError;
    type SerializeSeq = Compound<'w, W>;
    type SerializeTuple = Compound<'w, W>;
    type SerializeTupleStruct = Compound<'w, W>;
    type SerializeTupleVariant = Compound<'w, W>;
    type SerializeMap = Compound<'w, W>;
    type SerializeStruct = Compound<'w, W>;
    type SerializeStructVariant = Compound<'w, W>;

    scalars! {
        serialize_bool(bool) => bool;
        serialize_i8(i8) => int;
        serialize_i16(i16) => int;
        serialize_i32(i32) => int;
        serialize_i64(i64) => int;
        serialize_u8(u8) => uint;
        serialize_u16(u16) => uint;
        serialize_u32(u32) => uint;
        serialize_u64(u64) => uint;
        serialize_f64(f64) => float;
        serialize_str(&str) => str;
        serialize_bytes(&[u8]) => bytes;
    }

    /// By way of its decimal text, so that 0.1f32 is 0.1 to the receiver and not 0.10000000149011612.
    fn serialize_f32(self, value: f32) -> Result<(), SerError> {
        let mut text = zmij::Buffer::new();
        let value =
            if value.is_finite() { text.format_finite(value).parse().unwrap_or(value.into()) } else { value.into() };
        self.writer.float(value);
        Ok(())
    }

    fn serialize_i128(self, value: i128) -> Result<(), SerError> {
        match (u64::try_from(value), i64::try_from(value)) {
            (Ok(value), _) => self.serialize_u64(value),
            (_, Ok(value)) => self.serialize_i64(value),
            _ => Err(SerError::IntegerTooLarge(value.to_string())),
        }
    }

    fn serialize_u128(self, value: u128) -> Result<(), SerError> {
        match u64::try_from(value) {
            Ok(value) => self.serialize_u64(value),
            Err(_) => Err(SerError::IntegerTooLarge(value.to_string())),
        }
    }

    fn serialize_char(self, value: char) -> Result<(), SerError> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_none(self) -> Result<(), SerError> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), SerError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), SerError> {
        self.writer.null();
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), SerError> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), SerError> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), SerError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), SerError> {
        let open = self.writer.map(Some(1));
        self.writer.key(variant);
        value.serialize(Serializer::new(&mut *self.writer))?;
        self.writer.close(open, 1);
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Compound<'w, W>, SerError> {
        Ok(self.compound(false, None))
    }

    fn serialize_tuple(self, _: usize) -> Result<Compound<'w, W>, SerError> {
        Ok(self.compound(false, None))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Compound<'w, W>, SerError> {
        Ok(self.compound(false, None))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Compound<'w, W>, SerError> {
        Ok(self.compound(false, Some(variant)))
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Compound<'w, W>, SerError> {
        Ok(self.compound(true, None))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Compound<'w, W>, SerError> {
        Ok(self.compound(true, None))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Compound<'w, W>, SerError> {
        Ok(self.compound(true, Some(variant)))
    }
}

pub(super) struct Compound<'w, W> {
    writer: &'w mut W,
    open: Open,
    count: usize,
    /// The dict of one entry around an enum's variant.
    outer: Option<Open>,
}

impl<W: Write> Compound<'_, W> {
    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SerError> {
        value.serialize(Serializer::new(&mut *self.writer))
    }

    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SerError> {
        self.count += 1;
        self.value(value)
    }

    fn entry<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), SerError> {
        self.writer.key(key);
        self.item(value)
    }

    fn finish(self) -> Result<(), SerError> {
        self.writer.close(self.open, self.count);
        if let Some(outer) = self.outer {
            self.writer.close(outer, 1);
        }
        Ok(())
    }
}

macro_rules! sequences {
    ($($trait:ident::$method:ident)*) => {$(
        impl<W: Write> ser::$trait for Compound<'_, W> {
            type Ok = ();
            type Error = SerError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SerError> {
                self.item(value)
            }

            fn end(self) -> Result<(), SerError> {
                self.finish()
            }
        }
    )*};
}
sequences!(SerializeSeq::serialize_element SerializeTuple::serialize_element SerializeTupleStruct::serialize_field
    SerializeTupleVariant::serialize_field);

macro_rules! structs {
    ($($trait:ident)*) => {$(
        impl<W: Write> ser::$trait for Compound<'_, W> {
            type Ok = ();
            type Error = SerError;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), SerError> {
                self.entry(key, value)
            }

            fn end(self) -> Result<(), SerError> {
                self.finish()
            }
        }
    )*};
}
structs!(SerializeStruct SerializeStructVariant);

impl<W: Write> ser::SerializeMap for Compound<'_, W> {
    type Ok = ();
    type Error = SerError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), SerError> {
        key.serialize(Key { writer: &mut *self.writer })
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), SerError> {
        self.item(value)
    }

    fn end(self) -> Result<(), SerError> {
        self.finish()
    }
}

/// Writes a key: as it is where the format takes it, else as its text.
struct Key<'w, W> {
    writer: &'w mut W,
}

impl<W: Write> Key<'_, W> {
    fn scalar(self, text: impl fmt::Display, write: impl FnOnce(&mut W)) -> Result<(), SerError> {
        if W::STRING_KEYS {
            self.writer.key(&text.to_string());
        } else {
            write(self.writer);
        }
        Ok(())
    }
}

macro_rules! scalar_keys {
    ($($method:ident($type:ty) => $write:ident;)*) => {$(
        fn $method(self, value: $type) -> Result<(), SerError> {
            self.scalar(value, |writer| writer.$write(value.into()))
        }
    )*};
}

macro_rules! refused_keys {
    ($($method:ident($($arg:ty),*) -> $ok:ty;)*) => {$(
        fn $method(self, $(_: $arg),*) -> Result<$ok, SerError> {
            Err(SerError::CompoundKey)
        }
    )*};
}

impl<W: Write> ser::Serializer for Key<'_, W> {
    type Ok = ();
    type Error = SerError;
    type SerializeSeq = Impossible<(), SerError>;
    type SerializeTuple = Impossible<(), SerError>;
    type SerializeTupleStruct = Impossible<(), SerError>;
    type SerializeTupleVariant = Impossible<(), SerError>;
    type SerializeMap = Impossible<(), SerError>;
    type SerializeStruct = Impossible<(), SerError>;
    type SerializeStructVariant = Impossible<(), SerError>;

    scalar_keys! {
        serialize_bool(bool) => bool;
        serialize_i8(i8) => int;
        serialize_i16(i16) => int;
        serialize_i32(i32) => int;
        serialize_i64(i64) => int;
        serialize_u8(u8) => uint;
        serialize_u16(u16) => uint;
        serialize_u32(u32) => uint;
        serialize_u64(u64) => uint;
        serialize_f32(f32) => float;
        serialize_f64(f64) => float;
    }

    fn serialize_str(self, value: &str) -> Result<(), SerError> {
        self.writer.key(value);
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), SerError> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), SerError> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), SerError> {
        value.serialize(self)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), SerError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), SerError> {
        Err(SerError::CompoundKey)
    }

    refused_keys! {
        serialize_bytes(&[u8]) -> ();
        serialize_none() -> ();
        serialize_unit() -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_seq(Option<usize>) -> Self::SerializeSeq;
        serialize_tuple(usize) -> Self::SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant;
        serialize_map(Option<usize>) -> Self::SerializeMap;
        serialize_struct(&'static str, usize) -> Self::SerializeStruct;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant;
    }
}
