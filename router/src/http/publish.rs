//! Publishing for programs that speak only HTTP.

use std::borrow::Cow;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use wamp_proto::{Payload, PublicationId, Serializer, error};

use super::{Problem, Site};
use crate::router::publish as publish_to;

/// An event, as it is posted.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Event<'a> {
    #[serde(borrow)]
    topic: Cow<'a, str>,
    /// Kept as it is written: numbers and strings go to the subscribers unchanged.
    #[serde(borrow, default)]
    args: Option<&'a RawValue>,
    #[serde(borrow, default)]
    kwargs: Option<&'a RawValue>,
    #[serde(default)]
    options: Option<serde_json::Map<String, serde_json::Value>>,
}

/// The answer to an event.
#[derive(Debug, Serialize)]
pub(super) struct Publication {
    id: PublicationId,
}

/// `POST /publish`, and `POST /notify` as it was once called.
pub(super) async fn publish(
    State(site): State<Arc<Site>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Publication>, Problem> {
    // A form on a foreign page can post anything but this.
    if !is_json(&headers) {
        let message = "`Content-Type` has to be application/json";
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "bad_request", message));
    }
    let body = body.map_err(|rejection| Problem::new(rejection.status(), "bad_request", rejection.body_text()))?;
    let event: Event<'_> = serde_json::from_slice(&body).map_err(|error| {
        Problem::bad_request(format!(r#"the body has to be {{"topic": …, "args": […], "kwargs": {{…}}}}: {error}"#))
    })?;
    if let Some(option) =
        event.options.iter().flatten().find(|(name, value)| *name != "acknowledge" && !value.is_null())
    {
        let message = format!("the option {:?} is not supported here", option.0);
        return Err(Problem::new(StatusCode::BAD_REQUEST, error::OPTION_NOT_ALLOWED, message));
    }
    let payload = payload(&event)?;
    let Some(realm) = site.shared.router.default_realm() else {
        return Err(Problem::new(StatusCode::NOT_FOUND, error::NO_SUCH_REALM, "this router has no realm"));
    };
    match publish_to(realm, &event.topic, payload) {
        Ok(id) => Ok(Json(Publication { id })),
        Err(refused) => Err(Problem::new(StatusCode::BAD_REQUEST, refused.error, refused.why)),
    }
}

fn payload<'a>(event: &Event<'a>) -> Result<Payload<'a>, Problem> {
    let args = event.args.map(RawValue::get);
    let kwargs = event.kwargs.map(RawValue::get);
    if args.is_some_and(|args| !args.starts_with('[')) {
        return Err(Problem::bad_request("`args` has to be a list"));
    }
    if kwargs.is_some_and(|kwargs| !kwargs.starts_with('{')) {
        return Err(Problem::bad_request("`kwargs` has to be an object"));
    }
    Payload::new(Serializer::Json, args.map(str::as_bytes), kwargs.map(str::as_bytes))
        .map_err(|error| Problem::bad_request(error.to_string()))
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = value.split(';').next().unwrap_or_default();
    media_type.trim().eq_ignore_ascii_case("application/json")
}
