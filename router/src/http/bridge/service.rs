//! What publisher, caller and webhook have in common.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{OriginalUri, Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_REQUEST_HEADERS, ALLOW, CACHE_CONTROL, CONTENT_TYPE, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::caller;
use super::denied::Denied;
use super::gate::{Admitted, Gate};
use super::publisher;
use super::seat::Seat;
use super::settings::{Acting, Requirements};
use super::webhook::{self, WebhookSettings};
use crate::http::patience::Patience;
use crate::router::Router;

const METHODS: HeaderValue = HeaderValue::from_static("POST,PUT,OPTIONS");

/// What a service does with a request.
#[derive(Debug)]
pub(super) enum Work {
    Publish,
    /// Calls have to be answered within this time.
    Call(Duration),
    Webhook(Box<WebhookSettings>),
}

/// A service at a path, and at all paths below.
#[derive(Debug)]
pub(super) struct Service {
    gate: Gate,
    seat: Seat,
    work: Work,
}

impl Service {
    pub(super) fn routes(
        kind: &str,
        acting: Acting,
        requirements: Requirements,
        work: Work,
        router: &Router,
    ) -> axum::Router {
        let service = Self { gate: Gate::new(requirements), seat: Seat::new(kind, acting, router), work };
        axum::Router::new().fallback(serve).with_state(Arc::new(service))
    }

    async fn handle(&self, request: Request) -> Result<Response, Denied> {
        let json = !matches!(self.work, Work::Webhook(_));
        let now = self.seat.realm()?.now();
        let patience = request.extensions().get::<Patience>().cloned();
        let Admitted { headers, body } = self.gate.admit(request, json, now).await?;
        let body =
            std::str::from_utf8(&body).map_err(|_| Denied::malformed("Non-decodable request body, was not UTF-8."))?;
        match &self.work {
            Work::Publish => publisher::publish(&self.seat, body).await,
            Work::Call(timeout) => {
                // A call has a time limit of its own, and ends with the session.
                patience.inspect(Patience::grant);
                caller::call(&self.seat, body, *timeout).await
            }
            Work::Webhook(settings) => webhook::publish(&self.seat, settings, &headers, body).await,
        }
    }
}

async fn serve(State(service): State<Arc<Service>>, request: Request) -> Response {
    let asked = request.headers().clone();
    let mut response = match *request.method() {
        Method::POST | Method::PUT => {
            let path = asked_path(&request);
            service.handle(request).await.unwrap_or_else(|denied| {
                tracing::info!(path, status = denied.status.as_u16(), why = %denied.why, "request denied");
                denied.into_response()
            })
        }
        Method::OPTIONS => [(ALLOW, METHODS), (ACCESS_CONTROL_ALLOW_METHODS, METHODS)].into_response(),
        _ => {
            let denied = Denied::new(StatusCode::METHOD_NOT_ALLOWED, "Only POST and PUT are accepted.");
            ([(ALLOW, METHODS)], denied).into_response()
        }
    };
    mark(response.headers_mut(), &asked);
    response
}

/// The path of a request, with that of the service.
pub(super) fn asked_path(request: &Request) -> String {
    request.extensions().get::<OriginalUri>().map_or(request.uri(), |original| &original.0).path().to_owned()
}

/// Lets the page that asked read the answer, and nobody keep it.
///
/// Which pages may ask is not decided here: requests of others never come so far.
fn mark(headers: &mut HeaderMap, asked: &HeaderMap) {
    let origin = asked.get(ORIGIN).filter(|origin| *origin != "null").cloned();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.unwrap_or(HeaderValue::from_static("*")));
    headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    headers.append(VARY, HeaderValue::from_static("origin"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store,no-cache,must-revalidate,max-age=0"));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));
    if let Some(names) = asked.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
    }
}

/// Reads a body. Keys that mean nothing are passed over.
pub(super) fn parse<'a, T: Deserialize<'a>>(body: &'a str) -> Result<T, Denied> {
    serde_json::from_str(body).map_err(|error| {
        Denied::malformed(if error.is_data() {
            format!("Request body was valid JSON, but not well formed: {error}.")
        } else {
            format!("Request body was invalid JSON: {error}.")
        })
    })
}

/// Arguments, unless they are null. They are handed on as they are written.
pub(super) fn arguments<'a>(
    name: &str,
    value: Option<&'a RawValue>,
    bracket: char,
) -> Result<Option<&'a RawValue>, Denied> {
    match value.filter(|value| value.get() != "null") {
        Some(value) if !value.get().starts_with(bracket) => {
            let kind = if bracket == '[' { "a list" } else { "an object" };
            let why = format!("Request body was valid JSON, but not well formed: {name:?} has to be {kind}.");
            Err(Denied::malformed(why))
        }
        value => Ok(value),
    }
}
