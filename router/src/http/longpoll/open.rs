//! `POST /open`.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{ConnectInfo, DefaultBodyLimit, FromRequest, Request, State};
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
use crate::server::Stage;
use crate::session::Origin;

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
    let shared = &endpoint.shared;
    if shared.stage() != Stage::Serving {
        let message = "the router is shutting down";
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "wamp.close.system_shutdown", message));
    }
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|info| info.0);
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
    let slot = shared.slot().ok_or_else(|| too_many("connections"))?;
    let id = ChannelId::random().map_err(|error| {
        tracing::error!(%error, "no random numbers");
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "no random numbers for an id")
    })?;
    let span = tracing::info_span!(
        "connection",
        peer = peer.map(tracing::field::display),
        serializer = ?protocol.serializer,
        // Known once the session has joined.
        session = tracing::field::Empty,
        realm = tracing::field::Empty,
    );
    let channel = Channel::open(&shared.router, endpoint.entrance.clone(), Origin { peer }, protocol, span.clone());
    endpoint.channels.insert(id, channel.clone()).map_err(|Full| too_many("long-poll transports"))?;
    tokio::spawn(keeper::keep(slot, endpoint.clone(), id, channel).instrument(span));
    Ok((NO_STORE, Json(Opened { protocol: name, transport: id.text() })).into_response())
}

fn too_many(what: &str) -> Problem {
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too_many", format!("there are too many {what}; try again later"))
}
