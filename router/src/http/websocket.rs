//! Opens WebSockets.

use std::sync::Arc;

use axum::http::header::{
    ALLOW, AUTHORIZATION, CONNECTION, COOKIE, HOST, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, SET_COOKIE, UPGRADE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, Version};
use axum::response::{Html, IntoResponse, Response};
use hyper::Request;
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tracing::{Instrument, Span};

use super::{Problem, Site, WebSocketSettings, guard};
use crate::connection::{self, Heartbeat, Socket, WampHandler};
use crate::outbox::{Encoding, Framing};
use crate::server::{AddressSlot, Reader, Slot, Stage};
use crate::session::{Origin, RequestFacts, span};
use crate::transport::websocket::handshake::{HandshakeError, accept_key, choose_serializer};

/// What is said to a person who looks what is here.
const STATUS_PAGE: &str = "<!doctype html><meta charset=utf-8><title>WAMP</title>\
    <p>This address speaks <a href=\"https://wamp-proto.org\">WAMP</a> over WebSocket, to programs.";

/// Where WebSockets are opened.
#[derive(Debug)]
pub(super) struct Endpoint {
    site: Arc<Site>,
    settings: WebSocketSettings,
    heartbeat: Heartbeat,
}

impl Endpoint {
    pub(super) fn new(site: &Arc<Site>, settings: WebSocketSettings) -> Arc<Self> {
        Arc::new(Self { site: site.clone(), heartbeat: site.shared.heartbeat(settings.connections), settings })
    }
}

/// What carries a request: its place among the server's connections, and how a WebSocket on it is run.
#[derive(Debug, Clone)]
pub(crate) struct Carrier {
    slot: Slot,
    run: fn(OnUpgrade, Opening),
}

impl Carrier {
    /// A stream of type `S`.
    pub(crate) fn new<S: Socket>(slot: Slot) -> Self {
        Self { slot, run: run::<S> }
    }

    /// Answers a request to open a WebSocket that came by way of hyper.
    pub(super) fn open<B>(&self, endpoint: &Arc<Endpoint>, request: &mut Request<B>, origin: Origin) -> Response {
        match endpoint.answer(request, origin, &self.slot) {
            Ok((response, opening)) => {
                (self.run)(hyper::upgrade::on(request), opening);
                response
            }
            Err(response) => response,
        }
    }
}

/// A WebSocket that is about to be one.
#[derive(Debug)]
pub(crate) struct Opening {
    endpoint: Arc<Endpoint>,
    encoding: Encoding,
    origin: Origin,
    /// It stays the server's connection, of which there may be only so many.
    slots: (Slot, Option<AddressSlot>),
}

impl Endpoint {
    /// Answers a request: switches protocols, or says why not.
    ///
    /// Whatever a WebSocket is opened by comes through here.
    #[expect(clippy::result_large_err, reason = "either way there is an answer, which is moved once")]
    pub(super) fn answer<B>(
        self: &Arc<Self>,
        request: &Request<B>,
        mut origin: Origin,
        slot: &Slot,
    ) -> Result<(Response, Opening), Response> {
        if request.method() != Method::GET {
            let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "bad_request", "a WebSocket is opened with GET");
            return Err(([(ALLOW, "GET")], problem).into_response());
        }
        let settings = &self.settings;
        let headers = request.headers();
        if settings.status_page && !headers.contains_key(UPGRADE) {
            return Err(Html(STATUS_PAGE).into_response());
        }
        let shared = &self.site.shared;
        if shared.stage() != Stage::Serving {
            let message = "the router is shutting down";
            let problem = Problem::new(StatusCode::SERVICE_UNAVAILABLE, "wamp.close.system_shutdown", message);
            return Err(problem.into_response());
        }
        if let Err(problem) = guard::judge_origin(headers, &settings.allowed_origins) {
            tracing::info!(path = request.uri().path(), ?problem, "WebSocket refused");
            return Err(problem.into_response());
        }
        if request.version() < Version::HTTP_11 {
            return Err(refuse(&HandshakeError::NoUpgrade));
        }
        let chosen = |key| Ok((key, choose_serializer(headers, &settings.serializers, settings.require_subprotocol)?));
        let (accept, (serializer, named)) = match accept_key(headers).and_then(chosen) {
            Ok(agreed) => agreed,
            Err(error) => return Err(refuse(&error)),
        };
        let Ok(accept) = HeaderValue::try_from(accept) else { return Err(refuse(&HandshakeError::Key)) };
        let address = match shared.slot_behind_proxy(&origin) {
            Ok(address) => address,
            Err(full) => return Err(super::too_many(&origin, full).into_response()),
        };
        let facts = facts(request.uri(), headers);
        let mut answer = HeaderMap::with_capacity(5);
        // A page that is let in as everybody's is does not act for whoever sits in front of it.
        let is_trusted = || guard::judge_origin(headers, &settings.allowed_origins.named()).is_ok();
        if let Some(cookies) = settings.entrance.cookies().filter(|_| is_trusted()) {
            let (cookie, set) = cookies.track(facts.cookie.as_deref(), origin.tls.is_some());
            origin.cookie = Some(cookie);
            if let Some(set) = set.and_then(|set| HeaderValue::try_from(set).ok()) {
                answer.insert(SET_COOKIE, set);
            }
        }
        origin.request = Some(Arc::new(facts));
        let encoding = Encoding { serializer, framing: Framing::WebSocket };
        let opening = Opening { endpoint: self.clone(), encoding, origin, slots: (slot.clone(), address) };
        answer.insert(UPGRADE, HeaderValue::from_static("websocket"));
        answer.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        answer.insert(SEC_WEBSOCKET_ACCEPT, accept);
        if named {
            answer.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(serializer.subprotocol()));
        }
        Ok(((StatusCode::SWITCHING_PROTOCOLS, answer).into_response(), opening))
    }
}

impl Opening {
    /// Runs the session, and holds its slot.
    pub(crate) fn session<S: Socket>(self, stream: S, received: Vec<u8>) -> impl Future<Output = ()> + Send + use<S> {
        let span = self.span();
        self.connection(stream, received).instrument(span)
    }

    fn span(&self) -> Span {
        span::connected(self.endpoint.settings.entrance.transport, self.origin.place(), self.encoding.serializer)
    }

    fn connection<S: Socket>(self, stream: S, received: Vec<u8>) -> impl Future<Output = ()> + Send + use<S> {
        let Opening { endpoint, encoding, origin, slots } = self;
        let entrance = endpoint.settings.entrance.clone();
        let realms = endpoint.site.shared.router.realms().clone();
        let session = move |outbox| WampHandler::new(realms, outbox, entrance, origin);
        let connection = connection::run(stream, received, encoding, &endpoint.heartbeat, session);
        async move {
            connection.await;
            drop(slots);
        }
    }
}

/// Starts the session once hyper has let go of its stream.
fn run<S: Socket>(upgrade: OnUpgrade, opening: Opening) {
    let span = opening.span();
    let opened = async move {
        let connection = match upgrade.await.map(stream::<S>) {
            Ok(Some((stream, received))) => opening.connection(stream, received),
            Ok(None) => return tracing::error!("an upgraded connection is not the stream it was"),
            Err(error) => return tracing::debug!(%error, "not upgraded"),
        };
        connection.await;
    };
    tokio::spawn(opened.instrument(span));
}

/// The stream under an upgraded connection, and what was read from it already.
///
/// The bytes are copied: a slice would keep all of the HTTP connection's buffer for as long.
fn stream<S: Socket>(upgraded: Upgraded) -> Option<(S, Vec<u8>)> {
    let parts = upgraded.downcast::<TokioIo<Reader<S>>>().ok()?;
    let mut reader = parts.io.into_inner();
    let received = [&parts.read_buf[..], &reader.take_unread()].concat();
    Some((reader.into_inner(), received))
}

/// What a request tells of who makes it.
pub(super) fn facts(uri: &Uri, headers: &HeaderMap) -> RequestFacts {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok().map(Box::from);
    let cookies = headers.get_all(COOKIE).into_iter().filter_map(|line| line.to_str().ok());
    let cookie = cookies.collect::<Vec<_>>().join("; ");
    RequestFacts {
        path: uri.path().into(),
        host: text(HOST),
        origin: text(ORIGIN),
        cookie: (!cookie.is_empty()).then(|| cookie.into()),
        authorization: text(AUTHORIZATION),
    }
}

fn refuse(error: &HandshakeError) -> Response {
    let message = error.to_string();
    match error {
        HandshakeError::NoUpgrade | HandshakeError::Version => {
            let headers = [(UPGRADE, "websocket"), (CONNECTION, "Upgrade"), (SEC_WEBSOCKET_VERSION, "13")];
            (headers, Problem::new(StatusCode::UPGRADE_REQUIRED, "bad_request", message)).into_response()
        }
        _ => Problem::bad_request(message).into_response(),
    }
}
