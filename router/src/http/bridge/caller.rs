//! `caller`: calls the procedure that a request names, and answers with the result.

use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::denied::{Denied, failed};
use super::seat::Seat;
use super::service::{Service, Work, arguments, parse};
use super::settings::{Acting, Requirements};
use crate::local::Reply;
use crate::router::Router;

/// A service that calls what it is asked to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CallerSettings {
    pub(crate) acting: Acting,
    pub(crate) requirements: Requirements,
    /// How long a call may take. Crossbar.io waits for ever.
    pub(crate) timeout: Duration,
}

impl CallerSettings {
    /// How long a call may take, if nobody says otherwise.
    pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
}

pub(crate) fn routes(settings: CallerSettings, router: &Router) -> axum::Router {
    Service::routes("caller", settings.acting, settings.requirements, Work::Call(settings.timeout), router)
}

/// A call, as it is posted.
#[derive(Debug, Deserialize)]
struct Call<'a> {
    procedure: String,
    #[serde(borrow, default)]
    args: Option<&'a RawValue>,
    #[serde(borrow, default)]
    kwargs: Option<&'a RawValue>,
}

/// A result. There is at least one of the two.
#[derive(Debug, Serialize)]
struct Answer {
    #[serde(skip_serializing_if = "Option::is_none")]
    args: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kwargs: Option<Box<RawValue>>,
}

pub(super) async fn call(seat: &Seat, body: &str, timeout: Duration) -> Result<Response, Denied> {
    let call: Call<'_> = parse(body)?;
    let args = arguments("args", call.args, '[')?;
    let kwargs = arguments("kwargs", call.kwargs, '{')?;
    Ok(match seat.session()?.call(&call.procedure, args, kwargs, timeout).await {
        Ok(reply) => Json(answer(reply)).into_response(),
        Err(error) => failed(error),
    })
}

/// To Crossbar.io, a procedure that returns nothing returns null.
fn answer(Reply { args, kwargs }: Reply) -> Answer {
    let args = args.filter(|args| args.get() != "[]");
    let kwargs = kwargs.filter(|kwargs| kwargs.get() != "{}");
    let nothing = args.is_none() && kwargs.is_none();
    let null = || RawValue::from_string("[null]".into()).ok();
    Answer { args: if nothing { null() } else { args }, kwargs }
}
