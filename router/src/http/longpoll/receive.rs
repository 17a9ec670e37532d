//! `POST /{transport}/receive`.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use tokio::time::{Instant, timeout_at};

use super::channel::{Over, Received};
use super::{Endpoint, Problem, no_content};

/// Answers what waits for the client, or waits for it.
pub(super) async fn receive(
    State(endpoint): State<Arc<Endpoint>>,
    Path(transport): Path<String>,
) -> Result<Response, Problem> {
    let channel = endpoint.channel(&transport)?;
    let turn = channel.turn().ok_or_else(|| {
        let message = "another request to receive is under way; there may be one at a time";
        Problem::new(StatusCode::CONFLICT, "already_receiving", message)
    })?;
    // Never so long that the server gives up on the request, which might have its message by then.
    let longest = endpoint.site.settings.request_timeout / 2;
    let end = Instant::now() + endpoint.settings.poll_timeout.min(longest);
    loop {
        match turn.take() {
            Received::Messages(body) => {
                let headers = [(CONTENT_TYPE, channel.protocol.content_type()), (CACHE_CONTROL, "no-store")];
                return Ok((headers, body).into_response());
            }
            Received::Over(Over::Closed) => return Ok(no_content().into_response()),
            Received::Over(Over::Ended) => return Err(gone("the session has ended, or took too long to begin")),
            Received::Over(Over::TooSlow) => return Err(gone("more was waiting than may wait; fetch it more often")),
            Received::Nothing if timeout_at(end, turn.changed()).await.is_err() => {
                return Ok(no_content().into_response());
            }
            Received::Nothing => {}
        }
    }
}

fn gone(message: &'static str) -> Problem {
    Problem::new(StatusCode::GONE, "transport_closed", message)
}
