//! The receivers of a subscription's events, as publishers see them.

use std::sync::Arc;

use wamp_proto::message::EventOpening;
use wamp_proto::{Payload, PublicationId, SessionId, SubscriptionId};

use super::subscription::Subscriber;
use crate::encoding::{FrameTooLarge, GAP};
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

impl Group {
    /// Appends an event that tells no more than its receivers need: the topic, if they subscribed to a pattern.
    // Always inline: this is all that is done for most events, and to call it is much of that.
    #[inline(always)]
    pub(super) fn write_plain(
        &self,
        topic: Option<&str>,
        publication: PublicationId,
        payload: &Payload<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), FrameTooLarge> {
        let Encoding { serializer, framing } = self.encoding;
        match topic {
            None => {
                let start = out.len();
                self.opening.encode::<GAP>(publication, payload, out);
                framing.fill_gap(serializer.is_binary(), start, out)
            }
            Some(topic) => self.write_with_topic(topic, publication, payload, out),
        }
    }

    #[inline(never)]
    fn write_with_topic(
        &self,
        topic: &str,
        publication: PublicationId,
        payload: &Payload<'_>,
        out: &mut Vec<u8>,
    ) -> Result<(), FrameTooLarge> {
        let Encoding { serializer, framing } = self.encoding;
        framing.frame(serializer.is_binary(), out, |out| {
            self.opening.encode_with_topic(publication, topic, payload, out);
        })
    }
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
