//! Events that wait, in the order they came.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::handler::{Incoming, Origin, Received};

/// Events that wait. Where those that follow one another have one origin it is kept once: a share for each would have to
/// be counted, and given back.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    events: VecDeque<Received>,
    /// The origins of all of these.
    runs: VecDeque<Run>,
}

/// Events of one origin that follow one another: so many, at least one.
#[derive(Debug)]
struct Run {
    origin: Arc<Origin>,
    events: usize,
}

impl Waiting {
    /// Adds an event, as the last.
    // Inline: an event is not to be gathered in memory before it is here.
    #[inline(always)]
    pub(super) fn push(&mut self, origin: &Arc<Origin>, event: Received) {
        match self.runs.back_mut() {
            Some(run) if Arc::ptr_eq(&run.origin, origin) => run.events += 1,
            _ => self.runs.push_back(Run { origin: Arc::clone(origin), events: 1 }),
        }
        self.events.push_back(event);
    }

    /// Takes the first event out, and makes `origin` its own, if it is not.
    // Inline: the event is not to be moved about.
    #[inline(always)]
    pub(super) fn pop(&mut self, origin: &mut Option<Arc<Origin>>) -> Option<Received> {
        let run = self.runs.front_mut()?;
        if !origin.as_ref().is_some_and(|origin| Arc::ptr_eq(origin, &run.origin)) {
            *origin = Some(Arc::clone(&run.origin));
        }
        run.events -= 1;
        if run.events == 0 {
            self.runs.pop_front();
        }
        self.events.pop_front()
    }

    /// Takes the first event out, with its origin.
    pub(super) fn pop_incoming(&mut self) -> Option<Incoming> {
        let mut origin = None;
        let received = self.pop(&mut origin)?;
        Some(Incoming { origin: origin?, received })
    }

    /// The events, to be completed.
    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Received> {
        self.events.iter_mut()
    }

    /// Adds all of these, of which none is left.
    pub(super) fn append(&mut self, events: &mut Self) {
        self.events.append(&mut events.events);
        self.runs.append(&mut events.runs);
    }

    pub(super) fn clear(&mut self) {
        self.events.clear();
        self.runs.clear();
    }

    /// Keeps memory for so many at most.
    pub(super) fn shrink_to(&mut self, kept: usize) {
        self.events.shrink_to(kept);
        self.runs.shrink_to(kept);
    }

    #[inline]
    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}
