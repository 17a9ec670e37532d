//! Handlers of events. The events of one subscription are handled one after the other, in the order they came;
//! different subscriptions don't wait for each other.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::FutureExt;
use tokio::sync::mpsc::{self, error::TrySendError};
use tracing::{debug, warn};

use crate::handler::{BoxHandler, Incoming, Names};

/// Where the events of one subscription wait for its handler.
#[derive(Debug)]
pub(crate) struct Queue {
    sender: mpsc::Sender<Incoming>,
    dropped: Arc<AtomicU64>,
}

impl Queue {
    /// Starts a task that hands events to the handler until the queue is dropped.
    pub(crate) fn start(capacity: usize, handler: BoxHandler, names: Names) -> Self {
        let (sender, receiver) = mpsc::channel(capacity.max(1));
        tokio::spawn(handle(receiver, handler, names));
        Self { sender, dropped: Arc::default() }
    }

    /// Adds an event. When the handler is so far behind that the queue is full, the event is dropped: waiting here
    /// would stop all else, and growing would never end.
    pub(crate) fn push(&self, event: Incoming) {
        if let Err(TrySendError::Full(event)) = self.sender.try_send(event) {
            let dropped = self.dropped.fetch_add(1, Ordering::Relaxed) + 1;
            // 1, 2, 4, 8 …: a slow handler must not fill the log too.
            if dropped.is_power_of_two() {
                warn!(topic = %event.details.uri, dropped, "slow event handler: events are dropped");
            }
        }
    }
}

async fn handle(mut queue: mpsc::Receiver<Incoming>, handler: BoxHandler, names: Names) {
    while let Some(event) = queue.recv().await {
        let topic = Arc::clone(&event.details.uri);
        let handled = AssertUnwindSafe(async { handler(event, names).await }).catch_unwind().await;
        match handled {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => warn!(%topic, %error, "event handler failed"),
            // The panic itself was reported by the panic hook.
            Err(_) => warn!(%topic, "event handler panicked"),
        }
    }
    debug!("event handler ended");
}
