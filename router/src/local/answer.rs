//! What a request of a local session comes to.

use serde_json::value::RawValue;
use wamp_proto::{Payload, Serializer, error};

/// The result of a call.
#[derive(Debug, Clone, Default)]
pub struct Reply {
    /// A JSON list.
    pub args: Option<Box<RawValue>>,
    /// A JSON object.
    pub kwargs: Option<Box<RawValue>>,
}

/// Why a call, or another request, was not fulfilled: a WAMP error.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{uri}{}", .args.as_ref().map(|args| format!(": {args}")).unwrap_or_default())]
pub struct CallError {
    /// What failed.
    pub uri: Box<str>,
    /// More about it: a JSON list.
    pub args: Option<Box<RawValue>>,
    /// More about it: a JSON object.
    pub kwargs: Option<Box<RawValue>>,
}

impl CallError {
    pub(super) fn new(uri: &str, why: &str) -> Self {
        Self { uri: uri.into(), args: serde_json::value::to_raw_value(&[why]).ok(), kwargs: None }
    }

    /// The session ended without a word.
    pub(super) fn gone() -> Self {
        Self::new(error::CANCELED, "the session is gone")
    }
}

/// Arguments as a message has them.
pub(super) fn payload<'a>(args: Option<&'a RawValue>, kwargs: Option<&'a RawValue>) -> Result<Payload<'a>, CallError> {
    let bytes = |value: &'a RawValue| value.get().as_bytes();
    Payload::new(Serializer::Json, args.map(bytes), kwargs.map(bytes))
        .map_err(|wrong| CallError::new(error::INVALID_ARGUMENT, &wrong.to_string()))
}

/// Arguments as a message has them, as JSON: `args` and `kwargs`.
pub(super) fn arguments(payload: Payload<'_>) -> Result<[Option<Box<RawValue>>; 2], serde_json::Error> {
    let json = |bytes: Option<&[u8]>| bytes.map(serde_json::from_slice).transpose();
    Ok([json(payload.args())?, json(payload.kwargs())?])
}
