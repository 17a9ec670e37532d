//! Lets pages of the allowed other origins read the answers.
//!
//! A browser lets a page open a WebSocket anywhere, and leaves it to the server to refuse it; to
//! read the answer of a plain request, it wants the server's word.

use axum::extract::{Request, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE, ORIGIN, VARY,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::http::AllowedOrigins;

/// Answers the browser's question whether a page may, and marks answers as readable by it.
pub(super) async fn allow(State(allowed): State<AllowedOrigins>, request: Request, next: Next) -> Response {
    let origin = request.headers().get(ORIGIN).cloned();
    let origin = origin.filter(|origin| origin.to_str().is_ok_and(|origin| allowed.contains(origin)));
    let asks = request.method() == Method::OPTIONS;
    let mut response = match (&origin, asks) {
        (Some(_), true) => {
            let headers = [
                (ACCESS_CONTROL_ALLOW_METHODS, "POST"),
                (ACCESS_CONTROL_ALLOW_HEADERS, "content-type"),
                (ACCESS_CONTROL_MAX_AGE, "600"),
            ];
            (StatusCode::NO_CONTENT, headers).into_response()
        }
        _ => next.run(request).await,
    };
    let headers = response.headers_mut();
    headers.append(VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        // Clients ask for cookies to go along. There are none here, but proxies have some.
        headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
    }
    response
}
