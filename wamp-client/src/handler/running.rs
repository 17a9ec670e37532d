//! Handlers that have taken their parameters, and those whose type is to be forgotten.

use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;

use futures_util::FutureExt;

use super::{Arguments, BoxFuture, Names, Origin, Outcome, Received, Recipient, Returned, Returning};
use crate::WampError;
use crate::session::Turns;

/// A handler that has taken its parameters, and is to run.
pub trait Started: Send + 'static {
    /// Runs it for whoever waits for its outcome.
    fn outcome(self) -> BoxFuture<Outcome>;

    /// Runs it where nobody does.
    fn done(self) -> impl Future<Output = Done> + Send + 'static;
}

/// What became of a handler for whose outcome nobody waits.
#[allow(missing_debug_implementations, reason = "it is looked at at once")]
pub enum Done {
    /// It has run. The error is boxed: without one there is next to nothing to be moved.
    All(Result<(), Box<WampError>>),
    /// All but this, which it has left to be run.
    But(BoxFuture<Result<(), Box<WampError>>>),
}

/// What the macros make of a procedure of an interface.
impl Started for BoxFuture<Outcome> {
    fn outcome(self) -> Self {
        self
    }

    fn done(self) -> impl Future<Output = Done> + Send + 'static {
        self.map(|outcome| Done::All(nothing(outcome)))
    }
}

/// A function's future, and what becomes of what it returns.
#[allow(missing_debug_implementations, reason = "it is moved on at once")]
pub struct Answering<F, R> {
    running: F,
    returned: Returned<R>,
    recipient: Recipient,
}

impl<F, R> Answering<F, R> {
    pub(super) fn new(running: F, returned: Returned<R>, recipient: Recipient) -> Self {
        Self { running, returned, recipient }
    }
}

impl<F, R> Started for Answering<F, R>
where
    F: Future<Output = R> + Send + 'static,
    R: 'static,
{
    fn outcome(self) -> BoxFuture<Outcome> {
        let Self { running, returned, recipient } = self;
        Box::pin(async move {
            match (returned.returning)(running.await, recipient) {
                Returning::Whole(outcome) => outcome,
                rest => rest.outcome().await,
            }
        })
    }

    // No async function, which would move the function's future about before it runs.
    fn done(self) -> impl Future<Output = Done> + Send + 'static {
        let Self { running, returned, recipient } = self;
        running.map(move |value| (returned.done)(value, recipient))
    }
}

impl Done {
    /// What becomes of what a handler returned, if nobody wants its payload.
    pub(super) fn of(returning: Returning) -> Self {
        match returning {
            Returning::Whole(outcome) => Self::All(nothing(outcome)),
            Returning::Rest(rest) => Self::But(Box::pin(rest.map(nothing))),
        }
    }
}

/// An outcome whose payload nobody wants.
fn nothing(outcome: Outcome) -> Result<(), Box<WampError>> {
    match outcome {
        Ok(_) => Ok(()),
        Err(error) => Err(Box::new(error)),
    }
}

/// A handler whose type is forgotten.
pub(crate) trait Handling: Send + Sync {
    /// Runs it for a call.
    fn call(&self, origin: &Origin, received: &Received, names: Names) -> BoxFuture<Outcome>;

    /// Runs it for an event, and then for those that wait. One future for all of them: what runs for an event is a part
    /// of it, and takes no memory of its own.
    fn handle(self: Arc<Self>, turns: Turns, names: Names) -> BoxFuture<()>;
}

/// A handler whose type is known: what takes its parameters and makes it start.
pub(super) struct Typed<F, S> {
    start: F,
    started: PhantomData<fn() -> S>,
}

impl<F, S> Typed<F, S>
where
    F: Fn(&mut Arguments<'_>) -> Result<S, WampError>,
{
    pub(super) fn new(start: F) -> Self {
        Self { start, started: PhantomData }
    }
}

impl<F, S> Handling for Typed<F, S>
where
    F: Fn(&mut Arguments<'_>) -> Result<S, WampError> + Send + Sync + 'static,
    S: Started,
{
    fn call(&self, origin: &Origin, received: &Received, names: Names) -> BoxFuture<Outcome> {
        match (self.start)(&mut Arguments::new(origin, received, names)) {
            Ok(started) => started.outcome(),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }

    fn handle(self: Arc<Self>, turns: Turns, names: Names) -> BoxFuture<()> {
        Box::pin(turns.run(move |origin, event| (self.start)(&mut Arguments::new(origin, event, names))))
    }
}
