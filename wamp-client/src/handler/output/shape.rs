//! Telling `()` and `Result` from other values that serde can encode.
//!
//! Both implement `Serialize`, so the type system can't give them a meaning of their own (no bound says "but not
//! these"). But a value tells its serializer what it is: this one listens to the first word, acts on those two, and
//! declines everything else, which is then encoded in the ordinary way.

use std::fmt;

use serde::ser::{Error, Impossible, Serialize, Serializer};
use wamp_proto::PayloadBuilder;

use crate::WampError;

/// Encodes what a handler returned: nothing for `()`, what is in an `Ok`, or else the value itself. An `Err` is the
/// handler's error.
pub(in crate::handler) fn encode_result<T: Serialize + ?Sized>(
    value: &T,
    serializer: wamp_proto::Serializer,
) -> Result<Option<PayloadBuilder>, WampError> {
    match value.serialize(Shape { serializer }) {
        Ok(encoded) => Ok(encoded),
        Err(Declined::Failed(error)) => Err(*error),
        Err(Declined::Ordinary) => {
            let mut payload = PayloadBuilder::new(serializer);
            match payload.arg(value) {
                Ok(_) => Ok(Some(payload)),
                Err(error) => Err(WampError::runtime(format_args!("the result has no encoding: {error}"))),
            }
        }
    }
}

struct Shape {
    serializer: wamp_proto::Serializer,
}

/// Why the value was not encoded.
#[derive(Debug)]
enum Declined {
    /// There is nothing special about it.
    Ordinary,
    /// It is an error.
    Failed(Box<WampError>),
}

impl fmt::Display for Declined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ordinary => f.write_str("an ordinary value"),
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Declined {}

impl Error for Declined {
    /// The value's own complaint comes again when it is encoded in the ordinary way.
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Ordinary
    }
}

type Encoded = Option<PayloadBuilder>;
type Compound = Impossible<Encoded, Declined>;

macro_rules! decline {
    ($($method:ident($($argument:ty),*) -> $result:ty;)*) => {$(
        fn $method(self, $(_: $argument),*) -> Result<$result, Declined> {
            Err(Declined::Ordinary)
        }
    )*};
}

impl Serializer for Shape {
    type Ok = Encoded;
    type Error = Declined;
    type SerializeSeq = Compound;
    type SerializeTuple = Compound;
    type SerializeTupleStruct = Compound;
    type SerializeTupleVariant = Compound;
    type SerializeMap = Compound;
    type SerializeStruct = Compound;
    type SerializeStructVariant = Compound;

    fn serialize_unit(self) -> Result<Encoded, Declined> {
        Ok(None)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Encoded, Declined> {
        match (name, variant) {
            ("Result", "Ok") => {
                encode_result(value, self.serializer).map_err(|error| Declined::Failed(Box::new(error)))
            }
            ("Result", "Err") => {
                Err(Declined::Failed(Box::new(WampError::new(wamp_proto::error::RUNTIME_ERROR).arg(value))))
            }
            _ => Err(Declined::Ordinary),
        }
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<Encoded, Declined> {
        Err(Declined::Ordinary)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, _: &T) -> Result<Encoded, Declined> {
        Err(Declined::Ordinary)
    }

    decline! {
        serialize_bool(bool) -> Encoded;
        serialize_i8(i8) -> Encoded;
        serialize_i16(i16) -> Encoded;
        serialize_i32(i32) -> Encoded;
        serialize_i64(i64) -> Encoded;
        serialize_u8(u8) -> Encoded;
        serialize_u16(u16) -> Encoded;
        serialize_u32(u32) -> Encoded;
        serialize_u64(u64) -> Encoded;
        serialize_f32(f32) -> Encoded;
        serialize_f64(f64) -> Encoded;
        serialize_char(char) -> Encoded;
        serialize_str(&str) -> Encoded;
        serialize_bytes(&[u8]) -> Encoded;
        serialize_none() -> Encoded;
        serialize_unit_struct(&'static str) -> Encoded;
        serialize_unit_variant(&'static str, u32, &'static str) -> Encoded;
        serialize_seq(Option<usize>) -> Compound;
        serialize_tuple(usize) -> Compound;
        serialize_tuple_struct(&'static str, usize) -> Compound;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Compound;
        serialize_map(Option<usize>) -> Compound;
        serialize_struct(&'static str, usize) -> Compound;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Compound;
    }
}
