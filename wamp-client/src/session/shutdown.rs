//! The end of the program: what is running may finish, but not for ever.

use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use tracing::warn;
use wamp_proto::RequestId;

use super::events::EventTasks;
use super::invocations::Invocations;
use super::{EndpointKind, Endpoints, Queue};
use crate::{Error, Result};

/// Handlers that are running, for this session and for those before it.
#[derive(Debug, Default)]
pub(crate) struct Work {
    pub(crate) invocations: Invocations,
    pub(crate) events: EventTasks,
}

impl Work {
    pub(super) fn is_done(&mut self) -> bool {
        while self.events.try_join_next().is_some() {}
        self.invocations.is_empty() && self.events.is_empty()
    }

    async fn finish(&mut self) {
        let Self { invocations, events } = self;
        tokio::join!(invocations.finish(), async { while events.join_next().await.is_some() {} });
    }
}

/// A program that is to end.
#[derive(Debug)]
pub(super) struct Shutdown {
    queues: Vec<Queue>,
    timeout: Duration,
    /// When what is running has to be done.
    pub(super) deadline: Instant,
    /// What was not.
    unfinished: Option<Error>,
}

impl Shutdown {
    /// Takes no more events. Those that have come are handled.
    pub(super) fn begin(timeout: Duration, endpoints: &Endpoints) -> Self {
        let queues = endpoints.values().filter_map(|endpoint| match &endpoint.kind {
            EndpointKind::Topic { queue, .. } => Some(queue.clone()),
            EndpointKind::Procedure { .. } => None,
        });
        let queues: Vec<_> = queues.collect();
        queues.iter().for_each(Queue::close);
        Self { queues, timeout, deadline: Instant::now() + timeout, unfinished: None }
    }

    /// Aborts what is still running; `answer` answers its callers.
    pub(super) fn abort(&mut self, work: &mut Work, answer: impl FnMut(RequestId)) {
        if self.unfinished.is_some() || work.is_done() {
            return;
        }
        let (calls, running) = (work.invocations.len(), work.events.len());
        work.invocations.abort().into_iter().for_each(answer);
        let waiting: usize = self.queues.iter().map(Queue::clear).sum();
        work.events.abort_all();
        let (after, events) = (self.timeout, running + waiting);
        warn!(calls, events, ?after, "stopped with work unfinished");
        self.unfinished = Some(Error::Unfinished { after, calls, events });
    }

    /// Waits for what is still running without a session to answer in, and aborts what is not done in time.
    ///
    /// # Errors
    /// When anything was aborted, now or before.
    pub(super) async fn finish(mut self, work: &mut Work) -> Result<()> {
        if self.unfinished.is_none() && timeout_at(self.deadline, work.finish()).await.is_err() {
            self.abort(work, |_| {});
        }
        self.unfinished.map_or(Ok(()), Err)
    }
}
