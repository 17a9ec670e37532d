//! `events`: the events of a topic as a stream of server-sent events, which curl and the
//! `EventSource` of browsers read.

mod feed;
mod past;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, CACHE_CONTROL, CONTENT_TYPE, ORIGIN, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Deserialize;
use tokio::sync::Semaphore;
use wamp_proto::{MatchPolicy, PublicationId, error};

use super::denied::Denied;
use super::gate::Gate;
use super::seat::Seat;
use super::service::asked_path;
use super::settings::{Acting, Requirements};
use crate::http::guard::FromAllowedPage;
use crate::local::CallError;
use crate::router::Router;
use feed::Feed;

/// A service that streams events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EventsSettings {
    pub(crate) acting: Acting,
    /// Of these, what there is to say of where a request comes from.
    pub(crate) requirements: Requirements,
    /// Clients that may listen at a time.
    pub(crate) max_clients: usize,
    /// How long the stream may be silent before a comment shows that it is there.
    pub(crate) heartbeat: Duration,
}

impl EventsSettings {
    pub(crate) const DEFAULT_MAX_CLIENTS: usize = 1000;
    pub(crate) const DEFAULT_HEARTBEAT: Duration = Duration::from_secs(15);
}

#[derive(Debug)]
struct Service {
    gate: Gate,
    seat: Seat,
    places: Arc<Semaphore>,
    heartbeat: Duration,
}

/// What a client wants to hear.
#[derive(Debug)]
struct Wanted {
    topic: String,
    policy: MatchPolicy,
    /// What it has heard last.
    last: Option<PublicationId>,
}

/// What the query says.
#[derive(Debug, Deserialize)]
struct Asked {
    topic: String,
    #[serde(default, rename = "match")]
    policy: Option<String>,
    /// For clients that can't send the header.
    #[serde(default)]
    last_event_id: Option<PublicationId>,
}

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

pub(crate) fn routes(settings: EventsSettings, router: &Router) -> axum::Router {
    let service = Service {
        gate: Gate::new(settings.requirements),
        seat: Seat::new("events", settings.acting, router),
        places: Arc::new(Semaphore::new(settings.max_clients.min(Semaphore::MAX_PERMITS))),
        heartbeat: settings.heartbeat,
    };
    axum::Router::new().fallback(serve).with_state(Arc::new(service))
}

async fn serve(State(service): State<Arc<Service>>, request: Request) -> Response {
    if request.method() != Method::GET {
        let denied = Denied::new(StatusCode::METHOD_NOT_ALLOWED, "Only GET is accepted.");
        return ([(ALLOW, "GET")], denied).into_response();
    }
    let path = asked_path(&request);
    let page = page(&request);
    let wanted = service.read(&request);
    drop(request);
    let streamed = async { service.stream(wanted?).await };
    let mut response = streamed.await.unwrap_or_else(|denied| {
        tracing::info!(path, status = denied.status.as_u16(), why = %denied.why, "request denied");
        denied.into_response()
    });
    let headers = response.headers_mut();
    headers.append(VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = page {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    response
}

/// The origin of the page that asks, if it is another one than the server's own and may read the answer.
fn page(request: &Request) -> Option<HeaderValue> {
    request.extensions().get::<FromAllowedPage>()?;
    request.headers().get(ORIGIN).cloned()
}

impl Service {
    fn read(&self, request: &Request) -> Result<Wanted, Denied> {
        self.gate.check_origin(request)?;
        let Query(query) = Query::<Asked>::try_from_uri(request.uri()).map_err(|error| {
            let why = "the query has to be like `topic=com.example.topic&match=prefix`";
            Denied::malformed(format!("{}: {why}.", error.body_text()))
        })?;
        let policy = query.policy.as_deref().map_or(Ok(MatchPolicy::Exact), str::parse);
        let policy = policy.map_err(|unknown| Denied::malformed(unknown.to_string()))?;
        let last = last_event_id(request.headers())?.or(query.last_event_id);
        Ok(Wanted { topic: query.topic, policy, last })
    }

    async fn stream(&self, wanted: Wanted) -> Result<Response, Denied> {
        let place =
            self.places.clone().try_acquire_owned().map_err(|_| {
                Denied::new(StatusCode::SERVICE_UNAVAILABLE, "Too many clients listen; try again later.")
            })?;
        let session = self.seat.own_session()?;
        let events = session.subscribe(&wanted.topic, wanted.policy).await.map_err(refused)?;
        let feed = Feed::new(session, events, wanted.last, self.heartbeat, place);
        let chunks = stream::unfold(feed, async |mut feed| {
            let chunk = feed.next().await?;
            Some((Ok::<_, Infallible>(chunk), feed))
        });
        let headers = [
            (CONTENT_TYPE, HeaderValue::from_static("text/event-stream")),
            (CACHE_CONTROL, HeaderValue::from_static("no-store")),
            // nginx would wait for more.
            (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
        ];
        Ok((headers, Body::from_stream(chunks)).into_response())
    }
}

/// What a client that comes again has heard last.
fn last_event_id(headers: &HeaderMap) -> Result<Option<PublicationId>, Denied> {
    let Some(value) = headers.get(LAST_EVENT_ID).filter(|value| !value.is_empty()) else { return Ok(None) };
    let id = value.to_str().ok().and_then(|text| text.parse().ok()).and_then(|id| PublicationId::new(id).ok());
    id.map(Some).ok_or_else(|| Denied::malformed("`Last-Event-ID` has to be the `id` of an event."))
}

/// A browser tries again after a success that ends, and gives up after anything else.
fn refused(error: CallError) -> Denied {
    let status = match &*error.uri {
        error::NOT_AUTHORIZED => StatusCode::FORBIDDEN,
        error::INVALID_URI => StatusCode::BAD_REQUEST,
        error::close::SYSTEM_SHUTDOWN | crate::realm::LIMIT_EXCEEDED => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    Denied::failed(status, error)
}
