//! What a connection reads from, and writes to where its outbox can't.

use std::io;
use std::net::Shutdown;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{tcp, unix};

use crate::outbox::Outbox;

/// A byte stream, as its connection's task sees it.
pub(crate) trait Stream: Send {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>>;

    /// Writes for an outbox that has no wire of its own.
    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>>;

    /// Sends what was written and is not sent yet.
    fn poll_flush(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    /// Does what has to be done before the stream is dropped, so that the peer knows its end from a cut.
    fn poll_end(&mut self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    /// Ends our direction. That it fails on a stream that is gone is of no interest.
    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<()>;
}

/// The half of a socket that is read from; the other half is the outbox's wire.
pub(crate) trait ReadHalf: AsyncRead + Send + Unpin {
    fn socket(&self) -> SockRef<'_>;
}

impl ReadHalf for tcp::OwnedReadHalf {
    fn socket(&self) -> SockRef<'_> {
        SockRef::from(self.as_ref())
    }
}

impl ReadHalf for unix::OwnedReadHalf {
    fn socket(&self) -> SockRef<'_> {
        SockRef::from(self.as_ref())
    }
}

/// A socket that anybody may write to, by way of the outbox.
pub(crate) struct Side<R: ReadHalf> {
    half: R,
    outbox: Arc<Outbox>,
}

impl<R: ReadHalf> Side<R> {
    pub(super) fn new(half: R, outbox: Arc<Outbox>) -> Self {
        Self { half, outbox }
    }
}

impl<R: ReadHalf> Stream for Side<R> {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.half).poll_read(cx, buffer)
    }

    fn poll_write(&mut self, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Pending
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<()> {
        let _ = self.half.socket().shutdown(Shutdown::Write);
        Poll::Ready(())
    }
}

/// The outbox may outlive its connection's task for as long as somebody routes to it; the
/// socket must not. Mostly nobody does, and to close the socket is enough: to shut it down before would be two
/// system calls, and an event that wakes a thread for nothing.
impl<R: ReadHalf> Drop for Side<R> {
    fn drop(&mut self) {
        match Arc::get_mut(&mut self.outbox) {
            Some(outbox) => outbox.let_go(),
            None => drop(self.half.socket().shutdown(Shutdown::Both)),
        }
    }
}

/// A stream the connection's task has all of, which may keep for a while what is written to it: TLS does.
pub(crate) struct Whole<S> {
    stream: S,
    /// Something was written since it was last flushed.
    written: bool,
}

impl<S> Whole<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, written: false }
    }
}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for Whole<S> {
    /// Reads as much as is there. TLS comes in records, of which each may be a small message: handled one by one
    /// they would be as many bursts.
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        loop {
            let had = buffer.filled().len();
            let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
            let got = buffer.filled().len() - had;
            if got == 0 || buffer.remaining() == 0 || !matches!(read, Poll::Ready(Ok(()))) {
                // What ended it shows again with the next read, once what came before is handled.
                return if buffer.filled().len() > before { Poll::Ready(Ok(())) } else { read };
            }
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.written = true;
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.written {
            // An error shows itself in the next read.
            let _ = ready!(Pin::new(&mut self.stream).poll_flush(cx));
            self.written = false;
        }
        Poll::Ready(())
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_shutdown(cx)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.stream).poll_shutdown(cx).map(drop)
    }
}
