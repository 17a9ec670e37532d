//! Where the events of one topic go, remembered within a burst.

use std::sync::Arc;

use super::fanout::Fanout;

/// The subscriptions the last publication of a burst went to. As long as the same topic follows
/// and nobody has subscribed or unsubscribed, it need not be looked up again.
#[derive(Debug, Default)]
pub(crate) struct Route {
    /// Which broker it is about, by its address: a burst may be used on several realms.
    broker: usize,
    generation: Option<u64>,
    topic: String,
    /// The rule by which the topic's events are kept; fixed as long as the broker is there.
    rule: Option<usize>,
    fanouts: Vec<Arc<Fanout>>,
}

impl Route {
    /// Whether the last publication was to this topic of this broker.
    pub(super) fn is_about(&self, broker: usize, topic: &str) -> bool {
        self.broker == broker && self.topic == topic
    }

    /// Begins anew, with another topic: where its events go is not known yet.
    pub(super) fn set_topic(&mut self, broker: usize, topic: &str, rule: Option<usize>) {
        self.clear();
        self.broker = broker;
        self.topic.push_str(topic);
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

    /// Forgets everything; the receivers would be kept from going otherwise.
    pub(crate) fn clear(&mut self) {
        self.broker = 0;
        self.generation = None;
        self.topic.clear();
        self.fanouts.clear();
    }
}
