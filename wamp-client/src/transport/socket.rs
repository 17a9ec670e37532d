//! A connection that carries WAMP messages, whichever way it frames them.

use std::future::poll_fn;
use std::task::{Context, Poll};

use bytes::Bytes;
use wamp_proto::Serializer;

use super::Address;
#[cfg(feature = "rawsocket")]
use super::RawSocket;
#[cfg(feature = "websocket")]
use super::WebSocket;
use super::address::Framing;
use super::stream::BoxStream;
use crate::Result;
use crate::auth::Auth;

/// A connection to the router.
#[derive(Debug)]
pub(crate) enum Socket {
    #[cfg(feature = "websocket")]
    WebSocket(Box<WebSocket>),
    #[cfg(feature = "rawsocket")]
    RawSocket(RawSocket),
}

/// What happened on the connection.
#[derive(Debug)]
pub(crate) enum Turn {
    /// A WAMP message.
    Frame(Bytes),
    /// A sign of life without a message: a ping or pong.
    Alive,
    /// All that was sent has been written.
    Flushed,
    /// The end, with its reason.
    Closed(String),
}

impl Turn {
    /// Whether the router is there.
    pub(crate) fn is_sign_of_life(&self) -> bool {
        matches!(self, Self::Frame(_) | Self::Alive)
    }
}

impl Socket {
    /// Does the handshake that the address asks for.
    #[cfg_attr(not(feature = "websocket"), expect(unused_variables, reason = "only WebSocket has cookies"))]
    pub(crate) async fn handshake(
        stream: BoxStream,
        address: &Address,
        serializer: Serializer,
        auth: Option<&Auth>,
    ) -> Result<Self> {
        match address.framing {
            #[cfg(feature = "websocket")]
            Framing::WebSocket => {
                let socket = WebSocket::handshake(stream, address, serializer, auth.and_then(Auth::cookies)).await?;
                Ok(Self::WebSocket(Box::new(socket)))
            }
            #[cfg(feature = "rawsocket")]
            Framing::RawSocket => RawSocket::handshake(stream, address, serializer).await.map(Self::RawSocket),
        }
    }

    /// Whether the program has to wait until some of what was sent is written.
    pub(crate) fn is_congested(&self) -> bool {
        match self {
            #[cfg(feature = "websocket")]
            Self::WebSocket(socket) => socket.is_congested(),
            #[cfg(feature = "rawsocket")]
            Self::RawSocket(socket) => socket.is_congested(),
        }
    }

    /// Puts a message into the write buffer. It leaves with the next [`turn`](Self::turn).
    pub(crate) fn send(&mut self, message: &[u8]) -> Result<()> {
        match self {
            #[cfg(feature = "websocket")]
            Self::WebSocket(socket) => socket.send(message),
            #[cfg(feature = "rawsocket")]
            Self::RawSocket(socket) => socket.send(message),
        }
    }

    /// Puts a ping into the write buffer.
    pub(crate) fn ping(&mut self) -> Result<()> {
        match self {
            #[cfg(feature = "websocket")]
            Self::WebSocket(socket) => socket.ping(),
            #[cfg(feature = "rawsocket")]
            Self::RawSocket(socket) => socket.ping(),
        }
    }

    /// Writes what is to be written and waits for what comes. Cancel safe.
    pub(crate) async fn turn(&mut self) -> Turn {
        poll_fn(|cx| self.poll_turn(cx)).await
    }

    /// What [`turn`](Self::turn) waits for.
    pub(crate) fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        match self {
            #[cfg(feature = "websocket")]
            Self::WebSocket(socket) => socket.poll_turn(cx),
            #[cfg(feature = "rawsocket")]
            Self::RawSocket(socket) => socket.poll_turn(cx),
        }
    }

    /// Closes the connection in good order.
    pub(crate) async fn close(&mut self) {
        match self {
            #[cfg(feature = "websocket")]
            Self::WebSocket(socket) => socket.close().await,
            #[cfg(feature = "rawsocket")]
            Self::RawSocket(socket) => socket.close().await,
        }
    }
}
