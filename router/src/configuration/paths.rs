//! What is served at the paths of a web transport.
//!
//! A service is a module that reads its settings, a variant of [`Service`] and a line in [`READERS`].

mod bridge;
mod json;
mod longpoll;
mod nodeinfo;
mod operations;
mod proxy;
mod redirect;
mod reverseproxy;
mod static_files;
pub(super) mod websocket;
mod websocket_reverseproxy;
pub(super) mod wsgi;

use super::section::Section;
use crate::connection::ConnectionSettings;
use crate::http::bridge::caller::CallerSettings;
use crate::http::bridge::events::EventsSettings;
use crate::http::bridge::publisher::PublisherSettings;
use crate::http::bridge::webhook::WebhookSettings;
use crate::http::services::json::JsonSettings;
use crate::http::services::operations::Question;
use crate::http::services::proxy::ProxySettings;
use crate::http::services::redirect::RedirectSettings;
use crate::http::services::static_files::StaticSettings;
use crate::http::services::wsgi::WsgiSettings;

/// A service at a path.
#[derive(Debug)]
pub(crate) enum Service {
    Caller(CallerSettings),
    Events(EventsSettings),
    Json(JsonSettings),
    LongPoll(longpoll::LongPoll),
    NodeInfo,
    /// Metrics, health and readiness.
    Operations(Question),
    /// Services below it.
    Path(Paths),
    Proxy(ProxySettings),
    Publisher(PublisherSettings),
    Redirect(RedirectSettings),
    Static(StaticSettings),
    Webhook(WebhookSettings),
    Wsgi(WsgiSettings),
    WebSocket(websocket::WebSocket),
}

/// Services by the name of their path: one segment of it, or `/` for where no other one answers.
pub(crate) type Paths = Vec<(String, Service)>;

/// Reads the settings of a service. The key `type` has been read.
type Reader = fn(Section<'_>) -> Option<Service>;

/// The services, by the `type` that asks for them.
const READERS: &[(&str, Reader)] = &[
    ("caller", bridge::caller),
    ("events", bridge::events),
    ("health", operations::health),
    ("json", json::read),
    ("longpoll", longpoll::read),
    ("metrics", operations::metrics),
    ("nodeinfo", nodeinfo::read),
    ("path", nested),
    ("proxy", proxy::read),
    ("publisher", bridge::publisher),
    ("pusher", bridge::publisher),
    ("ready", operations::ready),
    ("redirect", redirect::read),
    ("reverseproxy", reverseproxy::read),
    ("static", static_files::read),
    ("webhook", bridge::webhook),
    ("websocket", websocket::read),
    ("websocket-reverseproxy", websocket_reverseproxy::read),
    ("wsgi", wsgi::read),
];

/// Services of Crossbar.io that there are not, and what to do instead.
const UNSUPPORTED: &[(&str, &str)] = &[
    ("archive", "unpack it, and serve the folder with \"static\""),
    ("catalog", "delete this path"),
    ("cgi", "run the script behind a web server of its own and use \"proxy\""),
    ("mapping", "delete this path"),
    ("pairme", "delete this path"),
    ("resource", "a Python class of Twisted can't run here: make it a web server of its own and use \"proxy\""),
    ("schemadoc", "delete this path: reflection tells what there is in a realm"),
    ("upload", "let your web application take the files, behind \"wsgi\" or \"proxy\""),
    ("wap", "let your web application make the pages, behind \"wsgi\" or \"proxy\""),
];

/// Reads the services of a `paths` object.
pub(super) fn read_all(section: Section<'_>) -> Paths {
    let mut paths = Paths::new();
    for (name, item) in section.entries() {
        let Some(section) = item.section() else { continue };
        let name = self::name(&section, name);
        paths.extend(read(section).map(|service| (name, service)));
    }
    paths
}

/// Goes through the settings of all WAMP connections.
pub(super) fn each_connection(paths: &mut Paths, change: &mut impl FnMut(&mut ConnectionSettings)) {
    for (_, service) in paths {
        match service {
            Service::LongPoll(longpoll) => change(&mut longpoll.settings.connections),
            Service::Path(below) => each_connection(below, change),
            Service::WebSocket(websocket) => change(&mut websocket.settings.connections),
            _ => {}
        }
    }
}

/// Looks at the name of a path.
pub(super) fn name(section: &Section<'_>, name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    let is_segment = !name.is_empty() && name.bytes().all(plain) && !matches!(name, "." | "..");
    if name != "/" && !is_segment {
        section.problem(format!(
            "{name:?} is no path: that is one segment, of letters, digits, `_`, `-` and `.`, or \"/\"; \
             for more segments nest them with the type \"path\""
        ));
    }
    name.to_owned()
}

/// Reads a service.
fn read(section: Section<'_>) -> Option<Service> {
    let kind = section.required_text("type");
    if let Some((_, instead)) = UNSUPPORTED.iter().find(|(name, _)| Some(*name) == kind) {
        section.unsupported("type", instead);
        section.abandon();
        return None;
    }
    let Some(reader) = kind.and_then(|_| section.choice("type", READERS)) else {
        section.abandon();
        return None;
    };
    section.ignored(&["id"]);
    reader(section)
}

fn nested(section: Section<'_>) -> Option<Service> {
    section.required_section("paths").map(read_all).map(Service::Path)
}

#[cfg(test)]
mod tests;
