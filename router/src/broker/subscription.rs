//! One subscription and the sessions that share it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use parking_lot::RwLock;
use wamp_proto::{MatchPolicy, Pattern, SessionId, SubscriptionId};

use super::fanout::Fanout;
use crate::clock::Timestamp;
use crate::realm::Member;
use crate::table;

/// A topic, or a pattern of topics, somebody is subscribed to. All sessions that asked for the
/// same topic with the same match policy share it and its id.
#[derive(Debug)]
pub(crate) struct Subscription {
    pub(crate) id: SubscriptionId,
    pub(crate) pattern: Pattern,
    pub(crate) created: Timestamp,
    /// It stays when nobody shares it.
    pub(super) pinned: bool,
    roster: RwLock<Roster>,
}

#[derive(Debug, Default)]
struct Roster {
    subscribers: Vec<Arc<Subscriber>>,
    /// What publishers work with. Built by the first publication after a change, so that
    /// thousands of sessions that subscribe one after the other don't copy it each time.
    fanout: Option<Arc<Fanout>>,
}

/// A session's share in a subscription.
#[derive(Debug)]
pub(crate) struct Subscriber {
    pub(crate) member: Arc<Member>,
    pub(crate) subscription: Arc<Subscription>,
    /// Unset before UNSUBSCRIBED is sent. Publishers on other cores, with an older fanout in
    /// hand, check it at the outbox: no EVENT follows the UNSUBSCRIBED.
    live: AtomicBool,
    /// Where in the roster this is. Read and written only by who holds the roster.
    position: AtomicUsize,
}

impl Subscriber {
    pub(crate) fn is_live(&self) -> bool {
        self.live.load(Ordering::Acquire)
    }
}

impl Subscription {
    pub(super) fn new(id: SubscriptionId, pattern: Pattern, created: Timestamp) -> Arc<Self> {
        Arc::new(Self { id, pattern, created, pinned: false, roster: RwLock::default() })
    }

    pub(super) fn pinned(id: SubscriptionId, pattern: Pattern, created: Timestamp) -> Arc<Self> {
        Arc::new(Self { id, pattern, created, pinned: true, roster: RwLock::default() })
    }

    /// The sessions that share it.
    pub(crate) fn sessions(&self) -> Vec<SessionId> {
        self.roster.read().subscribers.iter().map(|subscriber| subscriber.member.id()).collect()
    }

    /// How many sessions share it.
    pub(crate) fn session_count(&self) -> usize {
        self.roster.read().subscribers.len()
    }

    /// Those who get the events of this subscription now.
    pub(super) fn fanout(&self) -> Arc<Fanout> {
        if let Some(fanout) = &self.roster.read().fanout {
            return fanout.clone();
        }
        let mut roster = self.roster.write();
        let Roster { subscribers, fanout, .. } = &mut *roster;
        let is_pattern = self.pattern.policy() != MatchPolicy::Exact;
        fanout.get_or_insert_with(|| Arc::new(Fanout::new(self.id, is_pattern, subscribers))).clone()
    }

    pub(super) fn add(self: &Arc<Self>, member: &Arc<Member>) -> Arc<Subscriber> {
        let mut roster = self.roster.write();
        roster.fanout = None;
        let subscriber = Arc::new(Subscriber {
            member: member.clone(),
            subscription: self.clone(),
            live: AtomicBool::new(true),
            position: AtomicUsize::new(roster.subscribers.len()),
        });
        if roster.subscribers.is_empty() {
            // Most subscriptions have one session, and there may be very many of them.
            roster.subscribers.reserve_exact(1);
        }
        roster.subscribers.push(subscriber.clone());
        subscriber
    }

    /// Removes a session; answers whether it was the last one.
    pub(super) fn remove(&self, subscriber: &Arc<Subscriber>) -> bool {
        subscriber.live.store(false, Ordering::Release);
        let mut roster = self.roster.write();
        roster.fanout = None;
        let position = subscriber.position.load(Ordering::Relaxed);
        if roster.subscribers.get(position).is_some_and(|known| Arc::ptr_eq(known, subscriber)) {
            roster.subscribers.swap_remove(position);
            if let Some(moved) = roster.subscribers.get(position) {
                moved.position.store(position, Ordering::Relaxed);
            }
            table::shrink(&mut roster.subscribers);
        }
        roster.subscribers.is_empty()
    }
}
