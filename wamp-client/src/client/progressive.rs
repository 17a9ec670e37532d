//! Calls whose result, or whose arguments, come in parts.
//! Specification: "Progressive Call Results", "Progressive Call Invocations" (advanced profile).

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::stream::{self, BoxStream};
use futures_util::{FutureExt, Stream, StreamExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, Sleep, sleep};
use wamp_proto::{OwnedPayload, SerError};

use super::call::{Guard, describe, in_time};
use super::{Call, CallResult, WithoutSession};
use crate::passthru::{Carried, Reply, Seal};
use crate::session::{CallKey, CallRequest, Command, MoreArguments};
use crate::{Client, Error, Result};

/// Arguments that follow those a call was made with.
pub(super) type Input = BoxStream<'static, Result<OwnedPayload, SerError>>;

/// A part of a result, or all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part<P, T> {
    /// A part that the procedure sent while it was running.
    Progress(P),
    /// What it returned: the last one.
    Result(T),
}

/// The result of a call as a stream of its parts, which ends with what the procedure returned, or with the first error.
/// Made by [`Call::progressive`].
///
/// The call is made when the stream is first polled. Dropping the stream before its end cancels the call.
///
/// Parts that are not taken wait, [`App::event_queue`](crate::App::event_queue) of them at most; then the call is
/// canceled with [`Error::TooSlow`].
#[must_use = "a call does nothing until its parts are awaited"]
pub struct Progressive<P, T> {
    exchange: Exchange,
    decode_part: fn(CallResult) -> Result<P>,
    decode: fn(CallResult) -> Result<T>,
}

impl<P, T> Progressive<P, T> {
    pub(super) fn new(call: Call<T>, decode_part: fn(CallResult) -> Result<P>) -> Self {
        let decode = call.decode;
        Self { exchange: Exchange::new(call, true), decode_part, decode }
    }

    /// The next part; nothing after the last.
    ///
    /// # Errors
    /// What awaiting the call itself has.
    ///
    /// # Cancel safety
    /// Cancel safe: a part is not lost, and the call goes on, until the stream itself is dropped.
    pub async fn next(&mut self) -> Option<Result<Part<P, T>>> {
        std::future::poll_fn(|cx| self.poll_part(cx)).await
    }

    /// What the procedure returns, without the parts that are left.
    ///
    /// # Errors
    /// What awaiting the call itself has; [`Error::Stopped`] after the last part.
    pub async fn result(self) -> Result<T> {
        (self.decode)(self.exchange.result().await?)
    }

    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Part<P, T>>>> {
        let Some(received) = ready!(self.exchange.poll(cx)) else { return Poll::Ready(None) };
        let part = received.and_then(|part| match part {
            Part::Progress(part) => (self.decode_part)(part).map(Part::Progress),
            Part::Result(result) => (self.decode)(result).map(Part::Result),
        });
        if part.is_err() {
            self.exchange.over = true;
        }
        Poll::Ready(Some(part))
    }
}

impl<P, T> Stream for Progressive<P, T> {
    type Item = Result<Part<P, T>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_part(cx)
    }
}

impl<P, T> fmt::Debug for Progressive<P, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progressive").field("procedure", &self.exchange.procedure).finish_non_exhaustive()
    }
}

/// A call under way: arguments go out, parts of the result come in, all of it encoded.
pub(super) struct Exchange {
    procedure: String,
    /// Makes the call, then sends the arguments that follow. Gone when all are sent.
    sending: Option<BoxStream<'static, Result<()>>>,
    parts: mpsc::Receiver<Carried>,
    answer: oneshot::Receiver<Result<Reply>>,
    client: Client,
    /// What the arguments are encoded with, and the result should be.
    seal: Seal,
    guard: Guard,
    /// How long it may be silent, and how long the caller said so.
    patience: Duration,
    timeout: Option<Duration>,
    /// Runs since the call was made.
    silence: Option<Pin<Box<Sleep>>>,
    over: bool,
}

impl Exchange {
    pub(super) fn new<T>(call: Call<T>, in_parts: bool) -> Self {
        let Call { client, procedure, mut arguments, input, mut options, .. } = call;
        let Call { timeout, cancel, codec, without_session, .. } = call;
        let seal = Seal::new(codec, &procedure, client.serializer());
        options.receive_progress = in_parts;
        let key = client.next_key();
        let guard = Guard::new(client.clone(), key, cancel);
        let (part, parts) = mpsc::channel(client.inner.event_queue.max(1));
        let (answered, answer) = oneshot::channel();
        let patience = timeout.unwrap_or(client.inner.request_timeout);
        let (caller, called, first) = (client.clone(), procedure.clone(), seal.clone());
        let making = async move {
            let payload = first.close(arguments.finish(|| describe(&called))?, || describe(&called))?;
            let parts = in_parts.then_some(part);
            if without_session == WithoutSession::Wait {
                // Not left to the session's task: the arguments that follow would overtake it.
                caller.joined().await?;
            }
            let (waits, answer) = (false, answered);
            let request = CallRequest { key, procedure: called, options, payload, parts, waits, answer };
            caller.send(Command::Call(request)).await
        };
        let making = stream::once(making);
        let sending = match input {
            Some(input) => making.chain(more(client.clone(), key, procedure.clone(), seal.clone(), input)).boxed(),
            None => making.boxed(),
        };
        let (sending, silence) = (Some(sending), None);
        Self { procedure, sending, parts, answer, client, seal, guard, patience, timeout, silence, over: false }
    }

    /// Waits for the end, past all parts.
    pub(super) async fn result(mut self) -> Result<CallResult> {
        loop {
            match std::future::poll_fn(|cx| self.poll(cx)).await {
                Some(Ok(Part::Progress(_))) => {}
                Some(Ok(Part::Result(result))) => return Ok(result),
                Some(Err(error)) => return Err(error),
                None => return Err(Error::Stopped),
            }
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Part<CallResult, CallResult>>>> {
        if self.over {
            return Poll::Ready(None);
        }
        let received = ready!(self.poll_received(cx));
        let Self { client, procedure, seal, .. } = self;
        let opened = received.and_then(|received| match received {
            Part::Progress(part) => client.codecs().open_result(part, seal, procedure).map(Part::Progress),
            Part::Result(reply) => client.codecs().open_reply(reply, seal, procedure).map(Part::Result),
        });
        self.over = !matches!(opened, Ok(Part::Progress(_)));
        let result = |carried| CallResult::new(self.procedure.clone(), carried);
        Poll::Ready(Some(match opened {
            Ok(Part::Progress(part)) => Ok(Part::Progress(result(part))),
            Ok(Part::Result(carried)) => Ok(Part::Result(result(carried))),
            Err(error) => Err(in_time(error, self.timeout, &self.procedure)),
        }))
    }

    fn poll_received(&mut self, cx: &mut Context<'_>) -> Poll<Result<Part<Carried, Reply>>> {
        let patience = self.patience;
        let silence = self.silence.get_or_insert_with(|| Box::pin(sleep(patience)));
        // Before sending, which may have no end.
        match self.parts.poll_recv(cx) {
            Poll::Ready(Some(part)) => {
                silence.as_mut().reset(Instant::now() + patience);
                return Poll::Ready(Ok(Part::Progress(part)));
            }
            // All parts are taken, or none were asked for.
            Poll::Ready(None) => {
                if let Poll::Ready(answer) = self.answer.poll_unpin(cx) {
                    self.guard.answered();
                    // Dropped unanswered: the task ended with the call in its queue.
                    return Poll::Ready(answer.unwrap_or(Err(Error::Stopped)).map(Part::Result));
                }
            }
            Poll::Pending => {}
        }
        while let Some(sending) = &mut self.sending {
            match sending.poll_next_unpin(cx) {
                Poll::Ready(Some(Ok(()))) => silence.as_mut().reset(Instant::now() + patience),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
                Poll::Ready(None) => self.sending = None,
                Poll::Pending => break,
            }
        }
        ready!(silence.as_mut().poll(cx));
        Poll::Ready(Err(Error::Timeout { request: describe(&self.procedure), after: patience }))
    }
}

/// Sends the arguments that follow, and then says that there are no more.
fn more(
    client: Client,
    key: CallKey,
    procedure: String,
    seal: Seal,
    input: Input,
) -> impl Stream<Item = Result<()>> + Send {
    let end = stream::once(async { Ok(None) });
    input.map(|part| part.map(Some)).chain(end).enumerate().then(move |(index, part)| {
        let (client, procedure, seal) = (client.clone(), procedure.clone(), seal.clone());
        async move {
            let part = part.map_err(|problem| Error::Encode {
                argument: format!("part {}", index + 1),
                request: describe(&procedure),
                problem: problem.to_string(),
            })?;
            let is_last = part.is_none();
            let payload = seal.close(part.unwrap_or_default(), || describe(&procedure))?;
            client.send(Command::More(MoreArguments { key, procedure, payload, is_last })).await
        }
    })
}
