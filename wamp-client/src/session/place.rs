//! A subscription's place in the history of its topic: what it has seen, and what it missed without a session.
//!
//! No I/O: events and the router's answers go in, what to ask for and what to hand to the handler come out.

use std::collections::{HashSet, VecDeque};

use wamp_proto::PublicationId;

/// Events that may wait until what was missed before them has been recovered. If more come they are let go, and asked
/// for like the others.
const MOST_HELD: usize = 1024;

/// Publications that are remembered, so that none is handled twice.
const REMEMBERED: usize = 2 * MOST_HELD;

/// Whether a subscription got all that it missed while there was no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Recovered {
    /// It got all of it, in order.
    Complete,
    /// It can't be shown that this is all: what the history still has was handed over, if there is a history. What else
    /// depends on every event has to be made good in another way, such as by a call that asks for the present state.
    Gap,
}

/// An event, as far as it matters here.
pub(crate) trait Published {
    fn publication(&self) -> Option<PublicationId>;

    /// It is older than the subscription.
    fn is_retained(&self) -> bool;
}

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Place<E> {
    was_subscribed: bool,
    seen: Seen,
    /// The last event that was seen; at first, the last there was before the subscription.
    last: Option<PublicationId>,
    catching_up: Option<CatchingUp<E>>,
}

/// What is missed is being asked for, while what comes live is held.
#[derive(Debug)]
struct CatchingUp<E> {
    /// How far in the history it has come.
    cursor: Option<PublicationId>,
    recovered: Recovered,
    events: u64,
    held: VecDeque<E>,
    /// Events that should have been held were let go.
    let_go: bool,
}

/// What to ask the router for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// The newest event there is.
    Newest,
    /// This event, and those after it.
    From(PublicationId),
    /// Those after this event.
    After(PublicationId),
    /// All there are.
    All,
}

/// What the router answered.
#[derive(Debug)]
pub(crate) enum Answer<E> {
    /// Events, perhaps with more after them.
    Page { events: Vec<E>, more: bool },
    /// It does not know the event that was asked about, or no longer.
    Absent,
    /// There is no answer to be had.
    Failed,
}

/// What is to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    Nothing,
    Ask(Question),
    /// So many events were recovered.
    Done(Recovered, u64),
}

impl<E: Published> Place<E> {
    /// It is subscribed, in a new session.
    pub(crate) fn subscribed(&mut self, has_history: bool) -> Step {
        let had_been = std::mem::replace(&mut self.was_subscribed, true);
        match (had_been, has_history) {
            (false, false) => Step::Nothing,
            // What comes after is missed, if it is, even if this session never gets an event.
            (false, true) => Step::Ask(Question::Newest),
            (true, false) => Step::Done(Recovered::Gap, 0),
            (true, true) => {
                let recovered = if self.last.is_some() { Recovered::Complete } else { Recovered::Gap };
                let (cursor, held) = (None, VecDeque::new());
                self.catching_up = Some(CatchingUp { cursor, recovered, events: 0, held, let_go: false });
                Step::Ask(self.last.map_or(Question::All, Question::From))
            }
        }
    }

    /// The session is over. What was held comes again.
    pub(crate) fn away(&mut self) {
        self.catching_up = None;
    }

    /// An event has come. Gives it back if it is to be handled now.
    pub(crate) fn event(&mut self, event: E) -> Option<E> {
        let Some(CatchingUp { held, let_go, .. }) = &mut self.catching_up else {
            return self.see(&event).then_some(event);
        };
        if held.len() >= MOST_HELD {
            held.clear();
            *let_go = true;
        }
        held.push_back(event);
        None
    }

    /// The router has answered. Gives the events that are to be handled now, at most `room` of them, unless there is no
    /// other way.
    pub(crate) fn answered(&mut self, question: Question, answer: Answer<E>, room: usize) -> (Vec<E>, Step) {
        if question == Question::Newest {
            if let (Answer::Page { events, .. }, None) = (answer, self.last) {
                self.last = events.first().and_then(E::publication);
            }
            return (Vec::new(), Step::Nothing);
        }
        let Some(mut catching_up) = self.catching_up.take() else { return (Vec::new(), Step::Nothing) };
        let (mut events, more) = match answer {
            Answer::Page { events, more } => (events, more),
            Answer::Absent if question != Question::All => {
                catching_up.recovered = Recovered::Gap;
                self.catching_up = Some(catching_up);
                return (Vec::new(), Step::Ask(Question::All));
            }
            Answer::Absent | Answer::Failed => return self.give_up(catching_up, Vec::new()),
        };
        let before = catching_up.cursor;
        if let Question::From(anchor) = question {
            match events.iter().position(|event| event.publication() == Some(anchor)) {
                Some(position) => drop(events.drain(..=position)),
                None => catching_up.recovered = Recovered::Gap,
            }
            catching_up.cursor = Some(anchor);
        }
        if let Some(last) = events.last() {
            catching_up.cursor = last.publication();
        }
        events.retain(|event| self.see(event));
        catching_up.events += events.len() as u64;
        if more && catching_up.cursor == before {
            // It is the same page again: this router does not know the question.
            return self.give_up(catching_up, events);
        }
        let is_over = !more && !std::mem::take(&mut catching_up.let_go);
        if is_over {
            catching_up.held.retain(|event| !self.seen.contains(event));
            while events.len() < room
                && let Some(event) = catching_up.held.pop_front()
            {
                self.see(&event);
                events.push(event);
            }
        }
        if is_over && catching_up.held.is_empty() {
            return (events, Step::Done(catching_up.recovered, catching_up.events));
        }
        let next = catching_up.cursor.map_or(Question::All, Question::After);
        self.catching_up = Some(catching_up);
        (events, Step::Ask(next))
    }

    fn give_up(&mut self, catching_up: CatchingUp<E>, mut events: Vec<E>) -> (Vec<E>, Step) {
        events.extend(catching_up.held.into_iter().filter(|event| self.see(event)));
        (events, Step::Done(Recovered::Gap, catching_up.events))
    }

    /// Notes that an event is handled; not if it was before.
    fn see(&mut self, event: &E) -> bool {
        let Some(publication) = event.publication() else { return true };
        if !self.seen.insert(publication) {
            return false;
        }
        // A retained event is older than the subscription.
        if !event.is_retained() || self.last.is_none() {
            self.last = Some(publication);
        }
        true
    }
}

impl<E> Default for Place<E> {
    fn default() -> Self {
        Self { was_subscribed: false, seen: Seen::default(), last: None, catching_up: None }
    }
}

/// The publications that were seen last.
#[derive(Debug, Default)]
struct Seen {
    known: HashSet<PublicationId>,
    /// The oldest first.
    order: VecDeque<PublicationId>,
}

impl Seen {
    fn insert(&mut self, publication: PublicationId) -> bool {
        if !self.known.insert(publication) {
            return false;
        }
        self.order.push_back(publication);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }

    fn contains(&self, event: &impl Published) -> bool {
        event.publication().is_some_and(|publication| self.known.contains(&publication))
    }
}

#[cfg(test)]
mod tests;
