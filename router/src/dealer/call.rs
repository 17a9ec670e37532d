//! CALL: from the caller to one callee.

use std::borrow::Cow;
use std::collections::hash_map::{Entry, VacantEntry};
use std::sync::Arc;
use std::time::{Duration, Instant};

use wamp_proto::message::options::InvocationDetails;
use wamp_proto::message::{Bare, Call as CallMessage, Invocation as InvocationMessage, Message};
use wamp_proto::{Features, RequestId, Uri, error};

use super::Dealer;
use super::proceed::Upload;
use super::registration::{NoCallee, Registration};
use super::tables::{Call, Calls, Invocation, Timeout};
use crate::broker::Disclosed;
use crate::burst::{Burst, Sent};
use crate::realm::{Grant, Member, Refused};
use crate::session::request_ids;

/// What a call is let in on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CallTerms {
    /// How many calls the caller may wait for.
    pub(crate) limit: usize,
    /// What the callee is told about it.
    pub(crate) grant: Grant,
}

/// A call that has reached its callee.
struct Placed {
    call: Call,
    /// The callee does not keep time, the dealer has to.
    timeout: Option<Duration>,
}

impl Dealer {
    /// Routes a call, to its registration if that is known. Answers with whether its deadline is now the soonest of all.
    ///
    /// The caller's calls stay locked all the while: the answer may come on another core before
    /// the call is entered, and would find nothing to answer.
    #[inline]
    pub(crate) fn call(
        &self,
        caller: &Arc<Member>,
        (procedure, known): (&Uri<'_>, Option<Arc<Registration>>),
        message: &CallMessage<'_>,
        terms: CallTerms,
        burst: &mut Burst,
        now: Instant,
    ) -> Result<bool, Refused> {
        burst.settle();
        let registration = known.or_else(|| self.look_up(procedure));
        let Some(registration) = registration else { return Err(no_such_procedure(procedure)) };
        let mut calls = caller.calls.lock();
        if calls.closed {
            return Ok(false);
        }
        let free = calls.admits(message.request, terms.limit)?;
        let Placed { mut call, timeout } = place(&registration, caller, procedure, message, terms.grant, burst, now)?;
        let mut soonest = false;
        if let Some((after, deadline)) = timeout.and_then(|after| Some((after, now.checked_add(after)?))) {
            let (timer, first) = self.timeouts.set(deadline, caller, message.request);
            call.timeout = Some(Timeout { after, timer });
            soonest = first;
        }
        free.insert(call);
        burst.called.set(self, registration);
        Ok(soonest)
    }

    fn look_up(&self, procedure: &Uri<'_>) -> Option<Arc<Registration>> {
        self.procedures.read().registrations.best(procedure.as_str()).cloned()
    }
}

impl Calls {
    /// Where a new call of this id can be entered.
    #[inline]
    fn admits(&mut self, request: RequestId, limit: usize) -> Result<VacantEntry<'_, RequestId, Call>, Refused> {
        let count = self.in_flight.len();
        match self.in_flight.entry(request) {
            Entry::Occupied(_) => {
                let why = format!("the session already waits for an answer to its call {request}");
                Err(Refused::new(error::INVALID_ARGUMENT, why))
            }
            Entry::Vacant(_) if count >= limit => Err(Refused::limit("calls in flight", limit)),
            Entry::Vacant(free) => Ok(free),
        }
    }
}

/// What a callee must announce to be called with arguments in pieces.
const PROGRESSIVE_INVOCATIONS: Features = Features::PROGRESSIVE_CALL_INVOCATIONS.with(Features::CALL_CANCELING);

/// Sends the invocation to a callee of `registration`.
#[inline]
fn place(
    registration: &Registration,
    caller: &Arc<Member>,
    procedure: &Uri<'_>,
    message: &CallMessage<'_>,
    grant: Grant,
    burst: &mut Burst,
    now: Instant,
) -> Result<Placed, Refused> {
    loop {
        let callee = registration.pick().map_err(|none| match none {
            NoCallee::Gone => no_such_procedure(procedure),
            NoCallee::Busy => {
                let why = format!("all callees of {procedure} have as many calls as they take at once");
                Refused::new(error::NO_AVAILABLE_CALLEE, why)
            }
        })?;
        let member = callee.member.clone();
        let options = &message.options;
        let features = |features| member.callee_supports(features);
        if options.passthru.as_ref().is_some_and(|passthru| passthru.is_used())
            && !features(Features::PAYLOAD_PASSTHRU_MODE)
        {
            let why = "the callee has not announced payload_passthru_mode";
            return Err(Refused::new(error::FEATURE_NOT_SUPPORTED, why));
        }
        if options.progress && !features(PROGRESSIVE_INVOCATIONS) {
            let why = "the callee has not announced progressive_call_invocations and call_canceling";
            return Err(Refused::new(error::FEATURE_NOT_SUPPORTED, why));
        }
        let mut invocations = member.invocations.lock();
        if invocations.closed || !callee.is_live() {
            // It left, or unregistered, just now; it will not be picked again.
            continue;
        }
        let timeout = options.timeout.filter(|&millis| millis > 0);
        let callee_keeps_time = callee.forward_timeout && features(Features::CALL_TIMEOUT);
        let receive_progress = options.receive_progress && features(Features::PROGRESSIVE_CALL_RESULTS);
        let request = request_ids::after(invocations.last);
        let disclose = options.disclose_me || callee.disclose_caller || grant.disclose;
        let trust_level = grant.trust_level.filter(|_| features(Features::CALL_TRUSTLEVELS));
        let their_timeout = timeout.filter(|_| callee_keeps_time);
        let tells_nothing = !disclose
            && !receive_progress
            && !options.progress
            && trust_level.is_none()
            && their_timeout.is_none()
            && options.passthru.is_none()
            && !registration.is_pattern();
        let mut upload = None;
        let payload = message.payload;
        let sent = if tells_nothing {
            burst.send(&member.outbox, &Bare::invocation(request, registration.id, payload))
        } else {
            let details = InvocationDetails {
                procedure: registration.is_pattern().then_some(Cow::Borrowed(procedure.as_str())),
                trustlevel: trust_level,
                timeout: their_timeout,
                receive_progress,
                progress: options.progress,
                passthru: options.passthru.clone(),
                ..caller_details(caller, disclose)
            };
            upload = options.progress.then(|| Upload::new(procedure, &details));
            let invocation = InvocationMessage { request, registration: registration.id, details, payload };
            burst.send(&member.outbox, &Message::Invocation(invocation))
        };
        match sent {
            Sent::Queued => {}
            Sent::Unreachable => {
                return Err(Refused::new(error::UNAVAILABLE, "the callee is too slow to take the call, or leaving"));
            }
            Sent::TooLarge => {
                return Err(Refused::new(
                    error::PAYLOAD_SIZE_EXCEEDED,
                    "the call is too large for the callee's transport",
                ));
            }
        }
        invocations.last = request;
        let pending = Invocation { caller: caller.clone(), request: message.request, slot: callee, called: now };
        invocations.pending.insert(request, pending);
        drop(invocations);
        let call =
            Call { callee: member, invocation: request, receive_progress, upload, interrupted: false, timeout: None };
        let timeout = timeout.filter(|_| !callee_keeps_time).map(Duration::from_millis);
        return Ok(Placed { call, timeout });
    }
}

/// What the callee is told about the caller, if one of the two, or the realm, wants it.
///
/// Specification: "Caller Identification" (advanced profile).
fn caller_details(caller: &Member, disclose: bool) -> InvocationDetails<'_> {
    if !disclose {
        return InvocationDetails::default();
    }
    let Disclosed { session, authid, authrole } = Disclosed::new(caller);
    InvocationDetails {
        caller: Some(session),
        caller_authid: Some(authid),
        caller_authrole: Some(authrole),
        ..InvocationDetails::default()
    }
}

fn no_such_procedure(procedure: &Uri<'_>) -> Refused {
    Refused::new(error::NO_SUCH_PROCEDURE, format!("nobody has registered {procedure}"))
}
