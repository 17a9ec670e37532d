//! A program that runs.

use tokio::task::JoinHandle;

use crate::{Client, Error, Result};

/// A program that runs in a task of its own, made by [`App::start`](crate::App::start).
///
/// Dropping it asks the program to stop, without waiting for it.
#[derive(Debug)]
#[must_use = "dropping it stops the program"]
pub struct Running {
    client: Client,
    task: JoinHandle<Result<()>>,
}

impl Running {
    pub(super) fn new(client: Client, task: JoinHandle<Result<()>>) -> Self {
        Self { client, task }
    }

    /// The handle to its session.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Leaves the realm in good order and waits until that is done, a few seconds at most.
    pub async fn stop(self) {
        self.client.stop();
        if let Err(error) = self.ended().await {
            tracing::debug!(%error, "had ended before it was stopped");
        }
    }

    /// Waits until the program has ended, since [`Client::stop`] was called, from wherever.
    ///
    /// # Errors
    /// What ended it, if it was not stopped: an error [that is final](Error::is_final), or the last of
    /// [as many as there may be](crate::App::most_tries).
    pub async fn ended(mut self) -> Result<()> {
        match (&mut self.task).await {
            Ok(ended) => ended,
            Err(error) => {
                tracing::error!(%error, "session task failed");
                Err(Error::Stopped)
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.client.stop();
    }
}
