//! What the other server is told of the client: `X-Forwarded-*`, `X-Real-IP` and `Forwarded`.
//!
//! What a client writes there itself is not passed on, unless it is a proxy that is trusted to say
//! whose requests it brings.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::header::{FORWARDED, HOST};
use axum::http::uri::{Authority, Scheme};
use axum::http::{HeaderMap, HeaderName, HeaderValue};

use super::Mount;
use crate::session::Origin;

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

/// Tells it, before `Host` is replaced.
pub(super) fn tell(request: &mut Request, mount: &Mount, proto: Option<&Scheme>, port: Option<u16>) {
    let client = Sender::of(request);
    let headers = request.headers_mut();
    let before = client.trusted.then(|| headers.clone());
    forget(headers);
    let before =
        |name: HeaderName| before.as_ref().and_then(|headers| headers.get(name)).and_then(|it| it.to_str().ok());
    let scheme = proto.map_or(client.scheme, Scheme::as_str);
    let asked = headers.get(HOST).and_then(|host| host.to_str().ok()).map(str::to_owned);
    let host = before(FORWARDED_HOST).or(asked.as_deref());
    let named = || host.and_then(|host| host.parse::<Authority>().ok()).and_then(|host| host.port_u16());
    let port = port.or_else(named).unwrap_or(if scheme == "https" { 443 } else { 80 });
    let mut set = |name: HeaderName, value: Option<String>| {
        if let Some(Ok(value)) = value.map(HeaderValue::try_from) {
            headers.insert(name, value);
        }
    };
    let peer = client.peer.map(|peer| peer.to_string());
    let chain = [before(FOR).map(str::to_owned), peer].into_iter().flatten().collect::<Vec<_>>().join(", ");
    set(FOR, (!chain.is_empty()).then_some(chain));
    set(REAL_IP, client.address.map(|address| address.to_string()));
    set(PROTO, Some(scheme.into()));
    set(FORWARDED_HOST, host.map(str::to_owned));
    set(PORT, Some(port.to_string()));
    let prefix = format!("{}{}", before(PREFIX).unwrap_or_default(), mount.prefix);
    set(PREFIX, (!prefix.is_empty()).then_some(prefix));
    set(FORWARDED, Some(element(client.address, host, scheme)));
}

/// Who has sent a request, as far as that is known.
#[derive(Debug)]
pub(in crate::http::services) struct Sender {
    /// The other end of the connection.
    peer: Option<IpAddr>,
    /// The client itself.
    pub(in crate::http::services) address: Option<IpAddr>,
    /// Its port, if nobody is in between.
    pub(in crate::http::services) port: Option<u16>,
    /// `http` or `https`: what the client speaks.
    pub(in crate::http::services) scheme: &'static str,
    /// Whether the other end is a proxy whose word counts.
    trusted: bool,
}

impl Sender {
    pub(in crate::http::services) fn of(request: &Request) -> Self {
        let unknown = Origin::default();
        let origin = request.extensions().get::<Origin>().unwrap_or(&unknown);
        let trusted = origin.forwarded_for.is_some();
        let told = request.headers().get(PROTO).filter(|_| trusted).map(HeaderValue::as_bytes);
        let scheme = match told {
            Some(b"https") => "https",
            Some(_) => "http",
            None if origin.tls.is_some() => "https",
            None => "http",
        };
        let peer = origin.peer.map(|peer| peer.ip().to_canonical());
        let port = origin.peer.filter(|_| !trusted).map(|peer| peer.port());
        Self { peer, address: origin.address(), port, scheme, trusted }
    }
}

/// Removes what a client may not say of itself.
fn forget(headers: &mut HeaderMap) {
    let told: Vec<HeaderName> =
        headers.keys().filter(|name| name.as_str().starts_with("x-forwarded-")).cloned().collect();
    for name in told.into_iter().chain([REAL_IP, FORWARDED]) {
        headers.remove(name);
    }
}

/// The element of `Forwarded`. Specification: RFC 7239.
fn element(address: Option<IpAddr>, host: Option<&str>, scheme: &str) -> String {
    let node = match address {
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => format!("\"[{address}]\""),
        None => "unknown".to_owned(),
    };
    match host.filter(|host| !host.contains(['"', '\\'])) {
        Some(host) => format!("for={node};host=\"{host}\";proto={scheme}"),
        None => format!("for={node};proto={scheme}"),
    }
}
