//! What this router is, for people and for programs. It tells nothing a stranger could use but the
//! version.

use std::time::Instant;

use axum::Json;
use axum::extract::State;
use axum::http::header::{ACCEPT, CACHE_CONTROL, VARY};
use axum::http::{HeaderMap, Method};
use axum::response::{Html, IntoResponse, Response};
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::mount::Mount;
use super::{not_found, only_reading, reads};

/// What is told.
#[derive(Debug, Clone)]
struct Node {
    /// As RFC 3339 has it, in UTC.
    started: String,
    since: Instant,
}

/// What is told, to a program.
#[derive(Debug, Serialize)]
struct Info<'a> {
    name: &'static str,
    version: &'static str,
    started: &'a str,
    uptime_seconds: u64,
}

/// Serves a page, or JSON to who accepts that and no page, at the mount itself. The router counts
/// as started now.
pub(crate) fn routes() -> axum::Router {
    let now = OffsetDateTime::now_utc().replace_nanosecond(0).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let started = now.format(&Rfc3339).unwrap_or_default();
    axum::Router::new().fallback(serve).with_state(Node { started, since: Instant::now() })
}

async fn serve(State(node): State<Node>, mount: Mount, method: Method, headers: HeaderMap) -> Response {
    if !matches!(&*mount.path, "" | "/") {
        return not_found();
    }
    if !reads(&method) {
        return only_reading();
    }
    let info = Info {
        name: env!("CARGO_PKG_NAME"),
        version: env!("CARGO_PKG_VERSION"),
        started: &node.started,
        uptime_seconds: node.since.elapsed().as_secs(),
    };
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let answer = if accept.contains("application/json") && !accept.contains("text/html") {
        Json(&info).into_response()
    } else {
        Html(page(&info)).into_response()
    };
    ([(VARY, "accept"), (CACHE_CONTROL, "no-store")], answer).into_response()
}

fn page(info: &Info<'_>) -> String {
    let Info { name, version, started, uptime_seconds } = info;
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<title>{name}</title>\n\
         <h1>{name} {version}</h1>\n<p>Running since <time>{started}</time>, for {uptime_seconds} seconds.</p>\n"
    )
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::extract::Request;
    use axum::http::header::CONTENT_TYPE;
    use tower::ServiceExt;

    use super::*;

    async fn answer(accept: &str) -> (String, String) {
        let request = Request::builder().uri("/info").header(ACCEPT, accept).body(Body::empty()).unwrap();
        let answer = axum::Router::new().nest_service("/info", routes()).oneshot(request).await.unwrap();
        let kind = answer.headers()[CONTENT_TYPE].to_str().unwrap().to_owned();
        (kind, String::from_utf8(to_bytes(answer.into_body(), 1000).await.unwrap().to_vec()).unwrap())
    }

    #[tokio::test]
    async fn people_get_a_page_and_programs_get_json() {
        let (kind, page) = answer("text/html,application/xhtml+xml,*/*;q=0.8").await;
        assert_eq!(kind, "text/html; charset=utf-8");
        assert!(page.contains(concat!("wamp-router ", env!("CARGO_PKG_VERSION"))), "{page}");
        let (kind, text) = answer("application/json").await;
        assert_eq!(kind, "application/json");
        let info: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(info["name"], "wamp-router");
        assert!(OffsetDateTime::parse(info["started"].as_str().unwrap(), &Rfc3339).is_ok(), "{info}");
        assert_eq!(info.as_object().unwrap().len(), 4, "nothing else is told");
    }
}
