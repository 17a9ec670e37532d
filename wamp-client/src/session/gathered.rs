//! Events on their way from the connection to where they wait.

use std::collections::VecDeque;

use super::link::Shared;
use super::{Endpoint, EndpointKey, EndpointKind};
use crate::handler::Incoming;

/// Events of one endpoint that have come one after the other. They get to its queue together: looking it up and locking
/// it for each would take longer than reading it does.
///
/// Whatever comes between them must find them there, so they are [handed over](Self::hand_over) first.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    endpoint: Option<EndpointKey>,
    events: VecDeque<Incoming>,
}

impl Gathered {
    /// Adds an event. Those of another endpoint are handed over.
    #[inline]
    pub(super) fn add(&mut self, endpoint: EndpointKey, mut event: Incoming, shared: &mut Shared<'_>) {
        if self.endpoint != Some(endpoint) {
            self.hand_over(shared);
            self.endpoint = Some(endpoint);
        }
        event.receipt = event.publication.and_then(|id| event.context.client.receipt(id));
        self.events.push_back(event);
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
        let endpoint = self.endpoint.and_then(|endpoint| shared.endpoints.get_mut(&endpoint));
        let Some(Endpoint { kind: EndpointKind::Topic { queue, recovery, .. }, .. }) = endpoint else {
            self.events.clear();
            return;
        };
        if let Some(recovery) = recovery {
            // Those that are missing come before them.
            self.events =
                self.events.drain(..).filter_map(|event| recovery.event(Box::new(event))).map(|event| *event).collect();
        }
        queue.push_all(&mut self.events, &mut shared.work.events, |dropped| {
            // Without a reader there is nobody to tell.
            let _ = shared.lifecycle.send(dropped);
        });
    }
}
