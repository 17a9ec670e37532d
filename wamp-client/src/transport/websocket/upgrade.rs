//! The stream while it becomes a WebSocket.

use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWrite, ReadBuf};

use crate::transport::stream::BoxStream;

/// Gives the library that does the handshake the answer to it, and keeps what the router sent right behind: frames.
pub(super) struct Upgrade {
    stream: BoxStream,
    received: BytesMut,
    /// How much of that has been handed on.
    passed: usize,
}

impl Upgrade {
    pub(super) fn new(stream: BoxStream) -> Self {
        Self { stream, received: BytesMut::new(), passed: 0 }
    }

    /// The stream, and what was read of it and not handed on.
    pub(super) fn into_parts(mut self) -> (BoxStream, BytesMut) {
        let rest = self.received.split_off(self.passed);
        (self.stream, rest)
    }

    /// How much may be handed on, all together: of an answer that opens no WebSocket all of it, for its text.
    fn passable(&self) -> usize {
        let end = self.received.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        match end {
            Some(end) if self.received.starts_with(b"HTTP/1.1 101") => end + 4,
            _ => self.received.len(),
        }
    }
}

impl tokio::io::AsyncRead for Upgrade {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, out: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.passed == this.passable() && ready!(pin!(this.stream.read_buf(&mut this.received)).poll(cx))? == 0 {
            return Poll::Ready(Ok(()));
        }
        let count = out.remaining().min(this.passable() - this.passed);
        out.put_slice(&this.received[this.passed..this.passed + count]);
        this.passed += count;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Upgrade {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
