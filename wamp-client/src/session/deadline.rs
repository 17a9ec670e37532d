//! How long a procedure may take, where the router leaves that to the callee.
//! Specification: "Call Timeouts" (advanced profile).

use std::sync::Weak;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use wamp_proto::error;

use crate::WampError;
use crate::handler::{Alive, BoxFuture, Outcome, Received};

/// The time a caller gives its call: until the result, or the next part of it.
#[derive(Debug)]
pub(super) struct Deadline {
    limit: Option<Duration>,
    running: Weak<Alive>,
}

impl Deadline {
    pub(super) fn of(call: &Received) -> Self {
        let running = call.invocation.as_ref().map(|invocation| invocation.running()).unwrap_or_default();
        let limit = call.particulars.as_ref().and_then(|particulars| particulars.timeout);
        Self { limit, running }
    }

    /// Runs a procedure, and gives it up when it takes too long.
    pub(super) async fn keep(self, mut procedure: BoxFuture<Outcome>) -> Outcome {
        let Some(limit) = self.limit else { return procedure.await };
        let mut since = Instant::now();
        // A limit beyond all time is none.
        while let Some(due) = since.checked_add(limit) {
            if let Ok(outcome) = timeout_at(due, &mut procedure).await {
                return outcome;
            }
            match self.running.upgrade().and_then(|running| running.last_part()).filter(|&part| part > since) {
                Some(part) => since = part,
                None => {
                    let text = format!("the procedure took longer than the {limit:?} that the caller gives it");
                    return Err(WampError::new(error::TIMEOUT).arg(text));
                }
            }
        }
        procedure.await
    }
}
