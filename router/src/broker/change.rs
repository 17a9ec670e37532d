//! Subscribing, and the four ways a subscription ends.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use parking_lot::RwLockWriteGuard;
use wamp_proto::message::options::UnsubscribedDetails;
use wamp_proto::message::{Message, Subscribed, Unsubscribed};
use wamp_proto::{Features, Pattern, RequestId, SubscriptionId};

use super::Broker;
use super::subscription::{Subscriber, Subscription};
use crate::burst::Burst;
use crate::clock::Timestamp;
use crate::realm::Member;
use crate::table;

/// Subscriptions of one session that are ended before others have their turn.
const AT_ONCE: usize = 256;

/// What a session wants to be subscribed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SubscribeTo {
    pub(crate) pattern: Pattern,
    /// It wants the retained events.
    pub(crate) get_retained: bool,
    /// How many subscriptions it may hold.
    pub(crate) limit: usize,
    pub(crate) now: Timestamp,
}

/// A session was added to a subscription, or removed from it.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) subscription: Arc<Subscription>,
    /// With it, the subscription came into being, or ceased to be.
    pub(crate) whole: bool,
}

/// The session holds as many subscriptions as it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooManySubscriptions;

/// The session has no such subscription.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoSuchSubscription;

impl Broker {
    /// Subscribes a session, or tells it the subscription it has already: then nothing changes.
    ///
    /// SUBSCRIBED is in the outbox before the first event can be, and so are the retained events,
    /// which are older than any that comes live.
    pub(crate) fn subscribe(
        &self,
        member: &Arc<Member>,
        request: RequestId,
        wanted: SubscribeTo,
        burst: &mut Burst,
    ) -> Result<Option<Change>, TooManySubscriptions> {
        // Under the lock there is no time for handing out events.
        burst.settle();
        let mut topics = self.topics.write();
        let known = topics.known(&wanted.pattern).cloned();
        let mut held = member.subscriptions.lock();
        // Asked with the lock held: whoever leaves either sees what is added here, or is seen to have left.
        if member.has_left() {
            return Ok(None);
        }
        let subscribed = known.as_ref().is_some_and(|known| held.contains_key(&known.id));
        if !subscribed && held.len() >= wanted.limit {
            return Err(TooManySubscriptions);
        }
        let is_new = known.is_none();
        let subscription = known.unwrap_or_else(|| topics.create(wanted.pattern, wanted.now));
        if !subscribed {
            self.generation.fetch_add(1, Ordering::Release);
        }
        let subscribed_message = Message::Subscribed(Subscribed { request, subscription: subscription.id });
        burst.send(&member.outbox, &subscribed_message);
        if wanted.get_retained {
            topics.retained.send(&subscription, member, burst);
        }
        if is_new {
            topics.insert(&subscription);
        }
        if subscribed {
            return Ok(None);
        }
        held.insert(subscription.id, subscription.add(member));
        Ok(Some(Change { subscription, whole: is_new }))
    }

    /// Ends a session's subscription.
    pub(crate) fn unsubscribe(
        &self,
        member: &Arc<Member>,
        request: RequestId,
        subscription: SubscriptionId,
        burst: &mut Burst,
    ) -> Result<Change, NoSuchSubscription> {
        let unsubscribed = Message::Unsubscribed(Unsubscribed { request, details: None });
        self.end(member, subscription, Some(&unsubscribed), burst)
    }

    /// Takes a subscription back. The session is told if it announced that it understands.
    ///
    /// Specification: "Subscription Revocation" (advanced profile).
    pub(crate) fn revoke(
        &self,
        member: &Arc<Member>,
        subscription: SubscriptionId,
        reason: Option<&str>,
        burst: &mut Burst,
    ) -> Result<Change, NoSuchSubscription> {
        let details = UnsubscribedDetails { subscription: Some(subscription), reason: reason.map(Into::into) };
        let unsubscribed = Unsubscribed { request: RequestId::ZERO, details: Some(details) };
        let told = member.subscriber_supports(Features::SUBSCRIPTION_REVOCATION);
        self.end(member, subscription, told.then_some(&Message::Unsubscribed(unsubscribed)), burst)
    }

    fn end(
        &self,
        member: &Arc<Member>,
        subscription: SubscriptionId,
        last_message: Option<&Message<'_>>,
        burst: &mut Burst,
    ) -> Result<Change, NoSuchSubscription> {
        burst.settle();
        let mut topics = self.topics.write();
        let removed = table::remove(&mut *member.subscriptions.lock(), &subscription);
        let subscriber = removed.ok_or(NoSuchSubscription)?;
        self.generation.fetch_add(1, Ordering::Release);
        let whole = topics.remove(&subscriber);
        if let Some(message) = last_message {
            burst.send(&member.outbox, message);
        }
        Ok(Change { subscription: subscriber.subscription.clone(), whole })
    }

    /// Ends all subscriptions of a session that has left.
    pub(crate) fn leave(&self, member: &Member) -> Vec<Change> {
        let held = std::mem::take(&mut *member.subscriptions.lock());
        if held.is_empty() {
            // Very many sessions that leave at once are not to keep publishers waiting.
            return Vec::new();
        }
        let mut held: Vec<_> = held.into_values().collect();
        held.sort_unstable_by_key(|subscriber| subscriber.subscription.id);
        let mut topics = self.topics.write();
        self.generation.fetch_add(1, Ordering::Release);
        let end = |(number, subscriber): (usize, Arc<Subscriber>)| {
            if number % AT_ONCE == AT_ONCE - 1 {
                // Whoever waits has its turn in between.
                RwLockWriteGuard::bump(&mut topics);
                self.generation.fetch_add(1, Ordering::Release);
            }
            let whole = topics.remove(&subscriber);
            Change { subscription: subscriber.subscription.clone(), whole }
        };
        held.into_iter().enumerate().map(end).collect()
    }
}
