//! Procedures that are running.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use tokio::task::{AbortHandle, JoinSet};
use wamp_proto::RequestId;

use crate::WampError;
use crate::handler::{BoxHandler, Incoming, Names, Outcome};

/// The invocations of one session, each a task of its own: a slow procedure holds up no other.
#[derive(Debug, Default)]
pub(crate) struct Invocations {
    tasks: JoinSet<(RequestId, Outcome)>,
    running: HashMap<RequestId, AbortHandle>,
}

impl Invocations {
    pub(crate) fn len(&self) -> usize {
        self.running.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    pub(crate) fn start(&mut self, request: RequestId, handler: BoxHandler, call: Incoming, names: Names) {
        let task = self.tasks.spawn(async move {
            let handled = AssertUnwindSafe(async { handler(call, names).await }).catch_unwind().await;
            // What it panicked with was reported by the panic hook, here, and is none of the caller's business.
            (request, handled.unwrap_or_else(|_| Err(WampError::runtime("the procedure panicked"))))
        });
        self.running.insert(request, task);
    }

    /// Stops one, at its next await.
    pub(crate) fn interrupt(&mut self, request: RequestId) -> bool {
        let task = self.running.remove(&request);
        if let Some(task) = &task {
            task.abort();
        }
        task.is_some()
    }

    /// The next one that is done; never, while none is running. Cancel safe.
    pub(crate) async fn next(&mut self) -> (RequestId, Outcome) {
        loop {
            match self.tasks.join_next().await {
                // One that was interrupted at its very end has been answered already.
                Some(Ok((request, outcome))) if self.running.remove(&request).is_some() => return (request, outcome),
                Some(_) => {}
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
