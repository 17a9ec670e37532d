//! Answers that are no success, in the shape of Crossbar.io: `{"error": …, "args": […], "kwargs": {…}}`.

use std::borrow::Cow;

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::value::RawValue;
use wamp_proto::error;

use crate::local::CallError;

/// A request that never became one of WAMP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Denied {
    pub(super) status: StatusCode,
    /// What was wrong, for a person.
    pub(super) why: Cow<'static, str>,
}

#[derive(Serialize)]
struct Body<'a> {
    error: &'a str,
    args: Cow<'a, RawValue>,
    kwargs: Cow<'a, RawValue>,
}

impl Denied {
    pub(super) fn new(status: StatusCode, why: impl Into<Cow<'static, str>>) -> Self {
        Self { status, why: why.into() }
    }

    pub(super) fn malformed(why: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, why)
    }
}

impl IntoResponse for Denied {
    fn into_response(self) -> Response {
        answer(self.status, &self.why, None, None)
    }
}

/// A request of WAMP that failed. To HTTP it succeeded: it was handed on, and this is the answer.
pub(super) fn failed(error: &CallError) -> Response {
    let status = match &*error.uri {
        error::close::SYSTEM_SHUTDOWN | error::close::KILLED => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::OK,
    };
    answer(status, &error.uri, error.args.as_deref(), error.kwargs.as_deref())
}

fn answer(status: StatusCode, error: &str, args: Option<&RawValue>, kwargs: Option<&RawValue>) -> Response {
    let or_empty = |value: Option<&RawValue>, empty: &str| {
        value.map_or_else(|| RawValue::from_string(empty.into()).unwrap_or_default(), ToOwned::to_owned)
    };
    let body = Body { error, args: Cow::Owned(or_empty(args, "[]")), kwargs: Cow::Owned(or_empty(kwargs, "{}")) };
    (status, Json(body)).into_response()
}
