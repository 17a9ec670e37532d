//! HTTP on a listener: WebSockets are opened here, and what a web page needs besides.

pub(crate) mod bridge;
pub(crate) mod client;
mod guard;
mod longpoll;
mod origins;
mod paths;
pub(crate) mod patience;
mod problem;
pub(crate) mod services;
mod settings;
mod site;
mod websocket;

use axum::http::StatusCode;

use crate::server::Full;
use crate::session::Origin;
use problem::Problem;

pub use longpoll::LongPollSettings;
pub use origins::AllowedOrigins;
pub use paths::{PathError, PathService, Paths};
pub use settings::{HttpSettings, Web, WebSocketSettings};
pub(crate) use site::{App, Site};
pub(crate) use websocket::{Carrier, Opening};

/// The answer to a client that has as many connections as it may have.
fn too_many(origin: &Origin, full: Full) -> Problem {
    full.count();
    if full.is_news() {
        tracing::warn!(peer = %origin, "session refused: {full}");
    }
    Problem::new(StatusCode::SERVICE_UNAVAILABLE, "too_many", format!("{full}; try again later"))
}
