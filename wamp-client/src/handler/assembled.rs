//! Handlers that a macro puts together, parameter by parameter.
//!
//! [`Handler`](super::Handler) does the same for any function at once, and so can only say of the whole function that
//! it is no handler. Here each type is looked at on its own, where it is written in the source, and a wrong one is one
//! error.

use std::error::Error as StdError;
use std::marker::PhantomData;
use std::sync::Arc;

use super::argument::Extracts;
use super::output::ViaError;
use super::running::Typed;
use super::{
    Answering, Argument, Arguments, BoxFuture, BoxHandler, BoxHook, Done, FromSession, Outcome, Output, Recipient,
    Returning, SessionContext, Started,
};
use crate::WampError;
use crate::app::Needs;

/// How a parameter of type `T` is taken from a message.
#[derive(Debug)]
pub struct Parameter<T> {
    is_sent: bool,
    take: fn(&mut Arguments<'_>) -> Result<T, WampError>,
    needs: fn(&mut Needs),
}

/// A parameter of a handler.
pub fn parameter<T: Argument<M>, M>() -> Parameter<T> {
    Parameter { is_sent: T::IS_SENT, take: |arguments| arguments.take::<T, M>(), needs: T::needs }
}

/// A parameter of an interface that does not travel.
pub fn extracted<T: Argument<M>, M: Extracts>() -> Parameter<T> {
    parameter()
}

impl<T> Parameter<T> {
    /// Whether it is among the positional arguments of the message.
    pub fn is_sent(&self) -> bool {
        self.is_sent
    }

    /// Takes the parameter.
    pub fn take(&self, arguments: &mut Arguments<'_>) -> Result<T, WampError> {
        (self.take)(arguments)
    }

    /// Notes what it needs of the App.
    pub fn needs(&self, needs: &mut Needs) {
        (self.needs)(needs);
    }
}

/// How a parameter of type `T` is taken from a session.
#[derive(Debug)]
pub struct SessionParameter<T> {
    take: fn(&SessionContext) -> Result<T, WampError>,
    needs: fn(&mut Needs),
}

/// A parameter of a function that runs at join or leave.
pub fn session_parameter<T: FromSession>() -> SessionParameter<T> {
    SessionParameter { take: T::from_session, needs: T::needs }
}

impl<T> SessionParameter<T> {
    /// There is no message.
    pub fn is_sent(&self) -> bool {
        false
    }

    /// Takes the parameter.
    pub fn take(&self, context: &SessionContext) -> Result<T, WampError> {
        (self.take)(context)
    }

    /// Notes what it needs of the App.
    pub fn needs(&self, needs: &mut Needs) {
        (self.needs)(needs);
    }
}

/// How what a handler returns is encoded.
#[derive(Debug)]
pub struct Returned<R> {
    pub(super) returning: fn(R, Recipient) -> Returning,
    /// The same where nobody wants it.
    pub(super) done: fn(R, Recipient) -> Done,
}

impl<R> Clone for Returned<R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<R> Copy for Returned<R> {}

/// What a handler returns.
pub fn returned<R: Output<M>, M>() -> Returned<R> {
    Returned { returning: R::returning, done: R::done }
}

/// A type that a handler returns, named in its source.
#[derive(Debug)]
pub struct Named<R>(PhantomData<R>);

impl<R> Named<R> {
    /// The type.
    pub const TYPE: Self = Self(PhantomData);
}

/// What is an error and can be encoded too is an error. This comes before [`AnyNamed`], which could not tell.
impl<T, E: StdError + 'static> Named<Result<T, E>> {
    /// How the type is encoded.
    pub fn returned<M>(&self) -> Returned<Result<T, E>>
    where
        T: Output<M>,
    {
        returned::<_, ViaError<M>>()
    }
}

/// Any other type.
pub trait AnyNamed<R> {
    /// How the type is encoded.
    fn returned<M>(&self) -> Returned<R>
    where
        R: Output<M>;
}

impl<R> AnyNamed<R> for Named<R> {
    fn returned<M>(&self) -> Returned<R>
    where
        R: Output<M>,
    {
        returned()
    }
}

impl<R> Returned<R> {
    /// The handler, about to run, with its result encoded at the end. What its future has to be besides is asked for
    /// where it is put together, and only there: asked for twice, what is wrong with it would be told twice.
    pub fn of<F>(&self, running: F, recipient: Recipient) -> Answering<F, R> {
        Answering::new(running, *self, recipient)
    }
}

/// A handler, put together.
#[allow(missing_debug_implementations, reason = "it is moved on at once")]
pub struct Assembled {
    pub(super) handler: BoxHandler,
    pub(super) needs: Needs,
}

impl Assembled {
    /// A handler that `start` starts, once it has taken its parameters.
    pub fn new<F, S>(needs: Needs, start: F) -> Self
    where
        F: Fn(&mut Arguments<'_>) -> Result<S, WampError> + Send + Sync + 'static,
        S: Started,
    {
        Self { handler: Arc::new(Typed::new(start)), needs }
    }
}

/// A function that runs at join or leave, put together.
#[allow(missing_debug_implementations, reason = "it is moved on at once")]
pub struct AssembledHook {
    pub(super) hook: BoxHook,
    pub(super) needs: Needs,
}

impl AssembledHook {
    /// A function that `start` starts, once it has taken its parameters.
    pub fn new<F, S>(needs: Needs, start: F) -> Self
    where
        F: Fn(&SessionContext) -> Result<S, WampError> + Send + Sync + 'static,
        S: Started,
    {
        let hook: BoxHook = Arc::new(move |context| {
            let running = start(&context).map_or_else(failed, Started::outcome);
            Box::pin(async move { running.await.map(drop) })
        });
        Self { hook, needs }
    }
}

fn failed(error: WampError) -> BoxFuture<Outcome> {
    Box::pin(std::future::ready(Err(error)))
}
