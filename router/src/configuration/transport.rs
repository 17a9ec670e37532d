//! The ways in: what a router listens on, and what is spoken there.

use super::auth::{self, Auth};
use super::endpoint::{self, Endpoint};
use super::paths::{self, Paths, Service};
use super::section::Section;
use super::wire::{self, WireSettings};

/// A way in.
#[derive(Debug)]
pub(crate) struct Transport {
    /// Where it is, for messages: `workers[0].transports[1]`.
    pub(crate) place: String,
    pub(crate) endpoint: Endpoint,
    /// Whether RawSocket is spoken there.
    pub(crate) rawsocket: Option<RawSocketSettings>,
    /// Whether HTTP is spoken there, and so WebSocket.
    pub(crate) web: Option<WebSettings>,
}

/// How RawSocket is spoken.
#[derive(Debug)]
pub(crate) struct RawSocketSettings {
    pub(crate) wire: WireSettings,
    pub(crate) auth: Auth,
}

/// How HTTP is spoken.
#[derive(Debug, Default)]
pub(crate) struct WebSettings {
    /// What is served where.
    pub(crate) paths: Paths,
    /// Names by which a server on a loopback address may be called.
    pub(crate) allowed_hosts: Vec<String>,
    /// What `Strict-Transport-Security` says, in seconds.
    pub(crate) hsts: Option<u64>,
    /// How long a client may take to send a request.
    pub(crate) client_timeout: Option<std::time::Duration>,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Web,
    WebSocket,
    RawSocket,
    Universal,
    Mqtt,
    Unsupported,
}

const KINDS: [(&str, Kind); 8] = [
    ("web", Kind::Web),
    ("websocket", Kind::WebSocket),
    ("rawsocket", Kind::RawSocket),
    ("universal", Kind::Universal),
    ("mqtt", Kind::Mqtt),
    ("flashpolicy", Kind::Unsupported),
    ("websocket.testee", Kind::Unsupported),
    ("stream.testee", Kind::Unsupported),
];

const MQTT: &str = "there is no MQTT here; let an MQTT broker run beside the router, and a program connect to both";

/// Reads a transport.
pub(super) fn read(section: Section<'_>) -> Option<Transport> {
    let kind = section.required_choice("type", &KINDS);
    match kind {
        Some(Kind::Mqtt) => section.unsupported("type", MQTT),
        Some(Kind::Unsupported) => section.unsupported("type", "delete this transport"),
        _ => {}
    }
    let Some(kind @ (Kind::Web | Kind::WebSocket | Kind::RawSocket | Kind::Universal)) = kind else {
        section.abandon();
        return None;
    };
    section.ignored(&["id"]);
    let endpoint = section.required_section("endpoint").and_then(endpoint::read);
    let place = section.place().to_owned();
    let (rawsocket, web) = match kind {
        Kind::Web => (None, Some(read_web(section))),
        Kind::WebSocket => {
            // Whatever the path.
            let paths = vec![("/".to_owned(), Service::WebSocket(paths::websocket::settings(section)))];
            (None, Some(WebSettings { paths, ..WebSettings::default() }))
        }
        Kind::RawSocket => (Some(read_rawsocket(section)), None),
        Kind::Universal | Kind::Mqtt | Kind::Unsupported => read_universal(section),
    };
    Some(Transport { place, endpoint: endpoint?, rawsocket, web })
}

fn read_universal(section: Section<'_>) -> (Option<RawSocketSettings>, Option<WebSettings>) {
    section.unsupported("mqtt", MQTT);
    let rawsocket = section.section("rawsocket").map(|rawsocket| {
        rawsocket.ignored(&["id", "type"]);
        read_rawsocket(rawsocket)
    });
    let mut web = section.section("web").map(|web| {
        web.ignored(&["id", "type"]);
        read_web(web)
    });
    if let Some(websockets) = section.section("websocket") {
        let web = web.get_or_insert_default();
        for (name, item) in websockets.entries() {
            let Some(websocket) = item.section() else { continue };
            let name = paths::name(&websocket, name);
            websocket.has("type");
            websocket.ignored(&["id"]);
            if web.paths.iter().any(|(known, _)| *known == name) {
                websocket.problem(format!("the path {name:?} is among those of `web` too"));
            }
            web.paths.push((name, Service::WebSocket(paths::websocket::settings(websocket))));
        }
    }
    section.finish();
    (rawsocket, web)
}

fn read_web(section: Section<'_>) -> WebSettings {
    let paths = section.required_section("paths").map(paths::read_all).unwrap_or_default();
    let mut web = WebSettings { paths, ..WebSettings::default() };
    if let Some(options) = section.section("options") {
        options.ignored(&["access_log", "display_tracebacks"]);
        let most = options.integer("hsts_max_age", 0..=u64::MAX).unwrap_or(31_536_000);
        web.hsts = options.bool("hsts").unwrap_or(false).then_some(most);
        web.client_timeout = options.seconds("client_timeout");
        web.allowed_hosts = options.texts("allowed_hosts").unwrap_or_default().into_iter().map(Into::into).collect();
        options.finish();
    }
    section.finish();
    web
}

fn read_rawsocket(section: Section<'_>) -> RawSocketSettings {
    section.ignored(&["debug", "url"]);
    let settings = RawSocketSettings { wire: wire::rawsocket(&section), auth: auth::read(&section) };
    section.finish();
    settings
}
