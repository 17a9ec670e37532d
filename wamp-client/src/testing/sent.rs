//! What the program sent.

use std::fmt;

use serde::de::DeserializeOwned;
use wamp_proto::{OwnedPayload, Value, from_slice};

/// An event that the program published, or a call that it made.
#[derive(Clone)]
pub struct Sent {
    pub(super) kind: SentKind,
    pub(super) uri: String,
    pub(super) payload: OwnedPayload,
    pub(super) is_acknowledged: bool,
    pub(super) is_retained: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SentKind {
    Publication,
    Call,
}

impl Sent {
    /// The topic or the procedure.
    pub fn uri(&self) -> &str {
        &self.uri
    }

    /// Whether the router was asked to keep the event.
    pub fn is_retained(&self) -> bool {
        self.is_retained
    }

    /// Whether the router was asked to confirm the publication.
    pub fn is_acknowledged(&self) -> bool {
        self.is_acknowledged
    }

    /// Decodes the positional argument at `index`, from 0. An `Option` may be absent.
    ///
    /// # Panics
    /// When it is not there, or is no `T`.
    #[track_caller]
    pub fn arg<T: DeserializeOwned>(&self, index: usize) -> T {
        let mut args = self.payload.as_payload().args_reader();
        while args.position() < index && matches!(args.take_raw(), Ok(Some(_))) {}
        match args.take() {
            Ok(Some(value)) => value,
            Ok(None) => self.absent(|| format!("argument {}", index + 1)),
            Err(error) => self.mismatch::<T>(&format!("argument {}", index + 1), &error.kind()),
        }
    }

    /// Decodes all positional arguments: into a tuple, a list, or a struct by position.
    ///
    /// # Panics
    /// When they are no `T`.
    #[track_caller]
    pub fn args<T: DeserializeOwned>(&self) -> T {
        let payload = self.payload.as_payload();
        let decoded = match payload.args() {
            Some(args) => from_slice(payload.serializer(), args),
            // The empty list, in any of the serializers.
            None => from_value(&Value::List(Vec::new())),
        };
        decoded.unwrap_or_else(|error| self.mismatch::<T>("the list of arguments", &error))
    }

    /// Decodes the argument of this keyword. An `Option` may be absent.
    ///
    /// # Panics
    /// When it is not there, or is no `T`.
    #[track_caller]
    pub fn kwarg<T: DeserializeOwned>(&self, key: &str) -> T {
        match self.payload.as_payload().kwargs_reader().get(key) {
            Ok(Some(value)) => value,
            Ok(None) => self.absent(|| format!("argument {key:?}")),
            Err(error) => self.mismatch::<T>(&format!("argument {key:?}"), &error.kind()),
        }
    }

    /// Decodes all arguments by keyword: into a struct, or a map.
    ///
    /// # Panics
    /// When they are no `T`.
    #[track_caller]
    pub fn kwargs<T: DeserializeOwned>(&self) -> T {
        let decoded = self.payload.as_payload().kwargs_reader().decode();
        decoded.unwrap_or_else(|error| self.mismatch::<T>("the arguments by keyword", &error.kind()))
    }

    #[track_caller]
    fn absent<T: DeserializeOwned>(&self, what: impl FnOnce() -> String) -> T {
        from_value(&Value::Null).unwrap_or_else(|_: wamp_proto::DecodeError| panic!("{} is missing: {self}", what()))
    }

    #[track_caller]
    fn mismatch<T>(&self, what: &str, problem: &dyn fmt::Display) -> ! {
        panic!("{what} is no {}: {problem}: {self}", std::any::type_name::<T>())
    }
}

/// A value as what it stands for.
fn from_value<T: DeserializeOwned>(value: &Value) -> Result<T, wamp_proto::DecodeError> {
    let serializer = wamp_proto::Serializer::DEFAULT;
    from_slice(serializer, &wamp_proto::to_vec(serializer, value).unwrap_or_default())
}

/// `published "com.example.sum" with 5, unit: "m"`.
impl fmt::Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.kind {
            SentKind::Publication => "published",
            SentKind::Call => "called",
        };
        write!(f, "{verb} {:?}", self.uri)?;
        let payload = self.payload.as_payload();
        let mut args = payload.args_reader();
        let mut separator = " with ";
        while let Ok(Some(value)) = args.take::<Value>() {
            write!(f, "{separator}{}", Shown(&value))?;
            separator = ", ";
        }
        if let Ok(Value::Map(entries)) = payload.kwargs_reader().decode() {
            for (key, value) in entries {
                write!(f, "{separator}{key}: {}", Shown(&value))?;
                separator = ", ";
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A value as JSON has it, for people.
struct Shown<'a>(&'a Value);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => f.write_str("null"),
            Value::Bool(value) => write!(f, "{value}"),
            Value::Uint(value) => write!(f, "{value}"),
            Value::Int(value) => write!(f, "{value}"),
            Value::Float(value) => write!(f, "{value:?}"),
            Value::Str(text) => write!(f, "{text:?}"),
            Value::Bin(bytes) => write!(f, "{} bytes", bytes.len()),
            Value::List(values) => {
                f.write_str("[")?;
                for (index, value) in values.iter().enumerate() {
                    write!(f, "{}{}", if index == 0 { "" } else { ", " }, Shown(value))?;
                }
                f.write_str("]")
            }
            Value::Map(entries) => {
                f.write_str("{")?;
                for (index, (key, value)) in entries.iter().enumerate() {
                    write!(f, "{}{key:?}: {}", if index == 0 { "" } else { ", " }, Shown(value))?;
                }
                f.write_str("}")
            }
        }
    }
}
