//! Plain async functions as handlers.
//!
//! ```text
//! incoming     a message on its way in, and where it comes from
//! arguments    the cursor that handlers take their arguments from
//! argument     what a parameter can be: a value decoded from the message, or an extractor
//! extract      the extractors
//! invocation   the call that a handler runs for
//! progressive  the extractors for results and arguments that come in parts
//! output       what a handler can return
//! assembled    the same, put together by a macro with better errors
//! running      what has taken its parameters, and how it is run
//! attachment   a handler with the topic or procedure it is for
//! definition   what is mounted: such a handler, or a hook
//! annotated    functions with an attribute, and how they are found
//! declaration  what the source code tells of a procedure, for others to read
//! component    values whose methods are handlers
//! travels      what both ends of an interface can read and write
//! ```

mod annotated;
mod argument;
mod arguments;
mod assembled;
mod attachment;
mod component;
mod declaration;
mod definition;
mod extract;
mod incoming;
mod invocation;
mod output;
mod progressive;
mod running;
mod travels;

use std::future::Future;
use std::pin::Pin;

pub use self::annotated::{Annotated, Discovered};
pub use self::argument::Argument;
pub use self::arguments::Arguments;
pub use self::assembled::{
    AnyNamed, Assembled, AssembledHook, Named, Parameter, Returned, SessionParameter, extracted, parameter, returned,
    session_parameter,
};
pub(crate) use self::attachment::{Attach, ProcedureOptions};
pub use self::attachment::{InvocationPolicy, ProcedureHandler, TopicHandler};
pub use self::component::Component;
pub(crate) use self::declaration::{DEFINE, Declaration};
pub(crate) use self::definition::{BoxHandler, BoxHook, DefinitionKind, Names};
pub use self::definition::{Definition, Mount, Source};
pub(crate) use self::extract::Particulars;
pub use self::extract::{
    Caller, Details, FromMessage, FromSession, Kwargs, Procedure, Rest, SessionContext, SessionInfo, State, Topic,
};
pub(crate) use self::incoming::Incoming;
pub use self::incoming::{Origin, Received};
pub(crate) use self::invocation::{Alive, Invocation};
pub use self::output::{Outcome, Output, Recipient, Results, Returning};
pub use self::progressive::{Parts, Progress};
pub(crate) use self::running::Handling;
pub use self::running::{Answering, Done, Started};
pub use self::travels::Travels;
pub(crate) use self::travels::from_value;
use crate::WampError;
use crate::app::Needs;

/// Any future that can be sent to another thread.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// An async function that can be called with a message: for an event, or as a procedure.
///
/// Implemented for every `Fn(…) -> impl Future` with up to twelve parameters, each of which is an [`Argument`], and
/// whose result is an [`Output`]. There is no need to implement it.
///
/// `M` tells the implementations apart and is always inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler",
    label = "not a handler",
    note = "a handler is an `async fn`, or a closure that returns a future, that is `Send + Sync + 'static`",
    note = "each parameter is a type that implements `serde::Deserialize` and borrows nothing, or an extractor: \
            `State<T>`, `Client`, `SessionInfo`, `Caller`, `Topic`, `Procedure`, `Details`, `Kwargs<T>`, `Rest<T>`, \
            `Progress<T>`, `Parts<T>`",
    note = "it returns `()`, a type that implements `serde::Serialize`, `Results`, a `Stream` of values, or a `Result` \
            of one of these"
)]
pub trait Handler<M>: Send + Sync + 'static {
    /// It, when it has its arguments.
    #[doc(hidden)]
    type Started: Started;

    /// Takes the arguments from the message.
    #[doc(hidden)]
    fn start(&self, arguments: &mut Arguments<'_>) -> Result<Self::Started, WampError>;

    /// Notes what the handler needs of the App.
    #[doc(hidden)]
    fn needs(needs: &mut Needs);
}

/// An async function that runs when a session begins or ends.
///
/// Implemented for every `Fn(…) -> impl Future` whose parameters are about the session: [`Client`](crate::Client),
/// [`State<T>`](State), [`SessionInfo`]. There is no need to implement it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be run at join or leave",
    label = "can't be run at join or leave",
    note = "it is an `async fn`, or a closure that returns a future, whose parameters are among `Client`, `State<T>` \
            and `SessionInfo`: there is no message to take anything else from"
)]
pub trait Hook<M>: Send + Sync + 'static {
    /// Runs it.
    #[doc(hidden)]
    fn run(&self, context: SessionContext) -> BoxFuture<Result<(), WampError>>;

    /// Notes what it needs of the App.
    #[doc(hidden)]
    fn needs(needs: &mut Needs);
}

/// Implements both traits for functions of these parameters, each a type and its marker.
macro_rules! implement {
    ($($argument:ident $marker:ident),*) => {
        #[diagnostic::do_not_recommend]
        impl<F, Fut, R, MR, $($argument, $marker,)*> Handler<(MR, $(($marker, $argument),)*)> for F
        where
            F: Fn($($argument),*) -> Fut + Send + Sync + 'static,
            Fut: Future<Output = R> + Send + 'static,
            R: Output<MR> + 'static,
            $($argument: Argument<$marker> + Send,)*
        {
            type Started = Answering<Fut, R>;

            #[allow(non_snake_case, reason = "the type's names serve for its values")]
            fn start(&self, arguments: &mut Arguments<'_>) -> Result<Self::Started, WampError> {
                $(let $argument = arguments.take::<$argument, $marker>()?;)*
                let running = self($($argument),*);
                Ok(Answering::new(running, returned::<R, MR>(), arguments.recipient()))
            }

            fn needs(needs: &mut Needs) {
                let _ = &needs;
                $($argument::needs(needs);)*
            }
        }

        #[diagnostic::do_not_recommend]
        impl<F, Fut, R, MR, $($argument,)*> Hook<(MR, $($argument,)*)> for F
        where
            F: Fn($($argument),*) -> Fut + Send + Sync + 'static,
            Fut: Future<Output = R> + Send + 'static,
            R: Output<MR>,
            $($argument: FromSession,)*
        {
            #[allow(non_snake_case, reason = "the type's names serve for its values")]
            fn run(&self, context: SessionContext) -> BoxFuture<Result<(), WampError>> {
                let recipient = context.recipient();
                $(
                    let $argument = match $argument::from_session(&context) {
                        Ok(argument) => argument,
                        Err(error) => return Box::pin(std::future::ready(Err(error))),
                    };
                )*
                let running = self($($argument),*);
                Box::pin(async move { running.await.returning(recipient).outcome().await.map(drop) })
            }

            fn needs(needs: &mut Needs) {
                let _ = &needs;
                $(<$argument as FromSession>::needs(needs);)*
            }
        }
    };
}

implement!();
implement!(A1 M1);
implement!(A1 M1, A2 M2);
implement!(A1 M1, A2 M2, A3 M3);
implement!(A1 M1, A2 M2, A3 M3, A4 M4);
implement!(A1 M1, A2 M2, A3 M3, A4 M4, A5 M5);
implement!(A1 M1, A2 M2, A3 M3, A4 M4, A5 M5, A6 M6);
implement!(A1 M1, A2 M2, A3 M3, A4 M4, A5 M5, A6 M6, A7 M7);
implement!(A1 M1, A2 M2, A3 M3, A4 M4, A5 M5, A6 M6, A7 M7, A8 M8);
implement!(A1 M1, A2 M2, A3 M3, A4 M4, A5 M5, A6 M6, A7 M7, A8 M8, A9 M9);
implement!(A1 M1, A2 M2, A3 M3, A4 M4, A5 M5, A6 M6, A7 M7, A8 M8, A9 M9, A10 M10);
implement!(A1 M1, A2 M2, A3 M3, A4 M4, A5 M5, A6 M6, A7 M7, A8 M8, A9 M9, A10 M10, A11 M11);
implement!(A1 M1, A2 M2, A3 M3, A4 M4, A5 M5, A6 M6, A7 M7, A8 M8, A9 M9, A10 M10, A11 M11, A12 M12);
