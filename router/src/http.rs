//! HTTP on the same port: WebSockets are opened here, and what a web page needs besides.

#[allow(dead_code, reason = "its callers follow")]
pub(crate) mod client;
mod guard;
mod longpoll;
#[allow(dead_code, reason = "wired by the listeners that follow")]
pub(crate) mod patience;
mod problem;
mod publish;
#[allow(dead_code, reason = "wired by the configuration that follows")]
pub(crate) mod services;
mod websocket;

use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, post};
use tower_http::services::ServeDir;

use crate::server::Shared;
use problem::Problem;

pub use longpoll::LongPollSettings;

/// All that is served: the router's own routes, `extra` ones, and static files where no route
/// answers. Every request passes the guard first.
pub(crate) fn app(shared: &Arc<Shared>, extra: axum::Router) -> axum::Router {
    let config = shared.router.config();
    let mut own = axum::Router::new().route(&config.websocket_path, any(websocket::open));
    if config.http_publish {
        own = own.route("/publish", post(publish::publish)).route("/notify", post(publish::publish));
    }
    let mut app = extra.merge(own.with_state(shared.clone()));
    if let Some(settings) = &config.longpoll {
        app = app.merge(longpoll::routes(shared, settings));
    }
    if let Some(dir) = &config.static_dir {
        app = app.fallback_service(ServeDir::new(dir));
    }
    app.layer(DefaultBodyLimit::max(config.max_body)).layer(from_fn_with_state(shared.clone(), guard::check))
}

/// The answer to a request that took too long.
pub(crate) fn timed_out() -> Response {
    Problem::timeout().into_response()
}
