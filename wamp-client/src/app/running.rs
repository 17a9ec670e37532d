//! A program that runs.

use tokio::task::JoinHandle;

use crate::Client;

/// A program that runs in a task of its own, made by [`App::start`](crate::App::start).
///
/// Dropping it asks the program to stop, without waiting for it.
#[derive(Debug)]
#[must_use = "dropping it stops the program"]
pub struct Running {
    client: Client,
    task: JoinHandle<()>,
}

impl Running {
    pub(super) fn new(client: Client, task: JoinHandle<()>) -> Self {
        Self { client, task }
    }

    /// The handle to its session.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Leaves the realm in good order and waits until that is done, a few seconds at most.
    pub async fn stop(self) {
        self.client.stop();
        self.ended().await;
    }

    /// Waits until the program has ended: since [`Client::stop`] was called, from wherever.
    pub async fn ended(mut self) {
        if let Err(error) = (&mut self.task).await {
            tracing::error!(%error, "session task failed");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.client.stop();
    }
}
