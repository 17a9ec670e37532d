//! CANCEL: the caller no longer wants the result. Specification: "Call Canceling" (advanced profile).

use std::sync::Arc;

use wamp_proto::{Features, RequestId, error};

use super::{Dealer, fail, interrupt};
use crate::burst::Burst;
use crate::realm::Member;

/// What becomes of a call its caller cancels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum CancelMode {
    /// The caller is answered at once; the callee is not told.
    Skip,
    /// The callee is told, and answers.
    Kill,
    /// The caller is answered at once, and the callee is told. The text names no default; this
    /// is the one that neither waits nor wastes work.
    #[default]
    KillNoWait,
}

impl CancelMode {
    /// The mode a CANCEL asks for; `None` if the name is unknown.
    pub(crate) fn parse(name: Option<&str>) -> Option<Self> {
        Some(match name {
            None => Self::default(),
            Some("skip") => Self::Skip,
            Some("kill") => Self::Kill,
            Some("killnowait") => Self::KillNoWait,
            Some(_) => return None,
        })
    }
}

impl Dealer {
    /// Cancels a call. One that is answered already, or never was made, needs no answer.
    pub(crate) fn cancel(&self, caller: &Arc<Member>, request: RequestId, mode: CancelMode, burst: &mut Burst) {
        burst.settle();
        let mut calls = caller.calls.lock();
        let Some(call) = calls.in_flight.get_mut(&request) else { return };
        let (callee, invocation) = (call.callee.clone(), call.invocation);
        let mode = if callee.callee_supports(Features::CALL_CANCELING) { mode } else { CancelMode::Skip };
        let tell = mode != CancelMode::Skip && !std::mem::replace(&mut call.interrupted, mode != CancelMode::Skip);
        if mode == CancelMode::Kill {
            let invocations = callee.invocations.lock();
            // If it is not pending, the answer is on its way.
            if tell && invocations.pending.contains_key(&invocation) {
                interrupt(&callee, invocation, "kill", burst);
            }
            return;
        }
        {
            let mut invocations = callee.invocations.lock();
            if invocations.pending.remove(&invocation).is_some() && tell {
                interrupt(&callee, invocation, "killnowait", burst);
            }
        }
        self.finish(&mut calls, request);
        fail(caller, request, error::CANCELED, "the call was canceled by its caller", burst);
    }
}
