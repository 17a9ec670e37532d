//! What an HTTP listener can serve at a path besides WAMP.
//!
//! A service is an [`axum::Router`] of which nothing but the fallback is used. It is nested under a
//! path, with `nest_service` (`nest` leaves out the path with a slash at its end), or is what all
//! other paths get, and doesn't know which: see [`mount`].

pub(crate) mod json;
mod mount;
pub(crate) mod nodeinfo;
pub(crate) mod operations;
pub(crate) mod proxy;
pub(crate) mod redirect;
pub(crate) mod static_files;
pub(crate) mod wsgi;

use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};

use super::Problem;

/// Whether a request only reads.
fn reads(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

fn not_found() -> Response {
    Problem::new(StatusCode::NOT_FOUND, "not_found", "there is nothing here").into_response()
}

fn only_reading() -> Response {
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "bad_request", "this can only be read, with GET");
    ([(axum::http::header::ALLOW, "GET, HEAD")], problem).into_response()
}

fn only_websockets() -> Response {
    use axum::http::header::{CONNECTION, UPGRADE};
    let problem = Problem::new(StatusCode::UPGRADE_REQUIRED, "bad_request", "only WebSockets are served here");
    ([(UPGRADE, "websocket"), (CONNECTION, "Upgrade")], problem).into_response()
}
