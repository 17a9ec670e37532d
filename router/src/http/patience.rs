//! How long a server bears with a request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use crate::server::Stage;

/// An extension of each request. Who answers it may say that it takes as long as it takes, and
/// learns when the server is at its end.
#[derive(Debug, Clone)]
pub(crate) struct Patience {
    granted: Arc<AtomicBool>,
    stage: watch::Receiver<Stage>,
}

impl Patience {
    pub(crate) fn new(stage: watch::Receiver<Stage>) -> Self {
        Self { granted: Arc::default(), stage }
    }

    /// Lifts the time limit of the request: whoever answers it has one of his own.
    pub(crate) fn grant(&self) {
        self.granted.store(true, Ordering::Relaxed);
    }

    /// Waits until a request has taken longer than `limit`, and nobody has lifted it.
    pub(crate) async fn tried(&self, limit: Duration) {
        tokio::time::sleep(limit).await;
        if self.granted.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until the server is to have nothing under way any more that doesn't end by itself.
    pub(crate) async fn exhausted(mut self) {
        // A server that is gone has nothing at all.
        let _ = self.stage.wait_for(|stage| *stage >= Stage::Closing).await;
    }
}
