//! Where an outbox's bytes go.

use std::io;

use parking_lot::Mutex;
use tokio::net::{tcp, unix};

#[derive(Debug)]
pub(super) enum Wire {
    /// A TCP socket, written to by whoever flushes.
    Tcp(tcp::OwnedWriteHalf),
    /// A unix socket, likewise.
    Unix(unix::OwnedWriteHalf),
    /// A stream that only the peer's own task can write to.
    Owner,
    /// No peer: takes everything and keeps nothing.
    Sink,
    /// No peer: keeps what is written, up to a capacity.
    Detached { taken: Mutex<Vec<u8>>, capacity: usize },
}

impl Wire {
    pub(super) fn detached(capacity: usize) -> Self {
        Wire::Detached { taken: Mutex::default(), capacity }
    }

    /// Lets go of the socket without ending its direction first: whoever has the other half closes it.
    pub(super) fn let_go(&mut self) {
        match std::mem::replace(self, Wire::Owner) {
            Wire::Tcp(socket) => socket.forget(),
            Wire::Unix(socket) => socket.forget(),
            other => *self = other,
        }
    }

    /// Whether any task may [`write`](Self::write).
    pub(super) fn is_shared(&self) -> bool {
        !matches!(self, Wire::Owner)
    }

    /// Takes some of `bytes` without waiting, or answers `WouldBlock`.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Wire::Tcp(socket) => socket.try_write(bytes),
            Wire::Unix(socket) => socket.try_write(bytes),
            Wire::Owner => Err(io::ErrorKind::WouldBlock.into()),
            Wire::Sink => Ok(bytes.len()),
            Wire::Detached { taken, capacity } => {
                let mut taken = taken.lock();
                let count = bytes.len().min(capacity - taken.len());
                if count == 0 {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                taken.extend_from_slice(&bytes[..count]);
                Ok(count)
            }
        }
    }

    pub(super) fn drain(&self) -> Vec<u8> {
        match self {
            Wire::Detached { taken, .. } => std::mem::take(&mut *taken.lock()),
            Wire::Tcp(_) | Wire::Unix(_) | Wire::Owner | Wire::Sink => Vec::new(),
        }
    }
}
