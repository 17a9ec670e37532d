//! Topics: who is subscribed to what, and who gets which event.
//!
//! Publishing is read-mostly. A publisher looks up the subscriptions of a topic under a read
//! lock, takes each one's [`Fanout`] (an immutable snapshot of its receivers) and lets go of every
//! lock before it hands out the event. Subscribing and unsubscribing change the table under the
//! write lock.

mod fanout;
mod filter;
mod publish;
mod retained;
mod route;
mod subscription;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;
use wamp_proto::message::{Message, Subscribed, Unsubscribed};
use wamp_proto::{Pattern, PatternIndex, RequestId, SubscriptionId};

use crate::burst::Burst;
use crate::realm::Member;
use retained::Retained;

pub(crate) use fanout::{Fanout, Group, Receiver};
pub(crate) use filter::Filter;
pub(crate) use publish::{Disclosed, Publication};
pub(crate) use route::Route;
pub(crate) use subscription::{Subscriber, Subscription};

/// The topics of one realm.
#[derive(Debug)]
pub(crate) struct Broker {
    topics: RwLock<Topics>,
    /// Counts changes of the subscriptions, so that a route looked up before can be told from
    /// one that still holds. Changed with the write lock held, before anybody is told.
    generation: AtomicU64,
}

#[derive(Debug)]
struct Topics {
    subscriptions: PatternIndex<Arc<Subscription>>,
    retained: Retained,
    last_id: u64,
}

/// The session holds as many subscriptions as it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooManySubscriptions;

/// The session has no such subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoSuchSubscription;

impl Broker {
    pub(crate) fn new(retained_topics: usize) -> Self {
        Self {
            topics: RwLock::new(Topics {
                subscriptions: PatternIndex::default(),
                retained: Retained::new(retained_topics),
                last_id: 0,
            }),
            generation: AtomicU64::new(0),
        }
    }

    /// Subscribes a session, or tells it the subscription it has already.
    ///
    /// SUBSCRIBED is in the outbox before the first event can be, and so are the retained events,
    /// which are older than any that comes live.
    pub(crate) fn subscribe(
        &self,
        member: &Arc<Member>,
        request: RequestId,
        pattern: Pattern,
        get_retained: bool,
        limit: usize,
        burst: &mut Burst,
    ) -> Result<(), TooManySubscriptions> {
        // Under the lock there is no time for handing out events.
        burst.settle();
        let mut topics = self.topics.write();
        if member.has_left() {
            return Ok(());
        }
        let known = topics.subscriptions.get_mut(&pattern).cloned();
        let mut held = member.subscriptions.lock();
        let subscribed = known.as_ref().is_some_and(|known| held.contains_key(&known.id));
        if !subscribed && held.len() >= limit {
            return Err(TooManySubscriptions);
        }
        let is_new = known.is_none();
        let subscription = known.unwrap_or_else(|| {
            topics.last_id += 1;
            Subscription::new(SubscriptionId::known(topics.last_id), pattern.clone())
        });
        if !subscribed {
            self.generation.fetch_add(1, Ordering::Release);
        }
        let subscribed_message = Message::Subscribed(Subscribed { request, subscription: subscription.id });
        burst.send(&member.outbox, &subscribed_message);
        if get_retained {
            topics.retained.send(&subscription, member, burst);
        }
        if is_new {
            topics.subscriptions.insert(&pattern, subscription.clone());
        }
        if !subscribed {
            held.insert(subscription.id, subscription.add(member));
        }
        Ok(())
    }

    /// Ends a session's subscription.
    pub(crate) fn unsubscribe(
        &self,
        member: &Arc<Member>,
        request: RequestId,
        subscription: SubscriptionId,
        burst: &mut Burst,
    ) -> Result<(), NoSuchSubscription> {
        burst.settle();
        let mut topics = self.topics.write();
        let subscriber = member.subscriptions.lock().remove(&subscription).ok_or(NoSuchSubscription)?;
        self.generation.fetch_add(1, Ordering::Release);
        topics.remove(&subscriber);
        burst.send(&member.outbox, &Message::Unsubscribed(Unsubscribed { request, details: None }));
        Ok(())
    }

    /// Ends all subscriptions of a session that has left.
    pub(crate) fn leave(&self, member: &Member) {
        let mut topics = self.topics.write();
        let held = std::mem::take(&mut *member.subscriptions.lock());
        self.generation.fetch_add(1, Ordering::Release);
        for subscriber in held.values() {
            topics.remove(subscriber);
        }
    }

    /// Whether nobody is subscribed to anything.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.topics.read().subscriptions.is_empty()
    }
}

impl Topics {
    fn remove(&mut self, subscriber: &Subscriber) {
        let subscription = &subscriber.subscription;
        if subscription.remove(subscriber) {
            self.subscriptions.remove(&subscription.pattern);
        }
    }
}
