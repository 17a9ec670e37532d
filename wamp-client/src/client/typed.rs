//! Calls of procedures whose errors are known.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::time::Duration;

use super::{Call, Client, Subscribe};
use crate::handler::TopicHandler;
use crate::passthru::PayloadCodec;
use crate::session::CancelMode;
use crate::{Error, TypedError, WampError};

/// Why a call of a procedure with errors of its own failed.
#[derive(Debug, thiserror::Error)]
pub enum CallError<E> {
    /// The procedure's own error.
    #[error(transparent)]
    Procedure(E),
    /// Another error: there is no session, no such procedure, no answer in time.
    #[error(transparent)]
    Other(#[from] Error),
}

impl<E> CallError<E> {
    /// The procedure's own error, if that is what it is.
    pub fn procedure(&self) -> Option<&E> {
        match self {
            Self::Procedure(error) => Some(error),
            Self::Other(_) => None,
        }
    }
}

impl<E: TypedError> From<CallError<E>> for WampError {
    /// For a procedure that calls another and passes its errors on.
    fn from(error: CallError<E>) -> Self {
        match error {
            CallError::Procedure(error) => error.to_wamp(),
            CallError::Other(error) => error.wamp().cloned().unwrap_or_else(|| WampError::runtime(error)),
        }
    }
}

/// A call whose errors are an `E`, made by [`Call::errors`] and by the clients of an interface; awaiting it makes it.
#[must_use = "a call does nothing until it is awaited"]
pub struct TypedCall<T, E> {
    call: Call<T>,
    errors: PhantomData<fn() -> E>,
}

impl<T> Call<T> {
    /// Tells the procedure's own errors from all others.
    ///
    /// ```
    /// use wamp_client::{CallError, Client, WampError};
    ///
    /// #[derive(Debug, thiserror::Error, WampError)]
    /// enum CalcError {
    ///     #[error("can't divide by zero")]
    ///     #[wamp("com.calc.error.division_by_zero")]
    ///     DivisionByZero,
    /// }
    ///
    /// async fn divide(client: &Client, a: i64, b: i64) -> wamp_client::Result<Option<i64>> {
    ///     match client.call("com.calc.divide").arg(a).arg(b).errors().await {
    ///         Ok(quotient) => Ok(Some(quotient)),
    ///         Err(CallError::Procedure(CalcError::DivisionByZero)) => Ok(None),
    ///         Err(CallError::Other(error)) => Err(error),
    ///     }
    /// }
    /// ```
    pub fn errors<E: TypedError>(self) -> TypedCall<T, E> {
        TypedCall { call: self, errors: PhantomData }
    }
}

impl<T, E> TypedCall<T, E> {
    /// How long the call may take; see [`Call::timeout`].
    pub fn timeout(self, timeout: Duration) -> Self {
        self.with(|call| call.timeout(timeout))
    }

    /// Lets the callee know who calls, where the router allows it.
    pub fn disclose_me(self) -> Self {
        self.with(Call::disclose_me)
    }

    /// Encodes the arguments with this codec; see [`Call::passthru`].
    pub fn passthru(self, codec: impl PayloadCodec) -> Self {
        self.with(|call| call.passthru(codec))
    }

    /// What becomes of the procedure when the call is dropped before it is answered; see [`Call::on_drop`].
    pub fn on_drop(self, mode: CancelMode) -> Self {
        self.with(|call| call.on_drop(mode))
    }

    fn with(self, change: impl FnOnce(Call<T>) -> Call<T>) -> Self {
        Self { call: change(self.call), ..self }
    }
}

impl<T: 'static, E: TypedError> IntoFuture for TypedCall<T, E> {
    type Output = Result<T, CallError<E>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        let call = self.call.into_future();
        Box::pin(
            async move { call.await.map_err(|error| error.to().map_or(CallError::Other(error), CallError::Procedure)) },
        )
    }
}

impl<T, E> fmt::Debug for TypedCall<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.call.fmt(f)
    }
}

/// A subscription to a topic of an interface.
#[doc(hidden)]
pub fn subscribe(client: &Client, handler: TopicHandler) -> Subscribe {
    Subscribe::new(client.clone(), handler)
}
