//! Where the events of one topic go, remembered within a burst.

use std::sync::Arc;

use super::fanout::Fanout;

/// The subscriptions the last publication of a burst went to. As long as the same topic follows
/// and nobody has subscribed or unsubscribed, it need not be looked up again.
#[derive(Debug, Default)]
pub(crate) struct Route {
    /// Which broker it is about, by its address: a burst may be used on several realms.
    broker: usize,
    generation: u64,
    topic: String,
    fanouts: Vec<Arc<Fanout>>,
}

impl Route {
    pub(super) fn holds(&self, broker: usize, generation: u64, topic: &str) -> bool {
        self.broker == broker && self.generation == generation && self.topic == topic
    }

    pub(super) fn set(&mut self, broker: usize, generation: u64, topic: &str) -> &mut Vec<Arc<Fanout>> {
        self.broker = broker;
        self.generation = generation;
        self.topic.clear();
        self.topic.push_str(topic);
        self.fanouts.clear();
        &mut self.fanouts
    }

    pub(super) fn fanouts(&self) -> &[Arc<Fanout>] {
        &self.fanouts
    }

    /// Forgets everything; the receivers would be kept from going otherwise.
    pub(crate) fn clear(&mut self) {
        self.broker = 0;
        self.topic.clear();
        self.fanouts.clear();
    }
}
