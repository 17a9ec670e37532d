//! Telling `()` and `Result` from other values that serde can encode.
//!
//! Both implement `Serialize`, so the type system can't give them a meaning of their own (no bound says "but not
//! these"). But a value tells its serializer what it is: this one listens to the first word, acts on those two, and
//! declines everything else, which is then encoded in the ordinary way.

use std::fmt;

use serde::ser::{Error, Impossible, Serialize, Serializer};
use wamp_proto::PayloadBuilder;

use crate::WampError;

/// Adds what a handler returned: nothing for `()`, what is in an `Ok`, or else the value itself. An `Err` is the
/// handler's error.
pub(in crate::handler) fn add_result<T: Serialize + ?Sized>(
    value: &T,
    payload: &mut PayloadBuilder,
) -> Result<(), WampError> {
    match value.serialize(Shape { payload }) {
        Ok(()) => Ok(()),
        Err(Declined::Failed(error)) => Err(*error),
        Err(Declined::Ordinary) => match payload.arg(value) {
            Ok(_) => Ok(()),
            Err(error) => Err(WampError::runtime(format_args!("the result has no encoding: {error}"))),
        },
    }
}

struct Shape<'a> {
    payload: &'a mut PayloadBuilder,
}

/// Why the value was not added.
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

type Compound = Impossible<(), Declined>;

macro_rules! decline {
    ($($method:ident($($argument:ty),*) -> $result:ty;)*) => {$(
        fn $method(self, $(_: $argument),*) -> Result<$result, Declined> {
            Err(Declined::Ordinary)
        }
    )*};
}

impl Serializer for Shape<'_> {
    type Ok = ();
    type Error = Declined;
    type SerializeSeq = Compound;
    type SerializeTuple = Compound;
    type SerializeTupleStruct = Compound;
    type SerializeTupleVariant = Compound;
    type SerializeMap = Compound;
    type SerializeStruct = Compound;
    type SerializeStructVariant = Compound;

    fn serialize_unit(self) -> Result<(), Declined> {
        Ok(())
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Declined> {
        match (name, variant) {
            ("Result", "Ok") => add_result(value, self.payload).map_err(|error| Declined::Failed(Box::new(error))),
            ("Result", "Err") => {
                Err(Declined::Failed(Box::new(WampError::new(wamp_proto::error::RUNTIME_ERROR).arg(value))))
            }
            _ => Err(Declined::Ordinary),
        }
    }

    fn serialize_some<T: Serialize + ?Sized>(self, _: &T) -> Result<(), Declined> {
        Err(Declined::Ordinary)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, _: &T) -> Result<(), Declined> {
        Err(Declined::Ordinary)
    }

    decline! {
        serialize_bool(bool) -> ();
        serialize_i8(i8) -> ();
        serialize_i16(i16) -> ();
        serialize_i32(i32) -> ();
        serialize_i64(i64) -> ();
        serialize_u8(u8) -> ();
        serialize_u16(u16) -> ();
        serialize_u32(u32) -> ();
        serialize_u64(u64) -> ();
        serialize_f32(f32) -> ();
        serialize_f64(f64) -> ();
        serialize_char(char) -> ();
        serialize_str(&str) -> ();
        serialize_bytes(&[u8]) -> ();
        serialize_none() -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_unit_variant(&'static str, u32, &'static str) -> ();
        serialize_seq(Option<usize>) -> Compound;
        serialize_tuple(usize) -> Compound;
        serialize_tuple_struct(&'static str, usize) -> Compound;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Compound;
        serialize_map(Option<usize>) -> Compound;
        serialize_struct(&'static str, usize) -> Compound;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Compound;
    }
}
