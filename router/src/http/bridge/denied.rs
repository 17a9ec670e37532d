//! Answers that are no success, in the shape of Crossbar.io: `{"error": …, "args": […], "kwargs": {…}}`.

use std::borrow::Cow;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::value::RawValue;
use wamp_proto::error;

use crate::local::CallError;

/// A request that is not fulfilled.
#[derive(Debug, Clone)]
pub(super) struct Denied {
    pub(super) status: StatusCode,
    /// What was wrong, for a person; or the error's URI.
    pub(super) why: Cow<'static, str>,
    args: Option<Box<RawValue>>,
    kwargs: Option<Box<RawValue>>,
}

#[derive(Serialize)]
struct Body<'a> {
    error: &'a str,
    args: Box<RawValue>,
    kwargs: Box<RawValue>,
}

impl Denied {
    pub(super) fn new(status: StatusCode, why: impl Into<Cow<'static, str>>) -> Self {
        Self { status, why: why.into(), args: None, kwargs: None }
    }

    /// A request of WAMP that failed.
    pub(super) fn failed(status: StatusCode, error: CallError) -> Self {
        let CallError { uri, args, kwargs } = error;
        Self { status, why: String::from(uri).into(), args, kwargs }
    }

    pub(super) fn malformed(why: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, why)
    }
}

impl IntoResponse for Denied {
    fn into_response(self) -> Response {
        let or_empty = |value: Option<_>, empty: &str| {
            value.or_else(|| RawValue::from_string(empty.into()).ok()).unwrap_or_default()
        };
        let (args, kwargs) = (or_empty(self.args, "[]"), or_empty(self.kwargs, "{}"));
        (self.status, Json(Body { error: &self.why, args, kwargs })).into_response()
    }
}

/// A request of WAMP that failed. To HTTP it succeeded: it was handed on, and this is the answer.
pub(super) fn failed(error: CallError) -> Response {
    let status = match &*error.uri {
        error::close::SYSTEM_SHUTDOWN | error::close::KILLED => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::OK,
    };
    Denied::failed(status, error).into_response()
}
