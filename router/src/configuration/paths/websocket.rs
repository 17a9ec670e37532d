//! `websocket`: WAMP over WebSocket.

use super::{Section, Service};
use crate::auth::CookieSettings;
use crate::configuration::auth::{self, Auth};
use crate::configuration::wire;
use crate::http::{AllowedOrigins, WebSocketSettings};

/// WAMP over WebSocket, and for whom.
#[derive(Debug)]
pub(crate) struct WebSocket {
    pub(crate) settings: WebSocketSettings,
    pub(crate) auth: Auth,
    /// The cookies its clients get.
    pub(crate) cookies: Option<CookieSettings>,
}

pub(super) fn read(section: Section<'_>) -> Option<Service> {
    Some(Service::WebSocket(settings(section)))
}

/// Reads it: the path service, or the transport of that type.
pub(crate) fn settings(section: Section<'_>) -> WebSocket {
    // The URL a client uses tells nothing that its requests don't.
    section.ignored(&["debug", "url"]);
    let auth = auth::read(&section);
    let cookies = auth::cookie::read(&section);
    if auth.cookie && cookies.is_none() {
        section.problem("`auth.cookie` knows clients again by their cookies, which they get where there is a `cookie`");
    }
    let serializers = wire::serializers(&section);
    let mut settings = WebSocketSettings { serializers, ..WebSocketSettings::default() };
    if let Some(options) = section.section("options") {
        settings.connections = wire::websocket(&options);
        settings.allowed_origins = origins(&options);
        settings.require_subprotocol =
            options.bool("require_websocket_subprotocol").unwrap_or(settings.require_subprotocol);
        settings.status_page = options.bool("enable_webstatus").unwrap_or(settings.status_page);
    }
    WebSocket { settings, auth, cookies }
}

/// Reads `allowed_origins` and `allow_null_origin`, which say more together than each alone.
pub(super) fn origins(options: &Section<'_>) -> AllowedOrigins {
    let mut origins = options.texts("allowed_origins").unwrap_or_default();
    // Where "*" is listed, `false` changes nothing: a page without an origin is like any other.
    if options.bool("allow_null_origin") == Some(true) {
        origins.push("null");
    }
    origins.into_iter().collect()
}
