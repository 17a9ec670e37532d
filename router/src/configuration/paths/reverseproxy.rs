//! `reverseproxy`: another web server, as Crossbar.io has it.

use super::proxy::forwarded;
use super::{Section, Service};
use crate::http::client::HttpUrl;
use crate::http::services::proxy::ProxySettings;

pub(super) fn read(section: Section<'_>) -> Option<Service> {
    let host = section.required_text("host");
    let port = section.integer("port", 1..=65535).unwrap_or(80);
    let path = section.text("path").unwrap_or_default();
    let (proto, forwarded_port) = forwarded(&section);
    if !(path.is_empty() || path.starts_with('/')) {
        section.problem_at("path", "this has to begin with a slash");
        return None;
    }
    let Ok(url) = url("http", host?, port, path) else {
        section.problem(format!("{host:?} is no host, or {path:?} no path of a URL", host = host?));
        return None;
    };
    let mut settings = ProxySettings::new(url);
    settings.forwarded_proto = proto;
    settings.forwarded_port = forwarded_port;
    Some(Service::Proxy(settings))
}

/// A URL out of its parts. The port is left out where it is the usual one: it would be in `Host`.
pub(super) fn url(scheme: &str, host: &str, port: u64, path: &str) -> Result<HttpUrl, impl std::error::Error + use<>> {
    // An IPv6 address.
    let host = if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() };
    match (scheme, port) {
        ("http", 80) | ("https", 443) => format!("{scheme}://{host}{path}"),
        _ => format!("{scheme}://{host}:{port}{path}"),
    }
    .parse()
}
