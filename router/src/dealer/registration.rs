//! One registration and the callees that share it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use parking_lot::RwLock;
use wamp_proto::{MatchPolicy, Pattern, RegistrationId, SessionId};

use super::policy::InvocationPolicy;
use crate::realm::Member;

/// A procedure, or a pattern of procedures, somebody offers.
#[derive(Debug)]
pub(crate) struct Registration {
    pub(super) id: RegistrationId,
    pub(super) pattern: Pattern,
    pub(super) policy: InvocationPolicy,
    /// In the order they registered.
    callees: RwLock<Vec<Arc<Callee>>>,
    /// Calls so far, for taking turns.
    turn: AtomicUsize,
}

/// A session's share in a registration, with the options it registered with.
#[derive(Debug)]
pub(crate) struct Callee {
    pub(super) member: Arc<Member>,
    pub(super) registration: Arc<Registration>,
    /// The callee wants to know who calls.
    pub(super) disclose_caller: bool,
    /// The callee keeps time itself.
    pub(super) forward_timeout: bool,
    /// Unset before UNREGISTERED is sent; checked under the lock of the callee's invocations, so
    /// that no INVOCATION follows the UNREGISTERED.
    live: AtomicBool,
}

impl Callee {
    pub(super) fn is_live(&self) -> bool {
        self.live.load(Ordering::Acquire)
    }
}

impl Registration {
    pub(super) fn new(id: RegistrationId, pattern: Pattern, policy: InvocationPolicy) -> Arc<Self> {
        Arc::new(Self { id, pattern, policy, callees: RwLock::default(), turn: AtomicUsize::new(0) })
    }

    /// Whether invocations have to tell the procedure that was called.
    pub(super) fn is_pattern(&self) -> bool {
        self.pattern.policy() != MatchPolicy::Exact
    }

    pub(super) fn add(
        self: &Arc<Self>,
        member: &Arc<Member>,
        disclose_caller: bool,
        forward_timeout: bool,
    ) -> Arc<Callee> {
        let callee = Arc::new(Callee {
            member: member.clone(),
            registration: self.clone(),
            disclose_caller,
            forward_timeout,
            live: AtomicBool::new(true),
        });
        self.callees.write().push(callee.clone());
        callee
    }

    /// Removes a callee; answers whether it was the last one.
    pub(super) fn remove(&self, callee: &Callee) -> bool {
        callee.live.store(false, Ordering::Release);
        let mut callees = self.callees.write();
        callees.retain(|other| !std::ptr::eq(&**other, callee));
        callees.is_empty()
    }

    pub(super) fn has(&self, session: SessionId) -> bool {
        self.callees.read().iter().any(|callee| callee.member.id() == session)
    }

    /// The callee whose turn it is. One that is just being removed is passed over.
    pub(super) fn pick(&self) -> Option<Arc<Callee>> {
        let callees = self.callees.read();
        let turn = match self.policy {
            InvocationPolicy::RoundRobin => self.turn.fetch_add(1, Ordering::Relaxed),
            _ => 0,
        };
        let (before, from) = callees.split_at_checked(self.policy.pick(callees.len(), turn))?;
        from.iter().chain(before).find(|callee| callee.is_live()).cloned()
    }
}
