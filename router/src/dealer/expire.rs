//! Calls that take too long. Specification: "Call Timeouts" (advanced profile).

use std::time::Instant;

use wamp_proto::error;

use super::{Dealer, fail, interrupt};
use crate::burst::Burst;

impl Dealer {
    /// Ends the calls whose time is over at `now`.
    pub(crate) fn expire(&self, now: Instant, burst: &mut Burst) {
        while let Some((timer, caller, request)) = self.timeouts.take_due(now) {
            burst.settle();
            let mut calls = caller.calls.lock();
            // A result may have come between, and with it a later deadline, or none.
            let due = |timeout: super::tables::Timeout| timeout.timer == timer;
            let Some(call) = calls.in_flight.get(&request).filter(|call| call.timeout.is_some_and(due)) else {
                continue;
            };
            let mut invocations = call.callee.invocations.lock();
            if invocations.pending.remove(&call.invocation).is_some() && !call.interrupted {
                interrupt(&call.callee, call.invocation, "killnowait", burst);
            }
            drop(invocations);
            calls.in_flight.remove(&request);
            fail(&caller, request, error::TIMEOUT, "the call took longer than its timeout", burst);
        }
    }
}
