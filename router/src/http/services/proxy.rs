//! A reverse proxy: another server's answers, at a path of this one.
//!
//! Bodies are streamed both ways, and WebSockets are tunnelled. What the other server is told of
//! the client is in [`forwarded`].

mod backend;
mod exchange;
mod forwarded;
mod headers;
mod progress;
mod tunnel;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::header::{HOST, LOCATION};
use axum::http::uri::{Authority, PathAndQuery, Scheme};
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;

use super::mount::Mount;
use super::only_websockets;
use crate::http::Problem;
use crate::http::client::{HttpUrl, Trust};

pub(super) use backend::Backend;
pub(super) use exchange::Gateway;
pub(super) use forwarded::Sender;

/// Another server, and how it is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ProxySettings {
    /// Where it is. What comes after the mount is appended to the path.
    pub(crate) url: HttpUrl,
    /// A unix socket to connect to instead of the URL's host.
    pub(crate) socket: Option<PathBuf>,
    /// Of whom it has to have its certificate, if not of those the system trusts.
    pub(crate) trust: Option<Trust>,
    /// The host it is called by.
    pub(crate) host: Host,
    /// Whether it is asked for the URL's path whatever comes after the mount.
    pub(crate) exact: bool,
    /// Whether it is there for WebSockets and nothing else.
    pub(crate) only_websockets: bool,
    /// How long nothing may happen until the head of its answer is there.
    pub(crate) timeout: Duration,
    /// What clients speak with whatever is in front of this server, if that is not what they seem to.
    pub(crate) forwarded_proto: Option<Scheme>,
    /// The port clients connect to, if it is not the one they name.
    pub(crate) forwarded_port: Option<u16>,
}

/// What the header `Host` says to the other server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Host {
    /// Its own name, as the URL has it.
    Backend,
    /// What the client has called this server.
    Client,
    /// This.
    Named(Authority),
}

impl ProxySettings {
    /// How long it is waited for an answer unless somebody says otherwise.
    pub(crate) const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

    /// A server at a URL, and nothing special about it.
    pub(crate) fn new(url: HttpUrl) -> Self {
        Self {
            url,
            socket: None,
            trust: None,
            host: Host::Backend,
            exact: false,
            only_websockets: false,
            timeout: Self::DEFAULT_TIMEOUT,
            forwarded_proto: None,
            forwarded_port: None,
        }
    }
}

#[derive(Debug)]
struct Proxy {
    settings: ProxySettings,
    gateway: Gateway,
}

/// Passes on all requests at and below the mount.
pub(crate) fn routes(settings: ProxySettings) -> axum::Router {
    let backend = match &settings.socket {
        Some(socket) => Backend::socket(socket.clone()),
        None => Backend::network(settings.trust.clone()),
    };
    let gateway = Gateway::new(settings.url.to_string(), backend, settings.timeout);
    axum::Router::new().fallback(forward).with_state(Arc::new(Proxy { settings, gateway }))
}

async fn forward(State(proxy): State<Arc<Proxy>>, mount: Mount, mut request: Request) -> Response {
    let settings = &proxy.settings;
    if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
        let message = "this method is not passed on";
        return Problem::new(StatusCode::METHOD_NOT_ALLOWED, "bad_request", message).into_response();
    }
    if settings.only_websockets && !headers::asks_for_websocket(&request) {
        return only_websockets();
    }
    let path = if settings.exact { "" } else { &*mount.path };
    let Some(uri) = target(settings.url.uri(), path, request.uri().query()) else {
        return Problem::bad_request("the path leads out of where it begins").into_response();
    };
    forwarded::tell(&mut request, &mount, settings.forwarded_proto.as_ref(), settings.forwarded_port);
    let host = match &settings.host {
        Host::Backend => settings.url.uri().authority().cloned(),
        Host::Named(host) => Some(host.clone()),
        Host::Client => None,
    };
    if let Some(Ok(host)) = host.map(|host| HeaderValue::try_from(host.as_str())) {
        request.headers_mut().insert(HOST, host);
    }
    *request.uri_mut() = uri;
    let mut answer = proxy.gateway.exchange(request).await;
    if let Some(location) = answer.headers().get(LOCATION).and_then(|it| relocated(it, settings.url.uri(), &mount)) {
        answer.headers_mut().insert(LOCATION, location);
    }
    answer
}

/// Where a request goes: below the backend's own path, whatever a client writes.
fn target(backend: &Uri, path: &str, query: Option<&str>) -> Option<Uri> {
    let plain = percent_decode_str(path).decode_utf8_lossy();
    if plain.split(['/', '\\']).any(|segment| segment == "..") || !(path.is_empty() || path.starts_with('/')) {
        return None;
    }
    let base = backend.path();
    let base = if path.is_empty() { base } else { base.trim_end_matches('/') };
    let whole = match query {
        Some(query) => format!("{base}{path}?{query}"),
        None => format!("{base}{path}"),
    };
    let mut parts = backend.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(whole).ok()?);
    Uri::from_parts(parts).ok()
}

/// Where this server has what the other one says is at a place of its own.
fn relocated(location: &HeaderValue, backend: &Uri, mount: &Mount) -> Option<HeaderValue> {
    let location: Uri = location.to_str().ok()?.parse().ok()?;
    if location.scheme() != backend.scheme() || location.authority() != backend.authority() {
        return None;
    }
    let rest = location.path_and_query()?.as_str().strip_prefix(backend.path().trim_end_matches('/'))?;
    rest.starts_with('/')
        .then(|| HeaderValue::try_from(format!("{}/{}", mount.prefix, rest.trim_start_matches('/'))))?
        .ok()
}

#[cfg(test)]
mod tests;
