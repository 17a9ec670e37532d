//! Procedures that are running.

use std::collections::{HashMap, HashSet};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tracing::warn;
use wamp_proto::RequestId;

use super::EndpointKey;
use super::deadline::Deadline;
use crate::WampError;
use crate::handler::{Alive, BoxHandler, Incoming, Names};
use crate::passthru::{Carried, Reply};
use crate::wamp_error::INTERNAL;

/// The invocations that are running, each a task of its own: a slow procedure holds up no other.
#[derive(Debug, Default)]
pub(crate) struct Invocations {
    tasks: JoinSet<Reply>,
    /// Those of the session there is.
    running: HashMap<RequestId, Entry>,
    requests: HashMap<Id, RequestId>,
    /// Those of sessions that are gone, and with them whoever waits for the results. They still run to their end: they
    /// may be in the middle of something.
    orphans: HashSet<Id>,
}

#[derive(Debug)]
struct Entry {
    endpoint: EndpointKey,
    procedure: Arc<str>,
    running: Running,
    task: AbortHandle,
}

/// This side of an invocation; its handler has the other.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) request: RequestId,
    /// While it is there the handler's parts of the result are sent.
    pub(crate) _alive: Arc<Alive>,
    /// Where its next arguments go, while there may be any.
    pub(crate) arguments: Option<mpsc::Sender<Carried>>,
}

/// What became of more arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proceeded {
    Taken,
    /// Too many wait already; the invocation has been stopped.
    TooSlow,
}

impl Invocations {
    pub(crate) fn len(&self) -> usize {
        self.running.len() + self.orphans.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many of this endpoint are running, in this session.
    pub(crate) fn of(&self, endpoint: EndpointKey) -> usize {
        self.running.values().filter(|entry| entry.endpoint == endpoint).count()
    }

    pub(crate) fn start(
        &mut self,
        endpoint: EndpointKey,
        running: Running,
        handler: BoxHandler,
        call: Box<Incoming>,
        names: Names,
    ) {
        let (request, procedure) = (running.request, Arc::clone(&call.origin.uri));
        let task = self.tasks.spawn(async move {
            let handled = AssertUnwindSafe(handle(handler, call, names)).catch_unwind().await;
            handled.unwrap_or_else(|_| panicked())
        });
        self.requests.insert(task.id(), request);
        self.running.insert(request, Entry { endpoint, procedure, running, task });
    }

    /// Stops one, at its next await.
    pub(crate) fn interrupt(&mut self, request: RequestId) -> bool {
        let Some(entry) = self.running.remove(&request) else { return false };
        self.requests.remove(&entry.task.id());
        entry.task.abort();
        true
    }

    /// Hands more arguments to one. Those for one that has ended are for nobody.
    pub(crate) fn proceed(&mut self, request: RequestId, payload: Carried, is_last: bool) -> Proceeded {
        let Some(Entry { running, .. }) = self.running.get_mut(&request) else { return Proceeded::Taken };
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

    /// The next one of this session that is done; never, while none is running. Cancel safe.
    pub(crate) async fn next(&mut self) -> (Running, Reply) {
        loop {
            if let Some(done) = self.join().await {
                return done;
            }
        }
    }

    /// Waits until all are done, whatever session they are of.
    pub(crate) async fn finish(&mut self) {
        while !self.is_empty() {
            self.join().await;
        }
    }

    /// The next one of this session that is done already, if there is one.
    pub(crate) fn next_done(&mut self) -> Option<(Running, Reply)> {
        while let Some(ended) = self.tasks.try_join_next_with_id() {
            let done = self.ended(ended);
            if done.is_some() {
                return done;
            }
        }
        None
    }

    /// Waits for a task to end. Gives what came of it, if there is still a session to answer in.
    async fn join(&mut self) -> Option<(Running, Reply)> {
        match self.tasks.join_next_with_id().await {
            Some(ended) => self.ended(ended),
            None => std::future::pending().await,
        }
    }

    fn ended(&mut self, ended: Result<(Id, Reply), JoinError>) -> Option<(Running, Reply)> {
        // An error: it was stopped by us, and answered then; or it panicked while it was dropped.
        let (id, reply) = ended.unwrap_or_else(|error| (error.id(), panicked()));
        self.orphans.remove(&id);
        let request = self.requests.remove(&id)?;
        Some((self.running.remove(&request)?.running, reply))
    }

    /// The session is gone.
    pub(crate) fn orphan(&mut self) {
        self.orphans.extend(self.running.drain().map(|(_, entry)| entry.task.id()));
        self.requests.clear();
    }

    /// Stops all of them. Gives those that are to be answered.
    pub(crate) fn abort(&mut self) -> Vec<RequestId> {
        self.tasks.abort_all();
        self.orphans.clear();
        self.requests.clear();
        let aborted = self.running.drain().map(|(request, Entry { procedure, .. })| {
            warn!(%procedure, "call aborted: the program ends");
            request
        });
        aborted.collect()
    }
}

/// From what came to what goes back.
async fn handle(handler: BoxHandler, mut call: Box<Incoming>, names: Names) -> Reply {
    let Incoming { origin, received } = &mut *call;
    match received.open(origin) {
        Ok(seal) => {
            let deadline = Deadline::of(received);
            let procedure = handler.call(origin, received, names);
            drop(call);
            seal.close_outcome(deadline.keep(procedure).await)
        }
        Err(error) => Reply::error(&error, origin.serializer()),
    }
}

/// What it panicked with was reported by the panic hook, here, and is none of the caller's business.
fn panicked() -> Reply {
    Reply::error(&WampError::runtime("the procedure panicked"), INTERNAL)
}
