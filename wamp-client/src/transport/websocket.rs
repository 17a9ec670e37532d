//! WebSocket, as far as WAMP needs it.

mod frame;
mod upgrade;

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::http::{HeaderValue, Request, header};
use wamp_proto::Serializer;

use self::frame::{Frame, Kind, LONGEST_HEADER, Masks};
use self::upgrade::Upgrade;
use super::stream::BoxStream;
use super::wire::Wire;
use super::{Address, Turn};
use crate::auth::Cookies;
use crate::{Error, Result};

/// The largest message a router may send.
const LARGEST_MESSAGE: usize = 16 << 20;

/// What a close frame says of a connection that is closed in good order.
const NORMAL: [u8; 2] = 1000_u16.to_be_bytes();

/// A WebSocket connection that speaks one of WAMP's subprotocols. The library does the handshake; frames are read and
/// written here, many in one piece of memory.
#[derive(Debug)]
pub(crate) struct WebSocket {
    wire: Wire,
    masks: Masks,
    serializer: Serializer,
    /// A message that comes in several frames, as far as it has come.
    message: Option<BytesMut>,
    /// Our close frame is written, or about to be: nothing may come after it.
    is_closed: bool,
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
        match tokio_tungstenite::client_async(request, Upgrade::new(stream)).await {
            Ok((socket, response)) => {
                for header in response.headers().get_all(header::SET_COOKIE) {
                    if let (Some(cookies), Ok(header)) = (cookies, header.to_str()) {
                        cookies.set(address.authority(), header);
                    }
                }
                let (stream, received) = socket.into_inner().into_parts();
                let wire = Wire::new(stream, received);
                Ok(Self { wire, masks: Masks::new(), serializer, message: None, is_closed: false })
            }
            Err(error) => Err(failed(explain(&error, serializer))),
        }
    }

    /// Whether the program has to wait until some of what was sent is written.
    pub(crate) fn is_congested(&self) -> bool {
        self.wire.is_congested()
    }

    /// Puts a message into the write buffer. It leaves with the next [turn](Self::poll_turn).
    pub(crate) fn send(&mut self, message: &[u8]) -> Result<()> {
        self.put(self.kind(), message)
    }

    /// Puts a ping into the write buffer.
    pub(crate) fn ping(&mut self) -> Result<()> {
        self.put(Kind::Ping, &[])
    }

    fn put(&mut self, kind: Kind, content: &[u8]) -> Result<()> {
        if self.is_closed {
            return Err(Error::Lost { reason: "the connection is closed".to_owned() });
        }
        frame::put(self.wire.room(LONGEST_HEADER + content.len())?, kind, self.masks.next(), content);
        Ok(())
    }

    /// What messages are.
    fn kind(&self) -> Kind {
        if self.serializer.is_binary() { Kind::Binary } else { Kind::Text }
    }

    /// Writes what is to be written and takes what comes.
    pub(super) fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        // Where writing has to wait reading goes on: a peer may only read again once we have.
        if let Poll::Ready(written) = self.wire.poll_write(cx) {
            match written {
                Ok(false) => {}
                Ok(true) => return Poll::Ready(Turn::Flushed),
                Err(error) => return Poll::Ready(Turn::Closed(error.to_string())),
            }
        }
        loop {
            match frame::take(&mut self.wire.received, LARGEST_MESSAGE) {
                Ok(None) => {}
                Ok(Some(frame)) => match self.frame(frame) {
                    Ok(None) => continue,
                    Ok(Some(turn)) => {
                        if self.is_closed {
                            // The answer to the router's close frame. If it has to wait, nobody waits with it.
                            let _ = self.wire.poll_write(cx);
                        }
                        return Poll::Ready(turn);
                    }
                    Err(reason) => return Poll::Ready(Turn::Closed(reason)),
                },
                Err(reason) => return Poll::Ready(Turn::Closed(reason)),
            }
            match ready!(self.wire.poll_read(cx)) {
                Ok(0) => return Poll::Ready(Turn::Closed("the router closed the connection".to_owned())),
                Ok(_) => {}
                Err(error) => return Poll::Ready(Turn::Closed(error.to_string())),
            }
        }
    }

    /// What a frame means; nothing, when its message goes on.
    fn frame(&mut self, frame: Frame) -> Result<Option<Turn>, String> {
        let Frame { kind, fin, content } = frame;
        let expected = self.kind();
        Ok(Some(match (kind, &mut self.message) {
            (Kind::Text | Kind::Binary, _) if kind != expected => {
                return Err(format!("a frame of the wrong kind for {}", self.serializer));
            }
            (Kind::Text | Kind::Binary, None) if fin => Turn::Frame(content),
            (Kind::Text | Kind::Binary, None) => {
                self.message = Some(BytesMut::from(content));
                return Ok(None);
            }
            (Kind::Text | Kind::Binary, Some(_)) => return Err("a message within a message".to_owned()),
            (Kind::Continuation, None) => return Err("a continuation of nothing".to_owned()),
            (Kind::Continuation, Some(message)) => {
                if message.len() + content.len() > LARGEST_MESSAGE {
                    return Err(format!("a message of more than {LARGEST_MESSAGE} bytes"));
                }
                message.extend_from_slice(&content);
                match self.message.take_if(|_| fin) {
                    Some(message) => Turn::Frame(message.freeze()),
                    None => return Ok(None),
                }
            }
            (Kind::Ping, _) => {
                self.put(Kind::Pong, &content).map_err(|error| error.to_string())?;
                Turn::Alive
            }
            (Kind::Pong, _) => Turn::Alive,
            (Kind::Close, _) => Turn::Closed(self.closed(&content)?),
        }))
    }

    /// The router closes the connection: answers, and says why.
    fn closed(&mut self, content: &Bytes) -> Result<String, String> {
        let (code, reason) = match content.split_first_chunk() {
            Some((code, reason)) => (Some(u16::from_be_bytes(*code)), String::from_utf8_lossy(reason)),
            None if content.is_empty() => (None, "".into()),
            None => return Err("a close frame with half a code".to_owned()),
        };
        if !self.is_closed {
            // The connection ends either way.
            let _ = self.put(Kind::Close, &content[..content.len().min(NORMAL.len())]);
            self.is_closed = true;
        }
        Ok(match code {
            Some(code) if !reason.is_empty() => format!("{reason} ({code})"),
            Some(code) => format!("the router closed the connection ({code})"),
            None => "the router closed the connection".to_owned(),
        })
    }

    /// Closes the connection in good order.
    pub(crate) async fn close(&mut self) {
        if self.put(Kind::Close, &NORMAL).is_err() {
            return;
        }
        self.is_closed = true;
        if let Err(error) = poll_fn(|cx| self.wire.poll_write(cx)).await {
            tracing::debug!(%error, "websocket did not close in good order");
        }
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
