//! Where the events of one topic go, remembered from one publication to the next.

use std::sync::{Arc, Weak};

use ahash::AHashSet;
use wamp_proto::Uri;
use wamp_proto::message::PublishOpening;

use super::fanout::Fanout;

/// The subscriptions the last publication of a session went to. As long as the same topic follows and nobody has
/// subscribed or unsubscribed, it need not be looked up again.
///
/// It holds no receivers: who leaves is gone, however long a publisher is silent.
#[derive(Debug, Default)]
pub(crate) struct Route {
    /// Which broker it is about, by its address.
    broker: usize,
    generation: Option<u64>,
    topic: Option<Uri<'static>>,
    /// What publications to it begin with that ask for nothing, once there were several.
    opening: Option<PublishOpening>,
    /// The rule by which the topic's events are kept; fixed as long as the broker is there.
    rule: Option<usize>,
    fanouts: Vec<Weak<Fanout>>,
    /// Whether nobody is a receiver of two of them, once that was asked.
    apart: Option<bool>,
}

impl Route {
    /// The topic as a URI, if the last publication was to it, by this broker: it need not be checked again.
    #[inline]
    pub(super) fn recognize<'a>(&self, broker: usize, topic: &'a str) -> Option<Uri<'a>> {
        self.topic.as_ref().filter(|_| self.broker == broker)?.recognize(topic)
    }

    /// Begins anew, with another topic: where its events go is not known yet.
    pub(super) fn set_topic(&mut self, broker: usize, topic: &Uri<'_>, rule: Option<usize>) {
        self.clear();
        self.broker = broker;
        if self.topic.as_ref() != Some(topic) {
            self.topic = Some(topic.clone().into_owned());
            self.opening = None;
        }
        self.rule = rule;
    }

    /// The topic of this broker's last publication.
    #[inline]
    pub(super) fn topic(&self, broker: usize) -> Option<&str> {
        self.topic.as_ref().filter(|_| self.broker == broker).map(Uri::as_str)
    }

    /// What publications to the topic begin with that ask for nothing, if that is known.
    #[inline]
    pub(crate) fn opening(&self) -> Option<&PublishOpening> {
        self.opening.as_ref()
    }

    /// Remembers what publications to the topic begin with that ask for nothing.
    pub(crate) fn set_opening(&mut self, opening: Option<PublishOpening>) {
        self.opening = opening;
    }

    #[inline]
    pub(super) fn rule(&self) -> Option<usize> {
        self.rule
    }

    /// Where the events go, if that is known and nothing has changed since this generation.
    #[inline]
    pub(super) fn fanouts(&self, generation: u64) -> Option<&[Weak<Fanout>]> {
        (self.generation == Some(generation)).then_some(self.fanouts.as_slice())
    }

    pub(super) fn set_fanouts(&mut self, generation: u64, fanouts: &[Arc<Fanout>]) {
        self.generation = Some(generation);
        self.apart = None;
        self.fanouts.clear();
        self.fanouts.extend(fanouts.iter().map(Arc::downgrade));
    }

    /// Forgets where it leads, and by which broker: it may be gone, and another one have its address. The topic alone
    /// stays: it is a URI the next time, too.
    pub(crate) fn clear(&mut self) {
        self.broker = 0;
        self.generation = None;
        self.fanouts.clear();
    }

    /// Whether events for its fanouts, which these are, may be gathered and handed out one receiver after the other:
    /// who is a receiver of two would get the second event by the one before the first by the other.
    ///
    /// That takes a while to find out with several fanouts, so the first event by them goes by itself.
    pub(super) fn gathers(&mut self, fanouts: &[Arc<Fanout>], again: bool) -> bool {
        match fanouts {
            [] => false,
            [_] => true,
            fanouts => again && *self.apart.get_or_insert_with(|| are_apart(fanouts)),
        }
    }
}

/// Whether nobody is a receiver of two of these.
fn are_apart(fanouts: &[Arc<Fanout>]) -> bool {
    let groups = fanouts.iter().flat_map(|fanout| &fanout.groups);
    let mut sessions = groups.flat_map(|group| &group.receivers).map(|receiver| receiver.session);
    let mut seen = AHashSet::new();
    sessions.all(|session| seen.insert(session))
}
