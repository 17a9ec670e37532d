//! Handlers of events, and where events wait for them.
//!
//! The events of one subscription are handled one after the other, in the order they came, unless the subscription
//! says that several may be handled at once. Different subscriptions don't wait for each other.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::task::JoinSet;
use tracing::warn;

use super::waiting::Waiting;
use super::{Lifecycle, Turns};
use crate::handler::{BoxHandler, Incoming, Names};

/// Events that a queue keeps memory for while none waits: what two bursts of the connection come to. More than that
/// waited once, for each of what may be many subscriptions.
const KEPT: usize = 256;

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
    /// The one task there is takes all that wait at once: where no two are handled together, and it is not the oldest
    /// that gives way.
    takes_all: bool,
    state: Mutex<State>,
    /// Events that are taken and still wait for their turn. Written by their task only, except at the end.
    taken: AtomicUsize,
    /// Those are to be forgotten.
    is_cleared: AtomicBool,
    /// Somebody waits until one of those that wait has its turn.
    is_awaited: AtomicBool,
    /// An event that waited has its turn.
    moved: Notify,
    dropped: AtomicU64,
}

#[derive(Default)]
struct State {
    waiting: Waiting,
    /// Events that are being handled. While any waits there are as many of these as there may be.
    running: usize,
    closed: bool,
    /// Memory for the next task.
    spare: Waiting,
}

impl Queue {
    /// A queue in which `capacity` events may wait, unless `delivery` says otherwise.
    pub(crate) fn new(delivery: Delivery, capacity: usize, handler: BoxHandler, names: Names) -> Self {
        let concurrency = delivery.concurrency.max(1);
        Self(Arc::new(Inner {
            handler,
            names,
            concurrency,
            capacity: delivery.waiting.unwrap_or(capacity).max(1),
            overflow: delivery.overflow,
            takes_all: concurrency == 1 && delivery.overflow == Overflow::DropNewest,
            state: Mutex::default(),
            taken: AtomicUsize::new(0),
            is_cleared: AtomicBool::new(false),
            is_awaited: AtomicBool::new(false),
            moved: Notify::new(),
            dropped: AtomicU64::new(0),
        }))
    }

    /// Hands an event to the handler, or lets it wait its turn. When too many wait already, one is dropped: waiting
    /// here would stop all else, and growing would never end. Gives what is then to be told.
    #[inline]
    pub(crate) fn push(&self, event: Incoming, tasks: &mut EventTasks) -> Option<Lifecycle> {
        let mut state = self.state();
        if state.closed {
            return None;
        }
        if state.running < self.0.concurrency {
            state.running += 1;
            let taken = std::mem::take(&mut state.spare);
            drop(state);
            self.handle(event, taken, tasks);
            return None;
        }
        if self.room_in(&state) > 0 {
            state.waiting.push(&event.origin, event.received);
            return None;
        }
        self.overflow(event, state)
    }

    /// Pushes events, of which none is left, as one push for each would, but locks only once if all of them have to wait
    /// and there is room. Calls `tell` with what is to be told.
    pub(super) fn push_all(&self, events: &mut Waiting, tasks: &mut EventTasks, mut tell: impl FnMut(Lifecycle)) {
        while !self.let_wait(events)
            && let Some(event) = events.pop_incoming()
        {
            if let Some(told) = self.push(event, tasks) {
                tell(told);
            }
        }
    }

    /// Lets all of these wait, if they have to and there is room for them.
    fn let_wait(&self, events: &mut Waiting) -> bool {
        let mut state = self.state();
        let fits = !state.closed && state.running == self.0.concurrency && events.len() <= self.room_in(&state);
        if fits && state.waiting.is_empty() {
            // Nothing is moved.
            std::mem::swap(&mut state.waiting, events);
        } else if fits {
            state.waiting.append(events);
        }
        fits
    }

    /// Starts a task for an event, and for those that come until it is done.
    #[inline(never)]
    fn handle(&self, event: Incoming, mut taken: Waiting, tasks: &mut EventTasks) {
        taken.push(&event.origin, event.received);
        while tasks.try_join_next().is_some() {}
        let handler = Arc::clone(&self.0.handler);
        tasks.spawn(handler.handle(Turns::new(self.clone(), taken), self.0.names));
    }

    /// Drops an event. Gives what is to be told.
    #[cold]
    fn overflow(&self, event: Incoming, mut state: MutexGuard<'_, State>) -> Option<Lifecycle> {
        let event = match self.0.overflow {
            Overflow::DropNewest => event,
            Overflow::DropOldest => {
                state.waiting.push(&event.origin, event.received);
                state.waiting.pop_incoming()?
            }
        };
        drop(state);
        let (topic, events) = (Arc::clone(&event.origin.uri), self.0.dropped.fetch_add(1, Ordering::Relaxed) + 1);
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
        if state.closed {
            return usize::MAX;
        }
        self.0.capacity.saturating_sub(state.waiting.len() + self.0.taken.load(Ordering::Relaxed))
    }

    /// Waits until there is [room](Self::room): how much.
    pub(crate) async fn has_room(&self) -> usize {
        loop {
            let moved = self.0.moved.notified();
            let room = {
                let state = self.state();
                let room = self.room_in(&state);
                self.0.is_awaited.store(room == 0, Ordering::Relaxed);
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
        self.0.is_cleared.store(true, Ordering::Relaxed);
        std::mem::take(&mut state.waiting).len() + self.0.taken.load(Ordering::Relaxed)
    }

    /// Takes events that wait: none is left for the task that it is to handle, and if none waits the task is to end.
    #[inline(never)]
    pub(super) fn take(&self, taken: &mut Waiting) {
        // Begins anew in the memory it has: that is used again before it is forgotten by the processor.
        taken.clear();
        let mut state = self.state();
        if self.0.takes_all {
            std::mem::swap(&mut state.waiting, taken);
        } else {
            if let Some(event) = state.waiting.pop_incoming() {
                taken.push(&event.origin, event.received);
            }
        }
        self.turn(taken.len());
        if taken.is_empty() {
            state.running -= 1;
            state.waiting.shrink_to(KEPT);
            taken.shrink_to(KEPT);
            state.spare = std::mem::take(taken);
        }
    }

    /// So many of those that were taken have not had their turn. Without a lock: the one who could miss it, and
    /// waits for room, is told with the next.
    #[inline]
    pub(super) fn turn(&self, left: usize) {
        if self.0.takes_all {
            self.0.taken.store(left, Ordering::Relaxed);
        }
        if self.0.is_awaited.load(Ordering::Relaxed) {
            self.tell_moved();
        }
    }

    #[cold]
    fn tell_moved(&self) {
        // There is one who waits for it at most.
        if self.0.is_awaited.swap(false, Ordering::Relaxed) {
            self.0.moved.notify_one();
        }
    }

    /// Whether those that were taken are not to be handled any more.
    #[inline]
    pub(super) fn is_cleared(&self) -> bool {
        self.0.is_cleared.load(Ordering::Relaxed)
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
