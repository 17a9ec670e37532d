//! Events on their way from the connection to where they wait.

use std::sync::Arc;

use super::link::Shared;
use super::waiting::Waiting;
use super::{Endpoint, EndpointKey, EndpointKind, Receipts};
use crate::handler::{Origin, Received};

/// Events of one endpoint that have come one after the other. They get to its queue together: looking it up and locking
/// it for each would take longer than reading it does.
///
/// Whatever comes between them must find them there, so they are [handed over](Self::hand_over) first.
#[derive(Debug)]
pub(super) struct Gathered {
    endpoint: Option<EndpointKey>,
    events: Waiting,
    /// In a test: who is to be told what becomes of them.
    receipts: Option<Arc<Receipts>>,
}

impl Gathered {
    pub(super) fn new(receipts: Option<Arc<Receipts>>) -> Self {
        Self { endpoint: None, events: Waiting::default(), receipts }
    }

    /// Adds an event. Those of another endpoint are handed over.
    // Inline: an event is not to be gathered in memory before it is here.
    #[inline(always)]
    pub(super) fn add(
        &mut self,
        endpoint: EndpointKey,
        origin: &Arc<Origin>,
        event: Received,
        shared: &mut Shared<'_>,
    ) {
        if self.endpoint != Some(endpoint) {
            self.hand_over(shared);
            self.endpoint = Some(endpoint);
        }
        self.events.push(origin, event);
    }

    /// Hands over all there are.
    #[inline]
    pub(super) fn hand_over(&mut self, shared: &mut Shared<'_>) {
        if !self.events.is_empty() {
            self.hand_over_some(shared);
        }
    }

    #[inline(never)]
    fn hand_over_some(&mut self, shared: &mut Shared<'_>) {
        if let Some(receipts) = &self.receipts {
            for event in self.events.iter_mut() {
                event.receipt = event.publication.and_then(|id| receipts.receipt(id)).map(Box::new);
            }
        }
        let endpoint = self.endpoint.and_then(|endpoint| shared.endpoints.get_mut(&endpoint));
        let Some(Endpoint { kind: EndpointKind::Topic { queue, recovery, .. }, .. }) = endpoint else {
            self.events.clear();
            return;
        };
        if let Some(recovery) = recovery {
            // Those that are missing come before them.
            for _ in 0..self.events.len() {
                let Some(event) = self.events.pop_incoming() else { break };
                if let Some(event) = recovery.event(Box::new(event)) {
                    self.events.push(&event.origin, event.received);
                }
            }
        }
        queue.push_all(&mut self.events, &mut shared.work.events, |dropped| {
            // Without a reader there is nobody to tell.
            let _ = shared.lifecycle.send(dropped);
        });
    }
}
