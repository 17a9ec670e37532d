//! Where the events of one topic go, remembered within a burst.

use std::sync::Arc;

use wamp_proto::Uri;

use super::fanout::Fanout;

/// The subscriptions the last publication of a burst went to. As long as the same topic follows
/// and nobody has subscribed or unsubscribed, it need not be looked up again.
#[derive(Debug, Default)]
pub(crate) struct Route {
    /// Which broker it is about, by its address: a burst may be used on several realms.
    broker: usize,
    generation: Option<u64>,
    topic: Option<Uri<'static>>,
    /// The rule by which the topic's events are kept; fixed as long as the broker is there.
    rule: Option<usize>,
    fanouts: Vec<Arc<Fanout>>,
}

impl Route {
    /// Whether the last publication was to this topic of this broker.
    pub(super) fn is_about(&self, broker: usize, topic: &str) -> bool {
        self.broker == broker && self.topic.as_ref().is_some_and(|known| known.as_str() == topic)
    }

    /// The topic as a URI, if the last publication was to it, of this burst or one before: so much of it need not be
    /// checked again.
    pub(crate) fn recognize<'a>(&self, topic: &'a str) -> Option<Uri<'a>> {
        self.topic.as_ref()?.recognize(topic)
    }

    /// Begins anew, with another topic: where its events go is not known yet.
    pub(super) fn set_topic(&mut self, broker: usize, topic: &Uri<'_>, rule: Option<usize>) {
        self.clear();
        self.broker = broker;
        if self.recognize(topic.as_str()).is_none() {
            self.topic = Some(topic.clone().into_owned());
        }
        self.rule = rule;
    }

    pub(super) fn rule(&self) -> Option<usize> {
        self.rule
    }

    pub(super) fn is_of(&self, generation: u64) -> bool {
        self.generation == Some(generation)
    }

    pub(super) fn set_fanouts(&mut self, generation: u64) -> &mut Vec<Arc<Fanout>> {
        self.generation = Some(generation);
        self.fanouts.clear();
        &mut self.fanouts
    }

    pub(super) fn fanouts(&self) -> &[Arc<Fanout>] {
        &self.fanouts
    }

    /// Forgets where it leads; the receivers would be kept from going otherwise. The topic alone stays: it is a URI
    /// in the next burst too, which is likely to be about the same.
    pub(crate) fn clear(&mut self) {
        self.broker = 0;
        self.generation = None;
        self.fanouts.clear();
    }
}
