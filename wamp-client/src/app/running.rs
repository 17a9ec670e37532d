//! A program that runs.

use tokio::task::JoinHandle;

use crate::{Client, Error, Result};

/// A program that runs in a task of its own, made by [`App::start`](crate::App::start): for programs that have a main
/// loop of their own.
///
/// ```no_run
/// # async fn f(mut requests: tokio::sync::mpsc::Receiver<String>) -> wamp_client::Result<()> {
/// let mut running = wamp_client::App::new("ws://localhost:8080/ws").discover().start().await?;
/// loop {
///     tokio::select! {
///         request = requests.recv() => match request {
///             Some(request) => running.client().publish("com.example.request").arg(request).await?,
///             None => break,
///         },
///         ended = running.stopped() => return ended,
///     }
/// }
/// running.stop().await
/// # }
/// ```
///
/// Dropping it asks the program to stop, as [`Client::stop`] does, and does not wait for that: the program then leaves
/// in good order if the runtime lives long enough.
#[derive(Debug)]
#[must_use = "dropping it stops the program"]
pub struct Running {
    client: Client,
    /// Nothing, once it has ended.
    task: Option<JoinHandle<Result<()>>>,
}

impl Running {
    pub(super) fn new(client: Client, task: JoinHandle<Result<()>>) -> Self {
        Self { client, task: Some(task) }
    }

    /// The handle to its session.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Leaves the realm in good order, and waits until that is done.
    ///
    /// What happens, and how long it may take, is told at [`App::run`](crate::App::run).
    ///
    /// # Errors
    /// What ended it before it was stopped: an error [that is final](Error::is_final), or the last of
    /// [as many as there may be](crate::App::most_tries). Else [`Error::Unfinished`] when handlers were still running after
    /// [`App::shutdown_timeout`](crate::App::shutdown_timeout), and were aborted.
    ///
    /// # Cancel safety
    /// The program stops even if the future is dropped.
    pub async fn stop(mut self) -> Result<()> {
        self.client.stop();
        self.stopped().await
    }

    /// Waits until the program has ended: because [`Client::stop`] was called, from wherever, or because of an error.
    ///
    /// # Errors
    /// As [`stop`](Self::stop). It is told once: after that the program has just ended.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn stopped(&mut self) -> Result<()> {
        let Some(task) = &mut self.task else { return Ok(()) };
        let ended = task.await;
        self.task = None;
        match ended {
            Ok(ended) => ended,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            Err(_) => Err(Error::Aborted),
        }
    }

    /// Ends the program at once: without a word to the router, and with whatever is running, at its next await.
    pub fn abort(mut self) {
        if let Some(task) = self.task.take() {
            task.abort();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.client.stop();
    }
}
