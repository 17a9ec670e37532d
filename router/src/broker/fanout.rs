//! The receivers of a subscription's events, as publishers see them.

use std::sync::Arc;

use wamp_proto::message::EventOpening;
use wamp_proto::{SessionId, SubscriptionId};

use super::subscription::Subscriber;
use crate::outbox::{Encoding, Outbox};

/// A snapshot of a subscription's receivers, by encoding: an event is encoded once for each
/// group, and no lock is held while it is handed out.
#[derive(Debug)]
pub(crate) struct Fanout {
    pub(crate) subscription: SubscriptionId,
    /// Whether events have to tell the topic they were published to.
    pub(crate) is_pattern: bool,
    pub(crate) groups: Box<[Group]>,
}

/// The receivers that get the very same bytes.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) encoding: Encoding,
    /// What their events begin with.
    pub(super) opening: EventOpening,
    pub(crate) receivers: Box<[Receiver]>,
}

/// One session that gets the events.
#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) session: SessionId,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) subscriber: Arc<Subscriber>,
}

impl Fanout {
    pub(super) fn new(subscription: SubscriptionId, is_pattern: bool, subscribers: &[Arc<Subscriber>]) -> Self {
        let mut groups: Vec<(Encoding, Vec<Receiver>)> = Vec::new();
        for subscriber in subscribers {
            let outbox = &subscriber.member.outbox;
            let receiver =
                Receiver { session: subscriber.member.id(), outbox: outbox.clone(), subscriber: subscriber.clone() };
            match groups.iter_mut().find(|(encoding, _)| *encoding == outbox.encoding()) {
                Some((_, receivers)) => receivers.push(receiver),
                None => groups.push((outbox.encoding(), vec![receiver])),
            }
        }
        let group = |(encoding, receivers): (Encoding, Vec<_>)| {
            let opening = EventOpening::new(encoding.serializer, subscription);
            Group { encoding, opening, receivers: receivers.into() }
        };
        Self { subscription, is_pattern, groups: groups.into_iter().map(group).collect() }
    }
}
