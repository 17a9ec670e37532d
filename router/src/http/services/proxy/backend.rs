//! Ways to another server: over the network, or through a unix socket.

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::Request;
use axum::http::{Response, Uri};
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

use crate::http::client::{self, ClientError, HttpClient, Trust};

/// Another server, and the connections to it.
#[derive(Debug, Clone)]
pub(in crate::http::services) enum Backend {
    /// At the host of each request's URL.
    Network(HttpClient),
    /// At a unix socket, whatever the host.
    Socket(Client<SocketConnector, Body>),
}

impl Backend {
    /// With `trust`, certificates have to be of those authorities; else of those the system trusts.
    pub(in crate::http::services) fn network(trust: Option<Trust>) -> Self {
        Self::Network(trust.map_or_else(HttpClient::new, HttpClient::trusting))
    }

    pub(in crate::http::services) fn socket(path: PathBuf) -> Self {
        Self::Socket(client::settings().build(SocketConnector(path.into())))
    }

    pub(super) async fn request(&self, request: Request) -> Result<Response<Incoming>, ClientError> {
        match self {
            Self::Network(client) => client.request(request).await,
            Self::Socket(client) => client.request(request).await.map_err(ClientError::from),
        }
    }
}

/// Connects to a unix socket.
#[derive(Debug, Clone)]
pub(in crate::http::services) struct SocketConnector(Arc<Path>);

impl tower::Service<Uri> for SocketConnector {
    type Response = TokioIo<UnixStream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<TokioIo<UnixStream>>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let path = self.0.clone();
        Box::pin(async move { Ok(TokioIo::new(UnixStream::connect(path).await?)) })
    }
}
