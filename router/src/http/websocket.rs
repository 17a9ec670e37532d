//! Opens WebSockets.

use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::{
    ALLOW, CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use axum::http::{HeaderValue, Method, StatusCode, Version};
use axum::response::{IntoResponse, Response};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tracing::Instrument;
use wamp_proto::Serializer;

use super::Problem;
use crate::connection::{WampHandler, run_tcp};
use crate::outbox::{Encoding, Framing};
use crate::server::{Shared, Slot, Stage};
use crate::session::Origin;
use crate::transport::Accept;
use crate::transport::websocket::handshake::{HandshakeError, accept_key, choose_serializer};

/// Answers a request at the WebSocket path: switches protocols, or says why not.
pub(super) async fn open(State(shared): State<Arc<Shared>>, mut request: Request) -> Response {
    if request.method() != Method::GET {
        let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "bad_request", "a WebSocket is opened with GET");
        return ([(ALLOW, "GET")], problem).into_response();
    }
    if shared.stage() != Stage::Serving {
        let message = "the router is shutting down";
        return Problem::new(StatusCode::SERVICE_UNAVAILABLE, "wamp.close.system_shutdown", message).into_response();
    }
    if request.version() < Version::HTTP_11 {
        return refuse(&HandshakeError::NoUpgrade);
    }
    let headers = request.headers();
    let (accept, serializer) = match accept_key(headers).and_then(|key| Ok((key, choose_serializer(headers)?))) {
        Ok(agreed) => agreed,
        Err(error) => return refuse(&error),
    };
    let Ok(accept) = HeaderValue::try_from(accept) else { return refuse(&HandshakeError::Key) };
    let upgrade = hyper::upgrade::on(&mut request);
    // It stays the server's connection, of which there may be only so many.
    let slot = request.extensions_mut().remove::<Slot>();
    let peer = request.extensions().get::<ConnectInfo<std::net::SocketAddr>>().map(|info| info.0);
    let span = tracing::info_span!(
        "connection",
        peer = peer.map(tracing::field::display),
        serializer = ?serializer,
        // Known once the session has joined.
        session = tracing::field::Empty,
        realm = tracing::field::Empty,
    );
    tokio::spawn(run(shared, upgrade, serializer, Origin { peer }, slot).instrument(span));
    let headers = [
        (UPGRADE, HeaderValue::from_static("websocket")),
        (CONNECTION, HeaderValue::from_static("Upgrade")),
        (SEC_WEBSOCKET_ACCEPT, accept),
        (SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(serializer.subprotocol())),
    ];
    (StatusCode::SWITCHING_PROTOCOLS, headers).into_response()
}

/// Runs the session, and holds its slot.
async fn run(shared: Arc<Shared>, upgrade: OnUpgrade, serializer: Serializer, origin: Origin, _slot: Option<Slot>) {
    let connection = match upgrade.await.map(tcp) {
        Ok(Some((socket, received))) => connection(&shared, socket, received, serializer, origin),
        Ok(None) => return tracing::error!("an upgraded connection is no TCP socket"),
        Err(error) => return tracing::debug!(%error, "not upgraded"),
    };
    drop(shared);
    connection.await;
}

fn connection(
    shared: &Shared,
    socket: TcpStream,
    received: Vec<u8>,
    serializer: Serializer,
    origin: Origin,
) -> impl Future<Output = ()> + Send + use<> {
    let encoding = Encoding { serializer, framing: Framing::WebSocket };
    let accept = if serializer.is_binary() { Accept::Binary } else { Accept::Text };
    let entrance = shared.websocket.clone();
    let realms = shared.router.realms().clone();
    let session = move |outbox| WampHandler::new(realms, outbox, entrance, origin);
    run_tcp(socket, received, encoding, accept, &shared.heartbeat, session)
}

/// The socket under an upgraded connection, and what was read from it already.
///
/// The bytes are copied: a slice would keep all of the HTTP connection's buffer for as long.
fn tcp(upgraded: Upgraded) -> Option<(TcpStream, Vec<u8>)> {
    let parts = upgraded.downcast::<TokioIo<TcpStream>>().ok()?;
    Some((parts.io.into_inner(), parts.read_buf.to_vec()))
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
