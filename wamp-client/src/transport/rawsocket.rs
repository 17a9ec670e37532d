//! RawSocket. Specification: "RawSocket Transport" (advanced profile).

use std::future::poll_fn;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wamp_proto::Serializer;
use wamp_proto::rawsocket::{FrameHeader, FrameKind, Handshake, MAX_LENGTH};

use super::stream::BoxStream;
use super::wire::Wire;
use super::{Address, Turn};
use crate::{Error, Result};

/// A RawSocket connection.
pub(crate) struct RawSocket {
    wire: Wire,
    /// The longest message the router takes.
    most: usize,
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
        Ok(Self { wire: Wire::new(stream, BytesMut::new()), most: theirs.max_length() })
    }

    /// Answers the handshake of a client, which says what it encodes messages in.
    pub(crate) async fn accept(mut stream: BoxStream) -> std::io::Result<(Self, Serializer)> {
        let mut asked = [0; 4];
        stream.read_exact(&mut asked).await?;
        let theirs = Handshake::from_client(asked).map_err(std::io::Error::other)?;
        stream.write_all(&asked).await?;
        stream.flush().await?;
        Ok((Self { wire: Wire::new(stream, BytesMut::new()), most: theirs.max_length() }, theirs.serializer))
    }

    /// Whether the program has to wait until some of what was sent is written.
    pub(crate) fn is_congested(&self) -> bool {
        self.wire.is_congested()
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
        let room = self.wire.room(FrameHeader::SIZE + content.len())?;
        room.extend_from_slice(&FrameHeader { kind, length: content.len() }.encode());
        room.extend_from_slice(content);
        Ok(())
    }

    /// Writes what is to be written and waits for what comes. Cancel safe.
    pub(crate) async fn turn(&mut self) -> Turn {
        poll_fn(|cx| self.poll_turn(cx)).await
    }

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
            match self.next_frame() {
                Ok(Some(turn)) => return Poll::Ready(turn),
                Ok(None) => {}
                Err(reason) => return Poll::Ready(Turn::Closed(reason)),
            }
            match ready!(self.wire.poll_read(cx)) {
                Ok(0) => return Poll::Ready(Turn::Closed("the router closed the connection".to_owned())),
                Ok(_) => {}
                Err(error) => return Poll::Ready(Turn::Closed(error.to_string())),
            }
        }
    }

    /// Takes a frame out of what was received.
    fn next_frame(&mut self) -> Result<Option<Turn>, String> {
        let Some(header) = self.wire.received.first_chunk::<{ FrameHeader::SIZE }>() else { return Ok(None) };
        let FrameHeader { kind, length } = FrameHeader::decode(*header).map_err(|problem| problem.to_string())?;
        if self.wire.received.len() < FrameHeader::SIZE + length {
            return Ok(None);
        }
        self.wire.received.advance(FrameHeader::SIZE);
        let content = self.wire.received.split_to(length).freeze();
        match kind {
            FrameKind::Message => return Ok(Some(Turn::Frame(content))),
            FrameKind::Ping => self.frame(FrameKind::Pong, &content).map_err(|error| error.to_string())?,
            FrameKind::Pong => {}
        }
        Ok(Some(Turn::Alive))
    }

    /// Closes the connection in good order.
    pub(crate) async fn close(&mut self) {
        if let Err(error) = poll_fn(|cx| self.wire.poll_write(cx)).await {
            tracing::debug!(%error, "rawsocket did not close in good order");
        } else if let Err(error) = self.wire.shutdown().await {
            tracing::debug!(%error, "rawsocket did not close in good order");
        }
    }
}

impl std::fmt::Debug for RawSocket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawSocket").field("most", &self.most).finish_non_exhaustive()
    }
}
