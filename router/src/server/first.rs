//! What a client says first, before it is known what it speaks.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

/// Bytes read at a time: what most requests have room in.
const USUAL: usize = 2 << 10;

/// Appends what comes next to `received`; nothing if the stream ends.
///
/// While nothing comes it takes no memory: many clients may be silent at a time. Cancel safe: what is read is in
/// `received`.
///
/// # Errors
///
/// The client is gone.
pub(super) async fn read_some(stream: &mut (impl AsyncRead + Unpin), received: &mut Vec<u8>) -> io::Result<()> {
    poll_fn(|cx| {
        let mut room = [MaybeUninit::uninit(); USUAL];
        let mut read = ReadBuf::uninit(&mut room);
        ready!(Pin::new(&mut *stream).poll_read(cx, &mut read))?;
        received.extend_from_slice(read.filled());
        Poll::Ready(Ok(()))
    })
    .await
}
