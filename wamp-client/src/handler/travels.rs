//! What both ends of an interface, and of a derived error, can read and write.

use serde::Serialize;
use serde::de::{DeserializeOwned, IntoDeserializer, value};
use wamp_proto::{PayloadBuilder, Serializer, Value, from_slice, to_vec};

use super::output::encode_result;
use super::{Arguments, Outcome};
use crate::client::{Call, Client, Publish};
use crate::wamp_error::INTERNAL;
use crate::{Unacknowledged, WampError};

/// A type that is sent by one program and read by another.
///
/// Code that a macro makes uses it in place of serde's traits, so that a type which has none of them is one error.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't travel between two programs",
    label = "can't be both encoded and decoded",
    note = "for a type of your own add `#[derive(serde::Serialize, serde::Deserialize)]`; it must not borrow anything"
)]
pub trait Travels: Sized + Send + 'static {
    /// The value as a part of an error that travels.
    fn to_value(&self) -> Value;

    /// What came; an `Option` may be absent.
    fn from_value(value: Option<&Value>) -> Option<Self>;

    /// The next positional argument.
    fn take(arguments: &mut Arguments<'_>) -> Result<Self, WampError>;

    /// The keyword argument of this name.
    fn take_named(arguments: &mut Arguments<'_>, name: &'static str) -> Result<Self, WampError>;

    /// Encodes it as a result: nothing, if it is `()`.
    fn into_outcome(self, serializer: Serializer) -> Outcome;

    /// A call with such a result.
    fn call(client: &Client, procedure: String) -> Call<Self>;

    /// Adds it to a call: by this name, or as the next positional argument.
    fn add_to<T>(self, call: Call<T>, name: Option<&'static str>) -> Call<T>;

    /// Adds it to an event.
    fn publish(self, event: Publish<Unacknowledged>, name: Option<&'static str>) -> Publish<Unacknowledged>;
}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + 'static> Travels for T {
    fn to_value(&self) -> Value {
        crate::wamp_error::to_value(self)
    }

    fn from_value(value: Option<&Value>) -> Option<Self> {
        match value {
            Some(value) => from_value(value),
            None => absent(),
        }
    }

    fn take(arguments: &mut Arguments<'_>) -> Result<Self, WampError> {
        arguments.take::<T, _>()
    }

    fn take_named(arguments: &mut Arguments<'_>, name: &'static str) -> Result<Self, WampError> {
        arguments.named(name)
    }

    fn into_outcome(self, serializer: Serializer) -> Outcome {
        Ok(encode_result(&self, serializer)?.unwrap_or_else(|| PayloadBuilder::new(serializer)).finish())
    }

    fn call(client: &Client, procedure: String) -> Call<Self> {
        client.call(procedure)
    }

    fn add_to<R>(self, call: Call<R>, name: Option<&'static str>) -> Call<R> {
        match name {
            Some(name) => call.kwarg(name, self),
            None => call.arg(self),
        }
    }

    fn publish(self, event: Publish<Unacknowledged>, name: Option<&'static str>) -> Publish<Unacknowledged> {
        match name {
            Some(name) => event.kwarg(name, self),
            None => event.arg(self),
        }
    }
}

/// The value as a `T`, where it is one.
pub(crate) fn from_value<T: DeserializeOwned>(value: &Value) -> Option<T> {
    let bytes = to_vec(INTERNAL, value).ok()?;
    from_slice(INTERNAL, &bytes).ok()
}

/// What a type makes of a value that is not there: an `Option` is `None`, most others are impossible.
pub(super) fn absent<T: DeserializeOwned>() -> Option<T> {
    let nothing: value::UnitDeserializer<value::Error> = ().into_deserializer();
    T::deserialize(nothing).ok()
}
