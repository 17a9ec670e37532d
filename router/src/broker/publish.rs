//! One publication on its way to its receivers.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use wamp_proto::message::options::{EventDetails, Passthru};
use wamp_proto::message::{Event, Message};
use wamp_proto::{Payload, PublicationId, PublicationKey, SessionId, Uri};

use super::Broker;
use super::fanout::Fanout;
use super::filter::Filter;
use super::retained::RetainedEvent;
use crate::burst::Burst;
use crate::history::Receipt;
use crate::realm::Member;

/// Something published, checked and allowed.
#[derive(Debug, Clone)]
pub(crate) struct Publication<'a> {
    pub(crate) id: PublicationId,
    pub(crate) topic: Uri<'a>,
    pub(crate) payload: Payload<'a>,
    pub(crate) filter: Filter,
    /// Who published it, if the receivers are to know.
    pub(crate) publisher: Option<&'a Member>,
    pub(crate) trust_level: Option<u64>,
    pub(crate) passthru: Option<&'a Passthru<'a>>,
    /// What the publisher calls it.
    pub(crate) key: Option<PublicationKey>,
}

/// A session whose identity is told to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Disclosed<'a> {
    pub(crate) session: SessionId,
    pub(crate) authid: Cow<'a, str>,
    pub(crate) authrole: Cow<'a, str>,
}

impl<'a> Disclosed<'a> {
    pub(crate) fn new(member: &'a Member) -> Self {
        Self {
            session: member.id(),
            authid: Cow::Borrowed(&member.identity().authid),
            authrole: Cow::Borrowed(&member.identity().authrole),
        }
    }
}

impl Broker {
    /// Hands a publication to everybody it is for. The receipt comes back unless the event
    /// history is to answer it.
    pub(crate) fn publish(
        &self,
        publication: &Publication<'_>,
        receipt: Option<Receipt>,
        burst: &mut Burst,
    ) -> Option<Receipt> {
        let mut route = burst.route.take().unwrap_or_default();
        let topic = publication.topic.as_str();
        let broker = std::ptr::from_ref(self).addr();
        if !route.is_about(broker, topic) {
            route.set_topic(broker, &publication.topic, self.rule_for(topic));
        }
        let receipt = self.keep(route.rule(), publication, receipt);
        if !route.is_of(self.generation.load(Ordering::Acquire)) {
            let topics = self.topics.read();
            topics.look_up(&publication.topic, route.set_fanouts(self.generation.load(Ordering::Acquire)));
        }
        publication.hand_out(route.fanouts(), burst);
        burst.route = Some(route);
        receipt
    }

    /// Hands a publication to everybody it is for, and keeps it for those who subscribe later.
    ///
    /// Keeping it and looking up its receivers is one step: a session that subscribes meanwhile
    /// gets it either live or retained, and not twice.
    pub(crate) fn publish_retained(
        &self,
        publication: &Publication<'_>,
        receipt: Option<Receipt>,
        burst: &mut Burst,
    ) -> Option<Receipt> {
        let receipt = self.keep(self.rule_for(publication.topic.as_str()), publication, receipt);
        let mut fanouts = Vec::new();
        {
            let mut topics = self.topics.write();
            topics.retained.keep(publication.topic.as_str(), RetainedEvent::new(publication));
            topics.look_up(&publication.topic, &mut fanouts);
        }
        publication.hand_out(&fanouts, burst);
        receipt
    }

    fn rule_for(&self, topic: &str) -> Option<usize> {
        self.archive.as_ref().and_then(|archive| archive.history.rule_for(topic))
    }

    /// Stores a publication, if there is a rule for it.
    ///
    /// This comes before its receivers are looked up: who subscribes meanwhile, and then asks for
    /// the history, has it either live or from there.
    #[inline]
    fn keep(&self, rule: Option<usize>, publication: &Publication<'_>, receipt: Option<Receipt>) -> Option<Receipt> {
        match (rule, &self.archive) {
            (Some(rule), Some(archive)) => archive.keep(rule, publication, receipt),
            (None, Some(archive)) => archive.pass_over(publication, receipt),
            _ => receipt,
        }
    }

    /// Answers a publication that was made before, once that one is safe. The receipt comes back unless the event
    /// history is to answer it.
    pub(crate) fn settle(&self, receipt: Receipt) -> Option<Receipt> {
        match &self.archive {
            Some(archive) => archive.history.store.settle(receipt),
            None => Some(receipt),
        }
    }
}

impl Publication<'_> {
    fn hand_out(&self, fanouts: &[Arc<Fanout>], burst: &mut Burst) {
        match fanouts {
            // Gathering is for one subscription only: with several, a session that holds two of
            // them would get the second publication by the one before the first by the other.
            [fanout] if self.filter.is_open() => burst.gather(fanout, self.filter.except, &self.event(fanout)),
            fanouts => {
                for fanout in fanouts {
                    let admits = |member: &Member| self.filter.admits(member);
                    burst.send_event(fanout, &self.event(fanout), |receiver| admits(&receiver.subscriber.member));
                }
            }
        }
    }

    fn event(&self, fanout: &Fanout) -> Message<'_> {
        let identity = self.publisher.map(Member::identity);
        Message::Event(Event {
            subscription: fanout.subscription,
            publication: self.id,
            details: EventDetails {
                topic: fanout.is_pattern.then_some(Cow::Borrowed(self.topic.as_str())),
                publisher: self.publisher.map(Member::id),
                publisher_authid: identity.map(|identity| Cow::Borrowed(&*identity.authid)),
                publisher_authrole: identity.map(|identity| Cow::Borrowed(&*identity.authrole)),
                trustlevel: self.trust_level,
                passthru: self.passthru.map(|passthru| Box::new(passthru.clone())),
                ..EventDetails::default()
            },
            payload: self.payload,
        })
    }
}
