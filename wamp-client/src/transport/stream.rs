//! Byte streams to the router.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::Address;
use crate::{Error, Result};

/// Any byte stream.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin + 'static> Stream for S {}

pub(crate) type BoxStream = Box<dyn Stream>;

/// What both ends of a TLS connection know, and nobody else: `tls-exporter` (RFC 9266).
pub(crate) type Channel = [u8; 32];

/// A byte stream that is open.
pub(crate) struct Opened {
    pub(crate) stream: BoxStream,
    /// With TLS 1.3.
    pub(crate) channel: Option<Channel>,
}

impl Opened {
    fn plain(stream: impl Stream) -> Self {
        Self { stream: Box::new(stream), channel: None }
    }
}

type Connecting = Pin<Box<dyn Future<Output = io::Result<BoxStream>> + Send>>;

/// Opens the byte stream that WebSocket or RawSocket then runs on.
#[derive(Default)]
pub(crate) enum Connector {
    /// TCP to the host of the address, with TLS for `wss`, or its unix socket.
    #[default]
    Tcp,
    /// TCP, with TLS of the program's own settings for `wss`.
    #[cfg(feature = "tls")]
    Tls(super::TlsConfig),
    /// Whatever the program opens.
    Custom(Box<dyn Fn() -> Connecting + Send + Sync>),
}

impl Connector {
    pub(crate) fn custom<F, Fut, S>(connect: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = io::Result<S>> + Send + 'static,
        S: Stream,
    {
        Self::Custom(Box::new(move || {
            let connecting = connect();
            Box::pin(async move { connecting.await.map(|stream| Box::new(stream) as BoxStream) })
        }))
    }

    /// With these settings, unless the program has said more already.
    #[cfg(feature = "tls")]
    pub(crate) fn with_tls(self, settings: super::TlsSettings) -> Result<Self> {
        match self {
            Self::Tcp => Ok(settings.config()?.map_or(Self::Tcp, Self::Tls)),
            other => Ok(other),
        }
    }

    pub(crate) async fn connect(&self, address: &Address) -> Result<Opened> {
        let failed = |source| Error::Connect { url: address.url.clone(), source: Arc::new(source) };
        if let Self::Custom(connect) = self {
            return connect().await.map(Opened::plain).map_err(failed);
        }
        #[cfg(unix)]
        if let Some(path) = &address.path {
            let stream = tokio::net::UnixStream::connect(path).await.map_err(failed)?;
            return Ok(Opened::plain(stream));
        }
        let tcp = TcpStream::connect((address.host.as_str(), address.port)).await.map_err(failed)?;
        // Requests are small and somebody waits for the answer.
        tcp.set_nodelay(true).map_err(failed)?;
        #[cfg(feature = "tls")]
        if address.tls {
            let config = match self {
                Self::Tls(config) => config.clone(),
                _ => super::tls::system()?,
            };
            return super::tls::wrap(tcp, config, address).await;
        }
        Ok(Opened::plain(tcp))
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tcp => "Tcp",
            #[cfg(feature = "tls")]
            Self::Tls(_) => "Tls",
            Self::Custom(_) => "Custom",
        })
    }
}
