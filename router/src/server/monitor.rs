//! Tells how routers are, on a port of its own.

use tokio::net::TcpListener;

use super::{Listener, Server};
use crate::config::Config;
use crate::http::services::operations;
use crate::http::{Paths, Web};
use crate::router::Router;

/// Connections it may have: monitoring has a few, and takes none of those clients may have.
const CONNECTIONS: usize = 100;

impl Server {
    /// Serves `/metrics`, `/health` and `/ready` about these routers on `listener`, until it is shut down.
    ///
    /// Who can reach the port can read them. Has to be called in a tokio runtime.
    pub fn monitor(listener: TcpListener, routers: impl IntoIterator<Item = Router>) -> Server {
        let config = Config { max_connections: CONNECTIONS, ..Config::default() };
        let server = Server::new(&Router::builder().config(config).build());
        server.listen(Listener::new(listener, Web::from(Paths::routes_only(operations::all_routes(routers)))));
        server
    }
}
