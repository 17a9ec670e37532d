//! Calls.

use std::any::{TypeId, type_name};
use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::time::Duration;

use serde::Serialize;
use serde::de::{DeserializeOwned, IntoDeserializer, value};
use wamp_proto::message::options::CallOptions;
use wamp_proto::{OwnedPayload, error};

use super::{Arguments, Client};
use crate::session::{CallKey, CallRequest, Command};
use crate::{Error, Result};

/// A call that is being built; awaiting it makes it. Made by [`Client::call`] and [`Client::call_raw`].
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<T> {
    client: Client,
    procedure: String,
    arguments: Arguments,
    options: CallOptions<'static>,
    timeout: Option<Duration>,
    decode: fn(CallResult) -> Result<T>,
    result: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned + 'static> Call<T> {
    pub(super) fn decoded(client: Client, procedure: String) -> Self {
        // `()` stands for "whatever it is, or nothing".
        let ignored = TypeId::of::<T>() == TypeId::of::<()>();
        let decode: fn(CallResult) -> Result<T> =
            if ignored { |result| result.arg(usize::MAX) } else { |result| result.arg(0) };
        Self::new(client, procedure, decode)
    }
}

impl Call<CallResult> {
    pub(super) fn raw(client: Client, procedure: String) -> Self {
        Self::new(client, procedure, Ok)
    }
}

impl<T> Call<T> {
    fn new(client: Client, procedure: String, decode: fn(CallResult) -> Result<T>) -> Self {
        let arguments = Arguments::new(client.serializer());
        let options = CallOptions::default();
        Self { client, procedure, arguments, options, timeout: None, decode, result: PhantomData }
    }

    /// Adds a positional argument.
    pub fn arg(mut self, value: impl Serialize) -> Self {
        self.arguments.arg(&value);
        self
    }

    /// Adds a keyword argument.
    pub fn kwarg(mut self, key: &str, value: impl Serialize) -> Self {
        self.arguments.kwarg(key, &value);
        self
    }

    /// How long the call may take. The router is told too, so that the callee can stop.
    ///
    /// Without it [`App::request_timeout`](crate::App::request_timeout) holds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self.options.timeout = Some(u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX).max(1));
        self
    }

    /// Lets the callee know who calls, where the router allows it.
    pub fn disclose_me(mut self) -> Self {
        self.options.disclose_me = true;
        self
    }

    async fn make(self) -> Result<T> {
        let Self { client, procedure, arguments, options, timeout, decode, .. } = self;
        let payload = arguments.finish(|| describe(&procedure))?;
        // A call that is dropped, or takes too long, must not stay in the books of this side or the other.
        let mut guard = Guard { client: &client, call: Some(client.next_key()) };
        let key = guard.call.unwrap_or_default();
        let asked = client
            .ask(|answer| Command::Call(CallRequest { key, procedure: procedure.clone(), options, payload, answer }));
        let payload = client.bounded(timeout, || describe(&procedure), asked).await;
        if !matches!(payload, Err(Error::Timeout { .. })) {
            guard.call = None;
        }
        match payload {
            Ok(payload) => decode(CallResult { procedure, payload }),
            // The router's clock was faster than ours.
            Err(error) if error.wamp_uri() == Some(error::TIMEOUT) => match timeout {
                Some(after) => Err(Error::Timeout { request: describe(&procedure), after }),
                None => Err(error),
            },
            Err(error) => Err(error),
        }
    }
}

fn describe(procedure: &str) -> String {
    format!("the call of {procedure}")
}

impl<T: 'static> IntoFuture for Call<T> {
    type Output = Result<T>;
    type IntoFuture = Pin<Box<dyn Future<Output = Result<T>> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.make())
    }
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("procedure", &self.procedure).finish_non_exhaustive()
    }
}

/// Gives a call up unless it was answered.
struct Guard<'a> {
    client: &'a Client,
    call: Option<CallKey>,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        if let Some(call) = self.call {
            // Closed: the session's task is gone, and the call with it.
            let _ = self.client.inner.abandoned.send(call);
        }
    }
}

/// Everything a procedure returned, still encoded.
#[derive(Debug, Clone)]
pub struct CallResult {
    procedure: String,
    payload: OwnedPayload,
}

impl CallResult {
    /// Decodes the positional result at `index`, from 0. Where there is none, an `Option` is `None` and `()` is
    /// itself.
    ///
    /// # Errors
    /// [`Error::Decode`] when there is none, or it is no `T`.
    pub fn arg<T: DeserializeOwned>(&self, index: usize) -> Result<T> {
        let mut args = self.payload.as_payload().args_reader();
        while args.position() < index && matches!(args.take_raw(), Ok(Some(_))) {}
        match args.take() {
            Ok(Some(value)) => Ok(value),
            Ok(None) => absent().ok_or_else(|| self.mismatch::<T>("there is no such result")),
            Err(error) => Err(self.mismatch::<T>(&error.kind().to_string())),
        }
    }

    /// Decodes all positional results, however many there are.
    ///
    /// # Errors
    /// [`Error::Decode`] when one of them is no `T`.
    pub fn args<T: DeserializeOwned>(&self) -> Result<Vec<T>> {
        let mut args = self.payload.as_payload().args_reader();
        std::iter::from_fn(|| args.take().transpose())
            .collect::<Result<_, _>>()
            .map_err(|error| self.mismatch::<T>(&error.kind().to_string()))
    }

    /// Decodes the result of this keyword.
    ///
    /// # Errors
    /// As [`arg`](Self::arg).
    pub fn kwarg<T: DeserializeOwned>(&self, key: &str) -> Result<T> {
        match self.payload.as_payload().kwargs_reader().get(key) {
            Ok(Some(value)) => Ok(value),
            Ok(None) => absent().ok_or_else(|| self.mismatch::<T>(&format!("there is no {key:?} in it"))),
            Err(error) => Err(self.mismatch::<T>(&error.kind().to_string())),
        }
    }

    /// Decodes all results by keyword: into a struct, or a map.
    ///
    /// # Errors
    /// [`Error::Decode`] when they are no `T`.
    pub fn kwargs<T: DeserializeOwned>(&self) -> Result<T> {
        let kwargs = self.payload.as_payload().kwargs_reader();
        kwargs.decode().map_err(|error| self.mismatch::<T>(&error.kind().to_string()))
    }

    fn mismatch<T>(&self, problem: &str) -> Error {
        Error::Decode { request: describe(&self.procedure), expected: type_name::<T>(), problem: problem.to_owned() }
    }
}

/// What a type makes of a value that is not there.
fn absent<T: DeserializeOwned>() -> Option<T> {
    let nothing: value::UnitDeserializer<value::Error> = ().into_deserializer();
    T::deserialize(nothing).ok()
}
