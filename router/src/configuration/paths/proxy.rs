//! `proxy`: another server, at a URL.

use axum::http::uri::Scheme;

use super::{Section, Service};
use crate::configuration::authorities;
use crate::http::client::HttpUrl;
use crate::http::services::proxy::{Host, ProxySettings};

pub(super) fn read(section: Section<'_>) -> Option<Service> {
    let url = section.required_text("url").and_then(|url| match url.parse::<HttpUrl>() {
        Ok(url) => Some(url),
        Err(error) => {
            section.problem_at("url", error.to_string());
            None
        }
    });
    let socket = section.path("socket");
    let preserve_host = section.bool("preserve_host").unwrap_or(false);
    let timeout = section.seconds("timeout");
    let (proto, port) = forwarded(&section);
    let is_tls = url.as_ref().is_some_and(|url| url.uri().scheme() == Some(&Scheme::HTTPS)) && socket.is_none();
    let trust = authorities::read(&section, is_tls);
    let mut settings = ProxySettings::new(url?);
    settings.trust = trust;
    settings.socket = socket;
    settings.timeout = timeout.unwrap_or(settings.timeout);
    settings.forwarded_proto = proto;
    settings.forwarded_port = port;
    if preserve_host {
        settings.host = Host::Client;
    }
    if settings.url.uri().query().is_some() {
        section.problem_at("url", "this may not have a query: each request has its own");
    }
    Some(Service::Proxy(settings))
}

/// What is said of the side the clients are on.
pub(super) fn forwarded(section: &Section<'_>) -> (Option<Scheme>, Option<u16>) {
    let proto = section.choice("forwarded_proto", &[("http", Scheme::HTTP), ("https", Scheme::HTTPS)]);
    let port = section.integer("forwarded_port", 1..=65535).and_then(|port| u16::try_from(port).ok());
    (proto, port)
}
