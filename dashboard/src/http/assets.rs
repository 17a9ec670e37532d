//! The page's files, which are in the binary. (Debug builds read them from the source folder,
//! so that a change shows at the next reload.)

use std::borrow::Cow;

use axum::body::Body;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use rust_embed::{EmbeddedFile, RustEmbed};

#[derive(RustEmbed)]
#[folder = "static"]
struct Files;

/// The page runs its own scripts and styles and talks to its own host, and nothing else:
/// whatever a machine calls itself, it can't bring code or an address along. (`'self'` covers
/// WebSocket connections to the same host and port.)
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; \
    img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; \
    form-action 'none'";

/// What goes with every answer, a refusal included.
const HEADERS: [(HeaderName, &str); 5] = [
    (header::CONTENT_SECURITY_POLICY, POLICY),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    // Kept by the browser, but asked for again each time: an updated binary shows at once.
    (header::CACHE_CONTROL, "no-cache"),
];

/// `GET /`
pub(super) async fn index(request: HeaderMap) -> Response {
    serve("index.html", &request)
}

/// `GET /static/…`
pub(super) async fn file(Path(path): Path<String>, request: HeaderMap) -> Response {
    serve(&path, &request)
}

fn serve(path: &str, request: &HeaderMap) -> Response {
    let Some(file) = Files::get(path) else {
        return (StatusCode::NOT_FOUND, HEADERS, "there is no such file\n").into_response();
    };
    let etag = etag(&file);
    if request.get(header::IF_NONE_MATCH) == Some(&etag) {
        return (StatusCode::NOT_MODIFIED, HEADERS, [(header::ETAG, etag)]).into_response();
    }
    let own = [(header::CONTENT_TYPE, HeaderValue::from_static(content_type(path))), (header::ETAG, etag)];
    // Borrowed where the file is in the binary.
    let body = match file.data {
        Cow::Borrowed(bytes) => Body::from(bytes),
        Cow::Owned(bytes) => Body::from(bytes),
    };
    (HEADERS, own, body).into_response()
}

fn etag(file: &EmbeddedFile) -> HeaderValue {
    let hash = file.metadata.sha256_hash();
    let hex: String = hash[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    HeaderValue::try_from(format!("\"{hex}\"")).expect("hexadecimal digits can stand in a header")
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("json") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
