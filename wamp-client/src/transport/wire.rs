//! A byte stream with what was received from it and what is to be written to it: what all framings have in common.

use std::fmt;
use std::io;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWrite};

use super::stream::BoxStream;
use crate::{Error, Result};

/// Read in pieces of this size at first: what most clients get is small, and there may be many of them on a machine.
const LEAST_READ: usize = 4 * 1024;

/// Read in pieces of this size at most, while each is as large as it may be.
const MOST_READ: usize = 64 * 1024;

/// Unwritten bytes from which on the program has to wait.
const HIGH_WATER: usize = 256 * 1024;

/// Unwritten bytes at which the connection is given up: the router does not read the answers it asks for.
const MOST_UNWRITTEN: usize = 64 << 20;

/// What a framing reads from and writes to.
pub(super) struct Wire {
    stream: BoxStream,
    /// Received, and not taken out by the framing.
    pub(super) received: BytesMut,
    /// How much the next read may bring: what is about to come is like what came.
    piece: usize,
    unwritten: BytesMut,
    /// All is written, but perhaps not flushed.
    unflushed: bool,
}

impl Wire {
    /// A stream from which `received` was read already.
    pub(super) fn new(stream: BoxStream, received: BytesMut) -> Self {
        Self { stream, received, piece: LEAST_READ, unwritten: BytesMut::new(), unflushed: false }
    }

    /// Whether the program has to wait until some of what was sent is written.
    pub(super) fn is_congested(&self) -> bool {
        self.unwritten.len() > HIGH_WATER
    }

    /// Where a frame of `length` bytes is put.
    ///
    /// # Errors
    /// When too much is there already.
    pub(super) fn room(&mut self, length: usize) -> Result<&mut BytesMut> {
        if self.unwritten.len() + length > MOST_UNWRITTEN {
            return Err(Error::Lost { reason: "the router does not read what it is sent".to_owned() });
        }
        self.unwritten.reserve(length);
        Ok(&mut self.unwritten)
    }

    /// Reads once: how many bytes came; none at the end.
    pub(super) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        // What is left of the last piece is used up, unless that would make many small reads.
        if self.received.capacity() - self.received.len() < self.piece / 4 {
            self.received.reserve(self.piece);
        }
        let room = self.received.capacity() - self.received.len();
        let read = ready!(pin!(self.stream.read_buf(&mut self.received)).poll(cx))?;
        if read == room {
            self.piece = (2 * self.piece).min(MOST_READ);
        } else if read < self.piece / 8 && self.piece > LEAST_READ {
            self.piece /= 2;
            // The memory goes with the last frame that is in it.
            let rest = BytesMut::with_capacity(self.piece + self.received.len());
            let received = std::mem::replace(&mut self.received, rest);
            self.received.extend_from_slice(&received);
        }
        Poll::Ready(Ok(read))
    }

    /// Writes and flushes all there is. Whether there was any.
    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        while !self.unwritten.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.unwritten))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
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

    /// Says that nothing more will be written.
    #[cfg(feature = "rawsocket")]
    pub(super) async fn shutdown(&mut self) -> io::Result<()> {
        tokio::io::AsyncWriteExt::shutdown(&mut self.stream).await
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (received, unwritten) = (self.received.len(), self.unwritten.len());
        f.debug_struct("Wire").field("received", &received).field("unwritten", &unwritten).finish_non_exhaustive()
    }
}
