//! Procedures that are running.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::task::{AbortHandle, JoinSet};
use wamp_proto::{OwnedPayload, RequestId};

use crate::WampError;
use crate::handler::{BoxHandler, Incoming, Names, Outcome};

/// The invocations of one session, each a task of its own: a slow procedure holds up no other.
#[derive(Debug, Default)]
pub(crate) struct Invocations {
    tasks: JoinSet<(RequestId, Outcome)>,
    running: HashMap<RequestId, (Running, AbortHandle)>,
}

/// This side of an invocation; its handler has the other.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) request: RequestId,
    /// While it is there the handler's parts of the result are sent.
    pub(crate) _alive: Arc<()>,
    /// Where its next arguments go, while there may be any.
    pub(crate) arguments: Option<mpsc::Sender<OwnedPayload>>,
}

/// What became of more arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Proceeded {
    Taken,
    /// Too many wait already; the invocation has been stopped.
    TooSlow,
}

impl Invocations {
    pub(crate) fn len(&self) -> usize {
        self.running.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    pub(crate) fn start(&mut self, running: Running, handler: BoxHandler, call: Incoming, names: Names) {
        let request = running.request;
        let task = self.tasks.spawn(async move {
            let handled = AssertUnwindSafe(async { handler(call, names).await }).catch_unwind().await;
            // What it panicked with was reported by the panic hook, here, and is none of the caller's business.
            (request, handled.unwrap_or_else(|_| Err(WampError::runtime("the procedure panicked"))))
        });
        self.running.insert(request, (running, task));
    }

    /// Stops one, at its next await.
    pub(crate) fn interrupt(&mut self, request: RequestId) -> bool {
        let running = self.running.remove(&request);
        if let Some((_, task)) = &running {
            task.abort();
        }
        running.is_some()
    }

    /// Hands more arguments to one. Those for one that has ended are for nobody.
    pub(super) fn proceed(&mut self, request: RequestId, payload: OwnedPayload, is_last: bool) -> Proceeded {
        let Some((running, _)) = self.running.get_mut(&request) else { return Proceeded::Taken };
        let Some(arguments) = &running.arguments else { return Proceeded::Taken };
        // Closed: the procedure wants no more.
        if let Err(TrySendError::Full(_)) = arguments.try_send(payload) {
            self.interrupt(request);
            return Proceeded::TooSlow;
        }
        if is_last {
            running.arguments = None;
        }
        Proceeded::Taken
    }

    /// The next one that is done; never, while none is running. Cancel safe.
    pub(crate) async fn next(&mut self) -> (Running, Outcome) {
        loop {
            match self.tasks.join_next().await {
                // One that was interrupted at its very end has been answered already.
                Some(Ok((request, outcome))) => {
                    if let Some((running, _)) = self.running.remove(&request) {
                        return (running, outcome);
                    }
                }
                Some(Err(_)) => {}
                None => std::future::pending().await,
            }
        }
    }

    /// The session is gone and with it whoever waits for the results. What runs may still run to its end: it may be in
    /// the middle of something.
    pub(crate) fn detach(mut self) {
        self.tasks.detach_all();
    }
}
