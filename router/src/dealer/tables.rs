//! Calls in flight, in two tables: what a session waits for, and what is waited for from it.
//!
//! An entry of [`Calls`] is the caller's right to one final answer: whoever removes it sends the
//! answer, under the table's lock, and nothing about the call follows it. An entry of
//! [`Invocations`] is the callee's right to answer; without it an answer is dropped.

use std::collections::hash_map::{Entry, OccupiedEntry};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ahash::AHashMap;
use wamp_proto::RequestId;

use super::proceed::Upload;
use super::registration::Slot;
use super::timeouts::TimerId;
use crate::realm::Member;

/// The calls one session waits for, by the session's request ids.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    pub(super) in_flight: AHashMap<RequestId, Call>,
    /// The session has left: no more calls.
    pub(super) closed: bool,
}

/// One call in flight, as the caller's side knows it.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) callee: Arc<Member>,
    /// What the call is called at the callee.
    pub(super) invocation: RequestId,
    /// The caller takes results piece by piece.
    pub(super) receive_progress: bool,
    /// The arguments come in pieces.
    pub(super) upload: Option<Box<Upload>>,
    /// The callee was told to stop; it will not be told again.
    pub(super) interrupted: bool,
    pub(super) timeout: Option<Timeout>,
}

/// The time a call may take, or may pass between two of its results.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timeout {
    pub(super) after: Duration,
    pub(super) timer: TimerId,
}

impl Calls {
    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.in_flight.len()
    }

    /// The call `request`, if it still is the one known to `callee` as `invocation`. A client
    /// with relaxed request ids may have used the number again.
    #[inline]
    pub(super) fn still(
        &mut self,
        request: RequestId,
        callee: &Arc<Member>,
        invocation: RequestId,
    ) -> Option<OccupiedEntry<'_, RequestId, Call>> {
        match self.in_flight.entry(request) {
            Entry::Occupied(call) if call.get().invocation == invocation && Arc::ptr_eq(&call.get().callee, callee) => {
                Some(call)
            }
            _ => None,
        }
    }
}

/// The invocations one session owes an answer to.
#[derive(Debug)]
pub(crate) struct Invocations {
    pub(super) pending: AHashMap<RequestId, Invocation>,
    /// The last id given out; they count per callee.
    pub(super) last: RequestId,
    /// The session has left: no more invocations.
    pub(super) closed: bool,
}

impl Default for Invocations {
    fn default() -> Self {
        Self { pending: AHashMap::new(), last: RequestId::ZERO, closed: false }
    }
}

/// One invocation a callee has not yet answered.
#[derive(Debug)]
pub(super) struct Invocation {
    pub(super) caller: Arc<Member>,
    /// The caller's id of the call.
    pub(super) request: RequestId,
    /// Who it was given to; free for another one when this is dropped.
    pub(super) slot: Slot,
    /// When the call came.
    pub(super) called: Instant,
}

impl Invocations {
    /// Whether an invocation of this id was ever made. Answers to others are violations; answers
    /// to one that is no longer pending (canceled, timed out) come late, and are dropped.
    pub(super) fn was_made(&self, id: RequestId) -> bool {
        id != RequestId::ZERO && id <= self.last
    }
}
