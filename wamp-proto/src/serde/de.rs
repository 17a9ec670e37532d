use std::borrow::Cow;
use std::marker::PhantomData;

use serde::de::value::{BytesDeserializer, CowStrDeserializer, SeqDeserializer};
use serde::de::{
    self, DeserializeSeed, EnumAccess, Error as _, IntoDeserializer, MapAccess, SeqAccess, Unexpected, VariantAccess,
    Visitor,
};
use serde::forward_to_deserialize_any;

use crate::codec::{DecodeError, Items, Read, Token};

pub(crate) struct Deserializer<'r, 'de, R> {
    reader: &'r mut R,
    frame: PhantomData<&'de [u8]>,
}

impl<'r, 'de, R: Read<'de>> Deserializer<'r, 'de, R> {
    pub(crate) fn new(reader: &'r mut R) -> Self {
        Self { reader, frame: PhantomData }
    }

    /// Hands a token to the visitor; `reader` continues inside it where it is a container.
    fn visit<V: Visitor<'de>>(self, token: Token<'de>, visitor: V) -> Result<V::Value, DecodeError> {
        let reader = self.reader;
        match token {
            Token::Null => visitor.visit_unit(),
            Token::Bool(value) => visitor.visit_bool(value),
            Token::Uint(value) => visitor.visit_u64(value),
            Token::Int(value) => visitor.visit_i64(value),
            Token::Float(value) => visitor.visit_f64(value),
            Token::Str(Cow::Borrowed(value)) => visitor.visit_borrowed_str(value),
            Token::Str(Cow::Owned(value)) => visitor.visit_string(value),
            Token::Bin(Cow::Borrowed(value)) => visitor.visit_borrowed_bytes(value),
            Token::Bin(Cow::Owned(value)) => visitor.visit_byte_buf(value),
            Token::Array(items) => {
                let mut access = Sequence { reader, items, frame: PhantomData };
                let value = visitor.visit_seq(&mut access)?;
                access.finish()?;
                Ok(value)
            }
            Token::Map(items) => {
                let mut access = Entries { reader, items, frame: PhantomData };
                let value = visitor.visit_map(&mut access)?;
                access.finish()?;
                Ok(value)
            }
        }
    }
}

/// A float that is an integer, as some peers write large ones.
fn whole(value: f64) -> Option<Token<'static>> {
    const EXACT: f64 = (1u64 << 53) as f64;
    if value.fract() != 0.0 || value.abs() > EXACT {
        return None;
    }
    Some(if value < 0.0 { Token::Int(value as i64) } else { Token::Uint(value as u64) })
}

macro_rules! integers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            if let Some(value) = self.reader.plain_uint() {
                return visitor.visit_u64(value);
            }
            match self.reader.token()? {
                Token::Float(value) => {
                    let token = whole(value).unwrap_or(Token::Float(value));
                    self.visit(token, visitor)
                }
                token => self.visit(token, visitor),
            }
        }
    )*};
}

macro_rules! strings {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            if let Some(value) = self.reader.plain_string() {
                return visitor.visit_borrowed_str(value);
            }
            let token = self.reader.string_token()?;
            self.visit(token, visitor)
        }
    )*};
}

impl<'r, 'de, R: Read<'de>> de::Deserializer<'de> for Deserializer<'r, 'de, R> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        let token = self.reader.token()?;
        self.visit(token, visitor)
    }

    integers!(deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128);

    strings!(deserialize_char deserialize_str deserialize_string deserialize_identifier);

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        if self.reader.null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    /// A binary string is a list of bytes to those who want one: `Vec<u8>` does.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.reader.token()? {
            Token::Bin(bytes) => visitor.visit_seq(SeqDeserializer::new(bytes.iter().copied())),
            token => self.visit(token, visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, DecodeError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match self.reader.token()? {
            Token::Str(variant) => visitor.visit_enum(CowStrDeserializer::new(variant)),
            Token::Map(mut items) => {
                if !self.reader.more(&mut items)? {
                    return Err(DecodeError::custom("expected a dict of one entry, the variant, found an empty one"));
                }
                let value = visitor.visit_enum(Variant { reader: &mut *self.reader, frame: PhantomData })?;
                if self.reader.more(&mut items)? {
                    return Err(DecodeError::custom("expected a dict of one entry, the variant, found more"));
                }
                Ok(value)
            }
            other => Err(self.reader.expected("a variant (a string, or a dict of one entry)", &other)),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        self.reader.skip()?;
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        bool f32 f64 bytes byte_buf unit unit_struct map struct
    }
}

struct Sequence<'r, 'de, R> {
    reader: &'r mut R,
    items: Items,
    frame: PhantomData<&'de [u8]>,
}

impl<'de, R: Read<'de>> Sequence<'_, 'de, R> {
    /// Reads past what the visitor left.
    fn finish(mut self) -> Result<(), DecodeError> {
        let mut left = 0;
        while self.reader.more(&mut self.items)? {
            self.reader.skip()?;
            left += 1;
        }
        match left {
            0 => Ok(()),
            left => Err(DecodeError::custom(format_args!("the list has {left} items more than expected"))),
        }
    }
}

impl<'de, R: Read<'de>> SeqAccess<'de> for &mut Sequence<'_, 'de, R> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, DecodeError> {
        if !self.reader.more(&mut self.items)? {
            return Ok(None);
        }
        seed.deserialize(Deserializer::new(&mut *self.reader)).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        self.items.left
    }
}

struct Entries<'r, 'de, R> {
    reader: &'r mut R,
    items: Items,
    frame: PhantomData<&'de [u8]>,
}

impl<'de, R: Read<'de>> Entries<'_, 'de, R> {
    /// Reads past what the visitor left.
    fn finish(mut self) -> Result<(), DecodeError> {
        while self.reader.more(&mut self.items)? {
            self.reader.key()?;
            self.reader.skip()?;
        }
        Ok(())
    }
}

impl<'de, R: Read<'de>> MapAccess<'de> for &mut Entries<'_, 'de, R> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, DecodeError> {
        if !self.reader.more(&mut self.items)? {
            return Ok(None);
        }
        seed.deserialize(Key(self.reader.key()?)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, DecodeError> {
        seed.deserialize(Deserializer::new(&mut *self.reader))
    }

    fn size_hint(&self) -> Option<usize> {
        self.items.left
    }
}

/// A key. Where a number or bool is wanted, its text will do: JSON knows only strings as keys.
struct Key<'de>(Token<'de>);

macro_rules! parsed_keys {
    ($($method:ident $visit:ident $type:ty,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
            match &self.0 {
                Token::Str(text) => match text.parse::<$type>() {
                    Ok(value) => visitor.$visit(value),
                    Err(_) => Err(DecodeError::invalid_type(Unexpected::Str(text), &visitor)),
                },
                _ => self.deserialize_any(visitor),
            }
        }
    )*};
}

impl<'de> de::Deserializer<'de> for Key<'de> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        match self.0 {
            Token::Null => visitor.visit_unit(),
            Token::Bool(value) => visitor.visit_bool(value),
            Token::Uint(value) => visitor.visit_u64(value),
            Token::Int(value) => visitor.visit_i64(value),
            Token::Float(value) => visitor.visit_f64(value),
            Token::Str(Cow::Borrowed(value)) => visitor.visit_borrowed_str(value),
            Token::Str(Cow::Owned(value)) => visitor.visit_string(value),
            Token::Bin(value) => BytesDeserializer::new(&value).deserialize_any(visitor),
            Token::Array(_) | Token::Map(_) => Err(DecodeError::custom("a list or dict can't be a key")),
        }
    }

    parsed_keys! {
        deserialize_bool visit_bool bool,
        deserialize_i8 visit_i64 i64,
        deserialize_i16 visit_i64 i64,
        deserialize_i32 visit_i64 i64,
        deserialize_i64 visit_i64 i64,
        deserialize_u8 visit_u64 u64,
        deserialize_u16 visit_u64 u64,
        deserialize_u32 visit_u64 u64,
        deserialize_u64 visit_u64 u64,
        deserialize_f32 visit_f64 f64,
        deserialize_f64 visit_f64 f64,
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, DecodeError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, DecodeError> {
        match self.0 {
            Token::Str(text) => {
                let text: CowStrDeserializer<'_, DecodeError> = text.into_deserializer();
                text.deserialize_enum(name, variants, visitor)
            }
            _ => self.deserialize_any(visitor),
        }
    }

    forward_to_deserialize_any! {
        i128 u128 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map struct identifier
        ignored_any
    }
}

/// The one entry of a dict that stands for an enum's variant.
struct Variant<'r, 'de, R> {
    reader: &'r mut R,
    frame: PhantomData<&'de [u8]>,
}

impl<'r, 'de, R: Read<'de>> EnumAccess<'de> for Variant<'r, 'de, R> {
    type Error = DecodeError;
    type Variant = Deserializer<'r, 'de, R>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self::Variant), DecodeError> {
        let variant = seed.deserialize(Key(self.reader.key()?))?;
        Ok((variant, Deserializer::new(self.reader)))
    }
}

impl<'de, R: Read<'de>> VariantAccess<'de> for Deserializer<'_, 'de, R> {
    type Error = DecodeError;

    fn unit_variant(self) -> Result<(), DecodeError> {
        de::Deserialize::deserialize(self)
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, DecodeError> {
        seed.deserialize(self)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, DecodeError> {
        de::Deserializer::deserialize_seq(self, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(self, _: &'static [&'static str], visitor: V) -> Result<V::Value, DecodeError> {
        de::Deserializer::deserialize_any(self, visitor)
    }
}
