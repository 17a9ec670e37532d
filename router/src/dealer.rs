//! Procedures: who offers what, and which calls are in flight.
//!
//! The table of registrations is read-mostly, under one lock. Calls are not in a table of the
//! dealer: each session has its own two, [`Calls`] as a caller and [`Invocations`] as a callee, so
//! that calls between different sessions don't meet at a lock. They are locked in this order
//! only: a caller's `Calls`, then a callee's `Invocations`.

mod answer;
mod call;
mod called;
mod cancel;
mod catalog;
mod change;
mod expire;
#[cfg(test)]
mod invariants;
mod leave;
mod policy;
mod proceed;
mod register;
mod registration;
mod revoke;
mod tables;
mod timeouts;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::RwLock;
use wamp_proto::message::options::InterruptOptions;
use wamp_proto::message::{Interrupt, Message};
use wamp_proto::{Features, PatternIndex, RegistrationId, RequestId};

use crate::burst::Burst;
use crate::metrics::latency::Latencies;
use crate::realm::{Asked, Member, Refused};
use timeouts::Timeouts;

pub(crate) use answer::NeverInvoked;
pub(crate) use call::CallTerms;
pub(crate) use called::Called;
pub(crate) use cancel::CancelMode;
pub(crate) use change::{Change, OnChange};
pub(crate) use policy::InvocationPolicy;
pub(crate) use proceed::{NoMoreArguments, Proceeded};
pub(crate) use register::RegisterAs;
pub(crate) use registration::{Callee, Registration};
pub(crate) use revoke::NotRegistered;
pub(crate) use tables::{Calls, Invocations};

/// The procedures of one realm and the calls to them.
#[derive(Debug)]
pub(crate) struct Dealer {
    procedures: RwLock<Procedures>,
    timeouts: Timeouts,
    latencies: Latencies,
}

#[derive(Debug, Default)]
struct Procedures {
    registrations: PatternIndex<Arc<Registration>>,
    by_id: BTreeMap<RegistrationId, Arc<Registration>>,
    last_id: u64,
}

impl Dealer {
    /// A dealer that measures the calls of so many procedures by name.
    pub(crate) fn new(measured_procedures: usize) -> Self {
        Self {
            procedures: RwLock::default(),
            timeouts: Timeouts::default(),
            latencies: Latencies::new(measured_procedures),
        }
    }

    /// How long calls take.
    pub(crate) fn latencies(&self) -> &Latencies {
        &self.latencies
    }

    /// How many registrations there are.
    pub(crate) fn count(&self) -> usize {
        self.procedures.read().by_id.len()
    }

    /// When [`expire`](Self::expire) has something to do next.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.timeouts.next()
    }

    /// Whether nothing is registered and no call has a deadline.
    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        let procedures = self.procedures.read();
        procedures.registrations.is_empty() && procedures.by_id.is_empty() && self.timeouts.is_empty()
    }
}

/// Tells a callee to stop working on an invocation, if it said that it can.
///
/// The caller of this holds the lock of the callee's invocations.
fn interrupt(callee: &Member, invocation: RequestId, mode: &'static str, burst: &mut Burst) {
    if callee.callee_supports(Features::CALL_CANCELING) {
        let options = InterruptOptions { mode: Some(mode.into()), ..InterruptOptions::default() };
        burst.send(&callee.outbox, &Message::Interrupt(Interrupt { request: invocation, options }));
    }
}

/// Ends a call with an error. The caller of this holds the lock of the session's calls and has
/// taken the call out.
fn fail(caller: &Member, request: RequestId, error: &'static str, why: &str, burst: &mut Burst) {
    Refused::new(error, why).send(caller, Asked::Call, request, burst);
}
