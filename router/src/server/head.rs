//! The head of the first request on a connection.

use std::io;

use axum::http::header::{CONTENT_LENGTH, EXPECT, TRANSFER_ENCODING, UPGRADE};
use axum::http::{HeaderName, HeaderValue, Method, Uri};
use httparse::{EMPTY_HEADER, Status};
use hyper::Request;
use tokio::io::AsyncRead;

use super::first::read_some;
use crate::http::HttpSettings;

/// The longest head that is looked at, each time some of it comes. The least that hyper takes, so it says what is too long.
const LONGEST: usize = 8 << 10;

/// Header lines of a request that is understood here; those of browsers have some fifteen.
const MOST_LINES: usize = 32;

/// What has been read of the first request, and how much of it its head is.
#[derive(Debug)]
pub(super) struct Head {
    received: Vec<u8>,
    length: usize,
}

impl Head {
    /// Of a connection of which this has been read.
    pub(super) fn begun(received: Vec<u8>) -> Self {
        Self { received, length: 0 }
    }

    /// Reads a request to open a WebSocket; none if it is any other, or not as simple as those mostly are. Then hyper is
    /// to find out what it is, from what was [received](Self::into_received).
    ///
    /// # Errors
    ///
    /// The client is gone.
    pub(super) async fn read(
        &mut self,
        stream: &mut (impl AsyncRead + Unpin),
        settings: &HttpSettings,
    ) -> io::Result<Option<Request<()>>> {
        if self.received.is_empty() && !self.read_more(stream).await? {
            return Ok(None);
        }
        loop {
            let mut lines = [EMPTY_HEADER; MOST_LINES];
            let mut request = httparse::Request::new(&mut lines[..settings.max_headers.min(MOST_LINES)]);
            match request.parse(&self.received) {
                Ok(Status::Complete(length)) => {
                    self.length = length;
                    return Ok(opens_websocket(&request));
                }
                Ok(Status::Partial) if self.received.len() < LONGEST => {}
                _ => return Ok(None),
            }
            if !self.read_more(stream).await? {
                // Hyper knows what a request is worth that breaks off.
                return Ok(None);
            }
        }
    }

    /// Whether there was more.
    async fn read_more(&mut self, stream: &mut (impl AsyncRead + Unpin)) -> io::Result<bool> {
        let before = self.received.len();
        read_some(stream, &mut self.received).await?;
        Ok(self.received.len() > before)
    }

    /// What came after the head.
    pub(super) fn into_rest(self) -> Vec<u8> {
        // Mostly nothing, and not a view of what was read: that would keep all of it for as long.
        self.received[self.length..].to_vec()
    }

    /// All that was read.
    pub(super) fn into_received(self) -> Vec<u8> {
        self.received
    }
}

/// The request, if it is one to open a WebSocket and has no body.
fn opens_websocket(request: &httparse::Request<'_, '_>) -> Option<Request<()>> {
    let (Some("GET"), Some(1)) = (request.method, request.version) else { return None };
    let path = request.path.filter(|path| path.starts_with('/'))?;
    let mut read = Request::new(());
    *read.method_mut() = Method::GET;
    *read.uri_mut() = Uri::try_from(path).ok()?;
    let headers = read.headers_mut();
    headers.reserve(request.headers.len());
    for line in &*request.headers {
        let name = HeaderName::from_bytes(line.name.as_bytes()).ok()?;
        headers.append(name, HeaderValue::from_bytes(line.value).ok()?);
    }
    let has_body = headers.contains_key(CONTENT_LENGTH) || headers.contains_key(TRANSFER_ENCODING);
    (headers.contains_key(UPGRADE) && !has_body && !headers.contains_key(EXPECT)).then_some(read)
}
