//! `POST /{transport}/send`.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest, Path, Request, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use wamp_proto::error;

use super::channel::Unsent;
use super::{Endpoint, Problem, no_content};

/// Takes a message of the client, or a batch of them.
///
/// Once the session has ended, by GOODBYE or ABORT, what is sent goes nowhere, as with any other
/// transport: it was sent before the client knew.
pub(super) async fn send(
    State(endpoint): State<Arc<Endpoint>>,
    Path(transport): Path<String>,
    mut request: Request,
) -> Result<impl IntoResponse, Problem> {
    let channel = endpoint.channel(&transport)?;
    let limit = channel.max_body(&endpoint.settings.connections);
    DefaultBodyLimit::max(limit).apply(&mut request);
    let body = Bytes::from_request(request, &()).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let message = format!("a message may have {limit} bytes, and this was not taken");
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, error::PAYLOAD_SIZE_EXCEEDED, message)
        }
        status => Problem::new(status, "bad_request", rejection.body_text()),
    })?;
    match channel.send(&body, limit) {
        Ok(()) => Ok(no_content()),
        Err(Unsent::NoBatch(what)) => Err(violation(what)),
        Err(Unsent::Violation) => Err(violation("a message breaks the protocol; ABORT says how")),
        Err(Unsent::Busy) => {
            let message = "the messages before this one still wait to be authorized; send it again later";
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message))
        }
        Err(Unsent::Over) => Err(Problem::new(StatusCode::GONE, "transport_closed", "the transport is closed")),
    }
}

fn violation(message: &'static str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, error::PROTOCOL_VIOLATION, message)
}
