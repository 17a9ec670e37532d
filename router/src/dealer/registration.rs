//! One registration and the callees that share it.

use std::num::NonZeroU64;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use parking_lot::RwLock;
use wamp_proto::{MatchPolicy, Pattern, RegistrationId, SessionId};

use super::policy::InvocationPolicy;
use super::register::RegisterAs;
use crate::clock::Timestamp;
use crate::metrics::latency::Histogram;
use crate::realm::Member;

/// A procedure, or a pattern of procedures, somebody offers.
#[derive(Debug)]
pub(crate) struct Registration {
    pub(crate) id: RegistrationId,
    pub(crate) pattern: Pattern,
    pub(crate) policy: InvocationPolicy,
    pub(crate) created: Timestamp,
    /// In the order they registered.
    callees: RwLock<Vec<Arc<Callee>>>,
    /// Calls so far, for taking turns.
    turn: AtomicUsize,
    /// The last callee has gone. There may be another registration of the same pattern.
    ended: AtomicBool,
    /// How long its calls took.
    pub(super) latency: Arc<Histogram>,
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
    /// How many invocations it takes at once.
    pub(super) concurrency: Option<NonZeroU64>,
    /// How many it has, if there is such a limit.
    pub(super) busy: AtomicU64,
}

/// A callee's promise to take one invocation more, kept for as long as the invocation is pending.
#[derive(Debug)]
pub(super) struct Slot(Arc<Callee>);

/// Why there is no callee for a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoCallee {
    /// All have gone.
    Gone,
    /// Each has as many invocations as it takes at once.
    Busy,
}

impl Callee {
    pub(super) fn is_live(&self) -> bool {
        self.live.load(Ordering::Acquire)
    }

    /// Reserves it for one invocation, if it takes another one.
    fn reserve(self: &Arc<Self>) -> Option<Slot> {
        if let Some(limit) = self.concurrency {
            let one_more = |busy| (busy < limit.get()).then_some(busy + 1);
            self.busy.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more).ok()?;
        }
        Some(Slot(self.clone()))
    }
}

impl Slot {
    #[cfg(test)]
    pub(super) fn is(&self, callee: &Arc<Callee>) -> bool {
        Arc::ptr_eq(&self.0, callee)
    }
}

impl Deref for Slot {
    type Target = Callee;

    fn deref(&self) -> &Callee {
        &self.0
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if self.0.concurrency.is_some() {
            self.0.busy.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

impl Registration {
    pub(super) fn new(id: RegistrationId, wanted: &RegisterAs, latency: Arc<Histogram>) -> Arc<Self> {
        Arc::new(Self {
            id,
            pattern: wanted.pattern.clone(),
            policy: wanted.policy,
            created: wanted.now,
            callees: RwLock::default(),
            turn: AtomicUsize::new(0),
            ended: AtomicBool::new(false),
            latency,
        })
    }

    /// Whether invocations have to tell the procedure that was called.
    pub(super) fn is_pattern(&self) -> bool {
        self.pattern.policy() != MatchPolicy::Exact
    }

    pub(super) fn add(self: &Arc<Self>, member: &Arc<Member>, wanted: &RegisterAs) -> Arc<Callee> {
        let callee = Arc::new(Callee {
            member: member.clone(),
            registration: self.clone(),
            disclose_caller: wanted.disclose_caller,
            forward_timeout: wanted.forward_timeout,
            live: AtomicBool::new(true),
            concurrency: wanted.concurrency,
            busy: AtomicU64::new(0),
        });
        self.callees.write().push(callee.clone());
        callee
    }

    /// Removes a callee; answers whether it was the last one.
    pub(super) fn remove(&self, callee: &Callee) -> bool {
        callee.live.store(false, Ordering::Release);
        let mut callees = self.callees.write();
        callees.retain(|other| !std::ptr::eq(&**other, callee));
        let ended = callees.is_empty();
        self.ended.store(ended, Ordering::Release);
        ended
    }

    /// Whether it is no more.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// The sessions that share it, in the order they registered.
    pub(crate) fn callees(&self) -> Vec<SessionId> {
        self.callees.read().iter().map(|callee| callee.member.id()).collect()
    }

    /// All that share it.
    pub(super) fn all(&self) -> Vec<Arc<Callee>> {
        self.callees.read().clone()
    }

    pub(crate) fn has(&self, session: SessionId) -> bool {
        self.callees.read().iter().any(|callee| callee.member.id() == session)
    }

    /// The callee whose turn it is. One that is just being removed, or takes no more, is passed
    /// over.
    #[inline]
    pub(super) fn pick(&self) -> Result<Slot, NoCallee> {
        let callees = self.callees.read();
        let turn = match self.policy {
            InvocationPolicy::RoundRobin => self.turn.fetch_add(1, Ordering::Relaxed),
            _ => 0,
        };
        let mut refused = NoCallee::Gone;
        for (passed_over, index) in self.policy.order(callees.len(), turn).enumerate() {
            let callee = &callees[index];
            if !callee.is_live() {
                continue;
            }
            if let Some(slot) = callee.reserve() {
                if passed_over > 0 && self.policy == InvocationPolicy::RoundRobin {
                    // The next turn is that of the one after this.
                    self.turn.fetch_add(passed_over, Ordering::Relaxed);
                }
                return Ok(slot);
            }
            refused = NoCallee::Busy;
        }
        Err(refused)
    }
}
