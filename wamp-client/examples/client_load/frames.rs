//! Frames on the peer's side: WebSocket in JSON, or RawSocket in MessagePack.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context, bail};
use tokio_tungstenite::tungstenite::accept_hdr;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::{HeaderValue, header::SEC_WEBSOCKET_PROTOCOL};
use wamp_client::Serializer;
use wamp_proto::Message;

/// Bytes read at a time.
const READ: usize = 256 << 10;

/// How both ends talk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speech {
    WebSocket,
    RawSocket,
}

impl Speech {
    pub(crate) fn named(name: &str) -> anyhow::Result<Self> {
        match name {
            "ws-json" => Ok(Self::WebSocket),
            "rs-msgpack" => Ok(Self::RawSocket),
            other => bail!("there is no protocol {other:?}"),
        }
    }

    pub(crate) fn url(self, address: SocketAddr) -> String {
        match self {
            Self::WebSocket => format!("ws://{address}/ws"),
            Self::RawSocket => format!("rs://{address}"),
        }
    }

    pub(crate) fn serializer(self) -> Serializer {
        match self {
            Self::WebSocket => Serializer::Json,
            Self::RawSocket => Serializer::MessagePack,
        }
    }

    /// Does the router's part of the handshake.
    pub(crate) fn accept(self, mut stream: TcpStream) -> anyhow::Result<TcpStream> {
        match self {
            Self::WebSocket => {
                // What the callback has to return is the library's.
                #[allow(clippy::result_large_err, reason = "the library asks for it")]
                let answer = |_: &Request, mut response: Response| -> Result<Response, ErrorResponse> {
                    let protocol = HeaderValue::from_static(Serializer::Json.subprotocol());
                    response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, protocol);
                    Ok(response)
                };
                Ok(accept_hdr(stream, answer).map_err(|error| anyhow::anyhow!("no handshake: {error}"))?.into_inner())
            }
            Self::RawSocket => {
                let mut asked = [0; 4];
                stream.read_exact(&mut asked)?;
                stream.write_all(&asked)?;
                Ok(stream)
            }
        }
    }

    /// Appends a message.
    pub(crate) fn append(self, message: &Message<'_>, body: &mut Vec<u8>, out: &mut Vec<u8>) {
        body.clear();
        self.serializer().encode(message, body);
        match (self, body.len()) {
            (Self::RawSocket, length) => out.extend_from_slice(&(length as u32).to_be_bytes()),
            (Self::WebSocket, length @ ..126) => out.extend_from_slice(&[0x81, length as u8]),
            (Self::WebSocket, length) => {
                out.extend_from_slice(&[0x81, 126]);
                out.extend_from_slice(&(length as u16).to_be_bytes());
            }
        }
        out.extend_from_slice(body);
    }

    /// Where the frame's content begins and ends, and its mask, if all of it is there.
    fn frame(self, input: &[u8]) -> Option<(usize, usize, Option<[u8; 4]>)> {
        if self == Self::RawSocket {
            let length = u32::from_be_bytes(*input.first_chunk()?) as usize;
            return (input.len() >= 4 + length).then_some((4, 4 + length, None));
        }
        let (start, length) = match input.get(1)? & 0x7F {
            126 => (4, usize::from(u16::from_be_bytes(input.get(2..4)?.try_into().ok()?))),
            length => (2, usize::from(length)),
        };
        let mask = input.get(start..start + 4)?.try_into().ok()?;
        (input.len() >= start + 4 + length).then_some((start + 4, start + 4 + length, Some(mask)))
    }
}

/// What was read and is no whole frame yet.
#[derive(Debug, Default)]
pub(crate) struct Input {
    bytes: Vec<u8>,
    end: usize,
}

impl Input {
    /// Reads once and hands over every message that is complete. False at the end.
    pub(crate) fn read(
        &mut self,
        stream: &mut TcpStream,
        speech: Speech,
        mut take: impl FnMut(Message<'_>) -> anyhow::Result<()>,
    ) -> anyhow::Result<bool> {
        self.bytes.resize(self.end + READ, 0);
        // A reset is how a client ends that is stopped.
        let Ok(count) = stream.read(&mut self.bytes[self.end..]) else { return Ok(false) };
        self.end += count;
        let mut at = 0;
        while let Some((start, end, mask)) = speech.frame(&self.bytes[at..self.end]) {
            let content = &mut self.bytes[at + start..at + end];
            if let Some(mask) = mask {
                content.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, key)| *byte ^= key);
            }
            // A ping or a close, which nobody here has to answer.
            if content.len() > 2 {
                take(speech.serializer().decode(content).context("the client sent no message")?)?;
            }
            at += end;
        }
        self.bytes.copy_within(at..self.end, 0);
        self.end -= at;
        Ok(count > 0)
    }
}
