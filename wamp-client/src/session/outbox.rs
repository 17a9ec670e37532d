//! Where the requests of the session there is go out, within reach of its task and of every client: whoever publishes
//! puts the message there, and the task is woken for the first of all those that it then writes together.

mod frames;
mod in_order;
mod pending;
mod requests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::sync::Notify;
use tokio::sync::futures::Notified;

pub(crate) use self::frames::Frames;
use self::in_order::InOrder;
pub(crate) use self::pending::{Patience, Pending, Unanswered};
pub(crate) use self::requests::Requests;

/// The outbox of a program, whatever session it has.
#[derive(Debug, Clone, Default)]
pub(crate) struct Outbox(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    /// There may be room again, or nothing to wait for.
    room: Notify,
}

#[derive(Debug, Default)]
struct State {
    requests: Requests,
    /// Whoever wants to publish may: all is set up in the session, and nothing that was asked for before waits.
    is_open: bool,
    /// The connection takes no more for now.
    is_congested: bool,
    /// The session's task, while there is nothing for it to write.
    task: Option<Waker>,
}

/// What somebody who wants to publish finds.
pub(crate) enum Access<'a> {
    /// It can be done at once.
    Open(Posting<'a>),
    /// There is too much to be written, but that will change soon.
    Full,
    /// The session's task has to see to it, in its turn.
    Closed,
}

/// The requests, to which messages can be added.
pub(crate) struct Posting<'a>(MutexGuard<'a, State>);

impl Outbox {
    /// Begins a session.
    pub(super) fn begin(&self, requests: Requests) {
        self.state().requests = requests;
    }

    /// Ends the session, if there is one. Gives what has no answer.
    pub(super) fn end(&self) -> Requests {
        let State { requests, .. } = std::mem::take(&mut *self.state());
        self.0.room.notify_waiters();
        requests
    }

    /// The requests, for the session's task, which does not have to be woken.
    pub(super) fn requests<T>(&self, act: impl FnOnce(&mut Requests) -> T) -> T {
        act(&mut self.state().requests)
    }

    /// Looks whether something can be published at once.
    pub(crate) fn access(&self) -> Access<'_> {
        let state = self.state();
        match state.is_open {
            false => Access::Closed,
            true if state.is_full() => Access::Full,
            true => Access::Open(Posting(state)),
        }
    }

    /// Waits until there may be room where it was [`Full`](Access::Full) after this was called.
    pub(crate) fn room(&self) -> Notified<'_> {
        self.0.room.notified()
    }

    /// Does something that is left to the session's task: nothing may be published before that has seen to it.
    pub(crate) fn leave_to_task<T>(&self, leave: impl FnOnce() -> T) -> T {
        let mut state = self.state();
        state.is_open = false;
        leave()
    }

    /// Nothing more may be sent but this.
    pub(super) fn close(&self, last: impl FnOnce(&mut Requests)) {
        let mut state = self.state();
        state.is_open = false;
        last(&mut state.requests);
    }

    /// Waits until there is something to be written.
    pub(super) fn poll_frames(&self, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state();
        if !state.requests.frames.is_empty() {
            return Poll::Ready(());
        }
        match &mut state.task {
            Some(task) => task.clone_from(cx.waker()),
            None => state.task = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// Takes what is to be written, in exchange for `written`, and opens if `may_open`. Whoever publishes waits while it
    /// `is_congested`.
    pub(super) fn take(&self, written: &mut Frames, is_congested: bool, may_open: impl FnOnce() -> bool) {
        let mut state = self.state();
        let was_full = state.is_full();
        std::mem::swap(&mut state.requests.frames, written);
        state.is_open = may_open();
        state.is_congested = is_congested;
        drop(state);
        if was_full && !is_congested {
            self.0.room.notify_waiters();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_full(&self) -> bool {
        self.is_congested || self.requests.frames.are_many()
    }
}

impl Posting<'_> {
    /// Adds what `post` adds, and wakes the session's task if it has to be.
    pub(crate) fn post<T>(mut self, post: impl FnOnce(&mut Requests) -> T) {
        post(&mut self.0.requests);
        let task = self.0.task.take();
        drop(self);
        if let Some(task) = task {
            task.wake();
        }
    }
}

#[cfg(test)]
mod tests;
