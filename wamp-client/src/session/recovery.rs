//! What subscriptions with history missed while there was no session, asked for and handed to their handlers.
//! Specification: "Event History" (advanced profile).

use std::sync::Arc;

use tracing::{info, warn};
use wamp_proto::{PayloadBuilder, PublicationId, SubscriptionId, Value, error};

use super::link::{Link, Shared};
use super::place::{Answer, Place, Published, Question, Recovered, Step};
use super::{Endpoint, EndpointKey, EndpointKind, Endpoints, Lifecycle, Queue};
use crate::client::PastEvent;
use crate::handler::{Caller, Incoming, Origin, Particulars};
use crate::{Client, Error};

/// Events asked for at once.
const PAGE: usize = 100;

/// What is called when a subscription has recovered.
pub(crate) type OnRecovered = Arc<dyn Fn(Recovered) + Send + Sync>;

/// What a subscription has to recover with.
#[derive(Default)]
pub(crate) struct Recovery {
    place: Place<Box<Incoming>>,
    on_recovered: Option<OnRecovered>,
}

/// A question that was answered.
#[derive(Debug)]
pub(super) struct Asked {
    endpoint: EndpointKey,
    question: Question,
    events: Result<(Vec<PastEvent>, bool), Error>,
}

impl Published for Box<Incoming> {
    fn publication(&self) -> Option<PublicationId> {
        self.received.publication
    }

    fn is_retained(&self) -> bool {
        self.received.particulars.as_ref().is_some_and(|particulars| particulars.retained)
    }
}

impl Recovery {
    pub(crate) fn new(on_recovered: Option<OnRecovered>) -> Self {
        Self { place: Place::default(), on_recovered }
    }

    /// An event has come. Gives it back if it is to be handled now.
    pub(super) fn event(&mut self, event: Box<Incoming>) -> Option<Box<Incoming>> {
        self.place.event(event)
    }
}

impl Link {
    /// An endpoint is subscribed.
    pub(super) fn resume(&mut self, endpoint: EndpointKey, shared: &mut Shared<'_>) {
        let has_history = self.machine.keeps_history();
        let Some((recovery, _, topic)) = parts(shared.endpoints, endpoint) else { return };
        if !has_history {
            warn!(topic, "the router keeps no history: what is missed without a session is lost");
        }
        let step = recovery.place.subscribed(has_history);
        self.step(endpoint, step, shared);
    }

    /// The router has told of the past.
    pub(super) fn recovered(&mut self, asked: Asked, shared: &mut Shared<'_>) {
        let Asked { endpoint, question, events } = asked;
        let Some(uri) = self.machine.uri_of(endpoint) else { return };
        let answer = match events {
            Ok((events, more)) => {
                let events = events.into_iter().map(|event| self.incoming(event, &uri)).collect();
                Answer::Page { events, more }
            }
            Err(error) if error.wamp_uri() == Some(error::INVALID_ARGUMENT) => Answer::Absent,
            Err(error) => {
                warn!(topic = %uri, %error, "the history can't be asked");
                Answer::Failed
            }
        };
        let Some((recovery, queue, _)) = parts(shared.endpoints, endpoint) else { return };
        let (events, step) = recovery.place.answered(question, answer, queue.room());
        for event in events {
            if let Some(dropped) = queue.push(*event, &mut shared.work.events) {
                let _ = shared.lifecycle.send(dropped);
            }
        }
        self.step(endpoint, step, shared);
    }

    fn step(&mut self, endpoint: EndpointKey, step: Step, shared: &mut Shared<'_>) {
        let Some((recovery, queue, _)) = parts(shared.endpoints, endpoint) else { return };
        match step {
            Step::Nothing => {}
            Step::Ask(question) => {
                let Some(subscription) = self.machine.subscription_of(endpoint) else { return };
                let asking = ask(self.context.client.clone(), subscription, question, queue.clone());
                self.asking.spawn(async move { Asked { endpoint, question, events: asking.await } });
            }
            Step::Done(recovered, events) => {
                let Some(topic) = self.machine.uri_of(endpoint) else { return };
                info!(%topic, ?recovered, events, "recovered");
                if let Some(on_recovered) = &recovery.on_recovered {
                    on_recovered(recovered);
                }
                let _ = shared.lifecycle.send(Lifecycle::Recovered { topic, events, recovered });
            }
        }
    }

    /// An event of the past as it would have come live.
    fn incoming(&self, event: PastEvent, uri: &Arc<str>) -> Box<Incoming> {
        let PastEvent { publication, details, args, kwargs, .. } = event;
        let mut payload = PayloadBuilder::new(self.context.serializer());
        let has_encoding = |error| warn!(topic = %uri, %error, "an argument of a past event has no encoding");
        for arg in &args {
            payload.arg(arg).map(drop).unwrap_or_else(has_encoding);
        }
        if let Value::Map(kwargs) = &kwargs {
            for (key, value) in kwargs {
                payload.kwarg(key, value).map(drop).unwrap_or_else(has_encoding);
            }
        }
        let passthru = details.passthru().map(Arc::new);
        let uri = details.topic.map_or_else(|| Arc::clone(uri), Into::into);
        let particulars = Particulars {
            caller: Caller {
                session: details.publisher,
                authid: details.publisher_authid,
                authrole: details.publisher_authrole,
            },
            trustlevel: details.trustlevel,
            retained: false,
            recovered: true,
            timeout: None,
            passthru,
        };
        let (origin, particulars) = (Origin::new(Arc::clone(&self.context), uri), Some(Box::new(particulars)));
        let mut event = Box::new(Incoming::new(origin, Some(publication), particulars, payload.finish()));
        let receipts = self.context.client.receipts();
        event.received.receipt = receipts.and_then(|receipts| receipts.receipt(publication)).map(Box::new);
        event
    }
}

/// The session is over: what has not been recovered is missed, along with what comes until the next one.
pub(super) fn suspend(endpoints: &mut Endpoints) {
    for endpoint in endpoints.values_mut() {
        if let EndpointKind::Topic { recovery: Some(recovery), .. } = &mut endpoint.kind {
            recovery.place.away();
        }
    }
}

/// What an endpoint with history recovers with, its queue, and its topic as written.
fn parts(endpoints: &mut Endpoints, key: EndpointKey) -> Option<(&mut Recovery, &Queue, &str)> {
    let Endpoint { kind: EndpointKind::Topic { recovery: Some(recovery), queue, .. }, uri, .. } =
        endpoints.get_mut(&key)?
    else {
        return None;
    };
    Some((recovery, queue, uri))
}

/// Asks for a page of the past, no more than there is room for, and whether there is more.
async fn ask(
    client: Client,
    subscription: SubscriptionId,
    question: Question,
    queue: Queue,
) -> Result<(Vec<PastEvent>, bool), Error> {
    let room = match question {
        Question::Newest => 1,
        _ => queue.has_room().await.min(PAGE),
    };
    let history = client.history_of(subscription);
    let (history, limit) = match question {
        Question::Newest => (history.reverse(), 1),
        // The event itself is not missed, and takes no room.
        Question::From(publication) => (history.from_publication(publication), room + 1),
        Question::After(publication) => (history.after_publication(publication), room),
        Question::All => (history, room),
    };
    let mut past = history.limit(limit as u64).await?;
    // Not every router says whether there is more, or cares for the limit.
    let more = past.more || past.events.len() >= limit;
    past.events.truncate(limit);
    Ok((past.events, more))
}

impl std::fmt::Debug for Recovery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recovery").field("place", &self.place).finish_non_exhaustive()
    }
}
