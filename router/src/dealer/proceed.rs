//! CALL again: the arguments of one call in pieces. Specification: "Progressive Call Invocations"
//! (advanced profile).

use std::borrow::Cow;
use std::sync::Arc;

use wamp_proto::message::options::InvocationDetails;
use wamp_proto::message::{Call as CallMessage, Invocation as InvocationMessage, Message};
use wamp_proto::{Uri, error};

use super::{Dealer, fail, interrupt};
use crate::burst::{Burst, Sent};
use crate::realm::Member;

/// A call whose arguments come in pieces, as the caller's side knows it.
#[derive(Debug)]
pub(super) struct Upload {
    procedure: Box<str>,
    /// What the callee is told with every piece: the options of the first CALL are frozen.
    details: InvocationDetails<'static>,
    /// The last piece has come.
    complete: bool,
}

/// What became of a CALL whose id the session has used before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proceeded {
    /// It belongs to a call under way.
    Known,
    /// There is no such call (any more).
    Unknown,
}

/// The call of this id is under way, but takes no more arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoMoreArguments;

impl Upload {
    pub(super) fn new(procedure: &Uri<'_>, details: &InvocationDetails<'_>) -> Box<Self> {
        Box::new(Self { procedure: procedure.as_str().into(), details: frozen(details), complete: false })
    }
}

impl Dealer {
    /// Hands another piece of a call's arguments to the callee that got the first one.
    pub(crate) fn proceed(
        &self,
        caller: &Arc<Member>,
        message: &CallMessage<'_>,
        burst: &mut Burst,
    ) -> Result<Proceeded, NoMoreArguments> {
        burst.settle();
        let request = message.request;
        let mut calls = caller.calls.lock();
        let Some(call) = calls.in_flight.get_mut(&request) else { return Ok(Proceeded::Unknown) };
        let upload = call.upload.as_mut().ok_or(NoMoreArguments)?;
        if *upload.procedure != *message.procedure {
            return Ok(Proceeded::Unknown);
        }
        if upload.complete {
            return Err(NoMoreArguments);
        }
        upload.complete = !message.options.progress;
        let (callee, id) = (call.callee.clone(), call.invocation);
        let mut invocations = callee.invocations.lock();
        let pending = invocations.pending.get(&id).filter(|_| !call.interrupted);
        // If it is not pending, the answer is on its way; what comes now, nobody wants.
        let Some(pending) = pending else { return Ok(Proceeded::Known) };
        let invocation = InvocationMessage {
            request: id,
            registration: pending.slot.registration.id,
            details: InvocationDetails { progress: message.options.progress, ..upload.details.clone() },
            payload: message.payload,
        };
        let (error, why) = match burst.send(&callee.outbox, &Message::Invocation(invocation)) {
            Sent::Queued => return Ok(Proceeded::Known),
            Sent::Unreachable => (error::UNAVAILABLE, "the callee is too slow to take more of the call, or leaving"),
            Sent::TooLarge => {
                (error::PAYLOAD_SIZE_EXCEEDED, "a piece of the call is too large for the callee's transport")
            }
        };
        // A call with a piece missing is none.
        invocations.pending.remove(&id);
        interrupt(&callee, id, "killnowait", burst);
        drop(invocations);
        self.finish(&mut calls, request);
        fail(caller, request, error, why, burst);
        Ok(Proceeded::Known)
    }
}

fn frozen(details: &InvocationDetails<'_>) -> InvocationDetails<'static> {
    InvocationDetails {
        procedure: owned(&details.procedure),
        caller: details.caller,
        caller_authid: owned(&details.caller_authid),
        caller_authrole: owned(&details.caller_authrole),
        trustlevel: details.trustlevel,
        timeout: details.timeout,
        receive_progress: details.receive_progress,
        progress: details.progress,
        passthru: details.passthru.as_ref().map(|passthru| Box::new(passthru.to_static())),
    }
}

fn owned(text: &Option<Cow<'_, str>>) -> Option<Cow<'static, str>> {
    text.as_deref().map(|text| Cow::Owned(text.to_owned()))
}
