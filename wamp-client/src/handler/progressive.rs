//! The extractors for calls whose result, or whose arguments, come in parts.
//! Specification: "Progressive Call Results", "Progressive Call Invocations" (advanced profile).

use std::any::type_name;
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use serde::Serialize;
use serde::de::DeserializeOwned;
use wamp_proto::{OwnedPayload, PayloadBuilder, error};

use super::invocation::{MoreArguments, PartSender};
use super::{Arguments, FromMessage};
use crate::{Error, Result, WampError};

/// Sends parts of a procedure's result to its caller while the procedure is running.
///
/// A caller who did not ask for parts gets none of them, and only what the procedure returns.
///
/// ```
/// use wamp_client::{Progress, Result, register};
///
/// #[register("com.example.copy")]
/// async fn copy(files: Vec<String>, progress: Progress<usize>) -> Result<String> {
///     for (copied, file) in files.iter().enumerate() {
///         println!("copying {file}");
///         progress.send(copied + 1).await?;
///     }
///     Ok("done".to_owned())
/// }
/// ```
pub struct Progress<T> {
    caller: Option<PartSender>,
    part: PhantomData<fn(T)>,
}

impl<T: Serialize> Progress<T> {
    /// One whose parts nobody wants, to call a handler directly with, as tests do.
    pub fn unwanted() -> Self {
        Self { caller: None, part: PhantomData }
    }

    /// Whether the caller asked for parts of the result.
    pub fn is_wanted(&self) -> bool {
        self.caller.is_some()
    }

    /// Sends a part of the result, as one positional argument. Does nothing when the caller wants no parts.
    ///
    /// It waits while the connection is congested, so that a fast procedure does not fill the memory.
    ///
    /// # Errors
    /// [`Error::Encode`] when the part has no encoding, [`Error::Passthru`] when the codec of the call can't encode it,
    /// [`Error::Lost`] when the call is over: it was answered, or its
    /// session has ended.
    ///
    /// # Cancel safety
    /// When the future is dropped the part was either sent or not.
    pub async fn send(&self, part: T) -> Result<()> {
        let Some(caller) = &self.caller else { return Ok(()) };
        let mut payload = PayloadBuilder::new(caller.serializer());
        payload.arg(&part).map_err(|problem| Error::Encode {
            argument: "1".to_owned(),
            request: "a part of a result".to_owned(),
            problem: problem.to_string(),
        })?;
        let payload = payload.finish();
        drop(part);
        caller.send(payload).await
    }
}

impl<T> FromMessage for Progress<T> {
    fn from_message(arguments: &mut Arguments<'_>) -> Result<Self, WampError> {
        let invocation = arguments.invocation();
        let caller = invocation.and_then(|invocation| invocation.parts(arguments.context()));
        Ok(Self { caller, part: PhantomData })
    }
}

impl<T> Clone for Progress<T> {
    fn clone(&self) -> Self {
        Self { caller: self.caller.clone(), part: PhantomData }
    }
}

impl<T> fmt::Debug for Progress<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress").field("is_wanted", &self.caller.is_some()).finish()
    }
}

/// All positional arguments that are left, as a stream: those of the call, and those its caller sends later.
///
/// It works for any call, and ends at once after the arguments of one that has no more. An argument that does not fit
/// is an error in its place.
///
/// ```
/// use wamp_client::{Parts, WampError, register};
///
/// #[register("com.example.upload")]
/// async fn upload(name: String, mut lines: Parts<String>) -> Result<usize, WampError> {
///     let mut length = 0;
///     while let Some(line) = lines.next().await {
///         length += line?.len();
///     }
///     println!("{name} is complete");
///     Ok(length)
/// }
/// ```
pub struct Parts<T> {
    /// Those that have come and were not taken: encoded, with how many were taken before.
    current: Option<(OwnedPayload, usize)>,
    later: Option<MoreArguments>,
    part: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Parts<T> {
    /// The next one; nothing after the last.
    ///
    /// # Errors
    /// `wamp.error.invalid_argument` when it is no `T`, or was sent in passthru mode and can't be decoded.
    ///
    /// # Cancel safety
    /// Cancel safe.
    pub async fn next(&mut self) -> Option<Result<T, WampError>> {
        std::future::poll_fn(|cx| Pin::new(&mut *self).poll_next(cx)).await
    }

    fn take(&mut self) -> Option<Result<T, WampError>> {
        let (payload, taken) = self.current.as_mut()?;
        let mut args = payload.as_payload().args_reader();
        while args.position() < *taken && matches!(args.take_raw(), Ok(Some(_))) {}
        *taken += 1;
        match args.take().transpose() {
            Some(part) => Some(part.map_err(|problem| {
                let expected = type_name::<T>();
                WampError::invalid_argument(format_args!("a part does not fit {expected}: {}", problem.kind()))
            })),
            None => {
                self.current = None;
                None
            }
        }
    }
}

impl<T: DeserializeOwned> Stream for Parts<T> {
    type Item = Result<T, WampError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(part) = this.take() {
                return Poll::Ready(Some(part));
            }
            let Some(later) = &mut this.later else { return Poll::Ready(None) };
            match ready!(later.poll(cx)) {
                Some(Ok(payload)) => this.current = Some((payload, 0)),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => this.later = None,
            }
        }
    }
}

impl<T: DeserializeOwned> FromMessage for Parts<T> {
    fn from_message(arguments: &mut Arguments<'_>) -> Result<Self, WampError> {
        let later = MoreArguments::of(arguments);
        let current = arguments.take_rest().map_err(|problem| {
            WampError::new(error::INVALID_ARGUMENT).arg(format!("the arguments are no list: {problem}"))
        })?;
        Ok(Self { current: Some(current), later, part: PhantomData })
    }
}

impl<T> fmt::Debug for Parts<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parts").field("more", &self.later.is_some()).finish_non_exhaustive()
    }
}
