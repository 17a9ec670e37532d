//! `--metrics`: a port that tells how the router is.

use std::net::SocketAddr;

use anyhow::Context;
use clap::Args;
use tokio::net::TcpListener;
use wamp_router::{Router, Server};

/// The flags of monitoring.
#[derive(Debug, Args)]
pub(crate) struct MonitorFlags {
    /// Tell how the router is on this address: /metrics (for Prometheus), /health and /ready.
    ///
    /// Everybody who can reach it can read that, so a loopback address is best.
    #[arg(long, value_name = "ADDRESS:PORT")]
    metrics: Option<SocketAddr>,
}

impl MonitorFlags {
    /// Listens, if asked to.
    pub(crate) async fn listen(&self) -> anyhow::Result<Option<TcpListener>> {
        let Some(address) = self.metrics else { return Ok(None) };
        let listener =
            TcpListener::bind(address).await.with_context(|| format!("--metrics {address}: cannot listen"))?;
        if !address.ip().to_canonical().is_loopback() {
            tracing::warn!(%address, "everybody who can reach this address can read the metrics");
        }
        Ok(Some(listener))
    }
}

/// Tells how these routers are, and on stdout where.
pub(crate) fn serve(listener: Option<TcpListener>, routers: impl IntoIterator<Item = Router>) -> Option<Server> {
    let server = Server::monitor(listener?, routers);
    println!("http://{}/metrics", server.local_addr());
    Some(server)
}

/// Shuts down: it is told to the end that the router does.
pub(crate) async fn until(monitor: Option<Server>, shutdown: impl Future<Output = ()>) {
    shutdown.await;
    if let Some(monitor) = monitor {
        monitor.shutdown().await;
    }
}
