//! Runs what a configuration says: routers, their realms and their ways in.

mod authorizer;
mod cookies;
mod entrance;
mod error;
mod gate;
mod listener;
mod paths;
mod worker;

use crate::configuration::Configuration;
use crate::router::Router;
use worker::Running;

pub use error::NodeError;

/// A node that runs what a configuration says.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use wamp_router::configuration::Configuration;
/// use wamp_router::node::Node;
///
/// let mut node = Node::start(Configuration::read(".crossbar/config.json".as_ref())?).await?;
/// for address in node.addresses() {
///     println!("{address}");
/// }
/// // Permissions, users and paths change; no session is dropped.
/// let to_restart = node.reload(Configuration::read(".crossbar/config.json".as_ref())?).await?;
/// node.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Node {
    workers: Vec<Running>,
}

impl Node {
    /// Starts everything. Has to be called in a tokio runtime.
    ///
    /// # Errors
    ///
    /// What can't be started, and where the configuration says it. Nothing runs then.
    pub async fn start(configuration: Configuration) -> Result<Self, NodeError> {
        let mut bound = Vec::new();
        // All ports first: if one can't be had, nobody has been let in at another.
        for worker in &configuration.workers {
            bound.push(listener::bind_all(&worker.transports).await?);
        }
        let mut node = Self { workers: Vec::new() };
        for (worker, bound) in configuration.workers.into_iter().zip(bound) {
            match Running::start(worker, bound) {
                Ok(running) => node.workers.push(running),
                Err(error) => {
                    node.shutdown().await;
                    return Err(error);
                }
            }
        }
        Ok(node)
    }

    /// Where clients find it, in the order of the configuration: `ws://…` for each WebSocket, `http://…` for a listener
    /// without one, `rs://…` for RawSocket.
    pub fn addresses(&self) -> Vec<String> {
        self.workers.iter().flat_map(Running::addresses).collect()
    }

    /// Its routers, in the order of the configuration.
    pub fn routers(&self) -> Vec<Router> {
        self.workers.iter().map(|running| running.router().clone()).collect()
    }

    /// Changes what can be changed while sessions go on: permissions, users, paths, listeners and certificates. Answers
    /// what else is different and takes a restart.
    ///
    /// # Errors
    ///
    /// What can't be done. Nothing has changed then.
    pub async fn reload(&mut self, configuration: Configuration) -> Result<Vec<String>, NodeError> {
        let mut later = Vec::new();
        if configuration.workers.len() != self.workers.len() {
            later.push(format!("workers: there are {}, not {}", configuration.workers.len(), self.workers.len()));
        }
        let mut prepared = Vec::new();
        for (running, worker) in self.workers.iter().zip(configuration.workers) {
            prepared.push(running.prepare(worker, &mut later).await?);
        }
        for (running, prepared) in self.workers.iter_mut().zip(prepared) {
            running.change(prepared).await;
        }
        Ok(later)
    }

    /// Ends everything: see [`Server::shutdown`](crate::Server::shutdown). When it returns, the event histories are
    /// stored.
    pub async fn shutdown(self) {
        let all: Vec<_> = self.workers.into_iter().map(|running| tokio::spawn(running.shutdown())).collect();
        for one in all {
            if let Err(error) = one.await {
                tracing::error!(%error, "a router did not end in order");
            }
        }
    }
}
