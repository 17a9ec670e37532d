//! YIELD and ERROR: from the callee back to the caller.

use std::collections::hash_map::{Entry, OccupiedEntry};
use std::sync::Arc;
use std::time::Instant;

use wamp_proto::message::options::{ErrorDetails, ResultDetails};
use wamp_proto::message::{Bare, CallResult, ErrorMessage, Message, Yield};
use wamp_proto::{Features, RequestId, Uri, error};

use super::tables::{Call, Calls};
use super::{Dealer, fail};
use crate::burst::{Burst, Sent};
use crate::realm::{Asked, Member, Refused};

/// An answer to an invocation that was never made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NeverInvoked;

impl Dealer {
    /// Hands a result to the caller. Answers with whether a deadline moved to be the soonest.
    #[inline]
    pub(crate) fn result(
        &self,
        callee: &Arc<Member>,
        message: &Yield<'_>,
        burst: &mut Burst,
        now: Instant,
    ) -> Result<bool, NeverInvoked> {
        let progress = message.options.progress;
        let Some((caller, request)) = take(callee, message.request, progress, burst, now)? else { return Ok(false) };
        burst.settle();
        let mut calls = caller.calls.lock();
        let Some(mut call) = calls.still(request, callee, message.request) else { return Ok(false) };
        let passthru = message.options.passthru.clone();
        if passthru.as_ref().is_some_and(|passthru| passthru.is_used())
            && !caller.caller_supports(Features::PAYLOAD_PASSTHRU_MODE)
        {
            self.end(call);
            callee.invocations.lock().pending.remove(&message.request);
            let why = "the caller has not announced payload_passthru_mode";
            fail(&caller, request, error::FEATURE_NOT_SUPPORTED, why, burst);
            Refused::new(error::FEATURE_NOT_SUPPORTED, why).send(callee, Asked::Yield, message.request, burst);
            return Ok(false);
        }
        let mut soonest = false;
        if !progress {
            self.end(call);
        } else if !call.get().receive_progress {
            // Nobody asked for it; the final result is still to come.
            return Ok(false);
        } else if let Some(timeout) = &mut call.get_mut().timeout {
            self.timeouts.clear(timeout.timer);
            if let Some(deadline) = now.checked_add(timeout.after) {
                (timeout.timer, soonest) = self.timeouts.set(deadline, &caller, request);
            }
        }
        let payload = message.payload;
        let sent = if !progress && passthru.is_none() {
            burst.send(&caller.outbox, &Bare::result(request, payload))
        } else {
            let details = ResultDetails { progress, passthru };
            burst.send(&caller.outbox, &Message::Result(CallResult { request, details, payload }))
        };
        if sent == Sent::TooLarge && !progress {
            let why = "the result is too large for the caller's transport";
            fail(&caller, request, error::PAYLOAD_SIZE_EXCEEDED, why, burst);
        }
        Ok(soonest)
    }

    /// Hands an error to the caller.
    pub(crate) fn error(
        &self,
        callee: &Arc<Member>,
        message: &ErrorMessage<'_>,
        burst: &mut Burst,
        now: Instant,
    ) -> Result<(), NeverInvoked> {
        let Some((caller, request)) = take(callee, message.request, false, burst, now)? else { return Ok(()) };
        burst.settle();
        let mut calls = caller.calls.lock();
        let Some(call) = calls.still(request, callee, message.request) else { return Ok(()) };
        self.end(call);
        let uri = error::canonical(&message.error);
        if Uri::parse(uri).is_err() {
            let why = format!("the callee answered with an error whose URI is none: {uri:?}");
            fail(&caller, request, error::INVALID_URI, &why, burst);
            return Ok(());
        }
        let details =
            ErrorDetails { message: message.details.message.clone(), passthru: message.details.passthru.clone() };
        let answer = Message::Error(ErrorMessage {
            request_type: Asked::Call.code(),
            request,
            details,
            error: uri.into(),
            payload: message.payload,
        });
        if burst.send(&caller.outbox, &answer) == Sent::TooLarge {
            let why = "the error is too large for the caller's transport";
            fail(&caller, request, error::PAYLOAD_SIZE_EXCEEDED, why, burst);
        }
        Ok(())
    }

    /// Takes a call out of its caller's table, with its deadline.
    pub(super) fn finish(&self, calls: &mut Calls, request: RequestId) {
        if let Entry::Occupied(call) = calls.in_flight.entry(request) {
            self.end(call);
        }
    }

    /// The same, once it was found there.
    #[inline]
    pub(super) fn end(&self, call: OccupiedEntry<'_, RequestId, Call>) {
        if let Some(timeout) = call.remove().timeout {
            self.timeouts.clear(timeout.timer);
        }
    }
}

/// The call a callee answers. Its invocation is taken out of the table, and its callee free for
/// another one, unless more answers follow; `None` if it is no longer waited for.
#[inline]
fn take(
    callee: &Member,
    request: RequestId,
    more_follow: bool,
    burst: &mut Burst,
    now: Instant,
) -> Result<Option<(Arc<Member>, RequestId)>, NeverInvoked> {
    let mut invocations = callee.invocations.lock();
    if !invocations.was_made(request) {
        return Err(NeverInvoked);
    }
    if more_follow {
        let pending = invocations.pending.get(&request);
        return Ok(pending.map(|invocation| (invocation.caller.clone(), invocation.request)));
    }
    Ok(invocations.pending.remove(&request).map(|invocation| {
        burst.measured.add(&invocation.slot.registration.latency, now.saturating_duration_since(invocation.called));
        (invocation.caller, invocation.request)
    }))
}
