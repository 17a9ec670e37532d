//! Errors that travel: a URI, arguments and keyword arguments.

mod typed;

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use wamp_proto::{OwnedPayload, Payload, PayloadBuilder, Serializer, Value, error, from_slice, to_vec};

pub(crate) use self::typed::known;
pub use self::typed::{CatchAll, ErrorText, KnownError, TypedError};
use crate::handler::from_value;

/// An error as WAMP carries it from a callee (or the router) to a caller.
///
/// A handler that returns one decides what its caller sees, and so does one that returns an enum with
/// [`#[derive(WampError)]`](macro@crate::WampError), which keeps the URIs of a program in one place. Any other error a
/// handler returns reaches the caller as `wamp.error.runtime_error` with its text as the argument.
///
/// ```
/// use wamp_client::{WampError, register};
///
/// #[register("com.example.sqrt")]
/// async fn sqrt(x: f64) -> Result<f64, WampError> {
///     if x < 0.0 {
///         return Err(WampError::new("com.example.error.negative").arg("x must not be negative").kwarg("x", x));
///     }
///     Ok(x.sqrt())
/// }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct WampError {
    uri: Cow<'static, str>,
    args: Vec<Value>,
    kwargs: Vec<(String, Value)>,
}

impl WampError {
    /// An error of this URI, without arguments.
    pub fn new(uri: impl Into<Cow<'static, str>>) -> Self {
        Self { uri: uri.into(), args: Vec::new(), kwargs: Vec::new() }
    }

    /// Code that failed: `wamp.error.runtime_error` with this text.
    pub fn runtime(message: impl fmt::Display) -> Self {
        Self::new(error::RUNTIME_ERROR).arg(message.to_string())
    }

    /// Arguments the procedure can't take: `wamp.error.invalid_argument` with this text, which should name the
    /// argument, its value and what would be right.
    pub fn invalid_argument(message: impl fmt::Display) -> Self {
        Self::new(error::INVALID_ARGUMENT).arg(message.to_string())
    }

    /// Adds an argument. The first one is the text for people, by custom. A value without an encoding becomes null.
    #[must_use]
    pub fn arg(mut self, value: impl Serialize) -> Self {
        self.args.push(to_value(&value));
        self
    }

    /// Adds a keyword argument. A value without an encoding becomes null.
    #[must_use]
    pub fn kwarg(mut self, key: impl Into<String>, value: impl Serialize) -> Self {
        self.kwargs.push((key.into(), to_value(&value)));
        self
    }

    /// The error's URI.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// The arguments.
    pub fn args(&self) -> &[Value] {
        &self.args
    }

    /// The keyword arguments, in the order they came.
    pub fn kwargs(&self) -> &[(String, Value)] {
        &self.kwargs
    }

    /// The text for people: the first argument, where it is a string.
    pub fn message(&self) -> Option<&str> {
        self.args.first().and_then(Value::as_str)
    }

    /// The keyword argument of this key, where it is there and fits `T`.
    pub fn kwarg_as<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        from_value(self.kwarg_value(key)?)
    }

    /// The argument at this position, from 0, where it is there and fits `T`.
    pub fn arg_as<T: DeserializeOwned>(&self, position: usize) -> Option<T> {
        from_value(self.args.get(position)?)
    }

    /// The keyword argument of this key.
    pub fn kwarg_value(&self, key: &str) -> Option<&Value> {
        self.kwargs.iter().find(|(known, _)| known == key).map(|(_, value)| value)
    }

    pub(crate) fn received(uri: &str, payload: Payload<'_>) -> Self {
        let mut args = payload.args_reader();
        Self {
            uri: Cow::Owned(error::canonical(uri).to_owned()),
            args: std::iter::from_fn(|| args.take().ok().flatten()).collect(),
            kwargs: match payload.kwargs_reader().decode() {
                Ok(Value::Map(entries)) => entries,
                _ => Vec::new(),
            },
        }
    }

    pub(crate) fn payload(&self, serializer: Serializer) -> OwnedPayload {
        let mut payload = PayloadBuilder::new(serializer);
        for arg in &self.args {
            add(payload.arg(arg));
        }
        for (key, value) in &self.kwargs {
            add(payload.kwarg(key, value));
        }
        payload.finish()
    }
}

impl fmt::Display for WampError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.uri)?;
        match self.message() {
            Some(message) => write!(f, ": {message}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for WampError {}

/// What values are kept in until they are sent, or decoded: a binary format, which loses nothing, where there is one.
pub(crate) const INTERNAL: Serializer = Serializer::ALL[Serializer::ALL.len() - 1];

pub(crate) fn to_value(value: &impl Serialize) -> Value {
    let encoded = to_vec(INTERNAL, value).map_err(|error| tracing::warn!(%error, "error argument has no encoding"));
    encoded.ok().and_then(|bytes| from_slice(INTERNAL, &bytes).ok()).unwrap_or_default()
}

fn add<T>(added: Result<T, wamp_proto::SerError>) {
    if let Err(error) = added {
        tracing::warn!(%error, "error argument has no encoding");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_survives_the_wire_in_every_serializer() {
        let sent = WampError::new("com.example.error.broken").arg("text").arg(7).kwarg("list", [1, 2]);
        for serializer in Serializer::ALL {
            let payload = sent.payload(serializer);
            assert_eq!(WampError::received("com.example.error.broken", payload.as_payload()), sent);
        }
        assert_eq!(sent.kwarg_as::<Vec<u8>>("list"), Some(vec![1, 2]));
        assert_eq!(sent.kwarg_as::<Vec<u8>>("other"), None);
        assert_eq!((sent.arg_as::<u8>(1), sent.arg_as::<u8>(0), sent.arg_as::<u8>(2)), (Some(7), None, None));
    }

    #[test]
    fn an_old_spelling_is_read_as_the_new_one() {
        assert_eq!(WampError::received("wamp.error.cancelled", Payload::EMPTY).uri(), error::CANCELED);
    }
}
