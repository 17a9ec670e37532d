//! What becomes of events, for tests that wait until they are handled.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use wamp_proto::{PublicationId, error};

use crate::WampError;

/// The events that somebody wants to know about. No program has this but one that is tested.
#[derive(Debug, Default)]
pub(crate) struct Receipts {
    expected: Mutex<HashMap<PublicationId, Delivery>>,
    news: Notify,
}

#[derive(Debug, Default)]
struct Delivery {
    /// Handlers that have the event, or will get it.
    pending: usize,
    outcomes: Vec<Result<(), WampError>>,
}

impl Receipts {
    /// Goes with the event to one of its handlers.
    pub(crate) fn receipt(self: &Arc<Self>, publication: PublicationId) -> Option<Receipt> {
        self.expected().get_mut(&publication)?.pending += 1;
        let outcome = Err(WampError::new(error::CANCELED).arg("the event was dropped before it was handled"));
        Some(Receipt { receipts: Arc::clone(self), publication, outcome })
    }

    fn expected(&self) -> MutexGuard<'_, HashMap<PublicationId, Delivery>> {
        self.expected.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(feature = "rawsocket")]
impl Receipts {
    /// From now on it is noted what becomes of this event.
    pub(crate) fn expect(&self, publication: PublicationId) {
        self.expected().insert(publication, Delivery::default());
    }

    /// Waits until all handlers are done with the event: what came of it.
    pub(crate) async fn finished(&self, publication: PublicationId) -> Vec<Result<(), WampError>> {
        loop {
            let news = self.news.notified();
            {
                let mut expected = self.expected();
                if expected.get(&publication).is_none_or(|delivery| delivery.pending == 0) {
                    return expected.remove(&publication).unwrap_or_default().outcomes;
                }
            }
            news.await;
        }
    }
}

/// An event on its way to one handler. Where it is dropped the event has met its fate.
#[derive(Debug)]
pub(crate) struct Receipt {
    receipts: Arc<Receipts>,
    publication: PublicationId,
    outcome: Result<(), WampError>,
}

impl Receipt {
    /// The handler is done with it.
    pub(crate) fn handled(mut self, outcome: Result<(), WampError>) {
        self.outcome = outcome;
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        if let Some(delivery) = self.receipts.expected().get_mut(&self.publication) {
            delivery.pending -= 1;
            delivery.outcomes.push(std::mem::replace(&mut self.outcome, Ok(())));
        }
        self.receipts.news.notify_waiters();
    }
}
