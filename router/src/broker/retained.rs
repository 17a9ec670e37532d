//! Events kept for those who subscribe later. Specification: "Event Retention" (advanced profile).

use std::borrow::Cow;
use std::sync::Arc;

use ahash::AHashMap;
use wamp_proto::message::options::{EventDetails, Passthru};
use wamp_proto::message::{Event, Message};
use wamp_proto::{MatchPolicy, OwnedPayload, PublicationId};

use super::filter::Filter;
use super::publish::{Disclosed, Publication};
use super::subscription::Subscription;
use crate::burst::Burst;
use crate::realm::Member;

/// Events of restricted distribution kept for one topic beside the one that is for all.
const RESTRICTED_PER_TOPIC: usize = 16;

/// The retained events of a realm's topics, at most so many topics.
#[derive(Debug)]
pub(super) struct Retained {
    topics: AHashMap<Box<str>, Vec<RetainedEvent>>,
    limit: usize,
}

/// One event kept. The ones of a topic are in the order they were published.
#[derive(Debug)]
pub(super) struct RetainedEvent {
    publication: PublicationId,
    filter: Filter,
    publisher: Option<Disclosed<'static>>,
    trust_level: Option<u64>,
    passthru: Option<Box<Passthru<'static>>>,
    payload: OwnedPayload,
}

impl Retained {
    pub(super) fn new(limit: usize) -> Self {
        Self { topics: AHashMap::new(), limit }
    }

    /// Keeps an event, and no longer the earlier ones that nobody would get any more.
    pub(super) fn keep(&mut self, topic: &str, event: RetainedEvent) {
        if !self.topics.contains_key(topic) {
            if self.topics.len() >= self.limit {
                tracing::debug!(topic, limit = self.limit, "event not retained: too many topics have one");
                return;
            }
            self.topics.insert(topic.into(), Vec::new());
        }
        let Some(kept) = self.topics.get_mut(topic) else { return };
        if event.filter.is_open() {
            // Of the earlier ones only the latest that the publisher itself did not publish
            // still has a receiver: the publisher, who does not get this one.
            let for_publisher = event.filter.except.and_then(|publisher| {
                kept.iter().rposition(|earlier| earlier.filter.is_open() && earlier.filter.except != Some(publisher))
            });
            *kept = for_publisher.map(|index| kept.swap_remove(index)).into_iter().collect();
        } else if kept.len() > RESTRICTED_PER_TOPIC {
            let oldest_restricted = kept.iter().position(|earlier| !earlier.filter.is_open());
            kept.remove(oldest_restricted.unwrap_or(0));
        }
        kept.push(event);
    }

    /// Sends a new subscriber, for each topic it subscribed to, the latest event it would have got.
    pub(super) fn send(&self, subscription: &Arc<Subscription>, member: &Member, burst: &mut Burst) {
        let pattern = &subscription.pattern;
        if pattern.policy() == MatchPolicy::Exact {
            if let Some(events) = self.topics.get(pattern.as_str()) {
                send_latest(events, None, subscription, member, burst);
            }
            return;
        }
        for (topic, events) in &self.topics {
            if pattern.matches(topic) {
                send_latest(events, Some(topic), subscription, member, burst);
            }
        }
    }
}

fn send_latest(
    events: &[RetainedEvent],
    topic: Option<&str>,
    subscription: &Subscription,
    member: &Member,
    burst: &mut Burst,
) {
    let Some(event) = events.iter().rev().find(|event| event.filter.admits(member)) else { return };
    let publisher = event.publisher.as_ref();
    let message = Message::Event(Event {
        subscription: subscription.id,
        publication: event.publication,
        details: EventDetails {
            topic: topic.map(Cow::Borrowed),
            publisher: publisher.map(|publisher| publisher.session),
            publisher_authid: publisher.map(|publisher| Cow::Borrowed(&*publisher.authid)),
            publisher_authrole: publisher.map(|publisher| Cow::Borrowed(&*publisher.authrole)),
            trustlevel: event.trust_level,
            retained: true,
            passthru: event.passthru.clone(),
        },
        payload: event.payload.as_payload(),
    });
    burst.send(&member.outbox, &message);
}

impl RetainedEvent {
    pub(super) fn new(publication: &Publication<'_>) -> Self {
        Self {
            publication: publication.id,
            filter: publication.filter.clone(),
            publisher: publication.publisher.map(|publisher| Disclosed {
                session: publisher.id(),
                authid: publisher.identity().authid.to_string().into(),
                authrole: publisher.identity().authrole.to_string().into(),
            }),
            trust_level: publication.trust_level,
            passthru: publication.passthru.map(|passthru| Box::new(passthru.to_static())),
            payload: publication.payload.to_owned(),
        }
    }
}
