//! Deadlines of calls.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use wamp_proto::RequestId;

use crate::realm::Member;

/// The deadlines of the calls that have one, soonest first.
#[derive(Debug, Default)]
pub(crate) struct Timeouts {
    pending: Mutex<Pending>,
}

#[derive(Debug, Default)]
struct Pending {
    calls: BTreeMap<TimerId, (Arc<Member>, RequestId)>,
    last_number: u64,
}

/// One deadline. The number tells apart those of the same instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TimerId {
    deadline: Instant,
    number: u64,
}

impl Timeouts {
    /// Sets a deadline for the call `request` of `caller`. Answers with its id, and whether it is
    /// now the soonest of all.
    pub(super) fn set(&self, deadline: Instant, caller: &Arc<Member>, request: RequestId) -> (TimerId, bool) {
        let mut pending = self.pending.lock();
        pending.last_number += 1;
        let id = TimerId { deadline, number: pending.last_number };
        pending.calls.insert(id, (caller.clone(), request));
        let soonest = pending.calls.first_key_value().is_some_and(|(first, _)| *first == id);
        (id, soonest)
    }

    pub(super) fn clear(&self, id: TimerId) {
        self.pending.lock().calls.remove(&id);
    }

    /// Takes out the soonest deadline that is not after `now`, if there is one.
    pub(super) fn take_due(&self, now: Instant) -> Option<(TimerId, Arc<Member>, RequestId)> {
        let mut pending = self.pending.lock();
        let entry = pending.calls.first_entry().filter(|entry| entry.key().deadline <= now)?;
        let (id, (caller, request)) = entry.remove_entry();
        Some((id, caller, request))
    }

    pub(crate) fn next(&self) -> Option<Instant> {
        self.pending.lock().calls.first_key_value().map(|(id, _)| id.deadline)
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.pending.lock().calls.is_empty()
    }
}
