//! The ways in: what a router listens on, and what is spoken there.

use std::time::Duration;

use wamp_proto::Serializer;

use super::auth::{self, Auth};
use super::endpoint::{self, Endpoint};
use super::paths::{self, Paths, Service};
use super::section::Section;
use super::wire;
use crate::connection::ConnectionSettings;
use crate::http::HttpSettings;

/// A way in.
#[derive(Debug)]
pub(crate) struct Transport {
    /// Where it is, for messages: `workers[0].transports[1]`.
    pub(crate) place: String,
    pub(crate) endpoint: Endpoint,
    /// Whether RawSocket is spoken there.
    pub(crate) rawsocket: Option<RawSocket>,
    /// Whether HTTP is spoken there, and so WebSocket.
    pub(crate) web: Option<Web>,
}

/// WAMP over RawSocket, and for whom.
#[derive(Debug)]
pub(crate) struct RawSocket {
    pub(crate) serializers: Vec<Serializer>,
    pub(crate) connections: ConnectionSettings,
    pub(crate) auth: Auth,
}

/// What is served by HTTP.
#[derive(Debug, Default)]
pub(crate) struct Web {
    pub(crate) paths: Paths,
    pub(crate) http: HttpSettings,
}

impl Transport {
    /// Goes through the settings of all WAMP connections.
    pub(super) fn each_connection(&mut self, mut change: impl FnMut(&mut ConnectionSettings)) {
        self.rawsocket.iter_mut().for_each(|rawsocket| change(&mut rawsocket.connections));
        self.web.iter_mut().for_each(|web| paths::each_connection(&mut web.paths, &mut change));
    }
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
            (None, Some(Web { paths, ..Web::default() }))
        }
        Kind::RawSocket => (Some(read_rawsocket(section)), None),
        Kind::Universal | Kind::Mqtt | Kind::Unsupported => read_universal(section),
    };
    Some(Transport { place, endpoint: endpoint?, rawsocket, web })
}

fn read_universal(section: Section<'_>) -> (Option<RawSocket>, Option<Web>) {
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

fn read_web(section: Section<'_>) -> Web {
    let paths = section.required_section("paths").map(paths::read_all).unwrap_or_default();
    let mut web = Web { paths, ..Web::default() };
    if let Some(options) = section.section("options") {
        options.ignored(&["display_tracebacks"]);
        let http = &mut web.http;
        let age = options.integer("hsts_max_age", 0..=u64::MAX).unwrap_or(31_536_000);
        http.hsts = options.bool("hsts").unwrap_or(false).then_some(Duration::from_secs(age));
        http.header_timeout = options.seconds("client_timeout").unwrap_or(http.header_timeout);
        http.access_log = options.bool("access_log").unwrap_or(http.access_log);
        // What follows are keys of this router's own.
        http.allowed_hosts = options.texts("allowed_hosts").unwrap_or_default().into_iter().map(Into::into).collect();
        http.allowed_origins = options.texts("allowed_origins").unwrap_or_default().into_iter().collect();
        http.max_body = options.count("max_body_size", 1..=1 << 30).unwrap_or(http.max_body);
        http.request_timeout = options.seconds("request_timeout").unwrap_or(http.request_timeout);
        http.write_timeout = options.seconds("write_timeout").unwrap_or(http.write_timeout);
        options.finish();
    }
    section.finish();
    web
}

fn read_rawsocket(section: Section<'_>) -> RawSocket {
    section.ignored(&["debug", "url"]);
    let (serializers, connections) = (wire::serializers(&section), wire::rawsocket(&section));
    let settings = RawSocket { serializers, connections, auth: auth::read(&section) };
    section.finish();
    settings
}
