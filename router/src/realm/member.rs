//! A session attached to a realm.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ahash::AHashMap;
use parking_lot::{Mutex, MutexGuard};
use wamp_proto::{Features, RegistrationId, Roles, SessionId, SubscriptionId};

use super::expiry::Expiry;
use super::inquiry::Answers;
use crate::broker::Subscriber;
use crate::dealer::{Callee, Calls, Invocations};
use crate::meta::Testament;
use crate::outbox::Outbox;
use crate::session::{Entrance, Identity};

/// A session attached to a realm, as broker, dealer and other sessions see it.
///
/// The tables here are the session's own share of the broker's and dealer's state. Which locks
/// may be taken while which are held is told in the [realm](super)'s documentation.
#[derive(Debug)]
pub struct Member {
    id: SessionId,
    identity: Identity,
    entrance: Arc<Entrance>,
    roles: Roles,
    pub(crate) outbox: Arc<Outbox>,
    /// Set once, when the session begins to leave. Every table checks it under its own lock
    /// before it takes something in, so that nothing is left behind after the leaving.
    left: AtomicBool,
    /// When it is over, whatever it is at.
    expiry: Option<Expiry>,
    pub(crate) subscriptions: Mutex<AHashMap<SubscriptionId, Arc<Subscriber>>>,
    pub(crate) registrations: Mutex<AHashMap<RegistrationId, Arc<Callee>>>,
    /// What this session, as a caller, waits for.
    pub(crate) calls: Mutex<Calls>,
    /// What others, as callers, wait for from this session.
    pub(crate) invocations: Mutex<Invocations>,
    /// What is to be published when the session is gone.
    pub(crate) testaments: Mutex<Vec<Testament>>,
    answers: Mutex<Answers>,
}

impl Member {
    pub(crate) fn new(
        id: SessionId,
        identity: Identity,
        expiry: Option<Expiry>,
        entrance: Arc<Entrance>,
        roles: Roles,
        outbox: Arc<Outbox>,
    ) -> Arc<Self> {
        Arc::new(Self {
            id,
            identity,
            entrance,
            roles,
            outbox,
            left: AtomicBool::new(false),
            expiry,
            subscriptions: Mutex::default(),
            registrations: Mutex::default(),
            calls: Mutex::default(),
            invocations: Mutex::default(),
            testaments: Mutex::default(),
            answers: Mutex::default(),
        })
    }

    /// Begins to leave. Answers whether it is this call that did.
    pub(super) fn begin_leaving(&self) -> bool {
        !self.left.swap(true, Ordering::AcqRel)
    }

    /// The session's id.
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// Who the session is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    pub(super) fn expiry(&self) -> Option<Expiry> {
        self.expiry
    }

    /// The way the session came in.
    pub fn entrance(&self) -> &Entrance {
        &self.entrance
    }

    /// The roles and features the session announced.
    pub fn roles(&self) -> &Roles {
        &self.roles
    }

    /// Whether the session has left the realm, or is about to.
    pub fn has_left(&self) -> bool {
        self.left.load(Ordering::Acquire)
    }

    /// What the authorizer has answered about the request under way.
    pub(crate) fn answers(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock()
    }

    pub(crate) fn subscriber_supports(&self, features: Features) -> bool {
        self.roles.subscriber.is_some_and(|announced| announced.contains(features))
    }

    pub(crate) fn caller_supports(&self, features: Features) -> bool {
        self.roles.caller.is_some_and(|announced| announced.contains(features))
    }

    pub(crate) fn callee_supports(&self, features: Features) -> bool {
        self.roles.callee.is_some_and(|announced| announced.contains(features))
    }
}
