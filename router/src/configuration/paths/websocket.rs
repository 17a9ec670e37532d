//! WAMP over WebSocket.

use super::{Section, Service};
use crate::configuration::auth::{self, Auth};
use crate::configuration::wire::{self, WireSettings};

/// How WAMP over WebSocket is served.
#[derive(Debug)]
pub(crate) struct WebSocketSettings {
    pub(crate) wire: WireSettings,
    pub(crate) auth: Auth,
    /// Pages of other origins that may connect; `None` if the file says nothing of it.
    pub(crate) allowed_origins: Option<Vec<String>>,
}

pub(super) fn read(section: Section<'_>) -> Option<Service> {
    Some(Service::WebSocket(settings(section)))
}

/// Reads it: the path service, or the transport of that type.
pub(crate) fn settings(section: Section<'_>) -> WebSocketSettings {
    // The URL a client uses tells nothing that its requests don't.
    section.ignored(&["debug", "url"]);
    let wire = wire::websocket(&section);
    let auth = auth::read(&section);
    let allowed_origins = origins(&section);
    WebSocketSettings { wire, auth, allowed_origins }
}

fn origins(section: &Section<'_>) -> Option<Vec<String>> {
    let options = section.section("options")?;
    let mut origins: Option<Vec<String>> =
        options.texts("allowed_origins").map(|origins| origins.into_iter().map(Into::into).collect());
    if options.bool("allow_null_origin") == Some(true) && origins.is_some() {
        origins.get_or_insert_default().push("null".to_owned());
    }
    options.abandon();
    origins
}
