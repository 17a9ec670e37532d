//! Handlers of events, and where events wait for them.
//!
//! The events of one subscription are handled one after the other, in the order they came, unless the subscription
//! says that several may be handled at once. Different subscriptions don't wait for each other.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::FutureExt;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tracing::warn;

use super::Lifecycle;
use crate::WampError;
use crate::handler::{BoxHandler, Incoming, Names};

/// Which event is dropped when a handler is so far behind that no more may wait for it.
///
/// There is no policy that makes the publisher wait: WAMP has none for events. Nor is there one that makes the session
/// wait, since all that the router sends comes through one connection: a slow handler would then hold up the results
/// of calls and every other handler, until the router took the program for dead. Where every one counts and must wait
/// its turn, make it a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
#[non_exhaustive]
pub enum Overflow {
    /// The one that has just come: those that wait are handled without a gap among them.
    #[default]
    DropNewest,
    /// The one that has waited longest: for states and measurements, of which the latest matter.
    DropOldest,
}

/// How events come to their handler.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Delivery {
    /// How many are handled at once.
    pub(crate) concurrency: usize,
    /// How many may wait, if the subscription says so.
    pub(crate) waiting: Option<usize>,
    pub(crate) overflow: Overflow,
}

impl Default for Delivery {
    fn default() -> Self {
        Self { concurrency: 1, waiting: None, overflow: Overflow::default() }
    }
}

/// The tasks that handle events, of all subscriptions.
pub(crate) type EventTasks = JoinSet<()>;

/// Where the events of one subscription wait for its handler.
#[derive(Clone)]
pub(crate) struct Queue(Arc<Inner>);

struct Inner {
    handler: BoxHandler,
    names: Names,
    concurrency: usize,
    capacity: usize,
    overflow: Overflow,
    state: Mutex<State>,
    /// An event that waited has its turn.
    moved: Notify,
    dropped: AtomicU64,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Box<Incoming>>,
    /// Events that are being handled. While any waits there are as many of these as there may be.
    running: usize,
    closed: bool,
    /// Somebody waits until one of those that wait has its turn.
    is_awaited: bool,
}

impl Queue {
    /// A queue in which `capacity` events may wait, unless `delivery` says otherwise.
    pub(crate) fn new(delivery: Delivery, capacity: usize, handler: BoxHandler, names: Names) -> Self {
        Self(Arc::new(Inner {
            handler,
            names,
            concurrency: delivery.concurrency.max(1),
            capacity: delivery.waiting.unwrap_or(capacity).max(1),
            overflow: delivery.overflow,
            state: Mutex::default(),
            moved: Notify::new(),
            dropped: AtomicU64::new(0),
        }))
    }

    /// Hands an event to the handler, or lets it wait its turn. When too many wait already, one is dropped: waiting
    /// here would stop all else, and growing would never end. Gives what is then to be told.
    pub(crate) fn push(&self, event: Box<Incoming>, tasks: &mut EventTasks) -> Option<Lifecycle> {
        let mut state = self.state();
        if state.closed {
            return None;
        }
        if state.running < self.0.concurrency {
            state.running += 1;
            drop(state);
            while tasks.try_join_next().is_some() {}
            tasks.spawn(self.clone().handle(event));
            return None;
        }
        if state.waiting.len() < self.0.capacity {
            state.waiting.push_back(event);
            return None;
        }
        let event = match self.0.overflow {
            Overflow::DropNewest => event,
            Overflow::DropOldest => {
                state.waiting.push_back(event);
                state.waiting.pop_front()?
            }
        };
        drop(state);
        let (topic, events) = (event.uri, self.0.dropped.fetch_add(1, Ordering::Relaxed) + 1);
        // 1, 2, 4, 8 …: a slow handler must not fill the log too.
        events.is_power_of_two().then(|| {
            warn!(%topic, dropped = events, "slow event handler: events are dropped");
            Lifecycle::Dropped { topic, events }
        })
    }

    /// How many events can be pushed without one being dropped. One is never lost to a queue that takes none at all.
    pub(crate) fn room(&self) -> usize {
        self.room_in(&self.state())
    }

    fn room_in(&self, state: &State) -> usize {
        if state.closed { usize::MAX } else { self.0.capacity - state.waiting.len() }
    }

    /// Waits until there is [room](Self::room): how much.
    pub(crate) async fn has_room(&self) -> usize {
        loop {
            let moved = self.0.moved.notified();
            let room = {
                let mut state = self.state();
                let room = self.room_in(&state);
                state.is_awaited = room == 0;
                room
            };
            if room > 0 {
                return room;
            }
            moved.await;
        }
    }

    /// How many events were dropped because too many were waiting.
    pub(crate) fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }

    /// Takes no more events. Those that wait are handled.
    pub(crate) fn close(&self) {
        self.state().closed = true;
    }

    /// Takes no more events, and forgets those that wait: how many.
    pub(crate) fn clear(&self) -> usize {
        let mut state = self.state();
        state.closed = true;
        std::mem::take(&mut state.waiting).len()
    }

    /// Handles an event, and then those that wait.
    async fn handle(self, event: Box<Incoming>) {
        let mut next = Some(event);
        while let Some(event) = next {
            self.call(event).await;
            next = self.next();
        }
    }

    async fn call(&self, mut event: Box<Incoming>) {
        let Inner { handler, names, .. } = &*self.0;
        let receipt = event.receipt.take();
        let started = catch_unwind(AssertUnwindSafe(|| event.open().map(|_| handler(&event, names))));
        // The rest of it, which may be large, goes before its handler runs.
        let Incoming { uri: topic, .. } = *event;
        let handled = match started {
            Ok(Ok(handling)) => AssertUnwindSafe(handling).catch_unwind().await,
            Ok(Err(error)) => Ok(Err(error)),
            Err(panic) => Err(panic),
        };
        let outcome = match handled {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => {
                warn!(%topic, %error, "event handler failed");
                Err(error)
            }
            // The panic itself was reported by the panic hook.
            Err(_) => {
                warn!(%topic, "event handler panicked");
                Err(WampError::runtime("the event handler panicked"))
            }
        };
        if let Some(receipt) = receipt {
            receipt.handled(outcome);
        }
    }

    fn next(&self) -> Option<Box<Incoming>> {
        let mut state = self.state();
        let next = state.waiting.pop_front();
        match next {
            None => state.running -= 1,
            // There is one who waits for it at most.
            Some(_) if std::mem::take(&mut state.is_awaited) => self.0.moved.notify_one(),
            Some(_) => {}
        }
        next
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Queue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Queue").field("waiting", &state.waiting.len()).field("running", &state.running).finish()
    }
}
