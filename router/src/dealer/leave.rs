//! What becomes of a session's registrations and calls when it leaves.

use std::sync::Arc;

use wamp_proto::error;

use super::{Dealer, OnChange, fail, interrupt};
use crate::burst::Burst;
use crate::realm::Member;

impl Dealer {
    /// Ends everything a session that has left is part of.
    ///
    /// Specification: "Caller Leaving" and "Callee Leaving During an RPC Invocation" (basic profile).
    pub(crate) fn leave(&self, member: &Arc<Member>, tell: OnChange<'_>, burst: &mut Burst) {
        burst.settle();
        {
            let mut procedures = self.procedures.write();
            let held = std::mem::take(&mut *member.registrations.lock());
            let mut held: Vec<_> = held.into_values().collect();
            held.sort_unstable_by_key(|callee| callee.registration.id);
            for callee in held {
                for change in procedures.remove(&callee) {
                    tell(*change, member.id(), &callee.registration, burst);
                }
            }
            burst.settle();
        }
        // Its own calls first: a session that waits for itself is not to be answered any more.
        self.abandon_calls(member, burst);
        self.abandon_invocations(member, burst);
    }

    fn abandon_calls(&self, caller: &Arc<Member>, burst: &mut Burst) {
        let in_flight = {
            let mut calls = caller.calls.lock();
            calls.closed = true;
            std::mem::take(&mut calls.in_flight)
        };
        for call in in_flight.into_values() {
            if let Some(timeout) = call.timeout {
                self.timeouts.clear(timeout.timer);
            }
            let mut invocations = call.callee.invocations.lock();
            let pending = invocations.pending.remove(&call.invocation).is_some();
            if pending && !call.interrupted && !Arc::ptr_eq(&call.callee, caller) {
                interrupt(&call.callee, call.invocation, "killnowait", burst);
            }
        }
    }

    fn abandon_invocations(&self, callee: &Arc<Member>, burst: &mut Burst) {
        let pending = {
            let mut invocations = callee.invocations.lock();
            invocations.closed = true;
            std::mem::take(&mut invocations.pending)
        };
        for (id, invocation) in pending {
            let mut calls = invocation.caller.calls.lock();
            if let Some(call) = calls.still(invocation.request, callee, id) {
                self.end(call);
                let why = "the callee left before it answered";
                fail(&invocation.caller, invocation.request, error::CANCELED, why, burst);
            }
        }
    }
}
