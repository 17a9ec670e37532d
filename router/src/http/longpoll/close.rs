//! `POST /{transport}/close`.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::IntoResponse;

use super::{Endpoint, Problem, no_content};

/// Ends the session without further ado.
pub(super) async fn close(
    State(endpoint): State<Arc<Endpoint>>,
    Path(transport): Path<String>,
) -> Result<impl IntoResponse, Problem> {
    endpoint.channel(&transport)?.close();
    Ok(no_content())
}
