//! Ports and sockets to listen on.

use std::net::SocketAddr;

use tokio::net::lookup_host;

use super::NodeError;
use crate::configuration::endpoint::{self, Tcp};
use crate::configuration::transport::Transport;
use crate::server::{Endpoint, TcpPort, Tls, TlsSettings, UnixSocket};

/// A transport's endpoint, listened on, with what TLS needs.
#[derive(Debug)]
pub(super) struct Bound {
    pub(super) endpoint: Endpoint,
    pub(super) tls: Option<Tls>,
}

/// Listens on all of them, or on none.
pub(super) async fn bind_all(transports: &[Transport]) -> Result<Vec<Bound>, NodeError> {
    let mut all = Vec::new();
    for transport in transports {
        all.push(bind(transport).await?);
    }
    Ok(all)
}

/// Listens.
pub(super) async fn bind(transport: &Transport) -> Result<Bound, NodeError> {
    let place = format!("{}.endpoint", transport.place);
    match &transport.endpoint {
        endpoint::Endpoint::Tcp(tcp) => {
            let tls = tcp.tls.as_ref().map(|tls| self::tls(tls, &place)).transpose()?;
            let cannot = |error: std::io::Error| {
                NodeError::new(&place, format!("cannot listen on {}: {error}", transport.endpoint))
            };
            let address = resolve(tcp).await.map_err(cannot)?;
            let mut port = TcpPort { shared: tcp.shared, user_timeout: tcp.user_timeout, ..TcpPort::new(address) };
            port.backlog = tcp.backlog.unwrap_or(port.backlog);
            Ok(Bound { endpoint: port.bind().map_err(cannot)?.into(), tls })
        }
        endpoint::Endpoint::Unix(unix) => {
            let socket = UnixSocket::bind(&unix.path, unix.mode.unwrap_or(UnixSocket::DEFAULT_MODE));
            let socket = socket
                .map_err(|error| NodeError::new(&place, format!("cannot listen on {}: {error}", transport.endpoint)))?;
            Ok(Bound { endpoint: socket.into(), tls: None })
        }
    }
}

async fn resolve(tcp: &Tcp) -> std::io::Result<SocketAddr> {
    let mut addresses = lookup_host((tcp.interface.as_str(), tcp.port)).await?;
    addresses.next().ok_or_else(|| std::io::Error::other("the name has no address"))
}

fn tls(settings: &TlsSettings, place: &str) -> Result<Tls, NodeError> {
    Tls::load(settings.clone()).map_err(|error| NodeError::new(format!("{place}.tls"), error.to_string()))
}
