//! A realm: the sessions that can reach each other, with their topics and procedures.
//!
//! Everything here is synchronous and knows no sockets, and no clock but the one it is given. A
//! connection's own task calls in directly; what comes of it waits in the receivers' outboxes, and
//! in the caller's [`Burst`] which of them are to be written.
//!
//! # Locks
//!
//! No lock is held while anything is written to a socket. Locks nest in these ways only:
//!
//! - the broker's order of changes, then its topics, then a member's subscriptions, then a
//!   subscription's roster;
//! - the dealer's procedures, then a member's registrations, then a registration's callees, then
//!   a callee's invocations;
//! - the dealer's procedures, then what publishing takes, for the meta events;
//! - the dealer's procedures, then the definitions, then a registration's callees;
//! - a caller's calls, then a registration's callees, a callee's invocations or the deadlines;
//! - any of these, or the table of sessions, then an outbox, under which nothing is taken.

mod authorizer;
mod expiry;
mod inquiry;
mod join;
mod limits;
mod member;
mod realms;
mod refused;
mod requests;

use std::sync::{Arc, OnceLock, Weak};
use std::time::Instant;

use ahash::AHashMap;
use parking_lot::RwLock;
use wamp_proto::SessionId;

use crate::broker::Broker;
use crate::burst::Burst;
use crate::clock::Timestamp;
use crate::dealer::Dealer;
use crate::meta::reflection::Definitions;

pub use authorizer::{
    Action, AllowAll, Authorizer, Authorizing, Decision, Grant, OwnSessionOnly, Permission, Permissions, Question,
    TRUSTED, Undecided,
};
pub(crate) use inquiry::{Answering, Inquiry};
pub(crate) use join::{Farewell, Tell, random_session_id};
pub use limits::{BeyondRate, LIMIT_EXCEEDED, Limits, MessageRate};
pub use member::Member;
pub use realms::{RealmOptions, Realms};
pub(crate) use refused::Asked;
pub use refused::Refused;
pub(crate) use requests::{pattern, uri};

/// A realm. See the [module](self).
#[derive(Debug)]
pub struct Realm {
    this: Weak<Self>,
    name: Box<str>,
    options: RealmOptions,
    /// Who may do what, now.
    authorizer: authorizer::Current,
    sessions: RwLock<Sessions>,
    broker: Broker,
    dealer: Dealer,
    definitions: Definitions,
    expiring: expiry::Expiring,
    alarm: Alarm,
}

#[derive(Debug, Default)]
struct Sessions {
    members: AHashMap<SessionId, Arc<Member>>,
    /// How many have ever joined.
    opened: u64,
    /// The router is going down: nobody joins any more.
    closed: bool,
}

/// What to call when a deadline is set that is sooner than all others.
#[derive(Default)]
struct Alarm(OnceLock<Box<dyn Fn() + Send + Sync>>);

impl std::fmt::Debug for Alarm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Alarm").field("set", &self.0.get().is_some()).finish()
    }
}

impl Realm {
    /// An empty realm.
    pub fn new(name: impl Into<Box<str>>, options: RealmOptions) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            this: this.clone(),
            name: name.into(),
            broker: Broker::new(&options),
            dealer: Dealer::new(options.limits.measured_procedures),
            definitions: Definitions::default(),
            expiring: expiry::Expiring::default(),
            sessions: RwLock::default(),
            alarm: Alarm::default(),
            authorizer: authorizer::Current::new(options.authorizer.clone()),
            options,
        })
    }

    /// The realm's URI.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How it is run, as of its start.
    pub fn options(&self) -> &RealmOptions {
        &self.options
    }

    /// Sets who may do what from now on. What sessions have by then, they keep: a subscription they
    /// could not make again, a procedure they could not register again.
    pub fn set_authorizer(&self, authorizer: Arc<dyn Authorizer>) {
        self.authorizer.replace(authorizer);
    }

    /// How many sessions have joined.
    pub fn session_count(&self) -> usize {
        self.sessions.read().members.len()
    }

    /// Whether nobody may join any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.sessions.read().closed
    }

    /// How many have ever joined.
    pub(crate) fn sessions_opened(&self) -> u64 {
        self.sessions.read().opened
    }

    /// When [`tick`](Self::tick) has something to do next, if nothing changes.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.dealer.next_deadline().into_iter().chain(self.expiring.next()).min()
    }

    /// Has `alarm` called when [`next_deadline`](Self::next_deadline) becomes sooner, so that a
    /// timer can be set again. It is called from a connection's task and must be quick. Only the
    /// first one set is kept.
    pub fn set_alarm(&self, alarm: impl Fn() + Send + Sync + 'static) {
        let _ = self.alarm.0.set(Box::new(alarm));
    }

    /// Ends the calls and the sessions whose time is over.
    pub fn tick(&self, now: Instant, burst: &mut Burst) {
        self.dealer.expire(now, burst);
        self.end_expired(now, burst);
    }

    /// The time of day.
    pub(crate) fn now(&self) -> Timestamp {
        self.options.clock.now()
    }

    /// Waits until the event history is stored as safely as it will be. Blocks: for a program
    /// about to end.
    pub fn flush_history(&self) {
        if let Some(history) = &self.options.history {
            history.store.flush();
        }
    }

    fn rouse(&self, sooner: bool) {
        if sooner && let Some(alarm) = self.alarm.0.get() {
            alarm();
        }
    }

    pub(crate) fn dealer(&self) -> &Dealer {
        &self.dealer
    }

    /// What sessions say of what they have.
    pub(crate) fn definitions(&self) -> &Definitions {
        &self.definitions
    }

    pub(crate) fn broker(&self) -> &Broker {
        &self.broker
    }

    pub(crate) fn member(&self, session: SessionId) -> Option<Arc<Member>> {
        self.sessions.read().members.get(&session).cloned()
    }

    pub(crate) fn members(&self) -> Vec<Arc<Member>> {
        self.sessions.read().members.values().cloned().collect()
    }

    /// Whether no session has left anything behind.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.sessions.read().members.is_empty()
            && self.broker.is_empty()
            && self.dealer.is_empty()
            && self.definitions.is_empty()
            && self.expiring.is_empty()
    }
}

/// An id drawn at random, as ids of global scope are.
fn random_id() -> u64 {
    fastrand::u64(1..=1 << 53)
}
