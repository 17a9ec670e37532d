//! What a connection reads from, and writes to where its outbox can't.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{tcp, unix};

/// A byte stream, as its connection's task sees it.
pub(super) trait Stream: Send {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>>;

    /// Writes for an outbox that has no wire of its own.
    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>>;

    /// Ends our direction. That it fails on a stream that is gone is of no interest.
    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<()>;
}

/// A TCP socket whose other half is the outbox's wire.
pub(super) struct TcpSide(pub(super) tcp::OwnedReadHalf);

impl Stream for TcpSide {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }

    fn poll_write(&mut self, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Pending
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<()> {
        let _ = SockRef::from(self.0.as_ref()).shutdown(std::net::Shutdown::Write);
        Poll::Ready(())
    }
}

/// The outbox may outlive its connection's task for as long as somebody routes to it; the
/// socket must not.
impl Drop for TcpSide {
    fn drop(&mut self) {
        let _ = SockRef::from(self.0.as_ref()).shutdown(std::net::Shutdown::Both);
    }
}

/// A unix socket whose other half is the outbox's wire.
pub(super) struct UnixSide(pub(super) unix::OwnedReadHalf);

impl Stream for UnixSide {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }

    fn poll_write(&mut self, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Pending
    }

    fn poll_shutdown(&mut self, _: &mut Context<'_>) -> Poll<()> {
        let _ = SockRef::from(self.0.as_ref()).shutdown(std::net::Shutdown::Write);
        Poll::Ready(())
    }
}

/// As for [`TcpSide`].
impl Drop for UnixSide {
    fn drop(&mut self) {
        let _ = SockRef::from(self.0.as_ref()).shutdown(std::net::Shutdown::Both);
    }
}

/// A stream the connection's task has all of.
pub(super) struct Whole<S>(pub(super) S);

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for Whole<S> {
    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll_shutdown(cx).map(drop)
    }
}
