//! Calls.

use std::any::{TypeId, type_name};
use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{Stream, StreamExt};
use serde::Serialize;
use serde::de::{DeserializeOwned, IntoDeserializer, value};
use wamp_proto::message::options::{CallOptions, Passthru};
use wamp_proto::{OwnedPayload, PayloadBuilder, error};

use super::progressive::{Exchange, Input, Progressive};
use super::{Arguments, Client, WithoutSession};
use crate::passthru::{Carried, PayloadCodec, Seal};
use crate::session::{Abandoned, CallKey, CallRequest, CancelMode, Command};
use crate::{Error, Result};

/// A call that is being built; awaiting it makes it. Made by [`Client::call`] and [`Client::call_raw`].
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<T> {
    pub(super) client: Client,
    pub(super) procedure: String,
    pub(super) arguments: Arguments,
    /// Arguments that follow later.
    pub(super) input: Option<Input>,
    /// Boxed: a builder is handed on with every setting.
    pub(super) options: Box<CallOptions<'static>>,
    pub(super) timeout: Option<Duration>,
    pub(super) cancel: CancelMode,
    pub(super) codec: Option<Arc<dyn PayloadCodec>>,
    pub(super) without_session: WithoutSession,
    pub(super) decode: fn(CallResult) -> Result<T>,
    result: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned + 'static> Call<T> {
    pub(super) fn decoded(client: Client, procedure: String) -> Self {
        Self::new(client, procedure, decoder())
    }
}

impl Call<CallResult> {
    pub(super) fn raw(client: Client, procedure: String) -> Self {
        Self::new(client, procedure, Ok)
    }

    /// Makes the call and gives its result in parts, all of them still encoded.
    pub fn progressive_raw(self) -> Progressive<CallResult, CallResult> {
        Progressive::new(self, Ok)
    }
}

/// How a result becomes a `T`.
fn decoder<T: DeserializeOwned + 'static>() -> fn(CallResult) -> Result<T> {
    // `()` stands for "whatever it is, or nothing".
    let ignored = TypeId::of::<T>() == TypeId::of::<()>();
    if ignored { |result| result.arg(usize::MAX) } else { |result| result.arg(0) }
}

impl<T> Call<T> {
    fn new(client: Client, procedure: String, decode: fn(CallResult) -> Result<T>) -> Self {
        let arguments = Arguments::new(client.serializer());
        let options = Box::default();
        let without_session = if client.waits() { WithoutSession::Wait } else { WithoutSession::Fail };
        Self {
            client,
            procedure,
            arguments,
            input: None,
            options,
            timeout: None,
            cancel: CancelMode::default(),
            codec: None,
            without_session,
            decode,
            result: PhantomData,
        }
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

    /// Whether the call waits until there is a session, up to its timeout, or fails at once with
    /// [`Error::NotJoined`] if there is none. It fails, unless [`App::wait_for_session`](crate::App::wait_for_session)
    /// says otherwise.
    ///
    /// A call that was made when the session is lost fails with [`Error::Lost`] in any case: whether the procedure ran
    /// is not known.
    pub fn wait_for_session(mut self, wait: bool) -> Self {
        self.without_session = if wait { WithoutSession::Wait } else { WithoutSession::Fail };
        self
    }

    /// Makes the call in the session there is, even if not all is set up in it.
    pub(crate) fn at_once(mut self) -> Self {
        self.without_session = WithoutSession::Try;
        self
    }

    /// Lets the callee know who calls, where the router allows it.
    pub fn disclose_me(mut self) -> Self {
        self.options.disclose_me = true;
        self
    }

    /// Encodes the arguments (and those in parts) with this codec: payload passthru mode. The callee decodes them with
    /// one of the same scheme, and answers in it; what it answers in plain, or in the scheme of another codec of the
    /// App, is taken too ([`CallResult::passthru`] tells).
    ///
    /// The error is [`Error::Passthru`] when the codec can't encode the arguments or decode the result,
    /// [`Error::Unsupported`] when the router does not announce payload passthru mode, and
    /// `wamp.error.feature_not_supported` when the callee does not, or has no codec of the scheme.
    pub fn passthru(mut self, codec: impl PayloadCodec) -> Self {
        self.codec = Some(Arc::new(codec));
        self
    }

    /// What becomes of the procedure when the call is dropped before it is answered, or takes too long: by default it
    /// is interrupted.
    pub fn on_drop(mut self, mode: CancelMode) -> Self {
        self.cancel = mode;
        self
    }

    /// Makes the call and gives its result in parts, each decoded into a `P`, as the procedure sends them.
    ///
    /// The parts end with what the procedure returns. A procedure (or a router) that does not send parts only returns.
    ///
    /// The call's timeout is then the time between two parts.
    ///
    /// ```
    /// use wamp_client::Part;
    /// # async fn f(client: wamp_client::Client) -> wamp_client::Result<()> {
    /// let mut copy = client.call::<String>("com.example.copy").arg(["a.txt", "b.txt"]).progressive::<usize>();
    /// while let Some(part) = copy.next().await {
    ///     match part? {
    ///         Part::Progress(copied) => println!("{copied} files copied"),
    ///         Part::Result(result) => println!("{result}"),
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn progressive<P: DeserializeOwned + 'static>(self) -> Progressive<P, T> {
        Progressive::new(self, decoder())
    }

    /// Sends more arguments while the procedure is running: each item of the stream is one positional argument, which
    /// follows those of the call itself.
    ///
    /// The procedure is called at once, and takes them with [`Parts<T>`](crate::Parts). Parts that come after the
    /// procedure has returned are not sent.
    ///
    /// The call's timeout is then the time in which something must be sent or received. Needs a router and a callee
    /// that announce progressive call invocations; otherwise the error is [`Error::Unsupported`], or the router's.
    ///
    /// ```
    /// use futures_util::stream;
    /// # async fn f(client: wamp_client::Client) -> wamp_client::Result<()> {
    /// let lines = stream::iter(["first line", "second line"]);
    /// let length: usize = client.call("com.example.upload").arg("a.txt").parts(lines).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn parts<I: Serialize>(mut self, parts: impl Stream<Item = I> + Send + 'static) -> Self {
        let serializer = self.client.serializer();
        let encoded = parts.map(move |part| {
            let mut payload = PayloadBuilder::new(serializer);
            payload.arg(&part).map(|payload| payload.finish())
        });
        self.input = Some(encoded.boxed());
        self.options.progress = true;
        self
    }

    async fn make(self) -> Result<T> {
        if self.input.is_some() {
            let decode = self.decode;
            return decode(Exchange::new(self, false).result().await?);
        }
        let Self { client, procedure, mut arguments, options, .. } = self;
        let Self { timeout, cancel, codec, without_session, decode, .. } = self;
        let seal = Seal::new(codec, &procedure, client.serializer());
        let payload = seal.close(arguments.finish(|| describe(&procedure))?, || describe(&procedure))?;
        // A call that is dropped, or takes too long, must not stay in the books of this side or the other.
        let key = client.next_key();
        let mut guard = Guard::new(client.clone(), key, cancel);
        let waits = without_session == WithoutSession::Wait;
        let asked = client.ask(without_session, |answer| {
            let (procedure, parts) = (procedure.clone(), None);
            Command::Call(CallRequest { key, procedure, options, payload, parts, waits, answer })
        });
        let reply = client.bounded(timeout, || describe(&procedure), asked).await;
        if !matches!(reply, Err(Error::Timeout { .. })) {
            guard.answered();
        }
        match reply.and_then(|reply| client.codecs().open_reply(reply, &seal, &procedure)) {
            Ok(result) => decode(CallResult::new(procedure, result)),
            Err(error) => Err(in_time(error, timeout, &procedure)),
        }
    }
}

/// The router's clock may have been faster than ours: it is our timeout all the same.
pub(super) fn in_time(error: Error, timeout: Option<Duration>, procedure: &str) -> Error {
    match timeout {
        Some(after) if error.wamp_uri() == Some(error::TIMEOUT) => {
            Error::Timeout { request: describe(procedure), after }
        }
        _ => error,
    }
}

pub(super) fn describe(procedure: &str) -> String {
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
pub(super) struct Guard {
    client: Client,
    call: Option<CallKey>,
    mode: CancelMode,
}

impl Guard {
    pub(super) fn new(client: Client, call: CallKey, mode: CancelMode) -> Self {
        Self { client, call: Some(call), mode }
    }

    pub(super) fn answered(&mut self) {
        self.call = None;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if let Some(call) = self.call {
            // Closed: the session's task is gone, and the call with it.
            let _ = self.client.inner.abandoned.send(Abandoned { call, mode: self.mode });
        }
    }
}

/// Everything a procedure returned, still encoded.
#[derive(Debug, Clone)]
pub struct CallResult {
    procedure: String,
    payload: OwnedPayload,
    passthru: Option<Arc<Passthru<'static>>>,
}

impl CallResult {
    /// The arguments are decoded; only how they were encoded is kept.
    pub(super) fn new(procedure: String, Carried { payload, passthru }: Carried) -> Self {
        Self { procedure, payload, passthru }
    }

    /// How the result was encoded, where it came in passthru mode.
    pub fn passthru(&self) -> Option<&Passthru<'static>> {
        self.passthru.as_deref()
    }

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
