//! `POST /open`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, OriginalUri, Request, State};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use axum::{Json, http::header::HeaderName};
use serde::{Deserialize, Serialize};
use tracing::Instrument;

use super::channels::{ChannelId, Full};
use super::keeper;
use super::protocol::{NAMES, Protocol};
use super::{Channel, Endpoint, Problem};
use crate::http::too_many;
use crate::http::websocket::facts;
use crate::server::Stage;
use crate::session::{Origin, span};

/// A list of names; much longer than anybody's.
const MAX_BODY: usize = 4096;

const NO_STORE: [(HeaderName, &str); 1] = [(CACHE_CONTROL, "no-store")];

/// Other keys are the client's own.
#[derive(Debug, Deserialize)]
struct Wanted {
    /// What the client can speak, best first.
    protocols: Vec<String>,
}

#[derive(Debug, Serialize)]
struct Opened<'a> {
    protocol: &'a str,
    transport: String,
}

/// Opens a channel.
pub(super) async fn open(State(endpoint): State<Arc<Endpoint>>, mut request: Request) -> Result<Response, Problem> {
    let shared = &endpoint.site.shared;
    if shared.stage() != Stage::Serving {
        let message = "the router is shutting down";
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "wamp.close.system_shutdown", message));
    }
    let uri = request.extensions().get::<OriginalUri>().map_or(request.uri(), |original| &original.0);
    let facts = facts(uri, request.headers());
    let mut origin = request.extensions_mut().remove::<Origin>().unwrap_or_default();
    origin.request = Some(Arc::new(facts));
    DefaultBodyLimit::max(MAX_BODY).apply(&mut request);
    let body = Bytes::from_request(request, &()).await;
    let body = body.map_err(|rejection| Problem::new(rejection.status(), "bad_request", rejection.body_text()))?;
    let wanted: Wanted = serde_json::from_slice(&body).map_err(|error| {
        Problem::bad_request(format!(r#"the body has to be {{"protocols": ["wamp.2.json"]}}: {error}"#))
    })?;
    let chosen = wanted.protocols.iter().find_map(|name| Some((name, Protocol::named(name)?)));
    let Some((name, protocol)) = chosen else {
        let ours = NAMES.join(", ");
        let message = format!("none of the protocols {:?} is spoken here, but {ours} are", wanted.protocols);
        return Err(Problem::bad_request(message));
    };
    let slot = shared.slot(&origin).map_err(|full| too_many(&origin, full))?;
    let id = ChannelId::random().map_err(|error| {
        tracing::error!(%error, "no random numbers");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "no random numbers for an id")
    })?;
    let span = span::connected(endpoint.settings.entrance.transport, origin.place(), protocol.serializer);
    let channel = Channel::open(&shared.router, &endpoint.settings, origin, protocol, span.clone());
    endpoint.site.channels.insert(id, channel.clone(), endpoint.settings.max_transports).map_err(|Full| {
        let message = "there are too many long-poll transports; try again later";
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too_many", message)
    })?;
    tokio::spawn(keeper::keep(slot, endpoint.clone(), id, channel).instrument(span));
    Ok((NO_STORE, Json(Opened { protocol: name, transport: id.text() })).into_response())
}
