//! WebSocket, as far as WAMP needs it.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_util::{Sink, Stream as _};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Request, header};
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, WebSocketConfig, frame::coding::CloseCode};
use tokio_tungstenite::tungstenite::{self, Message};
use wamp_proto::Serializer;

use super::stream::BoxStream;
use super::{Address, Turn};
use crate::auth::Cookies;
use crate::{Error, Result};

/// Read in pieces of this size: what a client gets is small, and there may be many of them on a machine.
const READ_BUFFER: usize = 4 * 1024;

/// As much is written at once; above [`HIGH_WATER`] no more is taken from the program.
const WRITE_BUFFER: usize = 16 * 1024;

/// Unwritten bytes from which on the program has to wait.
const HIGH_WATER: usize = 256 * 1024;

/// Unwritten bytes at which the connection is given up: the router does not read the answers it asks for.
const MOST_UNWRITTEN: usize = 64 << 20;

/// The largest message a router may send.
const LARGEST_MESSAGE: usize = 16 << 20;

/// A WebSocket connection that speaks one of WAMP's subprotocols.
pub(crate) struct WebSocket {
    socket: WebSocketStream<BoxStream>,
    serializer: Serializer,
    /// Bytes handed to the socket since it was last flushed.
    unflushed: usize,
}

impl WebSocket {
    /// Does the WebSocket handshake on `stream`, with the router's cookies if they are kept.
    pub(crate) async fn handshake(
        stream: BoxStream,
        address: &Address,
        serializer: Serializer,
        cookies: Option<&Cookies>,
    ) -> Result<Self> {
        let failed = |problem: String| Error::Handshake { url: address.url.clone(), problem };
        let mut request = Request::builder()
            .uri(address.url.as_str())
            .header(header::HOST, address.authority())
            .header(header::CONNECTION, "Upgrade")
            .header(header::UPGRADE, "websocket")
            .header(header::SEC_WEBSOCKET_VERSION, "13")
            .header(header::SEC_WEBSOCKET_KEY, generate_key())
            .header(header::SEC_WEBSOCKET_PROTOCOL, serializer.subprotocol())
            .body(())
            .map_err(|error| failed(error.to_string()))?;
        let cookie = cookies.and_then(|cookies| cookies.header(address.authority(), address.url.starts_with("wss:")));
        if let Some(cookie) = cookie.and_then(|cookie| HeaderValue::try_from(cookie).ok()) {
            request.headers_mut().insert(header::COOKIE, cookie);
        }
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(WRITE_BUFFER)
            .max_write_buffer_size(MOST_UNWRITTEN)
            .max_message_size(Some(LARGEST_MESSAGE))
            .max_frame_size(Some(LARGEST_MESSAGE));
        match tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await {
            Ok((socket, response)) => {
                for header in response.headers().get_all(header::SET_COOKIE) {
                    if let (Some(cookies), Ok(header)) = (cookies, header.to_str()) {
                        cookies.set(address.authority(), header);
                    }
                }
                Ok(Self { socket, serializer, unflushed: 0 })
            }
            Err(error) => Err(failed(explain(&error, serializer))),
        }
    }

    /// Whether the program has to wait until some of what was sent is written.
    pub(crate) fn is_congested(&self) -> bool {
        self.unflushed > HIGH_WATER
    }

    /// Puts a message into the write buffer. It leaves with the next [`turn`](Self::turn).
    pub(crate) fn send(&mut self, message: Vec<u8>) -> Result<()> {
        self.unflushed += message.len();
        let message = if self.serializer.is_binary() {
            Message::Binary(message.into())
        } else {
            let text = String::from_utf8(message).map_err(|error| Error::Protocol(error.to_string()))?;
            Message::Text(text.into())
        };
        self.start_send(message)
    }

    /// Puts a ping into the write buffer.
    pub(crate) fn ping(&mut self) -> Result<()> {
        self.unflushed += 1;
        self.start_send(Message::Ping(Bytes::new()))
    }

    fn start_send(&mut self, message: Message) -> Result<()> {
        Pin::new(&mut self.socket).start_send(message).map_err(|error| Error::Lost { reason: error.to_string() })
    }

    /// Writes what is to be written and waits for what comes. Cancel safe.
    pub(crate) async fn turn(&mut self) -> Turn {
        poll_fn(|cx| self.poll_turn(cx)).await
    }

    pub(super) fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        if self.unflushed > 0 {
            match Pin::new(&mut self.socket).poll_flush(cx) {
                Poll::Ready(Ok(())) => {
                    self.unflushed = 0;
                    return Poll::Ready(Turn::Flushed);
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Turn::Closed(error.to_string())),
                // Reading goes on: a peer may only read again once we have.
                Poll::Pending => {}
            }
        }
        let turn = match ready!(Pin::new(&mut self.socket).poll_next(cx)) {
            None => Turn::Closed("the router closed the connection".to_owned()),
            Some(Err(error)) => Turn::Closed(error.to_string()),
            Some(Ok(Message::Text(text))) if !self.serializer.is_binary() => Turn::Frame(text.into()),
            Some(Ok(Message::Binary(bytes))) if self.serializer.is_binary() => Turn::Frame(bytes),
            Some(Ok(Message::Text(_) | Message::Binary(_))) => {
                Turn::Closed(format!("a frame of the wrong kind for {}", self.serializer))
            }
            Some(Ok(Message::Close(frame))) => Turn::Closed(match frame {
                Some(CloseFrame { code, reason }) if !reason.is_empty() => format!("{reason} ({code})"),
                Some(CloseFrame { code, .. }) => format!("the router closed the connection ({code})"),
                None => "the router closed the connection".to_owned(),
            }),
            // The socket answers pings itself; the answer has to be flushed.
            Some(Ok(_)) => {
                self.unflushed += 1;
                Turn::Alive
            }
        };
        Poll::Ready(turn)
    }

    /// Closes the connection in good order.
    pub(crate) async fn close(&mut self) {
        let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
        if let Err(error) = self.socket.close(Some(frame)).await {
            tracing::debug!(%error, "websocket did not close in good order");
        }
    }
}

impl std::fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebSocket").field("serializer", &self.serializer).finish_non_exhaustive()
    }
}

fn explain(error: &tungstenite::Error, serializer: Serializer) -> String {
    use tungstenite::error::ProtocolError;
    match error {
        tungstenite::Error::Http(response) => {
            let said = response.body().as_deref().and_then(|body| std::str::from_utf8(body).ok()).unwrap_or_default();
            let said: String = said.lines().next().unwrap_or_default().chars().take(200).collect();
            let separator = if said.is_empty() { "" } else { ": " };
            format!(
                "HTTP status {}{separator}{said}; is the path right? (it is /ws for most routers)",
                response.status()
            )
        }
        tungstenite::Error::Protocol(ProtocolError::SecWebSocketSubProtocolError(_)) => {
            format!("it does not offer the subprotocol {}", serializer.subprotocol())
        }
        other => other.to_string(),
    }
}
