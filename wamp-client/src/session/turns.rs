//! Events, one after the other, in the hands of their handler.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use tracing::warn;

use super::waiting::Waiting;
use super::{Queue, Receipt};
use crate::WampError;
use crate::handler::{Done, Origin, Received, Started};

/// Events of a queue in the hands of the task that handles them.
pub(crate) struct Turns {
    queue: Queue,
    /// Those that have not had their turn.
    taken: Waiting,
    /// That of the event that is handled; none before the first.
    origin: Option<Arc<Origin>>,
    receipt: Option<Box<Receipt>>,
}

impl Turns {
    /// A task that begins with these.
    pub(super) fn new(queue: Queue, taken: Waiting) -> Self {
        Self { queue, taken, origin: None, receipt: None }
    }

    /// Has each handled by what `start` makes of it.
    pub(crate) async fn run<S: Started>(mut self, start: impl Fn(&Origin, &Received) -> Result<S, WampError> + Sync) {
        // Panics are caught around all of them, and not around each.
        while AssertUnwindSafe(self.all(&start)).catch_unwind().await.is_err() {
            // The panic itself was reported by the panic hook.
            warn!(topic = self.topic(), "event handler panicked");
            self.handled(Err(WampError::runtime("the event handler panicked")));
        }
    }

    async fn all<S: Started>(&mut self, start: &(impl Fn(&Origin, &Received) -> Result<S, WampError> + Sync)) {
        while let Some(mut event) = self.next()
            && let Some(origin) = &self.origin
        {
            self.receipt = event.receipt.take();
            // Few have any, and what opening them gives is big.
            let started = if event.particulars.is_some()
                && let Err(error) = event.open(origin)
            {
                Err(error)
            } else {
                start(origin, &event)
            };
            // What it was made of may be large, and goes before the handler runs.
            drop(event);
            let done = match started {
                Ok(started) => match started.done().await {
                    Done::All(done) => done,
                    Done::But(rest) => rest.await,
                },
                Err(error) => Err(Box::new(error)),
            };
            match done {
                Ok(()) => self.handled(Ok(())),
                Err(error) => {
                    warn!(topic = self.topic(), %error, "event handler failed");
                    self.handled(Err(*error));
                }
            }
        }
    }

    fn topic(&self) -> &str {
        self.origin.as_ref().map_or("", |origin| &origin.uri)
    }

    // Inline: the event is not to be moved about.
    #[inline(always)]
    fn next(&mut self) -> Option<Received> {
        if self.taken.is_empty() || self.queue.is_cleared() {
            self.queue.take(&mut self.taken);
        }
        let event = self.taken.pop(&mut self.origin)?;
        self.queue.turn(self.taken.len());
        Some(event)
    }

    /// Tells what became of the event.
    fn handled(&mut self, outcome: Result<(), WampError>) {
        if let Some(receipt) = self.receipt.take() {
            receipt.handled(outcome);
        }
    }
}
