//! `websocket-reverseproxy`: another WebSocket server, as Crossbar.io has it.

use std::path::PathBuf;
use std::time::Duration;

use axum::http::Uri;

use super::reverseproxy::url;
use super::{Section, Service};
use crate::configuration::authorities;
use crate::http::client::Trust;
use crate::http::services::proxy::{Host, ProxySettings};

pub(super) fn read(section: Section<'_>) -> Option<Service> {
    // What is between the client and the backend is between them.
    section.ignored(&["url", "options"]);
    let backend = section.required_section("backend")?;
    backend.ignored(&["id", "options", "serializers", "serializer"]);
    backend.required_choice("type", &[("websocket", ())]);
    let named = backend.required_text("url").and_then(|text| {
        let parsed = text.parse::<Uri>().ok().filter(|uri| matches!(uri.scheme_str(), Some("ws" | "wss")));
        if parsed.as_ref().and_then(Uri::authority).is_none() {
            backend.problem_at("url", "this has to be a URL such as \"ws://localhost:9000/ws\"");
        }
        parsed
    });
    let endpoint = endpoint(&backend.required_section("endpoint")?);
    let named = named?;
    let authority = named.authority()?;
    let scheme = if named.scheme_str() == Some("wss") { "https" } else { "http" };
    let path = named.path();
    let mut trust = None;
    let (target, socket, timeout) = match endpoint? {
        Endpoint::Tcp { host, port, tls, timeout, trusted } => {
            trust = trusted;
            (url(if tls { "https" } else { "http" }, &host, port, path).ok(), None, timeout)
        }
        Endpoint::Unix { path: socket, timeout } => {
            let port = authority.port_u16().map_or(if scheme == "https" { 443 } else { 80 }, u64::from);
            (url("http", authority.host(), port, path).ok(), Some(socket), timeout)
        }
    };
    let Some(target) = target else {
        backend.problem("the endpoint's host is none");
        return None;
    };
    let mut settings = ProxySettings::new(target);
    settings.host = Host::Named(authority.clone());
    settings.socket = socket;
    settings.trust = trust;
    settings.timeout = timeout.unwrap_or(settings.timeout);
    settings.exact = true;
    settings.only_websockets = true;
    Some(Service::Proxy(settings))
}

/// Where to connect to.
enum Endpoint {
    Tcp { host: String, port: u64, tls: bool, timeout: Option<Duration>, trusted: Option<Trust> },
    Unix { path: PathBuf, timeout: Option<Duration> },
}

fn endpoint(section: &Section<'_>) -> Option<Endpoint> {
    let timeout = section.seconds("timeout");
    if section.required_choice("type", &[("tcp", false), ("unix", true)])? {
        return section.required_path("path").map(|path| Endpoint::Unix { path, timeout });
    }
    section.ignored(&["version"]);
    let host = section.required_text("host");
    let port = section.required("port").and_then(|port| port.integer(1..=65535));
    let tls = section.section("tls");
    let trusted = tls.as_ref().and_then(|tls| authorities::read(tls, true));
    if let Some(tls) = &tls
        && tls.text("hostname").is_some_and(|name| Some(name) != host)
    {
        tls.problem_at("hostname", "this has to be the endpoint's host");
    }
    Some(Endpoint::Tcp { host: host?.into(), port: port?, tls: tls.is_some(), timeout, trusted })
}
