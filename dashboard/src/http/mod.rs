//! What the dashboard serves over HTTP, next to the router's own routes.

mod assets;
mod clients;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::service::FleetService;

/// The page at `/`, its files under `/static/`, and `POST /clients/`: where everybody is let in.
pub fn routes(service: Arc<FleetService>) -> Router {
    Router::new()
        .route("/clients", post(clients::settings))
        .route("/clients/", post(clients::settings))
        .with_state(service)
        .merge(page())
}

/// The page and its files alone. Nothing in them is a secret: what the page shows it gets by WAMP.
pub fn page() -> Router {
    Router::new().route("/", get(assets::index)).route("/static/{*path}", get(assets::file))
}
