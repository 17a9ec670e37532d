//! The table of subscriptions.

use std::collections::BTreeMap;
use std::sync::Arc;

use wamp_proto::{MatchPolicy, Pattern, PatternIndex, SubscriptionId, Uri};

use super::Broker;
use super::fanout::Fanout;
use super::retained::Retained;
use super::subscription::{Subscriber, Subscription};
use crate::clock::Timestamp;

/// What somebody is subscribed to, and what is kept for who subscribes later.
#[derive(Debug)]
pub(super) struct Topics {
    subscriptions: PatternIndex<Arc<Subscription>>,
    by_id: BTreeMap<SubscriptionId, Arc<Subscription>>,
    pub(super) retained: Retained,
    last_id: u64,
}

impl Topics {
    pub(super) fn new(retained_topics: usize) -> Self {
        Self {
            subscriptions: PatternIndex::default(),
            by_id: BTreeMap::new(),
            retained: Retained::new(retained_topics),
            last_id: 0,
        }
    }

    /// A subscription with an id of its own. It is in the table only after [`insert`](Self::insert).
    pub(super) fn create(&mut self, pattern: Pattern, created: Timestamp) -> Arc<Subscription> {
        self.last_id += 1;
        Subscription::new(SubscriptionId::known(self.last_id), pattern, created)
    }

    /// Makes a subscription that is there whether anybody shares it or not.
    pub(super) fn pin(&mut self, pattern: Pattern, now: Timestamp) {
        if self.known(&pattern).is_none() {
            self.last_id += 1;
            let subscription = Subscription::pinned(SubscriptionId::known(self.last_id), pattern, now);
            self.insert(&subscription);
        }
    }

    pub(super) fn insert(&mut self, subscription: &Arc<Subscription>) {
        self.subscriptions.insert(&subscription.pattern, subscription.clone());
        self.by_id.insert(subscription.id, subscription.clone());
    }

    /// Takes a session out of its subscription; answers whether the subscription went with it.
    pub(super) fn remove(&mut self, subscriber: &Arc<Subscriber>) -> bool {
        let subscription = &subscriber.subscription;
        let ends = subscription.remove(subscriber) && !subscription.pinned;
        if ends {
            self.subscriptions.remove(&subscription.pattern);
            self.by_id.remove(&subscription.id);
        }
        ends
    }

    pub(super) fn count(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn known(&self, pattern: &Pattern) -> Option<&Arc<Subscription>> {
        self.subscriptions.get(pattern)
    }

    /// Who gets the events of a topic.
    pub(super) fn look_up(&self, topic: &Uri<'_>, fanouts: &mut Vec<Arc<Fanout>>) {
        let matching = self.subscriptions.matches(topic.as_str()).map(|subscription| subscription.fanout());
        fanouts.extend(matching.filter(|fanout| !fanout.groups.is_empty()));
    }
}

/// What there is, for those who ask.
impl Broker {
    /// Whether anybody would get an event of `topic`.
    pub(crate) fn has_subscribers(&self, topic: &Uri<'_>) -> bool {
        self.topics.read().subscriptions.matches(topic.as_str()).any(|subscription| subscription.session_count() > 0)
    }

    /// The subscription of this id.
    pub(crate) fn subscription(&self, id: SubscriptionId) -> Option<Arc<Subscription>> {
        self.topics.read().by_id.get(&id).cloned()
    }

    /// The subscription to exactly this pattern.
    pub(crate) fn subscription_to(&self, pattern: &Pattern) -> Option<SubscriptionId> {
        self.topics.read().known(pattern).map(|subscription| subscription.id)
    }

    /// The subscriptions an event of `topic` goes to, in the order they were made.
    pub(crate) fn subscriptions_matching(&self, topic: &Uri<'_>) -> Vec<SubscriptionId> {
        let topics = self.topics.read();
        let mut ids: Vec<_> =
            topics.subscriptions.matches(topic.as_str()).map(|subscription| subscription.id).collect();
        ids.sort_unstable();
        ids
    }

    /// The subscriptions of one match policy, in the order they were made.
    pub(crate) fn subscriptions_by(&self, policy: MatchPolicy) -> Vec<SubscriptionId> {
        let topics = self.topics.read();
        let of_policy = topics.by_id.values().filter(|subscription| subscription.pattern.policy() == policy);
        of_policy.map(|subscription| subscription.id).collect()
    }

    /// Whether nobody is subscribed to anything.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        let topics = self.topics.read();
        let is_empty = |subscription: &Arc<Subscription>| subscription.pinned && subscription.session_count() == 0;
        topics.subscriptions.values().all(is_empty) && topics.by_id.values().all(is_empty)
    }
}
