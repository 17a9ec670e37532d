//! One publication on its way to its receivers.

use std::borrow::Cow;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use wamp_proto::message::options::{EventDetails, Passthru};
use wamp_proto::message::{Event, Message};
use wamp_proto::{Payload, PublicationId, PublicationKey, SessionId, Uri};

use super::Broker;
use super::fanout::{Fanout, Group};
use super::filter::Filter;
use super::retained::RetainedEvent;
use super::route::Route;
use crate::burst::Burst;
use crate::encoding::FrameTooLarge;
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
    /// The topic as a URI, if the route's last publication was to it.
    #[inline]
    pub(crate) fn recognize<'a>(&self, route: &Route, topic: &'a str) -> Option<Uri<'a>> {
        route.recognize(self.address(), topic)
    }

    /// The topic of the route's last publication.
    #[inline]
    pub(crate) fn topic<'a>(&self, route: &'a Route) -> Option<&'a str> {
        route.topic(self.address())
    }

    /// Makes the route one to this topic.
    pub(crate) fn aim(&self, route: &mut Route, topic: &Uri<'_>) {
        route.set_topic(self.address(), topic, self.rule_for(topic.as_str()));
    }

    fn address(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    /// Whether what is published next by the route, and is nothing but a payload for everybody but its publisher, goes
    /// where the one before it in the burst went. The route is one to its topic.
    #[inline]
    pub(crate) fn goes_on(&self, publisher: SessionId, route: &Route, burst: &Burst) -> bool {
        if route.rule().is_some() {
            return false;
        }
        let known = route.fanouts(self.generation.load(Ordering::Acquire));
        known.is_some_and(|fanouts| !fanouts.is_empty() && burst.gathers_for(fanouts, Some(publisher)))
    }

    /// Publishes a payload that [goes on](Self::goes_on).
    #[inline]
    pub(crate) fn publish_again(&self, payload: &Payload<'_>, route: &Route, burst: &mut Burst) {
        let publication = burst.draw_publication_id();
        let topic = self.topic(route).unwrap_or_default();
        burst.gather(|fanout, group, out| {
            group.write_plain(fanout.is_pattern.then_some(topic), publication, payload, out)
        });
    }

    /// Hands a publication to everybody it is for, by a route that is one to its topic. The receipt comes back unless
    /// the event history is to answer it.
    pub(crate) fn publish(
        &self,
        publication: &Publication<'_>,
        receipt: Option<Receipt>,
        route: &mut Route,
        burst: &mut Burst,
    ) -> Option<Receipt> {
        let receipt = self.keep(route.rule(), publication, receipt);
        let known = route.fanouts(self.generation.load(Ordering::Acquire));
        if publication.filter.is_open()
            && known.is_some_and(|fanouts| burst.gathers_for(fanouts, publication.filter.except))
        {
            // It goes where the one before it in the burst went.
            burst.gather(|fanout, group, out| publication.write(fanout, group, out));
        } else {
            self.hand_out_by(route, publication, burst);
        }
        receipt
    }

    /// Looks up where the publication goes, unless the route knows it, and hands it out.
    fn hand_out_by(&self, route: &mut Route, publication: &Publication<'_>, burst: &mut Burst) {
        let mut fanouts = burst.take_fanouts();
        let known = route.fanouts(self.generation.load(Ordering::Acquire)).is_some_and(|known| {
            fanouts.extend(known.iter().flat_map(Weak::upgrade));
            fanouts.len() == known.len()
        });
        if !known {
            fanouts.clear();
            let topics = self.topics.read();
            topics.look_up(&publication.topic, &mut fanouts);
            route.set_fanouts(self.generation.load(Ordering::Acquire), &fanouts);
        }
        publication.hand_out(&fanouts, route.gathers(&fanouts, known), burst);
        burst.give_back(fanouts);
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
        publication.hand_out(&fanouts, fanouts.len() == 1, burst);
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
    /// Hands it out, if it may be with what the burst gathers, and else by itself.
    fn hand_out(&self, fanouts: &[Arc<Fanout>], gathers: bool, burst: &mut Burst) {
        if gathers && self.filter.is_open() {
            burst.gather_for(fanouts, self.filter.except);
            return burst.gather(|fanout, group, out| self.write(fanout, group, out));
        }
        for fanout in fanouts {
            let admits = |member: &Member| self.filter.admits(member);
            let write = |group: &Group, out: &mut Vec<u8>| self.write(fanout, group, out);
            burst.send_event(fanout, write, |receiver| admits(&receiver.subscriber.member));
        }
    }

    /// Appends its event, as the receivers of one of the fanout's groups get it.
    #[inline]
    fn write(&self, fanout: &Fanout, group: &Group, out: &mut Vec<u8>) -> Result<(), FrameTooLarge> {
        let tells_nothing = self.publisher.is_none() && self.trust_level.is_none() && self.passthru.is_none();
        if tells_nothing {
            group.write_plain(fanout.is_pattern.then_some(self.topic.as_str()), self.id, &self.payload, out)
        } else {
            group.encoding.encode(&self.telling_event(fanout), out)
        }
    }

    #[inline(never)]
    fn telling_event(&self, fanout: &Fanout) -> Message<'_> {
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
