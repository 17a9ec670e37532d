//! RawSocket. Specification: "RawSocket Transport" (advanced profile).

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use wamp_proto::Serializer;
use wamp_proto::rawsocket::{FrameHeader, FrameKind, Handshake, MAX_LENGTH};

use super::stream::BoxStream;
use super::{Address, Turn};
use crate::{Error, Result};

/// Read in pieces of this size: what a client gets is small, and there may be many of them on a machine.
const READ_BUFFER: usize = 4 * 1024;

/// Unwritten bytes from which on the program has to wait.
const HIGH_WATER: usize = 256 * 1024;

/// Unwritten bytes at which the connection is given up: the router does not read the answers it asks for.
const MOST_UNWRITTEN: usize = 64 << 20;

/// A RawSocket connection.
pub(crate) struct RawSocket {
    stream: BoxStream,
    /// The longest message the router takes.
    most: usize,
    received: BytesMut,
    unwritten: BytesMut,
    /// All is written, but perhaps not flushed.
    unflushed: bool,
}

impl RawSocket {
    /// Does the handshake on `stream`.
    pub(crate) async fn handshake(mut stream: BoxStream, address: &Address, serializer: Serializer) -> Result<Self> {
        let failed = |problem: String| Error::Handshake { url: address.url.clone(), problem };
        let ours = Handshake::new(serializer, MAX_LENGTH).encode();
        stream.write_all(&ours).await.map_err(|error| failed(error.to_string()))?;
        stream.flush().await.map_err(|error| failed(error.to_string()))?;
        let mut answer = [0; 4];
        let answered = stream.read_exact(&mut answer).await;
        answered.map_err(|error| failed(format!("it does not answer the RawSocket handshake: {error}")))?;
        let theirs = Handshake::from_server(answer, serializer).map_err(|problem| failed(problem.to_string()))?;
        let (received, unwritten) = (BytesMut::new(), BytesMut::new());
        Ok(Self { stream, most: theirs.max_length(), received, unwritten, unflushed: false })
    }

    /// Answers the handshake of a client, which says what it encodes messages in.
    pub(crate) async fn accept(mut stream: BoxStream) -> std::io::Result<(Self, Serializer)> {
        let mut asked = [0; 4];
        stream.read_exact(&mut asked).await?;
        let theirs = Handshake::from_client(asked).map_err(std::io::Error::other)?;
        stream.write_all(&asked).await?;
        stream.flush().await?;
        let (received, unwritten) = (BytesMut::new(), BytesMut::new());
        let socket = Self { stream, most: theirs.max_length(), received, unwritten, unflushed: false };
        Ok((socket, theirs.serializer))
    }

    /// Whether the program has to wait until some of what was sent is written.
    pub(crate) fn is_congested(&self) -> bool {
        self.unwritten.len() > HIGH_WATER
    }

    /// Puts a message into the write buffer. It leaves with the next [`turn`](Self::turn).
    pub(crate) fn send(&mut self, message: &[u8]) -> Result<()> {
        if message.len() > self.most {
            let reason = format!("a message of {} bytes, and the router takes {} at most", message.len(), self.most);
            return Err(Error::Lost { reason });
        }
        self.frame(FrameKind::Message, message)
    }

    /// Puts a ping into the write buffer.
    pub(crate) fn ping(&mut self) -> Result<()> {
        self.frame(FrameKind::Ping, &[])
    }

    fn frame(&mut self, kind: FrameKind, content: &[u8]) -> Result<()> {
        if self.unwritten.len() + content.len() > MOST_UNWRITTEN {
            return Err(Error::Lost { reason: "the router does not read what it is sent".to_owned() });
        }
        self.unwritten.extend_from_slice(&FrameHeader { kind, length: content.len() }.encode());
        self.unwritten.extend_from_slice(content);
        Ok(())
    }

    /// Writes what is to be written and waits for what comes. Cancel safe.
    pub(crate) async fn turn(&mut self) -> Turn {
        poll_fn(|cx| self.poll_turn(cx)).await
    }

    pub(super) fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Turn> {
        // Where writing has to wait reading goes on: a peer may only read again once we have.
        if let Poll::Ready(written) = self.poll_write(cx) {
            match written {
                Ok(false) => {}
                Ok(true) => return Poll::Ready(Turn::Flushed),
                Err(error) => return Poll::Ready(Turn::Closed(error.to_string())),
            }
        }
        loop {
            match self.next_frame() {
                Ok(Some(turn)) => return Poll::Ready(turn),
                Ok(None) => {}
                Err(reason) => return Poll::Ready(Turn::Closed(reason)),
            }
            self.received.reserve(READ_BUFFER);
            match ready!(pin!(self.stream.read_buf(&mut self.received)).poll(cx)) {
                Ok(0) => return Poll::Ready(Turn::Closed("the router closed the connection".to_owned())),
                Ok(_) => {}
                Err(error) => return Poll::Ready(Turn::Closed(error.to_string())),
            }
        }
    }

    /// Writes and flushes all there is. Whether there was any.
    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<std::io::Result<bool>> {
        while !self.unwritten.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.unwritten))?;
            if written == 0 {
                return Poll::Ready(Err(std::io::ErrorKind::WriteZero.into()));
            }
            self.unwritten.advance(written);
            self.unflushed = true;
        }
        let any = self.unflushed;
        if any {
            ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(any))
    }

    /// Takes a frame out of what was received.
    fn next_frame(&mut self) -> Result<Option<Turn>, String> {
        let Some(header) = self.received.first_chunk::<{ FrameHeader::SIZE }>() else { return Ok(None) };
        let FrameHeader { kind, length } = FrameHeader::decode(*header).map_err(|problem| problem.to_string())?;
        if self.received.len() < FrameHeader::SIZE + length {
            return Ok(None);
        }
        self.received.advance(FrameHeader::SIZE);
        let content = self.received.split_to(length).freeze();
        match kind {
            FrameKind::Message => return Ok(Some(Turn::Frame(content))),
            FrameKind::Ping => self.frame(FrameKind::Pong, &content).map_err(|error| error.to_string())?,
            FrameKind::Pong => {}
        }
        Ok(Some(Turn::Alive))
    }

    /// Closes the connection in good order.
    pub(crate) async fn close(&mut self) {
        if let Err(error) = poll_fn(|cx| self.poll_write(cx)).await {
            tracing::debug!(%error, "rawsocket did not close in good order");
        } else if let Err(error) = self.stream.shutdown().await {
            tracing::debug!(%error, "rawsocket did not close in good order");
        }
    }
}

impl std::fmt::Debug for RawSocket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawSocket").field("most", &self.most).finish_non_exhaustive()
    }
}
